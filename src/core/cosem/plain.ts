// Data as a flow author wants it: numbers, text, bytes, arrays, and objects with the standard's field names.
// The rule of the file: what cannot be named stays in order; nothing is dropped.

import { type Data, text } from './data';
import { attributeOf, type Shape } from './classes';
import { type ClockPolicy, STANDARD_CLOCK, looksLikeDateTime, readDate, readDateTime, readTime } from './date-time';
import { clockBytes, printable } from './naming';
import { Obis } from './obis';
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
 * says what they hold, else as arrays.
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
      const raw = data.type === 'float32' ? shortestFloat32(data.value) : data.value;
      const value = scaleExactly(raw, hints.scaler ?? 0);
      return Number.isNaN(value) ? null : value;
    }
  }
}

function structured(elements: readonly Data[], shape: Shape | undefined, hints: PlainHints): Plain {
  // Servers leave elements out (Q45), so names are given to what is there, as long as nothing is left without one.
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
  if (shape === 'date' && bytes.length === 5) return readDate(bytes).iso;
  if (shape === 'time' && bytes.length === 4) return readTime(bytes).iso;
  const clock = clockBytes(data);
  if (clock !== null && (shape === 'date-time' || looksLikeDateTime(clock))) return readDateTime(clock, policy).iso;
  if (hints.bytes === true) return bytes;
  return printable(bytes) ?? bytes;
}
