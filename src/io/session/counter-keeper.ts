// The invocation counter of one key and one system title. Numbers are reserved in stretches, ahead of their use and without
// holding anybody up, so that neither a crash nor a full disk nor a second process repeats one. IEC 62056-5-3, 5.3.7.
// The rules of the file: a number that was not reserved is not given; what nothing proves moves the counter a step at most.

import type { CounterSource } from '../../core/client/options';
import { invocationCounter, type InvocationCounter } from '../../core/security';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { stretchOf, type CounterStore, type Stretch } from './counter-store';

export { NumbersInMemory, type CounterStore, type NumberStore } from './counter-store';

export interface CounterOwner {
  /**
   * The fingerprints under which its numbers are kept, the first of the global key. A dedicated key has one of its own,
   * because the same one may be used beside other global keys; a number is taken when it is free for all of them.
   */
  readonly fingerprints: readonly string[];
  readonly systemTitle: Uint8Array;
}

export class CounterKeeper implements CounterSource {
  /** One keeper for the same keys and title in each store: their sessions count together. */
  static of(store: CounterStore, owner: CounterOwner): CounterKeeper {
    const keepers = KEEPERS.get(store) ?? new Map<string, CounterKeeper>();
    KEEPERS.set(store, keepers);
    const key = owner.fingerprints.join(' ');
    const keeper = keepers.get(key) ?? new CounterKeeper(store, owner);
    keepers.set(key, keeper);
    return keeper;
  }

  /** Reserved and not used, in order. */
  #stretches: Stretch[] = [];
  /** Nothing below it is used. */
  #floor = FIRST;
  #known = false;
  /** A meter has shown that it counts here, or the user said so. */
  #settled = false;
  #loading: Promise<void> | null = null;
  #refilling: Promise<void> | null = null;
  #trouble: DlmsError | null = null;
  /** What unproven messages may still add; the whole step again when the meter has proven itself. */
  #mayAdd = UNPROVEN_STEP;

  private constructor(
    readonly store: CounterStore,
    readonly owner: CounterOwner,
  ) {}

  /** False: nobody has told yet where to begin. Right after `load`. */
  get known(): boolean {
    return this.#known;
  }

