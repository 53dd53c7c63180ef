// What stands in the brackets -> readings: numbers, units, times, texts. The rules of section 8 of the house's digest.
// The rule of the file: `text` is always exact; a value is a number only where nothing is lost by it.

import type { Reading, Value, ValueSet } from '../cosem/reading';
import type { DataSet } from './data-block';
import { Ids, keyOfId, type IdFacts, type Medium } from './ids';
import type { MakerRow } from './makers';
import {
  localIso,
  offsetOf,
  readDate,
  readP1Time,
  readTime,
  readTimeOfDay,
  type ClockText,
  type DateOrder,
  type Season,
  type SeasonBy,
} from './times';

/** Why a value is not what its form promises, or how it was read. */
export type SetFlag = 'invalid-number' | 'invalid-time' | 'decimal-comma' | 'glued-unit';

/** A bracket pair with what only text protocols know of it. */
export interface IecSet extends ValueSet {
  /** Parts joined by "&" (heat meters). */
  readonly parts?: readonly ValueSet[];
  /** hh:mm:ss of 0.9.1. */
  readonly timeOfDay?: string;
  /** YYYY-MM-DD of 0.9.2. */
  readonly date?: string;
  readonly season?: Season;
  /** Of a value in a list under another id: what it is itself. Its `time` is then its own. */
  readonly id?: string;
  /** Text behind the hex digits of a P1 octet string. */
  readonly decoded?: string;
  readonly flags?: readonly SetFlag[];
}

export interface IecReading extends Reading {
  readonly id: string;
  readonly text: string;
  readonly sets: readonly IecSet[];
}

export interface TypingOptions {
  readonly medium?: Medium;
  readonly dateOrder?: DateOrder;
  /** IANA name: gives local times their offset. */
  readonly zone?: string;
  /** What decides between summer and winter: the meter's letter or digit at a time, or the zone's calendar. */
  readonly season?: SeasonBy;
  /** P1 octet strings in hex are shown as text beside. */
  readonly p1?: boolean;
}

/** What is known of the telegram that the data sets are of. */
export interface About {
  readonly p1?: boolean;
  /** Lines beside them that could not be read, because a damaged one may be what told of another medium. */
  readonly unread?: readonly string[];
  readonly maker?: MakerRow | null;
}

/** Turns data sets into readings; keeps what it learned of each id. */
export class Typing {
  readonly #ids: Ids;
  readonly #order: DateOrder;

  constructor(readonly options: TypingOptions = {}) {
    this.#ids = new Ids(options.medium);
    this.#order = options.dateOrder ?? 'ymd';
  }

  readings(dataSets: readonly DataSet[], about: About = {}): IecReading[] {
    const { p1 = this.options.p1 === true, unread = [], maker = null } = about;
    const readings = dataSets.map(set => this.reading(set, p1, maker));
    const { medium = 'electricity' } = this.options;
    const foreign = medium === 'electricity' && (readings.some(isForeign) || unread.some(holdsForeign));
    return foreign ? readings.map(withoutMedium) : readings;
  }

  reading(dataSet: DataSet, p1 = this.options.p1 === true, maker: MakerRow | null = null): IecReading {
    const facts = this.#factsBy(dataSet.id, maker);
    if (dataSet.inside !== undefined) return this.#nested(dataSet, facts, p1);
    const sets: IecSet[] = [];
    const { length } = dataSet.sets;
    // What stands in front of a value with its unit is its time.
    const stamped = facts.clock === 'date-time' || (length > 1 && dataSet.sets[1]?.includes('*') === true);
    let time: string | null | undefined;
    for (let i = 0; i < length; i++) {
      const set = this.#set(dataSet.sets[i] as string, i > 0 || stamped, facts, p1);
      // null is a time too: "never".
      if (time === undefined) time = set.time;
      sets.push(set);
    }
    const { id } = dataSet;
    const { code: obis, name, key } = facts;
    const { value, unit } = this.#main(sets, facts);
    if (length > 3) nameColumns(sets);
    const text = dataSet.sets[0] ?? '';
    // Written out, not spread: these run for each line.
    if (isScaled(value, unit)) {
      return time === undefined
        ? { obis, id, name, key, value, unit, scaleSource: 'telegram', sets, text }
        : { obis, id, name, key, value, unit, scaleSource: 'telegram', time, sets, text };
    }
    return time === undefined
      ? { obis, id, name, key, value, unit, sets, text }
      : { obis, id, name, key, value, unit, time, sets, text };
  }

