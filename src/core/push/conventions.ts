// How lists without scaler are to be read. A convention is a row of facts and powers of ten in the files of meters/, or of the
// user; all rows whose facts hold are candidates, and what they agree on is known.
// The rule of the file: what flows never chooses. Only the size of a phase voltage, which hardly changes, rules candidates out.

import { text, type Data } from '../cosem/data';
import type { Convention, Facts, Powers, ScaledQuantity, Scales } from '../meters/family';
import { FAMILIES } from '../meters/table';
import { badSetting, knownFields } from '../wire/foreign';
import type { Body, Item } from './body';
import { voltagePower } from './electrical';
import { makerNamed } from './telegram';

/** What is known of the scales of a list. */
export interface Choice {
  /** What the candidates agree on. */
  readonly scales: Powers;
  /** What they do not agree on. */
  readonly open: ReadonlySet<ScaledQuantity>;
  readonly candidates: readonly Convention[];
  /** null: the list has no convention. */
  readonly by: 'facts' | 'confirmed' | 'setting' | null;
  /** Facts left one of several. */
  readonly narrowed: boolean;
}

/** With the makers of their families. */
const BUILT_IN: readonly (readonly [row: Convention, makers: readonly string[]])[] = FAMILIES.flatMap(
  ({ conventions = [], makers = [] }) => conventions.map(row => [row, makers] as const),
);
export const CONVENTIONS: readonly Convention[] = BUILT_IN.map(([row]) => row);
const NOTHING_KNOWN: Powers = { power: null, energy: null, voltage: null, current: null, powerFactor: null };
export const NO_CONVENTION: Choice = {
  scales: NOTHING_KNOWN,
  open: new Set(),
  candidates: [],
  by: null,
  narrowed: false,
};

export class Conventions {
  readonly #own: readonly Convention[];
  /** The one that the user chose. */
  readonly #chosen: Choice | null;
  /** By the version of a list or the channel of its push setup, and its maker. 0 <= size <= CACHE_LIMIT */
  readonly #rows = new Map<string, readonly Convention[]>();
  /** Of rows, by which of them are left and what the voltages tell. */
  readonly #choices = new WeakMap<readonly Convention[], Map<number, Choice>>();
  /** Of one row, by its name, who said so and what the voltages tell: a few times the number of rows. */
  readonly #known = new Map<string, Choice>();
  /** `chosen`: "auto", "" or a name. Throws BAD_SETTING for one that is unknown. */
  constructor(own: readonly Convention[], chosen: string) {
    this.#own = own;
    if (chosen === 'auto' || chosen === '') this.#chosen = null;
    else {
      const row = [...own, ...CONVENTIONS].find(({ name }) => name === chosen);
      if (row === undefined) throw badSetting('convention', chosen, 'auto or the name of a convention');
      this.#chosen = { ...this.#merge([row], null, false), by: 'setting' };
    }
  }

