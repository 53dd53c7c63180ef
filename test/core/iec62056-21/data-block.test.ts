import { strict as assert } from 'node:assert';

import { parseDataBlock } from '../../../src/core/iec62056-21/data-block';

const ids = (text: string): string[] => parseDataBlock(text).dataSets.map(set => set.id);
const sets = (text: string): (readonly string[])[] => parseDataBlock(text).dataSets.map(set => set.sets);

describe('the data block', () => {
  it('keeps ids in order, and repeats them', () => {
    assert.deepEqual(ids('F.F(00)\r\n1.8.0*00(1)\r\n1.8.0*00(2)\r\n!\r\n'), ['F.F', '1.8.0*00', '1.8.0*00']);
  });
  for (const [name, end] of [
    ['CR LF', '\r\n'],
    ['LF', '\n'],
    ['CR', '\r'],
    ['LF LF', '\n\n'],
    ['CR CR LF', '\r\r\n'],
  ] as const) {
    it(`takes ${name} as the end of a line`, () => {
      assert.deepEqual(ids(['1.8.0(1)', '2.8.0(2)', '!'].join(end)), ['1.8.0', '2.8.0']);
    });
  }
  it('takes mixed line ends, and blanks around ids and behind brackets', () => {
    const { dataSets, unparsed } = parseDataBlock('abc\r1.8.0(1)\n 2.8.0 (2) \r\n3.8.0(3)\r\n!');
    assert.deepEqual([dataSets.map(set => set.id), unparsed], [['1.8.0', '2.8.0', '3.8.0'], ['abc']]);
  });
  it('keeps what stands in a bracket of lines under the id in front of it, alone or with the bracket on its line', () => {
    for (const opening of ['0-0:98.1.0(', '0-0:98.1.0\r\n(']) {
      const { dataSets, unparsed } = parseDataBlock(
        `1.8.0(2)\r\n${opening}\r\n1.8.0(1)\r\n2.8.0(3)\r\n)\r\n3.8.0(4)\r\n!`,
      );
      assert.deepEqual([dataSets.map(set => set.id), unparsed], [['1.8.0', '0-0:98.1.0', '3.8.0'], []]);
      assert.deepEqual(dataSets[1]?.inside, [
        { id: '1.8.0', sets: ['1'] },
        { id: '2.8.0', sets: ['3'] },
      ]);
    }
  });
  for (const [what, lines] of [
    ['opens in front of the first line', ['0-0:98.1.0', '(1.8.0(1)', '2.8.0(3)', ')']],
    ['opens behind its id', ['0-0:98.1.0(1.8.0(1)', '2.8.0(3)', ')']],
    ['closes behind the last line', ['0-0:98.1.0', '(', '1.8.0(1)', '2.8.0(3))']],
    ['has no line of its own', ['0-0:98.1.0(1.8.0(1)', '2.8.0(3))']],
    ['is one line', ['0-0:98.1.0(1.8.0(1)2.8.0(3))']],
    ['is one line behind its id', ['0-0:98.1.0', '(1.8.0(1)2.8.0(3))']],
    ['comes twice', ['0-0:98.1.0(1.8.0(1)', ')', '(2.8.0(3)', ')']],
  ] as const) {
    it(`takes no value of a profile for a present one where its bracket ${what}`, () => {
      for (const end of ['\r\n', '\n', '\r', '\r\n\r\n']) {
        const text = ['1.8.0(2)', ...lines, '3.8.0(4)', '!'].join(end);
        const { dataSets, unparsed } = parseDataBlock(text);
        assert.deepEqual([dataSets.map(set => set.id), unparsed], [['1.8.0', '0-0:98.1.0', '3.8.0'], []], text);
        assert.deepEqual(dataSets[1]?.inside, [
          { id: '1.8.0', sets: ['1'] },
          { id: '2.8.0', sets: ['3'] },
        ]);
      }
    });
  }
  it('keeps two profiles apart, and one inside of another from the present', () => {
    const two = parseDataBlock('98.1.0(\r\n1.8.0(1)\r\n)\r\n98.2.0(\r\n1.8.0(2)\r\n)\r\n1.8.0(3)\r\n!');
    assert.deepEqual(two.dataSets, [
      { id: '98.1.0', sets: [], inside: [{ id: '1.8.0', sets: ['1'] }] },
      { id: '98.2.0', sets: [], inside: [{ id: '1.8.0', sets: ['2'] }] },
      { id: '1.8.0', sets: ['3'] },
    ]);
    const deep = parseDataBlock('98.1.0(\r\n98.2.0(\r\n1.8.0(1)\r\n)\r\n1.8.0(2)\r\n)\r\n1.8.0(3)\r\n!');
    assert.deepEqual(
      deep.dataSets.map(set => [set.id, set.sets]),
      [
        ['98.1.0', []],
        ['1.8.0', ['3']],
      ],
    );
  });
  it('takes a line that lost its bracket for that line alone', () => {
    for (const line of ['1.8.0(00123', '1.6.1*12(00.12*kW((2104070015)', '1.8.0(00.12(21040715']) {
      const { dataSets, unparsed } = parseDataBlock(`${line}\r\n2.8.0(3)\r\n!`);
      assert.deepEqual([dataSets, unparsed], [[{ id: '2.8.0', sets: ['3'] }], [line]]);
    }
  });
  it('takes nothing for a present value behind a bracket of lines that is never closed', () => {
    const { dataSets, unparsed } = parseDataBlock('1.8.0(2)\r\n0-0:98.1.0(\r\n1.8.0(1)\r\n!');
    assert.deepEqual([dataSets.map(set => set.id), unparsed], [['1.8.0', '0-0:98.1.0'], ['0-0:98.1.0(']]);
  });
  it('keeps a bracket of lines where the lines behind it go on with values', () => {
    const { dataSets, unparsed } = parseDataBlock('98.1.0(\r\n1.8.0(2)\r\n)\r\n(3)\r\n(4)\r\n!');
    assert.deepEqual(unparsed, []);
    assert.deepEqual(dataSets, [
      { id: '98.1.0', sets: ['3', '4'], inside: [{ id: '1.8.0', sets: ['2'] }], continued: true },
    ]);
  });
  it('takes a line back whole that goes on and cannot be read', () => {
    const { dataSets, unparsed } = parseDataBlock('1.8.0(1)\r\n(2)\r\n(3)(4)x\r\n(5)\r\n!');
    assert.deepEqual(dataSets, [{ id: '1.8.0', sets: ['1', '2', '5'], continued: true }]);
    assert.deepEqual(unparsed, ['(3)(4)x']);
  });
  it('reads as many brackets and unreadable lines as there are, in a time that grows with the text', () => {
    assert.equal(parseDataBlock(`x(\r\n${'y\r\n'.repeat(300_000)}`).unparsed.length, 300_001);
    const before = performance.now();
    assert.equal(ids('x(\r\n)\r\n'.repeat(100_000)).length, 100_000);
    parseDataBlock('1.8.0('.repeat(100_000));
    parseDataBlock('(a(b))'.repeat(100_000));
    parseDataBlock(`x${'(1.8.0(1))'.repeat(60_000)}`);
    parseDataBlock(`x(\r\n)\r\n${'(\r\n1.8.0(1)\r\n)\r\n'.repeat(40_000)}`);
    parseDataBlock(`${'1.8.0('.repeat(30_000)}${')'.repeat(30_000)}`);
    parseDataBlock('1.8.0(1.8.0(\r\n'.repeat(100_000));
    parseDataBlock('1.8.0(\r\n'.repeat(100_000));
    assert.equal(sets(`1.8.0${'(1)\r\n'.repeat(100_000)}`)[0]?.length, 100_000);
    // It was a minute and more.
    assert.ok(performance.now() - before < 10_000);
  });
  it('reads several data sets on one line', () => {
    assert.deepEqual(ids('6.8(1*GJ)6.26(2*m3)9.21(3)'), ['6.8', '6.26', '9.21']);
  });
  it('reads no id of which a character is damaged: without it, it would be the name of something else', () => {
    const { dataSets, unparsed } = parseDataBlock('1.6.1*1\xb2(00.12*kW)\r\n1.8.0(1)\r\n!\r\n');
    assert.deepEqual([dataSets.map(set => set.id), unparsed], [['1.8.0'], ['1.6.1*1\xb2(00.12*kW)']]);
  });
  it('keeps every bracket pair, exact', () => {
    assert.deepEqual(sets('1.6.1( 00.12*kW)(2104070015)\r\n'), [[' 00.12*kW', '2104070015']]);
  });
  it('joins a line that begins with a bracket to the id before', () => {
    const { dataSets } = parseDataBlock('0-1:24.3.0(121106150000)(00)\r\n(00054.386)\r\n');
    assert.deepEqual(dataSets, [{ id: '0-1:24.3.0', sets: ['121106150000', '00', '00054.386'], continued: true }]);
  });
  it('stops at an end mark behind the last bracket', () => {
    assert.deepEqual(ids('1.8.0(1)!\r\n2.8.0(2)'), ['1.8.0']);
  });
  it('leaves an exclamation mark inside brackets alone', () => {
    assert.deepEqual(sets('C.86(a!b)\r\n'), [['a!b']]);
  });
  it('takes brackets inside a value as part of it', () => {
    assert.deepEqual(sets('1.8.0((ER11))\r\n'), [['(ER11)']]);
  });
  it('drops a line whose brackets do not pair and keeps its neighbours', () => {
    const { dataSets, unparsed } = parseDataBlock('1.8.0(1)\r\n2.8.0(2\r\n3.8.0(3))\r\n4.8.0(4)\r\n');
    assert.deepEqual(
      [dataSets.map(s => s.id), unparsed],
      [
        ['1.8.0', '4.8.0'],
        ['2.8.0(2', '3.8.0(3))'],
      ],
    );
  });
  it('drops a line with control or eight-bit characters in a value', () => {
    assert.deepEqual(ids('0.0.0(\x00\x00)\r\n0-0:96.13.0(\xff\xff)\r\n1.8.0(1)\r\n'), ['1.8.0']);
  });
  it('ignores NUL and DEL, with or without parity, between the data sets', () => {
    assert.deepEqual(ids('\x00\x7f\xff1.8.0(1)\r\n\xff\xff\r\n'), ['1.8.0']);
  });
  it('reads a value of two thousand characters', () => {
    assert.equal(sets(`0-0:96.13.0(${'A'.repeat(2000)})\r\n`)[0]?.[0]?.length, 2000);
  });
});