  /** A profile inside of a telegram: its values are those of another time, so that it has none itself. */
  #nested({ id, sets: own, inside = [] }: DataSet, facts: IdFacts, p1: boolean): IecReading {
    const { code: obis, name, key } = facts;
    const sets = [
      ...own.map(text => this.#set(text, true, facts, p1)),
      ...inside.flatMap(set => this.reading(set, p1).sets.map(inner => ({ ...inner, id: set.id }))),
    ];
    return { obis, id, name, key, value: null, unit: null, sets, text: '' };
  }

  facts(id: string): IdFacts {
    return this.#ids.facts(id);
  }

  #factsBy(id: string, maker: MakerRow | null): IdFacts {
    const facts = this.#ids.facts(id);
    return facts.obis === null && maker?.lists?.[id] !== undefined ? { ...facts, quantity: true } : facts;
  }

  /** The value a flow wants: the first pair; behind a leading time stamp the first number, with a unit if one has it. */
  #main(sets: readonly IecSet[], facts: IdFacts): { value: Value; unit: string | null } {
    const first = sets[0];
    if (first === undefined) return NOTHING;
    // DSMR 2.2 and 3.0: (time)(status)(minutes)(n)(id)(unit)(value).
    if (facts.hourly && (sets[1]?.unit ?? null) === null)
      return { value: sets[6]?.value ?? null, unit: sets[6]?.unit ?? (sets[5]?.text.trim() || null) };
    if (first.time === undefined) return { value: first.value ?? null, unit: first.unit ?? null };
    const measured =
      sets.find(s => typeof s.value === 'number' && (s.unit ?? null) !== null) ??
      sets.find(s => (s.value ?? null) !== null);
    // A quantity whose number is missing has no value; elsewhere the time is what was meant.
    if (measured === undefined)
      return facts.quantity && facts.clock === null ? NOTHING : { value: first.time, unit: null };
    return { value: measured.value ?? null, unit: measured.unit ?? null };
  }

  /** `timed`: digits that could be a time are one. */
  #set(text: string, timed: boolean, facts: IdFacts, p1: boolean): IecSet {
    const star = text.lastIndexOf('*');
    if (star !== -1 && !text.includes('&')) return withUnit(text, star);
    const trimmed = text.trim();
    if (trimmed === '') return { text, value: null, unit: null };
    if (trimmed.includes('&')) return this.#joined(text, trimmed, facts);
    const stamp = readP1Time(trimmed);
    if (stamp !== undefined) return this.#time(text, stamp, true);
    if (timed) {
      const time = readTime(trimmed);
      if (time !== undefined) return this.#time(text, time, false);
    }
    if (facts.clock === 'time') return kept(text, trimmed, 'timeOfDay', readTimeOfDay(trimmed));
    if (facts.clock === 'date') return kept(text, trimmed, 'date', readDate(trimmed, this.#order));
    if (facts.quantity) return quantity(text, trimmed);
    return p1 ? kept(text, trimmed, 'decoded', decoded(trimmed)) : { text, value: trimmed, unit: null };
  }

  #time(text: string, clock: ClockText, p1: boolean): IecSet {
    const time = this.#inZone(clock, p1);
    if (time === null && p1) return { text, time, flags: INVALID_TIME };
    return clock.season === undefined ? { text, time } : { text, time, season: clock.season };
  }

  #inZone({ iso, season }: ClockText, p1: boolean): string | null {
    const { zone, season: by = 'meter' } = this.options;
    if (iso === null || zone === undefined || iso.endsWith('Z') || (p1 && by === 'meter')) return iso;
    const localMs = Date.parse(`${iso.slice(0, 19)}Z`);
    return localIso(localMs, offsetOf(zone, localMs, season ?? null, by));
  }

  #joined(text: string, trimmed: string, facts: IdFacts): IecSet {
    const time = facts.clock === 'date-time' ? readTime(trimmed) : undefined;
    if (time !== undefined) return this.#time(text, time, false);
    const parts = trimmed.split('&').map((part): ValueSet => {
      const star = part.lastIndexOf('*');
      if (star !== -1) return withUnit(part, star);
      return { text: part, value: part === '' ? null : part, unit: null };
    });
    return { text, value: trimmed, unit: null, parts };
  }
}

