// A stream of bytes to HDLC frames, for polling and for push.
// The rule of the file: frames end by their length field; after a failure the search goes on at the byte after the
// failed opening flag, and every byte ends in a frame, in a `dropped` event, or is a flag.

import type { Detail } from '../wire/errors';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { FLAG, MAX_FRAME_LENGTH, frameOf, readHeader, wrongCheck, type HdlcFrame } from '../framing/hdlc-frame';
import { Noise, type Dropped } from '../framing/noise';

export type HdlcDeframed = { readonly type: 'frame'; readonly frame: HdlcFrame } | Dropped;

export interface HdlcDeframerOptions {
  /**
   * `strict` drops frames with a wrong HCS or FCS. `warn` lets them pass, marked `crcOk: false`, when the closing flag
   * stands where the length field says (quirk Q14: Landis+Gyr ZMF100 and captures with 0000).
   */
  readonly crc?: 'strict' | 'warn';
}

export class HdlcDeframer {
  readonly #buffer = new ReceiveBuffer(2 * SLICE + MAX_FRAME_LENGTH);
  readonly #noise = new Noise();
  readonly #strict: boolean;
  /** Below this many buffered bytes another look cannot find anything new. */
  #need = 0;
  /** Bytes taken from the stream so far, and the count at which a damaged frame is over and can be reported. */
  #taken = 0;
  #reportAt = Infinity;

  constructor(options: HdlcDeframerOptions = {}) {
    this.#strict = options.crc !== 'warn';
  }

  /** Is an unfinished frame waiting for more bytes? */
  get unfinished(): boolean {
    return this.#buffer.length > 1;
  }

  receive(chunk: Uint8Array): readonly HdlcDeframed[] {
    const buffer = this.#buffer;
    if (buffer.length + chunk.length < this.#need) {
      buffer.push(chunk);
      return NOTHING;
    }
    const out: HdlcDeframed[] = [];
    for (let at = 0; at < chunk.length; at += SLICE) {
      buffer.push(chunk.length <= SLICE ? chunk : chunk.subarray(at, at + SLICE));
      if (buffer.length >= this.#need) this.#scan(false, out);
    }
    return out;
  }

  /** The line fell silent: a whole frame that lacks only its closing flag is taken, the rest is dropped as incomplete. */
  flush(): readonly HdlcDeframed[] {
    const out: HdlcDeframed[] = [];
    this.#scan(true, out);
    this.#noise.release(out);
    return out;
  }

  /** Forgets everything that waits. */
  reset(): void {
    this.#buffer.clear();
    this.#noise.clear();
    this.#need = 0;
    this.#reportAt = Infinity;
  }

  #scan(final: boolean, out: HdlcDeframed[]): void {
    const buffer = this.#buffer;
    this.#need = 0;
    while (buffer.length > 0) {
      if (this.#taken >= this.#reportAt) this.#report(out);
      if (buffer.at(0) !== FLAG) {
        const flag = buffer.indexOf(FLAG);
        this.#drop(flag === -1 ? buffer.length : flag, NO_FLAG, out);
        continue;
      }
      if (buffer.at(1) === FLAG || (final && buffer.length === 1)) {
        this.#take(1);
        continue;
      }
      const found = this.#frameAtFront(final);
      if (found === 'wait') return;
      if ('frame' in found) {
        this.#noise.release(out);
        this.#reportAt = Infinity;
        out.push(found);
      } else {
        const flag = buffer.indexOf(FLAG, 1);
        this.#drop(flag === -1 ? buffer.length : flag, found, out);
      }
    }
    if (this.#taken >= this.#reportAt) this.#report(out);
  }

  /** The frame behind the flag at the front (then taken), why there is none, or that more bytes must come. */
  #frameAtFront(final: boolean): { type: 'frame'; frame: HdlcFrame } | 'wait' | Detail {
    const buffer = this.#buffer;
    const header = readHeader(buffer, 1);
    if (header === 'short') return this.#incomplete(final, buffer.length + 1);
    if ('reason' in header) return { code: 'HDLC_FRAME', reason: header.reason };

    const { length, controlAt } = header;
    const headerEnd = controlAt + 1;
    let wrong = null;
    if (header.hasInformation) {
      if (buffer.length < headerEnd + 3) return this.#incomplete(final, headerEnd + 3);
      wrong = wrongCheck(buffer.view(1, headerEnd + 3), headerEnd, 'HCS');
      // A wrong header check ends the try here, so that noise never makes us wait for 2047 bytes.
      if (wrong !== null && this.#strict) return wrong;
    }
    if (buffer.length < length + 1) return this.#incomplete(final, length + 1);
    const closing = buffer.at(length + 1);
    // The closing flag is awaited, because who answers before it talks into the meter's last octet.
    if (closing === -1 && !final) return this.#incomplete(false, length + 2);
    wrong ??= wrongCheck(buffer.view(1, length + 1), length - 2, 'FCS');
    if (wrong !== null && this.#strict) {
      if (closing === FLAG) this.#reportAt = Math.min(this.#reportAt, this.#taken + length + 1);
      return wrong;
    }
    if (wrong !== null && closing !== FLAG) return wrong;
    this.#take(1);
    this.#taken += length;
    return { type: 'frame', frame: frameOf(buffer.take(length), header, wrong === null) };
  }

  #incomplete(final: boolean, need: number): 'wait' | Detail {
    if (final) return { code: 'INCOMPLETE', what: 'hdlc frame', have: this.#buffer.length };
    this.#need = need;
    return 'wait';
  }

  #take(n: number): void {
    this.#buffer.drop(n);
    this.#taken += n;
  }

  #drop(n: number, reason: Detail, out: HdlcDeframed[]): void {
    this.#taken += n;
    this.#noise.add(this.#buffer, n, reason, reason.code !== 'HDLC_FRAME', out);
  }

  #report(out: HdlcDeframed[]): void {
    this.#reportAt = Infinity;
    this.#noise.release(out);
  }
}

const NOTHING: readonly HdlcDeframed[] = [];
const SLICE = 2048;
const NO_FLAG: Detail = { code: 'HDLC_FRAME', reason: 'bytes outside any frame' };
