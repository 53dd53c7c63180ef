import { strict as assert } from 'node:assert';

import { evenParity } from '../../../src/core/framing/check';
import { IecDecoder } from '../../../src/core/iec62056-21/decoder';
import { EchoFilter } from '../../../src/core/iec62056-21/echo';
import { parseIdentification } from '../../../src/core/iec62056-21/identification';
import {
  acknowledgement,
  breakMessage,
  parseRegister,
  passwordMessage,
  readCommand,
  requestMessage,
} from '../../../src/core/iec62056-21/messages';
import { ParityFilter } from '../../../src/core/iec62056-21/parity';
import { concat, fromLatin1, hex, latin1, unhex } from '../../../src/core/wire/hex';

const withParity = (text: string): Uint8Array => fromLatin1(text).map(b => (evenParity(b) ? b : b | 0x80));

describe('what is sent', () => {
  // Check characters as IEC 62056-21 and published logs have them.
  it('has the block check of the standard', () => {
    assert.equal(hex(breakMessage()), '0142300371');
    assert.equal(hex(readCommand('R1', '1.8.0()')).slice(-2), '5a');
    assert.equal(hex(readCommand('R5', '1.8.0()')).slice(-2), '5e');
    assert.equal(hex(passwordMessage('P1', '00000000')).slice(-2), '61');
  });
  it('is a request and an acknowledgement', () => {
    assert.equal(latin1(requestMessage()), '/?!\r\n');
    assert.equal(latin1(requestMessage('05296170', '4')), '/405296170!\r\n');
    assert.equal(latin1(acknowledgement('0', '5', '0')), '\x06050\r\n');
  });
  it('names registers with and without command', () => {
    assert.deepEqual(parseRegister('1.8.0'), { text: '1.8.0', id: '1.8.0', command: null, data: '1.8.0()' });
    assert.deepEqual(parseRegister(' R2 F001 '), { text: 'R2 F001', id: 'F001', command: 'R2', data: 'F001' });
    assert.deepEqual(parseRegister('R6 P.01(;)(2)').data, 'P.01(;)(2)');
  });
});

