import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSocket } from 'node:dgram';
import { afterEach, describe, it } from 'mocha';

import { searchMeter, type SearchEvent } from '../../src/io/diagnosis/connection-search';
import { testConnection, type TestEnvironment, type TestStage } from '../../src/io/diagnosis/connection-test';
import { NumbersInMemory } from '../../src/io/session/counter-keeper';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session } from '../../src/io/session/session';
import { parseSettings, type ConnectionSettings } from '../../src/io/settings/settings';
import { serveIec } from '../../src/sim/iec-server';
import { DEFAULT_KEYS, type MeterOptions, type SimulatedMeter } from '../../src/sim/meter';
import { serveTcp, simulatedMeter, type MeterServer } from '../../src/sim/server';
import { pushFormat, pushTelegram, type PushFormat } from '../../src/sim/push-source';
import { Obis } from '../../src/core/obis/obis';
import { counterFingerprint, type Key } from '../../src/core/security';
import { unhex } from '../../src/core/wire/hex';

const KEYS = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
const GMAC = { clientAddress: 1, authentication: 'high-gmac', security: 'authentication-encryption' };
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Bench {
  readonly meter: SimulatedMeter;
  readonly server: MeterServer;
  settings(properties?: object, credentials?: object): ConnectionSettings;
}

async function bench(framing: 'hdlc' | 'wrapper' = 'hdlc', options: Partial<MeterOptions> = {}): Promise<Bench> {
  const meter = simulatedMeter(options);
  const server = await serveTcp(meter, { framing });
  closing.push(() => server.close());
  return { meter, server, settings: (p, c) => settingsTo(server.port, framing, p, c) };
}

function settingsTo(
  port: number,
  framing: string,
  properties: object = {},
  credentials: object = {},
): ConnectionSettings {
  return parseSettings(
    { host: '127.0.0.1', port, interface: framing, answerTimeout: 400, ...properties },
    { ...credentials },
  );
}

/** A TCP server that is no meter; its port. */
async function serving(attend: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket.resume());
    socket.on('error', () => undefined);
    attend(socket);
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise(resolve => void server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of from) list.push(item);
  return list;
}

/** How each stage ended: "link ok", "association failed WRONG_PASSWORD → password". */
async function verdicts(settings: ConnectionSettings, environment: TestEnvironment = {}): Promise<string[]> {
  const stages = await all(testConnection(settings, environment));
  assert.deepEqual(
    stages.filter(s => s.state === 'failed' && s.advice === undefined),
    [],
  );
  return stages.filter(s => s.state !== 'running').map(verdict);
}

function verdict(s: TestStage): string {
  const why = s.error === undefined ? '' : ` ${s.error.code}`;
  return `${s.stage} ${s.state}${why}${s.advice === undefined ? '' : ` → ${s.advice.key}`}`;
}

function said(stages: readonly TestStage[], key: string): Readonly<Record<string, string | number>> | undefined {
  return stages.flatMap(s => [...s.says]).find(w => w.key === key)?.facts;
}

