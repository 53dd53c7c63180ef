// The clock of the computer is set by an hour, forward or back: what waits goes on waiting as long as it would have.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { DlmsError } from '../../src/core/wire/errors';
import { Backoff } from '../../src/io/session/backoff';
import { IecSession } from '../../src/io/iec/iec-session';
import { memoryPair } from '../../src/io/transport/memory';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { SimulatedIecMeter } from '../../src/sim/iec-meter';

const HOUR_MS = 3_600_000;
const realNow = Date.now;
const setClock = (byMs: number): void => void (Date.now = () => realNow() + byMs);

describe('a clock that is set', () => {
  afterEach(() => void (Date.now = realNow));

  it('leaves the pause of a back-off as it was', async () => {
    let monotonicMs = 1000;
    const backoff = new Backoff(
      () => monotonicMs,
      () => Uint8Array.of(127),
    );
    const error = new DlmsError({ code: 'NO_ANSWER', waitingFor: 'answer', afterMs: 1 });
    backoff.failed(error);
    backoff.failed(error);
    const pauses: number[] = [];
    const stop = new AbortController();
    const waiting = backoff.wait(stop.signal, forMs => pauses.push(Math.round(forMs)));
    stop.abort();
    await assert.rejects(waiting, { code: 'ABORTED' });
    assert.ok((pauses[0] as number) <= 625, `${pauses[0]}`);
    monotonicMs += 1000;
    await backoff.wait(new AbortController().signal, forMs => pauses.push(forMs));
    assert.equal(pauses.length, 1);
  });

  for (const step of [-HOUR_MS, HOUR_MS]) {
    it(`lets a session that backs off try again after its pause, set by ${step / HOUR_MS} h`, async () => {
      const until: number[] = [];
      const settings = parseSettings({ transport: 'tcp', host: '127.0.0.1', port: 1, interface: 'wrapper' }, {});
      const session = new Session(settings, {
        now: () => Date.now(),
        state: s => s.untilMs !== undefined && until.push(s.untilMs - Date.now()),
      });
      for (let n = 0; n < 2; n++) await assert.rejects(session.connect(), { code: 'CONNECT_REFUSED' });
      setClock(step);
      await assert.rejects(session.connect(), { code: 'CONNECT_REFUSED' });
      assert.ok(until.length === 1 && (until[0] as number) <= 700, `${until}`);
      await session.close();
    });
  }

  it('does not let a refused password go out before its pause is over, nor keep it back for longer', async () => {
    const meter = new SimulatedIecMeter({ password: '12345678', mode: 'c' });
    const session = new IecSession({
      password: 'wrong',
      reactionMs: 0,
      baudChangeDelayMs: 0,
      read: { what: 'registers', registers: ['1.8.0'] },
    });
    const ask = async (): Promise<string> => {
      const [near, far] = memoryPair();
      await far.open();
      const station = meter.attach({ write: bytes => void far.write(bytes) });
      far.onBytes = bytes => station.receive(bytes);
      return session.read(near, new AbortController().signal).then(
        () => 'read',
        (error: unknown) => (error as DlmsError).message,
      );
    };
    assert.doesNotMatch(await ask(), /not sent again/);
    setClock(HOUR_MS);
    assert.match(await ask(), /not sent again for 15 minutes/);
    setClock(-HOUR_MS);
    assert.match(await ask(), /not sent again for 15 minutes/);
  });
});
