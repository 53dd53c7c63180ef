// The invocation counter of one key and one system title over restarts. A stretch of numbers is reserved in the store
// before any of it is used, so that a crash skips numbers and never repeats one. IEC 62056-5-3, 5.3.7.

import type { InvocationCounter } from '../core/client/options';
import { DlmsError } from '../core/wire/errors';

/** Keeps numbers over restarts; what `set` was given, `get` returns after a crash too. */
export interface NumberStore {
  get(key: string): number | null;
  set(key: string, value: number): void;
}

/** Forgets with the process; the meter corrects what was lost. */
export class NumbersInMemory implements NumberStore {
  readonly #numbers = new Map<string, number>();
  get(key: string): number | null {
    return this.#numbers.get(key) ?? null;
  }
  set(key: string, value: number): void {
    this.#numbers.set(key, value);
  }
}

export class CounterKeeper implements InvocationCounter {
  #next: number | null;
  #reserved: number;

  /** One keeper a key in each store: two sessions with the same key and title count together. */
  static of(store: NumberStore, key: string): CounterKeeper {
    const keepers = KEEPERS.get(store) ?? new Map<string, CounterKeeper>();
    KEEPERS.set(store, keepers);
    const keeper = keepers.get(key) ?? new CounterKeeper(store, key);
    keepers.set(key, keeper);
    return keeper;
  }

  private constructor(
    readonly store: NumberStore,
    readonly key: string,
  ) {
    this.#next = store.get(key) ?? null;
    this.#reserved = this.#next ?? 0;
  }

  /** False: nobody has told yet where to begin. */
  get known(): boolean {
    return this.#next !== null;
  }

  /** The counter to use. Throws LIMIT_EXCEEDED when the key is used up. */
  next(): number {
    const counter = this.#next ?? 1;
    if (counter > LAST) {
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'invocation counter', limit: LAST, actual: counter });
    }
    this.#next = counter + 1;
    if (this.#next > this.#reserved) {
      this.#reserved = Math.min(counter + STRETCH, LAST + 1);
      this.store.set(this.key, this.#reserved);
    }
    return counter;
  }

  /** The meter said what it wants; a counter is never set back. */
  atLeast(counter: number): void {
    if (this.#next === null || counter > this.#next) this.#next = counter;
  }

  /** An orderly end: the rest of the stretch is given back. */
  settle(): void {
    if (this.#next === null || this.#reserved === this.#next) return;
    this.#reserved = this.#next;
    this.store.set(this.key, this.#next);
  }
}

const KEEPERS = new WeakMap<NumberStore, Map<string, CounterKeeper>>();
const LAST = 0xffffffff;
const STRETCH = 64;
