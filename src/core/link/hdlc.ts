// The client's side of an HDLC link: SNRM/UA, numbered frames both ways, DISC. IEC 62056-46, 6.4 (NRM, two-way alternate).
// The rule of the file: the meter's mistakes are tolerated or end in one fault; every wait is bounded by a count.

import { DlmsError, type Detail } from '../wire/errors';
import { hex } from '../wire/hex';
import { step } from '../step';
import {
  encodeHdlcAddress,
  formatHdlcAddress,
  sameStation,
  type AddressSize,
  type HdlcAddress,
} from '../framing/hdlc-address';
import { hdlcStream, type HdlcFramed } from '../framing/hdlc';
import { LineFault } from '../framing/line-fault';
import type { Dropped } from '../framing/noise';
import type { FrameStream } from '../framing/stream';
import { encodeHdlcFrame, type Control, type HdlcFrame } from '../framing/hdlc-frame';
import {
  DEFAULT_PARAMETERS,
  LARGEST_PARAMETERS,
  agree,
  decodeParameters,
  encodeParameters,
  formatParameters,
  sameParameters,
  type HdlcParameters,
} from './hdlc-parameters';
import { EchoFilter } from './hdlc-echo';
import { FrameReceiver } from './hdlc-receiver';
import { LLC_COMMAND, SegmentJoiner, cutSegments, stripLlc } from '../framing/hdlc-segments';
import { FrameSender } from './hdlc-sender';
import { slowestMs, type Link, type LinkEvent, type LinkStep } from './link';

export interface HdlcOptions {
  /** Client address (SAP), 1..127; 16 is the public client. */
  readonly client: number;
  readonly server: HdlcAddress;
  /** Octets of the server address in our frames (docs/quirks.md#q6). Default `auto`. */
  readonly addressSize?: AddressSize;
  /**
   * What SNRM proposes; the standard's defaults (128, window 1) go without parameters. `none` sends none at all.
   * Default 2030 octets and window 7. Refused or unanswered, SNRM is repeated with 128/1, then without parameters.
   */
  readonly parameters?: Partial<HdlcParameters> | 'none';
  /** False: the meter has a pre-established link and wants no SNRM (docs/quirks.md#q16). Default true. */
  readonly snrm?: boolean;
  /** Silence after which a frame counts as unanswered, in ms; shorter where SNRM has more forms than `tries`. Default 5000. */
  readonly responseMs?: number;
  /** How often a frame is sent before the link is given up. Default 3. */
  readonly tries?: number;
  /** Silence within a window of the meter after which we acknowledge what came, in ms. Default 1000. */
  readonly windowMs?: number;
  /** Pause before asking a meter again that is not ready, in ms. Default 200. */
  readonly pollMs?: number;
  /** How often a meter is asked again that answers without its data. Default 300, a minute. */
  readonly maxPolls?: number;
  /** How long to wait for the answer to DISC, in ms. Default 1500. */
  readonly disconnectMs?: number;
  /** Ask for a sign of life after so much idle time, in ms; keeps meters with a short inactivity time-out open. Default null: never. */
  readonly keepAliveMs?: number | null;
  /** Acknowledge each frame even where the window is larger. Default `window`; switched by itself when a meter wants it. */
  readonly acknowledge?: 'window' | 'every-frame';
  /** Wrong check sequences: see HdlcFramingOptions. Default `strict`. */
  readonly crc?: 'strict' | 'warn';
  /** Largest APDU joined from segments, in octets. Default 1 MiB. */
  readonly limitBytes?: number;
}

type Phase = 'closed' | 'connecting' | 'idle' | 'exchange' | 'keep-alive' | 'disconnecting' | 'broken';

export class HdlcLink implements Link {
  readonly name = 'hdlc';
  /** What the meter granted; valid once connected. */
  parameters: HdlcParameters = DEFAULT_PARAMETERS;

