// The outside of a P1 telegram: its CRC in the forms meters send, and the encrypted frame around it.
// The rule of the file: bytes as received, eight bits wide; a P1 line carries no parity.

import { FAMILIES } from '../meters/table';
import { crc16Arc, fcs16 } from '../wire/crc16';
import type { Check } from './check';
import { withUsualLineEnds } from './line-ends';

export interface CrcCheck {
  /**
   * Four upper-case hex digits; null when the telegram has none (DSMR 2.2 and 3.0, some others later). What cannot be read is
   * here as it came: a digit was changed on the line, it is not missing.
   */
  readonly received: string | null;
  readonly calculated: string;
  /** `none-by-form` where nothing stood behind "!": whether one belongs there is decided by who knows the source. */
  readonly check: Check;
  readonly variant: 'arc' | 'x25' | null;
}

/**
 * Checks `text` (what stood behind "!") against the bytes from "/" to "!" inclusive. DSMR P1 5.0.2, 5.2: CRC-16/ARC in
 * four hex digits. Lower case and dropped leading zeros are taken (Warmtelink sends "!B9F"); of makers that are known for it
 * CRC-16/X.25 too, in either order of its octets. Line ends that were changed on the way are put back for it: the values are the same.
 */
export function checkCrc(bytes: Uint8Array, text: string): CrcCheck {
  const calculated = digits(crc16Arc(bytes));
  if (text === '') return { received: null, calculated, check: 'none-by-form', variant: null };
  if (!/^[0-9a-f]{1,4}$/i.test(text)) return { received: text, calculated, check: 'unreadable', variant: null };
  const value = parseInt(text, 16);
  const received = digits(value);
  const variant = variantOf(bytes, value) ?? firstVariant(withUsualLineEnds(bytes), value);
  if (variant === null) return { received, calculated, check: 'wrong', variant };
  return { received, calculated: received, check: 'ok', variant };
}

/** Which of the two CRC it is; null for none. One more to fit would let one damaged telegram in 65,536 pass. */
function variantOf(bytes: Uint8Array, value: number): CrcCheck['variant'] {
  if (value === crc16Arc(bytes)) return 'arc';
  if (!X25_MAKERS.some(letters => letters.every((letter, i) => bytes[i + 1] === letter))) return null;
  const x25 = fcs16(bytes);
  return value === x25 || value === (((x25 & 0xff) << 8) | (x25 >> 8)) ? 'x25' : null;
}

function firstVariant(texts: Iterable<Uint8Array>, value: number): CrcCheck['variant'] {
  for (const bytes of texts) {
    const variant = variantOf(bytes, value);
    if (variant !== null) return variant;
  }
  return null;
}

/** An encrypted telegram taken apart: `octets` is security control, counter, ciphertext and tag. */
export interface EncryptedFrame {
  /** Empty where the meter sends none (Elgama GAMA 350, Kaifa in Poland). */
  readonly systemTitle: Uint8Array;
  readonly octets: Uint8Array;
}

/**
 * Length in octets of the frame whose system-title length stands at `at`; 'no' when none begins there, 'wait' when more
 * octets are needed to know. Form: 08 title(8) | 00, then 81 ll | 82 hh ll | up to four octets | ll, then security control. The tag DB is
 * no sure start, since it also occurs in the ciphertext; therefore everything of the head has to fit.
 */
export function encryptedFrameLength(
  bytes: { at(index: number): number | undefined },
  at: number,
): number | 'no' | 'wait' {
  const byte = (index: number): number => bytes.at(index) ?? -1;
  const titleLength = byte(at);
  if (titleLength === -1) return 'wait';
  if (titleLength !== 8 && titleLength !== 0) return 'no';
  let next = at + 1 + titleLength;
  const first = byte(next++);
  if (first === -1) return 'wait';
  let length = first;
  if (first > 0x80 && first <= 0x84) {
    length = 0;
    for (let i = 0x80; i < first; i++) {
      const octet = byte(next++);
      if (octet === -1) return 'wait';
      length = length * 256 + octet;
    }
  } else if (first >= 0x80 || titleLength === 0) return 'no';
  if (length < SHORTEST || length > LONGEST) return 'no';
  const control = byte(next);
  if (control === -1) return 'wait';
  // Authenticated, encrypted or both; suite 0 to 2; neither compressed nor by a broadcast key.
  if ((control & 0x30) === 0 || (control & 0xc0) !== 0 || (control & 0x0f) > 2) return 'no';
  return next - at + length;
}

/** Takes a whole frame apart that {@link encryptedFrameLength} has measured. */
export function openFrame(frame: Uint8Array): EncryptedFrame {
  const titleLength = frame[0] as number;
  const first = frame[1 + titleLength] as number;
  const head = 2 + titleLength + (first > 0x80 ? first - 0x80 : 0);
  return { systemTitle: frame.subarray(1, 1 + titleLength), octets: frame.subarray(head) };
}

/**
 * Where in `frame` (from the system-title length on) the next frame of the same meter begins, as an offset of its tag; -1
 * nowhere. Then the first was cut: eight octets of a title do not come again in a ciphertext.
 */
export function nextFrameInside(frame: Uint8Array): number {
  if (frame[0] !== 8) return -1;
  for (let at = frame.indexOf(GLO_TAG, 9); at !== -1; at = frame.indexOf(GLO_TAG, at + 1)) {
    let same = 0;
    while (same < 9 && frame[at + 1 + same] === frame[same]) same++;
    if (same === 9) return at;
  }
  return -1;
}

function digits(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0');
}

/** Letters of the identification, behind "/". */
const X25_MAKERS: readonly (readonly number[])[] = FAMILIES.flatMap(({ makers = [], p1 }) =>
  p1?.crc === 'x25' ? makers.map(maker => [...maker].map(letter => letter.charCodeAt(0))) : [],
);
/** general-glo-ciphering, IEC 62056-5-3. */
export const GLO_TAG = 0xdb;
const SHORTEST = 40;
const LONGEST = 8000;
