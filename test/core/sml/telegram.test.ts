import assert from 'node:assert/strict';

import { ObisPattern } from '../../../src/core/obis/pattern';
import { readSml } from '../../../src/core/sml';
import type { SmlEntry, SmlTime } from '../../../src/core/sml/messages';
import { serverOf } from '../../../src/core/sml/server-id';
import { closeBody, encodeMessage, listBody, signed, unsigned, type SmlField } from '../../../src/core/sml/write';
import { concat, fromLatin1, hex, unhex } from '../../../src/core/wire/hex';
import { content, energy, entry, FNN_EXPORT, FNN_IMPORT, i, list, nameOf, octets, power, SERVER, u } from './fixtures';

const read = (entries: readonly SmlEntry[], more = {}, options = {}): ReturnType<typeof readSml> =>
  readSml(content([[0x0701, listBody(list(entries, more))]]), 'x25', options);
const one = (value: SmlEntry, options = {}) => read([value], {}, options).telegrams[0]?.telegram.readings[0];

describe('SML telegram', () => {
  it('has meter, readings and how they were sent', () => {
    const { telegrams, problems } = read([
      entry('1-0:96.50.1*1', { value: octets('ABC') }),
      energy(123456),
      power(-345, 2),
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(telegrams, [
      {
        telegram: {
          meter: { id: '1ABC0100123456', manufacturer: 'ABC', model: null },
          time: null,
          readings: [
            { obis: '1-0:96.50.1*1', name: 'Manufacturer', key: 'obis_1_0_96_50_1_1', value: 'ABC', unit: null },
            {
              obis: '1-0:1.8.0*255',
              name: 'Active energy import (+A) total',
              key: 'active_energy_import',
              value: 12345.6,
              unit: 'Wh',
              raw: 123456,
              scaler: -1,
              scaleSource: 'telegram',
              status: FNN_IMPORT,
            },
            {
              obis: '1-0:16.7.0*255',
              name: 'Active power net (|+A|-|-A|)',
              key: 'active_power_net',
              value: -345,
              unit: 'W',
              raw: -345,
              scaler: 0,
              scaleSource: 'telegram',
            },
          ],
        },
        origin: {
          service: 'sml-list',
          serverId: '0a0141424301' + '0001e240',
          secIndex: 4711,
          listName: '1-0:98.10.255*255',
        },
      },
    ]);
  });

  it('has exact values of 64 bits', () => {
    const wide = (value: SmlEntry['value'], scaler: number): unknown =>
      one(entry('1-0:1.8.0*255', { unit: 30, scaler, value }))?.value;
    assert.equal(wide(u(2n ** 64n - 1n, 8), -1), '1844674407370955161.5');
    assert.equal(wide(i(-(2n ** 63n), 8), 0), '-9223372036854775808');
    assert.equal(wide(i(1234567890n, 8), -4), 123456.789);
    assert.equal(one(entry('1-0:1.8.0*255', { unit: 30, value: u(2n ** 64n - 1n, 8) }))?.raw, '18446744073709551615');
  });

  it('shows each kind of value, and no unit that nobody assigned', () => {
    assert.equal(one(entry('1-0:96.1.0*255', { value: octets(SERVER) }))?.value, '0a01414243010001e240');
    assert.equal(one(entry('1-0:0.2.0*0', { value: octets('P1.2') }))?.value, 'P1.2');
    assert.equal(one(entry('1-0:96.10.1*255', { value: { type: 'boolean', value: false } }))?.value, false);
    assert.equal(one(entry('1-0:96.5.5*255', { value: u(0x80, 1) }))?.value, 128);
    assert.equal(one(entry('1-0:96.5.5*255', { value: u(0x80, 1) }))?.raw, undefined);
    assert.equal(one(entry('1-0:96.97.0*255'))?.value, null);
    assert.deepEqual(one(entry('0102', { unit: 200, value: u(5, 1) })), {
      obis: null,
      id: '0102',
      name: 'SML 0102',
      key: 'sml_0102',
      value: 5,
      unit: null,
      raw: 5,
      scaler: 0,
      scaleSource: 'telegram',
    });
    assert.equal(one(entry('1-0:81.7.1*255', { unit: 8, value: u(120, 1) }))?.unit, '°');
    assert.equal(one(energy(1, { status: 2n ** 60n }))?.status, '1152921504606846976');
    assert.equal(one(energy(1, { signature: unhex('0aff') }))?.signature, '0aff');
  });

  it('keeps a value that is a list in hex', () => {
    const body: SmlField = [
      null,
      SERVER,
      null,
      null,
      [[nameOf('129-0:96.8.0*1'), null, null, null, null, [unsigned(1, 1), unsigned(55, 1)], null]],
      null,
      null,
    ];
    const reading = readSml(content([[0x0701, body]]), 'x25').telegrams[0]?.telegram.readings[0];
    assert.equal(reading?.value, null);
    assert.equal(reading.text, '7262016237');
  });

  it('takes seconds of operation for no time, and instants in the zone of the user', () => {
    const at = (time: SmlEntry['time'], zone?: string): string | null | undefined =>
      one(energy(1, { time }), { policy: { mode: 'standard', ...(zone === undefined ? {} : { zone }) } })?.time;
    assert.equal(at({ form: 'seconds', value: 1764496800 }), undefined);
    assert.equal(at({ form: 'instant', value: 1764496800, offsetMinutes: null }), '2025-11-30T10:00:00+00:00');
    assert.equal(
      at({ form: 'instant', value: 1764496800, offsetMinutes: null }, 'Europe/Berlin'),
      '2025-11-30T11:00:00+01:00',
    );
    assert.equal(at({ form: 'instant', value: 1764496800, offsetMinutes: 120 }), '2025-11-30T12:00:00+02:00');
    const { telegram, origin } = read([energy(1)], {
      time: { form: 'instant', value: 1764496815, offsetMinutes: null },
    }).telegrams[0]!;
    assert.equal(telegram.time, '2025-11-30T10:00:15+00:00');
    assert.equal(origin.secIndex, undefined);
  });

  it("lets the user's power of ten count above the meter's", () => {
    const scalers = [{ pattern: ObisPattern.parse('1.8.0'), scaler: 2 }];
    assert.deepEqual(
      [
        one(energy(12), { scalers })?.value,
        one(energy(12), { scalers })?.scaleSource,
        one(power(12), { scalers })?.value,
      ],
      [1200, 'user', 12],
    );
  });

  it('puts lists of one meter together and tells two meters apart', () => {
    const other = unhex('0a01585959010001e240');
    const of = (serverId: Uint8Array | null, raw: number): readonly [number, SmlField] => [
      0x0701,
      listBody(list([energy(raw)], { serverId })),
    ];
    const { telegrams } = readSml(content([of(SERVER, 1), of(null, 2), of(other, 3)]), 'x25');
    assert.deepEqual(
      telegrams.map(({ telegram }) => [telegram.meter.id, telegram.readings.map(r => r.raw)]),
      [
        ['1ABC0100123456', [1, 2]],
        ['1XYY0100123456', [3]],
      ],
    );
  });

  it('makes readings with their time of profiles', () => {
    const time = [unsigned(2, 1), unsigned(1764496800, 4)];
    const path = [unhex('8181c78611ff')];
    const row: SmlField = [nameOf('1-0:1.8.0*255'), unsigned(30, 1), signed(-1, 1), unsigned(123456, 4), null];
    const listed: SmlField = [SERVER, time, unsigned(900, 2), path, time, unsigned(FNN_IMPORT, 4), [row], null, null];
    const reading = { obis: '1-0:1.8.0*255', value: 12345.6, time: '2025-11-30T10:00:00+00:00', status: FNN_IMPORT };
    const shown = (body: readonly [number, SmlField]): unknown =>
      readSml(content([body]), 'x25').telegrams.map(({ telegram, origin }) => [
        origin.service,
        telegram.time,
        telegram.readings.map(({ obis, value, time, status }) => ({ obis, value, time, status })),
      ]);
    assert.deepEqual(shown([0x0401, listed]), [['sml-profile', '2025-11-30T10:00:00+00:00', [reading]]]);
    const header = [[nameOf('1-0:1.8.0*255'), unsigned(30, 1), signed(-1, 1)]];
    const rows = [1, 2].map((n): SmlField => [
      [unsigned(2, 1), unsigned(1764496800 + 900 * n, 4)],
      unsigned(n, 1),
      [[unsigned(n, 1), null]],
    ]);
    assert.deepEqual(shown([0x0301, [SERVER, time, unsigned(900, 2), path, header, rows, null, null]]), [
      [
        'sml-profile',
        '2025-11-30T10:00:00+00:00',
        [
          { ...reading, value: 0.1, time: '2025-11-30T10:15:00+00:00', status: 1 },
          { ...reading, value: 0.2, time: '2025-11-30T10:30:00+00:00', status: 2 },
        ],
      ],
    ]);
  });

  it('says what a file without values holds', () => {
    const what = (bodies: readonly (readonly [number, SmlField])[]): unknown =>
      readSml(content(bodies), 'x25').problems.map(({ detail }) => detail);
    assert.deepEqual(what([[0xff01, [SERVER, unhex('8181c7c7fe03'), fromLatin1('no'), null]]]), [
      { code: 'SML_ATTENTION', server: '1ABC0100123456', number: '8181c7c7fe03', text: 'no' },
    ]);
    const without = (what: string): unknown => [{ code: 'SML_NO_VALUES', what }];
    assert.deepEqual(what([[0x0701, listBody(list([]))]]), without('its list is empty'));
    assert.deepEqual(
      what([[0x0501, [SERVER, [unhex('8181c78611ff')], [unhex('01'), null, null]]]]),
      without('a parameter of the meter (8181c78611ff)'),
    );
    assert.deepEqual(what([[0x0700, [null]]]), without('requests of a reader, as an echo or a tap shows them'));
    assert.deepEqual(what([]), without('it only opens and closes'));
    assert.deepEqual(readSml(new Uint8Array(2), 'x25').problems, [
      { detail: { code: 'SML_NO_VALUES', what: 'no message at all' }, origin: {} },
    ]);
  });

  it('has one telegram for each meter, in whatever order they speak', () => {
    const other = unhex('0a 01 41 42 43 01 0001e241');
    const bodies = [list([energy(1)]), list([energy(2)], { serverId: other }), list([power(3)])].map(
      each => [0x0701, listBody(each)] as const,
    );
    assert.deepEqual(
      readSml(content(bodies), 'x25').telegrams.map(({ telegram, origin }) => [
        origin.serverId,
        telegram.readings.map(r => r.value),
      ]),
      [
        [hex(SERVER), [0.1, 3]],
        [hex(other), [0.2]],
      ],
    );
  });

  it('gives the signature of the file, and the time of a gateway for what it is', () => {
    const signature = unhex('0102030405');
    const signed = (gatewayTime: SmlTime): unknown => {
      const all: readonly (readonly [number, SmlField])[] = [
        [0x0701, listBody(list([energy(1)], { gatewayTime }))],
        [0x0201, closeBody(signature)],
      ];
      const bytes = concat(...all.map(([tag, body]) => encodeMessage(Uint8Array.of(1), tag, body, 'x25')));
      const [{ telegram, origin } = assert.fail()] = readSml(bytes, 'x25').telegrams;
      return [telegram.time, origin.signature, origin.gatewayTime, origin.gatewaySecIndex];
    };
    const instant = { form: 'instant', value: 1764496816, offsetMinutes: 60 } as const;
    assert.deepEqual(signed(instant), [null, hex(signature), '2025-11-30T11:00:16+01:00', undefined]);
    assert.deepEqual(signed({ form: 'seconds', value: 77 }), [null, hex(signature), undefined, 77]);
  });

  it('gives parameters as the tree that they are, beside the list of their meter or with what is told', () => {
    const value = (...field: SmlField[]): SmlField => [unsigned(1, 1), ...field];
    const leaf = (name: string, field: SmlField): SmlField => [unhex(name), field, null];
    const tree = [
      unhex('8181c78201ff'),
      null,
      [
        leaf('8181c78203ff', value(fromLatin1('XYZ'))),
        leaf('010203', value(unsigned(7, 1))),
        leaf('0100000900ff', [unsigned(4, 1), [unsigned(2, 1), unsigned(1764496816, 4)]]),
        leaf('0100000901ff', [unsigned(4, 1), [unsigned(1, 1), unsigned(5, 1)]]),
        leaf('0101010101ff', [
          unsigned(2, 1),
          [unhex('0100010800ff'), unsigned(30, 1), signed(-1, 1), unsigned(123, 2), null],
        ]),
        leaf('0102020202ff', [unsigned(3, 1), [unsigned(1, 1)]]),
      ],
    ];
    const parameter = [0x0501, [SERVER, [unhex('8181c78201ff')], tree]] as const;
    const alone = readSml(content([parameter]), 'x25');
    assert.deepEqual(alone.telegrams, []);
    const [{ detail, origin } = assert.fail()] = alone.problems;
    assert.deepEqual(detail, { code: 'SML_NO_VALUES', what: 'a parameter of the meter (8181c78201ff)' });
    const [{ children = [], ...root } = assert.fail()] = origin.parameters ?? [];
    assert.equal(root.obis, '129-129:199.130.1*255');
    assert.ok(!('value' in root));
    assert.deepEqual(
      children.map(({ obis, id, value: shown, time, text }) => [obis ?? id, shown, time ?? text]),
      [
        ['129-129:199.130.3*255', 'XYZ', undefined],
        ['010203', 7, undefined],
        ['1-0:0.9.0*255', null, '2025-11-30T10:00:16+00:00'],
        ['1-0:0.9.1*255', null, '7262016205'],
        ['1-1:1.1.1*255', undefined, undefined],
        ['1-2:2.2.2*255', null, '72620371 6201'.replace(' ', '')],
      ],
    );
    assert.deepEqual(
      children[4]?.children?.map(({ obis, value: shown, unit }) => [obis, shown, unit]),
      [['1-0:1.8.0*255', 12.3, 'Wh']],
    );
    const both = readSml(content([parameter, [0x0701, listBody(list([energy(1)]))]]), 'x25');
    assert.deepEqual(both.problems, []);
    assert.deepEqual(both.telegrams[0]?.origin.parameters, origin.parameters);
    const deep = Array.from({ length: 20 }).reduce<SmlField>(below => [unhex('01'), null, [below]], leaf('01', null));
    assert.throws(() => readSml(content([[0x0501, [SERVER, [], deep]]]), 'x25'), { code: 'LIMIT_EXCEEDED' });
  });

  it('keeps a list whose file has a parameter of another form, which stands in hex', () => {
    const name = unhex('8181c78201ff');
    for (const tree of [
      [name, null],
      [name, null, null, null],
      [name, unhex('4142'), null],
    ] as const) {
      const parameter = [0x0501, [SERVER, [name], [...tree]]] as const;
      const { telegrams, problems } = readSml(content([[0x0701, listBody(list([energy(1)]))], parameter]), 'x25');
      assert.deepEqual(problems, []);
      assert.equal(telegrams[0]?.telegram.readings.length, 1);
      assert.match(String(telegrams[0].origin.parameters?.[0]?.text), /^7[234]07/);
    }
  });

  it('takes a truth value for true unless it is 00, as the book has it', () => {
    const told = (octet: string): unknown => {
      const bytes = content([
        [0x0701, listBody(list([entry('1-0:96.10.1*255', { value: { type: 'boolean', value: true } })]))],
      ]);
      const at = bytes.lastIndexOf(0x42);
      bytes[at + 1] = Number(`0x${octet}`);
      return readSml(bytes, 'x25').telegrams[0]?.telegram.readings[0]?.value;
    };
    assert.deepEqual(['00', '01', 'ff', '42'].map(told), [false, true, true, true]);
  });
});

describe('SML server id', () => {
  const rows: readonly [string, string | null, string | null][] = [
    ['0a01414243010001e240', '1ABC0100123456', 'ABC'],
    ['090741424321deadbeef', '7ABC213735928559', 'ABC'],
    ['01a815785634120102', 'EMH12345678', 'EMH'],
    ['01a8157856341a0102', null, null],
    ['06414243010203040506', null, 'ABC'],
    ['3132333435363738', '12345678', null],
    ['0a01616263010001e240', null, null],
    ['00000000000000000000', null, null],
    ['', null, null],
  ];
  for (const [id, shown, manufacturer] of rows) {
    it(`is shown as ${shown} for ${id}`, () => assert.deepEqual(serverOf(unhex(id)), { id: shown, manufacturer }));
  }
});

describe('SML corrections', () => {
  const DZG = entry('1-0:96.50.1*1', { value: octets('DZG') });
  const shown = (entries: readonly SmlEntry[], options = {}): unknown => {
    const reading = read(entries, {}, options).telegrams[0]?.telegram.readings.at(-1);
    return [reading?.value, reading?.raw, reading?.corrected];
  };

  it('takes a negative power of DZG as unsigned where the status says import', () => {
    assert.deepEqual(shown([DZG, energy(1), power(-29912, 2, { scaler: -2 })]), [
      356.24,
      -29912,
      'unsigned-sent-as-signed',
    ]);
    assert.deepEqual(shown([DZG, energy(1), power(-1, 1)]), [255, -1, 'unsigned-sent-as-signed']);
    assert.deepEqual(shown([DZG, energy(1, { status: FNN_EXPORT }), power(-29912, 2)]), [-29912, -29912, undefined]);
    assert.deepEqual(shown([DZG, energy(1), power(-29912, 4)]), [-29912, -29912, undefined]);
    assert.deepEqual(shown([DZG, energy(1, { status: null }), power(-29912, 2)]), [-29912, -29912, undefined]);
    assert.deepEqual(shown([energy(1), power(-29912, 2)]), [-29912, -29912, undefined]);
    const phase = { ...power(-29912, 2), name: nameOf('1-0:36.7.0*255') };
    assert.deepEqual(shown([DZG, energy(1, { status: FNN_EXPORT }), phase]), [
      35624,
      -29912,
      'unsigned-sent-as-signed',
    ]);
    assert.deepEqual(shown([DZG, energy(1, { status: FNN_EXPORT | 0x1000 }), phase]), [-29912, -29912, undefined]);
  });

  it('takes the direction of a power without sign from the status of EDL meters', () => {
    const absolute = { ...power(1371), name: nameOf('1-0:15.7.0*255') };
    assert.deepEqual(shown([energy(1, { status: 0x1a2 }), absolute]), [-1371, 1371, 'direction-in-status']);
    assert.deepEqual(shown([energy(1, { status: 0x182 }), absolute]), [1371, 1371, undefined]);
    assert.deepEqual(shown([energy(1, { status: 0x101a2 }), power(-15)]), [-15, -15, undefined]);
    assert.deepEqual(shown([energy(1, { status: FNN_EXPORT }), power(15)]), [15, 15, undefined]);
  });

  it('leaves all as sent where the user says so', () => {
    assert.deepEqual(shown([DZG, energy(1), power(-29912, 2)], { corrections: false }), [-29912, -29912, undefined]);
  });
});
