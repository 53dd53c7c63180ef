// Tables as text, as spreadsheets and operators write them.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { csvLines, csvText } from '../../../src/core/wire/csv';

const cells = (text: string): (readonly string[] | null)[] => csvLines(text).map(line => line.cells);

describe('a table as text', () => {
  for (const between of [';', ',', '\t']) {
    it(`has ${JSON.stringify(between)} between its cells where the first line has`, () => {
      assert.deepEqual(cells(['a', 'b', 'c\n1', '', '3'].join(between)), [
        ['a', 'b', 'c'],
        ['1', '', '3'],
      ]);
    });
  }

  it('counts lines as an editor does, with those that are empty or begin with #', () => {
    const lines = csvLines('\ufeff# from the operator\r\n\r\ntitle;key\r\n\n1;2\r3;4');
    assert.deepEqual(
      lines.map(({ line }) => line),
      [3, 5, 6],
    );
  });

  it('takes quotes around what holds a separator, and doubled ones inside', () => {
    assert.deepEqual(cells('a;b\n"x;y";"say ""no"""\n "q" ;\n""; " z "'), [
      ['a', 'b'],
      ['x;y', 'say "no"'],
      ['q', ''],
      ['', 'z'],
    ]);
  });

  for (const line of ['"open;1', '"a"b;1', 'a"b;1', '"a";"']) {
    it(`says that ${line} is no row`, () =>
      assert.deepEqual(cells(`a;b\n${line}\n1;2`), [['a', 'b'], null, ['1', '2']]));
  }

  it('reads back what it writes', () => {
    const rows = [
      ['title', 'name'],
      ['#1', 'flat 3; "left", cellar\twater'],
      ['', 'two\nlines'],
    ];
    assert.deepEqual(cells(csvText(rows)), [['title', 'name'], rows[1], ['', 'two lines']]);
  });
});
