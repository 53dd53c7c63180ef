// Tries a connection with the settings as they are and tells stage by stage how far it came, while it happens.
// The rules of the file: the line is waited for like any request waits for it, and given back within bounded time;
// what it says are keys and facts for the text catalogs, never a secret.

import type { Association } from '../../core/client/association';
import { counterIn } from '../../core/client/counter-object';
import type { AttributeRef, Outcome } from '../../core/client/request';
import { clockStatusWords, readDateTime } from '../../core/cosem/date-time';
import type { Data } from '../../core/cosem/data';
import { clockBytes, printable } from '../../core/cosem/naming';
import { Obis } from '../../core/obis/obis';
import { HdlcLink } from '../../core/link/hdlc';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { hex } from '../../core/wire/hex';
import { clientOptions, counterReader, linkOf, modeEOptions } from '../session/client-settings';
import {
  adviceOn,
  formatOf,
  serverOf,
  talksByItself,
  told,
  type StageName,
  type ToldError,
  type Words,
} from './connection-advice';
import { heardAlong, Hearing, hearOut, LISTEN_MS, type ListensWith } from './hearing';
import { pause } from '../transport/wait';
import { Conversation } from '../session/conversation';
import { OTHER_RATES } from '../iec/iec-drive';
import { IecSession, ModeETransport } from '../iec/iec-session';
import { lines as allLines, transportOf, type Lines } from '../line/line';
import { freshChallenge } from '../session/own-challenges';
import { OwnSide, type Installation } from '../session/own-side';
import { counterAfter, mend } from '../session/recovery';
import { RowQueue } from '../session/row-queue';
import type { ConnectionSettings } from '../settings/settings';
import { freed, type Transport } from '../transport/transport';
import { UdpListener } from '../transport/udp';

export type { StageName, Words } from './connection-advice';

/** One stage: told once as running, and once when it ended. */
export interface TestStage {
  readonly stage: StageName;
  /** warning: it works, and something about it deserves a look. */
  readonly state: 'running' | 'ok' | 'warning' | 'failed';
  readonly says: readonly Words[];
  /** The likely cause and what to try; with `failed` always. */
  readonly advice?: Words;
  readonly error?: ToldError;
  readonly elapsedMs: number;
}

/** What the installation keeps is that of the deployed connection, so that no counter is used twice. */
export interface TestEnvironment extends Installation {
  readonly lines?: Lines;
  readonly now?: () => number;
  /** n octets that nobody can foresee. */
  readonly random?: (n: number) => Uint8Array;
  /** For everything together, the wait for the line included. Default 30,000; where it only listens 70,000. */
  readonly limitMs?: number;
  /** With what to read what comes by itself. */
  readonly listensWith?: ListensWith;
  /** Whoever uses this line only listens: nothing is asked. So it is where the interface says so, too. */
  readonly onlyListens?: boolean;
}

/** Ends with the last stage, or when the taker stops taking or `signal` fires; the line is free then. Never throws. */
export function testConnection(
  settings: ConnectionSettings,
  environment: TestEnvironment = {},
  signal?: AbortSignal,
): AsyncIterable<TestStage> {
  const stop = new AbortController();
  const stages = new RowQueue<TestStage>(STAGES_LIMIT, () => stop.abort());
  void new ConnectionTest(settings, environment, stop, stage => stages.push(stage)).run(signal).then(
    () => stages.end(),
    (bug: unknown) => stages.end(bug),
  );
  return stages;
}

/** Runs `work` with a time limit; what it was stopped by is an ABORTED that says so. */
export async function limited<T>(
  stop: AbortController,
  limitMs: number,
  what: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => stop.abort(new DlmsError({ code: 'ABORTED', what })), limitMs);
  const gone = (): void => stop.abort();
  if (signal?.aborted === true) gone();
  signal?.addEventListener('abort', gone, { once: true });
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', gone);
  }
}

