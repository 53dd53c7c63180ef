import { strict as assert } from 'node:assert';

import { IecReader } from '../../../src/core/iec62056-21/reader';
import type { ReaderEvent, ReaderOptions } from '../../../src/core/iec62056-21/reader-options';
import type { Step } from '../../../src/core/step';
import { fromLatin1, unhex } from '../../../src/core/wire/hex';
import { block, type IecMeterOptions } from '../../../src/sim/iec-meter';
import { faultOf, play, telegrams, type Played } from './meter';

const REQUEST = '/?!\r\n';
const B0 = '\x01B0\x03q';
const ALWAYS = 1_000_000;

function readings(played: Played): [string, unknown][] {
  return telegrams(played).flatMap(t => t.telegram.readings.map(r => [r.id, r.value] as [string, unknown]));
}
function rates(played: Played): number[] {
  return played.events.flatMap(e => (e.type === 'format' ? [e.format.baudRate] : []));
}
function registers(list: readonly string[], more: ReaderOptions = {}): ReaderOptions {
  return { read: { what: 'registers', registers: list }, ...more };
}

describe('a readout', () => {
  for (const chunk of [Infinity, 1, 3]) {
    it(`in mode A stays at 300 and needs no acknowledgement (chunks of ${chunk})`, () => {
      const played = play({ mode: 'a' }, {}, chunk);
      assert.equal(readings(played).length, 7);
      assert.deepEqual([played.sent, rates(played)], [[REQUEST], [300, 300, 300]]);
    });
    it(`in mode B changes the rate without an acknowledgement (chunks of ${chunk})`, () => {
      const played = play({ mode: 'b' }, {}, chunk);
      assert.equal(readings(played).length, 7);
      assert.deepEqual([played.sent, rates(played)], [[REQUEST], [300, 9600, 300]]);
    });
    it(`in mode C acknowledges, then changes the rate (chunks of ${chunk})`, () => {
      const played = play({ mode: 'c' }, {}, chunk);
      assert.equal(readings(played).length, 7);
      assert.deepEqual(
        [played.sent, rates(played)],
        [
          [REQUEST, '\x06050\r\n'],
          [300, 9600, 300],
        ],
      );
    });
  }
  for (const [z, rate] of [
    ['0', 300],
    ['1', 600],
    ['2', 1200],
    ['3', 2400],
    ['4', 4800],
    ['6', 19200],
  ] as const) {
    it(`follows Z = ${z} to ${rate} baud`, () => assert.equal(rates(play({ baudId: z }))[1], rate));
  }
  it('never follows a reserved Z', () => {
    const played = play({ baudId: '9' });
    assert.deepEqual([played.sent[1], readings(played).length], ['\x06000\r\n', 7]);
  });
  it('rests 20 ms before the acknowledgement when the third letter is lower case, else 200', () => {
    assert.deepEqual([play({ manufacturer: 'MFl' }).waitedMs, play({ manufacturer: 'MFL' }).waitedMs], [20, 200]);
  });
  it('changes the rate 300 ms after the acknowledgement, or as set', () => {
    const delay = (options: ReaderOptions): number | undefined =>
      play({}, options).events.find(e => e.type === 'format' && e.format.baudRate === 9600 && e.afterMs > 0)?.type ===
      'format'
        ? play({}, options).events.flatMap(e => (e.type === 'format' ? [e.afterMs] : []))[1]
        : undefined;
    assert.deepEqual([delay({}), delay({ baudChangeDelayMs: 150 })], [300, 150]);
  });
  it('reads a meter of mode E by mode C', () => assert.equal(readings(play({ mode: 'e' })).length, 7));
  it('sends address, request character and overrides as set', () => {
    const played = play({ address: '0042' }, { meterAddress: '42', request: '2', v: '0', z: '0', y: '0' });
    assert.deepEqual(played.sent, ['/242!\r\n', '\x06000\r\n']);
    assert.equal(readings(played).length, 7);
  });
  it('stays at the start rate where the line cannot follow', () => {
    const played = play({}, { rateFollows: false });
    assert.deepEqual([played.sent[1], rates(played), readings(played).length], ['\x06000\r\n', [], 7]);
  });
  it('keeps Z where meter and line have the same fixed rate', () => {
    const played = play({ startBaud: 9600 }, { rateFollows: false, baudRate: 9600 });
    assert.equal(played.sent[1], '\x06050\r\n');
  });
  it('wakes a battery meter by NULs and a pause', () => {
    const played = play({ mode: 'b' }, { wakeUpCharacters: 66 });
    assert.equal(played.sent[0], '\0'.repeat(66));
    assert.ok(played.waitedMs >= 3700 && played.waitedMs <= 4000, String(played.waitedMs));
    assert.equal(readings(played).length, 7);
  });
  it('sends a break first when asked to', () =>
    assert.deepEqual(play({}, { breakFirst: true }).sent.slice(0, 2), [B0, REQUEST]));
  it('tells how long it takes once the size is known', () => {
    const { hints } = play({}).reader;
    assert.deepEqual(hints, { identification: '/MFL5SIM-1', characters: 147, baudRate: 9600 });
    const progress = play({}, { hints }, 10).events.filter(e => e.type === 'progress');
    assert.ok(progress.some(e => e.expectedMs !== null && e.expectedMs > 0));
  });
});

