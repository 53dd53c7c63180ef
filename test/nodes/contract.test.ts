// Every node against the simulated meters: what leaves it is what docs/messages.md promises.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { ObisFilter } from '../../src/filter/filter';
import { fromLatin1, hex } from '../../src/core/wire/hex';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import { filterOptions } from '../../src/nodes/obis-filter/meaning';
import { block } from '../../src/sim/iec-meter';
import { serveIec, type IecServer } from '../../src/sim/iec-server';
import { simulatedMeter } from '../../src/sim/server';
import { EXAMPLE_KEY_TEXT, EXAMPLE_TITLE, PUSH_FORMATS, pushBytes } from '../../src/sim/push-source';
import { feed, settingsFor, telegramsOf } from '../core/push/feeding';
import {
  checkBesideRows,
  checkError,
  checkOrigin,
  checkProblem,
  checkProfile,
  checkTelegram,
  FILTER_FORMS,
} from './contract';
import { startFlow, stopFlow, type Flow, type FlowNode, type Message } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const SETS = [connection, getObject, loadProfile, pushDecoder, iecReadout, filter];
const OBJECTS = ['0-0:1.0.0*255', '1-0:1.8.0*255', '1-0:32.7.0*255', '1-0:1.6.0*255', '0-0:96.1.0*255'];

const node = (type: string, more: Record<string, unknown>): FlowNode => ({
  id: 'n',
  type,
  connection: 'c1',
  wires: [['out'], ['wrong']],
  ...more,
});

async function dlms(type: string, more: Record<string, unknown>, rest: readonly FlowNode[] = []): Promise<Flow> {
  const { port } = await serveMeter();
  return startFlow(SETS, [connectionTo(port), node(type, more), ...rest]);
}

/** What was on the message before is still there. */
async function sent(flow: Flow, id = 'out'): Promise<Message> {
  const msg = await flow.message(id);
  assert.equal(msg['mine'], 'kept', 'fields that are not ours pass through');
  return msg;
}
const trigger = (flow: Flow, more: Record<string, unknown> = {}): void =>
  flow.send('n', { topic: 'mine', mine: 'kept', ...more } as never);

