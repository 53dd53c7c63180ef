// An encrypted P1 telegram -> its text. Luxembourg Smarty, Sagemcom in Styria, Elgama and Kaifa in Poland.

import type { Origin } from '../cosem/reading';
import { CONTROL, Key, systemTitleText, unprotect } from '../security';
import { isDlmsError } from '../wire/errors';
import { Reader } from '../wire/reader';
import { openFrame } from '../framing/p1-frame';

export interface P1Keys {
  /** From the grid operator, one per meter. */
  readonly encryptionKey?: Key | null;
  /**
   * Absent: the one that Luxembourg published for all its meters is tried, and without a match the telegram is read
   * without verification.
   */
  readonly authenticationKey?: Key | null;
  /** For meters that send an empty system title (Elgama GAMA 350). */
  readonly systemTitle?: Uint8Array | null;
}

/**
 * Opens a frame that begins with the length octet of the system title. Throws NO_KEY, NO_SYSTEM_TITLE, WRONG_KEY,
 * AUTHENTICATION_FAILED.
 */
export function decryptP1(
  frame: Uint8Array,
  keys: P1Keys,
): { readonly plaintext: Uint8Array; readonly origin: Partial<Origin> } {
  const sent = openFrame(frame);
  const systemTitle = sent.systemTitle.length > 0 ? sent.systemTitle : (keys.systemTitle ?? null);
  const { encryptionKey = null } = keys;
  const context = { encryptionKey, systemTitle, plausible: isText };
  const authenticationKey = keys.authenticationKey ?? null;
  let opened: ReturnType<typeof unprotect>;
  if (authenticationKey !== null) opened = unprotect({ ...context, authenticationKey }, sent.octets);
  else {
    try {
      opened = unprotect({ ...context, authenticationKey: LUXEMBOURG }, sent.octets);
    } catch (error) {
      if (!isDlmsError(error) || error.code !== 'AUTHENTICATION_FAILED') throw error;
      opened = unprotect({ ...context, authenticationKey: null }, sent.octets);
    }
  }
  return { plaintext: opened.plaintext, origin: { ...protectionOf(frame, keys), authenticated: opened.authenticated } };
}

/** What such a frame tells of its protection without being opened. */
export function protectionOf(frame: Uint8Array, keys: P1Keys): Partial<Origin> {
  const sent = openFrame(frame);
  const title = systemTitleText(sent.systemTitle) ?? systemTitleText(keys.systemTitle ?? null);
  const r = new Reader(sent.octets);
  return {
    encrypted: (r.u8('security-control') & CONTROL.encryption) !== 0,
    authenticated: false,
    invocationCounter: r.u32('invocation-counter'),
    ...(title === null ? {} : { systemTitle: title }),
  };
}

function isText(plaintext: Uint8Array): boolean {
  return (
    plaintext.length > 0 &&
    plaintext.subarray(0, 32).every(byte => byte < 0x7f && (byte >= 0x20 || byte === 0x0d || byte === 0x0a))
  );
}

/** Luxembourg P1 companion standard: the same for every meter. */
const LUXEMBOURG = Key.from(Uint8Array.from({ length: 16 }, (_, i) => i * 0x11));
