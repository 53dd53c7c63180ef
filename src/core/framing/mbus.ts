// Wired M-Bus frames in a stream of bytes: long ones, and what a master and its meters say between them. EN 13757-2, 5.5.
// The rule of the file: a long frame counts only when both length octets, the stop octet and the check sum fit.

import type { Detail } from '../wire/errors';
import type { Check } from './check';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';

export interface MbusFramed {
  readonly type: 'mbus';
  /** The whole long frame, from 68 to 16; its segments are joined by MbusJoiner. */
  readonly octets: Uint8Array;
}

export class MbusFraming implements Recogniser<MbusFramed> {
  readonly framing = 'mbus';
  readonly what = 'm-bus frame';
  readonly starts = [LONG, SHORT, ACKNOWLEDGE];
  readonly startsAmidNoise = [LONG];
  readonly checked = true;
  /** A frame of this source has come. */
  #seen = false;

  look(bytes: Waiting, how: Circumstances): Verdict<MbusFramed> {
    const first = bytes.at(0);
    if (first !== LONG) return how.fresh ? this.#between(bytes, how.final) : 'no';
    const field = bytes.at(1);
    if (bytes.length < 4) return bytes.length > 2 && bytes.at(2) !== field ? 'no' : { need: 4 };
    if (bytes.at(2) !== field || bytes.at(3) !== LONG) return 'no';
    // Sagemcom T210-D (Netz NÖ, EVN), older firmware: 257 octets are announced as 01 01 (docs/quirks.md#q22).
    const lengths = field < SHORTEST ? [field + 256] : [field, field + 256];
    let error: Detail | null = null;
    for (const length of lengths) {
      const end = length + OVERHEAD;
      if (bytes.length < end) {
        if (error !== null && (how.final || error.code === 'MBUS_CHECKSUM' || startsAt(bytes, field + OVERHEAD))) break;
        return { need: end };
      }
      if (bytes.at(end - 1) !== STOP) {
        error ??= { code: 'MBUS_FRAME', reason: `no stop octet after ${length} octets` };
        continue;
      }
      const octets = bytes.view(4, end - 1);
      if (checkOf(octets) === 'ok') {
        this.#seen = true;
        return { frame: { type: 'mbus', octets: bytes.copy(0, end) }, octets: end };
      }
      error = { code: 'MBUS_CHECKSUM', got: octets[length] as number, want: checksum(octets, length) };
    }
    return { damaged: (lengths[0] as number) + OVERHEAD, error: error ?? NO_FRAME };
  }

  /** The master's short frames (SND_NKE, REQ_UD2) and the acknowledgement of a meter, which carry nothing. */
  #between(bytes: Waiting, final: boolean): Verdict<MbusFramed> {
    const second = bytes.at(1);
    if (bytes.at(0) === ACKNOWLEDGE) {
      if (this.#seen || second === LONG || second === SHORT) return { fill: 1 };
      return second === -1 && !final ? { need: 2 } : 'no';
    }
    if (bytes.length < SHORT_OCTETS) return final ? 'no' : { need: SHORT_OCTETS };
    if (bytes.at(4) !== STOP || checkOf(bytes.view(1, 4)) !== 'ok') return 'no';
    this.#seen = true;
    return { fill: SHORT_OCTETS };
  }
}

/** What the check sum says: the last one of the octets, over all in front of it. */
function checkOf(octets: Uint8Array): Check {
  const end = octets.length - 1;
  return checksum(octets, end) === octets[end] ? 'ok' : 'wrong';
}

/** Of C to the last octet of the data. */
export function checksum(octets: Uint8Array, end = octets.length): number {
  let sum = 0;
  for (let at = 0; at < end; at++) sum += octets[at] as number;
  return sum & 0xff;
}

/** Does another frame begin there? Then the one in front is not 256 octets longer than it says. */
function startsAt(bytes: Waiting, index: number): boolean {
  return bytes.at(index) === LONG && bytes.at(index + 3) === LONG && bytes.at(index + 1) === bytes.at(index + 2);
}

export const LONG = 0x68;
export const STOP = 0x16;
const SHORT = 0x10;
const SHORT_OCTETS = 5; /* 10 C A CS 16 */
const ACKNOWLEDGE = 0xe5;
const OVERHEAD = 6; /* 68 L L 68 … CS 16 */
const SHORTEST = 5; /* C, A, CI, STSAP, DTSAP */
const NO_FRAME: Detail = { code: 'MBUS_FRAME', reason: 'no frame' };
