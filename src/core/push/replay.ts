// Invocation counters by system title: what came before, what was skipped. IEC 62056-5-3, 5.3.7.
// The rule of the file: titles come from outside, so their number is bounded.

import type { Origin } from '../cosem/reading';
import { DlmsError } from '../wire/errors';

export class ReplayGuard {
  /** In the order of their first telegram; 0 <= size <= LIMIT_TITLES */
  readonly #last = new Map<string, number>();

  constructor(readonly mode: 'accept' | 'refuse') {}

  /** `systemTitle` in hex, '' for none. `error` REPLAYED where replays are refused; else what to mark the telegram with. */
  check(systemTitle: string, counter: number): Seen {
    const last = this.#last.get(systemTitle);
    // Elgama GAMA 350 (Poland) sends 0 for ever.
    if (last === undefined || (last === 0 && counter === 0)) {
      this.#remember(systemTitle, counter);
      return FINE;
    }
    if (counter > last) {
      this.#remember(systemTitle, counter);
      return counter === last + 1 ? FINE : { error: null, mark: { skipped: counter - last - 1 } };
    }
    if (this.mode === 'accept') return AGAIN;
    const title = systemTitle === '' ? null : systemTitle;
    return { error: new DlmsError({ code: 'REPLAYED', systemTitle: title, counter, last }), mark: null };
  }

  #remember(title: string, counter: number): void {
    if (this.#last.size >= LIMIT_TITLES && !this.#last.has(title)) {
      const oldest = this.#last.keys().next().value;
      if (oldest !== undefined) this.#last.delete(oldest);
    }
    this.#last.set(title, counter);
  }
}

export interface Seen {
  readonly error: DlmsError | null;
  readonly mark: Pick<Origin, 'replayed' | 'skipped'> | null;
}

const FINE: Seen = { error: null, mark: null };
const AGAIN: Seen = { error: null, mark: { replayed: true } };
const LIMIT_TITLES = 1024;
