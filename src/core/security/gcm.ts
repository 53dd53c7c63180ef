// The security of xDLMS APDUs: SC | IC | ciphertext | tag, by AES-GCM. IEC 62056-5-3, 5.3.7 and 5.7.
// The rule of the file: `authenticated` is true only when a tag was verified.

import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';

import { generalHeader, type GeneralHeader } from '../apdu';
import { DlmsError } from '../wire/errors';
import { concat } from '../wire/hex';
import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import { invocationCounter, type InvocationCounter } from './counter';
import { Key, SYSTEM_TITLE_OCTETS, systemTitleText } from './keys';
import { plausibleApdu } from './plausible';

/** The security control octet. Its low nibble is the suite: 0 and 1 AES-128, 2 AES-256. */
export const CONTROL = {
  authentication: 0x10,
  encryption: 0x20,
  broadcast: 0x40,
  compression: 0x80,
  suite: 0x0f,
} as const;

export interface ProtectContext {
  /** Of the sender, that is ours; eight octets. */
  readonly systemTitle: Uint8Array;
  readonly key: Key;
  /** Needed with authentication. */
  readonly authenticationKey: Key | null;
  /** 0x10 authentication, 0x20 encryption, 0x30 both; plus the suite, 0x40 under the broadcast key. */
  readonly control: number;
  /** Never used before with this key; looked at again where the vector is made. */
  readonly counter: number;
  /** Of general-ciphering; it is authenticated too. */
  readonly header?: GeneralHeader | undefined;
}

/** SC | IC | plaintext or ciphertext | tag where the control asks for one. Throws NO_KEY, NO_SYSTEM_TITLE, COMPRESSED, COUNTER_INVALID. */
export function protect(ctx: ProtectContext, plaintext: Uint8Array): Uint8Array {
  const { control, counter, key } = ctx;
  if ((control & CONTROL.compression) !== 0) throw compressed(ctx.systemTitle);
  const iv = ivOf(ctx.systemTitle, counter);
  const head = new Writer().u8(control).u32(counter).toBytes();
  const encrypt = (control & CONTROL.encryption) !== 0;
  if ((control & CONTROL.authentication) === 0) {
    return concat(head, encrypt ? ctr(key, iv, plaintext) : plaintext);
  }
  if (ctx.authenticationKey === null) throw noKey(ctx.systemTitle, counter);
  const aad = aadOf(control, ctx.authenticationKey, ctx.header);
  if (encrypt) {
    const sealed = seal(key, iv, aad, plaintext);
    return concat(head, sealed.ciphertext, sealed.tag);
  }
  return concat(head, plaintext, seal(key, iv, concat(aad, plaintext), EMPTY).tag);
}

export interface UnprotectContext {
  /** Of the sender; eight octets. */
  readonly systemTitle: Uint8Array | null;
  readonly encryptionKey: Key | null;
  /** How the message says to get that key; told when it is missing. */
  readonly keyInfo?: string | undefined;
  /** Used where control bit 6 is set; without it the encryption key is tried. */
  readonly broadcastKey?: Key | null | undefined;
  /** null: decrypt, drop the tag, authenticated false. */
  readonly authenticationKey: Key | null;
  readonly header?: GeneralHeader | undefined;
  /** Whether a plaintext can be what was meant; tells a wrong key where no tag does. */
  readonly plausible?: ((plaintext: Uint8Array) => boolean) | undefined;
}

export interface Unprotected {
  readonly plaintext: Uint8Array;
  readonly control: number;
  readonly counter: InvocationCounter;
  readonly authenticated: boolean;
  /** That decrypted or verified it; null: nothing did. */
  readonly key: Key | null;
}

/**
 * The plaintext of SC | IC | …. Suite and key may disagree (Kaifa West sends suite 1 with AES-128): the key's length decides.
 * Throws NO_KEY, NO_SYSTEM_TITLE, COMPRESSED, WIRE_TRUNCATED; WRONG_KEY where no sense came out;
 * AUTHENTICATION_FAILED where sense came out but the tag does not verify.
 */
export function unprotect(ctx: UnprotectContext, octets: Uint8Array): Unprotected {
  const r = new Reader(octets);
  const control = r.u8('security-control');
  const counter = invocationCounter(r.u32('invocation-counter'), 'the message');
  if ((control & CONTROL.compression) !== 0) throw compressed(ctx.systemTitle);
  const encrypted = (control & CONTROL.encryption) !== 0;
  const tagged = (control & CONTROL.authentication) !== 0;
  const body = r.take(tagged ? Math.max(0, r.remaining - TAG_OCTETS) : r.remaining, 'ciphered content');
  const tag = tagged ? r.take(TAG_OCTETS, 'authentication tag') : EMPTY;
  const key = ((control & CONTROL.broadcast) !== 0 ? ctx.broadcastKey : null) ?? ctx.encryptionKey;
  const verifiable = tagged && ctx.authenticationKey !== null;

  // Without encryption the content is readable; only its verification needs keys.
  if (!encrypted && (!verifiable || key === null)) {
    return { plaintext: body, control, counter, authenticated: false, key: null };
  }
  if (key === null) throw noKey(ctx.systemTitle, counter, ctx.keyInfo);
  const iv = ivOf(ctx.systemTitle, counter);
  const plausible = ctx.plausible ?? plausibleApdu;
  if (!verifiable) {
    const plaintext = ctr(key, iv, body);
    if (!plausible(plaintext)) throw wrongKey(ctx.systemTitle);
    return { plaintext, control, counter, authenticated: false, key };
  }
  const aad = aadOf(control, ctx.authenticationKey as Key, ctx.header);
  if (encrypted) {
    // One pass where all is well; only a failure asks what came out of it.
    const plaintext = open(key, iv, aad, body, tag);
    if (plaintext !== null) return { plaintext, control, counter, authenticated: true, key };
    if (!plausible(ctr(key, iv, body))) throw wrongKey(ctx.systemTitle);
  } else if (timingSafeEqual(seal(key, iv, concat(aad, body), EMPTY).tag, tag)) {
    return { plaintext: body, control, counter, authenticated: true, key };
  }
  throw new DlmsError({ code: 'AUTHENTICATION_FAILED', systemTitle: systemTitleText(ctx.systemTitle) });
}