describe('a disturbed readout', () => {
  it('ends after three seconds when nobody answers', () => {
    const played = play({ faults: { silence: ALWAYS } });
    assert.equal(faultOf(played), 'NO_ANSWER');
    assert.ok(played.waitedMs < 3500, String(played.waitedMs));
  });
  for (const [fault, asked, repeatsList] of [
    ['lost-character', ['\x15'], true],
    ['wrong-bcc', ['\x15'], true],
    ['cut', [REQUEST, '\x06050\r\n'], true],
    ['wrong-bcc', ['\x15', REQUEST, '\x06050\r\n'], false],
  ] as const) {
    it(`is asked for once more with the same Z after a fault: ${fault}, ${repeatsList ? '' : 'no '}answer to NAK`, () => {
      const played = play({ faults: { [fault]: 1 }, repeatsList });
      assert.deepEqual(played.sent, [REQUEST, '\x06050\r\n', ...asked]);
      assert.equal(readings(played).length, 7);
      assert.equal(telegrams(played)[0]?.identification?.raw, '/MFL5SIM-1');
    });
  }
  for (const fault of ['lost-character', 'wrong-bcc', 'cut'] as const) {
    it(`fails when the fault stays: ${fault}`, () => {
      const played = play({ faults: { [fault]: ALWAYS } });
      assert.equal(faultOf(played), fault === 'cut' ? 'TELEGRAM_INCOMPLETE' : 'BCC_MISMATCH');
      assert.equal(telegrams(played).length, 0);
    });
  }
  it('with a wrong BCC passes marked when the check only warns', () => {
    const played = play({ faults: { 'wrong-bcc': 1 } }, { check: 'warn' });
    assert.equal(telegrams(played)[0]?.origin.checksum, 'bad');
    assert.deepEqual(
      played.events.flatMap(e => (e.type === 'problem' ? [e.error.code] : [])),
      ['BCC_MISMATCH'],
    );
  });
  it('is repeated at the start rate when the meter does not keep the agreed one, and this is remembered', () => {
    const meter: IecMeterOptions = { faults: { 'stays-at-start': ALWAYS } };
    const played = play(meter);
    assert.deepEqual(played.sent, [REQUEST, '\x06050\r\n', REQUEST, '\x06000\r\n']);
    assert.equal(readings(played).length, 7);
    const again = play(meter, { hints: played.reader.hints });
    assert.deepEqual(again.sent, [REQUEST, '\x06000\r\n']);
  });
  it('forgets what it remembered when the head sits on another meter', () => {
    const { hints } = play({ faults: { 'stays-at-start': ALWAYS } }).reader;
    const other = play({ model: 'OTHER-1' }, { hints });
    assert.deepEqual(other.sent, [REQUEST, '\x06050\r\n']);
    assert.equal(other.reader.hints.z, undefined);
  });
  it('is repeated with Z = 0 when nothing follows the acknowledgement', () => {
    assert.equal(play({ faults: { 'no-data': 1 } }).sent[3], '\x06000\r\n');
  });
  for (const chunk of [Infinity, 1]) {
    it(`drops the echo of the optical head (chunks of ${chunk})`, () => {
      assert.equal(readings(play({ faults: { echo: ALWAYS } }, {}, chunk)).length, 7);
    });
    it(`looks past noise in front of the answers (chunks of ${chunk})`, () => {
      assert.equal(readings(play({ faults: { noise: ALWAYS } }, {}, chunk)).length, 7);
    });
    it(`strips parity from eight-bit characters and sends it too (chunks of ${chunk})`, () => {
      const played = play({ faults: { parity: ALWAYS } }, {}, chunk);
      assert.equal(readings(played).length, 7);
      assert.equal(played.sent[1], String.fromCharCode(...unhex('063035308d0a')));
    });
  }
  it('names the wrong parity', () =>
    assert.equal(faultOf(play({ faults: { 'wrong-parity': ALWAYS } })), 'WRONG_PARITY'));
  it('stops at the limit of its time', () => {
    const list = (): string[] => Array.from({ length: 3000 }, (_, i) => `1.8.0*${i % 99}(000000.000*kWh)`);
    const played = play({ baudId: '0', list }, { maxReadoutSeconds: 30 }, 100);
    assert.equal(faultOf(played), 'LIMIT_EXCEEDED');
  });
  it('tells what went wrong first when the second request stays unanswered', () => {
    const reader = new IecReader();
    reader.start();
    reader.timeout();
    reader.receive(fromLatin1('/MFL5SIM-1\r\n'));
    let fault: string | undefined;
    for (let n = 0; n < 20 && fault === undefined; n++)
      fault = reader.timeout().events.flatMap(e => (e.type === 'fault' ? [e.error.message] : []))[0];
    assert.match(fault ?? '', /data after the acknowledgement/);
  });
  it('says that an identification is none', () => {
    const reader = new IecReader();
    reader.start();
    reader.timeout();
    reader.receive(unhex('2f41420d0a'));
    assert.deepEqual(
      reader.timeout().events.flatMap(e => (e.type === 'fault' ? [e.error.code] : [])),
      ['IEC_IDENTIFICATION'],
    );
  });
});

