// Opening and closing an association: AARQ 60, AARE 61, RLRQ 62, RLRE 63, in BER. IEC 62056-5-3, ACSE; ITU-T X.227.
// The rule of the file: a damaged part never hides the result. User information stays octets, because it is ciphered
// or damaged often enough; its reader is decodeApdu.

import { Reader } from '../wire/reader';
import { alternative } from './codec';
import { arcOf, element, lengthFollows, oidOf, readElements, type BerElement } from './ber';
import { Writer } from '../wire/writer';

/** application-context-name, last arc. */
export const APPLICATION_CONTEXT = { ln: 1, sn: 2, lnCiphered: 3, snCiphered: 4 } as const;

/** authentication-mechanism-name, last arc. */
export const MECHANISM = {
  lowest: 0,
  low: 1,
  high: 2,
  highMd5: 3,
  highSha1: 4,
  highGmac: 5,
  highSha256: 6,
  highEcdsa: 7,
} as const;

export interface Aarq {
  readonly type: 'aarq';
  /** As sent; nobody checks it. */
  readonly protocolVersion: Uint8Array | null;
  /** 1 LN, 2 SN, 3 LN ciphered, 4 SN ciphered; null where it is no name of DLMS. */
  readonly applicationContext: number | null;
  /** The client's system title. */
  readonly callingApTitle: Uint8Array | null;
  /** The client's certificate, if it sends one. */
  readonly callingAeQualifier: Uint8Array | null;
  /** The user of the client, 0..255. */
  readonly callingAeInvocationId: number | null;
  /** 0..7, see {@link MECHANISM}; null: no authentication. */
  readonly mechanism: number | null;
  /** The password, or the challenge CtoS. */
  readonly callingAuthenticationValue: Uint8Array | null;
  /** The encoded (ciphered) initiate-request. */
  readonly userInformation: Uint8Array | null;
}

/** aarq, 60. */
export const aarq = alternative<Aarq>('aarq', [0x60], {
  read: r => {
    const part = elementsOf(r);
    return {
      protocolVersion: part(0x80),
      applicationContext: readOid(part(0xa1), CONTEXT),
      callingApTitle: inner(part(0xa6)),
      callingAeQualifier: inner(part(0xa7)),
      callingAeInvocationId: readInteger(part(0xa9)),
      mechanism: readMechanism(part(0x8b)),
      callingAuthenticationValue: inner(part(0xac)),
      userInformation: inner(part(0xbe)),
    };
  },
  write: (w, v) =>
    writeElements(w, [
      [0x80, v.protocolVersion],
      [0xa1, v.applicationContext === null ? null : element(0x06, oidOf(CONTEXT, v.applicationContext))],
      [0xa6, octetString(v.callingApTitle)],
      [0xa7, octetString(v.callingAeQualifier)],
      [0xa9, v.callingAeInvocationId === null ? null : integer(v.callingAeInvocationId)],
      [0x8a, v.mechanism === null ? null : AUTHENTICATION_REQUIRED],
      [0x8b, v.mechanism === null ? null : oidOf(MECHANISM_FAMILY, v.mechanism)],
      [0xac, v.callingAuthenticationValue === null ? null : element(0x80, v.callingAuthenticationValue)],
      [0xbe, octetString(v.userInformation)],
    ]),
});

export interface Aare {
  readonly type: 'aare';
  readonly protocolVersion: Uint8Array | null;
  readonly applicationContext: number | null;
  /** 0 accepted, 1 rejected-permanent, 2 rejected-transient. */
  readonly result: number;
  /** Why: from the service user (1, the usual one) or the provider (2). Words: associationDiagnostic(). */
  readonly diagnostic: { readonly source: number; readonly value: number };
  /** The server's system title. */
  readonly respondingApTitle: Uint8Array | null;
  readonly respondingAeQualifier: Uint8Array | null;
  readonly mechanism: number | null;
  /** The challenge StoC. */
  readonly respondingAuthenticationValue: Uint8Array | null;
  /** The encoded (ciphered) initiate-response or confirmed-service-error; null where a refusal carries none. */
  readonly userInformation: Uint8Array | null;
}

