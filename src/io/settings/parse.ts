// Properties as they are saved, turned into typed values by their table: the one parser of all nodes.
// The rules of the file: empty is the default; a wrong value is BAD_SETTING naming the property, never NaN and never a guess;
// a wrong one that nobody reads counts as empty. Nothing of Node in it: the forms check by it, too.

import { checkZone } from '../../core/cosem/zone';
import { Obis } from '../../core/obis/obis';
import { Key, parseSystemTitle } from '../../core/security/keys';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { badSetting, foreignFields, plainText } from '../../core/wire/foreign';
import { parseAllowedHosts } from './allowed-hosts';
import {
  boundsOf,
  isCredential,
  isRead,
  isRequired,
  NO,
  YES,
  type NumberSetting,
  type Setting,
  type Table,
  type Values,
} from './table';

/** What a row gives: null where it is empty and has no default. */
export type ValueOf<S extends Setting> = S extends { kind: 'flag' }
  ? boolean
  : S extends { kind: 'choice'; choices: readonly (infer C)[] }
    ? C | NullOf<S>
    : S extends { kind: 'number' }
      ? number | NullOf<S>
      : S extends { kind: 'text' | 'password' | 'zone' | 'hosts' | 'node' }
        ? string | NullOf<S>
        : S extends { kind: 'title' }
          ? Uint8Array | null
          : S extends { kind: 'key' }
            ? Key | null
            : S extends { kind: 'obis' }
              ? Obis | (S extends { none: unknown } ? null : never)
              : S extends { kind: 'group'; fields: infer F extends Table }
                ? Parsed<F>
                : unknown;
type NullOf<S> = S extends { default: null } ? null : never;

/** What a table gives, by the names of its rows. */
export type Parsed<T extends Table> = {
  readonly [S in Exclude<T[number], { kind: 'editor' }> as S['name']]: ValueOf<S>;
};

/**
 * Properties and credentials, by their table. `within`: what they are part of, for an error. Throws BAD_SETTING for the first
 * that is wrong, NOT_SUPPORTED for a choice that does not work yet.
 */
export function parse<const T extends Table>(
  table: T,
  properties: Values,
  credentials: Values = {},
  within = '',
): Parsed<T> {
  const rows = table.filter(setting => setting.kind !== 'editor');
  const entries = rows.map(setting => {
    const given = (isCredential(setting) ? credentials : properties)[setting.name];
    return [setting.name, rowValue(table, setting, given, properties, within + setting.name)];
  });
  // Each row has its value by its own kind, which the types cannot follow through a loop.
  return Object.fromEntries(entries) as Parsed<T>;
}

function rowValue(table: Table, setting: Setting, given: unknown, properties: Values, called: string): unknown {
  const value = readable(table, setting, given, properties, called);
  // That no configuration node is chosen, or that it is not there, is told where it is looked up.
  if (value === null && setting.kind !== 'node' && isRequired(table, setting, properties)) {
    throw badSetting(called, '(empty)', setting.expected ?? 'set');
  }
  return value;
}

function readable(table: Table, setting: Setting, given: unknown, properties: Values, called: string): unknown {
  try {
    return valueOf(table, setting, given, properties, called);
  } catch (error) {
    if (!isDlmsError(error) || isRead(table, setting, properties)) throw error;
    return valueOf(table, setting, undefined, properties, called);
  }
}

/** One value by its row, as the other properties stand. Throws as {@link parse} does. */
export function valueOf(table: Table, setting: Setting, given: unknown, values: Values, called: string): unknown {
  if (setting.kind === 'json' || setting.kind === 'editor') return given;
  if (setting.kind === 'group') {
    const fields = given === undefined || given === null || given === '' ? {} : given;
    return parse(setting.fields, foreignFields(fields, called, 'an object'), {}, `${called} `);
  }
  const text = plainText(given, called).trim();
  if (text === '') return setting.kind === 'obis' ? Obis.parse(setting.default, setting.prefix) : setting.default;
  switch (setting.kind) {
    case 'text':
      if (setting.pattern !== undefined && !new RegExp(`^(?:${setting.pattern})$`).test(text))
        throw badSetting(called, text, setting.expected ?? `like ${setting.pattern}`);
      return text;
    case 'number':
      return numberOf(text, setting, boundsOf(table, setting, values), called);
    case 'flag':
      return flagOf(text, called);
    case 'choice': {
      const word = text.toLowerCase();
      const what = setting.later?.[word];
      if (what !== undefined) throw new DlmsError({ code: 'NOT_SUPPORTED', what });
      if (!setting.choices.includes(word)) throw badSetting(called, text, `one of ${setting.choices.join(', ')}`);
      return word;
    }
    case 'title':
      return parseSystemTitle(text, called);
    case 'key':
      return Key.parse(text, called);
    case 'obis': {
      if (setting.none?.includes(text.toLowerCase()) === true) return null;
      const obis = Obis.tryParse(text, setting.prefix);
      if (obis === null) throw badSetting(called, text, 'an OBIS code such as 1-0:1.8.0*255 or 1.8.0');
      return obis;
    }
    case 'zone':
      return checkZone(text, called);
    case 'hosts':
      parseAllowedHosts(text);
      return text;
    case 'node':
    case 'password':
      return text;
  }
}

function numberOf(
  text: string,
  { decimals, max: given }: NumberSetting,
  { min, max }: { readonly min: number; readonly max: number },
  called: string,
): number {
  const n = Number(text);
  if (Number.isFinite(n) && (decimals === true || Number.isInteger(n)) && n >= min && n <= max) return n;
  const kind = decimals === true ? 'a number' : 'a whole number';
  throw badSetting(called, text, given === undefined ? `${kind} from ${min}` : `${kind} from ${min} to ${max}`);
}

function flagOf(text: string, called: string): boolean {
  const word = text.toLowerCase();
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  throw badSetting(called, text, `one of ${[...YES, ...NO].join(', ')}`);
}
