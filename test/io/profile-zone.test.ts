// Ranges for meters whose clock knows no deviation, when nobody has set a time zone: the newest hours must not be lost.

import assert from 'node:assert/strict';

import { Obis } from '../../src/core/obis/obis';
import type { ProfileRow } from '../../src/core/cosem/profile';
import { LineQueues } from '../../src/io/line/line-queue';
import { Lines } from '../../src/io/line/line';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import type { Behaviour } from '../../src/sim/behaviour';
import type { DeviationStyle } from '../../src/sim/meter-clock';
import { serveTcp, simulatedMeter } from '../../src/sim/server';

const NOW = Date.UTC(2026, 6, 21, 10, 7);
const HOUR = 3_600_000;
const PROFILE = Obis.parse('1-0:99.1.0*255');

interface Read {
  readonly rows: readonly ProfileRow[];
  readonly access: string;
}

/** The last six hours of a meter in `zone`, read by a computer in `computer`; null: where this one is. */
async function lastHours(
  zone: string,
  deviation: DeviationStyle,
  computer: string | null,
  { behaviour = {}, toMs = NOW }: { behaviour?: Partial<Behaviour>; toMs?: number | null } = {},
): Promise<Read> {
  const meter = simulatedMeter({ now: () => NOW, zone, deviation, behaviour });
  const server = await serveTcp(meter, { framing: 'wrapper' });
  const session = new Session(
    parseSettings({ host: '127.0.0.1', port: server.port, interface: 'wrapper', answerTimeout: 1000 }, {}),
    { lines: new Lines(new LineQueues()), now: () => NOW, ...(computer !== null && { zone: computer }) },
  );
  try {
    const rows: ProfileRow[] = [];
    const stream = session.readProfile(PROFILE, { kind: 'time', fromMs: NOW - 6 * HOUR, toMs });
    for await (const row of stream.rows) rows.push(row);
    return { rows, access: await stream.access };
  } finally {
    await session.close();
    await server.close();
  }
}

describe('a range without a time zone in the settings', () => {
  const places = [
    ['Europe/Vienna', '2026-07-21T06:15:00', '2026-07-21T12:00:00', '+02:00'],
    ['America/New_York', '2026-07-21T00:15:00', '2026-07-21T06:00:00', '-04:00'],
    ['Asia/Kolkata', '2026-07-21T09:45:00', '2026-07-21T15:30:00', '+05:30'],
  ] as const;
  for (const [zone, first, newest, offset] of places) {
    for (const ranges of [true, false]) {
      const way = ranges ? 'range' : 'entry';
      it(`by ${way}, ${zone}: reaches the newest row of a meter without deviation, whose times stay without offset`, async () => {
        const behaviour: Partial<Behaviour> = ranges ? {} : { rangeRefused: 3 };
        for (const toMs of [NOW, null]) {
          const { rows, access } = await lastHours(zone, 'unspecified', zone, { behaviour, toMs });
          assert.equal(access, way);
          assert.deepEqual([rows.length, rows[0]?.time, rows.at(-1)?.time], [24, first, newest]);
        }
      });
    }
    it(`${zone}: reads the same rows of a meter with deviation, whose times have their offset`, async () => {
      const { rows } = await lastHours(zone, 'standard', 'Pacific/Auckland');
      assert.deepEqual([rows.length, rows[0]?.time, rows.at(-1)?.time], [24, first + offset, newest + offset]);
    });
  }

  describe('takes the zone of this computer', () => {
    const before = process.env['TZ'];
    afterEach(() => {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    });
    for (const [zone, first, newest] of places) {
      it(zone, async () => {
        process.env['TZ'] = zone;
        const { rows } = await lastHours(zone, 'unspecified', null);
        assert.deepEqual([rows.length, rows[0]?.time, rows.at(-1)?.time], [24, first, newest]);
      });
    }
  });
});
