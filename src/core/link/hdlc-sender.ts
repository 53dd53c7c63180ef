// The numbered I frames one side has to send: what is in flight, what is acknowledged. ISO/IEC 13239, 5.5; go back n.
// Invariant: parts[0 .. inFlight) are sent and not acknowledged, parts[0] has N(S) = first.

/** One I frame to send. */
export interface Part {
  readonly ns: number;
  readonly information: Uint8Array;
  readonly segmented: boolean;
  /** The last that may be sent before an acknowledgement: it carries the poll or final bit. */
  readonly endsWindow: boolean;
}

export class FrameSender {
  #parts: Uint8Array[] = [];
  #first = 0;
  #inFlight = 0;

  /** Nothing waits to be sent or acknowledged. */
  get done(): boolean {
    return this.#parts.length === 0;
  }
  /** Sent and not acknowledged. */
  get inFlight(): number {
    return this.#inFlight;
  }
  /** Everything was sent, whether acknowledged or not. */
  get allSent(): boolean {
    return this.#inFlight === this.#parts.length;
  }

  reset(): void {
    this.#parts = [];
    this.#first = 0;
    this.#inFlight = 0;
  }

  load(parts: readonly Uint8Array[]): void {
    this.#parts = [...parts];
    this.#inFlight = 0;
  }

  /** N(R) came. True when it acknowledges something new. */
  acknowledge(nr: number): boolean {
    const count = (nr - this.#first) & 7;
    if (count === 0 || count > this.#inFlight) return false;
    this.#remove(count);
    return true;
  }

  /** An answer came, so everything that was sent has arrived, whatever N(R) says. */
  settle(): void {
    this.#remove(this.#inFlight);
    this.#parts = [];
  }

  /** All frames from the first unacknowledged one on that a window of this size allows; they count as sent. */
  window(size: number): Part[] {
    const count = Math.min(size, this.#parts.length);
    // What was sent before in a larger window may have arrived, and is acknowledged then.
    this.#inFlight = Math.max(this.#inFlight, count);
    return this.#parts.slice(0, count).map((information, i) => ({
      ns: (this.#first + i) & 7,
      information,
      segmented: i < this.#parts.length - 1,
      endsWindow: i === count - 1,
    }));
  }

  #remove(count: number): void {
    this.#parts.splice(0, count);
    this.#first = (this.#first + count) & 7;
    this.#inFlight -= count;
  }
}
