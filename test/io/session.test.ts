import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

import type { Apdu } from '../../src/core/apdu';
import type { ProfileRange } from '../../src/core/client/profile-read';
import type { AttributeRef } from '../../src/core/client/request';
import { array, enumerated, i8, octets, structure, u32, u8, type Data } from '../../src/core/cosem/data';
import { clockOctets } from '../../src/core/cosem/date-time';
import { Obis } from '../../src/core/obis/obis';
import type { ProfileRow } from '../../src/core/cosem/profile';
import { captureObject } from '../../src/core/cosem/profile-layout';
import { isDlmsError, type Code, type DlmsError } from '../../src/core/wire/errors';
import { fromLatin1, hex, unhex } from '../../src/core/wire/hex';
import { NumbersInMemory } from '../../src/io/session/counter-keeper';
import type { Stretch, Wanted } from '../../src/io/session/counter-store';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session, type ProfileStream, type SessionEnvironment } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { TcpListener } from '../../src/io/transport/tcp';
import type { TraceLine } from '../../src/io/transport/trace';
import type { Behaviour } from '../../src/sim/behaviour';
import { attribute, cosemObject, type Ask } from '../../src/sim/cosem-object';
import { DEFAULT_KEYS, type MeterOptions, type SimulatedMeter } from '../../src/sim/meter';
import { serveTcp, simulatedMeter, type MeterServer } from '../../src/sim/server';
import { rfc2217Gateway } from './rfc2217-gateway';

const CLOCK: AttributeRef = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
const IMPORT: AttributeRef = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const NAME: AttributeRef = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
const MISSING: AttributeRef = { classId: 3, obis: Obis.parse('1-0:77.8.0*255'), attribute: 2 };
const PROFILE = Obis.parse('1-0:99.1.0*255');
const NOW = Date.UTC(2026, 10, 21, 10, 7);
const HOUR = 3_600_000;
const KEYS = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
const GMAC = { clientAddress: 1, authentication: 'high-gmac', security: 'authentication-encryption' };

interface Bench {
  readonly meter: SimulatedMeter;
  readonly server: MeterServer;
  session(properties?: object, credentials?: object, environment?: SessionEnvironment): Session;
}

const closing: (() => Promise<void>)[] = [];

async function bench(framing: 'hdlc' | 'wrapper' = 'wrapper', options: Partial<MeterOptions> = {}): Promise<Bench> {
  const meter = simulatedMeter({ now: () => NOW, ...options });
  const server = await serveTcp(meter, { framing });
  closing.push(() => server.close());
  return { meter, server, session: (p, c, e) => sessionTo(server, framing, p, c, e) };
}

