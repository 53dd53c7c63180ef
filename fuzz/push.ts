// Pushed telegrams, damaged in every way, in every framing, with and without keys.
// Rules: nothing is thrown; what leaves as authenticated was sent with a tag under the key; with both keys set nothing
// unauthenticated leaves where the meter authenticates; up to three flipped bits under a check sequence (one under a check
// sum) never change a value; noise is no telegram; after a silence nobody waits.

import { FRAMINGS, PushDecoder, type PushEvent, type PushOptions } from '../src/core/push';
import { Key } from '../src/core/security';
import { concat, fromLatin1, unhex } from '../src/core/wire/hex';
import { smlFile } from '../src/core/framing/sml';
import { encodeWrapper } from '../src/core/framing/wrapper';
import { mbusFrames } from '../src/core/framing/mbus-segments';
import { pushFrames } from '../src/core/framing/hdlc-segments';
import { PUSH_FORMATS, pushBytes } from '../src/sim/push-source';
import { corpusCases } from '../test/corpus-files';
import { settingsFor } from '../test/core/push/feeding';
import { chunks, chunkSize, edited, edits, flips, noise, type Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { plainTelegrams, P1_TEXTS } from './telegrams';

export interface Source {
  readonly name: string;
  readonly foreign: boolean;
  readonly bytes: Uint8Array;
  readonly options: PushOptions;
  /** How many flipped bits its check finds for sure. */
  readonly sureBits: number;
  /** It sends a tag. */
  readonly authenticates?: boolean;
}

interface Truth {
  readonly values: ReadonlySet<string>;
  readonly authenticated: boolean;
}

export interface PushInput {
  /** Whose keys, and whose values are true. */
  readonly source: string;
  /** `check`: few bits under the meter's check; `noise`: no telegram in it; `any`: whatever. */
  readonly damage: 'any' | 'check' | 'noise';
  readonly options: Pick<PushOptions, 'framing' | 'replay' | 'hex'>;
  readonly bytes: Uint8Array;
  readonly chunk: number;
}

export const push: Fuzzer<PushInput> = {
  name: 'push',
  share: 6,
  open() {
    const sources = new Map([...simulated(), ...texts(), ...captured(), ...capturedSml()].map(s => [s.name, s]));
    const truths = new Map([...sources.values()].map(s => [s.name, truthOf(s)]));
    // A piece of another telegram may be put in; with the same key it is as genuine as the first.
    const genuine = new Set([...truths.values()].filter(t => t.authenticated).flatMap(t => [...t.values]));
    const all = [...sources.values()];
    const own = all.filter(s => !s.foreign);
    const pools = { own: own.map(s => s.bytes), foreign: all.filter(s => s.foreign).map(s => s.bytes) };
    const checked = all.filter(s => s.sureBits > 0 && (truths.get(s.name)?.values.size ?? 0) > 0);
    const bodies = plainTelegrams();
    const tally = new Tally();

    return {
      counts: tally.counts,
      make(dice) {
        const chunk = chunkSize(dice);
        const kind = dice.below(10);
        if (kind < 5) {
          const source = dice.pick(all);
          const pool = source.foreign ? pools.foreign : pools.own;
          const bytes = edited(source.bytes, edits(dice, 4, pool));
          return { ...from(source), damage: 'any', options: optionsOf(dice), bytes, chunk };
        }
        if (kind < 7) {
          const source = dice.pick(checked);
          const bytes = edited(source.bytes, flips(dice, source.sureBits));
          return { ...from(source), damage: 'check', options: {}, bytes, chunk };
        }
        if (kind < 9) {
          const bytes = framed(dice, edited(dice.pick(bodies), edits(dice, 6, bodies)));
          return { source: '', damage: 'any', options: {}, bytes, chunk };
        }
        const bytes = noise(dice, dice.below(1500), NOISE);
        return { source: dice.pick(own).name, damage: 'noise', options: {}, bytes, chunk };
      },
      check(input) {
        const source = sources.get(input.source);
        const truth = truths.get(input.source);
        const decoder = new PushDecoder({ ...source?.options, ...input.options });
        const events: PushEvent[] = chunks(input.bytes, input.chunk).flatMap(c => [...decoder.receive(c).events]);
        events.push(...decoder.timeout().events);
        if (decoder.receive(new Uint8Array(0)).waitMs !== null) return 'still waits after the silence';
        const both = source?.options.encryptionKey != null && source.options.authenticationKey != null;
        for (const event of events) {
          tally.add(event.type);
          if (event.type === 'problem') continue;
          const { authenticated, framing, checksum } = event.origin;
          const values = valuesOf(event);
          for (const r of event.telegram.readings)
            if (typeof r.value === 'number' && !Number.isFinite(r.value)) return 'a value that is no number';
          if (authenticated === true && values.some(v => !genuine.has(v))) return 'authenticated, and never sent';
          if (both && truth?.authenticated === true && authenticated !== true)
            return 'not authenticated, though both keys are set and the meter authenticates';
          // One octet string is a message of some makers; without a name its value is taken for nothing.
          const meaningless = event.origin.layout === 'octets' && framing === 'raw';
          if (input.damage === 'noise' && event.telegram.readings.length > 0 && !meaningless)
            return `a telegram from noise (${framing})`;
          if (input.damage === 'check' && truth !== undefined && values.some(v => !truth.values.has(v)))
            return `flipped bits gave another value (${framing}, checksum ${checksum})`;
        }
        return null;
      },
    };
  },
};

function from(source: Source): { source: string; foreign?: true } {
  return source.foreign ? { source: source.name, foreign: true } : { source: source.name };
}

function optionsOf(dice: Dice): PushInput['options'] {
  return {
    ...(dice.chance(0.3) ? { framing: dice.pick(['auto', ...FRAMINGS] as const) } : {}),
    ...(dice.chance(0.1) ? { hex: true } : {}),
    ...(dice.chance(0.2) ? { replay: 'refuse' as const } : {}),
  };
}

/** A body under check sequences that fit, in one of the framings. */
function framed(dice: Dice, body: Uint8Array): Uint8Array {
  const llc = concat(Uint8Array.of(0xe6, 0xe7, 0x00), body);
  switch (dice.below(5)) {
    case 0:
      return concat(...pushFrames(llc, { destination: unhex('41'), source: unhex('0883') }));
    case 1:
      return concat(...mbusFrames(body));
    case 2:
      return body.length < 0x1_0000 ? encodeWrapper(1, 64, body) : body;
    case 3:
      return smlFile(body, dice.pick(['x25', 'kermit']));
    default:
      return body;
  }
}

export function simulated(): Source[] {
  return PUSH_FORMATS.map(format => {
    const link = format.carriage.link;
    const options = settingsFor(format);
    // A meter that only encrypts cannot give what the second key asks for.
    const authenticates = ((format.control ?? 0) & 0x10) !== 0;
    const keys = authenticates ? options : { ...options, authenticationKey: null };
    const sureBits = link === 'hdlc' || link === 'sml' ? 3 : link === 'mbus' ? 1 : 0;
    const bytes = pushBytes(format, { counter: 7 });
    return { name: format.name, foreign: false, bytes, options: keys, sureBits, authenticates };
  });
}

/** CRC-16/ARC has the distance of the others. */
export function texts(): Source[] {
  return P1_TEXTS.map((text, i) => {
    return { name: `p1-text-${i}`, foreign: false, bytes: fromLatin1(text), options: {}, sureBits: 3 };
  });
}

interface Captured {
  readonly id: string;
  readonly frame_hex: string;
  readonly transport?: string;
  readonly keys?: Readonly<Record<string, string | null>>;
}

function captured(): Source[] {
  const key = (text: string | null | undefined): Key | null => (text == null ? null : Key.parse(text, 'key'));
  return corpusCases<Captured>(v => typeof v['frame_hex'] === 'string' && typeof v['id'] === 'string').map(c => {
    const k = c.keys ?? {};
    const options: PushOptions = {
      encryptionKey: key(k['encryptionKey']),
      authenticationKey: key(k['authenticationKey']),
      broadcastKey: key(k['broadcastKey']),
      masterKey: key(k['masterKey']),
      systemTitle: k['systemTitle'] == null ? null : unhex(k['systemTitle']),
    };
    const sureBits = c.transport?.startsWith('hdlc') === true ? 3 : 0;
    return { name: `corpus:${c.id}`, foreign: true, bytes: unhex(c.frame_hex), options, sureBits };
  });
}

/** Files that are whole: flipped bits make none of them another one. */
function capturedSml(): Source[] {
  type Sml = { id: string; bytes_hex: string; expect: { kind: string; errors: readonly unknown[] } };
  const whole = corpusCases<Sml>(v => v['protocol'] === 'sml' && typeof v['bytes_hex'] === 'string');
  return whole.map(({ id, bytes_hex, expect }) => {
    const sureBits = expect.kind === 'values' && expect.errors.length === 0 ? 3 : 0;
    return { name: `corpus:${id}`, foreign: true, bytes: unhex(bytes_hex), options: {}, sureBits };
  });
}

function truthOf(source: Source): Truth {
  const decoder = new PushDecoder(source.options);
  const events = [...decoder.receive(source.bytes).events, ...decoder.timeout().events];
  const telegrams = events.filter(e => e.type === 'telegram');
  return {
    values: new Set(telegrams.flatMap(valuesOf)),
    authenticated: telegrams.length > 0 && telegrams.every(t => t.origin.authenticated === true),
  };
}

export function valuesOf(event: Extract<PushEvent, { type: 'telegram' }>): string[] {
  const { readings, time } = event.telegram;
  return readings
    .map(r => `${r.obis ?? r.id ?? r.position} ${String(r.value)} ${r.unit} ${r.time}`)
    .concat(`time ${time}`);
}

const NOISE = [0x1b, 0x7e, 0x68, 0x16, 0x0f, 0xdb, 0xa0, 0x2f, 0x00, 0x01, 0xe0, 0x0d, 0x0a, 0x21];
