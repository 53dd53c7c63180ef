// What a push decoder and a filter believe, in a real runtime: forged telegrams, and recorded ones by another way and after a
// restart.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { Key, protect } from '../../src/core/security';
import { encodeApdu } from '../../src/core/apdu';
import { concat, unhex } from '../../src/core/wire/hex';
import obisFilter from '../../src/nodes/obis-filter/dlms-obis-filter';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import { EXAMPLE_KEY_TEXT, EXAMPLE_KEYS, EXAMPLE_TITLE, pushBytes, pushFormat } from '../../src/sim/push-source';
import { PROJECT } from '../node-red-process';
import { startFlow, stopFlow, userDirectory, type Flow, type FlowNode, type Message } from './flow';

const { encryptionKey, authenticationKey } = EXAMPLE_KEY_TEXT;
const BOTH = { encryptionKey, authenticationKey };
const bytes = (name: string, counter: number): Buffer => {
  const format = pushFormat(name);
  assert.ok(format !== undefined, name);
  return Buffer.from(pushBytes(format, { counter }));
};
const genuine = (counter: number): Buffer => bytes('burgenland-14', counter);
const codeOf = (msg: Message): unknown => (msg.payload as { code: unknown }).code;
const originOf = (msg: Message): Record<string, unknown> => msg['dlms'] as Record<string, unknown>;
const PLAIN = unhex(
  '0f00000001 0c07ea0b1e010a0f0000ffc400 0202 0203 0906 0100010800ff 06 05f5e0ff 0202 0f00 161e 0203 0906 0100010700ff 06 0000007b 0202 0f00 161b',
);
const forged = (counter: number): Buffer => {
  const ciphered = concat(unhex('00'), Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter), PLAIN);
  return Buffer.from(encodeApdu({ type: 'general-glo-ciphering', systemTitle: EXAMPLE_TITLE, ciphered }));
};

