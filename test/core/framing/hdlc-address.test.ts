import assert from 'node:assert/strict';

import {
  decodeHdlcAddress,
  encodeHdlcAddress,
  sameStation,
  type AddressSize,
} from '../../../src/core/framing/hdlc-address';
import { hex, unhex } from '../../../src/core/wire/hex';

describe('hdlc address', () => {
  const rows: [string, number, number | null, AddressSize][] = [
    ['21', 16, null, 'auto'],
    ['c9', 100, null, 1],
    ['0223', 1, 17, 'auto'],
    ['00020023', 1, 17, 4],
    ['02220003', 145, 1, 'auto'],
    ['fefeffff'.replace('ffff', 'feff'), 0x3fff, 0x3fff, 'auto'],
  ];
  for (const [text, logical, physical, size] of rows) {
    it(`writes and reads ${text}`, () => {
      assert.equal(hex(encodeHdlcAddress({ logical, physical }, size)), text);
      assert.deepEqual(decodeHdlcAddress(unhex(text)), { logical, physical });
    });
  }
  it('refuses parts that do not fit and a size without physical address', () => {
    assert.throws(() => encodeHdlcAddress({ logical: 128, physical: null }), { code: 'BAD_SETTING' });
    assert.throws(() => encodeHdlcAddress({ logical: 1, physical: 128 }, 2), { code: 'BAD_SETTING' });
    assert.throws(() => encodeHdlcAddress({ logical: 1, physical: 0x4000 }), { code: 'BAD_SETTING' });
    assert.throws(() => encodeHdlcAddress({ logical: 1, physical: null }, 4), { code: 'BAD_SETTING' });
    assert.throws(() => encodeHdlcAddress({ logical: 1, physical: 17 }, 1), { code: 'BAD_SETTING' });
    assert.throws(() => encodeHdlcAddress({ logical: NaN, physical: null }), { code: 'BAD_SETTING' });
  });
  it('knows a station again whose answer has another number of octets', () => {
    assert.ok(sameStation({ logical: 1, physical: null }, { logical: 1, physical: 17 }));
    assert.ok(sameStation({ logical: 17, physical: null }, { logical: 0, physical: 17 }));
    assert.ok(!sameStation({ logical: 1, physical: 17 }, { logical: 1, physical: 18 }));
    assert.ok(!sameStation({ logical: 1, physical: null }, { logical: 2, physical: 1 }));
  });
});
