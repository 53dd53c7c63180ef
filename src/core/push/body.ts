// What a notification's body says: which value belongs to which object. Decided by the shape of the list and the types of
// its elements, never by a maker's or an operator's name. The rule of the file: every element becomes an item, so that
// nothing a meter sends is forgotten.

import type { Data } from '../cosem/data';
import { text } from '../cosem/data';
import { looksLikeDateTime } from '../cosem/date-time';
import { scaleOf, type Scale } from '../cosem/naming';
import { matchLayout, type Layout, type LayoutEntry, type Role } from './layouts';

/** One value of a telegram before it has a name. */
export interface Item {
  /** Six octets. */
  readonly name: Uint8Array | null;
  readonly data: Data;
  /** From the telegram. */
  readonly scale?: Scale;
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

/** `layouts` in order of preference; `only` true: nothing else is tried. */
export function readBody(body: Data, layouts: readonly Layout[], only: boolean): Body {
  const list = body.type === 'structure' || body.type === 'array' ? body.value : null;
  if (list === null) {
    const octets = body.type === 'octet-string' || body.type === 'visible-string' || body.type === 'utf8-string';
    return whole(octets ? 'octets' : 'unknown', body, 1);
  }
  if (!only) {
    const described = pushObjectList(list) ?? attributeValues(list) ?? selfDescribed(list);
    if (described !== null) return described;
  }
  const layout = matchLayout(list, layouts);
  if (layout !== null) return positional(list, layout);
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
  const first = list[0];
  if (first === undefined || (first.type !== 'array' && first.type !== 'structure') || first.value.length === 0)
    return null;
  const rows: Descriptor[] = [];
  for (const row of first.value) {
    const descriptor = descriptorOf(row);
    if (descriptor === null) return null;
    rows.push(descriptor);
  }
  // Where one row more than values stands, it is the one for the list itself.
  const own = rows.length >= list.length ? rows.length - list.length + 1 : 0;
  const named = rows.slice(own);
  const items: Item[] = [];
  for (let i = 1; i < list.length; i++) {
    const row = named[i - 1];
    const data = list[i] as Data;
    if (row === undefined) items.push({ name: null, data, position: i });
    else items.push({ ...row, ...valueAndScale(data) });
  }
  // IDIS rows have four columns; longer ones (Energomera, SPODES) follow another companion standard.
  const idis = first.value.every(row => row.type === 'structure' && row.value.length === 4);
  const setup = idis && rows[0]?.classId === 40 ? (rows[0]?.name ?? null) : null;
  return {
    form: 'push-object-list',
    items: withScalers(items),
    layout: null,
    elements: list.length,
    version: null,
    setup: setup === null ? null : { name: setup, named: named.some(row => row.classId === 40 && row.attribute === 1) },
  };
}

/** A row of class 3, 4 or 5 for attribute 3 or 4 gives the scale of the same object's value. */
function withScalers(items: readonly Item[]): Item[] {
  const scales = new Map<string, Scale>();
  for (const item of items) {
    const holdsScale =
      ((item.classId === 3 || item.classId === 4) && item.attribute === 3) ||
      (item.classId === 5 && item.attribute === 4);
    const scale = holdsScale ? scaleOf(item.data) : null;
    if (scale !== null && item.name !== null) scales.set(String(item.name), scale);
  }
  if (scales.size === 0) return [...items];
  return items.map(item => {
    const scale = item.name === null ? undefined : scales.get(String(item.name));
    return scale !== undefined && item.scale === undefined && isNumber(item.data) ? { ...item, scale } : item;
  });
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
    items.push({ ...descriptor, ...valueAndScale(row.value[1] as Data) });
  }
  const own = { layout: null, elements: rows.length, version: null, setup: null };
  return { form: 'attribute-values', items: withScalers(items), ...own };
}

/**
 * Names stand beside their values: in structures {name, value [, {scaler, unit}]}, or flat in the list. null-data fills
 * the pairs that a meter with fewer phases lacks (Kamstrup); a clock or a text may stand without name.
 */
function selfDescribed(list: readonly Data[]): Body | null {
  const items: Item[] = [];
  let covered = 0;
  for (let i = 0; i < list.length;) {
    const data = list[i] as Data;
    const inner = data.type === 'structure' || data.type === 'array' ? namedIn(data.value) : null;
    if (inner !== null) {
      items.push(inner);
      covered++;
      i++;
    } else if (isName(data) && i + 1 < list.length) {
      const value = list[i + 1] as Data;
      const scale = scaleOf(list[i + 2]);
      items.push({ name: data.value, data: value, ...(scale === null ? {} : { scale }) });
      covered += scale === null ? 2 : 3;
      i += scale === null ? 2 : 3;
    } else {
      if (data.type === 'null-data') covered++;
      else items.push(unnamed(data, i, list.length));
      i++;
    }
  }
  const pairs = items.some(item => item.name !== null && item.position === undefined);
  if (!pairs || covered * 2 < list.length) return null;
  return {
    form: 'self-described',
    items,
    layout: null,
    elements: list.length,
    version: versionOf(items),
    setup: null,
  };
}

/** {name, value [, {scaler, unit}]}. */
function namedIn(elements: readonly Data[]): Item | null {
  const [name, data, third] = elements;
  if (name === undefined || data === undefined || elements.length > 3 || !isName(name)) return null;
  if (third === undefined) return { name: name.value, ...valueAndScale(data) };
  const scale = scaleOf(third);
  return scale === null ? null : { name: name.value, data, scale };
}

/** What stands in a list of names and values without a name. */
function unnamed(data: Data, position: number, count: number): Item {
  if (clockOctets(data)) return { name: CLOCK_NAME, data, position, role: 'clock' };
  const isText = data.type === 'octet-string' || data.type === 'visible-string' || data.type === 'utf8-string';
  if (isText && position === 0) return { name: VERSION_NAME, data, position, role: 'list-version' };
  if (isText && position === count - 1) return { name: null, data, position, role: 'meter-id' };
  return { name: null, data, position, role: 'unknown' };
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

/** Some lists wrap a register's value with its scale. */
function valueAndScale(data: Data): { data: Data; scale?: Scale } {
  if (data.type === 'structure' && data.value.length === 2) {
    const [value, second] = data.value as readonly [Data, Data];
    const scale = scaleOf(second);
    if (scale !== null && isNumber(value)) return { data: value, scale };
  }
  return { data };
}

function isName(data: Data): data is Octets {
  return data.type === 'octet-string' && data.value.length === 6 && data.value[5] === 0xff;
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

const CLOCK_NAME = Uint8Array.of(0, 0, 1, 0, 0, 255);
/** OBIS list version, 1-1:0.2.129 by the HAN specification of Norway. */
const VERSION_NAME = Uint8Array.of(1, 1, 0, 2, 129, 255);