class ConnectionTest {
  readonly #lines: Lines;
  readonly #now: () => number;
  readonly #random: (n: number) => Uint8Array;
  readonly #own: OwnSide;
  readonly #limitMs: number;
  readonly #ciphered: boolean;
  readonly #onlyListens: boolean;
  readonly #nameOf: ListensWith['nameOf'];
  readonly #hearing: Hearing;
  #stage: StageName = 'line';
  #stageMs = 0;
  #startedMs = 0;
  #queued = true;
  #conversation: Conversation | null = null;
  #counterSays: Words[] = [];
  #counterDoubtful = false;

  readonly settings: ConnectionSettings;

  constructor(
    settings: ConnectionSettings,
    environment: TestEnvironment,
    readonly stop: AbortController,
    readonly tell: (stage: TestStage) => void,
  ) {
    this.#lines = environment.lines ?? allLines;
    this.#now = environment.now ?? Date.now;
    this.#random = environment.random ?? (n => crypto.getRandomValues(new Uint8Array(n)));
    this.#own = new OwnSide(settings, environment, this.#random);
    this.settings = this.#own.settings;
    this.#onlyListens = environment.onlyListens === true || settings.interface === 'push' || isWildcard(settings);
    this.#limitMs = environment.limitMs ?? (this.#onlyListens ? LISTENING_LIMIT_MS : LIMIT_MS);
    this.#ciphered = this.#own.counts;
    this.#hearing = new Hearing(environment.listensWith?.options);
    this.#nameOf = environment.listensWith?.nameOf;
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    this.#startedMs = performance.now();
    const what = `the test after ${Math.round(this.#limitMs / 1000)} s`;
    await limited(this.stop, this.#limitMs, what, signal, async () => {
      const line = this.#lines.acquire(this.settings);
      this.#begin('line', line.length > 0 ? [{ key: 'queued', facts: { count: line.length } }] : []);
      try {
        if (this.#onlyListens && this.settings.transport.kind === 'udp') return await this.#hearDatagrams();
        // The transport is our own, because the speed in the form may be another than that of the line as it is deployed.
        await line.bare(this.stop.signal, async deployed => {
          await freed(deployed);
          await this.#withTransport();
        });
      } catch (error) {
        this.#fail(error);
      } finally {
        this.#hearing.end();
        await this.#lines.release(line);
      }
    });
  }

