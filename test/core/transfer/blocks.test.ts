import assert from 'node:assert/strict';

import { BlockParts, splitBlocks } from '../../../src/core/transfer';
import { hex, unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const A = unhex('0102');
const B = unhex('03');
/** A spread call of so many throws RangeError. */
const MANY = 200_000;

function joined(numbers: readonly number[]): string {
  const parts = new BlockParts();
  numbers.forEach((number, i) => parts.add(number, Uint8Array.of(i + 1)));
  return hex(parts.join());
}

describe('the blocks of a long value', () => {
  it('are joined from whatever number they begin with', () => {
    assert.equal(joined([1, 2, 3]), '010203');
    assert.equal(joined([0, 1, 2]), '010203');
    assert.equal(joined([19, 20]), '0102');
  });

  it('count once when they come twice', () => {
    const parts = new BlockParts();
    assert.equal(parts.add(1, A), 'taken');
    assert.equal(parts.add(1, A), 'repeated');
    assert.equal(parts.add(2, B), 'taken');
    assert.equal(hex(parts.join()), '010203');
    assert.deepEqual([parts.bytes, parts.blocks, parts.last], [3, 2, 2]);
  });

  it('are SEGMENT_LOST when the same one comes for ever', () => {
    const parts = new BlockParts();
    parts.add(1, A);
    for (let n = 0; n < 10; n++) assert.equal(parts.add(1, A), 'repeated');
    assert.throws(() => parts.add(1, A), { code: 'SEGMENT_LOST' });
  });

  it('may end with an empty one', () => {
    const parts = new BlockParts();
    parts.add(1, A);
    assert.equal(parts.add(2, new Uint8Array(0)), 'taken');
    assert.equal(hex(parts.join()), '0102');
  });

  it('are joined though there are more than an argument list holds', () => {
    const parts = new BlockParts();
    for (let number = 1; number <= MANY; number++) parts.add(number, Uint8Array.of(number & 0xff));
    const whole = parts.join();
    assert.deepEqual([whole.length, whole[0], whole[MANY - 1]], [MANY, 1, MANY & 0xff]);
  });

  it('out of order are SEGMENT_LOST, and what was held stays', () => {
    const parts = new BlockParts();
    parts.add(1, A);
    for (const number of [0, 3, 7]) {
      assert.throws(() => parts.add(number, B), {
        detail: { code: 'SEGMENT_LOST', layer: 'block', expected: 2, got: number },
      });
    }
    assert.equal(parts.add(2, B), 'taken');
    assert.equal(hex(parts.join()), '010203');
  });

  it('are bounded in octets and in number', () => {
    const octets = new BlockParts(3);
    octets.add(1, A);
    assert.equal(
      failure(() => octets.add(2, A)),
      'LIMIT_EXCEEDED',
    );
    const blocks = new BlockParts(100, true, 2);
    blocks.add(1, new Uint8Array(0));
    blocks.add(2, new Uint8Array(0));
    assert.equal(
      failure(() => blocks.add(3, new Uint8Array(0))),
      'LIMIT_EXCEEDED',
    );
  });

  it('that flow on are counted, not held', () => {
    const parts = new BlockParts(Infinity, false);
    parts.add(1, A);
    parts.add(2, B);
    assert.deepEqual([parts.bytes, hex(parts.join())], [3, '']);
  });

  it('are copies: what the line does with its buffer later changes nothing', () => {
    const raw = unhex('aabb');
    const parts = new BlockParts();
    parts.add(1, raw);
    raw.fill(0);
    assert.equal(hex(parts.join()), 'aabb');
  });
});

describe('a value cut into blocks', () => {
  it('has its last block marked and comes together again', () => {
    for (const [length, size, blocks] of [
      [10, 4, 3],
      [8, 4, 2],
      [1, 4, 1],
      [0, 4, 1],
      [3, 0, 3],
    ] as const) {
      const value = Uint8Array.from({ length }, (_, i) => i);
      const cut = splitBlocks(value, size);
      assert.equal(cut.length, blocks);
      assert.deepEqual(
        cut.map(b => b.last),
        cut.map((_, i) => i === blocks - 1),
      );
      const parts = new BlockParts();
      for (const block of cut) parts.add(block.block, block.raw);
      assert.deepEqual(parts.join(), value);
    }
    assert.deepEqual(
      splitBlocks(A, 1, 0).map(b => b.block),
      [0, 1],
    );
  });
});
