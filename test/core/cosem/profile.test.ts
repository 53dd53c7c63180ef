import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import fc from 'fast-check';

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
  u8,
} from '../../../src/core/cosem/data';
import {
  ROW_LIMIT,
  type ProfileRow,
  ProfileRows,
  type ProfileRowsOptions,
  profileRows,
} from '../../../src/core/cosem/profile';
import {
  type CaptureObject,
  ProfileLayout,
  entrySelector,
  rangeSelector,
  readCaptureObjects,
  readSortObject,
  scaleAttributeOf,
} from '../../../src/core/cosem/profile-layout';
import type { Scale } from '../../../src/core/cosem/naming';
import { Obis } from '../../../src/core/obis/obis';
import { type Code, isDlmsError } from '../../../src/core/wire/errors';
import { hex, unhex } from '../../../src/core/wire/hex';
import { Writer } from '../../../src/core/wire/writer';
import { corpusFile } from '../../corpus-files';

const object = (classId: number, obis: string, attribute = 2, dataIndex = 0): CaptureObject => ({
  classId,
  obis: Obis.parse(obis),
  attribute,
  dataIndex,
});
const CLOCK = object(8, '0-0:1.0.0');
const STATUS = object(1, '0-0:96.10.1');
const IMPORT = object(3, '1-0:1.8.0');
const EXPORT = object(3, '1-0:2.8.0');
const WH: Scale = { scaler: 0, unit: 'Wh', source: 'telegram' };
const MILLI: Scale = { scaler: -3, unit: 'kWh', source: 'telegram' };
const failsWith = (code: Code) => (e: unknown) => isDlmsError(e) && e.code === code;

/** Quarter hours from 2026-11-21 00:00 +01:00. */
const clockAt = (quarter: number): Data => {
  const at = new Date(Date.UTC(2026, 10, 21) + quarter * 900_000);
  return octets([
    0x07,
    0xea,
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    0xff,
    at.getUTCHours(),
    at.getUTCMinutes(),
    0,
    0xff,
    0xff,
    0xc4,
    0,
  ]);
};

describe('profile columns', () => {
  it('come from the capture objects', () => {
    const layout = new ProfileLayout([CLOCK, STATUS, IMPORT, EXPORT], [null, null, WH, MILLI]);
    assert.deepEqual(layout.columns, [
      {
        key: '1-0:1.8.0*255',
        obis: '1-0:1.8.0*255',
        classId: 3,
        attribute: 2,
        dataIndex: 0,
        name: 'Active energy import (+A) total',
        unit: 'Wh',
        scaler: 0,
      },
      {
        key: '1-0:2.8.0*255',
        obis: '1-0:2.8.0*255',
        classId: 3,
        attribute: 2,
        dataIndex: 0,
        name: 'Active energy export (-A) total',
        unit: 'kWh',
        scaler: -3,
      },
    ]);
    assert.deepEqual([layout.clock, layout.status], [0, 1]);
  });
  it('number repeated codes, and say which attribute they are', () => {
    const gas = '0-1:24.2.1';
    const layout = new ProfileLayout([CLOCK, object(4, gas), object(4, gas, 5), object(4, gas, 4), CLOCK]);
    assert.deepEqual(
      layout.columns.map(c => [c.key, c.name]),
      [
        ['0-1:24.2.1*255', 'M-Bus meter reading 1, channel 1'],
        ['0-1:24.2.1*255#2', 'M-Bus meter reading 1, channel 1, capture time'],
        ['0-1:24.2.1*255#3', 'M-Bus meter reading 1, channel 1, status'],
        ['0-0:1.0.0*255', 'Clock'],
      ],
    );
  });
  it('are read from the attribute, with attribute index -1 and 0 (Actaris)', () => {
    const data = array(
      structure(u16(8), octets(unhex('0000010000ff')), i8(2), u16(0)),
      structure(u16(3), octets(unhex('0100010800ff')), i8(-1), u16(0)),
      structure(u16(3), octets(unhex('0100020800ff')), i8(0), u16(3)),
      structure(u16(3), octets(unhex('0100030800ff'))),
    );
    const objects = readCaptureObjects(data);
    assert.deepEqual(
      objects.map(o => [o.classId, o.obis.toString(), o.attribute, o.dataIndex]),
      [
        [8, '0-0:1.0.0*255', 2, 0],
        [3, '1-0:1.8.0*255', -1, 0],
        [3, '1-0:2.8.0*255', 0, 3],
        [3, '1-0:3.8.0*255', 2, 0],
      ],
    );
    assert.deepEqual(objects.map(scaleAttributeOf), [null, 3, 3, 3]);
    assert.equal(new ProfileLayout(objects).columns[1]?.name, 'Active energy export (-A) total [3]');
  });
  it('are sorted by what attribute 6 says, alone or as a list; by nothing where it is all zeros or odd', () => {
    const clock = structure(u16(8), octets(unhex('0000010000ff')), i8(2), u16(0));
    const nothing = structure(u16(0), octets(unhex('000000000000')), i8(0), u16(0));
    for (const data of [clock, array(clock)]) assert.equal(readSortObject(data)?.obis.toString(), '0-0:1.0.0*255');
    for (const data of [nothing, array(), u8(1), structure(u16(8))]) assert.equal(readSortObject(data), null);
  });
  it('refuses what is no list of capture objects', () => {
    assert.throws(() => readCaptureObjects(u8(1)), failsWith('WIRE_INVALID'));
    assert.throws(() => readCaptureObjects(array(structure(u16(3)))), failsWith('WIRE_INVALID'));
  });
});

