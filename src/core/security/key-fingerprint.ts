// Which key, without the key: for state that outlasts the process, and to keep the counters of two keys apart.
// The rule of the file: from a fingerprint nobody gets back to the key.

import { createHash } from 'node:crypto';
import { hex } from '../wire/hex';
import type { Key } from './keys';

/** 16 hex digits; the same for the same octets. */
export function keyFingerprint(key: Key): string {
  let known = KNOWN.get(key);
  if (known === undefined) {
    const digest = createHash('sha256').update('dlms key fingerprint').update(key.octets()).digest();
    known = hex(Uint8Array.from(digest.subarray(0, 8)));
    KNOWN.set(key, known);
  }
  return known;
}

/** Asked for each telegram. */
const KNOWN = new WeakMap<Key, string>();
