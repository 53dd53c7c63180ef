// One meter as the nodes see it: connect on demand, hold, hang up when idle; get, set, act, lists, profiles.
// The rule of the file: a request ends in a value or in one DlmsError, and after either the next request works.

import type { Apdu } from '../../core/apdu';
import type { Association } from '../../core/client/association';
import { MeterMemory, type MeterIdentity, type ObjectEntry } from '../../core/client/meter-memory';
import { ProfileRead, type ProfileRange, type ProfileRequest } from '../../core/client/profile-read';
import type { AttributeRef, MethodRef, Outcome } from '../../core/client/request';
import type { Data } from '../../core/cosem/data';
import type { Obis } from '../../core/obis/obis';
import { isDlmsError, type DlmsError } from '../../core/wire/errors';
import { Backoff } from './backoff';
import { endsAssociation } from './client-requests';
import { aborted, type ClientRunner } from './client-runner';
import { modeEOptions, secretsOf } from './client-settings';
import { inTime } from './counter-keeper';
import { framedAs } from './framed';
import { HeldAssociation } from './held-association';
import { ModeETransport } from '../iec/iec-session';
import { closedError, type Line, type Lines, lines as allLines, type LineUser } from '../line/line';
import { MeterTurn } from './meter-turn';
import { OwnSide, type Installation } from './own-side';
import { ProfileFeed, type ProfileStream } from './profile-stream';
import { counterAfter, mend } from './recovery';
import type { ConnectionSettings, TraceLevel } from '../settings/settings';
import { maskSecrets, type Trace } from '../transport/trace';

export type { ProfileStream } from './profile-stream';

export type SessionPhase = 'idle' | 'connecting' | 'connected' | 'waiting';

export interface SessionState {
  readonly phase: SessionPhase;
  /** With `waiting`: why the connection was lost, and until when (milliseconds) nothing is tried. */
  readonly error?: DlmsError;
  readonly untilMs?: number;
}

/** What a session is given from outside; everything has a default. */
export interface SessionEnvironment extends Installation {
  readonly lines?: Lines;
  readonly memory?: MeterMemory;
  readonly now?: () => number;
  /** Milliseconds of a clock that is never set: what waits is measured by it. */
  readonly monotonicMs?: () => number;
  /** IANA zone in which ranges are written where the settings name none. Default: that of this computer. */
  readonly zone?: string;
  /** n octets that nobody can foresee. */
  readonly random?: (n: number) => Uint8Array;
  readonly trace?: Trace;
  readonly log?: (level: TraceLevel, text: string) => void;
  readonly state?: (state: SessionState) => void;
  /**
   * What the meter sent unasked, whatever was under way; `bytes` as they came, perhaps ciphered, `frames` as a listener on
   * the line would have got them.
   */
  readonly notification?: (apdu: Apdu, bytes: Uint8Array, frames: readonly Uint8Array[]) => void;
}

export interface ProfileOptions {
  /** Codes of the columns to return; none: all. */
  readonly columns?: readonly string[];
  /** What null-data in a value means; default `repeated`. */
  readonly nullValues?: ProfileRequest['nullValues'];
  readonly signal?: AbortSignal;
}

export class Session implements LineUser {
  readonly memory: MeterMemory;
  readonly line: Line;
  readonly #lines: Lines;
  readonly #now: () => number;
  readonly #own: OwnSide;
  readonly #backoff: Backoff;
  readonly #held: HeldAssociation;
  /** Requests that run or wait. */
  readonly #underWay = new Set<AbortController>();
  #idle: NodeJS.Timeout | null = null;
  #closed: Promise<void> | null = null;
  #dedicatedWorked = false;
  #resynchronised = false;
  /** The association whose meter was compared with the memory, and when. */
  #begun: ClientRunner | null = null;
  #begunAtMs = 0;

