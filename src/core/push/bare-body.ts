// The body of a notification whose header was taken off: what amsreader and Tasmota log and publish of a telegram they deciphered.
// The rule of the file: it has no header and no check, so it is only believed where it is all that came: a whole message, or
// everything between two silences.

import { isDlmsError } from '../wire/errors';
import { concat } from '../wire/hex';
import type { Data } from '../cosem/data';
import { readBodyData, type Pushed } from './pushed';

export interface BareBody extends Pushed {
  readonly content: { readonly body: Data };
}

/** What came of one source since its line was silent, as long as it may be one body. */
export class AloneBytes {
  #bytes: Uint8Array | null = null;

  /** `first`: nothing waited in front of the chunk; `told`: something else was found in it. */
  add(chunk: Uint8Array, first: boolean, told: boolean): void {
    const before = first ? NOTHING : this.#bytes;
    const possible = before !== null && !told && before.length + chunk.length <= LONGEST;
    const all = possible ? concat(before, chunk) : NOTHING;
    this.#bytes = begins(all) ? all : null;
  }

  /** The line is silent: what came, if it may be one. */
  take(): Uint8Array {
    const bytes = this.#bytes ?? NOTHING;
    this.#bytes = null;
    return bytes;
  }
}

/** null where the bytes are not exactly one array or structure. */
export function readBareBody(bytes: Uint8Array): BareBody | null {
  if (!begins(bytes)) return null;
  try {
    const { data, end } = readBodyData(bytes, 0);
    if (end !== bytes.length) return null;
    return { service: 'body', invoke: null, clock: null, taggedClock: false, content: { body: data }, surplus: 0 };
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return null;
  }
}

function begins(bytes: Uint8Array): boolean {
  return bytes[0] === 0x01 || bytes[0] === 0x02;
}

const NOTHING = new Uint8Array(0);
const LONGEST = 1024;
