// Ciphered APDUs as a whole: which key, which system title, which header; opening and sealing in one place for all of them.

import {
  cipheredType,
  encodeApdu,
  isServiceCiphered,
  plainTagOf,
  type Apdu,
  type GeneralCiphering,
  type GeneralDedCiphering,
  type GeneralGloCiphering,
  type GeneralSigning,
  type ServiceCiphered,
} from '../apdu';
import { DlmsError } from '../wire/errors';
import { agreedKey, type Agreement } from './agreement';
import { protect, unprotect, unwrapKey, type Unprotected } from './gcm';
import type { Key } from './keys';
import { plausibleApdu } from './plausible';

export type CipheredApdu =
  ServiceCiphered | GeneralGloCiphering | GeneralDedCiphering | GeneralCiphering | GeneralSigning;

/** What is known about the other side. Absent keys are null; nothing here is ever shown. */
export interface KeyRing {
  /** Global unicast encryption key (GUEK, EK). */
  readonly encryptionKey: Key | null;
  /** Global authentication key (GAK, AK); null: tags are dropped unverified. */
  readonly authenticationKey: Key | null;
  /** Global broadcast encryption key. */
  readonly broadcastKey?: Key | null;
  /** Of this association, as the initiate-request carried it. */
  readonly dedicatedKey?: Key | null;
  /** Master key (KEK), for wrapped keys. */
  readonly masterKey?: Key | null;
  /** For agreed keys. */
  readonly agreement?: Agreement | null;
  /** Of the sender, used where the APDU names none: from the AARE, or configured. */
  readonly systemTitle: Uint8Array | null;
}

export interface Opened extends Unprotected {
  /** The one the initialization vector was built with. */
  readonly systemTitle: Uint8Array | null;
}

export function isCiphered(apdu: Apdu): apdu is CipheredApdu {
  return isServiceCiphered(apdu) || GENERAL.has(apdu.type);
}

/** The octets inside a ciphered APDU; decodeApdu reads them. Errors: as unprotect, and NOT_SUPPORTED for general-signing. */
export function openApdu(
  apdu: CipheredApdu,
  ring: KeyRing,
  plausible: (plaintext: Uint8Array) => boolean = plausibleApdu,
): Opened {
  const common = { authenticationKey: ring.authenticationKey, broadcastKey: ring.broadcastKey, plausible };
  switch (apdu.type) {
    case 'general-glo-ciphering':
    case 'general-ded-ciphering': {
      const systemTitle = titleOf(apdu.systemTitle, ring);
      const encryptionKey = apdu.type === 'general-glo-ciphering' ? ring.encryptionKey : (ring.dedicatedKey ?? null);
      const { authenticationKey, broadcastKey } = common;
      const context = { authenticationKey, broadcastKey, plausible, systemTitle, encryptionKey };
      const { plaintext, control, counter, authenticated, key } = unprotect(context, apdu.ciphered);
      return { plaintext, control, counter, authenticated, key, systemTitle };
    }
    case 'general-ciphering': {
      const systemTitle = titleOf(apdu.originatorSystemTitle, ring);
      const encryptionKey = keyOf(apdu, ring, systemTitle);
      const context = { ...common, systemTitle, encryptionKey, keyInfo: apdu.keyInfo?.type, header: apdu };
      return { ...unprotect(context, apdu.ciphered), systemTitle };
    }
    case 'general-signing':
      throw new DlmsError({ code: 'NOT_SUPPORTED', what: 'a signed message (general-signing)' });
    default: {
      const { systemTitle } = ring;
      const encryptionKey = apdu.type.startsWith('glo-') ? ring.encryptionKey : (ring.dedicatedKey ?? null);
      const tag = plainTagOf(apdu.type);
      // A tag announces the service inside; an error or an exception may stand in its place.
      const fits = (p: Uint8Array): boolean => (p[0] === tag || ERRORS_INSIDE.has(p[0] ?? 0)) && plausible(p);
      return {
        ...unprotect({ ...common, systemTitle, encryptionKey, plausible: fits }, apdu.ciphered),
        systemTitle,
      };
    }
  }
}

export interface Seal {
  /** glo-… and ded-… of the service, or the general forms with our system title in front. */
  readonly form: 'glo' | 'ded' | 'general-glo' | 'general-ded';
  readonly systemTitle: Uint8Array;
  readonly key: Key;
  readonly authenticationKey: Key | null;
  /** 0x10, 0x20 or 0x30, plus the suite. */
  readonly control: number;
  readonly counter: number;
}

/** A plain APDU under protection. A service that has no glo- or ded- tag of its own goes into the general form. */
export function sealApdu(plaintext: Uint8Array, seal: Seal): Uint8Array {
  const ciphered = protect(seal, plaintext);
  const { form, systemTitle } = seal;
  if (form === 'glo' || form === 'ded') {
    const type = cipheredType(plaintext[0] ?? 0, form);
    if (type !== null) return encodeApdu({ type, ciphered });
  }
  const type = form === 'glo' || form === 'general-glo' ? 'general-glo-ciphering' : 'general-ded-ciphering';
  return encodeApdu({ type, systemTitle, ciphered });
}

function titleOf(sent: Uint8Array, ring: KeyRing): Uint8Array | null {
  return sent.length > 0 ? sent : ring.systemTitle;
}

function keyOf(apdu: GeneralCiphering, ring: KeyRing, systemTitle: Uint8Array | null): Key | null {
  const info = apdu.keyInfo;
  switch (info?.type) {
    case 'wrapped-key': {
      const kek = ring.masterKey ?? null;
      return kek === null ? null : unwrapKey(kek, info.keyCiphered, systemTitle);
    }
    case 'agreed-key': {
      const agreement = ring.agreement ?? null;
      return agreement === null ? null : agreedKey(agreement, info, apdu);
    }
    case 'identified-key':
      return (info.keyId === 1 ? ring.broadcastKey : null) ?? ring.encryptionKey;
    default:
      return ring.encryptionKey;
  }
}

const GENERAL: ReadonlySet<string> = new Set([
  'general-glo-ciphering',
  'general-ded-ciphering',
  'general-ciphering',
  'general-signing',
]);
/** confirmed-service-error, exception-response. */
const ERRORS_INSIDE: ReadonlySet<number> = new Set([0x0e, 0xd8]);
