// Points of a time series: the values of one meter at one time. InfluxDB's batch, line protocol and ThingsBoard are three ways
// to write them. The rule of the file: a field keeps one type, and a point without a value is none.

import type { Value } from '../core/cosem/reading';
import { decimalOf } from './decimal';
import { type Item, type OutputForm, type OutputMessage, type Table, meansNumber, put } from './forms';

/** What becomes of readings in points. */
export interface PointOptions {
  readonly measurement: string;
  /** Texts are fields, too; a rule that makes a text of a value is followed anyway. */
  readonly texts: boolean;
}

export interface Point {
  readonly meter: string | null;
  /** ms since 1970. */
  readonly timestamp: number;
  readonly fields: Record<string, unknown>;
}

export type PointForm = 'influx' | 'line-protocol' | 'thingsboard';

export function isPointForm(form: OutputForm): form is PointForm {
  return form === 'influx' || form === 'line-protocol' || form === 'thingsboard';
}

/** One point for each time, so that values of one moment stand together. */
export function pointsOf(items: readonly Item[], how: PointOptions): Point[] {
  const points = new Map<number, Point>();
  for (const { label, value, unit, timestamp, meter, rule, source } of items) {
    const field = fieldOf(value, meansNumber(unit, source['raw']), rule, how);
    if (field === null) continue;
    let point = points.get(timestamp);
    if (point === undefined) points.set(timestamp, (point = { meter, timestamp, fields: {} }));
    put(point.fields, label, field);
  }
  return [...points.values()];
}

/** One point a row. */
export function pointsOfTable({ meter, columns, rows }: Table, how: PointOptions): Point[] {
  return rows.flatMap(({ timestamp, values }): Point[] => {
    const fields: Record<string, unknown> = {};
    columns.forEach(({ label, source, rule }, i) => {
      const field = fieldOf(values[i] ?? null, source.isNumber, rule, how);
      if (field !== null) put(fields, label, field);
    });
    return Object.keys(fields).length === 0 ? [] : [{ meter, timestamp, fields }];
  });
}

/** The points in their form: one message, or none where there are no points. */
export function pointsAs(form: PointForm, points: readonly Point[], { measurement }: PointOptions): OutputMessage[] {
  if (points.length === 0) return [];
  if (form === 'thingsboard') return [{ output: 0, fields: thingsBoard(points) }];
  const payload =
    form === 'influx'
      ? points.map(point => batchPoint(measurement, point))
      : points.map(point => lineOf(measurement, point)).join('\n');
  return [{ output: 0, fields: { payload } }];
}

/** What is text only because it has more digits than a number goes in as the nearest number; null: no field. */
function fieldOf(value: Value, isNumber: boolean, rule: Item['rule'], { texts }: PointOptions): Value {
  const field =
    isNumber && rule?.type !== 'string' && typeof value === 'string' && decimalOf(value) !== null
      ? Number(value)
      : value;
  // A text that comes once as another type is refused by the database for ever; and who draws curves wants none.
  return typeof field !== 'string' || texts || rule?.type === 'string' ? field : null;
}

/** As the InfluxDB batch node takes it. */
function batchPoint(measurement: string, { meter, timestamp, fields }: Point): Readonly<Record<string, unknown>> {
  return { measurement, fields, tags: meter === null ? {} : { meter }, timestamp: new Date(timestamp) };
}

/**
 * A line of InfluxDB's line protocol, times in nanoseconds. A control character, which ends a line, may stand in no name and in no
 * text: what a telegram says is anybody's.
 */
function lineOf(measurement: string, { meter, timestamp, fields }: Point): string {
  const tag = meter === null ? '' : `,meter=${word(meter, /[,= ]/g)}`;
  const values = Object.entries(fields).map(([name, value]) => `${word(name, /[,= ]/g)}=${fieldText(value)}`);
  return `${word(measurement, /[, ]/g)}${tag} ${values.join(',')} ${BigInt(Math.trunc(timestamp)) * 1_000_000n}`;
}

/** A backslash at the end would hide the separator behind it. */
function word(text: string, special: RegExp): string {
  return text
    .replace(/\p{Cc}/gu, '_')
    .replace(special, '\\$&')
    .replace(/\\$/, '_');
}

function fieldText(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return `"${value.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/** As ThingsBoard's gateway takes it by MQTT: its topic, and for each device a list of values with their time. */
function thingsBoard(points: readonly Point[]): Readonly<Record<string, unknown>> {
  const payload: Record<string, unknown[]> = {};
  for (const { meter, timestamp, fields } of points) {
    const device = meter ?? 'meter';
    if (!Object.hasOwn(payload, device)) put(payload, device, []);
    payload[device]?.push({ ts: timestamp, values: fields });
  }
  return { topic: 'v1/gateway/telemetry', payload };
}
