// The client's side of the wrapper over TCP and UDP. IEC 62056-47 (IEC 62056-9-7).
// The rule of the file: over TCP nothing is repeated, over UDP one datagram is one message; a message from elsewhere is no answer.

import {
  encodeWrapper,
  HEADER,
  WrapperFraming,
  wrapperStream,
  type Announced,
  type WrapperMessage,
} from '../framing/wrapper';
import type { Dropped } from '../framing/noise';
import type { FrameStream } from '../framing/stream';
import { step } from '../step';
import { DlmsError } from '../wire/errors';
import { slowestMs, type Link, type LinkEvent, type LinkStep } from './link';

export interface WrapperOptions {
  /** The client's wPort, 1..127 by convention; 16 is the public client. */
  readonly client: number;
  /** The server's wPort: 1 is the management logical device. */
  readonly server: number;
  /** `datagram` over UDP. Default `stream`. */
  readonly mode?: 'stream' | 'datagram';
  /** Silence after which a request counts as unanswered, in ms; several tries share it. Default 5000. */
  readonly responseMs?: number;
  /** How often a repeatable request is sent, datagrams only: TCP loses nothing. Default 1. */
  readonly tries?: number;
}

/** Client side of the wrapper. */
export class WrapperLink implements Link {
  readonly name = 'wrapper';
  readonly mayRepeat: boolean;
  readonly #options: Required<WrapperOptions>;
  readonly #framing: WrapperFraming;
  readonly #stream: FrameStream<WrapperMessage>;
  #phase: 'closed' | 'idle' | 'awaiting' | 'broken' = 'closed';
  #request: Uint8Array = new Uint8Array(0);
  /** How often it may be sent, and how often it was. */
  #tries = 1;
  #sent = 0;
  /** Bytes since the request that were no answer; over the limit they count as silence. */
  #useless = 0;
  /** The message whose time runs. */
  #announced: Announced | null = null;

  constructor(options: WrapperOptions) {
    this.#options = { mode: 'stream', responseMs: 5000, tries: 1, ...options };
    this.mayRepeat = this.#options.mode === 'datagram';
    this.#framing = new WrapperFraming({ ports: { source: options.server, destination: options.client } });
    this.#stream = wrapperStream(this.#options.mode, this.#framing);
    for (const port of [options.client, options.server]) {
      if (Number.isInteger(port) && port >= 0 && port <= 0xffff) continue;
      throw new DlmsError({ code: 'BAD_SETTING', setting: 'wPort', value: `${port}`, expected: 'a number 0..65535' });
    }
  }

  connect(): LinkStep {
    this.#stream.reset();
    this.#phase = 'idle';
    return this.#step([
      { type: 'connected', info: `wrapper, client ${this.#options.client}, server ${this.#options.server}` },
    ]);
  }

  send(apdu: Uint8Array, repeatable = false): LinkStep {
    if (this.#phase !== 'idle') throw new DlmsError({ code: 'BAD_STATE', input: 'send', phase: this.#phase });
    this.#request = encodeWrapper(this.#options.client, this.#options.server, apdu);
    this.#phase = 'awaiting';
    this.#tries = this.mayRepeat && repeatable ? this.#options.tries : 1;
    this.#sent = 1;
    this.#useless = 0;
    return this.#step([], [this.#request], this.#headerMs);
  }

  keepWaiting(ask?: Uint8Array): LinkStep {
    if (this.#phase === 'idle') this.#phase = 'awaiting';
    if (ask !== undefined) {
      this.#request = encodeWrapper(this.#options.client, this.#options.server, ask);
      this.#tries = ASKED_AGAIN;
      this.#sent = 1;
    }
    return this.#step([], [], this.#headerMs);
  }

  disconnect(): LinkStep {
    this.#phase = 'closed';
    return this.#step([{ type: 'disconnected' }]);
  }

  receive(chunk: Uint8Array): LinkStep {
    const before = this.#phase;
    const events = this.#stream.receive(chunk).map(item => this.#event(item));
    if (before !== 'awaiting' || this.#phase !== 'awaiting') return this.#step(events);
    this.#useless += chunk.length;
    if (this.#useless > USELESS_LIMIT) this.#giveUp(events);
    return this.#step(events, [], this.#messageMs());
  }

  timeout(): LinkStep {
    const events = this.#stream.flush().map(item => this.#event(item));
    if (this.#phase !== 'awaiting') return this.#step(events);
    if (this.#sent < this.#tries) {
      this.#sent++;
      return this.#step(events, [this.#request], this.#headerMs);
    }
    this.#giveUp(events);
    return this.#step(events);
  }

  #event(item: WrapperMessage | Dropped): LinkEvent {
    if (item.type === 'dropped') return item;
    const { client, server } = this.#options;
    const { source, destination, apdu } = item;
    if (this.#isOurs(item)) {
      if (this.#phase === 'awaiting') this.#phase = 'idle';
      return { type: 'apdu', bytes: apdu };
    }
    const reason = `ports ${source} to ${destination} where ${server} to ${client} were expected`;
    return { type: 'dropped', bytes: apdu, error: new DlmsError({ code: 'WRAPPER_HEADER', reason }) };
  }

  #giveUp(events: LinkEvent[]): void {
    this.#phase = 'broken';
    const { responseMs, server } = this.#options;
    const error = new DlmsError({
      code: 'NO_ANSWER',
      waitingFor: 'answer',
      afterMs: responseMs,
      hint: this.#useless === 0 ? `server wPort ${server}` : `server wPort ${server}; ${this.#useless} bytes came`,
    });
    events.push({ type: 'fault', error });
  }

  /** Until the header of the answer is there: the time for an answer, and that of the header itself. */
  get #headerMs(): number {
    return this.#waitMs + slowestMs(HEADER);
  }

  get #waitMs(): number {
    return Math.ceil(this.#options.responseMs / this.#tries);
  }

  /** A header of the meter says how long its message may take; anything else that comes leaves the limit where it was. */
  #messageMs(): number | undefined {
    const { announced } = this.#framing;
    if (announced === null || announced === this.#announced || !this.#isOurs(announced)) return undefined;
    this.#announced = announced;
    return this.#waitMs + slowestMs(announced.octets);
  }

  // Some gateways echo the request's order of ports.
  #isOurs({ source, destination }: { readonly source: number; readonly destination: number }): boolean {
    const { client, server } = this.#options;
    return (source === server && destination === client) || (source === client && destination === server);
  }

  #step(events: readonly LinkEvent[] = [], write: readonly Uint8Array[] = [], limitMs?: number): LinkStep {
    if (this.#phase !== 'awaiting') return step(events, write);
    return step(events, write, this.#waitMs, limitMs);
  }
}

/** How often a part of an answer is asked for in the time for one answer. */
const ASKED_AGAIN = 3;
const USELESS_LIMIT = 262_144;
