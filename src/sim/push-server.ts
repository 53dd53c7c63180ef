// A simulated meter that pushes by itself: every so often a telegram, to whoever is connected and to whoever asked here.
// The rule of the file: its time comes from this computer; the telegrams themselves are made by PushSource.

import { createServer, type AddressInfo, type Socket } from 'node:net';

import { readDateTime } from '../core/cosem/date-time';
import { concat } from '../core/wire/hex';
import { MeterClock } from './meter-clock';
import { PushSource, type PushFormat } from './push-source';
import { listening } from './server';

export interface PushServerOptions {
  readonly format: PushFormat;
  /** IANA name. */
  readonly zone: string;
  /** 0: only when asked by push(). */
  readonly intervalMs: number;
  readonly host?: string;
  /** Where it can be listened to, as at a serial-to-Ethernet gateway; null: nowhere. 0: the system chooses. */
  readonly port: number | null;
  /** Each telegram, whole. */
  readonly onTelegram: (bytes: Uint8Array) => void;
}

export interface PushServer {
  readonly port: number | null;
  readonly connections: number;
  readonly pushed: number;
  onChange: () => void;
  /** One telegram now. */
  push(): void;
  close(): Promise<void>;
}

/** Rejects with LISTEN_FAILED; throws BAD_SETTING for an unknown zone. */
export async function servePushes(options: PushServerOptions): Promise<PushServer> {
  const clock = new MeterClock(options.zone);
  const source = new PushSource(options.format);
  const beganMs = performance.now();
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true, keepAlive: true });
  let pushed = 0;
  const server: PushServer = {
    get port() {
      return options.port === null ? null : (listener.address() as AddressInfo).port;
    },
    get connections() {
      return sockets.size;
    },
    get pushed() {
      return pushed;
    },
    onChange: () => undefined,
    push: () => {
      const nowMs = Date.now();
      const bytes = concat(
        ...source.next(readDateTime(clock.octets(nowMs)), Math.floor((performance.now() - beganMs) / 1000)),
      );
      pushed++;
      for (const socket of sockets) {
        // Who does not read is let go, so that nothing piles up.
        if (socket.writableLength > BACKLOG_BYTES) socket.destroy();
        else socket.write(bytes);
      }
      options.onTelegram(bytes);
    },
    close: () =>
      new Promise(resolve => {
        clearInterval(timer);
        if (options.port === null) return resolve();
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  listener.on('connection', socket => {
    sockets.add(socket);
    server.onChange();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      server.onChange();
    });
    socket.resume();
  });
  const { host = '127.0.0.1', port } = options;
  if (port !== null) await listening(listener, { host, port }, () => listener.listen(port, host));
  const timer = options.intervalMs > 0 ? setInterval(() => server.push(), options.intervalMs) : undefined;
  return server;
}

/** Octets that may wait for a slow reader. */
const BACKLOG_BYTES = 1_048_576;
