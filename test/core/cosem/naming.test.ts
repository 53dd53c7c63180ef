import assert from 'node:assert/strict';

import { type Data, array, enumerated, i8, octets, structure, u16, u32, visible } from '../../../src/core/cosem/data';
import { readingOf, scaleOf } from '../../../src/core/cosem/naming';
import { Obis } from '../../../src/core/obis/obis';
import { unhex } from '../../../src/core/wire/hex';

describe('a reading', () => {
  it('has the fields of the message contract, in its order', () => {
    const scale = scaleOf(structure(i8(-3), enumerated(30))) ?? undefined;
    assert.ok(scale !== undefined);
    const reading = readingOf({ obis: Obis.parse('1.8.0'), data: u32(12345678), scale, classId: 3, attribute: 2 });
    assert.equal(
      JSON.stringify(reading),
      '{"obis":"1-0:1.8.0*255","name":"Active energy import (+A) total","key":"active_energy_import","value":12345.678,' +
        '"unit":"Wh","raw":12345678,"scaler":-3,"scaleSource":"telegram","classId":3,"attribute":2}',
    );
  });
  it('keeps 64 bits', () => {
    const reading = readingOf({
      obis: Obis.parse('1.8.0'),
      data: { type: 'long64-unsigned', value: 18446744073709551615n },
      scale: { scaler: -3, unit: 'Wh', source: 'user' },
    });
    assert.equal(reading.value, '18446744073709551.615');
    assert.equal(reading.raw, '18446744073709551615');
  });
  it('is null for null-data, never 0 (Energomera sends it for every value)', () => {
    const reading = readingOf({
      obis: Obis.parse('1.8.0'),
      data: { type: 'null-data' },
      scale: { scaler: 0, unit: 'Wh', source: 'telegram' },
    });
    assert.equal(reading.value, null);
    assert.equal(reading.unit, 'Wh');
    assert.ok(!('raw' in reading));
  });
  it('names a position of a layout', () => {
    assert.deepEqual(readingOf({ obis: null, position: 3, data: u16(5) }), {
      obis: null,
      position: 3,
      name: 'Position 3',
      key: 'position_3',
      value: 5,
      unit: null,
    });
    assert.equal(
      readingOf({ obis: null, position: 0, name: 'Meter ID', key: 'meter_id', data: visible('X1') }).key,
      'meter_id',
    );
  });
  it('takes the capture time and status of an extended register', () => {
    const reading = readingOf({
      obis: Obis.parse('0-1:24.2.1'),
      classId: 4,
      attribute: 2,
      data: u32(3),
      scale: { scaler: -2, unit: 'm3', source: 'telegram' },
      capture: octets(unhex('07ea0b15060a0f0000ffc400')),
      status: u16(4),
    });
    assert.equal(reading.time, '2026-11-21T10:15:00+01:00');
    assert.equal(reading.status, 4);
    assert.equal(reading.value, 0.03);
  });

  const clock = '07ea0b15060a0f0000ffc400';
  const values: [string, string, Data, unknown][] = [
    ['reads an octet-string that is a clock', '0-0:1.0.0', octets(unhex(clock)), '2026-11-21T10:15:00+01:00'],
    ['reads a clock wrapped twice', '0-0:1.0.0', octets(unhex(`090c${clock}`)), '2026-11-21T10:15:00+01:00'],
    ['reads a clock where no clock was announced', '0-0:96.2.1', octets(unhex(clock)), '2026-11-21T10:15:00+01:00'],
    ['gives null for an unset clock', '0-0:1.0.0', octets(unhex('ffffffffffffffffff8000ff')), null],
    [
      'gives hex for twelve octets that are neither clock nor text',
      '0-0:96.1.0',
      octets(unhex('ffffffffffffffffff8000ff')),
      'ffffffffffffffffff8000ff',
    ],
    ['reads printable octets as text', '0-0:96.1.0', octets(unhex('314b464d30323030')), '1KFM0200'],
    ['drops NUL padding', '0-0:96.1.0', octets(unhex('314b464d00000000')), '1KFM'],
    ['shows other octets as hex', '0-0:96.1.0', octets(unhex('01ff')), '01ff'],
    ['shows zeros as hex, not as nothing', '0-0:96.1.0', octets(unhex('0000')), '0000'],
    ['reads local time and date', '1-0:0.9.2', octets(unhex('07e80b0f05')), '2024-11-15'],
    ['reads local time', '1-0:0.9.1', octets(unhex('0e2d2d00')), '14:45:45'],
    ['reads a visible-string', '0-0:96.1.7', visible('6525'), '6525'],
    ['reads utf8', '0-0:96.13.0', { type: 'utf8-string', value: unhex('c3a978') }, 'éx'],
    ['reads a boolean', '0-0:96.3.10', { type: 'boolean', value: true }, true],
    ['reads an enum', '0-0:96.3.10', enumerated(1), 1],
    ['reads a bit-string', '0-0:96.5.0', { type: 'bit-string', value: '1010' }, '1010'],
    ['reads a float as it was meant', '1-0:32.7.0', { type: 'float32', value: Math.fround(230.1) }, 230.1],
    ['gives null for NaN', '1-0:32.7.0', { type: 'float64', value: NaN }, null],
    ['writes a list as JSON', '0-0:94.1.0', array(u16(9400)), '[9400]'],
  ];
  for (const [what, code, data, value] of values) {
    it(what, () => assert.deepEqual(readingOf({ obis: Obis.parse(code), data }).value, value));
  }
});

describe('scaler and unit', () => {
  it('is a structure of integer and enum', () => {
    assert.deepEqual(scaleOf(structure(i8(3), enumerated(255))), { scaler: 3, unit: null, source: 'telegram' });
    for (const other of [
      undefined,
      u16(1),
      structure(i8(1)),
      structure(u32(1), enumerated(1)),
      array(i8(1), enumerated(30)),
    ]) {
      assert.equal(scaleOf(other), null);
    }
  });
});
