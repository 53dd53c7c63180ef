// Lists of meters that nobody has seen yet: names and values in any arrangement, push object lists of every class.
// Built here from the standard, with invented numbers. What cannot be attributed for sure must not come out as a value.

import assert from 'node:assert/strict';
import {
  array,
  elementsOf,
  encodeData,
  enumerated,
  i8,
  nullData,
  octets,
  structure,
  u16,
  u32,
  u8,
  visible,
  type Data,
} from '../../../src/core/cosem/data';
import { Obis } from '../../../src/core/obis/obis';
import type { Reading } from '../../../src/core/cosem/reading';
import { pushFrames } from '../../../src/core/framing/hdlc-segments';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';
import { notificationOf } from '../../../src/sim/push-source';
import { bytewise, carriages, codesOf, feed, problemsOf, telegramsOf } from './feeding';

const code = (text: string): Data => octets(Obis.parse(text).bytes);
const scale = (power: number, unit: number): Data => structure(i8(power), enumerated(unit));
const text = (value: string): Data => octets(fromLatin1(value));
/** 2024-07-21 15:30:05, UTC+2. */
const CLOCK = octets(unhex('07e80715070f1e05ffff8880'));
const AT = '2024-07-21T15:30:05+02:00';
const ENERGY = 30;
const VOLT = 35;

/** "obis = value unit", and what else was told. */
function shown({ obis, position, value, unit, time, status }: Reading): string {
  const more = [time === undefined ? '' : ` at ${time}`, status === undefined ? '' : ` status ${status}`].join('');
  return `${obis ?? position} = ${value}${unit === null ? '' : ` ${unit}`}${more}`;
}
function read(body: Data): string[] | string {
  const events = feed({}, [notificationOf(body)]);
  const [telegram] = telegramsOf(events);
  return telegram === undefined ? codesOf(events).join() : telegram.telegram.readings.map(shown);
}

const TWO = ['1-0:1.8.0*255 = 5 Wh', '1-0:32.7.0*255 = 230.1 V'];
const rows = (row: (name: Data, value: Data, power: number, unit: number) => Data): Data =>
  structure(row(code('1-0:1.8.0'), u32(5), 0, ENERGY), row(code('1-0:32.7.0'), u16(2301), -1, VOLT));

