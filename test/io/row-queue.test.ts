import assert from 'node:assert/strict';

import { isDlmsError } from '../../src/core/wire/errors';
import { RowQueue } from '../../src/io/session/row-queue';

describe('row queue', () => {
  it('gives what was pushed before and after the taker came, in order', async () => {
    const queue = new RowQueue<number>(10, () => assert.fail('abandoned'));
    queue.push(1);
    queue.push(2);
    const taken: number[] = [];
    const all = (async () => {
      for await (const row of queue) taken.push(row);
    })();
    await new Promise(resolve => setImmediate(resolve));
    queue.push(3);
    queue.push(4);
    queue.end();
    await all;
    assert.deepEqual(taken, [1, 2, 3, 4]);
  });

  it('throws the error of the read behind the last row', async () => {
    const queue = new RowQueue<number>(10, () => undefined);
    queue.push(1);
    queue.end(new Error('lost'));
    const taken: number[] = [];
    await assert.rejects(async () => {
      for await (const row of queue) taken.push(row);
    }, /lost/);
    assert.deepEqual(taken, [1]);
  });

  it('throws to a taker that waits', async () => {
    const queue = new RowQueue<number>(10, () => undefined);
    const next = queue[Symbol.asyncIterator]().next();
    queue.end(new Error('lost'));
    await assert.rejects(next, /lost/);
  });

  it('tells when the taker stops early, and takes no more rows', async () => {
    let abandoned = 0;
    const queue = new RowQueue<number>(10, () => abandoned++);
    queue.push(1);
    queue.push(2);
    for await (const row of queue) {
      assert.equal(row, 1);
      break;
    }
    assert.equal(abandoned, 1);
    for (let i = 0; i < 50; i++) queue.push(i);
  });

  it('is bounded', () => {
    const queue = new RowQueue<number>(3, () => undefined);
    for (let i = 0; i < 3; i++) queue.push(i);
    assert.throws(
      () => queue.push(4),
      e => isDlmsError(e) && e.code === 'LIMIT_EXCEEDED',
    );
  });
});
