import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import connection from '../../src/nodes/connection/dlms-connection';
import setObject from '../../src/nodes/set-object/dlms-set-object';
import type { MeterOptions } from '../../src/sim/meter';
import { startFlow, stopFlow, type Flow, type FlowNode } from './flow';
import { closeMeters, connectionTo, serveMeter } from './meters';

const PASSWORD = '12345678';
const order = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-set-object',
  name: 'writer',
  connection: 'c1',
  command: 'write',
  objects: [{ obis: '0-0:96.13.0*255', classId: '', index: '', value: '' }],
  readBack: true,
  dryRun: false,
  wires: [['out'], ['audit']],
  ...more,
});

/** Each command with what it needs to be an order. */
const EACH_COMMAND = [
  ['write', {}, { payload: 'x' }],
  ['invoke', { objects: [{ obis: '0-0:96.3.10*255', value: '{ "type": "integer", "value": 0 }' }] }, {}],
  ['set-clock', {}, {}],
  ['disconnect', {}, {}],
  ['reconnect', {}, {}],
  ['arm', {}, {}],
  ['script', { object: '0-0:10.0.106*255', script: '1' }, {}],
  ['calendar', {}, { payload: { calendar_name_passive: 'X' } }],
  ['display-list', {}, { objects: [{ obis: '1-0:2.8.0*255' }] }],
] as const;
const LATE = { now: () => Date.now() - 60_000 };
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

interface Told {
  readonly outcome: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly [name: string]: unknown;
}

async function start(
  node: FlowNode,
  line: Record<string, unknown> = {},
  meter: Partial<MeterOptions> = {},
): Promise<Flow> {
  const { port } = await serveMeter({ serialNumber: '50021374', ...meter });
  const low = { clientAddress: '17', authentication: 'low', allowWriting: true, ...line };
  return startFlow([connection, setObject], [{ ...connectionTo(port), ...low }, node], { c1: { password: PASSWORD } });
}

