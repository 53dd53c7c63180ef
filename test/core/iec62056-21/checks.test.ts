// A check that is damaged is no check that is missing: one bit in STX, in ETX, in "!" or in a CRC, and one in a digit, never
// let the wrong digit out. What no check covers by the book still comes.

import { strict as assert } from 'node:assert';

import type { CheckPolicy } from '../../../src/core/framing/check';
import { blockCheck } from '../../../src/core/framing/iec-block';
import { IecDecoder, type DecoderEvent } from '../../../src/core/iec62056-21/decoder';
import { IecReader } from '../../../src/core/iec62056-21/reader';
import type { ReaderEvent, ReaderOptions } from '../../../src/core/iec62056-21/reader-options';
import { crc16Arc } from '../../../src/core/wire/crc16';
import { concat, fromLatin1 } from '../../../src/core/wire/hex';

const IDENT = fromLatin1('/KFM5Meter\r\n');

function block(text: string): Uint8Array {
  const inside = fromLatin1(`${text}\x03`);
  return concat(Uint8Array.of(0x02), inside, Uint8Array.of(blockCheck(inside)));
}

function decode(bytes: Uint8Array, check: CheckPolicy = 'strict'): readonly DecoderEvent[] {
  const decoder = new IecDecoder({ check, parity: '7E1' });
  return [...decoder.receive(bytes), ...decoder.flush()];
}

const valuesOf = (events: readonly (DecoderEvent | ReaderEvent)[]): unknown[] =>
  events.flatMap(e => (e.type === 'telegram' ? e.telegram.readings.map(r => r.value) : []));
const codesOf = (events: readonly (DecoderEvent | ReaderEvent)[]): string[] =>
  events.flatMap(e => (e.type === 'problem' || e.type === 'fault' ? [e.error.code] : []));
const checksOf = (events: readonly (DecoderEvent | ReaderEvent)[]): unknown[] =>
  events.flatMap(e => (e.type === 'telegram' ? [e.origin.checksum] : []));

/** Each of the seven bits of the octet turned over, and the octet lost. */
function damaged(bytes: Uint8Array, at: number): Uint8Array[] {
  const turned = [1, 2, 4, 8, 16, 32, 64].map(bit => bytes.map((b, i) => (i === at ? b ^ bit : b)));
  return [...turned, concat(bytes.subarray(0, at), bytes.subarray(at + 1))];
}