/** GMAC over what the additional authenticated data holds: twelve octets. */
export function gmac(key: Key, systemTitle: Uint8Array, counter: number, aad: Uint8Array): Uint8Array {
  return seal(key, ivOf(systemTitle, counter), aad, EMPTY).tag;
}

/** AES key wrap. RFC 3394. */
export function wrapKey(kek: Key, key: Key): Uint8Array {
  const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, kek.octets(), WRAP_IV);
  return concat(cipher.update(key.octets()), cipher.final());
}

/** Throws WRONG_KEY where the wrapped key does not verify under this one. RFC 3394. */
export function unwrapKey(kek: Key, wrapped: Uint8Array, systemTitle: Uint8Array | null = null): Key {
  const decipher = createDecipheriv(`id-aes${kek.length * 8}-wrap`, kek.octets(), WRAP_IV);
  let octets: Uint8Array;
  try {
    octets = concat(decipher.update(wrapped), decipher.final());
  } catch {
    throw wrongKey(systemTitle);
  }
  if (octets.length !== 16 && octets.length !== 32) throw wrongKey(systemTitle);
  return Key.from(octets, 'wrapped key');
}

/** SC || AK, and with general-ciphering its five fields with their lengths. */
function aadOf(control: number, authenticationKey: Key, header: GeneralHeader | undefined): Uint8Array {
  const aad = authenticationKey.after(control);
  if (header === undefined) return aad;
  const w = new Writer().bytes(aad);
  generalHeader.write(w, header);
  return w.toBytes();
}

/** System title || invocation counter. A counter that is none throws: cut to 32 bits it would repeat a vector. */
function ivOf(systemTitle: Uint8Array | null, given: number): Uint8Array {
  const counter = invocationCounter(given, 'the initialization vector');
  if (systemTitle === null || systemTitle.length !== SYSTEM_TITLE_OCTETS) {
    throw new DlmsError({ code: 'NO_SYSTEM_TITLE', where: 'the encrypted message' });
  }
  // By hand: a view and its buffer would cost as much as the rest, and this runs for each telegram.
  const iv = new Uint8Array(12);
  iv.set(systemTitle);
  iv[8] = counter >>> 24;
  iv[9] = counter >>> 16;
  iv[10] = counter >>> 8;
  iv[11] = counter;
  return iv;
}

function seal(
  key: Key,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): { ciphertext: Uint8Array; tag: Uint8Array } {
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key.octets(), iv, {
    authTagLength: TAG_OCTETS,
  });
  cipher.setAAD(aad);
  const ciphertext = concat(cipher.update(plaintext), cipher.final());
  return { ciphertext, tag: Uint8Array.from(cipher.getAuthTag()) };
}

/** Null where the tag does not verify. */
function open(key: Key, iv: Uint8Array, aad: Uint8Array, text: Uint8Array, tag: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv(key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key.octets(), iv, {
    authTagLength: TAG_OCTETS,
  });
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(text);
  try {
    decipher.final();
  } catch {
    return null;
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
}

/** GCM's encryption without its tag is CTR that starts at 2; node's GCM gives nothing without a tag. NIST SP 800-38D, 7.1. */
function ctr(key: Key, iv: Uint8Array, text: Uint8Array): Uint8Array {
  const start = concat(iv, Uint8Array.of(0, 0, 0, 2));
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr', key.octets(), start);
  return concat(cipher.update(text), cipher.final());
}

function noKey(systemTitle: Uint8Array | null, counter: number, keyInfo?: string): DlmsError {
  const missing = keyInfo === undefined ? {} : { keyInfo };
  return new DlmsError({ code: 'NO_KEY', systemTitle: systemTitleText(systemTitle), counter, ...missing });
}

function wrongKey(systemTitle: Uint8Array | null): DlmsError {
  return new DlmsError({ code: 'WRONG_KEY', systemTitle: systemTitleText(systemTitle) });
}

function compressed(systemTitle: Uint8Array | null): DlmsError {
  return new DlmsError({ code: 'COMPRESSED', systemTitle: systemTitleText(systemTitle) });
}

const TAG_OCTETS = 12;
const EMPTY = new Uint8Array(0);
const WRAP_IV = new Uint8Array(8).fill(0xa6);
