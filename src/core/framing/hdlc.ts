// HDLC frames in a stream of bytes, for links and for push. IEC 62056-46, 6.4.
// The rule of the file: a frame ends by its length field; a flag that closes one may open the next.

import type { Check } from './check';
import { checkAt, FLAG, frameOf, MIN_FRAME_LENGTH, readHeader, wrongCheck, type HdlcFrame } from './hdlc-frame';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';
import { FrameStream } from './stream';

export interface HdlcFramed {
  readonly type: 'hdlc';
  readonly frame: HdlcFrame;
}

export interface HdlcFramingOptions {
  /**
   * `strict` drops frames with a wrong HCS or FCS. `warn` lets them pass, their `check` wrong, when the closing flag
   * stands where the length field says (Landis+Gyr ZMF100, captures with 0000: docs/quirks.md#q14).
   */
  readonly crc?: 'strict' | 'warn';
  /** Wait for the closing flag, because who answers before it talks into the meter's last octet. */
  readonly awaitFlag?: boolean;
  /** Bare APDUs may come, too. */
  readonly amongOthers?: boolean;
}

export class HdlcFraming implements Recogniser<HdlcFramed> {
  readonly framing = 'hdlc';
  readonly what = 'hdlc frame';
  readonly starts = [FLAG];
  readonly between = FLAG;
  readonly checked = true;
  readonly #strict: boolean;
  readonly #awaitFlag: boolean;
  readonly #amongOthers: boolean;

  constructor(options: HdlcFramingOptions = {}) {
    this.#strict = options.crc !== 'warn';
    this.#awaitFlag = options.awaitFlag === true;
    this.#amongOthers = options.amongOthers === true;
  }

  look(bytes: Waiting, { final }: Circumstances): Verdict<HdlcFramed> {
    if (bytes.at(1) === FLAG) return { fill: flagsBeforeLast(bytes) };
    if (final && bytes.length === 1) return { fill: 1 };
    const header = readHeader(bytes, 1);
    // One flag may be fill; with an octet of a frame behind it the shortest frame is awaited.
    if (header === 'short') return { need: bytes.length === 1 ? 2 : Math.max(MIN_FRAME_LENGTH + 1, bytes.length + 1) };
    if ('reason' in header) return 'no';
    const { length, controlAt } = header;
    let check: Check = 'ok';
    if (header.hasInformation) {
      if (bytes.length < controlAt + 4) return { need: controlAt + 4 };
      const head = bytes.view(1, controlAt + 4);
      check = checkAt(head, controlAt + 1);
      if (check !== 'ok' && this.#strict) {
        // With a wrong header check nothing is known of a frame, not even its length, unless a flag stands at its end: then
        // no bare APDU is taken out of it.
        const known = this.#amongOthers && bytes.at(length + 1) === FLAG;
        return { damaged: known ? length + 1 : 0, error: wrongCheck(head, controlAt + 1, 'HCS') };
      }
    }
    if (bytes.length < length + 1) return { need: length + 1 };
    const octets = bytes.view(1, length + 1);
    const which = check === 'ok' ? 'FCS' : 'HCS';
    if (check === 'ok') check = checkAt(octets, length - 2);
    const closing = bytes.at(length + 1);
    if (closing === -1 && !final && (this.#awaitFlag || check !== 'ok')) return { need: length + 2 };
    if (check !== 'ok' && (this.#strict || closing !== FLAG)) {
      const error = wrongCheck(octets, which === 'FCS' ? length - 2 : controlAt + 1, which);
      return { damaged: length + (closing === FLAG ? 1 : 2), error };
    }
    const frame = frameOf(octets.slice(), header, check);
    // A flag that closes this frame is left for the next one, where that has none of its own.
    const taken = length + (closing === FLAG && bytes.at(length + 2) === FLAG ? 2 : 1);
    return { frame: { type: 'hdlc', frame }, octets: taken };
  }
}

/** A line that carries nothing but HDLC. */
export function hdlcStream(crc: 'strict' | 'warn' = 'strict'): FrameStream<HdlcFramed> {
  const outside = { code: 'HDLC_FRAME', reason: 'bytes outside any frame' } as const;
  return new FrameStream([new HdlcFraming({ crc, awaitFlag: true })], { outside });
}

/** The last one may open a frame. */
function flagsBeforeLast(waiting: Waiting): number {
  const bytes = waiting.view();
  let n = 1;
  while (n + 1 < bytes.length && bytes[n + 1] === FLAG) n++;
  return n;
}
