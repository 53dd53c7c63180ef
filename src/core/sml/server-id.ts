// Who sends: the server id of an SML message as people read it on the meter.
// The rule of the file: only forms that a label or the meter's own text has proven are printed; of the others the maker, at most.

import { hex, latin1 } from '../wire/hex';

export interface SmlServer {
  /** "1EMH0012345678" (DIN 43863-5), "EMH12345678" (M-Bus), digits as they are; null where no rule prints it. */
  readonly id: string | null;
  /** Three letters of the FLAG id. */
  readonly manufacturer: string | null;
}

/** A meter says it again and again, so it is spelled once. 0 <= KNOWN.size <= LIMIT */
export function serverOf(id: Uint8Array): SmlServer {
  const key = hex(id);
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const server = spelledOut(id);
  if (KNOWN.size >= LIMIT) KNOWN.clear();
  KNOWN.set(key, server);
  return server;
}

function spelledOut(id: Uint8Array): SmlServer {
  const [kind, medium, , , , block, ...rest] = id;
  const flag = letters(id.subarray(2, 5));
  if ((kind === 0x0a || kind === 0x09) && id.length === 10 && flag !== null && medium !== undefined && medium <= 0x0f) {
    // Proven by 1-0:0.0.0 in the same telegram of EMH ED300L and EasyMeter Q3A, and by the labels of others.
    const number = rest.reduce((sum, octet) => sum * 256 + octet, 0);
    const two = (block as number).toString(16).toUpperCase().padStart(2, '0');
    return {
      id: `${medium.toString(16).toUpperCase()}${flag}${two}${String(number).padStart(8, '0')}`,
      manufacturer: flag,
    };
  }
  if (kind === 0x01 && id.length === 9) return mbusServer(id);
  // EMH eHZ-G, Hager.
  if (id.length > 0 && id.every(octet => octet >= 0x30 && octet <= 0x39)) return { id: latin1(id), manufacturer: null };
  // 06: an older form of the maker's own; its number is printed by no rule that is known.
  const manufacturer = kind === 0x06 && id.length === 10 ? letters(id.subarray(1, 4)) : null;
  return { id: null, manufacturer };
}

/** Maker (low octet first, five bits a letter), number in BCD (low octet first), version, medium. EN 13757-3, 5.5. */
function mbusServer(id: Uint8Array): SmlServer {
  const word = (id[1] as number) + (id[2] as number) * 256;
  const flag = letters(Uint8Array.of(10, 5, 0).map(shift => ((word >> shift) & 0x1f) + 0x40));
  const number = [id[6], id[5], id[4], id[3]].map(octet => (octet as number).toString(16).padStart(2, '0')).join('');
  return flag === null || !/^\d{8}$/.test(number) ? NOBODY : { id: `${flag}${number}`, manufacturer: flag };
}

function letters(octets: Uint8Array): string | null {
  return octets.every(octet => octet >= 0x41 && octet <= 0x5a) ? latin1(octets) : null;
}

const NOBODY: SmlServer = { id: null, manufacturer: null };
const LIMIT = 1024;
const KNOWN = new Map<string, SmlServer>();
