// The keys of many meters: which row is for a meter, what a row may hold, and that no error tells a cell.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { KeyTable } from '../../../src/core/security';
import { isDlmsError } from '../../../src/core/wire/errors';

const KEY = '000102030405060708090a0b0c0d0e0f';
const OTHER = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff';
const read = (text: string, resolve?: (cell: string, where: string) => string): KeyTable =>
  KeyTable.read([{ table: 'keyTable', text }], resolve === undefined ? {} : { resolve });
/** Name of the row that is for a title. */
const nameOf = (table: KeyTable, title: string): string | null | undefined => table.find(title)?.name;
const thrown = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(isDlmsError(error) && error.code === 'BAD_SETTING', String(error));
    return error.message;
  }
  throw new Error('nothing was thrown');
};

describe('a table of keys', () => {
  it('finds a meter by its system title, in hex or as text, however it is written', () => {
    const table = read(
      `title;key;name\n4B 41 4D 45 01 34 90 83;${KEY};a\n0x4b464d1020000001;${KEY};b\nMMM00001;${KEY};c\n`,
    );
    assert.deepEqual(table.faults, []);
    assert.equal(nameOf(table, '4b414d4501349083'), 'a');
    assert.equal(nameOf(table, '4b464d1020000001'), 'b');
    assert.equal(nameOf(table, '4d4d4d3030303031'), 'c');
    assert.equal(table.find('4d4d4d3030303032'), null);
  });

  // Pairs that captured telegrams and specifications show: title, and the number that is printed on the meter.
  for (const [title, ...numbers] of [
    ['4b414d4501349083', '20222083', 'KAM20222083', '20 222 083'],
    ['49534b69745cf6c9', '1121273201353', '73201353', 'ISK73201353', 'ISK1050773201353'],
    ['4b464d1010000023', '1KFM0100000035', '1 KFM 01 0000 0035', 'KFM35'],
  ] as const) {
    for (const number of numbers) {
      it(`finds the meter ${title} by its number ${number}`, () => {
        const table = read(`id,key,name\n${number},${KEY},mine\n`);
        assert.deepEqual(table.faults, []);
        assert.equal(nameOf(table, title), 'mine');
        assert.equal(table.find(`${title.slice(0, -1)}${title.endsWith('7') ? '8' : '7'}`), null);
        // The letters of a maker are not those of another one.
        if (/[A-Z]/.test(number)) assert.equal(table.find(`585858${title.slice(6)}`), null);
      });
    }
  }

  it('takes no title for a number, nor the other way round', () => {
    const at = (column: string, text: string): number => read(`${column};key\n${text};${KEY}\n`).faults.length;
    for (const title of ['20222083', '414243000000001', '4d4d4d67700000', 'MMM0'])
      assert.equal(at('title', title), 1, title);
    for (const number of ['20222083', '1234567812345678', 'KAM1']) assert.equal(at('id', number), 0, number);
    for (const either of ['20222083', 'MMM00001', '4d4d4d6770000001', 'KAM20222083', 'KAM*'])
      assert.equal(at('pattern', either), 0);
    for (const none of ['meter', '*meter', '€*', '']) assert.equal(at('pattern', none), 1, none);
  });

  it('finds nothing by a number in a title that has none', () => {
    const table = read(`id;key\n00000001;${KEY}\n`);
    for (const title of ['0000000000000001', '4b414d00', '', '4b414d45ffffffff'])
      assert.equal(table.find(title), null, title);
  });

  it('asks the title first, then the number, then patterns in their order', () => {
    const table = read(
      [
        'pattern;id;title;key;name',
        `4b414d*;;;${KEY};hex`,
        `KAM*;;;${KEY};too late`,
        `KAM2022*;;;${KEY};too late`,
        `ISK7*;;;${KEY};printed`,
        `;20222083;;${KEY};number`,
        `;;4b414d4501349084;${KEY};title`,
        `*;;;${KEY};any`,
      ].join('\n'),
    );
    assert.deepEqual(table.faults, []);
    assert.equal(nameOf(table, '4b414d4501349083'), 'number');
    assert.equal(nameOf(table, '4b414d4501349084'), 'title');
    assert.equal(nameOf(table, '4b414d4501349085'), 'hex');
    assert.equal(nameOf(table, '49534b69745cf6c9'), 'printed');
    assert.equal(nameOf(table, '53414735000000ff'), 'any');
    // Asked again.
    assert.equal(nameOf(table, '4b414d4501349085'), 'hex');
  });

  it('takes the names that operators give to columns, in English and German', () => {
    for (const heading of [
      'systemTitle;GUEK;GAK',
      'System title;Key;AK',
      'System-Titel;Schlüssel;Authentifizierungsschlüssel',
      'SYSTEMTITLE;encryption_key;authentication key',
    ]) {
      const row = read(`${heading}\nMMM00001;${KEY};${OTHER}\n`).find('4d4d4d3030303031');
      assert.ok(row?.encryptionKey && row.authenticationKey, heading);
    }
    assert.equal(
      nameOf(read(`Zählernummer\tKey\tBezeichnung\t#street\n20222083\t${KEY}\tEG\tx\n`), '4b414d4501349083'),
      'EG',
    );
  });

  it('costs no other meter anything where a row is wrong, and says line and column', () => {
    const table = read(
      [
        'title;key;authenticationKey;name',
        `MMM00001;${KEY};${OTHER};right`,
        `MMM00002;${KEY.slice(1)};;short`,
        `MMM00003;;;none`,
        `MMM0;${KEY};;`,
        `;${KEY};;`,
        `MMM00006;${KEY};secret;`,
        `MMM00001;${OTHER};;again`,
        `MMM00008;${KEY};;;${OTHER}`,
        `"MMM00009;${KEY}`,
        `${KEY};MMM00010;;shifted`,
        `MMM00011;${KEY};;right, too`,
        `MMM00012;${KEY};;${OTHER}`,
      ].join('\n'),
    );
    const told = table.faults.map(({ message }) => message);
    const places = told.map(message => /^keyTable (line \d+(, column \w+)?) /.exec(message)?.[1]);
    assert.deepEqual(places, [
      'line 3, column encryptionKey',
      'line 4, column encryptionKey',
      'line 5, column title',
      'line 6, column title',
      'line 7, column authenticationKey',
      'line 8',
      'line 9, column 5',
      'line 10',
      'line 11, column title',
      'line 13, column name',
    ]);
    assert.match(told[0] ?? '', /\(31 digits\)/);
    assert.match(told[5] ?? '', /keyTable line 2/);
    for (const secret of [KEY, KEY.slice(1), OTHER, 'secret']) assert.ok(!told.join().includes(secret));
    assert.equal(nameOf(table, '4d4d4d3030303031'), 'right');
    assert.equal(table.find('4d4d4d3030303032')?.fault, table.faults[0]);
    assert.equal(table.find('4d4d4d3030303036')?.fault?.code, 'BAD_SETTING');
    // A name that may be a key makes no unknown meter of it, which the single keys would be tried on.
    assert.match(table.find('4d4d4d3030303132')?.fault?.message ?? '', /column name/);
  });

  it('is none without a heading that says what stands where, and never tells a cell of it', () => {
    for (const text of [
      `MMM00001;${KEY}`,
      `${KEY};${OTHER}\nMMM00001;${KEY}`,
      `title;name\nMMM00001;x`,
      `key;name\n${KEY};x`,
      `title;title;key\n`,
      `title;authentcationKey;key\n`,
    ]) {
      const message = thrown(() => read(text));
      assert.match(message, /^keyTable line 1/);
      assert.ok(!message.includes(KEY) && !message.includes(OTHER), message);
    }
    assert.match(
      thrown(() => read('title;authentcationKey;key\n')),
      /column 2 "authentcationKey" is not one of title, id/,
    );
  });

  it('may be empty', () => {
    for (const text of ['', '\n', 'title;key\n', '# none\n']) assert.equal(read(text).size, 0);
  });

  it('lets a meter of a later text give way to that of an earlier one', () => {
    const table = KeyTable.read([
      { table: 'keyTable', text: `title;key;name\nMMM00001;${KEY};form\n` },
      {
        table: 'keyFile',
        text: `title;key;name\nMMM00001;${OTHER};file\nMMM00002;${OTHER};file\nMMM00002;${KEY};twice\n`,
      },
    ]);
    assert.equal(nameOf(table, '4d4d4d3030303031'), 'form');
    assert.equal(nameOf(table, '4d4d4d3030303032'), 'file');
    assert.deepEqual(
      table.faults.map(({ message }) => /^keyFile line 4/.test(message)),
      [true],
    );
  });

  it('has cells that name a variable resolved, and only those', () => {
    const asked: string[] = [];
    const table = read(`title;key;name\nMMM00001;\${K1};\${N}\nMMM00002;${KEY};two\n`, (cell, where) => {
      asked.push(`${where}: ${cell}`);
      return cell === '${K1}' ? KEY : 'flat';
    });
    assert.deepEqual(asked, ['keyTable line 2, column encryptionKey: ${K1}', 'keyTable line 2, column name: ${N}']);
    assert.deepEqual(table.faults, []);
    assert.equal(nameOf(table, '4d4d4d3030303031'), 'flat');
  });

  it('is bounded', () => {
    const rows = (n: number): string => `MMM${String(n).padStart(5, '0')};${KEY}\n`.repeat(1);
    const many = Array.from({ length: 100_001 }, (_, n) => rows(n)).join('');
    assert.match(
      thrown(() => read(`title;key\n${many}`)),
      /\(100001 rows\)" is not of at most 100000 rows/,
    );
    const patterns = Array.from({ length: 1001 }, (_, n) => `KAM${n};${KEY}`.replace(';', '*;')).join('\n');
    const table = read(`pattern;key\n${patterns}`);
    assert.equal(table.size, 1000);
    assert.equal(table.faults.length, 1);
  });

  it('asks no more of a meter among many thousands', () => {
    const title = (n: number): string => `4b414d45${n.toString(16).padStart(8, '0')}`;
    const numbers = Array.from({ length: 20_000 }, (_, n) => n);
    const table = read(`title;key\n${numbers.map(n => `${title(n)};${KEY}\n`).join('')}`);
    assert.equal(table.size, numbers.length);
    const began = process.cpuUsage().user;
    for (let round = 0; round < 5; round++) for (const n of numbers) assert.ok(table.find(title(n)) !== null);
    // In microseconds: 20 for each of 100,000; going through the rows takes a hundred times as long.
    assert.ok(process.cpuUsage().user - began < 2_000_000);
  });
});
