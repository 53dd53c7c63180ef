// Seven bits with even parity on a line that carries eight: recognised from the first characters, stripped, put on.
// The rule of the file: once decided, it stays decided until reset; nothing is held back longer than eight characters.

import { concat } from '../wire/hex';
import { evenParity } from './characters';

/** 7E1: the port strips parity. 8N1: there is none. 8N1-strip: parity arrives in bit 7. auto: look at what comes. */
export type ParityMode = 'auto' | '7E1' | '8N1' | '8N1-strip';

export class ParityFilter {
  #decided: boolean;
  #stripping: boolean;
  #held: Uint8Array = NOTHING;
  #seen = 0;
  #even = 0;
  #high = 0;

  constructor(readonly mode: ParityMode = 'auto') {
    this.#decided = mode !== 'auto';
    this.#stripping = mode === '8N1-strip';
  }

  get stripping(): boolean {
    return this.#stripping;
  }

  /** Characters are held back because nothing is decided yet. */
  get holding(): boolean {
    return this.#held.length > 0;
  }

  /**
   * What the characters so far say about a parity that was not taken away, in words; null when nothing points to one.
   * At the wrong rate both kinds come mixed.
   */
  get suspicion(): string | null {
    if (this.#stripping || this.#seen < 5 || this.#high === 0) return null;
    if (this.#even === this.#seen) return 'bit 7 of every character holds even parity';
    return this.#even === 0 ? 'every character has an odd number of one bits' : null;
  }

  receive(chunk: Uint8Array): Uint8Array {
    for (let i = 0; i < chunk.length && this.#seen < ENOUGH; i++) {
      const byte = chunk[i] as number;
      this.#seen++;
      if (evenParity(byte)) this.#even++;
      if (byte >= 0x80) this.#high++;
    }
    if (this.#decided) return this.#strip(chunk);
    const all = this.#held.length === 0 ? chunk : concat(this.#held, chunk);
    const odd = all.findIndex(byte => !evenParity(byte));
    if (odd === -1 && all.length < DECIDING) {
      this.#held = all.slice();
      return NOTHING;
    }
    // All of the first eight with an even number of ones, and bit 7 in use: parity within eight bits.
    this.#decided = true;
    this.#stripping = (odd === -1 || odd >= DECIDING) && all.subarray(0, DECIDING).some(byte => byte >= 0x80);
    this.#held = NOTHING;
    return this.#strip(all);
  }

  /** What is held while undecided; for the end of a message shorter than eight characters. */
  flush(): Uint8Array {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }

  /** Puts parity on what is sent when it is stripped from what is received. */
  send(bytes: Uint8Array): Uint8Array {
    return this.#stripping ? bytes.map(byte => (evenParity(byte & 0x7f) ? byte & 0x7f : byte | 0x80)) : bytes;
  }

  reset(): void {
    this.#decided = this.mode !== 'auto';
    this.#stripping = this.mode === '8N1-strip';
    this.#held = NOTHING;
    this.#seen = this.#even = this.#high = 0;
  }

  #strip(bytes: Uint8Array): Uint8Array {
    return this.#stripping ? bytes.map(byte => byte & 0x7f) : bytes;
  }
}

const DECIDING = 8;
/** Characters that tell whether a parity was left on. */
const ENOUGH = 256;
const NOTHING = new Uint8Array(0);
