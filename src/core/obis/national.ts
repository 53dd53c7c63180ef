// What a national standard calls the codes to which it gives a meaning of its own: those that the international tables
// leave to the countries (C = 94), and those that they only number ("event log 3").
// The rule of the file: a standard gives names. Keys are those of the dictionary, the same whatever is set, so that nobody's
// database changes its columns with a setting.

import national from './national.json';
import { Obis } from './obis';
import type { ObisTexts } from './obis-texts-compose';
import { ObisPattern } from './pattern';

/** A standard that has names; `dlms` and `idis` have those of the dictionary. */
export type NationalStandard = 'india' | 'italy' | 'russia' | 'saudi-arabia' | 'spain';

export function isNational(standard: string | undefined): standard is NationalStandard {
  return standard !== undefined && Object.hasOwn(NATIONAL, standard);
}

/** null: the standard, or whatever else is set, has no name of its own for this code. */
export function nationalName(code: string, standard: string, texts: ObisTexts): string | null {
  const name = namesOf(standard)?.get(code);
  if (name === undefined) return null;
  return (texts[`${standard}.${name.row}`] ?? name.english).replace('{n}', String(name.n));
}

/** The standard that calls the code by this English name; empty: none. */
export function standardOfName(code: string, name: string): NationalStandard | '' {
  return STANDARDS.find(standard => nationalName(code, standard, {}) === name) ?? '';
}

/** Its codes, in the order of its table. */
export function nationalCodes(standard: string): readonly Obis[] {
  return [...(namesOf(standard)?.keys() ?? [])].map(code => Obis.parse(code));
}

/** The codes that a row names: one, or those of its ranges in their order. */
export function codesOfRow(row: string): readonly string[] {
  const { code } = ObisPattern.parse(row);
  const groups = (code?.groups ?? []).map(ranges => (ranges ?? []).flatMap(([from, to]) => counted(from, to)));
  const all = groups.reduce<number[][]>((some, group) => some.flatMap(bytes => group.map(n => [...bytes, n])), [[]]);
  return all.filter(bytes => bytes.length === 6).map(bytes => Obis.from(Uint8Array.from(bytes)).toString());
}

interface Name {
  readonly row: number;
  readonly english: string;
  /** Which one of its row, from 1. */
  readonly n: number;
}

function namesOf(standard: string): ReadonlyMap<string, Name> | undefined {
  const known = NAMES.get(standard);
  if (known !== undefined || !isNational(standard)) return known;
  const names = new Map<string, Name>();
  for (const [row, [codes, english]] of Object.entries(NATIONAL[standard]).entries()) {
    codesOfRow(codes).forEach((code, i) => names.set(code, { row, english, n: i + 1 }));
  }
  NAMES.set(standard, names);
  return names;
}

function counted(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Of meters/standards, as scripts/standards.mjs wrote it: a code or a range of codes, and its English name. */
const NATIONAL: Readonly<Record<NationalStandard, Readonly<Record<string, string>>>> = national;

const STANDARDS = Object.keys(NATIONAL) as readonly NationalStandard[];
/** Made with the first name of a standard that is asked for. */
const NAMES = new Map<string, ReadonlyMap<string, Name>>();
