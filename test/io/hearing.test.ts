// A line that only talks: what the connection test and the search say of it. Over real serial pairs and real sockets.

import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, before, describe, it } from 'mocha';
import { searchMeter, type SearchEnvironment, type SearchEvent } from '../../src/io/diagnosis/connection-search';
import { testConnection, type TestEnvironment, type TestStage } from '../../src/io/diagnosis/connection-test';
import { parseSettings, type ConnectionSettings } from '../../src/io/settings/settings';
import { SerialTransport } from '../../src/io/transport/serial';
import type { PushOptions } from '../../src/core/push';
import { Key } from '../../src/core/security';
import { EXAMPLE_KEYS, pushFormat, pushTelegram, type PushFormat } from '../../src/sim/push-source';
import { hasSocat, serialPair, SOCAT_MISSING, type SerialPair } from './serial-pair';

const PLAIN = telegram('kaifa-list-9');
const ENCRYPTED = telegram('noe');
const P1 = Buffer.from('/SIM5P1\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n1-0:1.7.0(01.234*kW)\r\n!\r\n');
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function telegram(format: string): Buffer {
  return Buffer.concat(pushTelegram(pushFormat(format) as PushFormat));
}

const ended = (stages: readonly TestStage[]): string[] =>
  stages
    .filter(s => s.state !== 'running')
    .map(s => `${s.stage} ${s.state}${s.advice === undefined ? '' : ` → ${s.advice.key}`}`);
const keys = (stages: readonly { says: readonly { key: string }[] }[]): string[] =>
  stages.flatMap(s => s.says.map(w => w.key));

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of from) list.push(item);
  return list;
}

async function tested(
  settings: ConnectionSettings,
  options: PushOptions = {},
  more: TestEnvironment = {},
): Promise<TestStage[]> {
  return await all(testConnection(settings, { listensWith: { options }, ...more }));
}