describe('the message contract', () => {
  const iecServers: IecServer[] = [];
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
    for (const server of iecServers.splice(0)) await server.close();
  });

  describe('get object', () => {
    it('sends telegrams', async () => {
      const flow = await dlms('dlms-get-object', { objects: OBJECTS.map(obis => ({ obis })), output: 'telegram' });
      trigger(flow);
      const msg = await sent(flow);
      checkTelegram(msg.payload);
      checkOrigin(msg['dlms'], 'get');
      assert.equal((msg.payload as { readings: unknown[] }).readings.length, OBJECTS.length);
      assert.equal(msg.topic, 'mine');
    });

    it('sends values, with what they are beside them', async () => {
      const flow = await dlms('dlms-get-object', { objects: OBJECTS.map(obis => ({ obis })), output: 'value' });
      trigger(flow);
      const msg = await sent(flow);
      checkOrigin(msg['dlms'], 'get');
      const { objects } = msg['dlms'] as { objects: { obis: string }[] };
      assert.deepEqual(
        objects.map(o => o.obis),
        OBJECTS,
      );
      assert.equal((msg.payload as unknown[]).length, OBJECTS.length);
    });

    it('tells errors', async () => {
      const flow = await startFlow(SETS, [
        connectionTo(await deadPort()),
        node('dlms-get-object', { objects: [{ obis: '1.8.0' }] }),
      ]);
      trigger(flow);
      const caught = await flow.error();
      checkError(caught.error, 'CONNECT_REFUSED');
      assert.deepEqual([caught.topic, caught['mine']], ['mine', 'kept']);
    });
  });

  describe('read load profile', () => {
    it('sends profiles', async () => {
      const flow = await dlms('dlms-read-load-profile', { output: 'object', range: { mode: 'last', last: '1 day' } });
      trigger(flow);
      const msg = await sent(flow);
      checkProfile(msg.payload);
      checkOrigin(msg['dlms'], 'profile');
    });

    for (const output of ['rows', 'row', 'csv', 'report']) {
      it(`sends ${output}, with what they are about beside them`, async () => {
        const flow = await dlms('dlms-read-load-profile', { output, range: { mode: 'entries', entries: '3' } });
        trigger(flow);
        for (let i = 0; i < (output === 'row' ? 3 : 1); i++) {
          const msg = await sent(flow);
          checkOrigin(msg['dlms'], 'profile');
          checkBesideRows(msg.payload, msg['dlms']);
          if (output !== 'row') continue;
          const { id, index, count } = msg['parts'] as Record<string, unknown>;
          assert.equal(typeof id, 'string');
          assert.deepEqual([index, count], [i, i === 2 ? 3 : undefined]);
        }
      });
    }

    it('tells errors', async () => {
      const flow = await dlms('dlms-read-load-profile', { obis: '1-0:99.77.0*255' });
      trigger(flow);
      checkError((await flow.error()).error, 'OBJECT_UNDEFINED');
    });
  });

  describe('push decoder', () => {
    const example = {
      encryptionKey: EXAMPLE_KEY_TEXT.encryptionKey,
      authenticationKey: EXAMPLE_KEY_TEXT.authenticationKey,
    };
    const decode = (credentials: Record<string, string>, more: Record<string, unknown> = {}): Promise<Flow> =>
      startFlow(SETS, [node('dlms-push-decoder', { connection: '', ...more })], { n: credentials });

    it('sends telegrams of every format that the simulated source knows', async () => {
      const flow = await decode(example, {
        hex: true,
        idle: '100',
        systemTitle: hex(EXAMPLE_TITLE),
        // Plain ones among them.
        require: 'nothing',
      });
      const formats = PUSH_FORMATS.filter(f => f.control !== 0x32);
      assert.ok(formats.length > 50, String(formats.length));
      for (const format of formats) {
        flow.send('n', { payload: Buffer.from(pushBytes(format, { counter: 7 })), mine: 'kept', reset: true } as never);
        const msg = await sent(flow).catch((e: unknown) => assert.fail(`${format.name}: ${String(e)}`));
        try {
          checkTelegram(msg.payload);
          checkOrigin(msg['dlms'], 'push');
        } catch (error) {
          assert.fail(`${format.name}: ${String(error)}`);
        }
      }
    });

    it('sends telegrams that were encrypted with 256 bits', async () => {
      const flow = await decode({
        encryptionKey: EXAMPLE_KEY_TEXT.encryptionKey256,
        authenticationKey: EXAMPLE_KEY_TEXT.authenticationKey256,
      });
      const format = PUSH_FORMATS.find(f => f.control === 0x32);
      assert.ok(format !== undefined);
      flow.send('n', { payload: Buffer.from(pushBytes(format)), mine: 'kept' } as never);
      const msg = await sent(flow);
      checkTelegram(msg.payload);
      checkOrigin(msg['dlms'], 'push');
    });

    it('tells problems on its second output', async () => {
      const flow = await decode({});
      const noe = PUSH_FORMATS.find(f => f.name === 'noe');
      assert.ok(noe !== undefined);
      flow.send('n', { payload: Buffer.from(pushBytes(noe)), mine: 'kept' } as never);
      checkProblem(await sent(flow, 'wrong'), 'NO_KEY');
    });

    it('tells a payload that is none as an error', async () => {
      const flow = await decode({});
      trigger(flow, { payload: { some: 'object' } });
      checkError((await flow.error()).error, 'BAD_SETTING');
    });
  });

  describe('IEC readout', () => {
    const readout = async (more: Record<string, unknown>): Promise<Flow> => {
      const server = await serveIec(simulatedMeter(), { port: 0, mode: 'c', serialNumber: '50021374', intervalMs: 0 });
      iecServers.push(server);
      return startFlow(SETS, [
        connectionTo(server.port, { interface: 'iec' }),
        node('dlms-iec-readout', { baudChangeDelay: '0', ...more }),
      ]);
    };

    it('sends telegrams of a list', async () => {
      const flow = await readout({});
      trigger(flow);
      const msg = await sent(flow);
      checkTelegram(msg.payload);
      checkOrigin(msg['dlms'], 'iec');
    });

    it('sends telegrams of text that came with a message', async () => {
      const flow = await startFlow(SETS, [node('dlms-iec-readout', { connection: '', source: 'message' })]);
      const lines =
        '/MFL5SIM-1\r\n\0C.1.0(00012345)\r\n1.8.0(001234.567*kWh)\r\n1.6.1(24.81*kW)(1604070900)\r\nF.F(00)\r\n!\r\n';
      const [head = '', body = ''] = lines.split('\0');
      trigger(flow, { payload: Buffer.from([...fromLatin1(head), ...block(body)]) });
      const msg = await sent(flow);
      checkTelegram(msg.payload);
      checkOrigin(msg['dlms'], 'iec');
    });

    it('sends the value of one register, with what it is beside it', async () => {
      const flow = await readout({ read: 'registers', registers: '1.8.0', output: 'value' });
      trigger(flow);
      const msg = await sent(flow);
      assert.equal(typeof msg.payload, 'number');
      checkOrigin(msg['dlms'], 'iec');
      assert.equal((msg['dlms'] as { objects: { obis: string; unit: string }[] }).objects[0]?.unit, 'kWh');
    });

    for (const output of ['object', 'rows', 'csv', 'report']) {
      it(`sends load profiles as ${output}`, async () => {
        const profile = { code: 'P.01', mode: 'last', last: '2 h', output };
        const flow = await readout({ read: 'profile', profile });
        trigger(flow);
        const msg = await sent(flow);
        checkOrigin(msg['dlms'], 'iec');
        if (output === 'object') checkProfile(msg.payload);
        else checkBesideRows(msg.payload, msg['dlms']);
      });
    }

    it('tells errors', async () => {
      const dead = connectionTo(await deadPort(), { interface: 'iec' });
      const flow = await startFlow(SETS, [dead, node('dlms-iec-readout', {})]);
      trigger(flow);
      checkError((await flow.error()).error, 'CONNECT_REFUSED');
    });
  });

  describe('OBIS filter', () => {
    for (const [output, check] of Object.entries(FILTER_FORMS)) {
      it(`sends the form ${output}`, async () => {
        const rules = [{ obis: '*.8.0', unit: 'kWh' }, { obis: '*.7.0' }];
        const outputs = output === 'per-rule' ? 3 : 2;
        const wires = [['f1'], ...(outputs === 3 ? [['f1']] : []), ['held']];
        const flow = await dlms(
          'dlms-get-object',
          { objects: OBJECTS.map(obis => ({ obis })), output: 'telegram', wires: [['f']] },
          [{ id: 'f', type: 'dlms-obis-filter', rules, output, outputs, wires }],
        );
        trigger(flow);
        const count = output === 'readings' || output === 'per-rule' ? 2 : output === 'homeassistant' ? 4 : 1;
        for (let i = 0; i < count; i++) {
          const msg = await sent(flow, 'f1');
          check(msg);
          checkOrigin(msg['dlms'], 'get');
        }
      });
    }

    it('gives telegrams of every format of the simulated source in every form, and repeats in none', () => {
      for (const format of PUSH_FORMATS) {
        const [event] = telegramsOf(feed(settingsFor(format), [pushBytes(format, { counter: 3 })]));
        assert.ok(event !== undefined, format.name);
        const { telegram } = event;
        const meter = { ...telegram.meter, id: telegram.meter.id ?? 'M1' };
        const payload = { ...telegram, meter, receivedAt: new Date().toISOString() };
        for (const [output, check] of Object.entries(FILTER_FORMS)) {
          const rules = [{ obis: '*.8.*', unit: 'kWh' }, { obis: '*' }];
          const made = new ObisFilter(filterOptions({ output, rules, duplicates: true, counters: true, hold: true }));
          const { messages } = made.process({ payload }, Date.now());
          assert.ok(messages.length > 0, `${format.name} ${output}`);
          for (const { fields } of messages) check(fields);
          if (payload.time !== null) assert.equal(made.process({ payload }, Date.now()).sent, 0, format.name);
        }
      }
    });

    it('tells what it held back', async () => {
      const flow = await startFlow(SETS, [
        node('dlms-obis-filter', { rules: [{ obis: '1.8.0', unit: 'V' }], outputs: 2 }),
      ]);
      const reading = { obis: '1-0:1.8.0*255', name: 'a', key: 'active_energy_import', value: 1, unit: 'Wh' };
      const meter = { id: 'x', manufacturer: null, model: null };
      trigger(flow, { payload: { meter, time: null, receivedAt: new Date().toISOString(), readings: [reading] } });
      const { payload, obis, unit } = await sent(flow, 'wrong');
      const { reason, message, value, last } = payload as Record<string, unknown>;
      assert.deepEqual([reason, value, last, obis, unit], ['unit', 1, null, '1-0:1.8.0*255', 'Wh']);
      assert.match(String(message), /cannot be shown in V/);
    });
  });
});
