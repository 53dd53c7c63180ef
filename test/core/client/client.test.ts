import assert from 'node:assert/strict';

import { decodeApdu, encodeApdu, type Apdu } from '../../../src/core/apdu';
import { Client, type ClientEvent, type ClientStep } from '../../../src/core/client/client';
import type { ClientOptions } from '../../../src/core/client/options';
import { Obis } from '../../../src/core/obis/obis';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { GeneralBlockSender } from '../../../src/core/transfer';
import { hex, unhex } from '../../../src/core/wire/hex';

const REF = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };

/** A client with an association that was there before. */
function ready(mode: 'stream' | 'datagram' = 'stream', options: Partial<ClientOptions> = {}): Client {
  const client = new Client(new WrapperLink({ client: 16, server: 1, mode }), {
    referencing: 'ln',
    authentication: 'none',
    security: 'none',
    preEstablished: true,
    invokeIdIncrease: true,
    ...options,
  });
  client.connect();
  assert.equal(client.phase, client.options.preEstablished === true ? 'ready' : 'associating');
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

describe('what comes in place of an answer', () => {
  // general-glo-ciphering: title, length, SC, IC, and what only others can decipher
  const foreign = unhex('db084d46571000000001' + '0a' + '20' + '00000007' + '0102030405');
  // information-report-request, no time, one variable name 0108, one unsigned 7
  const report = unhex('18' + '00' + '01020108' + '01' + '1107');
  // event-notification-request, no time, class 1, 0-0:96.11.0*255, attribute 2, unsigned 7
  const event = unhex('c2' + '00' + '0001' + '0000600b00ff' + '02' + '1107');

  for (const [name, apdu] of [
    ['an information report', report],
    ['an event notification', event],
    ['what is ciphered for others', foreign],
  ] as const) {
    it(`is handed on where it is ${name}, and the answer is waited for`, () => {
      const client = ready();
      client.get([REF]);
      const step = client.receive(encodeWrapper(1, 16, apdu));
      assert.deepEqual(
        step.events.map(e => (e.type === 'notification' ? hex(e.bytes) : e.type)),
        [hex(apdu)],
      );
      assert.ok(step.waitMs !== null);
      assert.deepEqual(values(client.receive(answer(1, 7)).events), [7]);
    });
  }

  it('is handed on while nothing is asked', () => {
    const { events } = ready().receive(encodeWrapper(1, 16, foreign));
    assert.deepEqual(
      events.map(e => e.type),
      ['notification'],
    );
  });

  it('ends the association where it is ciphered as answers are and cannot be opened', () => {
    const client = ready();
    client.get([REF]);
    // glo-get-response
    const { events } = client.receive(encodeWrapper(1, 16, unhex('cc' + '0a' + '30' + '00000007' + '0102030405')));
    assert.deepEqual(
      events.map(e => e.type),
      ['fault'],
    );
  });
});

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

describe('a datagram that comes twice', () => {
  it('is dropped also when it is late, whatever the phase', () => {
    const client = ready('datagram');
    for (const asked of [1, 2, 3]) {
      client.get([REF]);
      client.receive(answer(asked, asked));
    }
    assert.deepEqual(values(client.receive(answer(3, 3)).events), []);
    client.get([REF]);
    const late = client.receive(answer(2, 2));
    assert.deepEqual([values(late.events), notes(late)], [[], ['6 octets that came before, dropped']]);
    assert.ok(late.waitMs !== null && late.waitMs > 0);
    assert.deepEqual(values(client.receive(answer(4, 4)).events), [4]);
  });

  it('does not end an association that has just begun', () => {
    const aare = encodeApdu({
      type: 'aare',
      protocolVersion: null,
      applicationContext: 1,
      result: 0,
      diagnostic: { source: 1, value: 0 },
      respondingApTitle: null,
      respondingAeQualifier: null,
      mechanism: null,
      respondingAuthenticationValue: null,
      userInformation: null,
    });
    const client = ready('datagram', { preEstablished: false });
    client.receive(encodeWrapper(1, 16, aare));
    client.get([REF]);
    client.receive(encodeWrapper(1, 16, aare));
    assert.deepEqual(values(client.receive(answer(1, 7)).events), [7]);
  });

  it('asks for no block a second time', () => {
    const block = (number: number, last: boolean, raw: string): Uint8Array =>
      encodeWrapper(
        1,
        16,
        encodeApdu({
          type: 'get-response-with-datablock',
          invoke: 0xc1,
          last,
          block: number,
          result: { ok: true, raw: unhex(raw) },
        }),
      );
    const client = ready('datagram', { invokeIdIncrease: false });
    client.get([REF]);
    assert.equal(client.receive(block(1, false, '06 0000')).write.length, 1);
    assert.equal(client.receive(block(1, false, '06 0000')).write.length, 0);
    assert.deepEqual(values(client.receive(block(2, true, '0102')).events), [0x102]);
  });

  it('cannot be told from an answer that says the same, where the invoke-id stays', () => {
    const client = ready('datagram', { invokeIdIncrease: false });
    for (let n = 0; n < 2; n++) {
      client.get([REF]);
      assert.deepEqual(values(client.receive(answer(1, 0)).events), [0]);
    }
  });
});

describe('general block transfer of an answer', () => {
  const block = (number: number, last: boolean, data: Uint8Array, streaming = false): Uint8Array =>
    encodeWrapper(
      1,
      16,
      encodeApdu({ type: 'general-block-transfer', last, streaming, window: 1, block: number, acknowledged: 0, data }),
    );
  const whole = answer(1, 7).subarray(8);

  it('is acknowledged at the end of each window, with ours', () => {
    const client = ready('stream', { gbtWindow: 5 });
    client.get([REF]);
    const streaming = client.receive(block(1, false, whole.subarray(0, 2), true));
    assert.deepEqual([streaming.write, streaming.events], [[], []]);
    assert.ok(streaming.waitMs !== null && streaming.waitMs > 0);
    const [acknowledgement] = client.receive(block(2, false, whole.subarray(2, 4))).write;
    // last, window 5; block 1 of ours; 2 acknowledged; no data
    assert.equal(hex(acknowledgement?.subarray(8) ?? new Uint8Array(0)), 'e08500010002' + '00');
    assert.deepEqual(values(client.receive(block(3, true, whole.subarray(4))).events), [7]);
    assert.equal(client.phase, 'ready');
  });

  for (const [lost, what] of [
    [3, 'the last block of a window'],
    [6, 'the last block of all'],
    [4, 'the first block of a window'],
  ] as const) {
    it(`is asked for again where ${what} is lost`, () => {
      const client = ready('stream', { gbtWindow: 3 });
      const meter = new GeneralBlockSender(whole, Math.ceil(whole.length / 6), 1);
      let losing = true;
      const got: unknown[] = [];
      const hears = (step: ClientStep): void => {
        got.push(...values(step.events));
        for (const bytes of step.write) {
          const { apdu } = decodeApdu(bytes.subarray(8));
          if (apdu.type === 'general-block-transfer') meter.acknowledge(apdu);
          for (const sent of meter.nextWindow(3)) {
            if (sent.block === lost && losing) losing = false;
            else hears(client.receive(encodeWrapper(1, 16, encodeApdu(sent))));
          }
        }
      };
      hears(client.get([REF]));
      for (let silences = 0; got.length === 0 && silences < 3; silences++) hears(client.timeout());
      assert.deepEqual(got, [7]);
      assert.equal(client.phase, 'ready');
    });
  }

  it('ends in NO_ANSWER where asking again does not help', () => {
    const client = ready('stream', { gbtWindow: 3 });
    client.get([REF]);
    client.receive(block(1, false, whole.subarray(0, 2), true));
    const asked: string[] = [];
    while (client.phase !== 'broken') {
      const step = client.timeout();
      asked.push(...step.write.map(bytes => hex(bytes.subarray(8))));
      for (const e of step.events) asked.push(e.type === 'fault' ? e.error.code : e.type);
    }
    // last, window 3; block 1 of ours; 1 acknowledged; no data
    assert.deepEqual(asked, ['e0830001000100', 'e0830001000100', 'NO_ANSWER']);
  });

  it('with a block that never comes ends in one error', () => {
    const client = ready('stream', { gbtWindow: 5 });
    client.get([REF]);
    client.receive(block(1, false, whole.subarray(0, 2)));
    let steps = 0;
    for (; client.phase !== 'broken'; steps++) client.receive(block(3, true, whole.subarray(4)));
    assert.equal(steps, 4);
  });

  it('holds no blocks again', () => {
    const client = ready();
    client.get([REF]);
    const inner = block(1, true, whole).subarray(8);
    const { events } = client.receive(block(1, true, inner));
    const fault = events.find(e => e.type === 'fault');
    assert.equal(fault?.type === 'fault' ? fault.error.code : null, 'UNEXPECTED_RESPONSE');
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
    assert.equal(told, 101);
  });
});
