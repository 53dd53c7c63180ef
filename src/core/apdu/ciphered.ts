// The protected APDUs: glo- and ded- of each service, and the general ones DB, DC, DD, DF. IEC 62056-5-3, 5.7.
// `ciphered` is SC | IC | ciphertext [| tag]; opening it is the work of core/security.

import { alternative, optional, readOctets, writeOptional, type Alternative, type Codec } from './codec';

/** One row a service: its plain tag, its tag under the global and under the dedicated key. */
export const CIPHERED_SERVICES = [
  { name: 'initiate-request', plain: 0x01, glo: 0x21, ded: 0x41 },
  { name: 'read-request', plain: 0x05, glo: 0x25, ded: 0x45 },
  { name: 'write-request', plain: 0x06, glo: 0x26, ded: 0x46 },
  { name: 'initiate-response', plain: 0x08, glo: 0x28, ded: 0x48 },
  { name: 'read-response', plain: 0x0c, glo: 0x2c, ded: 0x4c },
  { name: 'write-response', plain: 0x0d, glo: 0x2d, ded: 0x4d },
  { name: 'confirmed-service-error', plain: 0x0e, glo: 0x2e, ded: 0x4e },
  { name: 'unconfirmed-write-request', plain: 0x16, glo: 0x36, ded: 0x56 },
  { name: 'information-report-request', plain: 0x18, glo: 0x38, ded: 0x58 },
  { name: 'get-request', plain: 0xc0, glo: 0xc8, ded: 0xd0 },
  { name: 'set-request', plain: 0xc1, glo: 0xc9, ded: 0xd1 },
  { name: 'event-notification-request', plain: 0xc2, glo: 0xca, ded: 0xd2 },
  { name: 'action-request', plain: 0xc3, glo: 0xcb, ded: 0xd3 },
  { name: 'get-response', plain: 0xc4, glo: 0xcc, ded: 0xd4 },
  { name: 'set-response', plain: 0xc5, glo: 0xcd, ded: 0xd5 },
  { name: 'action-response', plain: 0xc7, glo: 0xcf, ded: 0xd7 },
] as const;

type ServiceName = (typeof CIPHERED_SERVICES)[number]['name'];
export type ServiceCipheredType = `glo-${ServiceName}` | `ded-${ServiceName}`;

/** A service's APDU under the global (glo-) or dedicated (ded-) key. */
export interface ServiceCiphered {
  readonly type: ServiceCipheredType;
  readonly ciphered: Uint8Array;
}

export const SERVICE_CIPHERED: readonly Alternative<ServiceCiphered>[] = CIPHERED_SERVICES.flatMap(row => [
  serviceCiphered(`glo-${row.name}`, row.glo),
  serviceCiphered(`ded-${row.name}`, row.ded),
]);

export function isServiceCiphered(apdu: { readonly type: string }): apdu is ServiceCiphered {
  return TYPES.has(apdu.type);
}

/** The type that protects an APDU with this first octet, or null: such an APDU goes into a general one. */
export function cipheredType(plainTag: number, key: 'glo' | 'ded'): ServiceCipheredType | null {
  const row = CIPHERED_SERVICES.find(s => s.plain === plainTag);
  return row === undefined ? null : `${key}-${row.name}`;
}

/** First octet of the APDU inside; false where the tag and what came out of it do not belong together. */
export function plainTagOf(type: ServiceCipheredType): number {
  const name = type.slice(4);
  return (CIPHERED_SERVICES.find(s => s.name === name) as (typeof CIPHERED_SERVICES)[number]).plain;
}

export interface GeneralGloCiphering {
  readonly type: 'general-glo-ciphering';
  /** Eight octets, or none where the sender leaves it out (Pietro Fiorentini locally, Elgama): then the configured one counts. */
  readonly systemTitle: Uint8Array;
  readonly ciphered: Uint8Array;
}

/** general-glo-ciphering, DB. */
export const generalGloCiphering = alternative<GeneralGloCiphering>('general-glo-ciphering', [0xdb], {
  read: r => ({ systemTitle: readOctets(r, 'system-title'), ciphered: readOctets(r, 'ciphered-content') }),
  write: (w, v) => void w.octets(v.systemTitle).octets(v.ciphered),
});

export interface GeneralDedCiphering {
  readonly type: 'general-ded-ciphering';
  readonly systemTitle: Uint8Array;
  readonly ciphered: Uint8Array;
}

