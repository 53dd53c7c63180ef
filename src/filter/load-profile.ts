// The load profile of docs/messages.md#load-profile, and its two text forms: CSV and the report.
// The rule of the file: a text form says the same as the object, value for value; what is not there is empty, never zero.

import type { ProfileRow } from '../core/cosem/profile';
import type { ProfileColumn } from '../core/cosem/profile-layout';
import type { Meter, Value } from '../core/cosem/reading';

export interface LoadProfile {
  readonly meter: Meter;
  readonly profile: {
    readonly obis: string;
    /** Seconds; 0: captured at events; null: unknown. */
    readonly capturePeriod: number | null;
    /** What the meter accepted. */
    readonly access: 'range' | 'entry' | 'all';
  };
  readonly from: string | null;
  readonly to: string | null;
  readonly columns: readonly ProfileColumn[];
  readonly rows: readonly ProfileRow[];
}

/** Comma separated (RFC 4180 quoting, LF), a header line with code and unit, one line a row. */
export function toCsv(profile: LoadProfile): string {
  const lead = leadOf(profile.rows);
  const header = [...lead, ...profile.columns.map(titleOf)];
  const names = [...lead, ...profile.columns.map(c => c.key)];
  const lines = profile.rows.map(row => names.map(name => csvField(row[name])).join(','));
  return [header.map(csvField).join(','), ...lines, ''].join('\n');
}

/** For people: date range and count, the columns, rows with bars between, a summary of every column that holds numbers. */
export function toReport(profile: LoadProfile): string {
  const { meter, rows, columns } = profile;
  const lead = leadOf(rows);
  const names = [...lead, ...columns.map(c => c.key)];
  const table = [[...lead, ...columns.map(titleOf)], ...rows.map(row => names.map(name => textOf(row[name])))];
  const period = profile.profile.capturePeriod;
  const head = [
    `Load profile ${profile.profile.obis}${meter.id === null ? '' : `, meter ${meter.id}`}`,
    `From ${profile.from ?? 'the first entry'} to ${profile.to ?? 'the last entry'}`,
    `${rows.length} row${rows.length === 1 ? '' : 's'}${period ? `, one every ${period} s` : ''}`,
  ];
  return [...head, '', ...aligned(table), '', ...summary(profile), ''].join('\n');
}

/** The lines that stand before the columns: the time, and the status where rows have one. */
function leadOf(rows: readonly ProfileRow[]): string[] {
  return rows.some(row => row.status !== undefined) ? ['time', 'status'] : ['time'];
}

function titleOf(column: ProfileColumn): string {
  return column.unit === null ? column.key : `${column.key} [${column.unit}]`;
}

function csvField(value: Value | undefined): string {
  const t = textOf(value);
  return /[",\r\n]/.test(t) ? `"${t.replace(/"/g, '""')}"` : t;
}

function textOf(value: Value | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}

function aligned(table: readonly string[][]): string[] {
  const widths = (table[0] ?? []).map((_, i) => table.reduce((w, line) => Math.max(w, line[i]?.length ?? 0), 0));
  return table.map(line =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' | ')
      .trimEnd(),
  );
}

function summary({ columns, rows }: LoadProfile): string[] {
  const lines = columns.flatMap(column => {
    const values = rows.map(row => row[column.key]).filter(v => typeof v === 'number');
    const first = values[0];
    if (first === undefined) return [];
    const unit = column.unit === null ? '' : ` ${column.unit}`;
    const last = values[values.length - 1];
    const { min, max } = values.reduce((m, v) => ({ min: Math.min(m.min, v), max: Math.max(m.max, v) }), {
      min: first,
      max: first,
    });
    const missing = rows.length - values.length;
    const gaps = missing === 0 ? '' : `, ${missing} without a value`;
    return [`${column.key} ${column.name}: first ${first}, last ${last}, lowest ${min}, highest ${max}${unit}${gaps}`];
  });
  return lines.length === 0 ? ['Summary: no values'] : ['Summary', ...lines];
}
