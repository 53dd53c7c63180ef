// The COSEM wrapper over TCP and UDP: version, two wPorts, length. IEC 62056-47, 5.3 (IEC 62056-9-7).
// The rule of the file: over TCP messages end by their length field, over UDP one datagram is one message.

import { DlmsError, type Detail } from '../wire/errors';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { Writer } from '../wire/writer';
import { step } from '../step';
import { slowestMs, type Link, type LinkEvent, type LinkStep } from './link';
import { Noise, type Dropped } from '../framing/noise';

export interface WrapperMessage {
  readonly type: 'message';
  /** wPorts: the client's or server's address; 1 is the management logical device, 16 the public client. */
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
}

/** Header and APDU. @throws LIMIT_EXCEEDED above 65,535 octets. */
export function encodeWrapper(source: number, destination: number, apdu: Uint8Array): Uint8Array {
  if (apdu.length > MAX_APDU) {
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'apdu in a wrapper', limit: MAX_APDU, actual: apdu.length });
  }
  return new Writer(HEADER + apdu.length).u16(1).u16(source).u16(destination).u16(apdu.length).bytes(apdu).toBytes();
}

/** A message whose header has come: its ports, and how long it will be with its header. */
export interface Announced {
  readonly source: number;
  readonly destination: number;
  readonly octets: number;
}

export class WrapperDeframer {
  readonly #buffer = new ReceiveBuffer(2 * SLICE + HEADER + MAX_APDU);
  readonly #noise = new Noise();
  readonly #datagrams: boolean;
  #need = 0;
  #announced: Announced | null = null;
  /** Quirk Q49: some meters count the header in the length field. How often that fitted; from twice on it is believed. */
  #countedHeader = 0;
  /** After garbage only a header with ports seen before is believed, when there is one. */
  #ports: number | null = null;
  #lost = false;

  /** @param mode `stream` for TCP and serial, `datagram` where each chunk is one UDP datagram. @param ports those expected. */
  constructor(mode: 'stream' | 'datagram' = 'stream', ports?: { source: number; destination: number }) {
    this.#datagrams = mode === 'datagram';
    if (ports !== undefined) this.#ports = ports.source * 0x10000 + ports.destination;
  }

  /** Is an unfinished message waiting for more bytes? */
  get unfinished(): boolean {
    return this.#buffer.length > 0;
  }

  /** The header of the message that has begun; the same object until it ends. */
  get announced(): Announced | null {
    return this.#announced;
  }

  receive(chunk: Uint8Array): readonly (WrapperMessage | Dropped)[] {
    const buffer = this.#buffer;
    if (!this.#datagrams && buffer.length + chunk.length < this.#need) {
      buffer.push(chunk);
      return NOTHING;
    }
    const out: (WrapperMessage | Dropped)[] = [];
    for (let at = 0; at < chunk.length; at += SLICE) {
      buffer.push(chunk.length <= SLICE ? chunk : chunk.subarray(at, at + SLICE));
      if (buffer.length >= this.#need) this.#scan(false, out);
    }
    if (this.#datagrams) this.#finish(out);
    return out;
  }

  /** The line fell silent, or the stream ended. */
  flush(): readonly (WrapperMessage | Dropped)[] {
    const out: (WrapperMessage | Dropped)[] = [];
    this.#finish(out);
    return out;
  }

  reset(): void {
    this.#buffer.clear();
    this.#noise.clear();
    this.#need = 0;
    this.#announced = null;
    this.#lost = false;
  }

  #finish(out: (WrapperMessage | Dropped)[]): void {
    this.#scan(true, out);
    this.#noise.release(out);
    this.#lost = false;
  }

  #scan(final: boolean, out: (WrapperMessage | Dropped)[]): void {
    const buffer = this.#buffer;
    this.#need = 0;
    this.#announced = null;
    while (buffer.length > 0) {
      const wrong = this.#header();
      if (wrong === null && buffer.length >= HEADER) {
        const length = this.#u16(6) - (this.#countedHeader > 1 ? HEADER : 0);
        if (buffer.length >= HEADER + length) {
          this.#emit(length, out);
          continue;
        }
        if (final && buffer.length === this.#u16(6)) {
          this.#countedHeader++;
          this.#emit(buffer.length - HEADER, out);
          continue;
        }
        if (!final) {
          this.#need = HEADER + length;
          this.#announced = { source: this.#u16(2), destination: this.#u16(4), octets: this.#need };
          return;
        }
      } else if (wrong === null && !final) {
        this.#need = HEADER;
        return;
      }
      const have = buffer.length;
      this.#lost = true;
      this.#countedHeader = 0;
      const reason: Detail = wrong ?? { code: 'INCOMPLETE', what: 'wrapper message', have };
      this.#noise.add(buffer, this.#nextVersion(), reason, wrong === null, out);
    }
  }

