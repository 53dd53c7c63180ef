import assert from 'node:assert/strict';
import { array, encodeData, octets, structure, u16, u32, visible, type Data } from '../../../src/core/cosem/data';
import { PushDecoder } from '../../../src/core/push';
import { LAYOUTS } from '../../../src/core/push/layout-table';
import { exportLayouts, importLayouts, matchLayout, proposeLayout, type Layout } from '../../../src/core/push/layouts';
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
