// Lists without scaler: which power of ten they are read by, at every load. The truth is a simulated house; what a list may say
// of it is the right value, or the raw number with scaleSource none, and of one list always the same.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, i8, nullData, octets, structure, u16, u32, u8, visible, type Data } from '../../../src/core/cosem/data';
import type { MeterFamily } from '../../../src/core/meters/family';
import type { PushOptions } from '../../../src/core/push';
import { ConfirmedConventions } from '../../../src/core/push/confirmed';
import { readBody } from '../../../src/core/push/body';
import { Conventions, importConventions } from '../../../src/core/push/conventions';
import { PushDecoder } from '../../../src/core/push/decoder';
import { Obis } from '../../../src/core/obis/obis';
import { notificationOf } from '../../../src/sim/push-source';
import { PROJECT } from '../../node-red-process';
import { codesOf, feed, problemsOf, telegramsOf, type TelegramEvent } from './feeding';

/** Of a moment; export is negative. A phase that is missing has no voltage. */
interface Moment {
  readonly watts: readonly number[];
  readonly volts: readonly number[];
  /** Of this moment, or of the one before. */
  readonly amperes: readonly number[];
}
interface ListOf {
  readonly power: Partial<Record<'voltage' | 'current', number>> & {
    readonly voltage: number;
    readonly current: number;
  };
  readonly body: (moment: Moment) => Data;
  /** Is the power of ten of the currents known by facts? */
  readonly certain: boolean;
  readonly options?: PushOptions;
}

const name = (code: string): Data => octets([...Obis.parse(code).bytes]);
const scaled = (value: number, power: number): number => Math.round(value / 10 ** power);
type Values = readonly (readonly [code: string, data: Data])[];

/** Rows in the order of most lists; of one phase where the moment has one. */
function values(a: string, { watts, volts, amperes }: Moment, voltage: number, current: number, number = u32): Values {
  const net = watts.reduce((sum, each) => sum + each, 0);
  const phases = watts.map((_, i) => 20 * (i + 1));
  return [
    [`${a}:1.7.0`, number(Math.max(0, Math.round(net)))],
    [`${a}:2.7.0`, number(Math.max(0, Math.round(-net)))],
    ...phases.map((c, i) => [`${a}:${c + 11}.7.0`, number(scaled(amperes[i] as number, current))] as const),
    ...phases.map((c, i) => [`${a}:${c + 12}.7.0`, u16(scaled(volts[i] as number, voltage))] as const),
    [`${a}:1.8.0`, number(1_234_567)],
  ];
}

const pairs = (rows: Values): Data[] => rows.flatMap(([code, data]) => [name(code), data]);

function kamstrup(voltage: number, current: number, type: Data | null, certain = true): ListOf {
  const named = type === null ? [] : [name('1-1:96.1.1'), type];
  return {
    power: { voltage, current },
    certain,
    body: moment =>
      structure(
        visible('Kamstrup_V0001'),
        name('1-1:0.0.5'),
        visible('5706567200000042'),
        ...named,
        ...pairs(values('1-1', moment, voltage, current)),
        nullData,
        nullData,
      ),
  };
}

/** `device`: its logical device name; null where it has none. */
function pushList(
  channel: number,
  voltage: number,
  current: number,
  certain: boolean,
  withVolts = true,
  device: string | null = 'LGZ1030600000018',
): ListOf {
  const row = (code: string, classId = 3, attribute = 2): Data =>
    structure(u16(classId), name(code), i8(attribute), u16(0));
  return {
    power: { voltage, current },
    certain,
    body: moment => {
      const all = values('1-0', moment, voltage, current).filter(([code]) => withVolts || !/:[357]2\.7/.test(code));
      const setup = `0-${channel}:25.9.0`;
      const named = device === null ? [] : [visible(device)];
      return structure(
        array(row(setup, 40), ...named.map(() => row('0-0:42.0.0', 1)), ...all.map(([code]) => row(code))),
        ...named,
        ...all.map(([, data]) => data),
      );
    },
  };
}

