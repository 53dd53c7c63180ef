// Bytes that are no answer, one now and then for ever: each machine that waits ends its wait all the same. The clock is an
// argument; the trickle comes always before the silence would be long enough.

import { strict as assert } from 'node:assert';

import { IecReader } from '../../src/core/iec62056-21/reader';
import { HdlcLink } from '../../src/core/link/hdlc';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { WrapperLink } from '../../src/core/link/wrapper';
import type { Step } from '../../src/core/step';
import type { DlmsError } from '../../src/core/wire/errors';
import { unhex } from '../../src/core/wire/hex';

interface Machine {
  receive(chunk: Uint8Array): Step<{ readonly type: string; readonly error?: DlmsError }>;
  timeout(): Step<{ readonly type: string; readonly error?: DlmsError }>;
}

/** When, in ms, and with which code the machine gives up; null: it still waits after an hour. */
function endUnder(
  machine: Machine,
  first: Step<{ readonly type: string }>,
  everyMs: number,
  chunk: (n: number) => Uint8Array,
): { atMs: number; code: string } | null {
  let now = 0;
  let silence = Infinity;
  let limit = Infinity;
  let sent = 0;
  let step: ReturnType<Machine['receive']> = first;
  for (;;) {
    const last = step.events.find(event => event.type === 'fault' || event.type === 'done');
    if (last !== undefined) return { atMs: now, code: last.error?.code ?? last.type };
    silence = step.waitMs === null ? Infinity : now + step.waitMs;
    if (step.waitMs === null) limit = Infinity;
    else if (step.limitMs !== undefined) limit = now + step.limitMs;
    const next = (sent + 1) * everyMs;
    now = Math.min(silence, limit, next);
    if (now > HOUR_MS) return null;
    step = now === next ? machine.receive(chunk(sent++)) : machine.timeout();
  }
}

const HOUR_MS = 3_600_000;
const NOISE = Uint8Array.of(0x55);

describe('waits that have a limit', () => {
  const wrapper = (): [WrapperLink, Step<{ readonly type: string }>] => {
    const link = new WrapperLink({ client: 16, server: 1, responseMs: 500 });
    link.connect();
    return [link, link.send(unhex('c001c1'))];
  };

  it('gives up a wrapper whose trickle is no header, when the time for an answer is over', () => {
    const [link, sent] = wrapper();
    assert.deepEqual(
      endUnder(link, sent, 300, () => NOISE),
      { atMs: 820, code: 'NO_ANSWER' },
    );
  });

  it('gives a message the time that its length needs at 300 baud, and no more', () => {
    const message = encodeWrapper(1, 16, new Uint8Array(100));
    const byByte = (n: number): Uint8Array => message.subarray(n, n + 1);
    const [slow, asked] = wrapper();
    // 108 octets at 40 ms and half a second are over before the last of them comes in steps of 100 ms.
    assert.deepEqual(endUnder(slow, asked, 100, byByte)?.code, 'NO_ANSWER');
    const [link] = wrapper();
    const came = Array.from(message, (_, n) => link.receive(byByte(n)).events).flat();
    assert.deepEqual(
      came.map(event => event.type),
      ['apdu'],
    );
  });

  it('gives a message for other ports no time', () => {
    const message = encodeWrapper(1, 17, new Uint8Array(60_000));
    const [link, sent] = wrapper();
    assert.deepEqual(
      endUnder(link, sent, 10, n => message.subarray(n, n + 1)),
      { atMs: 820, code: 'NO_ANSWER' },
    );
  });

  it('gives up HDLC while connecting and in an exchange, whatever octets come', () => {
    for (const octet of [NOISE, Uint8Array.of(0x7e), Uint8Array.of(0xa0)]) {
      const link = new HdlcLink({ client: 16, server: { logical: 1, physical: null }, responseMs: 500, tries: 1 });
      const end = endUnder(link, link.connect(), 300, () => octet);
      assert.equal(end?.code, 'NO_ANSWER');
      assert.ok(end.atMs < 10_000, `${end.atMs} ms`);
    }
  });

  it('gives up the identification of IEC 62056-21 while SML, or anything else, keeps coming', () => {
    // The beginning of an SML file; it holds 02, 03 and 06, which are no answer to a request.
    const sml = unhex('1b1b1b1b010101017605f12cad0762006200726301017601010206030b0a01445a4700150282225e72622f0165');
    for (const chunk of [sml, NOISE, Uint8Array.of(0x02), Uint8Array.of(0x06), Uint8Array.of(0x2f)]) {
      const reader = new IecReader({ answerTimeoutMs: 3000 });
      reader.start();
      const end = endUnder(reader, reader.timeout(), 1000, () => chunk);
      assert.ok(end !== null && end.atMs <= 30_000, JSON.stringify({ chunk: chunk[0], end }));
    }
  });

  it('gives up a list that does not begin behind the acknowledgement', () => {
    const reader = new IecReader({ answerTimeoutMs: 3000, rateFollows: false });
    reader.start();
    reader.timeout();
    reader.receive(new TextEncoder().encode('/KFM0Meter\r\n'));
    const end = endUnder(reader, reader.timeout(), 1000, () => Uint8Array.of(0xff));
    assert.ok(end !== null && end.atMs < 10_000, JSON.stringify(end));
  });

  it('waits for a meter that sends its identification with pauses of half a second', () => {
    const line = new TextEncoder().encode('/KFM0PausingMeter99\r\n');
    const reader = new IecReader({ answerTimeoutMs: 1500 });
    reader.start();
    const asked = reader.timeout();
    const end = endUnder(reader, asked, 500, n => line.subarray(n, n + 1));
    // It was understood in its 21st half second, and the list behind it is missed then.
    assert.ok(end !== null && end.atMs > 10_500, JSON.stringify(end));
    assert.equal(reader.phase, 'done');
  });
});
