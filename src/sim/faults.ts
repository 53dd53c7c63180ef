// Faults on demand: what the simulated meter does wrong next, and how often.

/** `times`: how many requests it strikes, default 1; Infinity until it is cleared. */
export type Fault = { readonly times?: number } & (
  | {
      /**
       * `silence` no answer; `reset` the connection is closed instead of answering; `wrong-fcs` a damaged check sequence (with the
       * wrapper: a damaged header); `garbage-before` noise in front of the answer; `garbage-inside` an octet of the answer
       * changed; `cut` the first half of the answer only; `silence-in-block`, `reset-in-block` after the first block of a long
       * answer; `wrong-block` a block number left out.
       */
      readonly kind:
        | 'silence'
        | 'reset'
        | 'wrong-fcs'
        | 'garbage-before'
        | 'garbage-inside'
        | 'cut'
        | 'silence-in-block'
        | 'reset-in-block'
        | 'wrong-block';
    }
  /** An unasked data-notification in front of the answer, or the APDU given. */
  | { readonly kind: 'notification'; readonly apdu?: Uint8Array }
  /** The answer comes late. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Every attribute asked for is refused with this data-access-result. */
  | { readonly kind: 'refuse'; readonly result: number }
  /** exception-response instead of the answer. */
  | { readonly kind: 'exception'; readonly state?: number; readonly service?: number }
);

export type FaultKind = Fault['kind'];

export const FAULT_KINDS: readonly FaultKind[] = [
  'silence',
  'reset',
  'wrong-fcs',
  'garbage-before',
  'garbage-inside',
  'cut',
  'silence-in-block',
  'reset-in-block',
  'wrong-block',
  'notification',
  'slow',
  'refuse',
  'exception',
];

/** The faults that still wait for their request. */
export class Faults {
  #waiting: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  get pending(): readonly FaultKind[] {
    return this.#waiting.map(w => w.fault.kind);
  }

  /** The next fault of a kind, used up by asking. */
  take<K extends FaultKind>(kind: K): Extract<Fault, { kind: K }> | null {
    const found = this.#waiting.find(w => w.fault.kind === kind);
    if (found === undefined) return null;
    found.left--;
    if (found.left <= 0) this.#waiting = this.#waiting.filter(w => w !== found);
    // `kind` was compared just above.
    return found.fault as Extract<Fault, { kind: K }>;
  }
}
