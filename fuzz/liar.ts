// The polling session against somebody who is not the meter and has no key: reflection, foreign titles, odd challenges,
// counters that no meter has, recorded sessions; and honest meters that share one key.
// Rules: without a key nobody gives a value to a client that asks for proof (high level security, or a cipher); no counter is
// used for two messages, over all sessions of one store; what was said without protection raises a counter that was known
// by no more than STEP a lie.

import { decodeApdu, encodeApdu, type Apdu } from '../src/core/apdu';
import { encodeData, type Data } from '../src/core/cosem/data';
import { Obis } from '../src/core/obis/obis';
import { encodeWrapper, wrapperStream } from '../src/core/framing/wrapper';
import { isDlmsError } from '../src/core/wire/errors';
import { concat, unhex } from '../src/core/wire/hex';
import { NumbersInMemory } from '../src/io/session/counter-keeper';
import { Lines } from '../src/io/line/line';
import { LineQueues } from '../src/io/line/line-queue';
import { memoryPair } from '../src/io/transport/memory';
import { Session, type SessionEnvironment } from '../src/io/session/session';
import { parseSettings } from '../src/io/settings/settings';
import { defaultAccounts, type Account } from '../src/sim/accounts';
import { DEFAULT_KEYS, type SimulatedMeter } from '../src/sim/meter';
import { MeterPort } from '../src/sim/port';
import { meterAt, NOW } from '../test/sim/wire';
import { CIPHERED_ACCOUNT } from './client';
import type { Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { UsedCounters } from './ivs';

/** How somebody without a key answers. */
interface Lies {
  readonly title: 'ours' | 'configured' | 'other' | 'none';
  readonly challenge: 'ours' | Uint8Array | null;
  readonly proof: 'ours' | Uint8Array | null;
  readonly counterObject: Data;
  /** Counters that an exception-response in clear asks for, one a ciphered request. */
  readonly wanted: readonly number[];
}

export type LiarInput =
  | {
      readonly kind: 'keyless';
      readonly authentication: (typeof MECHANISMS)[number];
      readonly ciphered: boolean;
      readonly titleConfigured: boolean;
      readonly lies: Lies;
    }
  /** The real meter, with its keys, and another title than the settings say. */
  | { readonly kind: 'other-title'; readonly authentication: 'none' | 'high-gmac' }
  | { readonly kind: 'recording'; readonly password: boolean; readonly sameSession: boolean }
  | { readonly kind: 'fleet'; readonly hosts: readonly string[]; readonly turns: readonly number[] };

export const liar: Fuzzer<LiarInput> = {
  name: 'liar',
  share: 4,
  slow: true,
  open() {
    const tally = new Tally();
    return {
      counts: tally.counts,
      make(dice) {
        const kind = dice.below(10);
        if (kind === 0) return { kind: 'recording', password: dice.chance(), sameSession: dice.chance() };
        if (kind === 1) {
          const hosts = dice.pick([
            ['localhost', '127.0.0.1'],
            ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
          ]);
          return { kind: 'fleet', hosts, turns: dice.list(2 + dice.below(6), () => dice.below(hosts.length)) };
        }
        if (kind === 2) return { kind: 'other-title', authentication: dice.pick(['none', 'high-gmac'] as const) };
        return {
          kind: 'keyless',
          authentication: dice.pick(MECHANISMS),
          ciphered: dice.chance(),
          titleConfigured: dice.chance(),
          lies: liesOf(dice),
        };
      },
      async check(input) {
        tally.add(input.kind);
        if (input.kind === 'keyless') return keyless(input, tally);
        if (input.kind === 'other-title') return otherTitle(input.authentication);
        return input.kind === 'recording' ? recording(input) : fleet(input);
      },
    };
  },
};

async function keyless(input: Extract<LiarInput, { kind: 'keyless' }>, tally: Tally): Promise<string | null> {
  const { authentication, ciphered, lies } = input;
  const used = new UsedCounters();
  let wrong: string | null = null;
  let lied = 0;
  const answer = answers(lies);
  const { lines } = line(bytes => {
    wrong ??= used.take(bytes);
    // The proof by GMAC over a request is that request with our tag: an order in our name.
    const signs = authentication === 'high-gmac' && lies.challenge !== 'ours' && isRequest(lies.challenge ?? NOTHING);
    if (signs && decoded(bytes)?.type === 'action-request-normal') wrong ??= 'signs an APDU that came as a challenge';
    lied++;
    return answer(bytes);
  });
  const settings = {
    clientAddress: ciphered ? 30 : 1,
    authentication,
    security: ciphered ? 'authentication-encryption' : 'none',
    ...(input.titleConfigured ? { meterSystemTitle: CONFIGURED } : {}),
  };
  const session = sessionOn(lines, 'liar', settings, { counters: new NumbersInMemory() });
  const value = await settled(session.get(REGISTER));
  for (const ref of [NAME, REGISTER, NAME]) await settled(session.get(ref));
  await session.close();
  tally.add(value.ok ? 'believed' : 'refused');
  if (wrong !== null) return wrong;
  if (used.greatestStep > STEP * Math.max(1, lied)) return 'an answer in clear raised the counter without bound';
  const proof = ciphered || authentication.startsWith('high');
  return value.ok && proof ? `believes a meter without keys (${ciphered ? 'ciphered' : authentication})` : null;
}

async function otherTitle(authentication: 'none' | 'high-gmac'): Promise<string | null> {
  const port = new MeterPort([honest()], { framing: 'wrapper' });
  const { lines } = line((_, framed) => port.receive(framed).write[0]?.slice(8) ?? null);
  const properties = {
    clientAddress: authentication === 'none' ? 30 : 1,
    authentication,
    security: 'authentication-encryption',
    counterObject: 'none',
    meterSystemTitle: '4142430000000099',
  };
  const session = sessionOn(lines, 'meter', properties, { counters: new NumbersInMemory() });
  const value = await settled(session.get(REGISTER));
  await session.close();
  return value.ok ? 'believes a meter with another title than the configured one' : null;
}

/** An honest session is recorded; then nothing but the recording answers. */
async function recording(input: Extract<LiarInput, { kind: 'recording' }>): Promise<string | null> {
  const meter = honest();
  const port = new MeterPort([meter], { framing: 'wrapper' });
  const heard: Uint8Array[] = [];
  let replays = -1;
  const { lines } = line((_, framed) => {
    if (replays >= 0) return heard[replays++] ?? null;
    const [back] = port.receive(framed).write;
    if (back !== undefined) heard.push(back.slice(8));
    return back?.slice(8) ?? null;
  });
  const counters = new NumbersInMemory();
  const properties = {
    clientAddress: input.password ? 31 : 30,
    authentication: input.password ? 'low' : 'none',
    security: 'authentication-encryption',
    counterObject: 'none',
    idleTime: 0,
  };
  const first = sessionOn(lines, 'meter', properties, { counters });
  const genuine = await settled(first.get(REGISTER));
  if (!genuine.ok) return `the honest session failed: ${genuine.code}`;
  let second = first;
  if (!input.sameSession) {
    await first.close();
    second = sessionOn(lines, 'meter', properties, { counters });
  }
  replays = 0;
  const again = await settled(second.get(REGISTER));
  await second.close();
  return again.ok ? `believes a recording (${input.sameSession ? 'same session' : 'new session'})` : null;
}

/** Meters with one key, or one meter under several names; each counts what it hears. */
async function fleet(input: Extract<LiarInput, { kind: 'fleet' }>): Promise<string | null> {
  const used = new UsedCounters();
  let wrong: string | null = null;
  const counters = new NumbersInMemory();
  const one = honest();
  const all: SimulatedMeter[] = [one];
  const sessions = input.hosts.map(host => {
    const meter = input.hosts.includes('localhost') ? one : honest();
    all.push(meter);
    const port = new MeterPort([meter], { framing: 'wrapper' });
    const { lines } = line((apdu, framed) => {
      wrong ??= used.take(apdu);
      // These meters take any counter: only the store is between us and a repetition.
      for (const each of all) each.clientCounter = 0;
      return port.receive(framed).write[0]?.slice(8) ?? null;
    });
    const properties = { clientAddress: 30, security: 'authentication-encryption', counterObject: 'none' };
    return sessionOn(lines, host, properties, { counters });
  });
  for (const [i, turn] of input.turns.entries()) await settled(sessions[turn]?.get(i % 2 === 0 ? REGISTER : NAME));
  for (const session of sessions) await session.close();
  return wrong === null
    ? null
    : `${wrong} (${input.hosts.includes('localhost') ? 'two names' : 'one key for a fleet'})`;
}

/** Answers each APDU at once; what it does not know is refused in clear. */
function answers(lies: Lies): (apdu: Uint8Array) => Uint8Array | null {
  let proof: Uint8Array | null = null;
  let asked = 0;
  return bytes => {
    const apdu = decoded(bytes);
    if (apdu === null) return unhex('d80101');
    if (apdu.type === 'aarq') return encodeApdu(aareOf(apdu, lies));
    if (apdu.type === 'action-request-normal' && apdu.argument?.type === 'octet-string') {
      proof = lies.proof === 'ours' ? apdu.argument.value : lies.proof;
      const back =
        proof === null ? unhex('00') : concat(unhex('0100'), encodeData({ type: 'octet-string', value: proof }));
      return concat(unhex('c701'), Uint8Array.of(apdu.invoke), unhex('00'), back);
    }
    if (apdu.type === 'get-request-normal') {
      const counter = apdu.attribute.classId === 1 && apdu.attribute.instance[2] === 43;
      const data: Data = counter ? lies.counterObject : { type: 'double-long-unsigned', value: 0xdeadbeef };
      return concat(unhex('c401'), Uint8Array.of(apdu.invoke), unhex('00'), encodeData(data));
    }
    if (apdu.type === 'rlrq') return unhex('6300');
    const wanted = lies.wanted[asked++];
    if (wanted === undefined) return unhex('d80101');
    return Uint8Array.of(0xd8, 2, 6, wanted >>> 24, wanted >>> 16, wanted >>> 8, wanted);
  };
}

function aareOf(aarq: Extract<Apdu, { type: 'aarq' }>, lies: Lies): Apdu {
  const titles = {
    ours: aarq.callingApTitle,
    configured: unhex(CONFIGURED),
    other: unhex('4142430000000099'),
    none: null,
  };
  const high = (aarq.mechanism ?? 0) > 1;
  return {
    type: 'aare',
    protocolVersion: null,
    applicationContext: aarq.applicationContext,
    result: 0,
    diagnostic: { source: 1, value: high ? 14 : 0 },
    respondingApTitle: titles[lies.title],
    respondingAeQualifier: null,
    mechanism: aarq.mechanism,
    respondingAuthenticationValue: !high
      ? null
      : lies.challenge === 'ours'
        ? aarq.callingAuthenticationValue
        : lies.challenge,
    // A ciphered context needs a cipher here; without a key there is only nothing.
    userInformation: aarq.applicationContext === 3 ? null : INITIATED,
  };
}

function liesOf(dice: Dice): Lies {
  const counter = dice.pick([0, 5, 0x7fffffff, 0xfffffff0, 0xffffffff, dice.word()]);
  return {
    title: dice.pick(['ours', 'configured', 'other', 'none'] as const),
    challenge: dice.pick(['ours', 'ours', null, unhex(DISCONNECT), dice.bytes(dice.below(80))]),
    proof: dice.pick(['ours', 'ours', null, dice.bytes(dice.below(40))]),
    counterObject: dice.pick<Data>([
      { type: 'double-long-unsigned', value: counter },
      { type: 'double-long', value: dice.pick([-3, -1, 5]) },
      { type: 'float32', value: dice.pick([NaN, Infinity, 0.5, -1e30]) },
      { type: 'float64', value: dice.pick([NaN, -Infinity, 1.5, 2 ** 40]) },
      { type: 'long64-unsigned', value: 2n ** 40n },
      { type: 'octet-string', value: dice.bytes(4) },
      { type: 'null-data' },
    ]),
    wanted: dice.list(dice.below(4), () => dice.pick([0xffffffff, 0xfffffffe, 0x7fffffff, 0, dice.word()])),
  };
}

/** A line in memory whose far end answers each whole APDU; `null` is silence. */
function line(answer: (apdu: Uint8Array, framed: Uint8Array) => Uint8Array | null): { lines: Lines } {
  const [near, far] = memoryPair();
  let deframer = wrapperStream();
  far.onBytes = chunk => {
    for (const message of deframer.receive(chunk)) {
      if (message.type !== 'wrapper') continue;
      const { source, destination, apdu } = message;
      const back = answer(apdu, encodeWrapper(source, destination, apdu));
      if (back !== null) void far.write(encodeWrapper(destination, source, back)).catch(() => undefined);
    }
  };
  far.onClose = () => {
    deframer = wrapperStream();
    void far.open();
  };
  void far.open();
  return { lines: new Lines(new LineQueues(), () => near) };
}

function sessionOn(lines: Lines, host: string, properties: object, environment: SessionEnvironment): Session {
  const fixed = { transport: 'tcp', host, port: 4059, interface: 'wrapper', answerTimeout: 50, idleTime: 60 };
  const settings = parseSettings({ ...fixed, systemTitle: OURS, ...properties }, CREDENTIALS);
  return new Session(settings, { lines, ...environment });
}

function honest(): SimulatedMeter {
  return meterAt(NOW, { accounts: ACCOUNTS, clientCounter: 0 });
}

async function settled(request: Promise<unknown> | undefined): Promise<{ ok: true } | { ok: false; code: string }> {
  try {
    await request;
    return { ok: true };
  } catch (e) {
    if (!isDlmsError(e) || e.code === 'INTERNAL') throw e;
    return { ok: false, code: e.code };
  }
}

/** A whole one, of what a client asks of a meter that knows it. */
function isRequest(bytes: Uint8Array): boolean {
  try {
    const { apdu, surplus } = decodeApdu(bytes);
    return surplus === 0 && /^(get|set|action|access|read|write)-request(-normal|-with-list)?$/.test(apdu.type);
  } catch (e) {
    if (isDlmsError(e)) return false;
    throw e;
  }
}

function decoded(bytes: Uint8Array): Apdu | null {
  try {
    return decodeApdu(bytes).apdu;
  } catch (e) {
    if (isDlmsError(e)) return null;
    throw e;
  }
}

const NOTHING = new Uint8Array(0);
/** By how much one unproven answer may raise a counter that was known. */
const STEP = 2 ** 20;
const MECHANISMS = ['none', 'low', 'high', 'high-md5', 'high-sha1', 'high-sha256', 'high-gmac'] as const;
const OURS = '4d464c0000000077';
const CONFIGURED = '4d46571000000001';
const CREDENTIALS = {
  password: 'a secret of 16 !',
  encryptionKey: DEFAULT_KEYS.encryption,
  authenticationKey: DEFAULT_KEYS.authentication,
};
const LOW: Account = {
  ...CIPHERED_ACCOUNT,
  client: 31,
  authentication: 'low',
  secret: new TextEncoder().encode('a secret of 16 !'),
};
const ACCOUNTS: readonly Account[] = [...defaultAccounts(), CIPHERED_ACCOUNT, LOW];
const REGISTER = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const NAME = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
/** An ACTION on the disconnect control: who signs it as a challenge has signed an order. */
const DISCONNECT = 'c301c10046000060030aff01010f00';
const INITIATED = encodeApdu({
  type: 'initiate-response',
  version: 6,
  qualityOfService: null,
  conformance: ['get', 'set', 'action'],
  maxPduSize: 1000,
  vaaName: 7,
});
