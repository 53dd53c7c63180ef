// Every format of the simulated pushing meter is decoded: whole, byte by byte, in random chunks, with noise around it.

import assert from 'node:assert/strict';
import type { PushOptions } from '../../../src/core/push';
import { LAYOUTS } from '../../../src/core/push/layouts';
import { concat } from '../../../src/core/wire/hex';
import { PUSH_FORMATS, pushBytes, pushFormat, type PushFormat } from '../../../src/sim/push-source';
import { valuesAt } from '../../../src/sim/push-values';
import { bytewise, codesOf, feed, problemsOf, randomly, settingsFor, telegramsOf, type TelegramEvent } from './feeding';

/** What must come out beside the values: how many readings, and what the decoder calls the list. */
const EXPECTED: Readonly<Record<string, readonly [readings: number, layout: string | undefined, id: string | null]>> = {
  'aidon-no-list-1': [1, 'self-described', null],
  'aidon-no-list-2': [13, 'self-described', '7350000000000001'],
  'aidon-no-list-3': [18, 'self-described', '7350000000000001'],
  'aidon-se': [27, 'self-described', null],
  'embriq-no': [13, 'self-described', '30000001'],
  'zmf100-no': [18, 'self-described', '30000001'],
  'am550-obis': [16, 'self-described', '30000001'],
  'kamstrup-list-1': [13, 'kamstrup', '5706000000000001'],
  'kamstrup-list-2': [18, 'kamstrup', '5706000000000001'],
  'kamstrup-one-phase': [14, 'kamstrup', '5706000000000001'],
  'kamstrup-ct': [18, 'kamstrup-ct', '5706000000000001'],
  'kamstrup-dk': [33, 'kamstrup', '30000001'],
  'kaifa-list-1': [1, 'kfm-1', null],
  'kaifa-list-9': [9, 'kfm-9', '30000001'],
  'kaifa-list-13': [13, 'kfm-13', '30000001'],
  'kaifa-list-14': [14, 'kfm-14', '30000001'],
  'kaifa-list-18': [18, 'kfm-18', '30000001'],
  'kaifa-list-18-ct': [18, 'kfm-18', '30000001'],
  'kaifa-se-36': [18, 'kaifa', '7340000000000001'],
  noe: [13, 'self-described', '181000000001'],
  'noe-long-frame': [13, 'self-described', '181000000001'],
  'kaifa-west': [15, 'self-described', '1SIM0200000001'],
  'kaifa-west-one-phase': [11, 'self-described', '1SIM0200000001'],
  'e450-steiermark': [17, 'self-described', null],
  'e450-idis': [15, 'push-object-list', 'LGZ1030700000001'],
  'e570-idis': [11, 'push-object-list', 'LGZ1030700000001'],
  'e360-idis': [11, 'e360', '30000001'],
  'am550-idis': [12, 'am550', 'ISK1030700000001'],
  'e450-sub-meters': [5, 'push-object-list', null],
  spodes: [4, 'push-object-list', 'LGZ1030700000001'],
  'burgenland-14': [14, 'bgld-14', '30000001'],
  'burgenland-11': [11, 'bgld-11', '30000001'],
  'wien-9': [9, 'wn-9', null],
  'wien-10': [10, 'wn-10', 'ISK1030700000001'],
  'cii-12': [12, 'cii-12', '30000001'],
  'cii-10': [10, 'cii-10', '30000001'],
  'slovenia-18': [18, 'si-18', '30000001'],
  'slovenia-12-energy': [12, 'si-12-energy', '30000001'],
  'slovenia-12-celje': [12, 'si-12-celje', '30000001'],
  'slovenia-10': [10, 'si-10', '30000001'],
  'slovenia-9-voltage': [9, 'si-9-voltage', '30000001'],
  'slovenia-9-energy': [9, 'si-9-energy', 'ISK1030700000001'],
  'slovenia-8': [8, 'si-8', '30000001'],
  'slovenia-4': [4, 'si-4', '30000001'],
  'croatia-33': [33, 'hr-33', '30000001'],
  czech: [13, 'attribute-values', '30000001'],
  'vendor-octets': [1, 'octets', null],
  'sml-fnn': [17, undefined, '1SIM0012345678'],
  'sml-edl': [6, undefined, null],
};
const NOISE = Uint8Array.from([0x55, 0xff, 0x11, 0x7e, 0xa0, 0x41, 0x9b, 0xc3, 0x20]);
const TRUTH = valuesAt(0);

