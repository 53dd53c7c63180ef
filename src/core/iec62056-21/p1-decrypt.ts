// An encrypted P1 telegram -> its text. Luxembourg Smarty, Sagemcom in Styria, Elgama and Kaifa in Poland.

import type { Origin } from '../cosem/reading';
import { FAMILIES } from '../meters/table';
import { CONTROL, Key, systemTitleText, unprotect } from '../security';
import { DlmsError, isDlmsError } from '../wire/errors';
import { unhex } from '../wire/hex';
import { Reader } from '../wire/reader';
import { openFrame } from '../framing/p1-frame';

export interface P1Keys {
  /** From the grid operator, one per meter. */
  readonly encryptionKey?: Key | null;
  /**
   * Absent: those that countries published for all their meters (Luxembourg) are tried, and without a match the telegram
   * is read without verification.
   */
  readonly authenticationKey?: Key | null;
  /** For meters that send an empty system title (Elgama GAMA 350); without it eight zero octets are tried (Kaifa MA309M). */
  readonly systemTitle?: Uint8Array | null;
  /** Of the meter with this system title, in place of those above. May throw. */
  readonly keysOf?: (systemTitle: Uint8Array) => Pick<P1Keys, 'encryptionKey' | 'authenticationKey'>;
}

/**
 * Opens a frame that begins with the length octet of the system title. Throws NO_KEY, WRONG_KEY, AUTHENTICATION_FAILED.
 */
export function decryptP1(frame: Uint8Array, keys: P1Keys): OpenedP1 {
  const { systemTitle, octets } = openFrame(frame);
  if (systemTitle.length > 0) return openedWith(systemTitle, octets, keys.keysOf?.(systemTitle) ?? keys);
  const configured = keys.systemTitle ?? null;
  // Without a key that is what is told, and no title.
  if (configured === null && keys.encryptionKey == null) return openedWith(null, octets, keys);
  if (configured !== null) {
    try {
      return openedWith(configured, octets, keys.keysOf?.(configured) ?? keys);
    } catch (error) {
      if (!isDlmsError(error) || error.code !== 'WRONG_KEY') throw error;
    }
  }
  try {
    return openedWith(NO_TITLE, octets, keys);
  } catch (error) {
    // Zeros are nobody's title.
    const code = isDlmsError(error) ? error.code : null;
    if (code === 'AUTHENTICATION_FAILED') throw new DlmsError({ code, systemTitle: null });
    if (code !== 'WRONG_KEY') throw error;
    const tried = configured === null ? { untitled: true as const } : {};
    throw new DlmsError({ code, systemTitle: systemTitleText(configured), ...tried });
  }
}

interface OpenedP1 {
  readonly plaintext: Uint8Array;
  readonly origin: Partial<Origin>;
}

function openedWith(systemTitle: Uint8Array | null, octets: Uint8Array, keys: P1Keys): OpenedP1 {
  const { encryptionKey = null, authenticationKey = null } = keys;
  const open = (key: Key | null): OpenedP1 => {
    const context = { encryptionKey, authenticationKey: key, systemTitle, plausible: isText };
    const { plaintext, authenticated } = unprotect(context, octets);
    return {
      plaintext,
      origin: { ...protection(systemTitle === NO_TITLE ? null : systemTitle, octets), authenticated },
    };
  };
  if (authenticationKey !== null) return open(authenticationKey);
  for (const published of PUBLISHED) {
    try {
      return open(published);
    } catch (error) {
      if (!isDlmsError(error) || error.code !== 'AUTHENTICATION_FAILED') throw error;
    }
  }
  return open(null);
}

/** What such a frame tells of its protection without being opened. */
export function protectionOf(frame: Uint8Array, keys: P1Keys): Partial<Origin> {
  const { systemTitle, octets } = openFrame(frame);
  return protection(systemTitle.length > 0 ? systemTitle : (keys.systemTitle ?? null), octets);
}

function protection(systemTitle: Uint8Array | null, octets: Uint8Array): Partial<Origin> {
  const title = systemTitleText(systemTitle);
  const r = new Reader(octets);
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

/** The initialization vector of meters that neither send a title nor have one told: zeros, and the counter. */
const NO_TITLE = new Uint8Array(8);
const PUBLISHED = FAMILIES.flatMap(({ p1 }) =>
  p1?.publishedAuthenticationKey === undefined ? [] : [Key.from(unhex(p1.publishedAuthenticationKey))],
);
