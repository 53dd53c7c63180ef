// Simulated meters on real lines: TCP, UDP, and any Transport (serial, memory). The only file of sim with timers and sockets.
// The rule of the file: nothing a peer sends or does leaves it as an exception; close() frees everything at once.

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { DlmsError } from '../core/wire/errors';
import type { Transport } from '../io/transport/transport';
import { SimulatedMeter, type MeterOptions } from './meter';
import { MeterPort, type Framing, type PortStep } from './port';

export interface ServeOptions {
  readonly framing: Framing;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 or absent: the system chooses one. */
  readonly port?: number;
  /** What went wrong in a peer's bytes, or a mistake of ours; the server goes on. */
  readonly onProblem?: (error: Error) => void;
}

export interface MeterServer extends OpenServer {
  /** An APDU that nobody asked for, to all who are connected. */
  push(apdu: Uint8Array): void;
}

export interface OpenServer {
  readonly port: number;
  /** Open connections; with UDP the peers heard of. */
  readonly connections: number;
  /** Called when `connections` changes. */
  onChange: () => void;
  /** Resolves when the port is free; connections are cut. */
  close(): Promise<void>;
}

/** A meter with the time and the randomness of this computer. What it sends is counted on over its restarts. */
export function simulatedMeter(options: Partial<MeterOptions> = {}): SimulatedMeter {
  return new SimulatedMeter({
    now: Date.now,
    random: n => new Uint8Array(randomBytes(n)),
    serverCounter: countedByTheClock,
    ...options,
  });
}

/**
 * A meter keeps its counter when the power goes; ours has nothing to keep it in. The clock gives it a number that is above all
 * of an earlier run which sent no more than eight messages a second. One count for all meters of the process, because most of
 * them have the same keys and system title. It begins in 2025 and reaches its end in 2042.
 */
function countedByTheClock(): number {
  lastSent = Math.max(lastSent + 1, Math.floor((Date.now() - COUNTED_FROM_MS) / 125));
  return lastSent;
}

let lastSent = 0;
const COUNTED_FROM_MS = Date.UTC(2025, 0, 1);

/** Each connection is a line of its own to the same meters. Rejects with LISTEN_FAILED. */
export function serveTcp(
  meters: SimulatedMeter | readonly SimulatedMeter[],
  options: ServeOptions,
): Promise<MeterServer> {
  const all = listOf(meters);
  const sockets = new Set<Socket>();
  /** Those that wait because the meter takes one at a time. */
  const waiting: Socket[] = [];
  const attended = new Set<Line>();
  let serving = 0;
  const listener = createServer({ noDelay: true, keepAlive: true });
  const server = handle();
  listener.on('connection', socket => {
    sockets.add(socket);
    server.onChange();
    socket.on('error', error => options.onProblem?.(error));
    socket.on('close', () => {
      sockets.delete(socket);
      server.onChange();
    });
    if (serving > 0 && all.some(m => m.behaviour.oneConnection)) waiting.push(socket);
    else attend(socket);
  });
  return listening(listener, options, () => listener.listen(options.port ?? 0, options.host ?? HOST)).then(
    () => server,
  );

  function attend(socket: Socket): void {
    serving++;
    const line = new Line(
      all,
      options,
      bytes => void socket.write(bytes),
      () => socket.resetAndDestroy(),
    );
    attended.add(line);
    socket.on('data', chunk => line.receive(chunk));
    socket.on('close', () => {
      serving--;
      attended.delete(line);
      line.close();
      const next = waiting.shift();
      if (next !== undefined && !next.destroyed) attend(next);
    });
    if (socket.destroyed) socket.emit('close');
  }

  function handle(): MeterServer {
    return {
      get port() {
        return (listener.address() as AddressInfo).port;
      },
      get connections() {
        return sockets.size;
      },
      onChange: () => undefined,
      push: apdu => {
        for (const line of attended) line.push(apdu);
      },
      close: () =>
        new Promise(resolve => {
          waiting.length = 0;
          listener.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        }),
    };
  }
}

