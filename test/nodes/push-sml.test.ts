// SML through the real nodes: buffers and pasted hex, the switch for corrections, what a filter makes of it, and the readout.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import type { Telegram } from '../../src/core/cosem/reading';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import { hex } from '../../src/core/wire/hex';
import { pushBytes, pushFormat, type PushFormat } from '../../src/sim/push-source';
import { energy, entry, file, octets, power } from '../core/sml/fixtures';
import { startFlow, stopFlow, type Flow } from './flow';

const FNN = pushBytes(pushFormat('sml-fnn') as PushFormat);
const decoder = { id: 'push', type: 'dlms-push-decoder', wires: [['out'], ['problems']] };
const readings = (payload: unknown): Telegram['readings'] => (payload as Telegram).readings;

describe('SML at the nodes', () => {
  afterEach(stopFlow);

  it('is read from a Buffer, from hex and from a log of it, without any setting', async () => {
    const flow = await startFlow([pushDecoder], [decoder]);
    const dump = (hex(FNN).match(/.{1,32}/g) ?? []).map(line => (line.match(/../g) ?? []).join(' ')).join('\n');
    for (const payload of [Buffer.from(FNN), hex(FNN), dump]) {
      flow.send('push', { payload });
      const { payload: telegram, dlms } = await flow.message('out');
      assert.equal((telegram as Telegram).meter.id, '1SIM0012345678');
      assert.equal((telegram as Telegram).time, null);
      assert.deepEqual(
        readings(telegram)
          .map(r => r.value)
          .slice(2, 5),
        [12345670, 250010, 2000],
      );
      assert.deepEqual(dlms, {
        source: 'push',
        framing: 'sml',
        checksum: 'ok',
        service: 'sml-list',
        serverId: '0a0153494d0000bc614e',
        secIndex: 1000001,
        listName: '1-0:98.10.255*255',
      });
    }
  });

  it('leaves values as sent where the form says so', async () => {
    const dzg = file([entry('1-0:96.50.1*1', { value: octets('DZG') }), energy(1), power(-29912, 2, { scaler: -2 })]);
    for (const [asSent, value] of [
      [undefined, 356.24],
      [false, 356.24],
      [true, -299.12],
    ] as const) {
      const flow = await startFlow([pushDecoder], [{ ...decoder, ...(asSent === undefined ? {} : { asSent }) }]);
      flow.send('push', { payload: Buffer.from(dzg) });
      const reading = readings((await flow.message('out')).payload)[2];
      assert.deepEqual([reading?.value, reading?.raw], [value, -29912]);
      await stopFlow();
    }
  });

  it('says SML of what cannot be read, and in the readout of text', async () => {
    const flow: Flow = await startFlow(
      [pushDecoder, iecReadout],
      [decoder, { id: 'iec', type: 'dlms-iec-readout', source: 'message', wires: [['text']] }],
    );
    flow.send('push', { payload: Buffer.from(FNN.map((octet, n) => (n === 60 ? octet ^ 1 : octet))) });
    const { payload } = await flow.message('problems');
    assert.equal((payload as { code: string }).code, 'SML_CHECK');
    assert.match((payload as { message: string }).message, /^SML file: check 0x/);
    flow.send('iec', { payload: Buffer.from(FNN) });
    const { error } = await flow.error();
    assert.equal(error.code, 'OTHER_PROTOCOL');
    assert.match(error.message, /SML/);
  });

  it('passes the OBIS filter as readings of other meters do', async () => {
    const rules = [{ obis: '1.8.0', unit: 'kWh' }, { obis: '16.7.0' }, { obis: '81.7.40' }];
    const wired = [
      { ...decoder, wires: [['flat', 'home'], ['problems']] },
      { id: 'flat', type: 'dlms-obis-filter', output: 'flat', rules, wires: [['values']] },
      { id: 'home', type: 'dlms-obis-filter', output: 'homeassistant', rules, wires: [['entities']] },
    ];
    const flow = await startFlow([pushDecoder, filter], wired);
    flow.send('push', { payload: Buffer.from(FNN) });
    const flat = await flow.message('values');
    assert.deepEqual(flat.payload, {
      active_energy_import: 12345.67,
      active_power_net: 2000,
      phase_angle_u1_to_i1: 12,
    });
    assert.deepEqual(flat['units'], { active_energy_import: 'kWh', active_power_net: 'W', phase_angle_u1_to_i1: '°' });
    const config = await flow.message('entities');
    assert.match(String(config.topic), /^homeassistant\/sensor\/dlms_1sim0012345678\//);
    const { unit_of_measurement, device_class, state_class } = config.payload as Record<string, unknown>;
    assert.deepEqual([unit_of_measurement, device_class, state_class], ['kWh', 'energy', 'total_increasing']);
  });
});
