// What a dlms-connection node does, without Node-RED: settings, a pool of sessions, the bare line, listening, one state.
// The rule of the file: nothing is opened before somebody asks, and close() frees everything.

import { createHash } from 'node:crypto';
import type { NumberStore } from '../../io/session/counter-keeper';
import type { Installation } from '../../io/session/own-side';
import { lines, type Line } from '../../io/line/line';
import { Session, type SessionState } from '../../io/session/session';
import {
  guardPlace,
  guardSavedSecrets,
  meterFields,
  overrideSettings,
  parseSettings,
  type ConnectionSecret,
  type ConnectionSettings,
  type Properties,
  type TraceLevel,
} from '../../io/settings/settings';
import type { TraceLine } from '../../io/transport/trace';
import type { Transport } from '../../io/transport/transport';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { plainText } from '../../core/wire/foreign';
import type { Connection, ConnectionState, Listener, Listening, SessionRequest } from '../lib/connection-api';
import { SharedListening, sharedLine, tcpServerLine, udpLine } from './listening';

export interface ConnectionHost {
  readonly numbers: NumberStore;
  /** Our system title and invocation counters, shared by all connections. */
  readonly installation: Installation;
  log(level: TraceLevel, text: string): void;
  trace(line: TraceLine, where: string): void;
  /** Our own mistake in a callback. */
  bug(error: unknown): void;
}

interface Pooled {
  readonly session: Session;
  readonly watchers: Set<(state: ConnectionState) => void>;
  running: number;
}

export class PooledConnection implements Connection {
  readonly #pool = new Map<string, Pooled>();
  readonly #watchers = new Set<(state: ConnectionState) => void>();
  /** Lines that are kept although nobody uses them now. */
  readonly #parked = new Set<Line>();
  #listening: SharedListening | null = null;
  #state: ConnectionState = IDLE;
  #closed = false;
  #toldOfLimit = false;

  constructor(
    private readonly properties: Properties,
    private readonly credentials: Properties,
    private readonly host: ConnectionHost,
  ) {}

