// What a flow author writes, as Data for an attribute: the way back of plain.ts.
// The rule of the file: a type is never guessed. It is said by the author, by what stands in the meter now, or by the class;
// a value that the type cannot hold exactly is an error that names the place.

import { Obis } from '../obis/obis';
import { DlmsError } from '../wire/errors';
import { badSetting, foreignFields, knownFields, plainText } from '../wire/foreign';
import { unhex } from '../wire/hex';
import { attributeOf, type Shape } from './classes';
import { elementsOf, type Data, type DataType } from './data';
import {
  clockOctets,
  STANDARD_CLOCK,
  writeDate,
  writeDateTime,
  writeTime,
  type ClockPolicy,
  type DateTimeFields,
} from './date-time';

export interface DataInHints {
  /** With these an attribute's shape is known: names of the elements, clocks, logical names. */
  readonly classId?: number;
  readonly attribute?: number;
  /** What stands in the meter: its types are the ones to write. */
  readonly now?: Data | null;
  /** Power of ten of a single number: 230.1 with -1 is written as 2301. */
  readonly scaler?: number;
  readonly policy?: ClockPolicy;
}

/**
 * The Data of a value: numbers by the scaler, ISO 8601 text or milliseconds for a clock, objects with the standard's field
 * names for structures, hex text (`0x…`) or bytes for octets; `{ type, value }` is taken as it is, with the names of the
 * Data CHOICE. Throws BAD_SETTING, which names the place in the value.
 */
export function dataOf(value: unknown, hints: DataInHints = {}): Data {
  const { classId, attribute } = hints;
  const shape = classId === undefined || attribute === undefined ? undefined : attributeOf(classId, attribute)?.shape;
  return written(value, 'value', {
    shape,
    now: hints.now ?? null,
    scaler: hints.scaler ?? 0,
    policy: hints.policy ?? STANDARD_CLOCK,
  });
}

interface Place {
  readonly shape: Shape | undefined;
  readonly now: Data | null;
  readonly scaler: number;
  readonly policy: ClockPolicy;
}

function written(value: unknown, where: string, place: Place): Data {
  if (isTagged(value)) return tagged(value, where);
  const type = typeOf(value, place);
  if (type === null) throw badSetting(where, value, 'a type beside it, as in { "type": "long-unsigned", "value": 5 }');
  if (value === null || value === undefined) {
    if (type === 'null-data' || type === 'dont-care') return { type };
    throw badSetting(where, value, `a value for ${type}`);
  }
  switch (type) {
    case 'null-data':
    case 'dont-care':
      throw badSetting(where, value, UNTYPED);
    case 'boolean':
      return { type, value: truth(value, where) };
    case 'bit-string':
      return { type, value: bits(value, where) };
    case 'array':
    case 'structure':
      return { type, value: elements(type, value, where, place) };
    case 'compact-array':
      throw new DlmsError({ code: 'NOT_SUPPORTED', what: 'writing a compact-array' });
    case 'octet-string':
    case 'date-time':
    case 'date':
    case 'time':
      return { type, value: octets(value, where, place) };
    case 'visible-string':
      return { type, value: visible(value, where) };
    case 'utf8-string':
      return { type, value: new TextEncoder().encode(plainText(value, where)) };
    default:
      return numberOf(type, value, where, place.scaler);
  }
}

/** Said by the meter, by the class, or by a value that can be one type only; null where it would be a guess. */
function typeOf(value: unknown, { now, shape }: Place): DataType | null {
  if (now !== null && now.type !== 'null-data' && now.type !== 'dont-care') return now.type;
  if (value === null || value === undefined) return 'null-data';
  if (typeof shape === 'object') return 'array' in shape ? 'array' : 'structure';
  if (shape === 'ipv4') return 'double-long-unsigned';
  if (shape === 'logical-name' || shape === 'date-time' || shape === 'pattern') return 'octet-string';
  if (typeof value === 'boolean') return 'boolean';
  return value instanceof Uint8Array ? 'octet-string' : null;
}

