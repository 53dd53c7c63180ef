// The COSEM clock: date-time (12 octets), date (5), time (4), each field possibly "not specified".
// IEC 62056-6-2, 4.1.6.1. The rule of the file: a wildcard or an invalid clock gives null, never NaN and never "now".

import { DlmsError } from '../wire/errors';
import { checkZone, standardOffset, zoneOffsetAt, zoneOffsetOfLocal } from './zone';

/** How the deviation of a meter's clock is to be understood. */
export interface ClockPolicy {
  /**
   * `standard`: minutes to add to local time to get UTC (UTC+1 is -60), as the standard says; a clock without deviation
   * is local time in `zone`, if there is one.
   * `inverted`: the opposite sign (Italy, Saudi Arabia, India).
   * `zone`: the deviation is wrong or missing; wall-clock time of `zone`, its repeated hour decided by the status bit.
   * `standard-time-all-year`: the zone's standard time, also in summer (Kamstrup NO/SE/FI/DK, Kaifa SE).
   */
  readonly mode: 'standard' | 'inverted' | 'zone' | 'standard-time-all-year';
  /** IANA name, for example Europe/Vienna. */
  readonly zone?: string;
}

export const STANDARD_CLOCK: ClockPolicy = { mode: 'standard' };
export const CLOCK_MODES: readonly ClockPolicy['mode'][] = ['standard', 'inverted', 'zone', 'standard-time-all-year'];

/** The policy of two settings; empty means the default. Throws BAD_SETTING for an unknown mode or zone. */
export function clockPolicy(mode: string | undefined, zone: string | undefined): ClockPolicy {
  const name = (mode ?? '').trim() || 'standard';
  const known = CLOCK_MODES.find(m => m === name);
  if (known === undefined) throw badSetting('clockPolicy', name, `one of ${CLOCK_MODES.join(', ')}`);
  const place = (zone ?? '').trim();
  if (place !== '') return { mode: known, zone: checkZone(place) };
  if (known === 'zone' || known === 'standard-time-all-year') {
    throw badSetting('timezone', '', `a time zone, which the clock policy "${known}" needs`);
  }
  return { mode: known };
}

/** The fields as sent; null where not specified. */
export interface DateTimeFields {
  readonly year: number | null;
  /** 1..12; 0xfd daylight savings end, 0xfe daylight savings begin. */
  readonly month: number | null;
  /** 1..31; 0xfd second last day of the month, 0xfe last day. */
  readonly dayOfMonth: number | null;
  /** 1 Monday .. 7 Sunday. */
  readonly dayOfWeek: number | null;
  readonly hour: number | null;
  readonly minute: number | null;
  readonly second: number | null;
  readonly hundredths: number | null;
  /** Minutes as sent; by the standard those to add to local time to get UTC. */
  readonly deviationMinutes: number | null;
  /** Bits of CLOCK_STATUS; null when not specified (0xff). */
  readonly status: number | null;
}

export interface CosemDateTime extends DateTimeFields {
  /** The wall-clock time as sent, ISO 8601 without offset; null when a field is a wildcard or no calendar has it. */
  readonly local: string | null;
  /** ISO 8601, with offset when somebody knows it; null where `local` is, and when the meter calls its clock invalid. */
  readonly iso: string | null;
  /** Milliseconds since 1970-01-01 UTC; null when the offset or the time is not known. */
  readonly epochMs: number | null;
}

/** Bits of the clock status octet. IEC 62056-6-2, 4.1.6.1. */
export const CLOCK_STATUS = {
  invalid: 0x01,
  doubtful: 0x02,
  differentBase: 0x04,
  invalidStatus: 0x08,
  daylight: 0x80,
} as const;

/** A status octet in words; none for 0 and for "not specified". */
export function clockStatusWords(status: number | null): string[] {
  if (status === null || status === 0xff) return [];
  return STATUS_WORDS.filter(([bit]) => status & bit).map(([, words]) => words);
}

/** Twelve octets. Throws WIRE_INVALID for another length, nothing for any content. */
export function readDateTime(bytes: Uint8Array, policy: ClockPolicy = STANDARD_CLOCK): CosemDateTime {
  if (bytes.length !== 12) throw wrongLength('date-time', bytes.length, '12 octets');
  const year = at(bytes, 0) * 256 + at(bytes, 1);
  const deviation = ((at(bytes, 9) << 24) >> 16) | at(bytes, 10);
  const status = at(bytes, 11);
  const fields: Writable<CosemDateTime> = {
    year: year === 0xffff ? null : year,
    month: specified(at(bytes, 2)),
    dayOfMonth: specified(at(bytes, 3)),
    dayOfWeek: specified(at(bytes, 4)),
    hour: specified(at(bytes, 5)),
    minute: specified(at(bytes, 6)),
    second: specified(at(bytes, 7)),
    hundredths: specified(at(bytes, 8)),
    deviationMinutes: deviation === NO_DEVIATION ? null : deviation,
    status: status === 0xff ? null : status,
    local: null,
    iso: null,
    epochMs: null,
  };
  const localMs = wallClock(fields);
  if (localMs === null) return fields;
  fields.local = isoLocal(localMs, fields.second !== null);
  if (status !== 0xff && (status & CLOCK_STATUS.invalid) !== 0) return fields;
  const offset = offsetMinutes(fields, localMs, policy);
  fields.iso = offset === null ? fields.local : fields.local + isoOffset(offset);
  fields.epochMs = offset === null ? null : localMs - offset * MINUTE;
  return fields;
}

