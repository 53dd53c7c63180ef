// Landis+Gyr's own form of mechanism 2, "high level authentication with coded password": what is done to the challenge.
// The rule of the file: a challenge or password of another form has no answer; a wrong one may lock the meter.

import { latin1 } from '../wire/hex';

/**
 * f(StoC): each digit of the password is added to the hexadecimal digit of the challenge at its place, modulo 16; what lies
 * beyond the password stays. null: the challenge is no upper-case hexadecimal text, the password no decimal digits, or longer.
 */
export function codedPassword(password: Uint8Array, challenge: Uint8Array): Uint8Array | null {
  if (!isCodedPassword(password) || !CHALLENGE.test(latin1(challenge)) || password.length > challenge.length)
    return null;
  const coded = challenge.slice();
  for (const [at, digit] of password.entries()) {
    // 9 and 8 or more would be 1 or 2 with the carry lost; other programs make A or B of these pairs (docs/quirks.md#q34h).
    const sum = Number.parseInt(String.fromCharCode(challenge[at] as number), 16) + (digit - ZERO);
    coded[at] = HEX.charCodeAt(sum % 16);
  }
  return coded;
}

/** Only decimal digits can be added to a digit. */
export function isCodedPassword(password: Uint8Array): boolean {
  return DIGITS.test(latin1(password));
}

const ZERO = 0x30;
const HEX = '0123456789ABCDEF';
const CHALLENGE = /^[0-9A-F]+$/;
const DIGITS = /^[0-9]+$/;
