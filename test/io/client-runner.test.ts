import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'mocha';
import { Client } from '../../src/core/client/client';
import { WrapperLink } from '../../src/core/link/wrapper';
import { ClientRunner } from '../../src/io/session/client-runner';
import { clientOptions, linkOf } from '../../src/io/session/client-settings';
import { parseSettings } from '../../src/io/settings/settings';
import { TcpTransport } from '../../src/io/transport/tcp';
import type { Transport } from '../../src/io/transport/transport';

describe('the runner of a client', () => {
  it('gives up a port that takes no more bytes, instead of waiting for ever', async () => {
    const settings = parseSettings({ transport: 'tcp', host: 'nowhere', port: '4059', interface: 'wrapper' }, {});
    const stuck: Transport = {
      where: 'a stuck port',
      lineKey: 'stuck',
      open: () => Promise.resolve(),
      write: () => new Promise(() => undefined),
      close: () => Promise.resolve(),
      onBytes: () => undefined,
      onClose: () => undefined,
    };
    const link = linkOf(settings);
    assert.ok(link instanceof WrapperLink);
    const options = clientOptions(settings, {
      challenge: new Uint8Array(16),
      dedicated: false,
      onApdu: () => undefined,
    });
    const runner = new ClientRunner(new Client(link, options), stuck, {
      event: () => undefined,
      lost: () => undefined,
      bytes: () => undefined,
      // Less than nothing: the time of the octets themselves is added.
      writeLimitMs: -3000,
    });
    await assert.rejects(
      runner.run(
        () => runner.client.connect(),
        () => false,
      ),
      { code: 'CONNECTION_LOST', message: /a stuck port was lost: it takes no more bytes/ },
    );
  });

  it('ends a request over a real connection on which one octet comes now and then', async () => {
    const server = createServer(socket => {
      const trickle = setInterval(() => socket.write(Uint8Array.of(0x55)), 30);
      socket.on('error', () => undefined).on('close', () => clearInterval(trickle));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const transport = new TcpTransport({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    await transport.open();
    const link = new WrapperLink({ client: 16, server: 1, responseMs: 100 });
    const settings = parseSettings({ transport: 'tcp', host: 'nowhere', interface: 'wrapper' }, {});
    const options = clientOptions(settings, {
      challenge: new Uint8Array(16),
      dedicated: false,
      onApdu: () => undefined,
    });
    const ignored = { event: () => undefined, lost: () => undefined, bytes: () => undefined };
    const runner = new ClientRunner(new Client(link, options), transport, ignored);
    const asked = runner.run(
      () => runner.client.connect(),
      () => false,
    );
    await assert.rejects(asked, { code: 'NO_ANSWER', message: /bytes came/ });
    await transport.close();
    server.close();
  });
});
