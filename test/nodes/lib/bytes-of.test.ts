import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { hex, latin1 } from '../../../src/core/wire/hex';
import { bytesOf } from '../../../src/nodes/lib/bytes-of';
import { readText } from '../../../src/nodes/lib/text-forms';

const FRAME = '7ea0210102011052bde6e7000f40000000090c07ea0b16070a0f00ff80000002010600001234aabb7e';
const pairs = (separator: string, prefix = ''): string =>
  (FRAME.match(/../g) ?? []).map(p => prefix + p).join(separator);
const rows = (width: number): string[] => FRAME.match(new RegExp(`.{1,${2 * width}}`, 'g')) ?? [];
const offset = (i: number, digits = 8): string => (16 * i).toString(16).padStart(digits, '0');
const spaced = (row: string, group = 2): string => (row.match(new RegExp(`.{1,${group}}`, 'g')) ?? []).join(' ');

describe('bytes that a flow hands over', () => {
  const forms: [string, string][] = [
    ['hex', FRAME],
    ['upper-case hex', FRAME.toUpperCase()],
    ['hex in pairs', pairs(' ')],
    ['hex with colons', pairs(':')],
    ['hex with dashes', pairs('-')],
    ['hex with 0x and commas', pairs(', ', '0x')],
    ['hex over several lines', rows(16).join('\n')],
    ['base64', Buffer.from(FRAME, 'hex').toString('base64')],
    [
      'a dump with offsets and a column of characters',
      rows(16)
        .map((r, i) => `${offset(i)}  ${spaced(r)}  |~..R.....@|`)
        .join('\n'),
    ],
    [
      'a dump in words of two bytes',
      rows(16)
        .map((r, i) => `${offset(i)}: ${spaced(r, 4)}  ~.!..R.abcd.`)
        .join('\n'),
    ],
    [
      'a dump with short offsets',
      rows(16)
        .map((r, i) => `${offset(i, 4)}  ${spaced(r)}`)
        .join('\n'),
    ],
    [
      'log lines with time and words',
      rows(12)
        .map(r => `[12:00:01.123][D][uart:042]: RX ${spaced(r)}`)
        .join('\n'),
    ],
    [
      'log lines with a date',
      rows(12)
        .map(r => `2026-11-22 10:15:00,123 DEBUG received: ${spaced(r)}`)
        .join('\n'),
    ],
    ['a pretty dump of ESPHome', `[D][dlms]: ${pairs('.').toUpperCase()} (41)`],
  ];
  for (const [what, text] of forms) {
    it(`come as ${what}`, () => assert.equal(hex(readText(text).bytes), FRAME));
  }

  it('come as a Buffer, a list of numbers or a Buffer that went through JSON', () => {
    const buffer = Buffer.from(FRAME, 'hex');
    assert.equal(hex(bytesOf(buffer)), FRAME);
    assert.equal(hex(bytesOf([...buffer])), FRAME);
    assert.equal(hex(bytesOf(JSON.parse(JSON.stringify(buffer)))), FRAME);
    assert.equal(hex(bytesOf(new Uint8Array(buffer).buffer)), FRAME);
  });

  it('come as text where it is a telegram of a text protocol', () => {
    const telegram = '/SIM5METER\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!ABCD\r\n';
    assert.equal(latin1(bytesOf(telegram)), telegram);
    for (const line of ['/ISK5MT174-0001\r\n', '1.8.0(0001.2*kWh)\r\n', '!1A2B\r\n', '!\r\n']) {
      assert.equal(latin1(bytesOf(line)), line);
    }
  });

  it('are refused with a sentence where they are nothing of this', () => {
    for (const payload of [null, undefined, 42, true, {}, [1, 2, 300], [1, 'a']]) {
      assert.throws(() => bytesOf(payload), { code: 'BAD_SETTING' });
    }
  });

  it('may be none', () => assert.equal(bytesOf('').length, 0));

  it('takes what another realm made, as a function node does, and what a node has parsed of JSON', () => {
    const foreign = (code: string): unknown => runInNewContext(code);
    assert.equal(hex(bytesOf(foreign('new Uint8Array([126, 160])'))), '7ea0');
    assert.equal(hex(bytesOf(foreign('new Uint8Array([126, 160]).buffer'))), '7ea0');
    assert.equal(hex(bytesOf(foreign('[126, 160]'))), '7ea0');
    for (const holder of ['SerialReceived', 'SSerialReceived', 'data'])
      assert.equal(hex(bytesOf({ [holder]: '7EA0' })), '7ea0');
  });

  it('takes no place that is missing for an octet', () => {
    const list: number[] = [1];
    list[2] = 3;
    assert.throws(() => bytesOf(list), { code: 'BAD_SETTING' });
    assert.throws(() => bytesOf({ type: 'Buffer', data: list }), { code: 'BAD_SETTING' });
  });
});
