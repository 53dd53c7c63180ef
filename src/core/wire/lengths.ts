// Lengths in bytes that are still coming in: A-XDR and BER write them alike. IEC 61334-6, 6.
// The rule of the file: nothing is thrown, because what is missing may come.

import type { Detail } from './errors';

/** The byte at an index, -1 beyond what has come. */
export type ByteAt = (index: number) => number;

/** A length and its own octets, one to five; `no` where more than four are announced. */
export function berLength(byte: ByteAt, at: number): { value: number; size: number } | 'short' | 'no' {
  const first = byte(at);
  if (first === -1) return 'short';
  if (first < 0x80) return { value: first, size: 1 };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4) return 'no';
  let value = 0;
  for (let i = 1; i <= octets; i++) {
    const b = byte(at + i);
    if (b === -1) return 'short';
    value = value * 256 + b;
  }
  return { value, size: 1 + octets };
}

/** Why {@link berLength} says `no` at `offset`. */
export function badLength(offset: number): Detail {
  return {
    code: 'WIRE_INVALID',
    field: 'length',
    value: '80 or above 84',
    expected: 'a length of at most four octets',
    offset,
  };
}

export function tooLarge(what: string, limit: number, actual: number): Detail {
  return { code: 'LIMIT_EXCEEDED', what, limit, actual };
}
