// A profile read without a meter: what it asks for, which rows it believes, and which of several refusals it tells.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MeterMemory } from '../../../src/core/client/meter-memory';
import {
  ProfileRead,
  type ProfileAsk,
  type ProfileEvent,
  type ProfileRange,
  type ProfileRequest,
} from '../../../src/core/client/profile-read';
import type { Outcome } from '../../../src/core/client/request';
import { array, encodeData, i8, octets, structure, u16, u32, type Data } from '../../../src/core/cosem/data';
import { clockOctets, type ClockPolicy } from '../../../src/core/cosem/date-time';
import type { ProfileRow } from '../../../src/core/cosem/profile';
import { Obis } from '../../../src/core/obis/obis';
import { DlmsError, type Code } from '../../../src/core/wire/errors';
import { hex } from '../../../src/core/wire/hex';

const POLICY: ClockPolicy = { mode: 'standard', zone: 'UTC' };
const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 10, 21, 10);
const TO = FROM + 2 * HOUR;
const NULL: Data = { type: 'null-data' };
/** A clock, and a value that is no register: nothing has to be asked for its scale. */
const CAPTURED = array(capture(8, '0-0:1.0.0*255'), capture(1, '0-0:96.10.1*255'));
/** How meters write that a profile is sorted by nothing. */
const NOTHING_SORTS = structure(u16(0), octets(new Uint8Array(6)), i8(0), u16(0));

describe('rows outside of the range that was asked for', () => {
  it('are left out, whoever chose them, and that is told', () => {
    const { times, notes } = read(rowsAt(-1, 0, -30, 1, 3, 2));
    assert.deepEqual(times, [0, 1, 2]);
    assert.deepEqual(notes, ['3 rows outside of the range were left out']);
  });

  it('are told otherwise where all are: then it is the clock that does not fit', () => {
    const { times, notes } = read(rowsAt(5, 6));
    assert.deepEqual(times, []);
    assert.deepEqual(notes, ['all 2 rows lie outside of the range by their clock: check zone and clock policy']);
  });

  it('are not known where rows have no time, which is told', () => {
    const { rows, notes } = read(array(structure(NULL, u32(1)), structure(NULL, u32(2))));
    assert.equal(rows.length, 2);
    assert.deepEqual(notes, ['2 rows without time: whether they lie in the range is not known']);
  });
});

describe('a profile that is sorted by UNIX time', () => {
  const unix = {
    objects: array(capture(1, '0-0:1.1.0*255'), capture(1, '0-0:96.10.1*255')),
    sortObject: capture(1, '0-0:1.1.0*255'),
  };

  it('is asked by it, in seconds', () => {
    // 02 04  {1, 0-0:1.1.0*255, 2, 0}, 06 seconds of 10:00 UTC, 06 seconds of 12:00 UTC, no columns
    assert.equal(
      asked(unix),
      '0204' + '0204' + '120001' + '09060000010100ff' + '0f02' + '120000' + '066b016ba0' + '066b0187c0' + '0100',
    );
  });

  it('has its time from it, and rows outside of the range are left out', () => {
    const rows = array(...[-1, 0, 2, 3].map(h => structure(u32((FROM + h * HOUR) / 1000), u32(7))));
    assert.deepEqual(read(rows, unix).rows, [
      { time: '2026-11-21T10:00:00+00:00', status: 7 },
      { time: '2026-11-21T12:00:00+00:00', status: 7 },
    ]);
  });
});

describe('a profile with two clocks', () => {
  const objects = array(capture(8, '0-0:1.0.0*255'), capture(8, '0-1:1.0.0*255'), capture(1, '0-0:96.1.0*255'));
  const rowOf = (own: number, other: number): Data => structure(clockAt(own), clockAt(other), u32(own));

  it('is asked by the one that it is sorted by, whose time is that of the row', () => {
    const known = { objects, sortObject: capture(8, '0-1:1.0.0*255') };
    assert.ok(asked(known).startsWith('0204' + '0204' + '120008' + '09060001010000ff'));
    assert.deepEqual(read(array(rowOf(-5, 1), rowOf(1, -5)), known).rows, [
      { time: '2026-11-21T11:00:00+00:00', '0-0:1.0.0*255': '2026-11-21T05:00:00+00:00', '0-0:96.1.0*255': -5 >>> 0 },
    ]);
  });

  it('takes the first where it is sorted by neither', () => {
    assert.deepEqual(
      read(array(rowOf(0, 1)), { objects }).rows.map(r => [r.time, r['0-1:1.0.0*255']]),
      [['2026-11-21T10:00:00+00:00', '2026-11-21T11:00:00+00:00']],
    );
  });
});

describe('null-data in a value', () => {
  const buffer = array(structure(clockAt(0), u32(5)), structure(NULL, NULL), structure(NULL, u32(9)));
  const known = { objects: array(capture(8, '0-0:1.0.0*255'), capture(1, '0-0:96.1.0*255')) };
  const values = (more: Partial<ProfileRequest>): unknown[] =>
    read(buffer, known, more).rows.map(r => [(Date.parse(r.time ?? '') - FROM) / HOUR, r['0-0:96.1.0*255']]);

  it('is the same as in the row before, as the standard has it, and in a clock one period on', () => {
    const standard = [
      [0, 5],
      [1, 5],
      [2, 9],
    ];
    assert.deepEqual(values({}), standard);
    assert.deepEqual(values({ nullValues: 'repeated' }), standard);
  });
  it('is no value where the setting says so', () => {
    assert.deepEqual(values({ nullValues: 'missing' }), [
      [0, 5],
      [1, null],
      [2, 9],
    ]);
  });
  it('is no value in the first row, which has none before it', () => {
    const first = read(array(structure(clockAt(0), NULL)), known).rows;
    assert.deepEqual(
      first.map(r => r['0-0:96.1.0*255']),
      [null],
    );
  });
});

