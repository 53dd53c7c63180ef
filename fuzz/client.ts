// The polling client against a simulated meter whose answers are damaged on the way: HDLC and wrapper, with every
// authentication and security.
// Rules: nothing is thrown; a conversation ends within 3000 steps and never waits for nothing; under HDLC's check (up to
// three flipped bits a frame) and under a cipher with a tag only true values or refusals arrive.

import { Client, type ClientEvent, type ClientStep } from '../src/core/client/client';
import type { Authentication, SecurityPolicy } from '../src/core/client/options';
import { Obis } from '../src/core/obis/obis';
import { HdlcLink } from '../src/core/link/hdlc';
import { WrapperLink } from '../src/core/link/wrapper';
import { Key } from '../src/core/security';
import { concat, fromLatin1, unhex } from '../src/core/wire/hex';
import { defaultAccounts, type Account } from '../src/sim/accounts';
import { DEFAULT_KEYS } from '../src/sim/meter';
import { MeterPort, type Framing } from '../src/sim/port';
import { toJson } from '../test/feed';
import { meterAt } from '../test/sim/wire';
import { edited, edits, flips, type Dice, type Edit } from './dice';
import { Tally, type Fuzzer } from './fuzzer';

/** What becomes of one answer of the meter. */
type Damage =
  | { readonly to: 'nothing' }
  | { readonly to: 'lost' }
  | { readonly to: 'twice' }
  | { readonly to: 'changed'; readonly edits: readonly Edit[] };

export interface ClientInput {
  readonly framing: Framing;
  readonly who: keyof typeof WHO;
  readonly objects: readonly number[];
  /** Only single bits are flipped, at most three a frame. */
  readonly bits: boolean;
  /** Of the first answers, in their order; those behind stay as they are. */
  readonly damage: readonly Damage[];
}

interface Ended {
  readonly end: string;
  readonly values: readonly string[];
}

export const client: Fuzzer<ClientInput> = {
  name: 'client',
  share: 4,
  open() {
    const truths = new Map<string, ReadonlySet<string>>();
    const tally = new Tally();
    const truthOf = (input: ClientInput): ReadonlySet<string> => {
      const key = `${input.framing} ${input.who} ${input.objects.join()}`;
      const known = truths.get(key) ?? new Set(converse({ ...input, damage: [] }).values);
      if (known.size === 0) throw new Error(`the undamaged conversation ${key} gave nothing`);
      truths.set(key, known);
      return known;
    };
    return {
      counts: tally.counts,
      make(dice) {
        const bits = dice.chance();
        const rate = dice.below(50) / 100;
        return {
          framing: dice.pick(['hdlc', 'wrapper'] as const),
          who: dice.pick(Object.keys(WHO) as (keyof typeof WHO)[]),
          objects: dice.chance(0.8) ? [dice.below(3)] : [0, 1, 2],
          bits,
          damage: dice.list(12, () => damageOf(dice, bits, rate)),
        };
      },
      check(input) {
        const truth = truthOf(input);
        const { end, values } = converse(input);
        tally.add(`end ${end}`);
        tally.add('values', values.length);
        if (end === 'endless' || end === 'waits for nothing') return `${end} (${input.framing})`;
        const protectedBy =
          input.who === 'ciphered' || input.who === 'gmac-ciphered'
            ? 'a tag'
            : input.framing === 'hdlc' && input.bits
              ? 'a check sequence'
              : null;
        if (protectedBy === null) return null;
        const wrong = values.find(v => v !== REFUSED && !truth.has(v));
        return wrong === undefined ? null : `another value under ${protectedBy} (${input.framing}, ${input.who})`;
      },
    };
  },
};

function damageOf(dice: Dice, bits: boolean, rate: number): Damage {
  if (!dice.chance(rate)) return { to: 'nothing' };
  if (dice.chance(0.1)) return { to: 'lost' };
  if (dice.chance(0.1)) return { to: 'twice' };
  return { to: 'changed', edits: bits ? flips(dice, 3) : edits(dice, 2, UNASKED) };
}

