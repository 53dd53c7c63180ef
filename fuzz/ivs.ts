// Every initialization vector that a client used, read from what it sent over the wrapper.
// The rule of the file: one counter under one key and title with two different messages breaks AES-GCM, and is told.

import { decodeApdu, type Apdu } from '../src/core/apdu';
import { isCiphered } from '../src/core/security';
import { isDlmsError } from '../src/core/wire/errors';
import { hex } from '../src/core/wire/hex';

/** What was sent under which counters; one key and one title. */
export class UsedCounters {
  readonly #messages = new Map<number, string>();
  #last = -1;
  #jump = 0;

  get size(): number {
    return this.#messages.size;
  }
  get highest(): number {
    return this.#last;
  }
  /** The greatest step from one counter to the next. */
  get greatestStep(): number {
    return this.#jump;
  }

  /** What is wrong with this APDU of the client, or null. */
  take(apdu: Uint8Array): string | null {
    for (const { counter, message } of countersOf(apdu)) {
      const before = this.#messages.get(counter);
      // A repetition of the same bytes tells nobody anything.
      if (before === message) continue;
      if (before !== undefined) return 'two messages under one IV';
      if (this.#messages.size > 0) this.#jump = Math.max(this.#jump, counter - this.#last);
      this.#messages.set(counter, message);
      this.#last = Math.max(this.#last, counter);
    }
    return null;
  }
}

/** Security header and what stands behind it, wherever a client puts it. */
function countersOf(bytes: Uint8Array): { counter: number; message: string }[] {
  const apdu = decoded(bytes);
  if (apdu === null) return [];
  if (apdu.type === 'aarq' || apdu.type === 'rlrq')
    return apdu.userInformation === null ? [] : countersOf(apdu.userInformation);
  if (isCiphered(apdu) && 'ciphered' in apdu) return counted(apdu.ciphered);
  // The proof of HLS-GMAC in clear: security control, counter, tag.
  if (apdu.type === 'action-request-normal' && apdu.argument?.type === 'octet-string') {
    const { value } = apdu.argument;
    if (value.length === 17 && value[0] === 0x10) return counted(value);
  }
  return [];
}

function counted(ciphered: Uint8Array): { counter: number; message: string }[] {
  const [, a = 0, b = 0, c = 0, d = 0] = ciphered;
  const counter = ((a * 256 + b) * 256 + c) * 256 + d;
  return ciphered.length < 5 ? [] : [{ counter, message: hex(ciphered) }];
}

function decoded(bytes: Uint8Array): Apdu | null {
  try {
    return decodeApdu(bytes).apdu;
  } catch (e) {
    if (isDlmsError(e)) return null;
    throw e;
  }
}
