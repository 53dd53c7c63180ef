// UDP: one datagram is one message. UdpTransport asks one meter, UdpListener hears many.
// The rule of the file: every socket has an error listener for life, and a datagram is never joined with another.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

import { DlmsError } from '../../core/wire/errors';
import { abortedError, closedError, connectError, listenError, lostError } from './net-errors';
import type { Transport } from './transport';

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
  /** Our own port. Default chosen by the system. */
  readonly localPort?: number;
}

/** Talks to one meter; datagrams of others do not reach it. */
export class UdpTransport implements Transport {
  readonly where: string;
  readonly lineKey: string;
  onBytes: (chunk: Uint8Array) => void = () => undefined;
  onClose: (cause?: Error) => void = () => undefined;
  #socket: Socket | null = null;
  #stopOpening: ((error: DlmsError) => void) | null = null;

  constructor(readonly options: UdpOptions) {
    this.where = `udp ${options.host}:${options.port}`;
    this.lineKey = `udp:${options.host}:${options.port}`;
  }

  open(signal?: AbortSignal): Promise<void> {
    if (this.#socket !== null) return Promise.resolve();
    if (this.#stopOpening !== null) {
      return Promise.reject(new DlmsError({ code: 'BAD_STATE', input: 'open', phase: 'opening' }));
    }
    if (signal?.aborted === true) return Promise.reject(abortedError(this.where));
    const { host, port, localPort = 0 } = this.options;
    return new Promise((resolve, reject) => {
      const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      let settled = false;
      const settle = (error?: DlmsError): void => {
        if (settled) return;
        settled = true;
        this.#stopOpening = null;
        signal?.removeEventListener('abort', abort);
        if (error === undefined) return resolve();
        void shut(socket);
        reject(error);
      };
      const abort = (): void => settle(abortedError(this.where));
      this.#stopOpening = settle;
      signal?.addEventListener('abort', abort, { once: true });
      socket.on('error', cause => {
        if (!settled) return settle(connectError(cause, this.where));
        // Nobody listens there (an ICMP message came back): the connection is lost, the process is not.
        if (this.#socket !== socket) return;
        this.#socket = null;
        void shut(socket);
        this.onClose(lostError(cause, this.where));
      });
      socket.on('message', chunk => {
        if (this.#socket === socket) this.onBytes(chunk);
      });
      try {
        socket.bind(localPort, () => {
          if (settled) return;
          socket.connect(port, host, (cause?: Error) => {
            if (settled) return;
            if (cause) return settle(connectError(cause, this.where));
            this.#socket = socket;
            settle();
          });
        });
      } catch (cause) {
        settle(connectError(cause, this.where));
      }
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(closedError(this.where));
    return new Promise((resolve, reject) => {
      socket.send(bytes, cause => (cause ? reject(lostError(cause, this.where)) : resolve()));
    });
  }

  close(): Promise<void> {
    this.#stopOpening?.(closedError(this.where));
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return Promise.resolve();
    return shut(socket);
  }
}

/** Where a datagram came from. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** Hears datagrams of any number of meters. */
export class UdpListener {
  readonly where: string;
  onDatagram: (bytes: Uint8Array, from: Sender) => void = () => undefined;
  onError: (error: DlmsError) => void = () => undefined;
  #socket: Socket | null = null;

  /** @param options.port 0 lets the system choose; see `port`. */
  constructor(readonly options: { readonly port: number; readonly host?: string }) {
    this.where = `udp ${options.host ?? '*'}:${options.port}`;
  }

  get port(): number {
    return this.#socket?.address().port ?? this.options.port;
  }

  /** @throws LISTEN_FAILED */
  listen(): Promise<void> {
    if (this.#socket !== null) return Promise.resolve();
    const { host, port } = this.options;
    // The system would take such a number modulo 65536.
    if (!(port >= 0 && port <= 0xffff)) return Promise.reject(listenError(new Error('no such port'), this.where));
    return new Promise((resolve, reject) => {
      const socket = createSocket(host !== undefined && isIPv6(host) ? 'udp6' : 'udp4');
      let standing = false;
      socket.on('error', cause => {
        if (standing) return this.onError(listenError(cause, this.where));
        void shut(socket);
        reject(listenError(cause, this.where));
      });
      socket.on('message', (chunk: Buffer, from: RemoteInfo) => {
        if (this.#socket === socket) this.onDatagram(chunk, { address: from.address, port: from.port });
      });
      try {
        socket.bind({ port, ...(host === undefined ? {} : { address: host }) }, () => {
          standing = true;
          this.#socket = socket;
          resolve();
        });
      } catch (cause) {
        reject(listenError(cause, this.where));
      }
    });
  }

  send(bytes: Uint8Array, to: Sender): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(closedError(this.where));
    return new Promise((resolve, reject) => {
      socket.send(bytes, to.port, to.address, cause => (cause ? reject(lostError(cause, this.where)) : resolve()));
    });
  }

  close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    return socket === null ? Promise.resolve() : shut(socket);
  }
}

/** Closes a socket that may already be closed. */
function shut(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    try {
      socket.close(() => resolve());
    } catch {
      resolve(); // it was closed already
    }
  });
}
