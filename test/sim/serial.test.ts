// The same reads over a pair of pseudo terminals: our session at one end, simulated meters at the other.

import assert from 'node:assert/strict';

import { Obis } from '../../src/core/obis/obis';
import { isDlmsError } from '../../src/core/wire/errors';
import { SerialTransport } from '../../src/io/transport/serial';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { energiesAt } from '../../src/sim/objects/household-load';
import { serveTransport } from '../../src/sim/server';
import { hasSocat, serialPair, SOCAT_MISSING, type SerialPair } from '../io/serial-pair';
import { meterAt, NOW } from './wire';

const PROFILE = Obis.parse('1-0:99.1.0*255');
const REGISTER = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const GMAC = {
  clientAddress: 1,
  authentication: 'high-gmac',
  security: 'authentication-encryption',
  systemTitle: '4d46430000000001',
};

describe('a session with simulated meters on a serial line', () => {
  let pair: SerialPair;
  const closing: (() => Promise<void> | void)[] = [];

  before(function () {
    if (!hasSocat()) {
      console.log(SOCAT_MISSING);
      this.skip();
    }
  });
  beforeEach(async () => {
    pair = await serialPair();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await pair.pull();
  });

  async function open(
    properties: Record<string, unknown>,
    meters = [meterAt(NOW)],
  ): Promise<(more?: object) => Session> {
    const far = new SerialTransport({ path: pair.far, baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 });
    const framing = properties['interface'] === 'wrapper' ? 'wrapper' : 'hdlc';
    await far.open();
    serveTransport(meters, far, { framing });
    closing.push(() => far.close());
    return more => {
      const settings = parseSettings(
        {
          transport: 'serial',
          path: `${pair.near}:115200:8None1`,
          timezone: 'Europe/Vienna',
          answerTimeout: 300,
          ...properties,
          ...more,
        },
        { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication },
      );
      const session = new Session(settings, { now: () => NOW });
      closing.push(() => session.close());
      return session;
    };
  }

  async function readsWell(session: Session): Promise<void> {
    assert.deepEqual(await session.get(REGISTER), { type: 'double-long-unsigned', value: energiesAt(NOW).import });
    const from = Date.UTC(2026, 0, 1);
    const stream = session.readProfile(PROFILE, { kind: 'time', fromMs: from, toMs: from + 95 * 900_000 });
    const values = [];
    for await (const row of stream.rows) values.push(row['1-0:1.8.0*255']);
    assert.deepEqual(
      values,
      Array.from({ length: 96 }, (_, i) => energiesAt(from + i * 900_000).import),
    );
    assert.equal((await session.objects()).length, 44);
  }

  for (const [name, properties] of [
    ['HDLC', {}],
    ['HDLC with small frames', { frameSize: 128, windowSize: 1 }],
    ['HDLC with GMAC and encryption', GMAC],
    ['the wrapper', { interface: 'wrapper' }],
  ] as const) {
    it(`reads over ${name}`, async () => {
      await readsWell((await open(properties))());
    });
  }

  it('asks two meters on one line in turn, and a third that is dead blocks neither', async () => {
    const meters = [17, 18].map(physicalAddress => meterAt(NOW, { physicalAddress }));
    const session = await open({ idleTime: 5 }, meters);
    const [first, second, dead] = [17, 18, 19].map(physicalAddress => session({ physicalAddress })) as [
      Session,
      Session,
      Session,
    ];
    const results = await Promise.allSettled([
      first.get(REGISTER),
      dead.get(REGISTER),
      second.get(REGISTER),
      first.get(REGISTER),
    ]);
    assert.deepEqual(
      results.map(r => (r.status === 'fulfilled' ? r.value.type : isDlmsError(r.reason) && r.reason.code)),
      ['double-long-unsigned', 'NO_ANSWER', 'double-long-unsigned', 'double-long-unsigned'],
    );
  });
});