/**
 * A list of rows in brackets: (how many)(id)(id) and a time in front of as many values as ids. Each value gets the id and the time
 * it is of: the peak of each month in Belgium (0-0:98.1.0), the power failures of DSMR (1-0:99.97.0).
 */
function nameColumns(sets: IecSet[]): void {
  const rows = Number(sets[0]?.text.trim());
  let first = 1;
  while (first < sets.length && WHOLE_CODE.test(sets[first]?.text ?? '')) first++;
  const columns = first - 1;
  if (columns === 0 || !(rows > 0) || sets.length - first !== rows * (columns + 1)) return;
  for (let at = first; at < sets.length; at += columns + 1) {
    let { time } = sets[at] as IecSet;
    if (time === undefined) return;
    for (let column = 1; column <= columns; column++) {
      // Made for this line alone: a copy of it would take longer than all else of the line.
      const set = sets[at + column] as Open<IecSet>;
      if (set.time !== undefined) time = set.time;
      set.id = sets[column]?.text.trim() as string;
      set.time = time;
    }
  }
}

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** A short id that would be one of electricity, with a unit that electricity has not: 6.26(01547.38*m3) of a heat meter. */
function isForeign({ id, unit }: IecReading): boolean {
  return unit !== null && FOREIGN.has(unit) && SHORT.test(id);
}

/** As far as its characters are those of the meter: a flipped bit 7 passes the block check. */
function holdsForeign(line: string): boolean {
  const sent = Array.from(line, c => String.fromCharCode(c.charCodeAt(0) & 0x7f)).join('');
  return sent.split(/[*()]/).some(unit => FOREIGN.has(unit.trim()));
}

/** The unit that is printed beside a number tells what the number counts; a decimal that no double holds is a text. */
function isScaled(value: Value, unit: string | null): boolean {
  return unit !== null && (typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value)));
}

/** Of what its short ids are is not known: they keep their own name. */
function withoutMedium(reading: IecReading): IecReading {
  const { id } = reading;
  return SHORT.test(id) ? { ...reading, obis: null, name: id, key: keyOfId(id) } : reading;
}

function withUnit(text: string, star: number): IecSet {
  const named = text.slice(star + 1).trim();
  const unit = named === '' ? null : named;
  const plain = plainDecimal(text, star);
  if (!Number.isNaN(plain)) return { text, value: plain, unit };
  const before = text.slice(0, star);
  const digits = unpadded(before);
  const value = readNumber(digits);
  if (value === undefined) {
    const rest = before.trim();
    return rest === '' ? { text, value: null, unit } : { text, value: rest, unit, flags: INVALID_NUMBER };
  }
  return digits.includes(',') ? { text, value, unit, flags: DECIMAL_COMMA } : { text, value, unit };
}

function quantity(text: string, trimmed: string): IecSet {
  const plain = plainDecimal(trimmed, trimmed.length);
  if (!Number.isNaN(plain)) return { text, value: plain, unit: null };
  const number = readNumber(unpadded(trimmed));
  if (number !== undefined) {
    return trimmed.includes(',')
      ? { text, value: number, unit: null, flags: DECIMAL_COMMA }
      : { text, value: number, unit: null };
  }
  // Iskra MT171 puts a blank in place of "*", others nothing; without a blank only what is a unit for sure ("12A" may be hex).
  const glued = GLUED.exec(trimmed);
  const value = glued === null ? undefined : readNumber(glued[1] as string);
  if (glued === null || value === undefined) return { text, value: trimmed, unit: null };
  return { text, value, unit: (glued[2] ?? glued[3]) as string, flags: GLUED_UNIT };
}

