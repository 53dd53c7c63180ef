import { strict as assert } from 'node:assert';
import { createCipheriv } from 'node:crypto';

import { IecDecoder, type DecoderEvent, type DecoderOptions } from '../../../src/core/iec62056-21/decoder';
import { Key } from '../../../src/core/security';
import { crc16Arc, fcs16 } from '../../../src/core/wire/crc16';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';

const LINES = [
  '1-3:0.2.8(50)',
  '0-0:1.0.0(260101120000W)',
  '0-0:96.1.1(4D464C3030303031)',
  '1-0:1.8.1(000123.456*kWh)',
  '1-0:1.7.0(00.193*kW)',
];
const BODY = `/MFL5\\2SIM-1\r\n\r\n${LINES.join('\r\n')}\r\n!`;
const CRC = crc16Arc(fromLatin1(BODY)).toString(16).toUpperCase().padStart(4, '0');
const TELEGRAM = `${BODY}${CRC}\r\n`;

function decode(bytes: Uint8Array | string, options: DecoderOptions = {}, size = Infinity): DecoderEvent[] {
  const decoder = new IecDecoder(options);
  const all = typeof bytes === 'string' ? fromLatin1(bytes) : bytes;
  const events: DecoderEvent[] = [];
  for (let at = 0; at < all.length; at += size)
    events.push(...decoder.receive(all.subarray(at, Math.min(all.length, at + size))));
  events.push(...decoder.flush());
  return events;
}
const summary = (events: DecoderEvent[]): string[] =>
  events.map(e =>
    e.type === 'telegram'
      ? `telegram ${e.telegram.readings.length} ${e.origin.checksum}`
      : e.type === 'problem'
        ? e.error.code
        : e.type,
  );

