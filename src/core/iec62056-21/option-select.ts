// Which Z the acknowledgement carries. IEC 62056-21, 6.3.14: any but the meter's own keeps it at the start rate.
// The rule of the file: the meter's own or 0, never a lower one.

import type { Identification } from './identification';
import { makerOf } from './makers';
import { knownFirst, type ReaderLine } from './reader-line';
import type { ReaderHints, ReaderOptions } from './reader-options';

/**
 * Values of Z in the order in which they are tried. Where the line can follow, the meter's own and then 0 (L+G ZMD120 does
 * not keep the rate that it offers). Where it cannot, 0 and then the meter's own: a gateway and a meter that are fixed at
 * one rate understand each other, and some meters answer to nothing but their own Z.
 */
function rateCharacters(identification: Identification, options: ReaderOptions, startRate: number): readonly string[] {
  const { baudId, baudRate } = identification;
  if (options.z !== undefined && options.z !== '') return [options.z];
  if (baudRate === null || baudId === '0' || makerOf(identification)?.keepsStartRate === true) return ['0'];
  return options.rateFollows === false && baudRate !== startRate ? ['0', baudId] : [baudId, '0'];
}

/** The acknowledgements of one readout: which Z is next, which was sent, what worked. */
export class OptionSelect {
  #zs: readonly string[] = [];
  #usual = '';
  #vain = 0;
  #sent: string | null = null;

  constructor(
    readonly options: ReaderOptions,
    readonly line: ReaderLine,
  ) {}

  /** A meter of mode C, or one of mode B, which takes its Z by itself; null: one that is asked for none. */
  meet(identification: Identification | null, hints: ReaderHints): void {
    const usual = identification === null ? [] : rateCharacters(identification, this.options, this.line.startRate);
    this.#zs = knownFirst(usual, hints.z);
    this.#usual = usual[0] ?? '';
  }

  /** The Z to send now. */
  take(): string {
    this.#sent = this.#zs[this.#vain] ?? this.#zs.at(-1) ?? '0';
    return this.#sent;
  }

  /** The Z that was sent last; null before the first acknowledgement. */
  get sent(): string | null {
    return this.#sent;
  }

  get hasOther(): boolean {
    return this.#vain + 1 < this.#zs.length;
  }
  toOther(): void {
    this.#vain++;
  }

  /** What to set, when all was tried on a line that keeps its rate. */
  hint({ baudRate }: Identification): string | undefined {
    if (this.options.rateFollows !== false || this.hasOther) return undefined;
    const tried = this.#zs.slice(0, this.#vain + 1).join(' and ');
    const offered = `the meter offers ${baudRate ?? 300} baud`;
    return `Z = ${tried} tried on a line that keeps its rate, ${offered}: let the gateway change its rate (RFC 2217), or fix it at one that the meter keeps and set the start rate to that`;
  }

  /** What the next readout begins with, and what is to be said of it once. */
  lessons(before: ReaderHints): { readonly hints: ReaderHints; readonly texts: readonly string[] } {
    const { z: zBefore, startRate: rateBefore, ...rest } = before;
    const { baudRate = 300 } = this.options;
    const z = this.#sent === this.#usual ? null : this.#sent;
    const startRate = this.line.startRate === baudRate ? null : this.line.startRate;
    const save = 'in the node to save the first try';
    const texts: string[] = [];
    if (z !== null && z !== zBefore) {
      texts.push(
        `the meter does not answer to Z = ${this.#usual} in the acknowledgement, but to Z = ${z}: set Z to ${z} ${save}`,
      );
    }
    if (startRate !== null && startRate !== rateBefore) {
      texts.push(
        `the meter answers at ${startRate} baud, not at ${baudRate}: set the start rate to ${startRate} ${save}`,
      );
    }
    return { hints: { ...rest, ...(z !== null && { z }), ...(startRate !== null && { startRate }) }, texts };
  }
}
