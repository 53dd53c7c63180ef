// A physical line and who speaks on it: the transport in use, and the session whose association is open at the moment.
// The rule of the file: before another session speaks, the one before it has hung up; requests wait in the line's queue.

import { DlmsError } from '../../core/wire/errors';
import { lineQueues, type LineQueues } from './line-queue';
import { SerialTransport } from '../transport/serial';
import type { ConnectionSettings, TransportSettings } from '../settings/settings';
import { DialInTransport, tcpTransport } from '../transport/tcp';
import { freed, type Transport } from '../transport/transport';
import { UdpTransport } from '../transport/udp';

/** Whoever holds an open association on a line. */
export interface LineUser {
  /** Another one wants to speak: release and DISC, within bounded time. Never rejects. */
  hangUp(): Promise<void>;
}

/** Who speaks on a physical line, and by which transport. */
interface Speaker {
  user: LineUser | null;
  transport: Transport | null;
  /** Who hears the line while nobody speaks. */
  readonly waiting: Set<() => void>;
  /** Who of them has it. */
  hearer: LineUser | null;
}

/** One way to use a physical line. Ways that differ (in speed, format) have their own transport and share queue and speaker. */
export class Line {
  constructor(
    readonly transport: Transport,
    readonly queues: LineQueues = lineQueues,
    readonly speaker: Speaker = silent(),
  ) {}

  get where(): string {
    return this.transport.where;
  }

  /** Requests that run or wait on this line. */
  get length(): number {
    return this.queues.length(this.transport.lineKey);
  }

  /** Runs `work` alone on the line; whoever spoke before has hung up then. Rejects with QUEUE_FULL, ABORTED, or as `work`. */
  take<T>(user: LineUser, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { lineKey, where } = this.transport;
    return this.queues.run({ lineKey, where, signal }, async () => {
      await this.#hand(user);
      return await work();
    });
  }

  /**
   * Hangs up for a user, in its turn, also when the queue is full; at once where it has nothing open, so that nobody waits
   * for the requests of others. Never rejects.
   */
  async end(user: LineUser, hangUp: () => Promise<void>): Promise<void> {
    if (this.speaker.user !== user) return;
    const { lineKey, where } = this.transport;
    const work = async (): Promise<void> => {
      if (this.speaker.user === user) await hangUp();
    };
    await this.queues.run({ lineKey, where, always: true }, work).catch(() => undefined);
  }

  /** The bare transport, closed, for something that is no session; it is closed again afterwards. */
  bare<T>(signal: AbortSignal | undefined, work: (transport: Transport) => Promise<T>): Promise<T> {
    const guest: LineUser = { hangUp: () => this.transport.close() };
    return this.take(guest, signal, async () => {
      await this.transport.close();
      try {
        return await work(this.transport);
      } finally {
        this.leave(guest);
        await this.transport.close();
      }
    });
  }

  /**
   * Has the line while nobody speaks on it: false where somebody does, who is left alone. Rejects as `work`, after which
   * nothing is open, and with SERIAL_BUSY where it is heard in another way already, which goes on as long as that does.
   */
  async hear(user: LineUser, signal: AbortSignal, work: () => Promise<void>): Promise<boolean> {
    const { lineKey, where } = this.transport;
    return await this.queues.run({ lineKey, where, signal, always: true }, async () => {
      const { speaker } = this;
      if (speaker.user !== null && speaker.user !== user) {
        if (speaker.user === speaker.hearer) throw new DlmsError({ code: 'SERIAL_BUSY', path: where });
        return false;
      }
      await this.#hand(user);
      speaker.hearer = user;
      await work();
      return true;
    });
  }

  /** `tell` is called each time nobody speaks any more; returns the way to stop that. */
  whenFree(tell: () => void): () => void {
    this.speaker.waiting.add(tell);
    return () => this.speaker.waiting.delete(tell);
  }

  /** Somebody hears the line while nobody speaks: the transport need not be closed for the silence. */
  get heard(): boolean {
    return this.speaker.waiting.size > 0;
  }

  /** The user has nothing open any more. */
  leave(user: LineUser): void {
    if (this.speaker.user !== user) return;
    this.speaker.user = null;
    for (const tell of [...this.speaker.waiting]) tell();
  }

  async #hand(user: LineUser): Promise<void> {
    const { speaker } = this;
    if (speaker.user !== user) {
      await speaker.user?.hangUp();
      speaker.user = user;
    }
    if (speaker.transport !== this.transport) {
      await speaker.transport?.close();
      speaker.transport = this.transport;
    }
  }
}

function silent(): Speaker {
  return { user: null, transport: null, waiting: new Set(), hearer: null };
}

/** The lines of one process: sessions with the same port or gateway address queue behind each other. */
export class Lines {
  readonly #lines = new Map<string, { readonly line: Line; users: number }>();
  /** How each of them is found again: a deploy gives thousands back. */
  readonly #ways = new Map<Line, string>();
  readonly #speakers = new Map<string, { readonly speaker: Speaker; lines: number }>();

  constructor(
    readonly queues: LineQueues = lineQueues,
    readonly open: (settings: TransportSettings, connectMs: number) => Transport = transportOf,
  ) {}

  /** The line of a connection; give it back with {@link release}. */
  acquire(settings: ConnectionSettings): Line {
    const way = JSON.stringify(settings.transport);
    const known = this.#lines.get(way);
    if (known !== undefined) {
      known.users++;
      return known.line;
    }
    const transport = this.open(settings.transport, settings.connectTimeoutMs);
    const shared = this.#speakers.get(transport.lineKey) ?? { speaker: silent(), lines: 0 };
    this.#speakers.set(transport.lineKey, shared);
    shared.lines++;
    const line = new Line(transport, this.queues, shared.speaker);
    this.#lines.set(way, { line, users: 1 });
    this.#ways.set(line, way);
    return line;
  }

  /** The last user frees all that the transport keeps. Resolves when that is done; never rejects. */
  async release(line: Line): Promise<void> {
    const way = this.#ways.get(line);
    const known = way === undefined ? undefined : this.#lines.get(way);
    if (way === undefined || known === undefined || --known.users > 0) return;
    this.#lines.delete(way);
    this.#ways.delete(line);
    const { transport, speaker } = line;
    const shared = this.#speakers.get(transport.lineKey);
    if (shared !== undefined && --shared.lines === 0) this.#speakers.delete(transport.lineKey);
    if (speaker.transport === transport) speaker.transport = null;
    await freed(transport);
  }
}

/** The transport of the settings; nothing is opened, and `serialport` is loaded by the first opening only. */
export function transportOf(settings: TransportSettings, connectMs: number): Transport {
  switch (settings.kind) {
    case 'tcp':
      return tcpTransport({
        host: settings.host,
        port: settings.port,
        connectMs,
        ...(settings.rfc2217 !== undefined && { rfc2217: settings.rfc2217 }),
      });
    case 'udp':
      return new UdpTransport({ host: settings.host, port: settings.port });
    case 'tcp-server':
      return new DialInTransport({
        port: settings.port,
        connectMs,
        ...(settings.host === '' ? {} : { host: settings.host }),
      });
    case 'serial':
      return new SerialTransport({ path: settings.path, ...settings.format });
  }
}

/** The lines of this process. */
export const lines = new Lines();

export function closedError(what: string): DlmsError {
  return new DlmsError({ code: 'CLOSED', what });
}