export function writeDateTime(fields: DateTimeFields): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(writeDate(fields), 0);
  bytes.set(writeTime(fields), 5);
  const deviation = fields.deviationMinutes ?? NO_DEVIATION;
  bytes[9] = (deviation >> 8) & 0xff;
  bytes[10] = deviation & 0xff;
  bytes[11] = fields.status ?? 0xff;
  return bytes;
}

/** Whether octets can hardly be anything but a clock reading; a pattern with wildcards in its date is not. */
export function looksLikeDateTime(bytes: Uint8Array): boolean {
  if (bytes.length !== 12) return false;
  const year = at(bytes, 0) * 256 + at(bytes, 1);
  const deviation = ((at(bytes, 9) << 24) >> 16) | at(bytes, 10);
  return (
    year >= 1970 &&
    year <= 2199 &&
    within(at(bytes, 2), 1, 12) &&
    within(at(bytes, 3), 1, 31) &&
    (within(at(bytes, 4), 0, 7) || at(bytes, 4) === 0xff) &&
    at(bytes, 5) < 24 &&
    at(bytes, 6) < 60 &&
    (at(bytes, 7) < 60 || at(bytes, 7) === 0xff) &&
    (at(bytes, 8) < 100 || at(bytes, 8) === 0xff) &&
    (Math.abs(deviation) <= MOST_DEVIATION || deviation === NO_DEVIATION)
  );
}

/**
 * The time of a clock that nobody has set: it counts from midnight of 2000, for the hours until somebody does, or from where
 * else its maker lets it begin, or stands at its end. No meter that is read today has run through one of these years; noon is
 * our figure, because a maker's own example was sent in the evening of that day.
 */
export function isNeverSet(year: number, month: number, day: number, hour: number): boolean {
  return year < 2000 || year >= 2099 || (year === 2000 && month === 1 && day === 1 && hour < 12);
}

/** {@link isNeverSet} of twelve octets. */
export function isClockNeverSet(octets: Uint8Array): boolean {
  const year = at(octets, 0) * 256 + at(octets, 1);
  return isNeverSet(year, at(octets, 2), at(octets, 3), at(octets, 5));
}

/** What a range selector of a profile wants: an instant as the meter's own clock would show it. */
export interface ClockOctetsOptions {
  readonly policy?: ClockPolicy;
  /** `without`: deviation and status "not specified"; some meters refuse one form, some the other. Default `with`. */
  readonly deviation?: 'with' | 'without';
}

/**
 * Date, milliseconds or ISO text as 12 octets. Text without offset is the meter's wall-clock time; text with an offset
 * and no zone in the policy keeps its wall clock; an instant without any zone is written in UTC.
 * Throws BAD_SETTING for what is no time.
 */
export function clockOctets(when: Date | number | string, options: ClockOctetsOptions = {}): Uint8Array {
  const policy = options.policy ?? STANDARD_CLOCK;
  const { localMs, offset, daylight } = wallClockOf(when, policy);
  const with_ = options.deviation !== 'without' && offset !== null;
  const d = new Date(localMs);
  return writeDateTime({
    year: d.getUTCFullYear(),
    month: d.getUTCMonth() + 1,
    dayOfMonth: d.getUTCDate(),
    dayOfWeek: null,
    hour: d.getUTCHours(),
    minute: d.getUTCMinutes(),
    second: d.getUTCSeconds(),
    hundredths: 0,
    deviationMinutes: with_ ? (policy.mode === 'inverted' ? offset : 0 - offset) : null,
    status: options.deviation === 'without' ? null : daylight ? CLOCK_STATUS.daylight : 0,
  });
}

/** Milliseconds of a Date, a number or ISO text; text without offset is taken in the policy's zone. null: no such zone. */
export function epochOf(when: Date | number | string, policy: ClockPolicy = STANDARD_CLOCK): number | null {
  const { localMs, offset } = wallClockOf(when, policy);
  return offset === null ? null : localMs - offset * MINUTE;
}

