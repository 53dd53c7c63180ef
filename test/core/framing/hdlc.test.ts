import assert from 'node:assert/strict';

import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { hdlcStream, type HdlcFramed } from '../../../src/core/framing/hdlc';
import { decodeControl, decodeHdlcFrame, encodeControl, encodeHdlcFrame } from '../../../src/core/framing/hdlc-frame';
import type { Dropped } from '../../../src/core/framing/noise';
import type { FrameStream } from '../../../src/core/framing/stream';
import { random, randomBytes } from '../link/random';

type Item = HdlcFramed | Dropped;

const CLIENT = unhex('21');
const SERVER = unhex('0223');

/** A UI frame of invented contents. */
function ui(information: Uint8Array, segmented = false): Uint8Array {
  return encodeHdlcFrame({
    destination: CLIENT,
    source: SERVER,
    information,
    segmented,
    control: { type: 'UI', pf: true },
  });
}

/** "frame <information>" and "dropped <bytes> <code>", so that a whole run compares as text. */
function told(items: readonly Item[]): string[] {
  return items.map(i =>
    i.type === 'hdlc' ? `frame ${hex(i.frame.information)}` : `dropped ${hex(i.bytes)} ${i.error.code}`,
  );
}

function feed(deframer: FrameStream<HdlcFramed>, bytes: Uint8Array, size: number): Item[] {
  const out: Item[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...deframer.receive(bytes.subarray(at, at + size)));
  return out;
}

const A = ui(unhex('e6e7000f0102'));
const B = ui(unhex('e6e7000f7e7e7d'));
const FLAG = unhex('7e');

describe('hdlc frame', () => {
  it('writes what the standard says and reads it back', () => {
    const snrm = encodeHdlcFrame({ destination: SERVER, source: CLIENT, control: { type: 'SNRM', pf: true } });
    assert.equal(hex(snrm), '7ea00802232193bd647e');
    const frame = decodeHdlcFrame(snrm.subarray(1, -1));
    assert.deepEqual(frame.destination, { logical: 1, physical: 17 });
    assert.deepEqual(frame.source, { logical: 16, physical: null });
    assert.deepEqual(frame.control, { type: 'SNRM', pf: true });
  });
  it('gives every control octet back as it was', () => {
    for (let octet = 0; octet < 256; octet++) assert.equal(encodeControl(decodeControl(octet)), octet);
  });
  it('refuses a length field that does not fit, and a frame cut anywhere', () => {
    const inner = A.subarray(1, -1);
    for (let n = 0; n < inner.length; n++) {
      assert.throws(() => decodeHdlcFrame(inner.subarray(0, n)), { code: 'HDLC_FRAME' });
    }
  });
  it('names the wrong check sequence with both values', () => {
    const inner = A.slice(1, -1);
    inner[inner.length - 1] = (inner[inner.length - 1] as number) ^ 1;
    assert.throws(() => decodeHdlcFrame(inner), {
      code: 'HDLC_FCS',
      message: /^hdlc frame: FCS 0x.... does not match 0x/,
    });
    inner[6] = (inner[6] as number) ^ 1;
    assert.throws(() => decodeHdlcFrame(inner), { code: 'HDLC_FCS', message: /HCS/ });
  });
  it('refuses to write more than 11 bits of length', () => {
    assert.throws(() => ui(new Uint8Array(2048)), { code: 'LIMIT_EXCEEDED' });
  });
});

