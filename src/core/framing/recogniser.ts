// What a framing is: how a frame begins, how long it is, whether its check fits. One recogniser a framing, one a stream.
// The rule of the file: a recogniser looks and says. It takes nothing and holds no bytes; what it remembers is of its source.

import type { Detail } from '../wire/errors';

/** Bytes that wait; index 0 is the first byte of the candidate. ReceiveBuffer fits. */
export interface Waiting {
  readonly length: number;
  /** -1 beyond the end. */
  at(index: number): number;
  /** -1 where there is none. */
  indexOf(byte: number, from?: number): number;
  /** A view, valid until the next push. */
  view(from?: number, to?: number): Uint8Array;
  copy(from: number, to: number): Uint8Array;
}

/** What came before the candidate. The stream changes one object for all looks: nobody keeps it. */
export interface Circumstances {
  /** Nothing but what may stand between frames came since the last frame, the last idle time or the beginning. */
  readonly fresh: boolean;
  /** The line fell silent: nothing more comes; `need` then means incomplete. */
  readonly final: boolean;
  /** The source has sent a frame whose check fitted. */
  readonly checkedBefore: boolean;
  /** What this recogniser said of the same candidate at its last look, 0 at the first. */
  readonly searched: number;
  /** The candidate lies inside of a frame that was damaged or cut off. */
  readonly damaged: boolean;
  /** The last four octets that were dropped in front of the candidate, as 32 bits, the latest lowest; ones where none were. */
  readonly before: number;
}

export type Verdict<F> =
  | 'no'
  /** So many bytes from the front of the candidate have to be there; at most LIMIT_BYTES of stream.ts. */
  | { readonly need: number; readonly searched?: number }
  /** So many octets belong to it, 0 where nobody knows. Frames are looked for in them, but no bare APDUs. */
  | { readonly damaged: number; readonly error: Detail }
  /** So many octets may stand between frames: nothing is told of them. */
  | { readonly fill: number }
  | { readonly frame: F; readonly octets: number };

export interface Recogniser<F> {
  /** As settings and messages have it: 'hdlc', 'mbus', 'wrapper', 'raw', 'p1', 'sml' … */
  readonly framing: string;
  /** For INCOMPLETE: "hdlc frame", "SML file". */
  readonly what: string;
  /** First octets. */
  readonly starts: readonly number[];
  /** Those of them that count amid noise: elsewhere `look` says no. Default all. */
  readonly startsAmidNoise?: readonly number[];
  /** An octet that may stand between frames: where it begins none, and something else may begin behind it, nothing is told. */
  readonly between?: number;
  /** Each of its frames has passed a check: who sends them sends nothing bare. */
  readonly checked?: true;
  look(bytes: Waiting, how: Circumstances): Verdict<F>;
  /**
   * Is a chunk one whole frame? For framings without a check: a frame that was cut off, a datagram for instance, would be
   * filled up from the next one. Asked while a frame of the same framing waits.
   */
  whole?(chunk: Uint8Array): boolean;
}
