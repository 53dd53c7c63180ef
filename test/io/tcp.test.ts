import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { DlmsError } from '../../src/core/wire/errors';
import { hex, unhex } from '../../src/core/wire/hex';
import { Rfc2217 } from '../../src/io/transport/rfc2217';
import {
  DialInTransport,
  TcpListener,
  TcpTransport,
  tcpTransport,
  type AcceptedTransport,
} from '../../src/io/transport/tcp';

const HOST = '127.0.0.1';
const FORMAT = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

async function server(onSocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const s = createServer(onSocket).listen(0, HOST);
  await once(s, 'listening');
  return { server: s, port: (s.address() as AddressInfo).port };
}

describe('tcp transport', () => {
  it('says that nobody listens', async () => {
    const { server: s, port } = await server(() => undefined);
    await new Promise(resolve => s.close(resolve));
    await assert.rejects(new TcpTransport({ host: HOST, port }).open(), { code: 'CONNECT_REFUSED' });
  });
  it('says that a name is not known, and that a port is none', async () => {
    await assert.rejects(new TcpTransport({ host: 'meter.invalid', port: 1 }).open(), {
      code: 'CONNECT_FAILED',
      message: /cannot connect to meter\.invalid:1: /,
    });
    await assert.rejects(new TcpTransport({ host: HOST, port: 70_000 }).open(), { code: 'CONNECT_FAILED' });
  });
  it('gives up a connection that nobody answers', async () => {
    const { server: s, port } = await server(() => undefined);
    const transport = new TcpTransport({ host: HOST, port, connectMs: 1 });
    const opening = transport.open();
    // The answer lies there, but the time is up before anybody looks.
    for (const start = Date.now(); Date.now() - start < 20;);
    await assert.rejects(opening, { code: 'CONNECT_TIMEOUT', message: /did not answer .* within 1 ms/ });
    s.close();
  });
  it('lives through a reset right after the connection, and through one in answer to a write', async () => {
    const { server: s, port } = await server(socket => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
    });
    const transport = new TcpTransport({ host: HOST, port });
    const lost = new Promise<Error | undefined>(resolve => (transport.onClose = resolve));
    await transport.open();
    await transport.write(unhex('01'));
    const error = await lost;
    assert.ok(error instanceof DlmsError && error.code === 'CONNECTION_LOST');
    assert.match(error.message, /broke it off|closed by the other side/);
    s.close();
  });
  it('closes although the other side never ends the connection', async () => {
    const far: Socket[] = [];
    const s = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => far.push(socket)).listen(0, HOST);
    await once(s, 'listening');
    const transport = new TcpTransport({ host: HOST, port: (s.address() as AddressInfo).port });
    await transport.open();
    void transport.write(new Uint8Array(5_000_000)).catch(() => undefined);
    const start = Date.now();
    await transport.close();
    assert.ok(Date.now() - start < 3000);
    for (const socket of far) socket.destroy();
    s.close();
  });
  it('writes IPv6 addresses in brackets', () => {
    assert.equal(new TcpTransport({ host: '::1', port: 4059 }).where, '[::1]:4059');
  });
});

