// One meter as the nodes see it: connect on demand, hold, hang up when idle; get, set, act, lists, profiles.
// The rule of the file: a request ends in a value or in one DlmsError, and after either the next request works.

import type { Apdu } from '../core/apdu';
import type { Association } from '../core/client/association';
import { Client, type ClientEvent, type ClientStep } from '../core/client/client';
import { MeterMemory, readObjectList, type ObjectEntry, type ProfileAccess } from '../core/client/meter-memory';
import { ProfileRead, type ProfileEvent, type ProfileHead, type ProfileRange } from '../core/client/profile-read';
import { describeRef, type AttributeRef, type MethodRef, type Outcome } from '../core/client/request';
import { SN_OBJECT_LIST } from '../core/client/sn';
import type { Data } from '../core/cosem/data';
import { Obis } from '../core/cosem/obis';
import type { ProfileRow } from '../core/cosem/profile';
import { DlmsError, isDlmsError } from '../core/wire/errors';
import { Backoff } from './backoff';
import { aborted, ClientRunner } from './client-runner';
import { clientOptions, counterKey, counterReader, linkOf, modeEOptions, secretsOf } from './client-settings';
import { CounterKeeper, NumbersInMemory, type NumberStore } from './counter-keeper';
import { ModeETransport } from './iec-session';
import { closedError, type Line, type Lines, lines as allLines, type LineUser } from './line';
import { RowQueue } from './row-queue';
import type { ConnectionSettings, TraceLevel } from './settings';
import { maskSecrets, type Trace } from './trace';
import type { Transport } from './transport';

export type SessionPhase = 'idle' | 'connecting' | 'connected' | 'waiting';

export interface SessionState {
  readonly phase: SessionPhase;
  /** With `waiting`: why the connection was lost, and until when (milliseconds) nothing is tried. */
  readonly error?: DlmsError;
  readonly untilMs?: number;
}

/** What a session is given from outside; everything has a default. */
export interface SessionEnvironment {
  readonly lines?: Lines;
  readonly memory?: MeterMemory;
  readonly counters?: NumberStore;
  readonly now?: () => number;
  /** IANA zone in which ranges are written where the settings name none. Default: that of this computer. */
  readonly zone?: string;
  /** n octets that nobody can foresee. */
  readonly random?: (n: number) => Uint8Array;
  readonly trace?: Trace;
  readonly log?: (level: TraceLevel, text: string) => void;
  readonly state?: (state: SessionState) => void;
  /** What the meter sent unasked in the middle of a read. */
  readonly notification?: (apdu: Apdu, bytes: Uint8Array) => void;
}

export interface ProfileOptions {
  /** Codes of the columns to return; none: all. */
  readonly columns?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A profile while it is read. */
export interface ProfileStream {
  readonly head: Promise<ProfileHead>;
  /** Each row as soon as it is complete; throws what the read failed with. */
  readonly rows: AsyncIterable<ProfileRow>;
  /** What the meter accepted; settles with the last row. */
  readonly access: Promise<ProfileAccess>;
}

export class Session implements LineUser {
  readonly memory: MeterMemory;
  readonly line: Line;
  readonly #lines: Lines;
  /** The line's own, or what opens it with a sign-on. */
  readonly #transport: Transport;
  readonly #now: () => number;
  readonly #random: (n: number) => Uint8Array;
  readonly #trace: Trace | null;
  readonly #counter: CounterKeeper;
  readonly #backoff: Backoff;
  /** Requests that run or wait. */
  readonly #underWay = new Set<AbortController>();
  #runner: ClientRunner | null = null;
  #idle: NodeJS.Timeout | null = null;
  #closed: Promise<void> | null = null;
  #dedicatedWorked = false;
  #resynchronised = false;
  /** The association is the second one on this connection, and the meter may hang up after the first. */
  #counterJustRead = false;

  constructor(
    readonly settings: ConnectionSettings,
    readonly environment: SessionEnvironment = {},
  ) {
    this.#lines = environment.lines ?? allLines;
    this.memory = environment.memory ?? new MeterMemory();
    this.#now = environment.now ?? Date.now;
    this.#random = environment.random ?? (n => crypto.getRandomValues(new Uint8Array(n)));
    this.#counter = CounterKeeper.of(environment.counters ?? new NumbersInMemory(), counterKey(settings));
    this.#backoff = new Backoff(this.#now, this.#random);
    this.line = this.#lines.acquire(settings);
    this.#transport =
      settings.interface === 'hdlc-mode-e'
        ? new ModeETransport(this.line.transport, modeEOptions(settings))
        : this.line.transport;
    this.#trace = environment.trace === undefined ? null : maskSecrets(environment.trace, secretsOf(settings));
  }

