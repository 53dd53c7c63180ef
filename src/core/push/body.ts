// What a notification's body says: which value belongs to which object. Decided by the shape of the list and the types of
// its elements, never by a maker's or an operator's name. The rule of the file: every element becomes an item, so that
// nothing a meter sends is forgotten.

import { companionsOf } from '../cosem/classes';
import type { Data } from '../cosem/data';
import { elementsOf, text } from '../cosem/data';
import { looksLikeDateTime } from '../cosem/date-time';
import { printable, scaleOf, type Scale } from '../cosem/naming';
import { Obis } from '../obis/obis';
import { equalBytes } from '../wire/hex';
import { matchLayout, placesOf, type Layout, type LayoutEntry, type Role } from './layouts';

/** One value of a telegram before it has a name. */
export interface Item {
  /** Six octets. */
  readonly name: Uint8Array | null;
  readonly data: Data;
  /** From the telegram. */
  readonly scale?: Scale;
  /** When it was captured, and its status: what an extended or a demand register tells of its value. */
  readonly capture?: Data;
  readonly status?: Data;
  readonly classId?: number;
  readonly attribute?: number;
  /** Index in the list, where the place is all that tells the meaning. */
  readonly position?: number;
  /** What the meter calls it, where that is no OBIS code: a short name. */
  readonly id?: string;
  readonly role?: Role;
  readonly entry?: LayoutEntry;
}

export type Form = 'push-object-list' | 'self-described' | 'attribute-values' | 'positional' | 'octets' | 'unknown';

export interface Body {
  readonly form: Form;
  readonly items: readonly Item[];
  readonly layout: Layout | null;
  /** Elements of the list; 1 where the body is no list. */
  readonly elements: number;
  /** First text of the list, which many meters use as the version of the list. */
  readonly version: string | null;
  /** push-object-list: the six octets of the push setup, and whether its own name is in the list. */
  readonly setup: { readonly name: Uint8Array; readonly named: boolean } | null;
}

/** `layouts` in order of preference; `only` true: nothing else is tried. `taggedClock`: so it stood in the header. */
export function readBody(body: Data, layouts: readonly Layout[], only: boolean, taggedClock: boolean): Body {
  // A visible string that is none is noise that happens to have the form of a message.
  if (isText(body)) return whole(body.type === 'octet-string' || isPrintable(body) ? 'octets' : 'unknown', body, 1);
  const list = elementsOf(body) ?? [body];
  if (!only && list[0] !== body) {
    const described = pushObjectList(list) ?? attributeValues(list) ?? selfDescribed(list);
    if (described !== null) return described;
  }
  const layout = matchLayout(list, only || taggedClock ? layouts : layouts.filter(l => l.taggedClock !== true));
  if (layout !== null) return positional(placesOf(list, layout), layout);
  return whole('unknown', body, list.length);
}

function whole(form: Form, data: Data, elements: number): Body {
  return { form, items: [{ name: null, data, position: 0 }], layout: null, elements, version: null, setup: null };
}

/**
 * IDIS: the first element is the push object list, an array of {class, logical name, attribute, data index, …}. Its first
 * row may describe the list itself; the other elements are the values in the same order.
 */
function pushObjectList(list: readonly Data[]): Body | null {
  const first = list[0] === undefined ? null : elementsOf(list[0]);
  if (first === null || first.length === 0) return null;
  const rows: Descriptor[] = [];
  for (const row of first) {
    const descriptor = descriptorOf(row);
    if (descriptor === null) return null;
    rows.push(descriptor);
  }
  const values = list.slice(1);
  const [head] = rows;
  const [value] = values;
  const ofList =
    head?.classId === PUSH_SETUP && head.attribute === 2 && (value === undefined || elementsOf(value) === null);
  const named = rows.slice(ofList || rows.length > values.length ? 1 : 0);
  // Which of them was left out nobody can tell.
  if (named.length > values.length) return null;
  const items = values.flatMap((data, i): Item[] => {
    const row = named[i];
    return row === undefined ? [{ name: null, data, position: i + 1 }] : attributesOf(row, data);
  });
  if (
    items.some(item => companionsOf(item.classId ?? 0, item.attribute ?? 0) !== null && elementsOf(item.data) !== null)
  )
    return null;
  // IDIS rows have four columns; longer ones (Energomera, SPODES) follow another companion standard.
  const idis = first.every(row => row.type === 'structure' && row.value.length === 4);
  const setup = idis && head?.classId === PUSH_SETUP ? head.name : null;
  return {
    form: 'push-object-list',
    items: withCompanions(items),
    layout: null,
    elements: list.length,
    version: null,
    setup:
      setup === null
        ? null
        : { name: setup, named: named.some(row => row.classId === PUSH_SETUP && row.attribute === 1) },
  };
}