const kaifa: ListOf = {
  power: { voltage: -1, current: -3 },
  certain: true,
  body: moment => structure(name('1-0:0.2.129'), visible('KFM_001'), ...pairs(values('1-0', moment, -1, -3))),
};

const AM550 = 'ISK1030775213859';
const LISTS: Readonly<Record<string, ListOf>> = {
  kamstrup: kamstrup(0, -2, visible('6841131BN243101040')),
  'kamstrup, one phase type, in octets': kamstrup(0, -2, octets([...Buffer.from('6861111BN242101040')])),
  'kamstrup-ct': kamstrup(0, -3, visible('6851121N242101040')),
  'kamstrup-ct, type as number': kamstrup(0, -3, u32(6_851_121)),
  'kamstrup-ct, hundredths of a volt': kamstrup(-2, -3, visible('6851121N242101040')),
  'kamstrup-v2': kamstrup(-2, -2, visible('6841138BN243101010')),
  'kamstrup without type': kamstrup(0, -2, null, false),
  'kamstrup-ct without type': kamstrup(0, -3, null, false),
  kaifa,
  e450: pushList(8, 0, -2, false),
  e570: pushList(8, 0, 0, false),
  'e450 without voltages': pushList(9, 0, -2, false, false),
  e360: pushList(8, -1, -2, true),
  am550: pushList(6, -1, -2, true, true, AM550),
  'am550 without voltages': pushList(6, -1, -2, true, false, AM550),
  'am550, another push setup': pushList(3, -1, -2, true, true, AM550),
  'e360, another push setup': pushList(7, -1, -2, true),
};

const LOADS = [0, 3, 20, 90, 150, 199, 260, 460, 1000, 2300, 5000, 11_000, 22_000];
/** How a load is spread over the phases. */
const SPREADS: Readonly<Record<string, (load: number) => Moment>> = {
  'one phase': load => momentOf([load], [231]),
  balanced: load => momentOf([load / 3, load / 3, load / 3], [229, 231, 232]),
  unbalanced: load => momentOf([load * 0.9, load * 0.08, load * 0.02], [226, 233, 235]),
  'a phase is missing': load => momentOf([load * 0.6, load * 0.4, 0], [229, 231, 0]),
  export: load => momentOf([-load / 3, -load / 3, -load / 3], [241, 240, 243]),
  'phases that cancel': load => momentOf([load, -load * 0.95, load * 0.01], [229, 239, 231]),
  'much reactive': load => momentOf([load / 3, load / 3, load / 3], [229, 231, 232], 0.3),
  'currents of the moment before': load => ({
    ...momentOf([load, 40, 40], [228, 231, 232]),
    amperes: [0.3, 0.25, 0.2],
  }),
};

function momentOf(watts: readonly number[], volts: readonly number[], factor = 0.95): Moment {
  const amperes = watts.map((each, i) => (volts[i] === 0 ? 0 : Math.abs(each) / ((volts[i] as number) * factor)));
  return { watts, volts, amperes };
}

/** Never a wrong value; gives the power of ten of the currents and who said so. */
function check({ telegram, origin }: TelegramEvent, list: ListOf, moment: Moment, what: string): string {
  const found = new Set<string>();
  for (const { obis, value, raw, scaler, scaleSource, unit } of telegram.readings) {
    const [, c, d] = /^1-\d:(\d+)\.(\d+)\.0/.exec(obis ?? '') ?? [];
    if (c === undefined || (d !== '7' && d !== '8')) continue;
    const phase = Math.floor(Number(c) / 20) - 1;
    const kind = Number(c) % 20;
    if (d === '8') assert.equal(scaleSource, 'layout', `energy, ${what}`);
    else if (kind === 11) {
      found.add(`${scaleSource} ${scaler}`);
      assert.equal(unit, 'A');
      if (scaleSource === 'none') assert.equal(value, raw);
      else {
        assert.equal(scaler, list.power.current, `power of ten of ${obis}, ${what}`);
        const truth = moment.amperes[phase] as number;
        assert.ok(Math.abs(Number(value) - truth) <= 10 ** list.power.current, `${obis} ${value} of ${truth}, ${what}`);
      }
    } else if (kind === 12 && moment.volts[phase] !== 0) assert.equal(value, moment.volts[phase], `${obis}, ${what}`);
    else if (kind === 1 || kind === 2) assert.equal(scaleSource, 'layout', `power, ${what}`);
  }
  assert.equal(found.size, 1, what);
  const open = [...found].some(each => each.startsWith('none'));
  assert.equal(origin.conventions !== undefined, open, `names of the open conventions, ${what}`);
  return [...found].join();
}

