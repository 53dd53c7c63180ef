// A man in the middle of the TCP wrapper: hears every message, may change, answer or swallow it, and collects the counters.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { decodeApdu } from '../../src/core/apdu';
import { isCiphered } from '../../src/core/security';
import { hex } from '../../src/core/wire/hex';

export interface Tap {
  readonly port: number;
  /** What went to the meter, one entry a protected message: counter and the octets behind it. */
  readonly sent: { readonly counter: number; readonly octets: string }[];
  /** What the meter said, header and APDU. */
  readonly answers: Uint8Array[];
  /** What the client hears in place of the meter, which then hears nothing; null: the meter is asked. */
  answer: (apdu: Uint8Array) => Uint8Array | null;
  close(): Promise<void>;
}

export async function wireTap(meterPort: number): Promise<Tap> {
  const sockets = new Set<Socket>();
  const server = createServer(client => {
    const meter = connect(meterPort, '127.0.0.1');
    for (const socket of [client, meter]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        meter.destroy();
      });
    }
    each(client, message => {
      tap.sent.push(...countersOf(message.subarray(8)));
      const own = tap.answer(message.subarray(8));
      if (own === null) meter.write(message);
      else client.write(wrapped(message, own));
    });
    each(meter, message => {
      tap.answers.push(message);
      client.write(message);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tap: Tap = {
    port: (server.address() as AddressInfo).port,
    sent: [],
    answers: [],
    answer: () => null,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return tap;
}

/** Counters that were used for other octets than the first time; a message that is sent again as it was tells nothing. */
export function repeated(sent: Tap['sent']): number[] {
  const seen = new Map<number, string>();
  return sent.flatMap(({ counter, octets }) => {
    const before = seen.get(counter) ?? octets;
    seen.set(counter, before);
    return before === octets ? [] : [counter];
  });
}

function each(socket: Socket, on: (message: Uint8Array) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', chunk => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt16BE(6)) {
      const length = 8 + rest.readUInt16BE(6);
      on(Uint8Array.from(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
  });
}

function countersOf(bytes: Uint8Array): Tap['sent'] {
  const { apdu } = decodeApdu(bytes);
  if (apdu.type === 'aarq' || apdu.type === 'rlrq') {
    return apdu.userInformation === null ? [] : countersOf(apdu.userInformation);
  }
  if (!isCiphered(apdu) || !('ciphered' in apdu)) return [];
  const { ciphered } = apdu;
  const counter = new DataView(ciphered.buffer, ciphered.byteOffset).getUint32(1);
  return [{ counter, octets: hex(ciphered) }];
}

function wrapped(request: Uint8Array, apdu: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + apdu.length);
  message.set([0, 1, ...request.subarray(4, 6), ...request.subarray(2, 4), apdu.length >> 8, apdu.length & 255]);
  message.set(apdu, 8);
  return message;
}
