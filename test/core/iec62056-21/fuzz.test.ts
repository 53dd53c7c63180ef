// Any bytes decode or give a DlmsError, in bounded time, and a reader always comes to an end.

import { strict as assert } from 'node:assert';

import { IecDecoder } from '../../../src/core/iec62056-21/decoder';
import { profileTable } from '../../../src/core/iec62056-21/profile';
import { IecReader } from '../../../src/core/iec62056-21/reader';
import type { ReaderEvent, ReaderOptions } from '../../../src/core/iec62056-21/reader-options';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';
import { isDlmsError } from '../../../src/core/wire/errors';
import { block } from '../../../src/sim/iec-meter';

/** mulberry32 */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SEEDS: readonly Uint8Array[] = [
  concat(fromLatin1('/MFL5\\2SIM-1\r\n'), block('F.F(00)\r\n1.6.1*01(00.12*kW)(2104070015)\r\n9.4(1*C&2*C)\r\n!\r\n')),
  fromLatin1(
    '/MFL5SIM\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(260101120000W)\r\n0-1:24.2.1(632525252525S)(00000.000)\r\n!ABCD\r\n',
  ),
  block('P.01(0260101001500)(00)(15)(2)(1.5.0)(kW)(2.5.0)(kW)\r\n(0.1)(0.2)\r\n(0.3)(0.4)\r\n'),
  concat(unhex('db08 4d464c0000000001 820040 30 00000001'), new Uint8Array(59).fill(0x5a)),
  concat(fromLatin1('\x01P0\x02()\x03`'), block('(ER01)'), Uint8Array.of(6, 21), fromLatin1('\x01B0\x03q')),
];

function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let n = Math.floor(next() * 6); n >= 0; n--) {
    const at = Math.floor(next() * out.length);
    const kind = next();
    if (kind < 0.4) out[at] = Math.floor(next() * 256);
    else if (kind < 0.6) out = concat(out.subarray(0, at), out.subarray(at + 1 + Math.floor(next() * 8)));
    else if (kind < 0.8)
      out = concat(
        out.subarray(0, at),
        Uint8Array.from({ length: 1 + Math.floor(next() * 4) }, () => Math.floor(next() * 256)),
        out.subarray(at),
      );
    else out = concat(out, SEEDS[Math.floor(next() * SEEDS.length)] ?? out);
  }
  return out;
}

describe('damaged and invented bytes', function () {
  this.timeout(30_000);
  it('decode or are a problem with a code, in 8,000 mutations', () => {
    const next = random(62056);
    for (let n = 0; n < 8_000; n++) {
      const bytes = mutate(SEEDS[n % SEEDS.length] ?? new Uint8Array(0), next);
      const decoder = new IecDecoder({
        check: n % 2 === 0 ? 'warn' : 'strict',
        medium: n % 3 === 0 ? 'heat' : 'electricity',
      });
      const size = 1 + Math.floor(next() * 40);
      const events = [];
      for (let at = 0; at < bytes.length; at += size) events.push(...decoder.receive(bytes.subarray(at, at + size)));
      events.push(...decoder.flush());
      for (const e of events) {
        if (e.type === 'problem') assert.ok(isDlmsError(e.error));
        else if (e.type === 'profile') profileTable(e.profile);
        else
          for (const r of e.telegram.readings)
            assert.ok(!Number.isNaN(r.value) && (r.time ?? '').indexOf('NaN') === -1);
      }
    }
  });
  it('let a reader come to an end, in 3,000 conversations', () => {
    const next = random(300);
    const plans: readonly ReaderOptions[] = [
      {},
      { check: 'warn' },
      { read: { what: 'registers', registers: ['1.8.0', '2.8.0'] }, password: '1' },
      { read: { what: 'profile', code: 'P.01' } },
      { mode: 'e' },
      { mode: 'a' },
    ];
    for (let n = 0; n < 3000; n++) {
      const reader = new IecReader(plans[n % plans.length]);
      let events: readonly ReaderEvent[] = reader.start().events;
      let turns = 0;
      while (!events.some(e => e.type === 'done' || e.type === 'fault')) {
        assert.ok(++turns < 2000, 'it ends');
        const silent = turns > 60 || next() < 0.4;
        const step = silent
          ? reader.timeout()
          : reader.receive(mutate(SEEDS[Math.floor(next() * SEEDS.length)] ?? new Uint8Array(1), next));
        events = step.events;
        for (const bytes of step.write) assert.ok(!/^\x01[WE]/.test(String.fromCharCode(...bytes)), 'nothing writes');
      }
    }
  });
});
