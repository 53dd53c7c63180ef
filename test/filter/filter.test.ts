import assert from 'node:assert/strict';

import { type Data, octets, u32 } from '../../src/core/cosem/data';
import { type ReadingSource, readingOf } from '../../src/core/cosem/naming';
import { Obis } from '../../src/core/obis/obis';
import type { Reading, Telegram } from '../../src/core/cosem/reading';
import { type FilterOptions, type FilterResult, ObisFilter } from '../../src/filter/filter';
import { OUTPUT_FORMS, type OutputForm } from '../../src/filter/forms';
import { type RuleSetting, parseRules } from '../../src/filter/rule';
import { isDlmsError } from '../../src/core/wire/errors';
import { obisTexts } from '../../src/nodes/lib/obis-languages';
import { unhex } from '../../src/core/wire/hex';

const T0 = Date.UTC(2026, 10, 21, 9, 15);
const DEFAULTS: FilterOptions = {
  rules: [],
  output: 'readings',
  require: 'nothing',
  onChange: false,
  deadband: null,
  minMs: null,
  maxMs: null,
  duplicates: false,
  counters: false,
  maxPerHour: null,
  acceptAfter: 3,
  hold: false,
  holdMs: null,
  measurement: 'meter',
  texts: true,
  homeAssistant: { discoveryPrefix: 'homeassistant', statePrefix: 'dlms', texts: null, steady: true },
  maxMeters: 100_000,
};
const filterOf = (
  output: OutputForm,
  rules: readonly RuleSetting[] = [],
  more: Partial<FilterOptions> = {},
): ObisFilter => new ObisFilter({ ...DEFAULTS, output, rules: parseRules(rules), ...more });

const wh = (code: string, raw: number, more: Partial<ReadingSource> = {}): Reading =>
  readingOf({
    obis: Obis.parse(code),
    data: u32(raw),
    scale: { scaler: 0, unit: 'Wh', source: 'telegram' },
    classId: 3,
    attribute: 2,
    ...more,
  });
const watts = (raw: number): Reading =>
  readingOf({ obis: Obis.parse('1.7.0'), data: u32(raw), scale: { scaler: 0, unit: 'W', source: 'telegram' } });
const volts = (raw: number): Reading =>
  readingOf({ obis: Obis.parse('32.7.0'), data: u32(raw), scale: { scaler: -1, unit: 'V', source: 'telegram' } });
const text = (code: string, value: Data): Reading => readingOf({ obis: Obis.parse(code), data: value });

function telegram(readings: readonly Reading[], time: string | null = '2026-11-21T10:15:00+01:00'): Telegram {
  return {
    meter: { id: '1TST0000000042', manufacturer: 'TST', model: null },
    time,
    receivedAt: '2026-11-21T09:15:01.204Z',
    readings,
  };
}
const HOUSE = telegram([
  wh('1.8.0', 12345678),
  wh('2.8.0', 77),
  watts(1500),
  volts(2301),
  text('0-0:96.1.0', octets(unhex('31545354'))),
]);

const fields = (r: FilterResult): Readonly<Record<string, unknown>>[] => r.messages.map(m => m.fields);
const payloads = (r: FilterResult): unknown[] => r.messages.map(m => m.fields['payload']);

describe('OBIS filter: choosing', () => {
  it('lets everything pass without rules', () => {
    const result = filterOf('readings').process({ payload: HOUSE }, T0);
    assert.deepEqual(payloads(result), [12345678, 77, 1500, 230.1, '1TST']);
    assert.equal(result.sent, 5);
  });
  it('sends only what a rule chooses, converted', () => {
    const result = filterOf('readings', [
      { obis: '1.8.0', unit: 'kWh', round: 1, name: 'Import', topic: 'home/{meter}/energy' },
    ]).process({ payload: HOUSE }, T0);
    assert.deepEqual(fields(result), [
      {
        topic: 'home/1TST0000000042/energy',
        payload: 12345.7,
        unit: 'kWh',
        obis: '1-0:1.8.0*255',
        name: 'Import',
        time: '2026-11-21T10:15:00+01:00',
        timestamp: T0,
        meter: '1TST0000000042',
      },
    ]);
  });
  it('lets no meter choose the topic: its values fill one level each', () => {
    const foreign = { ...HOUSE, meter: { ...HOUSE.meter, id: '+/#\u0000a/b\nc' } };
    const result = filterOf('readings', [
      { obis: '1.8.0', topic: 'meters/{meter}/{name}/{obis}', name: 'of {meter}' },
    ]).process({ payload: foreign }, T0);
    assert.equal(fields(result)[0]?.['topic'], 'meters/____a_b_c/Active energy import (_A) total/1-0:1.8.0*255');
    assert.equal(fields(result)[0]?.['name'], 'of +/#_a/b_c');
  });
  it('lets two plain rules send one code twice, and a wildcard take only the rest', () => {
    const result = filterOf('flat', [
      { obis: '*' },
      { obis: '1.8.0', unit: 'kWh', name: 'kwh' },
      { obis: '1.8.0', name: 'wh' },
    ]).process({ payload: HOUSE }, T0);
    assert.deepEqual(Object.keys(payloads(result)[0] as object), [
      'kwh',
      'wh',
      'active_energy_export',
      'active_power_import',
      'voltage_l1',
      'device_id',
    ]);
  });
  it('takes values out of bracket pairs of text protocols', () => {
    const demand: Reading = {
      obis: '1-0:1.6.1*255',
      id: '1.6.1',
      name: 'Maximum',
      key: 'active_power_import_max_t1',
      value: 24.81,
      unit: 'kW',
      text: '24.81*kW',
      time: '2016-04-07T09:00:00',
      sets: [
        { text: '24.81*kW', value: 24.81, unit: 'kW' },
        { text: '1604070900', time: '2016-04-07T09:00:00' },
      ],
    };
    const rules = [
      { obis: '1.6.1', unit: 'W' },
      { obis: '1.6.1~1t' },
      { obis: '1.6.1', select: '~1s' },
      { obis: '1.6.1', select: 'text' },
      { obis: '1.6.1', select: 'time' },
      { obis: '1.6.1~2' },
    ];
    const [flat] = payloads(filterOf('flat', rules).process({ payload: telegram([demand]) }, T0));
    assert.deepEqual(flat, {
      active_power_import_max_t1: 24810,
      active_power_import_max_t1_2_time: '2016-04-07T09:00:00',
      active_power_import_max_t1_2_text: '1604070900',
      active_power_import_max_t1_text: '24.81*kW',
      active_power_import_max_t1_time: '2016-04-07T09:00:00',
    });
  });
  it('takes the last pair of a list that grows, with the time that it is of', () => {
    const peaks: Reading = {
      obis: '0-0:98.1.0*255',
      id: '0-0:98.1.0',
      name: 'Peaks',
      key: 'billing_profile_1',
      value: '2',
      unit: null,
      time: '2023-01-01T00:00:00+01:00',
      sets: [
        { text: '02.772*kW', value: 2.772, unit: 'kW', time: '2022-12-02T16:45:00+01:00' },
        { text: '02.602*kW', value: 2.602, unit: 'kW', time: '2023-01-25T17:10:00+01:00' },
      ],
    };
    const rules = [{ obis: '0-0:98.1.0~last', unit: 'W' }, { obis: '98.1.0~lastt' }];
    const { messages } = filterOf('readings', rules).process({ payload: telegram([peaks]) }, T0);
    assert.deepEqual(
      messages.map(({ fields: { payload, topic, time } }) => [payload, topic, time]),
      [
        [2602, 'billing_profile_1_last', '2023-01-25T17:10:00+01:00'],
        ['2023-01-25T17:10:00+01:00', 'billing_profile_1_last_time', '2023-01-25T17:10:00+01:00'],
      ],
    );
  });
  it('gives history without unit the unit of the current value', () => {
    const now: Reading = { obis: '1-0:1.8.0*255', id: '1.8.0', name: 'n', key: 'k', value: 12.5, unit: 'kWh' };
    const past: Reading = { obis: '1-0:1.8.0*1', id: '1.8.0*01', name: 'p', key: 'p', value: 11, unit: null };
    assert.deepEqual(
      payloads(filterOf('readings', [{ obis: '1.8.0*1', unit: 'Wh' }]).process({ payload: telegram([now, past]) }, T0)),
      [11000],
    );
  });
  it('converts what is text only because it is long: it has a unit', () => {
    const long = { obis: '1-0:1.8.0*255', name: 'n', key: 'energy', value: '12345678901234.5678', unit: 'kWh' };
    const [msg] = fields(
      filterOf('readings', [{ obis: '1.8.0', unit: 'MWh' }]).process({ payload: telegram([long]) }, T0),
    );
    assert.deepEqual([msg?.['payload'], msg?.['unit']], ['12345678901.2345678', 'MWh']);
  });
  it('gives a time no unit, though the rule asks for one', () => {
    const now: Reading = {
      obis: '1-0:1.6.0*255',
      name: 'n',
      key: 'k',
      value: 2,
      unit: 'kW',
      time: '2026-11-20T11:45:00',
    };
    const filter = filterOf('readings', [{ obis: '1.6.0', select: 'time', unit: 'W' }]);
    const [msg] = fields(filter.process({ payload: telegram([now]) }, T0));
    assert.deepEqual([msg?.['payload'], msg?.['unit']], ['2026-11-20T11:45:00', null]);
  });
  it('holds back what cannot be converted, and says why', () => {
    const { messages, held } = filterOf('readings', [
      { obis: '*.7.0', unit: 'kW' },
      { obis: '96.1.0', type: 'number' },
    ]).process({ payload: HOUSE }, T0);
    assert.equal(messages.length, 1);
    assert.deepEqual(
      held.map(h => h.payload),
      [
        {
          reason: 'unit',
          message: 'Voltage L1 (1-0:32.7.0*255): 230.1 V cannot be shown in kW; it is held back',
          value: 230.1,
          last: null,
          key: 'voltage_l1',
        },
        {
          reason: 'type',
          message: 'Device ID (0-0:96.1.0*255): "1TST" is not a number; it is held back',
          value: '1TST',
          last: null,
          key: 'device_id',
        },
      ],
    );
  });
  it('uses the time of receipt when the meter sent none', () => {
    const [message] = fields(filterOf('readings').process({ payload: telegram([watts(1)], null) }, 5));
    assert.equal(message?.['time'], null);
    assert.equal(message?.['timestamp'], Date.parse('2026-11-21T09:15:01.204Z'));
  });
  it('prefers the time of the value itself', () => {
    const gas = wh('0-1:24.2.1', 5, { capture: octets(unhex('07ea0b15060a000000ffc400')) });
    assert.equal(
      fields(filterOf('readings').process({ payload: telegram([gas]) }, T0))[0]?.['time'],
      '2026-11-21T10:00:00+01:00',
    );
  });
});

