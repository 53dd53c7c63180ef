// Names for codes that come as text.

import { Obis } from '../cosem/obis';
import { obisKey, obisName } from '../cosem/obis-names';

/** Key and name of a code; of other text the text itself, as a key of word characters. */
export function readingKeyOf(text: string): {
  readonly obis: string | null;
  readonly key: string;
  readonly name: string;
} {
  const obis = Obis.tryParse(text);
  if (obis !== null) return { obis: obis.toString(), key: obisKey(obis), name: obisName(obis) };
  return { obis: null, key: wordOf(text) || 'unknown', name: text };
}

/** Lower-case letters, digits and underscores. */
export function wordOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}
