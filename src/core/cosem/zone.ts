// IANA time zones as arithmetic: a year of a zone is a short list of offsets, asked from Intl once and kept.
// The rule of the file: Intl is called when a year of a zone is first met, never per value.

import { DlmsError } from '../wire/errors';

/** An instant's place in a zone. */
export interface ZoneOffset {
  /** Minutes to add to UTC to get local time; +60 for Central European winter. */
  readonly offsetMinutes: number;
  /** Daylight saving time is in force. */
  readonly daylight: boolean;
}

/** Throws BAD_SETTING for a name that is not in the IANA table of this Node. */
export function checkZone(zone: string, setting = 'timezone'): string {
  try {
    formatterOf(zone);
    return zone;
  } catch (cause) {
    throw new DlmsError(
      { code: 'BAD_SETTING', setting, value: zone, expected: 'an IANA time zone, for example Europe/Vienna' },
      { cause },
    );
  }
}

/** The offset of a zone at an instant. */
export function zoneOffsetAt(zone: string, epochMs: number): ZoneOffset {
  const spans = spansOf(zone, new Date(epochMs).getUTCFullYear());
  let found = spans[0] as Span;
  for (const span of spans) if (span.fromMs <= epochMs) found = span;
  return found;
}

/**
 * The offset of a wall-clock time (given as if it were UTC). In the hour that comes twice the daylight flag decides,
 * without a flag the first of the two; a time that does not exist takes the offset before the change.
 */
export function zoneOffsetOfLocal(zone: string, localMs: number, daylight: boolean | null): ZoneOffset {
  const spans = spansOf(zone, new Date(localMs).getUTCFullYear());
  let found: Span | undefined;
  let before = spans[0] as Span;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i] as Span;
    const utc = localMs - span.offsetMinutes * MINUTE;
    if (utc >= span.fromMs) before = span;
    if (utc < span.fromMs || utc >= (spans[i + 1]?.fromMs ?? Infinity)) continue;
    if (found === undefined || (daylight !== null && span.daylight === daylight)) found = span;
  }
  return found ?? before;
}

/** The zone's offset outside daylight saving time in the given year, in minutes. */
export function standardOffset(zone: string, year: number): number {
  return (spansOf(zone, year).find(s => !s.daylight) as Span).offsetMinutes;
}

/** From `fromMs` on, until the next span's. The first of a year reaches back into the year before. */
interface Span extends ZoneOffset {
  readonly fromMs: number;
}

function spansOf(zone: string, year: number): readonly Span[] {
  let years = ZONES.get(zone);
  if (years === undefined) ZONES.set(zone, (years = new Map<number, readonly Span[]>()));
  let spans = years.get(year);
  if (spans === undefined) {
    if (years.size >= YEARS_KEPT) years.clear();
    years.set(year, (spans = findSpans(zone, year)));
  }
  return spans;
}

function findSpans(zone: string, year: number): readonly Span[] {
  const formatter = formatterOf(zone);
  const start = Date.UTC(year, 0, 1) - 2 * DAY;
  const end = Date.UTC(year + 1, 0, 1) + 2 * DAY;
  const found: { fromMs: number; offsetMinutes: number }[] = [
    { fromMs: -Infinity, offsetMinutes: ask(formatter, start) },
  ];
  for (let at = start; at < end; at += 10 * DAY) {
    const until = Math.min(at + 10 * DAY, end);
    const before = ask(formatter, at);
    const after = ask(formatter, until);
    if (before === after) continue;
    let low = at;
    let high = until;
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (ask(formatter, middle) === before) low = middle;
      else high = middle;
    }
    found.push({ fromMs: high, offsetMinutes: after });
  }
  const standard = Math.min(...found.map(s => s.offsetMinutes));
  return found.map(s => ({ ...s, daylight: s.offsetMinutes > standard }));
}

function ask(formatter: Intl.DateTimeFormat, epochMs: number): number {
  const m = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(formatter.format(epochMs));
  if (m === null || m[1] === undefined) return 0;
  const minutes = Number(m[2]) * 60 + Number(m[3]);
  return m[1] === '-' ? -minutes : minutes;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = FORMATTERS.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    FORMATTERS.set(zone, formatter);
  }
  return formatter;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const YEARS_KEPT = 64;
// Names come from settings and were accepted by Intl, so both maps are as small as its table.
const ZONES = new Map<string, Map<number, readonly Span[]>>();
const FORMATTERS = new Map<string, Intl.DateTimeFormat>();
