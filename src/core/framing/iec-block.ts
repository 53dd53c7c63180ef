// The block of IEC 62056-21: STX text ETX BCC. Its control characters, where it ends, and its check.
// The rule of the file: bytes with seven bits; parity was stripped before. Any character may be a block check.

import type { Check } from './check';
import { withUsualLineEnds } from './line-ends';
import type { Waiting } from './recogniser';

export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const EOT = 0x04;
export const ACK = 0x06;
export const LF = 0x0a;
export const CR = 0x0d;
export const NAK = 0x15;

export interface BlockCheck {
  /** null when the block ended before its check character came. */
  readonly received: number | null;
  readonly calculated: number;
  readonly check: Check;
}

/** XOR of [start, end): all after the first SOH or STX up to and including ETX or EOT. IEC 62056-21, 6.1 and ISO 1155. */
export function blockCheck(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let bcc = 0;
  for (let i = start; i < end; i++) bcc ^= bytes[i] as number;
  return bcc & 0x7f;
}

/**
 * Checks `text` (behind STX, with its ETX or EOT) by the octet that followed; null where none came, though one belongs there.
 * Line ends that were changed on the way are put back for it: the values are the same.
 */
export function checkBlock(text: Uint8Array, following: number | null): BlockCheck {
  const calculated = blockCheck(text);
  if (following === null) return { received: null, calculated, check: 'unreadable' };
  const received = following & 0x7f;
  if (received === calculated) return { received, calculated, check: 'ok' };
  for (const sent of withUsualLineEnds(text)) {
    if (blockCheck(sent) === received) return { received, calculated: received, check: 'ok' };
  }
  return { received, calculated, check: 'wrong' };
}

/** Where a block ends. */
export type BlockEnd =
  /** At `at` stands its ETX or EOT; the block check behind it may not have come. */
  | { readonly type: 'end'; readonly at: number }
  /** Its end was lost: at `at` another message begins. */
  | { readonly type: 'cut'; readonly at: number }
  | { readonly type: 'open' };

/** Looks for the end of the block that begins at `head` with SOH or STX; before `searched` there is none. */
export function blockEnd(bytes: Waiting, head: number, searched: number): BlockEnd {
  const start = Math.max(head + 1, searched);
  const etx = bytes.indexOf(ETX, start);
  const eot = bytes.indexOf(EOT, start);
  const at = etx === -1 ? eot : eot === -1 ? etx : Math.min(etx, eot);
  if (at === -1) return { type: 'open' };
  const second = secondMessage(bytes, head, at);
  return second === -1 ? { type: 'end', at } : { type: 'cut', at: second };
}

/** A block whose end was lost swallows the next message: where that one begins before `to`, or -1. */
export function secondMessage(bytes: Waiting, head: number, to: number): number {
  // A command has an STX of its own.
  const from = head + (bytes.at(head) === SOH ? COMMAND : 1);
  const stx = bytes.view(0, to).lastIndexOf(STX);
  if (stx < from) return -1;
  for (let i = stx; i >= Math.max(head + 1, stx - IDENTIFICATION_LIMIT); i--) {
    if (bytes.at(i) === 0x2f && BEFORE_IDENTIFICATION.has(bytes.at(i - 1))) return i;
  }
  return stx;
}

/** SOH, two characters of the command and its STX. */
const COMMAND = 5;
/** A list ends with a line or with its "!"; a stray SOH or STX may be noise in front. */
const BEFORE_IDENTIFICATION: ReadonlySet<number> = new Set([CR, LF, 0x21, SOH, STX]);
/** "/", maker, Z and a model of at most 16 characters with its escapes; meters are longer. IEC 62056-21, 6.3.2. */
export const IDENTIFICATION_LIMIT = 96;
