// Looks for the meter: common addresses, framings, speeds and parities, one after the other, and tells what answered.
// The rules of the file: it only knocks as the public client, so that no password is tried and no meter locks; where telegrams
// come by themselves it stops knocking; the line is held like by any request, and not longer than the limit.

import { HdlcLink } from '../../core/link/hdlc';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { clientOptions, linkOf } from '../session/client-settings';
import { adviceOn, formatOf, protocolOf, serverOf, told, type ToldError, type Words } from './connection-advice';
import { heardAlong, Hearing, LISTEN_MS } from './hearing';
import { pause } from '../transport/wait';
import { limited, type TestEnvironment } from './connection-test';
import { Conversation } from '../session/conversation';
import { ModeETransport } from '../iec/iec-session';
import { lines as allLines, transportOf } from '../line/line';
import { RowQueue } from '../session/row-queue';
import type { ConnectionSettings, TransportSettings } from '../settings/settings';
import { freed, type SerialFormat, type Transport } from '../transport/transport';

export interface SearchEvent {
  readonly state: 'trying' | 'found' | 'done' | 'failed';
  readonly says: readonly Words[];
  /** What to put into the form, by the names of its fields. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly advice?: Words;
  readonly error?: ToldError;
  readonly elapsedMs: number;
}

export interface SearchEnvironment extends TestEnvironment {
  /** How long one knock waits. Default 1500 on networks, 1600 on serial ports. */
  readonly answerMs?: number;
  /** How long it listens with one speed. Default 11,000: most meters push each 10 s or more often. */
  readonly listenMs?: number;
}

/** Ends with `done` or `failed`, or when the taker stops taking or `signal` fires. Never throws. */
export function searchMeter(
  settings: ConnectionSettings,
  environment: SearchEnvironment = {},
  signal?: AbortSignal,
): AsyncIterable<SearchEvent> {
  const stop = new AbortController();
  const events = new RowQueue<SearchEvent>(EVENTS_LIMIT, () => stop.abort());
  void new Search(settings, environment, stop, event => events.push(event)).run(signal).then(
    () => events.end(),
    (bug: unknown) => events.end(bug),
  );
  return events;
}

/** One way to open the line. */
interface Way {
  readonly interface: 'hdlc' | 'wrapper' | 'hdlc-mode-e';
  readonly transport: TransportSettings;
  /** Only the likeliest addresses are tried on the less likely ways. */
  readonly addresses: readonly Address[];
}

interface Address {
  readonly client: number;
  readonly logical: number;
  readonly physical: number | null;
}

class Search {
  readonly #startedMs = performance.now();
  readonly #limitMs: number;
  #found = 0;
  #server: string | null = null;
  #framing: Way['interface'] | null = null;
  #tried = 0;
  /** Of the way that is tried now. */
  #hearing = new Hearing();
  #listened = false;

