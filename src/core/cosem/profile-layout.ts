// Which capture object stands where in a profile row, and what to ask the meter for: columns and selectors.
// The rule of the file: the meter's list of capture objects is the truth; a column nobody understands is kept.

import { DlmsError } from '../wire/errors';
import { attributeOf, isClock as holdsTime, scalerAttribute } from './classes';
import { type Data, array, i8, octets, structure, u16, u32 } from './data';
import { type ClockOctetsOptions, clockOctets, epochOf } from './date-time';
import type { Scale } from './naming';
import { Obis } from '../obis/obis';
import { obisName } from '../obis/obis-names';

/** capture_object_definition. IEC 62056-6-2, Profile generic, attribute 3. */
export interface CaptureObject {
  readonly classId: number;
  readonly obis: Obis;
  /** -1 and 0 occur where a meter does not say (Actaris SL7000, ACE6000). */
  readonly attribute: number;
  /** 0: the whole attribute; else the element of it, from 1 on. */
  readonly dataIndex: number;
}

/** A column as in docs/messages.md#load-profile; the clock and the status register of a row have fields of their own. */
export interface ProfileColumn {
  /** The code; repeated ones get #2, #3. */
  readonly key: string;
  readonly obis: string;
  readonly classId: number;
  readonly attribute: number;
  readonly dataIndex: number;
  readonly name: string;
  readonly unit: string | null;
  readonly scaler: number | null;
}

export type ProfileCell =
  | { readonly kind: 'clock' | 'status' | 'unwanted'; readonly object: CaptureObject }
  | { readonly kind: 'value'; readonly object: CaptureObject; readonly column: ProfileColumn };

/** Attribute 3 of a profile. Elements that are missing or odd are taken as unknown. Throws WIRE_INVALID for no list. */
export function readCaptureObjects(data: Data): CaptureObject[] {
  if (data.type !== 'array' && data.type !== 'structure' && data.type !== 'compact-array') {
    throw new DlmsError({
      code: 'WIRE_INVALID',
      field: 'capture_objects',
      value: data.type,
      expected: 'an array',
      offset: 0,
    });
  }
  return data.value.map(element => {
    const parts = element.type === 'structure' || element.type === 'array' ? element.value : [];
    const name = parts.find(p => p.type === 'octet-string' && p.value.length === 6);
    if (name?.type !== 'octet-string') {
      throw new DlmsError({
        code: 'WIRE_INVALID',
        field: 'capture object',
        value: element.type,
        expected: 'a structure with a logical name',
        offset: 0,
      });
    }
    const rest = parts.filter(p => p !== name).map(p => ('value' in p && typeof p.value === 'number' ? p.value : 0));
    return { classId: rest[0] ?? 0, obis: Obis.from(name.value), attribute: rest[1] ?? 2, dataIndex: rest[2] ?? 0 };
  });
}

/** The attribute that holds scaler and unit of a column; null: it needs none. */
export function scaleAttributeOf(object: CaptureObject): number | null {
  return scalerAttribute(object.classId, object.attribute <= 0 ? 2 : object.attribute);
}

export class ProfileLayout {
  readonly cells: readonly ProfileCell[];
  /** What the message calls columns: the cells with a value. */
  readonly columns: readonly ProfileColumn[];
  /** Index of the row's time, of its status; null: it has none. */
  readonly clock: number | null;
  readonly status: number | null;
  readonly #all: readonly ProfileCell[];

  /**
   * @param objects all capture objects of the profile
   * @param scales one a capture object, null where none is known
   * @param chosen indexes of the columns that were selected; meters that return all of them all the same are understood
   * @param sort what the profile is sorted by (attribute 6): of several clocks the one that is the time of a row
   */
  constructor(
    readonly objects: readonly CaptureObject[],
    scales: readonly (Scale | null | undefined)[] = [],
    chosen: readonly number[] = objects.map((_, i) => i),
    sort: CaptureObject | null = null,
  ) {
    const wanted = new Set(chosen);
    const timed = timeColumn(objects, sort);
    const clock = timed !== null && wanted.has(timed) ? timed : -1;
    const status = objects.findIndex((o, i) => wanted.has(i) && isStatus(o));
    const seen = new Map<string, number>();
    const all = objects.map((object, i): ProfileCell => {
      if (!wanted.has(i)) return { kind: 'unwanted', object };
      if (i === clock) return { kind: 'clock', object };
      if (i === status) return { kind: 'status', object };
      const obis = object.obis.toString();
      const times = (seen.get(obis) ?? 0) + 1;
      seen.set(obis, times);
      const scale = scales[i] ?? null;
      return {
        kind: 'value',
        object,
        column: {
          key: times === 1 ? obis : `${obis}#${times}`,
          obis,
          classId: object.classId,
          attribute: object.attribute,
          dataIndex: object.dataIndex,
          name: columnName(object),
          unit: scale?.unit ?? null,
          scaler: scale?.scaler ?? null,
        },
      };
    });
    this.cells = all.filter((_, i) => wanted.has(i));
    this.columns = this.cells.flatMap(cell => (cell.kind === 'value' ? [cell.column] : []));
    this.clock = indexOrNull(this.cells.findIndex(c => c.kind === 'clock'));
    this.status = indexOrNull(this.cells.findIndex(c => c.kind === 'status'));
    this.#all = all;
  }

  /** The cells of a row with so many elements. */
  cellsOf(count: number): readonly ProfileCell[] {
    return count === this.#all.length ? this.#all : this.cells;
  }
}