describe('profile rows', () => {
  const layout = new ProfileLayout([CLOCK, STATUS, IMPORT, EXPORT], [null, null, WH, MILLI]);

  it('are flat, with time and status', () => {
    assert.deepEqual(profileRows(layout, array(structure(clockAt(1), u8(8), u32(12345), u32(1234567)))), [
      { time: '2026-11-21T00:15:00+01:00', status: 8, '1-0:1.8.0*255': 12345, '1-0:2.8.0*255': 1234.567 },
    ]);
    assert.deepEqual(
      Object.keys(profileRows(layout, array(structure(clockAt(1), u8(8), u32(1), u32(1))))[0] as ProfileRow),
      ['time', 'status', '1-0:1.8.0*255', '1-0:2.8.0*255'],
    );
  });
  it('have no status where the meter sent none, and take bits and octets as status', () => {
    const null_: Data = { type: 'null-data' };
    const rows = profileRows(
      layout,
      array(
        structure(clockAt(1), null_, u32(1), u32(1)),
        structure(clockAt(2), { type: 'bit-string', value: '00001000' }, u32(1), u32(1)),
        structure(clockAt(3), octets([0x01, 0x02]), u32(1), u32(1)),
        structure(clockAt(4), { type: 'bit-string', value: `1${'0'.repeat(39)}` }, u32(1), u32(1)),
      ),
    );
    assert.ok(!('status' in (rows[0] as ProfileRow)));
    assert.deepEqual(
      rows.slice(1).map(r => r.status),
      [8, 0x0102, 2 ** 39],
    );
  });

  const two = new ProfileLayout([CLOCK, IMPORT], [null, WH]);
  const nulls = array(
    structure(clockAt(0), u32(5)),
    structure({ type: 'null-data' }, { type: 'null-data' }),
    structure({ type: 'null-data' }, u32(7)),
  );
  it('count a null clock on by the capture period, and leave null values null', () => {
    assert.deepEqual(
      profileRows(two, nulls, { capturePeriod: 900 }).map(r => [r.time, r['1-0:1.8.0*255']]),
      [
        ['2026-11-21T00:00:00+01:00', 5],
        ['2026-11-21T00:15:00+01:00', null],
        ['2026-11-21T00:30:00+01:00', 7],
      ],
    );
  });
  it('count backwards when the newest comes first', () => {
    for (const sortMethod of [2, 3]) {
      assert.equal(profileRows(two, nulls, { capturePeriod: 900, sortMethod })[2]?.time, '2026-11-20T23:30:00+01:00');
    }
  });
  it('repeat values when told that null means unchanged', () => {
    assert.deepEqual(
      profileRows(two, nulls, { repeatNull: true }).map(r => r['1-0:1.8.0*255']),
      [5, 5, 7],
    );
  });
  it('keep null for a clock that nobody can count on', () => {
    assert.deepEqual(
      profileRows(two, nulls).map(r => r.time),
      ['2026-11-21T00:00:00+01:00', null, null],
    );
    assert.equal(
      profileRows(two, array(structure({ type: 'null-data' }, u32(1))), { capturePeriod: 900 })[0]?.time,
      null,
    );
  });
  it('count through the end of summer time of the zone', () => {
    const bare = (hour: number): Data => octets([0x07, 0xea, 10, 25, 0xff, hour, 0, 0, 0xff, 0x80, 0, 0x80]);
    const rows = array(structure(bare(1), u32(1)), ...[2, 3, 4].map(() => structure({ type: 'null-data' }, u32(1))));
    assert.deepEqual(
      profileRows(two, rows, { capturePeriod: 3600, policy: { mode: 'standard', zone: 'Europe/Vienna' } }).map(
        r => r.time,
      ),
      [
        '2026-10-25T01:00:00+02:00',
        '2026-10-25T02:00:00+02:00',
        '2026-10-25T02:00:00+01:00',
        '2026-10-25T03:00:00+01:00',
      ],
    );
    assert.deepEqual(profileRows(two, rows, { capturePeriod: 3600 }).map(r => r.time)[3], '2026-10-25T04:00:00');
  });
  describe('in the hour that comes twice', () => {
    const vienna = { policy: { mode: 'standard', zone: 'Europe/Vienna' } } as const;
    const at = (time: string, status: number): Data => {
      const [hour, minute] = time.split(':').map(Number);
      return structure(octets([0x07, 0xea, 10, 25, 0xff, hour ?? 0, minute ?? 0, 0, 0xff, 0x80, 0, status]), u32(1));
    };
    const offsets = (times: readonly string[], status: number, more: ProfileRowsOptions = {}): string =>
      profileRows(two, array(...times.map(time => at(time, status))), { ...vienna, ...more })
        .map(row => `${row.time?.slice(11, 16)}${row.time?.slice(-6, -3)}`)
        .join(' ');
    const upwards = ['01:30', '02:00', '02:30', '02:00', '02:30', '03:00'];
    const both = '01:30+02 02:00+02 02:30+02 02:00+01 02:30+01 03:00+01';

    for (const [status, words] of [
      [0xff, 'is not specified'],
      [0x00, 'never says summer time'],
    ] as const) {
      it(`are told apart by their order where the status ${words}`, () => {
        assert.equal(offsets(upwards, status, { capturePeriod: 1800 }), both);
        assert.equal(offsets(upwards, status), both);
      });
      it(`are told apart backwards, too, where the status ${words}`, () => {
        const downwards = { capturePeriod: 1800, sortMethod: 2 };
        assert.equal(offsets([...upwards].reverse(), status, downwards), both.split(' ').reverse().join(' '));
      });
    }
    it('are told apart where the period is the hour itself', () => {
      const hourly = ['01:00', '02:00', '02:00', '03:00'];
      assert.equal(offsets(hourly, 0xff, { capturePeriod: 3600 }), '01:00+02 02:00+02 02:00+01 03:00+01');
    });
    it('are one where two events have the same time', () => {
      assert.equal(offsets(['02:10', '02:10'], 0xff), '02:10+02 02:10+02');
    });
    it('are left to a meter that keeps the bit, also behind a gap', () => {
      const rows = array(at('01:30', 0x80), at('02:30', 0x00), at('03:00', 0x00));
      assert.deepEqual(
        profileRows(two, rows, vienna).map(row => row.time?.slice(11)),
        ['01:30:00+02:00', '02:30:00+01:00', '03:00:00+01:00'],
      );
    });
    it('stay as they are sent with their offset', () => {
      const row = structure(octets([0x07, 0xea, 10, 25, 0xff, 2, 0, 0, 0xff, 0xff, 0xc4, 0]), u32(1));
      assert.deepEqual(
        profileRows(two, array(row, row), vienna).map(r => r.time),
        ['2026-10-25T02:00:00+01:00', '2026-10-25T02:00:00+01:00'],
      );
    });
  });
  it('have their time in seconds since 1970', () => {
    const unix = new ProfileLayout([object(1, '0-0:1.1.0'), IMPORT], [null, WH]);
    const seconds = Date.UTC(2026, 6, 1) / 1000;
    const rows = array(
      structure(u32(seconds), u32(1)),
      structure({ type: 'null-data' }, u32(2)),
      structure(u32(0), u32(3)),
      structure(u32(0xffffffff), u32(4)),
    );
    const times = (options: ProfileRowsOptions): unknown[] => profileRows(unix, rows, options).map(r => r.time);
    assert.deepEqual(times({ capturePeriod: 3600 }), [
      '2026-07-01T00:00:00+00:00',
      '2026-07-01T01:00:00+00:00',
      null,
      null,
    ]);
    assert.deepEqual(times({ capturePeriod: 3600, policy: { mode: 'standard', zone: 'Europe/Rome' } }).slice(0, 2), [
      '2026-07-01T02:00:00+02:00',
      '2026-07-01T03:00:00+02:00',
    ]);
    assert.deepEqual(
      unix.columns.map(c => c.key),
      ['1-0:1.8.0*255'],
    );
  });
  it('add deltas to the row before', () => {
    const rows = array(
      structure(clockAt(0), u32(1000)),
      structure(clockAt(1), { type: 'delta-unsigned', value: 5 }),
      structure(clockAt(2), { type: 'null-data' }),
      structure(clockAt(3), { type: 'delta-integer', value: -2 }),
    );
    assert.deepEqual(
      profileRows(two, rows).map(r => r['1-0:1.8.0*255']),
      [1000, 1005, null, 1003],
    );
  });
  it('keep 64 bits and scale exactly', () => {
    const wide = new ProfileLayout([CLOCK, IMPORT], [null, MILLI]);
    const rows = array(
      structure(clockAt(0), { type: 'long64-unsigned', value: 18446744073709551615n }),
      structure(clockAt(1), { type: 'long64', value: -1500n }),
      structure(clockAt(2), { type: 'float32', value: Math.fround(2300.5) }),
    );
    assert.deepEqual(
      profileRows(wide, rows).map(r => r['1-0:1.8.0*255']),
      ['18446744073709551.615', -1.5, 2.3005],
    );
  });
  it('take the columns that were selected, and also all of them when the meter ignores that', () => {
    const chosen = new ProfileLayout([CLOCK, IMPORT, EXPORT], [null, WH, WH], [0, 2]);
    const expected = { time: '2026-11-21T00:00:00+01:00', '1-0:2.8.0*255': 9 };
    assert.deepEqual(profileRows(chosen, array(structure(clockAt(0), u32(9)))), [expected]);
    assert.deepEqual(profileRows(chosen, array(structure(clockAt(0), u32(1), u32(9)))), [expected]);
  });
  it('keep elements beyond the columns', () => {
    const rows = profileRows(two, array(structure(clockAt(0), u32(1), u32(2), u32(3))));
    assert.deepEqual(rows, [{ time: '2026-11-21T00:00:00+01:00', '1-0:1.8.0*255': 1, column_3: 2, column_4: 3 }]);
  });
  it('fill missing elements with null', () => {
    assert.deepEqual(profileRows(layout, array(structure(clockAt(0)))), [
      { time: '2026-11-21T00:00:00+01:00', '1-0:1.8.0*255': null, '1-0:2.8.0*255': null },
    ]);
  });
  it('drop rows outside of what was asked for, both ends kept', () => {
    const rows = array(...[0, 1, 2, 3, 4].map(q => structure(clockAt(q), u32(q))));
    const times = (o: ProfileRowsOptions): unknown[] => profileRows(two, rows, o).map(r => r['1-0:1.8.0*255']);
    assert.deepEqual(times({ from: '2026-11-21T00:15:00+01:00', to: '2026-11-20T23:45:00Z' }), [1, 2, 3]);
    assert.deepEqual(times({ from: new Date('2026-11-21T00:30:00+01:00') }), [2, 3, 4]);
  });
  it('compare wall clocks when nobody knows the offset', () => {
    const bare = (hour: number): Data => octets([0x07, 0xea, 11, 21, 0xff, hour, 0, 0, 0xff, 0x80, 0, 0]);
    const rows = array(...[1, 2, 3].map(h => structure(bare(h), u32(h))));
    assert.deepEqual(
      profileRows(two, rows, { from: '2026-11-21T02:00:00', to: '2026-11-21T02:30' }).map(r => r.time),
      ['2026-11-21T02:00:00'],
    );
  });
  it('are none for an empty array and for null-data', () => {
    assert.deepEqual(profileRows(two, array()), []);
    assert.deepEqual(profileRows(two, { type: 'null-data' }), []);
  });
  it('read values without structure as rows of one column', () => {
    assert.deepEqual(profileRows(new ProfileLayout([IMPORT]), array(u32(1), u32(2))), [
      { time: null, '1-0:1.8.0*255': 1 },
      { time: null, '1-0:1.8.0*255': 2 },
    ]);
  });
  it('read a compact-array', () => {
    // compact-array, structure of 2: octet-string, double-long-unsigned; contents: length and octets, four octets
    const w = new Writer().bytes([0x13, 0x02, 0x02, 0x09, 0x06]).lengthPrefixed(c => {
      for (let q = 0; q < 20; q++) c.octets((clockAt(q) as { value: Uint8Array }).value).u32(100 + q);
    });
    const expected = Array.from({ length: 20 }, (_, q) => ({ time: iso(q), '1-0:1.8.0*255': 100 + q }));
    assert.deepEqual(profileRows(two, decodeData(w.toBytes())), expected);
    assert.deepEqual(inParts(two, w.toBytes(), 7), expected);
  });
});

