import { strict as assert } from 'node:assert';

import { isProfile, parseProfile, profileTable } from '../../../src/core/iec62056-21/profile';

const GAP = [
  'P.01(1260329013000)(08)(15)(2)(1-0:1.5.0)(kW)(1-0:2.5.0)(kW)',
  '(0.10000)(0.20000)',
  '(0.30000)(0.40000)',
  'P.01(0260329040000)(80)(15)(2)(1-0:1.5.0)(kW)(1-0:2.5.0)(kW)(0.5)(0.6)(0.7)(0.8)',
].join('\r\n');

describe('a load profile as text', () => {
  it('has a segment for each header, rows on their own lines or behind it', () => {
    const { segments, code, obis } = parseProfile(GAP);
    assert.deepEqual([code, obis, segments.length], ['P.01', '1-0:99.1.0*255', 2]);
    assert.deepEqual(
      segments.map(s => [s.time, s.season, s.status, s.rows.length]),
      [
        ['2026-03-29T01:30:00', 'dst', '08', 2],
        ['2026-03-29T04:00:00', 'standard', '80', 2],
      ],
    );
  });
  it('becomes rows with time, status and a column for each channel', () => {
    const table = profileTable(parseProfile(GAP));
    assert.deepEqual(table.profile, { obis: '1-0:99.1.0*255', code: 'P.01', capturePeriod: 900 });
    assert.deepEqual([table.from, table.to], ['2026-03-29T01:30:00', '2026-03-29T04:15:00']);
    assert.deepEqual(table.rows[1], {
      time: '2026-03-29T01:45:00',
      status: 8,
      '1-0:1.5.0*255': 0.3,
      '1-0:2.5.0*255': 0.4,
    });
    assert.equal(table.columns[0]?.unit, 'kW');
  });
  it('leaves a row out at its time where the closing bracket has become an opening one', () => {
    const head = 'P.01(0210101001500)(00)(15)(1)(1.5)(kW)';
    const { segments, unparsed } = parseProfile(`${head}\r\n(0001)\r\n(0002(\r\n(0003)\r\n`);
    assert.deepEqual(
      segments.map(({ rows }) => rows.map(({ time, values }) => [time?.slice(11, 16), ...values])),
      [
        [
          ['00:15', 1],
          ['00:45', 3],
        ],
      ],
    );
    assert.deepEqual(unparsed, ['(0002(']);
  });
  it('takes whatever number of values and of lines that cannot be read', () => {
    const long = parseProfile(`P.01(0210101000000)\r\n${'(1)'.repeat(300_000)}`);
    assert.equal(long.segments.length, 1);
    const head = 'P.01(0210101001500)(00)(15)(2)(1.5)(kW)(2.5)(kW)';
    assert.equal(parseProfile(`${head}\r\n(1)\r\n${'((\r\n'.repeat(200_000)}`).unparsed.length, 200_001);
  });
  it('keeps a log book entry without values as a row', () => {
    const table = profileTable(
      parseProfile('P.98(1220901000000)(00000010)()(0)\r\nP.98(1220826235646)(00008020)()(1)(0.9.1)()(1235703)'),
    );
    assert.deepEqual(table.rows, [
      { time: '2022-09-01T00:00:00', status: 0x10, '1-0:0.9.1*255': null },
      { time: '2022-08-26T23:56:46', status: 0x8020, '1-0:0.9.1*255': '1235703' },
    ]);
  });
  it('numbers equal channels', () => {
    const table = profileTable(parseProfile('P.01(2601010015)(00)(15)(2)(1.5.0)(kW)(1.5.0)(kW)\r\n(1)(2)'));
    assert.deepEqual(
      table.columns.map(c => c.key),
      ['1-0:1.5.0*255', '1-0:1.5.0*255#2'],
    );
  });
  it('has times with their offset in a zone, the hour that comes twice by the mark of its header', () => {
    const text = [
      'P.01(1261025020000)(00)(30)(1)(1.5.0)(kW)(1)(2)',
      'P.01(0261025020000)(08)(30)(1)(1.5.0)(kW)(3)(4)(5)',
    ].join('\r\n');
    const table = profileTable(parseProfile(text, { zone: 'Europe/Vienna' }));
    assert.deepEqual(
      table.rows.map(row => row.time),
      [
        '2026-10-25T02:00:00+02:00',
        '2026-10-25T02:30:00+02:00',
        '2026-10-25T02:00:00+01:00',
        '2026-10-25T02:30:00+01:00',
        '2026-10-25T03:00:00+01:00',
      ],
    );
    assert.deepEqual([table.from, table.to], ['2026-10-25T02:00:00+02:00', '2026-10-25T03:00:00+01:00']);
  });
  for (const [minutes, expected] of [
    ['15', 15],
    ['015', 15],
    ['15*min', 15],
    ['1*h', 60],
    ['900*s', 15],
    ['', null],
    ['x', null],
  ] as const) {
    it(`reads a period of "${minutes}"`, () => {
      const { segments } = parseProfile(`P.01(2601010015)(00)(${minutes})(1)(1.5.0)(kW)(1)`);
      assert.equal(segments[0]?.intervalMinutes, expected);
    });
  }
  const head = 'P.01(2601010015)(00)(15)(2)(1.5.0)(kW)(2.5.0)(kW)';
  const rowsOf = (lines: readonly string[]): unknown => {
    const { segments, unparsed } = parseProfile([head, ...lines].join('\r\n'));
    return [segments.flatMap(s => s.rows.map(r => [r.time?.slice(11, 16), ...r.values])), unparsed];
  };
  it('leaves a row out at its time where its line is short or cannot be read, and says so', () => {
    assert.deepEqual(rowsOf(['(1)(2)', '(3)', '(5)(6)', '(7)(8']), [
      [
        ['00:15', 1, 2],
        ['00:45', 5, 6],
      ],
      ['P.01: (3)', '(7)(8'],
    ]);
    assert.deepEqual(rowsOf(['(1)(2', '(3)(4)', '(5)', '(7)', '(9)(10)']), [
      [
        ['00:30', 3, 4],
        ['01:15', 9, 10],
      ],
      ['(1)(2', 'P.01: (5)', 'P.01: (7)'],
    ]);
  });
  it('gives no time to what stands behind a line of which nobody knows how many rows it held', () => {
    assert.deepEqual(rowsOf(['(1)(2)(3)(4)', '(5)(6', '(7)(8)']), [
      [
        ['00:15', 1, 2],
        ['00:30', 3, 4],
      ],
      ['(5)(6', 'P.01: (7)(8)'],
    ]);
    assert.deepEqual(rowsOf(['(1)(2)', 'P.01(26010', '(3)(4)']), [[['00:15', 1, 2]], ['P.01(26010', '(3)(4)']]);
  });
  it('finds rows by counting where a meter breaks its lines anywhere', () => {
    assert.deepEqual(rowsOf(['(1)(2)(3)', '(4)(5)(6)']), [
      [
        ['00:15', 1, 2],
        ['00:30', 3, 4],
        ['00:45', 5, 6],
      ],
      [],
    ]);
  });
  it('takes the unit from the values where the header names none', () => {
    const { segments } = parseProfile('P.01(2601010015)(00)(15)(1)(1.5.0)()\r\n(0.12*kW)\r\n(0.13*kW)');
    assert.deepEqual([segments[0]?.channels[0]?.unit, segments[0]?.rows.map(r => r.values[0])], ['kW', [0.12, 0.13]]);
  });
  it('may have nothing in it', () => {
    assert.deepEqual(profileTable(parseProfile('P.01()')).rows, []);
    assert.deepEqual(profileTable(parseProfile('P.01(ERROR)')).rows, []);
  });
  it('ends times in UTC with Z', () => {
    assert.equal(
      parseProfile('P.01(2260101001500)(00)(15)(1)(1.5.0)(kW)(1)').segments[0]?.rows[0]?.time,
      '2026-01-01T00:15:00Z',
    );
  });
  it('hands back the values of a cut last row', () => {
    const { segments, unparsed } = parseProfile('P.01(2601010015)(00)(15)(2)(1.5.0)(kW)(2.5.0)(kW)\r\n(1)(2)\r\n(3)');
    assert.deepEqual([segments[0]?.rows.length, unparsed], [1, ['P.01: (3)']]);
  });
  it('survives headers that make no sense', () => {
    for (const text of ['P.01()', 'P.01(x)(y)(z)(999)(a)', 'P.01(0260101001500)(00)(15)(2)(1.5.0)']) {
      assert.equal(
        profileTable(parseProfile(text)).rows.every(r => r.time === null || typeof r.time === 'string'),
        true,
      );
    }
  });
  it('is told from a list', () => {
    assert.deepEqual(['P.01(1)', '1-0:P.98(1)', '1-0:99.1.0(1)', '1.8.0(1)', '0-0:99.97.0'].map(isProfile), [
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
