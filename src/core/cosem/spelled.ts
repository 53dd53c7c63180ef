// Logical names spelled out: code, name and key. Meters send the same names again and again, so each is spelled once.
// The rule of the file: what is kept is bounded, and is only what follows from the six octets. 0 <= SPELLED.size <= LIMIT

import { Obis } from '../obis/obis';
import { obisKey, obisName } from '../obis/obis-names';

export interface Spelled {
  readonly obis: Obis;
  /** Canonical. */
  readonly code: string;
  readonly name: string;
  readonly key: string;
}

/** `name`: six octets. */
export function spelled(name: Uint8Array): Spelled {
  const [a, b, c, d, e, f] = name as unknown as readonly [number, number, number, number, number, number];
  const id = ((a << 16) | (b << 8) | c) * 0x1000000 + ((d << 16) | (e << 8) | f);
  const known = SPELLED.get(id);
  if (known !== undefined) return known;
  const obis = Obis.from(name);
  const entry: Spelled = { obis, code: obis.toString(), name: obisName(obis), key: obisKey(obis) };
  if (SPELLED.size >= LIMIT) SPELLED.clear();
  SPELLED.set(id, entry);
  return entry;
}

const LIMIT = 4096;
const SPELLED = new Map<number, Spelled>();