describe('the check of a list', () => {
  const list = block('1-0:1.8.0*255(000502.853*kWh)\r\n!\r\n');
  const right = concat(IDENT, list);
  const wrong = fromLatin1(String.fromCharCode(...right).replace('502.853', '503.853'));

  for (const [what, at] of [
    ['STX', IDENT.length],
    ['ETX', right.length - 2],
  ] as const) {
    it(`does not go with ${what}: a changed digit never leaves`, () => {
      assert.deepEqual(valuesOf(decode(right)), [502.853]);
      for (const bytes of damaged(wrong, at)) {
        const events = decode(bytes);
        assert.deepEqual(valuesOf(events), []);
        assert.notDeepEqual(codesOf(events), []);
      }
    });
  }

  it('does not go with STX in a list of any form and mode, though some of these come without it', () => {
    for (const [ident, id] of [
      ['/KFM5Meter\r\n', '1-0:1.8.0'],
      ['/XYZ@MODEL3\r\n', '1.8.0'],
      ['/XYZ@MODEL3\r\n', 'F.F'],
    ] as const) {
      const text = concat(fromLatin1(ident), block(`${id}(000502.853*kWh)\r\n!\r\n`));
      const changed = fromLatin1(String.fromCharCode(...text).replace('502.853', '503.853'));
      assert.deepEqual(valuesOf(decode(text)), [502.853]);
      for (const bytes of damaged(changed, ident.length))
        assert.deepEqual(valuesOf(decode(bytes)), [], `${ident}${id}`);
    }
  });

  it('does not go with STX where bits of it and of a line end make an empty line, of whatever line ends', () => {
    for (const id of ['1-0:1.8.0', '1.8.0', 'F.F']) {
      const list = concat(fromLatin1('/KFM5Meter\r\n'), block(`${id}(000502.853*kWh)\r\n1.8.1(1*kWh)\r\n!\r\n`));
      const changed = String.fromCharCode(...list).replace('502.853', '503.853');
      for (const text of [
        // CR of the identification and STX; CR of a data line and STX; and ETX, too.
        changed.replace('\r\n\x02', '\t\n\n'),
        changed.replace('\r\n\x02', '\r\n\n').replace(')\r', ')\x8d'),
        changed.replace('\r\n\x02', '\r\n\n').replace('\x03', 'C'),
        // A gateway in text mode: one bit makes a second LF of STX.
        changed.replaceAll('\r\n', '\n').replace('\x02', '\n'),
        changed.replaceAll('\r\n', '\n').replace('\x02', '\n').replace('\x03', '#'),
        changed.replaceAll('\n', '\r\n').replace('\x02', '\n'),
      ]) {
        assert.deepEqual(valuesOf(decode(fromLatin1(text))), [], JSON.stringify(text));
        for (let at = 1; at < text.length; at += 7) {
          const decoder = new IecDecoder({ check: 'strict', parity: '7E1' });
          const pieces = [text.slice(0, at), text.slice(at)].map(fromLatin1);
          assert.deepEqual(valuesOf([...pieces.flatMap(piece => decoder.receive(piece)), ...decoder.flush()]), []);
        }
      }
    }
  });

  it("is not asked for where an empty line of the text's own line ends says that there is none", () => {
    for (const end of ['\r\n', '\n', '\r', '\r\r\n']) {
      for (const id of ['1-0:1.8.0', '1.8.0']) {
        const text = ['/KFM5Meter', '', `${id}(000502.853*kWh)`, '!', ''].join(end);
        assert.deepEqual(valuesOf(decode(fromLatin1(text))), [502.853], JSON.stringify(text));
      }
    }
  });

  it('is not helped by line ends put back where a damaged one may stand: no two bits of a list of one line pass', () => {
    const list = concat(IDENT, block('1.8.0(001234*kWh)!\r\n'));
    const bits = [...list.keys()].slice(IDENT.length).flatMap(at => [0, 1, 2, 3, 4, 5, 6].map(bit => ({ at, bit })));
    for (const [i, first] of bits.entries()) {
      for (const second of bits.slice(i + 1)) {
        // Two in one column cancel: that is the limit of a block check.
        if (first.bit === second.bit) continue;
        const damaged = list.slice();
        for (const { at, bit } of [first, second]) damaged[at] = (damaged[at] as number) ^ (1 << bit);
        for (const event of decode(damaged)) {
          if (event.type !== 'telegram') continue;
          assert.deepEqual([event.telegram.readings[0]?.id, valuesOf([event])], ['1.8.0', [1234]]);
        }
      }
    }
  });
  it('is not missed where mode A or an old P1 port has none: the list is known by what follows', () => {
    for (const text of [
      '/XYZ@MODEL3\r\n1.8.0(000502.853*kWh)\r\n!\r\n',
      '/KFM5Meter\r\n1-0:1.8.0(000502.853*kWh)\r\n!\r\n',
    ]) {
      assert.deepEqual(valuesOf(decode(fromLatin1(text))), [502.853]);
      assert.deepEqual(valuesOf(decode(fromLatin1(text + text))), [502.853, 502.853]);
      assert.deepEqual(checksOf(decode(fromLatin1(text))), ['none']);
    }
  });

  it('is not missed in what mode D meters and logs look like: fill characters, no empty line, a blank in front of "!"', () => {
    const lines = '1-0:1.8.0*255(000502.853*kWh)\r\n';
    for (const text of [
      `/ESY5Q3DA1004\r\n${lines}!\r\n`,
      `/ESY5Q3DA1004\r\n\r\n${lines}!\x7f\x7f\r\n`,
      `/ESY5Q3DA1004\r\n\r\n${lines} !\r\n`,
      `/ESY5Q3DA1004\r\n\r\n${lines}\0!\r\n`,
    ]) {
      assert.deepEqual(valuesOf(decode(fromLatin1(text))), [502.853], JSON.stringify(text));
    }
  });

  it('of a part says that the parts behind it are no message by themselves', () => {
    const part = (text: string, end: string): Uint8Array => {
      const inside = fromLatin1(text + end);
      return concat(Uint8Array.of(0x02), inside, Uint8Array.of(blockCheck(inside)));
    };
    const parts = [part('1.8.0(000502.853*kWh)\r\n2.8', '\x04'), part('.0(000001.000*kWh)\r\n!\r\n', '\x03')] as const;
    assert.deepEqual(valuesOf(decode(concat(IDENT, ...parts))), [502.853, 1]);
    const changed = parts[0].map((b, i) => (i === 8 ? b ^ 1 : b));
    const events = decode(concat(IDENT, changed, parts[1], IDENT, ...parts));
    assert.deepEqual(codesOf(events), ['BCC_MISMATCH', 'SEGMENT_LOST']);
    assert.deepEqual(valuesOf(events), [502.853, 1]);
  });

  it('does not speak for what an STX out of nowhere cut off from its beginning', () => {
    // LF is one bit from STX, and an exclusive or of seven bits fits by chance once in 128.
    const [head, rest] = ['1.8.0(000502.853*kWh)\r\n', '2.8.0(000001.000*kWh)\r\n!\r\n'];
    const own = [...fromLatin1(`${rest}\x03`)].reduce((bcc, b) => bcc ^ b, 0);
    const cut = concat(IDENT, fromLatin1(`\x02${head.slice(0, -1)}\x02${rest}\x03`), Uint8Array.of(own));
    assert.deepEqual(valuesOf(decode(cut)), []);
    assert.deepEqual(codesOf(decode(cut)), ['TELEGRAM_INCOMPLETE', 'SEGMENT_LOST']);
    assert.deepEqual(valuesOf(decode(concat(cut, IDENT, block(head + rest)))), [502.853, 1]);
  });

  it('is missed when nothing comes behind ETX; with "warn" the list leaves, marked', () => {
    const cut = right.subarray(0, -1);
    assert.deepEqual(codesOf(decode(cut)), ['TELEGRAM_INCOMPLETE']);
    assert.deepEqual(valuesOf(decode(cut)), []);
    assert.deepEqual(checksOf(decode(cut, 'warn')), ['bad']);
    assert.deepEqual(checksOf(decode(cut, 'off')), ['none']);
  });

  const read = (options: ReaderOptions, ident: string, text: Uint8Array): readonly ReaderEvent[] => {
    const reader = new IecReader({ ...options, parity: '7E1' });
    const events: ReaderEvent[] = [];
    let last = reader.start();
    for (let n = 0; n < 60 && reader.phase !== 'done'; n++) {
      if (reader.phase === 'identifying' && last.write.length > 0) last = reader.receive(fromLatin1(ident));
      else if (reader.phase === 'reading') last = reader.receive(text);
      else last = reader.timeout();
      events.push(...last.events);
    }
    return events;
  };

  it('is asked for in a readout of modes B and C, and not in mode A', () => {
    const bare = fromLatin1('1.8.0(000502.853*kWh)\r\n!\r\n');
    const complete = block('1.8.0(000502.853*kWh)\r\n!\r\n');
    for (const ident of ['/KFM5Meter\r\n', '/KFMEMeter\r\n']) {
      assert.deepEqual(valuesOf(read({}, ident, complete)), [502.853]);
      assert.deepEqual(
        [valuesOf(read({}, ident, bare)), codesOf(read({}, ident, bare))],
        [[], ['TELEGRAM_INCOMPLETE']],
      );
    }
    assert.deepEqual(valuesOf(read({}, '/KFM Meter\r\n', bare)), [502.853]);
    assert.deepEqual(valuesOf(read({ mode: 'a' }, '/KFM5Meter\r\n', bare)), [502.853]);
  });

  it('counts for a register of programming mode as well, and its telegram says how it came out', () => {
    const answer = block('1.8.0(009123*kWh)');
    const wrong = answer.map((b, i) => (i === answer.length - 1 ? b ^ 1 : b));
    const open = answer.subarray(0, -2);
    const ask = (check: CheckPolicy, text: Uint8Array): readonly ReaderEvent[] => {
      const registers = { what: 'registers' as const, registers: ['R5 1.8.0'] };
      const reader = new IecReader({ check, read: registers, parity: '7E1', rateFollows: false });
      const events: ReaderEvent[] = [];
      let last = reader.start();
      for (let n = 0; n < 60 && reader.phase !== 'done'; n++) {
        if (last.write.length === 0) last = reader.timeout();
        else if (reader.phase === 'identifying') last = reader.receive(IDENT);
        else if (last.write[0]?.[0] === 0x06) last = reader.receive(fromLatin1('\x01P0\x02()\x03\x60'));
        else last = reader.receive(text);
        events.push(...last.events);
      }
      return events;
    };
    assert.deepEqual(checksOf(ask('strict', answer)), ['ok']);
    assert.deepEqual(checksOf(ask('warn', wrong)), ['bad']);
    assert.deepEqual(checksOf(ask('off', wrong)), ['none']);
    for (const text of [wrong, concat(open, fromLatin1('\r\n!\r\n'))])
      assert.deepEqual(valuesOf(ask('strict', text)), []);
  });

  it('finds no telegram in a "/" and a "!" that stand in noise', () => {
    const events = decode(fromLatin1('x\r\n/abc def\r\n\r\n zz\r\n!\r\n'));
    assert.deepEqual([events.filter(e => e.type === 'telegram').length, codesOf(events)], [0, ['NO_FRAME']]);
  });
});

