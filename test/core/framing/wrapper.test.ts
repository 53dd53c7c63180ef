import assert from 'node:assert/strict';

import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { encodeWrapper, wrapperStream } from '../../../src/core/framing/wrapper';
import { random, randomBytes } from '../link/random';

const A = encodeWrapper(1, 16, unhex('c401c10011'));
const B = encodeWrapper(1, 16, unhex('0f0000000100'));

function run(bytes: Uint8Array, size: number, deframer = wrapperStream()): string[] {
  const out = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...deframer.receive(bytes.subarray(at, at + size)));
  out.push(...deframer.flush());
  return out.map(i =>
    i.type === 'wrapper' ? `${i.source}>${i.destination} ${hex(i.apdu)}` : `dropped ${i.error.code}`,
  );
}

describe('wrapper deframer', () => {
  const good = ['1>16 c401c10011', '1>16 0f0000000100'];
  const counted = A.slice();
  counted[7] = 5 + 8;
  const rows: [string, Uint8Array, string[]][] = [
    ['two messages', concat(A, B), good],
    [
      'garbage between',
      concat(A, unhex('ffff0001ff'), B),
      [good[0] as string, 'dropped WRAPPER_HEADER', good[1] as string],
    ],
    ['a wrong version', concat(unhex('0002001000110002c001'), B), ['dropped WRAPPER_HEADER', good[1] as string]],
    ['a message that breaks off', A.subarray(0, 10), ['dropped INCOMPLETE']],
    ['a header that breaks off', A.subarray(0, 5), ['dropped INCOMPLETE']],
    ['a length that counts the header', counted, [good[0] as string]],
  ];
  for (const [name, bytes, want] of rows) {
    it(`takes ${name}, however it is cut`, () => {
      for (const size of [1, 3, bytes.length]) assert.deepEqual(run(bytes, size), want, `chunks of ${size}`);
    });
  }
  it('remembers that a meter counts the header', () => {
    const deframer = wrapperStream();
    run(counted, 99, deframer);
    run(counted, 99, deframer);
    const items = deframer.receive(concat(counted, counted));
    assert.equal(items.filter(i => i.type === 'wrapper').length, 2);
  });
  it('learns nothing of that from pushes that were cut off eight octets before their end', () => {
    const deframer = wrapperStream();
    const push = encodeWrapper(1, 16, unhex('0f 00000001 00 0202 0600000001 0600000002'));
    for (let i = 0; i < 2; i++) assert.deepEqual(run(push.subarray(0, -8), 99, deframer), ['dropped INCOMPLETE']);
    assert.deepEqual(run(push, 1, deframer), [`1>16 ${hex(push.subarray(8))}`]);
  });
  it('takes a datagram for itself', () => {
    const deframer = wrapperStream('datagram');
    assert.deepEqual(
      deframer.receive(A.subarray(0, 10)).map(i => i.type),
      ['dropped'],
    );
    assert.deepEqual(
      deframer.receive(B).map(i => i.type),
      ['wrapper'],
    );
    assert.deepEqual(
      deframer.receive(concat(A, unhex('ff'))).map(i => i.type),
      ['wrapper', 'dropped'],
    );
  });
  it('never throws and comes back after noise', () => {
    const rnd = random(21);
    for (let round = 0; round < 200; round++) {
      const deframer = wrapperStream();
      // Ports may be any: without a message before, a header is believed.
      for (let n = 0; n < 4; n++) deframer.receive(randomBytes(rnd, rnd(40)).map(b => b & (rnd(2) ? 0xff : 1)));
      deframer.flush();
      assert.deepEqual(run(A, 1, deframer), [good[0]]);
    }
  });
});
