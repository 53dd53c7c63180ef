import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { CLASSES, attributeOf, className, methodName, scalerAttribute } from '../../../src/core/cosem/classes';
import {
  type Data,
  array,
  decodeData,
  encodeData,
  enumerated,
  i8,
  octets,
  structure,
  u16,
  u32,
  visible,
} from '../../../src/core/cosem/data';
import { toPlain } from '../../../src/core/cosem/plain';
import { hex, unhex } from '../../../src/core/wire/hex';
import { corpusFile } from '../../corpus-files';

describe('plain values', () => {
  const clock = '07ea0b15060a0f0000ffc400';
  const rows: readonly (readonly [string, Data, unknown])[] = [
    ['a number', u32(7), 7],
    ['a 64-bit number that is safe', { type: 'long64', value: -10n }, -10],
    ['a 64-bit number that is not', { type: 'long64-unsigned', value: 18446744073709551615n }, '18446744073709551615'],
    ['text in an octet-string', octets(unhex('414243')), 'ABC'],
    ['other octets', octets(unhex('00ff')), unhex('00ff')],
    ['a clock in an octet-string', octets(unhex(clock)), '2026-11-21T10:15:00+01:00'],
    ['null', { type: 'null-data' }, null],
    ['a bit-string', { type: 'bit-string', value: '0101' }, '0101'],
    ['a date', { type: 'date', value: unhex('07e80b0f05') }, '2024-11-15'],
    ['a time', { type: 'time', value: unhex('0e2d2d00') }, '14:45:45'],
    [
      'an array of structures',
      array(structure(u16(1), visible('a')), structure(u16(2), visible('b'))),
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    ['a float', { type: 'float32', value: Math.fround(49.98) }, 49.98],
  ];
  for (const [what, data, value] of rows) it(`shows ${what}`, () => assert.deepEqual(toPlain(data), value));

  it('names what a known attribute holds', () => {
    const definition = structure(u16(8), octets(unhex('0000010000ff')), i8(2), u16(0));
    assert.deepEqual(toPlain(array(definition), { classId: 7, attribute: 3 }), [
      { class_id: 8, logical_name: '0-0:1.0.0*255', attribute_index: 2, data_index: 0 },
    ]);
    assert.deepEqual(toPlain(structure(i8(-3), enumerated(30)), { classId: 3, attribute: 3 }), {
      scaler: -3,
      unit: 30,
    });
    assert.equal(toPlain(octets(unhex('0000010000ff')), { classId: 8, attribute: 1 }), '0-0:1.0.0*255');
    assert.equal(toPlain(octets(unhex('ffffffffffffffffff8000ff')), { classId: 8, attribute: 2 }), null);
  });
  it('names nested structures: an association with access rights', () => {
    const rights = structure(
      array(structure(i8(1), enumerated(1), { type: 'null-data' })),
      array(structure(i8(1), enumerated(0))),
    );
    assert.deepEqual(
      toPlain(array(structure(u16(3), { type: 'unsigned', value: 0 }, octets(unhex('0100010800ff')), rights)), {
        classId: 15,
        attribute: 2,
      }),
      [
        {
          class_id: 3,
          version: 0,
          logical_name: '1-0:1.8.0*255',
          access_rights: {
            attributes: [{ attribute_id: 1, access_mode: 1, access_selectors: null }],
            methods: [{ method_id: 1, access_mode: 0 }],
          },
        },
      ],
    );
  });
  it('shows what a pattern leaves open as the fields that it gives, and a whole date as such', () => {
    const season = (start: string): Data =>
      array(structure(octets(unhex('31')), octets(unhex(start)), octets(unhex('57'))));
    const at = (data: Data, classId: number, attribute: number): unknown => toPlain(data, { classId, attribute });
    // 1 January of each year, 00:00:00
    assert.deepEqual(at(season('ffff0101ff000000ff8000ff'), 20, 3), [
      {
        season_profile_name: '1',
        season_start: { month: 1, day_of_month: 1, hour: 0, minute: 0, second: 0 },
        week_name: 'W',
      },
    ]);
    // the last Sunday of October, 02:00:00
    assert.deepEqual(at(octets(unhex('ffff0afe07020000ff800000')), 8, 6), {
      month: 10,
      day_of_month: 'last',
      day_of_week: 7,
      hour: 2,
      minute: 0,
      second: 0,
    });
    const days = array(
      structure(u16(1), octets(unhex('07ea0c1905')), u16(3)),
      structure(u16(2), octets(unhex('ffff0c19ff')), u16(3)),
      structure(u16(3), octets(unhex('ffffffffff')), u16(3)),
    );
    assert.deepEqual(at(days, 11, 2), [
      { index: 1, specialday_date: '2026-12-25', day_id: 3 },
      { index: 2, specialday_date: { month: 12, day_of_month: 25 }, day_id: 3 },
      { index: 3, specialday_date: null, day_id: 3 },
    ]);
  });
  it('shows object identifiers and IPv4 addresses as people write them', () => {
    const context = { classId: 15, attribute: 4 };
    for (const form of [
      octets(unhex('60857405080101')),
      octets(unhex('060760857405080101')),
      structure(...[2, 16, 756, 5, 8, 1, 1].map(arc => u16(arc))),
    ])
      assert.equal(toPlain(form, context), '2.16.756.5.8.1.1');
    assert.equal(toPlain(u32(0xc0a80001), { classId: 42, attribute: 3 }), '192.168.0.1');
    assert.deepEqual(toPlain(array(u32(0xe0000001)), { classId: 42, attribute: 4 }), ['224.0.0.1']);
  });
  it('names the attributes of prepayment, certificates and users', () => {
    const shown = (data: Data, classId: number, attribute: number): unknown => toPlain(data, { classId, attribute });
    assert.deepEqual(shown(structure(enumerated(1), enumerated(2)), 111, 2), { account_mode: 1, account_status: 2 });
    assert.deepEqual(
      shown(
        structure(
          structure(i8(0), i8(-2)),
          structure(u16(3), octets(unhex('0100010800ff')), i8(2)),
          array(structure(octets(unhex('0001')), u16(25))),
        ),
        113,
        5,
      ),
      {
        charge_per_unit_scaling: { commodity_scale: 0, price_scale: -2 },
        commodity: { class_id: 3, logical_name: '1-0:1.8.0*255', attribute_index: 2 },
        charge_table: [{ index: unhex('0001'), charge_per_unit: 25 }],
      },
    );
    assert.deepEqual(shown(array(structure(u16(1), visible('reader'))), 15, 10), [{ user_id: 1, user_name: 'reader' }]);
  });
  it('keeps a structure with more elements than the standard says in order', () => {
    assert.deepEqual(toPlain(structure(i8(0), enumerated(30), u16(1)), { classId: 3, attribute: 3 }), [0, 30, 1]);
  });
  it('leaves text as bytes when asked', () => {
    assert.deepEqual(toPlain(octets(unhex('414243')), { bytes: true }), unhex('414243'));
  });
  it('scales a single number', () => assert.equal(toPlain(u32(1234567), { scaler: -3 }), 1234.567));
});

describe('interface classes', () => {
  it('calls attribute 1 of every class the logical name', () => {
    for (const id of Object.keys(CLASSES)) assert.equal(attributeOf(Number(id), 1)?.name, 'logical_name');
  });
  it('knows names, methods and scalers', () => {
    assert.equal(className(7), 'Profile generic');
    assert.equal(attributeOf(7, 2)?.name, 'buffer');
    assert.equal(attributeOf(5, 4)?.name, 'scaler_unit');
    assert.equal(attributeOf(8, 9)?.name, 'clock_base');
    assert.equal(methodName(70, 2), 'remote_reconnect');
    assert.equal(methodName(70, 3), undefined);
    assert.equal(attributeOf(9999, 2), undefined);
    assert.equal(attributeOf(3, -1), undefined);
    assert.deepEqual(
      [
        scalerAttribute(3, 2),
        scalerAttribute(4, 2),
        scalerAttribute(5, 3),
        scalerAttribute(4, 5),
        scalerAttribute(1, 2),
        scalerAttribute(67, 7),
      ],
      [3, 3, 4, null, null, 8],
    );
  });
});

describe('A-XDR vectors of the corpus', () => {
  const file = corpusFile('vectors.json');
  if (file === null) return void it.skip('skipped: corpus absent');
  interface Vector {
    readonly name: string;
    readonly hex: string;
    readonly value: unknown;
  }
  // Told in words in the vectors.
  const told: Readonly<Record<string, unknown>> = {
    bcd: 0x42,
    'long64-unsigned': '18446744073709551615',
    'date-time': '2024-11-15T14:45:45+01:00',
    date: '2024-11-15',
    time: '14:45:45',
  };
  for (const v of (JSON.parse(readFileSync(file, 'utf8')) as { axdr: Vector[] }).axdr) {
    it(v.name, () => {
      const data = decodeData(unhex(v.hex));
      const round = encodeData(data);
      if (v.name !== 'boolean-any-nonzero' && !v.name.startsWith('length-')) assert.equal(hex(round), v.hex);
      else assert.deepEqual(decodeData(round), data);
      if (data.type === 'octet-string') {
        if (!v.name.startsWith('length-')) assert.equal(hex(data.value), v.value);
        return;
      }
      if (data.type === 'structure' && typeof v.value === 'string') {
        // Told as "structure of 25", "5 elements".
        assert.equal(data.value.length, Number(/(\d+)(?: elements.*)?$/.exec(v.value)?.[1] ?? NaN), v.value);
        return;
      }
      if (data.type === 'compact-array') {
        assert.deepEqual(toPlain(data), JSON.parse(String(v.value).split(':')[0] ?? ''));
        return;
      }
      assert.deepEqual(toPlain(data), told[v.name] ?? v.value);
    });
  }
});
