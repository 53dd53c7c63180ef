// Clock texts of IEC 62056-21 readouts and P1 telegrams -> ISO 8601. Local meter time: an offset only where one was sent.
// The rule of the file: undefined "no such form", null "the form, but no such time"; never a guess, never NaN.

import { isoAt } from '../cosem/date-time';
import { standardOffset, zoneOffsetOfLocal } from '../cosem/zone';

/** 0 standard, 1 summer, 2 UTC: the digit in front of a time stamp. VDEW Lastenheft. */
export type Season = 'standard' | 'dst' | 'utc';

export interface ClockText {
  readonly iso: string | null;
  readonly season?: Season;
}

/** Order of day, month and year in six-digit dates; Elster AS1440 sends DMY. */
export type DateOrder = 'ymd' | 'dmy' | 'mdy';

/**
 * YYMMDDhhmmssX with X = S (summer) or W (winter). DSMR P1, 6.4. The letter decides, not the calendar: a meter whose
 * flag is stuck is reported as it is.
 */
export function readP1Time(text: string): ClockText | undefined {
  const last = text.charCodeAt(12);
  if (text.length !== 13 || (last !== 0x53 && last !== 0x57) || !/^\d{12}/.test(text)) return undefined;
  // The first second of 2000 stands where there was none yet.
  const local = text.startsWith(FIRST_SECOND) ? null : fromDigits(text, 0, 2);
  return { iso: local === null ? null : local + (last === 0x53 ? '+02:00' : '+01:00') };
}

/**
 * A time stamp in one of the forms meters use beside a value: YYMMDDhhmm, YYMMDDhhmmss, with a season digit in front,
 * YYYYMMDDhhmm, YY-MM-DD hh:mm(:ss), with comma, blank, T or & between, YYYYMMDD hh:mm:ss. Zeros mean "never".
 */
export function readTime(text: string): ClockText | undefined {
  const digits = text.length;
  if (/^\d+$/.test(text)) {
    if (digits === 10) return numeric(text, 0);
    if (digits === 12) return fourDigitYear(text) ?? numeric(text, 0);
    if (digits === 14) return { iso: fromDigits(text, 0, 4) };
    if ((digits === 11 || digits === 13) && /^[012]/.test(text)) return numeric(text, 1);
    return undefined;
  }
  const m = /^(\d{2}|\d{4})-(\d{2})-(\d{2})[ ,T&](\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (m !== null)
    return {
      iso: compose(year(m[1] as string), Number(m[2]), Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6] ?? 0)),
    };
  const n = /^(\d{4})(\d{2})(\d{2}) (\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (n !== null)
    return { iso: compose(Number(n[1]), Number(n[2]), Number(n[3]), Number(n[4]), Number(n[5]), Number(n[6] ?? 0)) };
  return undefined;
}

/** sYYMMDDhhmm(ss) or YYMMDDhhmm(ss) of a load-profile header; null when it is no time. */
export function readHeaderTime(text: string): { ms: number; season: Season | null } | null {
  const time = readTime(text.trim()) ?? readP1Time(text.trim());
  if (time === undefined || time.iso === null) return null;
  return { ms: Date.parse(`${time.iso.slice(0, 19)}Z`), season: time.season ?? null };
}

/**
 * ISO text of a local time in milliseconds, as {@link readHeaderTime} gives it, with its offset where one is known; null
 * beyond the year 9999.
 */
export function localIso(ms: number, offsetMinutes: number | null): string | null {
  if (ms > LAST_MS) return null;
  if (offsetMinutes === null) return new Date(ms).toISOString().slice(0, 19);
  return isoAt(ms - offsetMinutes * 60_000, offsetMinutes);
}

/** Who says whether a local time is summer time: the meter's mark at the time, or the calendar of the zone. */
export type SeasonBy = 'meter' | 'zone';

/** Minutes that a local time in a zone is ahead of UTC. A meter that marks standard time in July keeps it all year. */
export function offsetOf(zone: string, localMs: number, season: Season | null, by: SeasonBy): number {
  if (by === 'meter' && (season === 'standard' || season === 'dst'))
    return standardOffset(zone, new Date(localMs).getUTCFullYear()) + (season === 'dst' ? 60 : 0);
  return zoneOffsetOfLocal(zone, localMs, season === null ? null : season === 'dst').offsetMinutes;
}

