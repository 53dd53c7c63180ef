import assert from 'node:assert/strict';

import { isDlmsError } from '../../src/core/wire/errors';
import { CounterKeeper, NumbersInMemory } from '../../src/io/counter-keeper';

describe('invocation counter', () => {
  it('counts on where it stopped, after an orderly end without a gap', () => {
    const store = new NumbersInMemory();
    store.set('k', 500);
    const keeper = CounterKeeper.of(store, 'k');
    assert.deepEqual([keeper.next(), keeper.next()], [500, 501]);
    keeper.settle();
    assert.equal(store.get('k'), 502);
  });

  it('has reserved every number before it gives it out', () => {
    const store = new NumbersInMemory();
    const keeper = CounterKeeper.of(store, 'k');
    keeper.atLeast(1000);
    for (let i = 0; i < 300; i++) {
      const counter = keeper.next();
      assert.ok((store.get('k') as number) > counter);
    }
  });

  it('is never set back', () => {
    const keeper = CounterKeeper.of(new NumbersInMemory(), 'k');
    keeper.atLeast(1000);
    keeper.atLeast(5);
    assert.equal(keeper.next(), 1000);
  });

  it('is one for all sessions with the same key and title', () => {
    const store = new NumbersInMemory();
    const a = CounterKeeper.of(store, 'k');
    const b = CounterKeeper.of(store, 'k');
    a.atLeast(10);
    assert.deepEqual([a.next(), b.next(), a.next()], [10, 11, 12]);
    assert.equal(CounterKeeper.of(store, 'other').known, false);
  });

  it('ends with its last number instead of beginning anew', () => {
    const keeper = CounterKeeper.of(new NumbersInMemory(), 'k');
    keeper.atLeast(0xffffffff);
    assert.equal(keeper.next(), 0xffffffff);
    assert.throws(
      () => keeper.next(),
      e => isDlmsError(e) && e.code === 'LIMIT_EXCEEDED',
    );
  });
});
