import { strict as assert } from 'node:assert';

import { zoneOffsetAt } from '../../src/core/cosem/zone';
import { parseDataBlock } from '../../src/core/iec62056-21/data-block';
import { parseProfile } from '../../src/core/iec62056-21/profile';
import { Typing } from '../../src/core/iec62056-21/typing';
import { householdList, householdProfile, type IecHousehold } from '../../src/sim/iec-list';

const at = (iso: string): IecHousehold => ({
  nowMs: Date.parse(iso),
  serialNumber: '00012345',
  offsetMinutes: () => 60,
});

describe('the simulated list', () => {
  const read = (iso: string): Map<string, unknown> =>
    new Map(new Typing().readings(parseDataBlock(householdList(at(iso)).join('\r\n')).dataSets).map(r => [r.id, r]));
  it('shows thirteen months of peaks that stay the same when the month goes on', () => {
    const [one, other] = [read('2026-11-03T10:00:00Z'), read('2026-11-20T10:00:00Z')];
    const history = [...one.keys()].filter(id => id.startsWith('1.6.1*'));
    assert.equal(history.length, 13);
    for (const id of history) assert.deepEqual(one.get(id), other.get(id));
  });
  it('never dates a peak after now', () => {
    for (let day = 1; day < 28; day++) {
      const now = `2026-03-${String(day).padStart(2, '0')}T12:00:00Z`;
      const { time } = read(now).get('1.6.1') as { time: string };
      assert.ok(Date.parse(`${time}+01:00`) <= Date.parse(now), time);
    }
  });
});

describe('the simulated load profile', () => {
  it('marks summer time, and begins anew where the clock changes', () => {
    const zone = 'Europe/Vienna';
    const house: IecHousehold = {
      nowMs: Date.parse('2026-10-25T02:00:00Z'),
      serialNumber: '00012345',
      offsetMinutes: ms => zoneOffsetAt(zone, ms).offsetMinutes,
    };
    const text = (householdProfile(house, 'P.01', '12610250100;') ?? []).join('\r\n');
    const { segments } = parseProfile(text, { zone });
    assert.deepEqual(
      segments.map(s => [s.time, s.season, s.status, s.rows.length]),
      [
        ['2026-10-25T01:00:00+02:00', 'dst', '00', 8],
        ['2026-10-25T02:00:00+01:00', 'standard', '08', 5],
      ],
    );
    const times = segments.flatMap(s => s.rows.map(r => Date.parse(r.time ?? '')));
    for (let i = 1; i < times.length; i++) assert.equal((times[i] ?? 0) - (times[i - 1] ?? 0), 900_000);
  });
  it('has a row for each quarter of an hour of the range, both ends included', () => {
    const lines = householdProfile(at('2026-11-03T10:00:00Z'), 'P.01', '02611030000;02611030100') ?? [];
    const [segment] = parseProfile(lines.join('\r\n')).segments;
    assert.deepEqual(
      segment?.rows.map(r => r.time?.slice(11, 16)),
      ['00:00', '00:15', '00:30', '00:45', '01:00'],
    );
  });
  it('gives the last day without a range, and nothing for a range in the future', () => {
    const house = at('2026-11-03T10:00:00Z');
    assert.equal(householdProfile(house, 'P.01', ';')?.length, 98);
    assert.equal(householdProfile(house, 'P.01', '03011030000;'), null);
    assert.equal(householdProfile(house, 'P.02', ';'), null);
  });
  it('has a log book', () => {
    const [segment] = parseProfile(
      (householdProfile(at('2026-11-03T10:00:00Z'), 'P.98', ';') ?? []).join('\r\n'),
    ).segments;
    assert.deepEqual([segment?.time, segment?.status], ['2026-11-01T00:00:00', '00000010']);
  });
});