/** One association and one request. */
function converse(input: ClientInput): Ended {
  const { client, port } = twoEnds(input);
  const values: string[] = [];
  let heard = 0;
  let steps = 0;
  const until = (first: ClientStep, ends: readonly ClientEvent['type'][]): string => {
    for (let step = first; ++steps < 3000;) {
      for (const e of step.events)
        if (e.type === 'value') values.push(e.outcome.ok ? JSON.stringify(toJson(e.outcome.value)) : REFUSED);
      // It may be lost in the step in which it was won.
      const end = step.events.findLast(e => ends.includes(e.type));
      if (end !== undefined) return end.type;
      const answers = step.write.flatMap(bytes => port.receive(bytes).write);
      const arriving = answers.flatMap(bytes => {
        const damage = input.damage[heard++];
        if (damage === undefined || damage.to === 'nothing') return [bytes];
        if (damage.to === 'lost') return [];
        return damage.to === 'twice' ? [bytes, bytes] : [edited(bytes, damage.edits)];
      });
      if (arriving.length > 0) step = client.receive(concat(...arriving));
      else if (step.waitMs === null) return 'waits for nothing';
      else step = client.timeout();
    }
    return 'endless';
  };
  const opened = until(client.connect(), ['associated', 'refused', 'fault']);
  if (opened !== 'associated') return { end: opened, values };
  const refs = input.objects.map(i => OBJECTS[i] ?? OBJECTS[0]).filter(ref => ref !== undefined);
  return { end: until(client.get(refs), ['answered', 'failed', 'fault']), values };
}

function twoEnds({ framing, who }: ClientInput): { client: Client; port: MeterPort } {
  const account = WHO[who];
  METER.clientCounter = 1000;
  let counter = 2000;
  const link =
    framing === 'hdlc'
      ? new HdlcLink({ client: account.client, server: { logical: 1, physical: 17 } })
      : new WrapperLink({ client: account.client, server: 1 });
  const client = new Client(link, {
    referencing: 'ln',
    authentication: account.authentication,
    security: account.security,
    secret: fromLatin1(account.authentication === 'low' ? '12345678' : 'a secret of 16 !'),
    systemTitle: unhex('4d464c0000000001'),
    encryptionKey: Key.parse(DEFAULT_KEYS.encryption, 'key'),
    authenticationKey: Key.parse(DEFAULT_KEYS.authentication, 'key'),
    counter: { next: () => ++counter },
    challenge: new Uint8Array(16).fill(9),
    invokeIdIncrease: true,
  });
  return { client, port: new MeterPort([METER], { framing }) };
}

interface Who {
  readonly client: number;
  readonly authentication: Authentication;
  readonly security: SecurityPolicy;
}

const WHO = {
  public: { client: 16, authentication: 'none', security: 'none' },
  low: { client: 17, authentication: 'low', security: 'none' },
  high: { client: 18, authentication: 'high', security: 'none' },
  md5: { client: 19, authentication: 'high-md5', security: 'none' },
  sha1: { client: 20, authentication: 'high-sha1', security: 'none' },
  sha256: { client: 21, authentication: 'high-sha256', security: 'none' },
  gmac: { client: 1, authentication: 'high-gmac', security: 'none' },
  ciphered: { client: 30, authentication: 'none', security: 'authentication-encryption' },
  'gmac-ciphered': { client: 1, authentication: 'high-gmac', security: 'authentication-encryption' },
} as const satisfies Readonly<Record<string, Who>>;

export const CIPHERED_ACCOUNT: Account = {
  client: 30,
  authentication: 'none',
  secret: new Uint8Array(0),
  security: 'authentication-encryption',
};
const ACCOUNTS: readonly Account[] = [...defaultAccounts(), CIPHERED_ACCOUNT];
const NOW = Date.UTC(2026, 10, 21, 10, 7);
/** Costly to build; what a conversation changes in it is put back. */
const METER = meterAt(NOW, { accounts: ACCOUNTS });
const OBJECTS = (
  [
    [3, '1-0:1.8.0*255', 2],
    [8, '0-0:1.0.0*255', 2],
    [1, '0-0:42.0.0*255', 2],
  ] as const
).map(([classId, code, attribute]) => ({ classId, obis: Obis.parse(code), attribute }));
/** Short answers that nobody asked for. */
const UNASKED = [Uint8Array.of(0xd8, 1, 1), Uint8Array.of(0x0e, 1, 1, 1), Uint8Array.of(0, 1, 0, 1, 0, 16, 0, 0)];
const REFUSED = 'refused';