describe('push decoder: names beside their values', () => {
  const table: [string, Data, string[] | string][] = [
    ['the scale behind the value', rows((n, v, p, u) => structure(n, v, scale(p, u))), TWO],
    ['the scale in front of the value', rows((n, v, p, u) => structure(n, scale(p, u), v)), TWO],
    ['scaler and unit without a structure', rows((n, v, p, u) => structure(n, v, i8(p), enumerated(u))), TWO],
    ['value and scale in one structure', rows((n, v, p, u) => structure(n, structure(v, scale(p, u)))), TWO],
    ['a class in front', rows((n, v, p, u) => structure(u16(3), n, v, scale(p, u))), TWO],
    ['class, attribute and data index', rows((n, v, p, u) => structure(u16(3), n, i8(2), u16(0), v, scale(p, u))), TWO],
    [
      'its own time and status',
      rows((n, v, p, u) => structure(n, v, scale(p, u), u8(1), CLOCK)),
      TWO.map(line => `${line} at ${AT} status 1`),
    ],
    [
      'rows in a list of the list',
      structure(
        CLOCK,
        rows((n, v, p, u) => structure(n, v, scale(p, u))),
      ),
      [`0-0:1.0.0*255 = ${AT}`, ...TWO],
    ],
    [
      'flat, the scale in front of the value',
      structure(code('1-0:1.8.0'), scale(0, ENERGY), u32(5), code('1-0:32.7.0'), scale(-1, VOLT), u16(2301)),
      TWO,
    ],
    [
      'flat, scaler and unit without a structure',
      structure(
        code('1-0:1.8.0'),
        u32(5),
        i8(0),
        enumerated(ENERGY),
        code('1-0:32.7.0'),
        u16(2301),
        i8(-1),
        enumerated(VOLT),
      ),
      TWO,
    ],
    [
      'the value in front of the name',
      structure(structure(u32(5), code('1-0:1.8.0')), structure(u32(6), code('1-0:2.8.0'))),
      ['1-0:1.8.0*255 = 5 Wh', '1-0:2.8.0*255 = 6 Wh'],
    ],
    [
      'names as text',
      structure(structure(visible('1-0:1.8.0'), u32(5)), structure(text('1.0.2.8.0.255'), u32(6))),
      ['1-0:1.8.0*255 = 5 Wh', '1-0:2.8.0*255 = 6 Wh'],
    ],
    [
      'values of billing periods',
      array(
        structure(code('1-0:1.8.0*1'), u32(5), scale(0, ENERGY)),
        structure(code('1-0:1.8.0*101'), u32(6), scale(0, ENERGY)),
      ),
      ['1-0:1.8.0*1 = 5 Wh', '1-0:1.8.0*101 = 6 Wh'],
    ],
    [
      'other media',
      array(
        structure(code('7-0:3.0.0'), u32(123456), scale(-3, 13)),
        structure(code('6-0:1.0.0'), u32(7), scale(3, ENERGY)),
      ),
      ['7-0:3.0.0*255 = 123.456 m3', '6-0:1.0.0*255 = 7000 Wh'],
    ],
    [
      'a value that is missing',
      array(
        structure(code('1-0:1.8.0'), nullData, scale(0, ENERGY)),
        structure(code('1-0:2.8.0'), structure(nullData, scale(0, ENERGY))),
      ),
      ['1-0:1.8.0*255 = null Wh', '1-0:2.8.0*255 = null Wh'],
    ],
    [
      'values flat in front of their names',
      structure(u32(5), code('1-0:1.8.0'), u32(6), code('1-0:2.8.0')),
      'UNKNOWN_LAYOUT',
    ],
    ['rows of another shape', rows((n, v) => structure(n, v, visible('kWh'))), 'UNKNOWN_LAYOUT'],
    ['six octets that are no code', structure(structure(octets(unhex('001bc50a0b0c')), u32(5))), 'UNKNOWN_LAYOUT'],
  ];
  for (const [what, body, expected] of table) it(what, () => assert.deepEqual(read(body), expected));

  it('reads a compact-array like the array it stands for', () => {
    // compact-array of structure{ octet-string, double-long-unsigned, structure{ integer, enum } }
    const element = (name: string, value: number, power: number, unit: number): Uint8Array =>
      concat(
        Uint8Array.of(6),
        Obis.parse(name).bytes,
        encodeData(u32(value)).subarray(1),
        Uint8Array.of(power & 0xff, unit),
      );
    const contents = concat(element('1-0:1.8.0', 5, 0, ENERGY), element('1-0:32.7.0', 2301, -1, VOLT));
    const body: Data = { type: 'compact-array', value: [], description: unhex('0203 09 06 0202 0f16'), contents };
    assert.deepEqual(read(body), TWO);
  });

  it('knows a logical device name and a list version where they stand without name', () => {
    const rest = [code('1-0:1.8.0'), u32(5), code('1-0:2.8.0'), u32(6)];
    const [event] = telegramsOf(feed({}, [notificationOf(structure(text('ABC0000000001234'), ...rest))]));
    assert.equal(event?.telegram.meter.id, 'ABC0000000001234');
    assert.equal(event.telegram.meter.manufacturer, 'ABC');
    assert.equal(event.telegram.readings[0]?.obis, '0-0:42.0.0*255');
    assert.deepEqual((read(structure(visible('LIST_V1'), ...rest)) as string[])[0], '1-1:0.2.129*255 = LIST_V1');
  });
});

