// Gurux and dlms-cosem, two independent clients, read our simulated meter; what they print is compared exactly.

import assert from 'node:assert/strict';

import { isoAt } from '../../src/core/cosem/date-time';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import type { SimulatedMeter } from '../../src/sim/meter';
import { energiesAt } from '../../src/sim/objects/household-load';
import { serveTcp, type MeterServer } from '../../src/sim/server';
import { meterAt, NOW } from '../sim/wire';
import { installPeers, readBy, type PeerSettings } from './peers';

const PROFILE = '1.0.99.1.0.255';
const LOW = { client: 17, auth: 'low', password: '12345678' };
const GMAC = {
  client: 1,
  auth: 'high-gmac',
  security: 'authentication-encryption',
  systemTitle: '4d46430000000001',
  encryptionKey: DEFAULT_KEYS.encryption,
  authenticationKey: DEFAULT_KEYS.authentication,
};
const HIGH = {
  password: 'a secret of 16 !',
  systemTitle: GMAC.systemTitle,
  encryptionKey: GMAC.encryptionKey,
  authenticationKey: GMAC.authenticationKey,
};

describe('independent clients read the simulated meter', function () {
  let meter: SimulatedMeter;
  const servers: MeterServer[] = [];

  before(async function () {
    this.timeout(600_000);
    await installPeers();
  });
  beforeEach(async () => {
    meter = meterAt(NOW);
    for (const framing of ['hdlc', 'wrapper'] as const) servers.push(await serveTcp(meter, { framing }));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  function reading(framing: 'hdlc' | 'wrapper', access: { client: number; auth: string }): PeerSettings {
    return {
      port: (servers[framing === 'hdlc' ? 0 : 1] as MeterServer).port,
      framing,
      ...access,
      counter: meter.clientCounter + 1,
      read: [
        ['objects'],
        ['register', '1.0.1.8.0.255'],
        ['clock'],
        ['range', PROFILE, '2026-01-01T00:00:00+01:00', '2026-01-01T01:00:00+01:00'],
        ['entries', PROFILE, 2, 3],
      ],
    };
  }

  const rows = (fromMs: number, count: number): unknown[] =>
    Array.from({ length: count }, (_, i) => {
      const at = fromMs + i * 900_000;
      const e = energiesAt(at);
      return [isoAt(at, 60), 0, e.import, e.export, e.reactiveImport, e.reactiveExport, e.importDay, e.importNight];
    });
  const COLUMNS = [
    [8, '0.0.1.0.0.255', 2],
    [1, '0.0.96.10.1.255', 2],
    ...['1.8.0', '2.8.0', '3.8.0', '4.8.0', '1.8.1', '1.8.2'].map(c => [3, `1.0.${c}.255`, 2]),
  ];
  const firstKept = Math.floor(NOW / 900_000) * 900_000 - 2975 * 900_000;
  const RANGE = { columns: COLUMNS, rows: rows(Date.UTC(2025, 11, 31, 23), 5) };
  const ENTRIES = { columns: COLUMNS, rows: rows(firstKept + 900_000, 3) };
  const CLOCK = '2026-01-15T13:07:30+01:00';

  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const [name, access] of [
      ['none', { client: 16, auth: 'none' }],
      ['low', LOW],
      ['gmac', GMAC],
    ] as const) {
      it(`Gurux over ${framing} with ${name}`, async () => {
        const answer = await readBy('gurux', reading(framing, access));
        assert.equal(answer.error, undefined);
        const [objects, register, clock, range, entries] = answer.results;
        assert.deepEqual(
          objects,
          meter.named('ln').map(n => [n.object.classId, [...n.object.obis.bytes].join('.'), n.object.version, 0]),
        );
        const raw = energiesAt(NOW).import;
        assert.deepEqual(register, { raw, value: raw, scaler: 1, unit: 30 });
        assert.equal(clock, CLOCK);
        assert.deepEqual(range, RANGE);
        assert.deepEqual(entries, ENTRIES);
      });

      it(`dlms-cosem over ${framing} with ${name}`, async () => {
        const answer = await readBy('dlmscosem', reading(framing, access));
        assert.equal(answer.error, undefined);
        const [objects, register, clock, range, entries] = answer.results;
        assert.deepEqual(
          objects,
          meter.named('ln').map(n => [n.object.classId, n.object.obis.toString().replace('*', '.'), n.object.version]),
        );
        assert.deepEqual(register, { raw: energiesAt(NOW).import, scaler: 0, unit: 30 });
        assert.equal(clock, CLOCK);
        assert.deepEqual(range, RANGE);
        assert.deepEqual(entries, ENTRIES);
      });
    }
  }

  for (const [auth, client] of [
    ['high', 18],
    ['high-md5', 19],
    ['high-sha1', 20],
    ['high-sha256', 21],
  ] as const) {
    it(`Gurux proves itself by ${auth} and checks our proof`, async () => {
      const settings = reading('wrapper', { ...HIGH, client, auth });
      const answer = await readBy('gurux', { ...settings, read: [['clock']] });
      assert.deepEqual(answer, { ok: true, results: [CLOCK] });
    });
  }

  it('Gurux under a dedicated key', async () => {
    const dedicatedKey = '00112233445566778899aabbccddeeff';
    const answer = await readBy('gurux', { ...reading('wrapper', GMAC), dedicatedKey, read: [['clock']] });
    assert.deepEqual(answer, { ok: true, results: [CLOCK] });
  });

  it('Gurux with a stale counter is told so', async () => {
    const answer = await readBy('gurux', { ...reading('wrapper', GMAC), counter: 5, read: [['clock']] });
    assert.match(answer.error ?? '', /Invocation counter is invalid/);
  });

  it('Gurux with a wrong password is refused', async () => {
    const answer = await readBy('gurux', { ...reading('hdlc', LOW), password: 'wrong' });
    assert.match(answer.error ?? '', /Authentication failure/);
  });

  it('Gurux reads a list in one request', async () => {
    const list = [
      [1, '0.0.42.0.0.255', 2],
      [3, '1.0.1.8.0.255', 2],
    ];
    const answer = await readBy('gurux', { ...reading('wrapper', LOW), read: [['list', list]] });
    assert.deepEqual(answer, {
      ok: true,
      results: [[Buffer.from('MFW0000050021374').toString('hex'), energiesAt(NOW).import]],
    });
  });

  it('Gurux sets the clock', async () => {
    const answer = await readBy('gurux', {
      ...reading('wrapper', LOW),
      read: [['set-clock', '2026-01-15T12:00:00+01:00'], ['clock']],
    });
    assert.deepEqual(answer, { ok: true, results: ['ok', '2026-01-15T12:00:00+01:00'] });
  });

  for (const framing of ['hdlc', 'wrapper'] as const) {
    it(`Gurux works the relay over ${framing}`, async () => {
      const relay = '0.0.96.3.10.255';
      const answer = await readBy('gurux', {
        ...reading(framing, LOW),
        read: [
          ['relay', relay, false],
          ['relay-state', relay],
          ['relay', relay, true],
          ['relay-state', relay],
        ],
      });
      assert.deepEqual(answer, { ok: true, results: ['ok', false, 'ok', true] });
    });

    it(`Gurux reads by short names over ${framing}`, async () => {
      const named = meter.named('sn');
      const base = (obis: string): number => named.find(n => n.object.obis.toString() === obis)?.baseName ?? 0;
      const answer = await readBy('gurux', {
        ...reading(framing, LOW),
        referencing: 'sn',
        read: [
          ['objects'],
          ['register', '1.0.1.8.0.255', base('1-0:1.8.0*255')],
          ['clock', base('0-0:1.0.0*255')],
          ['entries', PROFILE, 2, 3, base('1-0:99.1.0*255')],
        ],
      });
      assert.equal(answer.error, undefined);
      const [objects, register, clock, entries] = answer.results;
      assert.deepEqual(
        objects,
        named.map(n => [n.object.classId, [...n.object.obis.bytes].join('.'), n.object.version, n.baseName]),
      );
      const raw = energiesAt(NOW).import;
      assert.deepEqual(register, { raw, value: raw, scaler: 1, unit: 30 });
      assert.equal(clock, CLOCK);
      assert.deepEqual(entries, ENTRIES);
    });
  }
});
