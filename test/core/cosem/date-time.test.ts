import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import {
  type ClockPolicy,
  clockOctets,
  clockPolicy,
  clockStatusWords,
  epochOf,
  isoInPolicy,
  looksLikeDateTime,
  readDate,
  readDateTime,
  readTime,
  writeDate,
  writeDateTime,
  writeTime,
} from '../../../src/core/cosem/date-time';
import { isDlmsError } from '../../../src/core/wire/errors';
import { hex, unhex } from '../../../src/core/wire/hex';
import { corpusFile } from '../../corpus-files';

const VIENNA: ClockPolicy = { mode: 'zone', zone: 'Europe/Vienna' };

describe('COSEM date-time', () => {
  // year, month, day, weekday, hour, minute, second, hundredths, deviation, status
  const rows: { what: string; octets: string; policy?: ClockPolicy; iso: string | null; epochMs?: number | null }[] = [
    {
      what: 'takes deviation -60 as UTC+1',
      octets: '07ea 0b 15 06 0a 0f 00 00 ffc4 00',
      iso: '2026-11-21T10:15:00+01:00',
      epochMs: Date.UTC(2026, 10, 21, 9, 15),
    },
    {
      what: 'takes deviation -120 in summer as UTC+2',
      octets: '07ea 07 01 03 0c 00 00 ff ff88 80',
      iso: '2026-07-01T12:00:00+02:00',
    },
    {
      what: 'takes deviation +300 as UTC-5',
      octets: '07ea 07 01 03 0c 00 00 ff 012c 00',
      iso: '2026-07-01T12:00:00-05:00',
    },
    {
      what: 'takes deviation 0 as UTC by the standard',
      octets: '07ea 07 01 03 0c 00 00 ff 0000 00',
      policy: { mode: 'standard', zone: 'Europe/Oslo' },
      iso: '2026-07-01T12:00:00+00:00',
    },
    {
      what: 'turns the sign for meters that do it the other way',
      octets: '07ea 07 01 03 0c 00 00 ff 014a 00',
      policy: { mode: 'inverted' },
      iso: '2026-07-01T12:00:00+05:30',
    },
    {
      what: 'has no offset when nobody knows one',
      octets: '07ea 07 01 03 0c 00 00 ff 8000 00',
      iso: '2026-07-01T12:00:00',
      epochMs: null,
    },
    {
      what: 'lets the zone fill in a missing deviation',
      octets: '07ea 07 01 03 0c 00 00 ff 8000 00',
      policy: { mode: 'standard', zone: 'Europe/Vienna' },
      iso: '2026-07-01T12:00:00+02:00',
    },
    {
      what: 'ignores the deviation under the zone policy',
      octets: '07ea 07 01 03 0c 00 00 ff 0000 00',
      policy: VIENNA,
      iso: '2026-07-01T12:00:00+02:00',
    },
    {
      what: 'reads the repeated hour as summer time when the status says so',
      octets: '07ea 0a 19 07 02 1e 00 ff 8000 80',
      policy: VIENNA,
      iso: '2026-10-25T02:30:00+02:00',
    },
    {
      what: 'reads the repeated hour as winter time when the status says so',
      octets: '07ea 0a 19 07 02 1e 00 ff 8000 00',
      policy: VIENNA,
      iso: '2026-10-25T02:30:00+01:00',
    },
    {
      what: 'does not let a stuck DST bit move other hours',
      octets: '07ea 01 19 07 02 1e 00 ff 8000 80',
      policy: VIENNA,
      iso: '2026-01-25T02:30:00+01:00',
    },
    {
      what: 'keeps the offset before the change for the hour that is missing',
      octets: '07ea 03 1d 07 02 1e 00 ff 8000 00',
      policy: VIENNA,
      iso: '2026-03-29T02:30:00+01:00',
    },
    {
      what: 'keeps standard time in summer for a clock that knows no summer',
      octets: '07ea 07 01 03 0c 00 00 ff 8000 80',
      policy: { mode: 'standard-time-all-year', zone: 'Europe/Oslo' },
      iso: '2026-07-01T12:00:00+01:00',
    },
    {
      what: 'knows summer south of the equator',
      octets: '07ea 01 0f 04 0c 00 00 ff 8000 80',
      policy: { mode: 'zone', zone: 'Australia/Sydney' },
      iso: '2026-01-15T12:00:00+11:00',
    },
    {
      what: 'keeps hundredths that are not zero',
      octets: '07ea 07 01 03 0c 00 00 19 ff88 80',
      iso: '2026-07-01T12:00:00.25+02:00',
      epochMs: Date.UTC(2026, 6, 1, 10) + 250,
    },
    {
      what: 'tells minutes when the seconds are not specified',
      octets: '07ea 07 01 03 0c 05 ff ff ff88 80',
      iso: '2026-07-01T12:05+02:00',
    },
    {
      what: 'tells no hundredths of a second that is not specified',
      octets: '07ec 0a 04 07 10 18 ff 46 ff88 00',
      iso: '2028-10-04T16:24+02:00',
    },
    {
      what: 'takes deviation -840 as UTC+14, where the day begins',
      octets: '07ea 07 01 03 0c 05 00 ff fcb8 00',
      iso: '2026-07-01T12:05:00+14:00',
    },
    {
      what: 'treats a deviation that no place has as none: there is no UTC-12:01',
      octets: '07ea 07 01 03 0c 05 00 ff 02d1 00',
      iso: '2026-07-01T12:05:00',
    },
    {
      what: 'treats an impossible deviation as none',
      octets: '07ea 07 01 03 0c 05 00 ff 7fff 80',
      iso: '2026-07-01T12:05:00',
    },
    {
      what: 'gives null for a clock that calls itself invalid',
      octets: '07d0 01 01 06 16 21 00 ff 8000 01',
      iso: null,
      epochMs: null,
    },
    {
      what: 'does not read a status that is not specified as invalid',
      octets: '07d0 01 01 06 16 21 00 ff ffc4 ff',
      iso: '2000-01-01T22:33:00+01:00',
    },
    { what: 'gives null for nothing specified', octets: 'ffff ff ff ff ff ff ff ff 8000 ff', iso: null },
    {
      what: 'gives null for "last Sunday of the month of DST end"',
      octets: 'ffff fd fe 07 02 00 00 00 8000 ff',
      iso: null,
    },
    { what: 'gives null for 30 February', octets: '07ea 02 1e ff 00 00 00 00 0000 00', iso: null },
    {
      what: 'has 29 February in leap years',
      octets: '07e8 02 1d ff 00 00 00 00 0000 00',
      iso: '2024-02-29T00:00:00+00:00',
    },
    { what: 'gives null for hour 24', octets: '07ea 02 01 ff 18 00 00 00 0000 00', iso: null },
  ];
  for (const row of rows) {
    it(row.what, () => {
      const octets = unhex(row.octets);
      const read = readDateTime(octets, row.policy);
      assert.equal(read.iso, row.iso);
      if (row.epochMs !== undefined) assert.equal(read.epochMs, row.epochMs);
      else if (read.epochMs !== null) assert.equal(read.epochMs, Date.parse(read.iso as string));
      assert.equal(hex(writeDateTime(read)), hex(octets));
    });
  }

  it('keeps the wall clock of an invalid clock beside', () => {
    assert.equal(readDateTime(unhex('07d0010106162100ff800001')).local, '2000-01-01T22:33:00');
  });

  it('says the status in words', () => {
    assert.deepEqual(clockStatusWords(0x83), ['invalid value', 'doubtful value', 'daylight saving active']);
    assert.deepEqual(clockStatusWords(0xff), []);
    assert.deepEqual(clockStatusWords(null), []);
  });

  it('refuses another length than twelve', () => {
    assert.throws(() => readDateTime(new Uint8Array(11)), isDlmsError);
  });

  it('reads and writes dates and times', () => {
    assert.equal(readDate(unhex('07e80b0f05')).iso, '2024-11-15');
    assert.equal(readDate(unhex('ffffffffff')).iso, null);
    assert.equal(readTime(unhex('0e2d2d00')).iso, '14:45:45');
    assert.equal(readTime(unhex('0e2dffff')).iso, '14:45');
    assert.equal(readTime(unhex('ffffffff')).iso, null);
    for (const d of ['07e80b0f05', 'ffffffffff', 'fffffdfe07']) assert.equal(hex(writeDate(readDate(unhex(d)))), d);
    for (const t of ['0e2d2d00', 'ffffffff']) assert.equal(hex(writeTime(readTime(unhex(t)))), t);
  });

  it('gives a reading or null for any twelve octets, and never NaN', () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >>> 8;
    for (let i = 0; i < 20_000; i++) {
      const bytes = Uint8Array.from({ length: 12 }, random);
      if (i % 2 === 0) bytes.set([0x07, 0xea, 1 + (random() % 12), 1 + (random() % 31), 0xff, random() % 24], 0);
      for (const policy of [undefined, VIENNA, { mode: 'inverted' } as const]) {
        const read = readDateTime(bytes, policy);
        assert.ok(read.iso === null || !Number.isNaN(Date.parse(read.iso)), hex(bytes));
        assert.ok(read.epochMs === null || Number.isFinite(read.epochMs));
        assert.equal(hex(writeDateTime(read)), hex(bytes));
      }
      looksLikeDateTime(bytes);
    }
  });

  it('agrees with Intl over two years of instants in several zones', () => {
    for (const zone of [
      'Europe/Vienna',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'Africa/Casablanca',
    ]) {
      const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
      for (let ms = Date.UTC(2025, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 12_345_000) {
        const iso = isoInPolicy(ms, { mode: 'zone', zone });
        assert.equal(iso.slice(0, 19).replace('T', ' '), shown.format(ms), zone);
        assert.equal(Date.parse(iso), Math.floor(ms / 1000) * 1000);
      }
    }
  });
});

