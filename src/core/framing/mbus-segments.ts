// APDUs longer than one M-Bus frame: joined by their CI fields, and cut for sending. EN 13757-3, 5.2.
// The rule of the file: parts are never joined across a gap, and what is thrown away comes out as a problem.

import { told, type DlmsError, type Detail } from '../wire/errors';
import { concat, joined } from '../wire/hex';
import { checksum, LONG, STOP } from './mbus';

export type MbusJoined =
  | { readonly type: 'apdu'; readonly bytes: Uint8Array }
  /** Frames that came whole but do not make a message. */
  | { readonly type: 'problem'; readonly error: DlmsError; readonly bytes: Uint8Array };

/** Give it every long frame of the stream in order. */
export class MbusJoiner {
  /** Parts of the message being joined; the next segment number is their count. */
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(readonly limitBytes = 65_536) {}

  /** Octets of an unfinished message; a part without any counts as one. */
  get pendingBytes(): number {
    return this.#size;
  }

  /** A whole frame whose check sum fits. */
  receive(frame: Uint8Array): MbusJoined[] {
    const out: MbusJoined[] = [];
    const user = frame.subarray(4, -2);
    const ci = user[2] as number;
    if (ci > MAX_CI) {
      const reason = `CI 0x${ci.toString(16)} carries no DLMS; this is another M-Bus application`;
      out.push({ type: 'problem', error: told({ code: 'MBUS_FRAME', reason }), bytes: frame });
      return out;
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
      out.push({ type: 'apdu', bytes: joined(this.#parts) });
      this.reset();
    }
    return out;
  }

  /** The line fell silent. */
  flush(): MbusJoined[] {
    const out: MbusJoined[] = [];
    if (this.#parts.length > 0) this.#fail(out, { code: 'INCOMPLETE', what: 'm-bus message', have: this.#size });
    return out;
  }

  reset(): void {
    this.#parts = [];
    this.#size = 0;
  }

  #fail(out: MbusJoined[], detail: Detail): void {
    out.push({ type: 'problem', error: told(detail), bytes: joined(this.#parts) });
    this.reset();
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
    frames.push(concat(Uint8Array.of(LONG, length, length, LONG), user, Uint8Array.of(checksum(user), STOP)));
  }
  return frames;
}

const HEADER = 5; /* C, A, CI, STSAP, DTSAP */
/** CI 00..1F: DLMS with the transport layer of EN 13757-3; bit 4 marks the last segment, the low nibble counts. */
const MAX_CI = 0x1f;
const LAST = 0x10;
