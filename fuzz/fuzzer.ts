// What a fuzzer is: it makes inputs from dice and says what is wrong with one. Nothing else is asked of it.
// The rule of the file: an input is data that can be written as JSON and read again, so that what failed once is kept.

import { hex, unhex } from '../src/core/wire/hex';
import type { Dice } from './dice';

export interface Fuzzer<Input = unknown> {
  readonly name: string;
  /** Share of the time, relative to the others. */
  readonly share: number;
  /** Sockets, files or processes of their own: counted in seconds, not in inputs. */
  readonly slow?: true;
  /** Starts real Node-REDs: only with `--node-red`. */
  readonly nodeRed?: true;
  /** Why it cannot run here, in words; null: it can. */
  skipped?(): string | null;
  open(): Opened<Input> | Promise<Opened<Input>>;
}

export interface Opened<Input> {
  /** `true` in `foreign` marks an input with octets of the corpus, which is no part of the project. */
  make(dice: Dice): Input & { readonly foreign?: boolean };
  /** What is wrong with what came out, in words that are the same for the same fault; null: nothing. */
  check(input: Input): string | null | Promise<string | null>;
  /** One input that takes longer is a finding. Default 2000 ms. */
  readonly limitMs?: number;
  /** After the last input: what is wrong with the whole run (memory), or null. */
  end?(): string | null | Promise<string | null>;
  /** What was reached, for the table. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** A fuzzer that needs nothing but dice and a tally. */
export function diced<Input>(
  name: string,
  share: number,
  make: Opened<Input>['make'],
  check: (input: Input, tally: Tally) => ReturnType<Opened<Input>['check']>,
): Fuzzer<Input> {
  return {
    name,
    share,
    open() {
      const tally = new Tally();
      return { counts: tally.counts, make, check: input => check(input, tally) };
    },
  };
}

/** Input → text; octets, big numbers and what JSON does not know survive. */
export function inputToText(input: unknown): string {
  return JSON.stringify(
    input,
    (_, value: unknown) => {
      if (value instanceof Uint8Array) return { $hex: hex(value) };
      if (typeof value === 'bigint') return { $integer: String(value) };
      if (value === undefined) return { $: 'undefined' };
      if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
        return { $: Object.is(value, -0) ? '-0' : String(value) };
      return value;
    },
    1,
  );
}

/** The reverse of {@link inputToText}. */
export function textToInput(text: string): unknown {
  return revived(JSON.parse(text) as unknown);
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [key, inner] = entries.length === 1 ? (entries[0] ?? ['', null]) : ['', null];
  if (key === '$hex' && typeof inner === 'string') return unhex(inner);
  if (key === '$integer' && typeof inner === 'string') return BigInt(inner);
  if (key === '$' && typeof inner === 'string') return inner === 'undefined' ? undefined : Number(inner);
  const out = {};
  // Assignment would make a prototype of a member named "__proto__".
  for (const [name, each] of entries)
    Object.defineProperty(out, name, { value: revived(each), enumerable: true, writable: true, configurable: true });
  return out;
}

/** Two numbers and words for a count, kept by a fuzzer while it runs. */
export class Tally {
  readonly counts: Record<string, number> = {};
  add(what: string, n = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + n;
  }
}
