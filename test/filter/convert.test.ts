import assert from 'node:assert/strict';

import fc from 'fast-check';

import { type Conversion, convert, isConvertible, unitsLike, usualUnit } from '../../src/filter/convert';
import { decimalOf, over, plus, roundedTo, times, toExact, toNumber } from '../../src/filter/decimal';
import { parseRule, type RuleSetting } from '../../src/filter/rule';
import { isDlmsError } from '../../src/core/wire/errors';

const to = (setting: Omit<RuleSetting, 'obis'>): Conversion => parseRule({ obis: '1.8.0', ...setting });

describe('unit conversion', () => {
  const rows: readonly (readonly [number | string, string, string, number | string])[] = [
    [12345678, 'Wh', 'kWh', 12345.678],
    [12345.678, 'kWh', 'Wh', 12345678],
    [0.1, 'kWh', 'Wh', 100],
    [1.005, 'kW', 'W', 1005],
    [4.35, 'kW', 'W', 4350],
    [1234, 'W', 'kW', 1.234],
    [0.123, 'm3', 'l', 123],
    [123, 'l', 'm3', 0.123],
    [3600, 'J', 'Wh', 1],
    [1, 'kWh', 'MJ', 3.6],
    [3.6, 'MJ', 'kWh', 1],
    [1, 'GJ', 'MWh', 0.2777777777777778],
    [1, 'm3/h', 'l/min', 16.666666666666668],
    [20, '°C', '°F', 68],
    [-40, '°F', '°C', -40],
    [0, '°C', 'K', 273.15],
    [2.5, 'bar', 'kPa', 250],
    [-1500, 'W', 'kW', -1.5],
    [0, 'Wh', 'kWh', 0],
    [5, 'kVArh', 'varh', 5000],
    [5, 'm³', 'l', 5000],
    [90, 'min', 'h', 1.5],
    [1, 'Gcal', 'MWh', 1.163],
    [5, 'm3', 'dm3', 5000],
    [1, 'wk', 'd', 7],
  ];
  for (const [value, from, unit, expected] of rows) {
    it(`${value} ${from} is ${expected} ${unit}`, () => {
      assert.deepEqual(convert(value, from, to({ unit })), { ok: true, value: expected, unit });
    });
  }
  it('keeps the digits of a decimal that is too long for a number', () => {
    assert.deepEqual(convert('18446744073709551.615', 'kWh', to({ unit: 'Wh' }), true), {
      ok: true,
      value: '18446744073709551615',
      unit: 'Wh',
    });
  });
  it('refuses units of another quantity, and units nobody knows', () => {
    assert.deepEqual(convert(1, 'Wh', to({ unit: 'V' })), { ok: false, reason: 'unit' });
    assert.deepEqual(convert(1, 'imp/kWh', to({ unit: 'V' })), { ok: false, reason: 'unit' });
    assert.ok(!isConvertible('varh', 'Wh'));
  });
  it('refuses a value without unit, unless the rule says which it has', () => {
    assert.deepEqual(convert(5, null, to({ unit: 'kWh' })), { ok: false, reason: 'no-unit' });
    assert.deepEqual(convert(5, null, to({ unit: 'Wh', unitIn: 'kWh' })), { ok: true, value: 5000, unit: 'Wh' });
  });
  it('leaves text without unit alone', () => {
    assert.deepEqual(convert('1TST', null, to({ unit: 'kWh' })), { ok: true, value: '1TST', unit: null });
  });
  it('tells milli from mega', () => {
    assert.equal(usualUnit('mW'), 'mW');
    assert.equal(usualUnit('MW'), 'MW');
    for (const [written, usual] of Object.entries({
      KWH: 'kWh',
      kwh: 'kWh',
      kVArh: 'kvarh',
      KVARH: 'kvarh',
      kVAr: 'kvar',
      VAR: 'var',
      MVAr: 'Mvar',
      MWH: 'MWh',
      M3: 'm3',
      'M3/H': 'm3/h',
      M3PH: 'm3/h',
      MIN: 'min',
      HZ: 'Hz',
      w: 'W',
      v: 'V',
      KVA: 'kVA',
      Gj: 'GJ',
      mvar: 'mvar',
      H: 'H',
      S: 'S',
      a: 'a',
      F: '°F',
      mwh: 'mwh',
    })) {
      assert.equal(usualUnit(written), usual, written);
    }
    assert.equal(usualUnit('furlong'), 'furlong');
  });

  it('there and back gives the same number, for every pair of units', () => {
    const families = ['Wh', 'varh', 'VAh', 'W', 'var', 'VA', 'V', 'A', 'Hz', 'l', 'l/h', 'kg', 's', 'K', 'Pa'].map(
      unitsLike,
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...families),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: -999_999_999, max: 999_999_999 }),
        fc.integer({ min: -6, max: 3 }),
        (units, i, j, digits, exponent) => {
          const from = units[i % units.length] as string;
          const unit = units[j % units.length] as string;
          const value = Number(`${digits}e${exponent}`);
          const there = convert(value, from, to({ unit }));
          assert.ok(there.ok);
          const back = convert(there.value, unit, to({ unit: from }));
          assert.ok(back.ok);
          const error = Math.abs((back.value as number) - value);
          assert.ok(
            error <= Math.abs(value) * 1e-14 + (from === 'K' || from.startsWith('°') ? 1e-9 : 0),
            `${value} ${from} ${unit}: ${String(back.value)}`,
          );
        },
      ),
      { seed: 20261121, numRuns: 5000 },
    );
  });
  it('there and back is exact where units differ by powers of ten', () => {
    for (const [a, b] of [
      ['Wh', 'kWh'],
      ['W', 'MW'],
      ['l', 'm3'],
      ['A', 'mA'],
      ['V', 'kV'],
    ] as const) {
      fc.assert(
        fc.property(
          fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }),
          fc.integer({ min: -3, max: 0 }),
          (digits, exponent) => {
            const value = Number(`${digits}e${exponent}`);
            const there = convert(value, a, to({ unit: b }));
            const back = there.ok ? convert(there.value, b, to({ unit: a })) : there;
            assert.ok(back.ok && Object.is(back.value, value === 0 ? 0 : value), `${value} ${a} ${b}`);
          },
        ),
        { seed: 7, numRuns: 1000 },
      );
    }
  });
});