describe('an acknowledgement that is not answered as the book says', () => {
  const fixed: ReaderOptions = { rateFollows: false };
  const lessons = (played: Played): string[] => played.events.flatMap(e => (e.type === 'learned' ? [e.text] : []));
  const fault = (played: Played): string =>
    played.events.flatMap(e => (e.type === 'fault' ? [e.error.short] : [])).join();

  for (const chunk of [Infinity, 1]) {
    it(`is tried with the meter's own Z on a line that keeps its rate, told and remembered (chunks of ${chunk})`, () => {
      const played = play({ ownRateOnly: true }, fixed, chunk, false);
      assert.deepEqual(played.sent, [REQUEST, '\x06000\r\n', REQUEST, '\x06050\r\n']);
      assert.equal(readings(played).length, 7);
      assert.deepEqual(lessons(played), [
        'the meter does not answer to Z = 0 in the acknowledgement, but to Z = 5: set Z to 5 in the node to save the first try',
      ]);
      const again = play({ ownRateOnly: true }, { ...fixed, hints: played.reader.hints }, chunk, false);
      assert.deepEqual([again.sent, lessons(again)], [[REQUEST, '\x06050\r\n'], []]);
      assert.equal(again.reader.hints.z, '5');
    });
  }
  it('is told with both tries and the setting, where neither is answered', () => {
    const played = play({ faults: { 'no-data': ALWAYS } }, fixed);
    assert.match(
      fault(played),
      /Z = 0 and 5 tried on a line that keeps its rate, the meter offers 9600 baud.*start rate/,
    );
    assert.equal(played.sent.length, 4);
  });
  it('has another Z for registers too, unless a password has been sent', () => {
    const played = play({ ownRateOnly: true }, registers(['1.8.0'], fixed), Infinity, false);
    assert.deepEqual(readings(played), [['1.8.0', 1234.567]]);
    const locked = { ownRateOnly: true, password: '1234' };
    const secret = play(locked, registers(['1.8.0'], { ...fixed, password: '1234' }), Infinity, false);
    assert.deepEqual(readings(secret), [['1.8.0', 1234.567]]);
    assert.equal(secret.sent.filter(text => text.includes('P1')).length, 1);
  });
  it('keeps to the Z that was set', () => {
    const played = play({ ownRateOnly: true }, { ...fixed, z: '0' }, Infinity, false);
    assert.deepEqual([faultOf(played), played.sent], ['NO_ANSWER', [REQUEST, '\x06000\r\n']]);
  });
  for (const read of [{}, registers(['1.8.0'])]) {
    it(`is sent once more after a NAK, without waiting for more (${JSON.stringify(read)})`, () => {
      const y = read.read === undefined ? '0' : '1';
      const played = play({ faults: { 'nak-select': 1 } }, read, 1, false);
      assert.deepEqual(played.sent.slice(0, 3), [REQUEST, `\x0605${y}\r\n`, `\x0605${y}\r\n`]);
      assert.ok(played.waitedMs < 1500, String(played.waitedMs));
      assert.equal(faultOf(played), null);
    });
    it(`is refused by a second NAK, and then by another Z (${JSON.stringify(read)})`, () => {
      const y = read.read === undefined ? '0' : '1';
      const played = play({ faults: { 'nak-select': ALWAYS } }, read, Infinity, false);
      const tries = [`\x0605${y}\r\n`, `\x0605${y}\r\n`, REQUEST, `\x0600${y}\r\n`, `\x0600${y}\r\n`];
      assert.deepEqual(played.sent, [REQUEST, ...tries]);
      assert.equal(fault(played), `the meter refused the option select with Z = 0 and Y = ${y} (NAK)`);
      assert.ok(played.waitedMs < 4000, String(played.waitedMs));
    });
  }
  it('was refused, where the NAK was lost in the change of the rate at first', () => {
    const played = play({ faults: { 'nak-select': ALWAYS } });
    assert.equal(fault(played), 'the meter refused the option select with Z = 0 and Y = 0 (NAK)');
  });
  it('was refused, where silence follows the NAK', () => {
    const reader = new IecReader({ z: '0' });
    const events: ReaderEvent[] = [];
    reader.start();
    reader.timeout();
    reader.receive(fromLatin1('/MFL5SIM-1\r\n'));
    reader.timeout();
    reader.receive(fromLatin1('\x15'));
    for (let n = 0; n < 4; n++) events.push(...reader.timeout().events);
    assert.deepEqual(
      events.flatMap(e => (e.type === 'fault' ? [e.error.code] : [])),
      ['IEC_REFUSED'],
    );
  });
});

