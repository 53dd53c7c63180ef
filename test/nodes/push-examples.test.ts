// The examples of the push decoder are imported and run as they are.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { NodeInitializer } from 'node-red';
import type { Telegram } from '../../src/core/cosem/reading';
import connection from '../../src/nodes/connection/dlms-connection';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import simulator from '../../src/nodes/simulator/dlms-simulator';
import { EXAMPLE_KEY_TEXT } from '../../src/sim/push-source';
import { startFlow, stopFlow, type Flow, type FlowNode } from './flow';

// The sets of the runtime itself are modules without types.
const coreNodes = createRequire(__filename);
const inject = coreNodes('@node-red/nodes/core/common/20-inject.js') as NodeInitializer;

interface Example {
  readonly flow: Flow;
  readonly nodes: readonly FlowNode[];
  named(name: string): FlowNode;
}

describe('examples of the push decoder', () => {
  afterEach(stopFlow);

  /** The nodes of an example with helpers in place of its debug nodes, which are named by their wires. */
  async function load(name: string): Promise<Example> {
    const all = JSON.parse(readFileSync(join(projectRoot(), 'examples', `${name}.json`), 'utf8')) as FlowNode[];
    const nodes: FlowNode[] = all
      .filter(n => !['tab', 'comment', 'debug'].includes(n.type))
      .map(n => ({ ...n, ...(n.type === 'inject' ? { once: false } : {}), ...('z' in n ? { z: 'tab' } : {}) }));
    const decoders = nodes.filter(n => n.type === 'dlms-push-decoder');
    const keys = Object.fromEntries(decoders.map(n => [n.id, (n['credentials'] ?? {}) as Record<string, string>]));
    const flow = await startFlow([pushDecoder, connection, simulator, inject], nodes, keys);
    return {
      flow,
      nodes,
      named: wanted => {
        const found = nodes.find(n => n['name'] === wanted || n.type === wanted);
        assert.ok(found !== undefined, wanted);
        return found;
      },
    };
  }
  const outputsOf = (node: FlowNode): [string, string] => [
    node.wires?.[0]?.[0] as string,
    node.wires?.[1]?.[0] as string,
  ];

  it('decode telegrams of many meters', async () => {
    const { flow, nodes, named } = await load('Decode pushed telegrams');
    const [telegrams] = outputsOf(named('dlms-push-decoder'));
    for (const button of nodes.filter(n => n.type === 'inject')) {
      flow.send(button.id, {});
      const { payload, topic } = await flow.message(telegrams);
      assert.equal(topic, button['topic']);
      assert.ok((payload as Telegram).readings.length > 5, String(topic));
    }
  });

  it('decrypt with the keys they bring along, and ask for a key where there is none', async () => {
    const { flow, nodes, named } = await load('Decode encrypted telegrams');
    const { encryptionKey, authenticationKey } = EXAMPLE_KEY_TEXT;
    assert.deepEqual(named('with the keys')['credentials'], { encryptionKey, authenticationKey });
    const [telegrams] = outputsOf(named('with the keys'));
    const [, problems] = outputsOf(named('without a key'));
    for (const button of nodes.filter(n => n.type === 'inject')) {
      flow.send(button.id, {});
      assert.ok(((await flow.message(telegrams)).payload as Telegram).readings.length > 5);
      assert.equal(((await flow.message(problems)).payload as { code: string }).code, 'NO_KEY');
    }
  });

  it('read each meter with the keys of its row, and tell once which has none', async () => {
    const { flow, nodes, named } = await load('One decoder for many encrypted meters');
    const [telegrams, problems] = outputsOf(named('all meters'));
    for (const button of nodes.filter(n => n.type === 'inject')) flow.send(button.id, {});
    const names = [await flow.message(telegrams), await flow.message(telegrams)].map(
      ({ payload }) => (payload as Telegram).meter.name,
    );
    assert.deepEqual(names, ['Flat 1', 'Flat 2']);
    assert.equal(((await flow.message(problems)).payload as { code: string }).code, 'NO_KEY');
  });

  it('describe a list that nobody knows', async () => {
    const { flow, named } = await load('Describe an unknown list');
    flow.send(named('inject').id, {});
    const [, problems] = outputsOf(named('without the layout'));
    assert.equal(((await flow.message(problems)).payload as { code: string }).code, 'UNKNOWN_LAYOUT');
    const [telegrams] = outputsOf(named('with the layout'));
    const { meter, readings } = (await flow.message(telegrams)).payload as Telegram;
    assert.equal(meter.id, '30000001');
    assert.deepEqual(
      readings.map(r => [r.obis, r.value, r.unit]),
      [
        [null, '30000001', null],
        ['1-0:1.7.0*255', 1250, 'W'],
        ['1-0:1.8.0*255', 12_345_678, 'Wh'],
        ['1-0:32.7.0*255', 231, 'V'],
      ],
    );
  });

  it('listen to a meter that pushes', async () => {
    const { flow, named } = await load('Listen to a pushing meter');
    const [telegrams] = outputsOf(named('dlms-push-decoder'));
    await flow.status(named('dlms-push-decoder').id, /listening/);
    await flow.status(named('dlms-simulator').id, /1 connected/);
    flow.send(named('dlms-simulator').id, {});
    const { payload } = await flow.message(telegrams);
    assert.equal((payload as Telegram).meter.manufacturer, 'KAM');
    assert.match(String((payload as Telegram).time), /[+-]\d\d:\d\d$/);
  });
});

function projectRoot(): string {
  let root = __dirname;
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  return root;
}
