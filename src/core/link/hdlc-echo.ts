// Our own frames that come back: optical heads and half-duplex converters hear what they say (docs/quirks.md#q19).
// The rule of the file: what the meter says is never taken for an echo, even where it has our number.

import { equalBytes } from '../wire/hex';
import type { Control, HdlcFrame } from '../framing/hdlc-frame';

export class EchoFilter {
  readonly #sameOctets: boolean;
  /** Information fields of our latest I frames whose echo has not come. */
  #written: Uint8Array[] = [];
  /** An echo was seen on this line; an RR of ours is out whose echo was not. */
  #echoes = false;
  #rrOut = false;

  constructor(
    readonly client: Uint8Array,
    readonly server: Uint8Array,
  ) {
    this.#sameOctets = equalBytes(client, server);
  }

  /** Our frames of a new turn follow. */
  turn(): void {
    this.#written = [];
  }

  sent(control: Control, information: Uint8Array | undefined): void {
    if (control.type === 'RR') this.#rrOut = true;
    if (control.type === 'I' && information !== undefined) this.#written.push(information);
  }

  isEcho(frame: HdlcFrame): boolean {
    if (!equalBytes(frame.sourceOctets, this.client) || !equalBytes(frame.destinationOctets, this.server)) return false;
    if (this.#sameOctets && !this.#isOurs(frame)) return false;
    this.#echoes = true;
    this.#rrOut &&= frame.control.type !== 'RR';
    return true;
  }

  /** Client and server have the same octets: only the contents tell ours from the meter's. */
  #isOurs({ control, information }: HdlcFrame): boolean {
    if (control.type === 'SNRM' || control.type === 'DISC') return true;
    // An RR looks alike both ways: where there is an echo at all, the first one is ours.
    if (control.type === 'RR') return this.#echoes && this.#rrOut;
    if (control.type !== 'I') return false;
    const at = this.#written.findIndex(ours => equalBytes(ours, information));
    if (at !== -1) this.#written.splice(at, 1);
    return at !== -1;
  }
}
