// A tree of parameters, the answer to getProcParameter. BSI TR-03109-1, annex IV b, 7.
// The rule of the file: the shape of the tree is kept; how a value stands in it only the reader of entries knows.

import { DlmsError } from '../wire/errors';
import type { SmlEntry } from './messages';
import type { SmlReader } from './tlv';

export interface SmlTree {
  readonly name: Uint8Array;
  /** null: it has no value of its own. */
  readonly entry: SmlEntry | null;
  readonly children: readonly SmlTree[];
}

/** `readValue`: of a parameter, as an entry of this name, or of its own. */
export function readTree(r: SmlReader, readValue: (r: SmlReader, name: Uint8Array) => SmlEntry, depth = 1): SmlTree {
  if (depth > DEPTH_LIMIT) {
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'SML trees in trees', limit: DEPTH_LIMIT, actual: depth });
  }
  r.list('SML parameterTree', 3, 3);
  const name = r.octets('SML parameterName');
  const entry = r.absent() ? null : readValue(r, name);
  const children: SmlTree[] = [];
  // An entry brings a name of its own.
  const own = entry?.name === name;
  if (entry !== null && !own) children.push({ name: entry.name, entry, children: [] });
  for (let left = r.absent() ? 0 : r.list('SML child_List', 0); left > 0; left--)
    children.push(readTree(r, readValue, depth + 1));
  return { name, entry: own ? entry : null, children };
}

const DEPTH_LIMIT = 16;
