// Reads meters/*.json, one file a family, and writes what the program and the forms take from them: a table beside
// src/core/meters/table.ts, and resources/presets.json.
// Its rule: a family is one file of data; to add one changes nothing else. What is evidence or is for people only stays out.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Fields of a family that the core reads. */
const OF_CORE = ['family', 'makers', 'identify', 'layouts', 'conventions', 'quirks', 'texts', 'p1', 'identity'];
/** Fields whose evidence the library shows. */
const WITH_EVIDENCE = ['quirks'];

/** The families of a folder by the names of their files. */
export function readFamilies(folder) {
  return readdirSync(folder)
    .filter(file => file.endsWith('.json') && file !== 'schema.json')
    .sort()
    .map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

/** What the core takes of them. */
export function coreTable(families) {
  return families
    .map(family =>
      Object.fromEntries(
        OF_CORE.filter(key => key in family).map(key => [
          key,
          WITH_EVIDENCE.includes(key) ? family[key] : withoutEvidence(family[key]),
        ]),
      ),
    )
    .filter(family => Object.keys(family).some(key => key !== 'family' && key !== 'makers'));
}

/** What the forms offer. */
export function presetsOf(families) {
  const meters = families.flatMap(({ meters: own = [] }) => own);
  const forPreset = id =>
    meters
      .filter(({ preset }) => preset === id)
      .map(({ model, countries, operators }) => ({ model, countries, ...(operators !== undefined && { operators }) }));
  return families.flatMap(({ family, presets = [] }) =>
    presets.map(preset => ({ ...preset, family, meters: forPreset(preset.id) })),
  );
}

export function writeMeters(root) {
  const families = readFamilies(join(root, 'meters'));
  write(join(root, 'src', 'core', 'meters', 'families.json'), coreTable(families));
  write(join(root, 'resources', 'presets.json'), presetsOf(families));
}

function withoutEvidence(value) {
  if (Array.isArray(value)) return value.map(withoutEvidence);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'evidence');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutEvidence(inner)]));
}

/** Only where it changes, or each build would compile anew. */
export function write(file, value) {
  const text = `${JSON.stringify(value)}\n`;
  let before = null;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // The first build.
  }
  if (before === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