describe('tcp listener', () => {
  it('hands over what calls in, with its address, and closes it with itself', async () => {
    const listener = new TcpListener({ port: 0, host: HOST });
    const calls: AcceptedTransport[] = [];
    listener.onConnection = call => calls.push(call);
    await listener.listen();
    await listener.listen();
    const meter = new TcpTransport({ host: HOST, port: listener.port });
    await meter.open();
    while (calls.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
    const [call] = calls as [AcceptedTransport];
    assert.equal(call.remoteAddress, HOST);
    await call.open();
    const got = new Promise<Uint8Array>(resolve => (call.onBytes = resolve));
    await meter.write(unhex('0001'));
    assert.equal(hex(await got), '0001');
    const lost = new Promise(resolve => (meter.onClose = resolve));
    await listener.close();
    await lost;
    await assert.rejects(call.open(), { code: 'CLOSED' });
    await listener.close();
  });
  it('says that a port is in use', async () => {
    const first = new TcpListener({ port: 0, host: HOST });
    await first.listen();
    const second = new TcpListener({ port: first.port, host: HOST });
    await assert.rejects(second.listen(), { code: 'LISTEN_FAILED', message: /in use/ });
    await assert.rejects(new TcpListener({ port: 99_999 }).listen(), { code: 'LISTEN_FAILED' });
    await first.close();
    await second.listen();
    await second.close();
  });
  it('ends an idle connection for a new one only when its places are taken, the longest idle first, and tells so', async () => {
    let now = 0;
    const listener = new TcpListener({ port: 0, host: HOST, maxConnections: 3, monotonicMs: () => now });
    const calls: AcceptedTransport[] = [];
    const told: string[] = [];
    const over: number[] = [];
    listener.onConnection = call => {
      const n = calls.push(call) - 1;
      call.onClose = () => over.push(n);
    };
    listener.onCrowded = (ended, idleMs) => told.push(`${calls.indexOf(ended)} ${idleMs / 60_000}`);
    await listener.listen();
    const sockets: Socket[] = [];
    const call = async (): Promise<Socket> => {
      const socket = createConnection(listener.port, HOST)
        .on('error', () => undefined)
        .resume();
      sockets.push(socket);
      await once(socket, 'connect');
      await tick();
      return socket;
    };
    const tick = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20));
    // Daily pushes over a held connection, one that said something a while ago, one that never did.
    for (const socket of [await call(), await call()]) socket.write('x');
    await tick();
    await call();
    now += 59_000;
    assert.ok((await call()).destroyed);
    assert.deepEqual([told, over, calls.length], [['-1 0'], [], 3]);
    now += 86_400_000 - 59_000;
    sockets[1]?.write('x');
    await tick();
    await call();
    await call();
    await tick();
    assert.deepEqual(told.slice(1), ['2 1440', '0 1440']);
    assert.deepEqual([over, calls.length], [[2, 0], 5]);
    await listener.close();
    for (const socket of sockets) socket.destroy();
  });
  it('closes calls that nobody wants', async () => {
    const listener = new TcpListener({ port: 0, host: HOST });
    await listener.listen();
    const meter = new TcpTransport({ host: HOST, port: listener.port });
    const lost = new Promise(resolve => (meter.onClose = resolve));
    await meter.open();
    await lost;
    await listener.close();
  });
});

