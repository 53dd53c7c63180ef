// Times beside values of text protocols: each form, and days that no year has.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readTime, readTimeOfDay } from '../../../src/core/iec62056-21/times';

describe('a time stamp as text', () => {
  for (const [text, iso] of [
    ['2611201145', '2026-11-20T11:45:00'],
    ['261120114530', '2026-11-20T11:45:30'],
    ['202611201145', '2026-11-20T11:45:00'],
    ['20261120114530', '2026-11-20T11:45:30'],
    ['26-11-20 11:45', '2026-11-20T11:45:00'],
    ['2026-11-20T11:45:30', '2026-11-20T11:45:30'],
    ['20261120 11:45', '2026-11-20T11:45:00'],
    ['20261120 11:45:30', '2026-11-20T11:45:30'],
    ['19000101 00:00:00', '1900-01-01T00:00:00'],
    ['20261120 24:00:00', '2026-11-21T00:00:00'],
  ] as const) {
    it(`${text} is ${iso}`, () => assert.equal(readTime(text)?.iso, iso));
  }

  for (const [text, why] of [
    ['20230229 12:00:00', 'no leap year'],
    ['21000229 12:00:00', 'no leap year, though it can be divided by four'],
    ['20260431 12:00:00', 'April has 30 days'],
    ['18991231 12:00:00', 'no clock is that old'],
    ['20261120 24:00:01', 'the day has ended'],
    ['20261120 11:60:00', 'no such minute'],
    ['20261120 11:45:60', 'no such second'],
  ] as const) {
    it(`${text} is none: ${why}`, () => assert.equal(readTime(text)?.iso, null));
  }

  it('may be on the 29 February of a leap year, the one of a century among them', () => {
    assert.equal(readTime('20240229 12:00:00')?.iso, '2024-02-29T12:00:00');
    assert.equal(readTime('20000229 12:00:00')?.iso, '2000-02-29T12:00:00');
  });
});

describe('a time of day as text', () => {
  for (const [text, time] of [
    ['235959', '23:59:59'],
    ['1235959', '23:59:59'],
    ['23:59', '23:59:00'],
    ['240000', undefined],
    ['236000', undefined],
    ['235960', undefined],
  ] as const) {
    it(`${text} is ${time ?? 'none'}`, () => assert.equal(readTimeOfDay(text), time));
  }
});