describe('OBIS filter: output forms', () => {
  it('flat: one object, units beside it, repeated codes numbered', () => {
    const [message] = fields(
      filterOf('flat').process({ payload: telegram([wh('1.8.0', 1), wh('1.8.0', 2), watts(3)]) }, T0),
    );
    assert.deepEqual(message, {
      payload: { active_energy_import: 1, active_energy_import_2: 2, active_power_import: 3 },
      units: { active_energy_import: 'Wh', active_energy_import_2: 'Wh', active_power_import: 'W' },
      time: '2026-11-21T10:15:00+01:00',
      timestamp: T0,
      meter: '1TST0000000042',
    });
  });
  it('telegram: the telegram with the chosen readings only', () => {
    const [payload] = payloads(
      filterOf('telegram', [{ obis: '1.8.0', unit: 'kWh' }]).process({ payload: HOUSE }, T0),
    ) as Telegram[];
    assert.deepEqual(payload, { ...HOUSE, readings: [{ ...HOUSE.readings[0], value: 12345.678, unit: 'kWh' }] });
    assert.equal(HOUSE.readings[0]?.value, 12345678, 'what came in is not changed');
  });
  it('telegram: goes through a second filter', () => {
    const first = filterOf('telegram', [{ obis: '1.8.0', unit: 'kWh' }]).process({ payload: HOUSE }, T0);
    assert.deepEqual(
      payloads(filterOf('readings', [{ obis: '1.8.0', unit: 'MWh' }]).process({ payload: payloads(first)[0] }, T0)),
      [12.345678],
    );
  });
  it('per-rule: each rule on its own output', () => {
    const { messages } = filterOf('per-rule', [{ obis: '2.8.0' }, { obis: '*.7.0' }]).process({ payload: HOUSE }, T0);
    assert.deepEqual(
      messages.map(m => [m.output, m.fields['payload']]),
      [
        [0, 77],
        [1, 1500],
        [1, 230.1],
      ],
    );
  });
  it('influx: points as the batch node takes them, by time', () => {
    const gas = wh('0-1:24.2.1', 5, { capture: octets(unhex('07ea0b15060a000000ffc400')) });
    const long = readingOf({
      obis: Obis.parse('3.8.0'),
      data: { type: 'long64-unsigned', value: 18446744073709551615n },
      scale: { scaler: -3, unit: 'varh', source: 'telegram' },
    });
    const none = readingOf({ obis: Obis.parse('4.8.0'), data: { type: 'null-data' } });
    const [points] = payloads(
      filterOf('influx', [], { measurement: 'house' }).process(
        { payload: telegram([wh('1.8.0', 7), gas, long, none]) },
        T0,
      ),
    );
    assert.deepEqual(points, [
      {
        measurement: 'house',
        fields: { active_energy_import: 7, reactive_energy_import: 18446744073709551.615 },
        tags: { meter: '1TST0000000042' },
        timestamp: new Date(T0),
      },
      {
        measurement: 'house',
        fields: { m_bus_value_1_ch1: 5 },
        tags: { meter: '1TST0000000042' },
        timestamp: new Date(T0 - 900_000),
      },
    ]);
  });
  it('influx: a long number goes in as a number, a long identifier as the text it is', () => {
    const long = { obis: '1-0:1.8.0*255', name: 'n', key: 'energy', value: '12345678901234567', unit: 'Wh' };
    const id = { obis: '0-0:96.1.1*255', name: 'n', key: 'equipment', value: '871687140012345678', unit: null };
    const pointOf = (filter: ObisFilter): unknown =>
      (payloads(filter.process({ payload: telegram([long, id]) }, T0))[0] as { fields: unknown }[])[0]?.fields;
    assert.deepEqual(pointOf(filterOf('influx')), { energy: 12345678901234568, equipment: '871687140012345678' });
    assert.deepEqual(pointOf(filterOf('influx', [{ obis: '1.8.0', type: 'string' }])), { energy: '12345678901234567' });
  });
  it('influx: texts only where they are wanted, or a rule makes one of a value', () => {
    const readings = [
      { obis: '1-0:1.8.0*255', name: 'n', key: 'energy', value: '12345678901234567', unit: 'Wh' },
      { obis: '0-0:96.1.1*255', name: 'n', key: 'equipment', value: '871687140012345678', unit: null },
    ];
    const fieldsOf = (rules: object[]): unknown => {
      const [points] = payloads(
        filterOf('influx', rules, { texts: false }).process({ payload: telegram(readings) }, T0),
      );
      return (points as { fields: unknown }[])[0]?.fields;
    };
    assert.deepEqual(fieldsOf([]), { energy: 12345678901234568 });
    assert.deepEqual(fieldsOf([{ obis: '0-0:96.1.1', type: 'string' }]), { equipment: '871687140012345678' });
  });
  it('sql: one row a reading', () => {
    const [rows] = payloads(filterOf('sql', [{ obis: '1.8.0', unit: 'kWh' }]).process({ payload: HOUSE }, T0));
    assert.deepEqual(rows, [
      {
        meter: '1TST0000000042',
        time: '2026-11-21T10:15:00+01:00',
        obis: '1-0:1.8.0*255',
        key: 'active_energy_import',
        value: 12345.678,
        unit: 'kWh',
      },
    ]);
  });
  it('sends nothing when nothing is chosen', () => {
    for (const form of OUTPUT_FORMS) {
      assert.deepEqual(filterOf(form, [{ obis: '99.99.99' }]).process({ payload: HOUSE }, T0).messages, [], form);
    }
  });
  it('writes a label named like a part of every object as any other', () => {
    const [payload] = payloads(
      filterOf('flat', [{ obis: '1.7.0', name: '__proto__' }]).process({ payload: HOUSE }, T0),
    );
    assert.deepEqual(Object.entries(payload as object), [['__proto__', 1500]]);
    assert.equal(({} as Record<string, unknown>)['1500'], undefined);
  });
});

