// How long is a value of Data whose bytes are coming in? Each byte is looked at once.
// The rule of the file: a length is computed from the table of types, never guessed; what cannot be Data is refused at once.

import type { Detail } from '../wire/errors';
import { badLength, berLength, tooLarge, type ByteAt } from '../wire/lengths';
import { DATA_LIMITS, dataSize } from './data';
import { isSwappedName, SWAPPED_NAME, UNTAGGED_ROW } from './deviating-data';

/** The end of one value or several, computed as their bytes arrive. */
export class DataExtent {
  /** Everything before is accounted for. */
  #at: number;
  /** Values still to come, innermost last. */
  readonly #open: Container[];
  #elements = 0;

  /**
   * @param start Where the first value begins. @param count How many there are.
   * @param kind `untagged-rows`: those of a list that untaggedList knows. @param limitBytes Beyond: LIMIT_EXCEEDED.
   */
  constructor(
    start: number,
    count: number,
    kind: 'values' | 'untagged-rows',
    readonly limitBytes: number,
  ) {
    this.#at = start;
    this.#open = count > 0 ? [{ left: count, kind }] : [];
  }

  /** Bytes needed before another look makes sense. */
  get need(): number {
    return this.#open.length === 0 ? this.#at : this.#at + 1;
  }

  /** The index behind the last octet, `short` when bytes are missing, or why this is no Data. */
  measure(byte: ByteAt): number | 'short' | Detail {
    for (;;) {
      if (this.#at > this.limitBytes) return tooLarge('apdu', this.limitBytes, this.#at);
      const container = this.#open[this.#open.length - 1];
      if (container === undefined) return byte(this.#at - 1) === -1 ? 'short' : this.#at;
      if (container.left === 0) this.#open.pop();
      else {
        const moved = this.#value(byte, container);
        if (moved !== true) return moved;
      }
    }
  }

  /** Steps over one value, or into one. */
  #value(byte: ByteAt, container: Container): true | 'short' | Detail {
    const tag = byte(this.#at);
    if (tag === -1) return 'short';
    if (container.kind === 'untagged-rows' && tag === 2) {
      this.#skip(container, UNTAGGED_ROW);
      this.#open.push({ left: 1, kind: 'values' });
      return true;
    }
    if (tag === 6 && container.kind === 'structure' && container.left > 1 && byte(this.#at + 1) === 9) {
      // Taken for a number, a type would have to follow it.
      const next = byte(this.#at + 5);
      if (next === -1) return 'short';
      if (SIZES[next] === undefined) {
        if (byte(this.#at + 7) === -1) return 'short';
        if (isSwappedName(byte, this.#at)) return this.#skip(container, SWAPPED_NAME);
      }
    }
    const size = SIZES[tag];
    if (size === undefined) {
      const expected = 'a type of the Data CHOICE';
      return { code: 'WIRE_INVALID', field: 'data tag', value: tag, expected, offset: this.#at };
    }
    if (typeof size === 'number') return this.#skip(container, 1 + size);
    if (size === 'described') return this.#compactArray(byte, container);
    const length = berLength(byte, this.#at + 1);
    if (length === 'short') return 'short';
    if (length === 'no') return badLength(this.#at + 1);
    if (length.value > this.limitBytes) return tooLarge('data', this.limitBytes, length.value);
    if (size === 'octets') return this.#skip(container, 1 + length.size + length.value);
    if (size === 'bits') return this.#skip(container, 1 + length.size + Math.ceil(length.value / 8));
    this.#skip(container, 1 + length.size);
    this.#elements += length.value;
    if (this.#elements > this.limitBytes) return tooLarge('data elements', this.limitBytes, this.#elements);
    const { depth } = DATA_LIMITS;
    if (this.#open.length >= depth) return tooLarge('data depth', depth, this.#open.length + 1);
    this.#open.push({ left: length.value, kind: tag === 2 ? 'structure' : 'values' });
    return true;
  }

  #skip(container: Container, octets: number): true {
    container.left--;
    this.#at += octets;
    return true;
  }

  /** A type description, then a length and that many octets. */
  #compactArray(byte: ByteAt, container: Container): true | 'short' | Detail {
    let at = this.#at + 1;
    for (let types = 1; types > 0; types--) {
      const tag = byte(at);
      if (tag === -1) return 'short';
      at++;
      if (tag === 1) {
        at += 2;
        types++;
      } else if (tag === 2) {
        const count = berLength(byte, at);
        if (count === 'short') return 'short';
        if (count === 'no') return badLength(at);
        if (count.value > this.limitBytes) return tooLarge('data elements', this.limitBytes, count.value);
        at += count.size;
        types += count.value;
      }
    }
    const length = berLength(byte, at);
    if (length === 'short') return 'short';
    if (length === 'no') return badLength(at);
    return this.#skip(container, at + length.size + length.value - this.#at);
  }
}

interface Container {
  left: number;
  readonly kind: 'values' | 'structure' | 'untagged-rows';
}

/** By tag, because it is asked for each value. */
const SIZES = Array.from({ length: 256 }, (_, tag) => dataSize(tag));