function sessionTo(
  server: MeterServer,
  framing: 'hdlc' | 'wrapper',
  properties: object = {},
  credentials: object = {},
  environment: SessionEnvironment = {},
): Session {
  const settings = parseSettings(
    { host: '127.0.0.1', port: server.port, interface: framing, answerTimeout: 300, trace: 'info', ...properties },
    { ...credentials },
  );
  const session = new Session(settings, { lines: new Lines(new LineQueues()), now: () => NOW, ...environment });
  closing.unshift(() => session.close());
  return session;
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function rejects(promise: Promise<unknown>, code: Code): Promise<DlmsError> {
  try {
    await promise;
  } catch (e) {
    assert.ok(isDlmsError(e), String(e));
    assert.equal(e.code, code, e.message);
    return e;
  }
  assert.fail(`resolved instead of ${code}`);
}

function text(data: Data): string {
  return data.type === 'octet-string' ? String.fromCharCode(...data.value) : data.type;
}

async function rowsOf(stream: ProfileStream): Promise<ProfileRow[]> {
  const rows: ProfileRow[] = [];
  for await (const row of stream.rows) rows.push(row);
  return rows;
}

const CLOCK_COLUMN = { ...CLOCK, dataIndex: 0 };
const IMPORT_COLUMN = { ...IMPORT, dataIndex: 0 };
const numberIn = (data: Data | undefined): number => (data?.type === 'double-long-unsigned' ? data.value : 1);
const last = (hours: number): ProfileRange => ({ kind: 'time', fromMs: NOW - hours * HOUR, toMs: NOW });

describe('session: reading', () => {
  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const referencing of ['ln', 'sn'] as const) {
      it(`reads one object and a list over ${framing} with ${referencing}`, async () => {
        const b = await bench(framing);
        const session = b.session({ referencing });
        assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
        const outcomes = await session.getAll([NAME, MISSING, CLOCK]);
        assert.deepEqual(
          outcomes.map(o => (o.ok ? o.value.type : o.error.code)),
          ['octet-string', 'OBJECT_UNDEFINED', 'octet-string'],
        );
        const objects = await session.objects();
        assert.ok(objects.some(o => o.obis.equals(PROFILE) && o.classId === 7));
      });
    }
  }

  for (const [client, authentication] of [
    [17, 'low'],
    [18, 'high'],
    [19, 'high-md5'],
    [20, 'high-sha1'],
    [21, 'high-sha256'],
    [1, 'high-gmac'],
  ] as const) {
    it(`associates with ${authentication}`, async () => {
      const b = await bench('hdlc');
      const password = client === 17 ? '12345678' : 'a secret of 16 !';
      const session = b.session({ clientAddress: client, authentication }, { password, ...KEYS });
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    });
  }

  for (const security of ['authentication', 'encryption', 'authentication-encryption']) {
    for (const general of [false, true]) {
      it(`reads with security ${security}${general ? ' under general protection' : ''}`, async () => {
        const b = await bench('wrapper');
        const session = b.session({ ...GMAC, security, generalProtection: general }, KEYS);
        assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
        assert.equal((await rowsOf(session.readProfile(PROFILE, last(6)))).length, 24);
      });
    }
  }

  it('asks a list one by one when the meter refuses lists, and remembers it', async () => {
    const b = await bench('wrapper', { behaviour: { withList: 'refused' } });
    const session = b.session();
    for (let round = 0; round < 2; round++) {
      const served = b.meter.served;
      const outcomes = await session.getAll([NAME, MISSING, CLOCK]);
      assert.deepEqual(
        outcomes.map(o => o.ok),
        [true, false, true],
      );
      if (round === 1) assert.equal(b.meter.served - served, 3);
    }
  });

  it('asks more than ten objects in lists of ten', async () => {
    const b = await bench();
    const session = b.session();
    await session.connect();
    const served = b.meter.served;
    const outcomes = await session.getAll(Array.from({ length: 25 }, () => NAME));
    assert.equal(outcomes.filter(o => o.ok).length, 25);
    assert.equal(b.meter.served - served, 3);
  });

  it('sets and acts, and says what the meter refuses', async () => {
    const b = await bench('wrapper');
    const session = b.session({ clientAddress: 17, authentication: 'low' }, { password: '12345678' });
    const before = await session.get(CLOCK);
    await session.set(CLOCK, before);
    await rejects(session.set(NAME, before), 'ACCESS_DENIED');
    assert.equal((await session.get(CLOCK)).type, 'octet-string');
  });

  it('sets aside what the meter sends unasked in the middle of a read', async () => {
    const b = await bench('hdlc');
    const seen: Apdu[] = [];
    const session = b.session({}, {}, { notification: apdu => seen.push(apdu) });
    b.meter.fault({ kind: 'notification' });
    await session.get(NAME);
    b.meter.fault({ kind: 'notification' });
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    assert.deepEqual([...new Set(seen.map(a => a.type))], ['data-notification']);
  });

  it('shows no key and no password in its trace', async () => {
    const b = await bench('wrapper');
    const lines: TraceLine[] = [];
    const logged: string[] = [];
    const hooks: SessionEnvironment = { trace: l => lines.push(l), log: (_, t) => logged.push(t) };
    const password = 'Sesame 2026';
    await rejects(
      b.session({ clientAddress: 17, authentication: 'low' }, { password }, hooks).get(NAME),
      'WRONG_PASSWORD',
    );
    const dedicatedKey = '00112233445566778899aabbccddeeff';
    await b.session({ ...GMAC, security: 'authentication' }, { ...KEYS, dedicatedKey }, hooks).get(NAME);
    const all = lines.map(l => hex(l.bytes)).join(' ') + logged.join(' ');
    assert.ok(lines.length > 10);
    for (const secret of [hex(fromLatin1(password)), dedicatedKey, ...Object.values(KEYS)]) {
      assert.ok(!all.includes(secret), 'a secret stands in the trace');
    }
  });
});

