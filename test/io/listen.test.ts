import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import type { DlmsError } from '../../src/core/wire/errors';
import { hex } from '../../src/core/wire/hex';
import { listenTcp, listenUdp, type ListeningPort, type PeerEvents } from '../../src/io/listen';

class Heard implements PeerEvents {
  readonly log: string[] = [];
  #wake: () => void = () => undefined;
  bytes(chunk: Uint8Array, source: string): void {
    this.#add(`${hex(chunk)} from ${source}`);
  }
  ended(source: string): void {
    this.#add(`end of ${source}`);
  }
  lost(error: DlmsError): void {
    this.#add(error.code);
  }
  #add(line: string): void {
    this.log.push(line);
    this.#wake();
  }
  async until(count: number): Promise<void> {
    while (this.log.length < count) await new Promise<void>(resolve => (this.#wake = resolve));
  }
}

describe('listening for meters that call', () => {
  const open: ListeningPort[] = [];
  const sockets: Socket[] = [];
  const caller = (port: number): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
      sockets.push(socket);
    });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(open.splice(0).map(p => p.stop()));
  });

  it('tells the streams of two TCP peers apart and survives a reset', async () => {
    const heard = new Heard();
    const listening = await listenTcp({ host: '127.0.0.1', port: 0 }, heard);
    open.push(listening);
    const [a, b] = [await caller(listening.port), await caller(listening.port)];
    const [nameA, nameB] = [`127.0.0.1:${a.localPort}`, `127.0.0.1:${b.localPort}`];
    a.write(Uint8Array.of(1));
    await heard.until(1);
    b.write(Uint8Array.of(2));
    await heard.until(2);
    a.resetAndDestroy();
    await heard.until(3);
    assert.deepEqual(heard.log, [`01 from ${nameA}`, `02 from ${nameB}`, `end of ${nameA}`]);
    assert.equal(listening.peers, 1);
  });

  it('frees the port at once although a peer is connected', async () => {
    const first = await listenTcp({ host: '127.0.0.1', port: 0 }, new Heard());
    await caller(first.port);
    await first.stop();
    const again = await listenTcp({ host: '127.0.0.1', port: first.port }, new Heard());
    open.push(again);
    assert.equal(again.port, first.port);
  });

  it('takes in datagrams', async () => {
    const heard = new Heard();
    const listening = await listenUdp({ host: '127.0.0.1', port: 0 }, heard);
    open.push(listening);
    const socket = createSocket('udp4');
    socket.send(Uint8Array.of(0xc0, 1), listening.port, '127.0.0.1');
    await heard.until(1);
    assert.match(heard.log[0] as string, /^c001 from 127\.0\.0\.1:\d+$|^c0 01 from 127\.0\.0\.1:\d+$/);
    socket.close();
  });

  for (const [name, listen] of [['TCP', listenTcp] as const, ['UDP', listenUdp] as const]) {
    it(`says that a ${name} port is in use`, async () => {
      const first = await listen({ host: '127.0.0.1', port: 0 }, new Heard());
      open.push(first);
      await assert.rejects(listen({ host: '127.0.0.1', port: first.port }, new Heard()), {
        code: 'LISTEN_FAILED',
        message: /the port is in use/,
      });
    });
  }
});
