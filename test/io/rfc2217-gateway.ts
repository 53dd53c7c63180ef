// A TCP gateway with COM port control in front of a meter: it takes telnet commands out, doubles FF, and its serial side
// carries nothing but zeros while its speed is not the meter's.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { hex } from '../../src/core/wire/hex';
import { Rfc2217 } from '../../src/io/transport/rfc2217';

export interface Gateway {
  readonly port: number;
  /** All that came, commands included, as hex. */
  readonly received: string;
  close(): Promise<void>;
}

export async function rfc2217Gateway(meterPort: number, baud: number): Promise<Gateway> {
  let received = '';
  const sockets = new Set<Socket>();
  const server = createServer(caller => {
    // The same telnet grammar both ways; as a gateway it only takes apart and doubles.
    const telnet = new Rfc2217({ baudRate: baud, dataBits: 8, parity: 'none', stopBits: 1 });
    const meter = connect(meterPort, '127.0.0.1');
    for (const socket of [caller, meter]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    let commands = '';
    caller.on('data', chunk => {
      received += hex(chunk);
      commands += hex(chunk);
      const data = telnet.receive(chunk);
      const fits = commands.includes(`fffa2c01${baud.toString(16).padStart(8, '0')}fff0`);
      if (data.length > 0) meter.write(fits ? data : new Uint8Array(data.length));
    });
    meter.on('data', chunk => caller.write(telnet.escape(chunk)));
    caller.on('close', () => meter.destroy());
    meter.on('close', () => caller.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get received() {
      return received;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
