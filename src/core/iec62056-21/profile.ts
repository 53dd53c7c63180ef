// Load profiles and log books as programming mode sends them -> rows. VDEW Lastenheft: P.01(time)(status)(minutes)(n)
// (id1)(unit1)...(idn)(unitn)(v1)...(vn)...; rows may stand on the header line or on their own.
// The rule of the file: a new header starts a new segment; a row's time is the header's plus whole intervals.

import { Obis } from '../cosem/obis';
import { obisName } from '../cosem/obis-names';
import type { Value } from '../cosem/reading';
import { parseDataBlock, type DataSet } from './data-block';
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

/** The load profile of the message contract, without what only the caller knows. */
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
  const { dataSets, unparsed } = parseDataBlock(text);
  const typing = new Typing(options);
  const code = dataSets[0]?.id ?? '';
  const obis = typing.facts(code).code;
  const only = dataSets.length === 1 && dataSets[0]?.sets.length === 1 ? dataSets[0].sets[0] : undefined;
  if (only === NO_ENTRIES || only?.trim() === '') return { code, obis, segments: [], empty: only, unparsed };
  const rest = [...unparsed];
  const segments = dataSets.map(set => segmentOf(set, typing, rest));
  return { code, obis, segments, unparsed: rest };
}

function segmentOf(set: DataSet, typing: Typing, unparsed: string[]): ProfileSegment {
  const { sets } = set;
  const { zone, season: by = 'meter' } = typing.options;
  const [stamp = '', status = '', minutes = '', count = ''] = sets;
  const start = readHeaderTime(stamp);
  const n = /^\s*\d{1,3}\s*$/.test(count) ? Number(count) : 0;
  const channels: ProfileChannel[] = [];
  for (let i = 0; i < n; i++) {
    const id = (sets[4 + 2 * i] ?? '').trim();
    const unit = (sets[5 + 2 * i] ?? '').trim();
    channels.push({ id, obis: typing.facts(id).code, unit: unit === '' ? unitIn(sets[4 + 2 * n + i]) : unit });
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
  const first = 4 + 2 * n;
  for (let at = first; n > 0 && at + n <= sets.length; at += n) {
    const text = sets.slice(at, at + n);
    const ms = start === null ? null : start.ms + rows.length * (intervalMinutes ?? 0) * 60_000;
    rows.push({
      time: ms === null ? null : isoOf(ms),
      values: text.map((value, i) => valueOf(value, channels[i] as ProfileChannel, typing)),
      text,
    });
  }
  const left = n === 0 ? sets.slice(first) : sets.slice(first + rows.length * n);
  if (left.length > 0) unparsed.push(`${set.id}: ${left.map(text => `(${text})`).join('')}`);
  return {
    time: start === null ? null : isoOf(start.ms),
    season,
    status: status.trim(),
    intervalMinutes,
    channels,
    rows,
  };
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
 * The rows of the message contract. A log book's entries without values are rows with a status; a column that only some
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
