// Does a decrypted text make sense? Without a tag this is the only sign of a wrong key: each telegram begins with another octet.

import { decodeApdu } from '../apdu';

/** A plain xDLMS APDU that fills its octets, but for the surplus some servers send; or a DSMR text that begins with "/". */
export function plausibleApdu(plaintext: Uint8Array): boolean {
  if (plaintext[0] === SLASH) return plausibleText(plaintext);
  try {
    const { apdu, surplus } = decodeApdu(plaintext);
    // Some servers send a whole response twice in one, so half may be too much.
    return surplus * 2 <= plaintext.length && !NEVER_INSIDE.test(apdu.type);
  } catch {
    return false;
  }
}

function plausibleText(text: Uint8Array): boolean {
  for (const octet of text.subarray(0, 32)) {
    if (octet !== 0x0d && octet !== 0x0a && (octet < 0x20 || octet > 0x7e)) return false;
  }
  return true;
}

const SLASH = 0x2f;
const NEVER_INSIDE = /^(glo-|ded-|general-(glo|ded|ciphering|signing)|aarq|aare|rlr)/;