describe('a connection test', () => {
  it('tells stage by stage what stands and who answers', async () => {
    const { settings } = await bench('hdlc', { zone: 'Europe/Vienna' });
    const stages = await all(testConnection(settings()));
    assert.deepEqual(
      stages.map(s => `${s.stage} ${s.state}`),
      ['line', 'link', 'association', 'identity', 'clock'].flatMap(s => [`${s} running`, `${s} ok`]),
    );
    assert.deepEqual(said(stages, 'hdlc'), { client: 16, server: '1', send: 2030, receive: 2030, window: '7/7' });
    assert.deepEqual(said(stages, 'device'), { value: 'MFW0000050021374' });
    assert.deepEqual(said(stages, 'serial'), { value: '50021374' });
    assert.deepEqual(said(stages, 'firmware'), { value: 'V1.04' });
    assert.match(String(said(stages, 'time')?.['time']), /^\d{4}-\d\d-\d\dT/);
    for (const stage of stages) assert.ok(stage.elapsedMs >= 0 && stage.elapsedMs < 5000);
  });

  it('goes over the wrapper and by short names as well', async () => {
    const { settings } = await bench('wrapper');
    for (const referencing of ['ln', 'sn']) {
      const stages = await all(testConnection(settings({ referencing })));
      assert.equal(said(stages, 'wrapper')?.['client'], 16);
      assert.equal(said(stages, 'serial')?.['value'], '50021374', referencing);
    }
  });

  it('reads the counter first where keys are used, and tells it', async () => {
    const { settings } = await bench('hdlc', { clientCounter: 4711 });
    const stages = await all(testConnection(settings(GMAC, KEYS)));
    assert.deepEqual(stages.filter(s => s.state !== 'running').map(verdict), [
      'line ok',
      'link ok',
      'association ok',
      'identity ok',
      'clock ok',
      'counter ok',
    ]);
    assert.deepEqual(said(stages, 'counter-read'), { object: '0-0:43.1.0*255', client: 16, counter: 4711 });
    assert.ok(!JSON.stringify(stages).toLowerCase().includes(DEFAULT_KEYS.encryption));
  });

  it('heals a stale counter and says so', async () => {
    const { settings } = await bench('hdlc', { clientCounter: 5000 });
    const counters = new NumbersInMemory();
    const systemTitle = unhex('4d464c0000000007');
    const mine = settings({ ...GMAC, counterObject: 'none' }, KEYS);
    counters.set(counterFingerprint(mine.keys.encryption as Key, systemTitle), 7);
    const stages = await all(testConnection(mine, { counters, systemTitle }));
    assert.equal(stages.map(verdict).at(-1), 'counter warning');
    assert.deepEqual(said(stages, 'counter-corrected'), { sent: 7, needed: 5001 });
  });

  it('tells a clock that is off, and one that is off by whole hours', async () => {
    const { settings } = await bench();
    const at = (ms: number): TestEnvironment => ({ now: () => Date.now() + ms });
    assert.equal((await verdicts(settings(), at(0))).at(-1), 'clock ok');
    assert.equal((await verdicts(settings(), at(400_000))).at(-1), 'clock warning → clock-drift');
    assert.equal((await verdicts(settings(), at(7_200_000))).at(-1), 'clock warning → clock-zone');
  });

  it('says that nobody listens there', async () => {
    const { server } = await bench();
    const { port } = server;
    await server.close();
    closing.length = 0;
    assert.deepEqual(await verdicts(settingsTo(port, 'hdlc')), ['line failed CONNECT_REFUSED → connect-refused']);
    const unknown = settingsTo(port, 'hdlc', { host: 'no.such.host.invalid' });
    assert.deepEqual(await verdicts(unknown), ['line failed CONNECT_FAILED → unknown-host']);
    assert.match(
      (await verdicts(parseSettings({ transport: 'serial', path: '/dev/no-such-port' })))[0] ?? '',
      /^line failed SERIAL_M(ISSING|ODULE) → serial-m(issing|odule)$/,
    );
  });

  it('says that nobody answers behind a port that is open', async () => {
    const port = await serving(() => undefined);
    assert.deepEqual(await verdicts(settingsTo(port, 'hdlc')), ['line ok', 'link failed NO_ANSWER → silent-gateway']);
    assert.deepEqual(await verdicts(settingsTo(port, 'wrapper')), [
      'line ok',
      'link ok',
      'association failed NO_ANSWER → silent-wrapper',
    ]);
  });

  for (const [what, bytes, advice] of [
    ['a wrapper where HDLC was chosen', [0, 1, 0, 1, 0, 16, 0, 1, 0xd8], 'speaks-wrapper'],
    ['a readout', [...Buffer.from('/ABC5model\r\n')], 'speaks-iec'],
    ['SML', [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1], 'speaks-sml'],
    ['noise', [0x55, 0xaa, 0x13, 0x37], 'noise'],
  ] as const) {
    it(`knows ${what} by its first bytes`, async () => {
      const port = await serving(socket => socket.on('data', () => socket.write(Uint8Array.from(bytes))));
      assert.match((await verdicts(settingsTo(port, 'hdlc'))).at(-1) ?? '', new RegExp(`→ ${advice}$`));
    });
  }

  it('says that the other side hangs up at once', async () => {
    const port = await serving(socket => socket.once('data', () => socket.destroy()));
    const found = await verdicts(settingsTo(port, 'hdlc'));
    assert.equal(found.at(-1), 'link failed CONNECTION_LOST → cut');
  });

  it('tells a wrong client, server, password and key from each other', async () => {
    const { settings } = await bench();
    const tried: readonly (readonly [object, object, RegExp])[] = [
      [
        { clientAddress: 99 },
        {},
        /^(link|association) failed (NO_ANSWER|HDLC_REJECTED) → (silent-gateway|rejected|silent-association)$/,
      ],
      [{ serverAddress: 5 }, {}, /^link failed NO_ANSWER → silent-gateway$/],
      [
        { clientAddress: 17, authentication: 'low' },
        { password: 'wrong' },
        /^association failed WRONG_PASSWORD → password$/,
      ],
      [{ clientAddress: 17 }, {}, /^association failed ASSOCIATION_REFUSED → (mechanism|authentication-required)$/],
      [
        { ...GMAC },
        { ...KEYS, encryptionKey: '00'.repeat(16) },
        /^association failed \w+ → (keys|encryption-key|context-ciphered)$/,
      ],
      [
        { ...GMAC },
        { ...KEYS, authenticationKey: '00'.repeat(16) },
        /^association failed \w+ → (keys|authentication-key|hls)$/,
      ],
    ];
    for (const [properties, credentials, wanted] of tried) {
      const last = (await verdicts(settings(properties, credentials))).at(-1) ?? '';
      assert.match(last, wanted, JSON.stringify(properties));
    }
  });

  it('waits for a busy line, and says so when it stays busy', async () => {
    const { settings, meter } = await bench();
    const lines = new Lines(new LineQueues());
    const session = new Session(settings({ answerTimeout: 3000 }), { lines });
    closing.unshift(() => session.close());
    const clock = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
    await session.connect();
    meter.fault({ kind: 'slow', ms: 700 });
    const reading = session.get(clock);
    while (session.line.length === 0) await new Promise(setImmediate);
    const short = await verdicts(settings(), { lines, limitMs: 200 });
    assert.deepEqual(short, ['line failed ABORTED → busy']);
    const stages = await all(testConnection(settings(), { lines }));
    assert.deepEqual(said(stages, 'queued'), { count: 1 });
    assert.equal(stages.map(verdict).at(-1), 'clock ok');
    await reading;
    // The session was hung up for the test and reads on after it.
    assert.equal(session.association, null);
    await session.get(clock);
  });

  it('ends at its limit and frees the line, also when the taker goes', async () => {
    const { settings, meter, server } = await bench();
    meter.fault({ kind: 'silence', times: Infinity });
    const slow = settings({ answerTimeout: 60_000 });
    const before = Date.now();
    assert.equal(
      (await verdicts(slow, { limitMs: 300 })).at(-1)?.split(' ').slice(1).join(' '),
      'failed ABORTED → limit',
    );
    assert.ok(Date.now() - before < 3500);
    for await (const stage of testConnection(slow)) if (stage.state === 'ok') break;
    while (server.connections > 0) await new Promise(resolve => (server.onChange = resolve as () => void));
    const gone = new AbortController();
    gone.abort();
    assert.equal((await all(testConnection(slow, {}, gone.signal))).at(-1)?.state, 'failed');
  });

  it('signs on by IEC 62056-21 and tells who answered and how long the list is', async () => {
    const server = await serveIec(simulatedMeter(), {
      mode: 'c',
      serialNumber: '50021374',
      intervalMs: 10_000,
      port: 0,
    });
    closing.push(() => server.close());
    const stages = await all(testConnection(settingsTo(server.port, 'iec')));
    assert.deepEqual(stages.filter(s => s.state !== 'running').map(verdict), ['line ok', 'sign-on ok', 'readout ok']);
    assert.equal(typeof said(stages, 'identified')?.['manufacturer'], 'string');
    assert.ok(Number(said(stages, 'readings')?.['count']) > 5);
  }).timeout(10_000);

  it('counts the bytes that meters send by themselves', async () => {
    const probe = createSocket('udp4');
    await new Promise<void>(resolve => probe.bind(0, '127.0.0.1', resolve));
    const { port } = probe.address();
    await new Promise<void>(resolve => probe.close(() => resolve()));
    const sender = createSocket('udp4');
    closing.push(() => new Promise(resolve => void sender.close(() => resolve())));
    const datagram = Buffer.concat(pushTelegram(pushFormat('kaifa-list-9') as PushFormat));
    const push = setInterval(() => sender.send(datagram, port, '127.0.0.1'), 50);
    const stages = await all(testConnection(settingsTo(port, 'wrapper', { transport: 'udp', host: '0.0.0.0' })));
    clearInterval(push);
    assert.deepEqual(stages.filter(s => s.state !== 'running').map(verdict), ['line ok', 'bytes ok', 'telegram ok']);
    assert.ok(Number(said(stages, 'heard')?.['octets']) >= datagram.length);
    const none = await all(
      testConnection(settingsTo(port, 'wrapper', { transport: 'udp', host: '0.0.0.0' }), { limitMs: 2000 }),
    );
    assert.equal(none.map(verdict).at(-1), 'bytes warning → no-push-network');
  }).timeout(10_000);
});