describe('a connection test of a serial line that only talks', () => {
  let asked: number[] = [];

  before(function () {
    if (!hasSocat()) {
      console.log(SOCAT_MISSING);
      this.skip();
    }
  });

  /** Says `bytes` again and again at the far end and notes what is asked there. */
  async function talking(bytes: Uint8Array, everyMs = 300): Promise<SerialPair> {
    const pair = await serialPair();
    closing.push(() => pair.pull());
    asked = [];
    const meter = new SerialTransport({ path: pair.far, baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 1 });
    meter.onBytes = chunk => asked.push(...chunk);
    await meter.open();
    const timer = setInterval(() => void meter.write(bytes).catch(() => undefined), everyMs);
    closing.unshift(() => (clearInterval(timer), meter.close()));
    return pair;
  }
  const serial = (pair: SerialPair, more: object = {}): ConnectionSettings =>
    parseSettings(
      { transport: 'serial', path: pair.near, baudRate: '2400', parity: 'even', interface: 'push', ...more },
      {},
    );

  it('names the first readings and asks nothing', async () => {
    const stages = await tested(serial(await talking(PLAIN)));
    assert.deepEqual(ended(stages), ['line ok', 'bytes ok', 'telegram ok']);
    const says = stages.at(-1)?.says ?? [];
    assert.ok(says.some(w => w.key === 'not-encrypted'));
    assert.ok(
      says.some(w => w.key === 'reading' && /power/i.test(String(w.facts?.['name']))),
      JSON.stringify(says),
    );
    assert.deepEqual(asked, []);
  }).timeout(15_000);

  it('says whether the key is missing, wrong or fits', async () => {
    const pair = await talking(ENCRYPTED);
    assert.deepEqual(ended(await tested(serial(pair))), ['line ok', 'bytes ok', 'telegram warning → push-no-key']);
    const wrong = { encryptionKey: Key.parse('00'.repeat(16), 'key') };
    assert.deepEqual(ended(await tested(serial(pair), wrong)).at(-1), 'telegram failed → push-wrong-key');
    const right = await tested(serial(pair), { encryptionKey: EXAMPLE_KEYS.encryptionKey });
    assert.deepEqual(ended(right).at(-1), 'telegram ok');
    assert.ok(keys(right).includes('key-fits'));
    assert.ok(!JSON.stringify(right).includes('00'.repeat(16)));
  }).timeout(20_000);

  it('begins in the middle of a telegram and is not misled by it', async () => {
    const pair = await talking(Buffer.concat([PLAIN.subarray(40), PLAIN]), 700);
    assert.deepEqual(ended(await tested(serial(pair))), ['line ok', 'bytes ok', 'telegram ok']);
  }).timeout(15_000);

  it('has no red cross for a line where nothing came yet, and says what to do', async () => {
    const stages = await tested(serial(await talking(PLAIN, 60_000)), {}, { limitMs: 2500 });
    assert.deepEqual(ended(stages), ['line ok', 'bytes warning → no-push-serial']);
    assert.equal(stages.at(-1)?.advice?.facts?.['format'], '2400 8E1');
  }).timeout(10_000);

  it('is only listened to for nodes that only listen, whatever the interface says', async () => {
    const pair = await talking(PLAIN);
    const stages = await tested(serial(pair, { interface: 'hdlc' }), {}, { onlyListens: true });
    assert.deepEqual(ended(stages), ['line ok', 'bytes ok', 'telegram ok']);
    assert.deepEqual(asked, []);
  }).timeout(15_000);

  it('is found out where it was asked, and what it said is told', async () => {
    const pair = await talking(PLAIN);
    const stages = await tested(serial(pair, { interface: 'hdlc', answerTimeout: '500' }));
    assert.deepEqual(ended(stages), ['line ok', 'link warning → speaks-push', 'bytes ok', 'telegram ok']);
  }).timeout(15_000);

  it('is listened to before a port as fast as P1 is asked', async () => {
    const pair = await talking(P1);
    const stages = await tested(serial(pair, { interface: 'iec', baudRate: '115200', parity: 'none' }));
    assert.deepEqual(ended(stages), ['line ok', 'bytes ok', 'telegram ok']);
    assert.deepEqual(asked, []);
  }).timeout(15_000);

  it('ends a search for addresses, with the speed for the form', async () => {
    const pair = await talking(PLAIN);
    const search = async (more: object, environment: SearchEnvironment): Promise<SearchEvent[]> =>
      await all(searchMeter(serial(pair, more), environment));
    const events = await search({ interface: 'hdlc' }, { answerMs: 400 });
    assert.deepEqual(
      events.filter(e => e.state === 'found').map(e => e.properties),
      [{ interface: 'push', baudRate: '2400', dataBits: '8', parity: 'even', stopBits: '1' }],
    );
    assert.equal(events.at(-1)?.says[0]?.key, 'comes-by-itself');
    const listening = await search({}, { listenMs: 2000 });
    assert.deepEqual(new Set(keys(listening)), new Set(['try-listen-serial', 'pushes-serial', 'comes-by-itself']));
  }).timeout(20_000);

  it('is listened to with one speed after the other where nothing comes', async () => {
    const pair = await talking(PLAIN, 60_000);
    const events = await all(searchMeter(serial(pair), { listenMs: 30 }));
    const formats = events.flatMap(e =>
      e.says.flatMap(w => (w.facts?.['format'] === undefined ? [] : [w.facts['format']])),
    );
    assert.deepEqual(formats, ['2400 8E1', '115200 8N1', '9600 8N1', '2400 8N1', '9600 7E1']);
    assert.equal(events.at(-1)?.says[0]?.key, 'searched');
  }).timeout(10_000);
});

describe('a connection test of a network port that only talks', () => {
  it('listens behind a gateway and for calls, and writes nothing', async () => {
    const asked: Buffer[] = [];
    const talk = (socket: Socket): void => {
      const timer = setInterval(() => socket.write(PLAIN), 100);
      socket.on('data', chunk => asked.push(chunk)).on('error', () => undefined);
      socket.on('close', () => clearInterval(timer));
      closing.unshift(() => socket.destroy());
    };
    const gateway = createServer(talk).listen(0, '127.0.0.1');
    await new Promise(resolve => gateway.once('listening', resolve));
    closing.push(() => gateway.close());
    const { port } = gateway.address() as AddressInfo;
    const stages = await tested(parseSettings({ host: '127.0.0.1', port, interface: 'push' }, {}));
    assert.deepEqual(ended(stages), ['line ok', 'bytes ok', 'telegram ok']);

    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => probe.once('listening', resolve));
    const called = (probe.address() as AddressInfo).port;
    await new Promise(resolve => probe.close(resolve));
    const waiting = tested(
      parseSettings({ transport: 'tcp-server', host: '127.0.0.1', port: called, interface: 'push' }, {}),
    );
    const calls = setInterval(() => {
      const socket = connect(called, '127.0.0.1', () => (clearInterval(calls), talk(socket)));
      socket.on('error', () => undefined);
    }, 100);
    assert.deepEqual(ended(await waiting), ['line ok', 'bytes ok', 'telegram ok']);
    assert.deepEqual(asked, []);
  }).timeout(15_000);
});
