import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { enumerated, i8, octets, structure, u32 } from '../../src/core/cosem/data';
import type { Telegram } from '../../src/core/cosem/reading';
import { unhex } from '../../src/core/wire/hex';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import { attribute, cosemObject, type CosemObject } from '../../src/sim/cosem-object';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { startFlow, stopFlow, type Credentials, type Flow, type FlowNode } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const get = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: '1-0:1.8.0*255', classId: '', attribute: '' }],
  output: 'telegram',
  wires: [['out']],
  ...more,
});

function start(nodes: FlowNode[], credentials: Credentials = {}): Promise<Flow> {
  return startFlow([connection, getObject], nodes, credentials);
}

describe('dlms-get-object', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  it('puts a telegram on the message: registers scaled with unit, the clock as time, text as text', async () => {
    const { port } = await serveMeter({ serialNumber: '50021374' });
    const objects = ['0-0:1.0.0*255', '1-0:1.8.0*255', '0-0:96.1.0*255'].map(obis => ({ obis }));
    const flow = await start([connectionTo(port), get({ objects })]);
    flow.send('n1', { payload: 'go', topic: 'mine', own: 1 });
    const msg = await flow.message('out');
    const telegram = msg.payload as Telegram;
    assert.equal(msg.topic, 'mine');
    assert.equal(msg['own'], 1);
    assert.match(telegram.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+]0[12]:00$/);
    assert.ok(Math.abs(Date.parse(telegram.time ?? '') - Date.now()) < 60_000);
    assert.ok(Math.abs(Date.parse(telegram.receivedAt) - Date.now()) < 10_000);
    assert.match(telegram.meter.id ?? '', /^[A-Z]{3}/);
    assert.equal(telegram.meter.manufacturer, telegram.meter.id?.slice(0, 3));
    const [clock, energy, serial] = telegram.readings;
    assert.equal(clock?.value, telegram.time);
    assert.equal(energy?.obis, '1-0:1.8.0*255');
    assert.equal(energy?.key, 'active_energy_import');
    assert.equal(energy?.unit, 'Wh');
    assert.equal(typeof energy?.value, 'number');
    assert.equal(energy?.scaleSource, 'telegram');
    assert.deepEqual([energy?.classId, energy?.attribute], [3, 2]);
    assert.equal(serial?.value, '50021374');
    assert.deepEqual(msg['dlms'], {
      source: 'get',
      framing: 'hdlc',
      service: 'get',
      encrypted: false,
      authenticated: false,
      ...(telegram.meter.systemTitle !== undefined && { systemTitle: telegram.meter.systemTitle }),
    });
    assert.match(await flow.status('n1', /^green/), /3 readings/);
  });

  it('gives the value alone, or a list of values', async () => {
    const { port } = await serveMeter();
    const flow = await start([connectionTo(port), get({ output: 'value' })]);
    flow.send('n1', {});
    assert.equal(typeof (await flow.message('out')).payload, 'number');
    flow.send('n1', { objects: ['0-0:96.1.0*255', '1.8.0', '1-0:199.8.0*255'] } as never);
    const msg = await flow.message('out');
    const [serial, energy, undefinedOne] = msg.payload as unknown[];
    assert.equal(typeof serial, 'string');
    assert.equal(typeof energy, 'number');
    assert.equal(undefinedOne, null);
    const refused = (msg['dlms'] as { refused: { obis: string; code: string }[] }).refused;
    assert.deepEqual(
      refused.map(r => [r.obis, r.code]),
      [['1-0:199.8.0*255', 'OBJECT_UNDEFINED']],
    );
  });

  it('reads what the message asks for instead', async () => {
    const { port } = await serveMeter();
    const flow = await start([connectionTo(port), get()]);
    flow.send('n1', { obis: '2.8.0' } as never);
    const first = (await flow.message('out')).payload as Telegram;
    assert.deepEqual(
      first.readings.map(r => r.obis),
      ['1-0:2.8.0*255'],
    );
    flow.send('n1', { objects: [{ obis: '0-0:40.0.0*255', classId: 15, attribute: 2 }] } as never);
    assert.equal(((await flow.message('out')).payload as Telegram).readings.length, 1);
  });

  it('shows other attributes with their names and gives structures as objects', async () => {
    const { port } = await serveMeter();
    const objects = [{ obis: '1-0:1.8.0*255', classId: '3', attribute: '3' }];
    const flow = await start([connectionTo(port), get({ objects }), get({ id: 'n2', objects, output: 'value' })]);
    flow.send('n1', {});
    const [reading] = ((await flow.message('out')).payload as Telegram).readings;
    assert.match(reading?.name ?? '', /, scaler unit$/);
    assert.equal(reading?.key, 'active_energy_import_scaler_unit');
    flow.send('n2', {});
    const value = (await flow.message('out')).payload as Record<string, unknown>;
    assert.deepEqual(value, { scaler: 0, unit: 30 });
    assert.deepEqual(JSON.parse(String(reading?.value)), value);
  });

  it('reads attributes by the names that their class has for them', async () => {
    const { port } = await serveMeter();
    const flow = await start([connectionTo(port), get({ output: 'value' })]);
    const objects = ['logical_name', 'Scaler unit', 'value'].map(attribute => ({ obis: '1-0:1.8.0*255', attribute }));
    flow.send('n1', { objects } as never);
    const [name, scale, value] = (await flow.message('out')).payload as unknown[];
    assert.deepEqual(scale, { scaler: 0, unit: 30 });
    assert.equal(name, '1-0:1.8.0*255');
    assert.equal(typeof value, 'number');
    flow.send('n1', { objects: [{ obis: '1-0:1.8.0*255', attribute: 'colour' }] } as never);
    const { error } = await flow.error();
    assert.equal(error.code, 'BAD_SETTING');
    assert.match(error.message, /one of all, logical_name, value, scaler_unit/);
  });

  for (const referencing of ['ln', 'sn']) {
    it(`reads all attributes of an object that may be read, by ${referencing}`, async () => {
      const { port } = await serveMeter();
      const clock = { obis: '0-0:1.0.0*255', attribute: 'all' };
      const objects = [clock, { obis: '1-0:1.8.0*255' }, { obis: '1-0:32.7.0*255', attribute: 'all' }];
      const readers = [get({ objects }), get({ id: 'n2', objects, output: 'value' })];
      const flow = await start([connectionTo(port, { referencing }), ...readers]);
      flow.send('n1', {});
      const { readings } = (await flow.message('out')).payload as Telegram;
      assert.deepEqual(
        readings.filter(r => r.obis === '0-0:1.0.0*255').map(r => r.attribute),
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      flow.send('n2', {});
      const [whole, energy, voltage] = (await flow.message('out')).payload as Record<string, unknown>[];
      assert.match(String(whole?.['time']), /^20\d\d-/);
      assert.equal(whole?.['logical_name'], '0-0:1.0.0*255');
      assert.equal(typeof energy, 'number');
      assert.deepEqual(Object.keys(voltage ?? {}), ['logical_name', 'value', 'scaler_unit']);
    });

    it(`gives the object list as a table, by ${referencing}`, async () => {
      const { port } = await serveMeter();
      const flow = await start([connectionTo(port, { referencing }), get({ output: 'value' })]);
      const classId = referencing === 'ln' ? 15 : 12;
      flow.send('n1', { objects: [{ obis: '0-0:40.0.0*255', classId, attribute: 'object_list' }] } as never);
      const rows = (await flow.message('out')).payload as Record<string, unknown>[];
      const energy = rows.find(row => row['obis'] === '1-0:1.8.0*255');
      assert.deepEqual(
        [energy?.['name'], energy?.['classId'], energy?.['class']],
        ['Active energy import (+A) total', 3, 'Register'],
      );
      if (referencing === 'ln') assert.deepEqual(energy?.['attributes'], { 1: 1, 2: 1, 3: 1 });
      else assert.equal(typeof energy?.['baseName'], 'number');
      assert.ok('class_id' in (energy ?? {}), 'what flows knew before stays');
    });
  }

  it('reads the status and the time of an extended register with its value', async () => {
    const { port } = await serveMeter();
    const flow = await start([connectionTo(port), get({ objects: [{ obis: '0-1:24.2.1*255' }] })]);
    flow.send('n1', {});
    const [gas] = ((await flow.message('out')).payload as Telegram).readings;
    assert.deepEqual([gas?.classId, gas?.unit, gas?.status], [4, 'm3', 0]);
    assert.match(gas?.time ?? '', /T\d\d:00:00/);
  });

  it('asks for scaler and unit once, not with every read', async () => {
    const { port, meter } = await serveMeter();
    const flow = await start([connectionTo(port), get()]);
    flow.send('n1', {});
    await flow.message('out');
    const afterFirst = meter.served;
    flow.send('n1', {});
    await flow.message('out');
    assert.equal(meter.served - afterFirst, 1);
  });

  it('spreads the buffer of a compact data object by its template, and gives its octets where they do not fit', async () => {
    const compact = (obis: string, template: string): CosemObject =>
      cosemObject(62, obis, {
        2: attribute(octets(unhex('0702 000004d2 03414243'))),
        5: attribute(octets(unhex(template))),
      });
    // structure of unsigned, unsigned, double-long-unsigned, visible-string
    const extraObjects = [compact('0-0:66.0.1*255', '02 04 11 11 06 0a'), compact('0-0:66.0.2*255', '02 01 06')];
    const { port } = await serveMeter({ extraObjects });
    const objects = extraObjects.map(o => ({ obis: o.obis.toString(), classId: 62 }));
    const flow = await start([connectionTo(port), get({ output: 'value', objects })]);
    flow.send('n1', {});
    const [rows, octetsAsSent] = (await flow.message('out')).payload as [unknown, Buffer];
    assert.deepEqual(rows, [[7, 2, 1234, 'ABC']]);
    assert.equal(octetsAsSent.toString('hex'), '0702000004d203414243');
  });

  it('gives no value whose scaler the meter cannot tell for the moment, and the scaled one later', async () => {
    let busy = true;
    const register = cosemObject(3, '1-0:1.7.0*200', {
      2: attribute(u32(1234)),
      3: {
        read: () => (busy ? { ok: false, result: 2 } : { ok: true, data: structure(i8(-3), enumerated(27)) }),
      },
    });
    const { port } = await serveMeter({ extraObjects: [register] });
    const flow = await start([connectionTo(port), get({ output: 'value', objects: [{ obis: '1-0:1.7.0*200' }] })]);
    flow.send('n1', {});
    assert.match((await flow.error()).error.message, /temporary-failure/);
    busy = false;
    flow.send('n1', {});
    assert.equal((await flow.message('out')).payload, 1.234);
  });

  it('tells what a guessed class was wrong about by the object list of the meter', async () => {
    const { port } = await serveMeter();
    // 1-0:99.1.0 asked as a register is undefined; the list says that it is a profile.
    const flow = await start([connectionTo(port), get({ output: 'value' })]);
    flow.send('n1', { obis: '0-0:40.0.0*255' } as never);
    assert.ok(Array.isArray((await flow.message('out')).payload));
  });

  describe('gives a Catch node the original message and the code of', () => {
    const cases: [string, string, Record<string, unknown>, Credentials][] = [
      [
        'a wrong password',
        'WRONG_PASSWORD',
        { authentication: 'low', clientAddress: '17' },
        { c1: { password: 'wrong' } },
      ],
      ['a client nobody knows', 'NO_ANSWER', { clientAddress: '99', answerTimeout: '300' }, {}],
      ['a server nobody has', 'NO_ANSWER', { physicalAddress: '99', answerTimeout: '300' }, {}],
      ['another interface', 'NO_ANSWER', { interface: 'wrapper', answerTimeout: '300' }, {}],
      ['a property that is wrong', 'BAD_SETTING', { clientAddress: 'x' }, {}],
      ['no connection', 'BAD_SETTING', { id: 'other' }, {}],
      ['an interface without DLMS', 'BAD_SETTING', { interface: 'iec' }, {}],
    ];
    for (const [name, code, more, credentials] of cases) {
      it(name, async () => {
        const { port } = await serveMeter();
        const flow = await start([connectionTo(port, more), get()], credentials);
        flow.send('n1', { payload: 'go', topic: 'mine' });
        const caught = await flow.error();
        assert.equal(caught.error.code, code, caught.error.message);
        assert.equal(caught.topic, 'mine');
        assert.equal(caught.payload, 'go');
        assert.ok(!caught.error.message.includes('wrong"'), 'no password in an error');
        assert.match(await flow.status('n1', /^red/), /^red/);
      });
    }

    it('a port nobody listens on', async () => {
      const flow = await start([connectionTo(await deadPort()), get()]);
      flow.send('n1', {});
      assert.equal((await flow.error()).error.code, 'CONNECT_REFUSED');
    });

    it('a host that does not exist', async () => {
      const flow = await start([connectionTo(4059, { host: 'meter.invalid' }), get()]);
      flow.send('n1', {});
      assert.equal((await flow.error()).error.code, 'CONNECT_FAILED');
    });

    it('an object the meter does not have', async () => {
      const { port } = await serveMeter();
      const flow = await start([connectionTo(port), get({ objects: [{ obis: '1-0:199.8.0*255' }] })]);
      flow.send('n1', {});
      assert.equal((await flow.error()).error.code, 'OBJECT_UNDEFINED');
    });

    it('a code that is none', async () => {
      const { port } = await serveMeter();
      const flow = await start([connectionTo(port), get()]);
      flow.send('n1', { obis: 'power' } as never);
      assert.equal((await flow.error()).error.code, 'BAD_SETTING');
    });
  });

  it('reads by short names a meter that repeats its counter and wants its proof by Write, where the form says so', async () => {
    const behaviour = { repeatsCounter: true, snProof: 'write' } as const;
    const keys = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
    const secure = { clientAddress: '1', authentication: 'high-gmac', security: 'authentication-encryption' };
    for (const counterRepeats of [false, true]) {
      const { port } = await serveMeter({ behaviour });
      const more = { ...secure, referencing: 'sn', counterRepeats };
      const flow = await start([connectionTo(port, more), get({ output: 'value' })], { c1: keys });
      flow.send('n1', {});
      if (counterRepeats) assert.equal(typeof (await flow.message('out')).payload, 'number');
      else assert.equal((await flow.error()).error.code, 'REPLAYED');
      await stopFlow();
    }
  });

  it('asks in several frames a meter that takes only those that poll it', async () => {
    const { port } = await serveMeter({ behaviour: { ignoresUnpolled: true } });
    const objects = ['1.8.0', '2.8.0', '3.8.0', '4.8.0', '1.7.0', '2.7.0', '32.7.0', '52.7.0'].map(obis => ({ obis }));
    const flow = await start([connectionTo(port, { frameSize: '62' }), get({ objects, output: 'value' })]);
    flow.send('n1', {});
    const values = (await flow.message('out')).payload as unknown[];
    assert.ok(values.length === objects.length && values.every(value => typeof value === 'number'));
  });

  it('says which key is wrong where the meter cannot decipher', async () => {
    const { port } = await serveMeter();
    const keys = { encryptionKey: '00'.repeat(16), authenticationKey: DEFAULT_KEYS.authentication };
    const secure = { clientAddress: '1', authentication: 'high-gmac', security: 'encryption' };
    const flow = await start([connectionTo(port, secure), get()], { c1: keys });
    flow.send('n1', {});
    const { error } = await flow.error();
    assert.equal(error.code, 'WRONG_KEY');
    assert.match(error.message, /the meter cannot decipher the request: the encryption key does not fit/);
  });

  it('reads on after a reset in the middle', async () => {
    const { port, meter } = await serveMeter();
    const flow = await start([connectionTo(port), get({ output: 'value' })]);
    flow.send('n1', {});
    await flow.message('out');
    meter.fault({ kind: 'reset', times: 1 });
    flow.send('n1', {});
    assert.equal(typeof (await flow.message('out')).payload, 'number');
  });

  it('reads with encryption and authentication, and says so', async () => {
    const { port } = await serveMeter();
    const secure = { clientAddress: '1', authentication: 'high-gmac', security: 'authentication-encryption' };
    const keys = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
    const flow = await start([connectionTo(port, secure), get()], { c1: keys });
    flow.send('n1', {});
    const msg = await flow.message('out');
    const { encrypted, authenticated } = msg['dlms'] as { encrypted: boolean; authenticated: boolean };
    assert.deepEqual([encrypted, authenticated], [true, true]);
  });
});
