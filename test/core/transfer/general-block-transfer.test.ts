import assert from 'node:assert/strict';

import type { GeneralBlockTransfer } from '../../../src/core/apdu';
import { GeneralBlockReceiver, GeneralBlockSender, type GbtTaken } from '../../../src/core/transfer';
import { hex, unhex } from '../../../src/core/wire/hex';
import { seeded } from '../../feed';

const APDU = Uint8Array.from({ length: 100 }, (_, i) => i);
const PUSHED = new GeneralBlockSender(APDU, 30).stream();

/** What came of the blocks: octets of APDUs and codes of errors, in order. */
function outcome(receiver: GeneralBlockReceiver, blocks: readonly GeneralBlockTransfer[]): string[] {
  return blocks.flatMap(block => {
    const { apdu, error, reply } = receiver.take(block);
    assert.equal(reply, null);
    return [...(error === null ? [] : [error.code]), ...(apdu === null ? [] : [hex(apdu)])];
  });
}

const pushed = (...numbers: readonly number[]): GeneralBlockTransfer[] =>
  numbers.map(n => PUSHED[n - 1] as GeneralBlockTransfer);
const WHOLE = hex(APDU);
const push = (): GeneralBlockReceiver => new GeneralBlockReceiver({ confirmed: false });

describe('a push in general blocks', () => {
  it('is streamed with numbers from one, the last block marked', () => {
    assert.deepEqual(
      PUSHED.map(b => [b.block, b.last, b.streaming, b.window, b.acknowledged, b.data.length]),
      [
        [1, false, true, 0, 0, 30],
        [2, false, true, 0, 0, 30],
        [3, false, true, 0, 0, 30],
        [4, true, true, 0, 0, 10],
      ],
    );
  });

  it('is joined, again and again', () => {
    assert.deepEqual(outcome(push(), pushed(1, 2, 3, 4, 1, 2, 3, 4)), [WHOLE, WHOLE]);
  });

  it('counts a repeated block once', () => {
    assert.deepEqual(outcome(push(), pushed(1, 1, 2, 2, 3, 4, 4, 1, 2, 3, 4)), [WHOLE, WHOLE]);
  });

  it('is not joined with another one that has a block of the same number', () => {
    const other = { ...(PUSHED[1] as GeneralBlockTransfer), data: new Uint8Array(30) };
    assert.deepEqual(outcome(push(), [...pushed(1, 2), other, ...pushed(3, 4, 1, 2, 3, 4)]), ['SEGMENT_LOST', WHOLE]);
    const ending = { ...(PUSHED[1] as GeneralBlockTransfer), last: true };
    assert.deepEqual(outcome(push(), [...pushed(1, 2), ending, ...pushed(3, 4)]), ['SEGMENT_LOST']);
  });

  it('does not take the end of another one for its own end again', () => {
    const other = { ...(PUSHED[3] as GeneralBlockTransfer), data: new Uint8Array(10) };
    assert.deepEqual(outcome(push(), [...pushed(1, 2, 3, 4), other, ...pushed(1, 2, 3, 4)]), [
      WHOLE,
      'SEGMENT_LOST',
      WHOLE,
    ]);
  });

  it('is joined though it has more blocks than an argument list holds', () => {
    const receiver = push();
    const first = PUSHED[0] as GeneralBlockTransfer;
    const many = 200_000;
    let apdu: Uint8Array | null = null;
    for (let block = 1; block <= many; block++) {
      apdu = receiver.take({ ...first, block, last: block === many, data: Uint8Array.of(block & 0xff) }).apdu;
    }
    assert.deepEqual([apdu?.length, apdu?.[many - 1]], [many, many & 0xff]);
  });

  it('with a gap is SEGMENT_LOST once, and nothing until the next one begins', () => {
    assert.deepEqual(outcome(push(), pushed(1, 3, 4, 2, 1, 2, 3, 4)), ['SEGMENT_LOST', WHOLE]);
  });

  it('is SEGMENT_LOST where we came in the middle', () => {
    assert.deepEqual(outcome(push(), pushed(3, 4, 1, 2, 3, 4)), ['SEGMENT_LOST', WHOLE]);
  });

  it('is INCOMPLETE where another one begins before it ended', () => {
    assert.deepEqual(outcome(push(), pushed(1, 2, 1, 2, 3, 4)), ['INCOMPLETE', WHOLE]);
  });

  it('of one block held gives way to another first block, but not to itself', () => {
    const other = { ...(PUSHED[0] as GeneralBlockTransfer), data: unhex('ff') };
    assert.deepEqual(outcome(push(), [other, ...pushed(1, 2, 3, 4)]), ['INCOMPLETE', WHOLE]);
    assert.deepEqual(outcome(push(), pushed(1, 1, 2, 3, 4)), [WHOLE]);
  });

  it('may count from nought', () => {
    const fromNought = PUSHED.map(b => ({ ...b, block: b.block - 1 }));
    assert.deepEqual(outcome(push(), [...fromNought, ...fromNought]), [WHOLE, WHOLE]);
  });

  it('is bounded in octets and in blocks, and the next one is received again', () => {
    const octets = new GeneralBlockReceiver({ confirmed: false, limitBytes: 99 });
    assert.deepEqual(outcome(octets, pushed(1, 2, 3, 4)), ['LIMIT_EXCEEDED']);
    const blocks = new GeneralBlockReceiver({ confirmed: false, limitBlocks: 3 });
    assert.deepEqual(outcome(blocks, pushed(1, 2, 3, 4)), ['LIMIT_EXCEEDED']);
    assert.equal(blocks.pending, 0);
    const short = { ...(PUSHED[0] as GeneralBlockTransfer), last: true };
    assert.deepEqual(outcome(blocks, [short]), [hex(short.data)]);
  });

  it('is forgotten on reset', () => {
    const receiver = push();
    outcome(receiver, pushed(1, 2));
    assert.equal(receiver.pending, 60);
    receiver.reset();
    assert.equal(receiver.pending, 0);
    assert.deepEqual(outcome(receiver, pushed(1, 2, 3, 4)), [WHOLE]);
  });

  it('in any order gives the APDU or an error, never another APDU', () => {
    const random = seeded(11);
    for (let round = 0; round < 2000; round++) {
      const numbers = Array.from({ length: 1 + random(12) }, () => 1 + random(4));
      for (const said of outcome(push(), pushed(...numbers))) {
        assert.match(said, new RegExp(`^(${WHOLE}|SEGMENT_LOST|INCOMPLETE)$`));
      }
    }
  });
});

