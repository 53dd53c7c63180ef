// Rows between a read and the flow that takes them: an async iterable with a bound instead of back-pressure, because a meter
// that is made to wait in the middle of a transfer gives it up.

import { DlmsError } from '../core/wire/errors';

export class RowQueue<T> implements AsyncIterable<T> {
  #rows: T[] = [];
  #ended = false;
  #error: unknown = null;
  #wake: (() => void) | null = null;

  /** `abandoned` is called when the taker stops before the end. */
  constructor(
    readonly limit: number,
    readonly abandoned: () => void,
  ) {}

  /** Throws LIMIT_EXCEEDED when nobody takes the rows. */
  push(row: T): void {
    if (this.#rows.length >= this.limit) {
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'rows waiting', limit: this.limit, actual: this.limit + 1 });
    }
    this.#rows.push(row);
    this.#notify();
  }

  end(error: unknown = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    let complete = false;
    try {
      for (;;) {
        const rows = this.#rows;
        this.#rows = [];
        for (const row of rows) yield row;
        if (this.#rows.length > 0) continue;
        if (this.#ended) {
          complete = true;
          // What the read ended with is thrown as it is, so that its stack points at the request.
          if (this.#error !== null) throw this.#error;
          return;
        }
        await new Promise<void>(resolve => (this.#wake = resolve));
      }
    } finally {
      if (!complete) this.abandoned();
    }
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