describe('a start rate that is not 300', () => {
  const others: ReaderOptions = { otherRates: [9600, 2400] };
  // The simulated meter leaves requests at another rate than its own unanswered while it is idle, as this one does.
  const at = (baud: number): IecMeterOptions => ({ startBaud: baud, deafAtOtherRates: true });
  for (const chunk of [Infinity, 1]) {
    it(`is found behind silence, told and remembered (chunks of ${chunk})`, () => {
      const played = play(at(9600), others, chunk);
      assert.deepEqual([played.sent, readings(played).length], [[REQUEST, REQUEST, '\x06050\r\n'], 7]);
      assert.deepEqual(
        played.events.flatMap(e => (e.type === 'learned' ? [e.text] : [])),
        ['the meter answers at 9600 baud, not at 300: set the start rate to 9600 in the node to save the first try'],
      );
      assert.equal(played.reader.hints.startRate, 9600);
      const again = play(at(9600), { ...others, hints: played.reader.hints }, chunk);
      assert.deepEqual([again.sent.length, again.events.some(e => e.type === 'learned')], [2, false]);
      const moved = play(at(300), { ...others, hints: played.reader.hints }, chunk);
      assert.deepEqual([readings(moved).length, moved.reader.hints.startRate], [7, undefined]);
    });
  }
  it('is looked for at one other rate in silence, at all where characters cannot be read', () => {
    const silent = play(at(2400), others);
    const reason = silent.events.flatMap(e => (e.type === 'fault' ? [e.error.short] : [])).join();
    assert.match(reason, /^no identification within 3000 ms \(300 and 9600 baud; /);
    assert.ok(silent.waitedMs < 9000, String(silent.waitedMs));
    const heard = new IecReader(others);
    heard.start();
    heard.timeout();
    const rates: number[] = [];
    for (let n = 0; n < 3; n++) {
      heard.receive(unhex('b3e1b3f0e1'));
      rates.push(...heard.timeout().events.flatMap(e => (e.type === 'format' ? [e.format.baudRate] : [])));
      heard.timeout();
    }
    // The last one as the readout ends.
    assert.deepEqual(rates, [9600, 2400, 2400]);
  });
  it('is not looked for where the rate cannot follow, nor at the cost of a battery', () => {
    for (const more of [{ rateFollows: false }, { wakeUpCharacters: 40 }]) {
      const played = play(at(9600), { ...others, ...more });
      assert.deepEqual([faultOf(played), played.sent.filter(t => t === REQUEST).length], ['NO_ANSWER', 1]);
    }
  });
});

describe('an answer that comes too slowly', () => {
  /** A character each 300 ms from the request on; gives what the reader said, and after how long. */
  function trickled(before: string, options: ReaderOptions): { error: string; afterMs: number } {
    const reader = new IecReader(options);
    let [nowMs, quietAt, limitAt] = [0, Infinity, Infinity];
    let error = '';
    const goOn = (step: Step<ReaderEvent>): void => {
      quietAt = step.waitMs === null ? Infinity : nowMs + step.waitMs;
      if (step.limitMs !== undefined) limitAt = nowMs + step.limitMs;
      error = step.events.flatMap(e => (e.type === 'fault' ? [e.error.short] : [])).join() || error;
    };
    goOn(reader.start());
    goOn(reader.timeout());
    let text = before;
    for (let n = 0; n < 3000 && error === ''; n++) {
      nowMs += 300;
      if (limitAt <= nowMs) goOn(reader.timeout(true));
      else if (quietAt <= nowMs) goOn(reader.timeout());
      else {
        if (reader.phase === 'identifying') text = before;
        goOn(reader.receive(fromLatin1(text === '' ? '1' : text)));
        text = '';
      }
    }
    return { error, afterMs: nowMs };
  }
  it('ends a list, and says which pace was wanted', () => {
    const { error, afterMs } = trickled('/MFL SIM-1\r\n\x02', { mode: 'a' });
    assert.match(error, /waiting for its end, of which fewer than 150 characters came in 20 s$/);
    assert.ok(afterMs > 20_000 && afterMs < 60_000, String(afterMs));
  });
  it('ends a session', () => {
    const { error, afterMs } = trickled('/MFL SIM-1\r\n', registers(['1.8.0'], { mode: 'c' }));
    assert.notEqual(error, '');
    assert.ok(afterMs < 60_000, String(afterMs));
  });
  it('does not end a list that is as slow as 300 baud with pauses', () => {
    const list = Array.from({ length: 40 }, (_, i) => `1.8.0*${i}(000000.000*kWh)`);
    const reader = new IecReader({ mode: 'a' });
    reader.start();
    reader.timeout();
    reader.receive(fromLatin1('/MFL SIM-1\r\n'));
    let [nowMs, limitAt] = [0, Infinity];
    const events: ReaderEvent[] = [];
    for (const bytes of block(`${list.join('\r\n')}\r\n!\r\n`)) {
      const step = reader.receive(Uint8Array.of(bytes));
      if (step.limitMs !== undefined) limitAt = nowMs + step.limitMs;
      events.push(...step.events);
      nowMs += bytes === 0x0a ? 1500 : 34;
      assert.ok(nowMs < limitAt, String(nowMs));
    }
    assert.equal(events.filter(e => e.type === 'telegram').length, 1);
  });
});

describe('programming mode', () => {
  it('reads registers by R5 and leaves with a break', () => {
    const played = play({}, registers(['1.8.0', '1.8.1']));
    assert.deepEqual(played.sent, [REQUEST, '\x06051\r\n', '\x01R5\x021.8.0()\x03^', '\x01R5\x021.8.1()\x03_', B0]);
    assert.deepEqual(readings(played), [
      ['1.8.0', 1234.567],
      ['1.8.1', 834.567],
    ]);
  });
  it('gives an answer without id the id of the request', () => {
    assert.deepEqual(readings(play({ repeatsId: false }, registers(['1.8.0']))), [['1.8.0', 1234.567]]);
  });
  it('sends the password once and goes on', () => {
    const played = play({ password: '1234' }, registers(['1.8.0'], { password: '1234' }));
    assert.equal(played.sent.filter(text => text.includes('P1')).length, 1);
    assert.equal(readings(played).length, 1);
  });
  for (const [what, answer, fault] of [
    ['reflects it with a damaged character in front, and then confirms', '\x05P1\x02(S3cretPw)\x03', null],
    ['says it in an error message', '\x02(ERS3cretPw)\x03', 'WRONG_PASSWORD'],
    ['says something else', '\x02(something)\x03', 'WRONG_PASSWORD'],
  ] as const) {
    it(`keeps the password out of what it tells when the line ${what}`, () => {
      const patience = { answerTimeoutMs: 5000, characterTimeoutMs: 5000 };
      const reader = new IecReader({ ...registers(['1.8.0'], { password: 'S3cretPw', ...patience }), mode: 'c' });
      const events: ReaderEvent[] = [];
      // Short waits are pauses of our own; long ones are for the meter.
      const goOn = (step: Step<ReaderEvent>): void => {
        events.push(...step.events);
        if (step.waitMs !== null && step.waitMs < 3000) goOn(reader.timeout());
      };
      const block = (text: string): string =>
        text + String.fromCharCode([...text.slice(1)].reduce((sum, c) => sum ^ c.charCodeAt(0), 0));
      goOn(reader.start());
      for (const said of ['/ABC5METER\r\n', block('\x01P0\x02(12345678)\x03'), block(answer), '\x06']) {
        goOn(reader.receive(fromLatin1(said)));
      }
      const told = JSON.stringify(events.map(e => (e.type === 'fault' ? [e.error.code, e.error.message] : e)));
      assert.ok(!/S3c|cre|etP/.test(told), told);
      assert.equal(events.find(e => e.type === 'fault')?.error.code ?? null, fault);
    });
  }
  it('never repeats a wrong password, and leaves with a break', () => {
    const played = play({ password: '1234' }, registers(['1.8.0'], { password: '4321' }));
    assert.equal(faultOf(played), 'WRONG_PASSWORD');
    assert.equal(played.sent.filter(text => text.includes('P1')).length, 1);
    assert.equal(played.sent.at(-1), B0);
    assert.ok(!JSON.stringify(played.events).includes('4321'), 'the password is in no event');
  });
  it('knows a refused register from a failed session', () => {
    const played = play({}, registers(['9.9.9', '1.8.0']));
    const [telegram] = telegrams(played);
    assert.deepEqual(
      telegram?.failures?.map(f => [f.register, f.error.code]),
      [['9.9.9', 'IEC_ERROR']],
    );
    assert.equal(readings(played).length, 1);
  });
  it('tells that the meter gave another register than was asked, and gives it its own name', () => {
    const list = new Map([
      ['1.8.0', '2.8.0(000000.5*kWh)'],
      ['1.8', '1.8.1(000001.5*kWh)1.8.2(000002.5*kWh)'],
      ['3.8.0', '1-1:3.8.0*00(000003.5*kvarh)'],
      ['F009', '4.8.0(000004.5*kvarh)'],
      ['1.8.0*01', '1.8.0*02(000005.5*kWh)'],
    ]);
    const asked = ['1.8.0', '1.8', '3.8.0', 'F009', '1.8.0*01'];
    const played = play({ registers: () => list, repeatsId: false }, registers(asked));
    assert.deepEqual(
      telegrams(played)[0]?.failures?.map(f => [f.register, f.error.short]),
      [
        ['1.8.0', 'the meter refused R5 1.8.0: it gave 2.8.0 instead'],
        ['1.8.0*01', 'the meter refused R5 1.8.0*01: it gave 1.8.0*02 instead'],
      ],
    );
    assert.deepEqual(readings(played), [
      ['2.8.0', 0.5],
      ['1.8.1', 1.5],
      ['1.8.2', 2.5],
      ['1-1:3.8.0*00', 3.5],
      ['4.8.0', 4.5],
      ['1.8.0*02', 5.5],
    ]);
    assert.equal(played.events.filter(event => event.type === 'problem').length, 2);
  });
  it('says of a password that was met by silence whether the meter had answered before it', () => {
    const silent = { password: '1234', refusal: 'silence' } as const;
    const told = (played: Played): unknown[] =>
      played.events.flatMap(e => (e.type === 'fault' ? [e.error.code, e.password] : []));
    const wrong = registers(['1.8.0'], { password: '4321' });
    assert.deepEqual(told(play(silent, wrong)), ['NO_ANSWER', 'unanswered']);
    assert.deepEqual(told(play({ ...silent, mode: 'a' }, { ...wrong, mode: 'a' })), ['NO_ANSWER', 'unanswered']);
    // It fell silent before: nobody knows whether the password has reached it.
    assert.deepEqual(told(play({ ...silent, faults: { 'no-data': ALWAYS } }, wrong)), ['NO_ANSWER', undefined]);
    assert.deepEqual(told(play({ ...silent, faults: { silence: ALWAYS } }, wrong)), ['NO_ANSWER', undefined]);
  });
  it('takes an answer without data for a refusal', () => {
    const list = new Map([
      ['1.8.0', ''],
      ['2.8.0', '()'],
    ]);
    const played = play({ registers: () => list, repeatsId: false }, registers(['1.8.0', '2.8.0']));
    assert.deepEqual(
      telegrams(played)[0]?.failures?.map(f => [f.register, f.error.code]),
      [['1.8.0', 'IEC_REFUSED']],
    );
    assert.deepEqual(readings(played), [['2.8.0', null]]);
  });
  it('ends each command as set', () => {
    const played = play({}, registers(['R2 1.8.0'], { commandEnding: '\r\n' }));
    assert.equal(played.sent.filter(text => text.includes('R2'))[0]?.endsWith('\r\n'), true);
  });
  it('fails when every register is refused', () => {
    const played = play({}, registers(['9.9.9']));
    assert.deepEqual([faultOf(played), played.sent.at(-1)], ['IEC_ERROR', B0]);
  });
  const sentBy = (played: Played, command: string): number => played.sent.filter(t => t.includes(command)).length;
  for (const [refusal, asked] of [
    [{ commands: ['R1'] }, 2],
    [{ commands: ['R1'], refusal: 'error' }, 1],
    [{ commands: ['R1'], refusal: 'silence' }, 2],
    [{ ackOnly: ['R5'] }, 1],
  ] as const) {
    it(`falls back from R5 to R1, says it and remembers it (${JSON.stringify(refusal)})`, () => {
      const played = play(refusal, registers(['1.8.0', '1.8.1']));
      assert.equal(readings(played).length, 2);
      assert.equal(played.reader.hints.registerCommand, 'R1');
      assert.deepEqual([sentBy(played, 'R5'), sentBy(played, 'R1')], [asked, 2]);
      assert.deepEqual(
        played.events.flatMap(e => (e.type === 'learned' ? [e.text] : [])),
        ['the meter does not answer to R5, but to R1: write R1 in front of the registers to save the first try'],
      );
      const again = play(refusal, registers(['1.8.0'], { hints: played.reader.hints }));
      assert.deepEqual([sentBy(again, 'R5'), again.events.some(e => e.type === 'learned')], [0, false]);
    });
  }
  it('reads by R6 where the meter knows nothing else', () => {
    const played = play({ commands: ['R6'], refusal: 'error' }, registers(['1.8.0', '1.8.1']));
    assert.deepEqual([readings(played).length, played.reader.hints.registerCommand], [2, 'R6']);
  });
  it('tries the other commands where the remembered one was of another meter of the same model', () => {
    const before = play({ commands: ['R1'] }, registers(['1.8.0']));
    const { hints } = before.reader;
    const played = play({ commands: ['R5'], refusal: 'error' }, registers(['1.8.0'], { hints }));
    assert.deepEqual([readings(played).length, played.reader.hints.registerCommand], [1, 'R5']);
  });
  it('waits behind an answer to a repeated command, so that a second one is not taken for the next register', () => {
    const reader = new IecReader(registers(['1.8.0', '2.8.0'], { answerTimeoutMs: 2500 }));
    const sent: string[] = [];
    const events: ReaderEvent[] = [];
    const take = (step: Step<ReaderEvent>): number | null => {
      sent.push(...step.write.map(bytes => Buffer.from(bytes).toString('latin1')));
      events.push(...step.events);
      return step.waitMs;
    };
    const silentUntil = (text: string): void => {
      for (let i = 0; i < 10 && sent.at(-1)?.includes(text) !== true; i++) take(reader.timeout());
    };
    take(reader.start());
    silentUntil('?');
    take(reader.receive(Buffer.from('/ABC5MODEL\r\n')));
    silentUntil('1.8.0');
    take(reader.timeout());
    assert.equal(sent.filter(text => text.includes('1.8.0')).length, 2);
    assert.equal(take(reader.receive(block('(1*kWh)'))), 2500);
    take(reader.receive(block('(1*kWh)')));
    silentUntil('2.8.0');
    take(reader.receive(block('(2*kWh)')));
    silentUntil('B0');
    assert.deepEqual(
      events.flatMap(e => (e.type === 'telegram' ? e.telegram.readings.map(r => r.value) : [])),
      [1, 2],
    );
  });
  it('takes an error for that of the register once a command is known to work', () => {
    const played = play({}, registers(['1.8.0', '9.9.9', '1.8.1']));
    assert.deepEqual([readings(played).length, sentBy(played, 'R1'), sentBy(played, '9.9.9')], [2, 0, 1]);
  });
  it('says of several refusals the one that says most, and goes on', () => {
    const played = play({ commands: ['R1', 'R5'], refusal: 'silence' }, registers(['9.9.9', '1.8.0']));
    assert.deepEqual(
      telegrams(played)[0]?.failures?.map(f => f.error.short),
      ['the meter answered with the error message "9.9.9: ER01"'],
    );
    assert.equal(readings(played).length, 1);
  });
  it('sends a command once more after a NAK before that is final', () => {
    const played = play({ faults: { 'nak-read': 1 } }, registers(['R5 1.8.0']));
    assert.deepEqual([readings(played).length, sentBy(played, 'R5')], [1, 2]);
    const refused = play({ faults: { 'nak-read': ALWAYS } }, registers(['R5 1.8.0']));
    assert.deepEqual([faultOf(refused), sentBy(refused, 'R5')], ['IEC_REFUSED', 2]);
  });
  for (const [check, checksum] of [
    ['strict', undefined],
    ['warn', 'bad'],
    ['off', 'none'],
  ] as const) {
    it(`says of a register whose check is wrong: ${checksum ?? 'nothing'} (${check})`, () => {
      const played = play({ faults: { 'wrong-bcc': ALWAYS } }, registers(['1.8.0'], { check }));
      assert.equal(telegrams(played)[0]?.origin.checksum, checksum);
      const profile = play(
        { profile: () => PROFILE, faults: { 'wrong-bcc': ALWAYS } },
        { check, read: { what: 'profile', code: 'P.01' } },
      ).events.find(e => e.type === 'profile');
      assert.equal(profile?.origin.checksum, checksum);
    });
  }
  it('tells what was not understood in an answer', () => {
    const values = new Map([['1.8.0', '(1*kWh)\r\nabc\r\n']]);
    const [telegram] = telegrams(play({ registers: () => values }, registers(['1.8.0'])));
    assert.deepEqual([telegram?.telegram.readings[0]?.value, telegram?.origin.unparsed], [1, ['abc']]);
  });
  it('keeps to the command that was named', () => {
    assert.equal(faultOf(play({ commands: ['R5'] }, registers(['R1 1.8.0']))), 'IEC_REFUSED');
  });
  it('asks for a damaged answer again by NAK, three times', () => {
    assert.equal(readings(play({ faults: { 'wrong-bcc': 3 } }, registers(['1.8.0']))).length, 1);
    const played = play({ faults: { 'wrong-bcc': ALWAYS } }, registers(['1.8.0']));
    assert.deepEqual([faultOf(played), played.sent.filter(text => text === '\x15').length], ['BCC_MISMATCH', 3]);
  });
  it('follows the list in mode A', () => {
    const played = play({ mode: 'a' }, registers(['1.8.0']));
    assert.equal(telegrams(played).length, 2);
    assert.equal(played.sent.at(-1), B0);
  });
  for (const fault of ['echo', 'parity', 'noise'] as const) {
    it(`works with ${fault} on the line, byte by byte`, () => {
      const played = play(
        { password: '1', faults: { [fault]: ALWAYS } },
        registers(['1.8.0', '2.8.0'], { password: '1' }),
        1,
      );
      assert.equal(readings(played).length, 2);
    });
  }
  it('refuses registers that would write or hide control characters', () => {
    for (const register of ['W1 1.8.0(5)', 'E2 X', '', '1.8.0\x03', '1.8.0\r\n2.8.0']) {
      assert.throws(() => play({}, registers([register])), { code: 'BAD_SETTING' }, register);
    }
  });
  it('sends nothing that writes, whatever happens', () => {
    const faults = ['wrong-bcc', 'echo', 'noise', 'no-data'] as const;
    for (const fault of faults) {
      const { sent } = play({ password: '1', faults: { [fault]: 2 } }, registers(['1.8.0'], { password: '1' }));
      assert.ok(sent.every(text => !/^\x01[WE]/.test(text)));
    }
  });
});

const PROFILE = [
  'P.01(0260101001500)(00)(15)(2)(1.5.0)(kW)(2.5.0)(kW)',
  '(0.10000)(0.20000)',
  '(0.30000)(0.40000)',
  '(0.50000)(0.60000)',
];

describe('a load profile', () => {
  for (const command of ['R5', 'R6'] as const) {
    it(`is read by ${command}, a damaged block repeated`, () => {
      const asked: string[] = [];
      const profile = (code: string, range: string): string[] => {
        asked.push(`${code} ${range}`);
        return PROFILE;
      };
      const played = play(
        { profile, faults: { 'wrong-bcc': 1 } },
        { read: { what: 'profile', code: 'P.01', from: '0260101000000', to: '0260101010000', command } },
        1,
      );
      const found = played.events.find(e => e.type === 'profile');
      assert.equal(found?.profile.segments[0]?.rows.length, 3);
      assert.deepEqual(asked, ['P.01 0260101000000;0260101010000']);
      assert.equal(played.sent.at(-1), B0);
    });
  }
  it('that is refused by number is a failure', () => {
    const played = play({ profile: () => ['P.01(ER23)'] }, { read: { what: 'profile', code: 'P.01' } });
    assert.deepEqual([faultOf(played), played.sent.at(-1)], ['IEC_ERROR', B0]);
  });
  it('without entries has no rows and is no failure', () => {
    const played = play({ profile: () => null }, { read: { what: 'profile', code: 'P.01' } });
    const found = played.events.find(e => e.type === 'profile');
    assert.deepEqual([found?.profile.empty, found?.profile.segments.length, faultOf(played)], ['ERROR', 0, null]);
  });
  it('is asked for by R6 when R5 is refused, which is remembered', () => {
    const played = play({ profile: () => PROFILE, commands: ['R6'] }, { read: { what: 'profile', code: 'P.01' } });
    assert.equal(played.reader.hints.profileCommand, 'R6');
  });
});

describe('the hand-over to HDLC', () => {
  const hdlc = (): { receive(): Uint8Array[] } => ({ receive: () => [] });
  for (const faults of [{}, { echo: ALWAYS }, { noise: ALWAYS }]) {
    it(`is confirmed with six characters ${JSON.stringify(faults)}`, () => {
      const played = play({ mode: 'e', hdlc, faults }, { mode: 'e' }, 1);
      const handed = played.events.find(e => e.type === 'hdlc');
      assert.deepEqual([handed?.baudRate, handed?.confirmed], [9600, true]);
      assert.equal(played.sent[1], '\x06252\r\n');
      const formats = played.events.flatMap(e =>
        e.type === 'format' ? [`${e.format.baudRate} ${e.format.dataBits}${e.format.parity}`] : [],
      );
      assert.deepEqual(formats, ['300 7even', '9600 7even', '9600 8none']);
    });
  }
  it('goes on without the confirmation', () => {
    const handed = play({ mode: 'e', faults: { 'no-data': 1 } }, { mode: 'e' }).events.find(e => e.type === 'hdlc');
    assert.equal(handed?.confirmed, false);
  });
  it('passes on what came behind the confirmation', () => {
    const reader = new IecReader({ mode: 'e' });
    reader.start();
    reader.timeout();
    reader.receive(unhex('2f4d464c355c3253494d0d0a'));
    reader.timeout();
    const { events } = reader.receive(unhex('063235320d0a7ea0'));
    assert.deepEqual(
      events.flatMap(e => (e.type === 'hdlc' ? [...e.surplus] : [])),
      [0x7e, 0xa0],
    );
    assert.deepEqual(
      reader.receive(unhex('0102')).events.flatMap(e => (e.type === 'hdlc' ? [...e.surplus] : [])),
      [1, 2],
    );
  });
  it('tells of a meter that sends its list instead', () => {
    assert.equal(faultOf(play({ mode: 'e' }, { mode: 'e' })), 'UNEXPECTED_RESPONSE');
    const atTheOldRate = { mode: 'e', faults: { 'stays-at-start': 1 } } as const;
    assert.equal(faultOf(play(atTheOldRate, { mode: 'e' })), 'UNEXPECTED_RESPONSE');
  });
  it('is tried without \\2 in the identification, for who set mode E knows it', () => {
    const played = play({ mode: 'c', hdlc }, { mode: 'e' });
    const handed = played.events.find(e => e.type === 'hdlc');
    assert.deepEqual([played.sent, handed?.baudRate, handed?.confirmed], [[REQUEST, '\x06252\r\n'], 9600, true]);
    assert.equal(faultOf(play({ mode: 'c' }, { mode: 'e' })), 'UNEXPECTED_RESPONSE');
  });
  it('is asked for once more after a NAK, and refused by a second one', () => {
    const played = play({ mode: 'e', hdlc, faults: { 'nak-select': 1 } }, { mode: 'e' }, 1, false);
    assert.deepEqual(played.sent, [REQUEST, '\x06252\r\n', '\x06252\r\n']);
    assert.equal(played.events.find(e => e.type === 'hdlc')?.confirmed, true);
    const refusing = { mode: 'e', hdlc, faults: { 'nak-select': ALWAYS } } as const;
    assert.equal(faultOf(play(refusing, { mode: 'e' }, 1, false)), 'IEC_REFUSED');
  });
});
