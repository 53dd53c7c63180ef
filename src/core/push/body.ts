// What a notification's body says: which value belongs to which object. Decided by the shape of the list and the types of
// its elements, never by a maker's or an operator's name. The rule of the file: every element becomes an item, so that
// nothing a meter sends is forgotten.

import { className, companionsOf } from '../cosem/classes';
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

export type Form =
  | 'push-object-list'
  | 'self-described'
  | 'attribute-values'
  | 'push-setup-named'
  | 'numbered'
  | 'positional'
  | 'octets'
  | 'unknown';

export interface Body {
  readonly form: Form;
  readonly items: readonly Item[];
  readonly layout: Layout | null;
  /** Elements of the list; 1 where the body is no list. */
  readonly elements: number;
  /** First text of the list, which many meters use as the version of the list. */
  readonly version: string | null;
  /** The six octets of the push setup, and whether its own name is in the list. */
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
  const last = only || list[0] === body ? null : (setupNamed(list) ?? numbered(list));
  return last ?? whole('unknown', body, list.length);
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
  const values = valuesOf(list.slice(1), rows.length);
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

/** They may stand in a list of their own. */
function valuesOf(others: readonly Data[], rows: number): readonly Data[] {
  const inner = others.length === 1 && rows > 2 ? elementsOf(others[0] as Data) : null;
  return inner !== null && (inner.length === rows || inner.length === rows - 1) ? inner : others;
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
  const found = namesAndValues(list, ROOT);
  if (found === null || found.names === 0 || found.covered * 2 < found.elements) return null;
  const items = found.setup === null ? found.items : withIdBeside(found.items);
  return {
    form: 'self-described',
    items: withCompanions(items),
    layout: null,
    elements: list.length,
    version: versionOf(items),
    setup: found.setup === null ? null : { name: found.setup, named: true },
  };
}

/**
 * The push setup's own name among values that have none: alarms of SMR5, event status words of IS 15959. It says which list
 * this is; whose it is stands beside it, and what the others mean stands in a companion standard, not in the telegram.
 */
function setupNamed(list: readonly Data[]): Body | null {
  if (!list.some(data => setupIn(data) !== null || (elementsOf(data) ?? []).some(inner => setupIn(inner) !== null)))
    return null;
  const found = namesAndValues(list, ROOT);
  if (found?.setup == null) return null;
  return {
    form: 'push-setup-named',
    items: withCompanions(withIdBeside(found.items)),
    layout: null,
    elements: list.length,
    version: null,
    setup: { name: found.setup, named: true },
  };
}

/** Relays of an AM375 (Czechia, esphome#18576): the state of the main one, then {number, state} of each; only the numbers tell them apart. */
function numbered(list: readonly Data[]): Body | null {
  const inner = list.length === 2 && list[0]?.type === 'enum' ? elementsOf(list[1] as Data) : null;
  const rows = inner ?? list;
  if (rows.length === 0) return null;
  const items: Item[] = inner === null ? [] : [{ name: null, data: list[0] as Data, position: 0 }];
  const seen = new Set<number>();
  for (const row of rows) {
    const [number, state] = row.type === 'structure' && row.value.length === 2 ? row.value : [];
    if (number?.type !== 'unsigned' || (state?.type !== 'enum' && state?.type !== 'boolean')) return null;
    if (seen.has(number.value)) return null;
    seen.add(number.value);
    items.push({ name: null, data: state, position: items.length, id: String(number.value) });
  }
  return { form: 'numbered', items, layout: null, elements: list.length, version: null, setup: null };
}

interface NamesAndValues {
  readonly items: readonly Item[];
  readonly names: number;
  /** Of the push setup, where it stands among them. */
  readonly setup: Uint8Array | null;
  /** Elements of the list that are explained, of all. */
  readonly covered: number;
  readonly elements: number;
}

/** Where a list stands. */
interface Place {
  readonly depth: number;
  /** No values stand beside it, so that its rows hold them, or nobody does. */
  readonly alone: boolean;
}

/** null where nothing is explained, or a name has no value: then the values stand in front of their names. */
function namesAndValues(list: readonly Data[], place: Place): NamesAndValues | null {
  const items: Item[] = [];
  let covered = 0;
  let elements = list.length;
  let names = 0;
  let setup: Uint8Array | null = null;
  let columns: Columns | null = null;
  /** Of names flat in this list, and numbers without any. */
  let flat = 0;
  let alone = 0;
  for (let i = 0; i < list.length;) {
    const data = list[i] as Data;
    const own = setupIn(data);
    if (own !== null) {
      items.push({ name: own, data, classId: PUSH_SETUP, attribute: 1 });
      setup ??= own;
      covered++;
      i++;
      continue;
    }
    const inner = elementsOf(data);
    let row = inner === null ? null : rowOf(inner);
    // What rows have in common tells of columns that a row alone leaves open.
    if (inner !== null && (row === null || (row.classId !== undefined && row.attribute === undefined))) {
      columns ??= columnsOf(list, place.alone);
      row = rowByColumns(inner, columns) ?? row;
    }
    const entry = row === null ? (inner === null ? entryAt(list, i) : null) : { item: row, next: i + 1 };
    if (entry !== null) {
      if (inner === null && flat++ === 0 && entry.item.scale !== undefined && standsInFront(list[i - 1])) return null;
      items.push(entry.item);
      names++;
      covered += entry.next - i;
      i = entry.next;
      continue;
    }
    const below = inner === null || place.depth === DEEPEST ? null : namesAndValues(inner, placeBelow(list, i, place));
    // A list in the list is one only when nothing in it is left over: a row of another shape has names, too.
    if (below !== null && (below.covered === below.elements || (below.names === 0 && below.setup !== null))) {
      items.push(...below.items);
      names += below.names;
      setup ??= below.setup;
      covered += below.covered;
      elements += below.elements - 1;
    } else if (data.type === 'null-data') covered++;
    else if (i === list.length - 1 && nameIn(data) !== null) return null;
    else {
      const item = unnamed(data, i, list.length);
      if (item.name !== null) covered++;
      if (isNumber(data)) alone++;
      items.push(item);
    }
    i++;
  }
  // Each name has a number too many: which of them is its value nobody can tell.
  if (flat > 0 && alone >= flat && setup === null) return null;
  return names === 0 && setup === null ? null : { items, names, setup, covered, elements };
}

/** A value or a scale in front of the first name belongs to it, so that those behind it are of the next one. */
function standsInFront(data: Data | undefined): boolean {
  return data !== undefined && (isNumber(data) || scaleOf(data) !== null);
}

/** Of the list at `i`. */
function placeBelow(list: readonly Data[], i: number, { depth, alone }: Place): Place {
  const beside = (data: Data, at: number): boolean => at === i || isText(data) || clockOctets(data);
  return { depth: depth + 1, alone: alone && list.every(beside) };
}

/**
 * A row that holds one name with what belongs to it: {name, value}, with scale and unit behind or in front of the value,
 * with the class in front and the attribute behind the name, with status and time at the end; or in any order, where there
 * is one name, one scale and one number.
 */
function rowOf(elements: readonly Data[]): Item | null {
  const [first, second] = elements;
  if (first === undefined || second === undefined) return null;
  let found: Entry | null;
  if (nameIn(first) !== null) found = entryAt(elements, 0, true);
  else {
    const name = nameIn(second);
    if (name !== null && elements.length === 2) {
      // The name of a push setup names the list.
      if (isSetup(name)) return null;
      if (elementsOf(first) === null) return isSure(second) ? { name, data: first } : null;
      const own = valueAndScale(first);
      return own.scale === undefined ? null : { name, ...own };
    }
    found = name !== null && isClass(first, elements) ? entryAt(elements, 1, true, first.value) : null;
  }
  const item = found === null ? null : withTail(found, elements);
  if (item !== null) return item;
  const turned = classFirst(elements);
  return turned === elements ? inAnyOrder(elements) : rowOf(turned);
}

/** The number in front of a name: a class that is known, unless the class stands at the end and this is the value. */
function isClass(first: Data, row: readonly Data[]): first is Data & { readonly type: 'long-unsigned'; value: number } {
  if (first.type !== 'long-unsigned' || className(first.value) === undefined) return false;
  const last = row[row.length - 1];
  return isRegister(first) || last?.type !== 'long-unsigned' || !isRegister(last);
}

function isRegister({ value }: { readonly value: number }): boolean {
  return companionsOf(value, 2) !== null;
}

/** A row that begins with class, name and attribute of a value, in whatever order: they have three types. */
function classFirst(row: readonly Data[]): readonly Data[] {
  const head = row.slice(0, 3);
  const [classId, attribute] = ['long-unsigned', 'integer'].map(type => head.findIndex(data => data.type === type));
  const name = head.findIndex(data => nameIn(data) !== null);
  const order = [classId, name, attribute].map(place => head[place ?? -1]);
  const [c, n, a] = order;
  if (row.length < 4 || c === undefined || n === undefined || a === undefined || (classId === 0 && name === 1))
    return row;
  const [itsClass, itsAttribute] = [numberIn(c) ?? 0, numberIn(a) ?? 0];
  const isValue = companionsOf(itsClass, itsAttribute) !== null || (itsClass === DATA && itsAttribute === 2);
  return isValue ? [c, n, a, ...row.slice(3)] : row;
}

/** Status and time may stand at the end of a row. */
function withTail({ item, next }: Entry, elements: readonly Data[]): Item | null {
  const left = elements.length - next;
  if (left === 0) return item;
  const capture = elements[elements.length - 1] as Data;
  if (left > 2 || !clockOctets(capture)) return null;
  if (left === 1) return { ...item, capture };
  const status = elements[next] as Data;
  return isNumber(status) ? { ...item, capture, status } : null;
}

/** One name, one scale, one number and perhaps one clock: no order can give them another meaning. */
function inAnyOrder(elements: readonly Data[]): Item | null {
  let name: Uint8Array | null = null;
  let scale: Scale | null = null;
  let value: Data | null = null;
  let capture: Data | null = null;
  for (const data of elements) {
    const itsName = nameIn(data);
    const itsScale = scaleOf(data);
    if (itsName !== null && name === null) name = itsName;
    else if (itsScale !== null && scale === null) scale = itsScale;
    else if (isNumber(data) && value === null) value = data;
    else if (clockOctets(data) && capture === null) capture = data;
    else return null;
  }
  if (name === null || scale === null || value === null) return null;
  return { name, data: value, scale, ...(capture === null ? {} : { capture }) };
}

/** What the rows of a list have in common. */
interface Columns {
  /** The first one counts the rows. */
  readonly counted: boolean;
  /** {class, name, attribute, number}: the number is the value, for as a data index it would make no sense. */
  readonly valueLast: boolean;
}

function columnsOf(list: readonly Data[], alone: boolean): Columns {
  const rows = list.flatMap(data => {
    const row = elementsOf(data);
    return row === null ? [] : [row];
  });
  const from = numberIn(rows[0]?.[0]);
  const counted =
    rows.length > 1 && from !== null && rows.every((row, i) => row.length > 2 && numberIn(row[0]) === from + i);
  const named = rows.map(row => classFirst(counted ? row.slice(1) : row));
  const nothingElse = alone && list.every(data => elementsOf(data) !== null || isText(data) || clockOctets(data));
  return { counted, valueLast: nothingElse && named.every(isAttributeAndNumber) && named.some(provesValue) };
}

function rowByColumns(all: readonly Data[], { counted, valueLast }: Columns): Item | null {
  const row = classFirst(counted ? all.slice(1) : all);
  const item = counted ? rowOf(row) : null;
  if (item !== null || !valueLast) return item;
  const [classId, name, attribute, data] = row as readonly [Data, Data, Data, Data];
  const known = nameIn(name);
  if (known === null || classId.type !== 'long-unsigned' || attribute.type !== 'integer') return null;
  return { name: known, classId: classId.value, attribute: attribute.value, ...valueAndScale(data) };
}

function isAttributeAndNumber(row: readonly Data[]): boolean {
  const [classId, name, attribute, data] = row;
  if (row.length !== 4 || classId?.type !== 'long-unsigned' || attribute?.type !== 'integer') return false;
  return name !== undefined && data !== undefined && nameIn(name) !== null;
}

/** The data index is a long-unsigned number, and that of a register's value is 0. */
function provesValue([classId, , attribute, data]: readonly Data[]): boolean {
  if (data?.type !== 'long-unsigned') return true;
  return data.value > 0 && companionsOf(numberIn(classId) ?? 0, numberIn(attribute) ?? 0) !== null;
}

function numberIn(data: Data | undefined): number | null {
  return data !== undefined && 'value' in data && typeof data.value === 'number' ? data.value : null;
}

interface Entry {
  readonly item: Item;
  /** The place behind it. */
  readonly next: number;
}

/** A name at `at` with its value; null where there is none. `row`: the list holds nothing else. */
function entryAt(list: readonly Data[], at: number, row = false, classId?: number): Entry | null {
  const name = nameIn(list[at] as Data);
  if (name === null) return null;
  let i = at + 1;
  let attribute: number | undefined;
  let indexed = false;
  if (classId !== undefined && i + 1 < list.length && list[i]?.type === 'integer') {
    attribute = (list[i] as { value: number }).value;
    i++;
    indexed = i + 1 < list.length && list[i]?.type === 'long-unsigned' && scaleAt(list, i + 1, row) === null;
    if (indexed) i++;
  }
  // In front of its value, or else it is one.
  const front = scaleAt(list, i, row);
  let scale: Scale | null = null;
  if (front !== null && isScaledBy(list, front)) {
    scale = front.scale;
    i = front.next;
  }
  const data = list[i++];
  if (data === undefined) return null;
  const behind = list[i];
  // Two names and a value: the first one names nothing.
  if (behind !== undefined && nameIn(data) !== null && nameIn(behind) === null && elementsOf(behind) === null)
    return null;
  if (scale === null) {
    const found = scaleAt(list, i, row);
    if (found !== null && (found.together || isNumber(data))) {
      scale = found.scale;
      i = found.next;
    }
  }
  const own = scale === null ? valueAndScale(data) : { data, scale };
  if (classId === undefined) {
    if (own.scale !== undefined) return { item: { name, data: own.data, scale: own.scale }, next: i };
    return isSure(list[at] as Data) ? { item: { name, data: own.data }, next: i } : null;
  }
  // {class, name, attribute, data index} is a descriptor, without any value.
  const isPart = attribute === undefined ? data.type === 'integer' : data.type === 'long-unsigned' && !indexed;
  if ((isPart && own.scale === undefined && i === list.length) || elementsOf(own.data) !== null) return null;
  return { item: { name, ...own, classId, ...(attribute === undefined ? {} : { attribute }) }, next: i };
}

/** A power of ten and a unit at `at`, in a structure or one behind the other. In a row that ends there also the unit first. */
function scaleAt(list: readonly Data[], at: number, row: boolean): Scaling | null {
  const first = list[at];
  if (first === undefined) return null;
  if (first.type === 'structure') {
    const one = scaleOf(first);
    return one === null ? null : { scale: one, next: at + 1, together: true };
  }
  const turned = first.type === 'enum';
  if (turned ? !row : first.type !== 'integer' && first.type !== 'long') return null;
  const second = list[at + 1];
  if (second === undefined) return null;
  const [scaler, unit] = turned ? [second, first] : [first, second];
  if ((scaler.type !== 'integer' && scaler.type !== 'long') || unit.type !== 'enum') return null;
  const scale = scaleOf({ type: 'structure', value: [scaler, unit] });
  return scale === null || (turned && scale.unit === null) ? null : { scale, next: at + 2, together: false };
}

interface Scaling {
  readonly scale: Scale;
  /** The place behind it. */
  readonly next: number;
  /** In a structure of its own. */
  readonly together: boolean;
}

/** The value of a scale that stands in front of it. */
function isScaledBy(list: readonly Data[], { next, together }: Scaling): boolean {
  const value = list[next];
  if (value === undefined || nameIn(value) !== null) return false;
  // Scaler and unit without a structure could be a value and a state.
  return together || isNumber(value);
}

/**
 * Beside the name of a push setup stands whose list it is, as text or as digits in BCD. Other texts in such a list are none.
 */
function withIdBeside(items: readonly Item[]): readonly Item[] {
  const at = items.findIndex(({ name }) => name !== null && isSetup(name));
  const places = [at - 1, at + 1, ...items.keys()];
  const found = places.find(place => {
    const item = items[place];
    return item !== undefined && isWithoutName(item) && idIn(item.data);
  });
  return items.map((item, place) => {
    if (!isWithoutName(item) || clockOctets(item.data)) return item;
    if (place !== found) return item.role === 'meter-id' ? { ...item, role: 'unknown' } : item;
    const shown = isText(item.data) ? printable(item.data.value) : null;
    if (shown !== null && DEVICE_NAME.test(shown)) return item;
    return { ...item, name: null, role: 'meter-id' };
  });
}

/** It stood alone, whatever its text was taken for. */
function isWithoutName(item: Item): boolean {
  return item.position !== undefined && (item.name === null || isText(item.data)) && item.id === undefined;
}

/** Could this be the number of a meter: text with digits in it, or nothing but decimal digits in four to ten octets. */
function idIn(data: Data): boolean {
  if (!isText(data)) return false;
  const shown = printable(data.value);
  if (shown !== null) return ID_TEXT.test(shown);
  const { length } = data.value;
  return length >= 4 && length <= 10 && data.value.every(octet => octet >> 4 <= 9 && (octet & 0x0f) <= 9);
}

function setupIn(data: Data): Uint8Array | null {
  if (!isText(data)) return null;
  // Nearly all that comes here is the name of something else, in six octets.
  const name = data.value.length === 6 ? data.value : nameIn(data);
  return name !== null && isSetup(name) ? name : null;
}

/** 0-b:25.9.0*255. IEC 62056-6-1, push setup. */
function isSetup(name: Uint8Array): boolean {
  return name[2] === 25 && name[3] === 9 && name[0] === 0 && name[4] === 0 && name[5] === 255;
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

/**
 * Some lists wrap a register's value with its scale, in a structure of its own or beside it, in either order; the value may
 * be missing (Energomera).
 */
function valueAndScale(data: Data): { data: Data; scale?: Scale } {
  if (data.type !== 'structure' || data.value.length < 2 || data.value.length > 3) return { data };
  const behind = scaleAt(data.value, 1, true);
  const front = behind === null ? scaleAt(data.value, 0, true) : null;
  const found = behind ?? front;
  const value = data.value[front === null ? 0 : front.next];
  const places = behind === null ? (front?.next ?? 0) + 1 : behind.next;
  if (found === null || value === undefined || places !== data.value.length) return { data };
  return isNumber(value) || value.type === 'null-data' ? { data: value, scale: found.scale } : { data };
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
  if (data.type !== 'octet-string') return data.type === 'date-time';
  return looksLikeDateTime(data.value) || isNoDate(data.value);
}

/** Twelve octets of a clock that has no date: it was never set. */
function isNoDate(octets: Uint8Array): boolean {
  return octets.length === 12 && octets.subarray(0, 5).every(octet => octet === 0xff);
}

const DATA = 1;
const PUSH_SETUP = 40;
const ROOT: Place = { depth: 0, alone: true };
/** Lists in lists. */
const DEEPEST = 4;
/** 1-0:1.8.0, 1-0:1.8.0*255, 1.0.1.8.0.255 */
const CODE_TEXT = /^\d{1,3}(-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(\*\d{1,3})?|(\.\d{1,3}){5})$/;
const SHORTEST_CODE = 9;
const LONGEST_CODE = 23;
/** Three letters of the FLAG id and thirteen more. IEC 62056-6-2, logical device name. */
const DEVICE_NAME = /^[A-Z]{3}[0-9A-Za-z]{13}$/;
/** The number of a meter as it is printed on it. */
const ID_TEXT = /^(?=.*\d)[!-~]{4,40}$/;
/** Kamstrup_V0001, KFM_001. */
const LIST_VERSION = /^[A-Za-z].*[ _-][A-Za-z]*\d/;
const DEVICE_NAME_CODE = Uint8Array.of(0, 0, 42, 0, 0, 255);
const CLOCK_NAME = Uint8Array.of(0, 0, 1, 0, 0, 255);
/** OBIS list version, 1-1:0.2.129 by the HAN specification of Norway. */
const VERSION_NAME = Uint8Array.of(1, 1, 0, 2, 129, 255);
