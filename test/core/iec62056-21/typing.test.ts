import { strict as assert } from 'node:assert';

import { parseDataBlock } from '../../../src/core/iec62056-21/data-block';
import { Typing, type IecReading, type TypingOptions } from '../../../src/core/iec62056-21/typing';

function read(line: string, options: TypingOptions = {}): IecReading {
  const [dataSet] = parseDataBlock(`${line}\r\n`).dataSets;
  assert.ok(dataSet !== undefined, line);
  return new Typing(options).reading(dataSet);
}

/** line, scaleSource */
const SCALES: readonly [string, string | undefined][] = [
  ['1.8.0(001234.567*kWh)', 'telegram'],
  ['1.8.0(024562.1kWh)', 'telegram'],
  ['1.6.1(1604070900)(24.81*kW)', 'telegram'],
  // No double holds it.
  ['1.8.0(123456789012345678.9*kWh)', 'telegram'],
  ['1.8.0(00012.50)', undefined],
  ['1.8.0(12 34*kWh)', undefined],
  ['1.8.0(*kWh)', undefined],
  ['0.9.1(103000)', undefined],
  ['C.1(12345678)', undefined],
];

/** line, obis, value, unit, time */
const ROWS: readonly [string, string | null, unknown, string | null, (string | null | undefined)?, TypingOptions?][] = [
  ['1.8.0(001234.567*kWh)', '1-0:1.8.0*255', 1234.567, 'kWh'],
  ['1.8.0*03(001234.567*kWh)', '1-0:1.8.0*3', 1234.567, 'kWh'],
  ['1.8.0&03(001234.567*kWh)', '1-0:1.8.0&3', 1234.567, 'kWh'],
  ['1-0:1.8.0*255(000000.4392*kWh)', '1-0:1.8.0*255', 0.4392, 'kWh'],
  ['1.8.0(00012.50)', '1-0:1.8.0*255', 12.5, null],
  ['41.7.0(+00026*W)', '1-0:41.7.0*255', 26, 'W'],
  ['2.7.0(-063*A)', '1-0:2.7.0*255', -63, 'A'],
  ['1.6.0( 001.67*kW)', '1-0:1.6.0*255', 1.67, 'kW'],
  ['1.6(000007,4*kW)', '1-0:1.6.0*255', 7.4, 'kW'],
  // Two numbers, of which a lost character made one.
  ['1.8.0(12 34*kWh)', '1-0:1.8.0*255', '12 34', 'kWh'],
  ['1.8.0(024562 kWh)', '1-0:1.8.0*255', 24562, 'kWh'],
  ['1.8.0(024562.1kWh)', '1-0:1.8.0*255', 24562.1, 'kWh'],
  ['82.8.0(12A)', '1-0:82.8.0*255', '12A', null],
  ['3:171.0(1)', null, '1', null],
  ['0:96.7.19(1)', '0-0:96.7.19*255', 1, null],
  ['6.8(032A.871*GJ)', '6-0:6.8.0*255', '032A.871', 'GJ', undefined, { medium: 'heat' }],
  ['1.8.0(12345678901234567.5*Wh)', '1-0:1.8.0*255', '12345678901234567.5', 'Wh'],
  ['1.8.0()', '1-0:1.8.0*255', null, null],
  ['C.1.1(        )', '1-0:96.1.1*255', null, null],
  ['F.F(00)', '1-0:97.97.0*255', '00', null],
  ['C.1.0(00012345)', '1-0:96.1.0*255', '00012345', null],
  ['0.0(   120858)', '1-0:0.0.0*255', '120858', null],
  ['C.7.0(0004)', '1-0:96.7.0*255', 4, null],
  ['0.1.0(16)', '1-0:0.1.0*255', 16, null],
  ['0.3.0(1000.00)', '1-0:0.3.0*255', 1000, null],
  ['0-0:17.0.0(16500)', '0-0:17.0.0*255', 16500, null],
  ['0-0:96.3.10(1)', '0-0:96.3.10*255', 1, null],
  ['0-0:96.14.0(0002)', '0-0:96.14.0*255', '0002', null],
  ['1-0:99:97.0(0)', '1-0:99.97.0*255', '0', null],
  ['1-0:31.7.0.255(002*A)', '1-0:31.7.0*255', 2, 'A'],
  ['0:0.0.0*255(109510)', '0-0:0.0.0*255', '109510', null],
  ['1-1:30D(0123)', null, '0123', null],
  ['1.6.0,5(202601130730)', null, '202601130730', null],
  ['TIME_(12:00:00)', null, '12:00:00', null],
  ['1.6.1(09.48*kW)(16-03-14,18:45)', '1-0:1.6.1*255', 9.48, 'kW', '2016-03-14T18:45:00'],
  ['1.6.1(09.48*kW)(2103141845)', '1-0:1.6.1*255', 9.48, 'kW', '2021-03-14T18:45:00'],
  ['1.6.1(00.00)(0000000000)', '1-0:1.6.1*255', 0, null, null],
  ['1.6.1(00.00*kW)(1234567890)', '1-0:1.6.1*255', 0, 'kW'],
  ['0.1.2*05(0180105115851)', '1-0:0.1.2*5', '2018-01-05T11:58:51', null, '2018-01-05T11:58:51'],
  ['0.1.2(2180105115851)', '1-0:0.1.2*255', '2018-01-05T11:58:51Z', null, '2018-01-05T11:58:51Z'],
  ['0-0:1.0.0(170531201444S)', '0-0:1.0.0*255', '2017-05-31T20:14:44+02:00', null, '2017-05-31T20:14:44+02:00'],
  ['0-0:1.0.0(700101010000W)', '0-0:1.0.0*255', '1970-01-01T01:00:00+01:00', null, '1970-01-01T01:00:00+01:00'],
  ['0-0:1.0.0(20240111 09:35:00)', '0-0:1.0.0*255', '2024-01-11T09:35:00', null, '2024-01-11T09:35:00'],
  ['0-0:1.0.0(632525252525W)', '0-0:1.0.0*255', null, null, null],
  ['0-1:24.2.1(170531201008S)(00000.038*m3)', '0-1:24.2.1*255', 0.038, 'm3', '2017-05-31T20:10:08+02:00'],
  ['0-1:24.2.1(632525252525S)(00000.000)', '0-1:24.2.1*255', 0, null, null],
  ['0-1:24.2.1(170531201008S)()', '0-1:24.2.1*255', null, null, '2017-05-31T20:10:08+02:00'],
  // A blank between digits stands for one that was lost; in front and behind a sign it fills up.
  ['1.8.0(12 34*kWh)', '1-0:1.8.0*255', '12 34', 'kWh', undefined],
  ['1.8.0(12 34)', '1-0:1.8.0*255', '12 34', null, undefined],
  ['1.8.0(-  12.5*kWh)', '1-0:1.8.0*255', -12.5, 'kWh', undefined],
  ['0-1:24.2.1(170531201008S)', '0-1:24.2.1*255', null, null, '2017-05-31T20:10:08+02:00'],
  ['0-1:24.2.1(170531201008)(00000.038*m3)', '0-1:24.2.1*255', 0.038, 'm3', '2017-05-31T20:10:08'],
  ['1.6.1(2103141845)(09.48*kW)', '1-0:1.6.1*255', 9.48, 'kW', '2021-03-14T18:45:00'],
  ['1.8.0(2103141845)', '1-0:1.8.0*255', 2103141845, null],
  ['0-1:24.3.0(121106150000)(08)(60)(0)(0-1:24.2.1)(m3)', '0-1:24.3.0*255', null, 'm3', '2012-11-06T15:00:00'],
  ['0-1:24.3.0(121106150000)(08)', '0-1:24.3.0*255', null, null, '2012-11-06T15:00:00'],
  ['0-1:24.3.0(121106150000)(00054.386*m3)', '0-1:24.3.0*255', 54.386, 'm3', '2012-11-06T15:00:00'],
  [
    '0-1:24.3.0(121106150000)(00)(60)(1)(0-1:24.2.1)(m3)(00054.386)',
    '0-1:24.3.0*255',
    54.386,
    'm3',
    '2012-11-06T15:00:00',
  ],
  [
    '1-0:99.97.0(1)(0-0:96.7.19)(180529135630S)(0000002451*s)',
    '1-0:99.97.0*255',
    '1',
    null,
    '2018-05-29T13:56:30+02:00',
  ],
  [
    '9.36(2022-05-19&19:41:17)',
    '6-0:9.36.0*255',
    '2022-05-19T19:41:17',
    null,
    '2022-05-19T19:41:17',
    { medium: 'heat' },
  ],
  [
    '0-0:1.0.0(170531201444W)',
    '0-0:1.0.0*255',
    '2017-05-31T20:14:44+02:00',
    null,
    '2017-05-31T20:14:44+02:00',
    { zone: 'Europe/Amsterdam', season: 'zone' },
  ],
  ['1.6.1(1*kW)(2107141845)', '1-0:1.6.1*255', 1, 'kW', '2021-07-14T18:45:00+02:00', { zone: 'Europe/Vienna' }],
  // A meter that marks standard time in July keeps it all year.
  ['1.6.1(1*kW)(02107141845)', '1-0:1.6.1*255', 1, 'kW', '2021-07-14T18:45:00+01:00', { zone: 'Europe/Vienna' }],
  ['1.6.1(1*kW)(12107141845)', '1-0:1.6.1*255', 1, 'kW', '2021-07-14T18:45:00+02:00', { zone: 'Europe/Vienna' }],
  [
    '1.6.1(1*kW)(02107141845)',
    '1-0:1.6.1*255',
    1,
    'kW',
    '2021-07-14T18:45:00+02:00',
    { zone: 'Europe/Vienna', season: 'zone' },
  ],
];

