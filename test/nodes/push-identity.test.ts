// One device a meter: what a push decoder says of lists without a number, and what Home Assistant gets of it by the OBIS filter.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import type { Telegram } from '../../src/core/cosem/reading';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import { pushBytes, pushFormat, type PushFormat } from '../../src/sim/push-source';
import { startFlow, stopFlow, type Flow } from './flow';

const list = (name: string, counter = 1): Buffer => Buffer.from(pushBytes(pushFormat(name) as PushFormat, { counter }));
const decoder = { id: 'push', type: 'dlms-push-decoder', wires: [['out', 'home'], ['problems']] };
const home = { id: 'home', type: 'dlms-obis-filter', output: 'homeassistant', wires: [['mqtt'], ['held']] };

describe('one device a meter', () => {
  afterEach(stopFlow);

  /** Device identifiers that Home Assistant knows when these have come. */
  async function devices(flow: Flow, chunks: readonly Buffer[]): Promise<unknown[]> {
    const known = new Map<unknown, unknown>();
    flow.node('mqtt').on('input', msg => {
      const { topic, payload } = msg as { topic?: string; payload?: unknown };
      if (topic?.endsWith('/config') !== true) return;
      if (payload === '') known.delete(topic);
      else known.set(topic, (payload as { device: { identifiers: [string] } }).device.identifiers[0]);
    });
    for (const payload of chunks) {
      flow.send('push', { payload });
      await flow.message('out');
    }
    await flow.silence('problems', 50);
    return [...new Set(known.values())];
  }

  const orders: readonly (readonly [readonly string[], string])[] = [
    [['kaifa-list-18', 'kaifa-list-1', 'kaifa-list-13', 'kaifa-list-1'], 'KFM'],
    [['kaifa-list-1', 'kaifa-list-1', 'kaifa-list-13', 'kaifa-list-1', 'kaifa-list-18'], 'KFM'],
    [['aidon-no-list-1', 'aidon-no-list-2', 'aidon-no-list-1', 'aidon-no-list-3'], 'AID'],
  ];
  for (const [order, maker] of orders) {
    it(`for ${order.join(', ')}`, async () => {
      const flow = await startFlow([pushDecoder, filter], [decoder, home]);
      const seen: Telegram['meter'][] = [];
      flow.node('home').on('input', msg => seen.push((msg.payload as Telegram).meter));
      const found = await devices(
        flow,
        order.map(name => list(name)),
      );
      const last = seen.at(-1);
      assert.equal(last?.manufacturer, maker);
      assert.deepEqual(found, [`dlms_${String(last.id).toLowerCase()}`]);
    });
  }

  it('and two for two meters on lines of their own', async () => {
    const flow = await startFlow([pushDecoder], [decoder]);
    const send = async (topic: string, name: string): Promise<unknown> => {
      flow.send('push', { payload: list(name), topic });
      return ((await flow.message('out')).payload as Telegram).meter.id;
    };
    const a = await send('a', 'kaifa-list-13');
    const b = await send('b', 'aidon-no-list-2');
    assert.ok(a !== b && a !== null && b !== null);
    assert.equal(await send('a', 'kaifa-list-1'), a);
    assert.equal(await send('b', 'aidon-no-list-1'), b);
    assert.equal(await send('c', 'kaifa-list-1'), null);
  });
});
