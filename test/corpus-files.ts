// The corpus: captured telegrams, dialogues and vectors that are no part of the project. METERFLOW_CORPUS names its folder,
// else ../shared/corpus beside the project is looked for. The rule of the file: cases are known by their schema, wherever they lie.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './node-red-process';

const given = process.env['METERFLOW_CORPUS'];
const ROOT = given === undefined || given === '' ? join(PROJECT, '..', 'shared', 'corpus') : given;

/** A file or folder of the corpus, or null where it is absent. */
export function corpusFile(name: string): string | null {
  const path = join(ROOT, name);
  return existsSync(path) ? path : null;
}

/** The runner that plays the corpus through the real nodes; null where it is absent. It lies beside the corpus. */
export function acceptanceRunner(): { readonly script: string; readonly corpus: string } | null {
  const script = join(ROOT, '..', 'accept', 'accept.mjs');
  return existsSync(script) && existsSync(ROOT) ? { script, corpus: ROOT } : null;
}

/** Ids of the cases that fail today: a ratchet, held by the acceptance suite. */
export function knownFailing(): ReadonlySet<string> {
  const text = readFileSync(join(PROJECT, 'test', 'corpus', 'known-failing.txt'), 'utf8');
  return new Set(text.split(/\r?\n/).filter(line => line !== '' && !line.startsWith('#')));
}

/** All cases below the folder that `is` takes for its own, by name of file; none where the corpus is absent. */
export function corpusCases<T>(is: (value: Readonly<Record<string, unknown>>) => boolean): T[] {
  if (!existsSync(ROOT)) return [];
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.json'));
  const values = files.sort().map(name => JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as unknown);
  // Whoever asks says what makes a case; what is in it is checked by what the tests do with it.
  return values.filter(v => typeof v === 'object' && v !== null && is(v as Record<string, unknown>)) as T[];
}
