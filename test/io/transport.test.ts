// What every transport owes its user, asked of each implementation over the real thing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { SerialPort } from 'serialport';

import { DlmsError } from '../../src/core/wire/errors';
import { concat, hex, unhex } from '../../src/core/wire/hex';
import { memoryPair } from '../../src/io/transport/memory';
import { Rfc2217 } from '../../src/io/transport/rfc2217';
import { SerialTransport } from '../../src/io/transport/serial';
import { DialInTransport, Rfc2217Transport, TcpTransport } from '../../src/io/transport/tcp';
import type { Transport } from '../../src/io/transport/transport';
import { UdpTransport } from '../../src/io/transport/udp';
import { SOCAT_MISSING, hasSocat, serialPair } from './serial-pair';

const FORMAT = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

/** The other end of a transport under test. */
interface Far {
  send(bytes: Uint8Array): void;
  received: Uint8Array;
  /** Breaks the line from outside; absent where nobody would notice. */
  drop?: () => void | Promise<void>;
  end(): Promise<void>;
}
interface Bench {
  readonly name: string;
  /** Largest piece that must pass at once. */
  readonly most: number;
  make(): Promise<{ ours: Transport; far: Far }>;
}

/** Until `done` holds; fails after two seconds. */
async function until(done: () => boolean, what = 'it'): Promise<void> {
  for (let n = 0; !done(); n++) {
    assert.ok(n < 400, `${what} did not happen`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function collect(transport: Transport): { bytes: Uint8Array; closes: (Error | undefined)[] } {
  const seen = { bytes: new Uint8Array(0) as Uint8Array, closes: [] as (Error | undefined)[] };
  transport.onBytes = chunk => (seen.bytes = concat(seen.bytes, chunk));
  transport.onClose = cause => void seen.closes.push(cause);
  return seen;
}

function tcpBench(name: string, make: (port: number) => Transport, telnet = false): Bench {
  return {
    name,
    most: 300_000,
    make: async () => {
      const sockets: Socket[] = [];
      const far: Far = {
        received: new Uint8Array(0),
        send: bytes => void sockets.at(-1)?.write(bytes),
        drop: () => void sockets.at(-1)?.resetAndDestroy(),
        end: async () => {
          for (const s of sockets) s.destroy();
          await new Promise(resolve => server.close(resolve));
        },
      };
      const server = createServer(socket => {
        socket.on('error', () => undefined);
        const gateway = telnet ? new Rfc2217(FORMAT) : null;
        socket.on('data', chunk => (far.received = concat(far.received, gateway?.receive(chunk) ?? chunk)));
        sockets.push(socket);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { ours: make((server.address() as AddressInfo).port), far };
    },
  };
}

const benches: Bench[] = [
  tcpBench('tcp', port => new TcpTransport({ host: '127.0.0.1', port })),
  tcpBench('tcp with RFC 2217', port => new Rfc2217Transport({ host: '127.0.0.1', port, rfc2217: FORMAT }), true),
  {
    name: 'tcp, called by the meter',
    most: 300_000,
    make: async () => {
      const ours = new DialInTransport({ port: 0, host: '127.0.0.1', connectMs: 2000 });
      let socket: Socket | null = null;
      let ended = false;
      const far: Far = {
        received: new Uint8Array(0),
        send: bytes => void socket?.write(bytes),
        drop: () => void socket?.resetAndDestroy(),
        end: async () => {
          ended = true;
          socket?.destroy();
          await ours.dispose();
        },
      };
      // The meter calls whenever somebody listens and it is not connected.
      const { Socket: Caller } = await import('node:net');
      const call = (): void => {
        if (ended) return;
        const caller = new Caller();
        caller.on('error', () => undefined);
        caller.on('data', chunk => (far.received = concat(far.received, chunk)));
        caller.on('close', () => setTimeout(call, 10));
        caller.once('connect', () => (socket = caller));
        if (ours.port === 0) setTimeout(call, 10);
        else caller.connect(ours.port, '127.0.0.1');
      };
      call();
      return { ours, far };
    },
  },
  {
    name: 'udp',
    most: 9000,
    make: async () => {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      let peer = 0;
      const far: Far = {
        received: new Uint8Array(0),
        send: bytes => socket.send(bytes, peer, '127.0.0.1'),
        end: () => new Promise(resolve => socket.close(() => resolve())),
      };
      socket.on('message', (chunk, from) => {
        peer = from.port;
        far.received = concat(far.received, chunk);
      });
      return { ours: new UdpTransport({ host: '127.0.0.1', port: socket.address().port }), far };
    },
  },
  ...[Infinity, 1].map((chunk): Bench => ({
    name: chunk === 1 ? 'memory, byte by byte' : 'memory',
    most: 5000,
    make: async () => {
      const [ours, other] = memoryPair({ chunk });
      other.onClose = () => void other.open().catch(() => undefined);
      await other.open();
      const far: Far = {
        received: new Uint8Array(0),
        send: bytes => void other.write(bytes),
        drop: () => other.close(),
        end: () => other.close(),
      };
      other.onBytes = bytes => (far.received = concat(far.received, bytes));
      return { ours, far };
    },
  })),
  {
    name: 'serial',
    most: 20_000,
    make: async () => {
      const pair = await serialPair();
      const port = new SerialPort({ path: pair.far, baudRate: 9600, autoOpen: false });
      port.on('error', () => undefined);
      await new Promise<void>((resolve, reject) => port.open(e => (e ? reject(e) : resolve())));
      const far: Far = {
        received: new Uint8Array(0),
        send: bytes => void port.write(bytes),
        drop: () => pair.pull(),
        end: async () => {
          if (port.isOpen) await new Promise(resolve => port.close(resolve));
          await pair.pull();
        },
      };
      port.on('data', (chunk: Uint8Array) => (far.received = concat(far.received, chunk)));
      return { ours: new SerialTransport({ path: pair.near, ...FORMAT }), far };
    },
  },
];

describe('transport', () => {
  const unhandled: unknown[] = [];
  const note = (e: unknown): void => void unhandled.push(e);
  before(() => process.on('uncaughtExceptionMonitor', note).on('unhandledRejection', note));
  after(() => {
    process.off('uncaughtExceptionMonitor', note).off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });

  for (const bench of benches) {
    describe(bench.name, () => {
      let ours: Transport;
      let far: Far;
      beforeEach(async function () {
        if (bench.name === 'serial' && !hasSocat()) {
          console.log(`      ${SOCAT_MISSING}`);
          return this.skip();
        }
        ({ ours, far } = await bench.make());
      });
      afterEach(async () => {
        await ours?.close();
        await far?.end();
      });

      it('names itself and its line', () => {
        assert.ok(ours.where.length > 3 && ours.lineKey.length > 3);
      });
      it('carries bytes both ways, all values, in order', async () => {
        const seen = collect(ours);
        await ours.open();
        const all = Uint8Array.from({ length: 256 }, (_, i) => i);
        await ours.write(all);
        await until(() => far.received.length >= 256, 'receiving');
        assert.equal(hex(far.received), hex(all));
        far.send(bench.name.includes('2217') ? concat(all, unhex('ff')) : all);
        await until(() => seen.bytes.length >= 256, 'receiving');
        assert.equal(hex(seen.bytes), hex(all));
      });
      it('keeps the order of writes that nobody waits for, and of a large one', async () => {
        await ours.open();
        const parts = Array.from({ length: 20 }, (_, i) => new Uint8Array(10).fill(i));
        await Promise.all(parts.map(part => ours.write(part)));
        const large = Uint8Array.from({ length: bench.most }, (_, i) => i % 251);
        await ours.write(large);
        const want = concat(...parts, large);
        await until(() => far.received.length >= want.length, 'receiving');
        assert.equal(Buffer.compare(far.received, want), 0);
      });
      it('rejects a write before open and after close', async () => {
        await assert.rejects(ours.write(unhex('7e')), { code: 'CLOSED' });
        await ours.open();
        await ours.close();
        await assert.rejects(ours.write(unhex('7e')), { code: 'CLOSED' });
      });
      it('can be closed at any time, twice, and says nothing about it', async () => {
        const seen = collect(ours);
        await ours.close();
        await ours.open();
        await Promise.all([ours.close(), ours.close()]);
        await ours.close();
        assert.deepEqual(seen.closes, []);
      });
      it('can be closed while it opens, and opened again', async () => {
        const opening = ours.open();
        const refused = assert.rejects(opening, { code: 'CLOSED' });
        await Promise.all([ours.close(), refused]);
        await ours.open();
        await ours.write(unhex('0102'));
        await until(() => far.received.length >= 2, 'receiving');
      });
      it('stops opening on an abort, also one that came before', async () => {
        await assert.rejects(ours.open(AbortSignal.abort()), { code: 'ABORTED' });
        const controller = new AbortController();
        const opening = assert.rejects(ours.open(controller.signal), { code: 'ABORTED' });
        controller.abort();
        await opening;
        await ours.open(new AbortController().signal);
      });
      it('opens again after it was closed, without bytes of the old connection', async () => {
        const seen = collect(ours);
        await ours.open();
        await ours.write(unhex('01'));
        await until(() => far.received.length === 1, 'receiving');
        await ours.close();
        await ours.open();
        await ours.write(unhex('02'));
        await until(() => far.received.length === 2, 'receiving');
        far.send(unhex('03'));
        await until(() => seen.bytes.length === 1, 'receiving');
        assert.equal(hex(far.received), '0102');
        assert.deepEqual(seen.closes, []);
      });
      it('tells once when the other side breaks the line, and rejects writes', async function () {
        const seen = collect(ours);
        await ours.open();
        await ours.write(unhex('01'));
        await until(() => far.received.length === 1, 'receiving');
        if (far.drop === undefined) return this.skip();
        const large = ours.write(new Uint8Array(Math.min(bench.most, 60_000)));
        void large.catch(() => undefined);
        await far.drop();
        await until(() => seen.closes.length > 0, 'onClose');
        const [cause] = seen.closes;
        assert.ok(cause instanceof DlmsError && cause.code === 'CONNECTION_LOST', String(cause));
        await assert.rejects(ours.write(unhex('7e')), { code: 'CLOSED' });
        await Promise.allSettled([large]);
        await ours.close();
        assert.equal(seen.closes.length, 1);
      });
    });
  }
});
