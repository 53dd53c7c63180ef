// Seven bits with even parity on a line that carries eight: recognised from what comes, stripped, put on.
// The rule of the file: the last characters decide, again and again; when they change the decision, they are given once more as
// they read now. Nothing is held back longer than eight characters.

import { evenParity } from '../framing/check';
import { concat } from '../wire/hex';

/** 7E1: the port strips parity. 8N1: there is none. 8N1-strip: parity arrives in bit 7. auto: look at what comes. */
export type ParityMode = 'auto' | '7E1' | '8N1' | '8N1-strip';

export class ParityFilter {
  #stripping: boolean;
  /** The first characters, until something speaks for or against parity. */
  #held: Uint8Array | null;
  /** The last characters as they came, in a ring, and how many have come; what speaks in them is counted when it matters. */
  readonly #ring = new Uint8Array(WINDOW);
  #came = 0;
  #counted = true;
  #odd = 0;
  #strange = 0;
  #high = 0;
  #seen = 0;
  #evenSeen = 0;
  #highSeen = 0;

  constructor(readonly mode: ParityMode = 'auto') {
    this.#held = mode === 'auto' ? NOTHING : null;
    this.#stripping = mode === '8N1-strip';
  }

  get stripping(): boolean {
    return this.#stripping;
  }

  /** Characters are held back because nothing is decided yet. */
  get holding(): boolean {
    return this.#held !== null && this.#held.length > 0;
  }

  /**
   * What the characters so far say about a parity that was not taken away, in words; null when nothing points to one.
   * At the wrong rate both kinds come mixed.
   */
  get suspicion(): string | null {
    if (this.#stripping || this.#seen < 5 || this.#highSeen === 0) return null;
    const garbled = Math.floor(this.#seen / GARBLED_OF);
    if (this.#evenSeen >= this.#seen - garbled) return 'bit 7 of every character holds even parity';
    return this.#evenSeen <= garbled ? 'every character has an odd number of one bits' : null;
  }

  receive(chunk: Uint8Array): Uint8Array {
    for (let i = 0; i < chunk.length && this.#seen < ENOUGH; i++) {
      const byte = chunk[i] as number;
      this.#seen++;
      if (evenParity(byte)) this.#evenSeen++;
      if (byte >= 0x80) this.#highSeen++;
    }
    if (this.mode !== 'auto') return this.#stripping ? chunk.map(byte => byte & 0x7f) : chunk;
    if (this.#held === null) return this.#watch(chunk);
    const all = this.#held.length === 0 ? chunk : concat(this.#held, chunk);
    const first = all.subarray(0, DECIDING);
    if (first.length < DECIDING && first.every(evenParity)) {
      this.#held = all.slice();
      return NOTHING;
    }
    // All of the first eight with an even number of ones, and bit 7 in use: parity within eight bits.
    this.#stripping = first.every(evenParity) && first.some(usesBit7);
    this.#held = null;
    return this.#watch(all);
  }

  /** No more comes for now: what is held, and what a message shorter than a decision says now. */
  flush(): Uint8Array {
    const held = this.#held ?? NOTHING;
    if (this.mode !== 'auto') return held;
    this.#held = this.#held === null ? null : NOTHING;
    this.#countAll();
    const changes = !this.#stripping && this.#came >= SHORTEST && this.#speaksForParity();
    return changes ? this.#turn() : held;
  }

  /** Puts parity on what is sent when it is stripped from what is received. */
  send(bytes: Uint8Array): Uint8Array {
    return this.#stripping ? bytes.map(byte => (evenParity(byte & 0x7f) ? byte & 0x7f : byte | 0x80)) : bytes;
  }

  reset(): void {
    this.#stripping = this.mode === '8N1-strip';
    this.#held = this.mode === 'auto' ? NOTHING : null;
    this.#came = this.#odd = this.#strange = this.#high = 0;
    this.#counted = true;
    this.#seen = this.#evenSeen = this.#highSeen = 0;
  }

  #watch(bytes: Uint8Array): Uint8Array {
    // Seven-bit text says nothing new.
    if (!this.#stripping && this.#high === 0 && !hasHigh(bytes)) {
      const from = Math.max(0, bytes.length - WINDOW);
      for (let at = from; at < bytes.length; at++) this.#ring[this.#came++ % WINDOW] = bytes[at] as number;
      this.#counted = false;
      return bytes;
    }
    this.#countAll();
    const out: number[] = [];
    for (const byte of bytes) {
      this.#note(byte);
      if (this.#changes()) out.push(...this.#turn());
      else out.push(this.#stripping ? byte & 0x7f : byte);
    }
    return Uint8Array.from(out);
  }

  #note(byte: number): void {
    const at = this.#came++ % WINDOW;
    if (this.#came > WINDOW) this.#count(this.#ring[at] as number, -1);
    this.#ring[at] = byte;
    this.#count(byte, 1);
  }

  #countAll(): void {
    if (this.#counted) return;
    this.#counted = true;
    this.#odd = this.#strange = this.#high = 0;
    for (const byte of this.#recent()) this.#count(byte, 1);
  }

  #count(byte: number, by: 1 | -1): void {
    if (!evenParity(byte)) this.#odd += by;
    else if (!isText(byte & 0x7f)) this.#strange += by;
    else if (usesBit7(byte)) this.#high += by;
  }

  /** The last characters, the oldest first. */
  #recent(): Uint8Array {
    const at = this.#came % WINDOW;
    return this.#came <= WINDOW
      ? this.#ring.slice(0, this.#came)
      : concat(this.#ring.subarray(at), this.#ring.subarray(0, at));
  }

  /** In the middle of eight-bit data some characters are all even by chance: there it takes more of them. */
  #changes(): boolean {
    if (this.#stripping) return this.#odd >= TOO_MANY;
    return this.#came >= (this.#seen < WINDOW ? BEGINNING : WINDOW) && this.#speaksForParity();
  }

  /** Text with even parity in bit 7; one of its characters may be garbled. */
  #speaksForParity(): boolean {
    return this.#odd + this.#strange <= 1 && this.#high >= 2;
  }

  #turn(): Uint8Array {
    this.#stripping = !this.#stripping;
    const recent = this.#recent();
    return this.#stripping ? recent.map(byte => byte & 0x7f) : recent;
  }
}

/** FF fills: an idle line, or a value that a meter has not (Sanxing in Hungary). */
function usesBit7(byte: number): boolean {
  return byte >= 0x80 && byte !== 0xff;
}

function hasHigh(bytes: Uint8Array): boolean {
  let all = 0;
  for (let i = 0; i < bytes.length; i++) all |= bytes[i] as number;
  return all >= 0x80;
}

/** What readouts consist of: printable characters, line ends, the marks of blocks, acknowledgements and fill. */
function isText(character: number): boolean {
  return character >= 0x20 || MARKS.has(character);
}

const MARKS: ReadonlySet<number> = new Set([0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x0a, 0x0d, 0x15]);
const DECIDING = 8;
/** Of random octets so many are text with even parity, but for one, less than once in 10^10. */
const WINDOW = 32;
const BEGINNING = 12;
const SHORTEST = 6;
/** Odd ones in the window: of random octets there are sixteen, on a line that can be read hardly any. */
const TOO_MANY = 6;
/** One character in so many may be garbled. */
const GARBLED_OF = 16;
/** Characters that tell whether a parity was left on. */
const ENOUGH = 256;
const NOTHING = new Uint8Array(0);
