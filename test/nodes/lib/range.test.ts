import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RangeInput } from '../../../src/nodes/lib/range';
import { keepsLastRead, wantedRange } from '../../../src/nodes/lib/range';

const NOW = Date.UTC(2026, 10, 21, 9, 15);
const HOUR = 3_600_000;

function input(over: Partial<RangeInput> = {}): RangeInput {
  return {
    mode: 'last',
    last: '',
    from: '',
    to: '',
    entries: '',
    message: {},
    lastReadMs: null,
    nowMs: NOW,
    policy: { mode: 'standard' },
    localZone: 'Europe/Vienna',
    ...over,
  };
}
const fromOf = (over: Partial<RangeInput>): number | null => {
  const range = wantedRange(input(over));
  assert.equal(range.kind, 'time');
  return range.kind === 'time' ? range.fromMs : null;
};

describe('the range of a load profile', () => {
  it('is the last 31 days when nothing is said, at the same time of day across the change of the clock', () => {
    // 21 November 10:15 in winter time; 21 October 10:15 was summer time, one hour earlier in UTC.
    assert.deepEqual(wantedRange(input()), {
      kind: 'time',
      fromMs: Date.UTC(2026, 9, 21, 8, 15),
      toMs: null,
      sinceLastRead: false,
    });
  });

  const spans: [string, number][] = [
    ['last 24 h', NOW - 24 * HOUR],
    ['24h', NOW - 24 * HOUR],
    ['90 min', NOW - 1.5 * HOUR],
    ['2 weeks', NOW - 14 * 24 * HOUR],
    ['1 month', Date.UTC(2026, 9, 21, 8, 15)],
    ['1 year', Date.UTC(2025, 10, 21, 9, 15)],
  ];
  for (const [last, fromMs] of spans) {
    it(`understands "${last}"`, () => assert.equal(fromOf({ last }), fromMs));
  }

  it('begins where the last read ended, and with the last 31 days the first time', () => {
    const again = wantedRange(input({ mode: 'since-last-read', lastReadMs: NOW - HOUR }));
    assert.deepEqual(again, { kind: 'time', fromMs: NOW - HOUR, toMs: null, sinceLastRead: true });
    assert.ok(keepsLastRead(again));
    assert.equal(fromOf({ mode: 'since-last-read', last: '2 days' }), NOW - 48 * HOUR);
    assert.ok(!keepsLastRead(wantedRange(input())));
  });

  it('takes the range of the message before the one of the node', () => {
    const to = new Date(NOW);
    assert.deepEqual(wantedRange(input({ mode: 'all', message: { from: NOW - HOUR, to } })), {
      kind: 'time',
      fromMs: NOW - HOUR,
      toMs: NOW,
      sinceLastRead: false,
    });
    assert.equal(fromOf({ message: { from: 'last 24 h' } }), NOW - 24 * HOUR);
    assert.equal(fromOf({ message: { from: 'since last read' }, lastReadMs: 5 }), 5);
  });

  it('reads times with an offset as they are, and without one in the zone of the connection or of this computer', () => {
    const at = (from: string, zone?: string): number | null =>
      fromOf({ mode: 'between', from, policy: zone === undefined ? { mode: 'standard' } : { mode: 'standard', zone } });
    assert.equal(at('2026-11-01T00:00:00+05:30'), Date.UTC(2026, 9, 31, 18, 30));
    assert.equal(at('2026-11-01T00:00'), Date.UTC(2026, 9, 31, 23, 0));
    assert.equal(at('2026-11-01', 'Asia/Kolkata'), Date.UTC(2026, 9, 31, 18, 30));
    assert.equal(at('1761951600000'), 1761951600000);
  });

  it('understands entries as newest so many or as first to last', () => {
    const of = (entries: unknown): unknown => wantedRange(input({ message: { entries } }));
    assert.deepEqual(of(96), { kind: 'newest', count: 96 });
    assert.deepEqual(of('96'), { kind: 'newest', count: 96 });
    assert.deepEqual(of('1-96'), { kind: 'entries', first: 1, last: 96 });
    assert.deepEqual(of({ from: 5, to: 7 }), { kind: 'entries', first: 5, last: 7 });
    assert.deepEqual(of([5]), { kind: 'entries', first: 5, last: 0 });
    assert.deepEqual(wantedRange(input({ mode: 'entries', entries: '3-4' })), { kind: 'entries', first: 3, last: 4 });
  });

  const wrong: [string, Partial<RangeInput>][] = [
    ['a span without unit', { last: '24' }],
    ['a begin that is no time', { message: { from: 'yesterday-ish' } }],
    ['an invalid Date', { message: { from: new Date(NaN) } }],
    ['an object as time', { message: { from: {} } }],
    ['a begin after the end', { message: { from: NOW, to: NOW - 1 } }],
    ['entry zero', { message: { entries: '0-5' } }],
    ['entries backwards', { message: { entries: '7-5' } }],
    ['entries that are no numbers', { message: { entries: 'some' } }],
  ];
  for (const [name, over] of wrong) {
    it(`refuses ${name} with BAD_SETTING`, () => {
      assert.throws(() => wantedRange(input(over)), { code: 'BAD_SETTING' });
    });
  }
});