/** Attribute 0 stands for all of an object: its logical name first, then each in turn. */
function attributesOf(row: Descriptor, data: Data): Item[] {
  const [name, ...others] = row.attribute === 0 ? (elementsOf(data) ?? []) : [];
  if (name?.type !== 'octet-string' || !equalBytes(name.value, row.name)) return [{ ...row, ...valueAndScale(data) }];
  return others.map((value, i) => ({ ...row, attribute: i + 2, data: value }));
}

/** Attributes of the same object tell scale and unit of its value, when it was captured, and its status. */
function withCompanions(items: readonly Item[]): readonly Item[] {
  if (!items.some(isCompanion)) return items;
  const companions = new Map<string, Item>();
  for (const item of items) if (isCompanion(item)) companions.set(`${item.name} ${item.attribute}`, item);
  return items.map(item => {
    const of = companionsOf(item.classId ?? 0, item.attribute ?? 0);
    if (of === null) return item;
    const beside = (attribute: number | null): Data | undefined => companions.get(`${item.name} ${attribute}`)?.data;
    const scale = item.scale ?? scaleOf(beside(of.scale)) ?? undefined;
    const capture = beside(of.capture);
    const status = beside(of.status);
    return {
      ...item,
      ...(scale === undefined ? {} : { scale }),
      ...(capture === undefined ? {} : { capture }),
      ...(status === undefined ? {} : { status }),
    };
  });
}

/** Of a register, but not its value. */
export function isCompanion({ classId, attribute }: Item): boolean {
  if (classId === undefined || attribute === undefined || attribute < 2) return false;
  return companionsOf(classId, 2) !== null && companionsOf(classId, attribute) === null;
}

/** Czech Sagemcom: {enum, array of {descriptor, value}}, or such a list alone. */
function attributeValues(list: readonly Data[]): Body | null {
  const rows = list.length === 2 && list[0]?.type === 'enum' && list[1]?.type === 'array' ? list[1].value : list;
  if (rows.length === 0) return null;
  const items: Item[] = [];
  for (const row of rows) {
    if (row.type !== 'structure' || row.value.length !== 2) return null;
    const descriptor = descriptorOf(row.value[0] as Data);
    if (descriptor === null) return null;
    items.push(...attributesOf(descriptor, row.value[1] as Data));
  }
  const own = { layout: null, elements: rows.length, version: null, setup: null };
  return { form: 'attribute-values', items: withCompanions(items), ...own };
}

/**
 * Names stand beside their values: in rows of their own or flat in the list, perhaps with a list in the list. null-data
 * fills the pairs that a meter with fewer phases lacks (Kamstrup); a clock or a text may stand without name.
 */
function selfDescribed(list: readonly Data[]): Body | null {
  const found = namesAndValues(list, 0);
  if (found === null || found.covered * 2 < found.elements) return null;
  return {
    form: 'self-described',
    items: withCompanions(found.items),
    layout: null,
    elements: list.length,
    version: versionOf(found.items),
    setup: null,
  };
}

interface NamesAndValues {
  readonly items: readonly Item[];
  /** Elements of the list that names explain, of all. */
  readonly covered: number;
  readonly elements: number;
}

/** null where nothing has a name, or a name no value: then the values stand in front of their names. */
function namesAndValues(list: readonly Data[], depth: number): NamesAndValues | null {
  const items: Item[] = [];
  let covered = 0;
  let elements = list.length;
  let names = 0;
  for (let i = 0; i < list.length;) {
    const data = list[i] as Data;
    const inner = elementsOf(data);
    const row = inner === null ? null : rowOf(inner);
    const entry = row === null ? entryAt(list, i) : { item: row, next: i + 1 };
    if (entry !== null) {
      items.push(entry.item);
      names++;
      covered += entry.next - i;
      i = entry.next;
      continue;
    }
    const below = inner === null || depth === DEEPEST ? null : namesAndValues(inner, depth + 1);
    // A list in the list is one only when nothing in it is left over: a row of another shape has names, too.
    if (below !== null && below.covered === below.elements) {
      items.push(...below.items);
      names++;
      covered += below.covered;
      elements += below.elements - 1;
    } else if (data.type === 'null-data') covered++;
    else if (i === list.length - 1 && nameIn(data) !== null) return null;
    else items.push(unnamed(data, i, list.length));
    i++;
  }
  return names === 0 ? null : { items, covered, elements };
}

/**
 * A row that holds one name with what belongs to it: {name, value}, with scale and unit behind or in front of the value,
 * with the class in front and the attribute behind the name, with status and time at the end.
 */
