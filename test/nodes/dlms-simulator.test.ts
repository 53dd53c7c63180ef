import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import simulator from '../../src/nodes/simulator/dlms-simulator';
import { decodeApdu } from '../../src/core/apdu';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { AARQ } from '../sim/wire';
import { adminRequest, startFlow, stopFlow, type Flow, type FlowNode } from './flow';

const ASSOCIATE = encodeWrapper(16, 1, AARQ);
const METER: FlowNode = { id: 's', type: 'dlms-simulator', port: '0', interface: 'wrapper', wires: [['out']] };

async function portOf(flow: Flow): Promise<number> {
  return Number(/port (\d+)/.exec(await flow.status('s', /port \d+/))?.[1]);
}

describe('dlms-simulator', () => {
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await stopFlow();
  });

  async function dial(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  it('listens, shows who is connected, and answers as a meter', async () => {
    const flow = await startFlow([simulator], [METER]);
    const socket = await dial(await portOf(flow));
    socket.write(ASSOCIATE);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(decodeApdu(answer.subarray(8)).apdu.type, 'aare');
    assert.match(await flow.status('s', /^green/), /1 connected/);
  });

  it('fails on demand and tells what still waits', async () => {
    const flow = await startFlow([simulator], [METER]);
    const socket = await dial(await portOf(flow));
    flow.send('s', { payload: '', fault: { kind: 'slow', ms: 5, times: 2 } } as never);
    const msg = await flow.message('out');
    assert.deepEqual(msg.payload, { port: await portOf(flow), connections: 1, requests: 0, faults: ['slow'] });
    flow.send('s', { fault: 'reset' } as never);
    await flow.message('out');
    const closed = new Promise(resolve => socket.once('close', resolve));
    socket.write(ASSOCIATE);
    await closed;
    flow.send('s', { fault: 'none' } as never);
    assert.deepEqual((await flow.message('out')).payload, {
      port: await portOf(flow),
      connections: 0,
      requests: 1,
      faults: [],
    });
  });

  it('refuses a fault and a behaviour that nobody knows', async () => {
    const flow = await startFlow([simulator], [METER]);
    flow.send('s', { fault: 'earthquake' } as never);
    assert.equal((await flow.error()).error.code, 'BAD_SETTING');
    flow.send('s', { behaviour: { pduSize: 'large' } } as never);
    assert.match((await flow.error()).error.message, /pduSize: large/);
  });

  it('frees its port within a second of a deploy, with a client connected', async () => {
    const flow = await startFlow([simulator], [METER]);
    const port = await portOf(flow);
    await dial(port);
    const began = performance.now();
    await flow.deploy([{ ...METER, port: String(port), name: 'again' }], 'full');
    await flow.status('s', new RegExp(`port ${port}, 0 connected`));
    assert.ok(performance.now() - began < 1000);
    await dial(port);
  });

  it('says which port is taken', async () => {
    const flow = await startFlow([simulator], [METER]);
    const port = await portOf(flow);
    await flow.deploy(
      [METER, { ...METER, id: 'second', port: String(port) }].map((n, i) =>
        i === 0 ? { ...n, port: String(port) } : n,
      ),
      'full',
    );
    const statuses = await Promise.any([flow.status('s', /^red/), flow.status('second', /^red/)]);
    assert.match(statuses, /cannot listen on/);
  });

  it('says which setting is wrong and lives on', async () => {
    const flow = await startFlow([simulator], [{ ...METER, timezone: 'Europe/Nowhere' }]);
    assert.match(await flow.status('s', /^red/), /timezone/);
    flow.send('s', { payload: '' });
    assert.equal((await flow.error()).error.code, 'CLOSED');
  });

  it('pushes telegrams: as messages, when asked, and to who is connected', async () => {
    const push: FlowNode = {
      id: 's',
      type: 'dlms-simulator',
      kind: 'push',
      format: 'kamstrup-list-2',
      interval: '0',
      port: '0',
      wires: [['out']],
    };
    const flow = await startFlow([simulator], [push]);
    const socket = await dial(await portOf(flow));
    await flow.status('s', /1 connected/);
    const heard = once(socket, 'data');
    flow.send('s', { payload: 'now' });
    const { payload } = await flow.message('out');
    assert.ok(Buffer.isBuffer(payload) && payload[0] === 0x7e);
    assert.deepEqual((await heard)[0], payload);
    await flow.silence('out', 20);
  });

  it('answers as a meter with an optical head, and fails on demand', async () => {
    const flow = await startFlow([simulator], [{ ...METER, kind: 'iec', mode: 'a' }]);
    const socket = await dial(await portOf(flow));
    let heard = '';
    socket.on('data', chunk => (heard += chunk.toString('latin1')));
    const sent = async (until: RegExp): Promise<void> => {
      heard = '';
      socket.write('/?!\r\n');
      while (!until.test(heard)) await once(socket, 'data');
    };
    await sent(/!\r\n\x03/);
    assert.match(heard, /^\/MFL SIM-1\r\n\x02F\.F\(00000000\)\r\n0\.0\.0\(50021374\)\r\nC\.1\.0\(50021374\)/);
    assert.match(heard, /1\.8\.0\(\d{6}\.\d{3}\*kWh\)/);
    flow.send('s', { fault: 'noise' } as never);
    assert.deepEqual((await flow.message('out')).payload, { port: await portOf(flow), connections: 1, requests: 1 });
    await sent(/!\r\n\x03/);
    assert.doesNotMatch(heard, /^\/MFL/);
  });

  it('names the formats it can push for the editor', async () => {
    await startFlow([simulator], []);
    const { body } = (await adminRequest().get('/dlms-simulator/formats')) as unknown as {
      body: { name: string; title: string }[];
    };
    assert.ok(body.length > 20 && body.every(f => f.name !== '' && f.title !== ''));
  });
});
