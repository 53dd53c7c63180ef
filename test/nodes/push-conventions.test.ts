// Lists without scaler in a real runtime: what three telegrams have shown of a meter stays over a restart, what contradicts is
// told once, and what the user chose or pasted holds.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { array, i8, octets, structure, u16, u32, visible, type Data } from '../../src/core/cosem/data';
import { Obis } from '../../src/core/obis/obis';
import type { Telegram } from '../../src/core/cosem/reading';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import { notificationOf } from '../../src/sim/push-source';
import { startFlow, stopFlow, userDirectory, type Flow, type FlowNode, type Message } from './flow';

const name = (code: string): Data => octets([...Obis.parse(code).bytes]);
const row = (code: string, classId = 3): Data => structure(u16(classId), name(code), i8(2), u16(0));
/** Of an E450: hundredths of an ampere, and nothing that says so. */
const e450 = (watts: number, amperes = watts / 230, id = 'LGZ1030600000018'): Buffer =>
  Buffer.from(
    notificationOf(
      structure(
        array(row('0-8:25.9.0', 40), row('0-0:42.0.0', 1), row('1-0:1.7.0'), row('1-0:31.7.0'), row('1-0:32.7.0')),
        visible(id),
        u32(watts),
        u16(Math.round(amperes * 100)),
        u16(230),
      ),
    ),
  );
const kamstrup = (watts: number, current: number): Buffer =>
  Buffer.from(
    notificationOf(
      structure(
        visible('Kamstrup_V0001'),
        ...[name('1-1:0.0.5'), visible('5706567200000042'), name('1-1:96.1.1'), visible('6841131BN243101040')],
        ...[name('1-1:1.7.0'), u32(watts), name('1-1:31.7.0'), u32(current), name('1-1:32.7.0'), u16(230)],
      ),
    ),
  );
const current = (msg: Message): unknown => {
  const { readings } = msg.payload as Telegram;
  const { value, scaleSource } = readings.find(r => r.obis?.includes(':31.7.0') === true) ?? {};
  const { layout, conventionBy, conventions } = msg['dlms'] as Record<string, unknown>;
  return [value, scaleSource, layout, conventionBy, conventions];
};

describe('dlms-push-decoder: conventions of scales', () => {
  afterEach(stopFlow);
  let nodes = 0;
  const freshId = (): string => `scales${nodes++}`;
  const start = (id: string, more: Record<string, unknown> = {}): Promise<Flow> => {
    const node: FlowNode = { id, type: 'dlms-push-decoder', wires: [['out'], ['wrong']], ...more };
    return startFlow([pushDecoder], [node]);
  };
  const said = async (flow: Flow, id: string, payload: Buffer, topic = 'a'): Promise<unknown> => {
    flow.send(id, { payload, topic });
    return current(await flow.message('out'));
  };

  it('what three telegrams have confirmed stays for this meter, by another way and after a restart', async () => {
    const id = freshId();
    const flow = await start(id);
    const open = (value: number): unknown => [value, 'none', 'push-object-list', undefined, ['e450', 'e570']];
    assert.deepEqual(await said(flow, id, e450(1000)), open(435));
    assert.deepEqual(await said(flow, id, e450(1500), 'b'), open(652));
    assert.deepEqual(await said(flow, id, e450(2000), 'c'), [8.7, 'layout', 'e450', 'confirmed', undefined]);
    await stopFlow();
    const file = join(userDirectory(), 'dlms', `conventions-${id}.txt`);
    assert.match(readFileSync(file, 'utf8'), /LGZ1030600000018 e450/);
    const later = await start(id);
    assert.deepEqual(await said(later, id, e450(20, 0.1), 'd'), [0.1, 'layout', 'e450', 'confirmed', undefined]);
    assert.deepEqual(await said(later, id, e450(20, 0.1, 'LGZ1030600000019')), open(10));
    await later.silence('wrong', 20);
  });

  it('what three telegrams contradict is told once, and leaves unscaled, after a restart, too', async () => {
    const id = freshId();
    const flow = await start(id);
    const values: unknown[] = [];
    // Tenths of an ampere under a type that has hundredths.
    for (const watts of [2000, 3000, 4000, 5000]) values.push(await said(flow, id, kamstrup(watts, watts / 23)));
    assert.deepEqual(
      values.map(each => (each as unknown[])[1]),
      ['layout', 'layout', 'none', 'none'],
    );
    const wrong = await flow.message('wrong');
    const { code, message } = wrong.payload as { code: string; message: string };
    assert.equal(code, 'SCALE_DOUBTED');
    assert.match(message, /5706567200000042.*kamstrup.*Choose the convention/);
    await flow.silence('wrong', 20);
    await stopFlow();
    const later = await start(id);
    assert.equal(((await said(later, id, kamstrup(50, 2))) as unknown[])[1], 'none');
    await later.silence('wrong', 20);
  });

  it('what the user chose holds, built in or pasted, and a wrong one is named', async () => {
    const id = freshId();
    const flow = await start(id, { convention: 'e450' });
    assert.deepEqual(await said(flow, id, e450(0, 0.05)), [0.05, 'layout', 'e450', 'setting', undefined]);
    await stopFlow();
    const conventions = [{ name: 'mine', when: { setupChannel: [8, 8] }, scales: { power: 0, current: -1 } }];
    const own = await start(id, { conventions });
    assert.deepEqual(await said(own, id, e450(0, 0.05)), [0.5, 'layout', 'mine', 'facts', undefined]);
    await stopFlow();
    for (const [more, message] of [
      [{ convention: 'e999' }, /convention "e999"/],
      [{ conventions: [{ name: 'x', when: { load: 1 }, scales: {} }] }, /load/],
    ] as const) {
      const wrong = await start(id, more);
      wrong.send(id, { payload: e450(1) });
      assert.match((await wrong.error()).error.message, message);
      await stopFlow();
    }
  });
});
