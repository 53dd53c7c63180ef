import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { NodeContext } from 'node-red';
import { KeptState, type Place, contextPlace, filePlace } from '../../../src/nodes/obis-filter/kept-state';

describe('kept state', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'dlms-kept-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const state = (place: Place | null, value: unknown, warned: string[] = []): { kept: KeptState; got: unknown[] } => {
    const got: unknown[] = [];
    const kept = new KeptState(place, { save: () => value, load: saved => got.push(saved) }, told => warned.push(told));
    return { kept, got };
  };

  it('gives a file back to the next run', async () => {
    const first = state(filePlace(directory, 'a/../b'), { n: 1 });
    await first.kept.loaded;
    assert.deepEqual(first.got, [undefined]);
    await first.kept.close(false);
    const second = state(filePlace(directory, 'a/../b'), { n: 2 });
    await second.kept.loaded;
    assert.deepEqual(second.got, [{ n: 1 }]);
  });
  it('writes with the first change, then at most every second, and when it closes', async () => {
    let writes = 0;
    const place: Place = {
      read: () => Promise.resolve(undefined),
      write: async () => void writes++,
      remove: () => Promise.resolve(),
    };
    const { kept } = state(place, {});
    await kept.loaded;
    for (let i = 0; i < 100; i++) kept.changed();
    await kept.close(false);
    assert.equal(writes, 2);
  });
  it('tells a damaged file once, keeps it aside and begins anew', async () => {
    writeFileSync(join(directory, 'x.json'), '{"n":');
    const warned: string[] = [];
    const { kept, got } = state(filePlace(directory, 'x'), { n: 3 }, warned);
    await kept.loaded;
    assert.deepEqual(got, [undefined]);
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? '', /damaged.*x\.json\.damaged/);
    await kept.close(false);
    assert.equal(readFileSync(join(directory, 'x.json'), 'utf8'), '{"n":3}');
    assert.equal(readFileSync(join(directory, 'x.json.damaged'), 'utf8'), '{"n":');
    await kept.close(true);
    assert.deepEqual(readdirSync(directory), []);
  });
  it('writes nothing over a state that was not loaded before it closed', async () => {
    const writes: unknown[] = [];
    let answer: (state: unknown) => void = () => undefined;
    const slow: Place = {
      read: () => new Promise(resolve => (answer = resolve)),
      write: async written => void writes.push(written),
      remove: () => Promise.resolve(),
    };
    const { kept, got } = state(slow, {});
    await kept.close(false);
    answer({ n: 1 });
    await kept.loaded;
    assert.deepEqual([writes, got], [[], [{ n: 1 }]]);
  });
  it('asks again for a state whose store failed once, before it writes', async () => {
    const calls: string[] = [];
    let fails = 2;
    const place: Place = {
      read: () => {
        calls.push('read');
        return fails-- > 0 ? Promise.reject(new Error('not ready')) : Promise.resolve({ n: 1 });
      },
      write: async () => void calls.push('write'),
      remove: () => Promise.resolve(),
    };
    const warned: string[] = [];
    const { kept, got } = state(place, {}, warned);
    await kept.loaded;
    kept.changed();
    await kept.close(false);
    assert.deepEqual(calls, ['read', 'read', 'read', 'write']);
    assert.deepEqual([got, warned.length], [[{ n: 1 }], 1]);
  });
  it('goes on saving when the clock is set back', async () => {
    let writes = 0;
    let now = 5000;
    const place: Place = {
      read: () => Promise.resolve(undefined),
      write: async () => void writes++,
      remove: () => Promise.resolve(),
    };
    const source = { save: () => 0, load: () => undefined };
    const kept = new KeptState(
      place,
      source,
      () => undefined,
      () => now,
    );
    await kept.loaded;
    const realNow = Date.now;
    kept.changed();
    Date.now = () => realNow() - 3_600_000;
    now += 1000;
    kept.changed();
    Date.now = realNow;
    await kept.close(false);
    assert.equal(writes, 3);
  });
  it('goes on when nothing can be written, and says so once', async () => {
    writeFileSync(join(directory, 'file'), '');
    const warned: string[] = [];
    const { kept } = state(filePlace(join(directory, 'file', 'below'), 'x'), {}, warned);
    await kept.loaded;
    await kept.close(false);
    await kept.close(false);
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? '', /not kept across a restart/);
  });
  it('uses a context store by its name', async () => {
    const stored = new Map<string, unknown>();
    const context = {
      get: (key: string, store: string, told: (e: Error | null, v: unknown) => void) =>
        told(null, stored.get(`${store} ${key}`)),
      set: (key: string, value: unknown, store: string, told: (e?: Error) => void) => {
        stored.set(`${store} ${key}`, value);
        told();
      },
      // Only these two are asked.
    } as unknown as NodeContext;
    const first = state(contextPlace(context, 'disk'), { n: 5 });
    await first.kept.loaded;
    await first.kept.close(false);
    const next = state(contextPlace(context, 'disk'), {});
    await next.kept.loaded;
    assert.deepEqual(next.got, [{ n: 5 }]);
    await next.kept.close(true);
    assert.equal(stored.get('disk filter'), undefined);
  });
  it('keeps nothing when it is not asked to', async () => {
    const { kept, got } = state(null, {});
    kept.changed();
    await kept.loaded;
    await kept.close(true);
    assert.deepEqual(got, []);
  });
});
