// Messages longer than one frame: joined by the segmentation bit, and cut for sending. IEC 62056-46, 6.4.4.
// The rule of the file: parts are never joined across a gap, and what is thrown away comes out as a problem.

import { told, type DlmsError } from '../wire/errors';
import { concat, equalBytes, joined } from '../wire/hex';
import { encodeHdlcFrame, type HdlcFrame } from './hdlc-frame';
import { sameStation } from './hdlc-address';

export type Joined =
  | {
      readonly type: 'apdu';
      /** Whole and without LLC. */
      readonly bytes: Uint8Array;
      /** Frames it came in. */
      readonly segments: number;
    }
  | { readonly type: 'problem'; readonly error: DlmsError; readonly bytes: Uint8Array };

/** Joins pushed frames (UI, or I without a link). Give it every frame of the stream in order. */
export class SegmentJoiner {
  #open: Assembly | null = null;
  /** After a gap the rest of that message is thrown away. */
  #skipping: HdlcFrame | null = null;

  constructor(readonly limitBytes = 65_536) {}

  /** Bytes of an unfinished message. */
  get pendingBytes(): number {
    return this.#open?.size ?? 0;
  }

  receive(frame: HdlcFrame): Joined[] {
    const out: Joined[] = [];
    if (frame.information.length === 0) return out;
    const { body, starts } = stripLlc(frame.information);
    let open = this.#open;
    if (open !== null && (starts || !continues(open.last, frame))) {
      this.#fail(out, { code: 'INCOMPLETE', what: 'segmented hdlc message', have: open.size });
      open = null;
    }
    if (open === null && this.#skipping !== null) {
      if (!starts && continues(this.#skipping, frame)) {
        this.#skipping = frame.segmented ? frame : null;
        out.push({ type: 'problem', bytes: body, error: lost(0, ns(frame) ?? 0) });
        return out;
      }
      this.#skipping = null;
    }
    if (open !== null && repeats(open, frame, body)) return out;
    if (open !== null) {
      const expected = (open.first + open.parts.length) & 7;
      const got = ns(frame);
      // UI frames carry no number, and Hexing meters never count up: only a number that moves can show a gap.
      if (got !== null && got !== expected && got !== open.first) {
        open.parts.push(body);
        open.size += Math.max(1, body.length);
        this.#fail(out, { code: 'SEGMENT_LOST', layer: 'hdlc', expected, got });
        this.#skipping = frame.segmented ? frame : null;
        return out;
      }
    }
    open ??= { first: ns(frame) ?? 0, parts: [], size: 0, last: frame };
    open.parts.push(body);
    open.size += Math.max(1, body.length);
    open.last = frame;
    this.#open = open;
    if (open.size > this.limitBytes) {
      const limit = this.limitBytes;
      this.#fail(out, { code: 'LIMIT_EXCEEDED', what: 'segmented hdlc message', limit, actual: open.size });
      this.#skipping = frame.segmented ? frame : null;
    } else if (!frame.segmented) {
      this.#open = null;
      const segments = open.parts.length;
      out.push({ type: 'apdu', bytes: joined(open.parts), segments });
    }
    return out;
  }

  /** A damaged frame was dropped by the deframer: an unfinished message has lost a part. */
  gap(): Joined[] {
    const out: Joined[] = [];
    const open = this.#open;
    if (open === null) return out;
    const expected = open.parts.length;
    this.#fail(out, { code: 'SEGMENT_LOST', layer: 'hdlc', expected, got: expected + 1 });
    this.#skipping = open.last;
    return out;
  }

  /** The line fell silent. */
  flush(): Joined[] {
    const out: Joined[] = [];
    if (this.#open !== null) {
      this.#fail(out, { code: 'INCOMPLETE', what: 'segmented hdlc message', have: this.#open.size });
    }
    this.#skipping = null;
    return out;
  }

  reset(): void {
    this.#open = null;
    this.#skipping = null;
  }

  #fail(out: Joined[], detail: DlmsError['detail']): void {
    out.push({ type: 'problem', error: told(detail), bytes: joined(this.#open?.parts ?? []) });
    this.#open = null;
  }
}

interface Assembly {
  /** N(S) of the first frame; 0 for UI. */
  readonly first: number;
  readonly parts: Uint8Array[];
  size: number;
  last: HdlcFrame;
}

/**
 * The information field without its LLC header. Only the first frame of a message should carry one, some captures have
 * it in each (docs/quirks.md#q9); so `starts` is true only when an APDU begins right behind it.
 */
export function stripLlc(information: Uint8Array): { readonly body: Uint8Array; readonly starts: boolean } {
  const [a, b, c] = information;
  if (a !== 0xe6 || (b !== 0xe6 && b !== 0xe7) || c !== 0) return { body: information, starts: false };
  return { body: information.subarray(3), starts: PUSHED_TAGS.has(information[3] ?? 0) };
}

/** LLC of IEC 62056-46, 6.3: destination, source (command or response), quality. */
export const LLC_COMMAND = Uint8Array.of(0xe6, 0xe6, 0x00);
export const LLC_RESPONSE = Uint8Array.of(0xe6, 0xe7, 0x00);

/** An APDU cut into information fields, LLC in front. */
export function cutSegments(llc: Uint8Array, apdu: Uint8Array, maxInformation: number): Uint8Array[] {
  const all = concat(llc, apdu);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += maxInformation) parts.push(all.subarray(at, at + maxInformation));
  return parts;
}

/** An APDU as UI frames, as meters push it. Intermediate frames have the final bit 0 (Iskraemeco). */
export function pushFrames(
  apdu: Uint8Array,
  options: { destination: Uint8Array; source: Uint8Array; maxInformation?: number; llc?: Uint8Array },
): Uint8Array[] {
  const parts = cutSegments(options.llc ?? LLC_RESPONSE, apdu, options.maxInformation ?? 2030);
  return parts.map((information, i) => {
    const segmented = i < parts.length - 1;
    const { destination, source } = options;
    return encodeHdlcFrame({ destination, source, segmented, information, control: { type: 'UI', pf: !segmented } });
  });
}

function continues(last: HdlcFrame, frame: HdlcFrame): boolean {
  return (
    (last.control.type === 'I') === (frame.control.type === 'I') &&
    sameStation(last.source, frame.source) &&
    sameStation(last.destination, frame.destination)
  );
}

/**
 * A part sent twice: an intermediate UI frame with the very octets of the one before. UI frames carry no number, and joining
 * it twice would move all that follows to other places. Short parts may well be equal.
 */
function repeats(open: Assembly, frame: HdlcFrame, body: Uint8Array): boolean {
  const before = open.parts[open.parts.length - 1];
  if (frame.control.type !== 'UI' || before === undefined || body.length < SHORTEST_REPEATED) return false;
  return equalBytes(before, body);
}

function ns(frame: HdlcFrame): number | null {
  return frame.control.type === 'I' ? frame.control.ns : null;
}

function lost(expected: number, got: number): DlmsError {
  return told({ code: 'SEGMENT_LOST', layer: 'hdlc', expected, got });
}

const SHORTEST_REPEATED = 32;

/** First octets of APDUs that meters send unasked: information-report, data- and event-notification, GBT, ciphered ones. */
const PUSHED_TAGS: ReadonlySet<number> = new Set([0x0f, 0x18, 0xc2, 0xca, 0xd2, 0xdb, 0xdc, 0xdd, 0xdf, 0xe0]);
