// How long to leave a meter alone after it was lost: nothing the first time, then longer and longer, with jitter, so that a
// fleet behind one gateway does not come back in step.
// The rule of the file: a clock that is set, forward or back, changes nothing; its times are of a clock that only runs.

import type { DlmsError } from '../../core/wire/errors';
import { aborted } from './client-runner';

export class Backoff {
  #failures = 0;
  #untilMs = 0;
  #error: DlmsError | null = null;

  constructor(
    readonly monotonicMs: () => number,
    readonly random: (n: number) => Uint8Array,
  ) {}

  succeeded(): void {
    this.#failures = 0;
    this.#untilMs = 0;
    this.#error = null;
  }

  failed(error: DlmsError): void {
    this.#failures++;
    this.#error = error;
    if (this.#failures === 1) return;
    const full = Math.min(FIRST_MS * 2 ** (this.#failures - 2), MOST_MS);
    const jitter = ((this.random(1)[0] ?? 0) / 255) * 0.5;
    this.#untilMs = this.monotonicMs() + full * (0.75 + jitter);
  }

  /** Resolves when the time has come; `waiting` is told for how long, if it has not. Rejects with ABORTED. */
  wait(signal: AbortSignal, waiting: (forMs: number, error: DlmsError) => void): Promise<void> {
    const ms = this.#untilMs - this.monotonicMs();
    if (ms <= 0 || this.#error === null) return Promise.resolve();
    waiting(ms, this.#error);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(aborted(signal));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

const FIRST_MS = 500;
const MOST_MS = 15_000;
