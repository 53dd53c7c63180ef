import assert from 'node:assert/strict';

import { encodeData } from '../../src/core/cosem/data';
import { hex, unhex } from '../../src/core/wire/hex';
import { RESULT } from '../../src/sim/cosem-object';
import { MeterClock } from '../../src/sim/meter-clock';
import { energiesAt } from '../../src/sim/objects/household-load';
import { capture, elements, entries, meterAt, NOW, range, Wire } from './wire';

const PROFILE = '1.0.99.1.0.255';

function associated(...args: Parameters<typeof meterAt>): Wire {
  const wire = new Wire(meterAt(...args));
  assert.equal(wire.associate()?.type, 'aare');
  return wire;
}

describe('the objects of the simulated meter', () => {
  it('shows its clock with weekday, deviation and status by the standard', () => {
    // 2026-01-15 Thursday 13:07:30.00, -60 minutes to UTC, no daylight saving
    assert.equal(hex(encodeData(associated().get(8, '0.0.1.0.0.255', 2) as never)), '090c07ea010f040d071e00ffc400');
    const summer = associated(Date.UTC(2026, 6, 1, 0, 0, 0));
    // 2026-07-01 Wednesday 02:00, -120, daylight saving
    assert.equal(hex(encodeData(summer.get(8, '0.0.1.0.0.255', 2) as never)), '090c07ea07010302000000ff8880');
  });

  it('shows its clock with the opposite sign or without deviation when it is told to', () => {
    const of = (deviation: 'inverted' | 'unspecified'): string =>
      hex(encodeData(associated(NOW, { deviation }).get(8, '0.0.1.0.0.255', 2) as never)).slice(22, 26);
    assert.equal(of('inverted'), '003c');
    assert.equal(of('unspecified'), '8000');
  });

  it('begins months at local midnight, also across the change of the hour', () => {
    const clock = new MeterClock('Europe/Vienna');
    assert.equal(new Date(clock.startOfMonth(Date.UTC(2026, 3, 10), 0)).toISOString(), '2026-03-31T22:00:00.000Z');
    assert.equal(new Date(clock.startOfMonth(Date.UTC(2026, 3, 10), 1)).toISOString(), '2026-02-28T23:00:00.000Z');
  });

  it('answers a register with value, scaler and unit', () => {
    const wire = associated();
    assert.deepEqual(wire.get(3, '1.0.1.8.0.255', 2), { type: 'double-long-unsigned', value: energiesAt(NOW).import });
    // structure of scaler 0 and unit 30, Wh
    assert.equal(hex(encodeData(wire.get(3, '1.0.1.8.0.255', 3) as never)), '02020f00161e');
  });

  it('has energies that never fall and tariffs that add up', () => {
    let before = energiesAt(NOW);
    for (let t = NOW; t < NOW + 2 * 86_400_000; t += 61_000) {
      const now = energiesAt(t);
      assert.equal(now.importDay + now.importNight, now.import);
      for (const key of Object.keys(now) as (keyof typeof now)[]) assert.ok(now[key] >= before[key], `${key} fell`);
      before = now;
    }
  });

  it('says which of object, class, attribute or right is missing', () => {
    const wire = associated();
    assert.equal(wire.get(3, '1.0.77.8.0.255', 2), RESULT.objectUndefined);
    assert.equal(wire.get(4, '1.0.1.8.0.255', 2), RESULT.classInconsistent);
    assert.equal(wire.get(3, '1.0.1.8.0.255', 9), RESULT.objectUndefined);
    assert.equal(wire.get(7, '0.0.98.1.0.255', 2), RESULT.readWriteDenied);
    assert.equal(wire.get(3, '1.0.1.8.0.255', 2, entries(1, 2)), RESULT.scopeViolated);
  });

  it('lists every object with its rights, fewer for the public client', () => {
    const list = elements(associated().get(15, '0.0.40.0.0.255', 2));
    assert.equal(list.length, 44);
    const billing = list.find(e => hex((elements(e)[2] as { value: Uint8Array }).value) === '0000620100ff');
    const [rights] = elements(elements(billing as never)[3] as never);
    // attribute 2 of the billing profile: no access, selectors 1 and 2
    assert.equal(hex(encodeData(elements(rights as never)[1] as never)), '02030f02160001020f010f02');
  });
});

