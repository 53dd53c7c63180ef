// The beginning of an SML file among what should be an identification: most German meters send SML and answer no request.

/** Recognises 1B1B1B1B 01010101 in pieces of any size. SML 1.04, transport protocol version 1. */
export class SmlStart {
  #escapes = 0;
  #ones = 0;

  /** Index behind the eight octets; -1 while they have not come. */
  receive(chunk: Uint8Array): number {
    for (let at = 0; at < chunk.length; at++) {
      if (chunk[at] === ESCAPE) {
        this.#escapes = this.#ones > 0 ? 1 : this.#escapes + 1;
        this.#ones = 0;
      } else if (chunk[at] === VERSION && this.#escapes >= 4) {
        if (++this.#ones === 4) return at + 1;
      } else this.#escapes = this.#ones = 0;
    }
    return -1;
  }
}

const ESCAPE = 0x1b;
const VERSION = 0x01;