  async #withTransport(): Promise<void> {
    this.#queued = false;
    const { settings } = this;
    // Who only listens waits for a caller as long as for bytes.
    const connectMs = this.#onlyListens ? LISTEN_MS : settings.connectTimeoutMs;
    const bare = transportOf(settings.transport, Math.min(connectMs, this.#limitMs));
    const transport = heardAlong(bare, chunk => this.#hearing.bytes(chunk));
    try {
      await transport.open(this.stop.signal);
      this.#end('ok', [openWords(settings, transport.where)]);
      if (this.#onlyListens) return await this.#hear(this.#listenMs);
      if (settings.transport.kind === 'tcp-server' && (await this.#hears(CALLER_MS))) return;
      if (isTooFastToAsk(settings) && (await this.#hears(PUSH_MS))) return;
      if (settings.interface === 'iec') return await this.#readOut(transport);
      if (settings.interface !== 'hdlc-mode-e') return await this.#talk(transport);
      const signedOn = new ModeETransport(transport, modeEOptions(settings));
      this.#begin('sign-on');
      await signedOn.open(this.stop.signal);
      this.#end('ok', identified(signedOn.identification));
      await this.#talk(signedOn);
    } finally {
      await this.#conversation?.end();
      await freed(transport);
    }
  }

  async #talk(transport: Transport): Promise<void> {
    const { settings } = this;
    if (this.#ciphered && !settings.preEstablished) {
      this.#begin('link', settings.counterObject === null ? [] : [{ key: 'counter-first' }]);
      await this.#own.load();
      await this.#readCounter(transport);
    } else this.#begin('link');
    if (this.#ciphered) await this.#own.load();
    let association: Association;
    try {
      association = await this.#associate(transport);
    } catch (error) {
      if (this.#stage !== 'link' || this.#hearing.verdict === null || this.stop.signal.aborted) throw error;
      // It did not answer, but it spoke: the line is well, only nobody is to be asked there.
      this.#end('warning', [{ key: 'talks-by-itself' }], { key: 'speaks-push' });
      return await this.#hear(0);
    }
    const conversation = this.#conversation as Conversation;
    this.#end('ok', this.#acceptance(association));
    await this.#identify(conversation);
    await this.#compareClocks(conversation);
    if (!this.#ciphered) return;
    this.#begin('counter');
    this.#end(this.#counterDoubtful ? 'warning' : 'ok', this.#counterSays);
  }

  /** What a session mends by itself is mended here too, and told. */
  async #associate(transport: Transport): Promise<Association> {
    let dedicated = this.settings.keys.dedicated !== null && this.settings.security !== 'none';
    let resynchronised = false;
    for (let attempt = 1; ; attempt++) {
      if (this.#ciphered) await this.#own.ready();
      const before = this.#own.counter.known;
      const conversation = (this.#conversation = new Conversation(
        transport,
        linkOf(this.settings),
        clientOptions(this.settings, {
          counter: this.#own.counter,
          received: this.#own.listening(),
          challenge: freshChallenge(this.#random),
          dedicated,
          onApdu: () => undefined,
        }),
      ));
      try {
        const association = await conversation.connect(this.stop.signal, () => {
          if (this.#stage !== 'link') return;
          this.#end('ok', [linkWords(conversation, this.settings)]);
          this.#begin('association');
        });
        if (!dedicated && this.settings.keys.dedicated !== null && this.settings.security !== 'none') {
          this.#counterSays.push({ key: 'dedicated-refused' });
        }
        return association;
      } catch (error) {
        if (attempt >= ATTEMPTS || !isDlmsError(error) || this.stop.signal.aborted) throw error;
        const { detail } = error;
        const remedy = mend(error, {
          resynchronised,
          // The counter is always read first, where the meter tells it.
          counterDoubted: false,
          counterJustRead: false,
          dedicatedUnproven: dedicated,
          held: false,
          repeatable: true,
        });
        if (remedy === null) throw error;
        if (detail.code === 'COUNTER_TOO_LOW') {
          resynchronised = true;
          if (remedy === 'resync' && detail.needed !== null) {
            this.#own.counter.unproven(counterAfter(detail.needed));
            this.#counterDoubtful = before;
            this.#counterSays.push({ key: 'counter-corrected', facts: { sent: detail.sent, needed: detail.needed } });
          }
        }
        if (remedy === 'without-dedicated') dedicated = false;
        await conversation.end();
      }
    }
  }

  /** By the public client, as a session does; a meter that does not tell it is no failure yet. */
  async #readCounter(transport: Transport): Promise<void> {
    const object = this.settings.counterObject;
    if (object === null) return;
    const { client, link } = counterReader(this.settings);
    const conversation = new Conversation(transport, link, client);
    const facts = { object: object.toString(), client: this.settings.counterClient };
    try {
      await conversation.connect(this.stop.signal);
      const [outcome] = await conversation.get([{ classId: 1, obis: object, attribute: 2 }], this.stop.signal);
      if (outcome?.ok === true) {
        const counter = counterIn(outcome.value, object.toString());
        this.#own.told(counter);
        this.#counterSays.push({ key: 'counter-read', facts: { ...facts, counter } });
      } else this.#counterMissing(facts, outcome?.error.short ?? 'no number');
    } catch (error) {
      if (this.stop.signal.aborted || !isDlmsError(error) || ENDS_TEST.has(error.code)) throw error;
      this.#counterMissing(facts, error.short);
    } finally {
      await conversation.end();
    }
  }

  #counterMissing(facts: Words['facts'], reason: string): void {
    this.#counterDoubtful = true;
    this.#counterSays.push({ key: 'counter-not-read', facts: { ...facts, reason } });
  }

  async #identify(conversation: Conversation): Promise<void> {
    this.#begin('identity');
    const outcomes = await conversation.get(
      IDENTITY.map(([, ref]) => ref),
      this.stop.signal,
    );
    const says = IDENTITY.flatMap(([key], i): Words[] => {
      const value = textOf(outcomes[i]);
      return value === null ? [] : [{ key, facts: { value } }];
    });
    const firmware = says.filter(w => w.key === 'firmware');
    const told = says.filter(w => w.key !== 'firmware' || w === firmware[0]);
    if (told.length > 0) return this.#end('ok', told);
    this.#end('warning', [{ key: 'nameless' }], { key: 'no-rights', facts: { client: this.settings.clientAddress } });
  }

  async #compareClocks(conversation: Conversation): Promise<void> {
    this.#begin('clock');
    const [outcome] = await conversation.get([CLOCK], this.stop.signal);
    const nowMs = this.#now();
    const bytes = outcome?.ok === true && outcome.value !== null ? clockBytes(outcome.value) : null;
    if (bytes === null) return this.#end('warning', [{ key: 'no-clock' }]);
    const clock = readDateTime(bytes, this.settings.clock);
    const status = clockStatusWords(clock.status)
      .filter(words => words !== 'daylight')
      .join(', ');
    const time = clock.iso ?? clock.local ?? hex(bytes);
    const says: Words[] = [{ key: 'time', facts: { time } }];
    if (status !== '') says.push({ key: 'clock-status', facts: { status } });
    if (clock.epochMs === null) return this.#end('warning', says, { key: 'clock-without-zone' });
    const driftS = Math.round((clock.epochMs - nowMs) / 1000);
    const facts = { drift: spanOf(driftS) };
    says.push({ key: driftS === 0 ? 'in-time' : driftS > 0 ? 'ahead' : 'behind', facts });
    if (Math.abs(driftS) <= DRIFT_S) return this.#end(status === '' ? 'ok' : 'warning', says);
    const offBy = Math.abs(driftS) % 1800;
    const wholeHours = Math.min(offBy, 1800 - offBy) <= DRIFT_S && Math.abs(driftS) < 15 * 3600;
    this.#end('warning', says, { key: wholeHours ? 'clock-zone' : 'clock-drift', facts });
  }

  /** IEC 62056-21: who answers the request, then what the list is. */
  async #readOut(transport: Transport): Promise<void> {
    this.#begin('sign-on');
    const said: Words[] = [];
    const { transport: t } = this.settings;
    const baudRate = t.kind === 'serial' ? t.format.baudRate : DEFAULT_BAUD;
    const session = new IecSession({
      ...(baudRate === DEFAULT_BAUD ? {} : { baudRate }),
      otherRates: OTHER_RATES,
      onEvent: event => {
        if (event.type !== 'identification' || this.#stage !== 'sign-on') return;
        this.#end('ok', identified(event.identification));
        this.#begin('readout');
      },
    });
    let characters = 0;
    try {
      const readout = await session.read(transport, this.stop.signal, progress => (characters = progress.characters));
      const readings = readout.telegrams.reduce((sum, { telegram }) => sum + telegram.readings.length, 0);
      const seconds = Math.round(readout.durationMs / 1000);
      if (this.#stage !== 'readout') this.#begin('readout');
      said.push({ key: 'readings', facts: { count: readings, seconds } });
      const problem = readout.problems[0];
      if (problem === undefined) return this.#end('ok', said);
      this.#end('warning', [...said, { key: 'problem', facts: { reason: problem.short } }]);
    } catch (error) {
      // A long list at 300 baud takes minutes; that it comes is what was to be shown.
      if (this.#stage === 'readout' && this.stop.signal.aborted && characters > 0) {
        return this.#end('ok', [{ key: 'still-reading', facts: { characters } }]);
      }
      if (this.#stage === 'readout' || !isDlmsError(error) || error.code !== 'NO_ANSWER') throw error;
      // Meters that never answer may speak by themselves: mode D, P1. The port at its speed again, not that of the sign-on.
      const own = transportOf(this.settings.transport, this.settings.connectTimeoutMs);
      const heard = heardAlong(own, chunk => this.#hearing.bytes(chunk));
      this.#end('warning', [{ key: 'no-answer' }]);
      try {
        await heard.open(this.stop.signal);
        await this.#hear(PUSH_MS, REST_MS);
      } finally {
        await freed(heard);
      }
      if (this.#hearing.octets === 0) this.#failAs('sign-on', error);
    }
  }

  /** Whether bytes come by themselves within a short time. */
  async #hears(forMs: number): Promise<boolean> {
    this.#begin('bytes', [{ key: 'listening', facts: { seconds: Math.round(forMs / 1000) } }]);
    const endsAtMs = performance.now() + forMs;
    while (this.#hearing.octets === 0 && performance.now() < endsAtMs) await pause(50, this.stop.signal);
    if (this.#hearing.octets > 0) {
      await this.#hear(0, REST_MS);
      return true;
    }
    this.#end('ok', [{ key: 'heard-nothing' }]);
    return false;
  }

  async #hear(forMs: number, quietMs?: number): Promise<void> {
    const { settings, stop } = this;
    const how = {
      settings,
      forMs,
      signal: stop.signal,
      ...(quietMs !== undefined && { quietMs }),
      ...(this.#nameOf !== undefined && { nameOf: this.#nameOf }),
    };
    this.#stage = 'bytes';
    this.#stageMs = performance.now();
    await hearOut(this.#hearing, how, this.tell);
  }

  get #listenMs(): number {
    const leftMs = this.#limitMs - (performance.now() - this.#startedMs) - REST_MS;
    return Math.max(0, Math.min(LISTEN_MS, leftMs));
  }

  async #hearDatagrams(): Promise<void> {
    const { host, port } = this.settings.transport as { host: string; port: number };
    this.#queued = false;
    const listener = new UdpListener(host === '' ? { port } : { port, host });
    listener.onDatagram = (bytes, from) => this.#hearing.bytes(bytes, `${from.address}:${from.port}`, true);
    await listener.listen();
    try {
      this.#end('ok', [{ key: 'bound', facts: { where: listener.where } }]);
      await this.#hear(this.#listenMs);
    } finally {
      await listener.close();
    }
  }

  #acceptance({ maxPduSize, systemTitle, conformance }: Association): Words[] {
    const { authentication, security, referencing } = this.settings;
    return [
      { key: this.settings.preEstablished ? 'assumed' : 'accepted', facts: { authentication, security } },
      { key: referencing, facts: { pdu: maxPduSize, services: conformance.length } },
      ...(systemTitle === null ? [] : [{ key: 'system-title', facts: { title: hex(systemTitle) } }]),
    ];
  }

  #begin(stage: StageName, says: readonly Words[] = []): void {
    this.#stage = stage;
    this.#stageMs = performance.now();
    this.tell({ stage, state: 'running', says, elapsedMs: this.#elapsedMs() });
  }

  #end(state: 'ok' | 'warning', says: readonly Words[], advice?: Words): void {
    const elapsedMs = Math.round(performance.now() - this.#stageMs);
    this.tell({ stage: this.#stage, state, says, ...(advice !== undefined && { advice }), elapsedMs });
  }

  #fail(thrown: unknown): void {
    this.#failAs(this.#stage, thrown);
  }

  #failAs(stage: StageName, thrown: unknown): void {
    const error = isDlmsError(thrown) ? thrown : new DlmsError({ code: 'INTERNAL', reason: String(thrown) });
    const heard = this.#conversation?.heard ?? { octets: 0, first: new Uint8Array(0) };
    const { settings } = this;
    const advice = adviceOn(error, { stage, settings, queued: this.#queued, heard });
    this.tell({
      stage,
      state: talksByItself(advice) ? 'warning' : 'failed',
      says: [],
      advice,
      error: told(error),
      elapsedMs: Math.round(performance.now() - this.#stageMs),
    });
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }
}

function openWords(s: ConnectionSettings, where: string): Words {
  if (s.transport.kind === 'serial') {
    return { key: 'port-open', facts: { path: s.transport.path, format: formatOf(s.transport.format) } };
  }
  const key = { tcp: 'tcp-open', udp: 'udp-open', 'tcp-server': 'call-came' }[s.transport.kind];
  return { key, facts: { where } };
}

function linkWords({ link }: Conversation, s: ConnectionSettings): Words {
  const addresses = { client: s.clientAddress, server: serverOf(s) };
  if (!(link instanceof HdlcLink)) return { key: 'wrapper', facts: addresses };
  const p = link.parameters;
  return {
    key: 'hdlc',
    facts: {
      ...addresses,
      send: p.maxInformationTransmit,
      receive: p.maxInformationReceive,
      window: `${p.windowTransmit}/${p.windowReceive}`,
    },
  };
}

function identified(identification: { manufacturer: string; model: string; baudRate: number | null } | null): Words[] {
  if (identification === null) return [];
  const { manufacturer, model, baudRate } = identification;
  return [{ key: 'identified', facts: { manufacturer, model: model.trim(), baudRate: baudRate ?? '?' } }];
}

function textOf(outcome: Outcome<Data | null> | undefined): string | null {
  if (outcome?.ok !== true || outcome.value === null || !('value' in outcome.value)) return null;
  const { value } = outcome.value;
  if (value instanceof Uint8Array) return value.length === 0 ? null : (printable(value) ?? hex(value));
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint' ? String(value) : null;
}

/** "1 h 59 min 3 s", without a sign. */
function spanOf(seconds: number): string {
  const s = Math.abs(seconds);
  if (s >= 86_400) return `${Math.round(s / 8640) / 10} d`;
  const parts = [
    [Math.floor(s / 3600), 'h'],
    [Math.floor((s % 3600) / 60), 'min'],
    [s % 60, 's'],
  ] as const;
  return parts.flatMap(([n, unit]) => (n > 0 ? [`${n} ${unit}`] : [])).join(' ') || '0 s';
}

/** No optical head is that fast: it is the port of a meter that speaks by itself, as P1. */
function isTooFastToAsk({ interface: kind, transport: t }: ConnectionSettings): boolean {
  return kind === 'iec' && t.kind === 'serial' && t.format.baudRate > FASTEST_HEAD;
}

/** UDP that is bound to every address of this computer cannot be asked, only heard. */
function isWildcard({ transport: t }: ConnectionSettings): boolean {
  return t.kind === 'udp' && (t.host === '0.0.0.0' || t.host === '::');
}

const data = (obis: string): AttributeRef => ({ classId: 1, obis: Obis.parse(obis), attribute: 2 });
const CLOCK: AttributeRef = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
/** What a meter calls itself; firmware: 1-0:0.2.0 for electricity, 0-0:0.2.0 with some makers. */
const IDENTITY: readonly (readonly [key: string, ref: AttributeRef])[] = [
  ['device', data('0-0:42.0.0*255')],
  ['serial', data('0-0:96.1.0*255')],
  ['firmware', data('1-0:0.2.0*255')],
  ['firmware', data('0-0:0.2.0*255')],
];
const LIMIT_MS = 30_000;
const LISTENING_LIMIT_MS = 70_000;
const STAGES_LIMIT = 100;
const ATTEMPTS = 3;
const DEFAULT_BAUD = 9600;
const FASTEST_HEAD = 19_200;
/** A clock further off than this is worth a word. */
const DRIFT_S = 90;
/** A meter that calls and wants to push does so at once. */
const CALLER_MS = 3000;
/** Meters that speak by themselves do it every 1 to 10 s. */
const PUSH_MS = 12_000;
/** After the first byte: the rest of its telegram. */
const REST_MS = 1000;
/** What the reading of the counter does not get over. */
const ENDS_TEST: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'COUNTER_JUMP']);
