import assert from 'node:assert/strict';

import { smlFile, smlFiles } from '../../../src/core/framing/sml';
import { ReceiveBuffer } from '../../../src/core/wire/receive-buffer';
import { concat, hex, unhex } from '../../../src/core/wire/hex';

const HOW = { fresh: true, final: false, checkedBefore: false, searched: 0, damaged: false, before: 0xffffffff };
const look = (bytes: Uint8Array, how = {}): ReturnType<typeof smlFiles.look> => {
  const buffer = new ReceiveBuffer(1 << 20);
  buffer.push(bytes);
  return smlFiles.look(buffer, { ...HOW, ...how });
};
/** What was said, in short. */
const said = (bytes: Uint8Array, how = {}): unknown => {
  const verdict = look(bytes, how);
  if (verdict === 'no') return 'no';
  if ('damaged' in verdict) return [verdict.error.code, verdict.damaged];
  return 'frame' in verdict ? [verdict.frame.check, hex(verdict.frame.content), verdict.octets] : verdict;
};

describe('SML file', () => {
  const messages = unhex('7605010203046200');
  const file = smlFile(messages);

  it('is written with escapes, fill octets and check', () => {
    // The check was computed by hand from CRC-16/X.25.
    assert.equal(hex(smlFile(unhex('76'))).slice(0, 36), '1b1b1b1b01010101' + '76000000' + '1b1b1b1b1a03');
    assert.equal(hex(smlFile(unhex('1b1b1b1b76'))).slice(16, 40), '1b1b1b1b1b1b1b1b76000000');
    // CRC-16/X.25 of "123456789" is 906e; the check goes low octet first.
    assert.deepEqual(said(file), ['x25', hex(messages), file.length]);
  });

  it('is taken with the other CRC of Holley', () => {
    const kermit = smlFile(messages, 'kermit');
    assert.notEqual(hex(kermit), hex(file));
    assert.deepEqual(said(kermit), ['kermit', hex(messages), file.length]);
  });

  it('gives back data that look like escapes, starts and ends', () => {
    for (const data of [
      '1b1b1b1b',
      '1b1b1b1b1b',
      '011b1b1b1b01010101001b1b1b1b1a0012341b1b1b',
      '1b1b1b1b1b1b1b1b00',
      '001b1b1b1b1a',
    ]) {
      const content = unhex(`${data}00`);
      const whole = smlFile(content);
      const verdict = look(whole);
      assert.ok(verdict !== 'no' && 'frame' in verdict, data);
      assert.equal(hex(verdict.frame.content.subarray(0, content.length)), hex(content));
    }
  });

  it('waits for its end, and looks at no octet twice', () => {
    let searched = 0;
    for (let length = 1; length < file.length; length++) {
      const verdict = look(file.subarray(0, length), { searched });
      assert.ok(verdict !== 'no' && 'need' in verdict, `after ${length} octets`);
      assert.ok(verdict.need > length && verdict.need <= file.length);
      searched = verdict.searched ?? 0;
      if (length > 12) assert.ok(searched >= length - 8);
    }
  });

  const rows: readonly [string, Uint8Array, unknown][] = [
    ['no start behind a stray octet of it', concat(unhex('1b'), file), 'no'],
    ['no start in three octets and others', unhex('1b1b1b7605010203'), 'no'],
    ['a check that does not fit', file.map((octet, n) => (n === 12 ? octet ^ 1 : octet)), ['SML_CHECK', file.length]],
    ['a new start inside', concat(file.subarray(0, 13), file), ['INCOMPLETE', 13]],
    ['a new start behind a stray octet inside', concat(file.subarray(0, 13), unhex('1b'), file), ['INCOMPLETE', 14]],
    ['a start with a lost first octet', file.subarray(1), ['SML_FRAME', file.length - 1]],
    ['a start with a wrong octet', file.map((octet, n) => (n === 6 ? octet ^ 4 : octet)), ['SML_FRAME', file.length]],
    ['the end of a file alone', file.subarray(16), ['SML_FRAME', 8]],
    ['an escape without meaning', concat(file.subarray(0, 16), unhex('1b1b1b1b04050607')), ['SML_FRAME', 24]],
    [
      'transport version 2',
      concat(unhex('1b1b1b1b02020202'), file.subarray(8, 16), unhex('1b1b1b1b03001234')),
      ['SML_FRAME', 24],
    ],
    ['more than a file may have', concat(file.subarray(0, 8), new Uint8Array(70_000)), ['LIMIT_EXCEEDED', 65_536]],
  ];
  for (const [what, bytes, verdict] of rows) {
    it(`says of ${what}: ${String(verdict)}`, () => assert.deepEqual(said(bytes), verdict));
  }

  it('is not seen in one octet before silence', () => {
    assert.equal(said(unhex('1b'), { final: true }), 'no');
    assert.deepEqual(said(unhex('1b1b'), { final: true }), { need: 3 });
    assert.deepEqual(said(file.subarray(0, 12)), { need: 20, searched: 12 });
  });
});