describe('session: faults', () => {
  for (const framing of ['hdlc', 'wrapper'] as const) {
    it(`ends in NO_ANSWER when the meter is silent (${framing}), and the next read works`, async () => {
      const b = await bench(framing);
      const session = b.session();
      b.meter.fault({ kind: 'silence', times: Infinity });
      const from = Date.now();
      await rejects(session.get(NAME), 'NO_ANSWER');
      assert.ok(Date.now() - from < 4000);
      b.meter.faults.clear();
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    });

    it(`ends in one error when the meter falls silent in the middle of a long value (${framing})`, async () => {
      const b = await bench(framing, { behaviour: { pduSize: 256, hdlcInformation: 128 } });
      const session = b.session();
      await session.connect();
      b.meter.fault({ kind: 'silence-in-block', times: Infinity });
      await rejects(session.objects(), 'NO_ANSWER');
      b.meter.faults.clear();
      assert.ok((await session.objects()).length > 10);
    });

    it(`survives a reset in the middle of a long value (${framing})`, async () => {
      const b = await bench(framing, { behaviour: { pduSize: 256, hdlcInformation: 128 } });
      const session = b.session();
      b.meter.fault({ kind: 'reset-in-block', times: 2 });
      await rejects(session.objects(), 'CONNECTION_LOST');
      b.meter.faults.clear();
      assert.ok((await session.objects()).length > 10);
    });

    it(`takes a late answer for no answer to the next question (${framing})`, async () => {
      const b = await bench(framing);
      const session = b.session();
      await session.connect();
      b.meter.fault({ kind: 'slow', ms: 900, times: Infinity });
      await rejects(session.get(CLOCK), 'NO_ANSWER');
      b.meter.faults.clear();
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    });

    it(`reads through garbage in front of an answer (${framing})`, async () => {
      const b = await bench(framing);
      const session = b.session();
      await session.connect();
      b.meter.fault({ kind: 'garbage-before' });
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    });
  }

  it('asks a frame with a wrong check sequence again', async () => {
    const b = await bench('hdlc');
    const session = b.session();
    await session.connect();
    b.meter.fault({ kind: 'wrong-fcs' });
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
  });

  it('notices a held connection that was cut, and reads over a fresh one', async () => {
    const b = await bench();
    const session = b.session();
    await session.get(NAME);
    b.meter.fault({ kind: 'reset' });
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
  });

  it('never sets twice after a lost answer', async () => {
    const b = await bench('wrapper');
    const session = b.session({ clientAddress: 17, authentication: 'low' }, { password: '12345678' });
    const clock = await session.get(CLOCK);
    b.meter.fault({ kind: 'reset' });
    await rejects(session.set(CLOCK, clock), 'CONNECTION_LOST');
    await session.set(CLOCK, clock);
  });

  it('says that the password is wrong, and a second caller with the right one reads', async () => {
    const b = await bench();
    const low = { clientAddress: 17, authentication: 'low' };
    const wrong = b.session(low, { password: 'guess' });
    await rejects(wrong.get(NAME), 'WRONG_PASSWORD');
    await rejects(wrong.get(NAME), 'WRONG_PASSWORD');
    assert.equal(text(await b.session(low, { password: '12345678' }).get(NAME)), 'MFW0000050021374');
  });

  it('says that a key is wrong', async () => {
    const b = await bench();
    const session = b.session(GMAC, { ...KEYS, encryptionKey: '99999999999999999999999999999999' });
    const e = await session.get(NAME).catch((e: unknown) => e);
    assert.ok(isDlmsError(e));
    assert.ok(
      ['WRONG_KEY', 'EXCEPTION_RESPONSE', 'ASSOCIATION_REFUSED', 'AUTHENTICATION_FAILED'].includes(e.code),
      e.code,
    );
  });

  it('resynchronises a stale invocation counter once and keeps the new one', async () => {
    const b = await bench();
    const counters = new NumbersInMemory();
    const first = b.session(GMAC, KEYS, { counters });
    await first.get(NAME);
    await first.close();
    b.meter.clientCounter = 70_000;
    const logged: string[] = [];
    const second = b.session(GMAC, KEYS, { counters, log: (_, t) => logged.push(t) });
    assert.equal(text(await second.get(NAME)), 'MFW0000050021374');
    assert.equal(logged.filter(t => t.startsWith('trying again')).length, 1);
    await second.close();
    const third: string[] = [];
    await b.session(GMAC, KEYS, { counters, log: (_, t) => third.push(t) }).get(NAME);
    assert.deepEqual(
      third.filter(t => /counter|again/.test(t)),
      [],
    );
  });

  for (const says of ['another exception', 'nothing, but hangs up', 'nothing']) {
    it(`reads the counter anew where the meter says ${says} to a stale one`, async () => {
      const b = await bench('wrapper');
      const gateway = createServer(caller => {
        const meter = connect(b.server.port, '127.0.0.1');
        for (const socket of [caller, meter]) socket.on('error', () => undefined);
        caller.pipe(meter);
        meter.on('data', chunk => {
          // exception-response: service-not-allowed, invocation-counter-error
          if (chunk[8] !== 0xd8 || chunk[10] !== 6) caller.write(chunk);
          else if (says === 'another exception') caller.write(unhex('0001 0001 0001 0003 d8 01 02'));
          else if (says !== 'nothing') caller.destroy();
        });
        caller.on('close', () => meter.destroy());
      }).listen(0, '127.0.0.1');
      await once(gateway, 'listening');
      closing.push(() => new Promise(resolve => gateway.close(() => resolve())));
      const { port } = gateway.address() as AddressInfo;
      const counters = new NumbersInMemory();
      const first = b.session({ ...GMAC, port }, KEYS, { counters });
      await first.get(NAME);
      await first.close();
      b.meter.clientCounter = 70_000;
      const second = b.session({ ...GMAC, port }, KEYS, { counters });
      if (says === 'nothing') await rejects(second.get(NAME), 'NO_ANSWER');
      assert.equal(text(await second.get(NAME)), 'MFW0000050021374');
    });
  }

  it('reads from a meter that hangs up on the public client, and finds the counter without it', async () => {
    const b = await bench('wrapper');
    const gateway = createServer(caller => {
      const meter = connect(b.server.port, '127.0.0.1');
      for (const socket of [caller, meter]) socket.on('error', () => undefined);
      caller.on('data', chunk => (chunk[3] === 16 ? caller.destroy() : void meter.write(chunk)));
      meter.pipe(caller);
      caller.on('close', () => meter.destroy());
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    closing.push(() => new Promise(resolve => gateway.close(() => resolve())));
    const { port } = gateway.address() as AddressInfo;
    assert.equal(text(await b.session({ ...GMAC, port }, KEYS).get(NAME)), 'MFW0000050021374');
  });

  it('reads from a meter that hangs up when the public client has read the counter', async () => {
    const b = await bench('wrapper');
    // A gateway that ends the connection with the first release (RLRE is 63).
    const gateway = createServer(caller => {
      const meter = connect(b.server.port, '127.0.0.1');
      for (const socket of [caller, meter]) socket.on('error', () => undefined);
      caller.pipe(meter);
      meter.on('data', chunk => {
        caller.write(chunk);
        if (chunk[8] === 0x63) caller.end();
      });
      caller.on('close', () => meter.destroy());
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    closing.push(() => new Promise(resolve => gateway.close(() => resolve())));
    const session = b.session({ ...GMAC, port: (gateway.address() as AddressInfo).port }, KEYS);
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
  });

  it('reserves counters before it uses them, so that a crash repeats none', async () => {
    const b = await bench();
    const kept: number[] = [];
    class Counters extends NumbersInMemory {
      override async reserve(fingerprint: string, wanted: Wanted): Promise<Stretch> {
        const stretch = await super.reserve(fingerprint, wanted);
        kept.push(stretch.end);
        return stretch;
      }
    }
    const session = b.session(GMAC, KEYS, { counters: new Counters() });
    await session.get(NAME);
    assert.ok((kept[0] as number) > b.meter.clientCounter, `${kept[0]} against ${b.meter.clientCounter}`);
  });

  it('associates without a dedicated key that the meter refuses, and says so', async () => {
    const b = await bench('wrapper', { behaviour: { refusesDedicatedKey: true } });
    const logged: string[] = [];
    const dedicatedKey = '00112233445566778899aabbccddeeff';
    const session = b.session(GMAC, { ...KEYS, dedicatedKey }, { log: (_, t) => logged.push(t) });
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    assert.ok(logged.some(t => t.includes('refuses the dedicated key')));
  });

  for (const release of ['malformed', 'refused', 'silent'] as const) {
    it(`does not mind a release that is ${release}`, async () => {
      const b = await bench('wrapper', { behaviour: { release } });
      const session = b.session({ idleTime: 0 });
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    });
  }

  it('tells an exception of the meter and keeps the association', async () => {
    const b = await bench();
    const session = b.session();
    await session.get(NAME);
    const { connections } = b.server;
    b.meter.fault({ kind: 'exception' });
    await rejects(session.get(NAME), 'EXCEPTION_RESPONSE');
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    assert.equal(b.server.connections, connections);
  });
});

describe('session: callers', () => {
  it('serves two callers at once over one connection, in their order', async () => {
    const b = await bench();
    const session = b.session();
    const order: number[] = [];
    await Promise.all([1, 2, 3].map(n => session.get(NAME).then(() => order.push(n))));
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(b.server.connections, 1);
  });

  it('aborts in the middle of an exchange, and the next read works', async () => {
    const b = await bench('hdlc');
    const session = b.session({ answerTimeout: 5000 });
    await session.connect();
    b.meter.fault({ kind: 'silence' });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    await rejects(session.get(NAME, stop.signal), 'ABORTED');
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
  });

  it('aborts a request that still waits for the line without touching the one that runs', async () => {
    const b = await bench('wrapper', { behaviour: { pduSize: 256 } });
    const session = b.session();
    const running = session.objects();
    const stop = new AbortController();
    const waiting = session.get(NAME, stop.signal);
    stop.abort();
    await rejects(waiting, 'ABORTED');
    assert.ok((await running).length > 10);
  });

  it('closes in the middle of a read, at once, with nothing left at the meter', async () => {
    const b = await bench('wrapper', { behaviour: { pduSize: 256 } });
    const session = b.session({ answerTimeout: 30_000 });
    await session.connect();
    b.meter.fault({ kind: 'silence-in-block' });
    const read = rejects(session.objects(), 'CLOSED');
    await new Promise(resolve => setTimeout(resolve, 50));
    const from = Date.now();
    await session.close();
    await read;
    assert.ok(Date.now() - from < 2500);
    await rejects(session.get(NAME), 'CLOSED');
    for (let i = 0; i < 100 && b.server.connections > 0; i++) await new Promise(resolve => setTimeout(resolve, 10));
    assert.equal(b.server.connections, 0);
  });

  it('hangs up when idle and connects again on demand', async () => {
    const b = await bench();
    const session = b.session({ idleTime: 0 });
    await session.get(NAME);
    for (let i = 0; i < 100 && b.server.connections > 0; i++) await new Promise(resolve => setTimeout(resolve, 10));
    assert.equal(b.server.connections, 0);
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
  });

  it('tells its state: connecting, connected, idle', async () => {
    const b = await bench();
    const phases: string[] = [];
    const session = b.session({}, {}, { state: s => phases.push(s.phase) });
    await session.get(NAME);
    await session.close();
    assert.deepEqual(phases, ['connecting', 'connected', 'idle']);
  });

  it('leaves a meter alone for a while after it failed twice, and says until when', async () => {
    const b = await bench();
    let now = NOW;
    const states: { phase: string; untilMs?: number }[] = [];
    const session = b.session({ answerTimeout: 60 }, {}, { now: () => now, state: s => states.push(s) });
    b.meter.fault({ kind: 'silence', times: Infinity });
    await rejects(session.get(NAME), 'NO_ANSWER');
    await rejects(session.get(NAME), 'NO_ANSWER');
    const third = session.get(NAME);
    const waiting = states.find(s => s.phase === 'waiting');
    assert.ok(waiting?.untilMs !== undefined && waiting.untilMs > now && waiting.untilMs < now + 1000);
    b.meter.faults.clear();
    now += 1000;
    assert.equal(text(await third), 'MFW0000050021374');
  });

  it('lets sessions of several meters share one line: each hangs up before another speaks', async () => {
    const meters = [17, 18].map(n =>
      simulatedMeter({ now: () => NOW, physicalAddress: n, logicalDeviceName: `MFW00000000000${n}` }),
    );
    const server = await serveTcp(meters, { framing: 'hdlc' });
    closing.push(() => server.close());
    const lines = new Lines(new LineQueues());
    const sessions = [17, 18].map(n => sessionTo(server, 'hdlc', { physicalAddress: n }, {}, { lines }));
    for (let round = 0; round < 3; round++) {
      const names = await Promise.all(sessions.map(s => s.get(NAME)));
      assert.deepEqual(names.map(text), ['MFW0000000000017', 'MFW0000000000018']);
    }
    assert.equal(server.connections, 1);
  });

  it('reads the living meter of a line while another one on it is dead', async () => {
    const meter = simulatedMeter({ now: () => NOW, physicalAddress: 17 });
    const server = await serveTcp(meter, { framing: 'hdlc' });
    closing.push(() => server.close());
    const lines = new Lines(new LineQueues());
    const dead = sessionTo(server, 'hdlc', { physicalAddress: 99, answerTimeout: 100 }, {}, { lines });
    const alive = sessionTo(server, 'hdlc', { physicalAddress: 17 }, {}, { lines });
    const [a, b, c] = await Promise.allSettled([dead.get(NAME), alive.get(NAME), dead.get(NAME)]);
    assert.equal(a.status, 'rejected');
    assert.equal(b.status, 'fulfilled');
    assert.equal(c.status, 'rejected');
  });

  it('polls a meter that calls in, again after it has called anew, and frees the port', async function () {
    const b = await bench('wrapper');
    const probe = new TcpListener({ port: 0, host: '127.0.0.1' });
    await probe.listen();
    const { port } = probe;
    await probe.close();
    const settings = { transport: 'tcp-server', host: '127.0.0.1', port, connectTimeout: 5000, idleTime: 0 };
    const session = b.session(settings);
    // A modem with a meter behind it: it calls, and calls again a moment after the call has ended.
    let over = false;
    let calls = 0;
    const call = (): void => {
      if (over) return;
      const out = connect({ port, host: '127.0.0.1' });
      out.on('error', () => undefined);
      out.once('connect', () => {
        calls++;
        const meter = connect({ port: b.server.port, host: '127.0.0.1' });
        meter.on('error', () => undefined);
        out.pipe(meter).pipe(out);
        out.once('close', () => meter.destroy());
      });
      out.once('close', () => setTimeout(call, 10));
    };
    closing.push(() => Promise.resolve(void (over = true)));
    call();
    for (let poll = 0; poll < 3; poll++) {
      assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
      for (let n = 0; n < 200 && calls < poll + 2; n++) await new Promise(resolve => setTimeout(resolve, 10));
      assert.equal(calls, poll + 2, 'the meter was refused between two polls');
    }
    const from = Date.now();
    await session.close();
    over = true;
    assert.ok(Date.now() - from < 5000);
    await probe.listen();
    await probe.close();
  });

  it('reads through a gateway with RFC 2217, whose speed it sets', async () => {
    const b = await bench('hdlc');
    const gateway = await rfc2217Gateway(b.server.port, 2400);
    closing.push(() => gateway.close());
    const to = { port: gateway.port, physicalAddress: 17, baudRate: 2400, answerTimeout: 200 };
    const session = b.session({ ...to, rfc2217: true });
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
    assert.ok((await session.objects()).length > 10);
    await session.close();
    assert.ok(gateway.received.startsWith('fffb00'));
    await rejects(b.session({ ...to, rfc2217: false }).get(NAME), 'NO_ANSWER');
    await rejects(b.session({ ...to, rfc2217: true, baudRate: 9600 }).get(NAME), 'NO_ANSWER');
  });

  it('lets many requests wait without a warning of the runtime, and rejects each when it is closed', async () => {
    const b = await bench();
    const session = b.session({ answerTimeout: 5000 });
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    b.meter.fault({ kind: 'silence', times: Infinity });
    const all = Promise.allSettled(Array.from({ length: 50 }, () => session.get(NAME)));
    await new Promise(resolve => setTimeout(resolve, 30));
    await session.close();
    const codes = (await all).map(r => (r.status === 'rejected' && isDlmsError(r.reason) ? r.reason.code : r.status));
    assert.deepEqual([...new Set(codes)], ['CLOSED']);
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
  });

  it('bounds the queue of a line and says so', async () => {
    const b = await bench();
    const session = b.session({}, {}, { lines: new Lines(new LineQueues(2)) });
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => session.get(NAME)));
    assert.equal(all.filter(r => r.status === 'fulfilled').length, 3);
    const refused = all.find(r => r.status === 'rejected');
    assert.ok(refused?.status === 'rejected' && isDlmsError(refused.reason) && refused.reason.code === 'QUEUE_FULL');
  });

  it('says who refused the connection', async () => {
    const b = await bench();
    const session = b.session();
    await b.server.close();
    await rejects(session.get(NAME), 'CONNECT_REFUSED');
  });
});

describe('session: load profiles', () => {
  async function read(behaviour: Partial<Behaviour>, range: ProfileRange, properties: object = {}) {
    const b = await bench('wrapper', { behaviour });
    const session = b.session(properties);
    const stream = session.readProfile(PROFILE, range);
    const rows = await rowsOf(stream);
    return { b, session, rows, access: await stream.access, head: await stream.head };
  }

  it('reads a range with names, units and times', async () => {
    const { rows, access, head } = await read({}, last(24));
    assert.equal(access, 'range');
    assert.equal(rows.length, 96);
    assert.equal(head.capturePeriod, 900);
    const energy = head.columns.find(c => c.key === '1-0:1.8.0*255');
    assert.equal(energy?.unit, 'Wh');
    assert.match(rows[0]?.time ?? '', /^2026-11-20T11:15:00\+01:00$/);
    assert.equal(typeof rows[0]?.['1-0:1.8.0*255'], 'number');
  });

  it('gives the same rows by range, by entries and from the whole buffer, and says which way it was', async () => {
    const byRange = await read({}, last(24));
    const byEntry = await read({ rangeRefused: 3 }, last(24));
    const byAll = await read({ rangeRefused: 13, entryRefused: 12 }, last(24));
    assert.deepEqual([byRange.access, byEntry.access, byAll.access], ['range', 'entry', 'all']);
    assert.deepEqual(byEntry.rows, byRange.rows);
    assert.deepEqual(byAll.rows, byRange.rows);
  });

  it('remembers what a meter refused', async () => {
    const { b, session } = await read({ rangeRefused: 3 }, last(24));
    const served = b.meter.served;
    assert.equal((await rowsOf(session.readProfile(PROFILE, last(24)))).length, 96);
    assert.ok(b.meter.served - served <= 1 + 6, `${b.meter.served - served} requests`);
    const again = b.session();
    assert.equal((await rowsOf(again.readProfile(PROFILE, last(1)))).length, 4);
  });

  for (const deviation of ['with', 'without'] as const) {
    it(`finds out that the meter wants a range ${deviation} deviation`, async () => {
      const { access, rows } = await read({ rangeDeviation: deviation }, last(24), { timezone: 'Europe/Vienna' });
      assert.equal(access, 'range');
      assert.equal(rows.length, 96);
    });
  }

  for (const emptyRange of ['array', 'other', 'object-unavailable'] as const) {
    it(`gives no rows where none lie in the range (the meter answers ${emptyRange})`, async () => {
      const empty: ProfileRange = { kind: 'time', fromMs: NOW - 60_000, toMs: NOW };
      const fresh = await read({ emptyRange }, empty);
      assert.deepEqual(fresh.rows, []);
      assert.equal((await rowsOf(fresh.session.readProfile(PROFILE, last(24)))).length, 96);
      const known = fresh.session.readProfile(PROFILE, empty);
      assert.deepEqual(await rowsOf(known), []);
      assert.equal(await known.access, 'range');
    });
  }

  it('reads entries by number and the newest so many, whether the meter selects or not', async () => {
    for (const entryRefused of [null, 3]) {
      const numbered = await read({ entryRefused }, { kind: 'entries', first: 3, last: 6 });
      const all = await rowsOf(numbered.session.readProfile(PROFILE, { kind: 'all' }));
      assert.deepEqual(numbered.rows, all.slice(2, 6));
      const newest = await rowsOf(numbered.session.readProfile(PROFILE, { kind: 'newest', count: 5 }));
      assert.deepEqual(newest, all.slice(-5));
    }
  });

  it('gives no more than the newest so many where the meter does not tell how many entries it has', async () => {
    const obis = '1-0:99.5.0*255';
    const selected = ({ access }: Ask): Data => {
      const [first, last] = access?.parameters.type === 'structure' ? access.parameters.value : [];
      const numbers = [1, 2, 3, 4, 5, 6].slice(numberIn(first) - 1, numberIn(last) || undefined);
      return array(...numbers.map(n => structure(octets(clockOctets(NOW + n * HOUR)), u32(n))));
    };
    const buffer = cosemObject(7, obis, {
      2: attribute(selected, { selectors: [2] }),
      3: attribute(array(captureObject(CLOCK_COLUMN), captureObject(IMPORT_COLUMN))),
      4: attribute(u32(3600)),
      5: attribute(u8(1)),
    });
    const b = await bench('wrapper', { extraObjects: [buffer] });
    const stream = b.session().readProfile(Obis.parse(obis), { kind: 'newest', count: 2 });
    assert.deepEqual(
      (await rowsOf(stream)).map(r => r['1-0:1.8.0*255']),
      [5, 6],
    );
    assert.equal(await stream.access, 'entry');
  });

  it('gives no rows whose scalers the meter cannot tell for the moment, and scaled ones later', async () => {
    const obis = '1-0:99.5.0*255';
    const power: AttributeRef = { classId: 3, obis: Obis.parse('1-0:1.7.0*200'), attribute: 2 };
    let busy = true;
    const register = cosemObject(3, power.obis.toString(), {
      3: { read: () => (busy ? { ok: false, result: 2 } : { ok: true, data: structure(i8(-3), enumerated(27)) }) },
    });
    const buffer = cosemObject(7, obis, {
      2: attribute(array(structure(u32(1234)))),
      3: attribute(array(captureObject({ ...power, dataIndex: 0 }))),
    });
    const b = await bench('wrapper', { extraObjects: [register, buffer] });
    const session = b.session();
    const read = (): Promise<ProfileRow[]> => rowsOf(session.readProfile(Obis.parse(obis), { kind: 'all' }));
    await rejects(read(), 'ACCESS_RESULT');
    busy = false;
    assert.deepEqual(await read(), [{ time: null, [power.obis.toString()]: 1.234 }]);
  });

  for (const ignoresColumns of [false, true]) {
    it(`returns the chosen columns only${ignoresColumns ? ', though the meter sends all' : ''}`, async () => {
      const b = await bench('wrapper', { behaviour: { ignoresColumns } });
      const stream = b.session().readProfile(PROFILE, last(2), { columns: ['1-0:2.8.0*255'] });
      const rows = await rowsOf(stream);
      assert.deepEqual(
        (await stream.head).columns.map(c => c.key),
        ['1-0:2.8.0*255'],
      );
      assert.equal(rows.length, 8);
      for (const row of rows)
        assert.deepEqual(
          Object.keys(row).filter(k => k.includes(':')),
          ['1-0:2.8.0*255'],
        );
    });
  }

  it('expands rows that the meter compressed with null-data', async () => {
    const plain = await read({}, last(24));
    const compressed = await read({ nullCompressed: true }, last(24));
    assert.deepEqual(
      compressed.rows.map(r => r.time),
      plain.rows.map(r => r.time),
    );
  });

  it('hands rows out while the meter still sends', async () => {
    const b = await bench('wrapper', { behaviour: { pduSize: 256 } });
    const session = b.session();
    await session.connect();
    const before = b.meter.served;
    const stream = session.readProfile(PROFILE, last(48));
    let servedAtFirst = 0;
    let count = 0;
    for await (const row of stream.rows) {
      assert.ok(row.time !== null);
      if (count++ === 0) servedAtFirst = b.meter.served - before;
    }
    assert.equal(count, 192);
    assert.ok(servedAtFirst < (b.meter.served - before) / 2, `${servedAtFirst} of ${b.meter.served - before}`);
  });

  it('stops the read when the taker stops, and the next read works', async () => {
    const b = await bench('hdlc', { behaviour: { pduSize: 256 } });
    const session = b.session();
    for await (const row of session.readProfile(PROFILE, last(48)).rows) {
      assert.ok(row.time !== null);
      break;
    }
    assert.equal(text(await session.get(NAME)), 'MFW0000050021374');
  });

  it("fails with the meter's word where there is no such profile", async () => {
    const b = await bench();
    const stream = b.session().readProfile(Obis.parse('1-0:99.77.0*255'), last(1));
    await rejects(rowsOf(stream), 'OBJECT_UNDEFINED');
    await rejects(stream.head, 'OBJECT_UNDEFINED');
  });

  it('does not begin a profile anew when rows have left already', async () => {
    const b = await bench('wrapper', { behaviour: { pduSize: 256 } });
    const session = b.session();
    await session.get(NAME);
    b.meter.fault({ kind: 'reset-in-block' });
    const rows: ProfileRow[] = [];
    const failed = (async () => {
      for await (const row of session.readProfile(PROFILE, last(48)).rows) rows.push(row);
    })();
    const e = await failed.catch((e: unknown) => e);
    if (e !== undefined) assert.ok(isDlmsError(e) && e.code === 'CONNECTION_LOST');
    assert.equal(new Set(rows.map(r => r.time)).size, rows.length, 'a row left twice');
    assert.equal((await rowsOf(session.readProfile(PROFILE, last(48)))).length, 192);
  });

  for (const [number, behaviour] of [
    [1, { doubledClock: true }],
    [2, { emptyLastBlock: true, pduSize: 256 }],
    [3, { grantsLittle: true, pduSize: 256 }],
    [4, { release: 'malformed' }],
    [6, { losesSecondFrame: true, pduSize: 256, hdlcInformation: 128, hdlcWindow: 1 }],
    [7, { oneConnection: true }],
    [8, { windowOfOne: true, hdlcInformation: 128 }],
    [10, { parametersInDisconnect: true }],
    [12, { emptyRange: 'other' }],
    [13, { ignoresColumns: true }],
  ] as [number, Partial<Behaviour>][]) {
    for (const framing of ['hdlc', 'wrapper'] as const) {
      it(`reads a meter with peculiarity ${number} of the tolerance list over ${framing}`, async () => {
        const b = await bench(framing, { behaviour });
        const session = b.session({ idleTime: 0 });
        const [clock, name] = await session.getAll([CLOCK, NAME]);
        assert.ok(clock?.ok === true && name?.ok === true && text(name.value) === 'MFW0000050021374');
        assert.equal((await rowsOf(session.readProfile(PROFILE, last(12)))).length, 48);
        const single = await session.get(CLOCK);
        assert.ok(single.type === 'octet-string' && single.value.length === 12);
        assert.ok((await session.objects()).length > 10);
      });
    }
  }

  it('reads one register', async () => {
    const b = await bench();
    assert.equal((await b.session().get(IMPORT)).type.startsWith('double-long'), true);
  });
});
