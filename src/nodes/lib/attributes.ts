// The attributes of an object by what they are called, and all that may be read of one.
// The rule of the file: names are those of the class table; what the meter says of its rights goes before it.

import type { ObjectEntry } from '../../core/client/meter-memory';
import { readObjectList } from '../../core/client/meter-memory';
import { attributeOf, className } from '../../core/cosem/classes';
import type { Data } from '../../core/cosem/data';
import type { Plain } from '../../core/cosem/plain';
import { obisName } from '../../core/obis/obis-names';

/** In place of an attribute: all that may be read. */
export const ALL_ATTRIBUTES = 0;

/** The number of an attribute of a class: "scaler_unit", "Scaler unit", "all", "*"; null: the class has none of that name. */
export function attributeNamed(classId: number, name: string): number | null {
  const wanted = plainName(name);
  if (wanted === 'all' || wanted === '*') return ALL_ATTRIBUTES;
  return knownAttributes(classId).find(n => plainName(nameOf(classId, n)) === wanted) ?? null;
}

/** For an error: what could have been meant. */
export function attributeNames(classId: number): string {
  return ['all', ...knownAttributes(classId).map(n => nameOf(classId, n))].join(', ');
}

export function nameOf(classId: number, attribute: number): string {
  return attributeOf(classId, attribute)?.name ?? `attribute_${attribute}`;
}

/** Those that may be read: by the rights in the object list, else all of the class. */
export function readableAttributes(classId: number, entry: ObjectEntry | undefined): readonly number[] {
  const rights = [...(entry?.attributes ?? [])].filter(([, mode]) => isReadable(mode)).map(([n]) => n);
  const found = rights.length > 0 ? rights : knownAttributes(classId);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** The object list of an association as a table: to what the meter said of each object, its code, names and rights. */
export function objectTable(classId: number, attribute: number, data: Data, plain: Plain): Plain {
  const isList = (classId === ASSOCIATION_LN || classId === ASSOCIATION_SN) && attribute === OBJECT_LIST;
  if (!isList || !Array.isArray(plain)) return plain;
  const entries = readObjectList(data);
  // Of a list with odd elements nobody knows which is which.
  if (entries.length !== plain.length) return plain;
  return entries.map((entry, i): Plain => {
    const said = plain[i];
    const { attributes, methods } = entry;
    return {
      ...(typeof said === 'object' && said !== null && !Array.isArray(said) && !(said instanceof Uint8Array) && said),
      obis: entry.obis.toString(),
      name: obisName(entry.obis),
      classId: entry.classId,
      class: className(entry.classId) ?? null,
      ...(entry.baseName !== undefined && { baseName: entry.baseName }),
      ...(attributes !== undefined && { attributes: Object.fromEntries(attributes) }),
      ...(methods !== undefined && { methods: Object.fromEntries(methods) }),
    };
  });
}

function knownAttributes(classId: number): number[] {
  const known = [1];
  while (attributeOf(classId, known.length + 1) !== undefined) known.push(known.length + 1);
  return known;
}

/**
 * 1 read, 3 read and write, 4 and 6 the same for those who proved themselves; from version 3 of the association on bits, of
 * which the lowest is read. IEC 62056-6-2, Association LN.
 */
function isReadable(mode: number): boolean {
  return (mode & 1) !== 0 || mode === 4 || mode === 6;
}

function plainName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}

const ASSOCIATION_SN = 12;
const ASSOCIATION_LN = 15;
const OBJECT_LIST = 2;
