// The node in a real runtime: alone with messages, behind the core TCP, UDP and MQTT nodes, and on a dlms-connection.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Aedes } from 'aedes' with { 'resolution-mode': 'import' };
import { afterEach, describe, it } from 'mocha';
import type { NodeInitializer } from 'node-red';
import type { Telegram } from '../../src/core/cosem/reading';
import { concat, hex } from '../../src/core/wire/hex';
import { SerialTransport } from '../../src/io/transport/serial';
import connection from '../../src/nodes/connection/dlms-connection';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import type { Trial } from '../../src/nodes/push-decoder/trial';
import { octets, structure, u16 } from '../../src/core/cosem/data';
import { EXAMPLE_KEY_TEXT, notificationOf, pushBytes, pushFormat, type PushFormat } from '../../src/sim/push-source';
import { hasSocat, serialPair } from '../io/serial-pair';
import { adminRequest, startFlow, stopFlow, type Flow, type FlowNode, type Message } from './flow';
import { connectionTo, deadPort } from './meters';

// The sets of the runtime itself are modules without types.
const coreNodes = createRequire(__filename);
const tcpin = coreNodes('@node-red/nodes/core/network/31-tcpin.js') as NodeInitializer;
const udp = coreNodes('@node-red/nodes/core/network/32-udp.js') as NodeInitializer;
const mqtt = coreNodes('@node-red/nodes/core/network/10-mqtt.js') as NodeInitializer;

const format = (name: string): PushFormat => {
  const found = pushFormat(name);
  assert.ok(found !== undefined, name);
  return found;
};
const bytes = (name: string, counter = 1): Buffer => Buffer.from(pushBytes(format(name), { counter }));
const KEYS = {
  encryptionKey: EXAMPLE_KEY_TEXT.encryptionKey,
  authenticationKey: EXAMPLE_KEY_TEXT.authenticationKey,
};
const decoder = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'd',
  type: 'dlms-push-decoder',
  wires: [['out'], ['wrong']],
  ...more,
});
const telegramOf = (msg: Message): Telegram => msg.payload as Telegram;
const valueOf = (msg: Message, obis: string): unknown => telegramOf(msg).readings.find(r => r.obis === obis)?.value;
interface Wrong {
  readonly code: string;
  readonly message: string;
}
const codeOf = (msg: Message): unknown => (msg.payload as { code: unknown }).code;