/** A server that sends in windows and a client that acknowledges; `lost` decides which block does not arrive. */
function dialogue(windowSize: number, lost: (round: number, block: number) => boolean, rounds = 50): GbtTaken | null {
  const sender = new GeneralBlockSender(APDU, 7, windowSize);
  const receiver = new GeneralBlockReceiver({ confirmed: true, window: windowSize });
  for (let round = 0; round < rounds; round++) {
    let reply: GeneralBlockTransfer | null = null;
    for (const block of sender.nextWindow(windowSize)) {
      if (lost(round, block.block)) continue;
      const taken = receiver.take(block);
      if (taken.apdu !== null || taken.error !== null) return taken;
      reply = taken.reply ?? reply;
    }
    if (reply === null) return null;
    sender.acknowledge(reply);
  }
  return null;
}

describe('a confirmed general block transfer', () => {
  for (const window of [1, 2, 5, 63]) {
    it(`with a window of ${window} comes over`, () => {
      assert.deepEqual(dialogue(window, () => false)?.apdu, APDU);
    });
  }

  it('asks again for what was lost within a window', () => {
    assert.deepEqual(dialogue(5, (round, block) => round === 0 && (block === 2 || block === 3))?.apdu, APDU);
    assert.deepEqual(dialogue(5, (round, block) => round === 1 && block === 7)?.apdu, APDU);
    assert.deepEqual(dialogue(3, (round, block) => round === 0 && block === 1)?.apdu, APDU);
  });

  it('gives up with SEGMENT_LOST when a block never comes', () => {
    assert.equal(dialogue(5, (_, block) => block === 3)?.error?.code, 'SEGMENT_LOST');
  });

  it('acknowledges at the end of a window with a block of its own that carries nothing', () => {
    const sender = new GeneralBlockSender(APDU, 10, 3);
    const receiver = new GeneralBlockReceiver({ confirmed: true, window: 3 });
    const replies = [...sender.nextWindow(3), ...sender.nextWindow(3)].map(b => receiver.take(b).reply);
    assert.deepEqual(
      replies.map(r => r && [r.block, r.acknowledged, r.last, r.streaming, r.window, r.data.length]),
      [null, null, [1, 3, true, false, 3, 0], null, null, [2, 6, true, false, 3, 0]],
    );
  });

  it('sends an empty APDU as one empty last block', () => {
    const [only] = new GeneralBlockSender(new Uint8Array(0), 10).stream();
    assert.deepEqual([only?.block, only?.last, only?.data.length], [1, true, 0]);
  });
});
