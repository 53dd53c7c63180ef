// A physical line and who speaks on it: its one transport, and the session whose association is open at the moment.
// The rule of the file: before another session speaks, the one before it has hung up; requests wait in the line's queue.

import { DlmsError } from '../core/wire/errors';
import { lineQueues, type LineQueues } from './line-queue';
import { SerialTransport } from './serial';
import type { ConnectionSettings, TransportSettings } from './settings';
import { DialInTransport, TcpTransport } from './tcp';
import type { Transport } from './transport';
import { UdpTransport } from './udp';

/** Whoever holds an open association on a line. */
export interface LineUser {
  /** Another one wants to speak: release and DISC, within bounded time. Never rejects. */
  hangUp(): Promise<void>;
}

export class Line {
  #user: LineUser | null = null;

  constructor(
    readonly transport: Transport,
    readonly queues: LineQueues = lineQueues,
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
      if (this.#user !== user) {
        await this.#user?.hangUp();
        this.#user = user;
      }
      return await work();
    });
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

  /** The user has nothing open any more. */
  leave(user: LineUser): void {
    if (this.#user === user) this.#user = null;
  }
}

/** The lines of one process: sessions with the same port or gateway address get the same one. */
export class Lines {
  readonly #lines = new Map<string, { readonly line: Line; users: number }>();

  constructor(
    readonly queues: LineQueues = lineQueues,
    readonly open: (settings: TransportSettings, connectMs: number) => Transport = transportOf,
  ) {}

  /** The line of a connection; give it back with {@link release}. */
  acquire(settings: ConnectionSettings): Line {
    const transport = this.open(settings.transport, settings.connectTimeoutMs);
    const known = this.#lines.get(transport.lineKey);
    if (known !== undefined) {
      known.users++;
      return known.line;
    }
    const line = new Line(transport, this.queues);
    this.#lines.set(transport.lineKey, { line, users: 1 });
    return line;
  }

  release(line: Line): void {
    const key = line.transport.lineKey;
    const known = this.#lines.get(key);
    if (known?.line !== line) return;
    if (--known.users === 0) this.#lines.delete(key);
  }
}

/** The transport of the settings; nothing is opened, and `serialport` is loaded by the first opening only. */
export function transportOf(settings: TransportSettings, connectMs: number): Transport {
  switch (settings.kind) {
    case 'tcp':
      return new TcpTransport({ host: settings.host, port: settings.port, connectMs });
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
