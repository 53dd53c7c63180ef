// Profile generic, class 7: capture objects, and the rows by range, by entry or all.
// The rule of the file: rows are a function of the time; nothing is stored but what was computed before.

import { array, i8, octets, structure, u16, u32, nullData, enumerated, type Data } from '../../core/cosem/data';
import { Obis } from '../../core/obis/obis';
import type { GetDataResult, SelectiveAccess } from '../../core/apdu';
import { emptyResult } from '../behaviour';
import { attribute, cosemObject, refuse, RESULT, value, type Ask, type CosemObject } from '../cosem-object';
import { clockOctetsOf } from './clock';

/** What a column captures. */
export interface Column {
  readonly classId: number;
  readonly obis: string;
  readonly attribute: number;
}

/** One captured row; `values` in the order of the columns, of which the first is the clock and made here. */
export interface Row {
  readonly atMs: number;
  readonly values: readonly Data[];
}

export interface ProfileOptions {
  readonly obis: string;
  /** The first column: the meter's clock, or UNIX time as gas meters in Italy keep it. Default `clock`. */
  readonly time?: 'clock' | 'unix';
  /** What the profile is sorted by where it is not its time: method 3 (largest first) and the number of the column. */
  readonly largestFirst?: number;
  /** After the time, which is always the first column. */
  readonly columns: readonly Column[];
  /** Seconds; 0: captured by events. */
  readonly periodS: number;
  /** All rows the meter holds, oldest first. */
  readonly rows: (ask: Ask) => readonly Row[];
  readonly capacity: number;
  readonly restricted?: boolean;
}

export function profile(options: ProfileOptions): CosemObject {
  const columns = [options.time === 'unix' ? UNIX : CLOCK, ...options.columns];
  const restricted = options.restricted ?? false;
  return cosemObject(
    7,
    options.obis,
    {
      2: { read: ask => readBuffer(options, columns, ask), selectors: [1, 2], restricted },
      3: attribute(array(...columns.map(captureObject))),
      4: attribute(u32(options.periodS)),
      5: attribute(ask =>
        enumerated(options.largestFirst !== undefined ? 3 : ask.behaviour.profileOrder === 'lifo' ? 2 : 1),
      ),
      6: attribute(captureObject(columns[options.largestFirst ?? 0] as Column)),
      7: attribute(ask => u32(options.rows(ask).length), { restricted }),
      8: attribute(u32(options.capacity)),
    },
    {
      version: 1,
      methods: {
        1: () => ({ result: RESULT.readWriteDenied, returned: null }),
        2: () => ({ result: RESULT.readWriteDenied, returned: null }),
      },
    },
  );
}

function readBuffer(options: ProfileOptions, columns: readonly Column[], ask: Ask): GetDataResult {
  const all = inOrder(options.rows(ask), options, ask);
  if (ask.access === null) return rowsOf(all, columns, null, options, ask);
  const chosen =
    ask.access.selector === 1
      ? byRange(all, columns, ask)
      : ask.access.selector === 2
        ? byEntry(all, columns, ask)
        : RESULT.other;
  if (typeof chosen === 'number') return refuse(chosen);
  if (chosen.rows.length === 0) {
    const empty = emptyResult(ask.behaviour);
    if (empty !== null) return refuse(empty);
  }
  return rowsOf(chosen.rows, columns, ask.behaviour.ignoresColumns ? null : chosen.columns, options, ask);
}

/** As the buffer has them. */
function inOrder(rows: readonly Row[], { largestFirst }: ProfileOptions, { behaviour }: Ask): readonly Row[] {
  if (largestFirst !== undefined) {
    const key = (row: Row): number => numberIn(row.values[largestFirst - 1]);
    return [...rows].sort((a, b) => key(b) - key(a));
  }
  if (behaviour.profileOrder === 'lifo') return [...rows].reverse();
  const half = rows.length >> 1;
  return behaviour.profileOrder === 'wrapped' ? [...rows.slice(half), ...rows.slice(0, half)] : rows;
}

function numberIn(data: Data | undefined): number {
  return data !== undefined && 'value' in data && typeof data.value === 'number' ? data.value : 0;
}

interface Chosen {
  readonly rows: readonly Row[];
  /** Indices, or null for all. */
  readonly columns: readonly number[] | null;
}