describe('what a push decoder believes', () => {
  afterEach(stopFlow);
  let nodes = 0;
  const freshId = (): string => `proof${nodes++}`;
  const decoder = (id: string, more: Record<string, unknown> = {}): FlowNode => ({
    id,
    type: 'dlms-push-decoder',
    wires: [['out'], ['wrong']],
    ...more,
  });
  const start = (id: string, more: Record<string, unknown>, keys: Record<string, string>): Promise<Flow> =>
    startFlow([pushDecoder], [decoder(id, more)], { [id]: keys });
  const file = (id: string): string => join(userDirectory(), 'dlms', `received-${id}.txt`);

  it('sends what nobody with a key has sent to the second output, with its bytes', async () => {
    const id = freshId();
    const flow = await start(id, { replay: 'refuse' }, BOTH);
    flow.send(id, { payload: Buffer.from(PLAIN) });
    flow.send(id, { payload: forged(0xffff_ffff) });
    for (let i = 0; i < 2; i++) {
      const wrong = await flow.message('wrong');
      assert.equal(codeOf(wrong), 'NOT_AUTHENTICATED');
      assert.ok((wrong.payload as { hex: string }).hex.startsWith('0f00000001'));
      assert.equal(originOf(wrong)['source'], 'push');
    }
    flow.send(id, { payload: genuine(11) });
    assert.equal(originOf(await flow.message('out'))['authenticated'], true);
    await flow.silence('out', 20);
  });

  for (const replay of ['refuse', 'accept']) {
    it(`knows a recorded telegram from another port and after a restart (${replay})`, async () => {
      const id = freshId();
      const again = async (flow: Flow): Promise<void> => {
        if (replay === 'refuse') assert.equal(codeOf(await flow.message('wrong')), 'REPLAYED');
        else assert.equal(originOf(await flow.message('out'))['replayed'], true);
      };
      const flow = await start(id, { replay }, BOTH);
      flow.send(id, { payload: genuine(10), ip: '10.0.0.5', port: 1000 } as never);
      assert.equal(originOf(await flow.message('out'))['replayed'], undefined);
      flow.send(id, { payload: genuine(10), ip: '10.0.0.5', port: 1001 } as never);
      await again(flow);
      await stopFlow();
      const later = await start(id, { replay }, BOTH);
      later.send(id, { payload: genuine(10), topic: 'elsewhere' });
      later.send(id, { payload: genuine(11), topic: 'elsewhere' });
      await again(later);
      assert.equal(originOf(await later.message('out'))['invocationCounter'], 11);
      assert.ok(!readFileSync(file(id), 'utf8').includes(encryptionKey.slice(0, 8)));
    });
  }

  it('knows it with the encryption key alone, too, where a forged counter locks nobody out', async () => {
    const id = freshId();
    const flow = await start(id, { replay: 'refuse' }, { encryptionKey });
    for (let n = 1; n <= 10; n++) flow.send(id, { payload: bytes('wien-9', n) });
    flow.send(id, { payload: forged(0xffff_ffff), topic: 'elsewhere' });
    for (let n = 1; n <= 10; n++) await flow.message('out');
    assert.equal(codeOf(await flow.message('wrong')), 'NOT_ENCRYPTED');
    flow.send(id, { payload: bytes('wien-9', 11) });
    await flow.message('out');
    await stopFlow();
    const later = await start(id, { replay: 'refuse' }, { encryptionKey });
    later.send(id, { payload: bytes('wien-9', 7) });
    assert.equal(codeOf(await later.message('wrong')), 'REPLAYED');
  });

  it('keeps the counters of the broadcast key apart', async () => {
    const id = freshId();
    const broadcastKey = '0f0e0d0c0b0a09080706050403020100';
    const flow = await start(id, { replay: 'refuse' }, { ...BOTH, broadcastKey });
    flow.send(id, { payload: genuine(1000) });
    await flow.message('out');
    const context = { systemTitle: EXAMPLE_TITLE, key: Key.parse(broadcastKey, 'k'), control: 0x70, counter: 3 };
    const ciphered = protect({ ...context, authenticationKey: EXAMPLE_KEYS.authenticationKey }, PLAIN);
    const apdu = encodeApdu({ type: 'general-glo-ciphering', systemTitle: EXAMPLE_TITLE, ciphered });
    flow.send(id, { payload: Buffer.from(apdu), topic: 'broadcast' });
    assert.equal(originOf(await flow.message('out'))['invocationCounter'], 3);
  });

  it('forgets the counters when the node is deleted', async () => {
    const id = freshId();
    const flow = await start(id, {}, BOTH);
    flow.send(id, { payload: genuine(10) });
    await flow.message('out');
    await flow.deploy([decoder('stays')], 'full');
    await new Promise(resolve => setTimeout(resolve, 20));
    assert.ok(!existsSync(file(id)));
  });

  it('reads the meters without a tag with the settings of their presets, and says so where both keys are set without', async () => {
    const presets = JSON.parse(readFileSync(join(PROJECT, 'resources', 'presets.json'), 'utf8')) as {
      id: string;
      decoder?: Record<string, unknown>;
    }[];
    for (const [preset, format] of [
      ['at-west', 'kaifa-west'],
      ['at-noe', 'noe'],
      ['at-wien', 'wien-9'],
    ] as const) {
      const id = freshId();
      const decoder = presets.find(p => p.id === preset)?.decoder ?? {};
      const flow = await start(id, decoder, BOTH);
      flow.send(id, { payload: bytes(format, 1) });
      assert.equal(originOf(await flow.message('out'))['authenticated'], false);
      await stopFlow();
      const strict = await start(id, { ...decoder, require: '' }, BOTH);
      strict.send(id, { payload: bytes(format, 2) });
      const wrong = await strict.message('wrong');
      assert.match(
        (wrong.payload as { message: string }).message,
        /leave the authentication key empty or set "Require"/,
      );
      await stopFlow();
    }
  });

  it('refuses a word that it does not know', async () => {
    const id = freshId();
    const flow = await start(id, { require: 'everything' }, {});
    assert.match(await flow.status(id, /^red/), /require/);
  });
});

