// Keeps a line open for what comes by itself: one port for all listeners of a connection, opened with the first, freed
// with the last. The rule of the file: it never gives up; after a loss it tries again with growing pauses, and says so once.

import { isDlmsError } from '../../core/wire/errors';
import type { Line, Lines } from '../../io/line/line';
import type { ConnectionSettings } from '../../io/settings/settings';
import { TcpListener } from '../../io/transport/tcp';
import { pause, signalled } from '../../io/transport/wait';
import { UdpListener } from '../../io/transport/udp';
import type { ConnectionState, Listener, Listening } from '../lib/connection-api';
import { asNodeError } from '../lib/on-input';

/** What a line tells: bytes of a source, the end of a source, its own loss. */
export interface LineEvents {
  bytes(chunk: Uint8Array, source: string): void;
  ended(source: string): void;
  lost(error: unknown): void;
}

/** How the line is opened; the events come until stop(). */
export type OpenLine = (events: LineEvents, signal: AbortSignal) => Promise<{ stop(): Promise<void> }>;

export class SharedListening {
  readonly #listeners = new Set<Listener>();
  #stopping: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  #state: ConnectionState;

  constructor(
    private readonly where: string,
    private readonly open: OpenLine,
    /** State changes, for the log. */
    private readonly onState: (state: ConnectionState) => void,
    /** A listener threw: our mistake, told with its stack; the line stays open. */
    private readonly onBug: (error: unknown) => void,
    private readonly random: () => number = Math.random,
  ) {
    this.#state = this.#connecting();
  }

  get count(): number {
    return this.#listeners.size;
  }

  add(listener: Listener): Listening {
    this.#listeners.add(listener);
    if (this.#stopping === null) {
      const stopping = (this.#stopping = new AbortController());
      // A port that is just being freed is waited for.
      this.#running = this.#running.then(() => this.#keepOpen(stopping.signal));
    } else listener.state?.(this.#state);
    return {
      stop: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size > 0) return Promise.resolve();
        return this.close();
      },
    };
  }

  /** What came by another way than the line: in the middle of a conversation with the meter. */
  hand(chunk: Uint8Array, source: string): void {
    this.#each(listener => listener.bytes(chunk, source));
  }

  /** Frees the port, whoever still listens. */
  close(): Promise<void> {
    this.#stopping?.abort();
    this.#stopping = null;
    return this.#running;
  }

  async #keepOpen(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      if (failures === 0) this.#tell(this.#connecting());
      const lost = signalled<unknown>();
      try {
        const line = await this.open(
          {
            bytes: (chunk, source) => {
              failures = 0;
              this.#each(listener => listener.bytes(chunk, source));
            },
            ended: source => {
              this.#each(listener => listener.ended?.(source));
            },
            lost: lost.resolve,
          },
          signal,
        );
        this.#tell({
          phase: 'listening',
          text: `listening on ${this.where}`,
          says: { word: 'listening-on', facts: { where: this.where } },
          kind: 'ok',
        });
        await Promise.race([lost.promise, aborted(signal)]);
        await line.stop();
        if (!signal.aborted) throw await lost.promise;
      } catch (thrown) {
        if (signal.aborted) return;
        failures++;
        this.#tell(waiting(thrown));
        await jitteredPause(PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1] as number, this.random, signal);
      }
    }
  }

  #connecting(): ConnectionState {
    const says = { word: 'opening', facts: { where: this.where } };
    return { phase: 'connecting', text: `opening ${this.where}`, says, kind: 'waiting' };
  }

  #tell(state: ConnectionState): void {
    if (state.phase === this.#state.phase && state.text === this.#state.text && state.phase !== 'connecting') return;
    this.#state = state;
    this.onState(state);
    this.#each(listener => listener.state?.(state));
  }

  /** These calls come from sockets and ports: what is thrown in them would end the process. */
  #each(tell: (listener: Listener) => void): void {
    for (const listener of [...this.#listeners]) {
      try {
        tell(listener);
      } catch (error) {
        this.onBug(error);
      }
    }
  }
}

/**
 * A serial port or a TCP connection, heard while no session speaks on it: whoever wants to ask the meter gets the line at
 * once and gives it back. What the meter sends unasked meanwhile comes from the session ({@link SharedListening.hand}).
 * All connections to one line hear it together.
 */
