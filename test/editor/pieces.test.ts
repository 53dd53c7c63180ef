// What the forms share and can be asked without a page: rules of fields, suggestions, presets, stages, objects, what is shown.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isKnown, isObis, isPattern, isPower, isWhole } from '../../src/editor/check';
import { byMedium, duration, found } from '../../src/editor/objects';
import { lineOf, lookedFor, others, pushValues, sameScalers, type Preset } from '../../src/editor/presets';
import { elapsed, LinesTaken, sentenceOf } from '../../src/editor/stages';
import { isCode, isWrittenOut, ranked, zonesLike } from '../../src/editor/suggestions';
import { showsRow, showsWhen } from '../../src/editor/when';
import { Obis } from '../../src/core/obis/obis';
import { ObisPattern } from '../../src/core/obis/pattern';
import { CONNECTION } from '../../src/nodes/connection/settings';
import { IEC_READOUT } from '../../src/nodes/iec-readout/settings';
import type { BrowserEntry } from '../../src/nodes/connection/object-browser';
import { faultInLayouts, numberOrText, unproven, wrongScaler } from '../../src/nodes/push-decoder/editor-check';
import { outputsOf, wiresOf } from '../../src/nodes/obis-filter/editor-outputs';

describe('what a field may hold', () => {
  it('is an OBIS code exactly where the core reads one', () => {
    const codes = ['1.8.0', '1-0:1.8.0*255', '1.0.1.8.0.255', 'F.F', 'C.1.0', '0:0.0.0', '1-0:1.8.0&01'];
    const others = ['1-0.1.8.0', '999.8.0', '1-0:300.8.0', 'counter', '1-0:1.8.0*256', '1-0:1.8.0,1'];
    for (const text of [...codes, ...others]) {
      assert.equal(isObis(text), codes.includes(text), text);
      assert.equal(isObis(` ${text} `), Obis.tryParse(text) !== null, text);
    }
  });

  it('is a pattern exactly where the filter reads one, and never nothing', () => {
    for (const text of [
      '*',
      '*.7.0',
      '1-0:1.8.*',
      '1.8.1-4',
      '[1,2].8.0',
      'active_energy_*',
      '0100010800ff',
      '1.6.2&01',
    ])
      assert.ok(isPattern(text) && ObisPattern.parse(text), text);
    for (const text of ['', '  ', '300.8.0', '1.8.', '1-0:']) {
      assert.equal(isPattern(text), false, text);
      assert.throws(() => ObisPattern.parse(text), text);
    }
  });

  it('may be empty or name a variable, which is known only when the flow runs', () => {
    for (const check of [isObis, isPower, (value: unknown) => isWhole(value, 1, 7)]) {
      for (const value of ['', ' ', null, undefined]) assert.ok(check(value), String(value));
    }
    assert.ok(isObis('${CODE}') && isPattern('${CODE}') && isWhole('${N}', 1, 7));
    assert.ok(!isKnown('${CODE}') && !isKnown('') && isKnown('1.8.0'));
  });

  it('is a whole number within its bounds, decimal or hexadecimal', () => {
    for (const text of ['1', '7', '0x5', 7]) assert.ok(isWhole(text, 1, 7), String(text));
    for (const text of ['0', '8', '1.5', '-1', '0x', 'one']) assert.ok(!isWhole(text, 1, 7), text);
    for (const text of ['-18', '0', 18]) assert.ok(isPower(text), String(text));
    for (const text of ['19', '-19', '1.5', 'x']) assert.ok(!isPower(text), text);
  });
});

