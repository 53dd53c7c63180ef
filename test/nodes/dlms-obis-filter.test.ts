import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { Reading, Telegram } from '../../src/core/cosem/reading';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import { type Flow, type FlowNode, adminRequest, callsOf, startFlow, stopFlow, userDirectory } from './flow';

const node = (more: Record<string, unknown> = {}, outputs = 2): FlowNode => ({
  id: 'n1',
  type: 'dlms-obis-filter',
  rules: [],
  output: 'readings',
  outputs,
  wires: Array.from({ length: outputs }, (_, i) => [i === outputs - 1 ? 'held' : `out${i}`]),
  ...more,
});
const start = (more: Record<string, unknown> = {}, outputs = 2): Promise<Flow> =>
  startFlow([filter], [node(more, outputs)]);

const reading = (code: string, key: string, value: Reading['value'], unit: string | null): Reading => ({
  obis: `1-0:${code}*255`,
  name: key,
  key,
  value,
  unit,
});
const telegram = (energy: number, power = 1500, time = '2026-11-21T10:15:00+01:00'): Telegram => ({
  meter: { id: '1TST0042', manufacturer: 'TST', model: null },
  time,
  receivedAt: '2026-11-21T09:15:01.204Z',
  readings: [
    reading('1.8.0', 'active_energy_import', energy, 'Wh'),
    reading('1.7.0', 'active_power_import', power, 'W'),
  ],
});