describe('push decoder: rows in other orders and widths', () => {
  const full = (n: string, v: Data, p: number, u: number): Data[] => [code(n), v, i8(p), enumerated(u)];
  const both = (row: (name: Data, value: Data, power: number, unit: number, at: number) => Data): Data =>
    array(row(code('1-0:1.8.0'), u32(5), 0, ENERGY, 0), row(code('1-0:32.7.0'), u16(2301), -1, VOLT, 1));
  const table: [string, Data, string[] | string][] = [
    ['the value in the middle', both((n, v, p, u) => structure(scale(p, u), v, n)), TWO],
    ['the value first', both((n, v, p, u) => structure(v, n, scale(p, u))), TWO],
    ['the name last', both((n, v, p, u) => structure(v, scale(p, u), n)), TWO],
    [
      'value and scale in one structure, in front of the name',
      both((n, v, p, u) => structure(structure(v, scale(p, u)), n)),
      TWO,
    ],
    [
      'value, scaler and unit in one structure',
      both((n, v, p, u) => structure(n, structure(v, i8(p), enumerated(u)))),
      TWO,
    ],
    ['scaler, unit and value', both((n, v, p, u) => structure(n, i8(p), enumerated(u), v)), TWO],
    ['unit, scaler and value', both((n, v, p, u) => structure(n, enumerated(u), i8(p), v)), TWO],
    ['value, unit and scaler', both((n, v, p, u) => structure(n, v, enumerated(u), i8(p))), TWO],
    [
      'class, attribute, a small value and its scale',
      both((n, v, p, u) => structure(u16(3), n, i8(2), v, scale(p, u))),
      TWO,
    ],
    [
      'class, attribute, value, scaler, unit',
      both((n, v, p, u) => structure(u16(3), n, i8(2), v, i8(p), enumerated(u))),
      TWO,
    ],
    ['a number of the row in front', both((n, v, p, u, at) => structure(u8(at + 1), n, v, scale(p, u))), TWO],
    [
      'a wide number of the row in front',
      both((n, v, p, u, at) => structure(u32(at), u16(3), n, i8(2), v, scale(p, u))),
      TWO,
    ],
    ['name, class and attribute', both((n, v, p, u) => structure(n, u16(3), i8(2), v, scale(p, u))), TWO],
    ['class, attribute and name', both((n, v, p, u) => structure(u16(3), i8(2), n, u16(0), v, scale(p, u))), TWO],
    [
      'attribute, name and class behind a number of the row',
      both((n, v, p, u, at) => structure(u16(at), i8(2), n, u16(3), v, i8(p), enumerated(u))),
      TWO,
    ],
    ['a scaler of two octets', both((n, v, p, u) => structure(n, v, { type: 'long', value: p }, enumerated(u))), TWO],
    [
      'scaler and unit in rows of their own',
      array(
        structure(u16(3), code('1-0:32.7.0'), i8(2), u16(2301)),
        structure(u16(3), code('1-0:32.7.0'), i8(3), scale(-1, VOLT)),
      ),
      ['1-0:32.7.0*255 = 230.1 V', '1-0:32.7.0*255 = [-1,35]'],
    ],
    [
      'flat, scaler and unit in front',
      structure(
        ...[full('1-0:1.8.0', u32(5), 0, ENERGY), full('1-0:32.7.0', u16(2301), -1, VOLT)].flatMap(
          ([n, v, p, u]) => [n, p, u, v] as Data[],
        ),
      ),
      TWO,
    ],
  ];
  for (const [what, body, expected] of table) it(`takes ${what}`, () => assert.deepEqual(read(body), expected));

  const attribute = (name: string, value: Data, classId = 3): Data => structure(u16(classId), code(name), i8(2), value);
  it('knows a number behind the attribute for the value where no data index can be', () => {
    const volts = [attribute('1-0:32.7.0', u16(231)), attribute('1-0:52.7.0', u16(0))];
    const shown = ['1-0:32.7.0*255 = 231 V', '1-0:52.7.0*255 = 0 V'];
    assert.deepEqual(read(array(...volts)), shown);
    assert.deepEqual(read(structure(...volts)), shown);
    assert.deepEqual(read(structure(CLOCK, array(...volts))), [`0-0:1.0.0*255 = ${AT}`, ...shown]);
    const numbered = volts.map((row, i) => structure(u8(i), ...(elementsOf(row) ?? [])));
    assert.deepEqual(read(array(...numbered)), shown);
    const turned = volts
      .map(row => elementsOf(row) as Data[])
      .map(([c, n, a, v]) => structure(...([n, c, a, v] as Data[])));
    assert.deepEqual(read(array(...turned)), shown);
    const mixed = [
      attribute('1-0:32.7.0', u16(0)),
      attribute('1-0:1.8.0', u32(7)),
      attribute('0-0:96.1.0', text('12345678'), 1),
    ];
    assert.deepEqual(read(array(...mixed)), [
      '1-0:32.7.0*255 = 0 V',
      '1-0:1.8.0*255 = 7 Wh',
      '0-0:96.1.0*255 = 12345678',
    ]);
  });

  it('gives no value where the numbers may be data indexes', () => {
    const rows = [attribute('1-0:32.7.0', u16(0)), attribute('1-0:52.7.0', u16(0))];
    assert.equal(read(array(...rows)), 'UNKNOWN_LAYOUT');
    // Of the values behind them nobody knows which row is whose.
    const described = [attribute('1-0:32.7.0', u16(1)), attribute('1-0:52.7.0', u16(0))];
    assert.equal(read(structure(CLOCK, array(...described), u16(231), u16(232))), 'UNKNOWN_LAYOUT');
    assert.equal(read(array(attribute('0-0:98.1.0', u16(1), 7), attribute('0-0:98.2.0', u16(2), 7))), 'UNKNOWN_LAYOUT');
  });
});

