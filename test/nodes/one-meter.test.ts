// One meter is not another: two simulated meters that answer at one address, or one that was parameterised anew.
// What is learned of the first must never be put on the values of the second.

import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { array, enumerated, i8, octets, structure, u32, u8, type Data } from '../../src/core/cosem/data';
import { clockOctets } from '../../src/core/cosem/date-time';
import type { LoadProfile } from '../../src/filter/load-profile';
import { Obis } from '../../src/core/obis/obis';
import { captureObject } from '../../src/core/cosem/profile-layout';
import type { Telegram } from '../../src/core/cosem/reading';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import { attribute, cosemObject, type CosemObject } from '../../src/sim/cosem-object';
import type { MeterOptions } from '../../src/sim/meter';
import { startFlow, stopFlow, type Flow, type FlowNode, type Message } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const IMPORT = '1-0:1.8.9*255';
const EXPORT = '1-0:2.8.9*255';
const PROFILE = '1-0:99.7.0*255';
const HOUR = 3_600_000;
const NOW = Math.floor(Date.now() / HOUR) * HOUR;

/** What may change of a meter while its name stays. */
interface Parameters {
  scaler: number;
  swapped: boolean;
}

/** Registers with a scale, in an order that decides their short names, and a profile of both. */
function objectsOf(parameters: Parameters, base: number): CosemObject[] {
  const register = (obis: string, value: number): CosemObject =>
    cosemObject(3, obis, {
      2: attribute(u32(value)),
      3: attribute(() => structure(i8(parameters.scaler), enumerated(30))),
    });
  const registers = [register(IMPORT, base + 1), register(EXPORT, base + 2)];
  const column = (obis: string): Data =>
    captureObject({ classId: 3, obis: Obis.parse(obis), attribute: 2, dataIndex: 0 });
  const clock = captureObject({ classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2, dataIndex: 0 });
  const both = (): [number, number] => (parameters.swapped ? [2, 1] : [1, 2]);
  const profile = cosemObject(7, PROFILE, {
    2: attribute(() =>
      array(
        ...[3, 2, 1].map(ago => {
          const values = both().map(n => u32(base + n));
          return structure(octets(clockOctets(NOW - ago * HOUR)), ...values);
        }),
      ),
    ),
    3: attribute(() => array(clock, ...both().map(n => column(n === 1 ? IMPORT : EXPORT)))),
    4: attribute(() => u32(parameters.swapped ? 1800 : 3600)),
    5: attribute(u8(1)),
  });
  return [...(parameters.swapped ? registers.reverse() : registers), profile];
}

const A = { logicalDeviceName: 'AAA0000000000001', extraObjects: objectsOf({ scaler: -3, swapped: false }, 1_234_000) };
const B = { logicalDeviceName: 'BBB0000000000002', extraObjects: objectsOf({ scaler: 0, swapped: true }, 7_000) };

/** One address, behind which the meter can be exchanged: what was open is cut. */
class Place {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer(socket => this.#join(socket));
  target = 0;

  async open(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }
  exchange(target: number): void {
    this.target = target;
    for (const socket of this.#sockets) socket.destroy();
  }
  close(): Promise<unknown> {
    this.exchange(0);
    return new Promise(resolve => this.#server.close(resolve));
  }
  #join(socket: Socket): void {
    const meter = connect(this.target, '127.0.0.1');
    for (const [one, other] of [
      [socket, meter],
      [meter, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined).on('close', () => other.destroy());
      one.on('close', () => this.#sockets.delete(one));
      one.pipe(other);
    }
  }
}

const get = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'get',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: IMPORT }, { obis: EXPORT }],
  output: 'telegram',
  wires: [['read']],
  ...more,
});
const rows = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'rows',
  type: 'dlms-read-load-profile',
  connection: 'c1',
  obis: PROFILE,
  range: { mode: 'all' },
  output: 'object',
  wires: [['profile']],
  ...more,
});

const closing: (() => Promise<unknown>)[] = [];

async function two(
  a: Partial<MeterOptions>,
  b: Partial<MeterOptions>,
): Promise<{ place: Place; port: number; b: number }> {
  const [first, second] = [await serveMeter(a, 'wrapper'), await serveMeter(b, 'wrapper')];
  const place = new Place();
  closing.push(() => place.close());
  const port = await place.open();
  place.exchange(first.port);
  return { place, port, b: second.port };
}

const summary = (msg: Message): unknown[] => {
  const { meter, readings } = msg.payload as Telegram;
  return [meter.id, ...readings.map(r => r.value)];
};
const lastRow = (msg: Message): unknown[] => {
  const { meter, profile, rows: list } = msg.payload as LoadProfile;
  const last = list.at(-1);
  return [meter.id, profile.capturePeriod, last?.[IMPORT], last?.[EXPORT]];
};

const OF_A = ['AAA0000000000001', 1234.001, 1234.002];
const OF_B = ['BBB0000000000002', 7001, 7002];
const ROWS_OF_A = ['AAA0000000000001', 3600, 1234.001, 1234.002];
const ROWS_OF_B = ['BBB0000000000002', 1800, 7001, 7002];