  /** For errors and status. */
  get where(): string {
    return this.line.where;
  }
  /** The association that is open now. */
  get association(): Association | null {
    return this.#runner?.client.association ?? null;
  }

  /** One attribute. Rejects with the meter's refusal or with what the line did. */
  async get(ref: AttributeRef, signal?: AbortSignal): Promise<Data> {
    const [outcome] = await this.getAll([ref], signal);
    if (outcome === undefined || !outcome.ok) throw outcome?.error ?? closedError('the request');
    return outcome.value;
  }

  /** Several attributes; one refused object does not lose the others. Rejects only when the line or the association fails. */
  getAll(refs: readonly AttributeRef[], signal?: AbortSignal): Promise<readonly Outcome<Data>[]> {
    if (refs.length === 0) return Promise.resolve([]);
    return this.#request(signal, async s => {
      const outcomes = await this.#get(refs, s);
      return outcomes.map(o => (o.ok ? { ok: true, value: o.value ?? NULL_DATA } : o));
    });
  }

  /** Never tried twice: what a meter did with the first try is not known after a lost answer. */
  set(ref: AttributeRef, value: Data, signal?: AbortSignal): Promise<void> {
    return this.#request(
      signal,
      async s => {
        await this.#names(s);
        await this.#single(client => client.set(this.memory.named(ref), value), s);
      },
      'never',
    );
  }

  /** Invokes a method; resolves with what it returns, null where it returns nothing. Never tried twice. */
  act(ref: MethodRef, argument: Data | null = null, signal?: AbortSignal): Promise<Data | null> {
    return this.#request(
      signal,
      async s => {
        await this.#names(s);
        return await this.#single(client => client.act(this.memory.named(ref), argument), s);
      },
      'never',
    );
  }

  /** The association list with access rights; read once, then remembered unless `fresh`. */
  objects(signal?: AbortSignal, fresh = false): Promise<readonly ObjectEntry[]> {
    const known = this.memory.objects;
    if (known !== null && !fresh) return Promise.resolve(known);
    return this.#request(signal, async s => await this.#readObjects(s));
  }

  /** Rows leave while the meter still sends; the line is held until the last one. */
  readProfile(obis: Obis, range: ProfileRange, options: ProfileOptions = {}): ProfileStream {
    const stop = new AbortController();
    const rows = new RowQueue<ProfileRow>(ROWS_LIMIT, () => stop.abort());
    const head = deferred<ProfileHead>();
    const access = deferred<ProfileAccess>();
    let seen = false;
    const onEvents = (events: readonly ProfileEvent[]): void => {
      for (const e of events) {
        if (e.type === 'columns') head.resolve(e.head);
        else if (e.type === 'row') rows.push(e.row);
        else if (e.type === 'done') access.resolve(e.access);
        else if (e.type === 'note') this.#log('info', e.text);
        else throw e.error;
        seen ||= e.type === 'row';
      }
    };
    const linked = link(stop, options.signal);
    this.#request(
      stop.signal,
      s => this.#profile(obis, range, options.columns, onEvents, s),
      () => (seen ? 'never' : 'fresh-association'),
    )
      .then(
        () => rows.end(),
        (e: unknown) => {
          head.reject(e);
          access.reject(e);
          rows.end(e);
        },
      )
      .finally(linked);
    return { head: head.promise, rows, access: access.promise };
  }

  /** Associates if there is no association, and tells what it became. */
  connect(signal?: AbortSignal): Promise<Association> {
    return this.#request(signal, () => Promise.resolve(this.association as Association));
  }

  /** Ends the association and frees the line, within bounded time. Never rejects; what is under way is rejected with CLOSED. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      for (const stop of this.#underWay) stop.abort(closedError(`the session with ${this.where}`));
      this.#stopIdle();
      await this.line.end(this, () => this.hangUp(true));
      await this.#lines.release(this.line);
    })();
    return this.#closed;
  }

  /** Release and DISC; the transport stays open for the next speaker unless `close`. Never rejects. */
  async hangUp(close = false): Promise<void> {
    await this.#tearDown(close);
    this.line.leave(this);
  }

  async #tearDown(close: boolean): Promise<void> {
    this.#stopIdle();
    const runner = this.#runner;
    this.#runner = null;
    if (runner !== null) {
      await this.#farewell(runner);
      runner.stop(closedError(`the session with ${this.where}`));
      this.#counter.settle();
      this.#state({ phase: 'idle' });
    }
    // After mode E the port stands at another speed; opening it anew puts it back.
    if (close || this.settings.interface === 'hdlc-mode-e') await this.#transport.close();
  }

  async #farewell(runner: ClientRunner): Promise<void> {
    const { client } = runner;
    if (!runner.alive) return;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), FAREWELL_MS);
    try {
      if (client.phase === 'ready')
        await runner.run(
          () => client.release(),
          e => e.type === 'released',
          limit.signal,
        );
      if (client.phase !== 'disconnected' && client.phase !== 'connecting') {
        await runner.run(
          () => client.disconnect(),
          e => e.type === 'disconnected',
          limit.signal,
        );
      }
    } catch (e) {
      this.#log('info', `hanging up: ${e instanceof Error ? e.message : String(e)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** One turn on the line; tried once more where a held association turned out to be dead. */
  async #request<T>(
    outer: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
    retry: Retry | (() => Retry) = 'fresh-association',
  ): Promise<T> {
    const stop = new AbortController();
    const unlink = link(stop, outer);
    this.#underWay.add(stop);
    try {
      if (this.#closed !== null) throw closedError(`the session with ${this.where}`);
      if (stop.signal.aborted) throw aborted(stop.signal);
      await this.#backoff.wait(stop.signal, (untilMs, error) => this.#state({ phase: 'waiting', untilMs, error }));
      return await this.line.take(this, stop.signal, async () => {
        this.#stopIdle();
        for (let attempt = 1; ; attempt++) {
          const held = this.#runner !== null;
          try {
            await this.#associate(stop.signal);
            const value = await work(stop.signal);
            this.#dedicatedWorked = true;
            this.#resynchronised = false;
            await this.#rest();
            return value;
          } catch (e) {
            await this.#giveUp(e);
            const how = typeof retry === 'function' ? retry() : retry;
            if (attempt >= ATTEMPTS || !this.#worthAnother(e, held, how) || stop.signal.aborted) throw e;
            this.#log('warning', `trying again with a fresh association: ${(e as DlmsError).short}`);
          }
        }
      });
    } finally {
      this.#underWay.delete(stop);
      unlink();
    }
  }

  /** Hang up at once, or when nothing was asked for a while. */
  async #rest(): Promise<void> {
    if (this.settings.idleMs === 0) return await this.hangUp(true);
    this.#idle = setTimeout(() => {
      // Requests that wait for the line are closer than the idle time; they hang up for us or use what is open.
      void this.line.end(this, () => this.hangUp(this.line.length <= 1));
    }, this.settings.idleMs);
    this.#idle.unref();
  }

  #stopIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
  }

  /** After a failure: an association that still stands is kept, anything else is torn down. */
  async #giveUp(error: unknown): Promise<void> {
    const runner = this.#runner;
    if (runner !== null && runner.client.phase === 'ready' && !RESTART.has(codeOf(error))) {
      await this.#rest();
      return;
    }
    this.#dedicatedWorked = false;
    await this.#tearDown(true);
    if (isDlmsError(error) && error.blame === 'line' && error.code !== 'ABORTED') this.#backoff.failed(error);
  }

  #worthAnother(error: unknown, held: boolean, retry: Retry): boolean {
    if (!isDlmsError(error)) return false;
    if (error.detail.code === 'COUNTER_TOO_LOW' && !this.#resynchronised) {
      this.#resynchronised = true;
      // The needed number is the next expected with most makers, the last one seen with some: one more fits both.
      if (error.detail.needed !== null) this.#counter.atLeast(error.detail.needed + 1);
      return true;
    }
    if (error.code === 'EXCEPTION_RESPONSE' && this.#usesDedicated() && !this.#dedicatedWorked) {
      this.memory.dedicatedKeyRefused = true;
      this.#log('warning', 'the meter refuses the dedicated key; associating without it');
      return true;
    }
    // The line was silent or cut on an association that had been idle: it was half open. Reads are asked again, once.
    const lost = LOST.has(error.code);
    if (lost && this.#counterJustRead) {
      this.#counterJustRead = false;
      return true;
    }
    if (held && lost && retry === 'fresh-association') {
      this.#backoff.succeeded();
      return true;
    }
    return false;
  }

  #usesDedicated(): boolean {
    return (
      this.settings.keys.dedicated !== null && this.settings.security !== 'none' && !this.memory.dedicatedKeyRefused
    );
  }

  /** An association that stands; opened if there is none. */
  async #associate(signal: AbortSignal): Promise<void> {
    if (this.#runner?.client.phase === 'ready') return;
    await this.#tearDown(false);
    this.#state({ phase: 'connecting' });
    await this.#transport.open(signal);
    const ciphered = this.settings.security !== 'none' || this.settings.authentication === 'high-gmac';
    this.#counterJustRead = ciphered && !this.#counter.known;
    if (this.#counterJustRead) {
      await this.#readCounter(signal);
      // Some meters hang up with the association of the public client.
      await this.#transport.open(signal);
    }
    const client = new Client(
      linkOf(this.settings),
      clientOptions(this.settings, {
        counter: this.#counter,
        challenge: this.#random(CHALLENGE_OCTETS),
        dedicated: !this.memory.dedicatedKeyRefused,
        onApdu: (dir, bytes) => this.#trace?.({ at: this.#now(), dir, layer: 'apdu', bytes }),
      }),
    );
    this.#runner = this.#run(client);
    await this.#open(this.#runner, signal);
    this.#counterJustRead = false;
    this.#backoff.succeeded();
    this.#state({ phase: 'connected' });
  }

  async #open(runner: ClientRunner, signal: AbortSignal): Promise<void> {
    await runner.run(
      () => runner.client.connect(),
      e => {
        if (e.type === 'refused') throw e.error;
        return e.type === 'associated';
      },
      signal,
    );
  }

  /** The counter by the public client, which needs no keys. Failing at it is no failure: the meter will say what it wants. */
  async #readCounter(signal: AbortSignal): Promise<void> {
    const object = this.settings.counterObject;
    if (object === null) return;
    const { client, link: reader } = counterReader(this.settings);
    const runner = this.#run(new Client(reader, client));
    try {
      await this.#open(runner, signal);
      const outcome = await collect(runner, [{ classId: 1, obis: object, attribute: 2 }], null, signal);
      const value = outcome[0]?.ok === true ? outcome[0].value : null;
      if (value !== null && 'value' in value && typeof value.value === 'number') {
        this.#counter.atLeast(value.value + 1);
        this.#log('info', `invocation counter ${value.value} read from ${object}`);
      } else this.#log('warning', `${object} gave no invocation counter`);
    } catch (e) {
      if (signal.aborted || !isDlmsError(e) || e.code === 'CONNECTION_LOST') throw e;
      this.#log('warning', `the invocation counter could not be read: ${e.short}`);
    } finally {
      await this.#farewell(runner);
      runner.stop(closedError('the public association'));
    }
  }

  #run(client: Client): ClientRunner {
    return new ClientRunner(client, this.#transport, {
      event: e => this.#onEvent(e),
      lost: error => {
        this.#runner = null;
        this.#log('warning', error.short);
        this.#state({ phase: 'idle' });
        void this.#transport.close();
      },
      bytes: (dir, bytes) => this.#trace?.({ at: this.#now(), dir, layer: 'bytes', bytes }),
    });
  }

  /** Short names have to be known before anything is asked by them. */
  async #names(signal: AbortSignal): Promise<void> {
    if (this.settings.referencing === 'sn' && this.memory.objects === null) await this.#readObjects(signal);
  }

  async #readObjects(signal: AbortSignal): Promise<readonly ObjectEntry[]> {
    const sn = this.settings.referencing === 'sn';
    const ref = sn ? { ...SN_OBJECT_LIST, baseName: this.association?.vaaName ?? 0xfa00 } : LN_OBJECT_LIST;
    const [outcome] = await collect(this.#runner as ClientRunner, [ref], null, signal);
    if (outcome === undefined || !outcome.ok) throw outcome?.error ?? closedError('the request');
    this.memory.objects = readObjectList(outcome.value ?? NULL_DATA);
    return this.memory.objects;
  }

  async #get(
    refs: readonly AttributeRef[],
    signal: AbortSignal,
    onPart: ((bytes: Uint8Array) => void) | null = null,
  ): Promise<Outcome<Data | null>[]> {
    await this.#names(signal);
    const runner = this.#runner as ClientRunner;
    if (this.settings.referencing === 'ln') return await collect(runner, refs, onPart, signal);
    // What has no short name cannot be asked for; the rest is.
    const named = refs.map(r => this.memory.named(r));
    const known = named.filter(r => r.baseName !== undefined);
    const outcomes = known.length === 0 ? [] : await collect(runner, known, onPart, signal);
    return named.map(r => (r.baseName === undefined ? unnamed(r) : outcomes.shift()) ?? unnamed(r));
  }

  async #single(input: (client: Client) => ClientStep, signal: AbortSignal): Promise<Data | null> {
    const runner = this.#runner as ClientRunner;
    let value: Data | null = null;
    await runner.run(
      () => input(runner.client),
      e => {
        if (e.type === 'failed') throw e.error;
        if (e.type === 'value' && !e.outcome.ok) throw e.outcome.error;
        if (e.type === 'value' && e.outcome.ok) value = e.outcome.value;
        return e.type === 'answered';
      },
      signal,
    );
    return value;
  }

  async #profile(
    obis: Obis,
    range: ProfileRange,
    columns: readonly string[] | undefined,
    onEvents: (events: readonly ProfileEvent[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const read = new ProfileRead(
      {
        obis,
        range,
        ...(columns !== undefined && { columns }),
        policy: this.settings.clock,
        rangeClock: this.settings.rangeClock,
        zone: this.environment.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
        nowMs: this.#now(),
      },
      this.memory,
    );
    let turn = read.start();
    for (;;) {
      onEvents(turn.events);
      if (turn.ask === null) return;
      const part = turn.ask.stream ? (bytes: Uint8Array): void => onEvents(read.part(bytes)) : null;
      turn = read.answer(await this.#get(turn.ask.refs, signal, part));
    }
  }

  #onEvent(event: ClientEvent): void {
    switch (event.type) {
      case 'connected':
        return this.#log('info', event.info);
      case 'note':
        return this.#log('info', event.text);
      case 'dropped':
        return this.#log('warning', `${event.bytes.length} bytes dropped: ${event.error.short}`);
      case 'notification':
        this.#log('info', `${event.apdu.type} came in the middle of a read and was set aside`);
        return this.environment.notification?.(event.apdu, event.bytes);
      case 'fault':
      case 'refused':
      case 'failed':
        return this.#log('error', event.error.short);
      default:
        return;
    }
  }

  #log(level: TraceLevel, text: string): void {
    if (LEVELS.indexOf(level) <= LEVELS.indexOf(this.settings.trace)) this.environment.log?.(level, text);
  }

  #state(state: SessionState): void {
    this.environment.state?.(state);
  }
}

