// Lists of meters that nobody has seen yet: names and values in any arrangement, push object lists of every class.
// Built here from the standard, with invented numbers. What cannot be attributed for sure must not come out as a value.

import assert from 'node:assert/strict';
import {
  array,
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
import { bytewise, codesOf, feed, problemsOf, telegramsOf } from './feeding';

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
