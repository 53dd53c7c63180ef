// Text that somebody pasted or a gateway sent -> the octets it stands for: hex, lists, strings, dumps and logs of many programs.
// The rule of the file: a form is a grammar for the whole text. Every character of it is a digit of an octet or known by its
// place; what fits no form, or two with different octets, is refused by name and never guessed.

import { DlmsError } from '../../core/wire/errors';
import { fromLatin1, hex } from '../../core/wire/hex';
import { jsonText, listText, indexedText, inspectedText } from './text-lists';
import { begin, hexDump, hexLog, hexText, linesOf, type Found } from './text-hex';
import { stringLog, textLog } from './text-strings';

export interface TextForm {
  readonly name: string;
  /** Which programs write it so, and where that was seen. */
  readonly of: string;
  /** One text of the form; the octets are those of {@link EXAMPLE_HEX}, or of a P1 telegram. */
  readonly example: string;
  /** null: not of this form. A text: of this form, but something in it is wrong. */
  readonly read: (text: string) => Found;
  /** Nearly all text could be of it: what is wrong counts only where nothing else fits. */
  readonly wide?: true;
}

export interface ReadText {
  readonly form: string;
  readonly bytes: Uint8Array;
}

/**
 * `continued`: the text goes on from one that was taken as it is, as a serial port hands it over. `textOnly`: what fits no form
 * is text of a meter, since nothing else is awaited. Throws BAD_SETTING.
 */
