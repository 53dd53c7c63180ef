// A timer that is set again and again, mostly to the same time: for waits that begin anew with each chunk.
// The rule of the file: it rings for nobody unless it is armed, so that disarming costs nothing.

export class Alarm {
  #timer: NodeJS.Timeout | null = null;
  #ms = 0;
  #armed = false;

  constructor(private readonly ring: () => void) {}

  get armed(): boolean {
    return this.#armed;
  }

  /** Rings once, this long from now; what was set before does not. */
  set(ms: number): void {
    this.#armed = true;
    if (this.#timer !== null && this.#ms === ms) {
      this.#timer.refresh();
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ms = ms;
    this.#timer = setTimeout(() => {
      if (!this.#armed) return;
      this.#armed = false;
      this.ring();
    }, ms);
  }

  /** Does not ring; the timer is kept for the next time and may hold the process. */
  quiet(): void {
    this.#armed = false;
  }

  /** Does not ring, and holds nothing. */
  stop(): void {
    this.#armed = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
