// Where invocation counters are kept: the interface that the disk of an installation and the memory of a program both have.
// The rule of the file: a stretch of numbers is given to one taker only, and it is kept before it is given.

import { LAST_COUNTER, systemTitleText } from '../../core/security';
import { DlmsError } from '../../core/wire/errors';

/** Positions of reads and the like; what `set` was given, `get` returns after a restart too. */
export interface NumberStore {
  get(key: string): number | null;
  set(key: string, value: number): void;
}

/** Numbers from `from` on, `end` not among them. */
export interface Stretch {
  readonly from: number;
  readonly end: number;
}

export interface CounterStore {
  /**
   * What was used before may be unknown to it, because nothing outlives the process or something was lost: where it knows
   * nothing, only a number that the meter tells, or a title that is new, may be gone on from.
   */
  readonly forgetful: boolean;
  /** Null where the key and title are new to it. Rejects with STATE_NOT_SAVED. */
  free(fingerprint: string, systemTitle: Uint8Array): Promise<Kept | null>;
  /**
   * Some numbers at or above `floor`, kept when it resolves; nobody else gets them, in this process or another one.
   * Rejects with STATE_NOT_SAVED, and with KEY_USED_UP where there are none left.
   */
  reserve(fingerprint: string, wanted: Wanted): Promise<Stretch>;
}

export interface Kept {
  /** Neither it nor any number above was ever given. */
  readonly next: number;
  /** A meter has shown that it counts here, or the user said so; before that its counter object is believed as at first. */
  readonly settled: boolean;
}

export interface Wanted {
  readonly systemTitle: Uint8Array;
  readonly floor: number;
  readonly count: number;
  readonly settled: boolean;
}

/** For programs that keep counters in their own way, and for tests. Forgets with the process. */
export class NumbersInMemory implements NumberStore, CounterStore {
  readonly #numbers = new Map<string, number>();
  readonly #settled = new Set<string>();

  constructor(readonly forgetful = false) {}

  get(key: string): number | null {
    return this.#numbers.get(key) ?? null;
  }
  set(key: string, value: number): void {
    this.#numbers.set(key, value);
  }
  free(fingerprint: string): Promise<Kept | null> {
    const next = this.get(fingerprint);
    return Promise.resolve(next === null ? null : { next, settled: this.#settled.has(fingerprint) });
  }
  reserve(fingerprint: string, wanted: Wanted): Promise<Stretch> {
    try {
      const stretch = stretchOf(this.get(fingerprint) ?? 0, wanted);
      this.set(fingerprint, stretch.end);
      if (wanted.settled) this.#settled.add(fingerprint);
      return Promise.resolve(stretch);
    } catch (error) {
      return Promise.reject(error as DlmsError);
    }
  }
}

/** Throws KEY_USED_UP: the last number of all is never given. */
export function stretchOf(free: number, { floor, count, systemTitle }: Wanted): Stretch {
  const from = Math.max(free, floor);
  if (from >= LAST_COUNTER) {
    throw new DlmsError({ code: 'KEY_USED_UP', systemTitle: systemTitleText(systemTitle) });
  }
  return { from, end: Math.min(from + count, LAST_COUNTER) };
}
