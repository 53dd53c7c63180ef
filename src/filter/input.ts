// What may come in: telegrams, load profiles (object, rows, one row), values of get object.
// The rule of the file: what is none of these is refused with a sentence that says what came.

import { readingKeyOf } from './names';
import type { Meter, Origin, Reading, Value } from '../core/cosem/reading';
import { DlmsError } from '../core/wire/errors';
import { shown } from '../core/wire/foreign';

/** The fields of a message the filter looks at. */
export interface InputMessage {
  readonly payload?: unknown;
  readonly dlms?: unknown;
  readonly obis?: unknown;
  readonly columns?: unknown;
  readonly units?: unknown;
  readonly meter?: unknown;
}

export interface TelegramInput {
  readonly kind: 'telegram';
  readonly meter: Meter;
  readonly time: string | null;
  readonly receivedAt: string | null;
  readonly readings: readonly Reading[];
  /** The payload as it came. */
  readonly whole: Readonly<Record<string, unknown>>;
}

export interface InputColumn {
  readonly key: string;
  readonly reading: Pick<Reading, 'obis' | 'key' | 'name' | 'unit'> & { readonly id?: string };
  /** Text in it is a number that is too long for one: what has a unit or a scaler is no identifier. */
  readonly isNumber: boolean;
  /** As it came; null where only rows came. */
  readonly whole: Readonly<Record<string, unknown>> | null;
}

export type InputRow = Readonly<Record<string, unknown>>;

export interface ProfileInput {
  readonly kind: 'profile';
  /** What came, and what the telegram form gives back. */
  readonly shape: 'object' | 'rows' | 'row';
  readonly meter: Meter;
  /** Code of the profile; null where only rows came. */
  readonly profile: string | null;
  readonly columns: readonly InputColumn[];
  readonly rows: readonly InputRow[];
  readonly whole: unknown;
  /** `msg.dlms` where its columns tell of bare rows; the telegram form gives it back with the chosen ones. */
  readonly origin: Readonly<Record<string, unknown>> | null;
}

export type Input = TelegramInput | ProfileInput;

/** Throws BAD_SETTING for anything that no decoder of this project sends. */
export function readInput(msg: InputMessage): Input {
  const { payload } = msg;
  if (Array.isArray(payload)) {
    const rows = payload as unknown[];
    const plain = plainValues(msg);
    if (plain !== null) return plain;
    if (rows.length > 0 && rows.every(isRow)) return profile('rows', {}, rows, msg);
    if (rows.length === 0 && isRecord(msg.dlms) && msg.dlms['source'] === 'profile')
      return profile('rows', {}, [], msg);
    throw notOurs(payload);
  }
  if (isRecord(payload)) {
    if (Array.isArray(payload['readings'])) return telegram(payload, payload['readings'] as unknown[]);
    if (Array.isArray(payload['rows']) && Array.isArray(payload['columns'])) {
      return profile('object', payload, (payload['rows'] as unknown[]).filter(isRecord), msg);
    }
    const plain = plainValues(msg);
    if (plain !== null) return plain;
    if (isRow(payload)) return profile('row', {}, [payload], msg);
    throw notOurs(payload);
  }
  const plain = plainValues(msg);
  if (plain !== null) return plain;
  throw notOurs(payload);
}

/** What msg.dlms says of its protection; null: there is none. Anything but `true` is no proof. */
export function originIn(msg: InputMessage): Partial<Origin> | null {
  const { dlms } = msg;
  if (!isRecord(dlms)) return null;
  const systemTitle = textOrNull(dlms['systemTitle']);
  return {
    encrypted: dlms['encrypted'] === true,
    authenticated: dlms['authenticated'] === true,
    ...(systemTitle === null ? {} : { systemTitle }),
  };
}

/** What the meter is called in messages, tags and topics: its number, else its system title. */
export function meterName(meter: Meter): string | null {
  return meter.id ?? meter.systemTitle ?? null;
}

/** Whose reading it is where that is another meter than the one that sends. */
export function meterBehind({ meter }: Readonly<Record<string, unknown>>): Meter | null {
  const known = isRecord(meter) ? meterOf(meter) : null;
  return known === null || meterName(known) === null ? null : known;
}

