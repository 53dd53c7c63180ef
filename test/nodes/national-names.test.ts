// Names of national standards through the nodes: a meter of each country, polled and pushing, with its standard set and not.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { array, octets, structure, u32, u8, type Data } from '../../src/core/cosem/data';
import { clockOctets } from '../../src/core/cosem/date-time';
import { captureObject } from '../../src/core/cosem/profile-layout';
import type { Origin, Reading, Telegram } from '../../src/core/cosem/reading';
import { Obis } from '../../src/core/obis/obis';
import { obisKey, obisName } from '../../src/core/obis/obis-names';
import { hex } from '../../src/core/wire/hex';
import type { LoadProfile } from '../../src/filter/load-profile';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import type { Trial } from '../../src/nodes/push-decoder/trial';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import { attribute, cosemObject, type CosemObject } from '../../src/sim/cosem-object';
import { notificationOf } from '../../src/sim/push-source';
import { adminRequest, startFlow, stopFlow, type Flow, type FlowNode } from './flow';
import { closeMeters, connectionTo, serveMeter } from './meters';

/** A code that each of them calls by another name than the dictionary, and that name. */
const METERS: readonly [standard: string, obis: string, name: string][] = [
  ['india', '0-0:94.91.18*255', 'Event status word 1 (ESW)'],
  ['india', '0-0:96.11.6*255', 'Event code, control'],
  ['russia', '0-0:96.51.3*255', 'Influence of a magnetic field'],
  ['italy', '0-0:94.39.7*255', 'Cause of valve closure'],
  ['spain', '1-1:94.34.102*255', 'Active quadrant, L2'],
  ['saudi-arabia', '0-0:96.11.10*255', 'Number of magnetic influences'],
];
const ESW = '0-0:94.91.18*255';

const counted = (obis: string): CosemObject => cosemObject(1, obis, { 2: attribute(u32(5)) });
const get = (obis: string, more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis, classId: '1' }, { obis: '1-0:1.8.0*255' }],
  wires: [['out']],
  ...more,
});
const decoder = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'd',
  type: 'dlms-push-decoder',
  wires: [['out'], ['wrong']],
  ...more,
});
const readingsOf = (msg: { payload?: unknown }): readonly Reading[] => (msg.payload as Telegram).readings;
const pushed = (obis: string): Uint8Array =>
  notificationOf(
    structure(
      ...[octets(Obis.parse('0-0:96.1.0*255').bytes), octets(Uint8Array.from('A00000001', c => c.charCodeAt(0)))],
      ...[octets(Obis.parse(obis).bytes), u32(5), octets(Obis.parse('1-0:1.8.0*255').bytes), u32(1234)],
    ),
  );

