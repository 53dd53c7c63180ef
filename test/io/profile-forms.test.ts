// Profiles as meters keep them otherwise than oldest first by their clock, read from the simulated meter over TCP.

import assert from 'node:assert/strict';

import { u32 } from '../../src/core/cosem/data';
import type { ProfileRow } from '../../src/core/cosem/profile';
import type { ProfileRange } from '../../src/core/client/profile-read';
import { Obis } from '../../src/core/obis/obis';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session, type ProfileOptions } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import type { Behaviour } from '../../src/sim/behaviour';
import { profile } from '../../src/sim/objects/profile';
import { serveTcp, simulatedMeter } from '../../src/sim/server';

const NOW = Date.UTC(2026, 6, 21, 10, 7);
const HOUR = 3_600_000;
const LAST = Math.floor(NOW / HOUR) * HOUR;
const QUARTERS = '1-0:99.1.0*255';
const GAS = '7-0:99.99.3*255';
const PEAKS = '1-0:98.1.0*255';
const VALUE = '0-0:96.1.0*255';

/** 240 hours; the value is the number of the hour, or falls with the time so that the largest is the oldest. */
const hourly = (obis: string, more: { time?: 'unix'; largestFirst?: number }) =>
  profile({
    obis,
    columns: [{ classId: 1, obis: VALUE, attribute: 2 }],
    periodS: 3600,
    capacity: 240,
    rows: () =>
      Array.from({ length: 240 }, (_, i) => ({ atMs: LAST - (239 - i) * HOUR, values: [u32((i * 7) % 240)] })),
    ...more,
  });

async function read(
  obis: string,
  range: ProfileRange,
  behaviour: Partial<Behaviour> = {},
  options: ProfileOptions = {},
): Promise<{ rows: ProfileRow[]; access: string; notes: string[] }> {
  const extraObjects = [hourly(GAS, { time: 'unix' }), hourly(PEAKS, { largestFirst: 1 })];
  const meter = simulatedMeter({ now: () => NOW, zone: 'Europe/Rome', behaviour, extraObjects });
  const server = await serveTcp(meter, { framing: 'wrapper' });
  const notes: string[] = [];
  const session = new Session(
    parseSettings({ host: '127.0.0.1', port: server.port, interface: 'wrapper', answerTimeout: 1000, trace: 'info' }),
    { lines: new Lines(new LineQueues()), now: () => NOW, zone: 'Europe/Rome', log: (_, text) => notes.push(text) },
  );
  try {
    const rows: ProfileRow[] = [];
    const stream = session.readProfile(Obis.parse(obis), range, options);
    for await (const row of stream.rows) rows.push(row);
    return { rows, access: await stream.access, notes };
  } finally {
    await session.close();
    await server.close();
  }
}

const hours = (count: number): ProfileRange => ({ kind: 'time', fromMs: LAST - (count - 1) * HOUR, toMs: LAST });
const times = (rows: readonly ProfileRow[]): number[] =>
  rows.map(row => (Date.parse(row.time ?? '') - LAST) / HOUR).sort((a, b) => a - b);

describe('a profile that is sorted by UNIX time', () => {
  for (const [behaviour, access] of [
    [{}, 'range'],
    [{ rangeRefused: 3 }, 'entry'],
    [{ rangeRefused: 3, entryRefused: 3 }, 'all'],
    [{ ignoresRange: true }, 'range'],
    [{ nullCompressed: true }, 'range'],
    [{ profileOrder: 'lifo', nullCompressed: true }, 'range'],
  ] as const) {
    it(`gives the rows of the range by ${access}, ${JSON.stringify(behaviour)}`, async () => {
      const got = await read(GAS, hours(4), behaviour);
      assert.deepEqual(times(got.rows), [-3, -2, -1, 0]);
      assert.equal(got.access, access);
    });
  }
  it('gives the newest', async () => {
    assert.deepEqual(times((await read(GAS, { kind: 'newest', count: 3 })).rows), [-2, -1, 0]);
  });
});

describe('a profile that is sorted by another object', () => {
  for (const behaviour of [{}, { rangeRefused: 3 }, { ignoresRange: true }] as const) {
    it(`gives the rows of the range, ${JSON.stringify(behaviour)}`, async () => {
      assert.deepEqual(times((await read(PEAKS, hours(4), behaviour)).rows), [-3, -2, -1, 0]);
    });
  }
  it('gives the newest rows, though they are not the first nor the last', async () => {
    assert.deepEqual(times((await read(PEAKS, { kind: 'newest', count: 3 })).rows), [-2, -1, 0]);
  });
});

describe('a buffer', () => {
  for (const profileOrder of ['lifo', 'wrapped'] as const) {
    for (const behaviour of [{}, { rangeRefused: 3 }, { rangeRefused: 3, entryRefused: 3 }, { ignoresRange: true }]) {
      it(`that is ${profileOrder} gives the rows of the range, ${JSON.stringify(behaviour)}`, async () => {
        // By entries the newest of a wrapped buffer cannot be found from their number; the meter has 31 days of them.
        const range: ProfileRange =
          profileOrder === 'wrapped' && 'rangeRefused' in behaviour && !('entryRefused' in behaviour)
            ? { kind: 'time', fromMs: LAST - 40 * 24 * HOUR, toMs: LAST }
            : hours(4);
        const { rows } = await read(QUARTERS, range, { ...behaviour, profileOrder });
        assert.equal(rows.length, range.kind === 'time' && range.fromMs === LAST - 3 * HOUR ? 13 : 31 * 96);
        assert.deepEqual(times(rows).at(-1), 0);
      });
    }
  }
  it('whose values are null where they repeat has them all, unless null means no value', async () => {
    const range: ProfileRange = { kind: 'newest', count: 8 };
    const plain = await read(QUARTERS, range);
    const compressed = await read(QUARTERS, range, { nullCompressed: true });
    assert.deepEqual(compressed.rows, plain.rows);
    const missing = await read(QUARTERS, range, { nullCompressed: true }, { nullValues: 'missing' });
    assert.deepEqual(
      missing.rows.map(r => r.time),
      plain.rows.map(r => r.time),
    );
    assert.ok(missing.rows.slice(1).some(row => Object.values(row).includes(null)));
    assert.ok(!plain.rows.some(row => Object.values(row).includes(null)));
  });
});
