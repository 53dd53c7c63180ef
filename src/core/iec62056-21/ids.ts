// The id in front of the brackets -> OBIS, name, key, and how its value is to be read. IEC 62056-61, EN 13757-1.
// The rule of the file: what an id decides is decided here once and remembered; a readout repeats its ids for years.

import { Obis } from '../obis/obis';
import { obisKey, obisName } from '../obis/obis-names';

/** What ids without A-B belong to. */
export type Medium = 'electricity' | 'heat' | 'cooling' | 'gas' | 'water' | 'hot-water' | 'heat-cost-allocator';

export interface IdFacts {
  readonly obis: Obis | null;
  /** Canonical text of `obis`. */
  readonly code: string | null;
  readonly name: string;
  readonly key: string;
  /** A number without a unit is a number; everywhere else leading zeros matter and it stays text. */
  readonly quantity: boolean;
  /** What its first bracket pair is when it looks like one. */
  readonly clock: 'date-time' | 'time' | 'date' | null;
  /** The hourly buffer of DSMR 2.2 and 3.0, whose number comes last. */
  readonly hourly: boolean;
}

/** The ids of one medium. Bounded: a stream of invented ids empties it, nothing more. */
export class Ids {
  readonly #known = new Map<string, IdFacts>();
  readonly #prefix: readonly [number, number];

  constructor(medium: Medium = 'electricity') {
    this.#prefix = PREFIX[medium];
  }

  facts(id: string): IdFacts {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= LIMIT) this.#known.clear();
    const facts = factsOf(id, this.#prefix);
    this.#known.set(id, facts);
    return facts;
  }
}

/** The code behind an id as meters write it; null where it is none ("1-1:30D", "1.6.0,5", "FF", "TIME_"). */
function obisOf(id: string, prefix: readonly [number, number] = PREFIX.electricity): Obis | null {
  // "3:171.0" is an address of Elster LIS200 devices; where only B is missing, E is there: "0:96.7.19".
  if (/^\d+:\d+\.\d+$/.test(id)) return null;
  // DSMR 4.0 prints "1-0:99:97.0" in its own example, and meters follow it.
  const text = /^\d+-\d+:\d+:\d+\.\d+$/.test(id) ? id.replace(/:(\d+\.\d+)$/, '.$1') : id;
  return Obis.tryParse(text, prefix);
}

function factsOf(id: string, prefix: readonly [number, number]): IdFacts {
  const obis = obisOf(id, prefix);
  if (obis === null)
    return { obis, code: null, name: id, key: keyOfId(id), quantity: false, clock: null, hourly: false };
  return {
    obis,
    code: obis.toString(),
    name: obisName(obis),
    key: obisKey(obis),
    quantity: isQuantity(obis),
    clock: clockOf(obis),
    hourly: isHourly(obis),
  };
}

function isQuantity({ a, c, d, e }: Obis): boolean {
  if (c === 0) return (d === 1 && e === 0) || d === 3 || d === 4;
  if (c === 96) return d === 7 || (d === 3 && e === 10);
  if (a === 0) return c === 24 || c === 17;
  return c < 96 || c > 127;
}

function clockOf(obis: Obis): IdFacts['clock'] {
  const { a, c, d, e } = obis;
  if (c === 0 && d === 9) return e === 1 ? 'time' : e === 2 ? 'date' : null;
  if (c === 0 && d === 1 && e === 2) return 'date-time';
  if (a === 0 && c === 1 && d === 0) return 'date-time';
  // The hour of the reading. 9.36 is the clock of EN 1434 heat meters.
  if (isHourly(obis)) return 'date-time';
  if (a === 6 && c === 9 && d === 36) return 'date-time';
  return null;
}

function isHourly({ a, c, d }: Obis): boolean {
  return a === 0 && c === 24 && d === 3;
}

/** "1-1:30D" -> "1_1_30d": letters and digits of the id, lower case. */
export function keyOfId(id: string): string {
  const key = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return key === '' ? 'unnamed' : `id_${key}`;
}

const PREFIX: Readonly<Record<Medium, readonly [number, number]>> = {
  electricity: [1, 0],
  'heat-cost-allocator': [4, 0],
  cooling: [5, 0],
  heat: [6, 0],
  gas: [7, 0],
  water: [8, 0],
  'hot-water': [9, 0],
};
const LIMIT = 2000;
