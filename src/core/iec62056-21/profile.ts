// Load profiles and log books as programming mode sends them -> rows. VDEW Lastenheft: P.01(time)(status)(minutes)(n)
// (id1)(unit1)...(idn)(unitn)(v1)...(vn)...; rows may stand on the header line or on their own.
// The rule of the file: a new header starts a new segment; a row's time is the header's plus whole intervals, and what cannot
// be read leaves its row out at its time.

import { Obis } from '../obis/obis';
import { obisName } from '../obis/obis-names';
import type { Value } from '../cosem/reading';
import { parseDataBlock } from './data-block';
import { Typing, type TypingOptions } from './typing';
import { localIso, offsetOf, readHeaderTime, type Season } from './times';

export interface ProfileChannel {
  /** As sent. */
  readonly id: string;
  readonly obis: string | null;
  readonly unit: string | null;
}

/** What stands below one header: periods without a gap, a change of the clock or of the status. */
export interface ProfileSegment {
  /** End of the first period, ISO 8601; null when the header has no valid time. */
  readonly time: string | null;
  readonly season: Season | null;
  /**
   * Hex digits as sent. The last two (VDEW Lastenheft): 80 power down, 40 power up, 20 time set, 10 reset, 08 season change,
   * 04 value disturbed, 02 running reserve exhausted, 01 fatal error.
   */
  readonly status: string;
  readonly intervalMinutes: number | null;
  readonly channels: readonly ProfileChannel[];
  readonly rows: readonly {
    readonly time: string | null;
    readonly values: readonly Value[];
    readonly text: readonly string[];
  }[];
}

export interface IecProfile {
  /** P.01, P.02, P.98, P.99, P.200 ... as sent. */
  readonly code: string;
  readonly obis: string | null;
  readonly segments: readonly ProfileSegment[];
  /** The meter's word for "nothing there": ERROR, or none at all. No failure, zero rows. */
  readonly empty?: string;
  /** Values left over behind the last whole row, and lines that could not be read. */
  readonly unparsed: readonly string[];
}

/** The load profile of docs/messages.md#load-profile, without what only the caller knows. */
export interface ProfileTable {
  readonly profile: { readonly obis: string | null; readonly code: string; readonly capturePeriod: number };
  readonly from: string | null;
  readonly to: string | null;
  readonly columns: readonly {
    readonly key: string;
    readonly obis: string | null;
    readonly id: string;
    readonly name: string;
    readonly unit: string | null;
  }[];
  readonly rows: readonly ({ readonly time: string | null; readonly status?: number } & Readonly<
    Record<string, Value>
  >)[];
}

/** Whether a block is a profile or log book: its first id is P.nn, with or without A-B. */
export function isProfile(text: string): boolean {
  return CODE.test(text.slice(0, text.indexOf('(') + 1).trim());
}

/** Reads an answer to R5/R6 P.nn; partial blocks joined before. */
export function parseProfile(text: string, options: TypingOptions = {}): IecProfile {
  const unparsed: string[] = [];
  const sections = sectionsOf(text, unparsed);
  const typing = new Typing(options);
  const code = sections[0]?.id ?? '';
  const obis = typing.facts(code).code;
  const only = sections.length === 1 && sections[0]?.head.length === 1 ? sections[0].head[0] : undefined;
  if (only === NO_ENTRIES || only?.trim() === '') return { code, obis, segments: [], empty: only, unparsed };
  const segments = sections.map(section => segmentOf(section, typing, unparsed));
  return { code, obis, segments, unparsed };
}

/** A header with the lines below it; `sets` null for a line that could not be read. */
interface Section {
  readonly id: string;
  readonly head: string[];
  readonly lines: Line[];
}
interface Line {
  readonly text: string;
  readonly sets: readonly string[] | null;
}

function sectionsOf(text: string, unparsed: string[]): Section[] {
  const sections: Section[] = [];
  // Below a header that could not be read no row has a time.
  let section: Section | null = null;
  for (const line of text.split(/[\r\n]+/)) {
    if (line.trim() === '') continue;
    if (line.trimStart().startsWith('!')) break;
    const { dataSets } = parseDataBlock(line, false);
    const headless = line.trimStart().startsWith('(');
    if (dataSets.length === 0 && !headless) section = null;
    if (dataSets.length === 0) {
      if (section === null) unparsed.push(line);
      else section.lines.push({ text: line, sets: null });
    }
    for (const { id, sets } of dataSets) {
      if (id !== '') sections.push((section = { id, head: [...sets], lines: [] }));
      else if (section === null) unparsed.push(line);
      else section.lines.push({ text: line, sets });
    }
  }
  return sections;
}