describe('profile rows in parts', () => {
  const layout = new ProfileLayout([CLOCK, STATUS, IMPORT, EXPORT], [null, null, WH, MILLI]);
  const value = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }).map(u32),
    fc.integer({ min: -128, max: 127 }).map(i8),
    fc.bigInt(0n, 2n ** 64n - 1n).map((v): Data => ({ type: 'long64-unsigned', value: v })),
    fc.constant<Data>({ type: 'null-data' }),
    fc.uint8Array({ maxLength: 40 }).map(v => octets(v)),
    fc.constant<Data>(structure(u8(1), enumerated(2))),
  );
  const buffer = fc
    .array(fc.tuple(fc.option(fc.nat(9999), { freq: 3 }), value, value, value), { maxLength: 30 })
    .map(rows => array(...rows.map(([q, ...v]) => structure(q === null ? { type: 'null-data' } : clockAt(q), ...v))));
  const options = { capturePeriod: 900, repeatNull: true };

  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(buffer, fc.integer({ min: 1, max: 200 }), (data, size) => {
        assert.deepEqual(inParts(layout, encodeData(data), size, options), profileRows(layout, data, options));
      }),
      { seed: 7, numRuns: 300 },
    );
  });
  it('leave as soon as their last byte is there', () => {
    const bytes = encodeData(
      array(structure(clockAt(0), u8(0), u32(1), u32(2)), structure(clockAt(1), u8(0), u32(3), u32(4))),
    );
    const rows = new ProfileRows(layout);
    const second = 2 + (bytes.length - 2) / 2;
    assert.equal(rows.push(bytes.subarray(0, second - 1)).length, 0);
    assert.equal(rows.push(bytes.subarray(second - 1, second)).length, 1);
    assert.ok(!rows.complete);
    assert.throws(() => rows.end(), failsWith('INCOMPLETE'));
    assert.equal(rows.push(bytes.subarray(second)).length, 1);
    assert.ok(rows.complete);
    rows.end();
    assert.equal(rows.push(unhex('0102')).length, 0);
    assert.equal(rows.surplusBytes, 2);
  });
  it('come before the fault that follows them', () => {
    const good = encodeData(
      array(structure(clockAt(0), u8(0), u32(1), u32(2)), structure(clockAt(1), u8(0), u32(3), u32(4))),
    );
    good[good.length - 5] = 0x63;
    const rows = new ProfileRows(layout);
    assert.equal(rows.push(good).length, 1);
    assert.throws(() => rows.end(), failsWith('WIRE_INVALID'));
    assert.throws(() => rows.push(good), failsWith('WIRE_INVALID'));
  });
  it('bound an unfinished row', () => {
    const rows = new ProfileRows(layout);
    rows.push(unhex('01 02 02 01 09 84 7fffffff'));
    assert.throws(() => {
      for (let i = 0; i < 20; i++) rows.push(new Uint8Array(ROW_LIMIT / 8));
    }, failsWith('LIMIT_EXCEEDED'));
  });
  it('give rows or a DlmsError for any bytes', () => {
    let seed = 11;
    const random = (n: number): number => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % n;
    const good = encodeData(array(...[0, 1, 2, 3].map(q => structure(clockAt(q), u8(0), u32(q), u32(q)))));
    for (let i = 0; i < 5000; i++) {
      const bytes = good.slice(0, random(8) === 0 ? random(good.length) : undefined);
      for (let n = random(4); n >= 0 && bytes.length > 0; n--) bytes[random(bytes.length)] = random(256);
      try {
        inParts(layout, bytes, 1 + random(60), options);
      } catch (e) {
        assert.ok(isDlmsError(e), hex(bytes));
      }
    }
  });
  it('keep memory flat', () => {
    const rows = new ProfileRows(layout);
    const bytes = encodeData(structure(clockAt(1), u8(0), u32(1), u32(2)));
    rows.push(new Writer().u8(1).length(300_000).toBytes());
    const many = new Uint8Array(bytes.length * 100);
    for (let i = 0; i < 100; i++) many.set(bytes, i * bytes.length);
    let count = 0;
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 3000; i++) count += rows.push(many).length;
    assert.equal(count, 300_000);
    assert.ok(process.memoryUsage().heapUsed - before < 200e6);
  });
});