function elements(type: 'array' | 'structure', value: unknown, where: string, place: Place): Data[] {
  const { shape, now, policy } = place;
  const there = now === null ? null : elementsOf(now);
  const inner = (i: number, of: Shape | undefined): Place => ({
    shape: of,
    // All elements of an array are alike; the first stands for those that come new.
    now: there?.[i] ?? (type === 'array' ? (there?.[0] ?? null) : null),
    scaler: 0,
    policy,
  });
  const fields = typeof shape === 'object' && 'structure' in shape ? shape.structure : null;
  if (type === 'structure' && fields !== null && !Array.isArray(value)) {
    const names = fields.map(field => (typeof field === 'string' ? field : field[0]));
    // A server that leaves the last elements out (docs/quirks.md#q45) gets as many as it has.
    const known = names.slice(0, there?.length ?? names.length);
    const given = knownFields(value, where, known);
    return known.map((name, i) => {
      if (!(name in given)) throw badSetting(where, value, `the field ${name}`);
      const field = fields[i];
      return written(given[name], `${where}.${name}`, inner(i, typeof field === 'string' ? undefined : field?.[1]));
    });
  }
  if (!Array.isArray(value)) throw badSetting(where, value, 'a list');
  if (type === 'structure' && there !== null && there.length !== value.length)
    throw badSetting(where, value, `a list of ${there.length}`);
  const of = typeof shape === 'object' && 'array' in shape ? shape.array : undefined;
  return value.map((element: unknown, i) => {
    const field = fields?.[i];
    const shapeHere = field === undefined || typeof field === 'string' ? of : field[1];
    return written(element, `${where}[${i}]`, inner(i, shapeHere));
  });
}

/** As the author tags it, whatever stands in the meter. */
function tagged(value: Readonly<Record<string, unknown>>, where: string): Data {
  const { type, value: inner } = knownFields(value, where, ['type', 'value']);
  if (type === 'array' || type === 'structure') {
    if (!Array.isArray(inner)) throw badSetting(`${where}.value`, inner, 'a list');
    const list = inner.map((element: unknown, i) => {
      const place = `${where}.value[${i}]`;
      return tagged(foreignFields(element, place, 'an object with type and value'), place);
    });
    return { type, value: list };
  }
  // A Data of this type stands for what the meter would have.
  const now = typeof type === 'string' ? STANDS_FOR.get(type) : undefined;
  if (now === undefined) throw badSetting(`${where}.type`, type, `one of ${[...STANDS_FOR.keys()].join(', ')}`);
  if (now.type === 'null-data' || now.type === 'dont-care') return now;
  return written(inner, `${where}.value`, { shape: undefined, now, scaler: 0, policy: STANDARD_CLOCK });
}

function isTagged(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return false;
  const { type } = value as { readonly type?: unknown };
  return typeof type === 'string' && (type === 'array' || type === 'structure' || STANDS_FOR.has(type));
}

function truth(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  throw badSetting(where, value, 'true or false');
}

function bits(value: unknown, where: string): string {
  if (typeof value === 'string' && /^[01]*$/.test(value)) return value;
  throw badSetting(where, value, 'text of 0 and 1');
}

function numberOf(type: NumberType, value: unknown, where: string, scaler: number): Data {
  const text = typeof value === 'string' ? value.trim() : value;
  if (typeof text !== 'number' && typeof text !== 'bigint' && (typeof text !== 'string' || text === ''))
    throw badSetting(where, value, 'a number');
  if (type === 'float32' || type === 'float64') {
    // Number() also reads "0x10", which is nobody's decimal.
    const number = DECIMAL.test(String(text)) ? Number(text) / 10 ** scaler : NaN;
    if (!Number.isFinite(type === 'float32' ? Math.fround(number) : number))
      throw badSetting(where, value, `a number that fits in ${type}`);
    return { type, value: number };
  }
  const raw = whole(String(text), scaler);
  if (raw === null) {
    throw badSetting(
      where,
      value,
      scaler === 0 ? 'a whole number' : `a multiple of 10^${scaler}, which the meter keeps`,
    );
  }
  const [least, most] = RANGES[type];
  if (raw < least || raw > most) throw badSetting(where, value, `a ${type}, from ${least} to ${most} before scaling`);
  if (type === 'long64' || type === 'long64-unsigned' || type === 'delta-long64') return { type, value: raw };
  return { type, value: Number(raw) };
}

