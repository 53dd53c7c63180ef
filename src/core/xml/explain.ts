// What is in a protected message, as a comment in front of it. The rule of the file: a key that was sent under protection is
// shown in no comment.

import { decodeApdu, type Apdu } from '../apdu';
import { isCiphered, openApdu, type CipheredApdu, type KeyRing, type Opened } from '../security';
import { isDlmsError } from '../wire/errors';
import { message } from './messages';
import { upperHex } from './part';
import { XmlWriter } from './writer';

/** For the style of a writer. */
export function explainer(keys: KeyRing): (to: XmlWriter, apdu: Apdu) => void {
  return (to, apdu) => {
    if (!isCiphered(apdu)) return;
    try {
      const { plaintext } = opened(to, apdu, keys);
      const { apdu: inside } = decodeApdu(plaintext);
      const secret = inside.type === 'initiate-request' && inside.dedicatedKey !== null;
      const within = new XmlWriter(to.style, true);
      message.write(within, secret ? { ...inside, dedicatedKey: null } : inside);
      to.note(secret ? 'Deciphered, without the dedicated key in it:' : `Deciphered: ${pairs(plaintext)}`, `${within}`);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      to.comment(`Not deciphered: ${error.short}`);
    }
  };
}

/** What came out of it, even where its tag is wrong: then that is said. */
function opened(to: XmlWriter, apdu: CipheredApdu, keys: KeyRing): Opened {
  try {
    return openApdu(apdu, keys);
  } catch (error) {
    if (!isDlmsError(error) || error.code !== 'AUTHENTICATION_FAILED') throw error;
    const without = openApdu(apdu, { ...keys, authenticationKey: null });
    to.comment('The authentication tag is wrong.');
    return without;
  }
}

function pairs(octets: Uint8Array): string {
  return upperHex(octets).replace(/..(?=.)/g, '$& ');
}
