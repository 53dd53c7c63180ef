// Data as two meters write it against the standard, for reading and for measuring: lists without tags, names with swapped ones.
// The rule of the file: each deviation is known by octets that the standard's reading cannot take, never by a meter's name.

import { berLength, type ByteAt } from '../wire/lengths';
import type { Reader } from '../wire/reader';
import { dataSize, readData, structure, type Data } from './data';

/**
 * Sagemcom XT211 (Czech): structure(2){ enum, array of structure(2){ descriptor without tags, value } }, or the array alone.
 * Where a tagged list would have a type, this one has the high octet of a class id, and the first logical name ends with
 * 255, or with a billing period and all around it fits. `at` is where the first row begins; null for any other value.
 */
export function untaggedList(byte: ByteAt, body: number): { at: number; count: number } | 'short' | null {
  let list = body;
  if (byte(body) === 2) {
    const enumerated = matches(byte, body + 1, [2, 0x16]);
    if (enumerated !== true) return enumerated;
    list = body + 4;
  }
  const tag = byte(list);
  if (tag === -1) return 'short';
  if (tag !== 1) return null;
  const count = berLength(byte, list + 1);
  if (count === 'short') return 'short';
  if (count === 'no' || count.value === 0) return null;
  const at = list + 1 + count.size;
  const row = matches(byte, at, [2, 2, 0]);
  if (row !== true) return row;
  const end = byte(at + 9);
  if (end === -1) return 'short';
  if (end === 0xff) return { at, count: count.value };
  const [a, attribute, type] = [byte(at + 4), byte(at + 10), byte(at + 11)];
  if (type === -1) return 'short';
  const fits = a <= HIGHEST_MEDIUM && end <= LAST_PERIOD && attribute >= 1 && attribute <= LAST_ATTRIBUTE;
  return fits && dataSize(type) !== undefined ? { at, count: count.value } : null;
}

function matches(byte: ByteAt, at: number, wanted: readonly number[]): true | 'short' | null {
  for (const [i, octet] of wanted.entries()) {
    const b = byte(at + i);
    if (b === -1) return 'short';
    if (b !== octet) return null;
  }
  return true;
}

/** A list that {@link untaggedList} knows. Throws WIRE_*. */
export function readUntaggedList(r: Reader): Data {
  const tag = r.u8('data tag');
  const count = r.length('element count');
  if (tag === 2) return structure(readData(r), readUntaggedList(r));
  const value: Data[] = [];
  for (let i = 0; i < count; i++) {
    const row = r.u16('row of a list without tags');
    if (row !== 0x0202) r.invalid('row of a list without tags', row, 'a structure of two elements');
    const descriptor = structure(
      { type: 'long-unsigned', value: r.u16('class-id') },
      { type: 'octet-string', value: r.take(6, 'logical-name') },
      { type: 'integer', value: r.i8('attribute-id') },
    );
    value.push(structure(descriptor, readData(r)));
  }
  return { type: 'array', value };
}
/** In front of a row's value: structure(2), class, logical name and attribute. */
export const UNTAGGED_ROW = 2 + 9;

/** Landis+Gyr ZMF100: 06 09 in front of a logical name where 09 06 is meant. A number may look so too: see where it is asked. */
export function isSwappedName(byte: ByteAt, at: number): boolean {
  return byte(at) === 0x06 && byte(at + 1) === 0x09 && byte(at + 7) === 0xff;
}
export const SWAPPED_NAME = 2 + 6;

/** One value of which the standard's reading has failed, with names of swapped tags in its structures. Throws WIRE_*. */
export function readSwappedNames(r: Reader, depth = 0): Data {
  const tag = r.peek();
  if ((tag !== 1 && tag !== 2) || depth > DEEPEST) return readData(r);
  r.u8('data tag');
  const count = r.length('element count');
  const value: Data[] = [];
  for (let i = 0; i < count; i++) {
    if (i === 0 && tag === 2 && isSwappedName(index => r.peek(index) ?? -1, 0)) {
      r.u16('swapped octet-string tag');
      value.push({ type: 'octet-string', value: r.take(6, 'logical-name') });
    } else value.push(readSwappedNames(r, depth + 1));
  }
  return { type: tag === 1 ? 'array' : 'structure', value };
}

const DEEPEST = 8;
const HIGHEST_MEDIUM = 9;
/** Of a billing period in group F; IEC 62056-6-1, A.3. */
const LAST_PERIOD = 126;
const LAST_ATTRIBUTE = 20;
