// What the client needs of a link layer: whole APDUs in and out. HDLC and the wrapper satisfy it.

import type { DlmsError } from '../wire/errors';
import type { Step } from '../step';

export type LinkEvent =
  /** The link stands (UA received, or at once for the wrapper); `info` in words for the trace and the connection test. */
  | { readonly type: 'connected'; readonly info: string }
  /** A whole APDU, segments joined, LLC stripped. */
  | { readonly type: 'apdu'; readonly bytes: Uint8Array }
  /** UA or DM to our DISC, or its absence after the time-out. */
  | { readonly type: 'disconnected' }
  /** Bytes that were not ours or damaged; nothing is forgotten silently. */
  | { readonly type: 'dropped'; readonly bytes: Uint8Array; readonly error: DlmsError }
  /** The link cannot go on. */
  | { readonly type: 'fault'; readonly error: DlmsError };

export type LinkStep = Step<LinkEvent>;

/** How long so many octets may take on the slowest line there is, 300 baud with a little rest between them, in ms. */
export function slowestMs(octets: number): number {
  return octets * 40;
}

/** Inputs follow the house: local misuse throws, the other side's mistakes are `fault` events, time and abort are inputs. */
export interface Link {
  /** For traces and errors. */
  readonly name: 'hdlc' | 'wrapper';
  /** What it carries may come twice and late (UDP). Absent: never. */
  readonly mayRepeat?: boolean;
  connect(): LinkStep;
  /**
   * One request at a time; the next only after its answer (BAD_STATE). One that is `repeatable` may reach the meter twice:
   * a link that loses messages and cannot tell (UDP) sends it again.
   */
  send(apdu: Uint8Array, repeatable?: boolean): LinkStep;
  /**
   * The latest APDU was not the answer (a notification in the middle of a read): go on waiting for it. `ask`: what a link
   * that can lose messages says when nothing more comes, before it gives up.
   */
  keepWaiting(ask?: Uint8Array): LinkStep;
  /** Possible in every phase, also after a fault; always ends in `disconnected`, at the latest by timeout(). */
  disconnect(): LinkStep;
  receive(chunk: Uint8Array): LinkStep;
  timeout(): LinkStep;
}
