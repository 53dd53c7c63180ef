// Lists that a meter does not take: asked one by one from then on. And the invoke-id where it is not counted.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { decodeApdu, encodeApdu, type Apdu } from '../../../src/core/apdu';
import { Client, type ClientStep } from '../../../src/core/client/client';
import type { ClientOptions } from '../../../src/core/client/options';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { Obis } from '../../../src/core/obis/obis';

const REFS = ['1-0:1.8.0*255', '1-0:2.8.0*255', '1-0:1.7.0*255'].map((code, i) => ({
  classId: 3,
  obis: Obis.parse(code),
  attribute: 2,
  baseName: 0x2000 + 0x20 * i,
}));

describe('a list of objects', () => {
  for (const [what, answers] of [
    ['by one result', { type: 'get-response-normal', invoke: 0xc1, result: { ok: false, result: 250 } }],
    ['by an exception', { type: 'exception-response', state: 1, service: 2, counter: null }],
    ['by fewer results', { type: 'get-response-with-list', invoke: 0xc1, results: [{ ok: false, result: 4 }] }],
    [
      'by a refusal in a block',
      {
        type: 'get-response-with-datablock',
        invoke: 0xc1,
        last: true,
        block: 0,
        result: { ok: false, result: 3 },
      },
    ],
  ] as const) {
    it(`that is answered ${what} is asked one by one, and the next list too`, () => {
      const client = clientOf('ln');
      assert.equal(sent(client.get(REFS)).type, 'get-request-with-list');
      const step = client.receive(framed(answers as Apdu));
      assert.match(notes(step).join(), /^reading one by one: /);
      assert.deepEqual(values(step), [], 'nothing is taken for the value of the first');
      assert.equal(sent(step).type, 'get-request-normal');
      let last = step;
      for (const [i] of REFS.entries()) last = client.receive(framed(got(sent(last), i + 5)));
      assert.deepEqual(values(last), [[2, 7]]);
      assert.equal(last.write.length, 0, 'all have been asked');
      assert.equal(sent(client.get(REFS)).type, 'get-request-normal');
    });
  }

  for (const [what, refusal] of [
    ['by an exception', { type: 'exception-response', state: 1, service: 2, counter: null }],
    ['by one result', { type: 'read-response', results: [{ type: 'data-access-error', result: 250 }] }],
  ] as const) {
    it(`of short names that is answered ${what} is asked one by one, and the next list too`, () => {
      const client = clientOf('sn');
      const first = sent(client.get(REFS));
      assert.equal(first.type === 'read-request' && first.variables.length, 3);
      const step = client.receive(framed(refusal as Apdu));
      assert.match(notes(step).join(), /^reading one by one: /);
      let last = step;
      for (const [i] of REFS.entries()) {
        const asked = sent(last);
        assert.equal(asked.type === 'read-request' && asked.variables.length, 1);
        last = client.receive(
          framed({ type: 'read-response', results: [{ type: 'data', data: { type: 'unsigned', value: i + 5 } }] }),
        );
      }
      assert.deepEqual(values(last), [[2, 7]]);
      const next = sent(client.get(REFS));
      assert.equal(next.type === 'read-request' && next.variables.length, 1);
    });
  }
});

describe('an invoke-id that is not counted', () => {
  it('is 1 in each request, never 0', () => {
    const client = clientOf('ln', { invokeIdIncrease: false });
    for (let n = 0; n < 3; n++) {
      const request = sent(client.get(REFS.slice(0, 1)));
      assert.equal(request.type === 'get-request-normal' && request.invoke, 0xc1);
      client.receive(framed(got(request, n)));
    }
  });

  it('counts from 1 to 15 and from 1 again where it is', () => {
    const client = clientOf('ln', { invokeIdIncrease: true });
    const ids = Array.from({ length: 17 }, (_, n) => {
      const request = sent(client.get(REFS.slice(0, 1)));
      client.receive(framed(got(request, n)));
      return request.type === 'get-request-normal' ? request.invoke - 0xc0 : -1;
    });
    assert.deepEqual(ids, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2]);
  });
});

/** A client with an association that was there before. */
function clientOf(referencing: 'ln' | 'sn', options: Partial<ClientOptions> = {}): Client {
  const client = new Client(new WrapperLink({ client: 16, server: 1, mode: 'stream' }), {
    referencing,
    authentication: 'none',
    security: 'none',
    preEstablished: true,
    ...options,
  });
  client.connect();
  return client;
}

function framed(apdu: Apdu): Uint8Array {
  return encodeWrapper(1, 16, encodeApdu(apdu));
}

/** The request that a step sends. */
function sent(step: ClientStep): Apdu {
  const bytes = step.write[0] ?? assert.fail('nothing is sent');
  return decodeApdu(bytes.subarray(8)).apdu;
}

function got(request: Apdu, value: number): Apdu {
  const invoke = request.type === 'get-request-normal' ? request.invoke : 0xc1;
  return { type: 'get-response-normal', invoke, result: { ok: true, data: { type: 'unsigned', value } } };
}

const notes = (step: ClientStep): string[] => step.events.flatMap(e => (e.type === 'note' ? [e.text] : []));
/** Index and value of what a step tells. */
function values(step: ClientStep): unknown[] {
  return step.events.flatMap(e =>
    e.type === 'value' && e.outcome.ok && e.outcome.value?.type === 'unsigned'
      ? [[e.index, e.outcome.value.value]]
      : [],
  );
}
