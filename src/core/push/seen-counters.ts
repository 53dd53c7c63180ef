// Counters of telegrams that were deciphered but not verified: bits of them may have been changed, and with luck and many
// tries somebody without the key sends one with any counter. The rule of the file: only what was received is a repetition,
// with what it passed over; a jump, however high, never makes other counters repetitions.

/** Counters that came one behind the other. from <= to; count > 0 */
interface Run {
  from: number;
  to: number;
  count: number;
}

export class SeenCounters {
  /** In the order of their last telegram; 0 <= length <= LIMIT_RUNS */
  readonly #runs: Run[] = [];

  /** `kept`: the last counter of the run that was kept from the time before. */
  constructor(kept?: number) {
    if (kept !== undefined) this.#runs.push({ from: kept, to: kept, count: ESTABLISHED });
  }

  /** Of the telegram that came last; undefined: none came. */
  get last(): number | undefined {
    return this.#runs.at(-1)?.to;
  }

  /** What is worth keeping: where the latest established run stands. A single telegram, perhaps forged, does not move it. */
  get established(): number | undefined {
    return (this.#runs.findLast(run => run.count >= ESTABLISHED) ?? this.#runs[0])?.to;
  }

  /** A run of several telegrams is the meter's own: what was recorded before it began is a repetition, too. */
  has(counter: number): boolean {
    return this.#runs.some(
      run => counter <= run.to && counter >= (run.count >= ESTABLISHED ? run.from - BEFORE : run.from),
    );
  }

  add(counter: number): void {
    const at = this.#runs.findIndex(run => counter > run.to && counter <= run.to + PASSED_OVER);
    const run = this.#runs[at] ?? { from: counter, to: counter, count: 0 };
    run.to = counter;
    run.count++;
    if (at >= 0) this.#runs.splice(at, 1);
    this.#runs.push(run);
    if (this.#runs.length <= LIMIT_RUNS) return;
    const single = this.#runs.findIndex(other => other.count < ESTABLISHED);
    this.#runs.splice(Math.max(0, single), 1);
  }
}

/** Telegrams may get lost; a forged counter costs the meter no more than these. */
const PASSED_OVER = 24;
/** Telegrams in a row that nobody sends by luck. */
const ESTABLISHED = 8;
/** A month of telegrams each half minute. */
const BEFORE = 86_400;
const LIMIT_RUNS = 16;