describe('push decoder: orders that nothing tells', () => {
  const name = (code: string): Data => octets([...Obis.parse(code).bytes]);
  const codes = ['1-0:1.8.0', '1-0:2.8.0', '1-0:32.7.0'];
  const scale = (): Data => structure(i8(-1), { type: 'enum', value: 30 });
  const lists: Readonly<Record<string, (code: string, i: number) => Data[]>> = {
    'class, name, attribute and value, flat': (code, i) => [u16(3), name(code), i8(2), u16(1000 + i)],
    'value, name and class, flat': (code, i) => [u16(1000 + i), name(code), u16(3)],
    'value, name and scale, flat': (code, i) => [u32(1000 + i), name(code), scale()],
    'scale, name and value, flat': (code, i) => [scale(), name(code), u32(1000 + i)],
    'value, name and class in rows': (code, i) => [structure(u16(231 + 7 * i), name(code), u16(3))],
    'value, name, attribute and class in rows': (code, i) => [structure(u16(231 + 7 * i), name(code), i8(2), u16(3))],
  };
  for (const [what, row] of Object.entries(lists)) {
    it(`gives no value another name: ${what}`, () => {
      const events = feed({}, [notificationOf(structure(...codes.flatMap(row)))]);
      for (const { telegram } of telegramsOf(events)) {
        assert.deepEqual(
          telegram.readings.filter(({ obis, value }) => obis !== null && typeof value === 'number'),
          [],
        );
      }
      assert.ok(events.length > 0);
    });
  }
});