/** hhmmss, shhmmss, hh:mm:ss, hh:mm -> hh:mm:ss. */
export function readTimeOfDay(text: string): string | undefined {
  const m = /^[012]?(\d{2})(\d{2})(\d{2})$/.exec(text) ?? /^(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (m === null) return undefined;
  const [h, min, s] = [Number(m[1]), Number(m[2]), Number(m[3] ?? 0)];
  return h > 23 || min > 59 || s > 59 ? undefined : `${two(h)}:${two(min)}:${two(s)}`;
}

/** YYMMDD (or in the given order), sYYMMDD, YYYYMMDD, YY-MM-DD, YYYY-MM-DD, DD.MM.YY -> YYYY-MM-DD. */
export function readDate(text: string, order: DateOrder): string | undefined {
  let parts: [string, string, string];
  const six = /^[012]?(\d{2})(\d{2})(\d{2})$/.exec(text);
  const eight = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  const dashed = /^(\d{2}|\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const dotted = /^(\d{2})\.(\d{2})\.(\d{2}|\d{4})$/.exec(text);
  if (six !== null) parts = ordered(six, text.length === 7 ? 'ymd' : order);
  else if (eight !== null) parts = ordered(eight, 'ymd');
  else if (dashed !== null) parts = ordered(dashed, dashed[1]?.length === 4 ? 'ymd' : order);
  else if (dotted !== null) parts = ordered(dotted, 'dmy');
  else return undefined;
  return compose(year(parts[0]), +parts[1], +parts[2], 0, 0, 0)?.slice(0, 10);
}

function ordered(m: RegExpExecArray, order: DateOrder): [string, string, string] {
  const [a, b, c] = [m[1] ?? '', m[2] ?? '', m[3] ?? ''];
  return order === 'ymd' ? [a, b, c] : order === 'dmy' ? [c, b, a] : [c, a, b];
}

/** Ten or twelve digits behind the season digit, if any. */
function numeric(text: string, from: number): ClockText | undefined {
  const season = from === 0 ? undefined : SEASONS[text.charCodeAt(0) - 0x30];
  if (never(text, from)) return { iso: null };
  const local = fromDigits(text, from, 2);
  // Ten digits that are no time are a number or a serial.
  if (local === null) return undefined;
  return season === undefined ? { iso: local } : { iso: season === 'utc' ? `${local}Z` : local, season };
}

/** All zero, or month 00 in what otherwise could be a time: there was none yet. */
function never(text: string, from: number): boolean {
  if (/^0+$/.test(text.slice(from))) return true;
  const n = (at: number): number => Number(text.slice(from + at, from + at + 2));
  return n(2) === 0 && n(4) <= 31 && n(6) <= 24 && n(8) <= 59;
}

/** YYYYMMDDhhmm; 20 and 19 are no months, so it cannot be taken for YYMMDDhhmmss. */
function fourDigitYear(text: string): ClockText | undefined {
  if (!/^(19|20)/.test(text)) return undefined;
  const asShort = fromDigits(text, 0, 2);
  const local = fromDigits(text, 0, 4);
  return asShort === null && local !== null ? { iso: local } : undefined;
}

function fromDigits(text: string, from: number, yearDigits: 2 | 4): string | null {
  const n = (at: number): number => {
    const i = from + yearDigits + at;
    return i + 1 < text.length ? 10 * (text.charCodeAt(i) - 0x30) + text.charCodeAt(i + 1) - 0x30 : 0;
  };
  return compose(year(text.slice(from, from + yearDigits)), n(0), n(2), n(4), n(6), n(8));
}

/** Two-digit years from 70 on belong to the last century; 700101 is a clock that never ran. */
function year(text: string): number {
  const n = Number(text);
  return text.length === 4 ? n : n >= 70 ? 1900 + n : 2000 + n;
}

/** null when there is no such day or time. 24:00 is the end of the day: the next day's midnight. */
function compose(y: number, month: number, day: number, hour: number, minute: number, second: number): string | null {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] ?? 0)) || minute > 59 || second > 59)
    return null;
  if (y < 1900) return null;
  if (month === 2 && day === 29 && (y % 4 !== 0 || (y % 100 === 0 && y % 400 !== 0))) return null;
  if (hour > 23) {
    if (hour > 24 || minute > 0 || second > 0) return null;
    return new Date(Date.UTC(y, month - 1, day + 1)).toISOString().slice(0, 19);
  }
  return `${y}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

const FIRST_SECOND = '000101000000';
const LAST_MS = Date.UTC(9999, 11, 31);
const SEASONS: readonly Season[] = ['standard', 'dst', 'utc'];
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
