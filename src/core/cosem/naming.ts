// How a value from a meter becomes a Reading: the one way for push, get and profile.
// The rule of the file: nothing is guessed that the meter did not say; what cannot be shown becomes null or hex.

import { hex, latin1 } from '../wire/hex';
import { attributeOf, isClock } from './classes';
import { type Data, text } from './data';
import { type ClockPolicy, STANDARD_CLOCK, looksLikeDateTime, readDate, readDateTime, readTime } from './date-time';
import type { Obis } from '../obis/obis';
import { obisKey, obisName } from '../obis/obis-names';
import type { Reading, ScaleSource, Value } from './reading';
import { scaleExactly, shortestFloat32, unitSymbol } from './units';

/** The power of ten and the unit of a register, and who said so. */
export interface Scale {
  readonly scaler: number;
  readonly unit: string | null;
  readonly source: ScaleSource;
}

export interface ReadingSource {
  readonly obis: Obis | null;
  readonly data: Data;
  readonly classId?: number;
  readonly attribute?: number;
  /** Absent: the value is not a register, or nobody gave a scale. */
  readonly scale?: Scale;
  readonly policy?: ClockPolicy;
  /** Capture time of an extended register or demand register (its attribute 5 or 6). */
  readonly capture?: Data;
  /** Status attribute of classes 4 and 5; only numbers are kept. */
  readonly status?: Data;
  readonly position?: number;
  readonly id?: string;
  /** For positions without OBIS: what the layout calls it. */
  readonly name?: string;
  readonly key?: string;
}

/** A reading as docs/messages.md#reading has it. */
export function readingOf(source: ReadingSource): Reading {
  const { obis, data, scale } = source;
  const policy = source.policy ?? STANDARD_CLOCK;
  const raw = scale === undefined ? null : integerOf(data);
  // Assigned one by one, not spread: this runs for each value a meter sends.
  const reading: Writable<Reading> = {
    obis: obis === null ? null : obis.toString(),
    name: source.name ?? (obis === null ? `Position ${source.position ?? '?'}` : obisName(obis)),
    key: source.key ?? (obis === null ? `position_${source.position ?? 'unknown'}` : obisKey(obis)),
    value: raw !== null && scale !== undefined ? scaled(raw, scale.scaler) : valueOf(data, source, policy),
    unit: scale?.unit ?? null,
  };
  if (source.id !== undefined) reading.id = source.id;
  if (source.position !== undefined) reading.position = source.position;
  if (raw !== null && scale !== undefined) {
    const asSent = exact(raw);
    if (asSent !== null) reading.raw = asSent;
    reading.scaler = scale.scaler;
    reading.scaleSource = scale.source;
  }
  if (source.capture !== undefined) reading.time = timeOf(source.capture, policy);
  if (source.classId !== undefined) reading.classId = source.classId;
  if (source.attribute !== undefined) reading.attribute = source.attribute;
  if (source.status !== undefined) {
    const status = statusOf(source.status);
    if (status !== null) reading.status = status;
  }
  return reading;
}

/** Name and key of an attribute that is not its object's value. */
export function attributeNames(obis: Obis, classId: number, attribute: number): { name: string; key: string } {
  const name = attributeOf(classId, attribute)?.name ?? `attribute_${attribute}`;
  return { name: `${obisName(obis)}, ${name.replaceAll('_', ' ')}`, key: `${obisKey(obis)}_${name}` };
}

/** A scaler_unit structure {integer, enum}; null for anything else. */
export function scaleOf(data: Data | undefined, source: ScaleSource = 'telegram'): Scale | null {
  if (data?.type !== 'structure' || data.value.length !== 2) return null;
  const [scaler, unit] = data.value;
  if (scaler === undefined || unit === undefined) return null;
  if (scaler.type !== 'integer' && scaler.type !== 'unsigned' && scaler.type !== 'long') return null;
  if (unit.type !== 'enum' && unit.type !== 'unsigned') return null;
  return { scaler: scaler.value, unit: unitSymbol(unit.value), source };
}

/** The clock of a value, ISO 8601: date-time, octet-string of 12, or an encoded octet-string in it; else null. */
export function timeOf(data: Data, policy: ClockPolicy = STANDARD_CLOCK): string | null {
  const octets = clockBytes(data);
  return octets === null ? null : readDateTime(octets, policy).iso;
}