export function sharedLine(settings: ConnectionSettings, lines: Lines): OpenLine {
  return async (events, signal) => {
    const line = lines.acquire(settings);
    let heard = hearings.get(line);
    if (heard === undefined) hearings.set(line, (heard = new Hearing(line)));
    const hearing = heard;
    hearing.members.add(events);
    let left: Promise<void> | null = null;
    const stop = (): Promise<void> =>
      (left ??= hearing.leave(events).then(async () => {
        await lines.release(line);
      }));
    signal.addEventListener('abort', () => void stop(), { once: true });
    try {
      await hearing.opened;
    } catch (error) {
      await stop();
      throw error;
    }
    return { stop };
  };
}

/** One line that is heard, by one connection or several. */
class Hearing {
  readonly members = new Set<LineEvents>();
  readonly opened: Promise<unknown>;
  readonly #stopping = new AbortController();
  readonly #unheard: () => void;
  readonly #user = {
    hangUp: () => {
      this.#ended();
      return Promise.resolve();
    },
  };

  constructor(private readonly line: Line) {
    this.#unheard = line.whenFree(() => {
      this.#hear().catch((cause: unknown) => this.#lost(cause));
    });
    this.opened = this.#hear();
  }

  /** The last one frees the line. */
  async leave(member: LineEvents): Promise<void> {
    this.members.delete(member);
    if (this.members.size > 0) return;
    this.#over();
    this.#unheard();
    this.#stopping.abort();
    const { line } = this;
    await line.end(this.#user, async () => {
      line.transport.onBytes = () => undefined;
      line.transport.onClose = () => undefined;
      await line.transport.close();
      line.leave(this.#user);
    });
  }

  #hear(): Promise<boolean> {
    const { transport } = this.line;
    return this.line.hear(this.#user, this.#stopping.signal, async () => {
      await transport.open(this.#stopping.signal);
      transport.onBytes = chunk => {
        for (const member of [...this.members]) member.bytes(chunk, transport.where);
      };
      transport.onClose = cause => {
        this.#ended();
        this.#lost(cause);
      };
    });
  }

  #ended(): void {
    for (const member of [...this.members]) member.ended(this.line.transport.where);
  }

  #lost(cause: unknown): void {
    this.#over();
    for (const member of [...this.members]) member.lost(cause);
  }

  /** Who comes now begins anew. */
  #over(): void {
    if (hearings.get(this.line) === this) hearings.delete(this.line);
  }
}

const hearings = new WeakMap<Line, Hearing>();

/** A port that meters call; each call is a source. `tell`: once an hour, that there are too many. */
export function tcpServerLine(host: string, port: number, tell: (text: string) => void): OpenLine {
  let toldAtMs = -Infinity;
  return async events => {
    const listener = new TcpListener(host === '' ? { port } : { host, port });
    listener.onConnection = call => {
      call.onBytes = chunk => events.bytes(chunk, call.where);
      call.onClose = () => events.ended(call.where);
    };
    listener.onCrowded = (ended, idleMs, connections) => {
      if (performance.now() - toldAtMs < CROWDED_EVERY_MS) return;
      toldAtMs = performance.now();
      const who =
        idleMs === 0 ? 'a new one was refused' : `the one from ${ended.where}, idle for ${spoken(idleMs)}, was ended`;
      tell(`${listener.where} has ${connections} connections, its most: ${who}. Who calls there, and should they all?`);
    };
    listener.onError = events.lost;
    await listener.listen();
    return { stop: () => listener.close() };
  };
}

/** A port that datagrams come to; each sender is a source. */
export function udpLine(host: string, port: number): OpenLine {
  return async events => {
    const listener = new UdpListener(host === '' ? { port } : { host, port });
    listener.onDatagram = (chunk, from) => events.bytes(chunk, `${from.address}:${from.port}`);
    listener.onError = events.lost;
    await listener.listen();
    return { stop: () => listener.close() };
  };
}

function waiting(thrown: unknown): ConnectionState {
  const error = asNodeError(thrown);
  const state = { phase: 'waiting', text: error.short, kind: 'disconnected' } as const;
  return isDlmsError(thrown) ? { ...state, says: thrown, error: thrown } : { ...state, says: error.short };
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}

/** Waits the pause, a fifth longer or shorter by chance, so that many nodes do not knock at the same moment. */
function jitteredPause(ms: number, random: () => number, signal: AbortSignal): Promise<void> {
  return pause(ms * (0.8 + 0.4 * random()), signal);
}

function spoken(ms: number): string {
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

const CROWDED_EVERY_MS = 3_600_000;
/** Before the first, second … new attempt. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
