// Batches of records: read as they are sent, in any pieces, and told where something in them is damaged.

import assert from 'node:assert/strict';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import type { Unpacked } from '../../../src/core/push/batch';
import { concat, fromLatin1, hex, latin1, unhex } from '../../../src/core/wire/hex';
import { recordBatches } from '../../../src/nodes/lib/containers';

const varint = (n: number): Uint8Array =>
  n < 0x80 ? Uint8Array.of(n) : concat(Uint8Array.of((n & 0x7f) | 0x80), varint(Math.floor(n / 0x80)));
const field = (tag: number, bytes: Uint8Array): Uint8Array => concat(Uint8Array.of(tag), varint(bytes.length), bytes);
const record = (data: Uint8Array, length?: number): Uint8Array =>
  field(
    0x12,
    concat(
      concat(Uint8Array.of(0x09), unhex('97748e40a0000000')),
      field(0x12, fromLatin1('P1')),
      field(0x1a, data),
      length === undefined ? new Uint8Array(0) : concat(Uint8Array.of(0x20), varint(length)),
    ),
  );
const head = (number = 44252): Uint8Array => concat(Uint8Array.of(0x08), varint(number), unhex('1801'));
const text = (n: number): Uint8Array =>
  fromLatin1(`/SIM5METER\r\n\r\n1-0:1.8.0(${String(n).padStart(9, '0')}*kWh)\r\n!\r\n`);

/** Parts of one zlib stream, each flushed. */
function packed(texts: readonly Uint8Array[]): Uint8Array[] {
  let before: Uint8Array = new Uint8Array(0);
  return texts.map((each, i) => {
    const flushed = deflateRawSync(each, {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(i === 0 ? {} : { dictionary: before }),
    });
    before = concat(before, each);
    return i === 0 ? concat(unhex('789c'), flushed) : flushed;
  });
}
const batchOf = (texts: readonly Uint8Array[], lengths = true): Uint8Array =>
  concat(head(), ...packed(texts).map((part, i) => record(part, lengths ? texts[i]?.length : undefined)));

function unpack(chunks: readonly Uint8Array[], idle = true): string[] {
  const batches = recordBatches();
  const told = (each: Unpacked): string =>
    'error' in each ? each.error.message : `${each.record ? 'record' : 'bytes'} ${latin1(each.bytes)}`;
  return [...chunks.flatMap(chunk => [...batches.receive(chunk, idle)]), ...batches.flush()].map(told);
}
const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
const wanted = (...texts: Uint8Array[]): string[] => texts.map(each => `record ${latin1(each)}`);

