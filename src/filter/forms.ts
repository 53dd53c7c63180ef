// The output forms of docs/messages.md#obis-filter. Each takes the chosen values and gives the fields of messages.
// The rule of the file: it decides how a message looks, never whether a value is sent.

import type { Value } from '../core/cosem/reading';
import type { InputColumn, ProfileInput, TelegramInput } from './input';
import type { Rule } from './rule';

export type ObjectForm = 'readings' | 'flat' | 'telegram' | 'per-rule' | 'sql';
/** Forms of points in points.ts; what only has states, no history, in homeassistant.ts and prometheus.ts. */
export const OUTPUT_FORMS = [
  'readings',
  'flat',
  'telegram',
  'per-rule',
  'influx',
  'line-protocol',
  'sql',
  'homeassistant',
  'prometheus',
  'thingsboard',
] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

/** Fields to put on a message, and the output it leaves by (from 0). */
export interface OutputMessage {
  readonly output: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A value that was chosen and converted. */
export interface Item {
  /** null: no rules, everything passes. */
  readonly rule: Rule | null;
  readonly obis: string | null;
  readonly id?: string | undefined;
  /** Of the dictionary; never changes. */
  readonly key: string;
  /** The rule's name, else the dictionary's. */
  readonly name: string;
  /** What the value is called in flat objects and fields, once in each: the rule's name, else the key. */
  readonly label: string;
  readonly topic: string;
  readonly value: Value;
  readonly unit: string | null;
  /** Of the value, else of its telegram. */
  readonly time: string | null;
  readonly timestamp: number;
  readonly meter: string | null;
  /** The reading as it came. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** A profile with its chosen columns. */
export interface Table {
  readonly meter: string | null;
  readonly shape: ProfileInput['shape'];
  readonly columns: readonly TableColumn[];
  /** `time`, perhaps `status`, and a field for each column by its label. */
  readonly rows: readonly TableRow[];
  readonly whole: unknown;
  /** See {@link ProfileInput.origin}. */
  readonly origin: ProfileInput['origin'];
}

export interface TableColumn {
  readonly rule: Rule | null;
  readonly source: InputColumn;
  readonly label: string;
  readonly name: string;
  readonly topic: string;
  readonly unit: string | null;
}

export interface TableRow {
  readonly time: string | null;
  readonly timestamp: number;
  readonly status?: unknown;
  /** In the order of the columns; undefined: held back. */
  readonly values: readonly (Value | undefined)[];
}

/** One message a value; `per-rule` by the output of its rule. */
export function asReadings(items: readonly Item[], perRule: boolean): OutputMessage[] {
  return items.map(item => ({ output: perRule ? (item.rule?.index ?? 0) : 0, fields: single(item) }));
}

/** `payload: { label: value }`, `units` beside it. */
export function asFlat(
  items: readonly Item[],
  about: { time: string | null; timestamp: number; meter: string | null },
): OutputMessage[] {
  const payload: Record<string, Value> = {};
  const units: Record<string, string> = {};
  for (const { label, value, unit } of items) {
    put(payload, label, value);
    if (unit !== null) put(units, label, unit);
  }
  return [{ output: 0, fields: { payload, units, ...about } }];
}

export function asTelegram(input: TelegramInput, items: readonly Item[]): OutputMessage[] {
  return [{ output: 0, fields: { payload: { ...input.whole, readings: items.map(wholeReading) } } }];
}

/** As it came, with what it is called, its value and its unit as they are now. */
function wholeReading({ source, name, key, value, unit }: Item): Readonly<Record<string, unknown>> {
  return { ...source, name, key, value, unit };
}

export function asSql(items: readonly Item[]): OutputMessage[] {
  const payload = items.map(({ meter, time, timestamp, obis, key, value, unit }) => ({
    meter,
    ...timeOf(time, timestamp),
    obis,
    key,
    value,
    unit,
  }));
  return [{ output: 0, fields: { payload } }];
}

/** A profile in one of the forms that are objects. */
export function tableAs(form: ObjectForm, table: Table): OutputMessage[] {
  switch (form) {
    case 'readings':
    case 'per-rule':
      return asReadings(
        table.rows.flatMap((_, row) => rowItems(table, row)),
        form === 'per-rule',
      );
    case 'flat':
      return flatTable(table);
    case 'telegram':
      return wholeTable(table);
    case 'sql':
      return [{ output: 0, fields: { payload: table.rows.map(row => timedRow(table, row)) } }];
  }
}

/** The values of one row as if they had come alone. */
export function rowItems(table: Table, index: number): Item[] {
  const row = table.rows[index] as TableRow;
  return table.columns.flatMap((column, i): Item[] => {
    const value = row.values[i];
    if (value === undefined) return [];
    const { reading } = column.source;
    return [
      {
        rule: column.rule,
        obis: reading.obis,
        key: reading.key,
        name: column.name,
        label: column.label,
        topic: column.topic,
        value,
        unit: column.unit,
        time: row.time,
        timestamp: row.timestamp,
        meter: table.meter,
        source: { obis: reading.obis, name: column.name, key: reading.key, value, unit: column.unit, time: row.time },
      },
    ];
  });
}

/** A label nobody has yet, which is taken from now on. */
export function free(label: string, taken: Set<string>): string {
  let found = label;
  for (let n = 2; taken.has(found); n++) found = `${label}_${n}`;
  taken.add(found);
  return found;
}

function single({ topic, value, unit, obis, name, time, timestamp, meter }: Item): Record<string, unknown> {
  return { topic, payload: value, unit, obis, name, time, timestamp, meter };
}

/** Whether text is a number that is too long for one: what has a unit, or a raw value that was scaled, is no identifier. */
export function meansNumber(unit: string | null, raw: unknown): boolean {
  return unit !== null || raw !== undefined;
}

/** A row always has a time: where the meter told none it is that of the receipt, and says so. */
function timeOf(time: string | null, timestamp: number): { readonly time: string; readonly timeSource?: 'received' } {
  return time === null ? { time: new Date(timestamp).toISOString(), timeSource: 'received' } : { time };
}

function timedRow(table: Table, row: TableRow): Record<string, unknown> {
  const { time: _none, ...rest } = wide(table, row);
  return { meter: table.meter, ...timeOf(row.time, row.timestamp), ...rest };
}

function flatTable(table: Table): OutputMessage[] {
  const units: Record<string, string> = {};
  for (const { label, unit } of table.columns) if (unit !== null) put(units, label, unit);
  const last = table.rows.at(-1);
  if (table.shape === 'row' && last !== undefined) {
    const { time, status: _status, ...payload } = wide(table, last);
    return [{ output: 0, fields: { payload, units, time, timestamp: last.timestamp, meter: table.meter } }];
  }
  return [{ output: 0, fields: { payload: table.rows.map(row => wide(table, row)), units, meter: table.meter } }];
}

/** Shape, key names and all that is not a row or a column stay; a column with a name of its own has it as its key. */
function wholeTable(table: Table): OutputMessage[] {
  const keys = new Set<string>();
  const named = table.columns.map(column => ({
    ...column,
    label: free(column.rule?.name == null ? column.source.key : column.label, keys),
  }));
  const rows = table.rows.map(row => wide({ ...table, columns: named }, row));
  const columns = named.map(({ source, label, name, unit }) => ({ ...source.whole, key: label, name, unit }));
  const about = table.origin === null ? {} : { dlms: { ...table.origin, columns } };
  if (table.shape === 'row') return rows.map(payload => ({ output: 0, fields: { payload, ...about } }));
  if (table.shape === 'rows') return [{ output: 0, fields: { payload: rows, ...about } }];
  return [{ output: 0, fields: { payload: { ...(table.whole as object), columns, rows } } }];
}

function wide(table: Pick<Table, 'columns'>, row: TableRow): Record<string, unknown> {
  const flat: Record<string, unknown> = { time: row.time };
  if (row.status !== undefined) flat['status'] = row.status;
  table.columns.forEach((column, i) => put(flat, column.label, row.values[i] ?? null));
  return flat;
}

/** Also for a label that is a name of Object.prototype; to one of them a plain assignment would give another meaning. */
export function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}