describe('factor, offset, rounding and type', () => {
  const rows: readonly (readonly [string, unknown, string | null, Omit<RuleSetting, 'obis'>, unknown])[] = [
    ['multiplies by a transformer ratio', 1.5, 'A', { factor: '200/5' }, 60],
    ['takes a ratio with a colon', 1.5, 'A', { factor: '200:5' }, 60],
    ['multiplies exactly', 1.1, 'A', { factor: 1.1 }, 1.21],
    ['takes a ratio that has no end', 3, 'A', { factor: '1/3' }, 1],
    ['adds an offset after the factor', 10, 'm3', { factor: 2, offset: '-0.5' }, 19.5],
    ['takes a decimal comma', 10, 'm3', { factor: '0,5' }, 5],
    ['rounds halves away from zero', 2.675, 'V', { round: 2 }, 2.68],
    ['rounds negative halves away from zero', -2.5, 'V', { round: 0 }, -3],
    ['rounds to tens', 1234, 'W', { round: -2 }, 1200],
    ['leaves a shorter number alone', 1.2, 'V', { round: 5 }, 1.2],
    ['converts, then rounds', 12345678, 'Wh', { unit: 'kWh', round: 1 }, 12345.7],
    ['makes text of a number', 1.5, 'V', { type: 'string' }, '1.5'],
    ['makes a number of text', '007.50', null, { type: 'number' }, 7.5],
    ['makes a number of a boolean', true, null, { type: 'number' }, 1],
    ['makes a boolean of a number', 2, null, { type: 'boolean' }, true],
    ['makes a boolean of words', 'Off', null, { type: 'boolean' }, false],
    ['makes a boolean of "0"', '0', null, { type: 'boolean' }, false],
    ['leaves null null', null, 'V', { type: 'number', factor: 2 }, null],
    [
      'never turns a number that is text into another one',
      '7359992890941742',
      null,
      { factor: 2, round: 1 },
      '7359992890941742',
    ],
    ['leaves text alone', 'AIDON_V0001', null, { round: 1, factor: 3 }, 'AIDON_V0001'],
  ];
  for (const [what, value, unit, setting, expected] of rows) {
    it(what, () => {
      const result = convert(value as never, unit, to(setting));
      assert.ok(result.ok);
      assert.deepEqual(result.value, expected);
    });
  }
  it('refuses text that is no number where a number is asked for', () => {
    assert.deepEqual(convert('OFF', null, to({ type: 'number' })), { ok: false, reason: 'type' });
    assert.deepEqual(convert('', null, to({ type: 'number' })), { ok: false, reason: 'type' });
  });
  it('names the rule and the field of a wrong setting', () => {
    for (const [field, setting] of Object.entries({
      factor: { factor: 'x' },
      'factor ': { factor: '1/0' },
      offset: { offset: 'a' },
      rounding: { round: 1.5 },
      type: { type: 'date' },
      value: { select: '~x' },
      'dead-band': { deadband: '-1' },
      'at most every': { minInterval: 'soon' },
    })) {
      assert.throws(
        () => parseRule({ obis: '1.8.0', ...setting }, 2),
        (e: unknown) => isDlmsError(e) && e.code === 'BAD_SETTING' && e.message.includes(`rule 3: ${field.trim()}`),
        field,
      );
    }
    assert.throws(
      () => parseRule({}),
      (e: unknown) => isDlmsError(e) && e.message.includes('rule 1: OBIS code'),
    );
  });
});

describe('decimals', () => {
  it('compute like rationals', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer(),
        fc.integer({ min: -9, max: 9 }),
        fc.integer({ min: -9, max: 9 }),
        (a, b, x, y) => {
          const p = { m: BigInt(a), e: x };
          const q = { m: BigInt(b), e: y };
          assert.equal(toNumber(times(p, q)), Number(`${BigInt(a) * BigInt(b)}e${x + y}`));
          assert.deepEqual(toExact(plus(plus(p, q), { m: -q.m, e: q.e })), toExact(p));
          if (b !== 0) assert.equal(toNumber(roundedTo(over(times(p, q), q), 12)), toNumber(roundedTo(p, 12)));
        },
      ),
      { seed: 3, numRuns: 2000 },
    );
  });
  it('read what JavaScript writes, and nothing else', () => {
    assert.deepEqual(decimalOf(1e-7), { m: 1n, e: -7 });
    assert.deepEqual(decimalOf('-12.50'), { m: -1250n, e: -2 });
    for (const bad of ['', 'x', '1,2', '0x10', '1e999', 'NaN', Infinity])
      assert.equal(decimalOf(bad), null, String(bad));
  });
});