describe('selectors of a profile', () => {
  it('write a range by the clock, all columns', () => {
    const { selector, parameters } = rangeSelector('2018-06-01T00:03:00+02:00', '2021-01-06T00:03:00+01:00', {});
    assert.equal(selector, 1);
    assert.equal(
      hex(encodeData(parameters)),
      '0204 02041200080906 0000010000ff 0f02120000 090c07e20601ff00030000ff8800 090c07e50106ff00030000ffc400 0100'.replaceAll(
        ' ',
        '',
      ),
    );
  });
  it('write a range by UNIX time in seconds', () => {
    const { parameters } = rangeSelector(1_792_886_400_000, 1_792_886_401_999, { restricting: object(1, '0-0:1.1.0') });
    assert.equal(
      hex(encodeData(parameters)),
      '0204' + '0204' + '120001' + '09060000010100ff' + '0f02' + '120000' + '066add4680' + '066add4681' + '0100',
    );
  });
  it('write a range without deviation and with chosen columns', () => {
    const { parameters } = rangeSelector('2026-11-01', '2026-11-02', { deviation: 'without', columns: [IMPORT] });
    assert.ok(
      hex(encodeData(parameters)).endsWith('090c07ea0b02ff000000008000ff0101020412000309060100010800ff0f02120000'),
    );
  });
  it('write entries', () => {
    const { selector, parameters } = entrySelector(1, 10, 1, 0);
    assert.equal(selector, 2);
    assert.equal(hex(encodeData(parameters)), '02040600000001060000000a120001120000');
    assert.throws(() => entrySelector(-1, 5), failsWith('BAD_SETTING'));
    assert.throws(() => entrySelector(1, 2, 1, 70000), failsWith('BAD_SETTING'));
  });
});

