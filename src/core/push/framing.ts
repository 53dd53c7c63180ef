// A stream of bytes of any framing to frames: HDLC, M-Bus, wrapper, bare APDUs, P1 text; found by itself or fixed.
// The rule of the file: the candidate at the front decides. It is a frame, it is not, or it waits for a stated number of
// bytes; inside a damaged frame, and where a frame with a check has come before, no bare APDU is looked for, so that unchecked
// values never leak out of one that lost its beginning.

import { GLO_TAG, nextFrameInside } from '../framing/p1-frame';
import { measureP1 } from '../framing/p1';
import { frameOf, readHeader, wrongCheck, type HdlcFrame } from '../framing/hdlc-frame';
import { Noise, type Dropped } from '../framing/noise';
import { DlmsError, type Detail } from '../wire/errors';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { ApduExtent, LIMIT_BYTES, type ByteAt } from '../framing/apdu-extent';
import { PUSH_TAGS, plausibleApdu } from '../framing/plausible';

export type Framing = 'hdlc' | 'mbus' | 'wrapper' | 'raw' | 'p1';
export const FRAMINGS: readonly Framing[] = ['hdlc', 'mbus', 'wrapper', 'raw', 'p1'];

export type Framed =
  | { readonly type: 'hdlc'; readonly frame: HdlcFrame }
  /** A whole long frame with good checksum; segments are joined by the M-Bus deframer. */
  | { readonly type: 'mbus'; readonly frame: Uint8Array }
  | { readonly type: 'wrapper'; readonly apdu: Uint8Array }
  /** One APDU, an LLC header in front of it removed. */
  | { readonly type: 'raw'; readonly apdu: Uint8Array }
  /** From "/" to the end of the line of "!". */
  | { readonly type: 'p1'; readonly telegram: Uint8Array }
  | Dropped;

export class FrameScanner {
  readonly #buffer = new ReceiveBuffer(2 * LIMIT_BYTES);
  readonly #noise = new Noise(NOISE_BYTES);
  readonly #only: Framing | null;
  readonly #at: ByteAt = index => this.#buffer.at(index);
  /** Below this many buffered bytes another look finds nothing new. */
  #need = 0;
  /** State of the bare APDU or P1 telegram at the front. */
  #extent: ApduExtent | null = null;
  #searched = 0;
  /** So many bytes at the front belong to a frame that was damaged or cut off. */
  #damaged = 0;
  /** A frame whose check fitted has come: whoever sends those sends no bare APDUs. */
  #checked = false;
  /** Nothing but flags came since the last frame, the last idle time or the beginning. */
  #fresh = true;
  /** The last four dropped bytes: what stands before a bare APDU tells whether it lost its frame. */
  #before = 0;
  #beforeLength = 0;
  readonly #sink: Dropped[] = [];
  readonly #afterFlag: ByteAt = index => this.#buffer.at(index + 1);

  /** `only` null: any framing. */
  constructor(only: Framing | null = null) {
    this.#only = only;
  }

  /** Do bytes wait for more? */
  get pending(): boolean {
    return this.#noise.length > 0 || this.#buffer.length > 1 || (this.#buffer.length === 1 && this.#at(0) !== FLAG);
  }

  receive(chunk: Uint8Array): Framed[] {
    const out: Framed[] = this.#cutOffBy(chunk) ? this.flush() : [];
    for (let at = 0; at < chunk.length; at += SLICE) {
      this.#buffer.push(chunk.length <= SLICE ? chunk : chunk.subarray(at, at + SLICE));
      if (this.#buffer.length >= this.#need) this.#scan(false, out);
    }
    return out;
  }

  /** The line fell silent: nothing waits any longer. */
  flush(): Framed[] {
    const out: Framed[] = [];
    this.#scan(true, out);
    this.#release(out);
    this.#begin();
    this.#damaged = 0;
    return out;
  }

  reset(): void {
    this.#buffer.clear();
    this.#noise.clear();
    this.#damaged = 0;
    this.#checked = false;
    this.#begin();
  }

  #begin(): void {
    this.#fresh = true;
    this.#before = 0;
    this.#beforeLength = 0;
    this.#front();
  }