  constructor(
    readonly settings: ConnectionSettings,
    readonly environment: SearchEnvironment,
    readonly stop: AbortController,
    readonly tell: (event: SearchEvent) => void,
  ) {
    this.#limitMs = environment.limitMs ?? LIMIT_MS;
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    const lines = this.environment.lines ?? allLines;
    const what = `the search after ${Math.round(this.#limitMs / 1000)} s`;
    let queued = true;
    await limited(this.stop, this.#limitMs, what, signal, async () => {
      const line = lines.acquire(this.settings);
      try {
        await line.bare(this.stop.signal, async () => {
          queued = false;
          const { interface: kind } = this.settings;
          if (kind === 'push' || this.environment.onlyListens === true) {
            // Who is called by datagrams has no other speed to try, and the test itself listens.
            if (this.settings.transport.kind !== 'udp') await this.#listenTo(LISTENING_FORMATS);
            return;
          }
          for (const way of waysOf(this.settings)) {
            // Behind what was found only the other addresses of the same framing are of interest.
            if (this.#framing !== null && this.#framing !== way.interface) continue;
            if (this.#framing !== null && formatIn(way.transport) !== null) break;
            await this.#tryWay(way);
            if (this.#pushes) return;
          }
        });
        this.#done(this.#pushes ? 'comes-by-itself' : 'searched');
      } catch (error) {
        if (isDlmsError(error) && error.code === 'ABORTED' && !queued) return this.#done('limit-reached');
        this.#failed(error, queued);
      } finally {
        await lines.release(line);
      }
    });
  }

  async #tryWay(way: Way): Promise<void> {
    let transport: Transport | null = null;
    try {
      for (const address of way.addresses) {
        // Behind the first that answers only its other clients are of interest.
        if (this.#server !== null && this.#server !== serverOf(serverPart(address))) continue;
        this.#tell('trying', [tryWords(way, address)]);
        transport ??= await this.#open(way);
        if (transport === null) return;
        this.#tried++;
        const stands = await this.#knock(transport, way, address);
        if (this.#hearing.verdict !== null) return this.#heardOn(way.transport);
        const unasked = this.#found === 0 && this.#hearing.octets > 0 && !this.#listened;
        if (stands && !unasked) continue;
        await freed(transport);
        transport = null;
        if (unasked && (await this.#listenTo([null, ...LISTENING_FORMATS], way.transport))) return;
      }
    } finally {
      this.#hearing.end();
      if (transport !== null) await freed(transport);
    }
  }

  /**
   * Bytes that are no answer may be telegrams, at this speed or at another one. Nothing is asked; where nothing comes at the
   * first speed, they were answers after all. Once a search. null: as the line is set.
   */
  async #listenTo(formats: readonly (SerialFormat | null)[], given = this.settings.transport): Promise<boolean> {
    const own = formatIn(given);
    this.#listened = true;
    const others = formats.flatMap(f => (f !== null && own !== null && formatOf(f) !== formatOf(own) ? [f] : []));
    for (const format of [null, ...others]) {
      const transport = format === null ? given : withFormat(given, format);
      const suspected = formats.includes(null);
      const longMs = own === null && !suspected ? LISTEN_MS : LISTEN_EACH_MS;
      const forMs = this.environment.listenMs ?? longMs;
      const shown = formatIn(transport);
      const facts = { seconds: Math.round(forMs / 1000), ...(shown !== null && { format: formatOf(shown) }) };
      this.#tell('trying', [{ key: shown === null ? 'try-listen' : 'try-listen-serial', facts }]);
      this.#tried++;
      const hearing = await this.#hear(transport, forMs);
      if (hearing.verdict !== null) {
        this.#hearing = hearing;
        this.#heardOn(transport);
        return true;
      }
      // A line that is known to push may be at any speed; one that was only suspected has been silent.
      if (suspected && hearing.octets === 0) return false;
    }
    return false;
  }

  async #hear(where: TransportSettings, forMs: number): Promise<Hearing> {
    const hearing = new Hearing(this.environment.listensWith?.options);
    const transport = heardAlong(transportOf(where, this.settings.connectTimeoutMs), chunk => hearing.bytes(chunk));
    try {
      await transport.open(this.stop.signal);
      await Promise.race([hearing.settled, pause(forMs, this.stop.signal)]);
      this.stop.signal.throwIfAborted();
      return hearing;
    } finally {
      hearing.end();
      await freed(transport);
    }
  }

  get #pushes(): boolean {
    return this.#hearing.verdict !== null;
  }

  #heardOn(transport: TransportSettings): void {
    this.#found++;
    const format = formatIn(transport);
    const framing = this.#hearing.verdict?.origin.framing ?? '';
    const facts = { framing, ...(format !== null && { format: formatOf(format) }) };
    this.#tell('found', [{ key: format === null ? 'pushes' : 'pushes-serial', facts }], {
      interface: framing === 'p1' ? 'iec' : 'push',
      ...propertiesOfFormat(format),
    });
  }

  /** null: nobody signs on here. What the port itself refuses ends the search. */
  async #open(way: Way): Promise<Transport | null> {
    const hearing = (this.#hearing = new Hearing(this.environment.listensWith?.options));
    const line = transportOf(way.transport, this.settings.connectTimeoutMs);
    const bare = heardAlong(line, chunk => hearing.bytes(chunk));
    try {
      await bare.open(this.stop.signal);
      if (way.interface !== 'hdlc-mode-e') return bare;
      const signedOn = new ModeETransport(bare, {
        mode: 'e',
        otherRates: [],
        answerTimeoutMs: this.environment.answerMs ?? SIGN_ON_MS,
      });
      await signedOn.open(this.stop.signal);
      return signedOn;
    } catch (error) {
      await freed(bare);
      if (way.interface !== 'hdlc-mode-e' || !isDlmsError(error) || error.blame === 'caller') throw error;
      return null;
    }
  }

  /** True while the transport is worth another try. */
  async #knock(transport: Transport, way: Way, address: Address): Promise<boolean> {
    const answerMs = this.environment.answerMs ?? (formatIn(way.transport) === null ? NETWORK_MS : SERIAL_MS);
    const settings = { ...publicSettings(this.settings, way, address), answerTimeoutMs: answerMs };
    const conversation = new Conversation(
      transport,
      linkOf(settings),
      clientOptions(settings, {
        challenge: new Uint8Array(16),
        dedicated: false,
        onApdu: () => undefined,
      }),
    );
    let linked = false;
    try {
      await conversation.connect(this.stop.signal, () => (linked = conversation.link instanceof HdlcLink));
      this.#answered(way, address, { key: 'public' });
    } catch (error) {
      if (!isDlmsError(error) || this.stop.signal.aborted) throw error;
      const { octets, first } = conversation.heard;
      if (error.blame === 'meter' && error.code !== 'HDLC_REJECTED' && octets > 0) {
        this.#answered(way, address, { key: 'wants-proof', facts: { reason: error.short } });
      } else if (linked) this.#answered(way, address, { key: 'link-only' });
      else if (error.code === 'HDLC_REJECTED') this.#answered(way, address, { key: 'rejects' });
      else if (octets > 0) {
        const says: Words[] = [{ key: 'noise', facts: { octets } }, { key: `looks-${protocolOf(first)}` }];
        this.#tell('trying', [tryWords(way, address), ...says]);
      }
      if (error.code === 'CONNECTION_LOST') return false;
    } finally {
      await conversation.end();
    }
    return true;
  }

  #answered(way: Way, address: Address, how: Words): void {
    this.#found++;
    this.#server ??= serverOf(serverPart(address));
    this.#framing ??= way.interface;
    this.#tell('found', [tryWords(way, address), how], propertiesOf(way, address));
  }

  #done(key = 'searched'): void {
    this.#tell('done', [{ key, facts: { tried: this.#tried, found: this.#found } }]);
  }

  #failed(thrown: unknown, queued: boolean): void {
    const error = isDlmsError(thrown) ? thrown : new DlmsError({ code: 'INTERNAL', reason: String(thrown) });
    const heard = { octets: 0, first: new Uint8Array(0) };
    this.tell({
      state: 'failed',
      says: [],
      advice: adviceOn(error, { stage: 'line', settings: this.settings, queued, heard }),
      error: told(error),
      elapsedMs: this.#elapsedMs(),
    });
  }

  #tell(state: SearchEvent['state'], says: readonly Words[], properties?: Readonly<Record<string, string>>): void {
    this.tell({ state, says, ...(properties !== undefined && { properties }), elapsedMs: this.#elapsedMs() });
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }
}