describe('a search for the meter', () => {
  const found = (events: readonly SearchEvent[]): string[] =>
    events.flatMap(e =>
      e.properties === undefined
        ? []
        : [`${e.properties['interface']} ${e.properties['clientAddress']}/${e.properties['serverAddress']}`],
    );

  it('finds the addresses that answer, and ends there', async () => {
    const { settings } = await bench('hdlc', { logicalDevice: 16 });
    const events = await all(searchMeter(settings({ clientAddress: 99, serverAddress: 5 }), { answerMs: 200 }));
    assert.ok(
      found(events).some(f => f.startsWith('hdlc ')),
      JSON.stringify(found(events)),
    );
    assert.equal(events.at(-1)?.state, 'done');
  });

  it('finds the other framing on a TCP port, and offers it for the form', async () => {
    const { settings } = await bench('wrapper');
    const events = await all(searchMeter(settings({ interface: 'hdlc' }), { answerMs: 200 }));
    assert.deepEqual(found(events).slice(0, 1), ['wrapper 16/1']);
    assert.ok(
      !events.some(e => e.state === 'found' && !e.says.some(w => w.key === 'public' || w.key === 'wants-proof')),
    );
  });

  it('says what the port itself refuses, and stops at its limit', async () => {
    const { settings, server, meter } = await bench();
    meter.fault({ kind: 'silence', times: Infinity });
    const events = await all(searchMeter(settings(), { limitMs: 400 }));
    assert.equal(events.at(-1)?.says[0]?.key, 'limit-reached');
    const { port } = server;
    await server.close();
    closing.length = 0;
    const refused = await all(searchMeter(settingsTo(port, 'hdlc')));
    assert.deepEqual([refused.at(-1)?.state, refused.at(-1)?.advice?.key], ['failed', 'connect-refused']);
  });

  it('tries other speeds where the speed is ours to choose', async () => {
    const port = await serving(() => undefined);
    const mine = settingsTo(port, 'hdlc', { rfc2217: true, baudRate: '4800' });
    const events = await all(searchMeter(mine, { answerMs: 20, limitMs: 8000 }));
    const formats = new Set(events.flatMap(e => e.says.map(w => w.facts?.['format'])));
    for (const format of ['4800 8N1', '300 7E1', '9600 8N1', '9600 8E1', '115200 8N1'])
      assert.ok(formats.has(format), `${format} of ${[...formats].join()}`);
  });
});