describe('formats of pushing meters', () => {
  for (const format of PUSH_FORMATS) {
    describe(`${format.name}: ${format.title}`, () => {
      const bytes = pushBytes(format, { counter: 7 });

      it('becomes one telegram with the right values', () => {
        const events = feed(settingsFor(format), [bytes]);
        assert.deepEqual(codesOf(events), []);
        check(format, telegramsOf(events));
      });

      it('does not depend on how it is cut', () => {
        const whole = telegramsOf(feed(settingsFor(format), [bytes]));
        assert.deepEqual(telegramsOf(feed(settingsFor(format), bytewise(bytes))), whole);
        for (const seed of [11, 12, 13]) {
          assert.deepEqual(telegramsOf(feed(settingsFor(format), randomly(bytes, seed))), whole, `seed ${seed}`);
        }
      });

      it('is found between noise, which comes out as a problem', () => {
        const noisy = concat(NOISE, bytes, NOISE, pushBytes(format, { counter: 107 }), NOISE);
        for (const chunks of [[noisy], bytewise(noisy), randomly(noisy, 21)]) {
          const events = feed(settingsFor(format), chunks);
          const telegrams = telegramsOf(events);
          if (isBare(format)) continue;
          assert.equal(telegrams.length, 2, codesOf(events).join(', '));
          check(format, telegrams.slice(0, 1));
          const noise = problemsOf(events).reduce((sum, p) => sum + p.bytes.length, 0);
          assert.ok(noise >= 3 * NOISE.length - 3, `${noise} bytes of noise came out`);
        }
      });

      it('gives nothing when its last byte is missing', () => {
        // The closing flag of HDLC and the line end of P1 are not needed.
        const cut = bytes.slice(0, bytes.length - (format.carriage.link === 'hdlc' ? 2 : 3));
        if (format.envelope === 'p1-untagged' || format.name === 'p1') return;
        const events = feed(settingsFor(format), [cut]);
        assert.deepEqual(telegramsOf(events), []);
        assert.notDeepEqual(codesOf(events), []);
      });

      if (format.control !== undefined && format.control !== 0x10) {
        it('asks for the key when there is none', () => {
          const events = feed({}, [bytes]);
          assert.deepEqual(telegramsOf(events), []);
          assert.ok(
            codesOf(events).every(code => code === 'NO_KEY'),
            codesOf(events).join(', '),
          );
          // Who sent it and how often is readable all the same.
          for (const { origin } of problemsOf(events)) {
            assert.equal(origin.encrypted, true);
            assert.ok(Number.isInteger(origin.invocationCounter));
          }
        });
      }
    });
  }

  it('has an example of each built-in layout', () => {
    const shown = PUSH_FORMATS.flatMap(format => telegramsOf(feed(settingsFor(format), [pushBytes(format)])));
    const layouts = new Set(shown.map(t => t.origin.layout));
    assert.deepEqual(
      LAYOUTS.map(l => l.name).filter(name => !layouts.has(name)),
      [],
    );
  });

  it('finds several telegrams of different framings in one chunk', () => {
    // Bare APDUs in front: where a frame with a check has come, they are none.
    const names = ['slovenia-10', 'event-notification', 'noe', 'kamstrup-list-2', 'p1', 'e450-idis'];
    const formats = names.map(name => pushFormat(name) as PushFormat);
    const settings: PushOptions = { ...settingsFor(pushFormat('noe') as PushFormat), require: 'nothing' };
    const events = feed(settings, [concat(...formats.map(f => pushBytes(f)))]);
    assert.deepEqual(codesOf(events), []);
    assert.deepEqual(
      telegramsOf(events).map(t => t.origin.framing),
      ['raw', 'wrapper', 'mbus', 'hdlc', 'p1', 'hdlc'],
    );
  });
});

/** Amid noise a bare APDU is believed only where its beginning leaves no doubt. */
function isBare(format: PushFormat): boolean {
  return format.carriage.link === 'raw' && format.body.text !== true && format.envelope === undefined;
}

function check(format: PushFormat, telegrams: readonly TelegramEvent[]): void {
  assert.equal(telegrams.length, 1);
  const { telegram, origin } = telegrams[0] as TelegramEvent;
  const expected = EXPECTED[format.name];
  if (expected !== undefined) {
    const [readings, layout, id] = expected;
    assert.equal(telegram.readings.length, readings);
    assert.equal(origin.layout, layout);
    assert.equal(telegram.meter.id, id);
  }
  let measured = 0;
  for (const reading of telegram.readings) {
    const m = /^[01]-\d:(\d+\.\d+\.\d+)\*255$/.exec(reading.obis ?? '');
    const truth = m === null || /^(0|17|96|42)\./.test(m[1] as string) ? undefined : TRUTH.get(m[1] as string);
    if (truth === undefined) continue;
    // Nothing tells: the raw number, and which conventions differ in it.
    if (origin.conventions !== undefined && reading.scaleSource === 'none') {
      assert.equal(reading.value, reading.raw);
      continue;
    }
    const kilo = reading.unit?.startsWith('k') === true ? 1000 : 1;
    assert.equal(reading.value, truth / kilo, `${reading.obis} ${JSON.stringify(reading)}`);
    assert.equal(
      reading.unit?.replace('k', '') ?? null,
      unitOf(m?.[1] as string, origin.framing),
      `unit of ${reading.obis}`,
    );
    measured++;
  }
  if (!['vendor-octets', 'information-report', 'e450-sub-meters'].includes(format.name)) assert.ok(measured > 0);
  if (telegram.time !== null) assert.match(telegram.time, /^2026-11-22T10:15:00(\+01:00)?$/);
  const tagged = format.control !== undefined && (format.control & 0x10) !== 0;
  assert.equal(origin.authenticated ?? false, tagged);
}

function unitOf(code: string, framing: string | undefined): string | null {
  const [c, d] = code.split('.').map(Number) as [number, number];
  if (c === 81) return framing === 'sml' ? '°' : 'deg';
  const quantity = c % 20;
  if (quantity === 11) return 'A';
  if (quantity === 12) return 'V';
  if (quantity === 13) return null;
  const reactive = quantity >= 3 && quantity <= 8;
  if (d === 8) return reactive ? 'varh' : 'Wh';
  return reactive ? 'var' : 'W';
}
