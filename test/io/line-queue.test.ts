import assert from 'node:assert/strict';

import { LineQueues } from '../../src/io/line/line-queue';

const TURN = { lineKey: 'a', where: 'line a' };

/** A work that ends when told to. */
function gate(): {
  work: () => Promise<string>;
  open: (text?: string) => void;
  fail: (e: Error) => void;
  started: boolean;
} {
  let open = (_: string): void => undefined;
  let fail = (_: Error): void => undefined;
  const done = new Promise<string>((resolve, reject) => ([open, fail] = [resolve, reject]));
  const self = {
    started: false,
    work: () => ((self.started = true), done),
    open: (text = 'done') => open(text),
    fail: (e: Error) => fail(e),
  };
  return self;
}
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('line queue', () => {
  it('runs one at a time, in order, and lines beside each other', async () => {
    const queues = new LineQueues();
    const [one, two, other] = [gate(), gate(), gate()];
    const first = queues.run(TURN, one.work);
    const second = queues.run(TURN, two.work);
    const third = queues.run({ lineKey: 'b', where: 'line b' }, other.work);
    await settled();
    assert.deepEqual([one.started, two.started, other.started], [true, false, true]);
    one.open('1');
    assert.equal(await first, '1');
    await settled();
    assert.ok(two.started);
    two.open('2');
    other.open('3');
    assert.deepEqual(await Promise.all([second, third]), ['2', '3']);
    await settled();
    assert.equal(queues.length('a'), 0);
  });
  it('goes on after a failure, also one that is thrown at once', async () => {
    const queues = new LineQueues();
    const results = await Promise.allSettled([
      queues.run(TURN, () => Promise.reject(new Error('no'))),
      queues.run(TURN, () => {
        throw new Error('at once');
      }),
      queues.run(TURN, () => Promise.resolve(3)),
    ]);
    assert.deepEqual(
      results.map(r => r.status),
      ['rejected', 'rejected', 'fulfilled'],
    );
  });
  it('is bounded', async () => {
    const queues = new LineQueues(2);
    const one = gate();
    const runs = [one.work, one.work, one.work].map(work => queues.run(TURN, work));
    await assert.rejects(queues.run(TURN, one.work), {
      code: 'QUEUE_FULL',
      message: /2 requests already wait for line a/,
    });
    assert.equal(queues.length('a'), 3);
    one.open();
    await Promise.all(runs);
    await queues.run(TURN, () => Promise.resolve());
  });
  it('lets an aborted item leave, and frees its place', async () => {
    const queues = new LineQueues(1);
    const [one, two, three] = [gate(), gate(), gate()];
    const first = queues.run(TURN, one.work);
    const controller = new AbortController();
    const second = queues.run({ ...TURN, signal: controller.signal }, two.work);
    controller.abort();
    await assert.rejects(second, { code: 'ABORTED' });
    const third = queues.run(TURN, three.work);
    one.open();
    three.open();
    await Promise.all([first, third]);
    assert.equal(two.started, false);
    await assert.rejects(queues.run({ ...TURN, signal: AbortSignal.abort() }, two.work), { code: 'ABORTED' });
  });
  it('leaves the running item to its own signal', async () => {
    const queues = new LineQueues();
    const one = gate();
    const controller = new AbortController();
    const first = queues.run({ ...TURN, signal: controller.signal }, one.work);
    await settled();
    controller.abort();
    one.open('finished');
    assert.equal(await first, 'finished');
  });
});
