// The length of Data that is coming in is what reading it takes, for every type, and each byte is enough for its turn.

import assert from 'node:assert/strict';

import { dataSize, decodeData, encodeData, readData, type Data } from '../../../src/core/cosem/data';
import { DataExtent } from '../../../src/core/cosem/data-extent';
import { concat, unhex } from '../../../src/core/wire/hex';
import { Reader } from '../../../src/core/wire/reader';

/** Measured while it comes byte by byte, and that no octet before the last one was enough. */
function measured(bytes: Uint8Array): number {
  const extent = new DataExtent(0, 1, 'values', 65_536);
  for (let have = 1; have <= bytes.length; have++) {
    const length = extent.measure(index => (index < have ? (bytes[index] as number) : -1));
    if (typeof length === 'number') return length;
    assert.equal(length, 'short', `after ${have} octets`);
  }
  return -1;
}

describe('the length of Data', () => {
  it('is what reading takes, for each type of the table and no other tag', () => {
    let types = 0;
    for (let tag = 0; tag < 256; tag++) {
      const size = dataSize(tag);
      const bytes = concat(Uint8Array.of(tag), unhex('0203100304ff00000000000000'));
      if (size === undefined) {
        assert.throws(() => readData(new Reader(bytes)), { code: 'WIRE_INVALID' });
        continue;
      }
      types++;
      if (size === 'elements' || size === 'described') continue;
      const r = new Reader(bytes);
      readData(r);
      assert.equal(measured(bytes), r.offset, `tag ${tag}`);
    }
    assert.equal(types, 32);
  });

  it('is that of lists in lists, and of compact arrays', () => {
    const inner: Data = { type: 'structure', value: [{ type: 'unsigned', value: 1 }, { type: 'null-data' }] };
    const list: Data = { type: 'array', value: [inner, { type: 'array', value: [] }, inner] };
    const compact = unhex('13 02 02 12 01 0002 11  06 0001 02 03 0004'.replaceAll(' ', ''));
    for (const bytes of [encodeData(list), unhex('1311030a0b0c')]) {
      assert.deepEqual(encodeData(decodeData(bytes)), bytes);
      assert.equal(measured(bytes), bytes.length);
    }
    assert.equal(measured(compact), compact.length);
  });
});