describe('clock octets for a range', () => {
  it('writes an instant as the clock of the zone shows it, with deviation and DST', () => {
    assert.equal(hex(clockOctets(new Date(Date.UTC(2026, 6, 1, 10)), { policy: VIENNA })), '07ea0701ff0c000000ff8880');
    assert.equal(hex(clockOctets('2026-12-01T12:00:00', { policy: VIENNA })), '07ea0c01ff0c000000ffc400');
  });
  it('leaves deviation and status unspecified when the meter wants it so', () => {
    assert.equal(
      hex(clockOctets('2026-07-01T12:00:00+02:00', { policy: VIENNA, deviation: 'without' })),
      '07ea0701ff0c0000008000ff',
    );
  });
  it('keeps the wall clock of a text with offset when there is no zone', () => {
    assert.equal(hex(clockOctets('2026-07-01T12:00:00+05:30')), '07ea0701ff0c000000feb600');
    assert.equal(
      hex(clockOctets('2026-07-01T12:00:00+05:30', { policy: { mode: 'inverted' } })),
      '07ea0701ff0c000000014a00',
    );
  });
  it('takes a text without offset as the wall clock of the meter', () => {
    assert.equal(hex(clockOctets('2026-07-01')), '07ea0701ff00000000800000');
  });
  it('writes standard time all year for such clocks', () => {
    const policy: ClockPolicy = { mode: 'standard-time-all-year', zone: 'Europe/Vienna' };
    assert.equal(hex(clockOctets(Date.UTC(2026, 6, 1, 10), { policy })).slice(10, 12), '0b');
  });
  it('reads back what it wrote, at the same instant', () => {
    for (let ms = Date.UTC(2026, 9, 24, 22); ms < Date.UTC(2026, 9, 25, 4); ms += 900_000) {
      assert.equal(readDateTime(clockOctets(ms, { policy: VIENNA }), VIENNA).epochMs, ms);
    }
  });
  it('refuses what is no time, with the setting error', () => {
    for (const bad of ['yesterday', '2026-02-30', NaN, new Date(NaN), '2026-01-01T25:00']) {
      assert.throws(
        () => clockOctets(bad),
        (e: unknown) => isDlmsError(e) && e.code === 'BAD_SETTING',
      );
    }
    assert.equal(epochOf('2026-07-01T12:00:00'), null);
    assert.equal(epochOf('2026-07-01T12:00:00', VIENNA), Date.UTC(2026, 6, 1, 10));
  });
});

