// A server that answers anything, at any time, and hangs up where it likes. The rule of these tests: each request ends in a
// value or in one DlmsError within its time limits, and nothing is left unhandled.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { Obis } from '../../src/core/obis/obis';
import { isDlmsError } from '../../src/core/wire/errors';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { seeded } from '../feed';

const NAME = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
/** An association accepted without proof, as the simulated meter would say it. */
const AARE = Uint8Array.from(
  '6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e9dffff0007'
    .match(/../g)
    ?.map(h => parseInt(h, 16)) ?? [],
);

/** Answers each chunk with what `answer` makes of the dice; null cuts the connection. */
async function hostile(answer: (random: (n: number) => number, turn: number) => Uint8Array | null) {
  const random = seeded(4059);
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let turn = 0;
    socket.on('data', () => {
      const bytes = answer(random, turn++);
      if (bytes === null) {
        if (random(2) === 0) socket.resetAndDestroy();
        else socket.end();
      } else if (bytes.length > 0) socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

const noise = (random: (n: number) => number, most: number): Uint8Array =>
  Uint8Array.from({ length: random(most) }, () => random(256));

describe('session: a hostile server', () => {
  const unhandled: unknown[] = [];
  const told = (reason: unknown): void => void unhandled.push(reason);
  before(() => process.on('unhandledRejection', told));
  after(() => process.off('unhandledRejection', told));

  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const [name, answer] of [
      ['noise', random => (random(6) === 0 ? null : noise(random, 300))],
      ['noise in frames that fit', random => (random(8) === 0 ? null : encodeWrapper(1, 16, noise(random, 60)))],
      [
        'an association, and noise after it',
        (random, turn) => {
          if (turn === 0) return encodeWrapper(1, 16, AARE);
          return random(6) === 0
            ? null
            : encodeWrapper(1, 16, Uint8Array.of(0xc4, 1 + random(3), ...noise(random, 40)));
        },
      ],
    ] as readonly [string, (random: (n: number) => number, turn: number) => Uint8Array | null][]) {
      it(`ends each request over ${framing} in one error when it sends ${name}`, async () => {
        const server = await hostile(answer);
        let now = 0;
        const settings = { host: '127.0.0.1', port: server.port, interface: framing, answerTimeout: 60 };
        const session = new Session(parseSettings(settings), {
          lines: new Lines(new LineQueues()),
          // Time passes at once where a meter is left alone for a while.
          monotonicMs: () => (now += 60_000),
        });
        const from = performance.now();
        for (let n = 0; n < 25; n++) {
          const outcome = await session.get(NAME).then(
            () => null,
            (e: unknown) => e,
          );
          if (outcome !== null && !isDlmsError(outcome)) throw outcome;
          if (isDlmsError(outcome)) assert.notEqual(outcome.code, 'INTERNAL');
        }
        // 25 requests, two attempts each at the most, some silences of 60 ms within an attempt, farewells.
        assert.ok(performance.now() - from < 20_000);
        await session.close();
        await server.close();
        await new Promise(resolve => setImmediate(resolve));
        assert.deepEqual(unhandled, []);
      }).timeout(30_000);
    }
  }
});
