// Invocation counters by key and system title: what came before, what was skipped. IEC 62056-5-3, 5.3.7. One guard serves all
// sources of a node, so that a telegram does not become new by coming another way.
// The rules of the file: a verified telegram is judged by verified ones alone, and what is neither verified nor encrypted
// counts for nothing; titles come from outside, so their number is bounded.

import type { Origin } from '../cosem/reading';
import { keyFingerprint, type Key } from '../security';
import { DlmsError } from '../wire/errors';
import { SeenCounters } from './seen-counters';

/** Where counters outlast the process. */
export interface CounterMemory {
  last(id: string): number | undefined;
  remember(id: string, counter: number): void;
}

export class ReplayGuard {
  /** In the order of their last telegram; 0 <= size <= limit */
  readonly #meters = new Map<string, Counters>();
  #told = false;

  constructor(
    readonly mode: 'accept' | 'refuse',
    private readonly memory: CounterMemory | null = null,
    private readonly limit = LIMIT_TITLES,
  ) {}

  /**
   * `systemTitle` in hex, '' for none; `key`: the one that opened it, so that broadcast and unicast are apart, and one key
   * under two tags is not. `verified`: a tag over it was.
   */
  check(systemTitle: string, key: Key, counter: number, verified: boolean): Seen {
    const id = `${keyFingerprint(key)}:${systemTitle}`;
    const meter = this.#meter(id);
    const last = verified ? meter.verified : meter.seen.last;
    const again = (meter.verified !== undefined && counter <= meter.verified) || (!verified && meter.seen.has(counter));
    // Elgama GAMA 350 (Poland) sends 0 for ever.
    if (again && !(last === 0 && counter === 0)) {
      const error =
        this.mode === 'accept'
          ? null
          : new DlmsError({
              code: 'REPLAYED',
              systemTitle: systemTitle === '' ? null : systemTitle,
              counter,
              last: Math.max(meter.verified ?? 0, last ?? 0),
            });
      return { error, mark: { replayed: true }, full: null };
    }
    this.#remember(id, meter, counter, verified);
    const skipped = last === undefined ? 0 : counter - last - 1;
    return { error: null, mark: skipped > 0 ? { skipped } : null, full: this.#bound() };
  }

  #meter(id: string): Counters {
    const known = this.#meters.get(id);
    if (known !== undefined) {
      this.#meters.delete(id);
      this.#meters.set(id, known);
      return known;
    }
    return { verified: this.memory?.last(id), seen: new SeenCounters(this.memory?.last(id + UNVERIFIED)) };
  }

  #remember(id: string, meter: Counters, counter: number, verified: boolean): void {
    this.#meters.set(id, meter);
    if (verified) {
      meter.verified = counter;
      this.memory?.remember(id, counter);
      return;
    }
    const before = meter.seen.established;
    meter.seen.add(counter);
    const { established } = meter.seen;
    if (established !== undefined && established !== before) this.memory?.remember(id + UNVERIFIED, established);
  }

  /** LIMIT_EXCEEDED the first time that a meter is forgotten for another one. */
  #bound(): DlmsError | null {
    const actual = this.#meters.size;
    if (actual <= this.limit) return null;
    const [oldest] = this.#meters.keys();
    if (oldest !== undefined) this.#meters.delete(oldest);
    if (this.#told) return null;
    this.#told = true;
    const what = 'meters whose counters are remembered against repetitions (the oldest are forgotten)';
    return new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit: this.limit, actual });
  }
}

export interface Seen {
  /** REPLAYED where replays are refused. */
  readonly error: DlmsError | null;
  readonly mark: Pick<Origin, 'replayed' | 'skipped'> | null;
  readonly full: DlmsError | null;
}

interface Counters {
  verified: number | undefined;
  readonly seen: SeenCounters;
}

/** Behind the id of a meter: the counters of its unverified telegrams. */
const UNVERIFIED = '?';
export const LIMIT_TITLES = 100_000;
