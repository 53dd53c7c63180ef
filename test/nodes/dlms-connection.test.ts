import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { NodeInitializer } from 'node-red';
import type { Telegram } from '../../src/core/cosem/reading';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import { connectionOf, type ConnectionState, type Listening } from '../../src/nodes/lib/connection-api';
import { onInput } from '../../src/nodes/lib/on-input';
import { counterFingerprint, Key, parseSystemTitle } from '../../src/core/security';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { SerialTransport } from '../../src/io/transport/serial';
import { serveTransport, simulatedMeter } from '../../src/sim/server';
import { hasSocat, serialPair } from '../io/serial-pair';
import { adminRequest, callsOf, startFlow, stopFlow, userDirectory, type FlowNode } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const get = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: '0-0:96.1.0*255' }],
  output: 'value',
  wires: [['out']],
  ...more,
});
const nodes = [connection, getObject];

describe('dlms-connection', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  it('opens nothing until somebody asks, and then one connection for all users', async () => {
    const { port, server } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port), get(), get({ id: 'n2' })]);
    await flow.silence('out', 50);
    assert.equal(server.connections, 0);
    flow.send('n1', {});
    flow.send('n2', {});
    await flow.message('out');
    await flow.message('out');
    assert.equal(server.connections, 1);
  });

  it('hangs up when idle and connects again for the next request', async () => {
    const { port, server } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port, { idleTime: '0' }), get()]);
    for (let i = 0; i < 2; i++) {
      flow.send('n1', {});
      await flow.message('out');
      while (server.connections > 0) await new Promise(resolve => (server.onChange = resolve as () => void));
    }
  });

  it('takes every property from the environment', async () => {
    const { port } = await serveMeter();
    process.env['DLMS_TEST_HOST'] = '127.0.0.1';
    process.env['DLMS_TEST_PORT'] = String(port);
    process.env['DLMS_TEST_PASSWORD'] = '12345678';
    const low = { authentication: 'low', clientAddress: '17' };
    const env = connectionTo('${DLMS_TEST_PORT}', { ...low, host: '${DLMS_TEST_HOST}' });
    const flow = await startFlow(nodes, [env, get()], { c1: { password: '${DLMS_TEST_PASSWORD}' } });
    flow.send('n1', {});
    assert.equal(typeof (await flow.message('out')).payload, 'string');
  });

  describe('with msg.meter', () => {
    it('reads a fleet over one flow and keeps a connection for each meter', async () => {
      const [a, b] = [await serveMeter({ serialNumber: '111' }), await serveMeter({ serialNumber: '222' })];
      const flow = await startFlow(nodes, [connectionTo(a.port), get({ output: 'telegram' })]);
      const serials: unknown[] = [];
      for (const meter of [{ port: a.port }, { port: b.port }, { port: String(b.port) }, undefined, { port: b.port }]) {
        flow.send('n1', { meter } as never);
        const telegram = (await flow.message('out')).payload as Telegram;
        serials.push(telegram.readings[0]?.value);
      }
      assert.deepEqual(serials, ['111', '222', '222', '111', '222']);
      assert.equal(b.server.connections, 1);
    });

    it('takes addresses, authentication and password of one request', async () => {
      const { port } = await serveMeter();
      const flow = await startFlow(nodes, [connectionTo(port), get()]);
      flow.send('n1', { meter: { clientAddress: 17, authentication: 'low', password: '12345678' } } as never);
      assert.equal(typeof (await flow.message('out')).payload, 'string');
      flow.send('n1', { meter: { clientAddress: 17, authentication: 'low', password: '1234' } } as never);
      const { error } = await flow.error();
      assert.equal(error.code, 'WRONG_PASSWORD');
      assert.ok(!JSON.stringify(error).includes('1234"'));
    });

    for (const meter of ['10.0.0.1', 5, [1], { port: 'x' }]) {
      it(`refuses ${JSON.stringify(meter)} with BAD_SETTING`, async () => {
        const flow = await startFlow(nodes, [connectionTo(4059), get()]);
        flow.send('n1', { meter } as never);
        assert.equal((await flow.error()).error.code, 'BAD_SETTING');
      });
    }
  });

  it('lets requests wait for their turn, and says when too many do', async () => {
    const { port, meter } = await serveMeter();
    meter.fault({ kind: 'slow', ms: 200, times: 4 });
    const flow = await startFlow(nodes, [connectionTo(port), get()]);
    for (let i = 0; i < 103; i++) flow.send('n1', { topic: i } as never);
    const { error } = await flow.error();
    assert.equal(error.code, 'QUEUE_FULL');
    for (let i = 0; i < 101; i++) await flow.message('out', 10_000);
  });

  it('never lets a dead meter cost another meter on the same gateway its requests', async () => {
    const { port } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port, { answerTimeout: '200' }), get()]);
    flow.send('n1', { topic: 'dead', meter: { physicalAddress: 99 } } as never);
    flow.send('n1', { topic: 'alive' } as never);
    const [failed, msg] = await Promise.all([flow.error(), flow.message('out')]);
    assert.equal(failed.topic, 'dead');
    assert.equal(failed.error.code, 'NO_ANSWER');
    assert.equal(msg.topic, 'alive');
  });

  it('frees the connection with every kind of deploy, and the next read works', async function () {
    this.timeout(20_000);
    const { port, server } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port), get()]);
    let round = 0;
    for (const type of ['full', 'flows', 'nodes', 'full', 'nodes'] as const) {
      flow.send('n1', {});
      await flow.message('out');
      const begun = Date.now();
      await flow.deploy([connectionTo(port, { name: `round ${round++}` }), get({ name: `round ${round}` })], type);
      assert.ok(Date.now() - begun < 5000, `${type}: ${Date.now() - begun} ms`);
      flow.send('n1', {});
      await flow.message('out');
      assert.ok(server.connections <= 1, `${type}: ${server.connections} connections`);
    }
  });

  it('keeps reading when only the connection was deployed anew', async () => {
    const [a, b] = [await serveMeter({ serialNumber: '111' }), await serveMeter({ serialNumber: '222' })];
    const flow = await startFlow(nodes, [connectionTo(a.port), get()]);
    flow.send('n1', {});
    assert.equal((await flow.message('out')).payload, '111');
    await flow.deploy([connectionTo(b.port), get()], 'nodes');
    flow.send('n1', {});
    assert.equal((await flow.message('out')).payload, '222');
  });

  it('survives a peer that resets, sends rubbish, or goes silent', async function () {
    this.timeout(20_000);
    const peers = [
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => void socket.write(Buffer.alloc(5000, 0x7e)),
      (socket: Socket) => void socket.end(Buffer.from('7ea0', 'hex')),
      () => undefined,
    ];
    for (const behave of peers) {
      const server = createServer(socket => {
        socket.on('error', () => undefined);
        socket.on('data', () => behave(socket));
      });
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()));
      const { port } = server.address() as AddressInfo;
      const flow = await startFlow(nodes, [connectionTo(port, { answerTimeout: '200' }), get()]);
      flow.send('n1', {});
      const { error } = await flow.error();
      assert.match(error.code ?? '', /^(NO_ANSWER|CONNECTION_LOST|HDLC_\w+|UNEXPECTED_RESPONSE)$/);
      await stopFlow();
      await new Promise<void>(resolve => server.close(() => resolve()));
    }
  });

  it('keeps the invocation counter over a restart, and no key in its file', async () => {
    const { port, meter } = await serveMeter();
    const secure = {
      clientAddress: '1',
      authentication: 'high-gmac',
      security: 'authentication-encryption',
      counterObject: '-',
    };
    const keys = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
    for (let round = 0; round < 2; round++) {
      const flow = await startFlow(
        nodes,
        [connectionTo(port, { ...secure, id: 'secure1' }), get({ connection: 'secure1' })],
        {
          secure1: keys,
        },
      );
      flow.send('n1', {});
      await flow.message('out');
      await stopFlow();
    }
    const dir = join(userDirectory(), 'dlms');
    const fingerprint = counterFingerprint(
      Key.parse(keys.encryptionKey, 'key'),
      parseSystemTitle(readFileSync(join(dir, 'system-title'), 'utf8').trim()),
    );
    const counters = readdirSync(join(dir, 'counters', fingerprint)).filter(name => name !== 'settled');
    assert.equal(counters.length, 1);
    assert.ok(Number(counters[0]) > meter.clientCounter);
    assert.ok(readdirSync(dir).every(name => !name.endsWith('.new')));
    const names = readdirSync(join(dir, 'counters'), { recursive: true, encoding: 'utf8' });
    const all = [...names, readFileSync(join(dir, 'received.log'), 'utf8')].join('\n');
    for (const key of Object.values(keys)) assert.ok(!all.toLowerCase().includes(key.toLowerCase()));
  });

  it('counts together with another connection to the same meter: no counter of a key is used twice', async () => {
    const { port, meter } = await serveMeter();
    const secure = { clientAddress: '1', authentication: 'high-gmac', security: 'authentication-encryption' };
    const keys = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
    const flow = await startFlow(
      nodes,
      [
        connectionTo(port, { ...secure, id: 's1', counterObject: '-', idleTime: '0' }),
        connectionTo(port, { ...secure, id: 's2', counterObject: '-', idleTime: '0' }),
        get({ connection: 's1' }),
        get({ id: 'n2', connection: 's2' }),
      ],
      { s1: keys, s2: keys },
    );
    // The first read may have to learn from the meter where to begin.
    flow.send('n1', {});
    await flow.message('out');
    const before = meter.served;
    for (const id of ['n2', 'n1', 'n2', 'n1']) {
      flow.send(id, {});
      await flow.message('out');
    }
    // AARQ, proof and read each time; a refused counter would cost another association.
    assert.equal(meter.served - before, 4 * 3);
  });

  it('says at the deploy that PLC is not supported, and again to who asks', async () => {
    for (const kind of ['plc', 'plc-hdlc']) {
      const flow = await startFlow(nodes, [connectionTo(4059, { interface: kind }), get()]);
      let state: ConnectionState | null = null;
      (
        flow.node('c1') as unknown as { connection: { watch(to: (s: ConnectionState) => void): void } }
      ).connection.watch(s => (state = s));
      assert.equal((state as ConnectionState | null)?.text, `the interface ${kind} is not supported`);
      flow.send('n1', {});
      const { error } = await flow.error();
      assert.equal(error.code, 'NOT_SUPPORTED');
      assert.ok(error.message.startsWith(`the interface ${kind} is not supported`), error.message);
      await stopFlow();
    }
  });

  it('traces every frame on demand, without the password', async () => {
    const { port } = await serveMeter();
    const low = { authentication: 'low', clientAddress: '17', trace: 'verbose' };
    const flow = await startFlow(nodes, [connectionTo(port, low), get()], { c1: { password: '12345678' } });
    const lines: string[] = [];
    callsOf(flow.node('c1'), 'log', args => lines.push(String(args[0])));
    flow.send('n1', {});
    await flow.message('out');
    const frames = lines.filter(line => / [<>] (7e|apdu)/.test(line));
    assert.ok(frames.length > 4, lines.join('\n'));
    assert.ok(!lines.some(line => line.includes('31 32 33 34 35 36 37 38')));
    assert.ok(
      lines.some(line => line.includes('2a 2a 2a 2a')),
      'masked',
    );
  });

  it('says nothing in the log while all goes well, unless asked', async () => {
    const { port } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port), get()]);
    const lines: unknown[] = [];
    for (const level of ['log', 'warn', 'error']) callsOf(flow.node('c1'), level, args => lines.push(args[0]));
    flow.send('n1', {});
    await flow.message('out');
    assert.deepEqual(lines, []);
  });

  it('reads over a serial line', async function () {
    if (!hasSocat()) return this.skip();
    const pair = await serialPair();
    const far = new SerialTransport({ path: pair.far, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 });
    await far.open();
    serveTransport(simulatedMeter({ serialNumber: '333' }), far, { framing: 'hdlc' });
    const serial = connectionTo('', { transport: 'serial', path: `${pair.near}:9600:8None1` });
    const flow = await startFlow(nodes, [serial, get()]);
    flow.send('n1', {});
    const answered = flow.message('out').then(msg => assert.equal(msg.payload, '333'));
    await Promise.race([answered, flow.error().then(caught => assert.fail(caught.error.message))]);
    await stopFlow();
    await far.close();
    await pair.pull();
  });

  it('says what a serial port that is not there lacks', async () => {
    const flow = await startFlow(nodes, [connectionTo('', { transport: 'serial', path: '/dev/no-such-port' }), get()]);
    flow.send('n1', {});
    assert.match((await flow.error()).error.code ?? '', /^SERIAL_MISSING$/);
  });

  describe('for a node that listens', () => {
    let listening: Listening | null = null;
    const states: ConnectionState[] = [];
    const listener: NodeInitializer = RED => {
      RED.nodes.registerType('listener', function (this, config) {
        RED.nodes.createNode(this, config);
        states.length = 0;
        const handle = onInput(RED, this, () => Promise.resolve(null), { onClose: () => listening?.stop() });
        listening = connectionOf(RED, 'c1').listen({
          bytes: (chunk, source) => handle.emit({ payload: Buffer.from(chunk).toString(), topic: source }),
          ended: source => handle.emit({ payload: null, topic: source }),
          state: state => states.push(state),
        });
      });
    };
    const node: FlowNode = { id: 'n1', type: 'listener', wires: [['out']] };

    it('takes calls on a TCP port, tells them apart, and frees the port with the node', async () => {
      const port = await deadPort();
      const flow = await startFlow([connection, listener], [connectionTo(port, { transport: 'tcp-server' }), node]);
      while (states.at(-1)?.phase !== 'listening') await new Promise(resolve => setTimeout(resolve, 5));
      const socket = connect(port, '127.0.0.1');
      socket.write('hello');
      const msg = await flow.message('out');
      assert.equal(msg.payload, 'hello');
      assert.equal(msg.topic, `127.0.0.1:${socket.localPort}`);
      socket.destroy();
      assert.equal((await flow.message('out')).payload, null);
      await stopFlow();
      await assert.rejects(
        new Promise((resolve, reject) => connect(port, '127.0.0.1').on('connect', resolve).on('error', reject)),
        { code: 'ECONNREFUSED' },
      );
    });

    it('waits and tries again when the port is in use', async () => {
      const { port } = await serveMeter();
      const tcpServer = connectionTo(port, { transport: 'tcp-server', host: '127.0.0.1' });
      await startFlow([connection, listener], [tcpServer, node]);
      while (states.at(-1)?.phase !== 'waiting') await new Promise(resolve => setTimeout(resolve, 5));
      assert.match(states.at(-1)?.text ?? '', /in use/);
    });
  });

  describe('in the editor', () => {
    it('turns a command line into properties, and a wrong one into a sentence', async () => {
      await startFlow(nodes, [connectionTo(4059)]);
      const line = '-h 10.0.0.1 -p 4059 -i WRAPPER -c 32 -a Low -P secret -t Verbose';
      const { body } = await adminRequest().post('/dlms-connection/command-line').send({ line }).expect(200);
      assert.equal(body.properties.host, '10.0.0.1');
      assert.equal(body.properties.interface, 'wrapper');
      assert.equal(body.credentials.password, 'secret');
      const wrong = await adminRequest().post('/dlms-connection/command-line').send({ line: 'nothing' }).expect(400);
      assert.equal(wrong.body.code, 'BAD_SETTING');
    });

    it('lists the serial ports of this computer', async () => {
      await startFlow(nodes, [connectionTo(4059)]);
      const { body } = await adminRequest().get('/dlms-connection/ports').expect(200);
      assert.ok(Array.isArray(body));
    });
  });

  it('needs its state directory only when there is something to keep', () => {
    assert.ok(!existsSync(join(userDirectory(), 'dlms', 'c9.json')));
  });
});