/** The twelve octets of a clock value; null when it is none. */
export function clockBytes(data: Data): Uint8Array | null {
  if (data.type !== 'octet-string' && data.type !== 'date-time') return null;
  const bytes = data.value;
  if (bytes.length === 12) return bytes;
  // A server seen in the field wraps the clock twice: octet-string (14) holds an encoded octet-string (12).
  return bytes.length === 14 && bytes[0] === 0x09 && bytes[1] === 0x0c ? bytes.subarray(2) : null;
}

/** Attributes and codes that hold a clock, so that a wildcard becomes null and not hex. */
export function holdsClock(obis: Obis | null, classId?: number, attribute = 2): boolean {
  if (classId !== undefined && isClock(classId, attribute)) return true;
  // A value of another class at the code of the clock is the clock too; its other attributes are not.
  return attribute === 2 && obis !== null && obis.a === 0 && obis.c === 1 && obis.d === 0;
}

/** Characters of an octet-string that is text (printable ASCII, NUL padding aside); null when it is not. */
export function printable(bytes: Uint8Array): string | null {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte > 0x7e) return null;
  }
  return end === 0 && bytes.length > 0 ? null : latin1(bytes.subarray(0, end));
}

/** What is known of the attribute a value belongs to. */
export interface Whereabouts {
  readonly obis?: Obis | null;
  readonly classId?: number;
  readonly attribute?: number;
}

/** The value of a Reading or of a profile cell without scale: text, clock, hex, number, JSON text of a list, or null. */
export function valueOf(data: Data, where: Whereabouts, policy: ClockPolicy): Value {
  switch (data.type) {
    case 'null-data':
    case 'dont-care':
      return null;
    case 'boolean':
    case 'bit-string':
      return data.value;
    case 'octet-string':
      return octetsOf(data, where, policy);
    case 'visible-string':
    case 'utf8-string':
      return text(data.value, data.type);
    case 'date-time':
      return readDateTime(data.value, policy).iso;
    case 'date':
      return readDate(data.value).iso;
    case 'time':
      return readTime(data.value).iso;
    case 'array':
    case 'structure':
    case 'compact-array':
      return JSON.stringify(listOf(data.value, policy));
    default:
      return scaled(data.type === 'float32' ? shortestFloat32(data.value) : data.value, 0);
  }
}

/** Lists in lists stay lists. */
function listOf(elements: readonly Data[], policy: ClockPolicy): unknown[] {
  return elements.map(element => {
    const inner = element.type === 'array' || element.type === 'structure' || element.type === 'compact-array';
    return inner ? listOf(element.value, policy) : valueOf(element, {}, policy);
  });
}

function octetsOf(
  data: Extract<Data, { type: 'octet-string' | 'date-time' | 'date' | 'time' }>,
  { obis = null, classId, attribute }: Whereabouts,
  policy: ClockPolicy,
): Value {
  const bytes = data.value;
  const clock = clockBytes(data);
  if (clock !== null && (holdsClock(obis, classId, attribute) || looksLikeDateTime(clock))) {
    return readDateTime(clock, policy).iso;
  }
  if (obis !== null && obis.c === 0 && obis.d === 9) {
    if (obis.e === 1 && bytes.length === 4) return readTime(bytes).iso;
    if (obis.e === 2 && bytes.length === 5) return readDate(bytes).iso;
  }
  return printable(bytes) ?? hex(bytes);
}

/** The integer or fraction a scaler applies to; null where scaling has no meaning. */
function integerOf(data: Data): number | bigint | null {
  switch (data.type) {
    case 'float32':
      return shortestFloat32(data.value);
    case 'enum':
      return null;
    default:
      return 'value' in data && (typeof data.value === 'number' || typeof data.value === 'bigint') ? data.value : null;
  }
}

function scaled(raw: number | bigint, scaler: number): Value {
  const value = scaleExactly(raw, scaler);
  return Number.isNaN(value) ? null : value;
}

/** As on the wire; a float that is no number has none. */
function exact(raw: number | bigint): number | string | null {
  const value = scaleExactly(raw, 0);
  return Number.isNaN(value) ? null : value;
}

function statusOf(status: Data): number | null {
  if (!('value' in status)) return null;
  if (typeof status.value === 'number') return status.value;
  return status.type === 'bit-string' && status.value.length <= 32 ? parseInt(status.value || '0', 2) : null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