  get where(): string {
    return whereOf(this.#settings());
  }
  get numbers(): NumberStore {
    return this.host.numbers;
  }
  /** What is wrong with the properties so that no request can succeed: NOT_SUPPORTED; null when `msg.meter` may mend it. */
  settingsError(): DlmsError | null {
    try {
      this.#settings();
    } catch (error) {
      if (isDlmsError(error) && error.code === 'NOT_SUPPORTED') {
        this.#tell({ phase: 'waiting', text: error.short, says: error, kind: 'error', error });
        return error;
      }
      if (!isDlmsError(error)) throw error;
    }
    return null;
  }
  /** Sessions that are kept; for tests. */
  get sessions(): number {
    return this.#pool.size;
  }

  async withSession<T>(work: (session: Session) => Promise<T>, request: SessionRequest): Promise<T> {
    const pooled = this.#pooled(request.meter);
    const { onState } = request;
    if (onState !== undefined) pooled.watchers.add(onState);
    pooled.running++;
    try {
      return await work(pooled.session);
    } finally {
      pooled.running--;
      if (onState !== undefined) pooled.watchers.delete(onState);
    }
  }

  async withTransport<T>(
    work: (transport: Transport, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    meter?: unknown,
  ): Promise<T> {
    const settings = this.#settings(meter);
    this.#refuseWhenClosed();
    const line = lines.acquire(settings);
    try {
      return await line.bare(signal, transport => work(transport, signal));
    } finally {
      // Meters call when they like: the port they call stays open between two readouts.
      if (settings.transport.kind === 'tcp-server' && !this.#closed && !this.#parked.has(line)) this.#parked.add(line);
      else await lines.release(line);
    }
  }

  listen(listener: Listener): Listening {
    this.#refuseWhenClosed();
    this.#listening ??= this.#listenOn(this.#settings());
    return this.#listening.add(listener);
  }

  watch(onState: (state: ConnectionState) => void): () => void {
    this.#watchers.add(onState);
    onState(this.#state);
    return () => this.#watchers.delete(onState);
  }

  meterKey(meter?: unknown): string {
    const { clientAddress, server } = this.#settings(meter);
    return `${whereOf(this.#settings(meter))} ${clientAddress}/${server.logical}/${server.physical ?? ''}`;
  }

  guardSecrets(settings: ConnectionSettings, brought: (secret: ConnectionSecret) => boolean): void {
    guardSavedSecrets(this.properties, settings, brought);
  }

  guardPlace(meter: unknown): void {
    guardPlace(this.properties, this.#settings(meter));
  }

  /** Frees ports and connections; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    const sessions = [...this.#pool.values()].map(p => p.session.close());
    this.#pool.clear();
    const parked = [...this.#parked].map(line => lines.release(line));
    this.#parked.clear();
    await Promise.allSettled([...sessions, ...parked, this.#listening?.close()]);
  }

  #settings(meter?: unknown): ConnectionSettings {
    if (meter === undefined || meter === null) return parseSettings(this.properties, this.credentials);
    return overrideSettings(this.properties, this.credentials, meterFields(meter));
  }

  #pooled(meter: unknown): Pooled {
    this.#refuseWhenClosed();
    const key = poolKey(meter);
    const known = this.#pool.get(key);
    if (known !== undefined) {
      // The last used is the last in the map.
      this.#pool.delete(key);
      this.#pool.set(key, known);
      return known;
    }
    const settings = this.#settings(meter);
    if (settings.interface === 'iec' || settings.interface === 'push') {
      const expected = 'an interface of DLMS/COSEM (hdlc, wrapper, hdlc-mode-e), which this node needs';
      throw new DlmsError({ code: 'BAD_SETTING', setting: 'interface', value: settings.interface, expected });
    }
    const watchers: Pooled['watchers'] = new Set();
    const session: Session = new Session(settings, {
      ...this.host.installation,
      log: (level, text) => this.host.log(level, `${whereOf(settings)}: ${text}`),
      ...(settings.trace === 'verbose' && { trace: (line: TraceLine) => this.host.trace(line, whereOf(settings)) }),
      notification: (_apdu, _bytes, frames) => {
        // As it would have come on the line, so that it is read by the same settings.
        for (const frame of frames) this.#listening?.hand(frame, session.where);
      },
      state: state => {
        const told = connectionState(state, whereOf(settings));
        for (const watcher of watchers) watcher(told);
        this.#tell(told);
      },
    });
    const pooled = { session, watchers, running: 0 };
    this.#pool.set(key, pooled);
    if (this.#pool.size > settings.maxSessions) this.#evict(pooled, settings.maxSessions);
    return pooled;
  }

  /** A fleet may be larger than what is worth keeping: the longest unused session goes. */
  #evict(fresh: Pooled, limit: number): void {
    if (!this.#toldOfLimit) {
      this.#toldOfLimit = true;
      const text = `more than ${limit} meters: the longest unused one is hung up for each new one (Sessions at most)`;
      this.host.log('warning', text);
    }
    for (const [key, pooled] of this.#pool) {
      if (pooled.running > 0 || pooled === fresh) continue;
      this.#pool.delete(key);
      void pooled.session.close();
      return;
    }
  }

  #listenOn(settings: ConnectionSettings): SharedListening {
    const { transport: t } = settings;
    const open =
      t.kind === 'tcp-server'
        ? tcpServerLine(t.host, t.port, told => this.host.log('warning', told))
        : t.kind === 'udp'
          ? udpLine(t.host, t.port)
          : sharedLine(settings, lines);
    return new SharedListening(
      whereOf(settings),
      open,
      state => this.#tell(state),
      error => this.host.bug(error),
    );
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new DlmsError({ code: 'CLOSED', what: 'the connection' });
  }

  #tell(state: ConnectionState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}

function connectionState(state: SessionState, where: string): ConnectionState {
  switch (state.phase) {
    case 'idle':
      return IDLE;
    case 'connecting':
      return {
        phase: 'connecting',
        text: `connecting to ${where}`,
        says: { word: 'connecting-to', facts: { where } },
        kind: 'waiting',
      };
    case 'connected':
      return { phase: 'connected', text: 'connected', says: { word: 'connected' }, kind: 'ok' };
    case 'waiting': {
      const { error } = state;
      const waits = { word: 'waiting' };
      if (error === undefined) return { phase: 'waiting', text: 'waiting', says: waits, kind: 'waiting' };
      return { phase: 'waiting', text: `waiting: ${error.short}`, says: [waits, error], kind: 'waiting', error };
    }
  }
}

function whereOf({ transport: t }: ConnectionSettings): string {
  return t.kind === 'serial' ? t.path : `${t.host === '' ? '*' : t.host}:${t.port}`;
}

/** Equal overrides, equal session. Hashed, because there may be keys in it. */
function poolKey(meter: unknown): string {
  if (meter === undefined || meter === null) return '';
  const texts = Object.entries(meterFields(meter)).map(([name, value]) => [name, plainText(value, name)] as const);
  const entries = texts.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}

const IDLE: ConnectionState = { phase: 'idle', text: 'idle', says: { word: 'idle' }, kind: 'idle' };
