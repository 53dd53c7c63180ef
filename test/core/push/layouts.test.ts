import assert from 'node:assert/strict';
import { array, encodeData, octets, structure, u16, u32, visible, type Data } from '../../../src/core/cosem/data';
import { PushDecoder } from '../../../src/core/push';
import {
  exportLayouts,
  importLayouts,
  isGuess,
  LAYOUTS,
  matchLayout,
  proposeLayout,
  type Layout,
} from '../../../src/core/push/layouts';
import { concat, unhex } from '../../../src/core/wire/hex';
import { notificationOf } from '../../../src/sim/push-source';
import { codesOf, feed, problemsOf, telegramsOf } from './feeding';

const own: Layout = {
  name: 'own',
  elements: 3,
  first: 'AB',
  entries: [
    { position: 0, role: 'meter-id', type: 'text' },
    { position: 1, obis: '1-0:1.7.0*255', unit: 'W', scaler: 1, type: 'number' },
  ],
};
const list = (...value: readonly Data[]): Data[] => [...value];

describe('layouts', () => {
  it('fit by the number of elements, their types and the first text', () => {
    const fits = (...value: readonly Data[]): boolean => matchLayout(list(...value), [own]) === own;
    assert.ok(fits(visible('ABC'), u32(1), u16(2)));
    assert.ok(fits(octets([0x41, 0x42]), u16(1), visible('anything')));
    assert.ok(!fits(visible('ABC'), u32(1)));
    assert.ok(!fits(visible('XAB'), u32(1), u16(2)));
    assert.ok(!fits(visible('ABC'), visible('1'), u16(2)));
  });

  it('fit octets of a size and alternatives of types', () => {
    const layout: Layout = {
      name: 'sized',
      elements: 2,
      entries: [
        { position: 0, type: 'octet-string(4)|time' },
        { position: 1, type: 'double-long-unsigned|long-unsigned' },
      ],
    };
    assert.ok(matchLayout(list(octets([1, 2, 3, 4]), u16(1)), [layout]) !== null);
    assert.ok(matchLayout(list({ type: 'time', value: new Uint8Array(4) }, u32(1)), [layout]) !== null);
    assert.equal(matchLayout(list(octets([1, 2, 3]), u16(1)), [layout]), null);
  });

  it('go out as JSON and come back the same, the built-in ones too', () => {
    assert.deepEqual(importLayouts(exportLayouts(LAYOUTS)), LAYOUTS);
    assert.deepEqual(importLayouts(exportLayouts([own])), [own]);
    assert.deepEqual(importLayouts(JSON.stringify(own)), [own]);
    assert.deepEqual(importLayouts(''), []);
    assert.deepEqual(importLayouts(null), []);
  });

  it('are read as the editor stores them: numbers as text, empty fields, short codes', () => {
    const [layout] = importLayouts([
      {
        name: 'n',
        elements: '2',
        first: '',
        entries: [{ position: '1', obis: '1.8.0', unit: '', scaler: '-3', type: '' }],
      },
    ]);
    assert.deepEqual(layout, { name: 'n', elements: 2, entries: [{ position: 1, obis: '1-0:1.8.0*255', scaler: -3 }] });
  });

  it('say where they are wrong', () => {
    const wrong: [unknown, RegExp][] = [
      ['{', /layouts.*valid JSON/],
      [[1], /layouts\[0\] "1" is not an object/],
      [[{}], /layouts\[0\]\.name/],
      [[{ name: 'a', elements: 0, entries: [] }], /layouts\[0\]\.elements "0" is not a number from 1 to 255/],
      [[{ name: 'a', elements: 2 }], /layouts\[0\]\.entries/],
      [
        [{ name: 'a', elements: 2, entries: [{ position: 2 }] }],
        /entries\[0\]\.position "2" is not a number from 0 to 1/,
      ],
      [
        [{ name: 'a', elements: 2, entries: [{ position: 1 }, { position: 1 }] }],
        /entries\[1\]\.position "1" is not a position/,
      ],
      [[{ name: 'a', elements: 2, entries: [{ position: 0, obis: 'power' }] }], /entries\[0\]\.obis "power"/],
      [[{ name: 'a', elements: 2, entries: [{ position: 0, scaler: 99 }] }], /entries\[0\]\.scaler "99"/],
      [[{ name: 'a', elements: 2, entries: [{ position: 0, type: 'int' }] }], /entries\[0\]\.type "int"/],
      [[{ name: 'a', elements: 2, entries: [{ position: 0, role: 'king' }] }], /entries\[0\]\.role "king"/],
    ];
    for (const [source, expected] of wrong) assert.throws(() => importLayouts(source), { message: expected });
  });

  it('of the user come before the built-in ones', () => {
    const mine: Layout = { name: 'mine', elements: 1, entries: [{ position: 0, obis: '1-0:2.7.0*255', unit: 'W' }] };
    const apdu = behindTaggedClock(structure(u32(5)));
    const [builtIn] = telegramsOf(feed({}, [apdu]));
    const [replaced] = telegramsOf(feed({ layouts: [mine] }, [apdu]));
    assert.equal(builtIn?.telegram.readings[0]?.obis, '1-0:1.7.0*255');
    assert.equal(replaced?.telegram.readings[0]?.obis, '1-0:2.7.0*255');
    assert.equal(replaced?.origin.layout, 'mine');
  });

  it('can be fixed by name, and nothing else is tried then', () => {
    const apdu = notificationOf(structure(u32(5)));
    assert.deepEqual(codesOf(feed({ layout: 'wn-9' }, [apdu])), ['UNKNOWN_LAYOUT']);
    assert.equal(telegramsOf(feed({ layout: 'kfm-1' }, [apdu])).length, 1);
    assert.throws(() => new PushDecoder({ layout: 'nothing' }), { code: 'BAD_SETTING' });
  });

  it('that one number fits need the clock of their meter in the header', () => {
    assert.deepEqual(codesOf(feed({}, [notificationOf(structure(u32(5)))])), ['UNKNOWN_LAYOUT']);
    const [event] = telegramsOf(feed({}, [behindTaggedClock(structure(u32(5)))]));
    assert.equal(event?.origin.layout, 'kfm-1');
    assert.equal(event.telegram.time, '2024-07-21T15:30:05');
  });

  it('count the values inside of structures where a proposal has them', () => {
    const value = [octets(new Uint8Array(12)), structure(u32(1), structure(u16(230), u16(5))), array(u16(1))];
    const [problem] = problemsOf(feed({}, [notificationOf(structure(...value))]));
    const proposal = problem?.proposal as Layout;
    assert.deepEqual(
      proposal.entries.map(e => e.type),
      ['octet-string(12)', 'double-long-unsigned', 'long-unsigned', 'long-unsigned', 'array'],
    );
    const entries = proposal.entries.map(e => (e.position === 2 ? { ...e, obis: '1-0:32.7.0*255', unit: 'V' } : e));
    const layouts = importLayouts(exportLayouts([{ ...proposal, entries }]));
    const [event] = telegramsOf(feed({ layouts }, [notificationOf(structure(...value))]));
    assert.deepEqual(
      event?.telegram.readings.map(r => [r.obis, r.value]),
      [
        [null, '000000000000000000000000'],
        [null, 1],
        ['1-0:32.7.0*255', 230],
        [null, 5],
        [null, '[1]'],
      ],
    );
  });

  it('can name a value that stands alone', () => {
    const [problem] = problemsOf(feed({}, [notificationOf(u32(7))]));
    const proposal = problem?.proposal as Layout;
    const layouts = [{ ...proposal, entries: [{ position: 0, obis: '1-0:1.7.0*255', unit: 'W' }] }];
    const [event] = telegramsOf(feed({ layouts }, [notificationOf(u32(7))]));
    assert.equal(event?.telegram.readings[0]?.value, 7);
  });

  it('are proposed for a list that none fits, complete for import', () => {
    const value = list(octets([1, 2, 3]), octets(new Uint8Array(12)), u32(1), array(u16(1)));
    const proposal = proposeLayout(value);
    assert.deepEqual(
      proposal.entries.map(e => e.type),
      ['octet-string', 'octet-string(12)', 'double-long-unsigned', 'array'],
    );
    assert.ok(matchLayout(value, importLayouts(exportLayouts([proposal]))) !== null);
    const [problem] = problemsOf(feed({}, [notificationOf(structure(...value))]));
    assert.deepEqual(problem?.proposal, proposal);
  });

  it('fit by the meaning of their elements, whichever type holds it', () => {
    const si = (name: string, state: Data, number: (value: number) => Data): Data =>
      structure(
        visible(name),
        octets([...Buffer.from('16820006')]),
        state,
        octets([...Buffer.from('0002')]),
        ...[3810, 1400, 2410, 20, 5, 15, 4531, 7].map(number),
      );
    const states: Data[] = [
      { type: 'boolean', value: false },
      { type: 'enum', value: 1 },
      { type: 'unsigned', value: 1 },
      { type: 'integer', value: 1 },
      { type: 'bit-string', value: '1' },
    ];
    for (const state of states) {
      for (const number of [u16, u32, (value: number): Data => ({ type: 'long64-unsigned', value: BigInt(value) })]) {
        for (const name of ['ISK1030700000042', 'SAG1030700000042', 'ABC84605887']) {
          const [event] = telegramsOf(feed({}, [notificationOf(si(name, state, number))]));
          assert.equal(event?.origin.layout, 'si-12-energy');
          assert.equal(event.origin.guessed, undefined);
          assert.equal(event.origin.layoutBy, undefined);
          assert.equal(event.telegram.readings.find(r => r.obis === '1-0:1.8.0*255')?.value, 3810);
          assert.equal(event.telegram.meter.id, '16820006');
        }
      }
    }
    assert.deepEqual(codesOf(feed({}, [notificationOf(si('no name', states[0] as Data, u32))])), ['UNKNOWN_LAYOUT']);
  });

  it('are read from the short form of files', () => {
    const cells = ['clock', ['1.7.0', 'W'], ['32.7.0', 'V', -1], ['0-0:96.1.7', 'model'], 'number'];
    const [layout] = importLayouts([{ name: 'short', cells }]);
    assert.deepEqual(layout, {
      name: 'short',
      elements: 5,
      entries: [
        { position: 0, obis: '0-0:1.0.0*255', type: 'clock', role: 'clock' },
        { position: 1, obis: '1-0:1.7.0*255', unit: 'W', scaler: 0, type: 'number' },
        { position: 2, obis: '1-0:32.7.0*255', unit: 'V', scaler: -1, type: 'number' },
        { position: 3, obis: '0-0:96.1.7*255', type: 'text', role: 'model' },
        { position: 4, type: 'number' },
      ],
    });
    for (const wrong of ['volts', 5, ['1.7.0', 'W', 0, 0], ['1.7.0', 'horsepower'], null]) {
      assert.throws(() => importLayouts([{ name: 'x', cells: [wrong] }]), { message: /cells\[0\]/ });
    }
  });

  it('that are only guessed say so, and electrically impossible values veto them', () => {
    assert.deepEqual(
      LAYOUTS.filter(isGuess).map(({ name }) => name),
      ['si-4', 'hr-33', 'wn-9', 'wn-10', 'bgld-14', 'bgld-11'],
    );
    const bgld = (volts: number, amperes: number, watts: number): Uint8Array =>
      notificationOf(
        structure(
          ...[volts, volts, volts, amperes, amperes, amperes].map(u16),
          ...[watts, 0, 31_358_606, 17].map(u32),
          octets([...Buffer.from('30137181')]),
        ),
      );
    const [event] = telegramsOf(feed({}, [bgld(231, 100, 690)]));
    assert.equal(event?.origin.layout, 'bgld-11');
    // The mark stands behind the name.
    assert.deepEqual(Object.entries(event.origin).slice(-3), [
      ['layout', 'bgld-11'],
      ['guessed', true],
      ['layoutBy', 'guessed'],
    ]);
    for (const [volts, amperes, watts] of [
      [50, 100, 150],
      [2301, 100, 690],
      [23_010, 100, 690],
      [231, 10, 9000],
    ] as const) {
      const [problem, ...more] = problemsOf(feed({}, [bgld(volts, amperes, watts)]));
      assert.equal(problem?.error.code, 'UNKNOWN_LAYOUT');
      assert.equal(problem.proposal?.elements, 11);
      assert.deepEqual(more, []);
    }
    // Just switched on: its currents are of the moment before.
    assert.deepEqual(codesOf(feed({}, [bgld(231, 100, 690), bgld(231, 10, 9000)])), []);
    // The user knows what it is.
    assert.deepEqual(codesOf(feed({ layout: 'bgld-11' }, [bgld(50, 100, 150)])), []);
  });

  it('make readings of positions that they do not name', () => {
    const layout: Layout = { name: 'half', elements: 2, entries: [{ position: 1, obis: '1-0:32.7.0*255', unit: 'V' }] };
    const [event] = telegramsOf(feed({ layouts: [layout] }, [notificationOf(structure(u16(7), u16(230)))]));
    assert.deepEqual(
      event?.telegram.readings.map(r => [r.obis, r.position, r.value, r.unit]),
      [
        [null, 0, 7, null],
        ['1-0:32.7.0*255', 1, 230, 'V'],
      ],
    );
  });
});

/** As Kaifa sends it: the tag of an octet-string in front of the header's clock. */
function behindTaggedClock(body: Data): Uint8Array {
  return concat(unhex('0f40000000 09 0c 07e80715070f1e05ff800000'), encodeData(body));
}