describe('suggestions', () => {
  const rows = [{ value: '1-0:1.8.0*255', about: 'Active energy' }];

  it('begin with what is written out, so that Enter and Tab replace nothing', () => {
    assert.deepEqual(ranked('1.8.0', rows, isCode, 'as typed'), [{ value: '1.8.0', about: 'as typed' }, ...rows]);
    assert.deepEqual(ranked('1-0:1.8.0*255', rows, isCode, 'as typed'), rows);
  });

  it('are looked up for words', () => {
    assert.deepEqual(ranked('energy', rows, isCode, 'as typed'), rows);
    assert.deepEqual(ranked('', rows, isCode, 'as typed'), rows);
    for (const text of ['1.8', 'C.1.0', '*.7.0']) assert.ok(isCode(text), text);
    for (const text of ['energy', 'F', 'active energy']) assert.ok(!isCode(text), text);
    for (const text of ['active_energy', '*.7.0', '[1,2].8.0']) assert.ok(isWrittenOut(text), text);
    for (const text of ['energy', 'active energy']) assert.ok(!isWrittenOut(text), text);
  });

  it('find a zone by a part of its name, with blanks', () => {
    const zones = ['Europe/Vienna', 'America/Los_Angeles'];
    assert.deepEqual(
      zonesLike('los ang', zones).map(({ value }) => value),
      ['America/Los_Angeles'],
    );
    assert.deepEqual(zonesLike('', zones), []);
  });
});

describe('presets', () => {
  const preset = (id: string, country?: string, meters: Preset['meters'] = []): Preset => ({
    id,
    label: id,
    evidence: 'a test',
    family: 'Kamstrup',
    meters,
    ...(country !== undefined && { country }),
  });
  const looked = (presets: readonly Preset[], text: string, language = 'en'): [string, string[]][] =>
    lookedFor(presets, text, language, ({ label }) => label).map(({ country, found }) => [
      country,
      found.map(({ preset: { id }, meters }) => [id, ...meters.map(({ model }) => model)].join(' ')),
    ]);

  it('stand by country in the language of the user, those of none first', () => {
    assert.deepEqual(looked([preset('a', 'AT'), preset('b'), preset('c', 'NO'), preset('d', 'AT')], '', 'de'), [
      ['', ['b']],
      ['Norwegen', ['c']],
      ['Österreich', ['a', 'd']],
    ]);
  });

  it('are found by meter, maker, operator and country, in any order, case and accents', () => {
    const presets = [
      preset('general', undefined, [
        { model: 'ZMD310', countries: ['CH', 'DE'] },
        { model: 'MT174', countries: ['SI'] },
      ]),
      preset('at', 'AT', [{ model: 'MA309M', countries: ['AT'], operators: ['Netz Niederösterreich', 'EVN'] }]),
      preset('no', 'NO', [{ model: 'OMNIPOWER', countries: ['NO'] }]),
    ];
    assert.deepEqual(looked(presets, 'ma309'), [['Austria', ['at MA309M']]]);
    assert.deepEqual(looked(presets, ' NIEDEROSTERREICH  ma309 '), [['Austria', ['at MA309M']]]);
    assert.deepEqual(looked(presets, 'österreich', 'de'), [['Österreich', ['at MA309M']]]);
    assert.deepEqual(looked(presets, 'Austria', 'de'), [['Österreich', ['at MA309M']]], 'in English, too');
    assert.deepEqual(looked(presets, 'kamstrup norway'), [['Norway', ['no OMNIPOWER']]]);
    assert.deepEqual(looked(presets, 'slovenia'), [['', ['general MT174']]], 'only the meters that were meant');
    assert.deepEqual(looked(presets, 'zmd310 slovenia'), [], 'of one meter, not of two');
    assert.deepEqual(looked(presets, 'nobody'), []);
    assert.deepEqual(
      looked(presets, 'kamstrup').map(([country]) => country),
      ['Austria', 'Norway', ''],
    );
  });

  it('find letters with strokes by those without', () => {
    assert.equal(looked([preset('Østfold Łódź Straße')], 'ostfold lodz strasse').length, 1);
  });

  it('say what is other than they have it; an empty field is the usual value', () => {
    const values = { baudRate: '2400', parity: 'even', interface: 'push' };
    const told = (fields: Record<string, unknown>): readonly string[] =>
      others(
        Object.entries(values),
        name => fields[name],
        name => (name === 'baudRate' ? '2400' : ''),
      );
    assert.deepEqual(told({ parity: ' even', interface: 'push' }), []);
    assert.deepEqual(told({ baudRate: 2400, parity: 'none' }), ['parity', 'interface']);
  });

  it('have scalers in any order and form', () => {
    assert.ok(sameScalers({ '1.8.0': 0, '2.8.0': -1 }, { '2.8.0': '-1', '1.8.0': '0' }));
    assert.ok(!sameScalers({ '1.8.0': 0 }, {}));
  });

  it('make of a decoder what it would be fresh, where they say nothing', () => {
    const values = pushValues({ timezone: 'Europe/Vienna' }, field => `usual ${field}`);
    assert.deepEqual(values, [
      ['framing', 'usual framing'],
      ['layout', 'usual layout'],
      ['timezone', 'Europe/Vienna'],
      ['clockPolicy', 'usual clockPolicy'],
      ['require', 'usual require'],
    ]);
  });

  it('say the line as people write it', () => {
    assert.equal(lineOf({ baudRate: '2400', dataBits: '8', parity: 'even', stopBits: '1' }), '2400 8E1');
  });
});

