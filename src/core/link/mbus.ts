// Wired M-Bus long frames that carry pushed APDUs: deframing, joining by CI, and cutting. EN 13757-2, 5.5; EN 13757-3, 5.2.
// The rule of the file: a frame counts only when both length octets, the stop octet and the checksum fit.

import { DlmsError, type Detail } from '../wire/errors';
import { concat, joined } from '../wire/hex';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { Noise, type Dropped } from '../framing/noise';

export type MbusDeframed =
  | { readonly type: 'apdu'; readonly bytes: Uint8Array; readonly address: number }
  /** Frames that came whole but do not make a message. */
  | { readonly type: 'problem'; readonly error: DlmsError; readonly bytes: Uint8Array }
  | Dropped;

export class MbusDeframer {
  readonly #buffer = new ReceiveBuffer(2 * SLICE + MAX_FRAME);
  readonly #noise = new Noise();
  #need = 0;
  /** Parts of the message being joined; the next segment number is their count. */
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(readonly limitBytes = 65_536) {}

  /** Bytes or segments that wait for more. */
  get unfinished(): boolean {
    return this.#buffer.length > 0 || this.#parts.length > 0;
  }

  receive(chunk: Uint8Array): readonly MbusDeframed[] {
    const buffer = this.#buffer;
    if (buffer.length + chunk.length < this.#need) {
      buffer.push(chunk);
      return NOTHING;
    }
    const out: MbusDeframed[] = [];
    for (let at = 0; at < chunk.length; at += SLICE) {
      buffer.push(chunk.length <= SLICE ? chunk : chunk.subarray(at, at + SLICE));
      if (buffer.length >= this.#need) this.#scan(false, out);
    }
    return out;
  }

  /** The line fell silent: what is unfinished is dropped as incomplete. */
  flush(): MbusDeframed[] {
    const out: MbusDeframed[] = [];
    this.#scan(true, out);
    this.#noise.release(out);
    if (this.#parts.length > 0) this.#fail(out, { code: 'INCOMPLETE', what: 'm-bus message', have: this.#size });
    return out;
  }

  reset(): void {
    this.#buffer.clear();
    this.#noise.clear();
    this.#need = 0;
    this.#parts = [];
    this.#size = 0;
  }

  #scan(final: boolean, out: MbusDeframed[]): void {
    const buffer = this.#buffer;
    this.#need = 0;
    while (buffer.length > 0) {
      if (buffer.at(0) !== START) {
        const start = buffer.indexOf(START);
        this.#noise.add(buffer, start === -1 ? buffer.length : start, NO_START, false, out);
        continue;
      }
      const length = this.#lengthAtFront(final);
      if (length === 'wait') return;
      if (typeof length !== 'number') {
        const start = buffer.indexOf(START, 1);
        this.#noise.add(buffer, start === -1 ? buffer.length : start, length, length.code !== 'MBUS_FRAME', out);
        continue;
      }
      this.#noise.release(out);
      const frame = buffer.take(length + OVERHEAD);
      this.#join(frame, frame.subarray(4, 4 + length), out);
    }
  }

  /** Number of octets from C to the last data octet of the frame at the front. */
  #lengthAtFront(final: boolean): number | 'wait' | Detail {
    const buffer = this.#buffer;
    if (buffer.length < 4) {
      const possible = buffer.length < 3 || buffer.at(1) === buffer.at(2);
      if (!possible) return NO_HEADER;
      return final ? { code: 'INCOMPLETE', what: 'm-bus frame', have: buffer.length } : 'wait';
    }
    const field = buffer.at(1);
    if (buffer.at(2) !== field || buffer.at(3) !== START) return NO_HEADER;
    // Sagemcom T210-D (Netz NÖ, EVN), older firmware: 257 octets are announced as 01 01 (quirk Q22).
    let wrong: Detail | null = null;
    for (const length of field < HEADER ? [field + 256] : [field, field + 256]) {
      const end = length + OVERHEAD;
      if (buffer.length < end) {
        if (final || (wrong !== null && this.#startsAt(field + OVERHEAD))) {
          return wrong ?? { code: 'INCOMPLETE', what: 'm-bus frame', have: buffer.length };
        }
        this.#need = end;
        return 'wait';
      }
      if (buffer.at(end - 1) !== STOP) {
        wrong ??= { code: 'MBUS_FRAME', reason: `no stop octet after ${length} octets` };
        continue;
      }
      const want = checksum(buffer.view(4, 4 + length));
      const got = buffer.at(end - 2);
      if (got === want) return length;
      wrong = { code: 'MBUS_CHECKSUM', got, want };
    }
    return wrong ?? NO_HEADER;
  }

  /** Does another frame begin there? Then the one in front is not 256 octets longer than it says. */
  #startsAt(index: number): boolean {
    const { length } = this.#buffer;
    const at = (i: number): number => this.#buffer.at(index + i);
    return index + 4 <= length && at(0) === START && at(3) === START && at(1) === at(2);
  }

