import assert from 'node:assert/strict';

import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { hdlcStream } from '../../../src/core/framing/hdlc';
import { encodeHdlcFrame, type HdlcFrame } from '../../../src/core/framing/hdlc-frame';
import { LLC_COMMAND, SegmentJoiner, pushFrames, type Joined } from '../../../src/core/framing/hdlc-segments';
import { random, randomBytes } from '../link/random';

const destination = unhex('cf');
const source = unhex('0223');
const APDU = concat(unhex('0f00000001'), randomBytes(random(5), 300));

function frames(...bytes: Uint8Array[]): HdlcFrame[] {
  return hdlcStream()
    .receive(concat(...bytes))
    .flatMap(i => (i.type === 'hdlc' ? [i.frame] : []));
}
function join(joiner: SegmentJoiner, list: readonly HdlcFrame[]): Joined[] {
  return list.flatMap(f => joiner.receive(f));
}
function told(items: readonly Joined[]): string[] {
  return items.map(i => (i.type === 'apdu' ? `apdu ${hex(i.bytes)}` : i.error.code));
}
const cut = (apdu = APDU, maxInformation = 100): Uint8Array[] =>
  pushFrames(apdu, { destination, source, maxInformation });

describe('joining of pushed HDLC segments', () => {
  it('joins the frames of one message and strips its LLC', () => {
    assert.equal(cut().length, 4);
    assert.deepEqual(told(join(new SegmentJoiner(), frames(...cut()))), [`apdu ${hex(APDU)}`]);
  });
  it('gives a single frame on at once, with LLC of either kind or without', () => {
    for (const llc of [LLC_COMMAND, unhex('e6e700'), new Uint8Array(0)]) {
      const one = pushFrames(unhex('0f01020304'), { destination, source, llc });
      assert.deepEqual(told(join(new SegmentJoiner(), frames(...one))), ['apdu 0f01020304']);
    }
  });
  it('takes an LLC in each frame', () => {
    const parts = [unhex('0f0102'), unhex('333435'), unhex('444546')].map((part, i) =>
      encodeHdlcFrame({
        destination,
        source,
        segmented: i < 2,
        information: concat(unhex('e6e700'), part),
        control: { type: 'UI', pf: true },
      }),
    );
    assert.deepEqual(told(join(new SegmentJoiner(), frames(...parts))), ['apdu 0f0102333435444546']);
  });
  it('starts afresh with a new LLC or another station, and says what was lost', () => {
    const [first, second] = frames(...cut());
    const joiner = new SegmentJoiner();
    const items = join(joiner, [first as HdlcFrame, second as HdlcFrame, ...frames(...cut())]);
    assert.deepEqual(told(items), ['INCOMPLETE', `apdu ${hex(APDU)}`]);
    const other = pushFrames(unhex('0fff'), { destination, source: unhex('0225') });
    assert.deepEqual(told(join(joiner, [first as HdlcFrame, ...frames(...other)])), ['INCOMPLETE', 'apdu 0fff']);
  });
  it('never joins across a damaged frame', () => {
    const list = frames(...cut());
    const joiner = new SegmentJoiner();
    const items = [
      ...joiner.receive(list[0] as HdlcFrame),
      ...joiner.gap(),
      ...join(joiner, list.slice(2)),
      ...join(joiner, list),
    ];
    assert.deepEqual(told(items), ['SEGMENT_LOST', 'SEGMENT_LOST', 'SEGMENT_LOST', `apdu ${hex(APDU)}`]);
  });
  it('notices a missing number in I frames, and accepts numbers that never move', () => {
    const numbered = (numbers: readonly number[]): HdlcFrame[] =>
      frames(
        ...numbers.map((ns, i) =>
          encodeHdlcFrame({
            destination,
            source,
            segmented: i < numbers.length - 1,
            information: Uint8Array.of(0x0f, i),
            control: { type: 'I', ns, nr: 0, pf: false },
          }),
        ),
      );
    assert.deepEqual(told(join(new SegmentJoiner(), numbered([6, 7, 0]))), ['apdu 0f000f010f02']);
    assert.deepEqual(told(join(new SegmentJoiner(), numbered([0, 2, 3]))), ['SEGMENT_LOST', 'SEGMENT_LOST']);
    assert.deepEqual(told(join(new SegmentJoiner(), numbered([0, 0, 0]))), ['apdu 0f000f010f02']);
  });
  it('gives up what never ends, by silence or by size', () => {
    const joiner = new SegmentJoiner(250);
    const list = frames(...cut());
    assert.deepEqual(told(join(joiner, list)), ['LIMIT_EXCEEDED', 'SEGMENT_LOST']);
    assert.deepEqual(told(join(joiner, list.slice(0, 1))), []);
    assert.deepEqual(told(joiner.flush()), ['INCOMPLETE']);
    assert.equal(joiner.pendingBytes, 0);
  });
});
