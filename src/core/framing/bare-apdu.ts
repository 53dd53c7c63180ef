// APDUs that meters push without any frame, in a stream of bytes. Their own lengths are all that holds them together.
// The rule of the file: no unchecked value leaks out of a frame that lost its beginning: inside of a damaged frame, behind
// frames with a check, and where what stands before or behind is the rest of a frame, there is no bare APDU.

import type { ByteAt } from '../wire/lengths';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { ApduExtent } from './apdu-extent';
import { GLO_TAG, nextFrameInside } from './p1-frame';
import { PUSH_TAGS, plausibleApdu } from './plausible';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';

export interface BareApdu {
  readonly type: 'raw';
  /** One APDU, an LLC header in front of it removed. */
  readonly apdu: Uint8Array;
}

export class BareFraming implements Recogniser<BareApdu> {
  readonly framing = 'raw';
  readonly what = 'apdu';
  readonly starts = [...PUSH_TAGS, LLC];
  /** What is known of the candidate's length. */
  #extent: ApduExtent | null = null;
  #bytes: Waiting = NOTHING;
  readonly #at: ByteAt = index => this.#bytes.at(index);
  readonly #behindLlc: ByteAt = index => this.#bytes.at(LLC_OCTETS + index);

  /** @param amongOthers Other framings may come too, so this may be the rest of a frame. */
  constructor(readonly amongOthers: boolean) {}

  look(bytes: Waiting, how: Circumstances): Verdict<BareApdu> {
    this.#bytes = bytes;
    if (how.damaged) return 'no';
    if (this.amongOthers && how.checkedBefore) return this.#afterChecked(how);
    if (how.searched === 0) this.#extent = null;
    const llc = llcLength(bytes);
    if (llc === 'no') return 'no';
    if (llc === 'short') return how.final ? 'no' : { need: bytes.length + 1 };
    if (this.#extent === null) {
      if (!how.fresh && (llc > 0 || lostItsFrame(how.before))) return 'no';
      const likely = plausibleApdu(this.#at, llc, !how.fresh);
      if (likely === 'no') return 'no';
      if (likely === 'short') return { need: bytes.length + 1 };
      this.#extent = new ApduExtent();
    }
    const length = this.#extent.measure(llc === 0 ? this.#at : this.#behindLlc);
    if (length === 'short') return { need: llc + this.#extent.need, searched: this.#extent.need };
    if (typeof length !== 'number') return { damaged: 0, error: length };
    return this.#measured(llc, llc + length, how);
  }

  whole(chunk: Uint8Array): boolean {
    const at: ByteAt = index => chunk[index] ?? -1;
    const llc = at(0) === LLC && (at(1) === 0xe6 || at(1) === 0xe7) && at(2) === 0 ? LLC_OCTETS : 0;
    if (plausibleApdu(at, llc, true) !== 'yes') return false;
    return new ApduExtent().measure(index => at(llc + index)) === chunk.length - llc;
  }

  /** Its length is known: is it what is left of a frame, or the first part of something else? */
  #measured(llc: number, end: number, { fresh, final, before }: Circumstances): Verdict<BareApdu> {
    const bytes = this.#bytes;
    if (!fresh && (before & 0xffff) === end - llc) {
      return { damaged: 0, error: { code: 'WRAPPER_HEADER', reason: 'the version is wrong or lost' } };
    }
    if (this.amongOthers && !fresh) {
      // The octets behind it tell.
      const need = end + BEHIND_APDU;
      if (!final && bytes.length < need) return { need, searched: end };
      if (endsMbus(bytes, end)) return { damaged: end + 2, error: { code: 'MBUS_FRAME', reason: BEGINNING_LOST } };
    }
    if (bytes.at(llc) === GLO_TAG) {
      const next = nextFrameInside(bytes.view(llc + 1, end));
      const have = llc + 1 + next;
      if (next !== -1) return { damaged: have, error: { code: 'INCOMPLETE', what: this.what, have } };
    }
    if (this.amongOthers && endsHdlc(bytes, end, fresh)) {
      return { damaged: end + 3, error: { code: 'HDLC_FRAME', reason: BEGINNING_LOST } };
    }
    return { frame: { type: 'raw', apdu: bytes.copy(llc, end) }, octets: end };
  }

  /** Whoever sends frames with a check sends no bare APDUs; one that stands alone is told for what it looks like. */
  #afterChecked({ fresh }: Circumstances): Verdict<BareApdu> {
    if (!fresh || plausibleApdu(this.#at, 0, true) !== 'yes') return 'no';
    return { damaged: 0, error: { code: 'HDLC_FRAME', reason: BARE_BUT_CHECKED } };
  }
}

/** 0 without LLC header, 3 with one. */
function llcLength(bytes: Waiting): 0 | 3 | 'no' | 'short' {
  if (bytes.at(0) !== LLC) return 0;
  const second = bytes.at(1);
  const third = bytes.at(2);
  if ((second !== -1 && second !== 0xe6 && second !== 0xe7) || (third !== -1 && third !== 0)) return 'no';
  return third === -1 ? 'short' : LLC_OCTETS;
}

/** Do the bytes before say that this APDU stood in a frame whose beginning was damaged? They may be, too. */
function lostItsFrame(before: number): boolean {
  return IN_FRONT.some(({ octets, mask }) => bitsSet((before & mask) ^ octets) <= DAMAGED_BITS);
}

function bitsSet(word: number): number {
  let n = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) n++;
  return n;
}

/** Two octets and a flag, and nothing or the next frame behind: the end of a frame, not of an APDU. */
function endsHdlc(bytes: Waiting, at: number, fresh: boolean): boolean {
  const next = bytes.at(at + 3);
  // Amid noise what follows the flag may be noise, too.
  return bytes.at(at + 2) === FLAG && (!fresh || next === -1 || next === FLAG || next >> 4 === FORMAT_3);
}

/** A check sum and the stop octet, and nothing or the next frame behind. */
function endsMbus(bytes: Waiting, at: number): boolean {
  const next = bytes.at(at + 2);
  return bytes.at(at + 1) === MBUS_STOP && (next === -1 || next === MBUS_START);
}

const LLC = 0xe6;
const LLC_OCTETS = 3;
const FLAG = 0x7e;
/** The format type of HDLC frames, in the upper half of the octet behind the flag. */
const FORMAT_3 = 0xa;
const MBUS_START = 0x68;
const MBUS_STOP = 0x16;
/** Of an HDLC frame that is checked: two octets and its flag; of an M-Bus frame two. */
const BEHIND_APDU = 3;
const BEGINNING_LOST = 'its beginning was lost';
const BARE_BUT_CHECKED =
  'an APDU without a frame, from a source that sends frames with a check; if it is meant so, set the framing to raw';
/** Inside a frame, in front of its APDU: the LLC header of a request and of an answer; STSAP and DTSAP of a push. */
const IN_FRONT = [
  { octets: 0xe6e600, mask: 0xffffff },
  { octets: 0xe6e700, mask: 0xffffff },
  { octets: 0x0167, mask: 0xffff },
];
/** Three are found by the check of a frame: one is in what stood before, and one in a value. */
const DAMAGED_BITS = 2;
const NOTHING: Waiting = new ReceiveBuffer(0);