export function readText(given: string, continued = false, textOnly = false): ReadText {
  if (given.trim() === '' && !continued) return { form: AS_IT_IS, bytes: fromLatin1(given.replace(/[^\r\n]/g, '')) };
  if (continued || METER_TEXT.test(given)) return asItIs(given);
  // The patterns of longer ones outgrow the stack.
  if (given.length > LIMIT_TEXT) {
    const what = 'characters of a text';
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit: LIMIT_TEXT, actual: given.length });
  }
  const text = given
    .replace(ESCAPES, '')
    .replace(/[\u00a0\u2009\u202f]/g, ' ')
    .replace(/^\ufeff|^[ \t]*```\w*[ \t]*$/gm, '');
  const fitting: ReadText[] = [];
  let wrong: string | undefined;
  for (const { name, read, wide } of TEXT_FORMS) {
    const found = read(text);
    if (typeof found === 'string') {
      if (wide !== true) throw refused(`${name}: ${found}`);
      wrong ??= `${name}: ${found}`;
    } else if (found !== null) fitting.push({ form: name, bytes: found });
  }
  const [first, ...others] = fitting;
  if (first === undefined) {
    // A serial port that hands over characters instead of a Buffer.
    if (BINARY.test(text) || (textOnly && wrong === undefined)) return asItIs(given);
    throw refused(wrong ?? `text that fits no form, ${begin(linesOf(text)[0] ?? '', 60)}`);
  }
  const other = others.find(({ bytes }) => hex(bytes) !== hex(first.bytes));
  if (other !== undefined) throw refused(`text that is ${first.form} as well as ${other.form}`);
  return first;
}

/** Of one form that the user has set. Throws BAD_SETTING. */
export function bytesOfText(text: string, form: string): Uint8Array {
  const found =
    TEXT_FORMS.find(({ name }) => name === form)?.read(text) ??
    `not of this form, ${begin(linesOf(text)[0] ?? '', 60)}`;
  if (typeof found === 'string') throw refused(`${form}: ${found}`);
  return found;
}

function asItIs(text: string): ReadText {
  if (/[^\0-\xff]/.test(text))
    throw refused('text with characters that are no octets: bytes were taken for UTF-8 before');
  return { form: AS_IT_IS, bytes: fromLatin1(text) };
}

function refused(value: string): DlmsError {
  const expected = `a Buffer, a list of bytes, the text of a meter, or one of: ${TEXT_FORMS.map(f => f.name).join(', ')}`;
  return new DlmsError({ code: 'BAD_SETTING', setting: 'msg.payload', value, expected });
}

export const AS_IT_IS = 'text of a meter';
export const EXAMPLE_HEX = '7ea02701300d0a09ff08807e';

const EXAMPLE_P1 = ['/SIM5METER', '', '1-0:1.8.0(000123.456*kWh)', '!'];

/** In the order of their names in a refusal; the order decides nothing else. */
export const TEXT_FORMS: readonly TextForm[] = [
  {
    name: 'hex',
    of: 'pairs of digits with one separator or none: xxd -p, "copy as a hex stream" of Wireshark, RealTerm, HTerm, minicom -H, tio',
    example: '7E A0 27 01 30 0D 0A 09 FF 08 80 7E',
    read: hexText,
  },
  {
    name: 'base64',
    of: 'MQTT bridges, JSON of ChirpStack and others; RFC 4648, with all of its padding',
    example: 'fqAnATANCgn/CIB+',
    read: base64Text,
  },
  {
    name: 'list of numbers',
    of: 'decimal or 0x, in brackets or not: JSON, debug sidebar of Node-RED, od -t u1, HTerm, initialisers of C and Arduino, Python',
    example: 'const uint8_t frame[] = {0x7e, 0xa0, 0x27, 0x01, 0x30, 0x0d, 0x0a, 0x09, 0xff, 0x08, 0x80, 0x7e};',
    read: listText,
  },
  {
    name: 'JSON',
    of: 'a Buffer of Node.js, Tasmota ({"SerialReceived": …}), a message of Node-RED',
    example: '{"SerialReceived":"7EA02701300D0A09FF08807E"}',
    read: jsonText,
  },
  {
    name: 'indexed list',
    of: 'a Buffer opened in the debug sidebar of Node-RED: an index and an octet a line',
    example:
      'buffer[12]\n' +
      pairs('7ea02701300d0a09ff08807e')
        .map((p, i) => `${i}: 0x${Number(`0x${p}`).toString(16)}`)
        .join('\n'),
    read: indexedText,
  },
  {
    name: 'inspected Buffer',
    of: 'console.log of Node.js',
    example: '<Buffer 7e a0 27 01 30 0d 0a 09 ff 08 80 7e>',
    read: inspectedText,
  },
  {
    name: 'hex dump',
    of: 'offset, hex and perhaps characters: hexdump -C, xxd, od -t x1, tcpdump -X, Wireshark, PlatformIO (hexlify)',
    example: "00000000  7e a0 27 01 30 0d 0a 09  |~.'.0...|\n00000008  ff 08 80 7e              |...~|\n0000000c",
    read: hexDump,
  },
  {
    name: 'log of hex',
    of: 'the same words and perhaps a time in front of each line, or lines that count bytes: ESPHome, Tasmota, syslog, Home Assistant, openHAB, Docklight, socat -x, jpnevulator, interceptty, ser2net',
    example:
      '[11:40:01][D][uart_debug:114]: <<< 7E:A0:27:01:30:0D\n[11:40:02][D][uart_debug:114]: <<< 0A:09:FF:08:80:7E',
    read: hexLog,
    wide: true,
  },
  {
    name: 'strings',
    of: "quotes and escapes, one a line: ESPHome (log_string), bytes of Python (b'…'), strings of C",
    example: "b'~\\xa0\\'\\x010\\r\\n\\t\\xff\\x08\\x80~'",
    read: stringLog,
  },
  {
    name: 'log of text',
    of: 'the same words and perhaps a time in front of each line of a telegram that is text: PuTTY and tio with time stamps, dsmr readers',
    example: EXAMPLE_P1.map((line, i) => `[12:00:0${i}] ${line}`).join('\n'),
    read: textLog,
  },
];

function base64Text(text: string): Found {
  const lines = linesOf(text).map(line => line.trim());
  const [first = ''] = lines;
  // Wrapped lines are as long as the first.
  if (lines.some((line, i) => (i < lines.length - 1 ? line.length !== first.length : line.length > first.length)))
    return null;
  const packed = lines.join('');
  // Digits of hex alone are hex.
  if (packed.length < 8 || packed.length % 4 !== 0 || !BASE64.test(packed) || !/[^0-9a-f]/i.test(packed)) return null;
  const bytes = Buffer.from(packed, 'base64');
  return bytes.toString('base64') === packed ? bytes : null;
}

function pairs(digits: string): string[] {
  return digits.match(/../g) ?? [];
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** An identification line, a value in brackets, the end of a telegram: text protocols, however many lines of them. */
const METER_TEXT = /^\/[A-Za-z]{3}[0-9A-Za-z]|^[0-9A-FCLPf][-:.0-9A-Za-z*&]{0,40}\([^)\r\n]*\)|^![0-9A-Fa-f]{0,4}\s*$/m;
/** Of what is no text of a meter: a tenth of it is more than any telegram. */
const LIMIT_TEXT = 1_000_000;
/** Colours of a terminal. */
const ESCAPES = /\x1b\[[0-9;]*[A-Za-z]/g;
const BINARY = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\u{10ffff}]/u;
