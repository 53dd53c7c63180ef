// P1 telegrams that a push carries, plain, with a frame inside or deciphered, by the reader of the text protocols.
// The rule of the file: one reader a source; it remembers whether a CRC came before, and what each id means.

import type { TextExtent } from '../framing/p1';
import { IecDecoder, type DecoderEvent } from '../iec62056-21/decoder';
import type { P1Keys } from '../iec62056-21/p1-decrypt';
import { partsOf } from '../iec62056-21/parts';

export class P1Text {
  readonly #decoder: IecDecoder;

  /** `zone`: IANA name for times without an offset. `zeroCrc`: the port sends 0000 in place of a CRC. */
  constructor(keys: P1Keys, zone: string | undefined, zeroCrc: boolean) {
    this.#decoder = new IecDecoder({
      check: 'warn',
      parity: '8N1',
      p1: true,
      // How far it has to be proven is asked where it leaves the push decoder.
      require: 'nothing',
      keys,
      zeroCrc,
      limitBytes: LIMIT_TEXT,
      ...(zone === undefined ? {} : { zone }),
    });
  }

  /** One telegram, from "/" on; nothing of it waits for the next. */
  read(bytes: Uint8Array, extent: TextExtent | null): readonly DecoderEvent[] {
    const parts = extent === null ? null : partsOf(bytes, extent);
    if (parts !== null) return parts.flatMap(part => this.#decoder.interpret(part));
    this.#decoder.reset();
    return [...this.#decoder.receive(bytes), ...this.#decoder.flush()];
  }
}

const LIMIT_TEXT = 65_536;
