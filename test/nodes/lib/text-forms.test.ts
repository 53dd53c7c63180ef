// The forms of pasted text: each is read as the octets that were written, or refused by its name.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex, latin1 } from '../../../src/core/wire/hex';
import { AS_IT_IS, EXAMPLE_HEX, readText, TEXT_FORMS } from '../../../src/nodes/lib/text-forms';
import { PROJECT } from '../../node-red-process';

const FRAME = '7ea02701300d0a09ff08807e';
const P1 = '/SIM5METER\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!\r\n';
const pieces = (text: string, each: RegExp): string[] => [...text.matchAll(each)].map(([piece]) => piece);
const OCTETS = pieces(FRAME, /../g);
const joined = (separator: string, octets = OCTETS, prefix = ''): string => octets.map(o => prefix + o).join(separator);
const decimal = OCTETS.map(o => parseInt(o, 16));
/** Six octets a line. */
const two = (line: (octets: readonly string[], i: number) => string): string =>
  [OCTETS.slice(0, 6), OCTETS.slice(6)].map(line).join('\n');

/** What programs print, and where its form was seen. */
const PRINTED: readonly (readonly [program: string, text: string])[] = [
  ['Tasmota, console of the scripter', two((o, i) => `21:07:02.35${i} :>${joined(' ', [...o])} `)],
  ['Tasmota, console of the SML driver', two((o, i) => `21:31:38.23${i} : ${joined(' ', [...o])} `)],
  ['Tasmota over MQTT', `{"SerialReceived":"${FRAME.toUpperCase()}"}`],
  [
    'Tasmota, lines of its log',
    two(o => `10:20:30.040 MQT: tele/meter/RESULT = {"SerialReceived":"${joined('', [...o])}"}`),
  ],
  ['ESPHome, log_hex with colons', two((o, i) => `[11:40:0${i}][D][uart_debug:114]: <<< ${joined(':', [...o])}`)],
  ['ESPHome, log_hex with commas', two(o => `[D][uart_debug:114]: <<< ${joined(',', [...o])}`)],
  ['ESPHome, log_hex that looks like times', '[D][uart_debug:114]: <<< 7E:A0:27:01:30:0D:0A:09:FF:08:80:7E'],
  ['ESPHome in colours', two(o => `\x1b[0;36m[11:40:01][D][uart_debug:114]: <<< ${joined(':', [...o])}\x1b[0m`)],
  ['ESPHome, format_hex_pretty', `[11:40:02][V][dlms_meter:529]: ${joined('.').toUpperCase()} (12)`],
  ['ESPHome, log_string', `[12:00:00][D][uart_debug:158]: <<< "~\\xA0'\\x010\\r\\n\\t\\xFF\\b\\x80~"`],
  ['syslog', two((o, i) => `Nov 30 10:15:0${i} gateway meter[123]: ${joined(' ', [...o])}`)],
  [
    'Home Assistant',
    `2026-11-30 09:40:08.007 DEBUG (MainThread) [custom_components.meter] Got frame from topic pulse/publish: ${FRAME}`,
  ],
  ['openHAB', `2026-11-30 09:40:08.007 [DEBUG] [openhab.binding.meter] - Received ${FRAME.toUpperCase()}`],
  ['Docklight', `30.11.2026 09:40:08.007 [RX] - ${joined(' ').toUpperCase()}`],
  [
    'a serial monitor that counts',
    `[2026-11-30 23.18.43.731 - Received 12 (0xC) bytes]\n${two(o => joined(' ', [...o]))}`,
  ],
  ['socat -x', `> 2026/11/30 10:15:00.123456  length=12 from=0 to=11\n ${joined(' ')}`],
  ['jpnevulator', `2026-11-30 13:23:49.461075: /dev/ttyS0\n${two(o => joined(' ', [...o]).toUpperCase())}`],
  ['interceptty', OCTETS.map(o => `< \t0x${o}`).join('\n')],
  [
    'interceptty with characters',
    OCTETS.map(o => `< \t0x${o} (${/^[3-6]/.test(o) ? String.fromCharCode(parseInt(o, 16)) : '.'})`).join('\n'),
  ],
  ['ser2net', two((o, i) => `2026/11/30 10:15:0${i} TERM => ${joined(' ', [...o])} |......|`)],
  ['tio --timestamp', two((o, i) => `[10:15:00.12${i}] ${joined(' ', [...o])} `)],
  ['minicom -H', `${joined(' ')} `],
  ['PlatformIO, hexlify', two((o, i) => `000${6 * i} | ${joined(' ', [...o]).toUpperCase()} `)],
  [
    'xxd',
    two(
      (o, i) =>
        `0000000${6 * i}: ${joined('', [...o]).replace(/(.{4})(?=.)/g, '$1 ')}  ${i === 0 ? "~.'.0." : '.....~'}`,
    ),
  ],
  ['xxd, characters that look like hex', '00000000: 3031 2062 6220 3131  01 bb 11'],
  ['xxd -p', `${FRAME}\n`],
  ['hexdump -C', `00000000  7e a0 27 01 30 0d 0a 09  ff 08 80 7e              |~.'.0.......|\n0000000c`],
  ['od -t x1', `0000000 ${joined(' ', OCTETS.slice(0, 8))}\n0000010 ${joined(' ', OCTETS.slice(8))}\n0000014`],
  ['tcpdump -x', `\t0x0000:  7ea0 2701 300d 0a09\n\t0x0008:  ff08 807e`],
  ['Wireshark, hex and text', `0000   7e a0 27 01 30 0d 0a 09  ff 08 80 7e               ~.'.0....... `],
  ['Wireshark, hex stream', FRAME],
  ['Wireshark, escaped string', `"${joined('', OCTETS, '\\x')}"`],
  ['escapes without quotes', joined('', OCTETS, '\\x')],
  ['hex with middle dots', joined('·')],
  ['C', `uint8_t frame[12] = {\n  ${joined(', ', OCTETS, '0x')},\n};`],
  ['Arduino, decimal', `byte frame[] = { ${decimal.join(', ')} };`],
  ['Python, bytes', `b"~\\xa0'\\x010\\r\\n\\t\\xff\\x08\\x80~"`],
  ['Python, bytes()', `bytes([${decimal.join(', ')}])`],
  ['JSON', JSON.stringify(decimal)],
  ['a Buffer in JSON', JSON.stringify(Buffer.from(FRAME, 'hex'))],
  ['a message of Node-RED in JSON', JSON.stringify({ topic: 'meter', payload: Buffer.from(FRAME, 'hex') })],
  [
    'Node-RED, a buffer opened in the sidebar',
    `buffer[12]\n${decimal.map((n, i) => `${i}: 0x${n.toString(16)}`).join('\n')}`,
  ],
  [
    'Node-RED, a buffer with ranges',
    `buffer[12]\n[0 … 9]\n${decimal
      .slice(0, 10)
      .map((n, i) => `${i}: ${n}`)
      .join('\n')}\n[10 … 11]\n10: 128\n11: 126`,
  ],
  ['Node-RED, an array of the sidebar', `[ ${decimal.join(', ')} ]`],
  ['Node.js', `<Buffer ${joined(' ')}>`],
  ['od -t u1 -A n', decimal.map(n => String(n).padStart(3)).join(' ')],
  ['HTerm, decimal', decimal.map(n => String(n).padStart(3, '0')).join(' ')],
  ['a list of decimals', decimal.join(',')],
  ['base64', Buffer.from(FRAME, 'hex').toString('base64')],
  ['base64 over lines', pieces(Buffer.from(FRAME, 'hex').toString('base64'), /.{1,8}/g).join('\n')],
  ['a code block', `\`\`\`text\n${joined(' ')}\n\`\`\``],
];