/** value / 10^scaler, where that is a whole number; digits decide, no rounding. */
function whole(text: string, scaler: number): bigint | null {
  const match = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?(?:e([+-]?\d{1,2}))?$/i.exec(text);
  if (match === null) return null;
  const [, sign, front = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${front}${fraction}`);
  const power = Number(exponent) - fraction.length - scaler;
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return digits % divisor === 0n ? digits / divisor : null;
}

function octets(value: unknown, where: string, { shape, now, policy }: Place): Uint8Array {
  const bytes = bytesIn(value, where);
  const fixed = now?.type === 'date-time' ? 12 : now?.type === 'date' ? 5 : now?.type === 'time' ? 4 : null;
  if (bytes !== null) {
    if (fixed !== null && bytes.length !== fixed) throw badSetting(where, value, `${fixed} octets`);
    return bytes;
  }
  if (shape === 'logical-name') return logicalName(value, where);
  if (shape === 'date-time' || now?.type === 'date-time') return moment(value, where, now, policy);
  if (shape === 'pattern' || fixed !== null) return pattern(value, where, now, policy);
  return visible(value, where);
}

/** Bytes, or hex text behind 0x; null for anything else. */
function bytesIn(value: unknown, where: string): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string' || !/^0x/i.test(value)) return null;
  if (!/^0x(?:[0-9a-f]{2})*$/i.test(value)) throw badSetting(where, value, 'an even number of hex digits behind 0x');
  return unhex(value.slice(2));
}

function visible(value: unknown, where: string): Uint8Array {
  const bytes = bytesIn(value, where);
  if (bytes !== null) return bytes;
  const text = plainText(value, where);
  if (!/^[ -~]*$/.test(text)) throw badSetting(where, value, 'characters of ASCII, or hex digits behind 0x');
  return Uint8Array.from(text, c => c.charCodeAt(0));
}

function logicalName(value: unknown, where: string): Uint8Array {
  const obis = typeof value === 'string' ? Obis.tryParse(value) : null;
  if (obis === null) throw badSetting(where, value, 'an OBIS code');
  return Uint8Array.from(obis.bytes);
}

/** With deviation and status as the meter writes them itself. */
function moment(value: unknown, where: string, now: Data | null, policy: ClockPolicy): Uint8Array {
  if (!(value instanceof Date) && typeof value !== 'number' && typeof value !== 'string')
    throw badSetting(where, value, 'a time: ISO 8601 text, milliseconds or a Date');
  const there = now !== null && 'value' in now && now.value instanceof Uint8Array ? now.value : null;
  const without = there?.length === 12 && there[9] === 0x80 && there[10] === 0;
  return clockOctets(value, { policy, deviation: without ? 'without' : 'with' });
}

/** A moment, a date or a time of day, of which fields may be left open: ISO text or { month, day_of_month, hour … }. */
function pattern(value: unknown, where: string, now: Data | null, policy: ClockPolicy): Uint8Array {
  const there = now !== null && 'value' in now && now.value instanceof Uint8Array ? now.value.length : 12;
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Date) {
    if (there === 12) return moment(value, where, now, policy);
    const clock = /^(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(String(value));
    const date = /^(\d{4})-(\d{2})-(\d{2})$/.exec(String(value));
    if (there === 4 && clock !== null)
      return writeTime({ ...OPEN, hour: Number(clock[1]), minute: Number(clock[2]), second: Number(clock[3] ?? 0) });
    if (there === 5 && date !== null)
      return writeDate({ ...OPEN, year: Number(date[1]), month: Number(date[2]), dayOfMonth: Number(date[3]) });
    throw badSetting(where, value, there === 4 ? 'a time of day, as 06:30' : 'a date, as 2026-11-30');
  }
  const given = knownFields(value, where, [...FIELDS.keys()]);
  const fields: { -readonly [K in keyof DateTimeFields]: DateTimeFields[K] } = { ...OPEN };
  for (const [name, wanted] of Object.entries(given)) {
    const [of, most, special] = FIELDS.get(name) as Field;
    const number = typeof wanted === 'string' ? (special[wanted] ?? NaN) : wanted;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > most)
      throw badSetting(`${where}.${name}`, wanted, `a number from 0 to ${most}`);
    fields[of] = number;
  }
  return there === 5 ? writeDate(fields) : there === 4 ? writeTime(fields) : writeDateTime(fields);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
type NumberType = keyof typeof RANGES | 'float32' | 'float64';
const span = (bitCount: bigint, signed: boolean): readonly [bigint, bigint] =>
  signed ? [-(1n << (bitCount - 1n)), (1n << (bitCount - 1n)) - 1n] : [0n, (1n << bitCount) - 1n];
const RANGES = {
  integer: span(8n, true),
  'delta-integer': span(8n, true),
  long: span(16n, true),
  'delta-long': span(16n, true),
  'double-long': span(32n, true),
  'delta-double-long': span(32n, true),
  long64: span(64n, true),
  'delta-long64': span(64n, true),
  unsigned: span(8n, false),
  'delta-unsigned': span(8n, false),
  enum: span(8n, false),
  bcd: span(8n, false),
  'long-unsigned': span(16n, false),
  'delta-long-unsigned': span(16n, false),
  'double-long-unsigned': span(32n, false),
  'delta-double-long-unsigned': span(32n, false),
  'long64-unsigned': span(64n, false),
} as const;

const NONE = new Uint8Array(0);
/** Each type but those with elements, by its name. */
const STANDS_FOR: ReadonlyMap<string, Data> = new Map<string, Data>([
  ['null-data', { type: 'null-data' }],
  ['dont-care', { type: 'dont-care' }],
  ['boolean', { type: 'boolean', value: false }],
  ['bit-string', { type: 'bit-string', value: '' }],
  ...(['octet-string', 'visible-string', 'utf8-string', 'date-time', 'date', 'time'] as const).map(
    (type): [string, Data] => [type, { type, value: NONE }],
  ),
  ...(['float32', 'float64'] as const).map((type): [string, Data] => [type, { type, value: 0 }]),
  ...(Object.keys(RANGES) as (keyof typeof RANGES)[]).map((type): [string, Data] => [
    type,
    type === 'long64' || type === 'long64-unsigned' || type === 'delta-long64'
      ? { type, value: 0n }
      : { type, value: 0 },
  ]),
]);

type Field = readonly [of: keyof DateTimeFields, most: number, special: Readonly<Record<string, number>>];
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['year', ['year', 65_535, {}]],
  ['month', ['month', 254, { 'daylight savings end': 253, 'daylight savings begin': 254 }]],
  ['day_of_month', ['dayOfMonth', 254, { 'second last': 253, last: 254 }]],
  ['day_of_week', ['dayOfWeek', 7, {}]],
  ['hour', ['hour', 23, {}]],
  ['minute', ['minute', 59, {}]],
  ['second', ['second', 59, {}]],
]);
const OPEN: DateTimeFields = {
  year: null,
  month: null,
  dayOfMonth: null,
  dayOfWeek: null,
  hour: null,
  minute: null,
  second: null,
  hundredths: null,
  deviationMinutes: null,
  status: null,
};
const UNTYPED = 'null, or a type beside it, as in { "type": "long-unsigned", "value": 5 }';
