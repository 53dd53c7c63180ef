import assert from 'node:assert/strict';

import { counterIn } from '../../../src/core/client/counter-object';
import { decodeData } from '../../../src/core/cosem/data';
import {
  counterFingerprint,
  gmac,
  invocationCounter,
  Key,
  keyFingerprint,
  LAST_COUNTER,
  protect,
} from '../../../src/core/security';
import { unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const KEY = Key.parse('9c1d6b0244f8a7e35510cc2983be7f64', 'key');
const OTHER = Key.parse('8c1d6b0244f8a7e35510cc2983be7f64', 'key');
const TITLE = unhex('4d464c0011223344');
const NONE = [NaN, -3, -1, 0.5, 2 ** 32, Infinity, -Infinity, '5', '', null, undefined, true, [5], {}, -1n, 2n ** 32n];

describe('an invocation counter', () => {
  it('is a whole number from 0 to 2^32-1, and nothing else', () => {
    for (const good of [0, 1, LAST_COUNTER, 7n, BigInt(LAST_COUNTER)]) {
      assert.equal(invocationCounter(good, 'a door'), Number(good));
    }
    for (const bad of NONE)
      assert.equal(
        failure(() => invocationCounter(bad, 'a door')),
        'COUNTER_INVALID',
      );
  });

  it('that is none makes no initialization vector', () => {
    const ctx = { systemTitle: TITLE, key: KEY, authenticationKey: KEY, control: 0x30 };
    for (const bad of NONE.filter(n => typeof n === 'number')) {
      assert.equal(
        failure(() => protect({ ...ctx, counter: bad }, Uint8Array.of(1))),
        'COUNTER_INVALID',
      );
      assert.equal(
        failure(() => gmac(KEY, TITLE, bad, Uint8Array.of(1))),
        'COUNTER_INVALID',
      );
    }
  });

  for (const [what, data, counter] of [
    ['double-long-unsigned', '06 fffffffe', 0xfffffffe],
    ['long-unsigned', '12 0102', 0x102],
    ['unsigned', '11 07', 7],
    ['long64-unsigned', '15 0000000000000123', 0x123],
    ['double-long', '05 00000005', 5],
    ['long64', '14 0000000000000005', 5],
    ['double-long below 0', '05 fffffffd', null],
    ['long64 below 0', '14 ffffffffffffffff', null],
    ['long64-unsigned beyond 32 bits', '15 0000000100000000', null],
    ['float32', '17 42280000', null],
    ['float32 NaN', '17 7fc00000', null],
    ['float64', '18 4045000000000000', null],
    ['octet-string', '09 04 00000005', null],
    ['enum', '16 05', null],
    ['null-data', '00', null],
    ['structure', '02 01 06 00000005', null],
  ] as const) {
    it(`is ${counter === null ? 'not ' : ''}taken from a ${what}`, () => {
      const read = (): number => counterIn(decodeData(unhex(data)), '0-0:43.1.0*255');
      if (counter === null) assert.equal(failure(read), 'COUNTER_INVALID');
      else assert.equal(read(), counter);
    });
  }

  it('is kept by a fingerprint of key and title that shows neither', () => {
    const print = counterFingerprint(KEY, TITLE);
    assert.match(print, /^[0-9a-f]{32}$/);
    assert.equal(counterFingerprint(KEY, TITLE.slice()), print);
    const others = [counterFingerprint(OTHER, TITLE), counterFingerprint(KEY, unhex('4d464c0011223345'))];
    assert.equal(new Set([print, keyFingerprint(KEY), keyFingerprint(OTHER), ...others]).size, 5);
  });
});
