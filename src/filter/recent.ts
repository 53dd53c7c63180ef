// What has come through lately, so that a click can make a rule of it. Bounded; the longest unseen goes first.

import { standardOfName } from '../core/obis/national';
import { Obis } from '../core/obis/obis';
import { obisName } from '../core/obis/obis-names';
import type { ObisTexts } from '../core/obis/obis-texts-compose';
import type { Reading, Value } from '../core/cosem/reading';

export interface RecentReading {
  readonly meter: string | null;
  readonly obis: string | null;
  readonly id?: string;
  readonly key: string;
  readonly name: string;
  readonly value: Value;
  readonly unit: string | null;
  /** Bracket pairs, for the value selector. */
  readonly sets?: number;
  /** ms, our clock. */
  readonly at: number;
}

/** Only what somebody asks for is made to be shown. */
interface Seen {
  readonly meter: string | null;
  readonly reading: Pick<Reading, 'obis' | 'id' | 'key' | 'name' | 'value' | 'unit' | 'sets'>;
  readonly at: number;
}

export class Recent {
  readonly #seen = new Map<string, Seen>();
  constructor(readonly limit = RECENT_LIMIT) {}

  note(meter: string | null, reading: Seen['reading'], at: number): void {
    const key = `${meter}|${reading.obis ?? ''}|${reading.id ?? ''}|${reading.key}`;
    this.#seen.delete(key);
    this.#seen.set(key, { meter, reading, at });
    if (this.#seen.size > this.limit) {
      const oldest = this.#seen.keys().next();
      if (oldest.done !== true) this.#seen.delete(oldest.value);
    }
  }

  list(): RecentReading[] {
    return [...this.#seen.values()].map(recentOf);
  }

  clear(): void {
    this.#seen.clear();
  }
}

function recentOf({ meter, reading, at }: Seen): RecentReading {
  const { obis, id, key, name, unit, sets } = reading;
  const value =
    typeof reading.value === 'string' && reading.value.length > 60 ? `${reading.value.slice(0, 60)}…` : reading.value;
  const several = sets !== undefined && sets.length > 1 ? { sets: sets.length } : {};
  return { meter, obis, ...(id !== undefined && { id }), key, name, value, unit, ...several, at };
}

/** The list with the names in a language; what has no code keeps the name it came with. */
export function namedRecent(recent: Recent, texts: ObisTexts): RecentReading[] {
  return recent.list().map(reading => {
    const obis = reading.obis === null ? null : Obis.tryParse(reading.obis);
    if (obis === null) return reading;
    return { ...reading, name: obisName(obis, texts, standardOfName(obis.toString(), reading.name)) };
  });
}

const RECENT_LIMIT = 500;
