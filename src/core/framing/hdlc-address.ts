// HDLC addresses: one octet for a client, one, two or four for a server. IEC 62056-46, 6.4.2.
// The rule of the file: the extension bit (bit 0 = 1 in the last octet) alone says where an address ends.

import { DlmsError } from '../wire/errors';

/** The upper (logical device) and lower (physical device) part. `physical` is null in a one-octet address, which has the upper part only. */
export interface HdlcAddress {
  readonly logical: number;
  readonly physical: number | null;
}

/** Octets of a server address in a request; `auto` takes the fewest that hold it. */
export type AddressSize = 'auto' | 1 | 2 | 4;

/**
 * The octets of an address.
 * @throws BAD_SETTING when a part does not fit: 7 bits each in one and two octets, 14 bits each in four.
 */
export function encodeHdlcAddress(address: HdlcAddress, size: AddressSize = 'auto'): Uint8Array {
  const { logical, physical } = address;
  const octets = size === 'auto' ? fewest(address) : size;
  const most = octets === 4 ? 0x3fff : 0x7f;
  checkPart('serverAddress', logical, most);
  if (octets === 1) {
    if (physical !== null) throw bad('addressSize', '1', '2 or 4 where a physical address is set');
    return Uint8Array.of((logical << 1) | 1);
  }
  if (physical === null) throw bad('physicalAddress', '', `a number where the address has ${octets} octets`);
  checkPart('physicalAddress', physical, most);
  if (octets === 2) return Uint8Array.of(logical << 1, (physical << 1) | 1);
  return Uint8Array.of((logical >> 7) << 1, (logical & 0x7f) << 1, (physical >> 7) << 1, ((physical & 0x7f) << 1) | 1);
}

/** An address from its one, two or four octets. */
export function decodeHdlcAddress(octets: Uint8Array): HdlcAddress {
  const part = (i: number): number => (octets[i] as number) >> 1;
  if (octets.length === 1) return { logical: part(0), physical: null };
  if (octets.length === 2) return { logical: part(0), physical: part(1) };
  if (octets.length === 4) return { logical: (part(0) << 7) | part(1), physical: (part(2) << 7) | part(3) };
  throw new DlmsError({ code: 'HDLC_FRAME', reason: `an address of ${octets.length} octets` });
}

/**
 * Do two addresses mean the same station? Meters answer with another number of octets than the request had
 * (docs/quirks.md#q5), so the parts are compared, and a part that one side leaves out says nothing.
 */
export function sameStation(a: HdlcAddress, b: HdlcAddress): boolean {
  if (a.physical !== null && b.physical !== null) return a.logical === b.logical && a.physical === b.physical;
  if (a.logical === b.logical) return true;
  // A lone address widened by the meter may come back in the lower part: 17 as 0/17.
  const lone = a.physical === null ? a : b;
  const wide = a.physical === null ? b : a;
  return wide.logical === 0 && wide.physical === lone.logical;
}

/** "1/17" or "16". */
export function formatHdlcAddress(address: HdlcAddress): string {
  return address.physical === null ? `${address.logical}` : `${address.logical}/${address.physical}`;
}

function fewest({ logical, physical }: HdlcAddress): 1 | 2 | 4 {
  if (physical === null) return 1;
  return logical <= 0x7f && physical <= 0x7f ? 2 : 4;
}

function checkPart(setting: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw bad(setting, `${value}`, `a whole number 0..${most}`);
}

function bad(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}