function segmentOf({ id, head, lines }: Section, typing: Typing, unparsed: string[]): ProfileSegment {
  const { zone, season: by = 'meter' } = typing.options;
  // A header may go on in the lines below it.
  while (head.length < headerLength(head) && lines[0]?.sets != null) {
    for (const set of lines.shift()?.sets ?? []) head.push(set);
  }
  const [stamp = '', status = '', minutes = '', count = ''] = head;
  const start = readHeaderTime(stamp);
  const n = channelCount(count);
  const first = 4 + 2 * n;
  const rest: Line[] = [...lines];
  if (head.length > first) rest.unshift({ text: bracketed(id, head.slice(first)), sets: head.slice(first) });
  const firstValues = rest[0]?.sets ?? [];
  const channels: ProfileChannel[] = [];
  for (let i = 0; i < n; i++) {
    const channel = (head[4 + 2 * i] ?? '').trim();
    const unit = (head[5 + 2 * i] ?? '').trim();
    channels.push({
      id: channel,
      obis: typing.facts(channel).code,
      unit: unit === '' ? unitIn(firstValues[i]) : unit,
    });
  }
  const intervalMinutes = readMinutes(minutes);
  const season = start?.season ?? null;
  // One for all of the segment: a meter whose clock changes begins a new one.
  const offset = start === null || zone === undefined || season === 'utc' ? null : offsetOf(zone, start.ms, season, by);
  const isoOf = (ms: number): string | null => {
    const iso = localIso(ms, offset);
    return iso !== null && season === 'utc' ? `${iso}Z` : iso;
  };
  const rows: ProfileSegment['rows'][number][] = [];
  for (const { period, text } of periodsOf(id, rest, n, unparsed)) {
    const ms = start === null ? null : start.ms + period * (intervalMinutes ?? 0) * 60_000;
    rows.push({
      time: ms === null ? null : isoOf(ms),
      values: text.map((value, i) => valueOf(value, channels[i] as ProfileChannel, typing)),
      text,
    });
  }
  return {
    time: start === null ? null : isoOf(start.ms),
    season,
    status: status.trim(),
    intervalMinutes,
    channels,
    rows,
  };
}

function channelCount(text: string): number {
  return /^\s*\d{1,3}\s*$/.test(text) ? Number(text) : 0;
}

function headerLength(head: readonly string[]): number {
  return head.length < 4 ? 4 : 4 + 2 * channelCount(head[3] ?? '');
}

/**
 * The whole rows of n values, each with the number of its period. A line that is short or cannot be read is told, and the
 * periods that stood in it are left out; where nobody can say how many these are, what follows has no time and is told too.
 */
function* periodsOf(
  id: string,
  lines: readonly Line[],
  n: number,
  unparsed: string[],
): Generator<{ readonly period: number; readonly text: readonly string[] }> {
  const whole = lines.filter(({ sets }) => n > 0 && sets !== null && sets.length % n === 0);
  // Some meters break lines anywhere: then rows are found by counting alone.
  const read = lines.filter(({ sets }) => sets !== null);
  if (2 * whole.length < read.length) return yield* flowing(id, lines, n, unparsed);
  const lengths = new Set(whole.map(({ sets }) => (sets ?? []).length / n));
  const usual = lengths.size === 1 ? [...lengths][0] : undefined;
  let period: number | undefined = 0;
  for (const line of lines) {
    const { sets, text } = line;
    if (period === undefined || sets === null || sets.length % n !== 0) {
      unparsed.push(sets === null ? text : bracketed(id, sets));
      if (period !== undefined) period = usual === undefined ? undefined : period + usual;
      continue;
    }
    for (let at = 0; at < sets.length; at += n) yield { period: period++, text: sets.slice(at, at + n) };
  }
}

