// Logical names spelled out: code, name and key. Meters send the same names again and again, so each is spelled once.
// The rule of the file: what is kept is bounded, and is only what follows from the six octets.

import { Obis } from '../obis/obis';
import { obisKey, obisName } from '../obis/obis-names';

export interface Spelled {
  readonly obis: Obis;
  /** Canonical. */
  readonly code: string;
  readonly name: string;
  readonly key: string;
}

/** The six octets at `at`. */
export function spelled(bytes: Uint8Array, at = 0): Spelled {
  const slot =
    ((bytes[at] as number) +
      (bytes[at + 1] as number) * 67 +
      (bytes[at + 2] as number) * 7 +
      (bytes[at + 3] as number) * 31 +
      (bytes[at + 4] as number) * 5 +
      (bytes[at + 5] as number) * 13) &
    (SLOTS - 1);
  const known = SPELLED[slot];
  if (known !== undefined && same(known.obis.bytes, bytes, at)) return known;
  const obis = Obis.from(bytes.subarray(at, at + 6));
  return (SPELLED[slot] = { obis, code: obis.toString(), name: obisName(obis), key: obisKey(obis) });
}

function same(name: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 6; i++) if (name[i] !== bytes[at + i]) return false;
  return true;
}

/** A power of two. A meter has less than a hundred names; two that meet in one slot are spelled anew each time. */
const SLOTS = 2048;
const SPELLED: (Spelled | undefined)[] = Array<undefined>(SLOTS).fill(undefined);