describe('conventions of scales', () => {
  for (const [what, list] of Object.entries(LISTS)) {
    it(`${what}: one power of ten at every load`, () => {
      const found = new Set<string>();
      for (const [spread, momentAt] of Object.entries(SPREADS)) {
        for (const load of LOADS) {
          const moment = momentAt(load);
          const events = feed({}, [notificationOf(list.body(moment))]);
          assert.deepEqual(codesOf(events), []);
          found.add(check(telegramsOf(events)[0] as TelegramEvent, list, moment, `${spread}, ${load} W`));
        }
      }
      assert.deepEqual([...found], [list.certain ? `layout ${list.power.current}` : 'none 0']);
    });

    it(`${what}: never a wrong one over a long time of one meter, and it changes at most once`, () => {
      for (let seed = 1; seed <= 6; seed++) {
        const random = randomOf(seed);
        const decoder = new PushDecoder();
        const found: string[] = [];
        let before: Moment | null = null;
        for (let i = 0; i < 150; i++) {
          const moment = randomMoment(random, before, i);
          const events = [...decoder.receive(notificationOf(list.body(moment))).events];
          assert.deepEqual(codesOf(events), [], `seed ${seed}, telegram ${i}`);
          const now = check(telegramsOf(events)[0] as TelegramEvent, list, moment, `seed ${seed}, telegram ${i}`);
          if (found.at(-1) !== now) found.push(now);
          before = moment;
        }
        assert.ok(found.length === 1 || (found.length === 2 && found[0] === 'none 0'), found.join());
      }
    });
  }
});