describe('P1 telegrams', () => {
  for (const size of [1, 7, 64, Infinity]) {
    it(`are found in chunks of ${size}`, () => {
      assert.deepEqual(summary(decode(TELEGRAM + TELEGRAM, {}, size)), ['telegram 5 ok', 'telegram 5 ok']);
    });
  }
  it('name their meter and its clock', () => {
    const [event] = decode(TELEGRAM);
    assert.ok(event?.type === 'telegram');
    assert.deepEqual(event.telegram.meter, { id: 'MFL00001', manufacturer: 'MFL', model: 'SIM-1' });
    assert.equal(event.telegram.time, '2026-01-01T12:00:00+01:00');
  });
  it('name a model that begins with a letter behind a backslash', () => {
    const body = BODY.replace('/MFL5\\2SIM-1', '/Ene5\\T211 ESMR 5.0');
    const crc = crc16Arc(fromLatin1(body)).toString(16).padStart(4, '0');
    const [event] = decode(`${body}${crc}\r\n`);
    assert.ok(event?.type === 'telegram');
    assert.equal(event.telegram.meter.model, 'T211 ESMR 5.0');
  });
  it('may begin in the middle of one', () => {
    assert.deepEqual(summary(decode(TELEGRAM.slice(40) + TELEGRAM)), ['telegram 5 ok']);
  });
  it('are reported as incomplete when the next one begins', () => {
    assert.deepEqual(summary(decode(TELEGRAM.slice(0, 80) + '\r\n' + TELEGRAM)), [
      'TELEGRAM_INCOMPLETE',
      'telegram 5 ok',
    ]);
  });
  it('need no CRC before DSMR 4', () => {
    assert.deepEqual(summary(decode(`${BODY.replace('0.2.8(50)', '0.2.8(22)')}\r\n`)), ['telegram 5 none']);
    assert.deepEqual(summary(decode(`${BODY}\r\n`)), ['TELEGRAM_INCOMPLETE']);
  });
  it('may send the CRC in lower case or without leading zeros', () => {
    for (let n = 0; n < 5000; n++) {
      const body = BODY.replace('123.456', String(100000 + n).replace(/(...)$/, '.$1'));
      const crc = crc16Arc(fromLatin1(body)).toString(16);
      if (crc.length < 4) return assert.deepEqual(summary(decode(`${body}${crc}\r\n`)), ['telegram 5 ok']);
    }
    assert.fail('no short CRC found');
  });
  it('of Holley may carry CRC-16/X.25 instead, of nobody else', () => {
    for (const [body, found] of [
      [BODY.replace('/MFL', '/HLY'), 'telegram 5 ok'],
      [BODY, 'CRC_MISMATCH'],
    ] as const) {
      const crc = fcs16(fromLatin1(body)).toString(16).toUpperCase().padStart(4, '0');
      assert.deepEqual(summary(decode(`${body}${crc}\r\n`)), [found]);
    }
  });
  it('with a wrong CRC are a problem, with the policy "warn" both, with "off" neither', () => {
    const wrong = TELEGRAM.replace('123.456', '123.457');
    assert.deepEqual(summary(decode(wrong)), ['CRC_MISMATCH']);
    assert.deepEqual(summary(decode(wrong, { check: 'warn' })), ['CRC_MISMATCH', 'telegram 5 bad']);
    assert.deepEqual(summary(decode(wrong, { check: 'off' })), ['telegram 5 none']);
  });
  it('that always end in !0000 have no CRC where it is set so, and the error names the setting', () => {
    const zero = `${BODY}0000\r\n`;
    const [refused] = decode(zero);
    assert.ok(refused?.type === 'problem');
    assert.match(refused.error.message, /"P1 without CRC"/);
    assert.deepEqual(summary(decode(zero + zero, { zeroCrc: true })), ['telegram 5 none', 'telegram 5 none']);
    assert.deepEqual(summary(decode(`${BODY}1234\r\n`, { zeroCrc: true })), ['CRC_MISMATCH']);
    // Who has sent a CRC once does not lose it.
    assert.deepEqual(summary(decode(TELEGRAM + zero, { zeroCrc: true })), ['telegram 5 ok', 'CRC_MISMATCH']);
  });
  it('wait for the line end behind the CRC, however late it comes', () => {
    const decoder = new IecDecoder();
    const bytes = fromLatin1(TELEGRAM);
    assert.deepEqual(decoder.receive(bytes.subarray(0, bytes.length - 3)), []);
    assert.equal(decoder.receive(bytes.subarray(bytes.length - 3)).length, 1);
  });
  it('are not disturbed by what gateways put between them', () => {
    assert.deepEqual(summary(decode(`${TELEGRAM}  25818685\r\nDE00\xff\xff\r\n${TELEGRAM}`)), [
      'telegram 5 ok',
      'telegram 5 ok',
    ]);
  });
});

it('P1 has a number of its own as the id before what all meters of its type say, whichever code holds which', () => {
  const hex = (text: string): string => Array.from(text, c => c.charCodeAt(0).toString(16)).join('');
  for (const [serial, model] of [
    ['0-0:96.1.0', '0-0:96.1.1'],
    ['0-0:96.1.1', '0-0:96.1.0'],
    ['0-0:42.0.0', '0-0:96.1.1'],
    ['1-0:0.0.0', '0-0:96.1.1'],
  ]) {
    for (const name of ['MA999M', 'GX350', 'ZZ-310CT44']) {
      const lines = [`${serial}(${hex('SIM00999999')})`, `${model}(${hex(name)})`];
      for (const order of [lines, lines.toReversed()]) {
        const [event] = decode(
          fromLatin1(`/KFM5SIM-2\r\n\r\n${order.join('\r\n')}\r\n1-0:1.8.0(000336.420*kWh)\r\n!\r\n`),
        );
        assert.ok(event?.type === 'telegram');
        assert.equal(event.telegram.meter.id, 'SIM00999999', order.join());
      }
    }
  }
});
it('P1 of Poland has the serial number in front of the model', () => {
  const text =
    '/KFM5SIM-2\r\n\r\n0-0:96.1.0(3330303939393939)\r\n0-0:96.1.1(4D41393939)\r\n1-0:1.8.0(000336.420*kWh)\r\n!\r\n';
  const [event] = decode(fromLatin1(text));
  assert.ok(event?.type === 'telegram');
  assert.equal(event.telegram.meter.id, '30099999');
});

