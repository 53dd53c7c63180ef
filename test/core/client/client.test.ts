import assert from 'node:assert/strict';

import { encodeApdu, type Apdu } from '../../../src/core/apdu';
import { Client, type ClientEvent, type ClientStep } from '../../../src/core/client/client';
import { Obis } from '../../../src/core/cosem/obis';
import { encodeWrapper, WrapperLink } from '../../../src/core/link/wrapper';
import { unhex } from '../../../src/core/wire/hex';

const REF = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };

/** A client with an association that was there before. */
function ready(): Client {
  const client = new Client(new WrapperLink({ client: 16, server: 1 }), {
    referencing: 'ln',
    authentication: 'none',
    security: 'none',
    preEstablished: true,
    invokeIdIncrease: true,
  });
  client.connect();
  assert.equal(client.phase, 'ready');
  return client;
}

function answer(invoke: number, value: number): Uint8Array {
  const apdu: Apdu = {
    type: 'get-response-normal',
    invoke: 0xc0 | invoke,
    result: { ok: true, data: { type: 'unsigned', value } },
  };
  return encodeWrapper(1, 16, encodeApdu(apdu));
}

const notes = (step: ClientStep): string[] => step.events.flatMap(e => (e.type === 'note' ? [e.text] : []));
function values(events: readonly ClientEvent[]): unknown[] {
  return events.flatMap(e =>
    e.type === 'value' && e.outcome.ok && e.outcome.value !== null && 'value' in e.outcome.value
      ? [e.outcome.value.value]
      : [],
  );
}

describe('the invoke-id of an answer', () => {
  it('is not mentioned when it is the one asked with', () => {
    const client = ready();
    client.get([REF]);
    const step = client.receive(answer(1, 7));
    assert.deepEqual([values(step.events), notes(step)], [[7], []]);
  });

  it('may be another one, which is noted: some meters always answer with the same', () => {
    const client = ready();
    for (const asked of [1, 2, 3]) {
      client.get([REF]);
      const step = client.receive(answer(0, asked));
      assert.deepEqual(values(step.events), [asked]);
      assert.deepEqual(notes(step), [`get-response-normal with invoke-id 0 where ${asked} was asked`]);
    }
  });

  it('tells an answer that came twice from the next one', () => {
    const client = ready();
    client.get([REF]);
    client.receive(answer(1, 7));
    client.get([REF]);
    const again = client.receive(answer(1, 7));
    assert.deepEqual(values(again.events), []);
    assert.deepEqual(notes(again), ['get-response-normal with invoke-id 1 where 2 was asked: an old one, dropped']);
    assert.ok(again.waitMs !== null && again.waitMs > 0);
    assert.deepEqual(values(client.receive(answer(2, 8)).events), [8]);
  });
});

describe('a client that is kept waiting', () => {
  it('ends the request when the meter sends something else without end', () => {
    const client = ready();
    client.get([REF]);
    // event-notification-request: no time, class 1, 0-0:96.11.0*255, attribute 2, unsigned 1
    const push = encodeWrapper(1, 16, unhex('c2 00 0001 0000600b00ff 02 11 01'));
    let told = 0;
    for (let n = 0; client.phase !== 'broken'; n++) {
      assert.notEqual(n, 2000, 'it waits for ever');
      const step = client.receive(push);
      told += step.events.filter(e => e.type === 'notification').length;
      const fault = step.events.find(e => e.type === 'fault');
      if (fault?.type === 'fault') assert.equal(fault.error.code, 'LIMIT_EXCEEDED');
      else assert.ok(step.waitMs !== null);
    }
    assert.equal(told, 1001);
  });
});
