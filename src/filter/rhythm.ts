// How often something comes, so that it can be said when it does not come any more.
// The rule of the file: one gap that is longer than the others, which was an outage, is not the rhythm.

export class Rhythm {
  #lastMs: number | null = null;
  readonly #gaps: number[] = [];

  /** By our clock. */
  heard(nowMs: number): void {
    // Lists of one moment are one; a clock that was set back tells no gap.
    if (this.#lastMs !== null && nowMs - this.#lastMs >= MOMENT_MS) {
      this.#gaps.push(nowMs - this.#lastMs);
      if (this.#gaps.length > GAPS) this.#gaps.shift();
    }
    this.#lastMs = nowMs;
  }

  get lastMs(): number | null {
    return this.#lastMs;
  }

  /** ms; null before the third time: two reads by hand are no rhythm. The second longest of the last gaps: lists that take turns have two kinds of gaps. */
  get periodMs(): number | null {
    const [longest, second] = [...this.#gaps].sort((a, b) => b - a);
    if (longest === undefined || second === undefined) return null;
    return this.#gaps.length < 3 ? longest : second;
  }

  /** Nothing came for three periods. Unknown rhythm: for `otherwiseMs`. */
  isSilent(nowMs: number, otherwiseMs: number): boolean {
    if (this.#lastMs === null) return false;
    const period = this.periodMs;
    return nowMs - this.#lastMs > (period === null ? otherwiseMs : Math.max(LEAST_MS, PERIODS * period));
  }
}

/** So many periods without a value are a death. */
export const PERIODS = 3;
/** A broker or a radio may pause so long without anything being wrong. */
export const LEAST_MS = 5_000;
const MOMENT_MS = 500;
const GAPS = 5;