describe('OBIS filter: Home Assistant', () => {
  const rules = [{ obis: '1.8.0', unit: 'kWh' }, { obis: '1.7.0', name: 'Power now' }, { obis: '96.1.0' }];
  it('announces each entity once, then sends states', () => {
    const filter = filterOf('homeassistant', rules);
    const first = filter.process({ payload: HOUSE }, T0);
    assert.deepEqual(
      first.messages.slice(0, 2).map(m => m.fields),
      [
        {
          topic: 'homeassistant/sensor/dlms_1tst0000000042/active_energy_import/config',
          retain: true,
          payload: {
            name: 'Active energy import (+A) total',
            unique_id: 'dlms_1tst0000000042_active_energy_import',
            state_topic: 'dlms/1tst0000000042/active_energy_import',
            unit_of_measurement: 'kWh',
            device_class: 'energy',
            state_class: 'total_increasing',
            availability_topic: 'dlms/1tst0000000042/availability',
            device: {
              identifiers: ['dlms_1tst0000000042'],
              name: 'Meter 1TST0000000042',
              manufacturer: 'TST',
              serial_number: '1TST0000000042',
            },
            origin: { name: 'node-red-dlms' },
          },
        },
        {
          topic: 'homeassistant/sensor/dlms_1tst0000000042/power_now/config',
          retain: true,
          payload: {
            name: 'Power now',
            unique_id: 'dlms_1tst0000000042_power_now',
            state_topic: 'dlms/1tst0000000042/power_now',
            unit_of_measurement: 'W',
            device_class: 'power',
            state_class: 'measurement',
            availability_topic: 'dlms/1tst0000000042/availability',
            device: {
              identifiers: ['dlms_1tst0000000042'],
              name: 'Meter 1TST0000000042',
              manufacturer: 'TST',
              serial_number: '1TST0000000042',
            },
            origin: { name: 'node-red-dlms' },
          },
        },
      ],
    );
    assert.deepEqual(
      first.messages.slice(3).map(m => [m.fields['topic'], m.fields['payload'], m.fields['retain']]),
      [
        ['dlms/1tst0000000042/active_energy_import', 12345.678, false],
        ['dlms/1tst0000000042/power_now', 1500, false],
        ['dlms/1tst0000000042/device_id', '1TST', false],
        ['dlms/1tst0000000042/availability', 'online', true],
      ],
    );
    assert.equal(filter.process({ payload: HOUSE }, T0).messages.length, 3);
  });
  it('sends all entities and their last states again when asked, also those that have not changed since', () => {
    const filter = filterOf('homeassistant', rules, { onChange: true });
    const first = filter.process({ payload: HOUSE }, T0).messages;
    assert.deepEqual(filter.sendAgain(), first);
    assert.deepEqual(filter.process({ payload: HOUSE }, T0).messages, [], 'they are announced, and did not change');
    filter.reset();
    assert.deepEqual(filter.sendAgain(), []);
  });
  it('announces again after a restart, even with saved state and values that did not change', () => {
    const filter = filterOf('homeassistant', rules, { onChange: true });
    filter.process({ payload: HOUSE }, T0);
    const again = filterOf('homeassistant', rules, { onChange: true });
    again.load(JSON.parse(JSON.stringify(filter.save())));
    assert.equal(again.process({ payload: HOUSE }, T0).messages.length, 7);
  });
  const looks: readonly (readonly [
    string,
    string | null,
    string | undefined,
    string | undefined,
    string | undefined,
  ])[] = [
    ['1-0:2.8.1*255', 'Wh', 'Wh', 'energy', 'total_increasing'],
    ['1-0:16.8.0*255', 'Wh', 'Wh', 'energy', 'total'],
    ['1-0:1.29.0*255', 'kWh', 'kWh', 'energy', 'total'],
    ['1-0:3.8.0*255', 'varh', 'varh', 'reactive_energy', 'total_increasing'],
    ['1-0:3.8.0*255', 'kVArh', 'kvarh', 'reactive_energy', 'total_increasing'],
    ['1-0:3.8.0*255', 'KVARH', 'kvarh', 'reactive_energy', 'total_increasing'],
    ['1-0:3.29.0*255', 'kvarh', 'kvarh', 'reactive_energy', 'total'],
    ['1-0:3.8.0*255', 'Mvarh', 'Mvarh', undefined, 'total_increasing'],
    ['1-0:9.8.0*255', 'kVAh', 'kVAh', undefined, 'total_increasing'],
    ['1-0:1.8.0*255', 'KWH', 'kWh', 'energy', 'total_increasing'],
    ['1-0:1.7.0*255', 'KW', 'kW', 'power', 'measurement'],
    ['1-0:3.7.0*255', 'var', 'var', 'reactive_power', 'measurement'],
    ['1-0:3.7.0*255', 'kVAr', 'kvar', 'reactive_power', 'measurement'],
    ['1-0:3.7.0*255', 'Var', 'var', 'reactive_power', 'measurement'],
    ['1-0:9.7.0*255', 'kVA', 'kVA', 'apparent_power', 'measurement'],
    ['6-0:10.0.0*255', 'C', '°C', 'temperature', 'measurement'],
    ['6-0:9.0.0*255', 'm3ph', 'm³/h', 'volume_flow_rate', 'measurement'],
    ['6-0:9.0.0*255', 'l/h', 'L/h', 'volume_flow_rate', 'measurement'],
    ['8-0:1.0.0*255', 'l', 'L', 'water', 'total_increasing'],
    ['7-0:3.0.0*255', 'L', 'L', 'volume', 'total_increasing'],
    ['6-0:6.8.0*255', 'MWh', 'MWh', 'energy', 'total_increasing'],
    ['6-0:6.26.0*255', 'm3', 'm³', 'volume', 'total_increasing'],
    ['1-0:32.7.0*255', 'V', 'V', 'voltage', 'measurement'],
    ['1-0:14.7.0*255', 'Hz', 'Hz', 'frequency', 'measurement'],
    ['1-0:13.7.0*255', null, undefined, 'power_factor', 'measurement'],
    ['7-0:3.0.0*255', 'm3', 'm³', 'gas', 'total_increasing'],
    ['8-0:1.0.0*255', 'm3', 'm³', 'water', 'total_increasing'],
    ['0-1:24.2.1*255', 'm3', 'm³', 'volume', 'total_increasing'],
    ['6-0:2.0.0*255', 'm3', 'm³', 'volume', 'total_increasing'],
    ['7-0:3.0.0*12', 'm3', 'm³', 'gas', 'total'],
    ['6-0:1.0.0*255', 'GJ', 'GJ', 'energy', 'total_increasing'],
  ];
  for (const [obis, unit, shown, deviceClass, stateClass] of looks) {
    it(`${obis} in ${unit} is ${deviceClass ?? 'no class'}, ${stateClass}`, () => {
      const reading: Reading = { obis, name: 'n', key: 'k', value: 1, unit };
      const [config] = payloads(filterOf('homeassistant').process({ payload: telegram([reading]) }, T0)) as Record<
        string,
        unknown
      >[];
      assert.deepEqual(
        [config?.['unit_of_measurement'], config?.['device_class'], config?.['state_class']],
        [shown, deviceClass, stateClass],
      );
    });
  }
  it('knows gas and water on M-Bus channels by the device types in the telegram', () => {
    const on = (channel: number, code: string, value: number, unit: string | null): Reading => {
      const key = `c${channel}_${code}`;
      return { obis: `0-${channel}:${code}*255`, name: key, key, value, unit };
    };
    const readings = [3, 7, 4].flatMap((type, i) => [
      on(i + 1, '24.1.0', type, null),
      on(i + 1, '24.2.1', 12.5, type === 4 ? 'GJ' : 'm3'),
    ]);
    const filter = filterOf('homeassistant', [{ obis: '*-*:24.2.1' }]);
    const configs = payloads(filter.process({ payload: telegram(readings) }, T0)).slice(0, 3);
    assert.deepEqual(
      configs.map(config => (config as Record<string, unknown>)['device_class']),
      ['gas', 'water', 'energy'],
    );
    const later = filter.process({ payload: telegram([on(1, '24.2.1', 13, 'm3')]) }, T0).messages;
    assert.equal(later.length, 1, 'a telegram without device types announces nothing else');
  });
  it('makes a device of its own of a meter behind a meter, and keeps what its entities are called', () => {
    const water: Reading = {
      ...{ obis: '0-1:24.2.1*255', name: 'n', key: 'k', value: 1, unit: 'm3' },
      meter: { id: '8WTR0000000018', manufacturer: 'WTR', model: null },
    };
    const filter = filterOf('homeassistant');
    const [own, behind] = payloads(filter.process({ payload: telegram([watts(5), water]) }, T0)) as {
      unique_id: string;
      device: Record<string, unknown>;
    }[];
    assert.equal(behind?.unique_id, 'dlms_1tst0000000042_k');
    assert.deepEqual(behind.device, {
      identifiers: ['dlms_8wtr0000000018'],
      name: 'Meter 8WTR0000000018',
      manufacturer: 'WTR',
      serial_number: '8WTR0000000018',
      via_device: 'dlms_1tst0000000042',
    });
    assert.deepEqual(own?.device['identifiers'], ['dlms_1tst0000000042']);
    assert.ok(!('via_device' in own.device));
    assert.equal(filter.process({ payload: telegram([watts(6), water]) }, T0).messages.length, 2);
  });
  it('takes a device without a name away when its meter says one, once', () => {
    const nameless = { ...telegram([watts(5)]), meter: { id: null, manufacturer: null, model: null } };
    const filter = filterOf('homeassistant');
    const sent = (payload: unknown): unknown[] =>
      filter.process({ payload }, T0).messages.map(m => [m.fields['topic'], m.fields['payload'] === '']);
    const config = 'homeassistant/sensor/dlms_meter/active_power_import/config';
    assert.deepEqual(sent(nameless)[0], [config, false]);
    assert.deepEqual(sent(telegram([watts(5)]))[0], [config, true]);
    assert.deepEqual(sent(telegram([watts(5)])).length, 1);
    assert.deepEqual(sent(nameless)[0], [config, false], 'it is another meter, then');
    assert.deepEqual(sent(telegram([watts(5)])).length, 1);
    assert.deepEqual(sent(nameless).length, 1);
  });
  it('keeps values of one name apart, each with its own entity, also when only one of them changed', () => {
    const filter = filterOf('homeassistant', [{ obis: '1.7.0' }], { onChange: true });
    const topics = (first: number, second: number): unknown[] =>
      filter.process({ payload: telegram([watts(first), watts(second)]) }, T0).messages.map(m => m.fields['topic']);
    const [, , one, two] = topics(1, 2);
    assert.deepEqual(two, `${String(one)}_2`);
    assert.deepEqual(topics(1, 3), [two]);
  });
  it('spells topics of own names without marks on letters', () => {
    const filter = filterOf('homeassistant', [{ obis: '1.7.0', name: 'Zähler Küche' }]);
    assert.equal(
      filter.process({ payload: HOUSE }, T0).messages[1]?.fields['topic'],
      'dlms/1tst0000000042/zahler_kuche',
    );
  });
  it('has no state for null', () => {
    const reading: Reading = { obis: '1-0:1.8.0*255', name: 'n', key: 'k', value: null, unit: 'Wh' };
    assert.deepEqual(filterOf('homeassistant').process({ payload: telegram([reading]) }, T0).messages, []);
  });
  it('tells that a meter is silent within three of its periods, and that it is there again', () => {
    const filter = filterOf('homeassistant', [{ obis: '1.7.0' }], { onChange: true });
    const availability = (messages: FilterResult['messages']): unknown[] =>
      messages.filter(m => /availability$/.test(String(m.fields['topic']))).map(m => m.fields['payload']);
    const hear = (atS: number): unknown[] =>
      availability(filter.process({ payload: telegram([watts(5)]) }, T0 + 1000 * atS).messages);
    assert.deepEqual(hear(0), ['online']);
    assert.deepEqual(availability(filter.silent(T0 + 86_400_000)), [], 'its rhythm is not known yet');
    for (const at of [10, 20, 30]) assert.deepEqual(hear(at), [], 'unchanged values: it is there all the same');
    assert.deepEqual(availability(filter.silent(T0 + 60_000)), []);
    assert.deepEqual(availability(filter.silent(T0 + 60_001)), ['offline']);
    assert.deepEqual(availability(filter.silent(T0 + 70_000)), [], 'once');
    assert.deepEqual(hear(1000), ['online']);
    assert.deepEqual(hear(1010), []);
    assert.deepEqual(availability(filter.silent(T0 + 1_041_000)), ['offline'], 'the outage was no period');
  });
  it('takes lists in turn for what they are: no list makes the meter silent between two of the other', () => {
    const filter = filterOf('homeassistant');
    for (const at of [0, 10, 20, 300, 310, 320, 600]) filter.process({ payload: telegram([watts(5)]) }, T0 + 1000 * at);
    assert.deepEqual(filter.silent(T0 + 880_000), []);
  });
  it('lets states expire within three periods where each telegram brings all, and announces no new end for each telegram', () => {
    const filter = filterOf('homeassistant', [{ obis: '1.7.0' }]);
    const told: unknown[] = [];
    for (let i = 0; i < 50; i++) {
      const { messages } = filter.process({ payload: telegram([watts(5)]) }, T0 + 10_000 * i + (i % 3) * 300);
      for (const m of messages) {
        if (String(m.fields['topic']).endsWith('/config'))
          told.push((m.fields['payload'] as Record<string, unknown>)['expire_after']);
      }
    }
    assert.deepEqual(told, [undefined, 29]);
    const sparse = filterOf('homeassistant', [{ obis: '1.7.0' }], {
      homeAssistant: { ...DEFAULTS.homeAssistant, steady: false },
    });
    for (const at of [0, 10, 20, 30]) {
      const [first] = payloads(sparse.process({ payload: telegram([watts(at)]) }, T0 + 1000 * at)) as Record<
        string,
        unknown
      >[];
      assert.ok(first === undefined || !('expire_after' in Object(first)));
    }
  });
  it('knows a time with its offset as a timestamp, and what is of the device as diagnostic', () => {
    const lookOf = (value: Reading['value'], unit: string | null = null): unknown[] => {
      const reading: Reading = { obis: '0-0:1.0.0*255', name: 'n', key: 'k', value, unit };
      const [config] = payloads(filterOf('homeassistant').process({ payload: telegram([reading]) }, T0)) as Record<
        string,
        unknown
      >[];
      return [config?.['device_class'], config?.['entity_category']];
    };
    assert.deepEqual(lookOf('2026-11-21T10:15:00+01:00'), ['timestamp', 'diagnostic']);
    assert.deepEqual(lookOf('2026-11-21T09:15:00Z'), ['timestamp', 'diagnostic']);
    assert.deepEqual(lookOf('2026-11-21T10:15:00'), [undefined, 'diagnostic']);
    assert.deepEqual(lookOf('1TST0000000042'), [undefined, 'diagnostic']);
    assert.deepEqual(lookOf(5, 'W'), ['power', undefined]);
    assert.deepEqual(lookOf(true), [undefined, undefined]);
  });
  it('says only keys that the MQTT sensor of Home Assistant has', () => {
    // www.home-assistant.io/integrations/sensor.mqtt, configuration variables, 2025.9.
    const known =
      /^(availability_topic|device|device_class|entity_category|expire_after|name|origin|state_class|state_topic|unique_id|unit_of_measurement)$/;
    const device = /^(identifiers|name|manufacturer|model|serial_number|via_device)$/;
    for (const config of payloads(filterOf('homeassistant').process({ payload: HOUSE }, T0)).filter(
      p => typeof p === 'object',
    )) {
      for (const key of Object.keys(config as object)) assert.match(key, known);
      for (const key of Object.keys((config as { device: object }).device)) assert.match(key, device);
    }
  });
  it('calls entities in the language that is chosen, but what a rule calls them', () => {
    const names = (rules: readonly RuleSetting[]): unknown[] =>
      (
        payloads(
          filterOf('homeassistant', rules, {
            homeAssistant: { ...DEFAULTS.homeAssistant, texts: obisTexts('de') },
          }).process({ payload: telegram([watts(5)]) }, T0),
        ) as Record<string, unknown>[]
      ).map(config => config['name']);
    assert.deepEqual(names([])[0], 'Wirkleistung Bezug (+A)');
    assert.deepEqual(names([{ obis: '1.7.0', name: 'Power now' }])[0], 'Power now');
  });
});

