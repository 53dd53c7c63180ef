// The keys of many meters as a push decoder gets them: its table, and a file.
// The rule of the file: a file is named by a variable of the process, never by a flow, so that whoever may edit flows cannot
// have any file read and told by its errors.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout, RowPreset } from '../../core/push';
import { KeyTable, type KeyContext, type KeyText } from '../../core/security';
import { isDlmsError } from '../../core/wire/errors';
import { badSetting } from '../../core/wire/foreign';
import type { Values } from '../lib/settings-table';
import { withEdits } from './key-edits';

export interface KeySources {
  readonly keyTable: string;
  readonly keyEdits: string;
  readonly keyFile: string | null;
}

/** null where nothing is set. Throws BAD_SETTING; rows that are wrong are `faults` of the table. */
export function keyTableOf({ keyTable, keyEdits, keyFile }: KeySources, context: KeyContext): KeyTable | null {
  const text = withEdits(keyTable, keyEdits);
  const texts: KeyText[] = [
    ...(text.trim() === '' ? [] : [{ table: 'keyTable', text }]),
    ...(keyFile === null ? [] : [{ table: 'keyFile', text: fileNamedBy(keyFile) }]),
  ];
  return texts.length === 0 ? null : KeyTable.read(texts, context);
}

function fileNamedBy(variable: string): string {
  const path = process.env[variable] ?? '';
  const wrong = (expected: string): Error => badSetting('keyFile', variable, expected);
  if (path === '') throw wrong('set in the environment of Node-RED, to the path of a CSV file');
  let octets: Uint8Array;
  try {
    const file = statSync(path);
    // Anything else might never end.
    if (!file.isFile()) throw wrong('the name of a file, and of nothing else');
    if (file.size > LIMIT_OCTETS)
      throw wrong(`the name of a file of at most ${LIMIT_OCTETS} bytes, it has ${file.size}`);
    octets = readFileSync(path);
  } catch (error) {
    if (isDlmsError(error)) throw error;
    throw wrong(`the name of a file that can be read (${(error as NodeJS.ErrnoException).code ?? 'no file'})`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    throw wrong('the name of a file in UTF-8');
  }
}

/** What a preset of the forms, or the name of a layout, means for one meter; null where there is none of this name. */
export function rowPreset(
  name: string,
  layouts: readonly Layout[],
  read: (decoder: Values) => RowPreset,
): RowPreset | null {
  const preset = presets().find(({ id }) => id === name);
  if (preset !== undefined) return read(preset.decoder ?? {});
  return layouts.some(layout => layout.name === name) ? { layout: name } : null;
}

interface Preset {
  readonly id: string;
  readonly decoder?: Values;
}
let known: readonly Preset[] | null = null;
/** Read for the first row that has one. */
function presets(): readonly Preset[] {
  // A file of our own, which a test looks through.
  known ??= JSON.parse(readFileSync(join(__dirname, ...ROOT, 'resources', 'presets.json'), 'utf8')) as Preset[];
  return known;
}

const ROOT = ['..', '..', '..', '..'];
const LIMIT_OCTETS = 16 * 2 ** 20;
