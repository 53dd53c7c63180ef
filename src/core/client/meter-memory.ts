// What one meter has taught us, and whose knowledge it is: a meter is known by its logical device name or system title,
// never by the address it answers at. What a value means (scales, columns) lives for one association, because meters are
// parameterised anew under the same name; the rest lives as long as the same meter answers.
// The rule of the file: nothing learned of one meter is there for another one.

import type { Data } from '../cosem/data';
import { scaleOf, type Scale } from '../cosem/naming';
import { Obis } from '../obis/obis';
import type { CaptureObject } from '../cosem/profile-layout';
import type { AttributeRef, MethodRef } from './request';

/** How a profile buffer was asked for. */
export type ProfileAccess = 'range' | 'entry' | 'all';

/** What a profile holds; asked in each association. */
export interface ProfileStructure {
  readonly objects: readonly CaptureObject[];
  /** Seconds; 0: captured by other events; null: the meter does not say. */
  readonly capturePeriod: number | null;
  readonly sortMethod: number | null;
  /** What it is sorted by; null: by the order in which rows came. */
  readonly sortObject: CaptureObject | null;
}

/** How this meter wants to be asked for a profile. */
export interface ProfileHabits {
  /** Ways the meter refused for good. */
  readonly refused: Set<ProfileAccess>;
  /** A range was accepted once; "other reason" then means that no row lies in it. */
  rangeWorks: boolean;
  /** Whether the clock of a range carries a deviation; null: not found out yet. */
  deviation: 'with' | 'without' | null;
}

/** Who answers: the hex of its system title, its logical device name; null: it does not tell. */
export interface MeterIdentity {
  readonly title: string | null;
  readonly name: string | null;
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
  /** By object and attribute: "1-0:1.8.0*255/3". null: asked, and the meter has none. Of this association. */
  readonly scales = new Map<string, Scale | null>();
  /** Of this association. */
  readonly profiles = new Map<string, ProfileStructure>();
  readonly #habits = new Map<string, ProfileHabits>();
  /** The association list, once it was read. */
  objects: readonly ObjectEntry[] | null = null;
  /** The meter refused the dedicated key; associations go without it. */
  dedicatedKeyRefused = false;
  /** Who answered last, as far as it told. */
  #owner: MeterIdentity = NOBODY;
  #title: string | null = null;
  /** undefined: not asked in this association. */
  #name: string | null | undefined;
  /** All that is known is of the meter that answers now. */
  #own = true;

  /** Who answers in this association; null: its name was not asked yet. */
  get identity(): MeterIdentity | null {
    return this.#name === undefined ? null : { title: this.#title, name: this.#name };
  }

  /** What is known was learned in an association before: its meter has to be recognised before anything is used. */
  get outlived(): boolean {
    return !this.#own;
  }

  /** A new association stands. Returns what to tell when plainly another meter answers; null: nothing. */
  begin(title: string | null): string | null {
    this.scales.clear();
    this.profiles.clear();
    this.#title = title;
    this.#name = undefined;
    this.#own = this.objects === null && this.#habits.size === 0;
    // An equal title proves nothing: some makers put one into all their meters.
    if (title === null || this.#owner.title === null || title === this.#owner.title) return null;
    return this.#handOver({ title, name: null });
  }

  /** The logical device name came; null: the meter does not tell it. Returns what to tell when it is another meter. */
  recognise(name: string | null): string | null {
    this.#name = name;
    const { title, name: before } = this.#owner;
    const now = { title: this.#title, name };
    const sameName = before === null || name === null ? null : before === name;
    const sameTitle = title === null || now.title === null ? null : title === now.title;
    if (sameName ?? sameTitle ?? this.#own) {
      this.#own = true;
      this.#owner = { title: now.title ?? title, name: name ?? before };
      return null;
    }
    return this.#handOver(now);
  }

  habitsOf(profile: Obis): ProfileHabits {
    const key = profile.toString();
    const habits = this.#habits.get(key) ?? { refused: new Set(), rangeWorks: false, deviation: null };
    this.#habits.set(key, habits);
    return habits;
  }

  #handOver(now: MeterIdentity): string | null {
    const before = this.#owner;
    this.#owner = now;
    this.dedicatedKeyRefused = false;
    if (!this.#own) {
      this.objects = null;
      this.#habits.clear();
      this.#own = true;
    }
    const [was, is] = [before.name ?? before.title, now.name ?? now.title];
    if (was === null) return null;
    return `another meter answers: was ${was}, is ${is ?? 'one without a name'}; what was learned of the first is forgotten`;
  }

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

const NOBODY: MeterIdentity = { title: null, name: null };

export function scaleKey(ref: { readonly obis: Obis; readonly attribute: number }): string {
  return `${ref.obis}/${ref.attribute}`;
}

/**
 * The object list, attribute 2 of the association. LN: {class, version, name, {attribute rights, method rights}};
 * SN: {base name, class, version, name}. The count is a hint, every part may be missing (docs/quirks.md#q45).
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
