// TCP, as the caller (TcpTransport) and as the one who is called by meters (TcpListener, DialInTransport).
// The rule of the file: every socket has an error listener from its first to its last moment, so no peer can crash us.

import { Socket, createServer, type AddressInfo, type Server } from 'node:net';

import { DlmsError } from '../../core/wire/errors';
import { abortedError, closedError, connectError, listenError, lostError } from './net-errors';
import { Rfc2217 } from './rfc2217';
import type { SerialFormat, Transport } from './transport';

export interface TcpOptions {
  readonly host: string;
  /** 4059 is the port of DLMS/COSEM. */
  readonly port: number;
  /** How long the connection may take to stand, in ms. Default 10,000. */
  readonly connectMs?: number;
  /** Idle time after which the system asks whether the other side still lives, in ms; 0: never. Default 30,000. */
  readonly keepAliveMs?: number;
  /** The gateway speaks RFC 2217 (telnet COM port control): set this format, and let setFormat change it. */
  readonly rfc2217?: SerialFormat;
}

/** A socket as a Transport: what calling and being called have in common. */
abstract class SocketTransport implements Transport {
  abstract readonly where: string;
  abstract readonly lineKey: string;
  onBytes: (chunk: Uint8Array) => void = () => undefined;
  onClose: (cause?: Error) => void = () => undefined;
  protected socket: Socket | null = null;
  /** Writes that wait; when the socket goes down their callbacks may never come. */
  readonly #underWay = new Set<(cause?: unknown) => void>();

  abstract open(signal?: AbortSignal): Promise<void>;

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.socket;
    if (socket === null) return Promise.reject(closedError(this.where));
    return new Promise((resolve, reject) => {
      const settle = (cause?: unknown): void => {
        this.#underWay.delete(settle);
        if (cause === undefined || cause === null) resolve();
        else reject(lostError(cause, this.where));
      };
      this.#underWay.add(settle);
      socket.write(bytes, settle);
    });
  }

  close(): Promise<void> {
    const socket = this.socket;
    if (socket === null) return Promise.resolve();
    // What was written still leaves, as far as the other side takes it.
    this.socket = null;
    return new Promise(resolve => {
      const timer = setTimeout(() => socket.destroy(), CLOSE_MS);
      const closed = (): void => {
        clearTimeout(timer);
        this.#drop(GONE);
        resolve();
      };
      if (socket.destroyed) return closed();
      socket.once('close', closed);
      socket.end(() => socket.destroySoon());
    });
  }

  #drop(cause: unknown): void {
    this.socket = null;
    for (const settle of [...this.#underWay]) settle(cause);
  }

  /** From here on the socket's bytes and its end are ours. */
  protected take(socket: Socket): void {
    this.socket = socket;
    let cause: unknown;
    socket.on('data', (chunk: Buffer) => {
      if (this.socket === socket) this.received(chunk);
    });
    socket.on('error', e => (cause = e));
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.#drop(cause ?? GONE);
      this.onClose(lostError(cause, this.where));
    });
  }

  protected received(chunk: Uint8Array): void {
    this.onBytes(chunk);
  }
}

/** Calls a meter or a gateway. */
export class TcpTransport extends SocketTransport {
  readonly where: string;
  readonly lineKey: string;
  readonly #options: Required<Omit<TcpOptions, 'rfc2217'>>;
  /** Stops an attempt to connect with this error. */
  #stopOpening: ((error: DlmsError) => void) | null = null;

  constructor(options: TcpOptions) {
    super();
    this.#options = { connectMs: 10_000, keepAliveMs: 30_000, ...options };
    this.where = address(options.host, options.port);
    this.lineKey = `tcp:${this.where}`;
  }