  readonly #options: Required<HdlcOptions>;
  readonly #client: HdlcAddress;
  readonly #clientOctets: Uint8Array;
  readonly #serverOctets: Uint8Array;
  readonly #proposals: readonly (HdlcParameters | null)[];
  readonly #stream: FrameStream<HdlcFramed>;
  readonly #pushed = new SegmentJoiner();
  readonly #sender = new FrameSender();
  readonly #receiver = new FrameReceiver();
  readonly #echo: EchoFilter;
  readonly #line = new LineFault();

  #phase: Phase = 'closed';
  /** Index into the proposals of SNRM. */
  #proposal = 0;
  /** Time-outs and fruitless repetitions since the last progress. */
  #failures = 0;
  /** Bytes and frames since the last progress that did not help; beyond a limit they count as a time-out. */
  #uselessBytes = 0;
  #uselessFrames = 0;
  /** A frame has brought the exchange on since the last step. */
  #progress = false;
  /** Did any frame of this meter come since connect? */
  #heard = false;
  /** Frames of the meter's window that came since our last acknowledgement. */
  #inWindow = 0;
  /** The RR outstanding was sent because the meter paused after one frame of a larger window. */
  #rrByTimeout = false;
  /** RR answers to our polls: the meter needs time. */
  #polls = 0;
  #pollDue = false;
  /** How often a meter with a window above one waited for an RR after one frame (docs/quirks.md#t8). */
  #waitedForRr = 0;
  /** The meter lost a window of ours: it may take only frames that it is polled by (docs/quirks.md#t17). */
  #oneByOne = false;
  /** What waits for the answer to a sign of life. */
  #deferred: Uint8Array | null = null;

  #events: LinkEvent[] = [];
  #write: Uint8Array[] = [];

  constructor(options: HdlcOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#client = { logical: options.client, physical: null };
    this.#clientOctets = encodeHdlcAddress(this.#client, 1);
    this.#serverOctets = encodeHdlcAddress(options.server, options.addressSize);
    this.#echo = new EchoFilter(this.#clientOctets, this.#serverOctets);
    this.#proposals = proposalsOf(this.#options.parameters);
    this.#stream = hdlcStream(this.#options.crc);
  }

  connect(): LinkStep {
    this.#stream.reset();
    this.#pushed.reset();
    this.#line.clear();
    this.#restart();
    this.#proposal = 0;
    this.#failures = 0;
    this.#heard = false;
    this.#waitedForRr = 0;
    if (this.#options.snrm) {
      this.#phase = 'connecting';
      this.#snrm();
    } else {
      this.#phase = 'idle';
      this.parameters = this.#proposals[0] ?? DEFAULT_PARAMETERS;
      this.#events.push({ type: 'connected', info: 'hdlc without SNRM' });
    }
    return this.#step();
  }

