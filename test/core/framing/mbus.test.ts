import assert from 'node:assert/strict';

import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { MbusFraming, type MbusFramed } from '../../../src/core/framing/mbus';
import { MbusJoiner, mbusFrames, type MbusJoined } from '../../../src/core/framing/mbus-segments';
import type { Dropped } from '../../../src/core/framing/noise';
import { FrameStream } from '../../../src/core/framing/stream';
import { random, randomBytes } from '../link/random';

type Told = MbusJoined | Dropped;

/** Frames and their segments as push joins them. */
class MbusDeframer {
  readonly #stream = new FrameStream([new MbusFraming()], { outside: { code: 'MBUS_FRAME', reason: 'outside' } });
  readonly #joiner: MbusJoiner;

  constructor(limitBytes?: number) {
    this.#joiner = new MbusJoiner(limitBytes);
  }
  receive(chunk: Uint8Array): Told[] {
    return this.#joined(this.#stream.receive(chunk));
  }
  flush(): Told[] {
    return [...this.#joined(this.#stream.flush()), ...this.#joiner.flush()];
  }
  #joined(items: readonly (MbusFramed | Dropped)[]): Told[] {
    return items.flatMap((i): Told[] => (i.type === 'dropped' ? [i] : this.#joiner.receive(i.octets)));
  }
}

const SHORT = unhex('0f000000010002010600');
const LONG = concat(unhex('db08'), randomBytes(random(9), 400));

function told(items: readonly Told[]): string[] {
  return items.map(i => (i.type === 'apdu' ? `apdu ${hex(i.bytes)}` : `${i.type} ${i.error.code}`));
}
function run(bytes: Uint8Array, size = bytes.length): string[] {
  const deframer = new MbusDeframer();
  const out: Told[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...deframer.receive(bytes.subarray(at, at + size)));
  return told([...out, ...deframer.flush()]);
}

describe('m-bus deframer', () => {
  const [head, tail] = mbusFrames(LONG) as [Uint8Array, Uint8Array];
  // Sagemcom T210-D, older firmware: 257 octets of user data, length field 01.
  const [wrapped, rest] = mbusFrames(LONG, 252) as [Uint8Array, Uint8Array];
  const damaged = head.slice();
  damaged[30] = (damaged[30] as number) ^ 1;
  const rows: [string, Uint8Array, string[]][] = [
    ['a single frame', concat(...mbusFrames(SHORT)), [`apdu ${hex(SHORT)}`]],
    ['a message in two frames', concat(head, tail), [`apdu ${hex(LONG)}`]],
    ['a length field modulo 256', concat(wrapped, rest), [`apdu ${hex(LONG)}`]],
    [
      'noise around and between',
      concat(unhex('e568681600'), head, unhex('6801'), tail, unhex('ff68')),
      ['dropped MBUS_FRAME', 'dropped MBUS_FRAME', `apdu ${hex(LONG)}`, 'dropped INCOMPLETE'],
    ],
    [
      'the end without its beginning',
      concat(tail, ...mbusFrames(SHORT)),
      ['problem SEGMENT_LOST', `apdu ${hex(SHORT)}`],
    ],
    [
      'the beginning without its end',
      concat(head, ...mbusFrames(SHORT)),
      ['problem SEGMENT_LOST', `apdu ${hex(SHORT)}`],
    ],
    [
      'a wrong checksum',
      concat(damaged, tail, ...mbusFrames(SHORT)),
      ['dropped MBUS_CHECKSUM', 'problem SEGMENT_LOST', `apdu ${hex(SHORT)}`],
    ],
    ['a frame that breaks off', head.subarray(0, 100), ['dropped INCOMPLETE']],
    ['a beginning that stays alone', head, ['problem INCOMPLETE']],
    ['another M-Bus application', unhex('680606680801720000007b16'), ['problem MBUS_FRAME']],
  ];
  for (const [name, bytes, want] of rows) {
    it(`takes ${name}, however it is cut`, () => {
      for (const size of [1, 2, 5, 64, bytes.length]) assert.deepEqual(run(bytes, size), want, `chunks of ${size}`);
    });
  }
  it('wraps the length field as the meter does', () => {
    assert.equal(wrapped.length, 263);
    assert.equal(hex(wrapped.subarray(0, 4)), '68010168');
  });
  it('keeps quiet about what a master and its meters say between long frames, and takes nothing else for it', () => {
    const between = unhex('1040014116 e5 105b015c16'.replaceAll(' ', ''));
    const [frame] = mbusFrames(SHORT) as [Uint8Array];
    for (const bytes of [concat(between, frame, between, frame), concat(frame, between, unhex('e5e5'), frame)]) {
      for (const size of [1, 3, bytes.length]) assert.deepEqual(run(bytes, size), Array(2).fill(`apdu ${hex(SHORT)}`));
    }
    for (const size of [1, 5]) {
      assert.deepEqual(run(between.subarray(0, 5), size), []);
      assert.deepEqual(run(unhex('1040014216'), size), ['dropped MBUS_FRAME'], 'a wrong check sum');
      assert.deepEqual(run(unhex('1040014117'), size), ['dropped MBUS_FRAME'], 'no stop octet');
    }
    assert.deepEqual(run(unhex('e501'), 1), ['dropped MBUS_FRAME'], 'an octet alone is no acknowledgement');
  });
  it('numbers segments modulo 16 and joins more than sixteen', () => {
    const many = randomBytes(random(2), 500);
    assert.deepEqual(run(concat(...mbusFrames(many, 20)), 7), [`apdu ${hex(many)}`]);
  });
  it('bounds a message that never ends', () => {
    const deframer = new MbusDeframer(1000);
    const frames = mbusFrames(randomBytes(random(2), 5000)).slice(0, 8);
    assert.ok(told(frames.flatMap(f => deframer.receive(f))).includes('problem LIMIT_EXCEEDED'));
  });
  it('never throws, finds the frame behind the damage, and is the same bytewise', () => {
    const rnd = random(11);
    for (let round = 0; round < 300; round++) {
      const noisy = concat(head, tail, ...mbusFrames(SHORT));
      for (let n = rnd(6); n > 0; n--) noisy[rnd(noisy.length)] = rnd(3) === 0 ? 0x68 : rnd(256);
      const bytes = concat(noisy, new Uint8Array(600), ...mbusFrames(SHORT));
      const whole = run(bytes);
      assert.deepEqual(run(bytes, 1), whole);
      assert.equal(whole.at(-1), `apdu ${hex(SHORT)}`);
    }
  });
});
