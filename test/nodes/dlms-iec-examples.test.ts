import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { Telegram } from '../../src/core/cosem/reading';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import obisFilter from '../../src/nodes/obis-filter/dlms-obis-filter';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import simulator from '../../src/nodes/simulator/dlms-simulator';
import { startFlow, stopFlow, type Flow, type FlowNode, type Message } from './flow';

type ExampleNode = FlowNode & { name?: string; wires?: string[][] };

/** The flow as it is imported, without its editor nodes; debug and inject nodes become plain ends. */
async function startExample(name: string): Promise<{ flow: Flow; idOf: (name: string) => string }> {
  let root = __dirname;
  while (!existsSync(join(root, 'package.json'))) root = join(root, '..');
  const all = JSON.parse(readFileSync(join(root, 'examples', `${name}.json`), 'utf8')) as ExampleNode[];
  const ours = all.filter(n => n.type.startsWith('dlms-')).map(({ x: _x, y: _y, z: _z, ...n }) => n as ExampleNode);
  const idOf = (wanted: string): string => {
    const found = all.find(n => n.name === wanted || n.type === wanted);
    assert.ok(found !== undefined, wanted);
    return found.id;
  };
  const flow = await startFlow([connection, getObject, iecReadout, obisFilter, loadProfile, simulator], ours);
  const sim = ours.find(n => n.type === 'dlms-simulator');
  if (sim !== undefined) await flow.status(sim.id, /listen|port|\d{4,5}/);
  return { flow, idOf };
}

describe('the examples with an optical head', () => {
  afterEach(stopFlow);

  it('give what a household asks for: number, time, energy by tariff, monthly peaks and their dates', async () => {
    const { flow, idOf } = await startExample('Read a meter by its optical head');
    flow.send(idOf('the list'), {});
    const messages: Message[] = [];
    while (messages.filter(m => m.topic === 'their dates').length < 13)
      messages.push(await flow.message(idOf('each value')));
    const of = (topic: string): Message[] => messages.filter(m => m.topic === topic);
    assert.match(String(of('serial number')[0]?.payload), /^\d{8}$/);
    assert.match(String(of('time')[0]?.payload), /^\d{6}$/);
    const [total, day, night] = ['energy', 'energy day', 'energy night'].map(topic => Number(of(topic)[0]?.payload));
    assert.ok(Math.abs((total ?? 0) - (day ?? 0) - (night ?? 0)) < 0.01);
    assert.equal(typeof of('peak of this month')[0]?.payload, 'number');
    assert.match(String(of('date of the peak')[0]?.payload), /^\d{4}-\d\d-\d\dT\d\d:\d\d:00/);
    assert.equal(of('peaks of earlier months').length, 13);
    const months = new Set(of('their dates').map(m => String(m.payload).slice(0, 7)));
    assert.equal(months.size, 13);
  });
  it('read the load profile of the last day', async () => {
    const { flow, idOf } = await startExample('Read a meter by its optical head');
    flow.send(idOf('load profile P.01'), {});
    const csv = String((await flow.message(idOf('CSV'))).payload)
      .trim()
      .split('\n');
    assert.match(csv[0] ?? '', /^time,status,1-0:1\.5\.0\*255 \[kW\],1-0:2\.5\.0\*255 \[kW\]$/);
    assert.ok(csv.length >= 96 && csv.length <= 98, String(csv.length));
  });
  it('listen to what a meter sends by itself', async () => {
    const { flow, idOf } = await startExample('Listen to a meter that sends text');
    const msg = await flow.message(idOf('telegram'), 15_000);
    assert.ok((msg.payload as Telegram).readings.length > 10);
  }).timeout(20_000);
  it('read registers and a load profile by DLMS after the sign-on of mode E', async () => {
    const { flow, idOf } = await startExample('Read DLMS through an optical head');
    flow.send(idOf('clock and energy'), {});
    const { readings } = (await flow.message(idOf('registers'))).payload as Telegram;
    assert.equal(readings.find(r => r.obis === '1-0:1.8.0*255')?.unit, 'Wh');
    flow.send(idOf('the last hours'), {});
    const rows = (await flow.message(idOf('rows'))).payload as unknown[];
    assert.ok(rows.length >= 24, String(rows.length));
  });
});
