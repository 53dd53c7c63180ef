// How far a message was proven, and how far it has to be before its values are believed.
// The rule of the file: what nobody said counts as not proven.

import { DlmsError } from '../wire/errors';
import type { Origin } from './reading';

/** In rising order; each includes the ones before it. */
export const PROOFS = ['nothing', 'encrypted', 'authenticated'] as const;
export type Proof = (typeof PROOFS)[number];

/** What is required where the user chose nothing: as much as the keys can prove. Any key that deciphers is an encryption key. */
export function proofByKeys(authenticationKey: unknown, ...decipheringKeys: readonly unknown[]): Proof {
  if (authenticationKey != null) return 'authenticated';
  return decipheringKeys.some(key => key != null) ? 'encrypted' : 'nothing';
}

/** Null where it was proven far enough; else NOT_AUTHENTICATED or NOT_ENCRYPTED. `origin` null: nothing is known of it. */
export function lackOf(origin: Partial<Origin> | null, required: Proof): DlmsError | null {
  if (required === 'nothing' || origin?.authenticated === true) return null;
  const encrypted = origin?.encrypted === true;
  const systemTitle = origin?.systemTitle ?? null;
  const unknown = origin === null ? { unknown: true as const } : {};
  if (required === 'authenticated')
    return new DlmsError({ code: 'NOT_AUTHENTICATED', systemTitle, encrypted, ...unknown });
  return encrypted ? null : new DlmsError({ code: 'NOT_ENCRYPTED', systemTitle, ...unknown });
}
