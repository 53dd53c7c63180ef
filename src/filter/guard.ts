// What keeps bad and superfluous values from going on: counters that fall, turn zero or jump; repeats; too many, too often.
// The rule of the file: time is an input, all state is plain JSON (it survives a restart), and all of it is bounded.

import type { Obis } from '../core/obis/obis';
import type { Value } from '../core/cosem/reading';
import type { Deadband } from './rule';

export interface GuardOptions {
  /** Only values that differ from the last one sent, or lie beyond the dead-band. */
  readonly onChange: boolean;
  readonly deadband: Deadband | null;
  /** At most, at least every so many milliseconds; null: no such limit. */
  readonly minMs: number | null;
  readonly maxMs: number | null;
  /** A reading with the meter time of the one before is dropped. */
  readonly duplicates: boolean;
  /** Counters that fall, turn zero or jump are held back. */
  readonly counters: boolean;
  /** More than this in an hour, in the unit of the value, is a jump; null: none is. */
  readonly maxPerHour: number | null;
  /** So many values in a row that fit together at a new level are believed: a new meter. 0: never. */
  readonly acceptAfter: number;
}

/** What is known of one value of one meter. Plain JSON. */
export interface Remembered {
  /** Last value sent, and when by our clock. */
  sent?: Value;
  sentAt?: number;
  /** Meter time of the last reading. */
  time?: string;
  /** Last value of a counter that was believed, and its time in ms. */
  counter?: number;
  counterAt?: number;
  /** A new level that is not believed yet, and how many values it had. */
  candidate?: number;
  candidateAt?: number;
  candidates?: number;
  /** The last good value with what belongs to it, for outputs that hold values; `at` is our clock. */
  held?: HeldValue;
}

export interface HeldValue {
  readonly obis: string | null;
  readonly key: string;
  readonly name: string;
  readonly label: string;
  readonly value: Value;
  readonly unit: string | null;
  readonly time: string | null;
  readonly at: number;
}

export type HoldReason = 'fell' | 'zero' | 'jumped';

export type Verdict =
  | { readonly is: 'good' }
  /** Good again at another level: what was held back turned out to be true. */
  | { readonly is: 'accepted'; readonly last: number; readonly after: number }
  | { readonly is: 'held'; readonly reason: HoldReason; readonly last: number };

/** Judges a counter's value and remembers it. `atMs`: the time of the value, by the meter if it has one. */
export function judgeCounter(memory: Remembered, value: number, atMs: number, options: GuardOptions): Verdict {
  const last = memory.counter;
  if (last === undefined) return believe(memory, value, atMs, { is: 'good' });
  const reason = wrong(last, memory.counterAt ?? atMs, value, atMs, options.maxPerHour);
  if (reason === null) return believe(memory, value, atMs, { is: 'good' });
  const { candidate, candidateAt = atMs } = memory;
  const fits = candidate !== undefined && wrong(candidate, candidateAt, value, atMs, options.maxPerHour) === null;
  const count = fits ? (memory.candidates ?? 1) + 1 : 1;
  if (options.acceptAfter > 0 && count >= options.acceptAfter) {
    return believe(memory, value, atMs, { is: 'accepted', last, after: count });
  }
  memory.candidate = value;
  memory.candidateAt = atMs;
  memory.candidates = count;
  return { is: 'held', reason, last };
}

/** Whether a value is due to be sent, by change, dead-band and intervals. */
export function isDue(memory: Remembered, value: Value, nowMs: number, options: GuardOptions): boolean {
  const { sent, sentAt } = memory;
  if (sent === undefined || sentAt === undefined) return true;
  // A clock that was set back must not silence a value for the time it lost.
  const since = nowMs < sentAt ? Infinity : nowMs - sentAt;
  if (options.minMs !== null && since < options.minMs) return false;
  if (!options.onChange && options.deadband === null) return true;
  if (options.maxMs !== null && since >= options.maxMs) return true;
  return differs(sent, value, options.deadband);
}

export function rememberSent(memory: Remembered, value: Value, nowMs: number): void {
  memory.sent = value;
  memory.sentAt = nowMs;
}

/** A time that was there before; readings without a time are never duplicates. */
export function isDuplicate(memory: Remembered, time: string | null): boolean {
  return time !== null && memory.time === time;
}

/**
 * Whether a code counts up only: energy by phase and tariff, volumes, heat, M-Bus readings; not the net of import and export,
 * and not values of past billing periods, which change with each billing.
 */
export function isCounter(obis: Obis): boolean {
  const { a, c, d, f } = obis;
  if (f !== 255) return false;
  if (a === 0) return c === 24 && obis.d === 2;
  if (a === 1) {
    const quantity = c >= 21 && c <= 80 ? ((c - 1) % 20) + 1 : c;
    return (
      COUNTING.has(d) && ((quantity >= 1 && quantity <= 10) || (quantity >= 15 && quantity <= 20 && quantity !== 16))
    );
  }
  if (a === 7) return c >= 1 && c <= 6 && d <= 2;
  if (a === 8 || a === 9) return c === 1 && d === 0;
  if (a === 4 || a === 5 || a === 6)
    return (c >= 1 && c <= 7 && d === 0) || (a === 6 && c === 6 && (d === 8 || d === 26));
  return false;
}

