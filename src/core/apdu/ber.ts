// BER as ACSE uses it: tag, length, content; object identifiers of DLMS UA. ITU-T X.690.

import type { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import { equalBytes } from '../wire/hex';

/** One element with its content as octets. */
export interface BerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

/**
 * The elements of a constructed value of `length` octets; the tags of ACSE have one octet. The last one may go beyond the end:
 * an RLRE of GuruxDLMS.c says 24 for 27 octets. It gets what it asks for as far as there is anything.
 */
export function readElements(r: Reader, length: number): BerElement[] {
  const elements: BerElement[] = [];
  if (length > r.remaining) r.take(length, 'acse apdu');
  const end = r.offset + length;
  while (r.offset < end) {
    const tag = r.u8('acse element');
    if (!lengthFollows(r)) {
      // What no length delimits cannot be told apart; what came before it counts.
      r.rest();
      break;
    }
    const octets = r.length('acse element length');
    elements.push({ tag, content: r.take(Math.min(octets, r.remaining), 'acse element') });
  }
  return elements;
}

/** A length of at most four octets, all of them there. */
export function lengthFollows(r: Reader): boolean {
  const first = r.peek();
  return first !== undefined && (first < 0x80 || (first > 0x80 && first <= 0x84 && r.remaining > (first & 0x7f)));
}

/** tag, length, content. */
export function element(tag: number, content: Uint8Array): Uint8Array {
  return new Writer(content.length + 4).u8(tag).octets(content).toBytes();
}

/** The last arc of 2.16.756.5.8.`family`.`arc`, or null where it is another identifier. */
export function arcOf(oid: Uint8Array, family: number): number | null {
  return oid.length === 7 && equalBytes(oid.subarray(0, 6), prefix(family)) ? (oid[6] as number) : null;
}

export function oidOf(family: number, arc: number): Uint8Array {
  return Uint8Array.of(...prefix(family), arc);
}

/** joint-iso-ccitt(2) country(16) country-name(756) identified-organisation(5) DLMS-UA(8) family. */
function prefix(family: number): Uint8Array {
  return Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, family);
}