function telegram(payload: Record<string, unknown>, readings: readonly unknown[]): TelegramInput {
  return {
    kind: 'telegram',
    meter: meterOf(payload['meter']),
    time: textOrNull(payload['time']),
    receivedAt: textOrNull(payload['receivedAt']),
    readings: readings.filter(isRecord).map(readingOfRecord),
    whole: payload,
  };
}

function profile(
  shape: ProfileInput['shape'],
  payload: Record<string, unknown>,
  rows: readonly InputRow[],
  msg: InputMessage,
): ProfileInput {
  const dlms = isRecord(msg.dlms) ? msg.dlms : {};
  const told = payload['columns'] ?? msg.columns ?? dlms['columns'];
  const columns = Array.isArray(told) ? told.filter(isRecord).map(columnOfRecord) : columnsOfRows(rows, msg.units);
  const about = payload['profile'] ?? dlms['profile'];
  return {
    kind: 'profile',
    shape,
    meter: meterOf(payload['meter'] ?? dlms['meter'] ?? msg.meter),
    profile: isRecord(about) ? textOrNull(about['obis']) : null,
    columns,
    rows,
    whole: msg.payload,
    origin: 'columns' in dlms ? dlms : null,
  };
}

function columnOfRecord(column: Record<string, unknown>): InputColumn {
  const key = textOrNull(column['key'] ?? column['obis'] ?? column['id']) ?? '';
  const obis = textOrNull(column['obis']);
  const { key: name, name: title } = readingKeyOf(obis ?? key);
  // The contract's column has no machine name of its own; #2, #3 keep repeated ones apart.
  const repeat = /#(\d+)$/.exec(key)?.[1];
  const id = textOrNull(column['id']);
  const unit = textOrNull(column['unit']);
  return {
    key,
    reading: {
      obis,
      ...(id !== null && { id }),
      key: repeat === undefined ? name : `${name}_${repeat}`,
      name: textOrNull(column['name']) ?? title,
      unit,
    },
    isNumber: unit !== null || typeof column['scaler'] === 'number',
    whole: column,
  };
}

function columnsOfRows(rows: readonly InputRow[], units: unknown): InputColumn[] {
  const keys = new Set<string>();
  for (const row of rows) for (const key of Object.keys(row)) if (key !== 'time' && key !== 'status') keys.add(key);
  return [...keys].map(key => {
    const obis = key.replace(/#\d+$/, '');
    const unit = isRecord(units) ? textOrNull(units[key]) : null;
    return { ...columnOfRecord({ key, obis: OBIS_KEY.test(obis) ? obis : null, unit }), whole: null };
  });
}

/** A value, or a list of values, of get object or IEC readout; msg.dlms says which objects. */
function plainValues(msg: InputMessage): TelegramInput | null {
  const { dlms, payload } = msg;
  if (!isRecord(dlms) || (dlms['source'] !== 'get' && !Array.isArray(dlms['objects']))) return null;
  const told = dlms['objects'] ?? dlms['readings'] ?? dlms['ref'] ?? dlms['obis'] ?? msg.obis;
  const refs = (Array.isArray(told) ? told : [told]).map(refOf);
  if (refs.length === 0 || refs.some(ref => ref === null)) return null;
  // By our own list a single object has its value as payload, also when that is a list.
  const single = refs.length === 1 && (told === dlms['objects'] || !(Array.isArray(payload) && payload.length === 1));
  const values = single ? [payload] : payload;
  if (!Array.isArray(values) || values.length !== refs.length) return null;
  const units: unknown = dlms['unit'];
  const readings = refs.flatMap((ref, i): Reading[] => {
    const { unit, ...of } = ref as ObjectRef;
    if (values[i] === null && isRefused(of.obis, dlms['refused'])) return [];
    return [{ ...of, value: valueOf(values[i]), unit: unit ?? (refs.length === 1 ? textOrNull(units) : null) }];
  });
  const whole = { meter: meterOf(dlms['meter']), time: null, receivedAt: null, readings };
  return { kind: 'telegram', ...whole, whole };
}

/** A telegram has no reading for it either. */
function isRefused(obis: string, refused: unknown): boolean {
  return Array.isArray(refused) && refused.some(r => isRecord(r) && r['obis'] === obis);
}

type ObjectRef = Pick<Reading, 'name' | 'key' | 'unit'> & { readonly obis: string };

function refOf(told: unknown): ObjectRef | null {
  const text = isRecord(told) ? (told['obis'] ?? told['ref']) : told;
  const code =
    /\d+-\d+:\d+\.\d+\.\d+[*&]\d+/.exec(typeof text === 'string' ? text : '')?.[0] ??
    (typeof text === 'string' ? text : '');
  const known = readingKeyOf(code);
  if (known.obis === null) return null;
  const of = isRecord(told) ? told : {};
  return {
    obis: known.obis,
    name: textOrNull(of['name']) ?? known.name,
    key: textOrNull(of['key']) ?? known.key,
    unit: textOrNull(of['unit']),
  };
}

function readingOfRecord(record: Record<string, unknown>): Reading {
  if (isReading(record)) return record;
  const written = textOrNull(record['obis']);
  const known = readingKeyOf(written ?? textOrNull(record['id']) ?? 'unknown');
  return {
    ...record,
    // Function nodes may write it as people do.
    obis: written === null ? null : known.obis,
    key: textOrNull(record['key']) ?? known.key,
    name: textOrNull(record['name']) ?? known.name,
    value: valueOf(record['value']),
    unit: textOrNull(record['unit']),
  };
}

/** As our decoders write it: nothing is to be understood first. */
function isReading(record: Record<string, unknown>): record is Record<string, unknown> & Reading {
  const { obis, key, name, value, unit } = record;
  const isValue =
    value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value as number);
  return (
    isValue &&
    (obis === null || (typeof obis === 'string' && isWrittenByUs(obis))) &&
    typeof key === 'string' &&
    key !== '' &&
    typeof name === 'string' &&
    name !== '' &&
    (unit === null || (typeof unit === 'string' && unit !== ''))
  );
}

