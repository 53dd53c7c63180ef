// A small MQTT broker on a port of its own.

import { createServer, type AddressInfo, type Server } from 'node:net';

export interface Broker {
  readonly port: number;
  close(): void;
}

export async function startBroker(): Promise<Broker> {
  // An ES module.
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  // What arrives in one chunk it handles side by side: a retained message, which it stores first, then comes after the next
  // one, looks older and is dropped. One after the other, as MQTT wants it of a broker.
  let turn = Promise.resolve();
  aedes.authorizePublish = (_client, _packet, allow) => {
    turn = turn.then(() => {
      const published = new Promise<void>(resolve => {
        const done = (_: unknown, client: unknown): void => {
          if (client === null) return;
          aedes.off('publish', done);
          resolve();
        };
        aedes.on('publish', done);
      });
      allow(null);
      return published;
    });
  };
  const server: Server = createServer(socket => {
    // Aedes takes any duplex stream.
    aedes.handle(socket as never);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      aedes.close();
      server.close();
    },
  };
}
