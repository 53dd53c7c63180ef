// The meter's side of an HDLC link, for the simulated meter: answers SNRM and DISC, numbers frames, speaks when polled.
// The rule of the file: it never speaks unasked (but for UI pushes), and a station that is not ours stays silent.

import { DlmsError } from '../../core/wire/errors';
import { joined } from '../../core/wire/hex';
import { step } from '../../core/step';
import {
  encodeHdlcAddress,
  formatHdlcAddress,
  type AddressSize,
  type HdlcAddress,
} from '../../core/framing/hdlc-address';
import { hdlcStream } from '../../core/framing/hdlc';
import { encodeHdlcFrame, type Control, type HdlcFrame } from '../../core/framing/hdlc-frame';
import {
  DEFAULT_PARAMETERS,
  LARGEST_PARAMETERS,
  agree,
  decodeParameters,
  encodeParameters,
  formatParameters,
  type HdlcParameters,
} from '../../core/link/hdlc-parameters';
import { LLC_RESPONSE, cutSegments, pushFrames, stripLlc } from '../../core/framing/hdlc-segments';
import { FrameSender } from '../../core/link/hdlc-sender';
import type { Link, LinkEvent, LinkStep } from '../../core/link/link';

export interface HdlcServerOptions {
  /** Whether this station exists for this client. Others get no answer (docs/quirks.md#t5). Default: all exist. */
  readonly accepts?: (server: HdlcAddress, client: number) => boolean;
  /** What the meter can do at most. Default 2030 octets, window 7. */
  readonly parameters?: Partial<HdlcParameters>;
  /** Fault injection: what really leaves, frame by frame; null swallows it. */
  readonly corrupt?: (frame: Uint8Array) => Uint8Array | null;
  /** Quirks to imitate. */
  readonly quirks?: {
    /** Grants a window but waits for an RR after each frame, with the final bit set or without (docs/quirks.md#t8). */
    readonly rrAfterEachFrame?: 'final' | 'silent';
    /** N(S) stays 0 (Hexing HXE130, docs/quirks.md#q16a). */
    readonly frozenNumbers?: boolean;
    /** Answers with another number of address octets than the request had (docs/quirks.md#q5). */
    readonly addressSize?: AddressSize;
    /** Takes no frame that does not poll it, though it grants a window (docs/quirks.md#t17). */
    readonly ignoresUnpolled?: boolean;
    /** UA without parameters. */
    readonly bareUa?: boolean;
    /** DM to an SNRM with parameters. */
    readonly refusesParameters?: boolean;
  };
  readonly limitBytes?: number;
}

export class HdlcServerLink implements Link {
  readonly name = 'hdlc';
  /** Who is connected, and to which of our stations; valid after `connected`. */
  client = 0;
  server: HdlcAddress = { logical: 1, physical: null };
  parameters: HdlcParameters = DEFAULT_PARAMETERS;
  /** Deterministic counts for tests. */
  readonly counts = { rr: 0, iReceived: 0, iSent: 0 };

  readonly #stream = hdlcStream();
  readonly #sender = new FrameSender();
  #connected = false;
  /** Our address as the client wrote it. */
  #serverOctets: Uint8Array = Uint8Array.of(0x03);
  #vr = 0;
  #parts: Uint8Array[] = [];
  #size = 0;
  #events: LinkEvent[] = [];
  #write: Uint8Array[] = [];

  constructor(readonly options: HdlcServerOptions = {}) {}

  get connected(): boolean {
    return this.#connected;
  }

  connect(): LinkStep {
    throw new DlmsError({ code: 'BAD_STATE', input: 'connect', phase: 'server' });
  }

  /** The answer to the latest request. */
  send(apdu: Uint8Array): LinkStep {
    if (!this.#connected) throw new DlmsError({ code: 'BAD_STATE', input: 'send', phase: 'closed' });
    this.#sender.load(cutSegments(LLC_RESPONSE, apdu, this.parameters.maxInformationTransmit));
    this.#transmit();
    return this.#step();
  }

  /** An unasked APDU in UI frames, to the connected client or any other. */
  push(apdu: Uint8Array, client = this.client, maxInformation = this.parameters.maxInformationTransmit): LinkStep {
    const source = this.#serverOctets;
    const destination = encodeHdlcAddress({ logical: client, physical: null });
    for (const frame of pushFrames(apdu, { destination, source, maxInformation })) this.#leave(frame);
    return this.#step();
  }

  keepWaiting(): LinkStep {
    return this.#step();
  }

  /** The line broke or the meter timed out: the link is gone without a word. */
  disconnect(): LinkStep {
    this.#reset();
    this.#stream.reset();
    this.#events.push({ type: 'disconnected' });
    return this.#step();
  }

  receive(chunk: Uint8Array): LinkStep {
    for (const item of this.#stream.receive(chunk)) {
      if (item.type === 'dropped') this.#events.push(item);
      else this.#frame(item.frame);
    }
    return this.#step();
  }

  /** The inactivity time passed. */
  timeout(): LinkStep {
    return this.disconnect();
  }

  #frame(frame: HdlcFrame): void {
    const { control, destination } = frame;
    const client = frame.source.logical;
    if (this.options.accepts?.(destination, client) === false) {
      return this.#drop(frame, `no station ${formatHdlcAddress(destination)} for client ${client}`);
    }
    if (control.type === 'SNRM') return this.#open(frame, client);
    if (!this.#connected || client !== this.client) {
      if (control.pf && control.type !== 'UI') this.#answer({ type: 'DM', pf: true }, undefined, frame);
      return;
    }
    switch (control.type) {
      case 'DISC':
        this.#answer({ type: 'UA', pf: true });
        this.#reset();
        this.#events.push({ type: 'disconnected' });
        return;
      case 'I':
        return this.#information(frame, control);
      case 'RR':
      case 'REJ':
        this.counts.rr += control.type === 'RR' ? 1 : 0;
        this.#sender.acknowledge(control.nr);
        if (!this.#sender.done) this.#transmit();
        else if (control.pf) this.#answer({ type: 'RR', nr: this.#vr, pf: true });
        return;
      default:
        return this.#drop(frame, `${control.type} from a client`);
    }
  }

  #open(frame: HdlcFrame, client: number): void {
    this.#reset();
    const { quirks, parameters } = this.options;
    if (quirks?.refusesParameters === true && frame.information.length > 0) {
      return this.#answer({ type: 'DM', pf: true }, undefined, frame);
    }
    const proposed = decodeParameters(frame.information);
    this.parameters = agree({ ...LARGEST_PARAMETERS, ...parameters }, proposed);
    if (quirks?.bareUa === true) this.parameters = DEFAULT_PARAMETERS;
    this.client = client;
    this.server = frame.destination;
    this.#serverOctets = this.#widened(frame);
    this.#connected = true;
    this.#answer({ type: 'UA', pf: true }, quirks?.bareUa === true ? undefined : encodeParameters(this.parameters));
    this.#events.push({ type: 'connected', info: `hdlc client ${client}, ${formatParameters(this.parameters)}` });
  }

