// What a language still lacks: files, keys and words, held against English. `node dist/scripts/missing-texts.js` tells it.
// The rule of the file: what English has every language has, no more and no less; a text that is there is not judged.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENGLISH_WORDS } from '../src/core/obis/obis-texts-en';
import { ERRORS, type Code } from '../src/core/wire/errors';

const ENGLISH = 'en-US';

/** One sentence for each text that a folder of `locales` lacks or has too much; none: every language is complete. */
export function missingTexts(locales: string): string[] {
  const english = join(locales, ENGLISH);
  const wanted = new Map<string, ReadonlySet<string> | null>();
  for (const file of readdirSync(english)) {
    wanted.set(file, file.endsWith('.json') ? keysOf(json(join(english, file))) : null);
  }
  // What English says in the code.
  wanted.set('_errors.json', new Set((Object.keys(ERRORS) as Code[]).map(String)));
  wanted.set('obis.json', keysOf(ENGLISH_WORDS));
  return readdirSync(locales)
    .filter(language => language !== ENGLISH)
    .flatMap(language => lacking(join(locales, language), language, wanted));
}

function lacking(folder: string, language: string, wanted: ReadonlyMap<string, ReadonlySet<string> | null>): string[] {
  const problems: string[] = [];
  for (const [file, keys] of wanted) {
    const path = join(folder, file);
    if (!existsSync(path)) {
      problems.push(`${language}/${file} is missing`);
      continue;
    }
    if (keys === null) {
      if (readFileSync(path, 'utf8').trim() === '') problems.push(`${language}/${file} is empty`);
      continue;
    }
    const have = keysOf(json(path));
    for (const key of keys) if (!have.has(key)) problems.push(`${language}/${file} lacks ${key}`);
    for (const key of have) if (!keys.has(key)) problems.push(`${language}/${file} has ${key}, which English has not`);
  }
  for (const file of readdirSync(folder)) {
    if (!wanted.has(file)) problems.push(`${language}/${file} is nothing that English has`);
  }
  return problems;
}

/** The paths of all texts: "parts.activePower". */
function keysOf(value: unknown, path = ''): Set<string> {
  if (typeof value !== 'object' || value === null) return new Set([path]);
  const keys = new Set<string>();
  for (const [key, inner] of Object.entries(value)) {
    for (const found of keysOf(inner, path === '' ? key : `${path}.${key}`)) keys.add(found);
  }
  return keys;
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

if (require.main === module) {
  const problems = missingTexts(process.argv[2] ?? join(process.cwd(), 'locales'));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