describe('the CRC of a P1 telegram', () => {
  const body = (version: string): string => `/KFM5Meter\r\n\r\n1-3:0.2.8(${version})\r\n1-0:1.8.1(000502.853*kWh)\r\n!`;
  const crc = (text: string): string => crc16Arc(fromLatin1(text)).toString(16).toUpperCase().padStart(4, '0');

  it('does not go with its own digits: one bit in it and one in a value never let the value out', () => {
    const text = body('42');
    const sent = fromLatin1(`${text}${crc(text)}\r\n`);
    assert.deepEqual(checksOf(decode(sent)), ['ok']);
    const wrong = fromLatin1(String.fromCharCode(...sent).replace('502.853', '503.853'));
    for (let at = text.length - 1; at < text.length + 4; at++) {
      for (const bytes of damaged(wrong, at)) {
        assert.deepEqual(valuesOf(decode(bytes)).includes(503.853), false, `${at}`);
      }
    }
  });

  it('is missed where the version has one, or the source has sent one before', () => {
    const without = (version: string): Uint8Array => fromLatin1(`${body(version)}\r\n`);
    assert.deepEqual(codesOf(decode(without('50'))), ['TELEGRAM_INCOMPLETE']);
    assert.deepEqual(checksOf(decode(without('22'))), ['none']);
    const decoder = new IecDecoder();
    const old = body('22');
    assert.deepEqual(checksOf(decoder.receive(fromLatin1(`${old}${crc(old)}\r\n`))), ['ok']);
    decoder.flush();
    assert.deepEqual(codesOf(decoder.receive(without('22'))), ['TELEGRAM_INCOMPLETE']);
  });

  it('is not looked for behind a "!" that one bit has made of a "1"', () => {
    const text = body('42').replace('1.8.1(', '1.8.!(');
    const events = decode(fromLatin1(`${text}${crc(body('42'))}\r\n`));
    assert.deepEqual([valuesOf(events), codesOf(events)], [[], ['CRC_MISMATCH']]);
  });
});
