// HDLC frames in a stream of bytes, for links and for push. IEC 62056-46, 6.4.
// The rule of the file: a frame ends by its length field; a flag that closes one may open the next.

import { FLAG, frameOf, readHeader, wrongCheck, type HdlcFrame } from './hdlc-frame';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';
import { FrameStream } from './stream';

export interface HdlcFramed {
  readonly type: 'hdlc';
  readonly frame: HdlcFrame;
}

export interface HdlcFramingOptions {
  /**
   * `strict` drops frames with a wrong HCS or FCS. `warn` lets them pass, marked `crcOk: false`, when the closing flag
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
    if (header === 'short') return { need: bytes.length + 1 };
    if ('reason' in header) return 'no';
    const { length, controlAt } = header;
    let wrong = null;
    if (header.hasInformation) {
      if (bytes.length < controlAt + 4) return { need: controlAt + 4 };
      wrong = wrongCheck(bytes.view(1, controlAt + 4), controlAt + 1, 'HCS');
      // With a wrong header check nothing is known of a frame, not even its length, unless a flag stands at its end: then
      // no bare APDU is taken out of it.
      const known = this.#amongOthers && bytes.at(length + 1) === FLAG;
      if (wrong !== null && this.#strict) return { damaged: known ? length + 1 : 0, error: wrong };
    }
    if (bytes.length < length + 1) return { need: length + 1 };
    wrong ??= wrongCheck(bytes.view(1, length + 1), length - 2, 'FCS');
    const closing = bytes.at(length + 1);
    if (closing === -1 && !final && (this.#awaitFlag || wrong !== null)) return { need: length + 2 };
    if (wrong !== null && (this.#strict || closing !== FLAG)) {
      return { damaged: length + (closing === FLAG ? 1 : 2), error: wrong };
    }
    const frame = frameOf(bytes.view(1, length + 1).slice(), header, wrong === null);
    // A flag that closes this frame is left for the next one, where that has none of its own.
    const octets = length + (closing === FLAG && bytes.at(length + 2) === FLAG ? 2 : 1);
    return { frame: { type: 'hdlc', frame }, octets };
  }
}

/** A line that carries nothing but HDLC. */
export function hdlcStream(crc: 'strict' | 'warn' = 'strict'): FrameStream<HdlcFramed> {
  const outside = { code: 'HDLC_FRAME', reason: 'bytes outside any frame' } as const;
  return new FrameStream([new HdlcFraming({ crc, awaitFlag: true })], { outside });
}

/** The last one may open a frame. */
function flagsBeforeLast(bytes: Waiting): number {
  let n = 1;
  while (bytes.at(n + 1) === FLAG) n++;
  return n;
}
