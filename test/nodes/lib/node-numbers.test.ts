// The received counters of a push decoder: read before anything is judged, kept, and gone with the node.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { DlmsError } from '../../../src/core/wire/errors';
import { NodeNumbers, RECEIVED_COUNTERS } from '../../../src/nodes/push-decoder/node-numbers';

describe('the received counters', () => {
  let directory = '';
  const told: DlmsError[] = [];
  const tell = (error: DlmsError): void => void told.push(error);
  const ready = (counters: NodeNumbers): Promise<void> => new Promise(resolve => counters.whenReady(resolve));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'received-'));
    told.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('let work wait until the file was read, in its order, and bound what waits', async () => {
    const first = new NodeNumbers(RECEIVED_COUNTERS, directory, 'n', tell);
    await ready(first);
    first.remember('a', 7);
    await first.close(false);

    const counters = new NodeNumbers(RECEIVED_COUNTERS, directory, 'n', tell);
    const seen: (number | undefined)[] = [];
    for (let i = 0; i < 1000; i++) counters.whenReady(() => seen.push(i === 0 ? counters.last('a') : i));
    assert.throws(() => counters.whenReady(() => undefined), { code: 'QUEUE_FULL' });
    assert.deepEqual(seen, []);
    await new Promise(resolve => setTimeout(resolve, 20));
    assert.deepEqual(seen, [7, ...Array.from({ length: 999 }, (_, i) => i + 1)]);
    // What was not verified may begin anew below.
    counters.remember('a', 3);
    assert.equal(counters.last('a'), 3);
    await counters.close(false);
    const later = new NodeNumbers(RECEIVED_COUNTERS, directory, 'n', tell);
    await ready(later);
    assert.equal(later.last('a'), 3);
    await later.close(true);
    assert.ok(!existsSync(join(directory, 'received-n.txt')));
    assert.deepEqual(told, []);
  });

  it('release what waits when the node closes', async () => {
    const counters = new NodeNumbers(RECEIVED_COUNTERS, directory, 'n', tell);
    let released = false;
    counters.whenReady(() => (released = true));
    await counters.close(false);
    assert.ok(released);
  });

  it('live on in memory where they cannot be saved, which is told once', async () => {
    const file = join(directory, 'no-directory');
    writeFileSync(file, '');
    const counters = new NodeNumbers(RECEIVED_COUNTERS, file, 'n', tell);
    await ready(counters);
    for (const n of [5, 6]) {
      counters.remember('a', n);
      await counters.close(false);
    }
    assert.equal(counters.last('a'), 6);
    assert.deepEqual(
      told.map(e => e.code),
      ['STATE_NOT_SAVED'],
    );
    assert.match(told[0]?.message ?? '', /until the next restart/);
  });
});
