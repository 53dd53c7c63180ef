// What one meter has taught us and need not be asked again: scales, base names, how its profiles want to be read.
// It outlives the connection; the session pool keeps one for each meter.

import type { Data } from '../cosem/data';
import { scaleOf, type Scale } from '../cosem/naming';
import { Obis } from '../cosem/obis';
import type { CaptureObject } from '../cosem/profile-layout';
import type { Meter } from '../cosem/reading';
import type { AttributeRef, MethodRef } from './request';

/** How a profile buffer was asked for. */
export type ProfileAccess = 'range' | 'entry' | 'all';

export interface ProfileMemory {
  readonly objects: readonly CaptureObject[];
  /** Seconds; 0: captured by other events; null: the meter does not say. */
  readonly capturePeriod: number | null;
  readonly sortMethod: number | null;
  /** Ways the meter refused for good. */
  readonly refused: Set<ProfileAccess>;
  /** A range was accepted once; "other reason" then means that no row lies in it. */
  rangeWorks: boolean;
  /** Whether the clock of a range carries a deviation; null: not found out yet. */
  deviation: 'with' | 'without' | null;
}

/** One object of the association list. */
export interface ObjectEntry {
  readonly classId: number;
  readonly version: number;
  readonly obis: Obis;
  /** SN referencing only. */
  readonly baseName?: number;
  /** attribute -> access mode (0 none, 1 read, 2 write, 3 read and write, from version 3 on bits); absent: not said. */
  readonly attributes?: ReadonlyMap<number, number>;
  readonly methods?: ReadonlyMap<number, number>;
}

export class MeterMemory {
  /** By object and attribute: "1-0:1.8.0*255/3". null: asked, and the meter has none. */
  readonly scales = new Map<string, Scale | null>();
  readonly profiles = new Map<string, ProfileMemory>();
  /** The association list, once it was read. */
  objects: readonly ObjectEntry[] | null = null;
  meter: Meter | null = null;
  /** The meter refused the dedicated key; associations go without it. */
  dedicatedKeyRefused = false;

  /** The reference with its base name, where the object list has one. */
  named<R extends AttributeRef | MethodRef>(ref: R): R {
    if (ref.baseName !== undefined) return ref;
    const entry = this.find(ref.obis, ref.classId);
    return entry?.baseName === undefined ? ref : { ...ref, baseName: entry.baseName };
  }

  find(obis: Obis, classId?: number): ObjectEntry | undefined {
    return this.objects?.find(o => o.obis.equals(obis) && (classId === undefined || o.classId === classId));
  }

  rememberScale(ref: AttributeRef, data: Data | null): Scale | null {
    const scale = data === null ? null : scaleOf(data);
    this.scales.set(scaleKey(ref), scale);
    return scale;
  }
}

export function scaleKey(ref: { readonly obis: Obis; readonly attribute: number }): string {
  return `${ref.obis}/${ref.attribute}`;
}

/**
 * The object list, attribute 2 of the association. LN: {class, version, name, {attribute rights, method rights}};
 * SN: {base name, class, version, name}. The count is a hint, every part may be missing (tolerated meters do all of it).
 */
export function readObjectList(data: Data): ObjectEntry[] {
  if (data.type !== 'array' && data.type !== 'compact-array' && data.type !== 'structure') return [];
  const entries: ObjectEntry[] = [];
  for (const element of data.value) {
    if (element.type !== 'structure' && element.type !== 'array') continue;
    const parts = element.value;
    const at = parts.findIndex(p => p.type === 'octet-string' && p.value.length === 6);
    const name = parts[at];
    if (name?.type !== 'octet-string') continue;
    const obis = Obis.from(name.value);
    const [first, second, third] = parts.slice(0, at).map(numberOf);
    if (at >= 3) {
      entries.push({ classId: second ?? 0, version: third ?? 0, obis, baseName: (first ?? 0) & 0xffff });
      continue;
    }
    const rights = parts[at + 1];
    const [attributes, methods] = rights?.type === 'structure' ? rights.value.map(modesOf) : [];
    entries.push({
      classId: first ?? 0,
      version: second ?? 0,
      obis,
      ...(attributes !== undefined && { attributes }),
      ...(methods !== undefined && { methods }),
    });
  }
  return entries;
}

function modesOf(list: Data): ReadonlyMap<number, number> {
  const modes = new Map<number, number>();
  if (list.type !== 'array') return modes;
  for (const item of list.value) {
    if (item.type !== 'structure') continue;
    const [id, mode] = item.value.map(numberOf);
    if (id !== undefined && mode !== undefined) modes.set(id, mode);
  }
  return modes;
}

function numberOf(data: Data): number {
  if (data.type === 'boolean') return data.value ? 1 : 0;
  return 'value' in data && typeof data.value === 'number' ? data.value : 0;
}
