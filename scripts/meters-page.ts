// docs/meters.md, the table that people look for: each meter of meters/*.json, by country, with what is proven of it.
// Run without arguments it writes the page; a test compares the two.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineOf } from '../src/editor/presets';

export interface Meter {
  readonly model: string;
  readonly commodity: readonly string[];
  readonly countries: readonly string[];
  readonly operators?: readonly string[];
  readonly talks: keyof typeof TALKS;
  readonly line?: string;
  readonly preset?: string;
  readonly key: string;
  readonly comes: string;
  readonly since?: string;
  readonly proven: keyof typeof PROVEN;
  readonly open?: string;
  readonly evidence: string;
}
interface FamilyPreset {
  readonly id: string;
  readonly label: string;
  readonly country?: string;
  readonly connection: Readonly<Record<string, string>>;
}
export interface Family {
  readonly family: string;
  readonly countries?: readonly string[];
  readonly meters?: readonly Meter[];
  readonly presets?: readonly FamilyPreset[];
}

const TALKS = {
  push: 'pushes DLMS',
  p1: 'pushes text (P1)',
  sml: 'pushes SML',
  'mode-d': 'pushes text (mode D)',
  readout: 'is read out (IEC 62056-21)',
  programming: 'is asked in programming mode (IEC 62056-21)',
  polled: 'is asked (DLMS)',
  'mode-e': 'is asked (DLMS, mode E)',
} as const;
const PROVEN = {
  capture: 'bytes of a real meter, published, come out right',
  peer: 'conversations with an independent program come out right',
  built: 'bytes built from a description come out right; none of a real meter were to be had',
  specification: 'nothing was read; the settings are those of the source',
} as const;

/** The families of a project by the names of their files. */
export function families(root: string): readonly Family[] {
  const folder = join(root, 'meters');
  return readdirSync(folder)
    .filter(file => file.endsWith('.json') && file !== 'schema.json')
    .sort()
    .map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Family);
}

export function metersPage(all: readonly Family[]): string {
  const presets = new Map(all.flatMap(({ presets: own = [] }) => own.map(preset => [preset.id, preset])));
  const meters = all.flatMap(({ meters: own = [] }) => own).sort((a, b) => a.model.localeCompare(b.model, 'en'));
  const countries = [...new Set(meters.flatMap(meter => meter.countries))]
    .map(code => ({ code, name: NAMES.of(code) ?? code }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const sources = [...new Set(meters.map(({ evidence }) => evidence))];
  const table = (rows: readonly Meter[]): string[] => [
    '| meter | how it talks | preset | key | what comes | since | proven |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(meter => row(meter, presets, sources.indexOf(meter.evidence) + 1)),
  ];
  const lines = [
    '# Is my meter supported?',
    '',
    'Written by `node dist/scripts/meters-page.js` from the files in [`meters/`](../meters). Look for the country, then for the maker',
    'or the grid operator; what is the same everywhere stands [at the end](#any-country). A meter that is not here is probably read',
    'all the same: most telegrams name their values, and the *push decoder* needs no name of a meter. Try it, and if it does not',
    'work: [adding a meter](adding-a-meter.md).',
    '',
    ['', ...countries.map(({ name }) => `[${name}](#${anchor(name)})`), '[any country](#any-country)']
      .join(' · ')
      .replace(/^ · /, ''),
    '',
    '**Preset**: choose it in the form of the *push decoder* or of the connection; it is found by meter, maker, operator and country.',
    '**Key**: who gives it out is in [keys.md](keys.md). "By operator": some operators encrypt, others do not.',
    '**Since**: the version that could read it first.',
    '**Proven** says what was tried, and the number leads to where it is from:',
    '',
    ...Object.entries(PROVEN).map(([word, meaning]) => `- *${word}*: ${meaning}.`),
    '',
    'What is not proven, or must be known, stands below the meter.',
    ...countries.flatMap(({ code, name }) => [
      '',
      `## ${name}`,
      '',
      ...table(meters.filter(m => m.countries.includes(code))),
    ]),
    '',
    '## Any country',
    '',
    ...table(meters.filter(meter => meter.countries.length === 0)),
    '',
    '## Sources',
    '',
    ...sources.map((source, i) => `${i + 1}. <a id="s${i + 1}"></a>${linked(source)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function row(meter: Meter, presets: ReadonlyMap<string, FamilyPreset>, source: number): string {
  const preset = meter.preset === undefined ? undefined : presets.get(meter.preset);
  const others = meter.commodity.filter(what => what !== 'electricity');
  const operators = (meter.operators ?? []).join(', ');
  const name = [
    `**${meter.model}**`,
    operators === '' ? '' : ` (${operators})`,
    others.length === 0 ? '' : ` · ${meter.commodity.join(', ')}`,
    meter.open === undefined ? '' : `<br>*${meter.open}*`,
  ];
  const cells = [
    name.join(''),
    `${TALKS[meter.talks]}, ${meter.line ?? lineIn(preset?.connection ?? {})}`,
    preset === undefined ? 'none' : presetName(preset),
    meter.key,
    meter.comes,
    meter.since ?? 'next',
    `${meter.proven} [${source}](#s${source})`,
  ];
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function presetName({ country, label }: FamilyPreset): string {
  return country === undefined ? label : `${NAMES.of(country) ?? country}: ${label}`;
}

function lineIn(connection: Readonly<Record<string, string>>): string {
  if (connection['baudRate'] !== undefined) return lineOf(connection);
  return connection['transport'] === 'tcp'
    ? `TCP${connection['port'] === undefined ? '' : ` ${connection['port']}`}`
    : 'any line';
}

/** Names of repositories lead there, and to the thread where one is named first. */
function linked(source: string): string {
  return source.replace(
    /github\.com\/([\w.-]+\/[\w.-]*\w)(?: (issue|pull) (\d+))?/g,
    (text, repository: string, kind?: string, n?: string) => {
      const path = kind === undefined ? '' : `/${kind === 'pull' ? 'pull' : 'issues'}/${n}`;
      return `[${text}](https://github.com/${repository}${path})`;
    },
  );
}

/** As GitHub makes them. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}

const NAMES = new Intl.DisplayNames(['en'], { type: 'region' });

if (require.main === module) {
  writeFileSync(join(process.cwd(), 'docs', 'meters.md'), metersPage(families(process.cwd())));
}