describe('dlms-push-decoder', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await stopFlow();
    for (const close of closers.splice(0)) await close();
  });
  const start = (node: FlowNode, credentials: Record<string, string> = {}): Promise<Flow> =>
    startFlow([pushDecoder], [node], { d: credentials });

  it('turns bytes into a telegram and leaves the other fields of the message alone', async () => {
    const flow = await start(decoder());
    flow.send('d', { payload: bytes('kamstrup-list-2'), topic: 'cellar', mine: 1 } as never);
    const msg = await flow.message('out');
    const telegram = telegramOf(msg);
    assert.equal(telegram.meter.id, '5706000000000001');
    assert.equal(telegram.time, '2026-11-22T10:15:00');
    assert.ok(Math.abs(Date.parse(telegram.receivedAt) - Date.now()) < 5000);
    assert.equal(valueOf(msg, '1-1:1.8.0*255'), 12_345_670);
    assert.deepEqual(msg['dlms'], {
      source: 'push',
      framing: 'hdlc',
      checksum: 'ok',
      service: 'data-notification',
      layout: 'kamstrup',
      conventionBy: 'facts',
    });
    assert.equal(msg.topic, 'cellar');
    assert.equal(msg['mine'], 1);
    assert.match(await flow.status('d', /^green/), /^green \d\d:\d\d:\d\d, 1 telegram$/);
  });

  it('takes text in hex, base64 and dumps', async () => {
    const flow = await start(decoder());
    const frame = bytes('kaifa-list-13');
    for (const payload of [
      frame.toString('hex'),
      frame.toString('base64'),
      `RX: ${frame.toString('hex').replace(/../g, '$& ')}`,
    ]) {
      flow.send('d', { payload });
      assert.equal(valueOf(await flow.message('out'), '1-0:32.7.0*255'), 231);
    }
  });

  it('takes pieces of text as the text that they go on from, though they look like hex', async () => {
    const flow = await start(decoder());
    const text = '/SIM5METER\r\n\r\n1-0:1.8.0(00001234.56*kWh)\r\n!\r\n';
    for (const piece of text.match(/^[^(]*\(|0000|1234|[^\d(][^]*$/g) ?? []) flow.send('d', { payload: piece });
    assert.equal(valueOf(await flow.message('out'), '1-0:1.8.0*255'), 1234.56);
  });

  it('reads what programs print, and refuses what is no form by what was found', async () => {
    const flow = await start(decoder());
    const pairs = [...bytes('kaifa-list-13')].map(octet => octet.toString(16).padStart(2, '0').toUpperCase());
    flow.send('d', { payload: `[11:40:01][D][uart_debug:114]: <<< ${pairs.join(':')}` });
    assert.equal(valueOf(await flow.message('out'), '1-0:32.7.0*255'), 231);
    flow.send('d', { payload: { SerialReceived: pairs.join('') } as never });
    assert.equal(valueOf(await flow.message('out'), '1-0:32.7.0*255'), 231);
    flow.send('d', { payload: `<Buffer ${pairs.slice(0, 3).join(' ').toLowerCase()} ... 50 more bytes>` });
    const { error, payload } = await flow.error();
    assert.equal(error.code, 'BAD_SETTING');
    assert.match(String(payload), /^<Buffer/);
    assert.match(error.message, /inspected Buffer: it was cut short/);
  });

  it('joins what comes in pieces, apart for each source', async () => {
    const flow = await start(decoder());
    const one = bytes('kamstrup-list-1');
    const other = bytes('aidon-no-list-2');
    for (let at = 0; at < one.length; at += 50) {
      flow.send('d', { topic: 'one', payload: one.subarray(at, at + 50) });
      flow.send('d', { topic: 'other', payload: other.subarray(at, at + 50) });
    }
    flow.send('d', { topic: 'other', payload: other.subarray(Math.ceil(one.length / 50) * 50) });
    const got = [await flow.message('out'), await flow.message('out')];
    assert.deepEqual(got.map(m => telegramOf(m).readings.length).sort(), [13, 13]);
    assert.deepEqual(got.map(m => m.topic).sort(), ['one', 'other']);
  });

  it('tells sources apart by a property of choice', async () => {
    const flow = await start(decoder({ sourceProperty: 'meter.name' }));
    const frame = bytes('kamstrup-list-1');
    for (const name of ['a', 'b']) {
      flow.send('d', { topic: 'same', payload: frame.subarray(0, 100), meter: { name } } as never);
    }
    flow.send('d', { topic: 'same', payload: frame.subarray(100), meter: { name: 'a' } } as never);
    assert.deepEqual((await flow.message('out'))['meter'], { name: 'a' });
  });

  it('asks for the key, and says no key anywhere', async () => {
    const flow = await start(decoder());
    flow.send('d', { payload: bytes('noe'), topic: 't' });
    const wrong = await flow.message('wrong');
    const payload = wrong.payload as { code: string; message: string; hex: string };
    assert.equal(payload.code, 'NO_KEY');
    assert.match(payload.message, /53494d0000000001/);
    assert.match(payload.message, /GUEK/);
    assert.ok(payload.hex.length > 100);
    assert.equal(wrong.topic, 't');
    assert.match(await flow.status('d', /^red/), /^red .*key.*, 1 problem$/);
  });

  it('deciphers and verifies with keys as people type them', async () => {
    const typed = KEYS.encryptionKey.toUpperCase().replace(/..(?!$)/g, '$&:');
    const flow = await start(decoder(), { encryptionKey: ` 0x${typed} `, authenticationKey: KEYS.authenticationKey });
    flow.send('d', { payload: bytes('e450-steiermark') });
    const { dlms } = await flow.message('out');
    const { encrypted, authenticated, invocationCounter, systemTitle } = dlms as Record<string, unknown>;
    assert.deepEqual([encrypted, authenticated, invocationCounter, systemTitle], [true, true, 1, '53494d0000000001']);
  });

  it('refuses a wrong key when it starts and with each message, without showing it', async () => {
    const flow = await start(decoder(), { encryptionKey: '5a4d6e' });
    assert.match(await flow.status('d', /^red/), /encryptionKey/);
    flow.send('d', { payload: bytes('noe') });
    const { error } = await flow.error();
    assert.equal(error.code, 'BAD_SETTING');
    assert.ok(!JSON.stringify(error).includes('5a4d6e'));
  });

  it('refuses replays where that is set, and marks them where it is not', async () => {
    const flow = await start(decoder({ replay: 'refuse' }), KEYS);
    for (const counter of [5, 5, 8]) flow.send('d', { payload: bytes('burgenland-14', counter) });
    await flow.message('out');
    assert.equal(codeOf(await flow.message('wrong')), 'REPLAYED');
    assert.equal(((await flow.message('out'))['dlms'] as Record<string, unknown>)['skipped'], 2);
  });

  it('gives up what is unfinished after the idle time, and on reset at once', async () => {
    const flow = await start(decoder({ idle: '40' }));
    flow.send('d', { payload: bytes('kamstrup-list-1').subarray(0, 90), topic: 't' });
    const late = await flow.message('wrong');
    assert.equal(codeOf(late), 'INCOMPLETE');
    assert.equal(late.topic, 't');
    flow.send('d', { payload: bytes('kamstrup-list-1').subarray(0, 90) });
    flow.send('d', { reset: true } as never);
    flow.send('d', { payload: bytes('kaifa-list-1') });
    assert.equal(valueOf(await flow.message('out'), '1-0:1.7.0*255'), 2000);
    flow.send('d', { payload: bytes('kamstrup-list-1').subarray(0, 90) });
    flow.send('d', { payload: Date.now(), reset: true } as never);
    flow.send('d', { payload: bytes('kaifa-list-1') });
    assert.equal(valueOf(await flow.message('out'), '1-0:1.7.0*255'), 2000);
    await flow.silence('errors', 20);
    await flow.silence('wrong', 60);
  });

  it('decodes what is pasted into the form: with its keys, else with the saved ones, which never go back', async () => {
    await start(decoder(), KEYS);
    const text = hex(bytes('kaifa-west'));
    const decode = async (
      credentials: object,
      pasted = text,
      properties: object = { require: 'encrypted' },
    ): Promise<{ status: number; body: Trial & Wrong }> =>
      (await adminRequest()
        .post('/dlms-push-decoder/decode')
        .send({ id: 'd', text: pasted, lang: 'de', credentials, properties })) as never;
    const saved = await decode({ encryptionKey: '__PWRD__', authenticationKey: '__PWRD__' });
    const [telegram] = saved.body.telegrams;
    const reading = telegram?.readings.find(r => r.obis === '1-0:1.8.0*255');
    assert.deepEqual([reading?.unit, telegram?.origin.encrypted], ['Wh', true]);
    assert.notEqual(reading?.name, 'Active energy import (+A) total');
    assert.ok(!JSON.stringify(saved.body).includes(KEYS.encryptionKey.slice(0, 8)));
    assert.deepEqual(
      (await decode({ encryptionKey: '' })).body.problems.map(p => p.code),
      ['NO_KEY'],
    );
    const wrong = await decode({ encryptionKey: 'not a key at all' });
    assert.deepEqual([wrong.status, wrong.body.code], [400, 'BAD_SETTING']);
    assert.ok(!wrong.body.message.includes('not a key'));
    // As the node would: both keys, and a meter that sends without a tag.
    const [refused] = (await decode({}, text, {})).body.problems;
    assert.equal(refused?.code, 'NOT_AUTHENTICATED');
    assert.match(refused.message, /leave the authentication key empty or set "Require" to encrypted/);
    const list = hex(notificationOf(structure(octets([0x31, 0x32]), u16(500), u16(231))));
    const unknown = await decode({}, list, { require: 'nothing' });
    assert.equal(unknown.body.problems[0]?.layout?.elements, 3);
  });

  it("uses the user's layout and scalers, and offers a layout for a list that has none", async () => {
    const list = structure(octets([0x31, 0x32]), u16(500), u16(231));
    const frame = Buffer.from(notificationOf(list));
    const flow = await start(decoder());
    flow.send('d', { payload: frame });
    const problem = (await flow.message('wrong')).payload as { code: string; layout: { entries: unknown[] } };
    assert.equal(problem.code, 'UNKNOWN_LAYOUT');
    assert.equal(problem.layout.entries.length, 3);
    const offered = (await adminRequest().get('/dlms-push-decoder/d/unrecognised')).body as { layout: unknown }[];
    assert.deepEqual(offered[0]?.layout, problem.layout);
    await stopFlow();

    const layouts = [
      {
        name: 'my meter',
        elements: '3',
        entries: [
          { position: 0, role: 'meter-id' },
          { position: '1', obis: '1.7.0', unit: 'W', scaler: '1' },
          { position: 2, obis: '32.7.0', unit: 'V', scaler: 0 },
        ],
      },
    ];
    const again = await start(decoder({ layouts, scalers: { '32.7.0': -1 } }));
    again.send('d', { payload: frame });
    const msg = await again.message('out');
    assert.equal(telegramOf(msg).meter.id, '12');
    assert.equal(valueOf(msg, '1-0:1.7.0*255'), 5000);
    assert.equal(valueOf(msg, '1-0:32.7.0*255'), 23.1);
    assert.deepEqual(
      telegramOf(msg).readings.map(r => r.scaleSource),
      [undefined, 'layout', 'user'],
    );
  });

  it('says what is wrong with a layout, a scaler, a framing', async () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ layouts: [{ name: 'x', elements: 2, entries: [{ position: 2 }] }] }, /entries\[0\]\.position "2"/],
      [{ layouts: 'not json' }, /layouts/],
      [{ scalers: { '1.8.0': 'ten' } }, /scaler of 1\.8\.0 "ten"/],
      [{ framing: 'tcp' }, /framing "tcp"/],
      [{ layout: 'nobody' }, /layout "nobody"/],
      [{ clockPolicy: 'zone' }, /timezone/],
    ];
    for (const [more, expected] of wrong) {
      const flow = await start(decoder(more));
      flow.send('d', { payload: bytes('kaifa-list-1') });
      const { error } = await flow.error();
      assert.equal(error.code, 'BAD_SETTING');
      assert.match(error.message, expected);
      await stopFlow();
    }
  });

  it('refuses a payload that is no bytes by an error for a Catch node', async () => {
    const flow = await start(decoder());
    flow.send('d', { payload: { a: 1 } });
    assert.match((await flow.error()).error.message, /Buffer/);
  });

  it('tells of silence: no bytes, bytes without frame, frames without key', async () => {
    const flow = await start(decoder({ silence: '0.08' }));
    assert.equal(codeOf(await flow.message('wrong')), 'NO_BYTES');
    flow.send('d', { payload: Buffer.alloc(40, 0x55) });
    assert.equal(codeOf(await flow.message('wrong')), 'NO_FRAME');
    flow.send('d', { payload: bytes('wien-9') });
    const codes = new Set<unknown>();
    for (let i = 0; i < 3; i++) codes.add(codeOf(await flow.message('wrong')));
    assert.ok(codes.has('NO_KEY'));
    flow.send('d', { payload: bytes('kaifa-list-1') });
    await flow.message('out');
    assert.match(await flow.status('d', /^green/), /1 telegram, \d problems/);
  });

  it('keeps a bounded number of sources', async () => {
    const flow = await start(decoder({ maxSources: 256 }));
    const half = bytes('kaifa-list-13').subarray(0, 60);
    for (let i = 0; i < 300; i++) flow.send('d', { topic: `t${i}`, payload: half });
    assert.equal((await flow.message('wrong')).topic, 't0');
    assert.equal(((await flow.message('wrong')).payload as { code: string }).code, 'LIMIT_EXCEEDED');
    for (let i = 1; i < 44; i++) assert.equal((await flow.message('wrong')).topic, `t${i}`);
  });

  describe('behind nodes of the runtime', () => {
    it('decodes what comes by TCP', async () => {
      const port = await deadPort();
      const flow = await startFlow(
        [pushDecoder, tcpin],
        [
          {
            id: 'in',
            type: 'tcp in',
            server: 'server',
            host: '',
            port,
            datamode: 'stream',
            datatype: 'buffer',
            wires: [['d']],
          },
          decoder(),
        ],
      );
      const one = await dial(port);
      const other = await dial(port);
      const frame = bytes('e450-idis');
      for (let at = 0; at < frame.length; at += 100) {
        one.write(frame.subarray(at, at + 100));
        other.write(frame.subarray(at, at + 100));
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      for (let i = 0; i < 2; i++) assert.equal(valueOf(await flow.message('out'), '1-0:32.7.0*255'), 231);
      one.destroy();
      other.destroy();
    });

    it('decodes what comes by UDP', async () => {
      const port = await deadPort();
      const flow = await startFlow(
        [pushDecoder, udp],
        [
          {
            id: 'in',
            type: 'udp in',
            iface: '',
            port: String(port),
            ipv: 'udp4',
            multicast: 'false',
            group: '',
            datatype: 'buffer',
            wires: [['d']],
          },
          decoder(),
        ],
        { d: KEYS },
      );
      const socket = createSocket('udp4');
      closers.push(() => new Promise<void>(resolve => socket.close(() => resolve())));
      // A datagram may come before the port is bound.
      const again = setInterval(() => socket.send(bytes('vendor-octets'), port, '127.0.0.1'), 30);
      const msg = await flow.message('out').finally(() => clearInterval(again));
      assert.equal(telegramOf(msg).readings[0]?.value, '01c0ffee00000000000a000000140000001e');
    });

    it('decodes what comes by MQTT, each topic being a source', async () => {
      const broker = await mqttBroker();
      const server = createServer(socket => broker.handle(socket));
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      closers.push(() => new Promise<void>(resolve => broker.close(() => server.close(() => resolve()))));
      const { port } = server.address() as AddressInfo;
      const flow = await startFlow(
        [pushDecoder, mqtt],
        [
          {
            id: 'b',
            type: 'mqtt-broker',
            broker: '127.0.0.1',
            port: String(port),
            clientid: '',
            autoConnect: true,
            protocolVersion: '4',
            keepalive: '60',
            cleansession: true,
          },
          { id: 'in', type: 'mqtt in', topic: 'meters/#', qos: '0', datatype: 'buffer', broker: 'b', wires: [['d']] },
          decoder({ require: 'nothing' }),
        ],
        { d: KEYS },
      );
      const subscribed = new Promise(resolve => broker.once('subscribe', resolve));
      await subscribed;
      const halves = (name: string): [Buffer, Buffer] => [bytes(name).subarray(0, 130), bytes(name).subarray(130)];
      const publish = (topic: string, payload: Buffer): void =>
        broker.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }, () => undefined);
      const [a, b] = [halves('noe'), halves('kamstrup-list-2')];
      publish('meters/a', a[0]);
      publish('meters/b', b[0]);
      publish('meters/a', a[1]);
      publish('meters/b', b[1]);
      const got = [await flow.message('out'), await flow.message('out')];
      assert.deepEqual(
        got.map(m => m.topic),
        ['meters/a', 'meters/b'],
      );
      assert.equal(valueOf(got[0] as Message, '1-0:1.8.0*255'), 12_345_670);
    });
  });

  describe('on a connection of its own', () => {
    it('listens for meters that call by TCP', async () => {
      const port = await deadPort();
      const flow = await startFlow(
        [pushDecoder, connection],
        [connectionTo(port, { transport: 'tcp-server' }), decoder({ source: 'connection', connection: 'c1' })],
      );
      await flow.status('d', /listening/);
      const socket = await dial(port);
      const frame = bytes('event-notification');
      socket.write(frame.subarray(0, 9));
      socket.write(frame.subarray(9));
      const msg = await flow.message('out');
      assert.equal(valueOf(msg, '1-0:1.8.0*255'), 12_345_670);
      assert.match(String(msg.topic), /127\.0\.0\.1:\d+$/);
      socket.end(bytes('event-notification').subarray(0, 12));
      assert.equal(codeOf(await flow.message('wrong')), 'INCOMPLETE');
      await stopFlow();
      // The port is free again.
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
      await new Promise(resolve => server.close(resolve));
    });

    it('reads a serial port', async function () {
      if (!hasSocat()) this.skip();
      const pair = await serialPair();
      closers.push(() => pair.pull());
      const flow = await startFlow(
        [pushDecoder, connection],
        [
          { id: 'c1', type: 'dlms-connection', transport: 'serial', path: pair.near, baudRate: '115200' },
          decoder({ source: 'connection', connection: 'c1', require: 'encrypted' }),
        ],
        { d: KEYS },
      );
      await flow.status('d', /listening/);
      const meter = new SerialTransport({
        path: pair.far,
        baudRate: 115_200,
        dataBits: 8,
        parity: 'none',
        stopBits: 1,
      });
      await meter.open();
      closers.push(() => meter.close());
      await meter.write(concat(Uint8Array.of(0x55, 0x7e), bytes('kaifa-west')));
      const msg = await flow.message('out');
      assert.equal(valueOf(msg, '1-0:32.7.0*255'), 231);
      assert.equal(codeOf(await flow.message('wrong')), 'NO_FRAME');
    });

    it('says that the connection is missing', async () => {
      const flow = await start(decoder({ source: 'connection' }));
      assert.match(await flow.status('d', /^red/), /connection/);
    });
  });

  it('puts the bytes of a telegram on the message when asked', async () => {
    const flow = await start(decoder({ hex: true }));
    flow.send('d', { payload: bytes('kaifa-list-1') });
    const { dlms } = await flow.message('out');
    assert.match(String((dlms as { hex?: string }).hex), /^0f/);
    assert.ok(hex(bytes('kaifa-list-1')).includes((dlms as { hex: string }).hex));
  });
});

/** The broker is a module of the other kind, which only import() can load. */
async function mqttBroker(): Promise<Aedes> {
  const { Aedes } = await import('aedes');
  return Aedes.createBroker();
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const attempt = (left: number): void => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.once('error', error => (left === 0 ? reject(error) : setTimeout(() => attempt(left - 1), 20)));
    };
    attempt(50);
  });
}
