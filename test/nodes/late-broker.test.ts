// The examples that publish, where the first values come before the broker is connected: core MQTT out drops them then.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { NodeInitializer } from 'node-red';
import obisFilter from '../../src/nodes/obis-filter/dlms-obis-filter';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import simulator from '../../src/nodes/simulator/dlms-simulator';
import { startBroker, type Broker } from '../broker';
import { PROJECT } from '../node-red-process';
import { startFlow, stopFlow, type Flow, type FlowNode } from './flow';

// The sets of the runtime itself are modules without types.
const coreNodes = createRequire(__filename);
const mqtt = coreNodes('@node-red/nodes/core/network/10-mqtt.js') as NodeInitializer;
const status = coreNodes('@node-red/nodes/core/common/25-status.js') as NodeInitializer;

describe('examples that publish before the broker is connected', () => {
  let broker: Broker | undefined;
  afterEach(async () => {
    await stopFlow();
    broker?.close();
  });

  /** The example with a broker that is connected when `connect` says so; its debug nodes are helpers with their names. */
  async function load(name: string): Promise<{ flow: Flow; push(): Promise<void>; connect(): Promise<void> }> {
    broker = await startBroker();
    const { port } = broker;
    const all = JSON.parse(readFileSync(join(PROJECT, 'examples', `${name}.json`), 'utf8')) as FlowNode[];
    const names = new Map(all.filter(n => n.type === 'debug').map(n => [n.id, String(n['name'])]));
    const nodes = all
      .filter(n => !['tab', 'comment', 'debug', 'inject'].includes(n.type))
      .map(n => ({
        ...n,
        ...('z' in n && { z: 'tab' }),
        ...(n.type === 'mqtt-broker' && { port: String(port), autoConnect: false }),
        ...(n.wires !== undefined && {
          wires: n.wires.map(ids => [...ids.map(id => names.get(id) ?? id), ...(n.type === 'status' ? ['seen'] : [])]),
        }),
      }));
    const idOf = (type: string): string => nodes.find(n => n.type === type)?.id ?? assert.fail(type);
    const flow = await startFlow([obisFilter, pushDecoder, simulator, mqtt, status], nodes);
    return {
      push: async () => {
        flow.send(idOf('dlms-simulator'), {});
        await flow.status(idOf('dlms-obis-filter'), /^green/);
      },
      connect: async () => {
        flow.send(idOf('mqtt out'), { action: 'connect' } as never);
        while (((await flow.message('seen'))['status'] as { fill: string }).fill !== 'green');
      },
      flow,
    };
  }

  it('announce the entities to Home Assistant, with their values, as soon as it is', async () => {
    const { flow, push, connect } = await load('Readings to Home Assistant by MQTT');
    await push();
    await connect();
    const announced = [await flow.message('announced'), await flow.message('announced')];
    assert.deepEqual(
      announced.map(({ payload }) => (payload as Record<string, unknown>)['device_class']),
      ['power', 'energy'],
    );
    assert.deepEqual(
      [(await flow.message('values')).topic, (await flow.message('values')).topic],
      ['dlms/7350000000000001/active_power_import', 'dlms/7350000000000001/active_energy_import'],
    );
  });

  it('send the next values to their topics, though they have not changed', async () => {
    const { flow, push, connect } = await load('Readings to MQTT topics');
    await push();
    await connect();
    await push();
    const topics = [
      (await flow.message('what the broker has')).topic,
      (await flow.message('what the broker has')).topic,
    ];
    assert.ok(topics.includes('meters/7350000000000001/active_energy_import'), String(topics));
  });
});
