// What can be mended when an association failed, and how: asked by a session and by the connection test alike.
// The rule of the file: it decides and does nothing. Who asks does what it says, and counts the attempts.

import type { DlmsError } from '../../core/wire/errors';

/** What is known of the association that failed and of the request that failed with it. */
export interface FailedAssociation {
  /** What the meter needed was taken over already, and nothing has been answered since. */
  readonly resynchronised: boolean;
  /** The counter is one remembered, no association has stood with it, and the meter tells its own by a public client. */
  readonly counterDoubted: boolean;
  /** It was the second one on this connection, behind that of the public client. */
  readonly counterJustRead: boolean;
  /** A dedicated key was used, and nothing was answered under it yet. */
  readonly dedicatedUnproven: boolean;
  /** It stood before the request. */
  readonly held: boolean;
  /** The request may be asked twice. */
  readonly repeatable: boolean;
}

/**
 * resync: go on from the counter that the error names · read-counter: associate anew, and read the counter before it ·
 * without-dedicated: associate without the dedicated key · again: associate anew with what we have.
 */
export type Remedy = 'resync' | 'read-counter' | 'without-dedicated' | 'again';

/** How to go on after an error; null: it is the end of the request. */
export function mend(error: DlmsError, facts: FailedAssociation): Remedy | null {
  const { detail } = error;
  if (detail.code === 'COUNTER_TOO_LOW' && !facts.resynchronised) {
    if (detail.needed !== null) return 'resync';
    return facts.counterDoubted ? 'read-counter' : 'again';
  }
  // Not every meter says that a counter is too low.
  const undeciphered = detail.code === 'WRONG_KEY' && detail.refused !== undefined;
  if (facts.counterDoubted && (undeciphered || COUNTER_TROUBLE.has(error.code))) return 'read-counter';
  if ((undeciphered || error.code === 'EXCEPTION_RESPONSE') && facts.dedicatedUnproven) return 'without-dedicated';
  if (!LOST.has(error.code)) return null;
  // A meter may hang up with the association of the public client; or what was held had been idle and was half open.
  return facts.counterJustRead || (facts.held && facts.repeatable) ? 'again' : null;
}

/** The needed number is the next expected with most makers, the last one seen with some: one more fits both. */
export function counterAfter(needed: number): number {
  return needed + 1;
}

/** No password is in question after these. */
const COUNTER_TROUBLE: ReadonlySet<string> = new Set(['EXCEPTION_RESPONSE', 'ASSOCIATION_REFUSED', 'CONNECTION_LOST']);
const LOST: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'NO_ANSWER', 'HDLC_REJECTED', 'SEGMENT_LOST']);
