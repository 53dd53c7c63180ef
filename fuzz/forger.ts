// A forger without keys, with a recording of everything, against a push decoder with both keys that refuses replays.
// Rules: only what was authenticated leaves by the first output; each genuine telegram leaves once, with its own value; a
// recording leaves never again, from whatever source; whatever is forged never makes a genuine one refused.

import { encodeApdu } from '../src/core/apdu';
import { array, octets, structure, u32 } from '../src/core/cosem/data';
import { protect } from '../src/core/security';
import { concat, unhex } from '../src/core/wire/hex';
import { encodeWrapper } from '../src/core/framing/wrapper';
import { PushSources, type Outgoing } from '../src/nodes/push-decoder/sources';
import { EXAMPLE_KEYS, EXAMPLE_TITLE, notificationOf } from '../src/sim/push-source';
import { edited, edits, type Dice } from './dice';
import { diced } from './fuzzer';

/** One thing that arrives; after each its source ends, so that no rest of it stands in the way of the next. */
export interface Arrival {
  readonly as: 'genuine' | 'replayed' | 'forged';
  readonly from: string;
  /** What a genuine one says. */
  readonly wh: number;
  readonly bytes: Uint8Array;
}

export interface ForgerInput {
  readonly arrivals: readonly Arrival[];
}

export const forger = diced<ForgerInput>(
  'forger',
  3,
  dice => {
    const recorded: Uint8Array[] = [];
    let counter = 1 + dice.below(1000);
    const arrivals = dice.list(3 + dice.below(8), (): Arrival => {
      const wh = 1000 + dice.below(1_000_000);
      const stranger = dice.pick([METER, '10.0.0.5:1000', '10.0.0.5:1001', '10.0.0.66:5']);
      if (recorded.length === 0 || dice.chance(0.3)) {
        counter += 1 + dice.below(3);
        const bytes = carried(dice, genuine(counter, wh));
        recorded.push(bytes);
        return { as: 'genuine', from: METER, wh, bytes };
      }
      if (dice.chance(0.25)) return { as: 'replayed', from: stranger, wh, bytes: dice.pick(recorded) };
      return { as: 'forged', from: stranger, wh, bytes: forged(dice, recorded, counter) };
    });
    return { arrivals };
  },
  ({ arrivals }, tally) => {
    const sources = new PushSources({ ...EXAMPLE_KEYS, replay: 'refuse' }, () => undefined);
    try {
      for (const arrival of arrivals) {
        const out = [...sources.receive(arrival.from, undefined, arrival.bytes), ...sources.end(arrival.from, true)];
        const wrong = wrongWith(arrival, out);
        tally.add(arrival.as);
        if (wrong !== null) return wrong;
      }
    } finally {
      sources.close();
    }
    return null;
  },
);

function wrongWith({ as, wh }: Arrival, out: readonly Outgoing[]): string | null {
  const telegrams = out.filter(o => o.output === 0);
  if (telegrams.some(t => (t.fields['dlms'] as { authenticated?: boolean }).authenticated !== true))
    return 'not authenticated, and leaves by the first output';
  if (as === 'replayed') return telegrams.length === 0 ? null : 'a recording leaves as a telegram';
  if (as === 'forged') return telegrams.length === 0 ? null : 'a changed recording leaves as authenticated';
  const [telegram] = telegrams;
  if (telegram === undefined || telegrams.length !== 1) return 'a genuine telegram is refused';
  const { readings } = telegram.fields['payload'] as { readings: readonly { value: unknown }[] };
  return readings[0]?.value === wh ? null : 'a genuine telegram has another value';
}

/** What can be made without a key, out of nothing or out of recordings. */
function forged(dice: Dice, recorded: readonly Uint8Array[], counter: number): Uint8Array {
  const high = dice.pick([0xffffffff, counter + 1, 0, dice.word()]);
  const body = plain(99_999_999);
  switch (dice.below(6)) {
    case 0:
      return carried(dice, body);
    case 1:
      // Security control 00: neither tag nor cipher, but a title and a counter.
      return carried(dice, general(protect({ ...SEAL, control: 0x00, counter: high }, body)));
    case 2:
      return withoutTag(dice, dice.pick(recorded));
    case 3:
      return edited(dice.pick(recorded), edits(dice, 3, recorded));
    case 4:
      // Says it has a tag; the tag is invented.
      return carried(dice, general(concat(Uint8Array.of(0x30), counterOctets(high), dice.bytes(body.length + 12))));
    default:
      return dice.bytes(dice.below(100));
  }
}

/** Control 30 becomes 20, the tag is cut off, and bits of the cipher are turned: the value is another one. */
function withoutTag(dice: Dice, recording: Uint8Array): Uint8Array {
  const at = recording.findIndex((octet, i) => octet === 0xdb && recording[i + 1] === 8);
  const head = at + 10;
  const lengthOctets = (recording[head] ?? 0) < 0x80 ? 1 : 1 + ((recording[head] ?? 0) & 0x7f);
  const ciphered = recording.slice(head + lengthOctets, recording.length - 12);
  ciphered[0] = 0x20;
  for (let n = dice.below(3); n > 0; n--) {
    const i = 5 + dice.below(Math.max(1, ciphered.length - 5));
    ciphered[i] = (ciphered[i] ?? 0) ^ (1 << dice.below(8));
  }
  return carried(dice, general(ciphered));
}

function genuine(counter: number, wh: number): Uint8Array {
  return general(protect({ ...SEAL, control: 0x30, counter }, plain(wh)));
}

function general(ciphered: Uint8Array): Uint8Array {
  return encodeApdu({ type: 'general-glo-ciphering', systemTitle: EXAMPLE_TITLE, ciphered });
}

/** 1-0:1.8.0 with its scale and unit, and a power. */
function plain(wh: number): Uint8Array {
  const register = (code: string, value: number, unit: number): ReturnType<typeof structure> =>
    structure(octets(unhex(code)), u32(value), structure({ type: 'integer', value: 0 }, { type: 'enum', value: unit }));
  return notificationOf(array(register('0100010800ff', wh, 30), register('0100010700ff', 123, 27)), CLOCK);
}

function carried(dice: Dice, apdu: Uint8Array): Uint8Array {
  return dice.chance() ? apdu : encodeWrapper(1, 64, apdu);
}

function counterOctets(counter: number): Uint8Array {
  return Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter);
}

const METER = '10.0.0.1:4059';
const SEAL = {
  systemTitle: EXAMPLE_TITLE,
  key: EXAMPLE_KEYS.encryptionKey,
  authenticationKey: EXAMPLE_KEYS.authenticationKey,
};
const CLOCK = unhex('0c07ea0b1e010a0f0000ffc400');