describe('the names of a national standard', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  for (const [standard, obis, name] of METERS) {
    const general = obisName(Obis.parse(obis));
    const key = obisKey(Obis.parse(obis));

    it(`are those of a polled meter: ${standard}, ${obis}`, async () => {
      const { port } = await serveMeter({ extraObjects: [counted(obis)] });
      for (const [set, wanted] of [
        [{ standard }, name],
        [{}, general],
      ] as const) {
        const flow = await startFlow([connection, getObject], [connectionTo(port, set), get(obis)]);
        flow.send('n1', {});
        const [own, energy] = readingsOf(await flow.message('out'));
        assert.deepEqual([own?.name, own?.key, own?.value], [wanted, key, 5]);
        assert.deepEqual([energy?.name, energy?.key], ['Active energy import (+A) total', 'active_energy_import']);
        await stopFlow();
      }
    });

    it(`are those of a meter that pushes: ${standard}, ${obis}`, async () => {
      for (const [set, wanted] of [
        [{ standard }, name],
        [{ standard: 'dlms' }, general],
        [{}, general],
      ] as const) {
        const flow = await startFlow([pushDecoder], [decoder(set)]);
        flow.send('d', { payload: Buffer.from(pushed(obis)) });
        const msg = await flow.message('out');
        const own = readingsOf(msg).find(reading => reading.obis === obis);
        assert.deepEqual([own?.name, own?.key, own?.value], [wanted, key, 5]);
        assert.equal((msg.payload as Telegram).meter.id, 'A00000001');
        await stopFlow();
      }
    });
  }

  it('are in msg.dlms beside a bare value, also of an attribute and of what was refused', async () => {
    const { port } = await serveMeter({ extraObjects: [counted(ESW)] });
    const objects = [{ obis: ESW, classId: 1 }, { obis: ESW, classId: 1, attribute: 1 }, { obis: '0-0:94.91.26*255' }];
    const flow = await startFlow(
      [connection, getObject],
      [connectionTo(port, { standard: 'india' }), get(ESW, { output: 'value', objects })],
    );
    flow.send('n1', {});
    const { dlms } = (await flow.message('out')) as { dlms?: Origin };
    assert.deepEqual(
      dlms?.objects?.map(object => object.name),
      ['Event status word 1 (ESW)', 'Event status word 1 (ESW), logical name', 'Event status word filter (ESWF)'],
    );
  });

  it('are on the columns of a load profile, in every form of it', async () => {
    const obis = '1-0:99.2.0*255';
    const column = (code: string, classId: number): Data =>
      captureObject({ classId, obis: Obis.parse(code), attribute: 2, dataIndex: 0 });
    const profile = cosemObject(7, obis, {
      2: attribute(array(structure(octets(clockOctets('2026-01-10T01:00:00')), u32(7)))),
      3: attribute(array(column('0-0:1.0.0*255', 8), column('0-0:94.91.8*255', 1))),
      4: attribute(u32(86_400)),
      5: attribute(u8(1)),
    });
    const { port } = await serveMeter({ extraObjects: [profile, counted('0-0:94.91.8*255')] });
    const start = (output: string): Promise<Flow> =>
      startFlow(
        [connection, loadProfile],
        [
          connectionTo(port, { standard: 'india' }),
          {
            id: 'n1',
            type: 'dlms-read-load-profile',
            connection: 'c1',
            obis,
            range: { mode: 'all' },
            output,
            wires: [['out']],
          },
        ],
      );
    for (const output of ['object', 'rows', 'row']) {
      const flow = await start(output);
      flow.send('n1', {});
      const msg = (await flow.message('out')) as { payload?: unknown; dlms?: Origin };
      const columns = output === 'object' ? (msg.payload as LoadProfile).columns : (msg.dlms?.columns ?? []);
      const own = columns.find(({ obis: code }) => code === '0-0:94.91.8*255');
      assert.deepEqual([own?.name, own?.key], ['Cumulative power-failure duration', '0-0:94.91.8*255'], output);
      await stopFlow();
    }
    const flow = await start('report');
    flow.send('n1', {});
    assert.match(String((await flow.message('out')).payload), /Cumulative power-failure duration/);
  });

  it('pass the filter, and are what its form shows of lately', async () => {
    const node = { id: 'f', type: 'dlms-obis-filter', rules: [], output: 'readings', wires: [['out']] };
    const flow = await startFlow([pushDecoder, filter], [decoder({ standard: 'india', wires: [['f'], []] }), node]);
    flow.send('d', { payload: Buffer.from(pushed(ESW)) });
    const names = new Map<unknown, unknown>();
    for (let i = 0; i < 3; i++) {
      const { obis, name } = (await flow.message('out')) as { obis?: unknown; name?: unknown };
      names.set(obis, name);
    }
    assert.equal(names.get(ESW), 'Event status word 1 (ESW)');
    const recent = (await adminRequest().get('/dlms-obis-filter/f/recent?lang=de')).body as {
      obis: string;
      name: string;
    }[];
    const shown = (code: string): unknown => recent.find(({ obis }) => obis === code)?.name;
    assert.equal(shown(ESW), 'Ereignis-Statuswort 1 (ESW)');
    assert.equal(shown('1-0:1.8.0*255'), 'Wirkenergie Bezug (+A) gesamt');
  });

  it('are in the language of the forms: a pasted telegram, the objects of the meter, suggestions', async () => {
    const { port } = await serveMeter({ extraObjects: [counted(ESW)] });
    await startFlow([connection, pushDecoder], [connectionTo(port, { standard: 'india' }), decoder()]);
    const properties = { standard: 'india' };
    const trial = (
      await adminRequest()
        .post('/dlms-push-decoder/decode')
        .send({ lang: 'de', properties, credentials: {}, text: hex(pushed(ESW)) })
    ).body as Trial;
    assert.ok(trial.telegrams[0]?.readings.some(({ name }) => name === 'Ereignis-Statuswort 1 (ESW)'));
    const browsed = (
      await adminRequest()
        .post('/dlms-connection/browse')
        .send({ lang: 'de', id: 'c1', properties: connectionTo(port, properties), credentials: {} })
    ).body as { objects: { obis: string; name: string; known: boolean }[] };
    const own = browsed.objects.find(({ obis }) => obis === ESW);
    assert.deepEqual([own?.name, own?.known], ['Ereignis-Statuswort 1 (ESW)', true]);
    const found = (await adminRequest().get('/dlms-connection/obis?q=ereignis-statuswort&lang=de&standard=india'))
      .body as {
      obis: string;
    }[];
    assert.equal(found[0]?.obis, ESW);
  });
});
