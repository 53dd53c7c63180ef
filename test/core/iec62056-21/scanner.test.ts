import { strict as assert } from 'node:assert';

import { IecDecoder, type DecoderEvent } from '../../../src/core/iec62056-21/decoder';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';
import { block } from '../../../src/sim/iec-meter';

const IDENT = fromLatin1('/MFL5SIM-1\r\n');
const LIST = block('1.8.0(001234.567*kWh)\r\n2.8.0(000000.001*kWh)\r\n!\r\n');

function decode(...parts: Uint8Array[]): string[] {
  const whole = concat(...parts);
  const results = [whole.length, 1, 5].map(size => {
    const decoder = new IecDecoder();
    const events: DecoderEvent[] = [];
    for (let at = 0; at < whole.length; at += size) events.push(...decoder.receive(whole.subarray(at, at + size)));
    events.push(...decoder.flush());
    return events.map(e =>
      e.type === 'telegram'
        ? `${e.identification?.model ?? '-'}: ${e.telegram.readings.length}`
        : e.type === 'problem'
          ? e.error.code
          : e.type,
    );
  });
  for (const result of results) assert.deepEqual(result, results[0]);
  return results[0] ?? [];
}

describe('messages in a stream', () => {
  it('are an identification and its block', () => assert.deepEqual(decode(IDENT, LIST), ['SIM-1: 2']));
  it('may lack the identification', () => assert.deepEqual(decode(LIST), ['-: 2']));
  it('may follow each other in one chunk', () =>
    assert.deepEqual(decode(IDENT, LIST, IDENT, LIST), ['SIM-1: 2', 'SIM-1: 2']));
  it('may be many in one chunk, in a time that grows with it', () => {
    // Of the processor: others may keep it busy. It grew with the square: 64 times for eight times as many.
    const cost = (count: number): number => {
      const before = process.cpuUsage();
      const many = fromLatin1('/ABC5x\r\n\r\n1-0:1.8.0(1)\r\n!\r\n'.repeat(count));
      assert.equal(decode(many).length, count);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cost(1000);
    assert.ok(cost(16_000) < 24 * cost(2000));
  });
  it('may begin behind echo, acknowledgement and noise', () => {
    assert.deepEqual(decode(fromLatin1('/?!\r\n'), unhex('7f7f00'), IDENT, fromLatin1('\x06050\r\n?'), LIST), [
      'SIM-1: 2',
    ]);
  });
  it('may begin behind a stray SOH or STX', () => {
    assert.deepEqual(decode(unhex('7f7f01'), IDENT, LIST), ['SIM-1: 2']);
    assert.deepEqual(decode(unhex('02'), IDENT, LIST), ['SIM-1: 2']);
  });
  for (const bcc of [0x2f, 0x02, 0x03, 0x0d, 0x0a, 0x21, 0x01]) {
    it(`end with one check character, even if it is ${bcc.toString(16)}`, () => {
      let text = '';
      for (let c = 0x20; c < 0x7f; c++) {
        for (let d = 0x20; d < 0x7f && text === ''; d++) {
          const value = String.fromCharCode(c, d);
          if (/[()!]/.test(value)) continue;
          if (block(`C.1.0(${value})\r\n!\r\n`).at(-1) === bcc) text = value;
        }
      }
      assert.deepEqual(decode(IDENT, block(`C.1.0(${text})\r\n!\r\n`), IDENT, LIST), ['SIM-1: 1', 'SIM-1: 2']);
    });
  }
  it('may have no STX, ETX and check at all in modes A and D', () => {
    const list = fromLatin1('1.8.0(1*kWh)\r\n!\r\n');
    assert.deepEqual(decode(IDENT, fromLatin1('\r\n'), list), ['SIM-1: 1']);
    assert.deepEqual(decode(fromLatin1('/SIM SIM-1\r\n'), list), ['SIM-1: 1']);
    assert.deepEqual(decode(IDENT, list), ['TELEGRAM_INCOMPLETE']);
    assert.deepEqual(decode(IDENT, fromLatin1('\x02'), list), ['TELEGRAM_INCOMPLETE']);
  });
  it('without ETX do not take the next one with them', () => {
    const open = fromLatin1('\x021.8.0(1*kWh)\r\n!');
    assert.deepEqual(decode(IDENT, open, IDENT, open), ['TELEGRAM_INCOMPLETE', 'TELEGRAM_INCOMPLETE']);
    assert.deepEqual(decode(IDENT, open, fromLatin1('\r\n'), IDENT, LIST), ['TELEGRAM_INCOMPLETE', 'SIM-1: 2']);
  });
  it('are incomplete when nothing follows the identification', () =>
    assert.deepEqual(decode(IDENT), ['TELEGRAM_INCOMPLETE']));
  it('are an error where a profile was asked for and refused by number', () => {
    assert.deepEqual(decode(block('P.01(ER23)')), ['IEC_ERROR']);
    assert.deepEqual(decode(block('P.01((ER11))')), ['IEC_ERROR']);
    assert.deepEqual(decode(block('P.01(ERROR)')), ['profile']);
  });
  it('are not missed in the rest of one that had begun before', () => {
    assert.deepEqual(decode(fromLatin1('.8.0(1*kWh)\r\n!1A2B\r\n')), []);
    assert.deepEqual(decode(fromLatin1('.8.0(1*kWh)\r\n!\r\n\x03K')), []);
    assert.deepEqual(decode(fromLatin1('login: ')), ['NO_FRAME']);
  });
  it('are missed aloud in noise that does not end', () => {
    const decoder = new IecDecoder({ parity: '8N1' });
    const codes: string[] = [];
    for (let n = 0; n < 1000; n++) {
      for (const e of decoder.receive(unhex('e1 9c f3 88 c2 b7 a9 f0 95 87')))
        if (e.type === 'problem') codes.push(e.error.code);
    }
    assert.deepEqual(codes, ['NO_FRAME', 'NO_FRAME']);
    assert.equal(decoder.discardedBytes > 8000, true);
  });
  it('leave the decoder busy until they are whole or told to be none', () => {
    const busy = (bytes: Uint8Array): boolean => {
      const decoder = new IecDecoder();
      decoder.receive(bytes);
      return decoder.busy;
    };
    assert.equal(busy(concat(IDENT, LIST)), false);
    assert.equal(busy(unhex('0d 0a 00 7f ff')), false);
    for (const bytes of [IDENT, fromLatin1('login: '), fromLatin1('1'), LIST.subarray(0, 20)])
      assert.equal(busy(bytes), true);
  });
  it('that broke off do not take the next one with them', () => {
    assert.deepEqual(decode(IDENT, LIST.subarray(0, 30), fromLatin1('\r\n'), IDENT, LIST), [
      'TELEGRAM_INCOMPLETE',
      'SIM-1: 2',
    ]);
  });
  it('that end early are incomplete', () =>
    assert.deepEqual(decode(IDENT, LIST.subarray(0, 30)), ['TELEGRAM_INCOMPLETE']));
  it('may be errors', () => assert.deepEqual(decode(block('(ER01)')), ['IEC_ERROR']));
  it('may be profiles', () => assert.deepEqual(decode(block('P.01(ERROR)\r\n')), ['profile']));
  it('are none in noise', () => assert.deepEqual(decode(unhex('c3 9a f7 81 e5 44 c3 9a f7 81')), ['NO_FRAME']));
  it('are none in line ends', () => assert.deepEqual(decode(fromLatin1('\r\n\r\n\0')), []));
  it('do not begin with a stroke inside a unit', () => {
    assert.deepEqual(decode(fromLatin1('0.3.3(00250*imp/kWh)\r\n!\r\n'), IDENT, LIST), ['SIM-1: 2']);
  });
  it('are bounded', () => {
    const decoder = new IecDecoder({ limitBytes: 10_000 });
    const events = [
      ...decoder.receive(concat(IDENT, fromLatin1('\x021.8.0('))),
      ...decoder.receive(new Uint8Array(50_000).fill(0x41)),
    ];
    assert.ok(events.some(e => e.type === 'problem' && e.error.code === 'LIMIT_EXCEEDED'));
    assert.equal(decoder.receive(concat(fromLatin1('\r\n'), IDENT, LIST)).length, 1);
  });
});
