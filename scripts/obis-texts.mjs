// Puts the OBIS texts of each language where the nodes look for them: dist/src/nodes/lib/locales/<language>/obis.json.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns what is wrong. English has no file: its words are those of the core. */
export function copyObisTexts(root) {
  const problems = [];
  for (const language of readdirSync(join(root, 'locales'))) {
    if (language === 'en-US') continue;
    const from = join(root, 'locales', language, 'obis.json');
    const to = join(root, 'dist', 'src', 'nodes', 'lib', 'locales', language);
    if (existsSync(from)) {
      mkdirSync(to, { recursive: true });
      writeFileSync(join(to, 'obis.json'), JSON.stringify(JSON.parse(readFileSync(from, 'utf8'))));
    } else problems.push(`locales/${language}/obis.json is missing: OBIS codes would have English names`);
  }
  return problems;
}
