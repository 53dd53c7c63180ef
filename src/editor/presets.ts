// What the presets of meters/*.json put into a form, and how they are found.
// The rule of the file: what a preset says nothing about stays in the connection, and is as in a fresh decoder.

/** A preset of a family. */
export interface Preset {
  readonly id: string;
  readonly label: string;
  /** ISO 3166; rows of a country stand below its name, in the language of the user. */
  readonly country?: string;
  /** Where it is from: a standard, a specification, a public report. */
  readonly evidence: string;
  /** What the form of dlms-connection gets. */
  readonly connection?: Readonly<Record<string, string>>;
  /** What the form of dlms-push-decoder gets; `connection` then is the line of the meter. */
  readonly decoder?: PushPreset;
  readonly encrypted?: boolean;
  /** What people call the meters of its file. */
  readonly family: string;
  /** The meters that it is for, of any family. */
  readonly meters: readonly PresetMeter[];
}

export interface PresetMeter {
  readonly model: string;
  readonly countries: readonly string[];
  readonly operators?: readonly string[];
}

export type PushPreset = { readonly [F in PushField]?: string } & {
  readonly scalers?: Readonly<Record<string, number>>;
};

/** The fields of dlms-push-decoder that a preset decides; beside them it may name scalers. */
export const PUSH_FIELDS = ['framing', 'layout', 'timezone', 'clockPolicy', 'require'] as const;
export type PushField = (typeof PUSH_FIELDS)[number];

/** A preset that was looked for, with those of its meters that were meant. */
export interface Found {
  readonly preset: Preset;
  readonly meters: readonly PresetMeter[];
}

export interface PresetGroup {
  /** In the language of the user; empty for what belongs to no country. */
  readonly country: string;
  readonly found: readonly Found[];
}

/**
 * Those that all words of `text` name: by their own name, or by maker, model, operator or country of one of their meters.
 * By country. What belongs to none stands first in the whole list, and last behind what was looked for.
 */
export function lookedFor(
  presets: readonly Preset[],
  text: string,
  language: string,
  nameOf: (preset: Preset) => string,
): readonly PresetGroup[] {
  const names = new Intl.DisplayNames([language], { type: 'region' });
  const english = new Intl.DisplayNames(['en'], { type: 'region' });
  const country = (code: string): string => names.of(code) ?? code;
  const countries = (codes: readonly string[]): string =>
    codes.map(code => `${country(code)} ${english.of(code)} ${code}`).join(' ');
  const words = folded(text).split(/\s+/).filter(Boolean);
  const named = (where: string): boolean => words.every(word => where.includes(word));
  const groups = new Map<string, Found[]>();
  for (const preset of presets) {
    const own = `${nameOf(preset)} ${preset.family} ${countries(preset.country === undefined ? [] : [preset.country])}`;
    const meters = preset.meters.filter(({ model, operators = [], countries: where }) =>
      named(folded(`${own} ${model} ${operators.join(' ')} ${countries(where)}`)),
    );
    if (meters.length === 0 && !named(folded(own))) continue;
    const group = preset.country === undefined ? '' : country(preset.country);
    groups.set(group, [...(groups.get(group) ?? []), { preset, meters }]);
  }
  const last = (group: string): number => (group === '' && words.length > 0 ? 1 : 0);
  return [...groups]
    .map(([group, found]) => ({ country: group, found }))
    .sort((a, b) => last(a.country) - last(b.country) || a.country.localeCompare(b.country, language));
}

/** As people type it: without case and accents. */
function folded(text: string): string {
  const plain = text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
  return plain.replace(/[øæœłđß]/g, letter => LETTERS[letter] ?? letter);
}

const LETTERS: Readonly<Record<string, string>> = { ø: 'o', æ: 'ae', œ: 'oe', ł: 'l', đ: 'd', ß: 'ss' };

/** What each field gets; `usual` are the values of a fresh node, because a preset may follow another one. */
export function pushValues(
  preset: PushPreset,
  usual: (field: PushField) => string,
): readonly (readonly [PushField, string])[] {
  return PUSH_FIELDS.map(field => [field, preset[field] || usual(field)]);
}

/** The properties whose value is another one than `values` give; an empty field means the usual one. */
export function others(
  values: Iterable<readonly [name: string, value: string]>,
  current: (name: string) => unknown,
  usual: (name: string) => string,
): readonly string[] {
  const text = (name: string): string => String(current(name) ?? '').trim() || usual(name);
  return [...values].filter(([name, value]) => text(name) !== value).map(([name]) => name);
}

/** Are these the same powers of ten, in whatever order and form they stand? */
export function sameScalers(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const told = (scalers: Readonly<Record<string, unknown>>): string =>
    Object.entries(scalers)
      .map(([obis, power]) => `${obis} ${String(power)}`)
      .sort()
      .join();
  return told(a) === told(b);
}

/** "2400 8E1" */
export function lineOf({ baudRate, dataBits, parity, stopBits }: Readonly<Record<string, string>>): string {
  return `${baudRate} ${dataBits}${parity?.charAt(0).toUpperCase()}${stopBits}`;
}
