// Seeded chance, changes of bytes and ways to cut them in chunks, for every fuzzer.
// The rule of the file: a change is data, so that an input can be written down and made again without the dice.

import { concat } from '../src/core/wire/hex';

/** The same throws for the same seed and number (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number, input = 0) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(input + 1, 0xc2b2ae35) ^ (input / 2 ** 32);
  }

  /** 0 <= n < 2^32 */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 <= n < below */
  below(below: number): number {
    return Math.floor((this.word() / 2 ** 32) * below);
  }

  chance(probability = 0.5): boolean {
    return this.word() / 2 ** 32 < probability;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    // below() is under the length.
    return list[this.below(list.length)] as T;
  }

  list<T>(length: number, make: () => T): T[] {
    return Array.from({ length }, make);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** One change; `at` counts modulo the length, so that it fits any bytes. */
export type Edit =
  | { readonly edit: 'bit'; readonly at: number; readonly bit: number }
  | { readonly edit: 'octet'; readonly at: number; readonly octet: number }
  | { readonly edit: 'take'; readonly at: number; readonly length: number }
  | { readonly edit: 'put'; readonly at: number; readonly octets: Uint8Array }
  | { readonly edit: 'twice'; readonly at: number; readonly length: number }
  | { readonly edit: 'end'; readonly at: number }
  | { readonly edit: 'swap'; readonly at: number; readonly with: number };

/** One to `most` changes of any kind; `others`: bytes from which pieces are put in. */
export function edits(dice: Dice, most: number, others: readonly Uint8Array[] = []): Edit[] {
  return dice.list(1 + dice.below(most), (): Edit => {
    const at = dice.word();
    switch (dice.below(9)) {
      case 0:
        return { edit: 'bit', at, bit: dice.below(8) };
      case 1:
        return { edit: 'octet', at, octet: dice.below(256) };
      case 2:
        return { edit: 'octet', at, octet: dice.pick(TELLING) };
      case 3:
        return { edit: 'take', at, length: 1 + dice.below(dice.chance(0.7) ? 4 : 60) };
      case 4:
        return { edit: 'put', at, octets: noise(dice, 1 + dice.below(8), TELLING) };
      case 5:
        return { edit: 'twice', at, length: 1 + dice.below(40) };
      case 6:
        return { edit: 'end', at };
      case 7: {
        const other = others.length === 0 ? dice.bytes(20) : dice.pick(others);
        const from = dice.below(other.length);
        return { edit: 'put', at, octets: other.slice(from, from + 1 + dice.below(200)) };
      }
      default:
        return { edit: 'swap', at, with: dice.word() };
    }
  });
}

/** One to `most` single flipped bits. */
export function flips(dice: Dice, most: number): Edit[] {
  return dice.list(1 + dice.below(most), () => ({ edit: 'bit', at: dice.word(), bit: dice.below(8) }));
}

/** A changed copy, at most LONGEST octets. */
export function edited(bytes: Uint8Array, changes: readonly Edit[]): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (const change of changes) {
    if (out.length === 0) return out;
    const at = change.at % out.length;
    // at < out.length, so that the octet is there.
    const octet = out[at] as number;
    if (change.edit === 'bit') out[at] = octet ^ (1 << change.bit);
    else if (change.edit === 'octet') out[at] = change.octet;
    else if (change.edit === 'take') out = concat(out.subarray(0, at), out.subarray(at + change.length));
    else if (change.edit === 'put') out = concat(out.subarray(0, at), change.octets, out.subarray(at));
    else if (change.edit === 'twice') out = concat(out.subarray(0, at + change.length), out.subarray(at));
    else if (change.edit === 'end') out = out.slice(0, at);
    else {
      const to = change.with % out.length;
      out[at] = out[to] as number;
      out[to] = octet;
    }
    if (out.length > LONGEST) out = out.slice(0, LONGEST);
  }
  return out;
}

/** Octets of which every second one tells a protocol something. */
export function noise(dice: Dice, length: number, telling: readonly number[]): Uint8Array {
  return Uint8Array.from({ length }, () => (dice.chance() ? dice.pick(telling) : dice.below(256)));
}

/** A size of chunks: mostly all at once, sometimes a few octets. */
export function chunkSize(dice: Dice): number {
  if (dice.chance()) return LONGEST;
  return 1 + dice.below(dice.chance() ? 300 : 7);
}

export function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}

/** Octets that begin, end or count something in one of the protocols. */
export const TELLING: readonly number[] = [
  0x00, 0x01, 0x02, 0x03, 0x06, 0x09, 0x0a, 0x0c, 0x0d, 0x0f, 0x13, 0x16, 0x21, 0x2f, 0x30, 0x68, 0x7e, 0x7f, 0x80,
  0x81, 0x82, 0x83, 0x84, 0x88, 0xa0, 0xa8, 0xdb, 0xe0, 0xe6, 0xff,
];
const LONGEST = 20_000;
