// IEC 62056-21 and P1: telegrams damaged in every way, and the reading machine against a meter that answers damaged.
// Rules: nothing is thrown; no value is NaN; in strict, one flipped bit of a telegram that carries a check never changes a
// value, whatever the bit hits (a parity bit, which no BCC covers, may take a reading away, or the times of a profile); a
// reader ends within 600 steps, never waits for nothing and never writes into the meter.

import { IecDecoder, type DecoderEvent, type DecoderOptions } from '../src/core/iec62056-21/decoder';
import { profileTable } from '../src/core/iec62056-21/profile';
import { IecReader } from '../src/core/iec62056-21/reader';
import type { ReaderOptions } from '../src/core/iec62056-21/reader-options';
import { concat, fromLatin1, unhex } from '../src/core/wire/hex';
import { corpusCases } from '../test/corpus-files';
import { chunks, chunkSize, edited, edits, flips, noise, type Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { P1_TEXTS, PROFILES, READOUTS } from './telegrams';

interface Source {
  readonly name: string;
  readonly foreign: boolean;
  /** What the meter says, one piece for each of our messages. */
  readonly answers: readonly Uint8Array[];
}

export type IecInput =
  | {
      readonly kind: 'telegram';
      readonly source: string;
      /** One flipped bit, strict: nothing else may come out. */
      readonly oneBit: boolean;
      /** It was the bit of the parity, which no BCC covers: a reading may be lost, none may be another. */
      readonly parityBit?: true;
      readonly options: DecoderOptions;
      readonly bytes: Uint8Array;
      readonly chunk: number;
    }
  | {
      readonly kind: 'reader';
      readonly options: ReaderOptions;
      readonly answers: readonly Uint8Array[];
      readonly chunk: number;
    };

export const iec: Fuzzer<IecInput> = {
  name: 'iec',
  share: 4,
  open() {
    const sources = [...made(), ...captured()];
    const pools = {
      own: sources.filter(s => !s.foreign).flatMap(s => s.answers),
      foreign: sources.filter(s => s.foreign).flatMap(s => s.answers),
    };
    const truths = new Map(sources.map(s => [s.name, truthOf(s)]));
    const checked = sources.filter(s => (truths.get(s.name)?.size ?? 0) > 0);
    const tally = new Tally();

    return {
      counts: tally.counts,
      make(dice) {
        const chunk = chunkSize(dice);
        const kind = dice.below(10);
        const source = dice.pick(kind >= 5 && kind < 8 ? checked : sources);
        const mark = source.foreign ? ({ foreign: true } as const) : {};
        const whole = concat(...source.answers);
        const pool = source.foreign ? pools.foreign : pools.own;
        if (kind < 5) {
          const bytes = edited(whole, edits(dice, 4, pool));
          return {
            ...mark,
            kind: 'telegram',
            source: source.name,
            oneBit: false,
            options: optionsOf(dice),
            bytes,
            chunk,
          };
        }
        if (kind < 8) {
          const changes = flips(dice, 1);
          const bytes = edited(whole, changes);
          const parity = changes.some(c => c.edit === 'bit' && c.bit === 7) ? ({ parityBit: true } as const) : {};
          return {
            ...mark,
            ...parity,
            kind: 'telegram',
            source: source.name,
            oneBit: true,
            options: STRICT,
            bytes,
            chunk,
          };
        }
        if (kind === 8) {
          const bytes = noise(dice, dice.below(2000), SIGNS);
          return { kind: 'telegram', source: '', oneBit: false, options: optionsOf(dice), bytes, chunk };
        }
        const answers = source.answers.map(a => (dice.chance() ? edited(a, edits(dice, 2, pool)) : a));
        return { ...mark, kind: 'reader', options: planOf(dice), answers, chunk };
      },
      check(input) {
        if (input.kind === 'reader') return readerIn(input, tally);
        const truth = truths.get(input.source);
        for (const event of decoded(input.options, input.bytes, input.chunk)) {
          tally.add(event.type);
          if (event.type === 'problem') continue;
          if (event.type === 'profile') profileTable(event.profile);
          const values = valuesOf(event);
          if (values.some(v => /\bNaN\b|Infinity/.test(v))) return 'a value that is no number';
          if (!input.oneBit || truth === undefined || values.every(v => truth.has(v))) continue;
          // A profile whose name is damaged is a list of readings without numbers.
          const ofProfile = (v: string): boolean => [...truth].some(t => t.startsWith('[')) && v.includes('null');
          // The rest of a line whose id is damaged has no name, so that it is taken for nothing else.
          const nameless = (v: string): boolean => v.startsWith(' ');
          if (
            input.parityBit === true &&
            (event.type === 'profile' || values.every(v => truth.has(v) || nameless(v) || ofProfile(v)))
          )
            continue;
          return `one flipped bit gave another value (checksum ${event.origin.checksum})`;
        }
        return null;
      },
    };
  },
};

const STRICT: DecoderOptions = { check: 'strict' };

function optionsOf(dice: Dice): DecoderOptions {
  return {
    ...(dice.chance(0.3) ? { check: dice.pick(['strict', 'warn', 'off'] as const) } : {}),
    ...(dice.chance(0.3) ? { parity: dice.pick(['auto', '7E1', '8N1', '8N1-strip'] as const) } : {}),
    ...(dice.chance(0.2) ? { zone: dice.pick(['Europe/Vienna', 'Asia/Kathmandu', 'America/St_Johns', 'UTC']) } : {}),
    ...(dice.chance(0.2) ? { dateOrder: dice.pick(['ymd', 'dmy', 'mdy'] as const) } : {}),
  };
}

function planOf(dice: Dice): ReaderOptions {
  const plans: readonly ReaderOptions[] = [
    {},
    {},
    { read: { what: 'registers', registers: ['1.8.0', 'R1 2.8.0', 'R2 F001'] } },
    { read: { what: 'profile', code: 'P.01' } },
  ];
  return {
    ...dice.pick(plans),
    mode: dice.pick(['auto', 'a', 'b', 'c', 'e'] as const),
    ...(dice.chance() ? { password: '00000000' } : {}),
    ...(dice.chance(0.3) ? { check: 'warn' as const } : {}),
  };
}

function readerIn(input: Extract<IecInput, { kind: 'reader' }>, tally: Tally): string | null {
  const reader = new IecReader(input.options);
  let step = reader.start();
  let asked = false;
  let next = 0;
  for (let steps = 0; steps < 600; steps++) {
    for (const written of step.write)
      if (/^\x01[WE]/.test(String.fromCharCode(...written))) return 'writes into the meter';
    asked ||= step.write.length > 0;
    for (const e of step.events) tally.add(`reader ${e.type}`);
    if (step.events.some(e => e.type === 'done' || e.type === 'fault' || e.type === 'hdlc')) return null;
    const answer = asked ? input.answers[next] : undefined;
    if (answer !== undefined && answer.length > 0) {
      asked = false;
      next++;
      const steps = chunks(answer, input.chunk).map(chunk => reader.receive(chunk));
      const last = steps[steps.length - 1] ?? step;
      step = { write: steps.flatMap(s => s.write), events: steps.flatMap(s => s.events), waitMs: last.waitMs };
      continue;
    }
    if (step.waitMs === null) return 'the reader waits for nothing';
    step = reader.timeout();
  }
  return 'the reader does not end within 600 steps';
}

function decoded(options: DecoderOptions, bytes: Uint8Array, chunk: number): DecoderEvent[] {
  const decoder = new IecDecoder(options);
  return [...chunks(bytes, chunk).flatMap(c => [...decoder.receive(c)]), ...decoder.flush()];
}

/** The values of a source that carries a check; none where nothing protects them. */
function truthOf(source: Source): ReadonlySet<string> {
  const events = decoded(STRICT, concat(...source.answers), Infinity);
  const good = events.filter(e => e.type !== 'problem');
  const checked = good.length > 0 && good.every(e => e.origin.checksum === 'ok');
  return new Set(checked ? good.flatMap(valuesOf) : []);
}

export function valuesOf(event: Exclude<DecoderEvent, { type: 'problem' }>): string[] {
  if (event.type === 'profile') return [JSON.stringify(profileTable(event.profile).rows)];
  return event.telegram.readings.map(r => `${r.obis ?? r.id} ${amount(r)} ${r.unit} ${r.time} ${r.text}`);
}

/** "0.0" is 0 under an identification, which no check covers, that tells of a maker, and a text under another. */
function amount({ value }: { readonly value: unknown }): string {
  return typeof value === 'string' && /^[+-]?\d+\.\d+$/.test(value) ? String(Number(value)) : String(value);
}

function made(): Source[] {
  const all = [...READOUTS, ...PROFILES, ...P1_TEXTS.map(fromLatin1)].map(bytes => [bytes]);
  all.push([fromLatin1('/MFL5SIM\r\n'), fromLatin1('\x01P0\x02()\x03`'), PROFILES[0] ?? new Uint8Array(0)]);
  return all.map((answers, i) => ({ name: `made-${i}`, foreign: false, answers }));
}

interface Captured {
  readonly id: string;
  readonly protocol: string;
  readonly bytes_hex?: string;
  readonly dialogue?: readonly { readonly dir: string; readonly hex: string }[];
}

function captured(): Source[] {
  const is = (v: Readonly<Record<string, unknown>>): boolean =>
    typeof v['id'] === 'string' && typeof v['protocol'] === 'string' && v['protocol'] !== 'sml' && v['keys'] == null;
  return corpusCases<Captured>(is).flatMap(c => {
    const heard = c.dialogue?.filter(d => d.dir === 'rx').map(d => unhex(d.hex)) ?? [];
    const answers = c.bytes_hex === undefined ? heard : [unhex(c.bytes_hex)];
    return answers.some(a => a.length > 0) ? [{ name: `corpus:${c.id}`, foreign: true, answers }] : [];
  });
}

const SIGNS = [...'/!?()*:.-&0123456789\r\n\x02\x03\x01\x04\x06\x15P'].map(c => c.charCodeAt(0));
