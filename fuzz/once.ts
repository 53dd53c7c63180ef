// Writes and methods against a simulated meter that counts them, on a line that loses, doubles or damages each answer in turn.
// Rules: the meter does an order at most once, whatever comes back; what the client calls answered was done; a conversation
// ends within 3000 steps and never waits for nothing; on a plain TCP line the request itself leaves once.

import { Client, type ClientEvent, type ClientStep } from '../src/core/client/client';
import { octets, type Data } from '../src/core/cosem/data';
import { HdlcLink } from '../src/core/link/hdlc';
import { WrapperLink } from '../src/core/link/wrapper';
import { Obis } from '../src/core/obis/obis';
import { concat, fromLatin1 } from '../src/core/wire/hex';
import { attribute, cosemObject, RESULT } from '../src/sim/cosem-object';
import type { Framing } from '../src/sim/port';
import { MeterPort } from '../src/sim/port';
import { meterAt } from '../test/sim/wire';
import { edited, edits, type Dice, type Edit } from './dice';
import { diced, type Tally } from './fuzzer';

/** What becomes of one answer of the meter. */
type Fate =
  | { readonly to: 'arrives' }
  | { readonly to: 'lost' }
  | { readonly to: 'twice' }
  | { readonly to: 'changed'; readonly edits: readonly Edit[] };

export interface OnceInput {
  readonly framing: Framing;
  readonly order: 'set' | 'act';
  /** Octets of the value; long ones travel in several frames of HDLC. */
  readonly length: number;
  /** Of the answers behind the association, in their order; those behind arrive. */
  readonly fates: readonly Fate[];
}

export const once = diced<OnceInput>(
  'once',
  2,
  dice => {
    // Each answer in turn, and then any of them.
    const fates = dice.chance()
      ? [...dice.list(dice.below(8), (): Fate => ({ to: 'arrives' })), fateOf(dice)]
      : dice.list(1 + dice.below(10), () => (dice.chance(0.4) ? fateOf(dice) : { to: 'arrives' as const }));
    return {
      framing: dice.pick(['hdlc', 'wrapper'] as const),
      order: dice.pick(['set', 'act'] as const),
      length: dice.pick([1, 20, 100, 900, 3000]),
      fates,
    };
  },
  (input, tally) => ordered(input, tally),
);

function fateOf(dice: Dice): Fate {
  const throwOf = dice.below(3);
  if (throwOf === 0) return { to: 'lost' };
  return throwOf === 1 ? { to: 'twice' } : { to: 'changed', edits: edits(dice, 2) };
}

function ordered({ framing, order, length, fates }: OnceInput, tally: Tally): string | null {
  let done = 0;
  const count = (): void => void done++;
  const meter = meterAt(NOW, {
    extraObjects: [
      cosemObject(
        1,
        NAME,
        { 2: attribute(octets([]), { write: () => (count(), RESULT.success) }) },
        { methods: { 1: () => (count(), { result: RESULT.success, returned: null }) } },
      ),
    ],
  });
  const port = new MeterPort([meter], { framing });
  const client = clientOn(framing);
  let heard = 0;
  let steps = 0;
  let sent: string[] = [];
  const until = (first: ClientStep, ends: readonly ClientEvent['type'][], faulty: boolean): ClientEvent | string => {
    for (let step = first; ++steps < 3000;) {
      const end = step.events.findLast(e => ends.includes(e.type));
      if (end !== undefined) return end;
      sent.push(...step.write.map(bytes => bytes.join()));
      const answers = step.write.flatMap(bytes => port.receive(bytes).write);
      const arriving = answers.flatMap(bytes => {
        const fate = faulty ? fates[heard++] : undefined;
        if (fate === undefined || fate.to === 'arrives') return [bytes];
        if (fate.to === 'lost') return [];
        return fate.to === 'twice' ? [bytes, bytes] : [edited(bytes, fate.edits)];
      });
      if (arriving.length > 0) step = client.receive(concat(...arriving));
      else if (step.waitMs === null) return 'waits for nothing';
      else step = client.timeout();
    }
    return 'endless';
  };
  const opened = until(client.connect(), ['associated', 'refused', 'fault'], false);
  if (typeof opened === 'string' || opened.type !== 'associated') return 'no association on a line without faults';
  sent = [];
  const obis = Obis.parse(NAME);
  const value: Data = octets(new Uint8Array(length).fill(7));
  const first =
    order === 'set'
      ? client.set({ classId: 1, obis, attribute: 2 }, value)
      : client.act({ classId: 1, obis, method: 1 }, value);
  const end = until(first, ['answered', 'failed', 'fault'], true);
  if (typeof end === 'string') return `${end} (${framing})`;
  tally.add(`${order} ${end.type}, done ${done}`);
  if (done > 1) return `${order} was done ${done} times (${framing})`;
  // A damaged answer may say success under the wrapper, which has no check; under HDLC an order called answered was done.
  const checked = framing === 'hdlc' || fates.every(f => f.to !== 'changed');
  if (checked && end.type === 'answered' && done === 0)
    return `${order} is called answered and was not done (${framing})`;
  if (framing === 'wrapper' && new Set(sent).size < sent.length) return `the same request left twice (${order})`;
  return null;
}

function clientOn(framing: Framing): Client {
  const link =
    framing === 'hdlc'
      ? new HdlcLink({ client: 17, server: { logical: 1, physical: 17 } })
      : new WrapperLink({ client: 17, server: 1 });
  return new Client(link, {
    referencing: 'ln',
    authentication: 'low',
    security: 'none',
    secret: fromLatin1('12345678'),
    counter: { next: () => 1 },
    challenge: new Uint8Array(16).fill(9),
    invokeIdIncrease: true,
  });
}

const NAME = '0.0.96.13.9.255';
const NOW = Date.UTC(2026, 10, 21, 10, 7);
