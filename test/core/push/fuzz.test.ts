// Invariant: any bytes give telegrams or problems, never another error, within bounded time; a telegram whose tag was
// verified, or that passed a check sum, says what was sent.

import assert from 'node:assert/strict';
import { PushDecoder } from '../../../src/core/push';
import { concat } from '../../../src/core/wire/hex';
import { PUSH_FORMATS, pushBytes, type PushFormat } from '../../../src/sim/push-source';
import { feed, generator, settingsFor, telegramsOf, type TelegramEvent } from './feeding';

const ROUNDS = 150;

describe('push decoder under mutation, fixed seeds', () => {
  PUSH_FORMATS.forEach((format, index) => {
    it(`survives ${ROUNDS} mutations of ${format.name}`, () => {
      const original = pushBytes(format, { counter: 7 });
      const options = settingsFor(format);
      const truth = valuesOf(telegramsOf(feed(options, [original]))[0] as TelegramEvent);
      const random = generator(0x5eed + index);
      for (let round = 0; round < ROUNDS; round++) {
        const mutant = mutate(original, random);
        for (const event of feed(options, cut(mutant, random))) {
          assert.equal(
            typeof (event.type === 'problem' ? event.error.message : event.telegram.readings.length),
            event.type === 'problem' ? 'string' : 'number',
          );
          if (event.type !== 'telegram' || !mustBeTrue(format, event)) continue;
          for (const value of valuesOf(event)) assert.ok(truth.has(value), `round ${round}: ${value} was never sent`);
        }
      }
    });
  });

  it('takes bounded time for anything', () => {
    const random = generator(99);
    const from = performance.now();
    for (let round = 0; round < 40; round++) {
      const garbage = Uint8Array.from({ length: 8192 }, () => LIKELY[Math.floor(random() * LIKELY.length)] as number);
      const decoder = new PushDecoder({ idleMs: 100 });
      decoder.receive(garbage);
      const { waitMs } = decoder.timeout();
      assert.equal(waitMs, null);
    }
    // 320 KiB of nothing but false beginnings; minutes would be needed if anything were quadratic.
    assert.ok(performance.now() - from < 10_000);
  });

  it('goes on after anything', () => {
    const random = generator(7);
    const decoder = new PushDecoder();
    const good = pushBytes(PUSH_FORMATS.find(f => f.name === 'kamstrup-list-2') as PushFormat);
    for (let round = 0; round < 300; round++) {
      const garbage = Uint8Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.floor(random() * 256));
      decoder.receive(garbage);
      decoder.timeout();
      assert.equal(telegramsOf(decoder.receive(good).events).length, 1, `round ${round}`);
    }
  });
});

/** What was checked by a tag or by HDLC's check sequence; eight bits of an M-Bus check sum let one in 256 through. */
function mustBeTrue(format: PushFormat, event: TelegramEvent): boolean {
  if (event.origin.authenticated === true) return true;
  return event.origin.framing === 'hdlc' && event.origin.checksum === 'ok' && format.carriage.link === 'hdlc';
}

function valuesOf(event: TelegramEvent): Set<string> {
  return new Set(event.telegram.readings.map(r => `${r.obis ?? r.position} ${String(r.value)} ${r.unit}`));
}

function mutate(original: Uint8Array, random: () => number): Uint8Array {
  let bytes: Uint8Array = original.slice();
  const at = (length = bytes.length): number => Math.floor(random() * length);
  for (let n = 1 + at(3); n > 0; n--) {
    switch (at(7)) {
      case 0:
        bytes[at()] = at(256);
        break;
      case 1: {
        const i = at();
        bytes[i] = (bytes[i] as number) ^ (1 << at(8));
        break;
      }
      case 2:
        bytes = bytes.slice(0, at());
        break;
      case 3: {
        const i = at();
        bytes = concat(bytes.subarray(0, i), bytes.subarray(i + 1 + at(8)));
        break;
      }
      case 4: {
        const i = at();
        bytes = concat(bytes.subarray(0, i), Uint8Array.of(LIKELY[at(LIKELY.length)] as number), bytes.subarray(i));
        break;
      }
      case 5: {
        const [i, j] = [at(), at()];
        bytes = concat(bytes, bytes.subarray(Math.min(i, j), Math.max(i, j)));
        break;
      }
      default:
        bytes = concat(bytes.subarray(at()), bytes);
    }
    if (bytes.length === 0) bytes = original.slice(0, 1);
  }
  return bytes;
}

function cut(bytes: Uint8Array, random: () => number): Uint8Array[] {
  if (random() < 0.5) return [bytes];
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const n = 1 + Math.floor(random() * 90);
    chunks.push(bytes.slice(at, at + n));
    at += n;
  }
  return chunks;
}

/** Bytes that begin something. */
const LIKELY = [
  0x7e, 0xa0, 0xa8, 0x68, 0x16, 0x00, 0x01, 0x0f, 0xdb, 0xe0, 0xe6, 0xe7, 0x2f, 0x21, 0x02, 0x09, 0x0c, 0x08, 0x30,
  0xff, 0x82,
];