describe('dlms-set-object', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  it('writes msg.payload, and leaves an audit of who did what to which meter', async () => {
    const flow = await start(order());
    flow.send('n1', { payload: 'hello', topic: 'mine' });
    const done = await flow.message('out');
    const audit = (await flow.message('audit')).payload as Told;
    assert.equal(done.topic, 'mine');
    const [first] = done.payload as Told[];
    assert.deepEqual([first?.outcome, first?.before, first?.after], ['written', '', 'hello']);
    assert.equal((done['dlms'] as { source: string }).source, 'set');
    assert.deepEqual(audit['by'], { node: 'n1', name: 'writer', flow: (audit['by'] as { flow?: unknown }).flow });
    assert.equal((audit['meter'] as { id: string }).id, 'MFW0000050021374');
    assert.match(String(audit['connection']), /^127\.0\.0\.1:/);
    assert.equal(audit['wanted'], 'hello');
    assert.doesNotMatch(JSON.stringify([done, audit]), new RegExp(PASSWORD));
  });

  it('does not write unless the form of the connection allows it, and no message changes that', async () => {
    const flow = await start(order(), { allowWriting: false });
    flow.send('n1', { payload: 'hello' });
    assert.equal((await flow.error()).error.code, 'WRITE_NOT_ALLOWED');
    flow.send('n1', { payload: 'hello', meter: { allowWriting: true } } as never);
    const refused = await flow.error();
    assert.equal(refused.error.code, 'BAD_SETTING');
    assert.match(refused.error.message, /allowWriting/);
    await flow.silence('audit', 100);
  });

  it('writes only what the connection lists', async () => {
    const flow = await start(order(), { writable: '0-0:1.0.0*255/2' });
    flow.send('n1', { payload: 'hello' });
    const { error } = await flow.error();
    assert.equal(error.code, 'WRITE_NOT_ALLOWED');
    assert.match(error.message, /not among/);
  });

  it('shows by a dry run what it would write, without permission to do it', async () => {
    const flow = await start(order({ dryRun: true }), { allowWriting: false });
    flow.send('n1', { payload: 'hello' });
    const [first] = (await flow.message('out')).payload as Told[];
    assert.deepEqual([first?.outcome, first?.['hex'], first?.before], ['dry-run', '090568656c6c6f', '']);
  });

  for (const [deviation, line] of [
    ['standard', {}],
    ['standard', { timezone: '' }],
    ['inverted', { clockPolicy: 'inverted' }],
    ['inverted', { clockPolicy: 'inverted', timezone: '' }],
    ['unspecified', {}],
  ] as const) {
    const where = 'timezone' in line ? 'without a zone' : 'with a zone';
    it(`sets a clock that is off, and tells the drift before and after: deviation ${deviation}, ${where}`, async () => {
      const behind = { now: () => Date.now() - 3_600_000, deviation };
      const flow = await start(order({ command: 'set-clock', onlyBeyond: '5' }), line, behind);
      flow.send('n1', { payload: 'go' });
      const [told] = (await flow.message('out')).payload as Told[];
      assert.equal(told?.outcome, 'written');
      assert.ok(Math.abs(Number(told['driftBefore']) + 3600) < 5, String(told['driftBefore']));
      assert.ok(Math.abs(Number(told['driftAfter'])) < 5, String(told['driftAfter']));
      for (const time of [told.before, told['wanted'], told.after]) assert.match(String(time), /[+]0[12]:00$/);
    });
  }

  it('leaves a clock alone that is right enough', async () => {
    const flow = await start(order({ command: 'set-clock', onlyBeyond: '5' }));
    flow.send('n1', { payload: 'go' });
    assert.equal(((await flow.message('out')).payload as Told).outcome, 'not-needed');
    await flow.silence('audit', 50);
  });

  it('works the relay, and tells its state before and after', async () => {
    const flow = await start(order({ command: 'disconnect' }));
    flow.send('n1', { payload: 'go' });
    const [told] = (await flow.message('out')).payload as Told[];
    assert.deepEqual([told?.outcome, told?.before, told?.after], ['done', [true, 1], [false, 0]]);
  });

  it('says that a relay that reconnects by itself was not made ready', async () => {
    const flow = await start(order({ command: 'arm' }));
    flow.send('n1', { payload: 'go' });
    assert.equal((await flow.error()).error.code, 'WRITE_DIFFERS');
    assert.equal(((await flow.message('audit')).payload as Told).outcome, 'differs');
  });

  it('runs a script by its number', async () => {
    const flow = await start(order({ command: 'script', object: '0-0:10.0.106*255', script: '' }));
    flow.send('n1', { payload: 1 });
    const [told] = (await flow.message('out')).payload as Told[];
    assert.equal(told?.outcome, 'done');
    assert.equal(told['name'], 'execute');
  });

  it('writes the passive calendar and puts it into force, each part with its account', async () => {
    const flow = await start(order({ command: 'calendar' }));
    const passive = {
      calendar_name_passive: 'HOLIDAY',
      week_profile_table_passive: [
        {
          week_profile_name: '0x01',
          ...Object.fromEntries(DAYS.map(day => [day, 1])),
        },
        { week_profile_name: '0x02', ...Object.fromEntries(DAYS.map(day => [day, 2])) },
      ],
    };
    flow.send('n1', { payload: passive });
    const told = (await flow.message('out')).payload as Told[];
    assert.deepEqual(
      told.map(({ outcome, name }) => [name, outcome]),
      [
        ['calendar_name_passive', 'written'],
        ['week_profile_table_passive', 'written'],
        ['activate_passive_calendar', 'done'],
      ],
    );
    const { before, after } = told[2] as { before: unknown[]; after: unknown[] };
    assert.deepEqual([before[0], before[4], after[0]], ['SUMMER', 'HOLIDAY', 'HOLIDAY']);
    assert.equal((after[2] as unknown[]).length, 2);
  });

  it('puts the calendar that the meter has into force where the message brings none', async () => {
    const flow = await start(order({ command: 'calendar' }));
    flow.send('n1', { payload: 1 });
    const told = (await flow.message('out')).payload as Told[];
    assert.deepEqual([told.length, told[0]?.outcome, (told[0]?.after as unknown[])[0]], [1, 'done', 'WINTER']);
  });

  it('shows by a dry run what a calendar would be, and changes nothing', async () => {
    const flow = await start(order({ command: 'calendar', dryRun: true }), { allowWriting: false });
    flow.send('n1', { payload: { calendar_name_passive: 'X' } });
    const told = (await flow.message('out')).payload as Told[];
    assert.deepEqual(
      told.map(({ outcome, wanted, hex }) => [outcome, wanted, hex]),
      [
        ['dry-run', 'X', '090158'],
        ['dry-run', 0, '0f00'],
      ],
    );
  });

  it('changes what the display shows to the rows, in their order', async () => {
    const flow = await start(order({ command: 'display-list' }));
    const objects = [{ obis: '1-0:2.8.0*255' }, { obis: '0-0:1.0.0*255' }, { obis: '1-0:1.6.0*255', attribute: 5 }];
    flow.send('n1', { objects } as never);
    const [told] = (await flow.message('out')).payload as Told[];
    assert.deepEqual([told?.outcome, told?.['name']], ['written', 'capture_objects']);
    const list = told?.after as { class_id: number; logical_name: string; attribute_index: number }[];
    assert.deepEqual(
      list.map(o => [o.class_id, o.logical_name, o.attribute_index]),
      [
        [3, '1-0:2.8.0*255', 2],
        [8, '0-0:1.0.0*255', 2],
        [4, '1-0:1.6.0*255', 5],
      ],
    );
  });

  it('takes many rows from a message, and ends at the first that the meter refuses', async () => {
    const flow = await start(order());
    const objects = [
      { obis: '0-0:17.0.0*255', classId: 71, attribute: 4, value: 9000 },
      { obis: '0-0:17.0.0*255', classId: 71, attribute: 4, value: { type: 'unsigned', value: 1 } },
      { obis: '0-0:96.13.0*255', value: 'x' },
    ];
    flow.send('n1', { payload: 'go', objects } as never);
    assert.equal((await flow.error()).error.code, 'ACCESS_RESULT');
    const told: string[] = [];
    for (let i = 0; i < 3; i++) told.push(((await flow.message('audit')).payload as Told).outcome);
    assert.deepEqual(told, ['written', 'refused', 'not-sent']);
  });

  it('lets no secret leave with the message, whatever became of it', async () => {
    const flow = await start(order());
    const objects = [
      { obis: '0-0:40.0.0*255', classId: 15, index: 7, value: { type: 'octet-string', value: 'SECRET-1' } },
    ];
    flow.send('n1', { payload: 'SECRET-1', objects } as never);
    const all = [await flow.error(), await flow.message('audit')];
    assert.doesNotMatch(JSON.stringify(all), /SECRET-1|5345435245542d31/i);
    flow.send('n1', { objects: [{ obis: '0-0:96.13.0*255', value: 'hello' }] } as never);
    assert.ok(Array.isArray((await flow.message('out'))['objects']), 'what is none stays');
  });

  for (const [command, more, message] of EACH_COMMAND) {
    it(`${command} is refused where the connection does not allow it, and told by a dry run, with nothing written`, async () => {
      const flow = await start(order({ command, ...more }), { allowWriting: false }, LATE);
      flow.send('n1', { ...message } as never);
      assert.equal((await flow.error()).error.code, 'WRITE_NOT_ALLOWED');
      flow.send('n1', { ...message, meter: { allowWriting: true } } as never);
      assert.equal((await flow.error()).error.code, 'BAD_SETTING');
      await flow.silence('audit', 50);
      await stopFlow();
      await closeMeters();
      const before: string[] = [];
      const dry = await start(order({ command, ...more, dryRun: true }), { allowWriting: false }, LATE);
      for (let round = 0; round < 2; round++) {
        dry.send('n1', { ...message } as never);
        const told = (await dry.message('out')).payload as Told[];
        assert.ok(
          told.length > 0 && told.every(({ outcome, hex }) => outcome === 'dry-run' && typeof hex === 'string'),
        );
        // What was there the first time is there the second time.
        const now = JSON.stringify(told.map(({ before }) => before));
        if (command !== 'set-clock') before.push(now);
      }
      assert.equal(before[0], before[1]);
    });

    it(`${command} is refused where the connection lists something else, and by the meter's own rights`, async () => {
      const flow = await start(order({ command, ...more }), { writable: '0-0:94.91.18*255/2' }, LATE);
      flow.send('n1', { ...message } as never);
      const { error } = await flow.error();
      assert.equal(error.code, 'WRITE_NOT_ALLOWED');
      assert.match(error.message, /not among/);
      await flow.silence('audit', 50);
      await stopFlow();
      await closeMeters();
      // Who proves nothing may read only.
      const reader = await start(order({ command, ...more }), { clientAddress: '16', authentication: 'none' }, LATE);
      reader.send('n1', { ...message } as never);
      assert.equal((await reader.error()).error.code, 'WRITE_NOT_ALLOWED');
      await reader.silence('audit', 50);
    });
  }

  for (const [name, node, message, words] of [
    ['no value at all', {}, {}, /msg\.payload/],
    [
      'two rows without a value',
      { objects: [{ obis: '1.8.0' }, { obis: '2.8.0' }] },
      { payload: 1 },
      /a value in each row/,
    ],
    ['no code', { objects: [{ obis: 'x', value: '1' }] }, {}, /OBIS/],
    ['a field that nobody knows', {}, { objects: [{ obis: '1.8.0', vaule: 1 }] }, /vaule/],
    ['broken JSON', { objects: [{ obis: '1.8.0', value: '{ "type"' }] }, {}, /JSON/],
    ['a script without number', { command: 'script', object: '0-0:10.0.106*255' }, {}, /script/],
    ['a display with values', { command: 'display-list', objects: [{ obis: '1.8.0', value: '1' }] }, {}, /no values/],
    ['a display of nothing', { command: 'display-list', objects: [] }, {}, /at least one/],
    [
      'a calendar with a field that nobody knows',
      { command: 'calendar' },
      { payload: { calendar_name: 'X' } },
      /calendar_name/,
    ],
    ['a reset of nothing', { command: 'reset' }, {}, /OBIS/],
  ] as const) {
    it(`refuses ${name}, and asks no meter`, async () => {
      const flow = await start(order(node));
      flow.send('n1', message as never);
      const { error } = await flow.error();
      assert.equal(error.code, 'BAD_SETTING');
      assert.match(error.message, words);
    });
  }
});