describe('one meter is not another', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
    for (const close of closing.splice(0)) await close();
  });

  const start = (port: number, nodes: FlowNode[], more: Record<string, unknown> = {}): Promise<Flow> =>
    startFlow(
      [connection, getObject, loadProfile],
      [connectionTo(port, { interface: 'wrapper', physicalAddress: '', ...more }), ...nodes],
    );

  for (const referencing of ['ln', 'sn']) {
    for (const idleTime of ['0', '20']) {
      it(`gives an exchanged meter its own name, scales and columns (${referencing}, idle time ${idleTime} s)`, async () => {
        const { place, port, b } = await two(A, B);
        const value = get({ id: 'value', output: 'value', wires: [['values']] });
        const flow = await start(port, [get(), value, rows()], { referencing, idleTime });
        const ask = async (): Promise<unknown[][]> => {
          for (const id of ['get', 'value', 'rows']) flow.send(id, {});
          const read = summary(await flow.message('read'));
          const values = (await flow.message('values')).payload as unknown[];
          return [read, values, lastRow(await flow.message('profile'))];
        };
        const [ofA, ofB] = [
          [OF_A, OF_A.slice(1), ROWS_OF_A],
          [OF_B, OF_B.slice(1), ROWS_OF_B],
        ];
        assert.deepEqual(await ask(), ofA);
        place.exchange(b);
        assert.deepEqual(await ask(), ofB);
        assert.deepEqual(await ask(), ofB);
      });
    }

    it(`reads a meter that was parameterised anew as it is now (${referencing})`, async () => {
      const parameters = { scaler: -3, swapped: false };
      const options = { logicalDeviceName: 'AAA0000000000001', extraObjects: objectsOf(parameters, 1_234_000) };
      const { port } = await serveMeter(options, 'wrapper');
      const flow = await start(port, [get(), rows()], { referencing, idleTime: '0' });
      const ask = async (): Promise<unknown[][]> => {
        for (const id of ['get', 'rows']) flow.send(id, {});
        return [summary(await flow.message('read')), lastRow(await flow.message('profile'))];
      };
      assert.deepEqual(await ask(), [OF_A, ROWS_OF_A]);
      Object.assign(parameters, { scaler: 0, swapped: true });
      const [id] = OF_A;
      assert.deepEqual(await ask(), [
        [id, 1_234_001, 1_234_002],
        [id, 1800, 1_234_001, 1_234_002],
      ]);
    });
  }

  it('tells two meters apart that call in on one port in turn, in each output of a profile too', async () => {
    const targets = [(await serveMeter(A, 'wrapper')).port, (await serveMeter(B, 'wrapper')).port];
    const port = await deadPort();
    let over = false;
    let calls = 0;
    const call = (): void => {
      if (over) return;
      const out = connect({ port, host: '127.0.0.1' });
      out.on('error', () => undefined);
      out.once('connect', () => {
        const meter = connect(targets[calls++ % 2] as number, '127.0.0.1');
        meter.on('error', () => undefined);
        out.pipe(meter).pipe(out);
        out.once('close', () => meter.destroy());
        meter.once('close', () => out.destroy());
      });
      out.once('close', () => setTimeout(call, 5));
    };
    closing.push(() => Promise.resolve(void (over = true)));
    const outputs = ['rows', 'row', 'csv', 'report'];
    const flow = await start(
      port,
      [get(), rows(), ...outputs.map(output => rows({ id: `of-${output}`, output, wires: [[`${output}-out`]] }))],
      { transport: 'tcp-server', connectTimeout: '3000', idleTime: '0' },
    );
    call();
    const seen = new Set<string>();
    for (let n = 0; n < 3; n++) {
      flow.send('get', {});
      const read = summary(await flow.message('read'));
      assert.deepEqual(read, read[0] === OF_A[0] ? OF_A : OF_B);
      flow.send('rows', {});
      const profile = lastRow(await flow.message('profile'));
      assert.deepEqual(profile, profile[0] === OF_A[0] ? ROWS_OF_A : ROWS_OF_B);
      for (const id of [read[0], profile[0]]) seen.add(String(id));
    }
    assert.equal(seen.size, 2, 'both meters were read');
    for (const output of outputs) {
      flow.send(`of-${output}`, {});
      const msg = await flow.message(`${output}-out`);
      const { meter } = msg['dlms'] as { meter: { id: string } };
      const [values, others] =
        meter.id === OF_A[0] ? [/1234\.001.*1234\.002/s, /700[12]/] : [/7002.*7001|7001.*7002/s, /1234/];
      const shown = JSON.stringify(msg.payload);
      assert.match(shown, values, output);
      assert.doesNotMatch(shown, others, output);
    }
  });

  it('reads all rows of an exchanged meter since the last read, and goes on where the first one ended', async () => {
    const { place, port, b } = await two(A, B);
    const a = place.target;
    const flow = await start(port, [rows({ range: { mode: 'since-last-read', last: '1 day' } })], { idleTime: '0' });
    const count = async (): Promise<number> => {
      flow.send('rows', {});
      return ((await flow.message('profile')).payload as LoadProfile).rows.length;
    };
    assert.deepEqual([await count(), await count()], [3, 0]);
    place.exchange(b);
    assert.deepEqual([await count(), await count()], [3, 0]);
    place.exchange(a);
    assert.equal(await count(), 0);
  });

  it('says that another meter answers, and which, where the connection tells warnings', async () => {
    const { place, port, b } = await two(A, B);
    const flow = await start(port, [get()], { trace: 'warning' });
    const warned: string[] = [];
    (flow.node('c1') as unknown as NodeJS.EventEmitter).on('call:warn', (c: { args: unknown[] }) =>
      warned.push(String(c.args[0])),
    );
    flow.send('get', {});
    await flow.message('read');
    place.exchange(b);
    flow.send('get', {});
    await flow.message('read');
    assert.ok(
      warned.some(text => /another meter answers: was AAA0000000000001, is BBB0000000000002/.test(text)),
      warned.join('\n'),
    );
  });
});
