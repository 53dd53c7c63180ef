// How long each wait of a reader may take, however much comes meanwhile.
// The rule of the file: every wait has a limit: named when we have spoken, when a rest begins and when a message has come, once
// more when an answer has begun, and then for each piece of it that comes at the least pace.

import type { ReaderLine } from './reader-line';
import type { Phase, ReaderStep } from './reader-phase';

export class WaitBound {
  #begun = false;
  #came = 0;

  constructor(readonly line: ReaderLine) {}

  /** Since the last limit an answer has begun. */
  get begun(): boolean {
    return this.#begun;
  }
  /** Characters since the last limit. */
  get came(): number {
    return this.#came;
  }
  count(characters: number): void {
    this.#came += characters;
  }

  /** `moved`: we have spoken or a message has come. `begins`: what is waited for has begun. */
  bound(taken: ReaderStep, before: Phase['in'], phase: Phase, moved: boolean, begins: () => boolean): ReaderStep {
    const { waitMs } = taken;
    if (waitMs === null || phase.in === 'listening') return taken;
    if (moved || phase.in !== before) return this.#limited(taken, false, this.#firstMs(phase, waitMs));
    if (before === 'identifying') {
      return this.#begun || !begins() ? taken : this.#limited(taken, true, LONGEST_IDENTIFICATION_MS);
    }
    const more = this.#begun ? this.#came >= this.line.paceCharacters : begins();
    return more ? this.#limited(taken, true, this.line.paceMs) : taken;
  }

  #limited(taken: ReaderStep, begun: boolean, limitMs: number): ReaderStep {
    this.#begun = begun;
    this.#came = 0;
    return { ...taken, limitMs };
  }

  #firstMs(phase: Phase, waitMs: number): number {
    switch (phase.in) {
      case 'resting':
        return waitMs + MOST_RESTING_MS;
      case 'falling-back':
        return this.line.paceMs;
      default:
        return waitMs;
    }
  }
}

/** Noise prolongs a rest no longer than this. */
export const MOST_RESTING_MS = 10_000;
/** 23 characters are 0.8 s at 300 baud; the rest is for lines that pause. */
const LONGEST_IDENTIFICATION_MS = 20_000;