describe('push decoder: lists with the name of their push setup', () => {
  const clock: Data = { type: 'date-time', value: (CLOCK as { value: Uint8Array }).value };
  const bits = (count: number): Data => ({ type: 'bit-string', value: '1'.padEnd(count, '0') });
  const ids: [string, Data, string][] = [
    ['text in octets', text('TEST1000000000018'), 'TEST1000000000018'],
    ['visible text', visible('LNT_0012345'), 'LNT_0012345'],
    ['a logical device name', text('SEC0000000000018'), 'SEC0000000000018'],
    ['digits in BCD', octets(unhex('000012345678')), '000012345678'],
    ['six digits in BCD', octets(unhex('000012345618')), '000012345618'],
  ];
  const words: Data[] = [u8(2), u16(2), u32(2), bits(8), bits(32), bits(128), { type: 'long64-unsigned', value: 2n }];
  const orders: readonly ((id: Data, setup: Data, clock: Data, word: Data) => Data[])[] = [
    (id, setup, _clock, word) => [id, setup, word],
    (id, setup, at, word) => [id, setup, at, word],
    (id, setup, at, word) => [at, id, setup, word],
    (id, setup, at, word) => [setup, id, at, word],
    (id, setup, at, word) => [id, setup, word, at],
    (id, setup, at, word) => [structure(id, setup), at, word],
    (id, setup, at, word) => [id, setup, at, code('0-0:97.98.0'), word],
    (id, setup, at, word) => [id, setup, at, structure(code('0-0:97.98.0'), word)],
    (id, setup, at, word) => [id, at, setup, nullData, word],
  ];
  for (const [what, id, shown] of ids) {
    it(`never give it to the value behind, with ${what} as id`, () => {
      for (const [channel, order] of orders.entries()) {
        for (const at of [CLOCK, clock]) {
          for (const word of words) {
            const setup = code(`0-${channel}:25.9.0`);
            const list = order(id, setup, at, word);
            const [event, ...others] = telegramsOf(feed({}, [notificationOf(structure(...list))]));
            const where = `${channel} ${word.type}`;
            assert.ok(event !== undefined && others.length === 0, where);
            const { meter, time, readings } = event.telegram;
            assert.equal(meter.id, shown, where);
            assert.equal(time, list.includes(at) ? AT : null, where);
            const own = readings.filter(r => r.obis === `0-${channel}:25.9.0*255`);
            assert.deepEqual(
              own.map(r => r.value),
              [`0-${channel}:25.9.0*255`],
              where,
            );
            const value = 'value' in word ? (typeof word.value === 'bigint' ? Number(word.value) : word.value) : null;
            assert.equal(readings.filter(r => r.value === value).length, 1, where);
            assert.equal(new Set(readings.map(r => r.key)).size, readings.length, where);
          }
        }
      }
    });
  }

  it('hold one number of a meter, the one beside it', () => {
    const list = [text('LNT0001234'), code('0-4:25.9.0'), CLOCK, u32(7), visible('COVER OPEN 12')];
    const [event] = telegramsOf(feed({}, [notificationOf(structure(...list))]));
    assert.equal(event?.telegram.meter.id, 'LNT0001234');
    assert.equal(event.telegram.readings.at(-1)?.value, 'COVER OPEN 12');
  });

  it('are read in every carriage, plain and encrypted', () => {
    const list = structure(text('TEST1000000000018'), code('0-1:25.9.0'), CLOCK, u32(2));
    for (const { settings, bytes } of carriages(notificationOf(list))) {
      for (const chunks of [[bytes], bytewise(bytes)]) {
        const [event, ...others] = telegramsOf(feed(settings, chunks));
        assert.equal(event?.telegram.meter.id, 'TEST1000000000018');
        assert.deepEqual(
          event.telegram.readings.map(r => r.value),
          ['TEST1000000000018', '0-1:25.9.0*255', AT, 2],
        );
        assert.equal(others.length, 0);
      }
    }
  });
});

describe('push decoder: lists of numbered states', () => {
  const relay = (number: number, state: Data): Data => structure(u8(number), state);
  const on: Data = { type: 'boolean', value: true };
  it('become a reading for each, never a text of all', () => {
    const [event] = telegramsOf(
      feed({}, [notificationOf(structure(enumerated(0), array(relay(1, enumerated(1)), relay(4, enumerated(0)))))]),
    );
    assert.deepEqual(
      event?.telegram.readings.map(({ id, key, value }) => [id, key, value]),
      [
        [undefined, 'position_0', 0],
        ['1', 'position_1', 1],
        ['4', 'position_2', 0],
      ],
    );
    assert.deepEqual(read(array(relay(1, on), relay(2, on))), ['0 = true', '1 = true']);
  });

  it('are none where a number comes twice, or something else is in a row', () => {
    for (const row of [relay(1, on), relay(2, u8(1)), structure(u16(2), on), structure(u8(2), on, on)]) {
      assert.equal(read(structure(enumerated(0), array(relay(1, on), row))), 'UNKNOWN_LAYOUT');
    }
  });
});