  /** The number that comes next; nothing is used up by asking. */
  get position(): number {
    return Math.max(this.#stretches[0]?.from ?? 0, this.#floor);
  }

  /** What the store knows. Rejects with STATE_NOT_SAVED where it cannot be read now. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      // Asked again with the next request.
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  /** Enough numbers for a request. Rejects with STATE_NOT_SAVED and KEY_USED_UP. */
  async ready(): Promise<void> {
    await this.load();
    for (;;) {
      await this.low();
      const left = this.#left();
      // The last few numbers of a key are used, too.
      if (left >= LOW || (left > 0 && this.#trouble?.code !== 'STATE_NOT_SAVED')) return;
      if (this.#trouble !== null) throw this.#trouble;
      // What came was below a number that the meter asked for meanwhile.
    }
  }

  /** Null: there are enough numbers for what one chunk of bytes may ask for; else when to go on. Never rejects. */
  low(): Promise<void> | null {
    return this.#left() >= LOW ? null : this.#refill();
  }

  /** The counter to use. Throws STATE_NOT_SAVED or KEY_USED_UP where none is reserved. */
  next(): InvocationCounter {
    const [stretch] = this.#stretches;
    if (stretch === undefined) throw this.#trouble ?? notSaved('no numbers are reserved');
    const counter = invocationCounter(stretch.from, 'our own count');
    this.#skipTo(counter + 1);
    if (this.#left() <= STRETCH / 2) void this.#refill();
    return counter;
  }

  /**
   * The meter says, and nothing proves that it was the meter, which number it wants. A counter is never set back.
   * Throws COUNTER_JUMP, and stays, where it is too far from the present one. `first`: by its counter object, which is
   * believed as long as there is nothing to compare it with.
   */
  unproven(wanted: number, first = false): void {
    const have = this.position;
    const isFirst = first && !this.#settled;
    const limit = isFirst ? LAST_FIRST : this.#mayAdd;
    if (wanted > (isFirst ? limit : have + limit)) {
      throw new DlmsError({ code: 'COUNTER_JUMP', asked: wanted, have, limit });
    }
    if (!isFirst && wanted > have) this.#mayAdd -= wanted - have;
    this.#known = true;
    if (wanted > have) this.#skipTo(wanted);
  }

  /** The meter has shown that it has the key. */
  proven(): void {
    this.#settled = true;
    this.#mayAdd = UNPROVEN_STEP;
  }

  /** The user's word. Kept when it resolves; a lower number changes nothing. */
  async raise(wanted: InvocationCounter): Promise<void> {
    await this.load();
    // A slip of the finger must not end the key.
    stretchOf(0, { systemTitle: this.owner.systemTitle, floor: wanted, count: 1, settled: true });
    if (wanted <= this.position && this.#settled) return;
    this.#skipTo(wanted);
    this.#known = true;
    this.proven();
    // A new reservation keeps it, and that it is the user's word.
    this.#stretches = [];
    await this.ready();
  }

  #left(): number {
    return this.#stretches.reduce((sum, { from, end }) => sum + end - from, 0);
  }

  #skipTo(floor: number): void {
    this.#floor = Math.max(floor, this.#floor);
    this.#stretches = this.#stretches
      .map(({ from, end }) => ({ from: Math.max(from, this.#floor), end }))
      .filter(({ from, end }) => from < end);
  }

  async #load(): Promise<void> {
    const { fingerprints, systemTitle } = this.owner;
    const kept = await inTime(Promise.all(fingerprints.map(f => this.store.free(f, systemTitle))));
    const [own] = kept;
    if (own !== null && own !== undefined) this.#known = true;
    this.#settled = own?.settled ?? false;
    this.#skipTo(Math.max(FIRST, ...kept.map(k => k?.next ?? 0)));
  }

  /** One at a time; what went wrong is kept for who needs a number. */
  #refill(): Promise<void> {
    this.#refilling ??= (async () => {
      try {
        const stretch = await inTime(this.#reserve());
        this.#trouble = null;
        this.#stretches.push(stretch);
        // The meter may have asked for more meanwhile.
        this.#skipTo(this.#floor);
      } catch (error) {
        this.#trouble = isDlmsError(error) ? error : notSaved(error instanceof Error ? error.message : String(error));
      } finally {
        this.#refilling = null;
      }
    })();
    return this.#refilling;
  }

  /** What is free under all fingerprints at once. */
  async #reserve(): Promise<Stretch> {
    const { fingerprints, systemTitle } = this.owner;
    let floor = Math.max(this.#floor, this.#stretches.at(-1)?.end ?? 0);
    for (;;) {
      const floors: Stretch[] = [];
      for (const fingerprint of fingerprints) {
        const wanted = { systemTitle, floor, count: STRETCH, settled: this.#settled };
        const stretch = await this.store.reserve(fingerprint, wanted);
        floor = Math.max(floor, stretch.from);
        floors.push(stretch);
      }
      const end = Math.min(...floors.map(s => s.end));
      if (floor < end) return { from: floor, end };
    }
  }
}

/** A disk that does not answer is a disk that does not save. Rejects with STATE_NOT_SAVED. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notSaved(`the disk did not answer within ${SAVE_MS / 1000} s`)), SAVE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function notSaved(reason: string): DlmsError {
  return new DlmsError({
    code: 'STATE_NOT_SAVED',
    what: 'the invocation counter',
    reason: `${reason}; nothing was sent`,
  });
}

const KEEPERS = new WeakMap<CounterStore, Map<string, CounterKeeper>>();
const FIRST = 1;
/** Numbers in one reservation: one write for as many messages. */
const STRETCH = 256;
/** A chunk of bytes is answered by few messages. */
const LOW = 8;
/** A meter with another client of our title may be ahead by that; more needs the user's word. */
export const UNPROVEN_STEP = 2 ** 20;
/** A meter that is so near the end of its key would be a rare one; a forged number that uses it up is likelier. */
const LAST_FIRST = 2 ** 32 - UNPROVEN_STEP;
const SAVE_MS = 10_000;