describe('hdlc deframer', () => {
  const good = ['frame e6e7000f0102', 'frame e6e7000f7e7e7d'];
  const streams: [string, Uint8Array, string[]][] = [
    ['two frames with a flag each', concat(A, B), good],
    ['a shared flag', concat(A, B.subarray(1)), good],
    ['flag fill before, between and after', concat(FLAG, FLAG, A, FLAG, FLAG, FLAG, B, FLAG), good],
    [
      'garbage before, between and after',
      concat(unhex('00ff55'), A, unhex('123456'), B, unhex('a00102')),
      [
        'dropped 00ff55 HDLC_FRAME',
        good[0] as string,
        'dropped 7e123456 HDLC_FRAME',
        good[1] as string,
        'dropped 7ea00102 HDLC_FRAME',
      ],
    ],
    ['a frame without closing flag before the next', concat(A.subarray(0, -1), B), good],
    ['a frame without closing flag at the end', A.subarray(0, -1), [good[0] as string]],
    [
      'a cut frame whose length reaches into the next',
      concat(ui(new Uint8Array(40)).subarray(0, 20), A, B),
      [`dropped ${hex(ui(new Uint8Array(40)).subarray(0, 20))} HDLC_FCS`, ...good],
    ],
    ['nothing but flags', concat(FLAG, FLAG, FLAG), []],
    ['a wrong format', unhex('7e30aa7e'), ['dropped 7e30aa HDLC_FRAME']],
    ['a frame that breaks off', A.subarray(0, 12), [`dropped ${hex(A.subarray(0, 12))} INCOMPLETE`]],
  ];
  for (const [name, bytes, want] of streams) {
    it(`takes ${name}, however it is cut`, () => {
      for (const size of [1, 2, 3, 7, bytes.length]) {
        const deframer = hdlcStream();
        assert.deepEqual(told([...feed(deframer, bytes, size), ...deframer.flush()]), want, `chunks of ${size}`);
      }
    });
  }

  it('reports a damaged frame as soon as its closing flag is there, with its bytes', () => {
    const bad = A.slice();
    bad[12] = (bad[12] as number) ^ 0x40;
    const deframer = hdlcStream();
    const items = feed(deframer, bad, 1);
    assert.deepEqual(told(items), [`dropped ${hex(bad.subarray(0, -1))} HDLC_FCS`]);
    assert.deepEqual(told(deframer.receive(A)), [good[0]]);
  });

  it('takes a frame whose check sequence is or ends in 7E', () => {
    let seen = 0;
    for (let n = 0; n < 0x10000 && seen < 3; n++) {
      const frame = ui(Uint8Array.of(n >> 8, n & 0xff));
      const [low, high] = [frame[frame.length - 3], frame[frame.length - 2]];
      if (high !== 0x7e && low !== 0x7e) continue;
      seen++;
      for (const size of [1, frame.length]) {
        const deframer = hdlcStream();
        assert.equal(feed(deframer, concat(frame, A), size).filter(i => i.type === 'hdlc').length, 2);
      }
    }
    assert.equal(seen, 3);
  });

  it('lets wrong and zeroed checks pass, marked, when told to warn', () => {
    const zeroed = A.slice();
    zeroed.set([0, 0], zeroed.length - 3);
    zeroed.set([0, 0], 7);
    assert.equal(
      hdlcStream()
        .receive(concat(zeroed, A))
        .filter(i => i.type === 'hdlc').length,
      1,
    );
    const [item] = hdlcStream('warn').receive(zeroed);
    assert.ok(item?.type === 'hdlc');
    assert.equal(item.frame.check, 'wrong');
    const [fine] = hdlcStream('warn').receive(A);
    assert.ok(fine?.type === 'hdlc' && fine.frame.check === 'ok');
  });

  it('bounds what it keeps of endless noise and gives all of it back', () => {
    const noise = randomBytes(random(7), 100_000).map(b => (b === 0x7e ? 0 : b));
    const deframer = hdlcStream();
    const items = [...feed(deframer, noise, 1000), ...deframer.flush()];
    assert.ok(items.length > 40 && items.every(i => i.type === 'dropped' && i.bytes.length <= 2048));
    assert.equal(hex(concat(...items.map(i => (i.type === 'dropped' ? i.bytes : FLAG)))), hex(noise));
  });

  it('finds every good frame among mutated ones and loses no byte', () => {
    const rnd = random(42);
    for (let round = 0; round < 300; round++) {
      const parts: Uint8Array[] = [];
      let frames = 0;
      for (let n = 0; n < 6; n++) {
        const kind = rnd(4);
        if (kind === 0) parts.push(randomBytes(rnd, rnd(30)).map(b => (b === 0x7e ? 1 : b)));
        else {
          parts.push(ui(randomBytes(rnd, rnd(60) + 1)));
          frames++;
        }
      }
      const bytes = concat(...parts);
      const deframer = hdlcStream();
      const items = [...feed(deframer, bytes, rnd(20) + 1), ...deframer.flush()];
      assert.equal(items.filter(i => i.type === 'hdlc').length, frames, `round ${round}`);
    }
  });

  it('never throws on anything, whole or bytewise with the same result', () => {
    const rnd = random(3);
    for (let round = 0; round < 300; round++) {
      const bytes = concat(A, ui(randomBytes(rnd, 50)), B);
      for (let n = rnd(6); n > 0; n--) bytes[rnd(bytes.length)] = rnd(3) === 0 ? 0x7e : rnd(256);
      for (const crc of ['strict', 'warn'] as const) {
        const [one, all] = [hdlcStream(crc), hdlcStream(crc)];
        const bytewise = told([...feed(one, bytes, 1), ...one.flush()]);
        assert.deepEqual(bytewise, told([...all.receive(bytes), ...all.flush()]));
      }
    }
  });

  it('needs no more for garbage than a small multiple of what valid frames need', () => {
    const size = 400_000;
    const valid = concat(...Array.from({ length: 400 }, () => ui(new Uint8Array(1000))));
    const kinds: Uint8Array[] = [
      randomBytes(random(1), size),
      new Uint8Array(size).fill(0x7e),
      concat(...Array.from({ length: size / 4 }, () => unhex('7ea7ff03'))),
      concat(...Array.from({ length: size / 8 }, () => ui(unhex('00')).subarray(0, 8))),
    ];
    const cost = (bytes: Uint8Array): number => {
      let best = Infinity;
      for (let n = 0; n < 3; n++) {
        const start = process.hrtime.bigint();
        feed(hdlcStream(), bytes, 1024);
        best = Math.min(best, Number(process.hrtime.bigint() - start));
      }
      return best / bytes.length;
    };
    cost(valid);
    const yardstick = cost(valid);
    // A quadratic search would be thousands of times dearer; the exact ratio is the benchmark's business.
    for (const [i, bytes] of kinds.entries()) assert.ok(cost(bytes) < 200 * yardstick, `kind ${i}`);
  });
});
