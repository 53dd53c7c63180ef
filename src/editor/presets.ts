// What the presets of meters/*.json put into a form.
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
}

export type PushPreset = { readonly [F in PushField]?: string } & {
  readonly scalers?: Readonly<Record<string, number>>;
};

/** The fields of dlms-push-decoder that a preset decides; beside them it may name scalers. */
export const PUSH_FIELDS = ['framing', 'layout', 'timezone', 'clockPolicy', 'require'] as const;
export type PushField = (typeof PUSH_FIELDS)[number];

export interface PresetGroup {
  /** In the language of the user; empty for what belongs to no country. */
  readonly country: string;
  readonly presets: readonly Preset[];
}

/** By country, those of none first. */
export function grouped(presets: readonly Preset[], language: string): readonly PresetGroup[] {
  const names = new Intl.DisplayNames([language], { type: 'region' });
  const groups = new Map<string, Preset[]>();
  for (const preset of presets) {
    const country = preset.country === undefined ? '' : (names.of(preset.country) ?? preset.country);
    groups.set(country, [...(groups.get(country) ?? []), preset]);
  }
  return [...groups]
    .map(([country, rows]) => ({ country, presets: rows }))
    .sort((a, b) => a.country.localeCompare(b.country, language));
}

/** What each field gets; `usual` are the values of a fresh node, because a preset may follow another one. */
export function pushValues(
  preset: PushPreset,
  usual: (field: PushField) => string,
): readonly (readonly [PushField, string])[] {
  return PUSH_FIELDS.map(field => [field, preset[field] || usual(field)]);
}

/** "2400 8E1" */
export function lineOf({ baudRate, dataBits, parity, stopBits }: Readonly<Record<string, string>>): string {
  return `${baudRate} ${dataBits}${parity?.charAt(0).toUpperCase()}${stopBits}`;
}