  #information(frame: HdlcFrame, control: Control & { type: 'I' }): void {
    if (this.options.quirks?.ignoresUnpolled === true && !control.pf) return this.#drop(frame, 'not polled');
    this.counts.iReceived++;
    this.#sender.acknowledge(control.nr);
    if (control.ns !== this.#vr) {
      // Repeated after a loss: our answer, if there is one, goes out again; else say what is expected.
      this.#drop(frame, `frame ${control.ns} where ${this.#vr} was expected`);
      if (!control.pf) return;
      if (!this.#sender.done) this.#transmit();
      else this.#answer({ type: 'RR', nr: this.#vr, pf: true });
      return;
    }
    this.#vr = (this.#vr + 1) & 7;
    this.#sender.settle();
    const body = this.#parts.length === 0 ? stripLlc(frame.information).body : frame.information;
    this.#parts.push(body);
    this.#size += Math.max(1, body.length);
    if (this.#size > (this.options.limitBytes ?? LIMIT_BYTES)) {
      this.#answer({ type: 'FRMR', pf: true }, Uint8Array.of(0, 0, 0x04));
      this.#reset();
      return this.#drop(frame, 'apdu too long');
    }
    if (frame.segmented) {
      if (control.pf) this.#answer({ type: 'RR', nr: this.#vr, pf: true });
      return;
    }
    const apdu = joined(this.#parts);
    this.#parts = [];
    this.#size = 0;
    this.#events.push({ type: 'apdu', bytes: apdu });
  }

  #transmit(): void {
    const { rrAfterEachFrame, frozenNumbers } = this.options.quirks ?? {};
    const window = rrAfterEachFrame === undefined ? this.parameters.windowTransmit : 1;
    for (const part of this.#sender.window(window)) {
      this.counts.iSent++;
      const pf = part.endsWindow && !(rrAfterEachFrame === 'silent' && part.segmented);
      const ns = frozenNumbers === true ? 0 : part.ns;
      this.#answer({ type: 'I', ns, nr: this.#vr, pf }, part.information, undefined, part.segmented);
    }
  }

  #answer(control: Control, information?: Uint8Array, to?: HdlcFrame, segmented = false): void {
    const frame = {
      destination: encodeHdlcAddress({ logical: to?.source.logical ?? this.client, physical: null }, 1),
      source: to === undefined ? this.#serverOctets : this.#widened(to),
      control,
      segmented,
    };
    this.#leave(encodeHdlcFrame(information === undefined ? frame : { ...frame, information }));
  }

  /** Our address for an answer: the octets of the request, or what the quirk makes of them. */
  #widened(request: HdlcFrame): Uint8Array {
    const size = this.options.quirks?.addressSize;
    if (size === undefined) return request.destinationOctets.slice();
    const { logical, physical } = request.destination;
    const wide = size !== 1 && size !== 'auto' && physical === null;
    return encodeHdlcAddress(wide ? { logical: 0, physical: logical } : { logical, physical }, size);
  }

  #leave(frame: Uint8Array): void {
    const bytes = this.options.corrupt === undefined ? frame : this.options.corrupt(frame);
    if (bytes !== null) this.#write.push(bytes);
  }

  #reset(): void {
    this.#connected = false;
    this.#sender.reset();
    this.#vr = 0;
    this.#parts = [];
    this.#size = 0;
    this.parameters = DEFAULT_PARAMETERS;
  }

  #drop(frame: HdlcFrame, reason: string): void {
    const error = new DlmsError({ code: 'HDLC_FRAME', reason });
    this.#events.push({ type: 'dropped', bytes: frame.information, error });
  }

  #step(): LinkStep {
    const result = step(this.#events, this.#write);
    this.#events = [];
    this.#write = [];
    return result;
  }
}

const LIMIT_BYTES = 1_048_576;
