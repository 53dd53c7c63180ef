// Invocation counters: the part of an initialization vector that changes. With one key and one system title none may be
// used twice, because AES-GCM under a repeated vector gives its plaintext away. IEC 62056-5-3, 5.3.7.
// The rule of the file: a number is an invocation counter only when it came through {@link invocationCounter}.

import { createHash } from 'node:crypto';

import { DlmsError } from '../wire/errors';
import { hex } from '../wire/hex';
import type { Key } from './keys';

declare const CHECKED: unique symbol;
/** A whole number 0..2^32-1. */
export type InvocationCounter = number & { readonly [CHECKED]: true };

/** Never sent: a counter that stands here says that the key is used up. */
export const LAST_COUNTER = 0xffffffff;

/** The door of everything that is to become a counter. Throws COUNTER_INVALID; nothing is rounded, wrapped or read from text. */
export function invocationCounter(value: unknown, where: string): InvocationCounter {
  const number = typeof value === 'bigint' && value >= 0n && value <= 0xffffffffn ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > LAST_COUNTER) {
    throw new DlmsError({ code: 'COUNTER_INVALID', where, value: shown(value) });
  }
  // Checked just above; -0 is an integer too, and is 0 on the wire.
  return (number + 0) as InvocationCounter;
}

/** By which the numbers of a key and a system title are kept: it tells nothing about the key. 32 hex digits. */
export function counterFingerprint(key: Key, systemTitle: Uint8Array): string {
  return digest('counter', key.octets(), systemTitle);
}

function digest(label: string, ...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(`meterflow ${label}\n`);
  for (const part of parts) hash.update(Uint8Array.of(part.length)).update(part);
  return hex(Uint8Array.from(hash.digest().subarray(0, FINGERPRINT_OCTETS)));
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value === null ? 'null' : typeof value === 'string' ? 'text' : typeof value;
}

const FINGERPRINT_OCTETS = 16;
