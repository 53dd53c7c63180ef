// Both ends of this project over loopback TCP: every way in, every bad habit, every fault. What is read is compared exactly.

import assert from 'node:assert/strict';

import { Obis } from '../../src/core/obis/obis';
import { isDlmsError, type Code } from '../../src/core/wire/errors';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { defaultAccounts } from '../../src/sim/accounts';
import type { Behaviour } from '../../src/sim/behaviour';
import type { Fault } from '../../src/sim/faults';
import { DEFAULT_KEYS, type MeterOptions, type SimulatedMeter } from '../../src/sim/meter';
import { energiesAt } from '../../src/sim/objects/household-load';
import { serveTcp, serveUdp, type MeterServer } from '../../src/sim/server';
import { meterAt, NOW } from './wire';

const PROFILE = Obis.parse('1-0:99.1.0*255');
const REGISTER = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const FROM = Date.UTC(2025, 11, 31, 23);
const GMAC = {
  clientAddress: 1,
  authentication: 'high-gmac',
  security: 'authentication-encryption',
  systemTitle: '4d46430000000001',
};
const CREDENTIALS = {
  password: 'a secret of 16 !',
  encryptionKey: DEFAULT_KEYS.encryption,
  authenticationKey: DEFAULT_KEYS.authentication,
};

