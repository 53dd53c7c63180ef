// A profile read without a meter: what it asks for, which rows it believes, and which of several refusals it tells.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MeterMemory } from '../../../src/core/client/meter-memory';
import { ProfileRead, type ProfileEvent, type ProfileRange } from '../../../src/core/client/profile-read';
import type { Outcome } from '../../../src/core/client/request';
import { array, i8, octets, structure, u16, u32, type Data } from '../../../src/core/cosem/data';
import { clockOctets, type ClockPolicy } from '../../../src/core/cosem/date-time';
import { Obis } from '../../../src/core/obis/obis';
import { DlmsError, type Code } from '../../../src/core/wire/errors';

const POLICY: ClockPolicy = { mode: 'standard', zone: 'UTC' };
const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 10, 21, 10);
const TO = FROM + 2 * HOUR;

describe('rows outside of the range that was asked for', () => {
  it('are believed where the clock of the meter is an hour off: it chose them', () => {
    const { times, notes } = read(rowsAt(-1, 0, 1, 3));
    assert.deepEqual(times, [-1, 0, 1, 3]);
    assert.deepEqual(notes, []);
  });

  it('are left out from the first one on that is more than a day off, which is told', () => {
    const { times, notes } = read(rowsAt(-1, 0, -30, -2, 1, 3, 2));
    assert.deepEqual(times, [-1, 0, 1, 2]);
    assert.deepEqual(notes, ['the meter ignores the range; rows are chosen here']);
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

/** Starts a read and answers what comes before the buffer. */
function begun(range: ProfileRange = { kind: 'time', fromMs: FROM, toMs: TO }): {
  profile: ProfileRead;
  events: ProfileEvent[];
} {
  const profile = new ProfileRead(
    { obis: Obis.parse('1-0:99.1.0*255'), range, policy: POLICY, rangeClock: 'with-deviation', nowMs: TO },
    new MeterMemory(),
  );
  const events: ProfileEvent[] = [];
  let turn = profile.start();
  while (turn.ask !== null && !turn.ask.stream) {
    events.push(...turn.events);
    turn = profile.answer(
      turn.ask.refs.map((ref): Outcome<Data> =>
        ok(ref.attribute === 3 ? CAPTURED : ref.attribute === 5 ? FIFO : u32(3600)),
      ),
    );
  }
  return { profile, events: [...events, ...turn.events] };
}

function read(buffer: Data): { times: number[]; notes: string[] } {
  const { profile, events } = begun();
  events.push(...profile.answer([ok(buffer)]).events);
  return {
    times: events.flatMap(e => (e.type === 'row' ? [(Date.parse(e.row.time ?? '') - FROM) / HOUR] : [])),
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
  return array(
    ...hours.map(hour => structure(octets([...clockOctets(FROM + hour * HOUR, { policy: POLICY })]), u32(1000 + hour))),
  );
}

function ok(value: Data): Outcome<Data> {
  return { ok: true, value };
}

const capture = (classId: number, code: string): Data =>
  structure(u16(classId), octets([...Obis.parse(code).bytes]), i8(2), u16(0));
/** A clock, and a value that is no register: nothing has to be asked for its scale. */
const CAPTURED = array(capture(8, '0-0:1.0.0*255'), capture(1, '0-0:96.10.1*255'));
const FIFO: Data = { type: 'enum', value: 1 };
