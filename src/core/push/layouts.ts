// Positional lists: telegrams that carry values without OBIS codes. Which layout fits is decided by the number of elements,
// what each of them can mean and the first text, never by the name of an operator. The rule of the file: the built-in layouts,
// of the files of meters/, and the user's own are the same data, so whatever is wrong in there can be put right in the editor.

import type { Data } from '../cosem/data';
import { text } from '../cosem/data';
import { looksLikeDateTime } from '../cosem/date-time';
import { printable } from '../cosem/naming';
import { Obis } from '../obis/obis';
import { checkZone } from '../cosem/zone';
import { FAMILIES } from '../meters/table';
import { DlmsError } from '../wire/errors';
import { badSetting, knownFields } from '../wire/foreign';

export type Role = 'list-version' | 'meter-id' | 'model' | 'clock' | 'date' | 'time' | 'push-setup' | 'unknown';

export interface LayoutEntry {
  /** From 0. */
  readonly position: number;
  /** Canonical code; absent where the list holds something that has none. */
  readonly obis?: string;
  readonly unit?: string;
  /** Power of ten. */
  readonly scaler?: number;
  /**
   * What can stand there: a type of the Data CHOICE, with a size as in "octet-string(12)"; or a meaning, which allows each type
   * that can hold it: "number", "text", "id", "state", "clock", "time", "date", "device-name", "push-setup". Alternatives with "|". Default
   * "any".
   */
  readonly type?: string;
  readonly role?: Role;
}

export interface Layout {
  readonly name: string;
  /** Number of elements of the list. */
  readonly elements: number;
  /** The first element, read as text, begins like this. */
  readonly first?: string;
  /** Positions count the values inside of structures in the list, too. */
  readonly nested?: true;
  /** Only behind a clock in the header that carries a type tag of its own, as Kaifa sends it; when found by itself. */
  readonly taggedClock?: true;
  /** IANA name, of a list that is sent in one place only: of its clock, where neither the clock nor the user says more. */
  readonly zone?: string;
  /** Where it is from, for who reads the file. */
  readonly evidence?: string;
  /** Decimal-less conventions need no entry; positions that are not listed become readings without OBIS code. */
  readonly entries: readonly LayoutEntry[];
}

/** The first layout that fits, or null. The user's own come first, so that they can replace a built-in one. */
export function matchLayout(list: readonly Data[], layouts: readonly Layout[]): Layout | null {
  const candidates = layouts.filter(layout => layout.elements === placesOf(list, layout).length);
  const fitting = (mayLack: boolean): Layout | null =>
    candidates.find(layout => fits(placesOf(list, layout), layout, mayLack)) ?? null;
  const missing = list.filter(data => data.type === 'null-data').length;
  const exact = fitting(false);
  // A value that is missing has no type; enough of the others must tell what the list is.
  return exact !== null || missing === 0 || missing * 2 > list.length ? exact : fitting(true);
}

/** What the positions of a layout count. */
export function placesOf(list: readonly Data[], layout: Layout): readonly Data[] {
  return layout.nested === true ? leavesOf(list) : list;
}

/** What a telegram without a layout looks like, as a layout to fill in: positions and types, no codes. */
export function proposeLayout(list: readonly Data[]): Layout {
  const leaves = leavesOf(list);
  const nested = leaves.length !== list.length || leaves.some((leaf, i) => leaf !== list[i]);
  return {
    name: `own-${leaves.length}`,
    elements: leaves.length,
    ...(nested ? { nested } : {}),
    entries: leaves.map((data, position) => ({ position, type: typeOf(data) })),
  };
}

/** Arrays stay whole: how many elements they have may change. */
function leavesOf(list: readonly Data[]): readonly Data[] {
  return list.flatMap(data => (data.type === 'structure' ? leavesOf(data.value) : [data]));
}