/** range_descriptor: restricting object, from, to, selected values. Both ends belong to the range. */
function byRange(all: readonly Row[], columns: readonly Column[], ask: Ask): Chosen | number {
  if (ask.behaviour.rangeRefused !== null) return ask.behaviour.rangeRefused;
  const parts = elementsOf((ask.access as SelectiveAccess).parameters, 4);
  if (parts === null) return RESULT.typeUnmatched;
  const [restricting, from, to, selected] = parts as [Data, Data, Data, Data];
  if (columnIndex(restricting, columns) !== 0) return RESULT.scopeViolated;
  const unix = columns[0] === UNIX;
  if (unix !== (from.type === 'double-long-unsigned')) return RESULT.typeUnmatched;
  if (wrongForm(from, ask) || wrongForm(to, ask)) return RESULT.other;
  const fromMs = instant(from, ask);
  const toMs = instant(to, ask);
  if (fromMs === undefined || toMs === undefined) return RESULT.typeUnmatched;
  const rows = all.filter(
    row => ask.behaviour.ignoresRange || (row.atMs >= (fromMs ?? -Infinity) && row.atMs <= (toMs ?? Infinity)),
  );
  const wanted = selected.type === 'array' ? selected.value.map(c => columnIndex(c, columns)) : null;
  if (wanted === null || wanted.includes(-1)) return RESULT.other;
  return { rows, columns: wanted.length === 0 ? null : wanted };
}

/** entry_descriptor: from, to (0: the last), from and to column (0: the last); all count from 1. */
function byEntry(all: readonly Row[], columns: readonly Column[], ask: Ask): Chosen | number {
  if (ask.behaviour.entryRefused !== null) return ask.behaviour.entryRefused;
  const parts = elementsOf((ask.access as SelectiveAccess).parameters, 4);
  const numbers = parts?.map(p => ('value' in p && typeof p.value === 'number' ? p.value : -1));
  if (numbers === undefined || numbers.some(n => n < 0)) return RESULT.typeUnmatched;
  const [from, to, fromColumn, toColumn] = numbers as [number, number, number, number];
  const rows = all.slice(Math.max(0, from - 1), to === 0 ? all.length : to);
  const first = Math.max(1, fromColumn);
  const last = toColumn === 0 ? columns.length : Math.min(toColumn, columns.length);
  if (first === 1 && last === columns.length) return { rows, columns: null };
  return { rows, columns: Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first - 1 + i) };
}

function rowsOf(
  rows: readonly Row[],
  columns: readonly Column[],
  wanted: readonly number[] | null,
  options: ProfileOptions,
  ask: Ask,
): GetDataResult {
  const indices = wanted ?? columns.map((_, i) => i);
  let before: Row | undefined;
  const lines = rows.map(row => {
    const cells = indices.map(i => cell(row, i, before, options, ask));
    before = row;
    return structure(...cells);
  });
  return value(array(...lines));
}

function cell(row: Row, index: number, before: Row | undefined, options: ProfileOptions, ask: Ask): Data {
  const { periodS, time } = options;
  const compress = ask.behaviour.nullCompressed && before !== undefined;
  if (index === 0) {
    const sign = ask.behaviour.profileOrder === 'lifo' ? -1 : 1;
    const follows = compress && periodS > 0 && (row.atMs - before.atMs) * sign === periodS * 1000;
    if (follows) return nullData;
    return time === 'unix' ? u32(row.atMs / 1000) : octets(ask.clock.octets(row.atMs));
  }
  const data = row.values[index - 1] as Data;
  return compress && same(data, before.values[index - 1] as Data) ? nullData : data;
}

function same(a: Data, b: Data): boolean {
  return a.type === b.type && 'value' in a && 'value' in b && a.value === b.value;
}

/** An instant, null for one with wildcards, undefined for what is no time. */
function instant(data: Data, ask: Ask): number | null | undefined {
  if (data.type === 'double-long-unsigned') return data.value * 1000;
  const clock = clockOctetsOf(data);
  return clock === null ? undefined : ask.clock.epochOf(clock);
}

function wrongForm(data: Data, ask: Ask): boolean {
  const clock = clockOctetsOf(data);
  if (clock === null || ask.behaviour.rangeDeviation === 'any') return false;
  const without = clock[9] === 0x80 && clock[10] === 0x00;
  return without !== (ask.behaviour.rangeDeviation === 'without');
}

function elementsOf(data: Data, count: number): readonly Data[] | null {
  return data.type === 'structure' && data.value.length === count ? data.value : null;
}

function columnIndex(data: Data, columns: readonly Column[]): number {
  const parts = elementsOf(data, 4);
  if (parts === null) return -1;
  const [classId, name, index] = parts as [Data, Data, Data, Data];
  if (classId.type !== 'long-unsigned' || name.type !== 'octet-string' || index.type !== 'integer') return -1;
  if (name.value.length !== 6) return -1;
  const obis = Obis.from(name.value).toString();
  return columns.findIndex(
    c => c.classId === classId.value && Obis.parse(c.obis).toString() === obis && c.attribute === index.value,
  );
}

function captureObject(column: Column): Data {
  return structure(u16(column.classId), octets(Obis.parse(column.obis).bytes), i8(column.attribute), u16(0));
}

/** UNIX time, seconds since 1970. */
const UNIX: Column = { classId: 1, obis: '0.0.1.1.0.255', attribute: 2 };
const CLOCK: Column = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
