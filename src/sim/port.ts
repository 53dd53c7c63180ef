// The meter's end of a line: bytes in, bytes out, for one or several meters that hang on it.
// The rule of the file: faults that concern bytes are made here, faults that concern answers in the association.

import type { DlmsError } from '../core/wire/errors';
import { concat, joined } from '../core/wire/hex';
import { step, type Step } from '../core/step';
import { decodeHdlcFrame, encodeHdlcFrame } from '../core/framing/hdlc-frame';
import { HdlcServerLink } from './link/hdlc-server';
import { encodeParameters, LARGEST_PARAMETERS } from '../core/link/hdlc-parameters';
import { encodeHdlcAddress } from '../core/framing/hdlc-address';
import { encodeWrapper } from '../core/framing/wrapper';
import { WrapperServerLink } from './link/wrapper-server';
import type { LinkStep } from '../core/link/link';
import { Association, type Reply } from './association';
import type { SimulatedMeter } from './meter';

export type Framing = 'hdlc' | 'wrapper';

export type PortEvent =
  /** A fault: the connection is to be closed at once, without farewell. */
  | { readonly type: 'reset' }
  /** Bytes that no meter here understood. */
  | { readonly type: 'dropped'; readonly error: DlmsError };

export type PortStep = Step<PortEvent>;

export interface PortOptions {
  readonly framing: Framing;
  /** `datagram`: each chunk is one UDP datagram. */
  readonly mode?: 'stream' | 'datagram';
}

/** One connection, or one serial line. `timeout()` is due `waitMs` after a step that asks for it. */
export class MeterPort {
  readonly #stations: readonly Station[];
  /** Answers that a fault delays. */
  #late: Uint8Array[] = [];
  #lateMs = 0;