const TELEGRAMS: readonly (readonly [string, string])[] = [
  ['as it is', P1],
  [
    'ESPHome, log_string',
    pieces(P1, /[^\n]*\n/g)
      .map(l => `[12:00:00.1][D][uart_debug:158]: <<< ${JSON.stringify(l)}`)
      .join('\n'),
  ],
  [
    'ESPHome, log_string split anywhere',
    pieces(P1, /[^]{1,7}/g)
      .map(l => `[D][uart_debug:158]: <<< ${JSON.stringify(l)}`)
      .join('\n'),
  ],
  [
    'PuTTY with times',
    P1.trimEnd()
      .split('\r\n')
      .map((l, i) => `2026-11-30 12:00:0${i} ${l}`)
      .join('\r\n'),
  ],
  [
    'a log of lines',
    P1.trimEnd()
      .split('\r\n')
      .map(l => `[meter] ${l}`)
      .join('\n'),
  ],
  ['Python', `b'${P1.replace(/\r/g, '\\r').replace(/\n/g, '\\n')}'`],
  ['hex', Buffer.from(P1).toString('hex')],
];

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['words', 'hello meter', /fits no form, "hello meter"/],
  ['an odd number of digits', '7ea0270', /hex: an odd number of digits/],
  ['a list cut short', '<Buffer 7e a0 ... 50 more bytes>', /cut short/],
  ['an index that is missing', 'buffer[3]\n0: 1\n2: 3', /an index is missing/],
  ['fewer octets than announced', 'buffer[3]\n0: 1\n1: 3', /3 octets are announced and 2/],
  ['a number above 255', '[1, 256]', /no octet/],
  ['offsets that jump', '00000000  7e a0 27\n00000010  01 30', /offsets do not count/],
  ['words in the order of the machine', '0000000 a07e 0127 0d30', /order of the machine/],
  ['both directions', '12:00:01 RX: 7e a0 27\n12:00:02 TX: 7e a0 28', /two directions/],
  [
    'another line among them',
    '[D][uart:1]: <<< 7E:A0:27\n[D][sensor:094]: Sending state 1.0 W\n[D][uart:1]: <<< 01:02',
    /without octets/,
  ],
  ['a count that is wrong', '[V][dlms:529]: 7E.A0.27 (4)', /says 4 octets and holds 3/],
  ['a head that counts others', '[2026-11-30 23.18.43 - Received 4 (0x4) bytes]\n7E A0 27', /counts other octets/],
  ['a count in front of the octets', 'received 05 7e a0 27 01 02', /may be an octet or the count/],
  ['decimals that may be hex', '10, 20, 30, 40', /as well as/],
  ['an escape that is not known', '"\\q/SIM5"', /escape that is not known/],
  ['bytes taken for UTF-8', '\x02\ufffd\ufffd\x03', /UTF-8/],
  ['a key in a line', `key: ${'00112233445566778899aabbccddeeff'} is set`, /"key: …is set"/],
];