/** The given way first, then those seen with other meters; the likeliest first. */
function waysOf(s: ConnectionSettings): Way[] {
  const given: Address = { client: s.clientAddress, logical: s.server.logical, physical: s.server.physical };
  const hdlc = unique([given, ...HDLC_ADDRESSES]);
  const wrapper = unique([{ ...given, physical: null }, ...WRAPPER_ADDRESSES]);
  const { transport } = s;
  if (transport.kind === 'udp') return [{ interface: 'wrapper', transport, addresses: wrapper }];
  const ownFormat = formatIn(transport);
  if (ownFormat === null) {
    const framings = [
      ['hdlc', hdlc],
      ['wrapper', wrapper],
    ] as const;
    const [first, second] = s.interface === 'wrapper' ? [framings[1], framings[0]] : framings;
    // The likeliest addresses of both framings before the rarer ones of either.
    return [0, 1].flatMap(round =>
      [first, second].map(([framing, all]): Way => ({
        interface: framing,
        transport,
        addresses: round === 0 ? all.slice(0, LIKELY) : all.slice(LIKELY),
      })),
    );
  }
  const serial = (format: SerialFormat, way: Way['interface'], addresses: readonly Address[]): Way => ({
    interface: way,
    transport: withFormat(transport, format),
    addresses,
  });
  const others = FORMATS.filter(f => formatOf(f) !== formatOf(ownFormat));
  const asGiven = s.interface === 'hdlc-mode-e' ? 'hdlc-mode-e' : 'hdlc';
  return [
    serial(ownFormat, asGiven, hdlc),
    ...(asGiven === 'hdlc' ? [serial(SIGN_ON_FORMAT, 'hdlc-mode-e', hdlc.slice(0, LIKELY))] : []),
    ...others.map(format => serial(format, 'hdlc', hdlc.slice(0, LIKELY))),
  ];
}