describe('a convention that facts leave open', () => {
  const loads = [900, 1500, 2300];
  const e450 = LISTS['e450'] as ListOf;
  const telegrams = (list: ListOf, watts: readonly number[]): Uint8Array[] =>
    watts.map(load => notificationOf(list.body(momentOf([load / 2, load / 4, load / 4], [230, 231, 232]))));
  const said = (events: ReturnType<typeof feed>): unknown[] =>
    telegramsOf(events).map(({ origin }) => [origin.layout, origin.conventionBy, origin.conventions]);
  const OPEN = ['push-object-list', undefined, ['e450', 'e570']];

  it('is confirmed by three telegrams in a row, and stays', () => {
    const events = feed({}, telegrams(e450, [...loads, 10, 0]));
    const E450 = ['e450', 'confirmed', undefined];
    assert.deepEqual(said(events), [OPEN, OPEN, E450, E450, E450]);
    const e570 = feed({}, telegrams(LISTS['e570'] as ListOf, [9000, 15_000, 21_000, 100]));
    assert.deepEqual(said(e570).at(-1), ['e570', 'confirmed', undefined]);
    const direct = feed({}, telegrams(LISTS['kamstrup without type'] as ListOf, loads));
    assert.deepEqual(said(direct), [
      ['kamstrup', undefined, ['kamstrup', 'kamstrup-ct']],
      ['kamstrup', undefined, ['kamstrup', 'kamstrup-ct']],
      ['kamstrup', 'confirmed', undefined],
    ]);
  });

  it('is not by telegrams that come again, or by two between others', () => {
    const again = telegrams(e450, [900, 900, 900, 900]);
    assert.deepEqual(said(feed({}, again)), [OPEN, OPEN, OPEN, OPEN]);
    const between = telegrams(e450, [900, 1500, 20, 900, 1500, 20]);
    assert.deepEqual(said(feed({}, between)), Array(6).fill(OPEN));
  });

  it('is known over a restart, for this meter only', () => {
    const kept = new Map<string, number>();
    const memory = { last: (id: string) => kept.get(id), remember: (id: string, n: number) => void kept.set(id, n) };
    feed({ confirmed: new ConfirmedConventions(memory) }, telegrams(e450, loads));
    const later = feed({ confirmed: new ConfirmedConventions(memory) }, telegrams(e450, [5]));
    assert.deepEqual(said(later), [['e450', 'confirmed', undefined]]);
    assert.deepEqual([...kept.keys()], ['LGZ1030600000018 e450']);
    // Who does not prove what is required teaches nothing.
    kept.clear();
    const refused = feed({ confirmed: new ConfirmedConventions(memory), require: 'encrypted' }, telegrams(e450, loads));
    assert.deepEqual(codesOf(refused), Array(3).fill('NOT_ENCRYPTED'));
    assert.equal(kept.size, 0);
  });

  it('is told once where more meters come than are remembered', () => {
    const confirmed = new ConfirmedConventions(null, 1);
    const other = kamstrup(0, -2, null);
    const [mine, theirs] = [telegrams(e450, [900]), telegrams(other, [900])];
    const events = feed({ confirmed }, [...mine, ...theirs, ...mine, ...theirs]);
    assert.deepEqual(codesOf(events), ['LIMIT_EXCEEDED']);
  });

  it('holds where it is chosen, and whatever the voltages say', () => {
    const [event] = telegramsOf(feed({ convention: 'e570' }, telegrams(e450, [900])));
    assert.equal(event?.origin.layout, 'e570');
    assert.equal(event.origin.conventionBy, 'setting');
    assert.equal(event.telegram.readings.find(r => r.obis === '1-0:31.7.0*255')?.scaler, 0);
    assert.throws(() => new PushDecoder({ convention: 'e999' }), { code: 'BAD_SETTING' });
  });

  it('turns to none where three telegrams in a row contradict, which is told once', () => {
    // Thousandths under a type that has hundredths.
    const wrong = kamstrup(0, -3, visible('6841131BN243101040'));
    const right = kamstrup(0, -2, visible('6841131BN243101040'));
    const events = feed({}, telegrams(wrong, [1, 2, 3]));
    assert.deepEqual(codesOf(events), []);
    const doubted = feed({}, telegrams(kamstrup(0, -1, visible('6841131BN243101040')), [3000, 4000, 5000, 6000]));
    const [problem] = problemsOf(doubted);
    assert.equal(problem?.error.code, 'SCALE_DOUBTED');
    assert.equal(problem.lasting, true);
    assert.match(problem.error.message, /5706567200000042.*kamstrup/);
    assert.equal(problemsOf(doubted).length, 1);
    assert.deepEqual(
      telegramsOf(doubted).map(({ telegram, origin }) => [
        telegram.readings.find(r => r.obis === '1-1:31.7.0*255')?.scaleSource,
        telegram.readings.find(r => r.obis === '1-1:1.8.0*255')?.scaleSource,
        origin.conventionBy,
      ]),
      [
        ['layout', 'layout', 'facts'],
        ['layout', 'layout', 'facts'],
        ['none', 'layout', undefined],
        ['none', 'layout', undefined],
      ],
    );
    assert.deepEqual(codesOf(feed({}, telegrams(right, [3000, 4000, 5000, 6000]))), []);
  });

  it('is known where another list of this meter told it', () => {
    const decoder = new PushDecoder();
    const last = (list: ListOf): TelegramEvent['origin'] | undefined =>
      telegramsOf([...decoder.receive(telegrams(list, [900])[0] as Uint8Array).events])[0]?.origin;
    const withoutVolts = pushList(8, -1, -2, true, false);
    assert.deepEqual(last(withoutVolts)?.conventions, ['e450', 'e570', 'e360']);
    assert.equal(last(LISTS['e360'] as ListOf)?.layout, 'e360');
    assert.equal(last(withoutVolts)?.layout, 'e360');
  });
});