function* flowing(
  id: string,
  lines: readonly Line[],
  n: number,
  unparsed: string[],
): Generator<{ readonly period: number; readonly text: readonly string[] }> {
  const unread = lines.findIndex(({ sets }) => sets === null);
  const before = unread === -1 ? lines : lines.slice(0, unread);
  const sets = before.flatMap(line => line.sets ?? []);
  const count = n === 0 ? 0 : Math.floor(sets.length / n);
  for (let period = 0; period < count; period++) yield { period, text: sets.slice(period * n, (period + 1) * n) };
  if (sets.length > count * n) unparsed.push(bracketed(id, sets.slice(count * n)));
  if (unread !== -1) for (const { text } of lines.slice(unread)) unparsed.push(text);
}

function bracketed(id: string, sets: readonly string[]): string {
  return `${id}: ${sets.map(text => `(${text})`).join('')}`;
}

/** A value without its unit is a number by the channel; what a log book keeps (a clock, a text) stays text. */
function valueOf(text: string, { id, unit }: ProfileChannel, typing: Typing): Value {
  return typing.reading({ id, sets: [unit === null || text.includes('*') ? text : `${text}*${unit}`] }).value;
}

/** "00.12*kW" -> "kW": where the header names no unit, the values may. */
function unitIn(text = ''): string | null {
  const star = text.lastIndexOf('*');
  const unit = star === -1 ? '' : text.slice(star + 1).trim();
  return unit === '' ? null : unit;
}

/** "15", "015", "15*min", "1*h", "900*s" -> minutes; null for none. */
function readMinutes(text: string): number | null {
  const m = /^\s*(\d{1,6})\s*(?:\*?\s*(s|m|min|h|d)\s*)?$/i.exec(text);
  return m === null ? null : Number(m[1]) * (MINUTES[m[2]?.toLowerCase() ?? 'm'] ?? 1);
}

/**
 * The rows of docs/messages.md#load-profile. A log book's entries without values are rows with a status; a column that only some
 * segments have is null in the others. Equal ids in one segment become `#2`, `#3`.
 */
export function profileTable(profile: IecProfile): ProfileTable {
  const columns = new Map<string, ProfileTable['columns'][number]>();
  const rows: ProfileTable['rows'][number][] = [];
  const keyed = profile.segments.map(segment => ({ segment, keys: columnKeys(segment.channels) }));
  for (const { segment, keys } of keyed) {
    segment.channels.forEach((channel, i) => {
      const key = keys[i] as string;
      if (!columns.has(key)) {
        const name = channel.obis === null ? channel.id : obisName(Obis.parse(channel.obis));
        columns.set(key, { key, obis: channel.obis, id: channel.id, name, unit: channel.unit });
      }
    });
  }
  for (const { segment, keys } of keyed) {
    const status = /^[0-9a-f]{1,12}$/i.test(segment.status) ? { status: parseInt(segment.status, 16) } : {};
    const entries =
      segment.rows.length > 0
        ? segment.rows
        : segment.channels.length === 0
          ? [{ time: segment.time, values: [] }]
          : [];
    for (const entry of entries) {
      const values: Record<string, Value> = {};
      for (const key of columns.keys()) values[key] = entry.values[keys.indexOf(key)] ?? null;
      rows.push({ time: entry.time, ...status, ...values });
    }
  }
  const times = rows.map(row => row.time).filter(time => time !== null);
  const ms = (time: string): number => Date.parse(time.length > 19 ? time : `${time}Z`);
  const minutes = profile.segments.find(s => s.intervalMinutes !== null)?.intervalMinutes ?? 0;
  return {
    profile: { obis: profile.obis, code: profile.code, capturePeriod: minutes * 60 },
    from: times.reduce<string | null>((a, b) => (a === null || ms(b) < ms(a) ? b : a), null),
    to: times.reduce<string | null>((a, b) => (a === null || ms(b) > ms(a) ? b : a), null),
    columns: [...columns.values()],
    rows,
  };
}

function columnKeys(channels: readonly ProfileChannel[]): string[] {
  const seen = new Map<string, number>();
  return channels.map(({ obis, id }) => {
    const key = obis ?? id;
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    return times === 1 ? key : `${key}#${times}`;
  });
}

/** What stands in place of a header when a profile has no entries. */
export const NO_ENTRIES = 'ERROR';
const MINUTES: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, min: 1, h: 60, d: 1440 };
const CODE = /^(?:\d+-\d+:)?(?:P|99)\.\d{1,3}(?:[.*&]\d+)*\($/;
