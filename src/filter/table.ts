// A load profile through the rules: columns chosen, renamed and converted, rows kept in shape.
// The rule of the file: a row is dropped whole (a repeat) or keeps its place; a cell that is held back becomes null.

import type { Value } from '../core/cosem/reading';
import { AS_IT_IS, convert } from './convert';
import { type Item, type Table, type TableColumn, type TableRow, free } from './forms';
import type { FilterOptions } from './filter';
import { isPointForm } from './points';
import type { GuardOptions, Memory } from './guard';
import { type HeldBack, heldBack } from './held-back';
import { type InputColumn, type InputRow, type ProfileInput, meterName } from './input';
import { guardOf, judge } from './judge';
import { namesOf, timestampOf } from './names';
import { type Rule, rulesFor } from './rule';

/** What is held back is added to `held`. */
export function tableOf(
  input: ProfileInput,
  options: FilterOptions,
  memories: Memory,
  held: HeldBack[],
  nowMs: number,
): Table {
  const columns = chosenColumns(input, options.rules, held, nowMs);
  const rows = convertedRows(input, columns, options, memories, held, nowMs);
  const { shape, whole, origin } = input;
  return { meter: meterName(input.meter), shape, columns, rows, whole, origin };
}

function chosenColumns(input: ProfileInput, rules: readonly Rule[], held: HeldBack[], nowMs: number): TableColumn[] {
  const meter = meterName(input.meter);
  const labels = new Set<string>();
  return input.columns.flatMap(source => {
    const reading = { ...source.reading, value: null };
    const chosen = rules.length === 0 ? [null] : rulesFor(reading, rules).filter(rule => rule.select.of === 'value');
    return chosen.flatMap((rule): TableColumn[] => {
      const names = namesOf(rule, reading, meter);
      const probe = convert(0, reading.unit, rule ?? AS_IT_IS);
      if (!probe.ok) {
        held.push(
          heldBack(
            { ...names, obis: reading.obis, time: null, timestamp: nowMs, meter, value: null, unit: reading.unit },
            probe.reason,
            null,
            rule,
          ),
        );
        return [];
      }
      const label = free(names.label, labels);
      return [{ rule, source, label, name: names.name, topic: names.topic, unit: probe.unit }];
    });
  });
}

function convertedRows(
  input: ProfileInput,
  columns: readonly TableColumn[],
  options: FilterOptions,
  memories: Memory,
  held: HeldBack[],
  nowMs: number,
): TableRow[] {
  const meter = meterName(input.meter);
  const rows = newRows(input, meter, options, memories, nowMs);
  const made = rows.map(({ row, timestamp }): TableRow & { values: (Value | undefined)[] } => ({
    time: timeOfRow(row),
    timestamp,
    ...(row['status'] !== undefined && { status: row['status'] }),
    values: columns.map(column => {
      const { reading, isNumber } = column.source;
      const cell = convert(cellOf(row, column.source), reading.unit, column.rule ?? AS_IT_IS, isNumber);
      return cell.ok ? cell.value : null;
    }),
  }));
  columns.forEach((column, i) => {
    const { reading } = column.source;
    const hold = (row: (typeof made)[number], judged: (item: Item) => HeldBack[]): void => {
      const item = {
        ...column,
        ...row,
        obis: reading.obis,
        key: reading.key,
        meter,
        value: row.values[i] ?? null,
        source: {},
      };
      const wrong = judged(item);
      held.push(...wrong);
      if (wrong.some(h => h.payload.reason !== 'accepted')) row.values[i] = undefined;
    };
    // A point without a time is one of now for the database.
    const untimed = isPointForm(options.output) ? made.filter(row => row.time === null && row.values[i] !== null) : [];
    for (const row of untimed) hold(row, item => [heldBack(item, 'no-time', null, column.rule)]);
    if (!options.counters) return;
    const memory = memories.of(memories.ofMeter(meter), `column|${input.profile}|${column.label}`);
    for (const row of inTime(made)) hold(row, item => judge(item, memory, guardOf(options, column.rule)));
  });
  return made;
}

/** Rows that were there before, by their time, are dropped: reads of a profile overlap. */
function newRows(
  input: ProfileInput,
  meter: string | null,
  options: GuardOptions,
  memories: Memory,
  nowMs: number,
): { row: InputRow; timestamp: number }[] {
  const rows = input.rows.map(row => ({ row, timestamp: timestampOf(timeOfRow(row), null, nowMs) }));
  if (!options.duplicates) return rows;
  const memory = memories.of(memories.ofMeter(meter), `rows|${input.profile}`);
  const lastMs = memory.counterAt ?? -Infinity;
  const timed = rows.filter(({ row }) => timeOfRow(row) !== null);
  for (const { timestamp } of timed) memory.counterAt = Math.max(memory.counterAt ?? -Infinity, timestamp);
  // Rows that come one by one may run backwards, so only the very same time is a repeat there.
  if (input.shape === 'row') {
    const before = memory.time;
    const time = timeOfRow(input.rows[0] ?? {});
    if (time !== null) memory.time = time;
    return time !== null && time === before ? [] : rows;
  }
  return rows.filter(({ row, timestamp }) => timeOfRow(row) === null || timestamp > lastMs);
}

function timeOfRow(row: InputRow): string | null {
  const time = row['time'];
  if (time instanceof Date) return Number.isNaN(time.getTime()) ? null : time.toISOString();
  return typeof time === 'string' && !Number.isNaN(Date.parse(time)) ? time : null;
}

export function cellOf(row: InputRow | undefined, column: InputColumn): Value {
  const value = row?.[column.key];
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** From the oldest on. */
function inTime<T extends { readonly timestamp: number }>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((a, b) => a.timestamp - b.timestamp);
}
