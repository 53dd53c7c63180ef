// The counters of pushes: what is a repetition, and what a forger cannot make one.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ReplayGuard, type CounterMemory } from '../../../src/core/push';
import { SeenCounters } from '../../../src/core/push/seen-counters';
import { Key } from '../../../src/core/security';

const KEY = Key.parse('000102030405060708090a0b0c0d0e0f', 'key');
const OTHER = Key.parse('f00102030405060708090a0b0c0d0e0f', 'key');
const METER = '53494d0000000001';

function memory(): CounterMemory & { readonly kept: Map<string, number> } {
  const kept = new Map<string, number>();
  return { kept, last: id => kept.get(id), remember: (id, n) => void kept.set(id, n) };
}
/** '' taken, 'again' a repetition, 'skipped n'. */
function seen(guard: ReplayGuard, counter: number, verified = true, key = KEY, title = METER): string {
  const { error, mark } = guard.check(title, key, counter, verified);
  assert.equal(error !== null, guard.mode === 'refuse' && mark?.replayed === true);
  return mark?.replayed === true ? 'again' : mark?.skipped === undefined ? '' : `skipped ${mark.skipped}`;
}

describe('the guard against repetitions', () => {
  for (const mode of ['accept', 'refuse'] as const) {
    it(`judges verified telegrams by the highest verified counter (${mode})`, () => {
      const guard = new ReplayGuard(mode);
      assert.deepEqual(
        [10, 11, 10, 14, 14, 15].map(n => seen(guard, n)),
        ['', '', 'again', 'skipped 2', 'again', ''],
      );
    });

    it(`is not moved by what nobody verified (${mode})`, () => {
      const guard = new ReplayGuard(mode);
      seen(guard, 10);
      seen(guard, 0xffff_ffff, false);
      assert.deepEqual([seen(guard, 11), seen(guard, 12)], ['', '']);
      // With its tag cut off, a telegram that was verified before comes again.
      assert.equal(seen(guard, 11, false), 'again');
    });
  }

  it('keeps the counters of each key and each meter apart', () => {
    const guard = new ReplayGuard('refuse');
    seen(guard, 1000);
    assert.equal(seen(guard, 3, true, OTHER), '');
    assert.equal(seen(guard, 3, true, KEY, '53494d0000000002'), '');
    assert.equal(seen(guard, 3, true, Key.parse('000102030405060708090a0b0c0d0e0f', 'the same key')), 'again');
  });

  it('lets a meter send 0 for ever, verified or not', () => {
    for (const verified of [true, false]) {
      const guard = new ReplayGuard('refuse');
      assert.deepEqual([seen(guard, 0, verified), seen(guard, 0, verified), seen(guard, 0, verified)], ['', '', '']);
    }
  });

  it('never takes the telegrams of a meter for repetitions because somebody forged high counters', () => {
    const guard = new ReplayGuard('refuse');
    for (let n = 1000; n < 1020; n++) seen(guard, n, false);
    for (const forged of [
      0xffff_ffff,
      0x8000_0000,
      5000,
      1050,
      ...Array.from({ length: 40 }, (_, i) => 10_000 + 50 * i),
    ]) {
      seen(guard, forged, false);
    }
    for (let n = 1020; n < 1040; n++) assert.notEqual(seen(guard, n, false), 'again', String(n));
    // Away for a while, and back: still the meter.
    assert.notEqual(seen(guard, 6000, false), 'again');
    assert.notEqual(seen(guard, 6001, false), 'again');
    // What came before comes again.
    for (const n of [1000, 1019, 1030, 6000]) assert.equal(seen(guard, n, false), 'again', String(n));
    // Recorded before the first of them came.
    assert.equal(seen(guard, 900, false), 'again');
  });

  it('remembers over a restart, verified and unverified apart, with no key in what it keeps', () => {
    const kept = memory();
    const before = new ReplayGuard('refuse', kept);
    seen(before, 10);
    for (let n = 100; n < 110; n++) seen(before, n, false, OTHER);
    seen(before, 0xffff_fff0, false, OTHER);
    const after = new ReplayGuard('refuse', kept);
    assert.deepEqual([seen(after, 10), seen(after, 11)], ['again', '']);
    assert.deepEqual(
      [105, 109, 110].map(n => seen(after, n, false, OTHER)),
      ['again', 'again', ''],
    );
    assert.ok(![...kept.kept.keys()].join().includes('0001020304'));
  });

  it('keeps 100,000 meters, and says once when the oldest are forgotten', () => {
    const guard = new ReplayGuard('refuse');
    let told = 0;
    for (let i = 0; i < 100_010; i++) if (guard.check(String(i), KEY, 5, true).full !== null) told++;
    assert.equal(told, 1);
    assert.equal(seen(guard, 5, true, KEY, '11'), 'again');
    assert.equal(seen(guard, 5, true, KEY, '3'), '');
    const small = new ReplayGuard('accept', null, 2);
    for (const title of ['a', 'b']) small.check(title, KEY, 1, true);
    small.check('a', KEY, 2, true);
    const { full } = small.check('c', KEY, 1, true);
    assert.equal(full?.code, 'LIMIT_EXCEEDED');
    // The one that was silent for longest is forgotten.
    assert.deepEqual([seen(small, 2, true, KEY, 'a'), seen(small, 1, true, KEY, 'b')], ['again', '']);
  });
});

describe('counters that were seen', () => {
  it('are bounded, and a run of the meter outlasts single ones', () => {
    const counters = new SeenCounters();
    for (let n = 1; n <= 20; n++) counters.add(n);
    for (let i = 0; i < 1000; i++) counters.add(1_000_000 + 100 * i);
    assert.ok(counters.has(15));
    assert.equal(counters.established, 20);
  });
});