/** Layouts from JSON text or its parsed form; throws BAD_SETTING naming the entry that is wrong. */
export function importLayouts(source: unknown): Layout[] {
  let parsed = source;
  if (typeof source === 'string') {
    try {
      parsed = source.trim() === '' ? [] : JSON.parse(source);
    } catch (cause) {
      throw new DlmsError(
        { code: 'BAD_SETTING', setting: 'layouts', value: '(text)', expected: 'valid JSON' },
        { cause },
      );
    }
  }
  const list: unknown[] = Array.isArray(parsed) ? parsed : parsed === null || parsed === undefined ? [] : [parsed];
  return list.map((layout, i) => readLayout(layout, `layouts[${i}]`));
}

/** The reverse of importLayouts: JSON text, one entry a line, so that it can be read and posted. */
export function exportLayouts(layouts: readonly Layout[]): string {
  const shown = layouts.map(layout => {
    const { entries, ...head } = layout;
    const lines = entries.map(entry => `      ${JSON.stringify(entry)}`).join(',\n');
    const fields = Object.entries(head).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return `  {\n${fields.join(',\n')},\n    "entries": [\n${lines}\n    ]\n  }`;
  });
  return `[\n${shown.join(',\n')}\n]\n`;
}

function fits(list: readonly Data[], layout: Layout, mayLack: boolean): boolean {
  if (layout.first !== undefined) {
    const first = list[0];
    if (first === undefined || !firstText(first).startsWith(layout.first)) return false;
  }
  for (const entry of layout.entries) {
    const data = list[entry.position];
    if (data === undefined) return false;
    if (!hasType(data, entry.type ?? 'any') && !(mayLack && data.type === 'null-data')) return false;
  }
  return true;
}

/** A built-in layout that fits by nothing than the number of elements and what they can mean. */
export function isGuess(layout: Layout): boolean {
  return GUESSES.has(layout);
}

function firstText(data: Data): string {
  return data.type === 'octet-string' || data.type === 'visible-string' || data.type === 'utf8-string'
    ? text(data.value)
    : '';
}

function hasType(data: Data, wanted: string): boolean {
  if (wanted === 'any') return true;
  const whole = MEANINGS[wanted];
  if (whole !== undefined) return whole(data);
  return wanted.split('|').some(one => {
    const sized = /^([a-z0-9-]+)\((\d+)\)$/.exec(one);
    if (sized !== null) {
      const value = 'value' in data ? data.value : undefined;
      return data.type === sized[1] && value instanceof Uint8Array && value.length === Number(sized[2]);
    }
    const meaning = MEANINGS[one];
    return meaning === undefined ? data.type === one : meaning(data);
  });
}

/** What can hold a meaning. */
const MEANINGS: Readonly<Record<string, (data: Data) => boolean>> = {
  number: data => NUMBERS.has(data.type),
  text: data => TEXTS.has(data.type),
  state: data => STATES.has(data.type),
  clock: data => data.type === 'date-time' || isOctets(data, 12, looksLikeDateTime),
  time: data => data.type === 'time' || isOctets(data, 4),
  date: data => data.type === 'date' || isOctets(data, 5),
  'push-setup': data => isOctets(data, 6, octets => octets[2] === 25 && octets[3] === 9),
  // What people read on a meter; a clock in octets is none.
  id: data => TEXTS.has(data.type) && printable((data as { value: Uint8Array }).value) !== null,
  'device-name': data => TEXTS.has(data.type) && DEVICE_NAME.test(firstText(data).replace(/\0+$/, '')),
};

function isOctets(data: Data, length: number, looks: (octets: Uint8Array) => boolean = () => true): boolean {
  return data.type === 'octet-string' && data.value.length === length && looks(data.value);
}

function typeOf(data: Data): string {
  return data.type === 'octet-string' && FIXED_OCTETS.has(data.value.length)
    ? `octet-string(${data.value.length})`
    : data.type;
}

