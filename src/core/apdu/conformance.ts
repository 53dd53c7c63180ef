// The conformance block: which services an association has. 24 bits and their names.
// IEC 62056-5-3, xDLMS conformance block; bit 0 is the most significant.

import type { Reader } from '../wire/reader';
import type { Writer } from '../wire/writer';

export const CONFORMANCE_BITS = [
  'reserved-zero',
  'general-protection',
  'general-block-transfer',
  'read',
  'write',
  'unconfirmed-write',
  'delta-value-encoding',
  'reserved-seven',
  'attribute0-supported-with-set',
  'priority-mgmt-supported',
  'attribute0-supported-with-get',
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'block-transfer-with-action',
  'multiple-references',
  'information-report',
  'data-notification',
  'access',
  'parameterized-access',
  'get',
  'set',
  'selective-access',
  'event-notification',
  'action',
] as const;

export type ConformanceBit = (typeof CONFORMANCE_BITS)[number];
/** The granted or proposed services, in the order of the bits. */
export type Conformance = readonly ConformanceBit[];

/** The 24 bits as a number, 0x000000..0xFFFFFF. */
export function conformanceToNumber(conformance: Conformance): number {
  let bits = 0;
  for (const name of conformance) bits |= 0x800000 >> CONFORMANCE_BITS.indexOf(name);
  return bits;
}

export function conformanceOf(bits: number): ConformanceBit[] {
  return CONFORMANCE_BITS.filter((_, i) => (bits & (0x800000 >> i)) !== 0);
}

/**
 * [APPLICATION 31] IMPLICIT BIT STRING in BER: 5F 1F 04 00 and three octets. IEC 62056-5-3 with an old amendment coded the
 * tag as 5F alone (5F 04 00), and meters still send it so; both are accepted.
 */
export function readConformance(r: Reader): ConformanceBit[] {
  const tag = r.u8('conformance tag');
  if (tag !== 0x5f) return r.invalid('conformance tag', tag, '0x5f');
  if (r.peek() === 0x1f) r.u8('conformance tag');
  const body = r.sub(r.length('conformance length'), 'conformance');
  body.u8('conformance unused bits');
  return conformanceOf((body.u8('conformance') << 16) | body.u16('conformance'));
}

export function writeConformance(w: Writer, conformance: Conformance): void {
  const bits = conformanceToNumber(conformance);
  w.bytes([0x5f, 0x1f, 0x04, 0x00])
    .u8(bits >>> 16)
    .u16(bits & 0xffff);
}
