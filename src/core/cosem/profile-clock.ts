// The time of profile rows: as the meter wrote it, counted on where it wrote none, and in the hour that comes twice told
// apart by the order of rows. The rule of the file: what neither clock nor order tells stays null.

import {
  type ClockPolicy,
  type CosemDateTime,
  CLOCK_STATUS,
  clockOctets,
  epochOf,
  isoAt,
  isoInPolicy,
  readDateTime,
} from './date-time';
import { zoneOffsetOfLocal } from './zone';

/** When a row was captured. */
export interface RowClock extends Pick<CosemDateTime, 'local' | 'iso' | 'epochMs' | 'deviationMinutes' | 'status'> {
  /** Its wall-clock time comes twice that day. */
  readonly twice: boolean;
}

export class RowTimes {
  /** Of the last complete row, and of the row being read. */
  #before: RowClock | null = null;
  #now: RowClock | null = null;
  /** A row in summer time came without the bit that says so: the meter does not keep it. */
  #bitless = false;
  readonly #backwards: boolean;

  /** @param stepMs the capture period, negative where the newest row comes first; 0: captured by events */
  constructor(
    readonly policy: ClockPolicy,
    readonly stepMs: number,
    backwards: boolean,
  ) {
    this.#backwards = backwards;
  }

  /** A row begins, perhaps anew because its end had not come. */
  begin(): void {
    this.#now = null;
  }

  /** Twelve octets of a clock. */
  sent(octets: Uint8Array): void {
    const clock = readDateTime(octets, this.policy);
    this.#now = this.#inOrder(clock) ?? { ...clock, twice: false };
  }

  /** UNIX time, 0-b:1.1.0. 0 and all bits set are what meters show that have no time. */
  unix(seconds: number): void {
    if (seconds <= 0 || seconds >= NO_UNIX_TIME) return;
    const epochMs = seconds * 1000;
    const iso = isoInPolicy(epochMs, this.policy);
    this.#now = { local: iso.slice(0, 19), iso, epochMs, deviationMinutes: null, status: null, twice: false };
  }

  /** null-data: one capture period behind the row before. IEC 62056-6-2, profile generic, buffer. */
  counted(): void {
    this.#now = next(this.#before, this.stepMs, this.policy);
  }

  /** The row is complete: its time, null where it has none. */
  commit(): RowClock | null {
    const now = (this.#before = this.#now);
    if (now !== null && !now.twice && now.status !== null && !this.#bitless) this.#bitless = this.#lacksBit(now);
    return now;
  }

  /** Told apart from the other pass of its hour; null: its time does not come twice, or its offset was sent. */
  #inOrder(clock: CosemDateTime): RowClock | null {
    const { zone, mode } = this.policy;
    const { local, iso, status } = clock;
    if (zone === undefined || local === null || iso === null || mode === 'standard-time-all-year') return null;
    if (clock.deviationMinutes !== null && mode !== 'zone') return null;
    if (status !== null && (status & CLOCK_STATUS.daylight) !== 0) return null;
    const localMs = Date.parse(`${local}Z`);
    const pass = (daylight: boolean): RowClock & { readonly epochMs: number } => {
      const { offsetMinutes } = zoneOffsetOfLocal(zone, localMs, daylight);
      const epochMs = localMs - offsetMinutes * MINUTE;
      return { ...clock, epochMs, iso: local + isoAt(epochMs, offsetMinutes).slice(-6), twice: true };
    };
    const [first, second] = [pass(true), pass(false)];
    if (first.epochMs === second.epochMs) return null;
    const bySays = status !== null && !this.#bitless;
    const likely = bySays || this.#backwards ? second : first;
    const other = likely === first ? second : first;
    return this.#follows(likely.epochMs) || !this.#follows(other.epochMs) ? likely : other;
  }

  /** Rows of a period differ in time; of two events at the same second the order says nothing. */
  #follows(epochMs: number): boolean {
    const before = this.#before?.epochMs ?? null;
    if (before === null) return true;
    if (epochMs === before) return this.stepMs === 0;
    return epochMs > before !== this.#backwards;
  }

  #lacksBit({ local, status }: RowClock): boolean {
    const { zone } = this.policy;
    if (zone === undefined || local === null || status === null) return false;
    return (status & CLOCK_STATUS.daylight) === 0 && zoneOffsetOfLocal(zone, Date.parse(`${local}Z`), null).daylight;
  }
}

/** One end of a range. */
export interface Limit {
  readonly epochMs: number | null;
  /** Wall clock, for meters whose offset nobody knows. */
  readonly local: string | null;
}

export function limit(when: Date | number | string, policy: ClockPolicy): Limit {
  const local = readDateTime(clockOctets(when, { policy, deviation: 'without' })).local;
  return { epochMs: epochOf(when, policy), local };
}

/** side -1: before the limit; 1: after it. */
export function outside(clock: RowClock, end: Limit | null, side: -1 | 1): boolean {
  if (end === null) return false;
  if (clock.epochMs !== null && end.epochMs !== null) return (clock.epochMs - end.epochMs) * side > 0;
  if (clock.local === null || end.local === null) return false;
  return side > 0 ? clock.local > end.local : clock.local < end.local;
}

/** The clock one capture period on: at the same offset, or at that of the zone where the zone decides. */
function next(clock: RowClock | null, stepMs: number, policy: ClockPolicy): RowClock | null {
  if (clock === null || stepMs === 0 || clock.local === null) return null;
  const same = { deviationMinutes: clock.deviationMinutes, status: null, twice: false };
  const local = new Date(Date.parse(`${clock.local}Z`) + stepMs).toISOString().slice(0, clock.local.length);
  if (clock.iso === null || clock.epochMs === null) {
    return { ...same, local, iso: clock.iso === null ? null : local, epochMs: null };
  }
  const epochMs = clock.epochMs + stepMs;
  const byZone = policy.mode === 'zone' || policy.mode === 'standard-time-all-year' || clock.deviationMinutes === null;
  if (!byZone) return { ...same, local, iso: local + clock.iso.slice(clock.local.length), epochMs };
  const iso = isoInPolicy(epochMs, policy);
  return { ...same, local: iso.slice(0, 19), iso, epochMs };
}

const MINUTE = 60_000;
const NO_UNIX_TIME = 0xffffffff;