function readLayout(source: unknown, where: string): Layout {
  const o = knownFields(source, where, READ_FIELDS);
  const name = field(o, 'name', where, 'a text', (v): v is string => typeof v === 'string' && v.trim() !== '');
  const cells = optionalField(o, 'cells', where, 'a list', (v): v is unknown[] => Array.isArray(v));
  if (cells !== undefined) {
    o['elements'] = cells.length;
    o['entries'] = cells.map((cell, i) => entryOfCell(cell, i, `${where}.cells[${i}]`));
  }
  const elements = field(o, 'elements', where, 'a number from 1 to 255', isIntegerIn(1, 255));
  const first = optionalField(o, 'first', where, 'a text', (v): v is string => typeof v === 'string');
  const [nested, taggedClock] = ['nested', 'taggedClock'].map(key =>
    optionalField(o, key, where, 'true or false', (v): v is boolean => typeof v === 'boolean'),
  );
  const zone = optionalField(o, 'zone', where, 'an IANA time zone', (v): v is string => typeof v === 'string');
  const evidence = optionalField(o, 'evidence', where, 'a text', (v): v is string => typeof v === 'string');
  const entries = field(o, 'entries', where, 'a list', (v): v is unknown[] => Array.isArray(v));
  const seen = new Set<number>();
  return {
    name,
    elements,
    ...(first === undefined || first === '' ? {} : { first }),
    ...(nested === true ? { nested } : {}),
    ...(taggedClock === true ? { taggedClock } : {}),
    ...(zone === undefined ? {} : { zone: checkZone(zone.trim(), `${where}.zone`) }),
    ...(evidence === undefined ? {} : { evidence }),
    entries: entries.map((entry, i) => readEntry(entry, `${where}.entries[${i}]`, elements, seen)),
  };
}

/**
 * The short form of an entry: a meaning, as "clock" or "number"; or a code with its unit or meaning, and a power of ten:
 * ["1.7.0", "W"], ["32.7.0", "V", -1], ["0-0:96.1.7", "model"].
 */
function entryOfCell(cell: unknown, position: number, where: string): Record<string, unknown> {
  const [obis, word, scaler, ...more] = Array.isArray(cell) ? (cell as unknown[]) : [undefined, cell];
  const known = typeof word === 'string' ? CELLS[word] : undefined;
  if (typeof word !== 'string' || more.length > 0) throw badSetting(where, cell, CELL_WORDS);
  const power = scaler === undefined ? {} : { scaler };
  if (UNITS.has(word)) return { position, obis, unit: word, scaler: 0, type: 'number', ...power };
  if (known === undefined && !isType(word)) throw badSetting(where, cell, CELL_WORDS);
  return { position, type: word, ...known, ...(obis === undefined ? {} : { obis }), ...power };
}

function readEntry(source: unknown, where: string, elements: number, seen: Set<number>): LayoutEntry {
  const o = knownFields(source, where, ENTRY_FIELDS);
  const position = field(o, 'position', where, `a number from 0 to ${elements - 1}`, isIntegerIn(0, elements - 1));
  if (seen.has(position)) throw badSetting(`${where}.position`, position, 'a position that is used once');
  seen.add(position);
  const code = optionalField(o, 'obis', where, 'an OBIS code', (v): v is string => typeof v === 'string');
  const obis = code === undefined || code.trim() === '' ? undefined : Obis.tryParse(code)?.toString();
  if (code !== undefined && code.trim() !== '' && obis === undefined) {
    throw badSetting(`${where}.obis`, code, 'an OBIS code such as 1-0:1.8.0*255');
  }
  const unit = optionalField(o, 'unit', where, 'a text', (v): v is string => typeof v === 'string');
  const scaler = optionalField(o, 'scaler', where, 'a power of ten from -18 to 18', isIntegerIn(-18, 18));
  const type = optionalField(o, 'type', where, TYPE_WORDS, (v): v is string => typeof v === 'string' && isType(v));
  const role = optionalField(o, 'role', where, ROLES.join(', '), (v): v is Role => ROLES.includes(v as Role));
  return {
    position,
    ...(obis === undefined ? {} : { obis }),
    ...(unit === undefined || unit === '' ? {} : { unit }),
    ...(scaler === undefined ? {} : { scaler }),
    ...(type === undefined ? {} : { type }),
    ...(role === undefined ? {} : { role }),
  };
}

function field<T>(
  o: Record<string, unknown>,
  key: string,
  where: string,
  expected: string,
  is: (v: unknown) => v is T,
): T {
  const value = optionalField(o, key, where, expected, is);
  if (value === undefined) throw badSetting(`${where}.${key}`, 'nothing', expected);
  return value;
}

