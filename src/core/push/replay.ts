// Invocation counters by system title: what came before, what was skipped. IEC 62056-5-3, 5.3.7.
// The rule of the file: titles come from outside, so their number is bounded.

import type { Origin } from '../cosem/reading';
import { DlmsError } from '../wire/errors';
import { hex } from '../wire/hex';

export class ReplayGuard {
  /** In the order of their last telegram; 0 <= size <= LIMIT_TITLES */
  readonly #last = new Map<string, number>();

  constructor(readonly mode: 'accept' | 'refuse') {}

  /** `error` REPLAYED where replays are refused; else what the telegram is to be marked with. */
  check(
    systemTitle: Uint8Array | null,
    counter: number,
  ): { readonly error: DlmsError | null; readonly mark: Pick<Origin, 'replayed' | 'skipped'> } {
    const title = systemTitle === null ? '' : hex(systemTitle);
    const last = this.#last.get(title);
    // Elgama GAMA 350 (Poland) sends 0 for ever.
    if (last === undefined || (last === 0 && counter === 0)) {
      this.#remember(title, counter);
      return FINE;
    }
    if (counter > last) {
      this.#remember(title, counter);
      return counter === last + 1 ? FINE : { error: null, mark: { skipped: counter - last - 1 } };
    }
    if (this.mode === 'accept') return { error: null, mark: { replayed: true } };
    const error = new DlmsError({ code: 'REPLAYED', systemTitle: title === '' ? null : title, counter, last });
    return { error, mark: {} };
  }

  #remember(title: string, counter: number): void {
    this.#last.delete(title);
    this.#last.set(title, counter);
    if (this.#last.size > LIMIT_TITLES) {
      const oldest = this.#last.keys().next().value;
      if (oldest !== undefined) this.#last.delete(oldest);
    }
  }
}

const FINE = { error: null, mark: {} } as const;
const LIMIT_TITLES = 1024;
