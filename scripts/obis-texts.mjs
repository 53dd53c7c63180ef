// Puts the OBIS texts of each language where the nodes look for them: dist/src/nodes/lib/locales/<language>/obis.json, with
// the names of national standards.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nationalTexts } from './standards.mjs';

/** Returns what is wrong. English has no file: its words are those of the core. */
export function copyObisTexts(root) {
  const problems = [];
  for (const language of readdirSync(join(root, 'locales'))) {
    if (language === 'en-US') continue;
    const from = join(root, 'locales', language, 'obis.json');
    const to = join(root, 'dist', 'src', 'nodes', 'lib', 'locales', language);
    if (existsSync(from)) {
      mkdirSync(to, { recursive: true });
      const words = JSON.parse(readFileSync(from, 'utf8'));
      writeFileSync(join(to, 'obis.json'), JSON.stringify({ ...words, national: nationalTexts(root, language) }));
    } else problems.push(`locales/${language}/obis.json is missing: OBIS codes would have English names`);
  }
  return problems;
}
