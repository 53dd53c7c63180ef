// node scripts/publish-facts.mjs: puts where the project lives, as scripts/publish-facts.json says it, into package.json.
// The rule of the file: the only place of these addresses is that json; what is empty there is not in package.json either.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** package.json as it has to be, with the facts in front of `engines`. */
export function withFacts(manifest, { repository, bugs, homepage }) {
  const facts = {
    ...(homepage !== '' && { homepage }),
    ...(repository !== '' && { repository: { type: 'git', url: repository } }),
    ...(bugs !== '' && { bugs: { url: bugs } }),
  };
  const given = Object.entries(manifest).filter(([key]) => !['repository', 'bugs', 'homepage'].includes(key));
  const place = given.findIndex(([key]) => key === 'engines');
  return Object.fromEntries([...given.slice(0, place), ...Object.entries(facts), ...given.slice(place)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(root, 'package.json');
  const facts = JSON.parse(readFileSync(join(root, 'scripts', 'publish-facts.json'), 'utf8'));
  const text = readFileSync(file, 'utf8');
  const wanted = `${JSON.stringify(withFacts(JSON.parse(text), facts), null, 2)}\n`;
  if (wanted !== text) writeFileSync(file, wanted);
  for (const [name, value] of Object.entries(facts))
    if (value === '') console.warn(`publish-facts: ${name} is empty; the links of the README will lead nowhere on npm`);
}
