// What a line or a gateway did to bytes that fit no frame: parity read as data, line ends converted, octets doubled by telnet.
// The rule of the file: it names what the bytes show, and nothing where they do not; no frame is made of a guess.

import { told, type DlmsError, type Code, type Detail } from '../wire/errors';
import { evenParity } from './check';

/** Judges the bytes of one source that belonged to no frame, since its last good one. */
export class LineFault {
  #octets = 0;
  #odd = 0;

  /** A good frame came: the line is as it should be. */
  clear(): void {
    this.#octets = this.#odd = 0;
  }

  /** The error for bytes that were dropped: the given one, or the one that names what the line did. */
  of(error: DlmsError, bytes: Uint8Array): DlmsError {
    if (!OF_THE_LINE.has(error.code)) return error;
    const { octets, odd } = countOf(bytes);
    this.#octets += octets;
    this.#odd += odd;
    if (isOdd(this.#octets, this.#odd)) return told({ code: 'WRONG_PARITY', reason: WITHOUT_PARITY });
    const frame = bytes[0] === FLAG ? 'HDLC_FRAME' : bytes[0] === MBUS_START ? 'MBUS_FRAME' : null;
    const reason = frame === null ? null : conversionIn(bytes);
    return frame === null || reason === null ? error : told({ code: frame, reason } as Detail);
  }
}

/** Whether bytes that just came are those of a line with even parity that is read without it: the even ones are missing. */
export function lacksParity(bytes: Uint8Array): boolean {
  const { octets, odd } = countOf(bytes);
  return isOdd(octets, odd);
}

function countOf(bytes: Uint8Array): { readonly octets: number; readonly odd: number } {
  let octets = 0;
  let odd = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    // A framing error may be handed over as zero.
    if (byte === 0) continue;
    octets++;
    if (!evenParity(byte)) odd++;
  }
  return { octets, odd };
}

function isOdd(octets: number, odd: number): boolean {
  return octets >= ENOUGH && odd >= octets - octets / GARBLED_OF;
}

/** Which conversion the bytes of a damaged binary frame show; null for none. */
function conversionIn(bytes: Uint8Array): string | null {
  if (always(bytes, LF, (at, b) => b[at - 1] === CR))
    return 'each 0A has a 0D in front: a gateway in text mode; set it to raw';
  if (always(bytes, CR, (at, b) => b[at + 1] === 0 || b[at + 1] === LF)) {
    return 'each 0D has a 00 behind: a gateway that speaks telnet; set it to raw';
  }
  if (doubled(bytes, IAC)) return 'each FF came twice: a gateway that speaks telnet; set it to raw';
  const octet = convertedIn(bytes);
  return octet === null ? null : `its check fits with ${octet}: a gateway in text mode; set it to raw`;
}

/** Twice at least, and without an exception; once may be chance. */
function always(bytes: Uint8Array, octet: number, is: (at: number, bytes: Uint8Array) => boolean): boolean {
  let count = 0;
  for (let at = bytes.indexOf(octet); at !== -1; at = bytes.indexOf(octet, at + 1)) {
    if (at === bytes.length - 1 && octet === CR) break;
    if (!is(at, bytes)) return false;
    count++;
  }
  return count >= 2;
}

/** All runs of the octet are even, and there are two pairs at least. */
function doubled(bytes: Uint8Array, octet: number): boolean {
  let pairs = 0;
  for (let at = bytes.indexOf(octet); at !== -1 && at < bytes.length - 1; at = bytes.indexOf(octet, at + 2)) {
    if (bytes[at + 1] !== octet) return false;
    pairs++;
  }
  return pairs >= 2;
}

/** Of an HDLC frame: the octet that was lost or turned into the other one, proven by its frame check. */
function convertedIn(bytes: Uint8Array): string | null {
  if (bytes[0] !== FLAG) return null;
  const length = (((bytes[1] ?? 0) & 7) << 8) | (bytes[2] ?? 0);
  const whole = bytes.subarray(1, length + 1);
  if (whole.length === length) {
    if (fitsWith(whole, LF, [CR])) return '0D in place of 0A';
    if (fitsWith(whole, CR, [LF])) return '0A in place of 0D';
  }
  // Some octets short: the closing flag stands where the frame check should end, or was left for the next frame.
  for (let lost = Math.max(1, length + 1 - bytes.length); lost <= MOST_LOST && length - lost >= SHORTEST - 1; lost++) {
    const end = length + 1 - lost;
    if ((bytes[end] ?? FLAG) !== FLAG) continue;
    const came = bytes.subarray(1, end);
    if (lost === 1 && lacksCr(came)) return 'a 0D put back';
    if (lost > 1 && fitsWith(came, LF, [CR, LF], lost)) return `a 0D put back in front of ${lost} of its 0A`;
  }
  return null;
}

/**
 * Whether the frame check fits where `count` of these octets were others, or any number of them. Of more choices than a few one
 * would fit by chance, so that no more are tried.
 */
function fitsWith(frame: Uint8Array, octet: number, sent: readonly number[], count = 0): boolean {
  let choices = FEW;
  const fits = (state: number, from: number, changed: number): boolean => {
    if (choices === 0) return false;
    const at = changed > 0 && changed === count ? -1 : frame.indexOf(octet, from);
    const here = stateBehind(frame.subarray(from, at === -1 ? frame.length : at), state);
    if (at === -1) {
      choices--;
      return changed > 0 && changed >= count && here === RESIDUE;
    }
    return fits(stateBehind(sent, here), at + 1, changed + 1) || fits(fcsState(here, octet), at + 1, changed);
  };
  return fits(0xffff, 0, 0);
}

function stateBehind(octets: ArrayLike<number>, state: number): number {
  for (let at = 0; at < octets.length; at++) state = fcsState(state, octets[at] as number);
  return state;
}

/** Whether the frame check fits with a 0D somewhere in it: its states from both ends have to meet around that octet. */
function lacksCr(frame: Uint8Array): boolean {
  const wanted = new Uint16Array(frame.length + 1);
  wanted[frame.length] = RESIDUE;
  for (let at = frame.length - 1; at >= 0; at--) wanted[at] = undone(wanted[at + 1] as number, frame[at] as number);
  let state = 0xffff;
  for (let at = 0; at < frame.length; at++) {
    if (at >= 2 && undone(wanted[at] as number, CR) === state) return true;
    state = fcsState(state, frame[at] as number);
  }
  return false;
}

/** The state of the FCS-16 behind one more octet. */
function fcsState(state: number, octet: number): number {
  let next = state ^ octet;
  for (let bit = 0; bit < 8; bit++) next = (next >> 1) ^ (next & 1 ? POLYNOMIAL : 0);
  return next;
}

/** The state in front of the octet behind which it is `state`. */
function undone(state: number, octet: number): number {
  let before = state;
  for (let bit = 0; bit < 8; bit++) before = before & 0x8000 ? ((before ^ POLYNOMIAL) << 1) | 1 : before << 1;
  return (before ^ octet) & 0xffff;
}

const OF_THE_LINE: ReadonlySet<Code> = new Set<Code>([
  'NO_FRAME',
  'INCOMPLETE',
  'HDLC_FCS',
  'HDLC_FRAME',
  'MBUS_CHECKSUM',
  'MBUS_FRAME',
  'WRAPPER_HEADER',
]);
const WITHOUT_PARITY =
  'every octet that came has an odd number of one bits, as on a line with even parity (8E1) that is read without it (8N1)';
const CR = 0x0d;
const LF = 0x0a;
const IAC = 0xff;
const FLAG = 0x7e;
const MBUS_START = 0x68;
const ENOUGH = 24;
/** One octet in so many may be garbled. */
const GARBLED_OF = 20;
const FEW = 64;
/** A frame that lost more is told as any that does not fit. */
const MOST_LOST = 64;
const SHORTEST = 9;
/** Of the FCS-16, lowest bit first, and its state behind a frame and its check. RFC 1662, C. */
const POLYNOMIAL = 0x8408;
const RESIDUE = 0xf0b8;