/** Index of the column that is the time of a row: what the profile is sorted by, else its clock; null: it has none. */
export function timeColumn(objects: readonly CaptureObject[], sort: CaptureObject | null = null): number | null {
  const sorted = sort === null || !tellsTime(sort) ? -1 : objects.findIndex(o => sameObject(o, sort));
  if (sorted >= 0) return sorted;
  const clock = objects.findIndex(isClock);
  return indexOrNull(clock >= 0 ? clock : objects.findIndex(isUnixTime));
}

/** Whether the values of an object are times: a clock, UNIX time, or when something was captured. */
export function tellsTime(o: CaptureObject): boolean {
  return isClock(o) || isUnixTime(o) || holdsTime(o.classId, o.attribute);
}

/** Clocks and status of a row are never left out. */
export function belongsToEachRow(o: CaptureObject): boolean {
  return tellsTime(o) || isStatus(o);
}

function sameObject(a: CaptureObject, b: CaptureObject): boolean {
  // -1 and 0 stand for the value; a meter may write it differently in the two places.
  const attribute = (o: CaptureObject): number => (o.attribute <= 0 ? 2 : o.attribute);
  return a.classId === b.classId && a.obis.equals(b.obis) && attribute(a) === attribute(b);
}

/** Attribute 6 of a profile; null: nothing, which many meters write as a name of zeros. */
export function readSortObject(data: Data): CaptureObject | null {
  if (data.type !== 'structure' && data.type !== 'array') return null;
  // Some meters write the list of one element that attribute 3 has.
  const [first] = data.value;
  const one = first?.type === 'structure' || first?.type === 'array' ? first : data;
  try {
    const [object] = readCaptureObjects(array(one));
    return object === undefined || object.classId === 0 || object.obis.bytes.every(b => b === 0) ? null : object;
  } catch (e) {
    if (!(e instanceof DlmsError)) throw e;
    return null;
  }
}

export interface RangeOptions extends ClockOctetsOptions {
  /** The column the range is about; default the clock 0-0:1.0.0*255. */
  readonly restricting?: CaptureObject;
  /** Columns to return; none: all. */
  readonly columns?: readonly CaptureObject[];
}

/** Selective access 1, range_descriptor: rows from..to, both included. IEC 62056-6-2, Profile generic. */
export function rangeSelector(
  from: Date | number | string,
  to: Date | number | string,
  options: RangeOptions = {},
): Selector {
  const { restricting = CLOCK, columns = [] } = options;
  const end = (when: Date | number | string): Data =>
    isUnixTime(restricting) ? u32(unixSeconds(when, options)) : octets(clockOctets(when, options));
  return {
    selector: 1,
    parameters: structure(captureObject(restricting), end(from), end(to), array(...columns.map(captureObject))),
  };
}

/** Selective access 2, entry_descriptor: entries and columns count from 1; 0 as the end is the last. */
export function entrySelector(fromEntry: number, toEntry: number, fromColumn = 1, toColumn = 0): Selector {
  for (const [name, n, top] of [
    ['first entry', fromEntry, 0xffffffff],
    ['last entry', toEntry, 0xffffffff],
    ['first column', fromColumn, 0xffff],
    ['last column', toColumn, 0xffff],
  ] as const) {
    if (!Number.isInteger(n) || n < 0 || n > top) {
      throw new DlmsError({
        code: 'BAD_SETTING',
        setting: name,
        value: String(n),
        expected: `a whole number from 0 to ${top}`,
      });
    }
  }
  return { selector: 2, parameters: structure(u32(fromEntry), u32(toEntry), u16(fromColumn), u16(toColumn)) };
}

export interface Selector {
  readonly selector: number;
  readonly parameters: Data;
}

export function captureObject(o: CaptureObject): Data {
  return structure(u16(o.classId), octets(o.obis.bytes), i8(o.attribute), u16(o.dataIndex));
}

function columnName(o: CaptureObject): string {
  const name = obisName(o.obis);
  const value = o.attribute <= 0 || o.attribute === 2 ? undefined : attributeOf(o.classId, o.attribute)?.name;
  const which = o.attribute > 2 ? (value ?? `attribute ${o.attribute}`) : null;
  const part = which === null ? name : `${name}, ${which.replaceAll('_', ' ')}`;
  return o.dataIndex > 0 ? `${part} [${o.dataIndex}]` : part;
}

/** Both ends belong to the range, so that the second in which it ends does too. */
function unixSeconds(when: Date | number | string, { policy }: ClockOctetsOptions): number {
  const epochMs = epochOf(when, policy) ?? 0;
  return Math.min(Math.max(0, Math.floor(epochMs / 1000)), 0xfffffffe);
}

/** Seconds since 1970, class 1 or a register of them. IEC 62056-6-1, table of abstract objects. */
export function isUnixTime(o: CaptureObject): boolean {
  return o.classId !== 8 && o.obis.a === 0 && o.obis.c === 1 && o.obis.d === 1;
}

function isClock(o: CaptureObject): boolean {
  return (
    (o.classId === 8 && (o.attribute === 2 || o.attribute <= 0)) || (o.obis.a === 0 && o.obis.c === 1 && o.obis.d === 0)
  );
}

/** 0-b:96.10.e, the profile status of the companion standards (IDIS, DSMR). */
function isStatus(o: CaptureObject): boolean {
  return o.classId === 1 && o.obis.a === 0 && o.obis.c === 96 && o.obis.d === 10;
}

function indexOrNull(index: number): number | null {
  return index < 0 ? null : index;
}

const CLOCK: CaptureObject = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2, dataIndex: 0 };