describe('push decoder: clocks that were never set', () => {
  const told = (list: Data[], header?: string): [string | null | undefined, string | undefined] => {
    const plain = notificationOf(structure(...list));
    const bytes = header === undefined ? plain : concat(plain.slice(0, 5), unhex(`0c${header}`), plain.slice(6));
    const [event] = telegramsOf(feed({}, [bytes]));
    return [event?.telegram.time, event?.origin.clock];
  };
  const VALUES = [code('1-0:1.8.0'), u32(5), code('1-0:2.8.0'), u32(6)];
  const never = [
    ...['07d0010106000005ff800000', '07d00101060b3b3bffffc480', '07b20101040000000080000', '07bc0106ff000000ff8000ff'],
    ...['083301010400000000800000', 'ffffffffffffffffff8000ff', '07d0ffffff000000ff800000', '000000000000000000000000'],
  ].map(octet => octet.padEnd(24, '0'));
  for (const sent of never) {
    it(`give no time, which is said: ${sent}`, () => {
      const octetString = octets(unhex(sent));
      assert.deepEqual(told([code('0-0:1.0.0'), octetString, ...VALUES]), [null, 'invalid'], 'named');
      assert.deepEqual(told([code('0-0:1.0.0'), { type: 'date-time', value: unhex(sent) }, ...VALUES]), [
        null,
        'invalid',
      ]);
      // Without a frame a header of zeros is no header.
      if (!/^0+$/.test(sent)) {
        assert.deepEqual(told(VALUES, sent), [null, 'invalid'], 'in the header');
        assert.deepEqual(told([CLOCK, ...VALUES], sent), [AT, undefined], 'in the header, another one in the list');
      }
      const shown = read(structure(code('0-0:1.0.0'), octetString, ...VALUES));
      assert.equal(shown[0], '0-0:1.0.0*255 = null');
    });
  }

  it('are no clocks where there is none', () => assert.deepEqual(told(VALUES), [null, undefined]));
  it('and set ones tell their time', () => {
    for (const sent of ['07d0020106000005ff800000', '07e80715070f1e05ffff8880']) {
      assert.equal(told([code('0-0:1.0.0'), octets(unhex(sent)), ...VALUES])[1], undefined, sent);
    }
  });
  it('give no time of a value either', () => {
    const row = structure(code('0-1:24.2.1'), u32(5), scale(-3, 13), u8(0), octets(unhex('07b201010400000000800000')));
    assert.deepEqual(read(array(row, row)), [
      '0-1:24.2.1*255 = 0.005 m3 at null status 0',
      '0-1:24.2.1*255 = 0.005 m3 at null status 0',
    ]);
  });
});

describe('push decoder: push object lists', () => {
  const row = (classId: number, name: string, attribute = 2, index = 0): Data =>
    structure(u16(classId), code(name), i8(attribute), u16(index));
  const table: [string, readonly Data[], readonly Data[], string[] | string][] = [
    [
      'an extended register tells scale, status and time of its value',
      [2, 3, 4, 5].map(attribute => row(4, '1-0:1.6.0', attribute)),
      [u32(4567), scale(1, 27), u8(3), CLOCK],
      [
        `1-0:1.6.0*255 = 45670 W at ${AT} status 3`,
        '1-0:1.6.0*255 = [1,27]',
        '1-0:1.6.0*255 = 3',
        `1-0:1.6.0*255 = ${AT}`,
      ],
    ],
    [
      'a demand register scales its averages and nothing else',
      [2, 3, 4, 5, 6, 8].map(attribute => row(5, '1-0:1.4.0', attribute)),
      [u32(10), u32(20), scale(1, 27), u8(0), CLOCK, u32(900)],
      [
        '1-0:1.4.0*255 = 100 W',
        `1-0:1.4.0*255 = 200 W at ${AT} status 0`,
        '1-0:1.4.0*255 = [1,27]',
        '1-0:1.4.0*255 = 0',
        `1-0:1.4.0*255 = ${AT}`,
        '1-0:1.4.0*255 = 900',
      ],
    ],
    [
      'attribute 0 stands for all of an object',
      [row(40, '0-0:25.9.0'), row(3, '1-0:1.8.0', 0), row(8, '0-0:1.0.0')],
      [structure(code('1-0:1.8.0'), u32(1234), scale(-1, ENERGY)), CLOCK],
      ['1-0:1.8.0*255 = 123.4 Wh', '1-0:1.8.0*255 = [-1,30]', `0-0:1.0.0*255 = ${AT}`],
    ],
    [
      'more values than rows: the rest has no name',
      [row(40, '0-8:25.9.0'), row(3, '1-0:1.8.0')],
      [u32(1), u32(2)],
      ['1-0:1.8.0*255 = 1 Wh', '2 = 2'],
    ],
    [
      'fewer values than rows: nobody knows which are missing',
      [row(40, '0-8:25.9.0'), row(3, '1-0:1.8.0'), row(3, '1-0:2.8.0'), row(3, '1-0:3.8.0')],
      [u32(1), u32(2)],
      'UNKNOWN_LAYOUT',
    ],
    [
      'a list where a number must be',
      [row(3, '1-0:1.8.0'), row(3, '1-0:2.8.0')],
      [structure(u32(1), u32(2))],
      'UNKNOWN_LAYOUT',
    ],
    [
      'rows of six columns, and values that are missing (SPODES)',
      ['0-0:1.0.0', '1-0:1.8.0'].map((name, i) =>
        structure(u16(i === 0 ? 8 : 3), code(name), i8(2), u16(0), structure(enumerated(0), nullData), array()),
      ),
      [nullData, nullData],
      ['0-0:1.0.0*255 = null', '1-0:1.8.0*255 = null'],
    ],
  ];
  for (const [what, list, values, expected] of table) {
    it(what, () => assert.deepEqual(read(structure(array(...list), ...values)), expected));
  }

  it('gives each attribute of a register a key of its own', () => {
    const body = structure(array(row(4, '0-1:24.2.1'), row(4, '0-1:24.2.1', 5)), u32(7), CLOCK);
    const [event] = telegramsOf(feed({}, [notificationOf(body)]));
    const keys = event?.telegram.readings.map(r => r.key) ?? [];
    assert.equal(new Set(keys).size, 2, keys.join());
  });

  it('knows no scale of a list whose push setup belongs to no known family', () => {
    const body = (setup: string): Data => structure(array(row(40, setup), row(3, '1-0:31.7.0')), u16(151));
    const sourceOf = (setup: string): unknown =>
      telegramsOf(feed({}, [notificationOf(body(setup))]))[0]?.telegram.readings[0]?.scaleSource;
    assert.equal(sourceOf('0-0:25.9.0'), 'none');
    assert.equal(sourceOf('0-6:25.9.0'), 'layout');
  });
});