describe('the stages of a test', () => {
  it('say all that is known in one line, the error last', () => {
    const stage = {
      state: 'failed',
      says: [{ key: 'a' }, { key: 'b' }],
      error: { code: 'NO_ANSWER', message: 'no UA' },
    } as const;
    const words = ({ key }: { key: string }): string => key.toUpperCase();
    assert.equal(
      sentenceOf(stage, words, () => null),
      'A · B · no UA',
    );
    assert.equal(
      sentenceOf(stage, words, ({ code }) => (code === 'NO_ANSWER' ? 'niemand antwortet' : null)),
      'A · B · niemand antwortet',
    );
  });

  it('tell how long they took once they are over', () => {
    assert.equal(elapsed({ state: 'ok', elapsedMs: 740 }), '740 ms');
    assert.equal(elapsed({ state: 'ok', elapsedMs: 1260 }), '1.3 s');
    assert.equal(elapsed({ state: 'running', elapsedMs: 740 }), '');
    assert.equal(elapsed({ state: 'ok' }), '');
  });

  it('are taken line by line, each once and when it is whole', () => {
    const lines = new LinesTaken();
    assert.deepEqual(lines.take('{"a":1}\n{"b'), ['{"a":1}']);
    assert.deepEqual(lines.take('{"a":1}\n{"b'), []);
    assert.deepEqual(lines.take('{"a":1}\n{"b":2}\n\n{"c":3}\n'), ['{"b":2}', '{"c":3}']);
  });
});

describe('the objects of a meter', () => {
  const entry = (medium: number, kind: BrowserEntry['kind'], name: string): BrowserEntry => ({
    ...{ obis: `${medium}-0:1.8.0*255`, classId: 3, version: 0, className: 'Register', name, known: true },
    ...{ medium, kind, access: 'r', attributes: [] },
  });
  const entries = [
    entry(0, 'clock', 'Clock'),
    entry(1, 'profile', 'Load profile'),
    entry(1, 'energy', 'Active energy import'),
    entry(7, 'consumption', 'Gas volume'),
    entry(1, 'energy', 'Active energy export'),
  ];

  it('are found by all of the words', () => {
    assert.deepEqual(found(entries, 'energy  IMPORT'), [entries[2]]);
    assert.equal(found(entries, '').length, 5);
    assert.equal(found(entries, 'register').length, 5);
  });

  it('stand by medium and kind, what people look for first', () => {
    assert.deepEqual(
      byMedium(entries).map(({ medium, kinds }) => [medium, ...kinds.map(k => `${k.kind} ${k.entries.length}`)]),
      [
        [1, 'energy 2', 'profile 1'],
        [7, 'consumption 1'],
        [0, 'clock 1'],
      ],
    );
  });

  it('say times as people do', () => {
    assert.deepEqual([25, 900, 12_600, 345_600].map(duration), ['25 s', '15 min', '3.5 h', '4 d']);
  });
});

