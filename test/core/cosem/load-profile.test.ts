import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { LoadProfile } from '../../../src/filter/load-profile';
import { toCsv, toReport } from '../../../src/filter/load-profile';

const PROFILE: LoadProfile = {
  meter: { id: 'MFL12345678', manufacturer: 'MFL', model: null },
  profile: { obis: '1-0:99.1.0*255', capturePeriod: 900, access: 'range' },
  from: '2026-11-20T00:00:00+01:00',
  to: '2026-11-20T00:45:00+01:00',
  columns: [
    column('1-0:1.8.0*255', 'Active energy import (+A) total', 'Wh'),
    column('0-0:96.1.0*255', 'Device "ID", 1', null),
  ],
  rows: [
    { time: '2026-11-20T00:15:00+01:00', status: 0, '1-0:1.8.0*255': 1000.5, '0-0:96.1.0*255': 'a,"b"' },
    { time: null, status: 8, '1-0:1.8.0*255': null, '0-0:96.1.0*255': 'x' },
    { time: '2026-11-20T00:45:00+01:00', status: 0, '1-0:1.8.0*255': 999.25, '0-0:96.1.0*255': '' },
  ],
};

function column(obis: string, name: string, unit: string | null): LoadProfile['columns'][number] {
  return { key: obis, obis, classId: 3, attribute: 2, dataIndex: 0, name, unit, scaler: 0 };
}

describe('the load profile as CSV', () => {
  it('has a header with units, quotes what needs it and leaves empty what is not there', () => {
    assert.equal(
      toCsv(PROFILE),
      [
        'time,status,1-0:1.8.0*255 [Wh],0-0:96.1.0*255',
        '2026-11-20T00:15:00+01:00,0,1000.5,"a,""b"""',
        ',8,,x',
        '2026-11-20T00:45:00+01:00,0,999.25,',
        '',
      ].join('\n'),
    );
  });

  it('has no status where no row has one, and a header for no rows', () => {
    assert.equal(toCsv({ ...PROFILE, rows: [] }), 'time,1-0:1.8.0*255 [Wh],0-0:96.1.0*255\n');
  });
});

describe('the load profile as a report', () => {
  it('has range, count, columns, rows with bars and a summary', () => {
    assert.equal(
      toReport(PROFILE),
      [
        'Load profile 1-0:99.1.0*255, meter MFL12345678',
        'From 2026-11-20T00:00:00+01:00 to 2026-11-20T00:45:00+01:00',
        '3 rows, one every 900 s',
        '',
        'time                      | status | 1-0:1.8.0*255 [Wh] | 0-0:96.1.0*255',
        '2026-11-20T00:15:00+01:00 | 0      | 1000.5             | a,"b"',
        '                          | 8      |                    | x',
        '2026-11-20T00:45:00+01:00 | 0      | 999.25             |',
        '',
        'Summary',
        '1-0:1.8.0*255 Active energy import (+A) total: first 1000.5, last 999.25, lowest 999.25, highest 1000.5 Wh, 1 without a value',
        '',
      ].join('\n'),
    );
  });

  it('says so when there is nothing to sum up', () => {
    const empty = toReport({ ...PROFILE, from: null, to: null, rows: [] });
    assert.match(empty, /^From the first entry to the last entry$/m);
    assert.match(empty, /^Summary: no values$/m);
  });
});