describe('OBIS filter: time series and pages of values', () => {
  const lines = (r: FilterResult): string[] => payloads(r).flatMap(p => String(p).split('\n'));
  it('line protocol: a line for each time, numbers and chosen texts, nanoseconds', () => {
    const filter = filterOf('line-protocol', [], { texts: false });
    assert.deepEqual(lines(filter.process({ payload: HOUSE }, T0)), [
      'meter,meter=1TST0000000042 active_energy_import=12345678,active_energy_export=77,active_power_import=1500,' +
        `voltage_l1=230.1 ${T0}000000`,
    ]);
    const texts = filterOf('line-protocol', [{ obis: '96.1.0' }]);
    assert.deepEqual(lines(texts.process({ payload: HOUSE }, T0)), [
      `meter,meter=1TST0000000042 device_id="1TST" ${T0}000000`,
    ]);
  });
  it('line protocol: what a telegram says stays a name or a text, whatever it holds', () => {
    const strange = {
      ...telegram([{ ...watts(1), obis: null, id: 'x', key: 'a=b, c\\', value: 'say "hi"\\\nevil x=1 1', unit: null }]),
      meter: { id: 'a,b =c\nevil\\', manufacturer: null, model: null },
    };
    const filter = filterOf('line-protocol', [], { measurement: 'my, meter' });
    assert.deepEqual(lines(filter.process({ payload: strange }, T0)), [
      `my\\,\\ meter,meter=a\\,b\\ \\=c_evil_ a\\=b\\,\\ c_="say \\"hi\\"\\\\ evil x=1 1" ${T0}000000`,
    ]);
  });
  it('ThingsBoard: a device for each meter, values with their time', () => {
    const { messages } = filterOf('thingsboard', [{ obis: '1.7.0' }]).process({ payload: HOUSE }, T0);
    assert.deepEqual(messages, [
      {
        output: 0,
        fields: {
          topic: 'v1/gateway/telemetry',
          payload: { '1TST0000000042': [{ ts: T0, values: { active_power_import: 1500 } }] },
        },
      },
    ]);
  });
  it('Prometheus: nothing by itself, the last values of all meters when asked, each metric once', () => {
    const filter = filterOf('prometheus', [], { onChange: true });
    const other = { ...telegram([wh('1.8.0', 5)]), meter: { id: 'B "x"\\\n', manufacturer: null, model: null } };
    assert.deepEqual(filter.process({ payload: HOUSE }, T0).messages, []);
    filter.process({ payload: other }, T0);
    assert.equal(
      filter.metrics(T0),
      [
        '# HELP meter_last_seen_timestamp_seconds When the meter was last heard, seconds since 1970',
        '# TYPE meter_last_seen_timestamp_seconds gauge',
        `meter_last_seen_timestamp_seconds{meter="1TST0000000042"} ${T0 / 1000}`,
        `meter_last_seen_timestamp_seconds{meter="B \\"x\\"\\\\_"} ${T0 / 1000}`,
        '# HELP meter_active_energy_import_Wh_total Active energy import (+A) total, Wh',
        '# TYPE meter_active_energy_import_Wh_total counter',
        'meter_active_energy_import_Wh_total{meter="1TST0000000042",obis="1-0:1.8.0*255"} 12345678',
        'meter_active_energy_import_Wh_total{meter="B \\"x\\"\\\\_",obis="1-0:1.8.0*255"} 5',
        '# HELP meter_active_energy_export_Wh_total Active energy export (-A) total, Wh',
        '# TYPE meter_active_energy_export_Wh_total counter',
        'meter_active_energy_export_Wh_total{meter="1TST0000000042",obis="1-0:2.8.0*255"} 77',
        '# HELP meter_active_power_import_W Active power import (+A), W',
        '# TYPE meter_active_power_import_W gauge',
        'meter_active_power_import_W{meter="1TST0000000042",obis="1-0:1.7.0*255"} 1500',
        '# HELP meter_voltage_l1_V Voltage L1, V',
        '# TYPE meter_voltage_l1_V gauge',
        'meter_voltage_l1_V{meter="1TST0000000042",obis="1-0:32.7.0*255"} 230.1',
        '',
      ].join('\n'),
    );
  });
  it('Prometheus: two values whose names are one there stay two series', () => {
    const filter = filterOf('prometheus', [
      { obis: '1.7.0', name: 'now a' },
      { obis: '1.7.0', name: 'now-a' },
    ]);
    filter.process({ payload: HOUSE }, T0);
    const lines = filter.metrics(T0).match(/^meter_now.*$/gm) ?? [];
    assert.deepEqual(lines, [
      'meter_now_a_W{meter="1TST0000000042",obis="1-0:1.7.0*255"} 1500',
      'meter_now_a_W_2{meter="1TST0000000042",obis="1-0:1.7.0*255"} 1500',
    ]);
  });
  it('Prometheus: what did not come for three periods is not on the page, though nothing changed before', () => {
    const filter = filterOf('prometheus', [{ obis: '1.7.0' }], { onChange: true });
    for (const at of [0, 10, 20, 30]) filter.process({ payload: telegram([watts(5)]) }, T0 + 1000 * at);
    assert.match(filter.metrics(T0 + 60_000), /power_import_W\{.*\} 5\n/);
    const late = filter.metrics(T0 + 60_001);
    assert.doesNotMatch(late, /power/);
    assert.match(late, new RegExp(`last_seen_timestamp_seconds\\{meter="1TST0000000042"\\} ${T0 / 1000 + 30}\\n`));
  });
});