describe('what is shown', () => {
  it('is a row while one of its settings applies', () => {
    assert.equal(showsRow(CONNECTION, ['host', 'port'], { transport: 'tcp' }), true);
    assert.equal(showsRow(CONNECTION, ['host', 'port'], { transport: 'serial' }), false);
    assert.equal(showsRow(CONNECTION, ['baudRate', 'parity'], { transport: 'tcp', rfc2217: true }), true);
    assert.equal(showsRow(CONNECTION, ['baudRate', 'parity'], { transport: 'tcp', rfc2217: false }), false);
    assert.equal(showsRow(CONNECTION, ['password'], { authentication: 'high-gmac' }), false);
  });

  it('is a hint while its conditions hold, or its setting applies', () => {
    const shows = (written: string, values: object): boolean => showsWhen(IEC_READOUT, written, { ...values });
    assert.equal(shows('source=connection & mode=d|p1', { source: 'connection', mode: 'p1' }), true);
    assert.equal(shows('source=connection & mode=d|p1', { source: 'connection', mode: 'c' }), false);
    assert.equal(shows('source=connection & mode=d|p1', { source: 'message', mode: 'p1' }), false);
    assert.equal(shows('request', { source: 'connection', mode: 'c' }), true);
    assert.equal(shows('request', { source: 'message' }), false);
    assert.equal(shows('nothing', {}), false);
  });
});

describe('own layouts and scalers', () => {
  const layout = { name: 'own', elements: 2, entries: [{ position: 0, obis: '1.8.0', scaler: -3 }] };

  it('are refused with the reason', () => {
    assert.equal(faultInLayouts([layout]), null);
    const wrong: readonly (readonly [unknown, string])[] = [
      [{}, 'layouts'],
      [[null], 'layoutName'],
      [[{ ...layout, name: ' ' }], 'layoutName'],
      [[layout, layout], 'layoutName'],
      [[{ ...layout, elements: 0 }], 'elements'],
      [[{ ...layout, elements: 'two' }], 'elements'],
      [[{ ...layout, entries: [{ position: 2 }] }], 'position'],
      [[{ ...layout, entries: [{ position: 0, obis: '1-0.1.8.0' }] }], 'obis'],
      [[{ ...layout, entries: [{ position: 0, scaler: 19 }] }], 'scaler'],
    ];
    for (const [list, key] of wrong) assert.equal(faultInLayouts(list)?.key, key);
    assert.equal(wrongScaler({ '1.8.0': -3 }), undefined);
    assert.equal(wrongScaler({ '1.8.0': -3, '*.7.0': '' }), '*.7.0');
    assert.deepEqual(['3', '-3', '3x', ''].map(numberOrText), [3, -3, '3x', '']);
  });

  it('stay beside what the keys do not prove', () => {
    const said = { require: '', replay: 'accept', keys: true, authentic: false };
    assert.deepEqual(unproven(said), ['proof.bits']);
    assert.deepEqual(unproven({ ...said, authentic: true }), []);
    assert.deepEqual(unproven({ ...said, keys: false }), []);
    assert.deepEqual(unproven({ ...said, require: 'authenticated' }), ['proof.noKey']);
    assert.deepEqual(unproven({ ...said, keys: false, replay: 'refuse' }), ['proof.replay']);
  });
});

describe('the outputs of the filter', () => {
  it('are one a rule and one for what was held back', () => {
    assert.equal(outputsOf('per-rule', 3), 4);
    assert.equal(outputsOf('per-rule', 0), 2);
    assert.equal(outputsOf('readings', 3), 2);
  });

  it('keep their wires when rules change places, come and go', () => {
    assert.deepEqual(wiresOf({ before: 4, after: 4, places: [2, 0, undefined] }), { 0: 1, 1: -1, 2: 0, 3: 3, new2: 2 });
    assert.deepEqual(wiresOf({ before: 2, after: 2, places: null }), { 0: 0, 1: 1 });
    assert.deepEqual(wiresOf({ before: 4, after: 2, places: null }), { 0: 0, 1: -1, 2: -1, 3: 1 });
  });
});
