// Nodes wired to each other: what one puts on a message is all that the next one needs.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import type { Telegram } from '../../src/core/cosem/reading';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import { serveIec } from '../../src/sim/iec-server';
import { simulatedMeter } from '../../src/sim/server';
import { startFlow, stopFlow, type Flow, type FlowNode } from './flow';
import { closeMeters, connectionTo, serveMeter } from './meters';

const IMPORT = '1-0:1.8.0*255';
const EXPORT = '1-0:2.8.0*255';

const reader = (type: string, more: Record<string, unknown>): FlowNode => ({
  id: 'read',
  type,
  connection: 'c1',
  wires: [['bare', 'filter']],
  ...more,
});
const filterNode = (more: Record<string, unknown>): FlowNode => ({
  id: 'filter',
  type: 'dlms-obis-filter',
  rules: [{ obis: '*.8.0', unit: 'kWh' }],
  output: 'readings',
  outputs: 2,
  wires: [['out'], ['held']],
  ...more,
});

async function wire(read: FlowNode, filterTo: Record<string, unknown> = {}, meter?: number): Promise<Flow> {
  const port = meter ?? (await serveMeter()).port;
  return startFlow([connection, getObject, loadProfile, filter], [connectionTo(port), read, filterNode(filterTo)]);
}
const dlmsOf = (msg: Record<string, unknown>): Record<string, unknown> => msg['dlms'] as Record<string, unknown>;

