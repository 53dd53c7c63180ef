// The names of national standards: what is wrong with a file of meters/standards, what it still lacks in a language, and
// docs/national-names.md, the page that lists them.
// The rule of the file: a name without evidence is no name. Run without arguments it writes the page; a test compares it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { codesOfRow } from '../src/core/obis/national';

/** A file of meters/standards. */
export interface StandardFile {
  /** As the property `standard` has it. */
  readonly standard: string;
  readonly label: string;
  /** ISO 3166. */
  readonly countries: readonly string[];
  /** What the names are from at last. */
  readonly document: string;
  /** Letter → where it was seen. */
  readonly evidence: Readonly<Record<string, string>>;
  readonly names: readonly NameRow[];
}

/** Beside these a text in each language that has one, by the name of its folder in locales. */
export interface NameRow {
  /** One code or, with {n} in its texts for the how manieth, a range: "0-0:98.1.1-3". */
  readonly obis: string;
  /** For programs that take the file; the key of a reading is that of the dictionary. */
  readonly key: string;
  readonly classId?: number;
  readonly en: string;
  readonly evidence: readonly string[];
}

export function standardFiles(root: string): StandardFile[] {
  const folder = join(root, 'meters', 'standards');
  const files = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'schema.json');
  // What they hold is what the schema says.
  return files.sort().map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as StandardFile);
}

/** A sentence for all that is wrong with a file and that meters/standards/schema.json cannot say. */
export function problemsOf(file: StandardFile, languages: readonly string[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const keys = new Set<string>();
  for (const row of file.names) {
    const tell = (what: string): unknown => problems.push(`${row.obis}: ${what}`);
    if (keys.has(row.key)) tell(`the key ${row.key} is there twice`);
    keys.add(row.key);
    for (const letter of row.evidence) if (!(letter in file.evidence)) tell(`evidence ${letter} is not told`);
    const codes = codesOfRow(row.obis);
    for (const code of codes) {
      const other = seen.get(code);
      if (other !== undefined) tell(`${code} is named by ${other}, too`);
      seen.set(code, row.obis);
    }
    for (const [field, text] of Object.entries(row)) {
      if (field.length !== 2) continue;
      if (field !== 'en' && !languages.includes(field)) tell(`${field} is no language of the nodes`);
      if (String(text).includes('{n}') !== codes.length > 1) tell(`${field}: {n} is for ranges, and each range has it`);
    }
  }
  return problems;
}

/** How many names a language takes from English, by standard; a complete one is left out. */
export function lackingNames(root: string, language: string): string[] {
  return standardFiles(root).flatMap(({ standard, names }) => {
    const missing = names.filter(row => !(language in row)).length;
    return missing === 0 ? [] : [`${language}: ${missing} of ${names.length} names of ${standard} are English`];
  });
}

export function namesPage(root: string): string {
  const files = standardFiles(root);
  const languages = readdirSync(join(root, 'locales')).filter(language => language !== 'en-US');
  const lines = [
    '# National names',
    '',
    'Some OBIS codes mean what a country says: those with C = 94, and many that the international tables only number, such as',
    'event logs. Choose the country at *Standard* in the connection, or in the push decoder, and readings, columns, the object',
    'browser and the suggestions have the names below. The `key` of a reading is the same whatever is chosen.',
    '',
    'A file of `meters/standards` is one standard: a row has a code or a range of codes, its names by language, the class where it',
    'is known, and the letters of its evidence. A contribution needs no TypeScript: add a row with its evidence, and build.',
    '',
    'Names that a language lacks are English:',
    '',
    ...languages.flatMap(language => lackingNames(root, language)).map(line => `- ${line}`),
  ];
  for (const { label, standard, countries, document, evidence, names } of files) {
    lines.push('', `## ${label} (${countries.join(', ')}): \`${standard}\``, '', `${document}. Seen in:`, '');
    for (const [letter, where] of Object.entries(evidence)) lines.push(`- ${letter}: ${where}`);
    lines.push('', '| code | class | name | evidence |', '|---|---|---|---|');
    for (const { obis, classId, en, evidence: letters } of names) {
      lines.push(`| \`${obis}\` | ${classId ?? ''} | ${en} | ${letters.join(', ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

if (require.main === module) {
  writeFileSync(join(process.cwd(), 'docs', 'national-names.md'), namesPage(process.cwd()));
}