function optionalField<T>(
  o: Record<string, unknown>,
  key: string,
  where: string,
  expected: string,
  is: (v: unknown) => v is T,
): T | undefined {
  const given = o[key];
  if (given === undefined || given === null || given === '') return undefined;
  // The editor stores numbers as text; both are accepted.
  const value =
    typeof given === 'string' && /^-?\d+$/.test(given.trim()) && NUMBER_FIELDS.has(key) ? Number(given) : given;
  if (!is(value)) throw badSetting(`${where}.${key}`, given, expected);
  return value;
}

function isIntegerIn(low: number, high: number): (v: unknown) => v is number {
  return (v): v is number => typeof v === 'number' && Number.isInteger(v) && v >= low && v <= high;
}

function isType(value: string): boolean {
  return value.split('|').every(one => {
    const name = one.replace(/\(\d+\)$/, '');
    return name === 'any' || name in MEANINGS || KNOWN_TYPES.has(name);
  });
}

const LAYOUT_FIELDS: readonly (keyof Layout)[] = [
  'name',
  'elements',
  'first',
  'nested',
  'taggedClock',
  'zone',
  'evidence',
  'entries',
];
/** What else may stand in one that is read. */
const READ_FIELDS: readonly string[] = [...LAYOUT_FIELDS, 'cells'];
const ENTRY_FIELDS: readonly (keyof LayoutEntry)[] = ['position', 'obis', 'unit', 'scaler', 'type', 'role'];
const ROLES: readonly Role[] = ['list-version', 'meter-id', 'model', 'clock', 'date', 'time', 'push-setup', 'unknown'];
const NUMBER_FIELDS = new Set(['position', 'elements', 'scaler']);
const INTEGER_TYPES = [
  'double-long',
  'double-long-unsigned',
  'integer',
  'long',
  'unsigned',
  'long-unsigned',
  'long64',
  'long64-unsigned',
];
const NUMBERS = new Set<string>([...INTEGER_TYPES, 'float32', 'float64']);
const TEXTS = new Set<string>(['octet-string', 'visible-string', 'utf8-string']);
const KNOWN_TYPES = new Set<string>([
  ...NUMBERS,
  ...TEXTS,
  'null-data',
  'array',
  'structure',
  'boolean',
  'bit-string',
  'bcd',
  'enum',
  'date-time',
  'date',
  'time',
  'compact-array',
]);
const TYPE_WORDS = 'a Data type such as double-long-unsigned, octet-string(12), number, text, state or any';
const CELL_WORDS = 'a meaning such as "clock", or a code with its unit and power of ten, ["32.7.0", "V", -1]';
const STATES = new Set<string>(['boolean', 'enum', 'unsigned', 'integer', 'bit-string']);
/** Three letters of the FLAG id and the number. IEC 62056-6-2, logical device name. */
const DEVICE_NAME = /^[A-Z]{3}(?=.*\d)[0-9A-Za-z]{3,13}$/;
const UNITS = new Set(['W', 'var', 'VA', 'Wh', 'varh', 'VAh', 'V', 'A', 'Hz', 'deg']);
const CELLS: Readonly<Record<string, Omit<LayoutEntry, 'position'>>> = {
  clock: { obis: '0-0:1.0.0', role: 'clock' },
  time: { role: 'time' },
  date: { role: 'date' },
  'push-setup': { role: 'push-setup' },
  'list-version': { role: 'list-version', type: 'text' },
  'meter-id': { role: 'meter-id', type: 'id' },
  model: { role: 'model', type: 'text' },
  'device-name': { obis: '0-0:42.0.0' },
  number: {},
  any: { type: 'any' },
};
const FIXED_OCTETS = new Set([4, 5, 6, 12]);

/** The lists that meters are known to send. */
export const LAYOUTS: readonly Layout[] = FAMILIES.flatMap(({ layouts = [] }) => importLayouts(layouts));
const GUESSES = new WeakSet(
  LAYOUTS.filter(
    ({ first, taggedClock, entries }) =>
      first === undefined &&
      taggedClock !== true &&
      !entries.some(({ type, role }) => type === 'device-name' || role === 'push-setup'),
  ),
);