function rowOf(elements: readonly Data[]): Item | null {
  const [first, second] = elements;
  if (first === undefined || second === undefined) return null;
  let found: Entry | null;
  if (nameIn(first) !== null) found = entryAt(elements, 0);
  else {
    const name = nameIn(second);
    if (name === null || elementsOf(first) !== null) return null;
    if (elements.length === 2) return isSure(second) ? { name, data: first } : null;
    found = first.type === 'long-unsigned' ? entryAt(elements, 1, first.value) : null;
  }
  if (found === null) return null;
  const { item, next } = found;
  const left = elements.length - next;
  if (left === 0) return item;
  const capture = elements[elements.length - 1] as Data;
  if (left > 2 || !clockOctets(capture)) return null;
  if (left === 1) return { ...item, capture };
  const status = elements[next] as Data;
  return isNumber(status) ? { ...item, capture, status } : null;
}

interface Entry {
  readonly item: Item;
  /** The place behind it. */
  readonly next: number;
}

/** A name at `at` with its value; null where there is none. */
function entryAt(list: readonly Data[], at: number, classId?: number): Entry | null {
  const name = nameIn(list[at] as Data);
  if (name === null) return null;
  let i = at + 1;
  let attribute: number | undefined;
  let indexed = false;
  if (classId !== undefined && i + 1 < list.length && list[i]?.type === 'integer') {
    attribute = (list[i] as { value: number }).value;
    i++;
    indexed = i + 1 < list.length && list[i]?.type === 'long-unsigned' && scaleOf(list[i + 1]) === null;
    if (indexed) i++;
  }
  let scale = scaleOf(list[i]);
  // In front of its value, or else it is one.
  if (scale !== null && i + 1 < list.length && nameIn(list[i + 1] as Data) === null) i++;
  else scale = null;
  const data = list[i++];
  if (data === undefined) return null;
  const behind = list[i];
  // Two names and a value: the first one names nothing.
  if (behind !== undefined && nameIn(data) !== null && nameIn(behind) === null && elementsOf(behind) === null)
    return null;
  if (scale === null) {
    scale = scaleOf(behind);
    if (scale !== null) i++;
    else if (behind?.type === 'integer' && list[i + 1]?.type === 'enum' && isNumber(data)) {
      scale = scaleOf({ type: 'structure', value: list.slice(i, i + 2) });
      i += 2;
    }
  }
  const own = scale === null ? valueAndScale(data) : { data, scale };
  if (classId === undefined) {
    if (own.scale !== undefined) return { item: { name, data: own.data, scale: own.scale }, next: i };
    return isSure(list[at] as Data) ? { item: { name, data: own.data }, next: i } : null;
  }
  // {class, name, attribute, data index} is a descriptor, without any value.
  const isPart = attribute === undefined ? data.type === 'integer' : data.type === 'long-unsigned' && !indexed;
  if ((isPart && i === list.length) || elementsOf(own.data) !== null) return null;
  return { item: { name, ...own, classId, ...(attribute === undefined ? {} : { attribute }) }, next: i };
}

/** What stands in a list of names and values without a name. */
function unnamed(data: Data, position: number, count: number): Item {
  if (clockOctets(data)) return { name: CLOCK_NAME, data, position, role: 'clock' };
  const shown = isText(data) ? printable(data.value) : null;
  if (shown === null || shown === '') return { name: null, data, position, role: 'unknown' };
  if (DEVICE_NAME.test(shown)) return { name: DEVICE_NAME_CODE, data, position };
  if (position === 0 && LIST_VERSION.test(shown)) return { name: VERSION_NAME, data, position, role: 'list-version' };
  return { name: null, data, position, role: position === count - 1 ? 'meter-id' : 'unknown' };
}

function versionOf(items: readonly Item[]): string | null {
  const unnamed = items.find(item => item.role === 'list-version');
  if (unnamed !== undefined && isText(unnamed.data)) return text(unnamed.data.value);
  const named = items.find(
    item => item.name !== null && item.name[2] === 0 && item.name[3] === 2 && item.name[4] === 129,
  );
  return named !== undefined && isText(named.data) ? text(named.data.value) : null;
}

function positional(list: readonly Data[], layout: Layout): Body {
  const entries = new Map(layout.entries.map(entry => [entry.position, entry]));
  const items = list.map((data, position): Item => {
    const entry = entries.get(position);
    if (entry === undefined) return { name: null, data, position, role: 'unknown' };
    return { name: null, data, position, entry, ...(entry.role === undefined ? {} : { role: entry.role }) };
  });
  const first = list[0];
  const version =
    first !== undefined && layout.entries[0]?.role === 'list-version' && isText(first) ? text(first.value) : null;
  return { form: 'positional', items, layout, elements: list.length, version, setup: null };
}

