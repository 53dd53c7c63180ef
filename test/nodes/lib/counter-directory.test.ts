import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { unhex } from '../../../src/core/wire/hex';
import type { Stretch, Wanted } from '../../../src/io/session/counter-store';
import { CounterDirectory } from '../../../src/nodes/lib/counter-directory';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const systemTitle = unhex('4d464c0011223344');
const wanted = (floor = 1, settled = false): Wanted => ({ systemTitle, floor, count: 256, settled });

describe('the directory of counters', () => {
  let dir = '';
  let path = '';
  const told: string[] = [];
  const open = (older: number | null = null): CounterDirectory =>
    new CounterDirectory(path, { lost: false, highest: () => older }, text => told.push(text));

  const of = (fingerprint: string): string[] => readdirSync(join(path, fingerprint)).sort();

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dlms-counters-'));
    path = join(dir, 'dlms', 'counters');
    told.length = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('gives a stretch once, also after a restart, and keeps one file for each key and title', async () => {
    assert.equal(await open().free(A, systemTitle), null);
    assert.deepEqual(await open().reserve(A, wanted()), { from: 1, end: 257 });
    assert.deepEqual(await open().reserve(A, wanted()), { from: 257, end: 513 });
    assert.deepEqual(await open().reserve(B, wanted(5000)), { from: 5000, end: 5256 });
    assert.deepEqual(await open().free(A, systemTitle), { next: 513, settled: false });
    assert.deepEqual([A, B].map(of), [['0000000513'], ['0000005256']]);
    assert.deepEqual(told, []);
  });

  it('remembers that a meter has shown where it counts', async () => {
    await open().reserve(A, wanted(1, true));
    await open().reserve(A, wanted(1, false));
    assert.deepEqual(await open().free(A, systemTitle), { next: 513, settled: true });
  });

  it('does not fall behind what an older version kept', async () => {
    assert.deepEqual(await open(7000).free(A, systemTitle), { next: 7000, settled: true });
    assert.deepEqual(await open(7000).reserve(A, wanted()), { from: 7000, end: 7256 });
    assert.deepEqual(await open(9000).reserve(A, wanted()), { from: 7256, end: 7512 });
  });

  it('never gives its last number', async () => {
    assert.deepEqual(await open().reserve(A, wanted(0xfffffffe)), { from: 0xfffffffe, end: 0xffffffff });
    await assert.rejects(open().reserve(A, wanted()), { code: 'KEY_USED_UP' });
  });

  it('gives nothing twice to many who ask at once, with floors of their own', async () => {
    const stores = Array.from({ length: 4 }, () => open());
    const all: Stretch[] = [];
    await Promise.all(
      stores.map(async (store, i) => {
        for (let n = 0; n < 6; n++) all.push(await store.reserve(A, wanted((n * 7919 * (i + 1)) % 3000)));
      }),
    );
    all.sort((a, b) => a.from - b.from);
    assert.equal(all.length, 24);
    for (const [i, { from, end }] of all.entries()) {
      assert.ok(from < end && from >= (all[i - 1]?.end ?? 0), `${from}..${end} after ${all[i - 1]?.end}`);
    }
    assert.deepEqual(of(A), [String(all.at(-1)?.end).padStart(10, '0')]);
  });

  it('leaves foreign files alone and tells of them once', async () => {
    await open().reserve(A, wanted());
    const foreign = ['notes.txt', '12', '9999999999', '0000009999.old'];
    for (const name of foreign) writeFileSync(join(path, A, name), 'x');
    const store = open();
    assert.deepEqual(await store.reserve(A, wanted()), { from: 257, end: 513 });
    assert.equal(told.length, 1);
    for (const name of foreign) assert.ok(of(A).includes(name));
  });

  it('refuses while it cannot write, with what to do, and works again afterwards', async () => {
    const store = open();
    await store.reserve(A, wanted());
    rmSync(path, { recursive: true });
    writeFileSync(path, 'a file in place of the directory');
    await assert.rejects(store.reserve(A, wanted()), {
      code: 'STATE_NOT_SAVED',
      message: /could not be saved: .*; nothing was sent/,
    });
    rmSync(path);
    mkdirSync(path);
    await store.reserve(A, wanted(257));
  });
});
