// Our session reads a meter that the Gurux Java library serves; what it holds is written in JavaMeter.java.

import assert from 'node:assert/strict';

import { readDateTime } from '../../src/core/cosem/date-time';
import type { ProfileRow } from '../../src/core/cosem/profile';
import { Obis } from '../../src/core/obis/obis';
import { fromLatin1 } from '../../src/core/wire/hex';
import { isDlmsError } from '../../src/core/wire/errors';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { installPeers, startJavaMeter, type JavaMeter } from './peers';

const FIRST_ROW = Date.UTC(2026, 0, 1);
const PROFILE = Obis.parse('1-0:99.1.0*255');
const KEYS = {
  encryptionKey: '505152535455565758595a5b5c5d5e5f',
  authenticationKey: '909192939495969798999a9b9c9d9e9f',
};
const ACCESS = {
  none: { settings: { clientAddress: 16 }, credentials: {} },
  low: { settings: { clientAddress: 17, authentication: 'low' }, credentials: { password: 'interop-low' } },
  gmac: {
    settings: {
      clientAddress: 1,
      authentication: 'high-gmac',
      security: 'authentication-encryption',
      systemTitle: '4d46430000000001',
      counterObject: 'none',
    },
    credentials: KEYS,
  },
} as const;

describe('our session reads the Java meter', () => {
  let meter: JavaMeter;
  let session: Session | undefined;

  before(async function () {
    this.timeout(600_000);
    await installPeers();
    meter = await startJavaMeter();
  });
  after(() => meter.stop());
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });

  function open(framing: 'hdlc' | 'wrapper', access: keyof typeof ACCESS, more: Record<string, unknown> = {}): Session {
    const { settings, credentials } = ACCESS[access];
    const properties = {
      host: '127.0.0.1',
      port: meter[framing],
      interface: framing,
      timezone: 'UTC',
      ...settings,
      ...more,
    };
    session = new Session(parseSettings(properties, credentials));
    return session;
  }

  async function rowsOf(
    s: Session,
    range: Parameters<Session['readProfile']>[1],
  ): Promise<{ rows: ProfileRow[]; access: string }> {
    const stream = s.readProfile(PROFILE, range);
    const rows: ProfileRow[] = [];
    for await (const row of stream.rows) rows.push(row);
    return { rows, access: await stream.access };
  }

  const expected = (first: number, count: number): ProfileRow[] =>
    Array.from({ length: count }, (_, i) => ({
      time: new Date(FIRST_ROW + (first + i) * 900_000).toISOString().replace('.000Z', '+00:00'),
      '1-0:1.8.0*255': (1_000_000 + 7 * (first + i)) / 1000,
      '1-0:32.7.0*255': (2300 + ((first + i) % 10)) / 10,
    }));

  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const access of ['none', 'low', 'gmac'] as const) {
      it(`over ${framing} with ${access}`, async () => {
        const s = open(framing, access);
        const objects = await s.objects();
        assert.deepEqual(
          objects.map(o => [o.classId, o.obis.toString(), o.version]),
          [
            [15, '0-0:40.0.0*255', 2],
            [1, '0-0:42.0.0*255', 0],
            [8, '0-0:1.0.0*255', 0],
            [3, '1-0:1.8.0*255', 0],
            [3, '1-0:32.7.0*255', 0],
            [7, '1-0:99.1.0*255', 1],
            [15, '0-0:40.0.0*255', 2],
          ],
        );
        const register = { classId: 3, obis: Obis.parse('1-0:1.8.0*255') };
        assert.deepEqual(await s.get({ ...register, attribute: 2 }), {
          type: 'double-long-unsigned',
          value: 1_234_567,
        });
        assert.deepEqual(await s.get({ ...register, attribute: 3 }), {
          type: 'structure',
          value: [
            { type: 'integer', value: -3 },
            { type: 'enum', value: 30 },
          ],
        });
        const name = await s.get({ classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 });
        assert.deepEqual(name, { type: 'octet-string', value: fromLatin1('JMT0000000000001') });
        const clock = await s.get({ classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 });
        assert.ok(clock.type === 'octet-string' || clock.type === 'date-time');
        assert.equal(readDateTime(clock.value).epochMs, FIRST_ROW);

        const range = await rowsOf(s, { kind: 'time', fromMs: FIRST_ROW + 900_000, toMs: FIRST_ROW + 3_600_000 });
        assert.deepEqual(range, { rows: expected(1, 4), access: 'range' });
        // From the first entry on: this server takes the last entry of the selection for a count.
        const entries = await rowsOf(s, { kind: 'entries', first: 1, last: 3 });
        assert.deepEqual(entries, { rows: expected(0, 3), access: 'entry' });
        const all = await rowsOf(s, { kind: 'all' });
        assert.deepEqual(all.rows, expected(0, 96));
      });
    }
  }

  it('says that the password is wrong, and reads with the right one after that', async () => {
    const wrong = new Session(
      parseSettings(
        { host: '127.0.0.1', port: meter.wrapper, interface: 'wrapper', ...ACCESS.low.settings },
        { password: 'wrong' },
      ),
    );
    await assert.rejects(wrong.objects(), (e: unknown) => isDlmsError(e) && e.code === 'WRONG_PASSWORD');
    await wrong.close();
    assert.equal((await open('wrapper', 'low').objects()).length, 7);
  });
});
