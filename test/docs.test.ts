// What the documents promise is there: pages as the help says, links that lead somewhere.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'mocha';
import { nodePages } from '../scripts/node-pages';
import { PROJECT } from './node-red-process';

describe('the documents', () => {
  for (const [file, text] of nodePages(PROJECT)) {
    it(`has in docs/nodes/${file} what the help of the node says`, () => {
      const path = join(PROJECT, 'docs', 'nodes', file);
      assert.ok(
        existsSync(path) && readFileSync(path, 'utf8') === text,
        'out of date; run: node dist/scripts/node-pages.js',
      );
    });
  }

  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'RELEASING.md',
    'CHANGELOG.md',
  ].concat(
    readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.md'))
      .map(name => join('docs', name)),
  );
  for (const page of pages) {
    it(`has in ${page} no link that leads nowhere`, () => {
      const text = readFileSync(join(PROJECT, page), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|#)/.test(target)) continue;
        const path = join(PROJECT, dirname(page), decodeURIComponent(target.replace(/#.*$/, '')));
        assert.ok(existsSync(path), `${page}: ${target}`);
      }
    });
  }

  // A cell that names a test: `file` below test/, then words of the names of its tests in quotation marks.
  for (const page of ['ARCHITECTURE.md', 'SECURITY.md']) {
    it(`names in the tables of ${page} only tests that exist`, () => {
      const rows = readFileSync(join(PROJECT, page), 'utf8').split('\n');
      const named = rows.flatMap(row => [...row.matchAll(/`([\w./-]+)` ((?:"[^"]+"(?:, )?)+)/g)]);
      assert.ok(named.length > 10, 'the tables are there');
      for (const [, file = '', words = ''] of named) {
        const path = join(PROJECT, 'test', `${file}.test.ts`);
        assert.ok(existsSync(path), `${page} names ${file}`);
        const source = readFileSync(path, 'utf8');
        for (const [, name = ''] of words.matchAll(/"([^"]+)"/g))
          assert.ok(source.includes(name), `${page}: ${file} has no test "${name}"`);
      }
    });
  }

  it('have in SECURITY.md a test for every promise', () => {
    const text = readFileSync(join(PROJECT, 'SECURITY.md'), 'utf8');
    const promises = text
      .split('\n')
      .filter(line => /^\| [^|-]+ \| [^|]+ \|$/.test(line))
      .slice(1);
    assert.ok(promises.length > 10);
    for (const row of promises) assert.match(row, /`[\w./-]+` "[^"]+"/, row);
  });
});