describe('batches of records', () => {
  const texts = [text(1), text(22), text(333)];
  const plain = concat(head(), ...texts.map(each => record(each)));

  for (const [what, bytes] of [
    ['as they are', plain],
    ['in one zlib stream', batchOf(texts)],
    ['in one zlib stream, without lengths', batchOf(texts, false)],
    ['without a version', concat(unhex('0805'), plain.subarray(head().length))],
  ] as const) {
    it(`hold telegrams ${what}, in any pieces, one batch behind another`, () => {
      for (const size of [1, 13, bytes.length]) {
        assert.deepEqual(unpack(cut(bytes, size)), wanted(...texts), `${size}`);
        assert.deepEqual(unpack(cut(concat(bytes, bytes), size)), wanted(...texts, ...texts), `${size}`);
      }
    });
  }

  it('may end their stream, and hold frames that look like the beginning of one', () => {
    assert.deepEqual(unpack([concat(head(), record(deflateSync(text(1)), text(1).length))]), wanted(text(1)));
    // An M-Bus frame whose length makes a zlib header of its start octet.
    const mbus = unhex('6805056853ff000106ff16');
    assert.deepEqual(unpack([concat(head(), record(mbus))]), wanted(mbus));
    assert.deepEqual(unpack([concat(head(), record(deflateSync(text(1))))]), wanted(text(1)));
    const damaged = deflateSync(text(1));
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    assert.match(unpack([concat(head(), record(damaged, text(1).length))])[0] ?? '', /check sum/);
    // They inflate, but neither to an end with its check sum nor to a flush.
    for (const each of ['484b5267e2de0e', '38cb73103b5bfd']) {
      for (const length of [undefined, 7]) {
        assert.deepEqual(
          unpack([concat(head(), record(unhex(each), length), record(text(1)))]),
          wanted(unhex(each), text(1)),
        );
      }
    }
  });

  it('take a time that grows with them, octet by octet', () => {
    const [little, much] = [15_000, 60_000].map(size => {
      const bytes = concat(head(), record(new Uint8Array(size).fill(0x2f)));
      const batches = recordBatches();
      const began = process.cpuUsage().user;
      for (let i = 0; i < bytes.length; i++) batches.receive(bytes.subarray(i, i + 1), true);
      return process.cpuUsage().user - began;
    }) as [number, number];
    // Four times the octets: 16 times the time when all of them are copied with each.
    assert.ok(much < 10 * little + 20_000, `${little} us and ${much} us`);
  });

  it('are looked for only where nothing else has begun', () => {
    assert.deepEqual(unpack([plain], false), [`bytes ${latin1(plain)}`]);
    for (const other of ['08', '0801', '08011801', '080112', '0801120f0a', '7ea0', '08ffffffffffff']) {
      assert.deepEqual(unpack([unhex(other)]), [`bytes ${latin1(unhex(other))}`], other);
      assert.deepEqual(
        unpack(cut(unhex(other), 1))
          .join('')
          .replace(/bytes /g, ''),
        latin1(unhex(other)),
        other,
      );
    }
  });

  it('that break off are told, and the next one is read', () => {
    const cutOff = batchOf(texts).subarray(0, -5);
    for (const chunks of [[cutOff], [cutOff, batchOf(texts)]]) {
      const events = unpack(chunks);
      assert.deepEqual(events.slice(0, 2), wanted(...texts.slice(0, 2)));
      assert.match(events[2] ?? '', /batch of records is incomplete after \d+ bytes/);
      assert.deepEqual(events.slice(3), chunks.length === 1 ? [] : wanted(...texts));
    }
  });

  it('tell of a record that is damaged, and of those that cannot be opened without it', () => {
    const [first = unhex(''), second = unhex(''), third = unhex('')] = packed(texts);
    const broken = second.slice();
    // A block of a type that there is not.
    broken[0] = 0x07;
    const length = (i: number): number | undefined => texts[i]?.length;
    const events = unpack([
      concat(head(), record(first, length(0)), record(broken, length(1)), record(third, length(2))),
      batchOf(texts),
    ]);
    assert.deepEqual(events.slice(0, 1), wanted(text(1)));
    assert.match(events[1] ?? '', /record of a batch/);
    assert.match(events[2] ?? '', /the beginning of its stream was lost/);
    assert.deepEqual(events.slice(3), wanted(...texts));
    assert.match(unpack([concat(head(), record(first, 5))])[0] ?? '', /more than the limit|announced/);
    assert.match(unpack([concat(head(), record(first, 500))])[0] ?? '', /octets where 500 are announced/);
  });

  it('that inflate without end are refused, and need no memory for it', () => {
    const bomb = deflateSync(Buffer.alloc(50_000_000));
    const before = process.memoryUsage().arrayBuffers;
    for (const length of [undefined, 50_000_000, 65_000]) {
      assert.match(
        unpack([concat(head(), record(bomb, length))])[0] ?? '',
        /inflated record of a batch: \d+ is more than the limit/,
      );
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 5_000_000);
    const full = new Uint8Array(60_000);
    const events = unpack([batchOf(Array.from({ length: 20 }, () => full))]);
    assert.equal(events.filter(each => each.startsWith('record \0')).length, 17);
    assert.match(events[17] ?? '', /limit/);
    assert.match(unpack([concat(head(), unhex('12ffffff0f'), unhex('09'))])[0] ?? '', /^bytes/);
  });

  it('keep the octets of what cannot be opened', () => {
    const bytes = concat(head(), record(unhex('789c00'), 10));
    const [event] = recordBatches().receive(bytes, true);
    assert.ok(event !== undefined && 'error' in event);
    assert.equal(hex(event.bytes), hex(bytes.subarray(head().length + 2)));
  });
});
