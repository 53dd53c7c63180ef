// Taking in what others send by themselves: TCP connections and UDP datagrams from any number of meters.
// The rule of the file: a peer can send, reset or vanish as it likes; it never costs more than its own connection, and
// stop() frees the port at once.

import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { DlmsError } from '../core/wire/errors';

export interface PeerEvents {
  /** `source` is the peer's address and port. */
  bytes(chunk: Uint8Array, source: string): void;
  /** The peer closed or was cut; UDP peers never end. */
  ended(source: string): void;
  /** The port itself was lost (network interface gone); listening has ended. */
  lost(error: DlmsError): void;
}

export interface ListeningPort {
  readonly port: number;
  /** Peers connected now; 0 for UDP. */
  readonly peers: number;
  stop(): Promise<void>;
}

export interface ListenOptions {
  /** Empty or absent: all interfaces. */
  readonly host?: string;
  /** 0: the system chooses one. */
  readonly port: number;
  /** More connections than this are refused. Default 200. */
  readonly limit?: number;
}

/** Rejects with LISTEN_FAILED. */
export function listenTcp(options: ListenOptions, events: PeerEvents): Promise<ListeningPort> {
  const peers = new Set<Socket>();
  const server = createServer({ keepAlive: true, keepAliveInitialDelay: 60_000 });
  server.maxConnections = options.limit ?? PEERS_LIMIT;
  server.on('connection', socket => {
    const source = addressOf(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
    peers.add(socket);
    // An error is always followed by close; without this listener it would end the process.
    socket.on('error', () => undefined);
    socket.on('data', chunk => events.bytes(chunk, source));
    socket.on('close', () => {
      peers.delete(socket);
      events.ended(source);
    });
  });
  return new Promise((resolve, reject) => {
    let isUp = false;
    server.on('error', cause => {
      const error = failed(options, cause);
      if (isUp) events.lost(error);
      else reject(error);
    });
    server.listen({ port: options.port, host: options.host === '' ? undefined : options.host }, () => {
      isUp = true;
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : options.port,
        get peers() {
          return peers.size;
        },
        stop: () =>
          new Promise(done => {
            server.close(() => done());
            for (const socket of peers) socket.destroy();
          }),
      });
    });
  });
}

/** Rejects with LISTEN_FAILED. */
export function listenUdp(options: ListenOptions, events: PeerEvents): Promise<ListeningPort> {
  const socket = createSocket({ type: options.host?.includes(':') ? 'udp6' : 'udp4', reuseAddr: false });
  return new Promise((resolve, reject) => {
    let isUp = false;
    let isOpen = true;
    const close = (): Promise<void> =>
      new Promise(done => {
        if (!isOpen) return done();
        isOpen = false;
        socket.close(() => done());
      });
    socket.on('message', (chunk, peer) => events.bytes(chunk, addressOf(peer.address, peer.port)));
    socket.on('error', cause => {
      const error = failed(options, cause);
      if (!isUp) reject(error);
      else if (isOpen) events.lost(error);
      void close();
    });
    socket.bind(options.port, options.host === '' ? undefined : options.host, () => {
      isUp = true;
      resolve({ port: socket.address().port, peers: 0, stop: close });
    });
  });
}

function addressOf(address: string, port: number): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

function failed(options: ListenOptions, cause: NodeJS.ErrnoException): DlmsError {
  const where = `${options.host === undefined || options.host === '' ? '*' : options.host}:${options.port}`;
  const reason = REASONS[cause.code ?? ''] ?? cause.message;
  return new DlmsError({ code: 'LISTEN_FAILED', where, reason }, { cause });
}

const PEERS_LIMIT = 200;
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'no permission for this port (ports below 1024 need one)',
  EADDRNOTAVAIL: 'this computer has no such address',
};