/** general-ded-ciphering, DC. */
export const generalDedCiphering = alternative<GeneralDedCiphering>('general-ded-ciphering', [0xdc], {
  read: r => ({ systemTitle: readOctets(r, 'system-title'), ciphered: readOctets(r, 'ciphered-content') }),
  write: (w, v) => void w.octets(v.systemTitle).octets(v.ciphered),
});

/** Where the key of a general-ciphering APDU comes from. */
export type KeyInfo =
  /** 0 global-unicast-encryption-key, 1 global-broadcast-encryption-key. */
  | { readonly type: 'identified-key'; readonly keyId: number }
  /** 0 master-key (KEK); the key by AES key wrap, RFC 3394. */
  | { readonly type: 'wrapped-key'; readonly kekId: number; readonly keyCiphered: Uint8Array }
  /** key-parameters: 01 one-pass, 02 static unified model; key-ciphered-data: ephemeral public key and signature, or empty. */
  | { readonly type: 'agreed-key'; readonly keyParameters: Uint8Array; readonly keyCiphered: Uint8Array };

/** The five fields that general-ciphering authenticates beside its content. */
export interface GeneralHeader {
  readonly transactionId: Uint8Array;
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
  readonly dateTime: Uint8Array;
  readonly otherInformation: Uint8Array;
}

export interface GeneralCiphering extends GeneralHeader {
  readonly type: 'general-ciphering';
  readonly keyInfo: KeyInfo | null;
  readonly ciphered: Uint8Array;
}

/** general-ciphering, DD. */
export const generalCiphering = alternative<GeneralCiphering>('general-ciphering', [0xdd], {
  read: r => ({
    ...generalHeader.read(r),
    keyInfo: optional(r, 'key-info', keyInfo.read),
    ciphered: readOctets(r, 'ciphered-content'),
  }),
  write: (w, v) => {
    generalHeader.write(w, v);
    writeOptional(w, v.keyInfo, keyInfo.write);
    w.octets(v.ciphered);
  },
});

export interface GeneralSigning extends GeneralHeader {
  readonly type: 'general-signing';
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** general-signing, DF. Read and shown; signatures are not verified. */
export const generalSigning = alternative<GeneralSigning>('general-signing', [0xdf], {
  read: r => ({
    ...generalHeader.read(r),
    content: readOctets(r, 'content'),
    signature: readOctets(r, 'signature'),
  }),
  write: (w, v) => {
    generalHeader.write(w, v);
    w.octets(v.content).octets(v.signature);
  },
});

/** The five octet strings with their lengths; also what goes into the additional authenticated data. */
export const generalHeader: Codec<GeneralHeader> = {
  read: r => ({
    transactionId: readOctets(r, 'transaction-id'),
    originatorSystemTitle: readOctets(r, 'originator-system-title'),
    recipientSystemTitle: readOctets(r, 'recipient-system-title'),
    dateTime: readOctets(r, 'date-time'),
    otherInformation: readOctets(r, 'other-information'),
  }),
  write: (w, v) =>
    void w
      .octets(v.transactionId)
      .octets(v.originatorSystemTitle)
      .octets(v.recipientSystemTitle)
      .octets(v.dateTime)
      .octets(v.otherInformation),
};

const keyInfo: Codec<KeyInfo> = {
  read: r => {
    const choice = r.u8('key-info');
    if (choice === 0) return { type: 'identified-key', keyId: r.u8('key-id') };
    if (choice === 1) {
      return { type: 'wrapped-key', kekId: r.u8('kek-id'), keyCiphered: readOctets(r, 'key-ciphered-data') };
    }
    if (choice === 2) {
      return {
        type: 'agreed-key',
        keyParameters: readOctets(r, 'key-parameters'),
        keyCiphered: readOctets(r, 'key-ciphered-data'),
      };
    }
    return r.invalid('key-info', choice, 'identified (0), wrapped (1) or agreed (2)');
  },
  write: (w, v) => {
    if (v.type === 'identified-key') w.u8(0).u8(v.keyId);
    else if (v.type === 'wrapped-key') w.u8(1).u8(v.kekId).octets(v.keyCiphered);
    else w.u8(2).octets(v.keyParameters).octets(v.keyCiphered);
  },
};

function serviceCiphered(type: ServiceCipheredType, tag: number): Alternative<ServiceCiphered> {
  return alternative<ServiceCiphered>(type, [tag], {
    read: r => ({ ciphered: readOctets(r, type) }),
    write: (w, v) => void w.octets(v.ciphered),
  });
}

const TYPES: ReadonlySet<string> = new Set(SERVICE_CIPHERED.map(a => a.type));