describe('forms of text', () => {
  for (const { name, example } of TEXT_FORMS) {
    it(`has an example of its form: ${name}`, () => {
      const { form, bytes } = readText(example);
      assert.equal(form, name);
      assert.ok([EXAMPLE_HEX, hex(Buffer.from(P1))].includes(hex(bytes)), hex(bytes));
    });
  }
  for (const [program, text] of PRINTED) {
    it(`reads ${program}`, () => {
      const expected = program.includes('look like hex') ? '3031206262203131' : FRAME;
      assert.equal(hex(readText(text).bytes), expected);
      assert.equal(hex(readText(`\n${text.replace(/\n/g, '\r\n')}\r\n\r\n`).bytes), expected);
    });
  }
  for (const [what, text] of TELEGRAMS) {
    it(`reads a telegram of text: ${what}`, () => assert.equal(latin1(readText(text).bytes), P1));
  }
  for (const [what, text, why] of REFUSED) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readText(text),
        (error: Error & { code?: string }) => error.code === 'BAD_SETTING' && why.test(error.message),
      );
    });
  }

  it('stand in the README as in the table, in its order', () => {
    const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8').replace(/ +/g, ' ');
    const rows = TEXT_FORMS.map(({ name, of }) => `| ${name} | ${of} |`);
    assert.ok(readme.includes(rows.join('\n')));
  });

  it('takes characters of a serial port as they are, and what goes on from them', () => {
    const list = '\x02F.F(00)\r\n0.0.0(1)\r\n!\r\n\x03\x11';
    assert.deepEqual([readText(list).form, latin1(readText(list).bytes)], [AS_IT_IS, list]);
    for (const piece of ['0019', '123.4*kWh)', ' ', '7e']) assert.equal(latin1(readText(piece, true).bytes), piece);
    assert.equal(hex(readText('7e').bytes), '7e');
  });

  it('takes no longer for a long line than it is long', () => {
    const n = 30_000;
    const begins = ['7e ', '7e:', '7e , ', '7e', ' ', '126, ', '[126,', '"\\"', 'a_', 'RX ', '{"a":', ' |', 'QUJD'];
    for (const begin of begins) {
      for (const end of ['', 'zz', '|', '"', ' 7e']) {
        const before = performance.now();
        try {
          readText(begin.repeat(n) + end);
        } catch {
          // Refused is fine, too.
        }
        assert.ok(performance.now() - before < 5000, `${begin} … ${end}`);
      }
    }
  }).timeout(120_000);

  it('loses no line end where a telegram came in pieces', () => {
    assert.equal(latin1(readText('\r\n').bytes), '\r\n');
    assert.equal(readText('').bytes.length, 0);
  });

  it('drops no octets that stand in front of others, and joins no lines of two topics', () => {
    for (const text of ['7e:a0:27 7e:a0:27', '7E-A0-27 7E-A0-27', '61.62.63 64 65 66']) {
      assert.throws(() => readText(text), { code: 'BAD_SETTING' }, text);
    }
    assert.equal(hex(readText('12:30:45 7e:a0:27\n12:30:46 01:30').bytes), '7ea0270130');
    assert.equal(hex(readText('2024-01-01 12:00:00 7E A0').bytes), '7ea0');
    const json = (topic: string, data: string): string => `${topic} = {"SerialReceived":"${data}"}`;
    assert.equal(hex(readText(`${json('tele/A', '7EA0')}\n${json('tele/A', '2701')}`).bytes), '7ea02701');
    assert.throws(() => readText(`${json('tele/A', '7EA0')}\n${json('tele/B', '2701')}`), /different ways/);
  });

  it('names the limit of a text, whatever it is', () => {
    for (const part of ['7e', '7e ', '0x7e, ', "b'a' ", '"\\x7e', '{"data":"7e', 'a1 ']) {
      const text = part.repeat(Math.ceil(1_000_001 / part.length));
      assert.throws(() => readText(text), { code: 'LIMIT_EXCEEDED' }, part);
    }
    assert.equal(readText('7e'.repeat(500_000)).bytes.length, 500_000);
    assert.equal(readText(`"${'\\x7e'.repeat(240_000)}"`).bytes.length, 240_000);
    assert.throws(() => readText(`${'a1'.repeat(400_000)} /ISK5abc`), { code: 'BAD_SETTING' });
  }).timeout(60_000);
});