  /**
   * A wrapper message or a bare APDU has no check sequence: the rest of one that was cut off, a datagram for instance, would
   * be filled up from the next. That a chunk is one whole message of the kind tells so.
   */
  #cutOffBy(chunk: Uint8Array): boolean {
    const waiting = this.#buffer.length;
    if (waiting === 0 || waiting + chunk.length === this.#need) return false;
    const at: ByteAt = index => chunk[index] ?? -1;
    if (this.#extent === null) return this.#at(0) === 0 && isWholeWrapper(at, chunk.length);
    const llc = at(0) === 0xe6 && (at(1) === 0xe6 || at(1) === 0xe7) && at(2) === 0 ? 3 : 0;
    const begins = PUSH_TAGS.has(at(llc)) && plausibleApdu(at, llc, true) === 'yes';
    return begins && new ApduExtent().measure(index => at(llc + index)) === chunk.length - llc;
  }

  /** Another byte stands at the front. */
  #front(): void {
    this.#need = 0;
    this.#extent = null;
    this.#searched = 0;
  }

  #scan(final: boolean, out: Framed[]): void {
    const buffer = this.#buffer;
    while (buffer.length > 0) {
      if (this.#at(0) === FLAG && this.#at(1) === FLAG) {
        this.#dropFlags(out);
        continue;
      }
      const found = this.#candidate(final);
      if (found === 'wait') return;
      if (found === null) this.#drop(this.#untilStart(), NO_FRAME, false, out);
      else if ('code' in found) this.#drop(this.#untilStart(), found, true, out);
      else {
        this.#release(out);
        this.#damaged = 0;
        this.#checked ||= found.type === 'hdlc' || found.type === 'mbus';
        this.#begin();
        out.push(found);
      }
    }
  }

  /** Flags between frames are no noise; the last one may open a frame. */
  #dropFlags(out: Framed[]): void {
    let n = 1;
    while (this.#at(n + 1) === FLAG) n++;
    this.#buffer.drop(n);
    this.#front();
    this.#passed(n, out);
  }

  /** The frame at the front (then taken), null when there is none, what is wrong with it, or that bytes are missing. */
  #candidate(final: boolean): Framed | Detail | 'wait' | null {
    const first = this.#at(0);
    const framing = first < 0 ? null : (STARTS[first] ?? null);
    if (framing === null || !this.#wanted(framing)) {
      if (framing === 'raw' && this.#only === null && this.#fresh && this.#checked && this.#damaged === 0) {
        if (plausibleApdu(this.#at, 0, true) === 'yes') return { code: 'HDLC_FRAME', reason: BARE_BUT_CHECKED };
      }
      return this.#only === 'wrapper' && this.#fresh && final === false ? this.#wrapper(final) : null;
    }
    switch (framing) {
      case 'hdlc':
        return this.#hdlc(final);
      case 'mbus':
        return this.#mbus(final);
      case 'wrapper':
        return this.#wrapper(final);
      case 'p1':
        return this.#p1(final);
      case 'raw':
        return this.#raw(final);
    }
  }

  #wanted(framing: Framing): boolean {
    if (this.#only !== null) return this.#only === framing && (framing !== 'raw' || this.#damaged === 0);
    return framing !== 'raw' || (this.#damaged === 0 && !this.#checked);
  }

  #hdlc(final: boolean): Framed | Detail | 'wait' | null {
    const buffer = this.#buffer;
    if (this.#at(1) === FLAG || (final && buffer.length === 1)) return null;
    const header = readHeader(this.#afterFlag);
    if (header === 'short') return this.#more(final, buffer.length + 1, 'hdlc frame');
    if ('reason' in header) return null;
    const { length, controlAt } = header;
    if (header.hasInformation) {
      if (buffer.length < controlAt + 4) return this.#more(final, controlAt + 4, 'hdlc frame');
      const wrong = wrongCheck(buffer.view(1, controlAt + 4), controlAt + 1, 'HCS');
      // With a wrong header check nothing is known of a frame, not even its length, unless a flag stands at its end.
      if (wrong !== null) return this.#at(length + 1) === FLAG ? this.#damage(length + 2, wrong) : wrong;
    }
    if (buffer.length < length + 1) return this.#more(final, length + 1, 'hdlc frame');
    const wrong = wrongCheck(buffer.view(1, length + 1), length - 2, 'FCS');
    if (wrong !== null) return this.#damage(length + 2, wrong);
    this.#take(1);
    // The closing flag stays: it may be the opening flag of the next frame.
    return { type: 'hdlc', frame: frameOf(buffer.take(length), header, true) };
  }

  #mbus(final: boolean): Framed | Detail | 'wait' | null {
    const buffer = this.#buffer;
    const field = this.#at(1);
    if (buffer.length < 4) {
      return buffer.length > 2 && this.#at(2) !== field ? null : this.#more(final, 4, 'm-bus frame');
    }
    if (this.#at(2) !== field || this.#at(3) !== MBUS_START) return null;
    // Sagemcom T210-D (Netz NÖ): 257 octets are announced as 01 01.
    let wrong: Detail | null = null;
    for (const length of field < MBUS_SHORTEST ? [field + 256] : [field, field + 256]) {
      const end = length + MBUS_OVERHEAD;
      if (buffer.length < end) {
        if (wrong !== null && (final || wrong.code === 'MBUS_CHECKSUM')) break;
        return this.#more(final, end, 'm-bus frame');
      }
      if (this.#at(end - 1) !== MBUS_STOP) {
        wrong ??= { code: 'MBUS_FRAME', reason: `no stop octet after ${length} octets` };
        continue;
      }
      let sum = 0;
      for (const octet of buffer.view(4, 4 + length)) sum += octet;
      const want = sum & 0xff;
      const got = this.#at(end - 2);
      if (got === want) return { type: 'mbus', frame: buffer.take(end) };
      wrong = { code: 'MBUS_CHECKSUM', got, want };
    }
    const length = field < MBUS_SHORTEST ? field + 256 : field;
    return this.#damage(length + MBUS_OVERHEAD, wrong ?? { code: 'MBUS_FRAME', reason: 'no frame' });
  }

  #wrapper(final: boolean): Framed | Detail | 'wait' | null {
    const buffer = this.#buffer;
    const fixed = this.#only === 'wrapper';
    if (buffer.length < WRAPPER_HEADER) {
      if (!this.#fresh && this.#at(1) > 1) return null;
      return final ? null : this.#more(final, WRAPPER_HEADER, 'wrapper message');
    }
    const version = this.#at(0) * 256 + this.#at(1);
    const length = this.#at(6) * 256 + this.#at(7);
    const whole = WRAPPER_HEADER + length;
    if (!fixed || version !== 1) {
      // Without the setting a header is believed where an APDU stands behind it; amid noise its ports have to be usual too.
      if (!this.#fresh && (this.#at(2) !== 0 || this.#at(4) !== 0 || length > NOISY_WRAPPER)) return null;
      // A wrong version asks for more: usual ports, or an APDU that noise hardly makes.
      const usual = this.#at(2) === 0 && this.#at(4) === 0;
      const likely = plausibleApdu(this.#at, WRAPPER_HEADER, version !== 1 && !usual);
      const cut = final && version === 1 && usual && this.#fresh;
      if (likely === 'short' && (!final || (cut && length > 0))) {
        return this.#more(final, buffer.length + 1, 'wrapper message');
      }
      if (version !== 1) {
        if (!this.#fresh || (likely !== 'yes' && !fixed) || version > 0xff) return null;
        return this.#damage(whole, {
          code: 'WRAPPER_HEADER',
          reason: `version ${version} where 1 was expected`,
        });
      }
      if (likely !== 'yes') return null;
    }
    // What follows has lost its frame, however long it is.
    if (length === 0) return this.#damage(LIMIT_BYTES, { code: 'WRAPPER_HEADER', reason: 'length 0' });
    if (buffer.length < whole) return this.#more(final, whole, 'wrapper message');
    this.#take(WRAPPER_HEADER);
    return { type: 'wrapper', apdu: buffer.take(length) };
  }

  #raw(final: boolean): Framed | Detail | 'wait' | null {
    const llc = this.#llcLength();
    if (llc === 'short') return final ? null : this.#more(final, this.#buffer.length + 1, 'apdu');
    if (llc === 'no') return null;
    const strict = !this.#fresh;
    if (this.#extent === null) {
      if (strict && (llc > 0 || this.#lostItsFrame())) return null;
      const likely = plausibleApdu(this.#at, llc, strict);
      if (likely === 'no') return null;
      if (likely === 'short') return this.#more(final, this.#buffer.length + 1, 'apdu');
      this.#extent = new ApduExtent();
    }
    const length = this.#extent.measure(llc === 0 ? this.#at : index => this.#at(llc + index));
    if (length === 'short') return this.#more(final, llc + this.#extent.need, 'apdu');
    if (typeof length !== 'number') return length;
    if (strict && this.#beforeLength >= 2 && (this.#before & 0xffff) === length) {
      return { code: 'WRAPPER_HEADER', reason: 'the version is wrong or lost' };
    }
    // Amid noise it may be what is left of a frame: the octets behind it tell.
    if (strict && !final && this.#only === null && this.#buffer.length < llc + length + BEHIND_APDU) {
      return this.#more(final, llc + length + BEHIND_APDU, 'apdu');
    }
    if (strict && this.#only === null && this.#endsMbus(llc + length)) {
      return this.#damage(llc + length + 2, { code: 'MBUS_FRAME', reason: 'its beginning was lost' });
    }
    if (this.#at(llc) === GLO_TAG) {
      const next = nextFrameInside(this.#buffer.view(llc + 1, llc + length));
      if (next !== -1) return this.#damage(llc + 1 + next, { code: 'INCOMPLETE', what: 'apdu', have: llc + 1 + next });
    }
    if (this.#only === null && this.#endsFrame(llc + length)) {
      return this.#damage(llc + length + 3, { code: 'HDLC_FRAME', reason: 'its beginning was lost' });
    }
    this.#take(llc);
    return { type: 'raw', apdu: this.#buffer.take(length) };
  }

  #p1(final: boolean): Framed | Detail | 'wait' | null {
    const measured = measureP1(this.#buffer, this.#searched, final);
    if (measured === 'no') return null;
    if (typeof measured === 'number') return { type: 'p1', telegram: this.#buffer.take(measured) };
    if ('code' in measured) return measured;
    this.#searched = measured.searched;
    return this.#more(final, measured.need, 'P1 telegram');
  }

  /** 0 without LLC header, 3 with one. */
  #llcLength(): 0 | 3 | 'no' | 'short' {
    if (this.#at(0) !== 0xe6) return PUSH_TAGS.has(this.#at(0)) ? 0 : 'no';
    const second = this.#at(1);
    const third = this.#at(2);
    if ((second !== -1 && second !== 0xe6 && second !== 0xe7) || (third !== -1 && third !== 0)) return 'no';
    return third === -1 ? 'short' : 3;
  }

  /** Amid noise: do the bytes before say that this APDU stood in a frame whose beginning was damaged? They may be, too. */
  #lostItsFrame(): boolean {
    return IN_FRONT.some(({ octets, mask }) => bitsSet((this.#before & mask) ^ octets) <= DAMAGED_BITS);
  }

  /** Two octets and a flag, and nothing or the next frame behind: the end of a frame, not of an APDU. */
  #endsFrame(at: number): boolean {
    const next = this.#at(at + 3);
    // Amid noise what follows the flag may be noise, too.
    return this.#at(at + 2) === FLAG && (!this.#fresh || next === -1 || next === FLAG || next >> 4 === FORMAT_3);
  }

  /** A check sum and the stop octet, and nothing or the next frame behind. */
  #endsMbus(at: number): boolean {
    const next = this.#at(at + 2);
    return this.#at(at + 1) === MBUS_STOP && (next === -1 || next === MBUS_START);
  }

  #more(final: boolean, need: number, what: string): 'wait' | Detail {
    if (final) return this.#damage(this.#buffer.length, { code: 'INCOMPLETE', what, have: this.#buffer.length });
    this.#need = need;
    return 'wait';
  }

  #damage(bytes: number, detail: Detail): Detail {
    this.#damaged = Math.max(this.#damaged, bytes);
    return detail;
  }

  /** How many bytes at the front cannot begin anything; at least one. */
  #untilStart(): number {
    const buffer = this.#buffer;
    const most = this.#damaged === 0 ? buffer.length : Math.min(buffer.length, this.#damaged);
    let n = 1;
    while (n < most && STARTS[buffer.at(n)] === undefined) n++;
    return n;
  }

  #take(n: number): void {
    this.#buffer.drop(n);
  }

  #drop(n: number, reason: Detail, telling: boolean, out: Framed[]): void {
    const flag = n === 1 && this.#at(0) === FLAG && !telling;
    for (let i = n > 4 ? n - 4 : 0; i < n; i++) {
      this.#before = ((this.#before << 8) | this.#at(i)) >>> 0;
      this.#beforeLength++;
    }
    if (flag) this.#buffer.drop(1);
    else {
      this.#fresh = false;
      this.#noise.add(this.#buffer, n, reason, telling, this.#sink);
      this.#handOver(out);
    }
    this.#front();
    this.#passed(n, out);
  }

  #passed(n: number, out: Framed[]): void {
    if (this.#damaged === 0) return;
    this.#damaged = Math.max(0, this.#damaged - n);
    if (this.#damaged === 0) this.#release(out);
  }

  #handOver(out: Framed[]): void {
    for (const item of this.#sink) out.push(counted(item));
    this.#sink.length = 0;
  }

  #release(out: Framed[]): void {
    this.#noise.release(this.#sink);
    this.#handOver(out);
  }
}

function isWholeWrapper(at: ByteAt, length: number): boolean {
  if (at(0) !== 0 || at(1) !== 1 || at(6) * 256 + at(7) !== length - WRAPPER_HEADER) return false;
  return plausibleApdu(at, WRAPPER_HEADER, false) === 'yes';
}

function bitsSet(word: number): number {
  let n = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) n++;
  return n;
}

/** Says how many bytes held no frame. */
function counted(item: Dropped): Dropped {
  if (item.error.code !== 'NO_FRAME') return item;
  return { ...item, error: new DlmsError({ code: 'NO_FRAME', bytes: item.bytes.length }) };
}

const FLAG = 0x7e;
/** The format type of HDLC frames, in the upper half of the octet behind the flag. */
const FORMAT_3 = 0xa;
const MBUS_START = 0x68;
/** Of an HDLC frame that is checked: two octets and its flag; of an M-Bus frame two. */
const BEHIND_APDU = 3;
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
const MBUS_STOP = 0x16;
const MBUS_OVERHEAD = 6; /* 68 L L 68 … CS 16 */
const MBUS_SHORTEST = 5; /* C, A, CI, STSAP, DTSAP */
const WRAPPER_HEADER = 8;
/** Amid noise no longer message is awaited. */
const NOISY_WRAPPER = 4096;
const SLICE = 2048;
/** Noise is handed out in pieces of this size. */
const NOISE_BYTES = 1024;
const NO_FRAME: Detail = { code: 'NO_FRAME', bytes: 0 };

/** What a byte can begin. */
const STARTS: readonly (Framing | undefined)[] = (() => {
  const starts: (Framing | undefined)[] = [];
  for (const tag of PUSH_TAGS) starts[tag] = 'raw';
  starts[0xe6] = 'raw';
  starts[FLAG] = 'hdlc';
  starts[MBUS_START] = 'mbus';
  starts[0x00] = 'wrapper';
  starts[0x2f] = 'p1';
  return starts;
})();
