// One line of the rule list: which readings, which of their values, and what becomes of it.
// The rule of the file: settings come as the editor stores them and are parsed once, at the door.

import type { Reading, Value } from '../core/cosem/reading';
import { ObisPattern } from '../core/obis/pattern';
import { DlmsError } from '../core/wire/errors';
import { badSetting, knownFields, plainText } from '../core/wire/foreign';
import type { Conversion, ValueType } from './convert';
import { type Decimal, ONE, decimalOf, over } from './decimal';

/** As stored in the flow; numbers may be text, everything but `obis` may be missing or empty. */
export interface RuleSetting {
  /** OBIS pattern, key or name; `1.6.1~1` carries its selector along. */
  readonly obis?: unknown;
  /** Which value of the reading: see SELECTORS. */
  readonly select?: unknown;
  readonly name?: unknown;
  readonly topic?: unknown;
  readonly unit?: unknown;
  /** The unit of values that the meter sends without one. */
  readonly unitIn?: unknown;
  /** A number, or a ratio such as 200/5 or 200:5. */
  readonly factor?: unknown;
  readonly offset?: unknown;
  readonly round?: unknown;
  readonly type?: unknown;
  /** Of the converted value, or percent of the last one sent: 0.5, 2%. */
  readonly deadband?: unknown;
  /** Seconds: sent at most, at least every. */
  readonly minInterval?: unknown;
  readonly maxInterval?: unknown;
}

export interface Rule extends Conversion {
  readonly index: number;
  readonly pattern: ObisPattern;
  /** One code; wildcards, ranges and words with * are not. */
  readonly plain: boolean;
  readonly select: Select;
  readonly name: string | null;
  readonly topic: string | null;
  readonly deadband: Deadband | null;
  readonly minMs: number | null;
  readonly maxMs: number | null;
}

export type Deadband = { readonly absolute: number } | { readonly percent: number };

/** `set`: the bracket pair of text protocols, from 0 on, LAST the last one; `part` what of it. */
export type Select =
  | { readonly of: 'value' | 'time' | 'raw' | 'text' | 'status' }
  | { readonly of: 'set'; readonly set: number; readonly part: 'value' | 'time' | 'text' | 'unit' };

/** Throws BAD_SETTING that names the line. */
export function parseRules(settings: unknown): Rule[] {
  if (settings === undefined || settings === null || settings === '') return [];
  if (!Array.isArray(settings)) throw badSetting('rules', settings, 'a list of rules');
  return settings.map((setting: unknown, index) => {
    return parseRule(knownFields(setting, `rule ${index + 1}`, RULE_FIELDS, 'a rule with an OBIS code'), index);
  });
}

export function parseRule(setting: RuleSetting, index = 0): Rule {
  const where = (field: string): string => `rule ${index + 1}: ${field}`;
  const written = text(setting.obis);
  // The selector may stand behind the code, as it does in readouts of other programs: 1.6.1~1.
  const [, obis = written, behind = ''] = /^(.*?)(~\w+)$/.exec(written) ?? [];
  if (obis === '') throw bad(where('OBIS code'), '', 'an OBIS code, a pattern or a key');
  const pattern = ObisPattern.parse(obis);
  const type = text(setting.type).toLowerCase();
  if (type !== '' && !TYPES.includes(type as ValueType)) throw bad(where('type'), type, `one of ${TYPES.join(', ')}`);
  const round = count(setting.round, where('rounding'), -12, 12);
  return {
    index,
    pattern,
    plain: pattern.isPlain,
    select: parseSelect(text(setting.select) || behind, where('value')),
    name: text(setting.name) || null,
    topic: text(setting.topic) || null,
    unit: text(setting.unit) || null,
    unitIn: text(setting.unitIn) || null,
    factor: ratio(setting.factor, where('factor')),
    offset: decimal(setting.offset, where('offset')),
    round,
    type: type === '' ? null : (type as ValueType),
    deadband: parseDeadband(setting.deadband, where('dead-band')),
    minMs: seconds(setting.minInterval, where('at most every')),
    maxMs: seconds(setting.maxInterval, where('at least every')),
  };
}

/** 0.5 is in the unit of the value, 2% of the last value sent; empty is none. */
export function parseDeadband(value: unknown, setting: string): Deadband | null {
  const t = text(value);
  if (t === '') return null;
  const number = Number(t.replace(/\s*%$/, ''));
  if (!Number.isFinite(number) || number < 0) throw bad(setting, t, 'a number such as 0.5, or percent such as 2%');
  return t.endsWith('%') ? { percent: number } : { absolute: number };
}

/** Milliseconds of a number of seconds; empty or 0 is none. */
export function seconds(value: unknown, setting: string): number | null {
  const t = text(value);
  if (t === '') return null;
  const number = Number(t);
  if (!Number.isFinite(number) || number < 0) throw bad(setting, t, 'seconds: a number from 0');
  return number === 0 ? null : number * 1000;
}