describe('polling a meter that calls in', () => {
  it('gives up when no call comes, and says so when the port is taken', async () => {
    const transport = new DialInTransport({ port: 0, host: HOST, connectMs: 30 });
    await assert.rejects(transport.open(), { code: 'CONNECT_TIMEOUT' });
    const other = new DialInTransport({ port: transport.port, host: HOST, connectMs: 1000 });
    await assert.rejects(other.open(), { code: 'LISTEN_FAILED' });
    await Promise.all([other.dispose(), transport.dispose()]);
  });
  it('takes a call that came before it was asked for', async () => {
    const transport = new DialInTransport({ port: 0, host: HOST, connectMs: 30 });
    await assert.rejects(transport.open(), { code: 'CONNECT_TIMEOUT' });
    const meter = new TcpTransport({ host: HOST, port: transport.port });
    await meter.open();
    await new Promise(resolve => setTimeout(resolve, 50));
    await transport.open();
    const got = new Promise<Uint8Array>(resolve => (meter.onBytes = resolve));
    await transport.write(unhex('7e'));
    assert.equal(hex(await got), '7e');
    await Promise.all([meter.close(), transport.dispose()]);
  });
  it('parks a call that comes between two polls, and uses the newest one', async () => {
    const transport = new DialInTransport({ port: 0, host: HOST, connectMs: 2000 });
    const opening = transport.open();
    while (transport.port === 0) await pause(5);
    const calls = [await called(transport.port)];
    await opening;
    await transport.close();
    for (let n = 0; n < 2; n++) calls.push(await called(transport.port));
    await pause(30);
    await transport.open();
    const got = new Promise<Uint8Array>(resolve => ((calls[2] as TcpTransport).onBytes = resolve));
    await transport.write(unhex('7e'));
    assert.equal(hex(await got), '7e');
    await transport.dispose();
    for (const call of calls) await call.close();
  });
  it('keeps the newest calls when more come than it parks', async () => {
    const transport = new DialInTransport({ port: 0, host: HOST, connectMs: 1 });
    await assert.rejects(transport.open(), { code: 'CONNECT_TIMEOUT' });
    const calls: TcpTransport[] = [];
    let lost = 0;
    for (let n = 0; n < 20; n++) {
      const call = await called(transport.port);
      call.onClose = () => void lost++;
      calls.push(call);
    }
    await pause(50);
    assert.equal(lost, 4);
    await transport.open();
    await transport.dispose();
    for (const call of calls) await call.close();
  });
  it('refuses calls once it is disposed of, and its port is free at once', async () => {
    const transport = new DialInTransport({ port: 0, host: HOST, connectMs: 1 });
    await assert.rejects(transport.open(), { code: 'CONNECT_TIMEOUT' });
    const { port } = transport;
    const call = await called(port);
    await transport.dispose();
    await assert.rejects(called(port), { code: 'CONNECT_REFUSED' });
    const next = new TcpListener({ port, host: HOST });
    await next.listen();
    await Promise.all([next.close(), call.close()]);
  });
});

async function called(port: number): Promise<TcpTransport> {
  const meter = new TcpTransport({ host: HOST, port });
  await meter.open();
  return meter;
}
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

describe('RFC 2217', () => {
  it('asks for binary, COM port control and the format', () => {
    assert.equal(
      hex(new Rfc2217(FORMAT).begin()),
      'fffb00fffd00fffb03fffd03fffb2c' +
        'fffa2c0100002580fff0' +
        'fffa2c0208fff0' +
        'fffa2c0301fff0' +
        'fffa2c0401fff0',
    );
  });
  it('doubles FF in data and in values, and takes commands out of data', () => {
    const telnet = new Rfc2217(FORMAT);
    assert.equal(hex(telnet.escape(unhex('01ff02'))), '01ffff02');
    assert.match(hex(telnet.change({ baudRate: 0xff })), /^fffa2c01000000fffffff0/);
    let data = '';
    for (const byte of unhex('41fffd0142ffff43fffa2c6500002580fff044fffb0545fff146'))
      data += hex(telnet.receive(Uint8Array.of(byte)));
    assert.equal(data, '4142ff43444546');
    // DO echo is refused with WONT, WILL status with DONT.
    assert.equal(hex(telnet.takeAnswer()), 'fffc01fffe05');
    assert.equal(hex(telnet.takeAnswer()), '');
  });
  it('changes the format only after what was written has left the far port', async () => {
    let received = '';
    const { server: s, port } = await server(socket => void socket.on('data', chunk => (received += hex(chunk))));
    const transport = tcpTransport({ host: HOST, port, rfc2217: { ...FORMAT, baudRate: 9600 } });
    await transport.open();
    await transport.write(new Uint8Array(48)); // 50 ms at 9600 Bd
    const start = performance.now();
    await transport.setFormat?.({ baudRate: 300, dataBits: 7, parity: 'even' });
    assert.ok(performance.now() - start >= 40);
    while (!received.endsWith('fffa2c010000012cfff0fffa2c0207fff0fffa2c0303fff0fffa2c0401fff0'))
      await once(s, 'x', { signal: AbortSignal.timeout(5) }).catch(() => undefined);
    await transport.close();
    s.close();
  });
  it('has no format to set where the gateway does not speak it', () => {
    assert.equal(tcpTransport({ host: HOST, port: 1 }).setFormat, undefined);
  });
});