  open(signal?: AbortSignal): Promise<void> {
    if (this.socket !== null) return Promise.resolve();
    if (this.#stopOpening !== null) {
      return Promise.reject(new DlmsError({ code: 'BAD_STATE', input: 'open', phase: 'opening' }));
    }
    if (signal?.aborted === true) return Promise.reject(abortedError(this.where));
    const { host, port, connectMs, keepAliveMs } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = new Socket();
      let settled = false;
      const settle = (error?: DlmsError): void => {
        if (settled) return;
        settled = true;
        this.#stopOpening = null;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        if (error === undefined) return resolve();
        socket.destroy();
        reject(error);
      };
      const abort = (): void => settle(abortedError(this.where));
      const timer = setTimeout(
        () => settle(new DlmsError({ code: 'CONNECT_TIMEOUT', where: this.where, afterMs: connectMs })),
        connectMs,
      );
      this.#stopOpening = settle;
      signal?.addEventListener('abort', abort, { once: true });
      socket.on('error', e => settle(connectError(e, this.where)));
      socket.once('close', () => settle(connectError(undefined, this.where)));
      socket.once('connect', () => {
        if (settled) return;
        socket.setNoDelay(true);
        if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
        this.take(socket);
        this.opened(socket);
        settle();
      });
      try {
        socket.connect({ host, port });
      } catch (cause) {
        settle(connectError(cause, this.where)); // a port outside 0..65535
      }
    });
  }

  override close(): Promise<void> {
    this.#stopOpening?.(closedError(this.where));
    return super.close();
  }

  protected opened(_socket: Socket): void {
    return;
  }
}

/** A gateway with RFC 2217: TCP whose far end has a speed and a format. */
export class Rfc2217Transport extends TcpTransport {
  readonly #telnet: Rfc2217;

  constructor(options: TcpOptions & { readonly rfc2217: SerialFormat }) {
    super(options);
    this.#telnet = new Rfc2217(options.rfc2217);
  }