interface Descriptor {
  readonly classId: number;
  readonly name: Uint8Array;
  readonly attribute: number;
}

/** {long-unsigned class, octet-string(6) logical name, integer attribute [, long-unsigned data index, …]}. */
function descriptorOf(data: Data): Descriptor | null {
  if (data.type !== 'structure' || data.value.length < 3) return null;
  const [classId, name, attribute] = data.value;
  if (classId?.type !== 'long-unsigned' || name?.type !== 'octet-string' || name.value.length !== 6) return null;
  if (attribute?.type !== 'integer' && attribute?.type !== 'unsigned') return null;
  return { classId: classId.value, name: name.value, attribute: attribute.value };
}

/** Some lists wrap a register's value with its scale; the value may be missing (Energomera). */
function valueAndScale(data: Data): { data: Data; scale?: Scale } {
  if (data.type === 'structure' && data.value.length === 2) {
    const [value, second] = data.value as readonly [Data, Data];
    const scale = scaleOf(second);
    if (scale !== null && (isNumber(value) || value.type === 'null-data')) return { data: value, scale };
  }
  return { data };
}

/** The six octets of an OBIS code, or of its text. */
function nameIn(data: Data): Uint8Array | null {
  if (!isText(data)) return null;
  const octets = data.value;
  const { length } = octets;
  if (length === 6 && data.type === 'octet-string') {
    const f = octets[5] as number;
    return f === 0xff || ((octets[0] as number) <= 9 && f <= 126) ? octets : null;
  }
  if (length < SHORTEST_CODE || length > LONGEST_CODE || !beginsLikeCode(octets)) return null;
  const shown = text(octets);
  return CODE_TEXT.test(shown) ? (Obis.tryParse(shown)?.bytes ?? null) : null;
}

/**
 * Of a name: does nothing else have to tell that it is one? Group F of a current value is 255, that of a billing period is
 * not, and six octets may be much else.
 */
function isSure(name: Data): boolean {
  return !(name.type === 'octet-string' && name.value.length === 6) || name.value[5] === 0xff;
}

/** Digits and then what stands behind group A, "-" or ".": meter numbers are told apart without a look at all of them. */
function beginsLikeCode(octets: Uint8Array): boolean {
  for (let i = 0; i <= 3; i++) {
    const octet = octets[i] as number;
    if (octet < 0x30 || octet > 0x39) return i > 0 && (octet === 0x2d || octet === 0x2e);
  }
  return false;
}

const FILL: ReadonlySet<number> = new Set([0x00, 0x09, 0x0a, 0x0d]);

function isPrintable({ type, value }: Octets): boolean {
  // Filled up with NUL (Landis+Gyr), in Latin-1, or UTF-8.
  const above = type === 'utf8-string' ? 0x80 : 0xa0;
  return value.every(b => (b >= 0x20 && b < 0x7f) || b >= above || FILL.has(b));
}

function isText(data: Data): data is Octets {
  return data.type === 'octet-string' || data.type === 'visible-string' || data.type === 'utf8-string';
}

type Octets = Data & { readonly type: 'octet-string' | 'visible-string' | 'utf8-string'; readonly value: Uint8Array };

export function isNumber(data: Data): boolean {
  return 'value' in data && (typeof data.value === 'number' || typeof data.value === 'bigint');
}

function clockOctets(data: Data): boolean {
  return data.type === 'date-time' || (data.type === 'octet-string' && looksLikeDateTime(data.value));
}

const PUSH_SETUP = 40;
/** Lists in lists. */
const DEEPEST = 4;
/** 1-0:1.8.0, 1-0:1.8.0*255, 1.0.1.8.0.255 */
const CODE_TEXT = /^\d{1,3}(-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(\*\d{1,3})?|(\.\d{1,3}){5})$/;
const SHORTEST_CODE = 9;
const LONGEST_CODE = 23;
/** Three letters of the FLAG id and thirteen more. IEC 62056-6-2, logical device name. */
const DEVICE_NAME = /^[A-Z]{3}[0-9A-Za-z]{13}$/;
/** Kamstrup_V0001, KFM_001. */
const LIST_VERSION = /^[A-Za-z].*[ _-][A-Za-z]*\d/;
const DEVICE_NAME_CODE = Uint8Array.of(0, 0, 42, 0, 0, 255);
const CLOCK_NAME = Uint8Array.of(0, 0, 1, 0, 0, 255);
/** OBIS list version, 1-1:0.2.129 by the HAN specification of Norway. */
const VERSION_NAME = Uint8Array.of(1, 1, 0, 2, 129, 255);