type Retry = 'never' | 'fresh-association';

/** The outcome of each reference, in order; a request refused as a whole gives its error to all that had no answer yet. */
async function collect(
  runner: ClientRunner,
  refs: readonly AttributeRef[],
  onPart: ((bytes: Uint8Array) => void) | null,
  signal: AbortSignal,
): Promise<Outcome<Data | null>[]> {
  const outcomes: Outcome<Data | null>[] = [];
  await runner.run(
    () => runner.client.get(refs, onPart !== null),
    e => {
      if (e.type === 'value') outcomes[e.index] = e.outcome;
      if (e.type === 'part') onPart?.(e.bytes);
      if (e.type === 'failed') {
        if (RESTART.has(e.error.code)) throw e.error;
        for (let i = 0; i < refs.length; i++) outcomes[i] ??= { ok: false, error: e.error };
      }
      return e.type === 'answered' || e.type === 'failed';
    },
    signal,
  );
  return outcomes;
}

/** `to` is aborted with `from`; returns the way to undo it. */
function link(to: AbortController, from: AbortSignal | undefined): () => void {
  if (from === undefined) return () => undefined;
  const abort = (): void => to.abort(from.reason);
  if (from.aborted) abort();
  from.addEventListener('abort', abort, { once: true });
  return () => from.removeEventListener('abort', abort);
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  // Who only takes rows learns of a failure there; nothing may be left unhandled.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function unnamed(ref: AttributeRef): Outcome<never> {
  const result = 'not in the object list of the association';
  return { ok: false, error: new DlmsError({ code: 'OBJECT_UNDEFINED', object: describeRef(ref), result }) };
}

function codeOf(error: unknown): string {
  return isDlmsError(error) ? error.code : '';
}

const NULL_DATA: Data = { type: 'null-data' };
const LN_OBJECT_LIST: AttributeRef = { classId: 15, obis: Obis.parse('0-0:40.0.0*255'), attribute: 2 };
const LEVELS: readonly TraceLevel[] = ['error', 'warning', 'info', 'verbose'];
/** After these the association is worth nothing, though the client may call it ready. */
const RESTART: ReadonlySet<string> = new Set(['COUNTER_TOO_LOW']);
const LOST: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'NO_ANSWER', 'HDLC_REJECTED', 'SEGMENT_LOST']);
const ATTEMPTS = 4;
const CHALLENGE_OCTETS = 16;
/** Release and DISC together; a deploy has five seconds for all of it. */
const FAREWELL_MS = 1500;
const ROWS_LIMIT = 200_000;