describe('an identification line', () => {
  it('says maker, rate, mode, HDLC and reaction time', () => {
    const id = parseIdentification('/MFl5\\2SIM-1\r\n');
    assert.deepEqual(
      [id?.manufacturer, id?.baudRate, id?.mode, id?.hdlc, id?.model, id?.reactionMs],
      ['MFl', 9600, 'C', true, 'SIM-1', 20],
    );
  });
  for (const [line, mode, rate] of [
    ['/XYZ@M', 'A', 300],
    ['/XYZ M', 'A', 300],
    ['/XYZAM', 'B', 600],
    ['/XYZFM', 'B', 19200],
    ['/XYZ6M', 'C', 19200],
    ['/XYZ9M', 'C', null],
    ['/XYZGM', 'B', null],
    ['/KAM5', 'C', 9600],
  ] as const) {
    it(`${line} is mode ${mode} at ${rate}`, () => {
      const id = parseIdentification(line);
      assert.deepEqual([id?.mode, id?.baudRate], [mode, rate]);
    });
  }
  it('is not an echo, nor anything shorter than five characters', () => {
    assert.deepEqual(['/?!', '/?12345678!', '/2!', '/AB', '/ABC', 'ABC5X'].map(parseIdentification), [
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
  it('may hold several enhanced pairs', () => {
    assert.deepEqual(parseIdentification('/XYZ5\\2\\@MODEL')?.enhanced, ['2', '@']);
  });
});

describe('parity within eight bits', () => {
  for (const size of [1, 5, 100]) {
    it(`is recognised and stripped, in chunks of ${size}`, () => {
      const filter = new ParityFilter();
      const bytes = withParity('/MFL5SIM-1\r\n');
      const out: number[] = [];
      for (let at = 0; at < bytes.length; at += size) out.push(...filter.receive(bytes.subarray(at, at + size)));
      assert.equal(String.fromCharCode(...out, ...filter.flush()), '/MFL5SIM-1\r\n');
      assert.equal(filter.stripping, true);
      assert.equal(hex(filter.send(fromLatin1('/?!\r\n'))), 'af3f218d0a');
    });
  }
  it('is not seen in seven-bit text, nor in eight-bit data', () => {
    for (const bytes of [fromLatin1('/MFL5SIM-1'), unhex('db08 534d4d45 4d1d0001')]) {
      const filter = new ParityFilter();
      assert.deepEqual([...concat(filter.receive(bytes), filter.flush())], [...bytes]);
      assert.equal(filter.stripping, false);
    }
  });
  const readings = (bytes: Uint8Array, size: number): unknown[] => {
    const decoder = new IecDecoder();
    const events = [];
    for (let at = 0; at < bytes.length; at += size) events.push(...decoder.receive(bytes.subarray(at, at + size)));
    return [...events, ...decoder.flush()].flatMap(e =>
      e.type === 'telegram' ? e.telegram.readings.map(r => r.value) : [],
    );
  };
  const list = '/MFL5SIM-1\r\n\r\n1-0:1.8.0*255(000123.4*kWh)\r\n1-0:96.5.5*255(82)\r\n!\r\n';
  it('is recognised behind an odd character, and one that is garbled anywhere costs its value at most', () => {
    const sent = withParity(list);
    for (const size of [1, 7, 1000]) {
      assert.deepEqual(readings(concat(Uint8Array.of(0xfe), sent), size), [123.4, '82']);
      for (let at = 0; at < sent.length; at++) {
        const twice = concat(
          sent.map((b, i) => (i === at ? b ^ 0x80 : b)),
          sent,
        );
        assert.deepEqual(readings(twice, size).slice(-2), [123.4, '82'], `${at}`);
      }
    }
  });
  it('is decided anew without a pause: text with it behind text without, and the other way round', () => {
    for (const size of [1, 7, 1000]) {
      const mixed = concat(fromLatin1(list), withParity(list), withParity(list), fromLatin1(list), fromLatin1(list));
      assert.deepEqual(readings(mixed, size).filter(v => v === 123.4).length, 5);
    }
  });
  it('is taken back where eight octets of a ciphertext happened to be even', () => {
    const filter = new ParityFilter();
    const even = unhex('c6821e961e849cff');
    const data = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 11) & 0xff);
    assert.deepEqual(
      filter.receive(even),
      even.map(b => b & 0x7f),
    );
    const out = filter.receive(data);
    assert.equal(filter.stripping, false);
    // What was stripped wrongly is given once more.
    assert.equal(hex(out).endsWith(hex(concat(even, data)).slice(-128)), true);
  });
  it('is stripped always when set so', () => {
    assert.equal(latin1(new ParityFilter('8N1-strip').receive(withParity('A'))), 'A');
  });
});

describe('the echo of the optical head', () => {
  const sent = fromLatin1('/?!\r\n');
  const filtered = (received: string, size: number): string => {
    const echo = new EchoFilter();
    echo.sent(sent);
    const bytes = fromLatin1(received);
    let out = '';
    for (let at = 0; at < bytes.length; at += size) out += latin1(echo.receive(bytes.subarray(at, at + size)));
    return out + latin1(echo.flush());
  };
  for (const size of [1, 2, 100]) {
    it(`is dropped, whole or without its first characters (chunks of ${size})`, () => {
      assert.equal(filtered('/?!\r\n/MFL5', size), '/MFL5');
      assert.equal(filtered('?!\r\n/MFL5', size), '/MFL5');
      assert.equal(filtered('/MFL5', size), '/MFL5');
    });
    it(`is dropped once (chunks of ${size})`, () => assert.equal(filtered('/?!\r\n/?!\r\n', size), '/?!\r\n'));
  }
});
