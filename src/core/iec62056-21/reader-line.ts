// Rates, formats and patience of the line that a reader has, from its options.

import type { LineFormat } from './characters';
import type { ReaderEvent, ReaderOptions } from './reader-options';

export class ReaderLine {
  /** Rates of the request in the order of trying, and the one that is tried. IEC 62056-21, 6.3.1: 300. */
  readonly #rates: readonly number[];
  #tried = 0;
  /** Silence before the first character of an answer, between two of its characters, and the bound of it all. */
  readonly answerMs: number;
  readonly characterMs: number;
  readonly readoutMs: number;

  constructor(readonly options: ReaderOptions) {
    const { baudRate = 300, otherRates = [], rateFollows = true, wakeUpCharacters = 0, hints } = options;
    // Each wake-up costs a battery meter hours of its life.
    const others = rateFollows && wakeUpCharacters === 0 ? otherRates.filter(rate => rate !== baudRate) : [];
    this.#rates = knownFirst([baudRate, ...others], hints?.startRate);
    this.answerMs = options.answerTimeoutMs ?? 3000;
    this.characterMs = options.characterTimeoutMs ?? 2000;
    this.readoutMs = (options.maxReadoutSeconds ?? 300) * 1000;
  }

  get startRate(): number {
    return this.#rates[this.#tried] as number;
  }

  get ratesTried(): readonly number[] {
    return this.#rates.slice(0, this.#tried + 1);
  }

  /**
   * Goes to the next rate; false: none is left. Silence is no reason to try more than one other rate (an RS-485 meter fixed
   * at 9600), characters that cannot be read are.
   */
  nextRate(heard: boolean): boolean {
    if (this.#tried + 1 >= this.#rates.length || (this.#tried > 0 && !heard)) return false;
    this.#tried++;
    return true;
  }

  /** How long an answer may take for `paceCharacters` more: a quarter of what a line of 300 baud carries. */
  get paceMs(): number {
    return Math.min(this.readoutMs, Math.max(PACE_MS, 4 * this.characterMs));
  }
  get paceCharacters(): number {
    return Math.ceil((this.paceMs * Math.min(this.startRate, 300)) / 40_000);
  }

  /** More than the line carries in the time of a readout. */
  mostCharacters(baudRate: number): number {
    return Math.ceil((this.readoutMs * baudRate) / 10_000);
  }

  /** Sets the port where it can follow. */
  format(baudRate: number, afterMs: number): ReaderEvent[] {
    const { rateFollows = true, parity } = this.options;
    if (!rateFollows) return [];
    const eight = parity === '8N1' || parity === '8N1-strip';
    const format: LineFormat = { baudRate, dataBits: eight ? 8 : 7, parity: eight ? 'none' : 'even', stopBits: 1 };
    return [{ type: 'format', format, afterMs }];
  }
}

/** What the meter answered to the last time comes first. */
export function knownFirst<T>(usual: readonly T[], known: T | undefined): readonly T[] {
  return known === undefined || !usual.includes(known) ? usual : [known, ...usual.filter(other => other !== known)];
}

const PACE_MS = 20_000;