  constructor(meters: readonly SimulatedMeter[], options: PortOptions) {
    this.#stations = meters.map(meter =>
      options.framing === 'hdlc' ? hdlcStation(meter) : wrapperStation(meter, options),
    );
  }

  receive(chunk: Uint8Array): PortStep {
    const write: Uint8Array[] = [];
    const events: PortEvent[] = [];
    for (const station of this.#stations) {
      const heard = station.receive(chunk);
      if (heard.reset) events.push({ type: 'reset' });
      for (const error of heard.dropped) events.push({ type: 'dropped', error });
      if (heard.lateMs > 0) {
        this.#late.push(...heard.write);
        this.#lateMs = heard.lateMs;
      } else write.push(...heard.write);
    }
    return step(events, write, this.#late.length > 0 ? this.#lateMs : null);
  }

  /** An APDU that nobody asked for, from each meter to the client of its latest association. */
  push(apdu: Uint8Array): PortStep {
    return step(
      [],
      this.#stations.flatMap(station => station.push(apdu)),
    );
  }

  timeout(): PortStep {
    const write = this.#late;
    this.#late = [];
    return step([], write);
  }

  /** The connection is gone: associations end. */
  close(): void {
    this.#late = [];
    for (const station of this.#stations) station.close();
  }
}

interface Heard {
  readonly write: readonly Uint8Array[];
  readonly dropped: readonly DlmsError[];
  readonly reset: boolean;
  readonly lateMs: number;
}

interface Station {
  receive(chunk: Uint8Array): Heard;
  push(apdu: Uint8Array): readonly Uint8Array[];
  close(): void;
}

function hdlcStation(meter: SimulatedMeter): Station {
  const { behaviour } = meter;
  const link = new HdlcServerLink({
    accepts: (server, client) =>
      server.logical === meter.logicalDevice &&
      (server.physical === null || server.physical === meter.physicalAddress) &&
      meter.account(client) !== undefined,
    parameters: {
      maxInformationTransmit: behaviour.hdlcInformation,
      maxInformationReceive: behaviour.hdlcInformation,
      windowTransmit: behaviour.hdlcWindow,
      windowReceive: behaviour.hdlcWindow,
    },
    corrupt: frame => leaving(meter, frame),
    quirks: {
      ...(behaviour.windowOfOne ? { rrAfterEachFrame: 'final' as const } : {}),
      ignoresUnpolled: behaviour.ignoresUnpolled,
      frozenNumbers: behaviour.constantSequence,
      ...(behaviour.wideAnswers ? { addressSize: 4 as const } : {}),
      refusesParameters: behaviour.snrmParameters !== 'granted',
    },
  });
  let association: Association | null = null;
  /** A meter that fell silent in the middle of an answer says nothing until it is connected anew. */
  let mute = false;
  return {
    receive(chunk) {
      const taken = behaviour.losesSecondFrame ? firstFrame(chunk) : chunk;
      const was = link.connected;
      const heard = link.receive(taken);
      if (heard.events.some(e => e.type === 'connected')) mute = false;
      if (mute) return NOTHING;
      return answer(meter, heard, was, {
        connected: () => {
          const account = meter.account(link.client);
          association = account === undefined ? null : new Association(meter, account);
        },
        apdu: bytes => {
          const reply = association?.handle(bytes) ?? SILENT;
          mute = reply.type === 'silent';
          return reply;
        },
        send: (apdu, more) => (more && link.connected ? link.push(apdu) : link.connected ? link.send(apdu) : step()),
      });
    },
    push: apdu => link.push(apdu).write,
    close() {
      link.disconnect();
      association = null;
    },
  };
}

function wrapperStation(meter: SimulatedMeter, options: PortOptions): Station {
  const link = new WrapperServerLink({
    accepts: (server, client) => server === meter.logicalDevice && meter.account(client) !== undefined,
    ...(options.mode === undefined ? {} : { mode: options.mode }),
  });
  const associations = new Map<number, Association>();
  return {
    receive(chunk) {
      return answer(meter, link.receive(chunk), true, {
        connected: () => undefined,
        apdu: bytes => {
          const account = meter.account(link.client);
          if (account === undefined) return SILENT;
          let association = associations.get(account.client);
          if (association === undefined)
            associations.set(account.client, (association = new Association(meter, account, BLOCKS_IN_A_ROW)));
          return association.handle(bytes);
        },
        send: apdu => link.send(apdu),
      });
    },
    push: apdu => [encodeWrapper(meter.logicalDevice, link.client, apdu)],
    close() {
      link.disconnect();
      associations.clear();
    },
  };
}

interface Handlers {
  readonly connected: () => void;
  readonly apdu: (bytes: Uint8Array) => Reply;
  /** `more`: another APDU follows; this one was not asked for. */
  readonly send: (apdu: Uint8Array, more: boolean) => LinkStep;
}

function answer(meter: SimulatedMeter, heard: LinkStep, requests: boolean, on: Handlers): Heard {
  const { faults } = meter;
  let write: Uint8Array[] = [...heard.write];
  const dropped: DlmsError[] = [];
  let reset = false;
  for (const event of heard.events) {
    if (event.type === 'connected') on.connected();
    else if (event.type === 'dropped' || event.type === 'fault') dropped.push(event.error);
    else if (event.type === 'apdu') {
      const reply = on.apdu(event.bytes);
      if (reply.type === 'reset') reset = true;
      if (reply.type !== 'apdus') continue;
      meter.served++;
      reply.apdus.forEach((apdu, i) => write.push(...on.send(apdu, i < reply.apdus.length - 1).write));
    }
  }
  if (write.length === 0) return { write, dropped, reset, lateMs: 0 };
  if (requests) {
    if (faults.take('silence') !== null) return { write: [], dropped, reset, lateMs: 0 };
    if (faults.take('reset') !== null) return { write: [], dropped, reset: true, lateMs: 0 };
    write = damaged(meter, write);
  }
  return { write, dropped, reset, lateMs: requests ? (faults.take('slow')?.ms ?? 0) : 0 };
}

function damaged(meter: SimulatedMeter, write: Uint8Array[]): Uint8Array[] {
  const { faults } = meter;
  let bytes = write;
  const first = (): Uint8Array => bytes[0] as Uint8Array;
  if (faults.take('wrong-fcs') !== null) {
    const frame = first().slice();
    // HDLC: the second octet of the check sequence; the wrapper has none, so its version.
    const at = frame[0] === FLAG ? frame.length - 2 : 1;
    frame[at] = (frame[at] as number) ^ 0x40;
    bytes = [frame, ...bytes.slice(1)];
  }
  if (faults.take('garbage-inside') !== null) {
    const frame = first().slice();
    const at = frame.length >> 1;
    frame[at] = (frame[at] as number) ^ 0xff;
    bytes = [frame, ...bytes.slice(1)];
  }
  if (faults.take('garbage-before') !== null) bytes = [concat(meter.random(7), first()), ...bytes.slice(1)];
  if (faults.take('cut') !== null) {
    const all = joined(bytes);
    bytes = [all.subarray(0, all.length >> 1)];
  }
  return bytes;
}

/** Quirks of single frames that the link does not know. */
function leaving(meter: SimulatedMeter, frame: Uint8Array): Uint8Array | null {
  const { behaviour } = meter;
  if (!behaviour.parametersInDisconnect && behaviour.snrmParameters !== 'silent') return frame;
  const decoded = decodeHdlcFrame(frame.subarray(1, frame.length - 1));
  if (decoded.control.type === 'DM' && behaviour.snrmParameters === 'silent') return null;
  if (decoded.control.type !== 'UA' || decoded.information.length > 0 || !behaviour.parametersInDisconnect)
    return frame;
  return encodeHdlcFrame({
    destination: encodeHdlcAddress(decoded.destination),
    source: encodeHdlcAddress(decoded.source),
    control: decoded.control,
    information: encodeParameters(LARGEST_PARAMETERS),
  });
}

/** The first frame of a piece, by its length field. */
function firstFrame(chunk: Uint8Array): Uint8Array {
  if (chunk[0] !== FLAG || chunk.length < 3) return chunk;
  const length = (((chunk[1] as number) & 0x07) << 8) | (chunk[2] as number);
  return chunk.subarray(0, length + 2);
}

const FLAG = 0x7e;
/** General blocks that may leave without being asked for; over HDLC each waits for its turn. */
const BLOCKS_IN_A_ROW = 63;
const SILENT: Reply = { type: 'silent' };
const NOTHING: Heard = { write: [], dropped: [], reset: false, lateMs: 0 };
