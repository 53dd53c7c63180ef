// Encrypted meters that are in no row of the table of keys: thousands of them may be heard beside those that are wanted.
// The rule of the file: each is told once until the next deploy, then once a day, and counted in between.

export class Unlisted {
  /** When each was told, by its system title. size <= LIMIT_TOLD */
  readonly #told = new Map<string, number>();
  #full = false;

  /** `full`: from now on further meters are counted only, which has to be told. */
  heard(systemTitle: string, nowMs: number): 'tell' | 'count' | 'full' {
    const last = this.#told.get(systemTitle);
    if (last !== undefined && nowMs - last < AGAIN_MS) return 'count';
    if (last === undefined && this.#told.size >= LIMIT_TOLD) {
      if (this.#full) return 'count';
      this.#full = true;
      return 'full';
    }
    this.#told.set(systemTitle, nowMs);
    return 'tell';
  }
}

export const LIMIT_TOLD = 10_000;
const AGAIN_MS = 86_400_000;
