// Agreed keys: Diffie-Hellman on P-256 (suite 1) and P-384 (suite 2), then the concatenation KDF.
// IEC 62056-5-3, 5.3.4; NIST SP 800-56A rev. 2, 5.8.1.

import { createECDH, createHash } from 'node:crypto';

import type { GeneralHeader, KeyInfo } from '../apdu';
import { DlmsError } from '../wire/errors';
import { concat, hex } from '../wire/hex';
import { Key, systemTitleText } from './keys';

/** Our static private key and the other side's static public key (x and y, with or without 04 in front). */
export interface Agreement {
  readonly suite: 1 | 2;
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array | null;
}

/** The shared secret Z. Throws BAD_SETTING for a key that is no point of the curve. */
export function sharedSecret(suite: 1 | 2, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const { curve, octets } = SUITES[suite];
  try {
    const ecdh = createECDH(curve);
    ecdh.setPrivateKey(privateKey);
    const point = publicKey.length === 2 * octets ? concat(Uint8Array.of(4), publicKey) : publicKey;
    return Uint8Array.from(ecdh.computeSecret(point));
  } catch {
    // Nothing of node's error goes on: it could carry the key.
    throw new DlmsError({
      code: 'BAD_SETTING',
      setting: 'key agreement keys',
      value: '(hidden)',
      expected: `a key pair on ${curve}`,
    });
  }
}

/** First 16 (suite 1) or 32 (suite 2) octets of hash(00000001 || Z || AlgorithmID || PartyU || PartyV). */
export function deriveKey(suite: 1 | 2, z: Uint8Array, partyU: Uint8Array, partyV: Uint8Array): Key {
  const { hash, algorithm, keyOctets } = SUITES[suite];
  const digest = createHash(hash)
    .update(concat(Uint8Array.of(0, 0, 0, 1), z, algorithm, partyU, partyV))
    .digest();
  return Key.from(digest.subarray(0, keyOctets), 'agreed key');
}

/**
 * The key of a general-ciphering APDU, on the recipient's side. key-parameters 01: one-pass, C(1e, 1s), the originator's
 * ephemeral public key comes along; 02: static unified model, C(0e, 2s), where the transaction id is the originator's nonce.
 */
export function agreedKey(
  agreement: Agreement,
  info: Extract<KeyInfo, { type: 'agreed-key' }>,
  header: GeneralHeader,
): Key {
  const { suite, privateKey } = agreement;
  const scheme = info.keyParameters[0];
  const { originatorSystemTitle: u, recipientSystemTitle: v } = header;
  if (scheme === 1) {
    const ephemeral = info.keyCiphered.subarray(0, 2 * SUITES[suite].octets);
    return deriveKey(suite, sharedSecret(suite, privateKey, ephemeral), u, v);
  }
  if (scheme === 2) {
    if (agreement.publicKey === null) {
      throw new DlmsError({ code: 'NO_KEY', systemTitle: systemTitleText(u), counter: null });
    }
    const z = sharedSecret(suite, privateKey, agreement.publicKey);
    return deriveKey(suite, z, concat(u, Uint8Array.of(header.transactionId.length), header.transactionId), v);
  }
  throw new DlmsError({ code: 'NOT_SUPPORTED', what: `key agreement scheme ${hex(info.keyParameters)}` });
}

interface Suite {
  readonly curve: string;
  /** Of one coordinate. */
  readonly octets: number;
  readonly hash: string;
  /** 2.16.756.5.8.3.x: AES-GCM-128, AES-GCM-256. */
  readonly algorithm: Uint8Array;
  readonly keyOctets: number;
}
const SUITES: Readonly<Record<1 | 2, Suite>> = {
  1: {
    curve: 'prime256v1',
    octets: 32,
    hash: 'sha256',
    algorithm: Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 0x03, 0x00),
    keyOctets: 16,
  },
  2: {
    curve: 'secp384r1',
    octets: 48,
    hash: 'sha384',
    algorithm: Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 0x03, 0x01),
    keyOctets: 32,
  },
};