describe('dlms-obis-filter', () => {
  afterEach(stopFlow);

  it('says once that there are more meters than it remembers, and in the status from then on', async () => {
    const flow = await start({ maxMeters: 2 });
    const warnings: string[] = [];
    callsOf(flow.node('n1'), 'warn', args => warnings.push(String(args[0])));
    const of = (id: string): { payload: Telegram } => ({
      payload: { ...telegram(1), meter: { id, manufacturer: null, model: null } },
    });
    for (const id of ['a', 'b']) flow.send('n1', of(id) as never);
    assert.equal(await flow.status('n1', /^green/), 'green 2 of 2');
    for (const id of ['c', 'd']) flow.send('n1', of(id) as never);
    assert.match(await flow.status('n1', /more/), /2 of 2, more than 2 meters/);
    assert.deepEqual(
      warnings.map(text => text.slice(0, 18)),
      ['More than 2 meters'],
    );
  });

  it('sends one message per reading, with the fields of the message that came', async () => {
    const flow = await start({ rules: [{ obis: '1.8.0', unit: 'kWh', topic: 'house/{key}' }, { obis: '*.7.0' }] });
    const msg = {
      payload: telegram(12345678),
      own: { deep: 1 },
      dlms: { source: 'push' },
      parts: { id: 'a', index: 0 },
    };
    flow.send('n1', msg as never);
    const first = await flow.message('out0');
    const second = await flow.message('out0');
    assert.deepEqual(
      [first.topic, first.payload, first['unit'], first['meter']],
      ['house/active_energy_import', 12345.678, 'kWh', '1TST0042'],
    );
    assert.deepEqual([second.topic, second.payload], ['active_power_import', 1500]);
    assert.deepEqual([first['own'], second['own'], second['dlms']], [{ deep: 1 }, { deep: 1 }, { source: 'push' }]);
    assert.notEqual(first['own'], second['own'], 'messages do not share what is in them');
    assert.ok(!('parts' in second), 'the parts of another sequence are gone');
    assert.equal(await flow.status('n1', /^green/), 'green 2 of 2');
  });

  it('sends a flat object without copying, and leaves parts where they still hold', async () => {
    const flow = await start({ output: 'flat' });
    flow.send('n1', { payload: telegram(7), parts: { id: 'a' } } as never);
    const msg = await flow.message('out0');
    assert.deepEqual(msg.payload, { active_energy_import: 7, active_power_import: 1500 });
    assert.deepEqual(msg['parts'], { id: 'a' });
  });

  it('gives each rule its output, and the last output to what is held back', async () => {
    const flow = await start({ output: 'per-rule', rules: [{ obis: '1.7.0' }, { obis: '1.8.0' }], counters: true }, 3);
    flow.send('n1', { payload: telegram(100) });
    assert.equal((await flow.message('out0')).payload, 1500);
    assert.equal((await flow.message('out1')).payload, 100);
    flow.send('n1', { payload: telegram(0) });
    assert.equal((await flow.message('out0')).payload, 1500);
    const held = (await flow.message('held')).payload as Record<string, unknown>;
    assert.deepEqual([held['reason'], held['value'], held['last']], ['zero', 0, 100]);
    assert.match(await flow.status('n1', /held/), /1 of 2, 1 held back/);
    await flow.silence('out1', 30);
  });

  it('tells a Catch node what came instead of a telegram', async () => {
    const flow = await start();
    flow.send('n1', { payload: 'no telegram', keep: 1 } as never);
    const caught = await flow.error();
    assert.equal(caught.error.code, 'BAD_SETTING');
    assert.match(caught.error.message, /msg\.payload "no telegram" is not a telegram/);
    assert.equal(caught.payload, 'no telegram');
    assert.equal(caught['keep'], 1);
    flow.send('n1', { payload: telegram(1) });
    assert.equal((await flow.message('out0')).payload, 1, 'and goes on');
  });

  it('names a wrong rule at once and for each message', async () => {
    const flow = await start({ rules: [{ obis: '1.8.0' }, { obis: '1.8.0', factor: 'much' }] });
    assert.match(await flow.status('n1', /red/), /rule 2: factor/);
    flow.send('n1', { payload: telegram(1) });
    assert.match((await flow.error()).error.message, /rule 2: factor "much" is not a number or a ratio/);
  });

  it('takes numbers as text and as numbers, and empty ones as none', async () => {
    const flow = await start({
      onChange: true,
      deadband: '10',
      minInterval: '',
      maxInterval: 0,
      acceptAfter: '',
      rules: [{ obis: '1.7.0', factor: 2, round: '' }],
    });
    flow.send('n1', { payload: telegram(1, 100) });
    assert.equal((await flow.message('out0')).payload, 200);
    flow.send('n1', { payload: telegram(1, 104) });
    flow.send('n1', { payload: telegram(1, 106) });
    assert.equal((await flow.message('out0')).payload, 212);
  });

  it('forgets on msg.reset', async () => {
    const flow = await start({ onChange: true, rules: [{ obis: '1.7.0' }] });
    for (let i = 0; i < 2; i++) flow.send('n1', { payload: telegram(1) });
    flow.send('n1', { reset: true } as never);
    flow.send('n1', { payload: telegram(1) });
    await flow.message('out0');
    await flow.message('out0');
    await flow.silence('out0', 30);
  });

  it('announces entities to Home Assistant once, and again when it comes up', async () => {
    const flow = await start({ output: 'homeassistant', rules: [{ obis: '1.7.0' }] });
    flow.send('n1', { payload: telegram(1) });
    const config = await flow.message('out0');
    assert.equal(config.topic, 'homeassistant/sensor/dlms_1tst0042/active_power_import/config');
    assert.equal(config['retain'], true);
    assert.equal((await flow.message('out0')).payload, 1500);
    const here = await flow.message('out0');
    assert.deepEqual([here.topic, here.payload], ['dlms/1tst0042/availability', 'online']);
    flow.send('n1', { payload: telegram(1) });
    assert.equal((await flow.message('out0')).payload, 1500);
    flow.send('n1', { topic: 'homeassistant/status', payload: 'online' });
    assert.equal((await flow.message('out0')).topic, 'homeassistant/sensor/dlms_1tst0042/active_power_import/config');
    assert.equal((await flow.message('out0')).payload, 1500);
  });

  it('sends again what it sent when a status node sees the node behind connected, and takes no other status as data', async () => {
    const flow = await start({ output: 'homeassistant', rules: [{ obis: '1.7.0' }], onChange: true });
    const status = (fill: string): void =>
      flow.send('n1', { status: { fill, shape: 'dot', text: 'a', source: { id: 'b', type: 'mqtt out' } } } as never);
    status('red');
    flow.send('n1', { payload: telegram(1) });
    const sent = [await flow.message('out0'), await flow.message('out0'), await flow.message('out0')];
    status('yellow');
    flow.send('n1', { payload: telegram(1) });
    status('green');
    for (const { topic, payload } of sent) {
      const again = await flow.message('out0');
      assert.deepEqual([again.topic, again.payload], [topic, payload]);
    }
    await flow.silence('errors', 30);
  });

  it('tells by itself that a meter does not come any more', async () => {
    const flow = await start({ output: 'homeassistant', rules: [{ obis: '1.7.0' }] });
    for (let i = 0; i < 3; i++) {
      flow.send('n1', { payload: telegram(1) });
      await new Promise(resolve => setTimeout(resolve, 700));
    }
    const until = Date.now() + 9_000;
    for (;;) {
      const { topic, payload, retain } = (await flow.message('out0', until - Date.now())) as Record<string, unknown>;
      if (topic === 'dlms/1tst0042/availability' && payload === 'offline') return assert.equal(retain, true);
    }
  });

  it('answers who asks for the page of Prometheus, by http or by a word, and nobody else', async () => {
    const flow = await start({ output: 'prometheus', rules: [{ obis: '1.7.0' }] });
    flow.send('n1', { payload: telegram(1) });
    flow.send('n1', { payload: {}, req: { url: '/metrics' }, res: { kept: true } } as never);
    const page = await flow.message('out0');
    assert.match(String(page.payload), /^meter_active_power_import_W\{meter="1TST0042",obis="1-0:1.7.0\*255"\} 1500$/m);
    assert.deepEqual(page['headers'], { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    assert.deepEqual(page['res'], { kept: true });
    flow.send('n1', { payload: 'metrics' });
    assert.equal((await flow.message('out0')).payload, page.payload);
    flow.send('n1', { payload: {} });
    assert.equal((await flow.error()).error.code, 'BAD_SETTING');
  });

  it('keeps its state across a restart in a file, when asked to, and takes the file away with the node', async () => {
    for (const persist of ['file', '']) {
      const one = node({ counters: true, persist, rules: [{ obis: '1.8.0' }] });
      const flow = await start({ counters: true, persist, rules: [{ obis: '1.8.0' }] });
      flow.send('n1', { payload: telegram(100) });
      await flow.message('out0');
      await stopFlow();
      const again = await startFlow([filter], [one]);
      again.send('n1', { payload: telegram(50) });
      if (persist === '') assert.equal((await again.message('out0')).payload, 50);
      else assert.equal(((await again.message('held')).payload as Record<string, unknown>)['reason'], 'fell');
      const file = join(userDirectory(), 'dlms', 'filter-n1.json');
      assert.equal(existsSync(file), persist === 'file');
      await again.deploy([node({ id: 'n2' })], 'full');
      assert.ok(!existsSync(file));
      await stopFlow();
    }
  });

  it('splits a month of profile rows in good time', async () => {
    const columns = ['1.8.0', '2.8.0', '3.8.0', '4.8.0'].map(c => ({
      key: `1-0:${c}*255`,
      obis: `1-0:${c}*255`,
      unit: 'Wh',
      name: c,
    }));
    const rows = Array.from({ length: 2976 }, (_, i) => ({
      time: new Date(Date.UTC(2026, 9, 1) + i * 900_000).toISOString(),
      ...Object.fromEntries(columns.map((c, k) => [c.key, i * 10 + k])),
    }));
    const flow = await start({ rules: [{ obis: '*.8.0', unit: 'kWh' }] });
    const started = process.cpuUsage();
    flow.send('n1', { payload: { meter: { id: 'M' }, profile: {}, columns, rows } });
    let last = await flow.message('out0', 15_000);
    for (let i = 1; i < 2976 * 4; i++) last = await flow.message('out0', 15_000);
    assert.equal(last.payload, 29.753);
    assert.ok(process.cpuUsage(started).user < 15_000_000 /* µs */);
  }).timeout(40_000);

  it('lists what came lately, in the language of the editor', async () => {
    const flow = await start({ rules: [{ obis: '1.7.0' }] });
    flow.send('n1', { payload: telegram(7) });
    await flow.message('out0');
    const { body } = await adminRequest().get('/dlms-obis-filter/n1/recent?lang=de').expect(200);
    const list = body as Record<string, unknown>[];
    assert.deepEqual(
      list.map(r => [r['obis'], r['value'], r['unit']]),
      [
        ['1-0:1.8.0*255', 7, 'Wh'],
        ['1-0:1.7.0*255', 1500, 'W'],
      ],
    );
    assert.match(String(list[0]?.['name']), /Wirkenergie/);
    await adminRequest().get('/dlms-obis-filter/nobody/recent').expect(404);
    for (const odd of ['lang=de&lang=fr', 'lang[a]=b']) {
      await adminRequest().get(`/dlms-obis-filter/n1/recent?${odd}`).expect(200);
    }
  });
});
