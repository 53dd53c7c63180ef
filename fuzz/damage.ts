// One to three flipped bits in telegrams that carry a check: what a bad line does most.
// Rules: no other value leaves than was sent. The CRCs of HDLC, SML and P1 find any three bits of a telegram as short as these
// (distance 4 up to 32,751 bits), a tag finds all. The check sum of M-Bus finds one, the block check of IEC 62056-21 all but
// pairs in one column: what they cannot find is counted, and is no finding.
// All trials: npm run fuzz -- --only damage --seed 1 --inputs 464000

import { IecDecoder } from '../src/core/iec62056-21/decoder';
import { PushDecoder } from '../src/core/push';
import { chunks, chunkSize, edited, flips, type Edit } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { valuesOf as valuesOfText } from './iec';
import { simulated, texts, valuesOf, type Source } from './push';
import { READOUTS } from './telegrams';

export interface DamageInput {
  readonly source: string;
  readonly changes: readonly Edit[];
  readonly chunk: number;
}

type Check = 'crc' | 'tag' | 'sum' | 'column';

interface Checked {
  readonly name: string;
  readonly check: Check;
  readonly bytes: Uint8Array;
  readonly decode: (pieces: readonly Uint8Array[]) => readonly string[];
}

export const damage: Fuzzer<DamageInput> = {
  name: 'damage',
  share: 2,
  open() {
    const sources = new Map(checked().map(s => [s.name, { ...s, truth: new Set(s.decode([s.bytes])) }]));
    const kinds = (['crc', 'tag', 'sum', 'column'] as const).map(check =>
      [...sources.values()].filter(s => s.check === check).map(s => s.name),
    );
    const tally = new Tally();
    return {
      counts: tally.counts,
      make: dice => ({ source: dice.pick(dice.pick(kinds)), changes: flips(dice, 3), chunk: chunkSize(dice) }),
      check({ source: name, changes, chunk }) {
        const source = sources.get(name);
        if (source === undefined) return `no source ${name}`;
        const values = source.decode(chunks(edited(source.bytes, changes), chunk));
        const others = values.filter(v => !source.truth.has(v));
        const what = others.length > 0 ? 'another value' : values.length > 0 ? 'as sent' : 'nothing';
        tally.add(`${source.check} ${what}`);
        if (others.length === 0 || beyond(source.check, changes)) return null;
        return `flipped bits gave another value (${name.replace(/\d+$/, '')}, ${source.check})`;
      },
    };
  },
};

/** What the check cannot find, whoever reads. */
function beyond(check: Check, changes: readonly Edit[]): boolean {
  if (check === 'crc' || check === 'tag') return false;
  if (check === 'sum') return changes.length > 1;
  const columns = changes.map(change => (change.edit === 'bit' ? change.bit : -1));
  return new Set(columns).size < columns.length;
}

function checked(): Checked[] {
  const pushed = [...simulated(), ...texts()].flatMap((source): Checked[] => {
    const check = checkOf(source);
    return check === null ? [] : [{ name: source.name, check, bytes: source.bytes, decode: pushedBy(source) }];
  });
  const read = READOUTS.map((bytes, i): Checked => ({ name: `readout-${i}`, check: 'column', bytes, decode: text }));
  return [...pushed, ...read].filter(({ bytes, decode }) => decode([bytes]).length > 0);
}

function checkOf({ sureBits, options, authenticates }: Source): Check | null {
  if (authenticates && options.authenticationKey != null) return 'tag';
  return sureBits === 3 ? 'crc' : sureBits === 1 ? 'sum' : null;
}

const pushedBy =
  ({ options }: Source): Checked['decode'] =>
  pieces => {
    const decoder = new PushDecoder(options);
    const events = [...pieces.flatMap(piece => [...decoder.receive(piece).events]), ...decoder.timeout().events];
    return events.flatMap(event => (event.type === 'telegram' ? valuesOf(event) : []));
  };

/** The bit of the parity is in no block check: it may take the name of a reading, whose value then means nothing. */
const text: Checked['decode'] = pieces => {
  const decoder = new IecDecoder({ check: 'strict' });
  const events = [...pieces.flatMap(piece => [...decoder.receive(piece)]), ...decoder.flush()];
  return events.flatMap(event => (event.type === 'problem' ? [] : valuesOfText(event))).filter(v => !v.startsWith(' '));
};