/** Remembered: a telegram has the codes of the one before. Forgotten all at once when somebody sends too many. */
const OURS = new Map<string, boolean>();
const OURS_MOST = 5_000;

function isWrittenByUs(obis: string): boolean {
  let ours = OURS.get(obis);
  if (ours === undefined) {
    if (OURS.size >= OURS_MOST) OURS.clear();
    OURS.set(obis, (ours = readingKeyOf(obis).obis === obis));
  }
  return ours;
}

function valueOf(value: unknown): Value {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    // What refers to itself has no text.
    return null;
  }
}

function meterOf(value: unknown): Meter {
  const record = isRecord(value) ? value : {};
  const systemTitle = textOrNull(record['systemTitle']);
  return {
    id: typeof value === 'string' ? value : textOrNull(record['id']),
    manufacturer: textOrNull(record['manufacturer']),
    model: textOrNull(record['model']),
    ...(systemTitle !== null && { systemTitle }),
  };
}

function isRow(value: unknown): value is InputRow {
  return isRecord(value) && 'time' in value && Object.keys(value).some(key => OBIS_KEY.test(key));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function textOrNull(value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' || value instanceof Date
    ? String(value instanceof Date ? Date.prototype.toISOString.call(value) : value)
    : null;
}

function notOurs(payload: unknown): DlmsError {
  return new DlmsError({
    code: 'BAD_SETTING',
    setting: 'msg.payload',
    value:
      payload instanceof Uint8Array
        ? `${payload.length} bytes`
        : Array.isArray(payload)
          ? `a list of ${payload.length}`
          : described(payload),
    expected:
      'a telegram (with readings), a load profile (object or rows) or a value of get object with its msg.dlms. ' +
      'Wire the filter behind a push decoder, IEC readout, get object or read load profile node',
  });
}

function described(payload: unknown): string {
  if (payload === undefined) return 'nothing';
  if (typeof payload === 'string') return payload.length > 40 ? `${payload.slice(0, 40)}…` : payload;
  return isRecord(payload)
    ? `an object with ${Object.keys(payload).slice(0, 5).join(', ') || 'nothing in it'}`
    : shown(payload);
}

const OBIS_KEY = /^\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}[*&]\d{1,3}(?:#\d+)?$/;