  /** Where the next header may begin: at 00 01, or at a 00 that ends the buffer. */
  #nextVersion(): number {
    const buffer = this.#buffer;
    for (let at = buffer.indexOf(0, 1); at !== -1; at = buffer.indexOf(0, at + 1)) {
      const next = buffer.at(at + 1);
      if (next === 1 || next === -1) return at;
    }
    return buffer.length;
  }

  #emit(length: number, out: (WrapperMessage | Dropped)[]): void {
    const buffer = this.#buffer;
    const source = this.#u16(2);
    const destination = this.#u16(4);
    this.#noise.release(out);
    this.#lost = false;
    this.#ports = source * 0x10000 + destination;
    buffer.drop(HEADER);
    out.push({ type: 'message', source, destination, apdu: buffer.take(length) });
  }

  /** Why the front is no header; null when it is one, as far as it is there. */
  #header(): Detail | null {
    const buffer = this.#buffer;
    if (buffer.at(0) !== 0 || (buffer.length > 1 && buffer.at(1) !== 1)) {
      if (this.#lost) return NO_HEADER;
      const version = buffer.length > 1 ? this.#u16(0) : buffer.at(0);
      return { code: 'WRAPPER_HEADER', reason: `version ${version} where 1 was expected` };
    }
    if (buffer.length < HEADER) return null;
    const length = this.#u16(6);
    if (length === 0 || (this.#countedHeader > 1 && length <= HEADER)) {
      return { code: 'WRAPPER_HEADER', reason: `length ${length}` };
    }
    const known = this.#ports === null || this.#ports === this.#u16(2) * 0x10000 + this.#u16(4);
    if (this.#lost && !known) return { code: 'WRAPPER_HEADER', reason: 'unknown ports after garbage' };
    return null;
  }

  #u16(index: number): number {
    return this.#buffer.at(index) * 256 + this.#buffer.at(index + 1);
  }
}

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
  readonly #deframer: WrapperDeframer;
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
    this.#deframer = new WrapperDeframer(this.#options.mode, { source: options.server, destination: options.client });
    for (const port of [options.client, options.server]) {
      if (Number.isInteger(port) && port >= 0 && port <= 0xffff) continue;
      throw new DlmsError({ code: 'BAD_SETTING', setting: 'wPort', value: `${port}`, expected: 'a number 0..65535' });
    }
  }

  connect(): LinkStep {
    this.#deframer.reset();
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

  keepWaiting(): LinkStep {
    if (this.#phase === 'idle') this.#phase = 'awaiting';
    return this.#step([], [], this.#headerMs);
  }

  disconnect(): LinkStep {
    this.#phase = 'closed';
    return this.#step([{ type: 'disconnected' }]);
  }

  receive(chunk: Uint8Array): LinkStep {
    const before = this.#phase;
    const events = this.#deframer.receive(chunk).map(item => this.#event(item));
    if (before !== 'awaiting' || this.#phase !== 'awaiting') return this.#step(events);
    this.#useless += chunk.length;
    if (this.#useless > USELESS_LIMIT) this.#giveUp(events);
    return this.#step(events, [], this.#messageMs());
  }

  timeout(): LinkStep {
    const events = this.#deframer.flush().map(item => this.#event(item));
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
    const { announced } = this.#deframer;
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

const HEADER = 8; /* version 2, source wPort 2, destination wPort 2, length 2 */
const MAX_APDU = 0xffff;
const SLICE = 8192;
const NOTHING: readonly (WrapperMessage | Dropped)[] = [];
const USELESS_LIMIT = 262_144;
const NO_HEADER: Detail = { code: 'WRAPPER_HEADER', reason: 'bytes outside any message' };
