// What a meter sends unasked reaches the decoder that listens on the connection, whatever the connection is doing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { encodeApdu, type Apdu } from '../../src/core/apdu';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { array, enumerated, i8, octets, structure, u32 } from '../../src/core/cosem/data';
import type { Telegram } from '../../src/core/cosem/reading';
import { Obis } from '../../src/core/obis/obis';
import { Key, sealApdu } from '../../src/core/security';
import { unhex } from '../../src/core/wire/hex';
import { SerialTransport } from '../../src/io/transport/serial';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { serveTransport, simulatedMeter } from '../../src/sim/server';
import { hasSocat, serialPair } from '../io/serial-pair';
import { startFlow, stopFlow, type Flow, type FlowNode } from './flow';
import { closeMeters, connectionTo, serveMeter } from './meters';

const IMPORT = Obis.parse('1-0:1.8.0*255');
const PUSHED: Readonly<Record<string, (value: number) => Apdu>> = {
  'data-notification': value => ({
    type: 'data-notification',
    longInvoke: value,
    dateTime: null,
    body: array(structure(octets(IMPORT.bytes), u32(value), structure(i8(0), enumerated(30)))),
  }),
  'event-notification': value => ({
    type: 'event-notification-request',
    time: null,
    attribute: { classId: 3, instance: IMPORT.bytes, attribute: 2 },
    value: u32(value),
  }),
};

const decoder: FlowNode = {
  id: 'd',
  type: 'dlms-push-decoder',
  source: 'connection',
  connection: 'c1',
  wires: [['telegrams'], ['problems']],
};
const asker: FlowNode = {
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: '1-0:1.8.0*255' }],
  output: 'value',
  wires: [['out']],
};

async function start(
  port: number | string,
  more: Record<string, unknown> = {},
  credentials: Record<string, Record<string, string>> = {},
): Promise<Flow> {
  const flow = await startFlow(
    [connection, getObject, pushDecoder],
    [connectionTo(port, more), decoder, asker],
    credentials,
  );
  await flow.status('d', /listening/);
  return flow;
}

async function pushed(flow: Flow): Promise<unknown> {
  const { readings } = (await flow.message('telegrams')).payload as Telegram;
  return readings.find(({ obis }) => obis === IMPORT.toString())?.value;
}

describe('what a polled meter sends unasked', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const [service, apdu] of Object.entries(PUSHED)) {
      it(`reaches the decoder by ${framing}, as ${service}: idle, in an exchange, in and between associations`, async () => {
        const { port, server, meter } = await serveMeter({}, framing);
        const more = { interface: framing, idleTime: '1', ...(framing === 'wrapper' && { physicalAddress: '' }) };
        const flow = await start(port, more);
        const push = (value: number): void => server.push(encodeApdu(apdu(value)));
        await until(() => server.connections === 1);

        push(1);
        assert.equal(await pushed(flow), 1, 'before anything is asked');

        // In the middle of the association and of its reads.
        meter.fault({ kind: 'notification', apdu: encodeApdu(apdu(2)) });
        flow.send('n1', {});
        assert.equal(await pushed(flow), 2, 'in an exchange');
        assert.equal(typeof (await flow.message('out')).payload, 'number');

        push(3);
        assert.equal(await pushed(flow), 3, 'while the association is held');

        await until(() => flow.statuses('d').length > 0 && server.connections <= 1);
        await new Promise(resolve => setTimeout(resolve, 1500));
        push(4);
        assert.equal(await pushed(flow), 4, 'after the association has ended');
        assert.equal(server.connections, 1, 'one connection for all of it');

        flow.send('n1', {});
        assert.equal(typeof (await flow.message('out')).payload, 'number');
      });
    }
  }

  it('reaches the decoder also where only its keys open it, and loses no read', async () => {
    const { port, meter } = await serveMeter({}, 'wrapper');
    const pushKey = '00112233445566778899aabbccddeeff';
    const sealed = sealApdu(encodeApdu(PUSHED['data-notification']!(5)), {
      form: 'general-glo',
      systemTitle: unhex(DEFAULT_KEYS.systemTitle),
      key: Key.parse(pushKey, 'key'),
      authenticationKey: null,
      control: 0x20,
      counter: 7,
    });
    for (const [more, keys] of [
      [{}, {}],
      [
        { clientAddress: '1', authentication: 'high-gmac', security: 'authentication-encryption' },
        { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication },
      ],
    ]) {
      const flow = await start(
        port,
        { interface: 'wrapper', physicalAddress: '', ...more },
        { c1: keys as Record<string, string>, d: { encryptionKey: pushKey } },
      );
      flow.send('n1', {});
      await flow.message('out');
      meter.fault({ kind: 'notification', apdu: sealed });
      flow.send('n1', {});
      assert.equal(await pushed(flow), 5);
      assert.equal(typeof (await flow.message('out')).payload, 'number');
      await stopFlow();
    }
  });

  it('reaches the decoder on a serial port that is asked and listened on', async function () {
    if (!hasSocat()) return this.skip();
    const pair = await serialPair();
    const far = new SerialTransport({ path: pair.far, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 });
    try {
      await far.open();
      const meter = serveTransport(simulatedMeter(), far, { framing: 'hdlc' });
      const flow = await start('', { transport: 'serial', host: '', path: pair.near, idleTime: '1' });
      meter.push(encodeApdu(PUSHED['data-notification']!(1)));
      assert.equal(await pushed(flow), 1);
      flow.send('n1', {});
      assert.equal(typeof (await flow.message('out')).payload, 'number');
      meter.push(encodeApdu(PUSHED['data-notification']!(2)));
      assert.equal(await pushed(flow), 2);
      await new Promise(resolve => setTimeout(resolve, 1500));
      meter.push(encodeApdu(PUSHED['data-notification']!(3)));
      assert.equal(await pushed(flow), 3);
    } finally {
      await stopFlow();
      await far.close();
      await pair.pull();
    }
  });

  it('reaches every connection that listens on one line, also when another one has left or the line was lost', async () => {
    const calls = new Set<Socket>();
    const gateway = createServer(call => {
      calls.add(call);
      call.on('error', () => undefined);
      call.on('close', () => calls.delete(call));
    });
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const { port } = gateway.address() as AddressInfo;
    const line = (id: string): FlowNode => ({ ...connectionTo(port, { interface: 'push' }), id });
    const both = [
      line('c1'),
      line('c2'),
      { ...decoder, id: 'd1', connection: 'c1', wires: [['one']] },
      { ...decoder, id: 'd2', connection: 'c2', wires: [['two']] },
    ];
    const say = async (value: number): Promise<void> => {
      await until(() => calls.size === 1);
      // The other one comes to it a moment later.
      await new Promise(resolve => setTimeout(resolve, 600));
      const frame = encodeWrapper(1, 1, encodeApdu(PUSHED['data-notification']!(value)));
      for (const call of calls) call.write(frame);
    };
    const heard = async (by: string): Promise<unknown> =>
      ((await flow.message(by)).payload as Telegram).readings[0]?.value;
    const flow = await startFlow([connection, pushDecoder], both);
    try {
      await flow.status('d2', /listening on/);
      await say(1);
      assert.deepEqual([await heard('one'), await heard('two')], [1, 1]);
      for (const call of calls) call.destroy();
      await until(() => calls.size === 0);
      await say(2);
      assert.deepEqual([await heard('one'), await heard('two')], [2, 2]);
      await flow.deploy(both.slice(1, 2).concat(both.slice(3)), 'nodes');
      await say(3);
      assert.equal(await heard('two'), 3);
    } finally {
      await stopFlow();
      gateway.close();
    }
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5));
}
