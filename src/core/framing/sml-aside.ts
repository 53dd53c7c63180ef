// SML in front of a decoder of something else: its files are set aside, all other bytes go on in their order.
// The rule of the file: nothing is kept back but what may be the beginning of a file, and that no longer than its end; one that
// breaks off takes no telegram behind it along.

import { latin1 } from '../wire/hex';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { smlFiles } from './sml';

export interface Piece {
  readonly sml: boolean;
  readonly bytes: Uint8Array;
}

export class SmlAside {
  readonly #held = new ReceiveBuffer(1 << 20);
  #searched = 0;

  /** Something waits that may be SML. */
  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** false: the chunk is no matter of this. */
  touches(chunk: Uint8Array): boolean {
    return this.holding || chunk.indexOf(START) !== -1;
  }

  receive(chunk: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = [];
    for (let at = 0; at < chunk.length; at += SLICE) {
      this.#held.push(chunk.subarray(at, at + SLICE));
      this.#sort(false, pieces);
    }
    return pieces;
  }

  /** Nothing more comes. */
  flush(): readonly Piece[] {
    const pieces: Piece[] = [];
    this.#sort(true, pieces);
    return pieces;
  }

  reset(): void {
    this.#held.clear();
    this.#searched = 0;
  }

  #sort(final: boolean, pieces: Piece[]): void {
    const held = this.#held;
    while (held.length > 0) {
      const start = held.indexOf(START);
      if (start !== 0) {
        held.pass(start === -1 ? held.length : start);
        continue;
      }
      // Most octets that look like a start stand alone.
      if (held.length > 1 && held.at(1) !== START) {
        this.#searched = 0;
        held.pass(1);
        continue;
      }
      const verdict = smlFiles.look(held, { ...AMID_TEXT, final, searched: this.#searched });
      this.#searched = 0;
      if (verdict === 'no') held.pass(1);
      else if ('frame' in verdict) this.#take(verdict.octets, pieces);
      else if ('fill' in verdict) held.drop(verdict.fill);
      else if ('damaged' in verdict) this.#brokenOff(verdict.damaged, pieces);
      else if (final && held.length < START_OCTETS) held.pass(held.length);
      else if (final || held.length > LONGEST) this.#brokenOff(held.length, pieces);
      else {
        this.#searched = verdict.searched ?? 0;
        break;
      }
    }
    this.#others(pieces);
  }

  /** All that is no SML, in one piece. */
  #others(pieces: Piece[]): void {
    if (this.#held.passed > 0) pieces.push({ sml: false, bytes: this.#held.takePassed() });
  }

  #take(octets: number, pieces: Piece[]): void {
    this.#others(pieces);
    pieces.push({ sml: true, bytes: this.#held.take(octets) });
  }

  /** Of the octets at the front, those before an identification line are the file's. */
  #brokenOff(octets: number, pieces: Piece[]): void {
    const at = latin1(this.#held.view(0, octets)).search(IDENTIFICATION);
    this.#take(at === -1 ? octets : at, pieces);
  }
}

const IDENTIFICATION = /\/[A-Za-z]{3}[ -~]{0,92}(?:[\r\n]|$)/;
const AMID_TEXT = { fresh: false, checkedBefore: false, damaged: false, before: -1 };
const START = 0x1b;
const START_OCTETS = 8;
/** Many times what a meter sends by its head. Text waits no longer behind a file that broke off. */
const LONGEST = 4096;
const SLICE = 2048;