function publicSettings(s: ConnectionSettings, way: Way, address: Address): ConnectionSettings {
  return {
    ...s,
    interface: way.interface,
    transport: way.transport,
    clientAddress: address.client,
    ...serverPart(address),
    authentication: 'none',
    security: 'none',
    preEstablished: false,
  };
}

function propertiesOf(way: Way, { client, logical, physical }: Address): Record<string, string> {
  const format = formatIn(way.transport);
  return {
    interface: way.interface,
    clientAddress: String(client),
    serverAddress: String(logical),
    physicalAddress: physical === null ? '' : String(physical),
    addressSize: 'auto',
    ...propertiesOfFormat(format),
  };
}

function propertiesOfFormat(format: SerialFormat | null): Record<string, string> {
  if (format === null) return {};
  return {
    baudRate: String(format.baudRate),
    dataBits: String(format.dataBits),
    parity: format.parity,
    stopBits: String(format.stopBits),
  };
}

/** Speed and parity where they are ours to choose: on serial ports, and at gateways with RFC 2217. */
function formatIn(transport: TransportSettings): SerialFormat | null {
  if (transport.kind === 'serial') return transport.format;
  return transport.kind === 'tcp' ? (transport.rfc2217 ?? null) : null;
}

function withFormat(transport: TransportSettings, format: SerialFormat): TransportSettings {
  if (transport.kind === 'serial') return { ...transport, format };
  const { host, port } = transport;
  return { kind: 'tcp', host, port, rfc2217: format };
}

function serverPart({ logical, physical }: Address): Pick<ConnectionSettings, 'server'> {
  return { server: { logical, physical, size: 'auto' } };
}

function tryWords(way: Way, address: Address): Words {
  const { client } = address;
  const server = serverOf(serverPart(address));
  const format = formatIn(way.transport);
  if (format === null) return { key: 'try', facts: { interface: way.interface, client, server } };
  return { key: 'try-serial', facts: { interface: way.interface, client, server, format: formatOf(format) } };
}

function unique(addresses: readonly Address[]): Address[] {
  const seen = new Map(addresses.map(a => [`${a.client} ${a.logical} ${a.physical ?? ''}`, a]));
  return [...seen.values()];
}

const at = (client: number, logical: number, physical: number | null = null): Address => ({
  client,
  logical,
  physical,
});
/** Public client 16, management client 1, and what makers chose; each pair is of a meter somebody asked help for. */
const HDLC_ADDRESSES: readonly Address[] = [
  at(16, 1),
  at(1, 1),
  at(32, 16),
  at(16, 1, 17),
  at(1, 1, 17),
  at(16, 1, 16),
  at(1, 17),
  at(16, 17),
  at(16, 16),
  at(32, 1),
  at(17, 1),
  at(100, 1),
];
const WRAPPER_ADDRESSES: readonly Address[] = [
  at(16, 1),
  at(1, 1),
  at(32, 1),
  at(17, 1),
  at(2, 1),
  at(16, 17),
  at(16, 0),
];
const format = (
  baudRate: number,
  parity: SerialFormat['parity'] = 'none',
  dataBits: SerialFormat['dataBits'] = 8,
): SerialFormat => ({ baudRate, dataBits, parity, stopBits: 1 });
const SIGN_ON_FORMAT = format(300, 'even', 7);
const FORMATS: readonly SerialFormat[] = [
  format(9600),
  format(9600, 'even'),
  format(19_200),
  format(115_200),
  format(38_400),
  format(57_600),
  format(4800),
  format(2400),
  format(2400, 'even'),
];
/** At which meters push, the most frequent first. */
const LISTENING_FORMATS: readonly SerialFormat[] = [
  format(2400, 'even'),
  format(115_200),
  format(9600),
  format(2400),
  format(9600, 'even', 7),
];
const LISTEN_EACH_MS = 11_000;
const LIKELY = 4;
const LIMIT_MS = 60_000;
const EVENTS_LIMIT = 1000;
/** HDLC shares it between the tries: three of SNRM, two of anything else. */
const NETWORK_MS = 1500;
const SERIAL_MS = 1600;
const SIGN_ON_MS = 2000;