describe('a push setup that several makers number alike', () => {
  const moment = momentOf([900, 400, 300], [230, 231, 232]);
  const scalesOf = (list: ListOf): unknown[] => {
    const [event] = telegramsOf(feed({}, [notificationOf(list.body(moment))]));
    const sources = event?.telegram.readings.flatMap(({ obis, scaleSource }) =>
      /:(31|1)\.7\.0/.test(obis ?? '') ? [scaleSource] : [],
    );
    return [event?.origin.layout, ...(sources ?? [])];
  };

  it('says nothing of the list of another maker', () => {
    for (const device of ['SEC1000000000018', 'SAG1030700000018', 'HXEabcdefghijklm']) {
      for (const channel of [0, 4, 6, 8, 25]) {
        for (const volts of [true, false]) {
          const list = pushList(channel, -1, -1, false, volts, device);
          assert.deepEqual(scalesOf(list), ['push-object-list', 'none', 'none'], `${device}, ${channel}, ${volts}`);
        }
      }
    }
    // The E450 does not send what the AM550 sends, nor the other way round.
    assert.deepEqual(scalesOf(pushList(6, 0, -2, false)), ['push-object-list', 'none', 'none']);
    assert.deepEqual(scalesOf(pushList(8, 0, -2, false, true, AM550)), ['push-object-list', 'none', 'none']);
  });

  it('nor of one whose number or system title names another maker', () => {
    const row = (code: string, classId = 3): Data => structure(u16(classId), name(code), i8(2), u16(0));
    const numbered = (code: string, number: string): ListOf => ({
      ...(LISTS['am550'] as ListOf),
      body: () =>
        structure(
          array(row('0-6:25.9.0', 40), row(code, 1), row('1-0:1.7.0'), row('1-0:31.7.0')),
          visible(number),
          u32(900),
          u16(4),
        ),
    });
    const none = ['push-object-list', 'none', 'none'];
    for (const number of ['SAG1030700000018', '1EMH0012345678']) {
      assert.deepEqual(scalesOf(numbered('0-0:96.1.0', number)), none);
    }
    const own = ['am550', 'layout', 'layout'];
    for (const number of ['1ISK0012345678', '30000018', 'ZMF110']) {
      assert.deepEqual(scalesOf(numbered('0-0:96.1.0', number)), own, number);
    }
    // The number of a water meter behind it is none of its own.
    assert.deepEqual(scalesOf(numbered('0-1:96.1.0', 'KAM1030700000018')), own);
    const conventions = new Conventions([], 'auto');
    const body = readBody(numbered('0-0:96.1.0', '30000018').body(moment), [], false, false);
    const byTitle = (title: string): string[] =>
      conventions.choose(body, Buffer.from(title).toString('hex')).candidates.map(each => each.name);
    assert.deepEqual(byTitle('SAG\u00011234'), []);
    assert.deepEqual(byTitle('ISK\u00011234'), ['am550']);
    assert.deepEqual(byTitle('\u00011234567'), ['am550']);
  });

  it('is known by tenths of a volt only where the maker is named', () => {
    assert.deepEqual(scalesOf(pushList(3, -1, -2, true, true, AM550)), ['iskraemeco-tenths', 'layout', 'layout']);
    assert.deepEqual(scalesOf(pushList(5, -1, -2, true)), ['landis-gyr-tenths', 'layout', 'layout']);
    for (const list of [
      pushList(3, -1, -2, false, true, null),
      pushList(3, 0, -2, false, true, AM550),
      pushList(3, -1, -2, false, false, AM550),
    ]) {
      assert.deepEqual(scalesOf(list), ['push-object-list', 'none', 'none']);
    }
  });
});