describe('push decoder: notifications with a time', () => {
  const report = (time: string): Uint8Array =>
    concat(
      unhex('18'),
      time === '' ? unhex('00') : concat(Uint8Array.of(1, time.length), fromLatin1(time)),
      unhex('01 02fa00 01 0600000007'),
    );
  for (const [sent, time] of [
    ['', null],
    ['20240721153005Z', '2024-07-21T15:30:05+00:00'],
    ['20240721153005+0200', AT],
    ['20240721153005', '2024-07-21T15:30:05'],
    ['20241321153005Z', null],
  ] as const) {
    it(`reads the time of an information-report: ${sent === '' ? 'none' : sent}`, () => {
      for (const chunks of [[report(sent)], bytewise(report(sent))]) {
        const [event] = telegramsOf(feed({}, chunks));
        assert.equal(event?.telegram.time, time);
        assert.equal(event.telegram.readings[0]?.value, 7);
      }
    });
  }
});

describe('push decoder: segments', () => {
  const body = structure(
    CLOCK,
    ...Array.from({ length: 9 }, (_, i) => structure(code(`1-0:${i + 1}.8.0`), u32(1000 + i), scale(0, ENERGY))),
  );
  const apdu = notificationOf(body);
  const frames = pushFrames(apdu, { destination: unhex('cf'), source: unhex('0223'), maxInformation: 33 });

  it('are not joined across one whose flag or length was damaged', () => {
    for (const at of [0, 1, 2]) {
      for (let damaged = 1; damaged < frames.length - 1; damaged++) {
        const sent = frames.map(frame => frame.slice());
        const frame = sent[damaged] as Uint8Array;
        frame[at] = (frame[at] as number) ^ 0x08;
        for (const chunks of [sent, bytewise(concat(...sent))]) {
          const events = feed({}, chunks);
          assert.deepEqual(telegramsOf(events), [], `frame ${damaged}, octet ${at}`);
          assert.ok(codesOf(events).includes('SEGMENT_LOST'), codesOf(events).join());
        }
      }
    }
  });

  it('of two messages that were joined for want of an LLC header give no values', () => {
    const llc = new Uint8Array(0);
    const bare = pushFrames(apdu, { destination: unhex('cf'), source: unhex('0223'), maxInformation: 50, llc });
    const events = feed({}, [...bare.slice(0, -1), ...bare]);
    assert.deepEqual(telegramsOf(events), []);
    assert.ok(problemsOf(events).length > 0);
  });
});
