// One stream of text, two readers: IEC readout and push decoder find the same telegrams, say the same of their checks, and have
// one code for one fact. Whole, in chunks of seven and byte by byte.

import { strict as assert } from 'node:assert';
import { createCipheriv } from 'node:crypto';

import { blockCheck } from '../../../src/core/framing/iec-block';
import { IecDecoder } from '../../../src/core/iec62056-21/decoder';
import { PushDecoder } from '../../../src/core/push/decoder';
import { Key } from '../../../src/core/security';
import { crc16Arc } from '../../../src/core/wire/crc16';
import type { DlmsError } from '../../../src/core/wire/errors';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';

const LINES = ['1-3:0.2.8(50)', '0-0:1.0.0(260101120000W)', '1-0:1.8.1(000123.456*kWh)', '1-0:1.7.0(00.193*kW)'];
const textWith = (lines: readonly string[]): string => `/MFL5SIM-1\r\n\r\n${lines.join('\r\n')}\r\n!`;
const BODY = textWith(LINES);
const OLD = textWith(['1-0:1.8.1(000123.456*kWh)', '0-0:96.13.1()', '1-0:1.7.0(00.193*kW)']);
const crcOf = (text: string): string => crc16Arc(fromLatin1(text)).toString(16).toUpperCase().padStart(4, '0');
const sealed = (text: string): string => `${text}${crcOf(text)}\r\n`;
const TELEGRAM = sealed(BODY);
/** With a CRC that begins with zero and has a letter. */
const ZERO = (() => {
  for (let n = 0; ; n++) {
    const text = BODY.replace('123.456', `123.${String(n).padStart(3, '0')}`);
    if (/^0[A-F]/.test(crcOf(text))) return text;
  }
})();

const key = '000102030405060708090a0b0c0d0e0f';
const ak = 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf';
const title = unhex('4d464c0000000001');
function encrypted(text: string, counter: number, head: 'tag' | 'bare'): Uint8Array {
  const iv = unhex(counter.toString(16).padStart(8, '0'));
  const cipher = createCipheriv('aes-128-gcm', unhex(key), concat(title, iv), { authTagLength: 12 });
  cipher.setAAD(concat(Uint8Array.of(0x30), unhex(ak)));
  const secret = concat(cipher.update(fromLatin1(text)), cipher.final(), cipher.getAuthTag());
  const length = Uint8Array.of(0x82, (secret.length + 5) >> 8, (secret.length + 5) & 0xff, 0x30);
  const front = head === 'bare' ? Uint8Array.of(0) : concat(Uint8Array.of(0xdb, 8), title);
  return concat(front, length, iv, secret);
}

function list(text: string): Uint8Array {
  const inside = fromLatin1(`${text}\x03`);
  return concat(fromLatin1('/MFL5SIM-1\r\n\x02'), inside, Uint8Array.of(blockCheck(inside)));
}

