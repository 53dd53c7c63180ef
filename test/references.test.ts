// What comments point at is there: a row of docs/quirks.md, a part of docs/messages.md, a goal of docs/performance.md.
// And every row of the quirks names code and a test that exist.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { PROJECT } from './node-red-process';

const read = (...path: string[]): string => readFileSync(join(PROJECT, ...path), 'utf8');

describe('comments', () => {
  const sources = ['src', 'test', 'bench', 'fuzz', 'scripts'].flatMap(folder =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(ts|mjs|html)$/.test(name))
      .map(name => join(folder, name)),
  );

  it('point at places in the documents that exist', () => {
    let found = 0;
    for (const file of sources) {
      for (const [, page = '', anchor] of read(file).matchAll(/\bdocs\/([\w/-]+\.md)(?:#([\w-]+))?/g)) {
        const path = join(PROJECT, 'docs', page);
        assert.ok(existsSync(path), `${file}: docs/${page}`);
        if (anchor === undefined) continue;
        found++;
        assert.ok(anchorsOf(page).has(anchor), `${file}: docs/${page} has no #${anchor}`);
      }
    }
    assert.ok(found > 30, String(found));
  });

  it('cite no list that is not in the repository', () => {
    // Assembled, or this file would find itself.
    const lists = ['\\bquirk ' + 'Q\\d', '\\(' + 'Q\\d+\\)', 'tolerate' + '\\.md', 'tolerated ' + 'servers'].concat([
      'performance ' + 'list',
      'numbers in ' + 'brackets',
      ' \\[\\d+\\](?=\\.? ?\\*/)',
    ]);
    for (const file of sources) assert.doesNotMatch(read(file), new RegExp(lists.join('|')), file);
  });
});

describe('the page of the quirks', () => {
  const rows = read('docs', 'quirks.md')
    .split('\n')
    .filter(line => line.startsWith('| <a id='));

  it('has each number once', () => {
    const ids = rows.map(row => /<a id="([\w-]+)">/.exec(row)?.[1]);
    assert.ok(ids.length > 60, String(ids.length));
    assert.equal(new Set(ids).size, ids.length);
  });

  for (const row of rows) {
    const [, number = '', who = '', what = '', code = '', tests = ''] = row.split(/ ?(?<!\\)\| ?/);
    it(`says of ${number.replace(/<[^>]*>/g, '')} who, what, where and which test`, () => {
      assert.ok(who !== '' && what !== '');
      const files = [...code.matchAll(/`([^`]+)`/g)].map(m => m[1] as string);
      assert.ok(files.length > 0, code);
      for (const file of files) assert.ok(existsSync(join(PROJECT, 'src', file)), file);
      const named = [...tests.matchAll(/`([\w./-]+)` "([^"]+)"/g)];
      assert.ok(named.length > 0, tests);
      for (const [, file = '', words = ''] of named) {
        const source = read('test', `${file}.test.ts`);
        assert.ok(source.includes(words), `${file} has no test "${words}"`);
      }
    });
  }
});

const known = new Map<string, ReadonlySet<string>>();

/** Ids that are set, and those that a heading gets. */
function anchorsOf(page: string): ReadonlySet<string> {
  let anchors = known.get(page);
  if (anchors === undefined) {
    const text = read('docs', page);
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, words = '']) =>
      words
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    );
    anchors = new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(m => m[1] as string)]);
    known.set(page, anchors);
  }
  return anchors;
}
