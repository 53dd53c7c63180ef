// What a forger, a recorder or a second connection does to the counters of a session. A1, A5, A6, A7 of the findings.

import assert from 'node:assert/strict';

import type { AttributeRef } from '../../src/core/client/request';
import { i32, u32, type Data } from '../../src/core/cosem/data';
import { Obis } from '../../src/core/obis/obis';
import type { Code } from '../../src/core/wire/errors';
import { unhex } from '../../src/core/wire/hex';
import { NumbersInMemory } from '../../src/io/session/counter-keeper';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Received } from '../../src/io/session/received-counters';
import { Session, type SessionEnvironment } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { defaultAccounts } from '../../src/sim/accounts';
import { attribute, cosemObject } from '../../src/sim/cosem-object';
import { DEFAULT_KEYS, type MeterOptions, type SimulatedMeter } from '../../src/sim/meter';
import { serveTcp, simulatedMeter } from '../../src/sim/server';
import { repeated, wireTap, type Tap } from './wire-tap';

const NAME: AttributeRef = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
const CLOCK: AttributeRef = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
const KEYS = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
const TITLE = '4d464c0011223344';
/** Ciphered, and without a challenge that would prove that the meter speaks now. */
const CIPHERED = { clientAddress: 30, security: 'authentication-encryption', systemTitle: TITLE, counterObject: '-' };
const accounts = [
  ...defaultAccounts(),
  { client: 30, authentication: 'none', secret: new Uint8Array(0), security: 'authentication-encryption' } as const,
];
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function meterBehindTap(options: Partial<MeterOptions> = {}): Promise<{ meter: SimulatedMeter; tap: Tap }> {
  const meter = simulatedMeter({ accounts, clientCounter: 0, ...options });
  const server = await serveTcp(meter, { framing: 'wrapper' });
  const tap = await wireTap(server.port);
  closing.push(
    () => tap.close(),
    () => server.close(),
  );
  return { meter, tap };
}

function sessionTo(port: number, properties: object = {}, environment: SessionEnvironment = {}, keys = {}): Session {
  const settings = parseSettings(
    { host: '127.0.0.1', port, interface: 'wrapper', answerTimeout: 500, ...CIPHERED, ...properties },
    { ...KEYS, ...keys },
  );
  const session = new Session(settings, { lines: new Lines(new LineQueues()), ...environment });
  closing.unshift(() => session.close());
  return session;
}

const rejects = (work: Promise<unknown>, code: Code): Promise<void> => assert.rejects(work, { code });

describe('the counter object, which anybody could have written', () => {
  for (const [what, data] of [
    ['NaN', { type: 'float32', value: NaN }],
    ['a float', { type: 'float64', value: 0.5 }],
    ['a negative number', i32(-3)],
  ] as [string, Data][]) {
    it(`with ${what} is no counter: nothing is sent under a number twice`, async () => {
      const { tap } = await meterBehindTap({
        counterObject: '0.0.43.1.9.255',
        extraObjects: [cosemObject(1, '0.0.43.1.0.255', { 2: attribute(() => data) })],
      });
      const logged: string[] = [];
      const session = sessionTo(
        tap.port,
        { counterObject: '', trace: 'info' },
        { log: (_, text) => logged.push(text) },
      );
      for (const ref of [NAME, CLOCK, NAME]) await session.get(ref);
      assert.match(logged.join('\n'), /could not be read: 0-0:43\.1\.0\*255: \S+( \S+)? is no invocation counter/);
      assert.deepEqual(
        tap.sent.map(s => s.counter),
        [1, 2, 3, 4],
      );
      assert.deepEqual(repeated(tap.sent), []);
    });
  }

  for (const last of [0xffffffff, 0xfffffffe]) {
    it(`with ${last.toString(16)} does not use up the key`, async () => {
      let said = last;
      const { tap } = await meterBehindTap({
        counterObject: '0.0.43.1.9.255',
        extraObjects: [cosemObject(1, '0.0.43.1.0.255', { 2: attribute(() => u32(said)) })],
      });
      const counters = new NumbersInMemory();
      await rejects(sessionTo(tap.port, { counterObject: '' }, { counters }).get(NAME), 'COUNTER_JUMP');
      said = 0;
      await sessionTo(tap.port, { counterObject: '' }, { counters }).get(NAME);
      assert.ok(tap.sent.length > 0 && tap.sent.every(s => s.counter < 1000));
    });
  }
});

describe('a refusal in clear, which anybody could have sent', () => {
  for (const wanted of ['ffffffff', 'fffffffe', '7fffffff']) {
    it(`that wants ${wanted} does not move the counter there`, async () => {
      const { tap, meter } = await meterBehindTap();
      const counters = new NumbersInMemory();
      const session = sessionTo(tap.port, {}, { counters });
      await session.get(NAME);
      tap.answer = apdu => (apdu[0] === 0xc8 ? unhex(`d80206${wanted}`) : null);
      await rejects(session.get(NAME), 'COUNTER_JUMP');
      tap.answer = () => null;
      await session.get(NAME);
      await sessionTo(tap.port, {}, { counters }).get(NAME);
      assert.ok(meter.clientCounter < 10_000);
      assert.deepEqual(repeated(tap.sent), []);
    });
  }

  it('that wants a little more is believed, as real meters send it', async () => {
    const { tap, meter } = await meterBehindTap({ clientCounter: 70_000 });
    await sessionTo(tap.port).get(NAME);
    assert.ok(meter.clientCounter > 70_000 && meter.clientCounter < 71_000);
  });
});