describe('a session with the simulated meter', () => {
  let server: MeterServer | undefined;
  let session: Session | undefined;
  afterEach(async () => {
    await session?.close();
    await server?.close();
    session = server = undefined;
  });

  async function open(
    properties: Record<string, unknown>,
    meter: Partial<MeterOptions> = {},
    credentials: Record<string, string> = CREDENTIALS,
  ): Promise<{ s: Session; meter: SimulatedMeter }> {
    const simulated = meterAt(NOW, meter);
    const framing = properties['interface'] === 'wrapper' ? 'wrapper' : 'hdlc';
    server = await serveTcp(simulated, { framing });
    const settings = parseSettings(
      { host: '127.0.0.1', port: server.port, timezone: 'Europe/Vienna', answerTimeout: 250, ...properties },
      credentials,
    );
    session = new Session(settings, { now: () => NOW });
    return { s: session, meter: simulated };
  }

  /** Register, refusal, object list and five rows of the profile. */
  async function readsWell(s: Session, rows = 5): Promise<void> {
    const outcomes = await s.getAll([REGISTER, { ...REGISTER, obis: Obis.parse('1-0:77.8.0*255') }]);
    assert.deepEqual(outcomes[0], { ok: true, value: { type: 'double-long-unsigned', value: energiesAt(NOW).import } });
    assert.equal(outcomes[1]?.ok === false && outcomes[1].error.code, 'OBJECT_UNDEFINED');
    await readsProfile(s, rows);
    assert.equal((await s.objects()).length, 44);
  }

  async function fails(s: Session, code: Code): Promise<void> {
    await assert.rejects(s.get(REGISTER), (e: unknown) => isDlmsError(e) && e.code === code);
  }

  async function readsProfile(s: Session, count = 5): Promise<string> {
    const stream = s.readProfile(PROFILE, { kind: 'time', fromMs: FROM, toMs: FROM + (count - 1) * 900_000 });
    const rows = [];
    for await (const row of stream.rows) rows.push(row);
    assert.deepEqual(
      rows.map(r => [Date.parse(r.time ?? ''), r['1-0:1.8.0*255'], r['1-0:1.8.2*255']]),
      Array.from({ length: count }, (_, i) => {
        const at = FROM + i * 900_000;
        return [at, energiesAt(at).import, energiesAt(at).importNight];
      }),
    );
    return await stream.access;
  }

  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const referencing of ['ln', 'sn'] as const) {
      for (const [name, properties] of [
        ['none', { clientAddress: 16 }],
        ['low', { clientAddress: 17, authentication: 'low' }],
        ['high', { clientAddress: 18, authentication: 'high' }],
        ['high-lgz', { clientAddress: 48, authentication: 'high-lgz' }],
        ['high of LGZ', { clientAddress: 48, authentication: 'high', manufacturer: 'LGZ' }],
        ['high in the common form of LGZ', { clientAddress: 18, authentication: 'high', manufacturer: 'LGZ' }],
        ['high-md5', { clientAddress: 19, authentication: 'high-md5' }],
        ['high-sha1', { clientAddress: 20, authentication: 'high-sha1' }],
        ['high-sha256', { clientAddress: 21, authentication: 'high-sha256', systemTitle: GMAC.systemTitle }],
        ['high-gmac, both', GMAC],
        ['high-gmac, authentication', { ...GMAC, security: 'authentication' }],
        ['high-gmac, encryption', { ...GMAC, security: 'encryption' }],
        ['high-gmac, unprotected', { ...GMAC, security: 'none' }],
        ['high-gmac, general protection', { ...GMAC, generalProtection: true }],
      ] as const) {
        it(`reads over ${framing} by ${referencing} with ${name}`, async () => {
          const short = [17, 48].includes(properties.clientAddress);
          const credentials = short ? { password: '12345678' } : CREDENTIALS;
          const { s } = await open({ interface: framing, referencing, ...properties }, {}, credentials);
          await readsWell(s);
        });
      }
    }
  }

  for (const snProof of ['read', 'read-selector-1', 'write'] as const) {
    for (const [name, properties] of [
      ['in clear', { clientAddress: 19, authentication: 'high-md5' }],
      ['ciphered', GMAC],
    ] as const) {
      it(`proves itself by short name to a meter that wants ${snProof}, ${name}`, async () => {
        const { s } = await open(
          { interface: 'wrapper', referencing: 'sn', ...properties },
          { behaviour: { snProof } },
        );
        await readsWell(s);
      });
    }
  }

  for (const referencing of ['ln', 'sn'] as const) {
    it(`reads a meter by ${referencing} that repeats its counter only where the connection says so`, async () => {
      const strict = { interface: 'wrapper', referencing, ...GMAC, security: 'authentication-encryption' };
      const { s } = await open(strict, { behaviour: { repeatsCounter: true } });
      await fails(s, 'REPLAYED');
      await session?.close();
      await server?.close();
      const repeating = await open({ ...strict, counterRepeats: true }, { behaviour: { repeatsCounter: true } });
      await readsWell(repeating.s);
    });
  }

  it('proves itself to an association of another name, and reads its object list', async () => {
    const associationObject = '0.0.40.0.3.255';
    const properties = { interface: 'wrapper', clientAddress: 19, authentication: 'high-md5' };
    const { s } = await open(properties, { associationObject });
    await fails(s, 'EXCEPTION_RESPONSE');
    await session?.close();
    await server?.close();
    const named = await open({ ...properties, associationObject }, { associationObject });
    await readsWell(named.s);
  });

  for (const [key, more] of [
    ['encryption', { encryptionKey: '00'.repeat(16) }],
    ['authentication', { authenticationKey: '00'.repeat(16) }],
  ] as const) {
    it(`says that a key is wrong where the meter cannot decipher: the ${key} key`, async () => {
      const { s } = await open({ interface: 'wrapper', ...GMAC }, {}, { ...CREDENTIALS, ...more });
      await assert.rejects(s.get(REGISTER), (e: unknown) => {
        assert.ok(isDlmsError(e) && e.detail.code === 'WRONG_KEY', String(e));
        assert.equal(e.detail.refused, 'encryption-or-authentication');
        assert.match(
          e.message,
          /^the meter cannot decipher the request: the encryption or authentication key does not fit/,
        );
        return true;
      });
    });
  }

  it('reads under a dedicated key, and without it where the meter refuses one', async () => {
    const credentials = { ...CREDENTIALS, dedicatedKey: '00112233445566778899aabbccddeeff' };
    const first = await open({ interface: 'wrapper', ...GMAC }, {}, credentials);
    await readsWell(first.s);
    await session?.close();
    await server?.close();
    const behaviour = { refusesDedicatedKey: true };
    const second = await open({ interface: 'wrapper', ...GMAC }, { behaviour }, credentials);
    await readsWell(second.s);
  });

  it('starts above the counter of the meter, and catches up once when another client was faster', async () => {
    const { s, meter } = await open({ interface: 'wrapper', ...GMAC }, { clientCounter: 70_000 });
    await readsWell(s);
    meter.clientCounter += 5_000;
    await readsWell(s);
    assert.ok(meter.clientCounter > 75_000 && meter.clientCounter < 75_100, `${meter.clientCounter}`);
  });

  it('finds the counter itself where no object holds it', async () => {
    const { s } = await open({ interface: 'hdlc', ...GMAC, counterObject: 'none' }, { clientCounter: 70_000 });
    await readsWell(s);
  });

  it('reads with a pre-established association', async () => {
    const accounts = defaultAccounts().map(a => (a.client === 16 ? { ...a, preEstablished: true } : a));
    const { s } = await open({ interface: 'wrapper', preEstablished: true }, { accounts });
    await readsWell(s);
  });

  it('sets the clock, and is refused where it has no right', async () => {
    const clock = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
    const { s, meter } = await open({ clientAddress: 17, authentication: 'low' }, {}, { password: '12345678' });
    await s.set(clock, { type: 'octet-string', value: meter.clock.octets(NOW - 60_000) });
    assert.equal(meter.nowMs, NOW - 60_000);
    await session?.close();
    await server?.close();
    const other = await open({ clientAddress: 16 });
    const refused = other.s.set(clock, { type: 'octet-string', value: meter.clock.octets(NOW) });
    await assert.rejects(refused, codeIs('ACCESS_DENIED'));
    await readsWell(other.s);
  });

  it('finds one of several meters on a line by its physical address', async () => {
    const meters = [17, 18].map(physicalAddress => meterAt(NOW, { physicalAddress }));
    server = await serveTcp(meters, { framing: 'hdlc' });
    const settings = parseSettings({ host: '127.0.0.1', port: server.port, physicalAddress: 18 });
    session = new Session(settings, { now: () => NOW });
    await readsWell(session);
    assert.deepEqual(
      meters.map(m => m.served > 0),
      [false, true],
    );
  });

  it('reads over UDP', async () => {
    server = await serveUdp(meterAt(NOW, { behaviour: { pduSize: 1200 } }), {});
    const properties = {
      transport: 'udp',
      host: '127.0.0.1',
      port: server.port,
      interface: 'wrapper',
      timezone: 'UTC',
    };
    session = new Session(parseSettings(properties), { now: () => NOW });
    await readsWell(session);
  });

  it('asks again what UDP lost, and writes nothing twice', async () => {
    const meter = meterAt(NOW);
    server = await serveUdp(meter, {});
    const low = { clientAddress: 17, authentication: 'low' };
    const properties = {
      transport: 'udp',
      host: '127.0.0.1',
      port: server.port,
      interface: 'wrapper',
      answerTimeout: 400,
    };
    session = new Session(parseSettings({ ...properties, ...low }, { password: '12345678' }), { now: () => NOW });
    meter.fault({ kind: 'silence', times: 1 });
    await session.connect();
    meter.fault({ kind: 'silence', times: 1 });
    assert.equal((await session.get(REGISTER)).type, 'double-long-unsigned');
    const clock = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
    const time = await session.get(clock);
    const served = meter.served;
    meter.fault({ kind: 'silence', times: 1 });
    await assert.rejects(session.set(clock, time), (e: unknown) => isDlmsError(e) && e.code === 'NO_ANSWER');
    assert.equal(meter.served - served, 1);
  });

  for (const referencing of ['ln', 'sn'] as const) {
    for (const [name, access] of [
      ['in clear', { clientAddress: 16 }],
      ['ciphered', GMAC],
    ] as const) {
      it(`reads long answers by general block transfer, by ${referencing}, ${name}, the sooner the larger the window`, async () => {
        const requests: number[] = [];
        for (const gbtWindow of [1, 2, 63]) {
          const { s, meter } = await open(
            { interface: 'wrapper', referencing, gbtWindow, counterObject: 'none', ...access },
            { behaviour: { pduSize: 128, generalBlocks: true }, clientCounter: 0 },
          );
          await readsWell(s);
          assert.equal(s.association?.conformance.includes('general-block-transfer'), gbtWindow > 1);
          requests.push(meter.served);
          await s.close();
          await server?.close();
        }
        const [singly, pairs, many] = requests as [number, number, number];
        assert.ok(pairs < singly && many < pairs, requests.join(' '));
      });
    }
  }

  it('reads by general block transfer over hdlc, each block acknowledged', async () => {
    const { s } = await open({ gbtWindow: 7 }, { behaviour: { pduSize: 300, generalBlocks: true } });
    await readsWell(s);
    assert.ok(s.association?.conformance.includes('general-block-transfer'));
  });

  const habits: readonly (readonly [string, Partial<Behaviour>, string?])[] = [
    ['1 sends a clock twice', { doubledClock: true }],
    ['2 ends with an empty block, twice', { emptyLastBlock: true }],
    ['3 grants little and serves all the same', { grantsLittle: true }],
    ['4 releases badly', { release: 'malformed' }],
    ['4 refuses the release', { release: 'refused' }],
    ['4 does not answer the release', { release: 'silent' }],
    ['6 loses the second frame of a piece', { losesSecondFrame: true, hdlcInformation: 128 }],
    ['8 waits for an RR after each frame', { windowOfOne: true, hdlcInformation: 128 }],
    ['10 sends parameters with the UA to a DISC', { parametersInDisconnect: true }],
    ['12 calls an empty selection "other"', { emptyRange: 'other' }],
    ['12 calls an empty selection "object-unavailable"', { emptyRange: 'object-unavailable' }],
    ['13 sends all columns', { ignoresColumns: true }],
    ['has small frames', { hdlcInformation: 32, hdlcWindow: 1 }],
    ['has windows of seven small frames', { hdlcInformation: 64, hdlcWindow: 7 }],
    ['has small APDUs', { pduSize: 128 }],
    ['refuses HDLC parameters', { snrmParameters: 'refused' }],
    ['always sends frame number 0', { constantSequence: true, hdlcInformation: 128, hdlcWindow: 1 }],
    ['answers from a longer address', { wideAnswers: true }],
    ['numbers blocks from 0', { firstBlock: 0, pduSize: 200 }],
    ['refuses lists', { withList: 'refused' }],
    ['wants the deviation in a range', { rangeDeviation: 'with' }],
    ['wants no deviation in a range', { rangeDeviation: 'without' }],
    ['refuses ranges', { rangeRefused: 250 }, 'entry'],
    ['refuses ranges and entries', { rangeRefused: 250, entryRefused: 250 }, 'all'],
  ];
  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const [habit, behaviour, access] of habits) {
      it(`reads over ${framing} a meter that ${habit}`, async () => {
        const { s } = await open({ interface: framing }, { behaviour });
        await readsWell(s);
        assert.equal(await readsProfile(s), access ?? 'range');
      });
    }
  }

  it('reads a meter that leaves out what repeats', async () => {
    const { s } = await open({}, { behaviour: { nullCompressed: true } });
    const stream = s.readProfile(PROFILE, { kind: 'entries', first: 1, last: 3 });
    const times: number[] = [];
    for await (const row of stream.rows) times.push(Date.parse(row.time ?? ''));
    assert.deepEqual(
      times,
      [0, 1, 2].map(i => (times[0] as number) + i * 900_000),
    );
  });

  it('gives no rows and no error for a range without rows, however the meter says so', async () => {
    for (const emptyRange of ['array', 'other', 'object-unavailable'] as const) {
      const { s } = await open({ interface: 'wrapper' }, { behaviour: { emptyRange } });
      const stream = s.readProfile(PROFILE, {
        kind: 'time',
        fromMs: FROM - 90 * 86_400_000,
        toMs: FROM - 89 * 86_400_000,
      });
      let rows = 0;
      for await (const row of stream.rows) rows += row.time === null ? 0 : 1;
      assert.equal(rows, 0);
      await session?.close();
      await server?.close();
    }
  });

  const faults: readonly (readonly [Fault, Code | null])[] = [
    [{ kind: 'silence', times: 30 }, 'NO_ANSWER'],
    [{ kind: 'reset', times: 4 }, 'CONNECTION_LOST'],
    [{ kind: 'slow', ms: 40 }, null],
    [{ kind: 'slow', ms: 1_000, times: 12 }, 'NO_ANSWER'],
    [{ kind: 'refuse', result: 2 }, 'ACCESS_RESULT'],
    [{ kind: 'exception' }, 'EXCEPTION_RESPONSE'],
    [{ kind: 'notification' }, null],
    [{ kind: 'garbage-before' }, null],
  ];
  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const [fault, code] of faults) {
      const times = fault.times === undefined ? '' : ` ${fault.times} times`;
      it(`over ${framing}: ${fault.kind}${times} gives ${code ?? 'the value'}, and the next read works`, async () => {
        const { s, meter } = await open({ interface: framing, answerTimeout: 100 });
        await s.get(REGISTER);
        meter.fault(fault);
        if (code === null) assert.equal((await s.get(REGISTER)).type, 'double-long-unsigned');
        else await assert.rejects(s.get(REGISTER), codeIs(code));
        meter.faults.clear();
        await readsWell(s);
      });
    }
    for (const kind of ['silence-in-block', 'reset-in-block', 'wrong-block'] as const) {
      it(`over ${framing}: ${kind} ends a profile with an error, and the next read works`, async () => {
        const { s, meter } = await open({ interface: framing }, { behaviour: { pduSize: 300 } });
        await s.get(REGISTER);
        meter.fault({ kind, times: 8 });
        await assert.rejects(readsProfile(s, 20), isDlmsError);
        meter.faults.clear();
        await readsProfile(s, 20);
      });
    }
  }
  for (const kind of ['wrong-fcs', 'garbage-inside', 'cut'] as const) {
    it(`over hdlc: ${kind} once is mended on the line`, async () => {
      const { s, meter } = await open({ interface: 'hdlc' });
      await s.get(REGISTER);
      meter.fault({ kind });
      assert.equal((await s.get(REGISTER)).type, 'double-long-unsigned');
      await readsWell(s);
    });
  }

  it('names a wrong key, a wrong password and a station that is not there', async () => {
    const cases: readonly (readonly [Record<string, unknown>, Record<string, string>, readonly Code[]])[] = [
      [GMAC, { ...CREDENTIALS, encryptionKey: 'ff'.repeat(16) }, ['EXCEPTION_RESPONSE', 'WRONG_KEY']],
      [{ clientAddress: 17, authentication: 'low' }, { password: 'wrong' }, ['WRONG_PASSWORD']],
      [{ clientAddress: 18, authentication: 'high' }, { password: 'wrong' }, ['HLS_FAILED']],
      [{ clientAddress: 99 }, {}, ['NO_ANSWER']],
      [{ serverAddress: 5 }, {}, ['NO_ANSWER']],
    ];
    for (const [properties, credentials, codes] of cases) {
      const { s } = await open({ interface: 'wrapper', ...properties }, {}, credentials);
      await assert.rejects(s.get(REGISTER), (e: unknown) => {
        assert.ok(isDlmsError(e) && codes.includes(e.code), `${String(e)} for ${JSON.stringify(properties)}`);
        return true;
      });
      await session?.close();
      await server?.close();
    }
  });
});

function codeIs(code: Code): (e: unknown) => boolean {
  return e => {
    assert.equal(isDlmsError(e) ? e.code : e, code);
    return true;
  };
}
