import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { array, octets, structure, u32, u8, type Data } from '../../src/core/cosem/data';
import { clockOctets } from '../../src/core/cosem/date-time';
import type { LoadProfile } from '../../src/filter/load-profile';
import { Obis } from '../../src/core/obis/obis';
import type { ProfileRow } from '../../src/core/cosem/profile';
import { captureObject } from '../../src/core/cosem/profile-layout';
import connection from '../../src/nodes/connection/dlms-connection';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import { attribute, cosemObject } from '../../src/sim/cosem-object';
import { profile } from '../../src/sim/objects/profile';
import { callsOf, startFlow, stopFlow, type Flow, type FlowNode } from './flow';
import { closeMeters, connectionTo, serveMeter } from './meters';

const HOUR = 3_600_000;
const ENERGY = '1-0:1.8.0*255';

const node = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-read-load-profile',
  connection: 'c1',
  obis: '1-0:99.1.0*255',
  range: { mode: 'last', last: '' },
  output: 'object',
  wires: [['out']],
  ...more,
});

async function start(more: Record<string, unknown> = {}, port?: number): Promise<Flow> {
  return startFlow([connection, loadProfile], [connectionTo(port ?? (await serveMeter()).port), node(more)]);
}
const profileOf = (msg: { payload?: unknown }): LoadProfile => msg.payload as LoadProfile;