  send(apdu: Uint8Array): LinkStep {
    if (this.#phase === 'keep-alive' && this.#deferred === null) {
      this.#deferred = apdu;
      return this.#step();
    }
    if (this.#phase !== 'idle') throw new DlmsError({ code: 'BAD_STATE', input: 'send', phase: this.#phase });
    this.#begin(apdu);
    return this.#step();
  }

  /** Nothing that came in numbered frames is lost, so nothing has to be asked for. */
  keepWaiting(_ask?: Uint8Array): LinkStep {
    if (this.#phase === 'idle') {
      this.#phase = 'exchange';
      this.#polls = 0;
      this.#rr();
    }
    return this.#step();
  }

  disconnect(): LinkStep {
    if (this.#phase === 'closed') {
      this.#events.push({ type: 'disconnected' });
      return this.#step();
    }
    this.#command({ type: 'DISC', pf: true });
    this.#deferred = null;
    this.#uselessBytes = this.#uselessFrames = 0;
    this.#phase = 'disconnecting';
    // Nobody ever answered: the DISC is for a meter whose answers were lost, and not worth waiting for.
    if (!this.#heard && this.#options.snrm) this.#closed();
    return this.#step();
  }

  receive(chunk: Uint8Array): LinkStep {
    const frames = this.#take(this.#stream.receive(chunk));
    this.#uselessBytes = frames === 'progress' ? 0 : this.#uselessBytes + chunk.length;
    if (this.#uselessBytes > USELESS_BYTES || this.#uselessFrames > USELESS_FRAMES) {
      this.#uselessBytes = this.#uselessFrames = 0;
      this.#timedOut();
    }
    return this.#step();
  }

  timeout(): LinkStep {
    if (this.#take(this.#stream.flush()) !== 'progress') this.#timedOut();
    return this.#step();
  }

  // What came

  #take(items: readonly (HdlcFramed | Dropped)[]): 'progress' | 'nothing' {
    let progress = false;
    for (const item of items) {
      if (item.type === 'dropped') {
        this.#events.push({ ...item, error: this.#line.of(item.error, item.bytes) });
        continue;
      }
      this.#line.clear();
      if (this.#frame(item.frame)) progress = true;
      else this.#uselessFrames++;
    }
    if (!progress) return 'nothing';
    this.#failures = this.#uselessFrames = 0;
    this.#progress = true;
    return 'progress';
  }

  /** True when it brought the exchange on. */
  #frame(frame: HdlcFrame): boolean {
    if (this.#echo.isEcho(frame)) return this.#drop(frame, 'echo of our own frame');
    const { control } = frame;
    if (!sameStation(frame.source, this.#options.server)) {
      return this.#drop(frame, `from station ${formatHdlcAddress(frame.source)}`);
    }
    if (control.type === 'UI') return this.#pushedFrame(frame);
    if (!sameStation(frame.destination, this.#client)) {
      return this.#drop(frame, `for station ${formatHdlcAddress(frame.destination)}`);
    }
    this.#heard = true;
    switch (this.#phase) {
      case 'connecting':
        return this.#whileConnecting(frame);
      case 'disconnecting':
        if (control.type !== 'UA' && control.type !== 'DM') return this.#drop(frame, `${control.type} instead of UA`);
        this.#closed();
        return true;
      case 'idle':
      case 'exchange':
      case 'keep-alive':
        return this.#whileOpen(frame);
      default:
        return this.#drop(frame, `${control.type} while ${this.#phase}`);
    }
  }

  #whileConnecting(frame: HdlcFrame): boolean {
    const { control } = frame;
    if (control.type === 'DM' || control.type === 'FRMR') {
      this.#proposal++;
      if (this.#proposal < this.#proposals.length) this.#snrm();
      else this.#rejected(control.type, frame.information);
      return true;
    }
    if (control.type !== 'UA') return this.#drop(frame, `${control.type} instead of UA`);
    // A UA without parameters grants the defaults, whatever was proposed.
    this.parameters = agree(this.#proposals[this.#proposal] ?? LARGEST_PARAMETERS, decodeParameters(frame.information));
    this.#phase = 'idle';
    this.#events.push({ type: 'connected', info: `hdlc ${formatParameters(this.parameters)}` });
    return true;
  }

  #whileOpen(frame: HdlcFrame): boolean {
    const { control } = frame;
    switch (control.type) {
      case 'DM':
      case 'FRMR':
        this.#rejected(control.type, frame.information);
        return true;
      case 'I':
        return this.#information(frame, control);
      case 'RR':
      case 'RNR':
      case 'REJ':
        return this.#supervisory(frame, control);
      case 'unknown':
        // Meters with an invalid control field exist (docs/quirks.md#q16); an answer is known by its LLC.
        if (this.#phase === 'exchange' && stripLlc(frame.information).body !== frame.information) {
          return this.#information(frame, { type: 'I', ns: this.#receiver.next, nr: 0, pf: true });
        }
        return this.#drop(frame, `unknown control field 0x${control.octet.toString(16)}`);
      default:
        return this.#drop(frame, `${control.type} while ${this.#phase}`);
    }
  }

  #information(frame: HdlcFrame, control: Control & { type: 'I' }): boolean {
    const receiver = this.#receiver;
    const window = this.parameters.windowReceive;
    const out = `frame ${control.ns} where ${receiver.next} was expected`;
    const verdict = receiver.judge(control.ns, frame.information, window);
    if (verdict === 'repeated') return this.#drop(frame, 'a repeated frame');
    if (verdict === 'lost') {
      // The meter goes back when its turn to listen comes.
      if (this.#phase === 'exchange' && control.pf) this.#rr();
      else this.#inWindow = Math.max(2, this.#inWindow + 1);
      return this.#drop(frame, out);
    }
    if (verdict === 'frozen') this.#drop(frame, `${out}; taken, as the window is 1`);

    this.#sender.acknowledge(control.nr);
    if (this.#phase === 'exchange') this.#sender.settle();
    if (this.#rrByTimeout && window > 1) this.#waitedForRr++;
    this.#rrByTimeout = false;
    this.#polls = 0;
    this.#pollDue = false;
    this.#inWindow++;
    receiver.take(frame.information);
    if (receiver.size > this.#options.limitBytes) {
      this.#fault({ code: 'LIMIT_EXCEEDED', what: 'apdu', limit: this.#options.limitBytes, actual: receiver.size });
    } else if (!frame.segmented) {
      this.#events.push({ type: 'apdu', bytes: receiver.finish() });
      this.#inWindow = 0;
      if (this.#phase === 'exchange') this.#phase = 'idle';
      if (this.#phase === 'keep-alive') this.#resume();
    } else {
      const each = this.#options.acknowledge === 'every-frame' || this.#waitedForRr >= 2;
      if (control.pf || each || this.#inWindow >= window) this.#rr();
    }
    return true;
  }

  #supervisory(frame: HdlcFrame, control: Control & { type: 'RR' | 'RNR' | 'REJ' }): boolean {
    if (this.#phase === 'keep-alive') {
      this.#resume();
      return true;
    }
    if (this.#phase !== 'exchange') return this.#drop(frame, `${control.type} while ${this.#phase}`);
    const acknowledged = this.#sender.acknowledge(control.nr);
    if (!control.pf && control.type !== 'REJ') return acknowledged;
    if (control.type === 'RNR') {
      this.#pollLater();
      return true;
    }
    if (!this.#sender.done) {
      // Not acknowledged: our frames were lost. Repeating them counts as a failure, so it ends.
      if (!acknowledged && ++this.#failures >= this.#options.tries) this.#silence();
      else this.#transmit(acknowledged);
      return acknowledged;
    }
    if (this.#polls === 0) this.#poll();
    else this.#pollLater();
    return true;
  }

  #pushedFrame(frame: HdlcFrame): boolean {
    for (const item of this.#pushed.receive(frame)) {
      if (item.type === 'apdu') this.#events.push({ type: 'apdu', bytes: item.bytes });
      else this.#events.push({ type: 'dropped', bytes: item.bytes, error: item.error });
    }
    return false;
  }

  // Silence

  #timedOut(): void {
    switch (this.#phase) {
      case 'connecting':
        this.#failures++;
        if (this.#proposal < this.#proposals.length - 1) this.#proposal++;
        else if (this.#failures >= this.#options.tries) return this.#silence();
        return this.#snrm();
      case 'exchange':
        return this.#exchangeTimedOut();
      case 'idle':
        if (this.#options.keepAliveMs === null) return;
        this.#phase = 'keep-alive';
        this.#failures = 0;
        return this.#rr();
      case 'keep-alive':
        if (++this.#failures >= this.#options.tries) return this.#silence();
        return this.#rr();
      case 'disconnecting':
        return this.#closed();
      default:
    }
  }

  #exchangeTimedOut(): void {
    if (this.#pollDue) return this.#poll();
    if (this.#inWindow > 0) {
      // The meter waits although its window is not full, or the end of its window was lost.
      this.#rrByTimeout = this.#inWindow === 1;
      return this.#rr();
    }
    this.#failures++;
    if (this.#failures >= this.#options.tries) return this.#silence();
    // First the frames again, as a lost request is the usual case; then ask where the meter stands.
    if (!this.#sender.done && this.#failures % 2 === 1) this.#transmit(false);
    else this.#rr();
  }

  #silence(): void {
    const { responseMs, tries, server } = this.#options;
    const connecting = this.#phase === 'connecting';
    const waitingFor = connecting ? 'UA to SNRM' : 'answer';
    const noise =
      this.#heard || this.#uselessBytes === 0 ? '' : `; ${this.#uselessBytes} bytes came, but no frame in them`;
    const hint = `client ${this.#options.client}, server ${formatHdlcAddress(server)}${noise}`;
    const afterMs = connecting ? Math.max(1, this.#failures) * this.#snrmMs : tries * responseMs;
    this.#fault({ code: 'NO_ANSWER', waitingFor, afterMs: Math.round(afterMs), hint });
  }

  // What goes out

  #begin(apdu: Uint8Array): void {
    this.#phase = 'exchange';
    this.#failures = this.#uselessBytes = this.#uselessFrames = 0;
    this.#polls = 0;
    this.#pollDue = false;
    this.#clearAnswer();
    this.#sender.load(cutSegments(LLC_COMMAND, apdu, this.parameters.maxInformationTransmit));
    this.#transmit();
  }

  /** `arrived`: what was sent before came to the meter, at least a part of it. */
  #transmit(arrived = true): void {
    if (!arrived && this.#sender.inFlight > 1) this.#oneByOne = true;
    this.#echo.turn();
    for (const part of this.#sender.window(this.#oneByOne ? 1 : this.parameters.windowTransmit)) {
      const { ns, segmented, information } = part;
      this.#command({ type: 'I', ns, nr: this.#receiver.next, pf: part.endsWindow }, information, segmented);
    }
  }

  #snrm(): void {
    this.#restart();
    const proposal = this.#proposals[this.#proposal] ?? null;
    this.#command({ type: 'SNRM', pf: true }, proposal === null ? undefined : encodeParameters(proposal));
  }

  #rr(): void {
    this.#inWindow = 0;
    this.#command({ type: 'RR', nr: this.#receiver.next, pf: true });
  }

  #poll(): void {
    this.#pollDue = false;
    if (++this.#polls > this.#options.maxPolls) this.#silence();
    else this.#rr();
  }

  #pollLater(): void {
    this.#pollDue = true;
    this.#failures = 0;
  }

  #command(control: Control, information?: Uint8Array, segmented = false): void {
    const frame = { destination: this.#serverOctets, source: this.#clientOctets, control, segmented };
    const bytes = encodeHdlcFrame(information === undefined ? frame : { ...frame, information });
    if (control.type !== 'I') this.#echo.turn();
    this.#echo.sent(control, information);
    this.#write.push(bytes);
  }

  // State

  #restart(): void {
    this.#sender.reset();
    this.#clearAnswer();
    this.#receiver.reset();
    this.#oneByOne = false;
    this.#deferred = null;
    this.#uselessBytes = this.#uselessFrames = 0;
    this.parameters = DEFAULT_PARAMETERS;
  }

  #clearAnswer(): void {
    this.#receiver.clear();
    this.#inWindow = 0;
    this.#rrByTimeout = false;
  }

  /** The sign of life came, or nobody waits for it any more. */
  #resume(): void {
    this.#phase = 'idle';
    const apdu = this.#deferred;
    this.#deferred = null;
    if (apdu !== null) this.#begin(apdu);
  }

  #closed(): void {
    this.#phase = 'closed';
    this.#events.push({ type: 'disconnected' });
  }

  #rejected(reply: 'DM' | 'FRMR', information: Uint8Array): void {
    const asked = this.#phase === 'connecting' ? 'SNRM' : 'a request';
    const reason = reply === 'DM' ? `not connected, to ${asked}` : `${frmrReason(information)}, to ${asked}`;
    this.#fault({ code: 'HDLC_REJECTED', reply, reason });
  }

  #fault(detail: Detail): void {
    this.#phase = 'broken';
    this.#events.push({ type: 'fault', error: new DlmsError(detail) });
  }

  #drop(frame: HdlcFrame, reason: string): false {
    this.#events.push({
      type: 'dropped',
      bytes: frame.information,
      error: new DlmsError({ code: 'HDLC_FRAME', reason }),
    });
    return false;
  }

  /** SNRM may have more forms than tries; all of them share the time that the tries have. */
  get #snrmMs(): number {
    const { responseMs, tries } = this.#options;
    return (responseMs * tries) / Math.max(tries, this.#proposals.length);
  }

  #waitMs(): number | null {
    const { responseMs, windowMs, pollMs, disconnectMs, keepAliveMs } = this.#options;
    switch (this.#phase) {
      case 'connecting':
        return Math.ceil(this.#snrmMs);
      case 'keep-alive':
        return responseMs;
      case 'exchange':
        if (this.#pollDue) return pollMs;
        return this.#inWindow > 0 && !this.#stream.unfinished ? windowMs : responseMs;
      case 'disconnecting':
        return disconnectMs;
      case 'idle':
        return keepAliveMs;
      default:
        return null;
    }
  }

  #step(): LinkStep {
    const waitMs = this.#waitMs();
    const begins = this.#progress || this.#write.length > 0;
    const limitMs = begins && waitMs !== null && this.#phase !== 'idle' ? waitMs + this.#frameMs() : undefined;
    const result = step(this.#events, this.#write, waitMs, limitMs);
    this.#events = [];
    this.#write = [];
    this.#progress = false;
    return result;
  }

  /** The longest frame that can be under way while we wait; only a whole one that helps makes the wait longer. */
  #frameMs(): number {
    const information = this.#phase === 'exchange' ? this.parameters.maxInformationReceive : PARAMETERS_OCTETS;
    return slowestMs(FRAME_OCTETS + information);
  }
}

/** What SNRM proposes, from the best on; null means without parameters. */
function proposalsOf(wanted: Partial<HdlcParameters> | 'none'): readonly (HdlcParameters | null)[] {
  if (wanted === 'none') return [null];
  const ours = { ...LARGEST_PARAMETERS, ...wanted };
  const limits = { maxInformationTransmit: 2030, maxInformationReceive: 2030, windowTransmit: 7, windowReceive: 7 };
  for (const [name, most] of Object.entries(limits) as [keyof HdlcParameters, number][]) {
    const value = ours[name];
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    throw new DlmsError({
      code: 'BAD_SETTING',
      setting: name,
      value: `${value}`,
      expected: `a whole number 1..${most}`,
    });
  }
  return sameParameters(ours, DEFAULT_PARAMETERS) ? [null] : [ours, DEFAULT_PARAMETERS, null];
}

/** FRMR carries the rejected control field, the state variables and four reason bits. ISO/IEC 13239, 5.5.3.4. */
function frmrReason(information: Uint8Array): string {
  const bits = information[2] ?? 0;
  const words = FRMR_REASONS.filter((_, i) => bits & (1 << i));
  return words.length > 0 ? words.join(', ') : `frame rejected (${hex(information)})`;
}

const FRMR_REASONS = ['control field not allowed', 'information not allowed', 'information too long', 'N(R) not valid'];

/** Flags, format, the longest addresses, control and both checks. */
const FRAME_OCTETS = 16;
/** What a UA holds: all parameters, each as long as any meter writes it. */
const PARAMETERS_OCTETS = 40;

const DEFAULTS = {
  addressSize: 'auto',
  parameters: LARGEST_PARAMETERS,
  snrm: true,
  responseMs: 5000,
  tries: 3,
  windowMs: 1000,
  pollMs: 200,
  maxPolls: 300,
  disconnectMs: 1500,
  keepAliveMs: null,
  acknowledge: 'window',
  crc: 'strict',
  limitBytes: 1_048_576,
} as const satisfies Partial<HdlcOptions>;

/** Noise since the last progress that counts as silence. */
const USELESS_BYTES = 16_384;
const USELESS_FRAMES = 10;
/** Times 200 ms: a meter may take a minute for its answer. */