/**
 * The decimal in text[0, end), the form nearly all values have; NaN for what needs a closer look. At most fifteen
 * characters: their digits and the power of ten are exact doubles, so the division rounds once, as Number() does.
 */
function plainDecimal(text: string, end: number): number {
  const sign = text.charCodeAt(0);
  const first = sign === 0x2b || sign === 0x2d ? 1 : 0;
  if (end <= first || end - first > 15) return NaN;
  let digits = 0;
  let point = -1;
  for (let at = first; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (digit === -2 && point === -1 && at > first && at < end - 1) point = at;
    else return NaN;
  }
  const value = point === -1 ? digits : digits / (POWERS_OF_TEN[end - 1 - point] as number);
  return sign === 0x2d && value !== 0 ? -value : value;
}

/** Blanks in front, behind and after a sign fill a field up; between digits one of them was lost. */
function unpadded(text: string): string {
  return text.trim().replace(/^([+-]) +/, '$1');
}

/** A decimal number; the text without padding where a double cannot hold it; undefined where it is no number. */
function readNumber(text: string): number | string | undefined {
  if (!NUMBER.test(text)) return undefined;
  const point = text.includes(',') ? text.replace(',', '.') : text;
  const number = Number(point);
  // Fifteen significant digits always survive a double.
  if (point.length <= 15 || exact(point, number)) return number === 0 ? 0 : number;
  return plain(point);
}

function exact(text: string, number: number): boolean {
  const digits = plain(text);
  return plain(String(number)) === digits || digits.replace(/[-.]/g, '').replace(/^0+/, '').length <= 15;
}

/** Without plus sign, leading zeros and zeros behind the last decimal. */
function plain(text: string): string {
  const m = /^([+-]?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(text);
  if (m === null) return text;
  return (m[1] === '-' ? '-' : '') + (m[2] ?? '') + ((m[3] ?? '') === '' ? '' : `.${m[3]}`);
}

/** Even hex digits that stand for printable characters with at least one letter. */
function decoded(text: string): string | undefined {
  if (text.length < 4 || text.length % 2 !== 0) return undefined;
  let letters = '';
  let letter = false;
  for (let i = 0; i < text.length; i += 2) {
    const c = 16 * nibble(text.charCodeAt(i)) + nibble(text.charCodeAt(i + 1));
    if (!(c >= 0x20 && c <= 0x7e)) return undefined;
    letter ||= (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
    letters += String.fromCharCode(c);
  }
  return letter ? letters : undefined;
}

/** A text that stays one, with what it was understood as. */
function kept(text: string, value: string, name: 'timeOfDay' | 'date' | 'decoded', found: string | undefined): IecSet {
  return found === undefined ? { text, value, unit: null } : { text, value, unit: null, [name]: found };
}

/** NaN for what is no hex digit. */
function nibble(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NaN;
}

const WHOLE_CODE = /^\s*\d+-\d+:\d+\.\d+\.\d+/;
const SHORT = /^\d+\.\d+(?:\.\d+)?(?:[*&]\d+)?$/;
/** No temperatures: a meter of electricity may tell its own. */
const FOREIGN: ReadonlySet<string> = new Set(['m3', 'm³', 'm3/h', 'm3ph', 'l', 'l/h', 'GJ', 'MJ', 'kJ']);
const POWERS_OF_TEN = Array.from({ length: 15 }, (_, power) => 10 ** power);
const NOTHING = { value: null, unit: null } as const;
const NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/;
const GLUED = /^([+-]?\d+(?:[.,]\d+)?)(?: +([A-Za-z%°][^\s()]{0,7})|([kMG]?(?:Wh|varh|VAh|var|VA|W|V)|Hz|m3|[MG]J))$/;
const INVALID_NUMBER: readonly SetFlag[] = ['invalid-number'];
const INVALID_TIME: readonly SetFlag[] = ['invalid-time'];
const DECIMAL_COMMA: readonly SetFlag[] = ['decimal-comma'];
const GLUED_UNIT: readonly SetFlag[] = ['glued-unit'];