/** Each datagram is one message of the wrapper; each peer has its own associations. Rejects with LISTEN_FAILED. */
export function serveUdp(
  meters: SimulatedMeter | readonly SimulatedMeter[],
  options: Omit<ServeOptions, 'framing'>,
): Promise<MeterServer> {
  const all = listOf(meters);
  const peers = new Map<string, Line>();
  const socket = createSocket('udp4');
  const server: MeterServer = {
    get port() {
      return socket.address().port;
    },
    get connections() {
      return peers.size;
    },
    onChange: () => undefined,
    push: apdu => {
      for (const line of peers.values()) line.push(apdu);
    },
    close: () =>
      new Promise(resolve => {
        for (const line of peers.values()) line.close();
        peers.clear();
        socket.close(() => resolve());
      }),
  };
  socket.on('message', (datagram, from) => {
    const key = `${from.address}:${from.port}`;
    let line = peers.get(key);
    if (line === undefined) {
      const send = (bytes: Uint8Array): void => socket.send(bytes, from.port, from.address);
      line = new Line(all, { ...options, framing: 'wrapper' }, send, () => peers.delete(key), 'datagram');
      forgetOldest(peers);
      peers.set(key, line);
      server.onChange();
    }
    line.receive(datagram);
  });
  return listening(socket, options, () => socket.bind(options.port ?? 0, options.host ?? HOST)).then(() => server);
}

/** Meters on an opened transport, for example one end of a serial pair. Closing stops them; the transport stays open. */
export function serveTransport(
  meters: SimulatedMeter | readonly SimulatedMeter[],
  transport: Transport,
  options: Pick<ServeOptions, 'framing' | 'onProblem'>,
): { push(apdu: Uint8Array): void; close(): void } {
  const problem = (error: Error): void => options.onProblem?.(error);
  const line = new Line(
    listOf(meters),
    options,
    bytes => void transport.write(bytes).catch(problem),
    () => void transport.close(),
  );
  transport.onBytes = chunk => line.receive(chunk);
  transport.onClose = () => line.close();
  return { push: apdu => line.push(apdu), close: () => line.close() };
}

/** One MeterPort with its timer. */
class Line {
  readonly #port: MeterPort;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    meters: readonly SimulatedMeter[],
    readonly options: Pick<ServeOptions, 'framing' | 'onProblem'>,
    readonly write: (bytes: Uint8Array) => void,
    readonly reset: () => void,
    mode: 'stream' | 'datagram' = 'stream',
  ) {
    this.#port = new MeterPort(meters, { framing: options.framing, mode });
  }

  receive(chunk: Uint8Array): void {
    this.#drive(() => this.#port.receive(chunk));
  }

  push(apdu: Uint8Array): void {
    this.#drive(() => this.#port.push(apdu));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#port.close();
  }

  #drive(input: () => PortStep): void {
    if (this.#closed) return;
    try {
      const { write, events, waitMs } = input();
      for (const bytes of write) this.write(bytes);
      for (const event of events) {
        if (event.type === 'dropped') this.options.onProblem?.(event.error);
        else return this.#end();
      }
      if (waitMs === null) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#drive(() => this.#port.timeout()), waitMs);
    } catch (e) {
      // A mistake of ours, met by a peer's bytes: the peer loses its connection, the process goes on.
      this.options.onProblem?.(e as Error);
      this.#end();
    }
  }

  #end(): void {
    this.close();
    this.reset();
  }
}

interface Listener {
  once(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'listening', listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Resolves when the port is open; rejects with LISTEN_FAILED. */
export function listening(
  listener: Listener,
  options: Pick<ServeOptions, 'host' | 'port' | 'onProblem'>,
  start: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      const where = `${options.host ?? HOST}:${options.port ?? 0}`;
      const reason = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'the port is in use' : cause.message;
      reject(new DlmsError({ code: 'LISTEN_FAILED', where, reason }, { cause }));
    };
    listener.once('error', failed);
    listener.once('listening', () => {
      listener.off('error', failed);
      listener.on('error', error => options.onProblem?.(error));
      resolve();
    });
    start();
  });
}

function listOf(meters: SimulatedMeter | readonly SimulatedMeter[]): readonly SimulatedMeter[] {
  return meters instanceof SimulatedMeter ? [meters] : meters;
}

function forgetOldest(peers: Map<string, Line>): void {
  if (peers.size < PEER_LIMIT) return;
  const [key, line] = peers.entries().next().value as [string, Line];
  line.close();
  peers.delete(key);
}

const HOST = '127.0.0.1';
/** Peers of a UDP port that are remembered. */
const PEER_LIMIT = 256;
