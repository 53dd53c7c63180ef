// The properties of a node as a table of markdown, from its table of settings and the labels of its form.
// The rule of the file: what a property may be is never written twice; what it means stands in the help.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCredential, type Condition, type Setting, type Table } from '../src/nodes/lib/settings-table';
import { TABLES } from './settings-tables';

/** Heading and rows: name in a flow, label in the form, what it may be, its default, where it counts. */
export function propertyTable(locales: string, language: string, type: string): string[] {
  const table = TABLES[type];
  if (table === undefined) throw new Error(`scripts/settings-tables.ts has no table of ${type}`);
  const label = labelsOf(locales, language, type);
  const rows = shownRows(table).map(row => [
    `\`${row.name}\``,
    row.byHand === true ? 'only by hand' : (label(row) ?? ''),
    valueText(row),
    defaultText(row),
    row.when === undefined ? 'always' : [row.when].flat().map(conditionText).join('; or '),
  ]);
  return [
    ['property', 'in the form', 'value', 'empty means', 'where it counts'],
    ['---', '---', '---', '---', '---'],
    ...rows,
  ].map(cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`);
}

/** The rows that a user sets. */
export function shownRows(table: Table): Setting[] {
  return table.filter(row => row.kind !== 'editor');
}

/** The label of a row in a language; undefined where its catalog has none. */
export function labelsOf(locales: string, language: string, type: string): (row: Setting) => string | undefined {
  const own = labelsIn(join(locales, language, `${type}.json`), type);
  const shared = labelsIn(join(locales, language, '_shared.json'), null);
  return row => own[row.label ?? row.name] ?? shared[row.label ?? row.name];
}

function labelsIn(file: string, type: string | null): Readonly<Record<string, string>> {
  // A catalog, whose form a test compares in all languages.
  const catalog = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, Record<string, string>>>;
  return (type === null ? catalog['label'] : catalog[type]?.['label']) as unknown as Record<string, string>;
}

function valueText(row: Setting): string {
  switch (row.kind) {
    case 'text':
      return row.expected === undefined || row.pattern === undefined ? 'text' : row.expected;
    case 'number': {
      const others = (row.bounds ?? []).map(
        ({ when, min = row.min, max = row.max }) =>
          ` (${min} to ${max} with ${[when].flat().map(conditionText).join('; or ')})`,
      );
      const most = row.max === undefined ? ` from ${row.min}` : `, ${row.min} to ${row.max}`;
      return `${row.decimals === true ? 'number' : 'whole number'}${most}${others.join('')}`;
    }
    case 'flag':
      return 'true or false';
    case 'choice':
      return row.choices
        .map(word => (row.later?.[word] === undefined ? `\`${word}\`` : `\`${word}\` (not yet)`))
        .join(', ');
    case 'title':
      return '16 hex digits or 8 characters';
    case 'key':
      return 'credential: 32 hex digits, or 64';
    case 'password':
      return 'credential: text';
    case 'obis':
      return `OBIS code${(row.none ?? []).map(word => ` or \`${word}\``).join('')}`;
    case 'zone':
      return 'IANA time zone';
    case 'hosts':
      return 'names, patterns, networks';
    case 'node':
      return `a ${row.type} node`;
    case 'group':
      return `object: ${row.fields.map(({ name }) => `\`${name}\``).join(', ')}`;
    case 'json':
      return Array.isArray(row.stored) ? 'list' : typeof row.stored === 'object' ? 'object' : 'text or list';
    case 'editor':
      return '';
  }
}

function defaultText(row: Setting): string {
  if (row.required === true) return 'not allowed';
  if (row.required !== undefined) return `not allowed with ${[row.required].flat().map(conditionText).join('; or ')}`;
  if (isCredential(row) || !('default' in row) || row.default === null) return 'none';
  return `\`${row.default}\``;
}

function conditionText(condition: Condition): string {
  return Object.entries(condition)
    .map(([name, values]) => `\`${name}\` ${values.map(value => `\`${value}\``).join(', ')}`)
    .join(' and ');
}
