// The meter's numbered frames: which of them to take, and the answer they make up. ISO/IEC 13239, 5.5.
// The rule of the file: each frame is taken once and in order, even from meters that cannot count.

import { equalBytes, joined } from '../wire/hex';
import { stripLlc } from '../framing/hdlc-segments';

/** `take`: the frame expected. `frozen`: taken although its number stands still. `lost`: one before it is missing. */
export type Verdict = 'take' | 'frozen' | 'repeated' | 'lost';

export class FrameReceiver {
  /** N(S) expected next, which is the N(R) we send. */
  next = 0;
  /** Octets of the unfinished answer; an empty frame counts as one, or a meter could send them for ever. */
  size = 0;
  #parts: Uint8Array[] = [];
  #latest: Uint8Array | null = null;
  /** Hexing HXE130 sends each frame with N(S) 0 (docs/quirks.md#q16a). Once found out, it is known for the link. */
  #frozen = false;

  /** The link begins anew. */
  reset(): void {
    this.next = 0;
    this.#latest = null;
    this.#frozen = false;
    this.clear();
  }

  /** Drops the unfinished answer. */
  clear(): void {
    this.#parts = [];
    this.size = 0;
  }

  judge(ns: number, information: Uint8Array, window: number): Verdict {
    const ahead = (ns - this.next) & 7;
    if (ahead === 0 && !this.#frozen) return 'take';
    if (window > 1 && !this.#frozen) return ahead < window ? 'lost' : 'repeated';
    // With a window of one nothing can be lost in between: another number means a repetition, or a meter that cannot count.
    const repeated = this.#latest !== null && equalBytes(this.#latest, information);
    if (repeated && (!this.#frozen || this.#parts.length > 0)) return 'repeated';
    if (this.#frozen) return 'take';
    this.#frozen = true;
    return 'frozen';
  }

  take(information: Uint8Array): void {
    this.next = (this.next + 1) & 7;
    this.#latest = information;
    // The LLC stands in front of a message only.
    const body = this.#parts.length === 0 ? stripLlc(information).body : information;
    this.#parts.push(body);
    this.size += Math.max(1, body.length);
  }

  /** The answer, which is finished then. */
  finish(): Uint8Array {
    const answer = joined(this.#parts);
    this.clear();
    return answer;
  }
}
