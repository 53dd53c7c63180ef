import assert from 'node:assert/strict';

import { invocationCounter } from '../../src/core/security';
import { DlmsError, isDlmsError, type Code } from '../../src/core/wire/errors';
import { unhex } from '../../src/core/wire/hex';
import { CounterKeeper, NumbersInMemory, UNPROVEN_STEP } from '../../src/io/session/counter-keeper';
import type { Stretch, Wanted } from '../../src/io/session/counter-store';

const TITLE = unhex('4d464c0011223344');
const keeperOf = (store: NumbersInMemory, ...fingerprints: string[]): CounterKeeper =>
  CounterKeeper.of(store, { fingerprints, systemTitle: TITLE });
const code = (wanted: Code) => (e: unknown) => isDlmsError(e) && e.code === wanted;

/** A disk that can be full. */
class Disk extends NumbersInMemory {
  full = false;
  writes = 0;
  override reserve(fingerprint: string, wanted: Wanted): Promise<Stretch> {
    if (this.full) return Promise.reject(new DlmsError({ code: 'STATE_NOT_SAVED', what: 'it', reason: 'ENOSPC' }));
    this.writes++;
    return super.reserve(fingerprint, wanted);
  }
}

describe('the keeper of an invocation counter', () => {
  it('counts on where the numbers that were given away end', async () => {
    const store = new NumbersInMemory();
    store.set('k', 500);
    const keeper = keeperOf(store, 'k');
    await keeper.ready();
    assert.deepEqual([keeper.known, keeper.next(), keeper.next()], [true, 500, 501]);
  });

  it('gives no number that is not reserved', async () => {
    const store = new Disk();
    const keeper = keeperOf(store, 'k');
    assert.throws(() => keeper.next(), code('STATE_NOT_SAVED'));
    for (let i = 0; i < 1000; i++) {
      await keeper.ready();
      const counter = keeper.next();
      assert.ok((store.get('k') as number) > counter);
    }
    assert.ok(store.writes <= 1000 / 64, `${store.writes} writes`);
  });

  it('reserves in the background, so that who counts on does not wait', async () => {
    const keeper = keeperOf(new Disk(), 'k');
    await keeper.ready();
    for (let i = 0; i < 5000; i++) {
      assert.equal(keeper.low(), null);
      keeper.next();
      await Promise.resolve();
    }
  });

  it('gives none while the disk is full, and goes on when it is not', async () => {
    const store = new Disk();
    const keeper = keeperOf(store, 'k');
    await keeper.ready();
    store.full = true;
    const given: number[] = [];
    await assert.rejects(async () => {
      for (;;) {
        await keeper.ready();
        given.push(keeper.next());
      }
    }, code('STATE_NOT_SAVED'));
    assert.ok(given.length > 200);
    store.full = false;
    await keeper.ready();
    assert.ok(keeper.next() > (given.at(-1) as number));
  });

  it('is never set back', async () => {
    const keeper = keeperOf(new NumbersInMemory(), 'k');
    await keeper.load();
    keeper.unproven(1000, true);
    keeper.unproven(5, true);
    keeper.unproven(5);
    await keeper.ready();
    assert.equal(keeper.next(), 1000);
    await keeper.raise(invocationCounter(7, 'test'));
    assert.equal(keeper.position > 1000, true);
  });

  it('is one for all sessions with the same key and title, and another one for others', async () => {
    const store = new NumbersInMemory();
    const [a, b] = [keeperOf(store, 'k'), keeperOf(store, 'k')];
    await a.load();
    a.unproven(10);
    await b.ready();
    assert.deepEqual([a.next(), b.next(), a.next()], [10, 11, 12]);
    const other = keeperOf(store, 'other');
    await other.load();
    assert.equal(other.known, false);
  });

  it('takes numbers that are free under the global and under the dedicated key', async () => {
    const store = new NumbersInMemory();
    store.set('global', 300);
    store.set('dedicated', 1000);
    const keeper = keeperOf(store, 'global', 'dedicated');
    await keeper.ready();
    assert.equal(keeper.next(), 1000);
    assert.ok((store.get('global') as number) > 1000 && (store.get('dedicated') as number) > 1000);
  });

  it('goes a bounded step on the word of a message that nothing proves, however many of them come', async () => {
    const keeper = keeperOf(new NumbersInMemory(), 'k');
    await keeper.load();
    keeper.proven();
    for (const wanted of [0xffffffff, 0xfffffffe, UNPROVEN_STEP + 2]) {
      assert.throws(() => keeper.unproven(wanted), code('COUNTER_JUMP'));
      assert.throws(() => keeper.unproven(wanted, true), code('COUNTER_JUMP'));
    }
    keeper.unproven(UNPROVEN_STEP / 2);
    assert.throws(() => keeper.unproven(UNPROVEN_STEP + 2), code('COUNTER_JUMP'));
    keeper.proven();
    keeper.unproven(UNPROVEN_STEP + 2);
    assert.equal(keeper.position, UNPROVEN_STEP + 2);
  });

  it('believes the counter object of a meter at first, up to near the end of the key', async () => {
    const keeper = keeperOf(new NumbersInMemory(), 'k');
    await keeper.load();
    for (const wanted of [0xffffffff, 2 ** 32 - UNPROVEN_STEP + 1]) {
      assert.throws(() => keeper.unproven(wanted, true), code('COUNTER_JUMP'));
    }
    // A refusal does not reach so far, and does not take the first word from the counter object.
    assert.throws(() => keeper.unproven(50_000_000), code('COUNTER_JUMP'));
    await keeper.ready();
    keeper.next();
    keeper.unproven(50_000_000, true);
    await keeper.ready();
    assert.equal(keeper.next(), 50_000_000);
  });

  it('compares from the first proof on, also after a restart', async () => {
    const store = new NumbersInMemory();
    const first = keeperOf(store, 'k', 'x');
    await first.load();
    first.unproven(1000, true);
    first.proven();
    await first.ready();
    const second = keeperOf(store, 'k');
    await second.load();
    assert.throws(() => second.unproven(50_000_000, true), code('COUNTER_JUMP'));
  });

  it('goes as far as the user says, which is kept', async () => {
    const store = new NumbersInMemory();
    const keeper = keeperOf(store, 'k');
    await keeper.raise(invocationCounter(3_000_000_000, 'test'));
    assert.ok((store.get('k') as number) > 3_000_000_000);
    assert.equal(keeper.next(), 3_000_000_000);
  });

  it('declares the key used up before its last number', async () => {
    const store = new NumbersInMemory();
    store.set('k', 0xfffffffd);
    const keeper = keeperOf(store, 'k');
    await keeper.ready();
    assert.deepEqual(
      [keeper.next(), keeper.next()].map(n => n.toString(16)),
      ['fffffffd', 'fffffffe'],
    );
    await assert.rejects(keeper.ready(), code('KEY_USED_UP'));
    assert.throws(() => keeper.next(), code('KEY_USED_UP'));
    await assert.rejects(keeperOf(store, 'k', 'x').ready(), /4d464c0011223344.*used up/);
  });
});