/** aare, 61. Accepted without user-information too (L+G ZCXi120/ZMXi320 refuse so), or with one that decodeApdu will not take. */
export const aare = alternative<Aare>('aare', [0x61], {
  read: r => {
    const part = elementsOf(r);
    return {
      protocolVersion: part(0x80),
      applicationContext: readOid(part(0xa1), CONTEXT),
      result: readInteger(part(0xa2)) ?? r.invalid('association-result', 'nothing', 'an integer'),
      diagnostic: readDiagnostic(part(0xa3)),
      respondingApTitle: inner(part(0xa4)),
      respondingAeQualifier: inner(part(0xa5)),
      mechanism: readMechanism(part(0x89)),
      respondingAuthenticationValue: inner(part(0xaa)),
      userInformation: inner(part(0xbe)),
    };
  },
  write: (w, v) =>
    writeElements(w, [
      [0x80, v.protocolVersion],
      [0xa1, v.applicationContext === null ? null : element(0x06, oidOf(CONTEXT, v.applicationContext))],
      [0xa2, integer(v.result)],
      [0xa3, element(0xa0 | v.diagnostic.source, integer(v.diagnostic.value))],
      [0xa4, octetString(v.respondingApTitle)],
      [0xa5, octetString(v.respondingAeQualifier)],
      [0x88, v.mechanism === null ? null : AUTHENTICATION_REQUIRED],
      [0x89, v.mechanism === null ? null : oidOf(MECHANISM_FAMILY, v.mechanism)],
      [0xaa, v.respondingAuthenticationValue === null ? null : element(0x80, v.respondingAuthenticationValue)],
      [0xbe, octetString(v.userInformation)],
    ]),
});

export interface Rlrq {
  readonly type: 'rlrq';
  /** 0 normal, 1 urgent, 30 user-defined. */
  readonly reason: number | null;
  readonly userInformation: Uint8Array | null;
}

/** rlrq, 62. */
export const rlrq = alternative<Rlrq>('rlrq', [0x62], { read: readRelease, write: writeRelease });

export interface Rlre {
  readonly type: 'rlre';
  /** 0 normal, 1 not-finished, 30 user-defined. */
  readonly reason: number | null;
  readonly userInformation: Uint8Array | null;
}

/** rlre, 63. */
export const rlre = alternative<Rlre>('rlre', [0x63], { read: readRelease, write: writeRelease });

function readRelease(r: Reader): Omit<Rlrq, 'type'> {
  const part = elementsOf(r);
  return { reason: part(0x80)?.[0] ?? null, userInformation: inner(part(0xbe)) };
}

function writeRelease(w: Writer, v: Omit<Rlrq, 'type'>): void {
  writeElements(w, [
    [0x80, v.reason === null ? null : Uint8Array.of(v.reason)],
    [0xbe, octetString(v.userInformation)],
  ]);
}

type Part = (tag: number) => Uint8Array | null;

/** The elements by tag; the first one counts. */
function elementsOf(r: Reader): Part {
  const elements: readonly BerElement[] = readElements(r, r.length('acse length'));
  return tag => elements.find(e => e.tag === tag)?.content ?? null;
}

/** The content of the element inside; an inside that is no element is given as it stands. */
function inner(content: Uint8Array | null): Uint8Array | null {
  if (content === null || content.length < 2) return content;
  const r = new Reader(content);
  r.u8('tag');
  if (!lengthFollows(r)) return content;
  const length = r.length('length');
  // A length that promises too much (malformed release of a GMAC server): what is there is what there is.
  return r.take(Math.min(length, r.remaining), 'content');
}

function readInteger(content: Uint8Array | null): number | null {
  const octets = inner(content);
  if (octets === null || octets.length === 0) return null;
  let value = 0;
  for (const octet of octets.subarray(-4)) value = value * 256 + octet;
  return value;
}

/** INTEGER: one octet wherever the standard has a meaning for it, four for the rest. */
function integer(value: number): Uint8Array {
  return element(0x02, value < 0x100 ? Uint8Array.of(value) : new Writer(4).u32(value).toBytes());
}

/** Associate-source-diagnostic: A1 acse-service-user, A2 acse-service-provider, around an INTEGER. */
function readDiagnostic(content: Uint8Array | null): { source: number; value: number } {
  if (content === null || content.length === 0) return { source: 1, value: 0 };
  return { source: (content[0] as number) & 0x1f, value: readInteger(inner(content)) ?? 0 };
}

function readOid(content: Uint8Array | null, family: number): number | null {
  const oid = inner(content);
  return oid === null ? null : arcOf(oid, family);
}

/** IMPLICIT OBJECT IDENTIFIER: the octets themselves; with a tag of its own in some implementations. */
function readMechanism(content: Uint8Array | null): number | null {
  if (content === null) return null;
  return arcOf(content, MECHANISM_FAMILY) ?? readOid(content, MECHANISM_FAMILY);
}

function octetString(content: Uint8Array | null): Uint8Array | null {
  return content === null ? null : element(0x04, content);
}

function writeElements(w: Writer, elements: readonly (readonly [number, Uint8Array | null])[]): void {
  w.lengthPrefixed(inside => {
    for (const [tag, content] of elements) if (content !== null) inside.bytes(element(tag, content));
  });
}

const CONTEXT = 1;
const MECHANISM_FAMILY = 2;
/** BIT STRING with the one bit "authentication", seven bits unused. */
const AUTHENTICATION_REQUIRED = Uint8Array.of(0x07, 0x80);
