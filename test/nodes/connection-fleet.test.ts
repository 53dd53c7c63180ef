// One connection for more meters than it may keep sessions with.

import assert from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { Obis } from '../../src/core/obis/obis';
import { NumbersInMemory } from '../../src/io/session/counter-keeper';
import { Lines } from '../../src/io/line/line';
import { parseSettings } from '../../src/io/settings/settings';
import { PooledConnection } from '../../src/nodes/connection/connection';
import { serveTcp, simulatedMeter } from '../../src/sim/server';

const REGISTER = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };

describe('a connection for a fleet', () => {
  const closing: (() => Promise<unknown>)[] = [];
  after(() => Promise.all(closing.map(close => close())));

  it('keeps as many sessions as it may, hangs up the longest unused one for one more, and says so once', async () => {
    const servers = await Promise.all([1, 2, 3, 4].map(() => serveTcp(simulatedMeter(), { framing: 'wrapper' })));
    const logged: string[] = [];
    const store = new NumbersInMemory();
    const connection = new PooledConnection(
      { transport: 'tcp', host: '127.0.0.1', port: '1', interface: 'wrapper', maxSessions: '2' },
      {},
      {
        numbers: store,
        installation: { counters: store },
        log: (level, text) => void (level === 'warning' && logged.push(text)),
        trace: () => undefined,
        bug: error => assert.fail(String(error)),
      },
    );
    closing.push(() => connection.close(), ...servers.map(server => () => server.close()));
    const { signal } = new AbortController();
    const read = (i: number): Promise<unknown> =>
      connection.withSession(session => session.getAll([REGISTER]), { signal, meter: { port: servers[i]?.port } });
    await read(0);
    await read(1);
    assert.deepEqual([connection.sessions, logged], [2, []]);
    await read(2);
    await read(3);
    assert.equal(connection.sessions, 2);
    assert.equal(logged.length, 1);
    assert.match(String(logged[0]), /more than 2 meters/);
    await read(0);
    assert.equal(connection.sessions, 2);
  });

  it('gives thousands of lines back in time that grows as their number', async () => {
    const giveBack = async (count: number): Promise<number> => {
      const lines = new Lines();
      const all = Array.from({ length: count }, (_, i) =>
        lines.acquire(
          parseSettings({ transport: 'tcp', host: '127.0.0.1', port: String(i + 1), interface: 'wrapper' }, {}),
        ),
      );
      const { user } = process.cpuUsage();
      await Promise.all(all.map(line => lines.release(line)));
      return process.cpuUsage().user - user;
    };
    await giveBack(500);
    let [few, many] = [Infinity, Infinity];
    for (let round = 0; round < 5; round++) {
      few = Math.min(few, await giveBack(2000));
      many = Math.min(many, await giveBack(16_000));
    }
    // Eight times as many. When each was looked for in all of them it was forty times and more.
    assert.ok(many < 20 * few + 20_000, `${few} us for 2,000, ${many} us for 16,000`);
  });
});
