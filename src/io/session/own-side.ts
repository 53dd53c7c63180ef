// What our side brings into a ciphered association: its system title, the counters it sends, and those it has received.
// The rule of the file: whoever talks to a meter (session, test) takes all three from here, so that none has its own count.

import type { Association } from '../../core/client/association';
import { counterFingerprint, SYSTEM_TITLE_OCTETS } from '../../core/security';
import { CounterKeeper, inTime, notSaved, NumbersInMemory, type CounterStore } from './counter-keeper';
import { Received, type AssociationCounters, type ReceivedStore } from './received-counters';
import type { ConnectionSettings } from '../settings/settings';

/** What an installation keeps. Without it everything lives as long as the process. */
export interface Installation {
  /** Ours where the settings name none: made at random once, so that no other installation has it. Eight octets. */
  readonly systemTitle?: Uint8Array;
  readonly counters?: CounterStore;
  readonly received?: ReceivedStore;
}

export class OwnSide {
  readonly counter: CounterKeeper;
  readonly received: ReceivedStore;
  /** With our title, where one is needed. */
  readonly settings: ConnectionSettings;
  readonly #titleIsOld: boolean;

  constructor(
    settings: ConnectionSettings,
    installation: Installation,
    readonly random: (n: number) => Uint8Array,
  ) {
    const counters = installation.counters ?? new NumbersInMemory();
    const title = settings.systemTitle ?? installation.systemTitle ?? titleOfThisRun();
    this.settings = settings.needsSystemTitle ? { ...settings, systemTitle: title } : settings;
    // A random title of this run has never been used; one that was set may have been, in an earlier run.
    this.#titleIsOld = settings.systemTitle !== null;
    const { encryption, dedicated } = settings.keys;
    const fingerprints = [encryption, dedicated].flatMap(key => (key === null ? [] : [counterFingerprint(key, title)]));
    this.counter = CounterKeeper.of(counters, { fingerprints, systemTitle: title });
    this.received = installation.received ?? RECEIVED.get(counters) ?? new Received();
    RECEIVED.set(counters, this.received);
  }

  /** Whether numbers are used up at all. */
  get counts(): boolean {
    return countsWith(this.settings);
  }

  /** What is known from before. Rejects with STATE_NOT_SAVED. */
  async load(): Promise<void> {
    await Promise.all([this.counter.load(), inTime(this.received.loaded)]);
  }

  /** The counter object said the number that it saw last. Throws COUNTER_JUMP. */
  told(last: number): void {
    // Where nothing was kept, a run before may have used more than the meter has heard of.
    const skip = this.#blind && !this.counter.known ? 1 + new DataView(this.random(2).slice().buffer).getUint16(0) : 0;
    this.counter.unproven(last + 1 + skip, true);
  }

  /** Numbers for a request. Rejects with STATE_NOT_SAVED, and with KEY_USED_UP. */
  async ready(): Promise<void> {
    if (this.#blind && !this.counter.known) {
      throw notSaved('what was used before is not known, and the meter does not tell the number it saw last');
    }
    await this.counter.ready();
  }

  /** An association stands. Where its messages have tags, it is they that prove the meter; else nothing better will come. */
  stands(association: Association | null): void {
    if (association !== null && !this.#tagged) this.counter.proven();
  }

  /** For the client of one association: what it receives, and with it the proof that the meter has the key. */
  listening(): AssociationCounters {
    const { counter } = this;
    const received = this.received.association();
    return {
      highest: (key, title) => received.highest(key, title),
      verified: (key, title, number) => {
        counter.proven();
        received.verified(key, title, number);
      },
      end: () => received.end(),
    };
  }

  get #tagged(): boolean {
    return this.settings.security === 'authentication' || this.settings.security === 'authentication-encryption';
  }

  get #blind(): boolean {
    return this.counter.store.forgetful && this.#titleIsOld;
  }
}

export function countsWith(settings: ConnectionSettings): boolean {
  return settings.security !== 'none' || settings.authentication === 'high-gmac';
}

/** Three letters of ours, and five octets that no other installation has. */
export function newSystemTitle(random: (n: number) => Uint8Array): Uint8Array {
  const title = new Uint8Array(SYSTEM_TITLE_OCTETS);
  title.set(OUR_LETTERS);
  title.set(random(SYSTEM_TITLE_OCTETS - OUR_LETTERS.length), OUR_LETTERS.length);
  return title;
}

function titleOfThisRun(): Uint8Array {
  return (ofThisRun ??= newSystemTitle(n => crypto.getRandomValues(new Uint8Array(n))));
}

let ofThisRun: Uint8Array | null = null;
/** By the store of the counters: who shares the one shares the other. */
const RECEIVED = new WeakMap<CounterStore, ReceivedStore>();
const OUR_LETTERS = Uint8Array.from([0x4d, 0x46, 0x4c]);
