// Can an APDU that meters push begin here? Asked of bytes without any frame, before a length is computed.
// The rule of the file: it looks at a few bytes at most, and never says no to what a meter is known to send.

import { dataSize } from '../cosem/data';
import { berLength, type ByteAt } from '../wire/lengths';
import { LIMIT_BYTES } from './stream';

export const PUSH_TAGS: ReadonlySet<number> = new Set([
  0x0f, 0x18, 0x38, 0x58, 0xc2, 0xca, 0xd2, 0xdb, 0xdc, 0xdd, 0xdf, 0xe0,
]);

/**
 * Whether an APDU that meters push can begin at `at`. `strict` asks for a pattern that noise hardly makes: a clock or a
 * list in a data-notification, a system title of eight octets and a security control in a ciphered one.
 */
export function plausibleApdu(byte: ByteAt, at: number, strict: boolean): 'yes' | 'no' | 'short' {
  switch (byte(at)) {
    case -1:
      return 'short';
    case 0x0f:
      return plausibleNotification(byte, at, strict);
    case 0xdb:
    case 0xdc:
      return plausibleCiphered(byte, at, strict);
    case 0xdd:
    case 0xdf:
      return strict ? 'no' : when(byte(at + 1), b => b <= 32);
    case 0xe0: {
      if (strict) return 'no';
      const length = berLength(byte, at + 6);
      if (length === 'short') return 'short';
      return yes(length !== 'no' && length.value <= LARGEST_BLOCK && byte(at + 2) < 0x10 && byte(at + 4) < 0x10);
    }
    case 0xc2:
    case 0x18:
      return strict ? 'no' : plausibleReport(byte, at);
    case 0x38:
    case 0x58:
    case 0xca:
    case 0xd2:
      return strict ? 'no' : plausibleContent(byte, at + 1);
    default:
      return 'no';
  }
}

function plausibleNotification(byte: ByteAt, at: number, strict: boolean): 'yes' | 'no' | 'short' {
  const first = byte(at + 5);
  const second = byte(at + 6);
  if (first === -1 || second === -1) return 'short';
  if (strict) {
    // Only a clock, and a list behind it.
    const clock = first === 0x0c || first === 0x19 ? at + 6 : first === 0x09 && second === 0x0c ? at + 7 : -1;
    return clock === -1
      ? 'no'
      : both(byte(clock), byte(clock + 12), (year, tag) => (year === 7 || year === 8) && tag > 0 && tag < 3);
  }
  switch (first) {
    case 0x00:
      return yes(dataSize(second) !== undefined);
    case 0x0c:
      return yes(second === 0x07 || second === 0x08 || second === 0xff);
    case 0x19:
      return yes(second === 0x07 || second === 0x08);
    case 0x09:
      return yes(second === 0x0c || second === 0x00);
    default:
      return 'no';
  }
}

function plausibleCiphered(byte: ByteAt, at: number, strict: boolean): 'yes' | 'no' | 'short' {
  const title = byte(at + 1);
  if (title === -1) return 'short';
  if (title !== 8 && (strict || title !== 0)) return 'no';
  return plausibleContent(byte, at + 2 + title);
}

/** Length, then security control: suites 0 to 2. */
function plausibleContent(byte: ByteAt, at: number): 'yes' | 'no' | 'short' {
  const length = berLength(byte, at);
  if (length === 'short') return 'short';
  if (length === 'no' || length.value < 5 || length.value > LIMIT_BYTES) return 'no';
  return when(byte(at + length.size), control => (control & 0x0f) <= 2);
}

/** A time or none; then for C2 a class and a logical name, for 18 the number of variable names. */
function plausibleReport(byte: ByteAt, at: number): 'yes' | 'no' | 'short' {
  const time = byte(at + 1);
  if (time === -1) return 'short';
  if (time > 1) return 'no';
  let next = at + 2;
  if (time === 1) {
    const size = byte(at + 2);
    if (size === -1) return 'short';
    if (size > LONGEST_TIME) return 'no';
    next = at + 3 + size;
  }
  if (byte(at) === 0xc2) return both(byte(next), byte(next + 1), (high, low) => high === 0 && low > 0);
  return both(byte(next), byte(next + 1), (count, form) => count > 0 && count <= 32 && form >= 2 && form <= 4);
}

function when(b: number, fine: (b: number) => boolean): 'yes' | 'no' | 'short' {
  return b === -1 ? 'short' : yes(fine(b));
}
function both(a: number, b: number, fine: (a: number, b: number) => boolean): 'yes' | 'no' | 'short' {
  return a === -1 || b === -1 ? 'short' : yes(fine(a, b));
}
function yes(fine: boolean): 'yes' | 'no' {
  return fine ? 'yes' : 'no';
}

const LARGEST_BLOCK = 4096;
/** A GeneralizedTime with fraction and offset: 20240721153005.00+0200 */
const LONGEST_TIME = 24;
