// What every machine returns: nothing waits, nothing rings.

export interface Step<E> {
  /** To the other side, in order. */
  readonly write: readonly Uint8Array[];
  /** To our caller, in order. */
  readonly events: readonly E[];
  /** How long to wait for the other side from now, in milliseconds; null: nothing outstanding. */
  readonly waitMs: number | null;
}

export function step<E>(
  events: readonly E[] = [],
  write: readonly Uint8Array[] = [],
  waitMs: number | null = null,
): Step<E> {
  return { write, events, waitMs };
}
