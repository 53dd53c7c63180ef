// Passwords that one meter has refused, or met by silence: meters lock after some wrong ones, and flows ask again by the clock.
// The rule of the file: each refusal doubles the pause, and only a password that is taken ends it.

import { createHash } from 'node:crypto';

import { DlmsError } from '../../core/wire/errors';

/** Of one meter, whoever asks. Times are those of performance.now(), which is never set. */
export class RefusedPasswords {
  /** Hashes: the secret itself stays where it is used. */
  readonly #refused = new Set<string>();
  #times = 0;
  #untilMs = -Infinity;
  /** The last one was met by silence. */
  #unanswered = false;
  /** Of the one that the meter took last: a lost answer says nothing against it. */
  #taken: string | null = null;

  /** true: a password that was refused must wait. */
  isPausing(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** Throws WRONG_PASSWORD for one that was refused, and for any where many were, until the pause is over. */
  guard(password: string, nowMs: number): void {
    if (!this.isPausing(nowMs)) return;
    if (!this.#refused.has(hash(password)) && this.#refused.size < DIFFERENT) return;
    const minutes = Math.ceil((this.#untilMs - nowMs) / 60_000);
    const last = this.#unanswered ? 'at the last readout, by silence' : 'at the last readout';
    const diagnostic = `${last}; it is not sent again for ${minutes} minutes, or until a deploy`;
    throw new DlmsError({ code: 'WRONG_PASSWORD', diagnostic });
  }

  /** `unanswered`: by a meter that had answered before, and fell silent. */
  refused(password: string, nowMs: number, unanswered = false): void {
    const hashed = hash(password);
    if (unanswered && hashed === this.#taken) return;
    this.#taken = null;
    this.#unanswered = unanswered;
    this.#refused.add(hashed);
    this.#untilMs = nowMs + Math.min(PAUSE_MS * 2 ** this.#times++, LONGEST_PAUSE_MS);
  }

  taken(password: string): void {
    this.#taken = hash(password);
    this.#refused.clear();
    this.#times = 0;
    this.#untilMs = -Infinity;
  }
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** So many different ones are tried at a meter before every other waits too. */
const DIFFERENT = 3;
const PAUSE_MS = 900_000;
const LONGEST_PAUSE_MS = 86_400_000;