export type DateFields = Pick<DateTimeFields, 'year' | 'month' | 'dayOfMonth' | 'dayOfWeek'>;
export type TimeFields = Pick<DateTimeFields, 'hour' | 'minute' | 'second' | 'hundredths'>;

/** Five octets; `iso` is YYYY-MM-DD or null. */
export function readDate(bytes: Uint8Array): DateFields & { readonly iso: string | null } {
  if (bytes.length !== 5) throw wrongLength('date', bytes.length, '5 octets');
  const fields = readDateFields(bytes);
  const ms = calendarDay(fields);
  return { ...fields, iso: ms === null ? null : isoLocal(ms, false).slice(0, 10) };
}

export function writeDate(fields: DateFields): Uint8Array {
  const year = fields.year ?? 0xffff;
  return Uint8Array.of(year >> 8, year, fields.month ?? 0xff, fields.dayOfMonth ?? 0xff, fields.dayOfWeek ?? 0xff);
}

/** Four octets; `iso` is hh:mm:ss or null. */
export function readTime(bytes: Uint8Array): TimeFields & { readonly iso: string | null } {
  if (bytes.length !== 4) throw wrongLength('time', bytes.length, '4 octets');
  const fields = {
    hour: specified(at(bytes, 0)),
    minute: specified(at(bytes, 1)),
    second: specified(at(bytes, 2)),
    hundredths: specified(at(bytes, 3)),
  };
  const ms = timeOfDay(fields);
  return { ...fields, iso: ms === null ? null : isoLocal(ms, fields.second !== null).slice(11) };
}

export function writeTime(fields: TimeFields): Uint8Array {
  return Uint8Array.of(fields.hour ?? 0xff, fields.minute ?? 0xff, fields.second ?? 0xff, fields.hundredths ?? 0xff);
}

/** ISO 8601 of an instant at a known offset in minutes. */
export function isoAt(epochMs: number, offset: number): string {
  return isoLocal(epochMs + offset * MINUTE, true) + isoOffset(offset);
}

