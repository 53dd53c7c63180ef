import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { decodeApdu } from '../../src/core/apdu';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { isDlmsError } from '../../src/core/wire/errors';
import { serveTcp, serveUdp, simulatedMeter, type MeterServer } from '../../src/sim/server';
import { AARQ, meterAt, NOW } from './wire';

const ASSOCIATE = encodeWrapper(16, 1, AARQ);

describe('the simulated meter on sockets', () => {
  let server: MeterServer | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.length = 0;
    await server?.close();
    server = undefined;
  });

  async function dial(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  it('answers on TCP, on many connections at a time', async () => {
    server = await serveTcp(simulatedMeter(), { framing: 'wrapper' });
    const both = await Promise.all([dial(server.port), dial(server.port)]);
    for (const socket of both) {
      socket.write(ASSOCIATE);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.equal(decodeApdu(answer.subarray(8)).apdu.type, 'aare');
    }
    assert.equal(server.connections, 2);
  });

  it('serves the second connection when the first has closed, if it takes one at a time', async () => {
    server = await serveTcp(meterAt(NOW, { behaviour: { oneConnection: true } }), { framing: 'wrapper' });
    const first = await dial(server.port);
    first.write(ASSOCIATE);
    await once(first, 'data');
    const second = await dial(server.port);
    let heard = false;
    second.on('data', () => (heard = true));
    second.write(ASSOCIATE);
    first.write(ASSOCIATE);
    await once(first, 'data');
    assert.equal(heard, false, 'while the first is open');
    first.destroy();
    await once(second, 'data');
  });

  it('resets a connection on demand and answers late on demand', async () => {
    const meter = meterAt();
    server = await serveTcp(meter, { framing: 'wrapper' });
    const socket = await dial(server.port);
    meter.fault({ kind: 'slow', ms: 30 });
    const began = performance.now();
    socket.write(ASSOCIATE);
    await once(socket, 'data');
    assert.ok(performance.now() - began >= 25);
    meter.fault({ kind: 'reset' });
    const closed = new Promise(resolve => socket.once('close', resolve));
    socket.write(ASSOCIATE);
    await closed;
  });

  it('frees its port at once, with connections open', async () => {
    server = await serveTcp(meterAt(), { framing: 'hdlc' });
    const { port } = server;
    const socket = await dial(port);
    const closed = new Promise(resolve => socket.once('close', resolve));
    await server.close();
    await closed;
    server = await serveTcp(meterAt(), { framing: 'hdlc', port });
    assert.equal(server.port, port);
  });

  it('says in words that a port is taken', async () => {
    server = await serveTcp(meterAt(), { framing: 'hdlc' });
    const { port } = server;
    await assert.rejects(serveTcp(meterAt(), { framing: 'hdlc', port }), (e: unknown) => {
      assert.ok(isDlmsError(e) && e.code === 'LISTEN_FAILED');
      assert.match(e.message, new RegExp(`127\\.0\\.0\\.1:${port}: the port is in use`));
      return true;
    });
  });

  it('answers on UDP, datagram by datagram', async () => {
    server = await serveUdp(meterAt(), {});
    const socket = createSocket('udp4');
    socket.send(ASSOCIATE, server.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    assert.equal(decodeApdu(answer.subarray(8)).apdu.type, 'aare');
    socket.close();
  });

  it('outlives a peer that sends noise and goes away', async () => {
    const problems: Error[] = [];
    server = await serveTcp(meterAt(), { framing: 'hdlc', onProblem: e => problems.push(e) });
    const socket = await dial(server.port);
    socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n~~~~'));
    socket.resetAndDestroy();
    const next = await dial(server.port);
    next.write(Buffer.from('7ea0070321930f017e', 'hex'));
    const [ua] = (await once(next, 'data')) as [Buffer];
    assert.equal(ua[0], 0x7e);
  });
});
