// Exact decimal arithmetic for conversions: a value times 1000 has its digits, and no others.
// A decimal is m · 10^e. Only a division that does not end is rounded, to 20 significant digits.

import { scaleExactly } from '../core/cosem/units';

export interface Decimal {
  readonly m: bigint;
  readonly e: number;
}

/** Numbers and decimal text, with exponent; null for anything else, and beyond 10^±400. */
export function decimalOf(value: number | string): Decimal | null {
  const match = /^([+-]?)(\d{1,400})(?:\.(\d{0,400}))?(?:e([+-]?\d{1,3}))?$/i.exec(String(value).trim());
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const e = Number(exponent) - fraction.length;
  if (Math.abs(e) > 800) return null;
  return { m: BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`), e };
}

export function times(a: Decimal, b: Decimal): Decimal {
  return { m: a.m * b.m, e: a.e + b.e };
}

export function plus(a: Decimal, b: Decimal): Decimal {
  const e = Math.min(a.e, b.e);
  return { m: a.m * 10n ** BigInt(a.e - e) + b.m * 10n ** BigInt(b.e - e), e };
}

/** a / b; exact where the quotient has an end. b is not 0. */
export function over(a: Decimal, b: Decimal): Decimal {
  const divisor = b.m < 0n ? -b.m : b.m;
  const dividend = b.m < 0n ? -a.m : a.m;
  if (dividend === 0n) return { m: 0n, e: 0 };
  const common = gcd(dividend < 0n ? -dividend : dividend, divisor);
  let rest = divisor / common;
  let m = dividend / common;
  let e = a.e - b.e;
  for (const [prime, partner] of [
    [2n, 5n],
    [5n, 2n],
  ] as const) {
    while (rest % prime === 0n) {
      rest /= prime;
      m *= partner;
      e--;
    }
  }
  if (rest === 1n) return { m, e };
  const shift = Math.max(0, PRECISION + digits(rest) - digits(m));
  return { m: nearest(m * 10n ** BigInt(shift), rest), e: e - shift };
}

/** To so many places after the point; halves go away from zero. Negative places round to tens, hundreds … */
export function roundedTo(d: Decimal, places: number): Decimal {
  const drop = -places - d.e;
  return drop <= 0 ? d : { m: nearest(d.m, 10n ** BigInt(drop)), e: -places };
}

/** As a number, the nearest there is. */
export function toNumber(d: Decimal): number {
  return Number(`${d.m}e${d.e}`);
}

/** As a number where a number shows exactly these digits, else as text. */
export function toExact(d: Decimal): number | string {
  return scaleExactly(d.m, d.e);
}

export const ONE: Decimal = { m: 1n, e: 0 };

function nearest(m: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return m < 0n ? -((-m + half) / divisor) : (m + half) / divisor;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

function digits(n: bigint): number {
  return (n < 0n ? -n : n).toString().length;
}

const PRECISION = 20;