describe('encrypted P1', () => {
  const key = '000102030405060708090a0b0c0d0e0f';
  const ak = 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf';
  const title = unhex('4d464c0000000001');
  const luxembourg = '00112233445566778899aabbccddeeff';

  function frame(
    text: string,
    options: { ak?: string; title?: Uint8Array; head?: 'tag' | 'bare' | 'title' } = {},
  ): Uint8Array {
    const counter = unhex('00000102');
    const cipher = createCipheriv('aes-128-gcm', unhex(key), concat(options.title ?? title, counter), {
      authTagLength: 12,
    });
    cipher.setAAD(concat(Uint8Array.of(0x30), unhex(options.ak ?? ak)));
    const sealed = concat(cipher.update(fromLatin1(text)), cipher.final(), cipher.getAuthTag());
    const length = sealed.length + 5;
    const heads = {
      tag: concat(Uint8Array.of(0xdb, 8), title),
      bare: Uint8Array.of(0),
      title: concat(Uint8Array.of(8), title),
    };
    const head = heads[options.head ?? 'tag'];
    return concat(head, Uint8Array.of(0x82, length >> 8, length & 0xff, 0x30), counter, sealed);
  }
  const keys = {
    encryptionKey: Key.parse(key, 'encryption key'),
    authenticationKey: Key.parse(ak, 'authentication key'),
  };

  for (const size of [1, 100, Infinity]) {
    it(`is opened and verified in chunks of ${size}`, () => {
      const events = decode(concat(frame(TELEGRAM), frame(TELEGRAM)), { keys }, size);
      assert.deepEqual(summary(events), ['telegram 5 ok', 'telegram 5 ok']);
      assert.ok(events[0]?.type === 'telegram');
      const { origin } = events[0];
      assert.deepEqual(
        [origin.encrypted, origin.authenticated, origin.systemTitle, origin.invocationCounter],
        [true, true, '4d464c0000000001', 258],
      );
    });
  }
  it('is found behind the rest of another frame', () => {
    assert.deepEqual(summary(decode(concat(frame(TELEGRAM).subarray(60), frame(TELEGRAM)), { keys })), [
      'telegram 5 ok',
    ]);
  });
  it('that was cut does not swallow the next one', () => {
    for (const size of [1, Infinity]) {
      const events = decode(concat(frame(TELEGRAM).subarray(0, 100), frame(TELEGRAM)), { keys }, size);
      assert.deepEqual(summary(events), ['TELEGRAM_INCOMPLETE', 'telegram 5 ok']);
      assert.deepEqual(summary(decode(frame(TELEGRAM).subarray(0, 100), { keys }, size)), ['TELEGRAM_INCOMPLETE']);
    }
  });
  it('may have a length of up to four octets', () => {
    const usual = frame(TELEGRAM);
    const long = concat(usual.subarray(0, 10), unhex('840000'), usual.subarray(11));
    assert.deepEqual(summary(decode(long, { keys })), ['telegram 5 ok']);
  });
  it('without a key says which meter it is', () => {
    const [event] = decode(frame(TELEGRAM));
    assert.ok(event?.type === 'problem' && event.error.code === 'NO_KEY');
    assert.match(event.error.message, /4d464c0000000001/);
  });
  it('with the wrong key says so, and never shows one', () => {
    const [event] = decode(frame(TELEGRAM), {
      keys: { ...keys, encryptionKey: Key.parse('ff'.repeat(16), 'encryption key') },
    });
    assert.ok(event?.type === 'problem' && event.error.code === 'WRONG_KEY');
    assert.ok(!JSON.stringify(event.error.detail).includes('ffffffff'));
  });
  it('that was changed on the line is refused', () => {
    const damaged = frame(TELEGRAM);
    damaged[100] = (damaged[100] ?? 0) ^ 1;
    assert.deepEqual(summary(decode(damaged, { keys })), ['AUTHENTICATION_FAILED']);
  });
  it('without an authentication key is read unverified, but Luxembourg is verified by its published key', () => {
    const only = { encryptionKey: keys.encryptionKey };
    const verified = (ak: string): boolean | undefined => {
      const [event] = decode(frame(TELEGRAM, { ak }), { keys: only });
      return event?.type === 'telegram' ? event.origin.authenticated : undefined;
    };
    assert.deepEqual([verified(ak), verified(luxembourg)], [false, true]);
  });
  it('with an empty system title behind a plain identification needs the configured one', () => {
    const bytes = concat(fromLatin1('/MFL5SIM-1\r\n\r\n'), frame(TELEGRAM, { head: 'bare' }), fromLatin1('!ABCD\r\n'));
    const [event] = decode(bytes, { keys });
    assert.ok(event?.type === 'problem' && event.error.code === 'WRONG_KEY');
    assert.match(event.error.message, /carries no system title/);
    assert.deepEqual(summary(decode(bytes, { keys: { ...keys, systemTitle: title } })), ['telegram 5 ok']);
  });

  describe('between an identification line and a CRC in clear', () => {
    const zeros = new Uint8Array(8);
    const lines = TELEGRAM.slice(TELEGRAM.indexOf('\r\n\r\n') + 4, TELEGRAM.lastIndexOf('!'));
    const around = (inside: Uint8Array, crc?: string): Uint8Array => {
      const checked = concat(fromLatin1('/KFM5SIM-2\r\n\r\n'), inside, fromLatin1('!'));
      const digits = crc ?? crc16Arc(checked).toString(16).toUpperCase().padStart(4, '0');
      return concat(checked, fromLatin1(`${digits}\r\n`));
    };
    const only = { encryptionKey: keys.encryptionKey };

    for (const size of [1, 100, Infinity]) {
      it(`data lines alone are opened with an initialization vector of zeros, in chunks of ${size}`, () => {
        const bytes = around(frame(lines, { head: 'bare', title: zeros }));
        const events = decode(concat(bytes, bytes), { keys }, size);
        assert.deepEqual(summary(events), ['telegram 5 ok', 'telegram 5 ok']);
        assert.ok(events[0]?.type === 'telegram');
        const { origin, telegram } = events[0];
        assert.deepEqual([origin.authenticated, origin.systemTitle], [true, undefined]);
        assert.deepEqual([telegram.meter.manufacturer, telegram.meter.model], ['KFM', 'SIM-2']);
      });
    }
    it('zeros are tried behind a title that does not fit', () => {
      const bytes = around(frame(lines, { head: 'bare', title: zeros }));
      assert.deepEqual(summary(decode(bytes, { keys: { ...keys, systemTitle: title } })), ['telegram 5 ok']);
    });
    it('a title may stand there without the tag DB', () => {
      for (const size of [1, Infinity]) {
        assert.deepEqual(summary(decode(around(frame(lines, { head: 'title' })), { keys }, size)), ['telegram 5 ok']);
      }
    });
    it('the CRC outside counts where the text has none and no tag is verified', () => {
      const inside = frame(lines, { head: 'bare', title: zeros });
      assert.deepEqual(summary(decode(around(inside), { keys: only })), ['telegram 5 ok']);
      assert.deepEqual(summary(decode(around(inside, '1234'), { keys: only })), ['CRC_MISMATCH']);
      const damaged = around(inside);
      damaged[100] = (damaged[100] ?? 0) ^ 1;
      assert.deepEqual(summary(decode(damaged, { keys: only })), ['CRC_MISMATCH']);
    });
    it('without a CRC a verified tag is enough', () => {
      const bytes = concat(fromLatin1('/KFM5SIM-2\r\n\r\n'), frame(lines, { head: 'bare', title: zeros }));
      for (const size of [1, Infinity]) {
        assert.deepEqual(summary(decode(bytes, { keys }, size)), ['telegram 5 none']);
      }
    });
  });
});
