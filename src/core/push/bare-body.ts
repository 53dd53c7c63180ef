// The body of a notification whose header was taken off: what amsreader and Tasmota log and publish of a telegram they deciphered.
// The rule of the file: it has no header and no check, so it is only believed where such bodies are all that came: a whole
// message, or everything between two silences.

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

/** One or several arrays or structures, each with its octets; null where anything else is among them, or one is none that `isKnown`. */
export function readBareBodies(
  bytes: Uint8Array,
  isKnown: (body: Data) => boolean,
): readonly { readonly body: BareBody; readonly bytes: Uint8Array }[] | null {
  const bodies: { body: BareBody; bytes: Uint8Array }[] = [];
  try {
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at);
      if (!begins(rest)) return null;
      const { data, end } = readBodyData(rest, 0);
      if (!isKnown(data)) return null;
      bodies.push({ body: { ...HEADLESS, content: { body: data } }, bytes: rest.subarray(0, end) });
      at += end;
    }
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return null;
  }
  return bodies.length === 0 ? null : bodies;
}

function begins(bytes: Uint8Array): boolean {
  return bytes[0] === 0x01 || bytes[0] === 0x02;
}

const HEADLESS = { service: 'body', invoke: null, clock: null, taggedClock: false, surplus: 0 } as const;
const NOTHING = new Uint8Array(0);
const LONGEST = 1024;