describe('profile vectors of the corpus', () => {
  const file = corpusFile('vectors.json');
  if (file === null) return void it.skip('skipped: corpus absent');
  const [v] = (JSON.parse(readFileSync(file, 'utf8')) as { profileBuffer: { hex: string }[] }).profileBuffer;
  it('four hourly rows with null clocks', () => {
    const layout = new ProfileLayout([CLOCK, STATUS, IMPORT, EXPORT]);
    assert.deepEqual(
      inParts(layout, unhex(v?.hex ?? ''), 5, { capturePeriod: 3600 }),
      [23, 0, 1, 2].map((h, i) => ({
        time: `${i === 0 ? '2019-12-31' : '2020-01-01'}T${String(h).padStart(2, '0')}:00:00+01:00`,
        status: 6,
        '1-0:1.8.0*255': 1517,
        '1-0:2.8.0*255': 1620,
      })),
    );
  });
});

function inParts(layout: ProfileLayout, bytes: Uint8Array, size: number, options?: ProfileRowsOptions): ProfileRow[] {
  const rows = new ProfileRows(layout, options);
  const all: ProfileRow[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(...rows.push(bytes.subarray(at, at + size)));
  rows.end();
  return all;
}

function iso(quarter: number): string {
  return `${new Date(Date.UTC(2026, 10, 21) + quarter * 900_000).toISOString().slice(0, 19)}+01:00`;
}
