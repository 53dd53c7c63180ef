// The names of national standards (meters/standards/*.json) as the program takes them: the English ones in a table beside
// src/core/obis/national.ts, those of other languages beside the other OBIS texts of the language.
// Its rule: a standard is one file of data. What is evidence or is for people only stays out.

import { join } from 'node:path';

import { readFamilies, write } from './meters.mjs';

/** Before the compiler runs. */
export function writeStandards(root) {
  const rows = standards(root).map(({ standard, names }) => [
    standard,
    Object.fromEntries(names.map(({ obis, en }) => [obis, en])),
  ]);
  write(join(root, 'src', 'core', 'obis', 'national.json'), Object.fromEntries(rows));
}

/** standard → its texts in the order of its rows, empty where the language has none; left out where it has none at all. */
export function nationalTexts(root, language) {
  const said = standards(root).map(({ standard, names }) => [standard, names.map(name => name[language] ?? '')]);
  return Object.fromEntries(said.filter(([, texts]) => texts.some(text => text !== '')));
}

function standards(root) {
  return readFamilies(join(root, 'meters', 'standards'));
}