  #join(frame: Uint8Array, user: Uint8Array, out: MbusDeframed[]): void {
    const ci = user[2] as number;
    const address = user[1] as number;
    if (ci > MAX_CI) {
      const reason = `CI 0x${ci.toString(16)} carries no DLMS; this is another M-Bus application`;
      out.push({ type: 'problem', error: new DlmsError({ code: 'MBUS_FRAME', reason }), bytes: frame });
      return;
    }
    const got = ci & 0x0f;
    if (got === 0 && (this.#parts.length & 0x0f) !== 0) {
      this.#fail(out, { code: 'SEGMENT_LOST', layer: 'mbus', expected: this.#parts.length, got });
    }
    const expected = this.#parts.length & 0x0f;
    const data = user.subarray(HEADER);
    this.#parts.push(data);
    this.#size += Math.max(1, data.length);
    if (got !== expected) this.#fail(out, { code: 'SEGMENT_LOST', layer: 'mbus', expected, got });
    else if (this.#size > this.limitBytes) {
      const limit = this.limitBytes;
      this.#fail(out, { code: 'LIMIT_EXCEEDED', what: 'm-bus message', limit, actual: this.#size });
    } else if ((ci & LAST) !== 0) {
      out.push({ type: 'apdu', bytes: joined(this.#parts), address });
      this.#parts = [];
      this.#size = 0;
    }
  }

  #fail(out: MbusDeframed[], detail: Detail): void {
    out.push({ type: 'problem', error: new DlmsError(detail), bytes: joined(this.#parts) });
    this.#parts = [];
    this.#size = 0;
  }
}

/** An APDU as long frames, as a meter pushes it. `maxData` 1..250: octets of the APDU in one frame. */
export function mbusFrames(apdu: Uint8Array, maxData = 245, address = 0xff): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0, n = 0; at < apdu.length || n === 0; at += maxData, n++) {
    const data = apdu.subarray(at, at + maxData);
    const last = at + maxData >= apdu.length ? LAST : 0;
    const user = concat(Uint8Array.of(0x53, address, last | (n & 0x0f), 0x01, 0x67), data);
    const length = user.length & 0xff;
    frames.push(concat(Uint8Array.of(START, length, length, START), user, Uint8Array.of(checksum(user), STOP)));
  }
  return frames;
}

function checksum(octets: Uint8Array): number {
  let sum = 0;
  for (const octet of octets) sum += octet;
  return sum & 0xff;
}

const START = 0x68;
const STOP = 0x16;
const OVERHEAD = 6; /* 68 L L 68 … CS 16 */
const HEADER = 5; /* C, A, CI, STSAP, DTSAP */
const MAX_FRAME = 511 + OVERHEAD;
/** CI 00..1F: DLMS with the transport layer of EN 13757-3; bit 4 marks the last segment, the low nibble counts. */
const MAX_CI = 0x1f;
const LAST = 0x10;
const SLICE = 1024;
const NOTHING: readonly MbusDeframed[] = [];
const NO_START: Detail = { code: 'MBUS_FRAME', reason: 'bytes outside any frame' };
const NO_HEADER: Detail = { code: 'MBUS_FRAME', reason: '68 without a second length and a second 68' };