  /** `systemTitle` in hex. */
  choose(body: Body, systemTitle: string | undefined): Choice {
    const { form, items } = body;
    if (form !== 'self-described' && form !== 'push-object-list') {
      return this.#chosen !== null && form === 'attribute-values' ? this.#chosen : NO_CONVENTION;
    }
    if (form === 'self-described' && items.some(item => item.scale !== undefined)) return NO_CONVENTION;
    if (this.#chosen !== null) return this.#chosen;
    const rows = this.#rowsOf(body, systemTitle);
    const volts = voltagePower(items);
    const type = rows.some(hasTypes) ? typeAmong(items, rows) : null;
    let left = 0;
    for (let i = 0; i < rows.length; i++) {
      const { when, scales } = rows[i] as Convention;
      if (when.voltage !== undefined && when.voltage !== volts) continue;
      if (type !== null && when.types !== undefined && !beginsWithOne(type, when.types)) continue;
      if (volts !== null && scales.voltage !== undefined && scales.voltage !== volts) continue;
      left += 2 ** i;
    }
    const known = this.#choices.get(rows)?.get(4 * left - (volts ?? 1));
    return known ?? this.#choice(rows, left, volts);
  }

  /** What a list is when one of its candidates is known to be the meter's, or none of them is any more (null). */
  settled(choice: Choice, row: Convention | null, by: 'facts' | 'confirmed'): Choice {
    const own = choice.scales.voltage;
    if (row !== null) {
      const key = `${row.name} ${by} ${own}`;
      let known = this.#known.get(key);
      if (known === undefined) {
        const { scales, ...more } = this.#merge([row], null, false);
        known = { ...more, scales: { ...scales, voltage: own ?? scales.voltage }, by };
        this.#known.set(key, known);
      }
      return known;
    }
    const scales: Powers = { ...choice.scales, power: null, current: null };
    return { scales, open: ELECTRICAL, candidates: choice.candidates, by: null, narrowed: false };
  }

  /** Of one version or push setup, one maker and one beginning they are the same. */
  #rowsOf(body: Body, systemTitle: string | undefined): readonly Convention[] {
    const maker = makerNamed(body.items, systemTitle ?? null);
    const key = `${channelOf(body) ?? body.version} ${maker} ${beginsWithClock(body)}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    let rows = this.#own.filter(row => holds(row.when, body, maker));
    if (rows.length === 0) {
      rows = BUILT_IN.flatMap(([row, makers]) =>
        holds(row.when, body, maker) && !isOfAnother(row.when, makers, maker) ? [row] : [],
      );
    }
    if (this.#rows.size >= CACHE_LIMIT) this.#rows.clear();
    this.#rows.set(key, rows);
    return rows;
  }

  #choice(rows: readonly Convention[], left: number, volts: 0 | -1 | -2 | null): Choice {
    const those = rows.filter((_, i) => Math.floor(left / 2 ** i) % 2 === 1);
    const choice = this.#merge(those, volts, those.length < rows.length);
    const choices = this.#choices.get(rows) ?? new Map<number, Choice>();
    this.#choices.set(rows, choices.set(4 * left - (volts ?? 1), choice));
    return choice;
  }

  /** `volts`: what the voltages tell of themselves. */
  #merge(rows: readonly Convention[], volts: 0 | -1 | -2 | null, narrowed: boolean): Choice {
    const scales: { -readonly [Q in ScaledQuantity]: number | null } = { ...NOTHING_KNOWN };
    const open = new Set<ScaledQuantity>();
    for (const quantity of QUANTITIES) {
      const powers = new Set(rows.flatMap(row => row.scales[quantity] ?? []));
      const [power] = powers;
      if (powers.size === 1 && power !== undefined) scales[quantity] = power;
      else if (powers.size > 1) open.add(quantity);
    }
    if (volts !== null) scales.voltage = volts;
    return {
      scales,
      open,
      candidates: rows,
      by: rows.length === 1 ? 'facts' : null,
      narrowed: narrowed && rows.length === 1,
    };
  }
}

/** The user's own, from JSON text or its parsed form. Throws BAD_SETTING naming what is wrong. */
export function importConventions(source: unknown): Convention[] {
  let parsed = source;
  if (typeof source === 'string') {
    try {
      parsed = source.trim() === '' ? [] : JSON.parse(source);
    } catch {
      throw badSetting('conventions', '(text)', 'valid JSON');
    }
  }
  const list: unknown[] = Array.isArray(parsed) ? parsed : parsed === null || parsed === undefined ? [] : [parsed];
  return list.map((row, i) => readConvention(row, `conventions[${i}]`));
}

function readConvention(source: unknown, where: string): Convention {
  const { name, when, scales, evidence } = knownFields(source, where, ['name', 'when', 'scales', 'evidence']);
  if (typeof name !== 'string' || name.trim() === '') throw badSetting(`${where}.name`, name, 'a text');
  const facts = knownFields(when, `${where}.when`, Object.keys(FACTS));
  if (Object.keys(facts).length === 0) throw badSetting(`${where}.when`, 'nothing', 'what identifies the meter');
  for (const [fact, value] of Object.entries(facts)) {
    const [is, expected] = FACTS[fact as keyof Facts];
    if (!is(value)) throw badSetting(`${where}.when.${fact}`, value, expected);
  }
  const powers = knownFields(scales, `${where}.scales`, QUANTITIES);
  for (const [quantity, power] of Object.entries(powers)) {
    if (!Number.isInteger(power) || Math.abs(power as number) > 18) {
      throw badSetting(`${where}.scales.${quantity}`, power, 'a power of ten from -18 to 18');
    }
  }
  if (evidence !== undefined && typeof evidence !== 'string') throw badSetting(`${where}.evidence`, evidence, 'a text');
  // Looked through just now.
  const row = { name: name.trim(), when: facts as Facts, scales: powers as Scales };
  return evidence === undefined ? row : { ...row, evidence };
}

/** All but the type and the voltages, which only tell rows apart. */
function holds({ listVersion, setupChannel, clockFirst, makers }: Facts, body: Body, maker: string | null): boolean {
  if (listVersion !== undefined && body.version?.startsWith(listVersion) !== true) return false;
  if (setupChannel !== undefined && !isWithin(channelOf(body), setupChannel)) return false;
  if (clockFirst === true && !beginsWithClock(body)) return false;
  return makers === undefined || (maker !== null && makers.includes(maker));
}

/** Makers share push setups, and companion standards number them as they like; the version of a list names its maker itself. */
function isOfAnother({ listVersion }: Facts, makers: readonly string[], maker: string | null): boolean {
  return listVersion === undefined && maker !== null && makers.length > 0 && !makers.includes(maker);
}

/** From and to, and perhaps more of them. */
function isWithin(channel: number | null, ranges: readonly number[]): boolean {
  if (channel === null) return false;
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    if (channel >= (ranges[i] as number) && channel <= (ranges[i + 1] as number)) return true;
  }
  return false;
}

/** Of a list of objects; the name of a push setup among values names their list, too, but not its scales. */
function channelOf({ form, setup }: Body): number | null {
  return form === 'push-object-list' ? (setup?.name[1] ?? null) : null;
}

function beginsWithClock({ items: [first] }: Body): boolean {
  return first?.role === 'clock' && first.position === 0;
}

/**
 * A type number of one of the rows: under its code as text or number, or a text without a name that is too long to be a
 * meter's number. A list without one says nothing.
 */
function typeAmong(items: readonly Item[], rows: readonly Convention[]): Data | null {
  for (const { name, data } of items) {
    // 1-b:96.1.x, and 0-0:96.1.1 and above: the serial number stands under 0-0:96.1.0.
    if (name !== null && (name[2] !== 96 || name[3] !== 1 || (name[0] !== 1 && name[4] === 0))) continue;
    if (name === null && !(isText(data) && data.value.length >= LONGER_THAN_NUMBERS)) continue;
    for (const { when } of rows) if (when.types !== undefined && beginsWithOne(data, when.types)) return data;
  }
  return null;
}

function hasTypes({ when }: Convention): boolean {
  return when.types !== undefined;
}

function beginsWithOne(data: Data, beginnings: readonly string[]): boolean {
  for (const beginning of beginnings) if (beginsWith(data, beginning)) return true;
  return false;
}

/** Octet by octet: most lists hold a type, and need not be decoded for it a second time. */
function beginsWith(data: Data, beginning: string): boolean {
  if (!isText(data)) return shownIn(data).startsWith(beginning);
  for (let i = 0; i < beginning.length; i++) if (data.value[i] !== beginning.charCodeAt(i)) return false;
  return true;
}

function isText(data: Data): data is Data & { readonly value: Uint8Array } {
  return data.type === 'octet-string' || data.type === 'visible-string' || data.type === 'utf8-string';
}

function shownIn(data: Data): string {
  if (isText(data)) return text(data.value).trim();
  const value = 'value' in data ? data.value : null;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(each => typeof each === 'string' && each !== '');
}

const FACTS: Readonly<Record<keyof Facts, readonly [is: (value: unknown) => boolean, expected: string]>> = {
  makers: [isTexts, 'a list of three letters each'],
  listVersion: [value => typeof value === 'string' && value !== '', 'the beginning of the version of the list'],
  types: [isTexts, 'a list of beginnings of type numbers'],
  setupChannel: [
    value =>
      Array.isArray(value) && value.length > 0 && value.length % 2 === 0 && value.every(each => Number.isInteger(each)),
    'group B of the push setup, from and to',
  ],
  voltage: [value => value === 0 || value === -1 || value === -2, '0, -1 or -2'],
  clockFirst: [value => value === true, 'true'],
};
const QUANTITIES: readonly ScaledQuantity[] = ['power', 'energy', 'voltage', 'current', 'powerFactor'];
/** What an electrical check is about. */
const ELECTRICAL: ReadonlySet<ScaledQuantity> = new Set(['power', 'current']);
const CACHE_LIMIT = 256;
const LONGER_THAN_NUMBERS = 17;