describe('clock policy settings', () => {
  it('takes empty settings as the standard', () => {
    assert.deepEqual(clockPolicy('', ''), { mode: 'standard' });
    assert.deepEqual(clockPolicy(undefined, 'Europe/Oslo'), { mode: 'standard', zone: 'Europe/Oslo' });
  });
  it('refuses unknown modes, unknown zones, and a zone policy without a zone', () => {
    for (const [mode, zone] of [
      ['summer', ''],
      ['zone', 'Europe/Atlantis'],
      ['zone', ''],
      ['standard-time-all-year', ''],
    ] as const) {
      assert.throws(
        () => clockPolicy(mode, zone),
        (e: unknown) => isDlmsError(e) && e.code === 'BAD_SETTING',
      );
    }
  });
});

describe('date-time vectors of the corpus', () => {
  const file = corpusFile('vectors.json');
  if (file === null) return void it.skip('skipped: corpus absent');
  interface Vector {
    readonly hex: string;
    readonly iso?: string;
    readonly local?: string | null;
    readonly note?: string;
  }
  for (const v of (JSON.parse(readFileSync(file, 'utf8')) as { dateTime: Vector[] }).dateTime) {
    it(`${v.hex} ${v.note ?? ''}`, () => {
      const read = readDateTime(unhex(v.hex));
      if (v.iso !== undefined) assert.equal(read.iso, v.iso);
      else assert.equal(read.local, v.local);
      assert.equal(hex(writeDateTime(read)), v.hex);
    });
  }
});