describe('what an IEC readout with keys believes', () => {
  afterEach(stopFlow);
  const readout: FlowNode = { id: 'iec', type: 'dlms-iec-readout', source: 'message', wires: [['out']] };
  const start = (keys: Record<string, string>): Promise<Flow> => startFlow([iecReadout], [readout], { iec: keys });
  const text = '/SIM5\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n!\r\n';
  const sealed = (control: number): Buffer => {
    const context = { systemTitle: EXAMPLE_TITLE, key: EXAMPLE_KEYS.encryptionKey, control, counter: 3 };
    const { authenticationKey: key } = EXAMPLE_KEYS;
    const ciphered = protect({ ...context, authenticationKey: key }, Buffer.from(text));
    return Buffer.from(encodeApdu({ type: 'general-glo-ciphering', systemTitle: EXAMPLE_TITLE, ciphered }));
  };

  it('gives no values of a telegram without a tag, nor of plain text', async () => {
    const flow = await start(BOTH);
    flow.send('iec', { payload: sealed(0x30) });
    assert.equal(originOf(await flow.message('out'))['authenticated'], true);
    const data = '1.8.0(1*kWh)\r\n!\r\n\x03';
    const check = Buffer.from(data).reduce((bcc, octet) => bcc ^ octet, 0);
    const list = `/SIM5\r\n\x02${data}${String.fromCharCode(check)}`;
    for (const payload of [sealed(0x20), text, list]) {
      flow.send('iec', { payload });
      assert.equal((await flow.error()).error.code, 'NOT_AUTHENTICATED', String(payload).slice(0, 20));
    }
    await flow.silence('out', 20);
  });

  it('asks for encryption with the encryption key alone, and for nothing without', async () => {
    const flow = await start({ encryptionKey });
    flow.send('iec', { payload: sealed(0x20) });
    await flow.message('out');
    flow.send('iec', { payload: text });
    assert.equal((await flow.error()).error.code, 'NOT_ENCRYPTED');
    await stopFlow();
    const open = await start({});
    open.send('iec', { payload: text });
    await open.message('out');
  });
});

describe('a filter that asks for proof', () => {
  afterEach(stopFlow);
  const filter = (more: Record<string, unknown>): FlowNode => ({
    id: 'f',
    type: 'dlms-obis-filter',
    wires: [['out'], ['held']],
    ...more,
  });
  const payload = {
    meter: { id: '1' },
    time: null,
    receivedAt: new Date().toISOString(),
    readings: [{ obis: '1-0:1.8.0*255', value: 1, unit: 'Wh' }],
  };

  for (const output of ['readings', 'flat', 'telegram', 'per-rule', 'influx', 'sql', 'homeassistant']) {
    it(`holds back what is not authenticated, as a whole and with the reason (${output})`, async () => {
      const rules = output === 'per-rule' ? [{ obis: '1.8.0' }] : [];
      const flow = await startFlow([obisFilter], [filter({ output, rules, require: 'authenticated' })]);
      for (const dlms of [undefined, {}, { encrypted: true }, { authenticated: 'true' }, { authenticated: false }]) {
        flow.send('f', { payload, dlms } as never);
        const held = await flow.message('held');
        assert.equal(codeOf(held), 'NOT_AUTHENTICATED');
        assert.equal((held.payload as { reason: string }).reason, 'not-proven');
        assert.equal(held['meter'], '1');
      }
      await flow.silence('out', 5);
      flow.send('f', { payload, dlms: { source: 'get', authenticated: true } } as never);
      await flow.message('out');
    });
  }

  it('takes what is encrypted where that is enough, also the rows of a profile, and everything by default', async () => {
    const flow = await startFlow([obisFilter], [filter({ output: 'sql', require: 'encrypted' })]);
    const rows = [{ time: '2026-11-21T10:15:00+01:00', '1-0:1.8.0*255': 5 }];
    flow.send('f', { payload: rows, dlms: { source: 'profile', encrypted: false } } as never);
    assert.equal(codeOf(await flow.message('held')), 'NOT_ENCRYPTED');
    flow.send('f', { payload: rows, dlms: { source: 'profile', encrypted: true } } as never);
    await flow.message('out');
    await stopFlow();
    const open = await startFlow([obisFilter], [filter({ output: 'sql' })]);
    open.send('f', { payload } as never);
    await open.message('out');
  });
});
