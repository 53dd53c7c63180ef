// The highest invocation counters received, over associations: a recorded session is refused by the next one.
// The rule of the file: only a message whose tag was verified counts; anybody could write any other.

import type { ReceivedCounters } from '../../core/client/options';
import { keyFingerprint, systemTitleText, type Key } from '../../core/security';

export interface AssociationCounters extends ReceivedCounters {
  /** It ended, or never stood: nothing is compared for it any more. */
  end(): void;
}

export interface ReceivedStore {
  /** Resolves, whatever happens, when what earlier runs received is known. */
  readonly loaded: Promise<void>;
  /** For one association, from before its first word: what others receive meanwhile is newer than it, and no measure for it. */
  association(): AssociationCounters;
  /** The meter counts anew: what came under this key counts no more, from one title or from all. */
  forget(key: Key, systemTitle: Uint8Array | null): void;
  /** What was written last is on the disk when it resolves. Never rejects. */
  flush(): Promise<void>;
}

/** What the memory of a run and a journal have in common. */
export interface NumberMap {
  readonly loaded: Promise<void>;
  get(key: string): number | null;
  raise(key: string, number: number): void;
  forget(key: string): void;
  keys(): Iterable<string>;
  flush(): Promise<void>;
}

export class Received implements ReceivedStore {
  readonly #opening = new Set<Map<string, number | null>>();

  constructor(readonly numbers: NumberMap = new NumbersOfThisRun()) {}

  get loaded(): Promise<void> {
    return this.numbers.loaded;
  }
  association(): AssociationCounters {
    /** What stood here before it was raised by somebody else. */
    const before = new Map<string, number | null>();
    this.#opening.add(before);
    const [oldest] = this.#opening;
    // One that never heard anything leaves nothing behind.
    if (this.#opening.size > OPENING_LIMIT && oldest !== undefined) this.#opening.delete(oldest);
    return {
      highest: (key, systemTitle) => {
        const name = nameOf(key, systemTitle);
        this.#opening.delete(before);
        return before.has(name) ? (before.get(name) ?? null) : this.numbers.get(name);
      },
      verified: (key, systemTitle, counter) => {
        const name = nameOf(key, systemTitle);
        for (const other of this.#opening) if (!other.has(name)) other.set(name, this.numbers.get(name));
        this.numbers.raise(name, counter);
      },
      end: () => {
        this.#opening.delete(before);
      },
    };
  }
  forget(key: Key, systemTitle: Uint8Array | null): void {
    const fingerprint = keyFingerprint(key);
    const named = systemTitle === null ? null : nameOf(fingerprint, systemTitle);
    const names = [...this.numbers.keys()].filter(name => name.startsWith(`${fingerprint} `));
    for (const name of names) if (named === null || name === named) this.numbers.forget(name);
  }
  flush(): Promise<void> {
    return this.numbers.flush();
  }
}

class NumbersOfThisRun implements NumberMap {
  readonly loaded = Promise.resolve();
  readonly #numbers = new Map<string, number>();

  get(key: string): number | null {
    return this.#numbers.get(key) ?? null;
  }
  raise(key: string, number: number): void {
    if (number <= (this.#numbers.get(key) ?? -1)) return;
    this.#numbers.delete(key);
    this.#numbers.set(key, number);
    const [oldest] = this.#numbers.keys();
    if (this.#numbers.size > LIMIT && oldest !== undefined) this.#numbers.delete(oldest);
  }
  forget(key: string): void {
    this.#numbers.delete(key);
  }
  keys(): Iterable<string> {
    return this.#numbers.keys();
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

function nameOf(key: string, systemTitle: Uint8Array): string {
  return `${key} ${systemTitleText(systemTitle) ?? ''}`;
}

const LIMIT = 100_000;
const OPENING_LIMIT = 1000;