describe('the newest rows of a buffer', () => {
  const newest: Partial<ProfileRequest> = { range: { kind: 'newest', count: 2 } };

  it('that is sorted by something else are looked for among all', () => {
    const known = { sortMethod: 3, sortObject: capture(3, '1-0:1.6.0*255') };
    assert.equal(asked(known, newest), '0204' + '0600000001' + '0600000000' + '120001' + '120000');
    assert.deepEqual(read(rowsAt(5, 1, 9, 3), known, newest).times, [5, 9]);
  });
  it('that runs backwards are its first', () => {
    const known = { sortMethod: 2 };
    assert.equal(asked(known, newest), '0204' + '0600000001' + '0600000002' + '120001' + '120000');
    assert.deepEqual(read(rowsAt(9, 8, 7), known, newest).times, [9, 8]);
  });
  it('are the last of those that come, where a meter sends all', () => {
    assert.equal(asked({}, newest), '0204' + '0600000e0f' + '0600000e10' + '120001' + '120000');
    assert.deepEqual(read(rowsAt(1, 2, 3, 4), {}, newest).times, [3, 4]);
  });
  it('by number are counted here where a meter sends all', () => {
    const range: ProfileRange = { kind: 'entries', first: 2, last: 3 };
    assert.deepEqual(read(rowsAt(1, 2, 3, 4), {}, { range }).times, [2, 3]);
    assert.deepEqual(read(rowsAt(2, 3), {}, { range }).times, [2, 3]);
  });
});

describe('a profile that is refused in each way', () => {
  it('fails with the last definite word of the meter, not with the first', () => {
    const { failed, asked } = refused(['other-reason', 'other-reason', 'read-write-denied', 'object-unavailable']);
    assert.equal(failed, 'ACCESS_DENIED');
    assert.ok(asked >= 3, String(asked));
  });

  it('fails with the first where none is definite', () => {
    assert.equal(
      refused(['other-reason', 'temporary-failure', 'other-reason', 'other-reason']).failed,
      'ACCESS_RESULT',
    );
  });
});

/** What the meter says of its profile. */
interface Known {
  readonly objects?: Data;
  readonly sortMethod?: number;
  readonly sortObject?: Data;
}

/** Starts a read and answers what comes before the buffer. */
function begun(
  known: Known = {},
  more: Partial<ProfileRequest> = {},
): { profile: ProfileRead; events: ProfileEvent[]; ask: ProfileAsk | null } {
  const range: ProfileRange = { kind: 'time', fromMs: FROM, toMs: TO };
  const profile = new ProfileRead(
    { obis: Obis.parse('1-0:99.1.0*255'), range, policy: POLICY, rangeClock: 'with-deviation', nowMs: TO, ...more },
    new MeterMemory(),
  );
  const answers: Record<number, Data> = {
    3: known.objects ?? CAPTURED,
    5: { type: 'enum', value: known.sortMethod ?? 1 },
    6: known.sortObject ?? NOTHING_SORTS,
  };
  const events: ProfileEvent[] = [];
  let turn = profile.start();
  while (turn.ask !== null && !turn.ask.stream) {
    events.push(...turn.events);
    turn = profile.answer(turn.ask.refs.map((ref): Outcome<Data> => ok(answers[ref.attribute] ?? u32(3600))));
  }
  return { profile, events: [...events, ...turn.events], ask: turn.ask };
}

/** The selective access in hex. */
function asked(known: Known, more: Partial<ProfileRequest> = {}): string {
  const select = begun(known, more).ask?.refs[0]?.select;
  return select === undefined ? '' : hex(encodeData(select.parameters));
}

function read(
  buffer: Data,
  known: Known = {},
  more: Partial<ProfileRequest> = {},
): { rows: ProfileRow[]; times: number[]; notes: string[] } {
  const { profile, events } = begun(known, more);
  events.push(...profile.answer([ok(buffer)]).events);
  const rows = events.flatMap(e => (e.type === 'row' ? [e.row] : []));
  return {
    rows,
    times: rows.map(row => (Date.parse(row.time ?? '') - FROM) / HOUR),
    notes: events.flatMap(e => (e.type === 'note' ? [e.text] : [])),
  };
}

function refused(words: readonly string[]): { failed: Code | null; asked: number } {
  const { profile, events } = begun();
  let asked = 0;
  let turn: { ask: unknown; events: readonly ProfileEvent[] } = { ask: {}, events };
  while (turn.ask !== null && asked < 10) {
    turn = profile.answer([{ ok: false, error: refusal(words[Math.min(asked++, words.length - 1)] ?? '') }]);
    events.push(...turn.events);
  }
  const failed = events.find(e => e.type === 'failed');
  return { failed: failed?.type === 'failed' ? failed.error.code : null, asked };
}

function refusal(word: string): DlmsError {
  const object = '7/1-0:99.1.0*255/2';
  if (word === 'read-write-denied') return new DlmsError({ code: 'ACCESS_DENIED', object, result: word });
  const result = word === 'other-reason' ? 250 : word === 'temporary-failure' ? 2 : 11;
  return new DlmsError({ code: 'ACCESS_RESULT', object, result, words: word });
}

function rowsAt(...hours: readonly number[]): Data {
  return array(...hours.map(hour => structure(clockAt(hour), u32(1000 + hour))));
}

function clockAt(hour: number): Data {
  return octets([...clockOctets(FROM + hour * HOUR, { policy: POLICY })]);
}

function ok(value: Data): Outcome<Data> {
  return { ok: true, value };
}

function capture(classId: number, code: string): Data {
  return structure(u16(classId), octets([...Obis.parse(code).bytes]), i8(2), u16(0));
}