describe('a recorded session', () => {
  async function recorded(environment: SessionEnvironment = {}, keys = {}): Promise<{ session: Session; tap: Tap }> {
    const { tap } = await meterBehindTap();
    const session = sessionTo(tap.port, { idleTime: 0 }, environment, keys);
    await session.get(NAME);
    const answers = tap.answers.splice(0).map(message => message.slice(8));
    let next = 0;
    tap.answer = apdu => {
      if (apdu[0] === 0x60) next = 0;
      return answers[next++] ?? Uint8Array.of(0x63, 0);
    };
    return { session, tap };
  }

  it('is refused by the next association of the same session', async () => {
    const { session } = await recorded();
    await rejects(session.get(NAME), 'REPLAYED');
  });

  it('is refused by another session of the same store, and taken again when the user says that the meter counts anew', async () => {
    const environment = { counters: new NumbersInMemory(), received: new Received() };
    const { tap } = await recorded(environment);
    await rejects(sessionTo(tap.port, { idleTime: 0 }, environment).get(NAME), 'REPLAYED');
    const { keys } = parseSettings({ host: 'x', ...CIPHERED }, KEYS);
    environment.received.forget(keys.encryption as NonNullable<typeof keys.encryption>, null);
    await sessionTo(tap.port, { idleTime: 0 }, environment).get(NAME);
  });

  it('is refused under a dedicated key too; where its beginning comes in clear, for that', async () => {
    const environment = { counters: new NumbersInMemory() };
    const dedicated = { dedicatedKey: '00112233445566778899aabbccddeeff' };
    const { session, tap } = await recorded(environment, dedicated);
    await rejects(session.get(NAME), 'REPLAYED');
    const replay = tap.answer;
    // AARE, accepted, without user-information.
    const accepted = unhex('6117 a109 0607 60857405080103 a203 020100 a305 a103 020100');
    tap.answer = apdu => {
      const answer = replay(apdu);
      return apdu[0] === 0x60 ? accepted : answer;
    };
    await rejects(
      sessionTo(tap.port, { idleTime: 0, meterSystemTitle: DEFAULT_KEYS.systemTitle }, environment, dedicated).get(
        NAME,
      ),
      'NOT_THE_METER',
    );
  });

  it('is no word for two sessions that read one meter at the same time', async () => {
    const { tap } = await meterBehindTap();
    const environment = { counters: new NumbersInMemory() };
    const sessions = [1, 2, 3, 4].map(() => sessionTo(tap.port, { idleTime: 0 }, environment));
    for (let round = 0; round < 10; round++) {
      // The sim counts all clients together, so a session may be overtaken; what is asked here is REPLAYED.
      const all = await Promise.allSettled(sessions.map(s => s.get(NAME)));
      for (const one of all)
        if (one.status === 'rejected') assert.notEqual((one.reason as { code: string }).code, 'REPLAYED');
    }
    assert.deepEqual(repeated(tap.sent), []);
  });
});

describe('one key in two places', () => {
  it('never repeats a number: one meter under two names', async () => {
    const { tap } = await meterBehindTap();
    const environment = { counters: new NumbersInMemory() };
    for (const host of ['127.0.0.1', 'localhost', '127.0.0.1']) {
      await sessionTo(tap.port, { host }, environment).get(NAME);
    }
    assert.deepEqual(repeated(tap.sent), []);
    assert.equal(new Set(tap.sent.map(s => s.counter)).size, tap.sent.length);
  });

  it('never repeats a number: two meters', async () => {
    const [a, b] = [await meterBehindTap(), await meterBehindTap()];
    const environment = { counters: new NumbersInMemory() };
    const sessions = [a, b].map(({ tap }) => sessionTo(tap.port, {}, environment));
    for (let i = 0; i < 5; i++) await Promise.all(sessions.map(s => s.get(i % 2 === 0 ? NAME : CLOCK)));
    const sent = [...a.tap.sent, ...b.tap.sent];
    assert.deepEqual(repeated(sent), []);
    assert.equal(new Set(sent.map(s => s.counter)).size, sent.length);
  });

  it('has another system title in each run where none is set and nothing is kept', () => {
    const settings = parseSettings({ host: 'x', ...CIPHERED, systemTitle: '' }, KEYS);
    assert.deepEqual([settings.systemTitle, settings.needsSystemTitle], [null, true]);
  });
});

describe('a run that keeps nothing', () => {
  const forgetful = (): SessionEnvironment => ({ counters: new NumbersInMemory(true) });

  it('goes on above the number of the meter, by a jump that no other run makes', async () => {
    const { tap, meter } = await meterBehindTap({ clientCounter: 5000 });
    const session = sessionTo(
      tap.port,
      { counterObject: '' },
      { ...forgetful(), random: n => new Uint8Array(n).fill(7) },
    );
    await session.get(NAME);
    assert.ok(meter.clientCounter > 5000 + 0x0707, `${meter.clientCounter}`);
  });

  it('sends nothing where the meter does not tell its number', async () => {
    const { tap } = await meterBehindTap();
    await rejects(sessionTo(tap.port, {}, forgetful()).get(NAME), 'STATE_NOT_SAVED');
    assert.deepEqual(tap.sent, []);
  });

  it('begins where it likes under a title that is new', async () => {
    const { tap } = await meterBehindTap();
    await sessionTo(tap.port, { systemTitle: '' }, { ...forgetful(), systemTitle: unhex('4d464c0102030405') }).get(
      NAME,
    );
    assert.equal(tap.sent[0]?.counter, 1);
  });
});
