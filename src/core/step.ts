// What every machine returns: nothing waits, nothing rings.

export interface Step<E> {
  /** To the other side, in order. */
  readonly write: readonly Uint8Array[];
  /** To our caller, in order. */
  readonly events: readonly E[];
  /** How long to wait for the other side from now, in milliseconds; null: nothing outstanding. */
  readonly waitMs: number | null;
  /**
   * However much comes: the wait is over this long from now, as by silence. Named when a wait begins and when what came was a
   * part of the answer, so that bytes that are none do not prolong it. Absent: what was named before goes on.
   */
  readonly limitMs?: number;
}

export function step<E>(
  events: readonly E[] = [],
  write: readonly Uint8Array[] = [],
  waitMs: number | null = null,
  limitMs?: number,
): Step<E> {
  return limitMs === undefined ? { write, events, waitMs } : { write, events, waitMs, limitMs };
}