  override write(bytes: Uint8Array): Promise<void> {
    return super.write(this.#telnet.escape(bytes));
  }

  async setFormat(format: Partial<SerialFormat>): Promise<void> {
    // What was written still has to leave the gateway's own port.
    await new Promise(resolve => setTimeout(resolve, this.#telnet.drainMs()));
    await super.write(this.#telnet.change(format));
  }

  protected override opened(socket: Socket): void {
    socket.write(this.#telnet.begin());
  }

  protected override received(chunk: Uint8Array): void {
    const data = this.#telnet.receive(chunk);
    const answer = this.#telnet.takeAnswer();
    if (answer.length > 0) this.socket?.write(answer);
    if (data.length > 0) this.onBytes(data);
  }
}

/** TCP with or without COM port control, by the options. */
export function tcpTransport(options: TcpOptions): Transport {
  const { rfc2217 } = options;
  return rfc2217 === undefined ? new TcpTransport(options) : new Rfc2217Transport({ ...options, rfc2217 });
}

export interface ListenOptions {
  /** 0 lets the system choose; see `port`. */
  readonly port: number;
  /** Address to listen on. Default all. */
  readonly host?: string;
  readonly keepAliveMs?: number;
  /**
   * Connections at a time. Default 1000. A further one takes the place of the one that has been idle longest: first of those
   * that never said a word for a minute, then of those that were silent for an hour. Where there is none it is closed at once.
   * Below the limit none is ended: a meter may push once a day over a connection that it holds.
   */
  readonly maxConnections?: number;
  /** Milliseconds of a clock that is never set. */
  readonly monotonicMs?: () => number;
}

/** Waits for meters that call in. Each connection comes as an open Transport. */
export class TcpListener {
  readonly where: string;
  onConnection: (transport: AcceptedTransport) => void = transport => void transport.close();
  /** The listener broke after it stood. */
  onError: (error: DlmsError) => void = () => undefined;
  /** All places were taken: an idle connection was ended for another one, or, where none was idle, that one was. */
  onCrowded: (ended: AcceptedTransport, idleMs: number, connections: number) => void = () => undefined;
  #server: Server | null = null;
  readonly #connections = new Set<AcceptedTransport>();

  constructor(readonly options: ListenOptions) {
    this.where = address(options.host ?? '*', options.port);
  }

  /** The port in use, once it listens. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? this.options.port; // never a pipe: we listen on a port
  }

  /** @throws LISTEN_FAILED */
  listen(): Promise<void> {
    if (this.#server !== null) return Promise.resolve();
    const { host, port, keepAliveMs = 30_000 } = this.options;
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: keepAliveMs });
      const failed = (cause: unknown): void => {
        this.#server = null;
        reject(listenError(cause, this.where));
      };
      server.once('error', failed);
      server.on('connection', socket => this.#accept(socket));
      server.on('listening', () => {
        server.off('error', failed);
        server.on('error', e => this.onError(listenError(e, this.where)));
        resolve();
      });
      this.#server = server;
      try {
        server.listen({ port, ...(host === undefined ? {} : { host }) });
      } catch (cause) {
        failed(cause);
      }
    });
  }

  /** Stops listening and closes what was accepted. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = server === null ? null : new Promise(resolve => server.close(resolve));
    await Promise.all([...this.#connections].map(c => c.close()));
    await closed;
  }

  #accept(socket: Socket): void {
    const { maxConnections = 1000, monotonicMs = () => performance.now() } = this.options;
    const accepted = new AcceptedTransport(socket, monotonicMs);
    if (this.#connections.size >= maxConnections && !this.#makeRoom(accepted)) return;
    this.#connections.add(accepted);
    socket.once('close', () => this.#connections.delete(accepted));
    this.onConnection(accepted);
  }

  /** false: nobody has been idle for long, and the new one was ended. */
  #makeRoom(fresh: AcceptedTransport): boolean {
    const all = [...this.#connections].map(transport => ({ transport, idleMs: transport.idleMs }));
    const longest = (heard: boolean, leastMs: number): (typeof all)[number] | undefined =>
      all
        .filter(each => each.transport.heard === heard && each.idleMs >= leastMs)
        .reduce<(typeof all)[number] | undefined>(
          (a, b) => (a !== undefined && a.idleMs >= b.idleMs ? a : b),
          undefined,
        );
    const idle = longest(false, SILENT_MS) ?? longest(true, IDLE_MS);
    const ended = idle ?? { transport: fresh, idleMs: 0 };
    this.#connections.delete(ended.transport);
    ended.transport.cut();
    this.onCrowded(ended.transport, ended.idleMs, all.length);
    return idle !== undefined;
  }
}

/** A connection that a meter has made. Once lost it cannot be opened again: the meter has to call again. */
export class AcceptedTransport extends SocketTransport {
  readonly where: string;
  readonly lineKey: string;
  /** Address the meter calls from. */
  readonly remoteAddress: string;
  #heard = false;
  #lastMs: number;

  constructor(
    socket: Socket,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    super();
    this.#lastMs = monotonicMs();
    // A dual-stack listener shows IPv4 callers as ::ffff:192.0.2.1.
    this.remoteAddress = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
    this.where = address(this.remoteAddress, socket.remotePort ?? 0);
    this.lineKey = `tcp:${this.where}`;
    this.take(socket);
  }

  open(): Promise<void> {
    return this.socket !== null ? Promise.resolve() : Promise.reject(closedError(this.where));
  }

  /** Did it ever send anything? */
  get heard(): boolean {
    return this.#heard;
  }

  /** Since it called, or since its last byte. */
  get idleMs(): number {
    return this.monotonicMs() - this.#lastMs;
  }

  /** Ends it at once; `onClose` tells so. */
  cut(): void {
    this.socket?.destroy();
  }

  protected override received(chunk: Uint8Array): void {
    this.#heard = true;
    this.#lastMs = this.monotonicMs();
    super.received(chunk);
  }
}

/**
 * Polls meters that call in. From the first open() until dispose() it listens: a call that comes in between is parked, and
 * open() takes the newest parked call or waits for the next one. close() ends the call in use and no other.
 */
export class DialInTransport implements Transport {
  readonly where: string;
  readonly lineKey: string;
  onBytes: (chunk: Uint8Array) => void = () => undefined;
  onClose: (cause?: Error) => void = () => undefined;
  readonly #listener: TcpListener;
  readonly #connectMs: number;
  /** Calls that nobody has opened yet, oldest first. The newest is used: older ones may be what a lost network left behind. */
  readonly #waiting: AcceptedTransport[] = [];
  #current: AcceptedTransport | null = null;
  #wanted: ((call: AcceptedTransport | DlmsError) => void) | null = null;

  /** @param options.connectMs how long open() waits for a call, in ms. Default 60,000. */
  constructor(options: ListenOptions & { readonly connectMs?: number }) {
    this.#listener = new TcpListener(options);
    this.#connectMs = options.connectMs ?? 60_000;
    this.where = `calls to ${this.#listener.where}`;
    this.lineKey = `tcp-server:${this.#listener.where}`;
    this.#listener.onConnection = call => this.#called(call);
  }

  get port(): number {
    return this.#listener.port;
  }

  async open(signal?: AbortSignal): Promise<void> {
    if (this.#current !== null) return;
    if (this.#wanted !== null) throw new DlmsError({ code: 'BAD_STATE', input: 'open', phase: 'opening' });
    if (signal?.aborted === true) throw abortedError(this.where);
    const called = new Promise<AcceptedTransport | DlmsError>(resolve => {
      const settle = (result: AcceptedTransport | DlmsError): void => {
        this.#wanted = null;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      const abort = (): void => settle(abortedError(this.where));
      const afterMs = this.#connectMs;
      const timer = setTimeout(
        () => settle(new DlmsError({ code: 'CONNECT_TIMEOUT', where: this.where, afterMs })),
        afterMs,
      );
      signal?.addEventListener('abort', abort, { once: true });
      this.#wanted = settle;
      const standing = this.#waiting.pop();
      if (standing !== undefined) settle(standing);
      else this.#listener.listen().catch((e: DlmsError) => settle(e)); // listen rejects with nothing else
    });
    const call = await called;
    if (call instanceof DlmsError) throw call;
    this.#use(call);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#current?.write(bytes) ?? Promise.reject(closedError(this.where));
  }

  /** Ends the call; the meter may call again at once. */
  async close(): Promise<void> {
    this.#wanted?.(closedError(this.where));
    const call = this.#current;
    this.#current = null;
    await call?.close();
  }

  /** Stops listening and ends all calls. */
  async dispose(): Promise<void> {
    this.#wanted?.(closedError(this.where));
    this.#current = null;
    this.#waiting.length = 0;
    await this.#listener.close();
  }

  #called(call: AcceptedTransport): void {
    if (this.#wanted !== null) return this.#wanted(call);
    if (this.#waiting.length >= MAX_WAITING) void this.#waiting.shift()?.close();
    this.#waiting.push(call);
    call.onClose = () => {
      const at = this.#waiting.indexOf(call);
      if (at !== -1) this.#waiting.splice(at, 1);
    };
  }

  #use(call: AcceptedTransport): void {
    this.#current = call;
    call.onBytes = chunk => this.onBytes(chunk);
    call.onClose = cause => {
      if (this.#current !== call) return;
      this.#current = null;
      this.onClose(cause);
    };
  }
}

function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** How long the other side may take to accept our end, in ms; then the connection is broken off. */
const CLOSE_MS = 500;
/** Idle times after which a connection may lose its place to another one. */
const SILENT_MS = 60_000;
const IDLE_MS = 3_600_000;
const MAX_WAITING = 16;
const GONE = new Error('closed before the bytes had left');
