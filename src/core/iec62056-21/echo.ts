// Optical heads reflect: what was sent comes back first. It is recognised against what was sent and dropped.

import { concat } from '../wire/hex';

export class EchoFilter {
  #sent: Uint8Array = NOTHING;
  #held: Uint8Array = NOTHING;
  /** An echo came back at least once: this head reflects. */
  seen = false;

  /** Call with everything that is sent; the comparison starts afresh with each turn. */
  sent(bytes: Uint8Array): void {
    this.#sent = bytes;
    this.#held = NOTHING;
  }

  /** Gives back what is no echo. Up to two characters at its beginning may have been lost. */
  receive(chunk: Uint8Array): Uint8Array {
    if (this.#sent.length === 0) return chunk;
    const all = this.#held.length === 0 ? chunk : concat(this.#held, chunk);
    for (let lost = 0; lost <= Math.min(2, this.#sent.length - 2); lost++) {
      const tail = this.#sent.subarray(lost);
      const compared = Math.min(tail.length, all.length);
      if (!startsAlike(all, tail, compared)) continue;
      if (all.length < tail.length) {
        this.#held = all.slice();
        return NOTHING;
      }
      this.seen = true;
      this.#stop();
      return all.subarray(tail.length);
    }
    this.#stop();
    return all;
  }

  /** What is held because it could still be an echo; for the end of a wait. */
  flush(): Uint8Array {
    const held = this.#held;
    this.#stop();
    return held;
  }

  #stop(): void {
    this.#sent = NOTHING;
    this.#held = NOTHING;
  }
}

function startsAlike(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const NOTHING = new Uint8Array(0);
