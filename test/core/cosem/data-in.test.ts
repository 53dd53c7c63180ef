import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { dataOf, type DataInHints } from '../../../src/core/cosem/data-in';
import {
  array,
  encodeData,
  enumerated,
  i16,
  i8,
  octets,
  structure,
  u16,
  u32,
  u8,
  visible,
  type Data,
} from '../../../src/core/cosem/data';
import { toPlain } from '../../../src/core/cosem/plain';
import { DlmsError } from '../../../src/core/wire/errors';
import { hex, unhex } from '../../../src/core/wire/hex';

const CLOCK = { classId: 8, attribute: 2 };
const sent = (value: unknown, hints?: DataInHints): string => hex(encodeData(dataOf(value, hints)));

describe('values to be written', () => {
  const rows: readonly (readonly [string, unknown, DataInHints, string])[] = [
    ['a number as the meter has it', 5, { now: u16(1) }, '120005'],
    ['a number by its scaler', 230.1, { now: u16(0), scaler: -1 }, '1208fd'],
    ['digits that no double has', '0.3', { now: u32(0), scaler: -1 }, '0600000003'],
    ['a power of ten upwards', 12_000, { now: u16(0), scaler: 3 }, '12000c'],
    ['64 bits by text', '18446744073709551615', { now: { type: 'long64-unsigned', value: 0n } }, '15ffffffffffffffff'],
    ['negative', -2, { now: i16(0) }, '10fffe'],
    ['an enum', 3, { now: enumerated(0) }, '1603'],
    ['a truth value', true, {}, '0301'],
    ['nothing', null, {}, '00'],
    ['text', 'ABC', { now: visible('') }, '0a03414243'],
    ['hex', '0x00ff', { now: octets([]) }, '090200ff'],
    ['bytes', Uint8Array.of(1, 2), {}, '09020102'],
    ['a clock', '2026-11-30T12:00:00+01:00', CLOCK, '090c07ea0b1eff0c000000ffc400'],
    [
      'a clock of a meter that gives no deviation',
      '2026-11-30T12:00:00',
      { ...CLOCK, now: octets(unhex('07ea0b1eff0b000000800000')) },
      '090c07ea0b1eff0c0000008000ff',
    ],
    ['the type said beside it', { type: 'long-unsigned', value: 5 }, {}, '120005'],
    [
      'types within types',
      {
        type: 'structure',
        value: [
          { type: 'unsigned', value: 1 },
          { type: 'octet-string', value: '0x0102' },
        ],
      },
      {},
      '020211010902' + '0102',
    ],
    ['a list as the meter has it', [1, 2, 3], { now: array(u8(9)) }, '0103110111021103'],
    ['a list by place', [1, 'A'], { now: structure(u8(9), visible('B')) }, '020211010a0141'],
  ];
  for (const [name, value, hints, bytes] of rows) {
    it(`takes ${name}`, () => assert.equal(sent(value, hints), bytes));
  }

  it('names the fields of a structure as the class does', () => {
    const now = structure(octets(unhex('00000a0064ff')), u16(1));
    const value = { script_logical_name: '0-0:10.0.100*255', script_selector: 7 };
    assert.equal(sent(value, { classId: 22, attribute: 2, now }), '0202090600000a0064ff120007');
    assert.throws(
      () => dataOf({ script_selector: 7 }, { classId: 22, attribute: 2, now }),
      said(/script_logical_name/),
    );
    assert.throws(() => dataOf({ ...value, scrpt: 1 }, { classId: 22, attribute: 2, now }), said(/scrpt/));
  });

  const wrong: readonly (readonly [string, unknown, DataInHints, RegExp])[] = [
    ['a type that nothing tells', 5, {}, /a type beside it/],
    ['more than the type holds', 70_000, { now: u16(0) }, /long-unsigned, from 0 to 65535/],
    ['a sign that the type has not', -1, { now: u8(0) }, /unsigned/],
    ['digits that the meter does not keep', 230.15, { now: u16(0), scaler: -1 }, /a multiple of 10\^-1/],
    ['a fraction', 1.5, { now: u8(0) }, /a whole number/],
    ['no number', 'five', { now: u8(0) }, /a whole number/],
    ['an empty text for a number', '', { now: u8(0) }, /a number/],
    ['a number that single precision does not hold', 1e300, { now: { type: 'float32', value: 0 } }, /fits in float32/],
    ['hex text for a floating number', '0x10', { now: { type: 'float64', value: 0 } }, /fits in float64/],
    ['nothing where something stands', null, { now: octets([1]) }, /a value for octet-string/],
    ['no time', 'tomorrow', CLOCK, /tomorrow/],
    ['half an octet', '0x0', { now: octets([]) }, /even number/],
    ['letters that are not ASCII', 'Zähler', { now: visible('') }, /ASCII/],
    ['a list of another length', [1], { now: structure(u8(1), u8(2)) }, /a list of 2/],
    [
      'a type that nobody knows',
      { type: 'structure', value: [{ type: 'word', value: 1 }] },
      {},
      /value\.value\[0\]\.type/,
    ],
    ['no OBIS code', 'x', { classId: 22, attribute: 2, now: structure(octets([1]), u16(1)) }, /value/],
  ];
  for (const [name, value, hints, words] of wrong) {
    it(`refuses ${name}`, () => assert.throws(() => dataOf(value, hints), said(words)));
  }

  it('writes back what was read, whatever it is', () => {
    fc.assert(
      fc.property(DATA, now => {
        assert.equal(hex(encodeData(dataOf(toPlain(now, { bytes: true }), { now }))), hex(encodeData(now)));
      }),
      { numRuns: 500 },
    );
  });
});

function said(words: RegExp): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof DlmsError && error.code === 'BAD_SETTING', String(error));
    assert.match(error.message, words);
    return true;
  };
}

/** Without clocks: of what looks like one, only the moment is read. */
const LEAF: fc.Arbitrary<Data> = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map(u8),
  fc.integer({ min: -128, max: 127 }).map(i8),
  fc.integer({ min: 0, max: 65_535 }).map(u16),
  fc.integer({ min: -32_768, max: 32_767 }).map(i16),
  fc.integer({ min: 0, max: 0xffff_ffff }).map(u32),
  fc.integer({ min: 0, max: 255 }).map(enumerated),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Data => ({ type: 'long64', value })),
  fc.boolean().map((value): Data => ({ type: 'boolean', value })),
  fc.uint8Array({ maxLength: 11 }).map(octets),
  fc.stringMatching(/^[ -/:-~]{0,9}$/).map(visible),
  fc.stringMatching(/^[01]{0,20}$/).map((value): Data => ({ type: 'bit-string', value })),
  fc.constant<Data>({ type: 'null-data' }),
);
const DATA: fc.Arbitrary<Data> = fc.letrec<{ data: Data; one: Data }>(tie => ({
  one: LEAF,
  data: fc.oneof(
    { depthSize: 'small' },
    tie('one'),
    fc.array(tie('data'), { maxLength: 4 }).map(list => structure(...list)),
    fc.array(tie('data'), { maxLength: 4 }).map(list => array(...list)),
  ),
})).data;
