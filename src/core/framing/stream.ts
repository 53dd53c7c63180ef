// A stream of bytes to frames, for links and for push: whatever its recognisers know.
// The rule of the file: the candidate at the front decides. It is a frame, it is not, or it waits for a stated number of
// bytes; every byte ends in a frame, in a `dropped` event, or is one that may stand between frames.

import type { Detail } from '../wire/errors';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { Noise, type Dropped } from './noise';
import type { Circumstances, Recogniser, Verdict } from './recogniser';

export interface StreamOptions {
  /** What bytes are that belong to no frame. Default NO_FRAME with their number. */
  readonly outside?: Detail;
  /** Each chunk is a datagram: what is unfinished behind it is so for ever. */
  readonly datagrams?: boolean;
  /** Chunks may be datagrams, nobody knows: one that is a whole frame tells that what waits in front of it was cut off. */
  readonly maybeDatagrams?: boolean;
}

export class FrameStream<F> {
  readonly #buffer = new ReceiveBuffer(2 * LIMIT_BYTES);
  readonly #noise = new Noise(this.#buffer);
  readonly #outside: Detail;
  readonly #datagrams: boolean;
  readonly #maybeDatagrams: boolean;
  /** By first octet; the first one that does not say no has it. */
  readonly #starts: (readonly Recogniser<F>[] | undefined)[] = [];
  readonly #inPeace: Starts;
  readonly #amidNoise: Starts;
  readonly #between: ReadonlySet<number>;
  /** Below this many buffered bytes another look finds nothing new. */
  #need = 0;
  /** Who asked for more of the candidate at the front. */
  #waits: Recogniser<F> | null = null;
  #searched = 0;
  /** So many bytes at the front belong to a frame that was damaged or cut off. */
  #damaged = 0;
  readonly #how: { -readonly [K in keyof Circumstances]: Circumstances[K] } = {
    fresh: true,
    final: false,
    checkedBefore: false,
    searched: 0,
    damaged: false,
    before: NOTHING_BEFORE,
  };

  constructor(recognisers: readonly Recogniser<F>[], options: StreamOptions = {}) {
    this.#outside = options.outside ?? NO_FRAME;
    this.#datagrams = options.datagrams === true;
    this.#maybeDatagrams = options.maybeDatagrams === true;
    for (const recogniser of recognisers) {
      for (const start of recogniser.starts) {
        this.#starts[start] = [...(this.#starts[start] ?? []), recogniser];
      }
    }
    this.#inPeace = new Starts(recognisers.flatMap(({ starts }) => starts));
    this.#amidNoise = new Starts(recognisers.flatMap(({ starts, startsAmidNoise = starts }) => startsAmidNoise));
    this.#between = new Set(recognisers.flatMap(({ between }) => (between === undefined ? [] : [between])));
  }

  /** Has a frame come whose check fitted? */
  get checkedBefore(): boolean {
    return this.#how.checkedBefore;
  }

  /** Does a frame wait for more? */
  get unfinished(): boolean {
    const { length } = this.#buffer;
    return length > 1 || (length === 1 && !this.#between.has(this.#buffer.at(0)));
  }

  /** Do bytes wait, of a frame or to be dropped? */
  get pending(): boolean {
    return this.#noise.length > 0 || this.unfinished;
  }

  receive(chunk: Uint8Array): readonly (F | Dropped)[] {
    const cutOff = this.#maybeDatagrams && chunk.length > 1 && this.#cutOffBy(chunk);
    // Serial ports deliver single bytes. Behind a datagram nothing is needed.
    if (!cutOff && this.#buffer.length + chunk.length < this.#need) {
      this.#buffer.push(chunk);
      return NOTHING;
    }
    return this.#received(chunk, cutOff ? this.flush() : []);
  }

  #received(chunk: Uint8Array, out: (F | Dropped)[]): (F | Dropped)[] {
    for (let at = 0; at < chunk.length; at += SLICE) {
      this.#buffer.push(chunk.length <= SLICE ? chunk : chunk.subarray(at, at + SLICE));
      if (this.#buffer.length >= this.#need) this.#scan(false, out);
    }
    if (this.#datagrams) this.#finish(out);
    return out;
  }

  /** The line fell silent: nothing waits any longer. */
  flush(): (F | Dropped)[] {
    const out: (F | Dropped)[] = [];
    this.#finish(out);
    return out;
  }

  /** Forgets what waits, and that frames with a check came. */
  reset(): void {
    this.#buffer.clear();
    this.#noise.clear();
    this.#damaged = 0;
    this.#how.checkedBefore = false;
    this.#begin();
  }

  #finish(out: (F | Dropped)[]): void {
    this.#scan(true, out);
    this.#noise.release(out);
    this.#damaged = 0;
    this.#begin();
  }

  /** That a chunk is one whole frame of the kind that waits tells that what waits was cut off. */
  #cutOffBy(chunk: Uint8Array): boolean {
    if (this.#buffer.length + chunk.length === this.#need) return false;
    return this.#waits?.whole?.(chunk) === true;
  }

  #begin(): void {
    this.#how.fresh = true;
    this.#how.before = NOTHING_BEFORE;
    this.#front();
  }

  /** Another byte stands at the front. */
  #front(): void {
    this.#need = 0;
    this.#waits = null;
    this.#searched = 0;
  }

  #scan(final: boolean, out: (F | Dropped)[]): void {
    const buffer = this.#buffer;
    this.#how.final = final;
    while (buffer.length > 0) {
      const verdict = this.#candidate();
      if (verdict === 'no') this.#drop(this.#untilStart(), this.#outside, false, out);
      else if ('need' in verdict) {
        if (!final) {
          this.#need = verdict.need;
          this.#searched = verdict.searched ?? 0;
          return;
        }
        const have = buffer.length;
        this.#damage(have, { code: 'INCOMPLETE', what: this.#waits?.what ?? 'frame', have }, out);
      } else if ('frame' in verdict) {
        this.#how.checkedBefore ||= this.#waits?.checked === true;
        this.#noise.release(out);
        buffer.drop(verdict.octets);
        this.#damaged = 0;
        this.#begin();
        out.push(verdict.frame);
      } else if ('fill' in verdict) {
        buffer.drop(verdict.fill);
        this.#front();
        this.#passed(verdict.fill, out);
      } else this.#damage(verdict.damaged, verdict.error, out);
    }
  }

  #candidate(): Verdict<F> {
    const how = this.#how;
    how.damaged = this.#damaged > 0;
    const asked = this.#waits;
    for (const recogniser of this.#starts[this.#buffer.at(0)] ?? []) {
      how.searched = recogniser === asked ? this.#searched : 0;
      const verdict = recogniser.look(this.#buffer, how);
      if (verdict === 'no') continue;
      this.#waits = recogniser;
      return verdict;
    }
    return 'no';
  }

  #damage(octets: number, error: Detail, out: (F | Dropped)[]): void {
    this.#damaged = Math.max(this.#damaged, octets);
    this.#drop(this.#untilStart(), error, true, out);
  }

  /** How many bytes at the front cannot begin anything; at least one. */
  #untilStart(): number {
    const buffer = this.#buffer;
    const most = this.#damaged === 0 ? buffer.length : Math.min(buffer.length, this.#damaged);
    // An octet that may stand between frames may be all that stands in front of one.
    const peace = this.#how.fresh && this.#between.has(buffer.at(0));
    return (peace ? this.#inPeace : this.#amidNoise).next(buffer, Math.max(1, most));
  }

  /** `telling`: the reason names a damaged frame. */
  #drop(n: number, reason: Detail, telling: boolean, out: (F | Dropped)[]): void {
    const buffer = this.#buffer;
    for (let i = n > 4 ? n - 4 : 0; i < n; i++) this.#how.before = (this.#how.before << 8) | buffer.at(i);
    if (n === 1 && !telling && this.#between.has(buffer.at(0))) buffer.drop(1);
    else {
      this.#how.fresh = false;
      this.#noise.add(n, reason, telling, out);
    }
    this.#front();
    this.#passed(n, out);
  }

  /** A damaged frame that is over is told at once. */
  #passed(n: number, out: (F | Dropped)[]): void {
    if (this.#damaged === 0) return;
    this.#damaged = Math.max(0, this.#damaged - n);
    if (this.#damaged === 0) this.#noise.release(out);
  }
}

/** Octets that may begin something. */
class Starts {
  readonly #marked = new Uint8Array(256);
  /** Where there is one only. */
  readonly #only: number | null;

  constructor(octets: readonly number[]) {
    for (const octet of octets) this.#marked[octet] = 1;
    this.#only = new Set(octets).size === 1 ? (octets[0] as number) : null;
  }

  /** Index of the next one behind the first byte; `most` where none stands in front of it. */
  next(buffer: ReceiveBuffer, most: number): number {
    if (this.#only === null) return buffer.indexOfMarked(this.#marked, 1, most);
    const next = buffer.indexOf(this.#only, 1);
    return next === -1 || next >= most ? most : next;
  }
}

/** What one frame may hold at most; twice as much may wait. */
export const LIMIT_BYTES = 65_536;
const NOTHING: readonly never[] = [];
const SLICE = 2048;
const NO_FRAME: Detail = { code: 'NO_FRAME', bytes: 0 };
const NOTHING_BEFORE = -1;