describe('nodes wired together', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  it('get object with bare values, OBIS filter: values have their names and units', async () => {
    const objects = [{ obis: IMPORT }, { obis: '0-0:96.1.0*255' }, { obis: '1-0:199.8.0*255' }, { obis: EXPORT }];
    const flow = await wire(reader('dlms-get-object', { output: 'value', objects }), { output: 'flat' });
    flow.send('read', {});
    const bare = await flow.message('bare');
    const [energy, , , exported] = bare.payload as number[];
    assert.deepEqual(
      (dlmsOf(bare)['objects'] as { obis: string; key: string; unit: string }[]).map(o => [o.obis, o.key, o.unit]),
      [
        [IMPORT, 'active_energy_import', 'Wh'],
        ['0-0:96.1.0*255', 'device_id', null],
        ['1-0:199.8.0*255', (dlmsOf(bare)['objects'] as { key: string }[])[2]?.key, null],
        [EXPORT, 'active_energy_export', 'Wh'],
      ],
    );
    const msg = await flow.message('out');
    const values = msg.payload as Record<string, number>;
    assert.equal(values['active_energy_import'], (energy as number) / 1000);
    assert.equal(values['active_energy_export'], (exported as number) / 1000);
    assert.equal((msg['units'] as Record<string, string>)['active_energy_import'], 'kWh');
    assert.equal(Object.keys(values).length, 2, 'what the meter refused is not sent as null');
  });

  it('get object with the value of one object, OBIS filter', async () => {
    const flow = await wire(reader('dlms-get-object', { output: 'value', objects: [{ obis: IMPORT }] }));
    flow.send('read', {});
    const bare = await flow.message('bare');
    const msg = await flow.message('out');
    assert.equal(msg.payload, (bare.payload as number) / 1000);
    assert.deepEqual([msg['obis'], msg['unit']], [IMPORT, 'kWh']);
  });

  it('get object with another attribute, OBIS filter: it has a name of its own', async () => {
    const objects = [{ obis: IMPORT, classId: 3, attribute: 3 }];
    const flow = await wire(reader('dlms-get-object', { output: 'value', objects }), { rules: [] });
    flow.send('read', {});
    assert.equal((await flow.message('out')).topic, 'active_energy_import_scaler_unit');
  });

  it('read load profile with rows, OBIS filter: columns are converted, rows keep their shape', async () => {
    const flow = await wire(
      reader('dlms-read-load-profile', { output: 'rows', range: { mode: 'entries', entries: '3' } }),
      {
        output: 'telegram',
      },
    );
    flow.send('read', {});
    const bare = await flow.message('bare');
    const { meter, profile, columns } = dlmsOf(bare) as {
      meter: Telegram['meter'];
      profile: Record<string, unknown>;
      columns: { key: string; unit: string; name: string }[];
    };
    assert.match(meter.id ?? '', /^[A-Z]{3}/);
    assert.deepEqual(profile, { obis: '1-0:99.1.0*255', capturePeriod: 900, access: 'entry' });
    assert.deepEqual(columns.find(c => c.key === IMPORT)?.unit, 'Wh');
    const out = await flow.message('out');
    const [first] = out.payload as Record<string, number>[];
    const [raw] = bare.payload as Record<string, number>[];
    assert.equal(first?.[IMPORT], (raw?.[IMPORT] as number) / 1000);
    assert.equal(first?.['time'], raw?.['time']);
    const kept = dlmsOf(out)['columns'] as { key: string; unit: string }[];
    assert.ok(kept.length > 0 && kept.every(c => c.unit === 'kWh'));
    assert.deepEqual(
      Object.keys(first ?? {}).filter(k => k !== 'time' && k !== 'status'),
      kept.map(c => c.key),
    );
    assert.equal(columns.find(c => c.key === IMPORT)?.unit, 'Wh', 'what the other wire got stays');
  });

  it('read load profile with one message per row, OBIS filter: each value has unit, time and meter', async () => {
    const flow = await wire(
      reader('dlms-read-load-profile', { output: 'row', range: { mode: 'entries', entries: '3' } }),
      {
        rules: [{ obis: IMPORT, unit: 'kWh' }],
      },
    );
    flow.send('read', {});
    for (let i = 0; i < 3; i++) {
      const bare = await flow.message('bare');
      const row = bare.payload as Record<string, number>;
      const msg = await flow.message('out');
      assert.deepEqual([msg.payload, msg['unit']], [(row[IMPORT] as number) / 1000, 'kWh']);
      assert.equal(msg['time'], row['time']);
      assert.equal(msg['meter'], (dlmsOf(bare)['meter'] as Telegram['meter']).id);
      assert.equal(msg['timestamp'], Date.parse(String(row['time'])));
      assert.ok(!('columns' in dlmsOf(msg)), 'a value has no columns');
    }
  });

  it('IEC readout with one value, or rows of a profile, OBIS filter: they have their units', async () => {
    const server = await serveIec(simulatedMeter(), { port: 0, mode: 'c', serialNumber: '50021374', intervalMs: 0 });
    try {
      const read = (more: Record<string, unknown>): FlowNode[] => [
        connectionTo(server.port, { interface: 'iec' }),
        reader('dlms-iec-readout', { baudChangeDelay: '0', ...more }),
      ];
      const sets = [connection, iecReadout, filter];
      const registers = read({ read: 'registers', registers: '1.8.0', output: 'value' });
      const one = await startFlow(sets, [...registers, filterNode({ rules: [{ obis: IMPORT, unit: 'Wh' }] })]);
      one.send('read', {});
      const bare = await one.message('bare');
      const msg = await one.message('out');
      assert.deepEqual([msg.payload, msg['unit']], [Math.round((bare.payload as number) * 1000), 'Wh']);
      await stopFlow();
      const profile = read({ read: 'profile', profile: { code: 'P.01', mode: 'last', last: '2 h', output: 'rows' } });
      const many = await startFlow(sets, [
        ...profile,
        filterNode({ rules: [{ obis: '*', unit: 'W' }], output: 'flat' }),
      ]);
      many.send('read', {});
      const rows = (await many.message('bare')).payload as unknown[];
      const flat = await many.message('out');
      assert.equal((flat.payload as unknown[]).length, rows.length);
      assert.ok(Object.values(flat['units'] as object).every(unit => unit === 'W'));
    } finally {
      await server.close();
    }
  });

  for (const output of ['csv', 'report']) {
    it(`read load profile as ${output}: what the text is about stands beside it`, async () => {
      const flow = await wire(reader('dlms-read-load-profile', { output, wires: [['bare']] }));
      flow.send('read', { entries: 2 } as never);
      const { columns, profile, meter } = dlmsOf(await flow.message('bare'));
      assert.ok((columns as unknown[]).length > 0);
      assert.equal((profile as Record<string, unknown>)['obis'], '1-0:99.1.0*255');
      assert.ok((meter as Telegram['meter']).id);
    });
  }
});