/** The values of one meter by what they are called. */
export type MeterMemory = Map<string, Remembered>;

/**
 * One memory for each value of each meter. When there are too many meters, the one that was silent longest goes whole; when
 * there are too many values, which no fleet has, too: what a stranger sends must not fill the computer.
 */
export class Memory {
  readonly #meters = new Map<string, MeterMemory>();
  #values = 0;
  #forgotten = 0;

  constructor(readonly limit = METERS) {}

  /** Meters that had to go; the next values of each are the first. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The values of a meter, which is now the last one that was heard. */
  ofMeter(meter: string | null): MeterMemory {
    const name = String(meter);
    let values = this.#meters.get(name);
    if (values !== undefined) this.#meters.delete(name);
    else values = new Map<string, Remembered>();
    this.#meters.set(name, values);
    if (this.#meters.size > this.limit) this.#forgetOldest(values);
    return values;
  }

  /** Of a value of `values`, which {@link ofMeter} gave. */
  of(values: MeterMemory, key: string): Remembered {
    const known = values.get(key);
    if (known !== undefined) return known;
    const made: Remembered = {};
    values.set(key, made);
    this.#values++;
    if (this.#values > Math.max(LEAST_VALUES, this.limit * VALUES_OF_A_METER)) this.#forgetOldest(values);
    return made;
  }

  all(): Iterable<MeterMemory> {
    return this.#meters.values();
  }

  /** The next value of each is due, whatever it is. */
  forgetSent(): void {
    for (const values of this.#meters.values()) {
      for (const entry of values.values()) {
        delete entry.sent;
        delete entry.sentAt;
      }
    }
  }

  clear(): void {
    this.#meters.clear();
    this.#values = 0;
  }

  toJSON(): Record<string, Record<string, Remembered>> {
    return Object.fromEntries([...this.#meters].map(([meter, values]) => [meter, Object.fromEntries(values)]));
  }

  /** What an earlier run left; anything that does not look like it is ignored. */
  load(saved: unknown): void {
    if (!isPlain(saved)) return;
    for (const [meter, values] of Object.entries(saved).slice(-this.limit)) {
      if (!isPlain(values)) continue;
      const loaded = this.ofMeter(meter);
      for (const [key, entry] of Object.entries(values)) {
        if (isPlain(entry)) Object.assign(this.of(loaded, key), entry);
      }
    }
  }

  /** What version 0.1 left: one list, each key with its meter in front. */
  loadFlat(saved: unknown): void {
    if (!isPlain(saved)) return;
    for (const [key, entry] of Object.entries(saved)) {
      const bar = key.indexOf('|');
      if (bar !== -1 && isPlain(entry))
        Object.assign(this.of(this.ofMeter(key.slice(0, bar)), key.slice(bar + 1)), entry);
    }
  }

  #forgetOldest(current: MeterMemory): void {
    const [[name, values] = ['', current]] = this.#meters;
    if (values !== current) {
      this.#meters.delete(name);
      this.#values -= values.size;
    } else {
      // The only meter, with too many values of its own.
      const [oldest] = values.keys();
      if (oldest !== undefined && values.delete(oldest)) this.#values--;
    }
    this.#forgotten++;
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function believe(memory: Remembered, value: number, atMs: number, verdict: Verdict): Verdict {
  memory.counter = value;
  memory.counterAt = atMs;
  delete memory.candidate;
  delete memory.candidateAt;
  delete memory.candidates;
  return verdict;
}

function wrong(
  last: number,
  lastMs: number,
  value: number,
  atMs: number,
  maxPerHour: number | null,
): HoldReason | null {
  if (value === 0 && last > 0) return 'zero';
  if (value < last) return 'fell';
  if (maxPerHour === null) return null;
  // Two readings of one moment may still differ by a minute's worth.
  const hours = Math.max(atMs - lastMs, MINUTE) / HOUR;
  return value - last > maxPerHour * hours ? 'jumped' : null;
}

function differs(sent: Value, value: Value, deadband: Deadband | null): boolean {
  if (deadband === null || typeof sent !== 'number' || typeof value !== 'number') return sent !== value;
  const band = 'absolute' in deadband ? deadband.absolute : (Math.abs(sent) * deadband.percent) / 100;
  // In decimals 230.3 lies 0.1 beside 230.2; in binary a little more.
  return decimals(Math.abs(value - sent)) > decimals(band);
}

function decimals(n: number): number {
  return Number(n.toPrecision(12));
}

/** As many meters as a process can take in; the values of one in the mean. */
const METERS = 100_000;
const VALUES_OF_A_METER = 20;
/** A single meter may have so many. */
const LEAST_VALUES = 10_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** D of time integrals that run on: 1 (8), 3 (10) and 7 to 10 (17 to 20). */
const COUNTING: ReadonlySet<number> = new Set([8, 10, 17, 18, 19, 20]);