describe('OBIS filter: protection', () => {
  const second = (n: number): number => T0 + 1000 * n;
  const at = (n: number): string => new Date(second(n)).toISOString();
  const feed = (filter: ObisFilter, values: readonly number[], stepS = 10): unknown[] =>
    values.map(
      (v, i) => payloads(filter.process({ payload: telegram([watts(v)], at(i * stepS)) }, second(i * stepS)))[0],
    );

  it('sends only changes', () => {
    assert.deepEqual(feed(filterOf('readings', [], { onChange: true }), [5, 5, 6, 6, 5]), [
      5,
      undefined,
      6,
      undefined,
      5,
    ]);
  });
  it('sends all again, changed or not, when who gets it was away', () => {
    const filter = filterOf('readings', [], { onChange: true });
    const count = (): number => filter.process({ payload: telegram([watts(7)]) }, T0).sent;
    assert.deepEqual([count(), count()], [1, 0]);
    assert.deepEqual(filter.sendAgain(), []);
    assert.deepEqual([count(), count()], [1, 0]);
  });
  it('keeps the number of a repeated code, also when only the second changed', () => {
    const filter = filterOf('flat', [], { onChange: true });
    filter.process({ payload: telegram([watts(1), watts(2)]) }, T0);
    assert.deepEqual(payloads(filter.process({ payload: telegram([watts(1), watts(3)]) }, T0)), [
      { active_power_import_2: 3 },
    ]);
  });
  it('sends only beyond the dead-band around the last value sent', () => {
    assert.deepEqual(feed(filterOf('readings', [], { deadband: { absolute: 10 } }), [100, 105, 110, 111, 105, 101]), [
      100,
      undefined,
      undefined,
      111,
      undefined,
      undefined,
    ]);
    assert.deepEqual(feed(filterOf('readings', [], { deadband: { percent: 10 } }), [100, 109, 111, 120, 90]), [
      100,
      undefined,
      111,
      undefined,
      90,
    ]);
  });
  it('takes the dead-band as it is written: 0.1 from 230.2 to 230.3 is not beyond 0.1', () => {
    const sent = [2302, 2303, 2304].map(
      (
        filter => (raw: number) =>
          filter.process({ payload: telegram([volts(raw)]) }, T0).sent
      )(filterOf('readings', [], { deadband: { absolute: 0.1 } })),
    );
    assert.deepEqual(sent, [1, 0, 1]);
  });
  it('takes the dead-band of the rule before that of the node', () => {
    assert.deepEqual(
      feed(
        filterOf('readings', [{ obis: '1.7.0', deadband: '5%' }], { deadband: { absolute: 1000 } }),
        [100, 104, 106],
      ),
      [100, undefined, 106],
    );
  });
  it('sends at most every so often', () => {
    assert.deepEqual(feed(filterOf('readings', [], { minMs: 25_000 }), [1, 2, 3, 4, 5]), [
      1,
      undefined,
      undefined,
      4,
      undefined,
    ]);
  });
  it('sends at least every so often, also what has not changed', () => {
    assert.deepEqual(feed(filterOf('readings', [], { onChange: true, maxMs: 30_000 }), [1, 1, 1, 1, 1]), [
      1,
      undefined,
      undefined,
      1,
      undefined,
    ]);
  });
  it('is not silenced by a clock that was set back', () => {
    const filter = filterOf('readings', [], { minMs: 60_000 });
    filter.process({ payload: telegram([watts(1)]) }, T0);
    assert.deepEqual(payloads(filter.process({ payload: telegram([watts(2)]) }, T0 - 3_600_000)), [2]);
  });
  it('guards each meter by itself', () => {
    const filter = filterOf('readings', [], { onChange: true });
    filter.process({ payload: telegram([watts(1)]) }, T0);
    const other = { ...telegram([watts(1)]), meter: { id: 'OTHER', manufacturer: null, model: null } };
    assert.deepEqual(payloads(filter.process({ payload: other }, T0)), [1]);
  });
  it('drops repeats by the clock of the meter (Aidon sends its hourly list twice)', () => {
    const filter = filterOf('readings', [], { duplicates: true });
    const hourly = telegram([wh('1.8.0', 100)], '2026-11-21T10:00:00+01:00');
    assert.equal(filter.process({ payload: hourly }, T0).sent, 1);
    assert.equal(filter.process({ payload: hourly }, T0 + 5000).sent, 0);
    assert.equal(
      filter.process({ payload: telegram([watts(5)], '2026-11-21T10:00:00+01:00') }, T0).sent,
      1,
      'another code',
    );
    assert.equal(filter.process({ payload: telegram([wh('1.8.0', 100)], '2026-11-21T11:00:00+01:00') }, T0).sent, 1);
    assert.equal(filter.process({ payload: telegram([wh('1.8.0', 100)], null) }, T0).sent, 1, 'no clock, no repeat');
    assert.equal(filter.process({ payload: telegram([wh('1.8.0', 100)], null) }, T0).sent, 1);
  });

  const counting = (filter: ObisFilter, values: readonly number[], stepS = 10): [unknown, string | undefined][] =>
    values.map((v, i) => {
      const result = filter.process({ payload: telegram([wh('1.8.0', v)], at(i * stepS)) }, second(i * stepS));
      return [payloads(result)[0], result.held[0]?.payload.reason];
    });
  it('holds back a counter that falls or turns zero, and goes on after it', () => {
    assert.deepEqual(counting(filterOf('readings', [], { counters: true }), [100, 101, 0, 102, 90, 103]), [
      [100, undefined],
      [101, undefined],
      [undefined, 'zero'],
      [102, undefined],
      [undefined, 'fell'],
      [103, undefined],
    ]);
  });
  it('holds back a counter that jumps more than it can in that time', () => {
    const filter = filterOf('readings', [], { counters: true, maxPerHour: 3600 });
    assert.deepEqual(
      counting(filter, [100, 105, 99_999, 110], 60).map(c => c[1]),
      [undefined, undefined, 'jumped', undefined],
    );
  });
  it('believes a new level after a few values that fit together: a new meter behind the same number', () => {
    const filter = filterOf('readings', [], { counters: true, acceptAfter: 3 });
    assert.deepEqual(counting(filter, [5000, 3, 4, 5, 6]), [
      [5000, undefined],
      [undefined, 'fell'],
      [undefined, 'fell'],
      [5, 'accepted'],
      [6, undefined],
    ]);
  });
  it('does not believe single faults, however many', () => {
    const filter = filterOf('readings', [], { counters: true, acceptAfter: 3 });
    assert.deepEqual(
      counting(filter, [100, 0, 101, 0, 102, 0, 103, 0])
        .filter(c => c[1] !== undefined)
        .map(c => c[1]),
      ['zero', 'zero', 'zero', 'zero'],
    );
  });
  it('never believes when told so', () => {
    const filter = filterOf('readings', [], { counters: true, acceptAfter: 0 });
    assert.ok(
      counting(filter, [100, ...new Array<number>(50).fill(5)])
        .slice(1)
        .every(c => c[1] === 'fell'),
    );
  });
  it('guards counters only: powers may fall, net energy may too', () => {
    const filter = filterOf('readings', [], { counters: true });
    filter.process({ payload: telegram([watts(100), wh('16.8.0', 50), wh('1.8.0*1', 9)]) }, T0);
    const result = filter.process({ payload: telegram([watts(0), wh('16.8.0', 40), wh('1.8.0*1', 8)]) }, T0);
    assert.equal(result.sent, 3);
    assert.equal(result.held.length, 0);
  });
  it('writes the reason as a sentence', () => {
    const filter = filterOf('readings', [], { counters: true });
    filter.process({ payload: telegram([wh('1.8.0', 100)]) }, T0);
    const [held] = filter.process({ payload: telegram([wh('1.8.0', 0)]) }, T0).held;
    assert.deepEqual(held, {
      topic: 'active_energy_import',
      payload: {
        reason: 'zero',
        message: 'Active energy import (+A) total (1-0:1.8.0*255) is 0 after 100 Wh; it is held back',
        value: 0,
        last: 100,
        key: 'active_energy_import',
      },
      unit: 'Wh',
      obis: '1-0:1.8.0*255',
      name: 'Active energy import (+A) total',
      time: '2026-11-21T10:15:00+01:00',
      timestamp: T0,
      meter: '1TST0000000042',
    });
  });

  it('holds last values for lists that alternate', () => {
    const filter = filterOf('flat', [], { hold: true });
    filter.process({ payload: telegram([wh('1.8.0', 7), volts(2300)]) }, T0);
    const [message] = fields(filter.process({ payload: telegram([watts(5)]) }, second(10)));
    assert.deepEqual(message?.['payload'], { active_power_import: 5, active_energy_import: 7, voltage_l1: 230 });
    assert.deepEqual(message?.['units'], { active_power_import: 'W', active_energy_import: 'Wh', voltage_l1: 'V' });
  });
  it('keeps the last good value in the place of one that is held back', () => {
    const filter = filterOf('flat', [], { hold: true, counters: true });
    filter.process({ payload: telegram([wh('1.8.0', 7)]) }, T0);
    assert.deepEqual(payloads(filter.process({ payload: telegram([watts(5), wh('1.8.0', 0)]) }, T0)), [
      { active_power_import: 5, active_energy_import: 7 },
    ]);
  });
  it('lets held values grow too old', () => {
    const filter = filterOf('telegram', [], { hold: true, holdMs: 60_000 });
    filter.process({ payload: telegram([wh('1.8.0', 7)]) }, T0);
    const count = (now: number): number =>
      (payloads(filter.process({ payload: telegram([watts(5)]) }, now))[0] as Telegram).readings.length;
    assert.equal(count(second(30)), 2);
    assert.equal(count(second(90)), 1);
  });

  it('goes on after a restart where it was, with saved state', () => {
    const options = { counters: true, onChange: true, duplicates: true, hold: true };
    const before = filterOf('flat', [], options);
    before.process({ payload: telegram([wh('1.8.0', 100), watts(7)], at(0)) }, second(0));
    const after = filterOf('flat', [], options);
    after.load(JSON.parse(JSON.stringify(before.save())));
    assert.deepEqual(
      payloads(after.process({ payload: telegram([wh('1.8.0', 100)], at(0)) }, second(1))),
      [],
      'a repeat',
    );
    const result = after.process({ payload: telegram([wh('1.8.0', 0), volts(2300), watts(7)], at(10)) }, second(10));
    assert.equal(result.held[0]?.payload.reason, 'zero');
    assert.deepEqual(payloads(result), [{ voltage_l1: 230, active_energy_import: 100, active_power_import: 7 }]);
  });
  it('forgets held values of other rules, and survives any rubbish as saved state', () => {
    const before = filterOf('flat', [{ obis: '1.8.0', name: 'old' }], { hold: true });
    before.process({ payload: telegram([wh('1.8.0', 100)]) }, T0);
    const after = filterOf('flat', [{ obis: '1.7.0' }], { hold: true });
    after.load(JSON.parse(JSON.stringify(before.save())));
    assert.deepEqual(payloads(after.process({ payload: telegram([watts(7)]) }, T0)), [{ active_power_import: 7 }]);
    for (const bad of [
      null,
      5,
      'x',
      [],
      { values: 3 },
      { values: { a: null, b: 7, c: [] } },
      { values: { a: { counter: 'x' } } },
    ]) {
      const filter = filterOf('flat', [], { hold: true, counters: true });
      filter.load(bad);
      assert.equal(filter.process({ payload: telegram([wh('1.8.0', 1)]) }, T0).sent, 1);
    }
  });
  it('goes on with the state that version 0.1 left, a meter that has a bar in its name included', () => {
    const filter = filterOf('readings', [], { onChange: true });
    const fresh = filterOf('readings', [], { onChange: true });
    fresh.process({ payload: telegram([watts(1)]) }, T0);
    const saved = JSON.parse(JSON.stringify(fresh.save())) as { values: Record<string, Record<string, unknown>> };
    const flat = Object.fromEntries(
      Object.entries(saved.values).flatMap(([meter, values]) =>
        Object.entries(values).map(([key, value]) => [`${meter}|${key}`, value]),
      ),
    );
    filter.load({ ...saved, version: 1, values: flat });
    assert.equal(filter.process({ payload: telegram([watts(1)]) }, T0 + 1).sent, 0);
    assert.equal(filter.process({ payload: telegram([watts(2)]) }, T0 + 2).sent, 1);
  });
  it('remembers as many meters as it is told, and says when one had to go', () => {
    const filter = filterOf('readings', [], { onChange: true, maxMeters: 3 });
    const of = (id: string): Telegram => ({ ...telegram([watts(1)]), meter: { id, manufacturer: null, model: null } });
    for (const id of ['a', 'b', 'c']) assert.equal(filter.process({ payload: of(id) }, T0).sent, 1);
    for (const id of ['a', 'b', 'c']) assert.equal(filter.process({ payload: of(id) }, T0).sent, 0);
    assert.equal(filter.forgotten, 0);
    assert.equal(filter.process({ payload: of('d') }, T0).sent, 1);
    assert.equal(filter.forgotten, 1, 'one past the limit: the longest silent went');
    assert.deepEqual(
      ['b', 'c', 'd'].map(id => filter.process({ payload: of(id) }, T0).sent),
      [0, 0, 0],
    );
    assert.equal(filter.process({ payload: of('a') }, T0).sent, 1);
  });
  it('keeps meters bounded where no rule takes anything of them, and values where one meter sends ever new ones', () => {
    const none = filterOf('readings', [{ obis: '9.9.9' }], { maxMeters: 10 });
    for (let i = 0; i < 100; i++) {
      none.process(
        { payload: { ...telegram([watts(1)]), meter: { id: `m${i}`, manufacturer: null, model: null } } },
        T0,
      );
    }
    assert.equal(none.forgotten, 90);
    const one = filterOf('readings', [], { onChange: true, maxMeters: 1 });
    const many = (from: number): Telegram =>
      telegram(
        Array.from({ length: 5_000 }, (_, i) => ({ ...watts(1), obis: null, id: `x${from + i}`, key: `x${from + i}` })),
      );
    for (const from of [0, 5_000]) one.process({ payload: many(from) }, T0);
    assert.equal(one.forgotten, 0);
    one.process({ payload: telegram([watts(1)]) }, T0);
    assert.equal(one.forgotten, 1);
  });
  it('sends nothing unchanged of ten thousand meters with thirteen values', () => {
    const filter = filterOf('readings', [], { onChange: true });
    const values = Array.from({ length: 13 }, (_, i) => ({ ...watts(1), obis: `1-0:${i + 1}.7.0*255`, key: `k${i}` }));
    const sent = (): number => {
      let count = 0;
      for (let i = 0; i < 10_000; i++) {
        const meter = { id: `m${i}`, manufacturer: null, model: null };
        count += filter.process({ payload: { ...telegram(values), meter } }, T0).sent;
      }
      return count;
    };
    assert.equal(sent(), 130_000);
    assert.equal(sent(), 0);
    assert.equal(filter.forgotten, 0);
  });
  it('forgets on reset', () => {
    const filter = filterOf('readings', [], { onChange: true });
    filter.process({ payload: telegram([watts(1)]) }, T0);
    filter.reset();
    assert.equal(filter.recent.list().length, 0);
    assert.equal(filter.process({ payload: telegram([watts(1)]) }, T0).sent, 1);
  });
});