/** ISO 8601 of an instant in the policy's zone; in UTC without one. */
export function isoInPolicy(epochMs: number, policy: ClockPolicy): string {
  return isoAt(epochMs, placeOf(epochMs, policy)?.offset ?? 0);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function offsetMinutes(fields: DateTimeFields, localMs: number, policy: ClockPolicy): number | null {
  const { mode, zone } = policy;
  if (mode === 'standard-time-all-year') return zone === undefined ? null : standardOffset(zone, fields.year as number);
  const deviation = fields.deviationMinutes;
  if (mode !== 'zone' && deviation !== null) {
    const offset = mode === 'inverted' ? deviation : 0 - deviation;
    // Beyond what any place has it is no deviation.
    if (offset >= WESTERNMOST && offset <= MOST_DEVIATION) return offset;
  }
  if (zone === undefined) return null;
  const daylight = fields.status === null ? null : (fields.status & CLOCK_STATUS.daylight) !== 0;
  return zoneOffsetOfLocal(zone, localMs, daylight).offsetMinutes;
}

interface WallClock {
  readonly localMs: number;
  /** null: nobody knows. */
  readonly offset: number | null;
  readonly daylight: boolean;
}

function wallClockOf(when: Date | number | string, policy: ClockPolicy): WallClock {
  if (typeof when !== 'string') {
    const epochMs = Number(when);
    if (!Number.isFinite(epochMs)) throw notATime(String(when));
    return inZone(epochMs, policy) ?? { localMs: epochMs, offset: 0, daylight: false };
  }
  const m = ISO.exec(when.trim());
  if (m === null) throw notATime(when);
  const localMs = wallClock({
    year: Number(m[1]),
    month: Number(m[2]),
    dayOfMonth: Number(m[3]),
    hour: Number(m[4] ?? 0),
    minute: Number(m[5] ?? 0),
    second: Number(m[6] ?? 0),
    hundredths: Number((m[7] ?? '').padEnd(2, '0').slice(0, 2)),
  });
  if (localMs === null) throw notATime(when);
  if (m[8] === undefined) return localInZone(localMs, policy);
  const offset = m[8] === 'Z' ? 0 : (m[9] === '-' ? -1 : 1) * (Number(m[10]) * 60 + Number(m[11]));
  return inZone(localMs - offset * MINUTE, policy) ?? { localMs, offset, daylight: false };
}

function inZone(epochMs: number, policy: ClockPolicy): WallClock | null {
  const place = placeOf(epochMs, policy);
  return place === null ? null : { localMs: epochMs + place.offset * MINUTE, ...place };
}

function placeOf(epochMs: number, policy: ClockPolicy): { offset: number; daylight: boolean } | null {
  if (policy.zone === undefined) return null;
  if (policy.mode === 'standard-time-all-year') {
    return { offset: standardOffset(policy.zone, new Date(epochMs).getUTCFullYear()), daylight: false };
  }
  const { offsetMinutes: offset, daylight } = zoneOffsetAt(policy.zone, epochMs);
  return { offset, daylight };
}

function localInZone(localMs: number, policy: ClockPolicy): WallClock {
  if (policy.zone === undefined) return { localMs, offset: null, daylight: false };
  if (policy.mode === 'standard-time-all-year') {
    return { localMs, offset: standardOffset(policy.zone, new Date(localMs).getUTCFullYear()), daylight: false };
  }
  const { offsetMinutes: offset, daylight } = zoneOffsetOfLocal(policy.zone, localMs, null);
  return { localMs, offset, daylight };
}

/** Milliseconds as if local time were UTC; null for wildcards and for what no calendar has. */
function wallClock(f: Omit<DateTimeFields, 'dayOfWeek' | 'deviationMinutes' | 'status'>): number | null {
  const day = calendarDay(f);
  const time = timeOfDay(f);
  return day === null || time === null ? null : day + time;
}

function calendarDay(f: Omit<DateFields, 'dayOfWeek'>): number | null {
  const { year, month, dayOfMonth } = f;
  if (year === null || month === null || dayOfMonth === null) return null;
  if (year < 1900 || year > 9999 || month < 1 || month > 12 || dayOfMonth < 1) return null;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (dayOfMonth > (DAYS[month - 1] as number) + (leap ? 1 : 0)) return null;
  return Date.UTC(year, month - 1, dayOfMonth);
}

function timeOfDay(f: TimeFields): number | null {
  const { hour, minute } = f;
  // A clock without seconds still tells the minute; hundredths are rarely kept (Kamstrup, Kaifa: FF).
  const second = f.second ?? 0;
  // Of a second that was not told they would be read as parts of a minute.
  const hundredths = f.second === null ? 0 : (f.hundredths ?? 0);
  if (hour === null || minute === null || hour > 23 || minute > 59 || second > 59 || hundredths > 99) return null;
  return ((hour * 60 + minute) * 60 + second) * 1000 + hundredths * 10;
}

function readDateFields(bytes: Uint8Array): DateFields {
  const year = at(bytes, 0) * 256 + at(bytes, 1);
  return {
    year: year === 0xffff ? null : year,
    month: specified(at(bytes, 2)),
    dayOfMonth: specified(at(bytes, 3)),
    dayOfWeek: specified(at(bytes, 4)),
  };
}

/** `YYYY-MM-DDThh:mm[:ss[.hh]]` */
function isoLocal(ms: number, seconds: boolean): string {
  const day = Math.floor(ms / DAY);
  if (day !== lastDay) {
    lastDayText = new Date(day * DAY).toISOString().slice(0, 11);
    lastDay = day;
  }
  const rest = ms - day * DAY;
  const hundredths = Math.floor((rest % 1000) / 10);
  return (
    lastDayText +
    TWO[Math.floor(rest / HOUR)] +
    ':' +
    TWO[Math.floor(rest / MINUTE) % 60] +
    (seconds ? ':' + TWO[Math.floor(rest / 1000) % 60] : '') +
    (hundredths > 0 ? '.' + TWO[hundredths] : '')
  );
}

function isoOffset(minutes: number): string {
  const m = Math.abs(minutes);
  return (minutes < 0 ? '-' : '+') + TWO[Math.floor(m / 60)] + ':' + TWO[m % 60];
}

/** Callers checked the length. */
const at = (bytes: Uint8Array, index: number): number => bytes[index] as number;
const specified = (octet: number): number | null => (octet === 0xff ? null : octet);
const within = (n: number, low: number, high: number): boolean => n >= low && n <= high;

function wrongLength(field: string, length: number, expected: string): DlmsError {
  return new DlmsError({ code: 'WIRE_INVALID', field, value: `${length} octets`, expected, offset: 0 });
}
function notATime(value: string): DlmsError {
  return badSetting('time', value, 'a Date, milliseconds or ISO 8601 text such as 2026-11-21T10:15:00+01:00');
}
function badSetting(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}

// Neighbouring rows mostly share their day, so its text is kept; a memo of a pure function.
let lastDay = NaN;
let lastDayText = '';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|([+-])(\d{2}):?(\d{2}))?)?$/;
const NO_DEVIATION = -0x8000;
const MOST_DEVIATION = 840;
const WESTERNMOST = -720;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const TWO: readonly string[] = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));
const STATUS_WORDS: readonly (readonly [number, string])[] = [
  [CLOCK_STATUS.invalid, 'invalid value'],
  [CLOCK_STATUS.doubtful, 'doubtful value'],
  [CLOCK_STATUS.differentBase, 'different clock base'],
  [CLOCK_STATUS.invalidStatus, 'invalid clock status'],
  [CLOCK_STATUS.daylight, 'daylight saving active'],
];