/** Stream, and what both say of it: a checksum for each telegram with its energy, a code for each problem. */
const STREAMS: readonly (readonly [string, string | Uint8Array | readonly (string | null)[], readonly string[]])[] = [
  ['CR LF', TELEGRAM, ['ok 123.456']],
  ['LF only', TELEGRAM.replaceAll('\r', ''), ['ok 123.456']],
  ['CR only', TELEGRAM.replaceAll('\n', ''), ['ok 123.456']],
  ['doubled line ends', TELEGRAM.replaceAll('\r\n', '\r\n\r\n'), ['ok 123.456']],
  ['text mode, LF to CR LF', TELEGRAM.replaceAll('\n', '\r\n'), ['ok 123.456']],
  ['a terminal that makes LF of CR', TELEGRAM.replaceAll('\r', '\n'), ['ok 123.456']],
  ['no empty line behind the identification', sealed(BODY.replace('\r\n\r\n', '\r\n')), ['ok 123.456']],
  ['noise in front', `\x80x9*kWh)\r\n${TELEGRAM}`, ['ok 123.456']],
  ['"!" inside a value', sealed(BODY.replace('(50)', '(50)\r\n0-0:96.13.0(Hi! there)')), ['ok 123.456']],
  ['"!" made of a "1" by one bit', TELEGRAM.replace('1.8.1(', '1.8.!('), ['CRC_MISMATCH']],
  ['no CRC, before version 4', `${OLD}\r\n`, ['none 123.456']],
  ['no CRC, version 5', `${BODY}\r\n`, ['TELEGRAM_INCOMPLETE']],
  ['no CRC behind one that had it', `${TELEGRAM}${OLD}\r\n`, ['ok 123.456', 'TELEGRAM_INCOMPLETE']],
  ['four characters that are no hex', `${BODY}6BR0\r\n`, ['CRC_MISMATCH']],
  ['a CRC of something else', `${BODY}0123\r\n`, ['CRC_MISMATCH']],
  ['lower case', `${ZERO}${crcOf(ZERO).toLowerCase()}\r\n`, ['ok 123']],
  ['dropped zeros', `${ZERO}${crcOf(ZERO).replace(/^0+/, '')}\r\n`, ['ok 123']],
  ['two back to back', TELEGRAM + TELEGRAM, ['ok 123.456', 'ok 123.456']],
  ['cut by the next', `${TELEGRAM.slice(0, 60)}\r\n${TELEGRAM}`, ['TELEGRAM_INCOMPLETE', 'ok 123.456']],
  ['cut in a line by the next', TELEGRAM.slice(0, 64) + TELEGRAM, ['TELEGRAM_INCOMPLETE', 'ok 123.456']],
  ['cut for good', TELEGRAM.slice(0, 80), ['TELEGRAM_INCOMPLETE']],
  ['no line end behind the CRC', TELEGRAM.trimEnd(), ['ok 123.456']],
  ['a CRC cut by a pause, then the rest', [BODY, null, `${crcOf(BODY)}\r\n`], ['TELEGRAM_INCOMPLETE']],
  ['encrypted, with the tag', encrypted(TELEGRAM, 1, 'tag'), ['ok 123.456']],
  [
    'encrypted behind an identification, with the tag',
    concat(fromLatin1('/MFL5SIM-1\r\n\r\n'), encrypted(TELEGRAM, 1, 'tag'), fromLatin1('!ABCD\r\n')),
    ['ok 123.456'],
  ],
  [
    'encrypted behind an identification, without the tag',
    concat(fromLatin1('/MFL5SIM-1\r\n\r\n'), encrypted(TELEGRAM, 1, 'bare'), fromLatin1('!ABCD\r\n')),
    ['ok 123.456'],
  ],
  ['a list with STX and block check', list('1-0:1.8.1(000123.456*kWh)\r\n!\r\n'), ['ok 123.456']],
  [
    'a list whose STX one bit made a line end of',
    list('1-0:1.8.1(000123.456*kWh)\r\n!\r\n').map(b => (b === 2 ? 10 : b)),
    ['TELEGRAM_INCOMPLETE'],
  ],
  [
    'a list with a wrong block check',
    list('1-0:1.8.1(000123.456*kWh)\r\n!\r\n').map((b, i) => (i === 24 ? b ^ 1 : b)),
    ['BCC_MISMATCH'],
  ],
];

type Told = readonly string[];
const energyOf = (readings: readonly { obis: string | null; value: unknown }[]): string =>
  String(readings.find(r => r.obis === '1-0:1.8.1*255')?.value).replace(/\.\d*$/, d => (d === '.456' ? d : ''));

function chunksOf(stream: (typeof STREAMS)[number][1], size: number): (Uint8Array | null)[] {
  const parts = typeof stream === 'string' || stream instanceof Uint8Array ? [stream] : stream;
  return parts.flatMap(part => {
    if (part === null) return [null];
    const bytes = typeof part === 'string' ? fromLatin1(part) : part;
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  });
}

/** What belongs to no telegram: the readout is quiet about it once it has understood one. */
const told = (error: DlmsError): string[] => (error.code === 'NO_FRAME' ? [] : [error.code]);

function readout(chunks: readonly (Uint8Array | null)[]): Told {
  const keys = { encryptionKey: Key.parse(key, 'key'), authenticationKey: Key.parse(ak, 'key'), systemTitle: title };
  const decoder = new IecDecoder({ keys, require: 'nothing' });
  const events = [...chunks, null].flatMap(chunk => (chunk === null ? decoder.flush() : decoder.receive(chunk)));
  return events.flatMap(e => {
    if (e.type === 'telegram') return [`${e.origin.checksum} ${energyOf(e.telegram.readings)}`];
    return e.type === 'problem' ? told(e.error) : [e.type];
  });
}

function pushed(chunks: readonly (Uint8Array | null)[]): Told {
  const decoder = new PushDecoder({
    encryptionKey: Key.parse(key, 'key'),
    authenticationKey: Key.parse(ak, 'key'),
    systemTitle: title,
    require: 'nothing',
  });
  const events = [...chunks, null].flatMap(
    chunk => (chunk === null ? decoder.timeout() : decoder.receive(chunk)).events,
  );
  return events.flatMap(e => {
    if (e.type === 'telegram') return [`${e.origin.checksum} ${energyOf(e.telegram.readings)}`];
    return told(e.error);
  });
}

describe('the two readers of text agree on', () => {
  for (const [name, stream, expected] of STREAMS) {
    it(`${name}: ${expected.join(', ')}`, () => {
      for (const size of [10_000, 7, 1]) {
        const chunks = chunksOf(stream, size);
        assert.deepEqual([readout(chunks), pushed(chunks)], [expected, expected], `chunks of ${size}`);
      }
    });
  }
});