  constructor(
    readonly settings: ConnectionSettings,
    readonly environment: SessionEnvironment = {},
  ) {
    this.#lines = environment.lines ?? allLines;
    this.memory = environment.memory ?? new MeterMemory();
    const now = environment.now ?? Date.now;
    const random = environment.random ?? (n => crypto.getRandomValues(new Uint8Array(n)));
    this.#now = now;
    this.#own = new OwnSide(settings, environment, random);
    this.#backoff = new Backoff(environment.monotonicMs ?? (() => performance.now()), random);
    this.line = this.#lines.acquire(settings);
    const { transport } = this.line;
    this.#held = new HeldAssociation({
      settings: this.#own.settings,
      own: this.#own,
      transport:
        settings.interface === 'hdlc-mode-e' ? new ModeETransport(transport, modeEOptions(settings)) : transport,
      memory: this.memory,
      now,
      random,
      trace: environment.trace === undefined ? null : maskSecrets(environment.trace, secretsOf(settings)),
      log: (level, text) => this.#log(level, text),
      phase: phase => {
        // What was held is lost, and no request is there that would open it anew.
        if (phase === 'idle' && this.#underWay.size === 0) this.line.leave(this);
        this.#state({ phase });
      },
      notification: (apdu, bytes) => environment.notification?.(apdu, bytes, framedAs(settings, bytes)),
    });
  }

  /** For errors and status. */
  get where(): string {
    return this.line.where;
  }
  /** The association that is open now. */
  get association(): Association | null {
    return this.#held.runner?.client.association ?? null;
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
    return this.together(turn => turn.getAll(refs), signal);
  }

  /** Reads that belong together: one turn on the line, one association, one meter. May be run again from its beginning. */
  together<T>(work: (turn: MeterTurn) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#request(signal, work);
  }

  /** Never tried twice: what a meter did with the first try is not known after a lost answer. */
  set(ref: AttributeRef, value: Data, signal?: AbortSignal): Promise<void> {
    return this.#request(signal, turn => turn.set(ref, value), 'never');
  }

  /** Invokes a method; resolves with what it returns, null where it returns nothing. Never tried twice. */
  act(ref: MethodRef, argument: Data | null = null, signal?: AbortSignal): Promise<Data | null> {
    return this.#request(signal, turn => turn.act(ref, argument), 'never');
  }

  /** Reads and orders that belong together. Run again from its beginning only while no order was on the wire. */
  ordering<T>(work: (turn: WritingTurn) => Promise<T>, signal?: AbortSignal): Promise<T> {
    let sent = false;
    return this.#request(
      signal,
      turn => {
        const once = <R>(send: () => Promise<R>): Promise<R> => {
          sent = true;
          return send();
        };
        return work({
          settings: turn.settings,
          getAll: refs => turn.getAll(refs),
          objects: () => turn.objects(),
          identity: () => turn.identity(),
          set: (ref, value) => once(() => turn.set(ref, value)),
          act: (ref, argument) => once(() => turn.act(ref, argument)),
        });
      },
      () => (sent ? 'once' : 'fresh-association'),
    );
  }

  /** The association list with access rights; read once a meter, then remembered unless `fresh`. */
  objects(signal?: AbortSignal, fresh = false): Promise<readonly ObjectEntry[]> {
    return this.together(turn => turn.objects(fresh), signal);
  }

  /**
   * Rows leave while the meter still sends; the line is held until the last one. `range` may depend on who answers, for
   * example where "since the last read" begins.
   */
  readProfile(
    obis: Obis,
    range: ProfileRange | ((meter: MeterIdentity) => ProfileRange),
    options: ProfileOptions = {},
  ): ProfileStream {
    const stop = new AbortController();
    const feed = new ProfileFeed(
      text => this.#log('info', text),
      () => stop.abort(),
    );
    const linked = link(stop, options.signal);
    this.#request(
      stop.signal,
      async turn => {
        const { columns, nullValues } = options;
        const { clock: policy, rangeClock } = this.settings;
        const meter = await turn.identity();
        const wanted = {
          obis,
          range: typeof range === 'function' ? range(meter) : range,
          ...(columns !== undefined && { columns }),
          ...(nullValues !== undefined && { nullValues }),
          policy,
          rangeClock,
          zone: this.environment.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
          nowMs: this.#now(),
        };
        feed.of(meter);
        await feed.fill(new ProfileRead(wanted, this.memory), (refs, onPart) => turn.getParts(refs, onPart));
      },
      () => (feed.seen ? 'never' : 'fresh-association'),
    )
      .then(
        () => feed.end(),
        (e: unknown) => feed.fail(e),
      )
      .finally(linked);
    return feed;
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
      // A disk that does not answer holds up nobody.
      await inTime(this.#own.received.flush()).catch(() => undefined);
    })();
    return this.#closed;
  }

  /** Release and DISC; the transport stays open for the next speaker unless `close`. Never rejects. */
  async hangUp(close = false): Promise<void> {
    await this.#tearDown(close && !this.line.heard);
    this.line.leave(this);
  }

  async #tearDown(close: boolean): Promise<void> {
    this.#stopIdle();
    await this.#held.tearDown(close);
  }

  /** One turn on the line; tried once more where a held association turned out to be dead. */
  async #request<T>(
    outer: AbortSignal | undefined,
    work: (turn: MeterTurn) => Promise<T>,
    retry: Retry | (() => Retry) = 'fresh-association',
  ): Promise<T> {
    const stop = new AbortController();
    const unlink = link(stop, outer);
    this.#underWay.add(stop);
    try {
      if (this.#closed !== null) throw closedError(`the session with ${this.where}`);
      if (stop.signal.aborted) throw aborted(stop.signal);
      await this.#backoff.wait(stop.signal, (forMs, error) =>
        this.#state({ phase: 'waiting', untilMs: this.#now() + forMs, error }),
      );
      return await this.line.take(this, stop.signal, async () => {
        for (let attempt = 1; ; attempt++) {
          const held = this.#held.runner !== null;
          try {
            this.#stopIdle();
            await this.#held.open(stop.signal);
            this.#backoff.succeeded();
            const value = await work(await this.#turn(stop.signal));
            this.#dedicatedWorked = true;
            this.#resynchronised = false;
            await this.#rest();
            return value;
          } catch (e) {
            await this.#giveUp(e);
            const how = typeof retry === 'function' ? retry() : retry;
            const over = attempt >= ATTEMPTS || how === 'once' || stop.signal.aborted;
            if (over || !isDlmsError(e) || !this.#mended(e, held, how)) {
              if (this.#held.runner === null) this.line.leave(this);
              throw e;
            }
            this.#log('warning', `trying again with a fresh association: ${e.short}`);
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
    const standing = this.#held.runner?.client.phase === 'ready';
    if (standing && !(isDlmsError(error) && endsAssociation(error.code))) {
      await this.#rest();
      return;
    }
    this.#dedicatedWorked = false;
    await this.#tearDown(true);
    if (isDlmsError(error) && error.blame === 'line' && error.code !== 'ABORTED') this.#backoff.failed(error);
  }

  /** Whether the next attempt has a better chance. Throws COUNTER_JUMP for a number that only the user may set. */
  #mended(error: DlmsError, held: boolean, retry: Retry): boolean {
    const { counterDoubted, counterJustRead } = this.#held;
    const remedy = mend(error, {
      resynchronised: this.#resynchronised,
      counterDoubted,
      counterJustRead,
      dedicatedUnproven: this.#usesDedicated() && !this.#dedicatedWorked,
      held,
      repeatable: retry === 'fresh-association',
    });
    const { detail } = error;
    if (detail.code === 'COUNTER_TOO_LOW') {
      this.#resynchronised = true;
      // The message was in clear, and anybody could have sent it.
      if (remedy === 'resync' && detail.needed !== null) this.#own.counter.unproven(counterAfter(detail.needed));
    }
    if (remedy === 'without-dedicated') {
      this.memory.dedicatedKeyRefused = true;
      this.#log('warning', 'the meter refuses the dedicated key; associating without it');
    }
    // The line itself is not to blame.
    if (remedy === 'again') this.#backoff.succeeded();
    return remedy !== null;
  }

  #usesDedicated(): boolean {
    return (
      this.settings.keys.dedicated !== null && this.settings.security !== 'none' && !this.memory.dedicatedKeyRefused
    );
  }

  /** In a request, behind the opening of the association. */
  async #turn(signal: AbortSignal): Promise<MeterTurn> {
    const runner = this.#held.runner as ClientRunner;
    const changed = (text: string): void => this.#log('warning', text);
    const turn = new MeterTurn({ runner, memory: this.memory, settings: this.settings, signal, changed });
    // An association that is held for hours would keep what its values mean for as long.
    const stale = performance.now() - this.#begunAtMs > MEANING_MS;
    if (this.#begun !== runner || stale) {
      this.#begun = null;
      await turn.begin();
      this.#begun = runner;
      this.#begunAtMs = performance.now();
    }
    return turn;
  }

  #log(level: TraceLevel, text: string): void {
    if (LEVELS.indexOf(level) <= LEVELS.indexOf(this.settings.trace)) this.environment.log?.(level, text);
  }

  #state(state: SessionState): void {
    this.environment.state?.(state);
  }
}

/** once: whatever the meter needs, because anybody can say so in clear. never: what the meter has not taken may go again. */
type Retry = 'once' | 'never' | 'fresh-association';

/** A turn on the line in which something may be written. */
export type WritingTurn = Pick<MeterTurn, 'settings' | 'getAll' | 'objects' | 'identity' | 'set' | 'act'>;

/** `to` is aborted with `from`; returns the way to undo it. */
function link(to: AbortController, from: AbortSignal | undefined): () => void {
  if (from === undefined) return () => undefined;
  const abort = (): void => to.abort(from.reason);
  if (from.aborted) abort();
  from.addEventListener('abort', abort, { once: true });
  return () => from.removeEventListener('abort', abort);
}

const LEVELS: readonly TraceLevel[] = ['error', 'warning', 'info', 'verbose'];
const ATTEMPTS = 4;
/** What values mean (scales, columns) is asked again after so long. */
const MEANING_MS = 15 * 60_000;
