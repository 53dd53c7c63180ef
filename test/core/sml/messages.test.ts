import assert from 'node:assert/strict';

import { readMessages } from '../../../src/core/sml/messages';
import { SmlReader } from '../../../src/core/sml/tlv';
import {
  closeBody,
  encodeField,
  encodeMessage,
  listBody,
  signed,
  unsigned,
  type SmlField,
} from '../../../src/core/sml/write';
import { DlmsError } from '../../../src/core/wire/errors';
import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { content, energy, entry, i, list, octets, power, SERVER } from './fixtures';

describe('SML fields', () => {
  // TL and value as the grammar has them: type in bits 6 to 4, length with the TL itself in bits 3 to 0.
  const rows: readonly [string, SmlField, string][] = [
    ['an absent field', null, '01'],
    ['no octets', new Uint8Array(0), '01'],
    ['three octets', unhex('414243'), '04414243'],
    ['sixteen octets, of a TL of two', new Uint8Array(16), `8102${'00'.repeat(16)}`],
    ['an unsigned number of three octets', unsigned(0x06aea2, 3), '6406aea2'],
    ['a negative number of one octet', signed(-9, 1), '52f7'],
    ['the least of 64 bits', signed(-(2n ** 63n), 8), '598000000000000000'],
    ['truth', true, '4201'],
    ['a list of two', [unsigned(1, 1), null], '72620101'],
    ['a list of 22, of a TL of two', Array<null>(22).fill(null), `f106${'01'.repeat(22)}`],
  ];
  for (const [what, field, bytes] of rows) {
    it(`writes ${what}`, () => assert.equal(hex(encodeField(field)), bytes));
  }

  const numbers: readonly [string, number | bigint][] = [
    ['5280', -128],
    ['53fea7', -345],
    ['548b2800', -7657472],
    ['56000a472113', 172433683],
    ['57ffffffffffff', -1],
    ['5800010203040506', 0x010203040506],
    ['58ffffffffffffff', -1],
    ['68ffffffffffffff', 2n ** 56n - 1n],
    ['69ffffffffffffffff', 2n ** 64n - 1n],
    ['69001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['590020000000000001', 2n ** 53n + 1n],
  ];
  for (const [bytes, value] of numbers) {
    it(`reads ${bytes} as ${value}`, () => {
      const read = new SmlReader(unhex(bytes)).value('value');
      assert.equal(read?.type === 'number' ? read.value : null, value);
    });
  }

  it('takes a TL that is longer than needed', () => {
    assert.equal(new SmlReader(unhex('8003 0102'.replace(' ', ''))).octets('x').length, 1);
    assert.deepEqual(new SmlReader(unhex('f00262016202')).list('x', 2), 2);
  });
});

describe('SML messages', () => {
  it('reads what it writes', () => {
    const entries = [
      entry('1-0:96.50.1*1', { value: octets('ABC') }),
      energy(123456, { time: { form: 'seconds', value: 4711 }, signature: unhex('0102') }),
      power(-345, 2, { time: { form: 'instant', value: 1764496800, offsetMinutes: 120 } }),
      entry('1-0:1.8.1*255', { unit: 30, scaler: -4, value: i(2n ** 60n, 8), status: 2n ** 60n }),
      entry('0102', { value: { type: 'boolean', value: true } }),
    ];
    const sent = list(entries, {
      signature: unhex('aabb'),
      time: { form: 'instant', value: 1764496815, offsetMinutes: null },
      gatewayTime: { form: 'instant', value: 1764496816, offsetMinutes: 60 },
    });
    const messages = readMessages(content([[0x0701, listBody(sent)]]));
    assert.deepEqual(
      messages.map(m => m.check),
      ['x25', 'x25', 'x25'],
    );
    assert.deepEqual(
      messages.map(m => m.body),
      [
        { type: 'open', serverId: SERVER },
        { type: 'list', ...sent },
        { type: 'close', signature: null },
      ],
    );
  });

  it('says which message has a wrong check, and reads it', () => {
    const bytes = content([[0x0701, listBody(list([power(100)]))]]);
    bytes[4] = 1; // In the transaction id of the first message.
    assert.deepEqual(
      readMessages(bytes).map(m => m.check),
      ['wrong', 'x25', 'x25'],
    );
  });

  it('takes a check of one octet, whose first was zero', () => {
    // Among the transaction ids of two octets some give a check that begins with zero.
    let short = 0;
    for (let n = 0; n < 1000; n++) {
      const message = encodeMessage(Uint8Array.of(n >> 8, n & 0xff), 0x0201, closeBody());
      if (message[message.length - 3] === 0x62) short++;
      assert.equal(readMessages(message)[0]?.check, 'x25');
    }
    assert.ok(short > 0);
  });

  it('takes the forms of time that meters send', () => {
    const timed = (time: SmlField): unknown => {
      const body: SmlField = [null, SERVER, null, time, [], null, null];
      const [message] = readMessages(encodeMessage(Uint8Array.of(1), 0x0701, body));
      return message?.body.type === 'list' ? message.body.time : 'no list';
    };
    assert.deepEqual(timed(unsigned(77, 3)), { form: 'seconds', value: 77 }); // Holley DTZ541: no choice around it
    assert.deepEqual(timed([unsigned(1, 1), unsigned(77, 3)]), { form: 'seconds', value: 77 }); // EMH: 24 bits
    assert.deepEqual(timed([unsigned(2, 1), unsigned(1764496800, 4)]), {
      form: 'instant',
      value: 1764496800,
      offsetMinutes: null,
    });
    const local = [unsigned(1764496800, 4), signed(60, 2), signed(60, 2)];
    assert.deepEqual(timed([unsigned(3, 1), local]), { form: 'instant', value: 1764496800, offsetMinutes: 120 });
    assert.equal(timed([unsigned(2, 1), unsigned(0, 4)]), null);
    assert.equal(timed([unsigned(2, 1), unsigned(2n ** 40n, 6)]), null);
  });

  it('skips a message of an unknown kind, requests, and fields of a later version', () => {
    const later: SmlField = [null, SERVER, null, null, [], null, null, unsigned(5, 1)];
    const messages = readMessages(
      content([
        [0x0901, [unsigned(1, 1), [true]]],
        [0x0700, [null]],
        [0x0701, later],
      ]),
    );
    assert.deepEqual(
      messages.map(m => m.body.type),
      ['open', 'unknown', 'request', 'list', 'close'],
    );
  });

  it('takes tags of 32 bits and four fill octets', () => {
    const message = encodeMessage(Uint8Array.of(1), 0x0201, closeBody());
    const wide = concat(message.subarray(0, 7), unhex('72 65 00000201 71 01'.replaceAll(' ', '')));
    assert.equal(hex(message.subarray(0, 8)), '7602016200620072');
    const rest = encodeField(unsigned(0, 2));
    const [read] = readMessages(concat(wide, rest, new Uint8Array(1 + 4)));
    assert.deepEqual(read, { check: 'wrong', body: { type: 'close', signature: null } });
  });

  const good = content([[0x0701, listBody(list([energy(1), power(2)]))]]);
  it('refuses a file that is cut at any length, and names SML', () => {
    const whole = [0, 1, 2, 3].map(n => good.length - n);
    for (let length = 1; length < good.length; length++) {
      // Between two messages a file may end.
      const read = failure(() => readMessages(good.subarray(0, length)));
      if (read === null) continue;
      assert.match(read.message, /SML/, `cut at ${length}`);
      assert.ok(!whole.includes(length) || read !== null);
    }
  });

  const bad: readonly [string, string, RegExp][] = [
    ['a number of nine octets', '6a010203040506070809', /SML value: 6a at offset \d+ is not octets, a truth value/],
    ['a type that does not exist', '1200', /SML value: 12 /],
    [
      'a list with more elements than there are octets',
      'ff8f8f0f',
      /SML value: need 65295 byte|SML value: need 65535 byte/,
    ],
    ['octets beyond the end', '8f0f', /SML value: need/],
  ];
  for (const [what, value, words] of bad) {
    it(`refuses ${what}`, () => {
      const at = hex(good).indexOf('0100100700ff0101621b520055') / 2 + 6 + 6;
      const error = failure(() => readMessages(concat(good.subarray(0, at), unhex(value), good.subarray(at + 5))));
      assert.match(error?.message ?? 'taken', words);
    });
  }

  it('refuses lists in lists beyond a depth, without a deep stack', () => {
    const deep = concat(new Uint8Array(4000).fill(0x71), unhex('01'));
    const error = failure(() => new SmlReader(deep).value('value'));
    assert.equal(error?.code, 'LIMIT_EXCEEDED');
  });
});

function failure(read: () => unknown): DlmsError | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof DlmsError) return error;
    throw error;
  }
}