/**
 * The rules a reading goes by. Each rule with a plain code gives its own value, so that one code can be sent twice; a rule
 * with wildcards takes what no plain rule and no rule above it took. Rules with the same pattern go together: they ask for
 * different values of one reading.
 */
export function rulesFor(reading: Reading, rules: readonly Rule[]): Rule[] {
  const plain = rules.filter(rule => rule.plain && rule.pattern.matchesReading(reading));
  if (plain.length > 0) return plain;
  const first = rules.find(rule => rule.pattern.matchesReading(reading));
  return first === undefined ? [] : rules.filter(rule => rule.pattern.text === first.pattern.text);
}

export interface Selected {
  readonly value: Value;
  readonly unit: string | null;
  readonly time: string | null;
}

/** What the selector means of this reading; undefined: the reading has no such part. */
export function selected(reading: Reading, select: Select): Selected | undefined {
  const time = reading.time ?? null;
  switch (select.of) {
    case 'value':
      return { value: reading.value, unit: reading.unit, time };
    case 'time':
      return reading.time === undefined ? undefined : { value: time, unit: null, time };
    case 'raw':
      return reading.raw === undefined ? undefined : { value: reading.raw, unit: null, time };
    case 'text':
      return reading.text === undefined ? undefined : { value: reading.text, unit: null, time };
    case 'status':
      return reading.status === undefined ? undefined : { value: reading.status, unit: null, time };
    case 'set': {
      const set = reading.sets?.at(select.set);
      if (set === undefined) return undefined;
      const own = set.time ?? time;
      if (select.part === 'time')
        return set.time === undefined ? undefined : { value: set.time, unit: null, time: own };
      if (select.part === 'text') return { value: set.text, unit: null, time: own };
      if (select.part === 'unit') return { value: set.unit ?? null, unit: null, time: own };
      const value = set.value === undefined ? (set.time ?? set.text) : (set.value ?? set.text);
      return { value, unit: set.unit ?? null, time: own };
    }
  }
}

/** For keys of values beside the main one: "", "_2", "_2_time", "_time". */
export function selectSuffix(select: Select): string {
  if (select.of !== 'set') return select.of === 'value' ? '' : `_${select.of}`;
  const part = select.part === 'value' ? '' : `_${select.part}`;
  if (select.set === LAST) return `_last${part}`;
  return select.set === 0 ? part : `_${select.set + 1}${part}`;
}

function parseSelect(t: string, setting: string): Select {
  const word = t.replace(/^~/, '').toLowerCase();
  if (word === '' || word === 'value') return { of: 'value' };
  if (word === 'time' || word === 't') return { of: 'time' };
  if (word === 'raw' || word === 'text' || word === 'status') return { of: word };
  const m = /^(\d{1,3}|last)([tsu]?)$/.exec(word);
  if (m === null) throw bad(setting, t, SELECTORS);
  const part = ({ t: 'time', s: 'text', u: 'unit' } as const)[m[2] as 't' | 's' | 'u'] ?? 'value';
  return { of: 'set', set: m[1] === 'last' ? LAST : Number(m[1]), part };
}

function ratio(value: unknown, setting: string): Decimal | null {
  const t = text(value);
  if (t === '') return null;
  const [top, bottom = ONE, ...more] = t.split(/[/:]/).map(part => decimalOf(part.trim().replace(',', '.')));
  if (!top || bottom === null || bottom.m === 0n || more.length > 0) {
    throw bad(setting, t, 'a number or a ratio such as 200/5');
  }
  return over(top, bottom);
}

function decimal(value: unknown, setting: string): Decimal | null {
  const t = text(value);
  if (t === '') return null;
  const d = decimalOf(t.replace(',', '.'));
  if (d === null) throw bad(setting, t, 'a number');
  return d;
}

function count(value: unknown, setting: string, min: number, max: number): number | null {
  const t = text(value);
  if (t === '') return null;
  const n = Number(t);
  if (!Number.isInteger(n) || n < min || n > max) throw bad(setting, t, `a whole number from ${min} to ${max}`);
  return n;
}

function text(value: unknown): string {
  return plainText(value, 'a rule').trim();
}

function bad(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}

/** Those of RuleSetting. */
const RULE_FIELDS: readonly (keyof RuleSetting)[] = [
  'obis',
  'select',
  'name',
  'topic',
  'unit',
  'unitIn',
  'factor',
  'offset',
  'round',
  'type',
  'deadband',
  'minInterval',
  'maxInterval',
];
const TYPES: readonly ValueType[] = ['number', 'string', 'boolean'];
/** Of a list that grows, as the peaks of the months in Belgium (0-0:98.1.0~last). */
const LAST = -1;
const SELECTORS =
  'empty for the value, ~1 for the second bracket pair, ~1t its time, ~1s its text, ~last the last one, or time, raw, text, status';