describe('what stands in the brackets', () => {
  it('says of a number whose unit is printed beside it that the telegram tells its scale, and of no other', () => {
    for (const [line, source] of SCALES) assert.equal(read(line).scaleSource, source, line);
    const lines = '(140320140000)(00)(60)(1)(0-1:24.2.1)(m3)';
    assert.equal(read(`0-1:24.3.0${lines}(00001.001)`).scaleSource, 'telegram');
  });

  for (const [line, obis, value, unit, time, options] of ROWS) {
    it(`${line} is ${JSON.stringify(value)}${unit === null ? '' : ` ${unit}`}`, () => {
      const reading = read(line, options);
      assert.deepEqual([reading.obis, reading.value, reading.unit, reading.time], [obis, value, unit, time]);
      assert.equal(reading.text, /\(([^)]*)\)/.exec(line)?.[1]);
    });
  }
  it('gives every short decimal the number that it is', () => {
    let state = 62056;
    const next = (limit: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % limit;
    };
    for (let n = 0; n < 20_000; n++) {
      const digits = Array.from({ length: 1 + next(14) }, () => next(10)).join('');
      const point = next(digits.length + 1);
      const text =
        (next(3) === 0 ? '-' : '') + (point === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`);
      const expected = text.endsWith('.') ? text : Number(text) === 0 ? 0 : Number(text);
      assert.equal(read(`1.8.0(${text}*kWh)`).value, expected, text);
    }
  });
  it('reads date and time in the order that is set', () => {
    assert.equal(read('0.9.2(060122)').sets[0]?.date, '2006-01-22');
    assert.equal(read('0.9.2(060122)', { dateOrder: 'dmy' }).sets[0]?.date, '2022-01-06');
    assert.equal(read('0.9.2(20260130)', { dateOrder: 'dmy' }).sets[0]?.date, '2026-01-30');
    assert.equal(read('0.9.1(1185411)').sets[0]?.timeOfDay, '18:54:11');
  });
  it('shows the text behind a P1 octet string, and only there', () => {
    assert.equal(read('0-0:96.1.1(4530303334)', { p1: true }).sets[0]?.decoded, 'E0034');
    assert.equal(read('0-0:96.13.1(3031203631)', { p1: true }).sets[0]?.decoded, undefined);
    assert.equal(read('C.1.0(4530303334)').sets[0]?.decoded, undefined);
  });
  it('takes the parts of a value apart that are joined by &', () => {
    assert.deepEqual(read('9.4(098.5*C&096.1*C)', { medium: 'heat' }).sets[0]?.parts, [
      { text: '098.5*C', value: 98.5, unit: 'C' },
      { text: '096.1*C', value: 96.1, unit: 'C' },
    ]);
  });
  it('gives a bracket pair that is a time its time and no value', () => {
    assert.deepEqual(read('1.6.1(24.81*kW)(1604070900)').sets, [
      { text: '24.81*kW', value: 24.81, unit: 'kW' },
      { text: '1604070900', time: '2016-04-07T09:00:00' },
    ]);
  });
  it('gives short ids no name of electricity where a unit of the list shows that they are none', () => {
    const named = (text: string, options: TypingOptions = {}): unknown[] =>
      new Typing(options).readings(parseDataBlock(text).dataSets).map(r => [r.obis, r.key, r.value]);
    assert.deepEqual(named('6.8(0035.474*MWh)6.26(01547.38*m3)9.21(66153004)\r\n0-1:24.2.1(00001.5*m3)\r\n'), [
      [null, 'id_6_8', 35.474],
      [null, 'id_6_26', 1547.38],
      [null, 'id_9_21', 66153004],
      ['0-1:24.2.1*255', 'm_bus_value_1_ch1', 1.5],
    ]);
    assert.deepEqual(named('6.26(01547.38*m3)\r\n', { medium: 'heat' })[0], [
      '6-0:6.26.0*255',
      'heat_en1434_volume',
      1547.38,
    ]);
    // The unit stands in a line that one flipped bit 7 has made unreadable.
    for (const line of ['6.26(00428.35\xaam3)', '6.26(00428.35*\xed3)', '6.26(00428.35*m3\xa9']) {
      const { dataSets, unparsed } = parseDataBlock(`${line}\r\n6.6(0022.4*kW)\r\n`);
      assert.deepEqual(
        new Typing().readings(dataSets, { unread: unparsed }).map(r => r.obis),
        dataSets.map(() => null),
      );
    }
    assert.deepEqual(named('1.8.0(1*MWh)\r\n')[0], ['1-0:1.8.0*255', 'active_energy_import', 1]);
  });
  it('names what the dictionary knows', () => {
    assert.equal(read('1.8.0(1*kWh)').key, 'active_energy_import');
  });
});

describe('a list in brackets', () => {
  const read = (...sets: string[]): IecReading => new Typing({ p1: true }).reading({ id: '0-0:98.1.0', sets });
  const values = (reading: IecReading): unknown[] => reading.sets.map(({ id, value, time }) => [id, value, time]);

  it('gives each peak of a month the code and the time that it is of', () => {
    const peaks = read(
      ...['2', '1-0:1.6.0', '1-0:1.6.0'],
      ...['230101000000W', '221202164500W', '02.772*kW'],
      ...['230201000000W', '632525252525W', '00.000*kW'],
    );
    assert.deepEqual(values(peaks).slice(3), [
      [undefined, undefined, '2023-01-01T00:00:00+01:00'],
      ['1-0:1.6.0', undefined, '2022-12-02T16:45:00+01:00'],
      ['1-0:1.6.0', 2.772, '2022-12-02T16:45:00+01:00'],
      [undefined, undefined, '2023-02-01T00:00:00+01:00'],
      ['1-0:1.6.0', undefined, null],
      ['1-0:1.6.0', 0, null],
    ]);
  });

  it('gives each power failure its code and its time', () => {
    const failures = read('2', '0-0:96.7.19', '101208152415W', '0000000240*s', '101208151004W', '0000000301*s');
    assert.deepEqual(values(failures).slice(2), [
      [undefined, undefined, '2010-12-08T15:24:15+01:00'],
      ['0-0:96.7.19', 240, '2010-12-08T15:24:15+01:00'],
      [undefined, undefined, '2010-12-08T15:10:04+01:00'],
      ['0-0:96.7.19', 301, '2010-12-08T15:10:04+01:00'],
    ]);
  });

  it('names nothing in a list of another form, or of fewer rows than it says', () => {
    for (const sets of [
      ['3', '1-0:1.6.0', '1-0:1.6.0', '230101000000W', '221202164500W', '02.772*kW'],
      ['230801000000S', '000040.777*kWh', '000008.950*kWh', '000031.827*kWh'],
      ['1', '1-0:1.6.0', '00.1*kW', '02.772*kW'],
      ['0', '1-0:1.6.0', '1-0:1.6.0', '1-0:1.6.0'],
    ]) {
      assert.ok(read(...sets).sets.every(set => set.id === undefined));
    }
  });
});