describe('the load profile of the simulated meter', () => {
  const wide = { behaviour: { pduSize: 65_535 } };

  it('holds 31 days at 15 minutes and grows with the time', () => {
    let now = NOW;
    const wire = associated(() => now, { ...wide, loadProfile: { days: 31, periodS: 900 } });
    const rows = elements(wire.get(7, PROFILE, 2, entries(2970, 0)));
    assert.equal(rows.length, 7);
    assert.deepEqual(wire.get(7, PROFILE, 7), { type: 'double-long-unsigned', value: 2976 });
    now += 900_000;
    assert.deepEqual(elements(wire.get(7, PROFILE, 2, entries(2975, 2975))), [rows[6]]);
  });

  it('takes both ends of a range', () => {
    const clock = new MeterClock('Europe/Vienna');
    const wire = associated(NOW, wide);
    const from = clock.octets(Date.UTC(2026, 0, 1));
    const to = clock.octets(Date.UTC(2026, 0, 1, 1));
    const rows = elements(wire.get(7, PROFILE, 2, range(from, to)));
    assert.equal(rows.length, 5);
    assert.deepEqual(elements(rows[0] as never)[0], { type: 'octet-string', value: from });
    assert.deepEqual(elements(rows[4] as never)[0], { type: 'octet-string', value: to });
    assert.deepEqual(elements(rows[4] as never)[2], {
      type: 'double-long-unsigned',
      value: energiesAt(Date.UTC(2026, 0, 1, 1)).import,
    });
  });

  it('takes a range without deviation as its own wall clock and wildcards as open ends', () => {
    const wire = associated(NOW, wide);
    const from = unhex('07ea0101ff00000000800000');
    const rows = elements(wire.get(7, PROFILE, 2, range(from, unhex('07ea0101ff000f0000800000'))));
    assert.equal(rows.length, 2);
    assert.equal(
      elements(wire.get(7, PROFILE, 2, range(unhex('ffffffffffffffffff8000ff'), unhex('ffffffffffffffffff8000ff'))))
        .length,
      2976,
    );
  });

  it('gives the chosen columns only', () => {
    const clock = new MeterClock('Europe/Vienna');
    const at = clock.octets(Date.UTC(2026, 0, 1));
    const columns = [capture(8, '0.0.1.0.0.255', 2), capture(3, '1.0.2.8.0.255', 2)];
    const wire = associated(NOW, wide);
    const [row] = elements(wire.get(7, PROFILE, 2, range(at, at, columns)));
    assert.equal(elements(row as never).length, 2);
    assert.equal(wire.get(7, PROFILE, 2, range(at, at, [capture(3, '1.0.99.8.0.255', 2)])), RESULT.other);
    assert.equal(elements(elements(wire.get(7, PROFILE, 2, entries(1, 1, 2, 4)))[0] as never).length, 3);
    wire.meter.behaviour = { ...wire.meter.behaviour, ignoresColumns: true };
    assert.equal(elements(elements(wire.get(7, PROFILE, 2, range(at, at, columns)))[0] as never).length, 8);
  });

  it('refuses, or calls an empty selection an error, when it is told to', () => {
    const wire = associated(NOW, wide);
    const never = unhex('07d00101ff00000000ffc400');
    const behave = (change: object): void => void (wire.meter.behaviour = { ...wire.meter.behaviour, ...change });
    assert.deepEqual(wire.get(7, PROFILE, 2, range(never, never)), { type: 'array', value: [] });
    behave({ emptyRange: 'other' });
    assert.equal(wire.get(7, PROFILE, 2, range(never, never)), 250);
    behave({ emptyRange: 'object-unavailable' });
    assert.equal(wire.get(7, PROFILE, 2, range(never, never)), 11);
    behave({ rangeRefused: 250, entryRefused: 3 });
    assert.equal(wire.get(7, PROFILE, 2, range(never, never)), 250);
    assert.equal(wire.get(7, PROFILE, 2, entries(1, 1)), 3);
  });

  it('is choosy about the deviation in a range when it is told to', () => {
    const wire = associated(NOW, { behaviour: { pduSize: 65_535, rangeDeviation: 'without' } });
    const at = (deviation: string): Uint8Array => unhex(`07ea0101ff00000000${deviation}00`);
    assert.equal(wire.get(7, PROFILE, 2, range(at('ffc4'), at('ffc4'))), RESULT.other);
    assert.equal(elements(wire.get(7, PROFILE, 2, range(at('8000'), at('8000')))).length, 1);
  });

  it('leaves out what repeats when it is told to', () => {
    const wire = associated(NOW, { behaviour: { pduSize: 65_535, nullCompressed: true } });
    const [first, second] = elements(wire.get(7, PROFILE, 2, entries(1, 2)));
    assert.equal(elements(first as never)[0]?.type, 'octet-string');
    assert.equal(elements(second as never)[0]?.type, 'null-data');
    assert.equal(elements(second as never)[1]?.type, 'null-data');
    assert.equal(elements(second as never)[2]?.type, 'double-long-unsigned');
  });

  it('answers nonsense in a selector with a result, not with silence', () => {
    const wire = associated(NOW, wide);
    assert.equal(wire.get(7, PROFILE, 2, { selector: 1, parameters: { type: 'null-data' } }), RESULT.typeUnmatched);
    assert.equal(wire.get(7, PROFILE, 2, { selector: 2, parameters: { type: 'null-data' } }), RESULT.typeUnmatched);
    assert.equal(wire.get(7, PROFILE, 2, { selector: 9, parameters: { type: 'null-data' } }), RESULT.scopeViolated);
  });
});
