import assert from 'node:assert/strict';

import { DlmsError } from '../../src/core/wire/errors';
import { hex, unhex } from '../../src/core/wire/hex';
import { UdpListener, UdpTransport, type Sender } from '../../src/io/transport/udp';

const HOST = '127.0.0.1';

describe('udp', () => {
  it('hears datagrams with their senders and answers them', async () => {
    const listener = new UdpListener({ port: 0, host: HOST });
    await listener.listen();
    const got = new Promise<[Uint8Array, Sender]>(resolve => (listener.onDatagram = (...args) => resolve(args)));
    const meter = new UdpTransport({ host: HOST, port: listener.port });
    await meter.open();
    const answer = new Promise<Uint8Array>(resolve => (meter.onBytes = resolve));
    await meter.write(unhex('0001'));
    const [bytes, from] = await got;
    assert.equal(hex(bytes), '0001');
    assert.equal(from.address, HOST);
    await listener.send(unhex('02'), from);
    assert.equal(hex(await answer), '02');
    await Promise.all([meter.close(), listener.close(), listener.close()]);
    await assert.rejects(listener.send(unhex('02'), from), { code: 'CLOSED' });
  });
  it('says that a port is in use or is none', async () => {
    const first = new UdpListener({ port: 0, host: HOST });
    await first.listen();
    await assert.rejects(new UdpListener({ port: first.port, host: HOST }).listen(), { code: 'LISTEN_FAILED' });
    await assert.rejects(new UdpListener({ port: 99_999 }).listen(), { code: 'LISTEN_FAILED' });
    await first.close();
  });
  it('lives through a port where nobody listens', async () => {
    const listener = new UdpListener({ port: 0, host: HOST });
    await listener.listen();
    const { port } = listener;
    await listener.close();
    const transport = new UdpTransport({ host: HOST, port });
    const lost = new Promise<Error | undefined>(resolve => (transport.onClose = resolve));
    await transport.open();
    await transport.write(unhex('01'));
    const error = await lost;
    assert.ok(error instanceof DlmsError && error.code === 'CONNECTION_LOST');
    await transport.close();
    await transport.open();
    await transport.close();
  });
  it('says that a name is not known', async () => {
    await assert.rejects(new UdpTransport({ host: 'meter.invalid', port: 4059 }).open(), { code: 'CONNECT_FAILED' });
  });
});
