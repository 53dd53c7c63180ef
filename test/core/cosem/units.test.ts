import assert from 'node:assert/strict';

import fc from 'fast-check';

import { scaleExactly, shortestFloat32, unitSymbol } from '../../../src/core/cosem/units';

describe('units', () => {
  it('names the units meters use', () => {
    const expected: [number, string | null][] = [
      [27, 'W'],
      [28, 'VA'],
      [29, 'var'],
      [30, 'Wh'],
      [31, 'VAh'],
      [32, 'varh'],
      [33, 'A'],
      [35, 'V'],
      [44, 'Hz'],
      [13, 'm3'],
      [9, '°C'],
      [56, '%'],
      [255, null],
      [254, null],
      [0, null],
    ];
    for (const [code, symbol] of expected) assert.equal(unitSymbol(code), symbol, String(code));
  });
});

describe('exact scaling', () => {
  const rows: [number | bigint, number, number | string][] = [
    [1234567, -3, 1234.567],
    [0, -3, 0],
    [-5, -1, -0.5],
    [12345, 0, 12345],
    [12345, 3, 12345000],
    [3, 20, 300000000000000000000],
    [18446744073709551615n, -3, '18446744073709551.615'],
    [18446744073709551615n, 0, '18446744073709551615'],
    [-9223372036854775808n, -2, '-92233720368547758.08'],
    [1000000000000000000n, -3, 1000000000000000],
    [123456789012345678n, -2, '1234567890123456.78'],
    [0n, 5, 0],
    [1, -30, 1e-30],
    [0.1, -1, 0.01],
    [230.5, 0, 230.5],
  ];
  for (const [raw, scaler, value] of rows) {
    it(`${raw} with scaler ${scaler} is ${value}`, () => assert.strictEqual(scaleExactly(raw, scaler), value));
  }
  it('gives no number for a float that is none', () => {
    assert.ok(Number.isNaN(scaleExactly(NaN, 0)));
    assert.ok(Number.isNaN(scaleExactly(Infinity, -1)));
  });
  it('always shows the digits of the exact decimal', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), fc.integer({ min: -20, max: 10 }), (raw, scaler) => {
        const value = scaleExactly(raw, scaler);
        assert.equal(toScaled(String(value), -scaler), raw);
        const small = raw % 2n ** 32n;
        assert.equal(toScaled(String(scaleExactly(Number(small), scaler)), -scaler), small);
      }),
      { seed: 20261121, numRuns: 3000 },
    );
  });
  it('undoes the noise of single precision', () => {
    for (const n of [230.1, 0.01, 49.98, 16777216, -1.5e-7, 123456.7]) assert.equal(shortestFloat32(Math.fround(n)), n);
  });
});

/** Decimal text times ten to the power of `digits`, in integers only. */
function toScaled(text: string, digits: number): bigint {
  const m = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  assert.ok(m !== null, text);
  const fraction = m[3] ?? '';
  const shift = digits + Number(m[4] ?? 0) - fraction.length;
  const whole = BigInt(`${m[1]}${m[2]}${fraction}`);
  if (shift >= 0) return whole * 10n ** BigInt(shift);
  assert.equal(whole % 10n ** BigInt(-shift), 0n, text);
  return whole / 10n ** BigInt(-shift);
}