describe('OBIS filter: load profiles', () => {
  const key = '1-0:1.8.0*255';
  const column = (code: string, unit: string): Record<string, unknown> => ({
    key: code,
    obis: code.replace(/#.*/, ''),
    classId: 3,
    attribute: 2,
    dataIndex: 0,
    name: `column ${code}`,
    unit,
    scaler: 0,
  });
  const row = (quarter: number, a: number, b = 5): Record<string, unknown> => ({
    time: new Date(T0 + quarter * 900_000).toISOString().replace('.000Z', '+00:00'),
    status: 0,
    [key]: a,
    '1-0:2.8.0*255': b,
  });
  const profile = (rows: readonly unknown[]): Record<string, unknown> => ({
    meter: { id: 'M1', manufacturer: null, model: null },
    profile: { obis: '1-0:99.1.0*255', capturePeriod: 900, access: 'range' },
    from: 'a',
    to: 'b',
    columns: [column(key, 'Wh'), column('1-0:2.8.0*255', 'Wh')],
    rows,
  });
  const RULES = [{ obis: '1.8.0', unit: 'kWh', name: 'import' }];
  const time = (quarter: number): unknown => row(quarter, 0)['time'];

  it('telegram: columns chosen, renamed and converted, everything else as it was', () => {
    assert.deepEqual(
      payloads(filterOf('telegram', RULES).process({ payload: profile([row(0, 1500), row(1, 2500)]) }, T0)),
      [
        {
          ...profile([]),
          columns: [{ ...column(key, 'kWh'), key: 'import', name: 'import' }],
          rows: [
            { time: time(0), status: 0, import: 1.5 },
            { time: time(1), status: 0, import: 2.5 },
          ],
        },
      ],
    );
    const [same] = payloads(filterOf('telegram').process({ payload: profile([row(0, 1500)]) }, T0));
    assert.deepEqual(same, profile([row(0, 1500)]));
  });
  it('readings: one message a row and column, with the time of the row', () => {
    const result = filterOf('readings', RULES).process({ payload: profile([row(0, 1500), row(1, 2500)]) }, T0);
    assert.deepEqual(fields(result)[1], {
      topic: 'active_energy_import',
      payload: 2.5,
      unit: 'kWh',
      obis: key,
      name: 'import',
      time: time(1),
      timestamp: T0 + 900_000,
      meter: 'M1',
    });
    assert.equal(result.messages.length, 2);
  });
  it('per-rule, flat, influx and sql', () => {
    const payload = profile([row(0, 1500), row(1, 2500)]);
    const two = [{ obis: '2.8.0' }, ...RULES];
    assert.deepEqual(
      filterOf('per-rule', two)
        .process({ payload }, T0)
        .messages.map(m => [m.output, m.fields['payload']]),
      [
        [1, 1.5],
        [0, 5],
        [1, 2.5],
        [0, 5],
      ],
    );
    assert.deepEqual(fields(filterOf('flat', RULES).process({ payload }, T0)), [
      {
        payload: [
          { time: time(0), status: 0, import: 1.5 },
          { time: time(1), status: 0, import: 2.5 },
        ],
        units: { import: 'kWh' },
        meter: 'M1',
      },
    ]);
    assert.deepEqual(payloads(filterOf('influx', two).process({ payload }, T0)), [
      [
        {
          measurement: 'meter',
          fields: { import: 1.5, active_energy_export: 5 },
          tags: { meter: 'M1' },
          timestamp: new Date(T0),
        },
        {
          measurement: 'meter',
          fields: { import: 2.5, active_energy_export: 5 },
          tags: { meter: 'M1' },
          timestamp: new Date(T0 + 900_000),
        },
      ],
    ]);
    assert.deepEqual(payloads(filterOf('sql', RULES).process({ payload }, T0)), [
      [
        { meter: 'M1', time: time(0), status: 0, import: 1.5 },
        { meter: 'M1', time: time(1), status: 0, import: 2.5 },
      ],
    ]);
  });
  it('homeassistant: the newest row as states', () => {
    const { messages } = filterOf('homeassistant', RULES).process(
      { payload: profile([row(1, 2500), row(0, 1500)]) },
      T0,
    );
    assert.deepEqual(
      messages.map(m => m.fields['topic']),
      ['homeassistant/sensor/dlms_m1/import/config', 'dlms/m1/import', 'dlms/m1/availability'],
    );
    assert.equal(messages[1]?.fields['payload'], 2.5);
  });
  it('rows alone and single rows keep their shape', () => {
    assert.deepEqual(
      payloads(filterOf('telegram', [{ obis: '1.8.0', factor: 2 }]).process({ payload: [row(0, 1), row(1, 2)] }, T0)),
      [
        [
          { time: time(0), status: 0, [key]: 2 },
          { time: time(1), status: 0, [key]: 4 },
        ],
      ],
    );
    assert.deepEqual(
      payloads(filterOf('telegram', [{ obis: '1.8.0', factor: 2 }]).process({ payload: row(0, 1) }, T0)),
      [{ time: time(0), status: 0, [key]: 2 }],
    );
    assert.deepEqual(
      fields(filterOf('flat', RULES).process({ payload: row(0, 1), columns: [column(key, 'Wh')] }, T0)),
      [{ payload: { import: 0.001 }, units: { import: 'kWh' }, time: time(0), timestamp: T0, meter: null }],
    );
  });
  it('drops rows that an earlier read brought already', () => {
    const filter = filterOf('sql', RULES, { duplicates: true });
    assert.equal(filter.process({ payload: profile([row(0, 1), row(1, 2)]) }, T0).sent, 2);
    assert.equal(filter.process({ payload: profile([row(3, 4), row(2, 3), row(1, 2)]) }, T0).sent, 2, 'newest first');
    assert.equal(filter.process({ payload: profile([row(3, 4)]) }, T0).messages.length, 0);
  });
  it('guards counters in the order of time, whichever way the rows run', () => {
    for (const rows of [
      [row(0, 5), row(1, 0), row(2, 7)],
      [row(2, 7), row(1, 0), row(0, 5)],
    ]) {
      const { messages, held } = filterOf('sql', RULES, { counters: true }).process({ payload: profile(rows) }, T0);
      assert.deepEqual(
        (messages[0]?.fields['payload'] as { import: unknown }[]).map(r => r.import),
        rows.map(r => (r[key] === 0 ? null : Number(r[key]) / 1000)),
      );
      assert.deepEqual(
        held.map(h => [h.payload.reason, h.time]),
        [['zero', time(1)]],
      );
    }
  });
  it('keeps repeated columns apart, and columns of text readouts without a code', () => {
    const payload = {
      columns: [
        column(key, 'Wh'),
        column(`${key}#2`, 'Wh'),
        { key: 'X.1', obis: null, id: 'X.1', name: 'X.1', unit: null },
      ],
      rows: [{ time: time(0), [key]: 1, [`${key}#2`]: 2, 'X.1': 3 }],
    };
    assert.deepEqual(payloads(filterOf('flat').process({ payload }, T0)), [
      [{ time: time(0), active_energy_import: 1, active_energy_import_2: 2, x_1: 3 }],
    ]);
    assert.deepEqual(payloads(filterOf('flat', [{ obis: 'X.1' }]).process({ payload }, T0)), [
      [{ time: time(0), x_1: 3 }],
    ]);
  });
  it('computes with long values, leaves long identifiers as they are, and says now what it cannot convert', () => {
    const id = '0-0:96.1.1*255';
    const columns = [column(key, 'Wh'), { ...column(id, ''), unit: null, scaler: null }];
    const rows = [{ time: time(0), [key]: '12345678901234567', [id]: '871687140012345678' }];
    const filter = filterOf('flat', [{ obis: '*', factor: 10 }]);
    const [flat] = payloads(filter.process({ payload: { ...profile(rows), columns } }, T0)) as object[][];
    assert.deepEqual(flat, [
      { time: time(0), active_energy_import: '123456789012345670', device_id_1: '871687140012345678' },
    ]);
    const { held } = filterOf('flat', [{ obis: key, unit: 'V' }]).process({ payload: profile([row(0, 1)]) }, T0);
    assert.deepEqual([held[0]?.payload.reason, held[0]?.timestamp], ['unit', T0]);
  });
  it('influx: makes no point of a row without a time, and says so', () => {
    const rows = [row(0, 1500), { ...row(1, 2500), time: null }, { ...row(2, 3500), time: 'soon' }];
    const { messages, held } = filterOf('influx', RULES).process({ payload: profile(rows) }, T0);
    assert.equal((messages[0]?.fields['payload'] as unknown[]).length, 1);
    assert.deepEqual(
      held.map(h => [h.payload.reason, h.payload.value, h.payload.key]),
      [
        ['no-time', 2.5, 'active_energy_import'],
        ['no-time', 3.5, 'active_energy_import'],
      ],
    );
    assert.equal(
      held[0]?.payload.message,
      'import (1-0:1.8.0*255): 2.5 kWh stands in a row without a time, which a point needs; it is held back',
    );
  });
  it('passes an empty profile on', () => {
    assert.deepEqual(payloads(filterOf('sql').process({ payload: profile([]) }, T0)), [[]]);
  });
});

describe('OBIS filter: what may come in', () => {
  it('takes a value of get object with its msg.dlms', () => {
    const dlms = { source: 'get', ref: '3/1-0:1.8.0*255/2', unit: 'Wh' };
    assert.deepEqual(
      fields(filterOf('readings', [{ obis: '1.8.0', unit: 'kWh' }]).process({ payload: 1500, dlms }, T0))[0]?.[
        'payload'
      ],
      1.5,
    );
  });
  it('takes codes as function nodes write them, and gives them in one form', () => {
    const readings = [
      { obis: '1.8.0', value: 5, unit: 'Wh' },
      { obis: 'nothing', value: 6 },
    ];
    assert.deepEqual(
      fields(filterOf('readings').process({ payload: { readings } }, T0)).map(m => [
        m['obis'],
        m['topic'],
        m['payload'],
      ]),
      [
        ['1-0:1.8.0*255', 'active_energy_import', 5],
        [null, 'nothing', 6],
      ],
    );
  });
  it('takes a list of values', () => {
    const dlms = {
      source: 'get',
      objects: [
        { obis: '1-0:1.8.0*255', unit: 'Wh' },
        { obis: '1-0:32.7.0*255', unit: 'V' },
      ],
    };
    assert.deepEqual(payloads(filterOf('readings').process({ payload: [1, 230], dlms }, T0)), [1, 230]);
  });
  const refused: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['text', 'hello'],
    ['a number', 5],
    ['a buffer', new Uint8Array(3)],
    ['a list of numbers', [1, 2]],
    ['another object', { temperature: 5 }],
    ['null', null],
  ];
  for (const [what, payload] of refused) {
    it(`refuses ${what} with a clear sentence`, () => {
      assert.throws(
        () => filterOf('readings').process({ payload }, T0),
        (e: unknown) =>
          isDlmsError(e) && e.code === 'BAD_SETTING' && /msg\.payload ".*" is not a telegram/.test(e.message),
      );
    });
  }
  it('takes telegrams of any content without failing', () => {
    let seed = 5;
    const random = (n: number): number => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % n;
    const junk = [
      null,
      undefined,
      0,
      -1,
      1e300,
      NaN,
      '',
      'x',
      '2026-11-21',
      '1-0:1.8.0*255',
      true,
      [],
      {},
      { a: 1 },
      [1],
      10n,
    ];
    const any = (): unknown => junk[random(junk.length)];
    for (let i = 0; i < 3000; i++) {
      const reading = (): unknown => ({
        obis: random(2) ? '1-0:1.8.0*255' : any(),
        value: any(),
        unit: any(),
        key: any(),
        name: any(),
        time: any(),
        sets: random(2) ? undefined : [],
      });
      const payload =
        random(3) === 0
          ? { columns: [any(), { key: any(), obis: any() }], rows: [any(), { time: any() }] }
          : { meter: any(), time: any(), readings: [any(), reading(), reading()] };
      const forms = OUTPUT_FORMS;
      const filter = filterOf(forms[random(7)] as OutputForm, random(2) ? [] : [{ obis: '*', unit: 'kWh', round: 1 }], {
        counters: true,
        hold: true,
        onChange: true,
        duplicates: true,
      });
      filter.process({ payload }, T0);
      filter.process({ payload }, T0 + 1);
    }
  });
  it('remembers a bounded number of recent readings', () => {
    const filter = filterOf('readings');
    for (let i = 0; i < 2000; i++)
      filter.process(
        {
          payload: telegram([
            { obis: null, id: `id${i}`, name: 'n', key: `k${i}`, value: 'y'.repeat(500), unit: null },
          ]),
        },
        T0 + i,
      );
    const list = filter.recent.list();
    assert.equal(list.length, 500);
    assert.equal(list.at(-1)?.id, 'id1999');
    assert.ok(JSON.stringify(list).length < 100_000);
  });
  it('works through a day of telegrams in a moment', () => {
    const filter = filterOf('flat', [{ obis: '1.8.0', unit: 'kWh' }, { obis: '*.7.0' }], {
      onChange: true,
      counters: true,
      hold: true,
    });
    // Of this process: others may keep the machine busy.
    const started = process.cpuUsage();
    for (let i = 0; i < 8640; i++)
      filter.process({ payload: telegram([wh('1.8.0', i), watts(i % 7), volts(2300)]) }, T0 + i * 10_000);
    assert.ok(process.cpuUsage(started).user < 4_000_000 /* µs */);
  });
});
