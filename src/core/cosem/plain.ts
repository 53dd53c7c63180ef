// Data as a flow author wants it: numbers, text, bytes, arrays, and objects with the standard's field names.
// The rule of the file: what cannot be named stays in order; nothing is dropped.

import { type Data, text } from './data';
import { attributeOf, type Shape } from './classes';
import {
  type ClockPolicy,
  type DateTimeFields,
  STANDARD_CLOCK,
  looksLikeDateTime,
  readDate,
  readDateTime,
  readTime,
} from './date-time';
import { clockBytes, printable } from './naming';
import { Obis } from '../obis/obis';
import { scaleExactly, shortestFloat32 } from './units';

export type Plain =
  number | string | boolean | null | Uint8Array | readonly Plain[] | { readonly [name: string]: Plain };

export interface PlainHints {
  /** With these the structures of a known attribute get names. */
  readonly classId?: number;
  readonly attribute?: number;
  readonly policy?: ClockPolicy;
  /** Power of ten for a single number. */
  readonly scaler?: number;
  /** Octet-strings stay bytes even where they are text. */
  readonly bytes?: boolean;
}

/**
 * Numbers as numbers (64-bit as decimal string where a number cannot hold it), clocks as ISO 8601 text or null, printable
 * octet-strings as text, other octets as bytes, bit-strings as text of 0 and 1, structures as objects where the class
 * says what they hold, else as arrays; dates that leave fields open as an object of those that are given.
 */
export function toPlain(data: Data, hints: PlainHints = {}): Plain {
  const known =
    hints.classId === undefined || hints.attribute === undefined
      ? undefined
      : attributeOf(hints.classId, hints.attribute);
  return plain(data, known?.shape, hints);
}

function plain(data: Data, shape: Shape | undefined, hints: PlainHints): Plain {
  switch (data.type) {
    case 'null-data':
    case 'dont-care':
      return null;
    case 'boolean':
    case 'bit-string':
      return data.value;
    case 'array':
    case 'compact-array': {
      const of = typeof shape === 'object' && 'array' in shape ? shape.array : undefined;
      return data.value.map(element => plain(element, of, hints));
    }
    case 'structure':
      return structured(data.value, shape, hints);
    case 'octet-string':
      return octets(data, shape, hints);
    case 'visible-string':
    case 'utf8-string':
      return text(data.value, data.type);
    case 'date-time':
      return readDateTime(data.value, hints.policy ?? STANDARD_CLOCK).iso;
    case 'date':
      return readDate(data.value).iso;
    case 'time':
      return readTime(data.value).iso;
    default: {
      if (shape === 'ipv4' && data.type === 'double-long-unsigned') return ipv4(data.value);
      const raw = data.type === 'float32' ? shortestFloat32(data.value) : data.value;
      const value = scaleExactly(raw, hints.scaler ?? 0);
      return Number.isNaN(value) ? null : value;
    }
  }
}

function structured(elements: readonly Data[], shape: Shape | undefined, hints: PlainHints): Plain {
  if (shape === 'object-identifier') return elements.map(e => ('value' in e ? String(e.value) : '')).join('.');
  // Servers leave elements out (docs/quirks.md#q45), so names are given to what is there, as long as nothing is left without one.
  if (typeof shape !== 'object' || !('structure' in shape) || elements.length > shape.structure.length) {
    return elements.map(element => plain(element, undefined, hints));
  }
  const object: Record<string, Plain> = {};
  elements.forEach((element, i) => {
    const field = shape.structure[i] as (typeof shape.structure)[number];
    const [name, of] = typeof field === 'string' ? [field, undefined] : field;
    object[name] = plain(element, of, hints);
  });
  return object;
}

function octets(
  data: Extract<Data, { type: 'octet-string' | 'date-time' | 'date' | 'time' }>,
  shape: Shape | undefined,
  hints: PlainHints,
): Plain {
  const bytes = data.value;
  const policy = hints.policy ?? STANDARD_CLOCK;
  if (shape === 'logical-name' && bytes.length === 6) return Obis.from(bytes).toString();
  if (shape === 'pattern' && TIMES.has(bytes.length)) return pattern(bytes, policy);
  if (shape === 'object-identifier' && bytes.length > 1) return objectIdentifier(bytes);
  const clock = clockBytes(data);
  if (clock !== null && (shape === 'date-time' || looksLikeDateTime(clock))) return readDateTime(clock, policy).iso;
  if (hints.bytes === true) return bytes;
  return printable(bytes) ?? bytes;
}

/** ISO 8601 where every field is given, else the fields that are; null where none is. */
function pattern(bytes: Uint8Array, policy: ClockPolicy): Plain {
  const read =
    bytes.length === 12 ? readDateTime(bytes, policy) : bytes.length === 5 ? readDate(bytes) : readTime(bytes);
  if (read.iso !== null) return read.iso;
  const fields: Partial<DateTimeFields> = read;
  const given = PATTERN_FIELDS.flatMap(([name, of]) => {
    const value = fields[of] ?? null;
    return value === null ? [] : [[name, SPECIAL[`${name} ${value}`] ?? value] as const];
  });
  return given.length === 0 ? null : Object.fromEntries(given);
}

/** "2.16.756.5.8.1.1". Content octets by ISO/IEC 8825-1, 8.19, with or without tag and length in front. */
function objectIdentifier(bytes: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of bytes[0] === 6 && bytes[1] === bytes.length - 2 ? bytes.subarray(2) : bytes) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    arc = 0;
  }
  return arcs.join('.');
}

function ipv4(address: number): string {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff).join('.');
}

/** Octets of date-time, date and time. */
const TIMES: ReadonlySet<number> = new Set([12, 5, 4]);
const PATTERN_FIELDS: readonly (readonly [string, keyof DateTimeFields])[] = [
  ['year', 'year'],
  ['month', 'month'],
  ['day_of_month', 'dayOfMonth'],
  ['day_of_week', 'dayOfWeek'],
  ['hour', 'hour'],
  ['minute', 'minute'],
  ['second', 'second'],
];
/** Values that stand for a day that moves. IEC 62056-6-2, 4.1.6.1. */
const SPECIAL: Readonly<Record<string, string>> = {
  'month 253': 'daylight savings end',
  'month 254': 'daylight savings begin',
  'day_of_month 253': 'second last',
  'day_of_month 254': 'last',
};