describe('dlms-read-load-profile', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  it('reads the last 31 days when nothing else is said', async () => {
    const flow = await start();
    flow.send('n1', { topic: 'mine' });
    const msg = await flow.message('out');
    const profile = profileOf(msg);
    assert.equal(msg.topic, 'mine');
    assert.equal(profile.profile.obis, '1-0:99.1.0*255');
    assert.equal(profile.profile.capturePeriod, 900);
    assert.equal(profile.profile.access, 'range');
    assert.match(profile.meter.id ?? '', /^[A-Z]{3}/);
    // 31 days of 96, one hour more or less where the clock changed, the row of this moment, and what is kept of the first day.
    assert.ok(profile.rows.length > 31 * 96 - 100 && profile.rows.length <= 31 * 96 + 5, String(profile.rows.length));
    const energy = profile.columns.find(c => c.key === ENERGY);
    assert.deepEqual([energy?.obis, energy?.classId, energy?.attribute, energy?.unit], [ENERGY, 3, 2, 'Wh']);
    const [first, second] = profile.rows;
    assert.match(first?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\+0[12]:00$/);
    assert.equal(Date.parse(second?.time ?? '') - Date.parse(first?.time ?? ''), 900_000);
    assert.equal(typeof first?.[ENERGY], 'number');
    assert.equal((msg['dlms'] as { source: string }).source, 'profile');
    assert.match(await flow.status('n1', /^green/), /^green \d+ rows/);
  });

  it('says from when to when also where the meter sends the newest row first', async () => {
    const obis = '1-0:99.5.0*255';
    const clock = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2, dataIndex: 0 };
    const row = (hour: number): Data => structure(octets(clockOctets(`2026-01-10T0${hour}:00:00`)));
    const buffer = cosemObject(7, obis, {
      2: attribute(array(row(3), row(2), row(1))),
      3: attribute(array(captureObject(clock))),
      4: attribute(u32(3600)),
      5: attribute(u8(2)),
    });
    const flow = await start({ obis, range: { mode: 'all' } }, (await serveMeter({ extraObjects: [buffer] })).port);
    flow.send('n1', {});
    const { from, to, rows } = profileOf(await flow.message('out'));
    assert.deepEqual([from, to, rows.length], ['2026-01-10T01:00:00+01:00', '2026-01-10T03:00:00+01:00', 3]);
  });

  it('reads a profile by UNIX time, and takes null for a repeated value or for none, as the setting says', async () => {
    const obis = '7-0:99.99.3*255';
    const first = Math.floor(Date.now() / HOUR) * HOUR - 47 * HOUR;
    const daily = profile({
      obis,
      time: 'unix',
      columns: [{ classId: 1, obis: '0.0.96.1.0.255', attribute: 2 }],
      periodS: 3600,
      capacity: 48,
      rows: () => Array.from({ length: 48 }, (_, i) => ({ atMs: first + i * HOUR, values: [u32(7)] })),
    });
    const { port } = await serveMeter({ extraObjects: [daily], behaviour: { nullCompressed: true } });
    for (const [nullValues, second] of [
      [undefined, 7],
      ['missing', null],
    ] as const) {
      const flow = await start({ obis, ...(nullValues !== undefined && { nullValues }) }, port);
      flow.send('n1', { from: first + 2 * HOUR, to: first + 4 * HOUR } as never);
      const { rows, columns } = profileOf(await flow.message('out'));
      assert.deepEqual(
        rows.map(row => [Date.parse(row.time ?? '') - first, row['0-0:96.1.0*255']]),
        [
          [2 * HOUR, 7],
          [3 * HOUR, second],
          [4 * HOUR, second],
        ],
      );
      assert.match(rows[0]?.time ?? '', /\+0[12]:00$/);
      assert.deepEqual(
        columns.map(column => column.key),
        ['0-0:96.1.0*255'],
      );
      await stopFlow();
    }
  });

  it('takes the range of the message: times, relative text, entries', async () => {
    const flow = await start();
    const to = Math.floor(Date.now() / HOUR) * HOUR;
    flow.send('n1', { from: new Date(to - HOUR), to } as never);
    const byTime = profileOf(await flow.message('out'));
    assert.equal(byTime.rows.length, 5);
    assert.equal(Date.parse(byTime.from ?? ''), to - HOUR);
    assert.equal(Date.parse(byTime.to ?? ''), to);
    assert.equal(Date.parse(byTime.rows[0]?.time ?? ''), to - HOUR);
    flow.send('n1', { from: 'last 2 h' } as never);
    assert.ok([8, 9].includes(profileOf(await flow.message('out')).rows.length));
    flow.send('n1', { entries: 4 } as never);
    const newest = profileOf(await flow.message('out'));
    assert.equal(newest.rows.length, 4);
    assert.equal(newest.profile.access, 'entry');
    assert.ok(Date.now() - Date.parse(newest.rows[3]?.time ?? '') < HOUR);
    flow.send('n1', { entries: '1-3' } as never);
    assert.equal(profileOf(await flow.message('out')).rows.length, 3);
  });

  it('sends one message per row while the read is still running, the count with the last', async () => {
    const flow = await start({ output: 'row', range: { mode: 'last', last: '1 day' } });
    flow.send('n1', { topic: 'mine' });
    const first = await flow.message('out');
    const parts = first['parts'] as { id: string; index: number; count?: number };
    assert.equal(parts.index, 0);
    assert.equal(parts.count, undefined);
    assert.equal(first.topic, 'mine');
    assert.equal(typeof (first.payload as ProfileRow)[ENERGY], 'number');
    let last = parts;
    for (let i = 1; last.count === undefined; i++) {
      const row = await flow.message('out');
      last = row['parts'] as typeof parts;
      assert.deepEqual([last.id, last.index], [parts.id, i]);
      assert.notEqual(row['dlms'], first['dlms']);
    }
    assert.equal(last.count, last.index + 1);
    assert.ok(last.count >= 96);
  });

  it('lets the first rows leave long before a slow meter has sent the last', async () => {
    const { port, meter } = await serveMeter();
    const flow = await start({ output: 'row', range: { mode: 'last', last: '10 days' } }, port);
    flow.send('n1', { entries: 1 } as never);
    await flow.message('out');
    meter.fault({ kind: 'slow', ms: 20, times: 10_000 });
    flow.send('n1', {});
    await flow.message('out');
    const [seen] = [flow.statuses('n1').filter(s => s.startsWith('green')).length];
    assert.equal(seen, 1, 'the second read was still running');
    await flow.node('n1').close(false);
  });

  it('gives rows, CSV and the report', async () => {
    const flow = await start({ output: 'rows' });
    flow.send('n1', { entries: 2 } as never);
    const rows = (await flow.message('out')).payload as ProfileRow[];
    assert.equal(rows.length, 2);
    await stopFlow();
    const csv = await start({ output: 'csv' });
    csv.send('n1', { entries: 2 } as never);
    const lines = ((await csv.message('out')).payload as string).split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[0] ?? '', /^time,status,.*1-0:1\.8\.0\*255 \[Wh\]/);
    await stopFlow();
    const report = await start({ output: 'report' });
    report.send('n1', { entries: 2 } as never);
    assert.match((await report.message('out')).payload as string, /^Load profile 1-0:99\.1\.0\*255, meter /);
  });

  it('reads only what is new since the last read, over a restart too', async () => {
    const { port } = await serveMeter();
    const since = { range: { mode: 'since-last-read', last: '2 h' } };
    const flow = await start(since, port);
    flow.send('n1', {});
    const first = profileOf(await flow.message('out'));
    assert.ok(first.rows.length >= 7, String(first.rows.length));
    flow.send('n1', {});
    const second = profileOf(await flow.message('out'));
    assert.ok(second.rows.length <= 1);
    await stopFlow();
    const again = await start(since, port);
    again.send('n1', {});
    assert.ok(profileOf(await again.message('out')).rows.length <= 1);
  });

  describe('with a confirmation', () => {
    const since = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
      range: { mode: 'since-last-read', last: '2 h', confirm: 'message', confirmWithin: '60', ...more },
    });
    const rowsOf = async (flow: Flow): Promise<number> => {
      flow.send('n1', {});
      return profileOf(await flow.message('out')).rows.length;
    };

    it('reads again after a restart what was not confirmed, and not what was', async () => {
      const { port } = await serveMeter();
      let flow = await start(since(), port);
      const first = await rowsOf(flow);
      assert.ok(first >= 7, String(first));
      assert.ok((await rowsOf(flow)) <= 1, 'what is on its way does not come twice');
      await stopFlow();
      flow = await start(since(), port);
      flow.send('n1', {});
      const again = await flow.message('out');
      assert.ok(profileOf(again).rows.length >= first, 'nobody said that it was stored');
      flow.send('n1', { topic: 'insert', payload: 'done', confirm: again['confirm'] } as never);
      assert.match(await flow.status('n1', /confirmed/), /^green 1 confirmed/);
      await flow.silence('out', 50);
      await stopFlow();
      flow = await start(since(), port);
      assert.ok((await rowsOf(flow)) <= 1);
    });

    it('reads again, and says so, what is not confirmed in time', async () => {
      const { port } = await serveMeter();
      const flow = await start(since({ confirmWithin: '0.01' }), port);
      const warnings: string[] = [];
      callsOf(flow.node('n1'), 'warn', args => warnings.push(String(args[0])));
      const first = await rowsOf(flow);
      await new Promise(resolve => setTimeout(resolve, 800));
      assert.ok((await rowsOf(flow)) >= first);
      assert.deepEqual(warnings, ['Rows were not confirmed within 0.01 min, so they are read again']);
    });

    it('moves on with rows one by one only when the last of them is confirmed, in whatever order', async () => {
      const { port } = await serveMeter();
      const byRow = { ...since(), output: 'row' };
      let flow = await start(byRow, port);
      const read = async (): Promise<unknown[]> => {
        flow.send('n1', {});
        const tokens: unknown[] = [];
        for (;;) {
          const msg = await flow.message('out');
          tokens.push(msg['confirm']);
          if ((msg['parts'] as { count?: number }).count !== undefined) return tokens;
        }
      };
      const tokens = await read();
      assert.equal(new Set(tokens).size, tokens.length);
      for (const confirm of tokens.slice(1).reverse()) flow.send('n1', { confirm } as never);
      await stopFlow();
      flow = await start(byRow, port);
      const again = await read();
      assert.ok(again.length >= tokens.length, 'one row was not confirmed');
      // All in one, as a Join node or a batch insert brings them.
      flow.send('n1', { confirm: again } as never);
      await flow.status('n1', /confirmed/);
      flow.send('n1', {});
      await flow.silence('out', 300).catch(() => undefined);
      assert.ok(
        flow.statuses('n1').some(text => /^green [01] row/.test(text)),
        flow.statuses('n1').join(),
      );
    });

    it('takes a token of the run before for what it is: no request, and nothing confirmed', async () => {
      const flow = await start(since());
      flow.send('n1', { confirm: 'n1:old-7' } as never);
      assert.match(await flow.status('n1', /confirmed/), /^green 0 confirmed/);
      await flow.silence('out', 50);
    });

    it('says nothing of it where it is not asked for, or the range is another', async () => {
      const { port } = await serveMeter();
      let flow = await start({ range: { mode: 'since-last-read', last: '2 h' } }, port);
      flow.send('n1', {});
      assert.ok(!('confirm' in (await flow.message('out'))));
      await stopFlow();
      flow = await start(since({ mode: 'last' }), port);
      flow.send('n1', {});
      assert.ok(!('confirm' in (await flow.message('out'))));
    });
  });

  it('says with no rows that there are none, and that is no error', async () => {
    const flow = await start();
    flow.send('n1', { from: '2019-01-01', to: '2019-01-02' } as never);
    assert.deepEqual(profileOf(await flow.message('out')).rows, []);
    assert.match(await flow.status('n1', /^green/), /^green 0 rows/);
  });

  const wrong: [string, string, Record<string, unknown>][] = [
    ['a range that is none', 'BAD_SETTING', { from: 'sometime' }],
    ['a code that is none', 'BAD_SETTING', { obis: 'profile' }],
    ['a profile the meter does not have', 'OBJECT_UNDEFINED', { obis: '1-0:99.98.0*255' }],
  ];
  for (const [name, code, fields] of wrong) {
    it(`gives a Catch node the original message for ${name}`, async () => {
      const flow = await start();
      flow.send('n1', { ...fields, topic: 'mine' });
      const caught = await flow.error();
      assert.equal(caught.error.code, code, caught.error.message);
      assert.equal(caught.topic, 'mine');
    });
  }

  it('stops in the middle of a read when the node closes, and the next read works', async () => {
    const { port, meter } = await serveMeter();
    const flow = await start({}, port);
    meter.fault({ kind: 'slow', ms: 100, times: 10_000 });
    flow.send('n1', {});
    await flow.status('n1', /^yellow/);
    const begun = Date.now();
    await stopFlow();
    assert.ok(Date.now() - begun < 5000, `closed in ${Date.now() - begun} ms`);
    meter.faults.clear();
    const again = await start({}, port);
    again.send('n1', { entries: 1 } as never);
    assert.equal(profileOf(await again.message('out')).rows.length, 1);
  });
});