describe('a family that is not there', () => {
  const file = {
    $schema: './schema.json',
    family: 'Invented',
    makers: ['XYZ'],
    identify: { listVersions: ['XYZ_'] },
    presets: [
      { id: 'xy-invented', label: 'Invented', evidence: 'invented for a test', connection: { interface: 'push' } },
    ],
    layouts: [
      {
        name: 'xyz-5',
        first: 'XYZ',
        evidence: 'invented for a test',
        cells: [
          ['1-0:0.2.129', 'list-version'],
          'meter-id',
          ['0-0:96.3.10', 'state'],
          ['1.7.0', 'W', 1],
          ['32.7.0', 'V', -2],
        ],
      },
    ],
    conventions: [
      {
        name: 'xyz',
        when: { listVersion: 'XYZ_', types: ['11'] },
        scales: { power: 1, current: -1 },
        evidence: 'invented for a test',
      },
      {
        name: 'xyz-ct',
        when: { listVersion: 'XYZ_', types: ['12'] },
        scales: { power: 1, current: 1 },
        evidence: 'invented for a test',
      },
    ],
  };
  const list = (type: string): Data =>
    structure(
      visible('XYZ_V01'),
      name('0-0:96.1.1'),
      visible(type),
      name('1-0:1.7.0'),
      u32(50),
      name('1-0:31.7.0'),
      u16(70),
    );

  it('takes one file, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'meters-'));
    try {
      writeFileSync(join(folder, 'invented.json'), JSON.stringify(file));
      const script = (await import(join(PROJECT, 'scripts', 'meters.mjs'))) as MetersScript;
      const read = script.readFamilies(folder);
      const families = script.coreTable(read);
      assert.equal(script.presetsOf(read)[0]?.id, 'xy-invented');
      const current = (type: string): unknown => {
        const [event] = telegramsOf(feed({ families }, [notificationOf(list(type))]));
        const reading = event?.telegram.readings.at(-1);
        return [reading?.value, reading?.scaleSource, event?.origin.layout];
      };
      assert.deepEqual(current('1100'), [7, 'layout', 'xyz']);
      assert.deepEqual(current('1200'), [700, 'layout', 'xyz-ct']);
      assert.deepEqual(current('9900'), [70, 'none', 'xyz']);
      for (const state of [u8(1), { type: 'boolean', value: true } as Data, { type: 'enum', value: 1 } as Data]) {
        const body = structure(visible('XYZ1'), visible('4711'), state, u16(9), u32(23_100));
        const [event] = telegramsOf(feed({ families }, [notificationOf(body)]));
        assert.equal(event?.origin.layout, 'xyz-5');
        assert.deepEqual(
          event.telegram.readings.slice(-2).map(r => r.value),
          [90, 231],
        );
        assert.equal(event.telegram.meter.id, '4711');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is told where it is wrong', () => {
    const [row] = file.conventions;
    for (const [wrong, message] of [
      [{ ...row, name: '' }, /conventions\[0\]\.name/],
      [{ ...row, when: {} }, /conventions\[0\]\.when/],
      [{ ...row, when: { load: 5 } }, /load/],
      [{ ...row, when: { setupChannel: 6 } }, /setupChannel/],
      [{ ...row, scales: { current: 0.5 } }, /scales\.current/],
      [{ ...row, scales: { frequency: 1 } }, /frequency/],
    ] as const) {
      assert.throws(() => importConventions([wrong]), { code: 'BAD_SETTING', message });
    }
    assert.throws(() => importConventions('{'), { code: 'BAD_SETTING' });
    assert.deepEqual(importConventions(JSON.stringify([row])), [row]);
    assert.deepEqual(importConventions(''), []);
  });
});

interface MetersScript {
  readFamilies(folder: string): unknown[];
  coreTable(families: unknown[]): MeterFamily[];
  presetsOf(families: unknown[]): { readonly id: string }[];
}

function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) >>> 0;
    return state / 2 ** 32;
  };
}

/** A house with steps, pauses, export, and now and then currents that are those of the moment before. */
function randomMoment(random: () => number, before: Moment | null, i: number): Moment {
  const phases = before?.watts.length ?? (random() < 0.3 ? 1 : 3);
  const watts = Array.from({ length: phases }, (_, phase) => {
    const kind = random();
    const last = before?.watts[phase] ?? 100;
    if (kind < 0.4) return Math.round(last * (0.9 + 0.2 * random()));
    if (kind < 0.6) return Math.round(30 + 200 * random());
    if (kind < 0.85) return Math.round(3500 * random());
    return -Math.round(4000 * random());
  });
  const moment = momentOf(
    watts,
    watts.map(() => 225 + Math.round(15 * random())),
    0.8 + 0.2 * random(),
  );
  return before !== null && (i % 4 === 0 || random() < 0.3) ? { ...moment, amperes: before.amperes } : moment;
}
