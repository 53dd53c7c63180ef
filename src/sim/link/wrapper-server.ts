// The meter's end of a wrapper connection, for the simulated meter: answers whom it knows, with the faults that tests ask for.
// The rule of the file: it never speaks unasked, and a logical device that is not there stays silent.

import { encodeWrapper, HEADER, wrapperStream, type WrapperMessage } from '../../core/framing/wrapper';
import type { Link, LinkEvent, LinkStep } from '../../core/link/link';
import type { Dropped } from '../../core/framing/noise';
import type { FrameStream } from '../../core/framing/stream';
import { step } from '../../core/step';
import { DlmsError } from '../../core/wire/errors';

export interface WrapperServerOptions {
  /** Is there a logical device at this wPort for this client? A request to another one stays unanswered. */
  readonly accepts?: (server: number, client: number) => boolean;
  readonly mode?: 'stream' | 'datagram';
  /** Fault injection: what really leaves; null swallows the message. */
  readonly corrupt?: (message: Uint8Array) => Uint8Array | null;
  /** The length field counts the header (docs/quirks.md#q49). */
  readonly lengthCountsHeader?: boolean;
}

export class WrapperServerLink implements Link {
  readonly name = 'wrapper';
  /** wPorts of the latest request. */
  client = 0;
  server = 0;
  readonly #stream: FrameStream<WrapperMessage>;

  constructor(readonly options: WrapperServerOptions = {}) {
    this.#stream = wrapperStream(options.mode);
  }

  connect(): LinkStep {
    throw new DlmsError({ code: 'BAD_STATE', input: 'connect', phase: 'server' });
  }

  /** Answers the latest request, or pushes to its client. */
  send(apdu: Uint8Array): LinkStep {
    let message: Uint8Array | null = encodeWrapper(this.server, this.client, apdu);
    if (this.options.lengthCountsHeader === true) {
      message[6] = (apdu.length + HEADER) >> 8;
      message[7] = (apdu.length + HEADER) & 0xff;
    }
    if (this.options.corrupt !== undefined) message = this.options.corrupt(message);
    return step([], message === null ? [] : [message]);
  }

  keepWaiting(): LinkStep {
    return step();
  }

  disconnect(): LinkStep {
    this.#stream.reset();
    return step([{ type: 'disconnected' }]);
  }

  receive(chunk: Uint8Array): LinkStep {
    return step(this.#stream.receive(chunk).map(item => this.#event(item)));
  }

  timeout(): LinkStep {
    return step(this.#stream.flush().map(item => this.#event(item)));
  }

  #event(item: WrapperMessage | Dropped): LinkEvent {
    if (item.type === 'dropped') return item;
    const { source, destination, apdu } = item;
    if (this.options.accepts?.(destination, source) === false) {
      const reason = `no logical device ${destination} for client ${source}`;
      return { type: 'dropped', bytes: apdu, error: new DlmsError({ code: 'WRAPPER_HEADER', reason }) };
    }
    this.client = source;
    this.server = destination;
    return { type: 'apdu', bytes: apdu };
  }
}
