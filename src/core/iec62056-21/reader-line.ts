// Rates, formats and patience of the line that a reader has, from its options.

import type { LineFormat } from './characters';
import type { ReaderEvent, ReaderOptions } from './reader-options';

export class ReaderLine {
  /** Rate of the request. IEC 62056-21, 6.3.1: 300. */
  readonly startRate: number;
  /** Silence before the first character of an answer, between two of its characters, and the bound of it all. */
  readonly answerMs: number;
  readonly characterMs: number;
  readonly readoutMs: number;

  constructor(readonly options: ReaderOptions) {
    this.startRate = options.baudRate ?? 300;
    this.answerMs = options.answerTimeoutMs ?? 3000;
    this.characterMs = options.characterTimeoutMs ?? 2000;
    this.readoutMs = (options.maxReadoutSeconds ?? 300) * 1000;
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
