// The IEC 62056-21 and P1 cases of the corpus at the core, in every detail that its first schema tells: texts, sets, flags,
// checks. Cases that need a setting, or that are written for the nodes, are judged by the acceptance suite and fed here only.

import { strict as assert } from 'node:assert';

import { IecDecoder, type DecoderEvent, type DecoderOptions } from '../../src/core/iec62056-21/decoder';
import type { IecReading, IecSet } from '../../src/core/iec62056-21/typing';
import { MAKERS } from '../../src/core/iec62056-21/makers';
import type { Medium } from '../../src/core/iec62056-21/ids';
import type { DateOrder } from '../../src/core/iec62056-21/times';
import type { IecProfile } from '../../src/core/iec62056-21/profile';
import type { Identification } from '../../src/core/iec62056-21/identification';
import { Key } from '../../src/core/security';
import { unhex } from '../../src/core/wire/hex';
import { corpusCases, knownFailing } from '../corpus-files';
import { playDialogue } from './iec-dialogue';

export interface Case {
  readonly id: string;
  readonly protocol: string;
  readonly kind: string;
  readonly family?: string;
  readonly bytes_hex?: string;
  readonly dialogue?: readonly Turn[];
  readonly options?: Readonly<Record<string, unknown>> | null;
  /** Node properties that this case needs; it is judged at the nodes then. */
  readonly settings?: unknown;
  readonly keys?: { encryptionKey?: string; authenticationKey?: string; systemTitle?: string } | null;
  readonly expect: Expectation;
}
export interface Turn {
  readonly dir: 'tx' | 'rx';
  readonly hex: string;
  readonly text?: string;
  readonly baud?: number;
  readonly format?: string;
}
export interface ExpectedValue {
  readonly id: string;
  readonly obis: string | null;
  readonly value: unknown;
  readonly unit: string | null;
  readonly timestamp?: string | null;
  readonly raw?: string;
  readonly values: readonly (Record<string, unknown> & { text: string })[];
}
export interface Expectation {
  /** Of cases that are written for the nodes. */
  readonly kind?: string;
  readonly identification?: Record<string, unknown> | null;
  readonly bcc?: { received: string | null; calculated: string; valid: boolean };
  readonly crc?: { received: string | null; calculated?: string; valid?: boolean; present?: boolean };
  readonly crcs?: readonly { received: string | null; calculated: string; valid: boolean }[];
  readonly values?: readonly ExpectedValue[];
  readonly first?: readonly ExpectedValue[] | Record<string, unknown>;
  readonly second?: readonly ExpectedValue[] | Record<string, unknown>;
  readonly readout?: readonly ExpectedValue[];
  readonly lists?: Readonly<Record<string, readonly ExpectedValue[]>>;
  readonly valueCount?: number;
  readonly messages?: number;
  readonly profile?: Record<string, unknown> | null;
  readonly errors?: readonly string[];
  readonly truncated?: boolean;
  readonly unparsed?: readonly string[];
  readonly encryption?: { systemTitle?: string; frameCounter?: string; tagValid?: boolean };
  readonly parityStripped?: boolean;
  readonly baudUsed?: number;
  readonly handover?: { baud?: number; format?: string };
  readonly passwordAccepted?: boolean;
  readonly challenge?: string;
  readonly retries?: number;
}

type TelegramEvent = Extract<DecoderEvent, { type: 'telegram' }>;
type ProfileEvent = Extract<DecoderEvent, { type: 'profile' }>;

/** What a case gave, whichever way it was fed. */
export interface Outcome {
  readonly telegrams: readonly TelegramEvent[];
  readonly profiles: readonly ProfileEvent[];
  readonly problems: readonly { readonly code: string; readonly text: string }[];
  readonly readings: readonly IecReading[];
  readonly identification: Identification | null;
  readonly discardedBytes: number;
  readonly parityStripped: boolean;
  readonly baudUsed?: number;
  readonly handover?: { baud: number; format: string };
  readonly lists?: ReadonlyMap<string, readonly IecReading[]>;
  readonly challenge?: string;
  readonly retries?: number;
}

const results = new Map<string, { ok: number; failed: string[] }>();

describe('the IEC corpus', () => {
  const cases = corpusCases<Case>(c => /^(iec|p1)/.test(String(c['protocol'])) && c['expect'] !== undefined);
  if (cases.length === 0) return void it.skip('skipped: corpus absent');
  const failing = knownFailing();
  for (const c of cases) {
    const forNodes =
      c.settings !== undefined || c.expect.kind !== undefined || c.expect.profile?.['rowsMayLack'] === true;
    if (failing.has(c.id) || forNodes) {
      it(`${c.id} (${c.protocol}, ${c.kind}): the same however it is fed`, () => feedsAlike(c));
      continue;
    }
    it(`${c.id} (${c.protocol}, ${c.kind})`, () => {
      row(c).failed.push(c.id);
      runCase(c);
      row(c).failed.pop();
      row(c).ok++;
    });
  }
  after(printTable);
});

function runCase(c: Case): void {
  if (c.bytes_hex !== undefined && c.bytes_hex !== '') {
    const bytes = unhex(c.bytes_hex);
    for (const size of [bytes.length, 1, 7, 64]) {
      const outcome = decode(c, bytes, Math.max(1, size));
      inContext(`in chunks of ${size}`, () => compare(c, outcome));
    }
    strictlyRefuses(c, bytes);
  }
  if (c.dialogue !== undefined && c.dialogue.some(t => t.dir === 'rx') && c.dialogue.some(t => t.dir === 'tx')) {
    for (const bytewise of [false, true]) {
      const outcome = playDialogue(c, bytewise);
      // Where the data stand in bytes_hex, the dialogue may end with the sign-on.
      const signOnOnly = c.bytes_hex !== undefined && !c.dialogue.some(t => t.dir === 'rx' && !t.hex.startsWith('2f'));
      const { identification } = c.expect;
      const part = signOnOnly ? { ...c, expect: !present(identification) ? {} : { identification } } : c;
      inContext(bytewise ? 'dialogue byte by byte' : 'dialogue', () => compare(part, outcome, true));
    }
  }
  assert.ok(c.bytes_hex !== undefined || c.dialogue !== undefined, 'a case has bytes or a dialogue');
}

function feedsAlike(c: Case): void {
  if (c.bytes_hex === undefined || c.bytes_hex === '') return;
  const bytes = unhex(c.bytes_hex);
  const whole = decode(c, bytes, bytes.length).telegrams.map(t => t.telegram);
  for (const size of [1, 7, 64]) {
    assert.deepEqual(
      decode(c, bytes, size).telegrams.map(t => t.telegram),
      whole,
      `in chunks of ${size}`,
    );
  }
}

export function optionsOf(c: Case): DecoderOptions {
  const medium = c.options?.['medium'];
  const dateOrder = c.options?.['dateOrder'];
  const keys = c.keys ?? {};
  return {
    check: 'warn',
    ...(typeof medium === 'string' ? { medium: medium as Medium } : {}),
    ...(typeof dateOrder === 'string' ? { dateOrder: dateOrder.toLowerCase() as DateOrder } : {}),
    keys: {
      encryptionKey: keys.encryptionKey === undefined ? null : Key.parse(keys.encryptionKey, 'encryption key'),
      authenticationKey:
        keys.authenticationKey === undefined ? null : Key.parse(keys.authenticationKey, 'authentication key'),
      systemTitle: keys.systemTitle === undefined ? null : unhex(keys.systemTitle),
    },
  };
}

function decode(c: Case, bytes: Uint8Array, size: number, options = optionsOf(c)): Outcome {
  const decoder = new IecDecoder(options);
  const events: DecoderEvent[] = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...decoder.receive(bytes.subarray(at, at + size)));
  const parityStripped = decoder.parityStripped;
  events.push(...decoder.flush());
  return outcomeOf(events, { parityStripped, discardedBytes: decoder.discardedBytes });
}

export function outcomeOf(
  events: readonly DecoderEvent[],
  more: { parityStripped: boolean; discardedBytes: number },
): Outcome {
  const telegrams = events.filter(e => e.type === 'telegram');
  const profiles = events.filter(e => e.type === 'profile');
  return {
    telegrams,
    profiles,
    problems: events.flatMap(e => (e.type === 'problem' ? [{ code: e.error.code, text: e.error.message }] : [])),
    readings: telegrams.flatMap(t => t.telegram.readings),
    identification: telegrams[0]?.identification ?? profiles[0]?.identification ?? null,
    ...more,
  };
}

/** A damaged message is a problem under the strict policy, and its values do not pass for good ones. */
function strictlyRefuses(c: Case, bytes: Uint8Array): void {
  if (c.expect.bcc?.valid !== false && !(c.expect.crc?.valid === false && c.expect.crc.received !== null)) return;
  const outcome = decode(c, bytes, bytes.length, { ...optionsOf(c), check: 'strict' });
  assert.equal(outcome.telegrams.length, 0, 'strict: no telegram with a wrong check');
  assert.ok(
    outcome.problems.some(p => p.code === 'BCC_MISMATCH' || p.code === 'CRC_MISMATCH'),
    'strict: the check is named',
  );
}

function compare(c: Case, outcome: Outcome, dialogue = false): void {
  const e = c.expect;
  compareErrors(c, outcome, dialogue);
  if (present(e.identification) && present(e.identification['raw'])) compareIdentification(e.identification, outcome);
  const first = outcome.telegrams[0];
  if (e.bcc !== undefined) {
    const bcc = first?.bcc ?? outcome.profiles[0]?.bcc;
    assert.ok(present(bcc), 'a block check');
    assert.equal(bcc.received === null ? null : hex2(bcc.received), e.bcc.received, 'BCC received');
    assert.equal(hex2(bcc.calculated), e.bcc.calculated, 'BCC calculated');
    assert.equal(bcc.check === 'ok', e.bcc.valid, 'BCC verdict');
  }
  if (e.crc !== undefined) compareCrc(e.crc, first);
  e.crcs?.forEach((crc, i) => compareCrc(crc, outcome.telegrams[i]));
  [e.first, e.second].forEach((expected, i) => {
    if (expected === undefined) return;
    if (isValues(expected)) compareValues(expected, outcome.telegrams[i]?.telegram.readings ?? []);
    else compareCrc(expected as Expectation['crc'] & object, outcome.telegrams[i]);
  });
  const complete = outcome.telegrams.filter(t => t.origin.complete !== false).length;
  if (e.messages !== undefined) assert.equal(complete, e.messages, 'number of telegrams');
  if (e.values !== undefined) {
    // Two equal messages in one case: the values are those of each.
    const several = (c as { expectMessages?: number }).expectMessages ?? e.messages ?? 1;
    if (several > 1 && outcome.telegrams.length > 1 && e.values.length < outcome.readings.length) {
      assert.equal(complete, several, 'number of telegrams');
      // Where the first telegram has its own list, `values` are those of the last whole one.
      const which = isValues(e.first) ? several - 1 : 0;
      compareValues(e.values, outcome.telegrams[which]?.telegram.readings ?? []);
    } else compareValues(e.values, outcome.readings);
  }
  if (e.readout !== undefined) compareValues(e.readout, outcome.telegrams[0]?.telegram.readings ?? []);
  for (const [name, values] of Object.entries(e.lists ?? {})) compareValues(values, outcome.lists?.get(name) ?? []);
  if (e.valueCount !== undefined) assert.equal(outcome.readings.length, e.valueCount, 'number of values');
  if (present(e.profile)) compareProfile(e.profile, outcome.profiles[0]?.profile);
  if (e.unparsed !== undefined && e.unparsed.length > 0) {
    const unparsed = outcome.telegrams.reduce((n, t) => n + t.unparsed.length, 0);
    assert.equal(unparsed, e.unparsed.length, 'lines that could not be read');
  }
  if (e.encryption !== undefined) {
    const origin = first?.origin;
    if (e.encryption.systemTitle !== undefined)
      assert.equal(origin?.systemTitle, e.encryption.systemTitle.toLowerCase());
    if (e.encryption.frameCounter !== undefined)
      assert.equal(origin?.invocationCounter, parseInt(e.encryption.frameCounter, 16));
    if (e.encryption.tagValid !== undefined) assert.equal(origin?.authenticated, e.encryption.tagValid, 'tag verified');
  }
  if (e.parityStripped !== undefined) assert.equal(outcome.parityStripped, e.parityStripped, 'parity stripped');
  if (!dialogue) return;
  if (e.baudUsed !== undefined) assert.equal(outcome.baudUsed, e.baudUsed, 'baud rate used');
  if (e.handover !== undefined) {
    assert.equal(outcome.handover?.baud, e.handover.baud, 'rate after the hand-over');
    if (e.handover.format !== undefined) assert.equal(outcome.handover?.format, e.handover.format);
  }
  if (e.passwordAccepted !== undefined) {
    assert.equal(!outcome.problems.some(p => p.code === 'WRONG_PASSWORD'), e.passwordAccepted, 'password accepted');
  }
  if (e.challenge !== undefined) assert.equal(outcome.challenge, e.challenge, 'operand of P0');
  if (e.retries !== undefined) assert.equal(outcome.retries, e.retries, 'blocks repeated');
}

function compareIdentification(expected: Record<string, unknown>, outcome: Outcome): void {
  const is = outcome.identification;
  assert.ok(is !== null, 'an identification');
  assert.equal(is.raw, expected['raw'], 'identification line');
  assert.equal(is.manufacturer, expected['manufacturer'], 'manufacturer');
  assert.equal(is.baudId, expected['baudId'], 'Z');
  if (present(expected['model'])) assert.equal(is.model, expected['model'], 'model');
  if (present(expected['modeByBaudId'])) assert.equal(is.mode, expected['modeByBaudId'], 'mode by Z');
  if (present(expected['maxBaud'])) assert.equal(is.baudRate, expected['maxBaud'], 'rate by Z');
  if (present(expected['minReactionMs'])) assert.equal(is.reactionMs, expected['minReactionMs'], 'reaction time');
  if (present(expected['enhanced'])) assert.deepEqual(is.enhanced, expected['enhanced'], 'enhanced capability');
  if (present(expected['hdlc'])) assert.equal(is.hdlc, expected['hdlc'], 'HDLC announced');
}

function compareCrc(expected: NonNullable<Expectation['crc']>, telegram: TelegramEvent | undefined): void {
  const crc = telegram?.crc;
  assert.ok(present(crc), 'a P1 telegram');
  assert.equal(crc.received, expected.received?.toUpperCase().padStart(4, '0') ?? null, 'CRC received');
  if (expected.valid !== undefined) assert.equal(crc.check === 'ok', expected.valid, 'CRC verdict');
  if (expected.calculated !== undefined)
    assert.equal(crc.calculated, expected.calculated.toUpperCase(), 'CRC calculated');
}

export function compareValues(expected: readonly ExpectedValue[], readings: readonly IecReading[]): void {
  assert.deepEqual(
    readings.map(r => r.id),
    expected.map(v => v.id),
    'ids in order',
  );
  expected.forEach((v, i) => {
    const r = readings[i] as IecReading;
    inContext(v.id, () => {
      assert.deepEqual(
        r.sets.map(s => s.text),
        v.values.map(s => s.text),
        'texts',
      );
      assert.equal(r.text, v.values[0]?.text ?? '', 'text');
      assert.equal(r.obis, v.obis, 'obis');
      same(isOfMaker(r) ? r.text : r.value, v.value, 'value');
      assert.equal(r.unit, v.unit ?? null, 'unit');
      if (v.timestamp !== undefined) assert.equal(r.time, v.timestamp, 'time');
      v.values.forEach((s, n) => {
        const set = r.sets[n] as IecSet;
        compareSet(s, isOfMaker(r) ? { ...set, value: set.text } : set);
      });
    });
  });
}

/** The corpus keeps the text of an id that is no code; what the table of makers knows to be a number is one (Energomera). */
function isOfMaker({ id, obis, value, text }: IecReading): boolean {
  return obis === null && MAKERS.some(row => row.lists?.[id] !== undefined) && value === Number(text);
}

function compareSet(expected: Record<string, unknown>, set: IecSet): void {
  if ('timestamp' in expected) assert.equal(set.time, expected['timestamp'], 'time of a set');
  else same(set.value, expected['value'], 'value of a set');
  assert.equal(set.unit ?? null, expected['unit'] ?? null, 'unit of a set');
  if ('time' in expected) assert.equal(set.timeOfDay, expected['time'], 'time of day');
  if ('date' in expected) assert.equal(set.date, expected['date'], 'date');
  if ('season' in expected) assert.equal(set.season ?? null, expected['season'], 'season');
  if ('decoded' in expected) assert.equal(set.decoded, expected['decoded'], 'decoded text');
  const flags: [string, string][] = [
    ['decimalComma', 'decimal-comma'],
    ['gluedUnit', 'glued-unit'],
    ['invalidNumber', 'invalid-number'],
    ['invalidTimestamp', 'invalid-time'],
  ];
  for (const [theirs, ours] of flags) {
    if (expected[theirs] === true) assert.ok(set.flags?.includes(ours as never), `flag ${ours}`);
  }
  (expected['parts'] as { text: string; value: unknown; unit: string | null }[] | undefined)?.forEach((part, i) => {
    assert.equal(set.parts?.[i]?.text, part.text, 'text of a part');
    same(set.parts[i].value, part.value, 'value of a part');
    assert.equal(set.parts[i].unit ?? null, part.unit, 'unit of a part');
  });
}

function compareProfile(expected: Record<string, unknown>, profile: IecProfile | undefined): void {
  assert.ok(profile !== undefined, 'a profile');
  assert.equal(profile.code, expected['code'], 'code of the profile');
  if (expected['error'] !== undefined) {
    assert.equal(profile.empty, expected['error'], 'the word for no entries');
    assert.equal(profile.segments.length, 0);
    return;
  }
  if (expected['obis'] !== undefined) assert.equal(profile.obis, expected['obis'], 'obis of the profile');
  const segments = (expected['segments'] ?? []) as Record<string, unknown>[];
  assert.equal(profile.segments.length, segments.length, 'segments');
  segments.forEach((segment, i) => {
    const is = profile.segments[i];
    assert.ok(is !== undefined);
    assert.equal(is.time, segment['timestamp'], 'time of the header');
    if (segment['season'] !== undefined) assert.equal(is.season, segment['season'], 'season');
    assert.equal(is.status, segment['status'], 'status');
    assert.equal(is.intervalMinutes, segment['intervalMinutes'], 'interval');
    const channels = (segment['channels'] ?? []) as Record<string, unknown>[];
    assert.deepEqual(
      is.channels.map(({ id, obis, unit }) => ({ id, obis, unit })),
      channels.map(({ id, obis, unit }) => ({ id, obis, unit: unit ?? null })),
      'channels',
    );
    const rows = (segment['rows'] ?? []) as { timestamp: string | null; values: unknown[]; text?: string[] }[];
    assert.equal(is.rows.length, rows.length, 'rows');
    rows.forEach((expectedRow, n) => {
      const isRow = is.rows[n];
      assert.equal(isRow?.time, expectedRow.timestamp, 'time of a row');
      if (expectedRow.text !== undefined) assert.deepEqual(isRow.text, expectedRow.text, 'texts of a row');
      expectedRow.values.forEach((value, k) => same(isRow.values[k], value, 'value of a row'));
    });
  });
}

/** Error names of the corpus by meaning; ours are the codes of docs/errors.md. */
const MEANINGS: readonly [RegExp, (outcome: Outcome, name: string) => boolean][] = [
  [/unsupported|not-supported/, o => o.problems.length > 0],
  [/^crc/, o => has(o, 'CRC_MISMATCH')],
  [/^bcc|checksum/, o => has(o, 'BCC_MISMATCH')],
  // A break in answer to a password is told as its refusal.
  [/closed|break/, o => has(o, 'IEC_BREAK', 'CONNECTION_LOST') || o.problems.some(p => p.text.includes('(B0)'))],
  [/discarded|leading/, o => o.discardedBytes > 0 || has(o, 'TELEGRAM_INCOMPLETE', 'NO_FRAME')],
  [/^invalid-number:/, (o, n) => flagged(o, n.slice(n.indexOf(':') + 1), 'invalid-number')],
  [/^invalid-time/, (o, n) => flagged(o, n.slice(n.indexOf(':') + 1), 'invalid-time')],
  [
    /^meter-error/,
    (o, n) => o.problems.some(p => p.text.includes(n.slice(n.lastIndexOf(':') + 1)) || p.code === 'WRONG_PASSWORD'),
  ],
  [/password|refused|denied/, o => has(o, 'WRONG_PASSWORD', 'IEC_REFUSED', 'ACCESS_DENIED')],
  [/no-data|no-answer|silence/, o => has(o, 'IEC_REFUSED', 'NO_ANSWER')],
  [/no-key/, o => has(o, 'NO_KEY')],
  [/decrypt|tag|auth/, o => has(o, 'AUTHENTICATION_FAILED', 'WRONG_KEY')],
  [/title/, o => has(o, 'NO_SYSTEM_TITLE')],
  [/parity/, o => has(o, 'WRONG_PARITY') || o.parityStripped],
  [/^no-ident/, o => has(o, 'NO_FRAME', 'WRONG_PARITY', 'NO_ANSWER')],
  [/ident/, o => has(o, 'IEC_IDENTIFICATION', 'NO_FRAME')],
  [/timeout|incomplete|truncat|etx|end|tail/, o => has(o, 'TELEGRAM_INCOMPLETE', 'NO_ANSWER')],
  [/long|limit|overflow/, o => has(o, 'LIMIT_EXCEEDED')],
  [/unparsed|line|bracket|malformed/, o => notRead(o)],
  // A name nobody has met yet: that something is reported can still be checked.
  [/./, o => o.problems.length > 0 || notRead(o)],
];

/** Told beside the values: in a list, or in a profile. */
function notRead(o: Outcome): boolean {
  return o.telegrams.some(t => t.unparsed.length > 0) || o.profiles.some(p => p.profile.unparsed.length > 0);
}

function compareErrors(c: Case, outcome: Outcome, dialogue: boolean): void {
  const expected = c.expect.errors ?? [];
  for (const name of expected) {
    const meaning = MEANINGS.find(([pattern]) => pattern.test(name));
    assert.ok(meaning !== undefined, `a meaning for the error ${name}`);
    assert.ok(meaning[1](outcome, name), `${name} is reported; got ${JSON.stringify(outcome.problems)}`);
  }
  if (expected.length === 0 && c.expect.truncated !== true) {
    // A dialogue that stops after the sign-on leaves its reader without an answer.
    const problems = outcome.problems.filter(p => !dialogue || p.code !== 'NO_ANSWER');
    assert.deepEqual(problems, [], 'no problem');
  }
}

function has(outcome: Outcome, ...codes: string[]): boolean {
  return outcome.problems.some(p => codes.includes(p.code));
}

function flagged(outcome: Outcome, id: string, flag: string): boolean {
  return outcome.readings.some(
    r => r.id === id && r.sets.some(s => (s.flags as readonly string[] | undefined)?.includes(flag)),
  );
}

function isValues(expected: unknown): expected is readonly ExpectedValue[] {
  return Array.isArray(expected);
}

/** Numbers that a double cannot hold leave as decimal text. */
function same(is: unknown, expected: unknown, what: string): void {
  if (typeof expected === 'number' && typeof is === 'string') assert.equal(Number(is), expected, what);
  else assert.equal(is ?? null, expected ?? null, what);
}

function inContext(where: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof Error) error.message = `${where}: ${error.message}`;
    throw error;
  }
}

function present<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function hex2(n: number): string {
  return n.toString(16).padStart(2, '0');
}

function row(c: Case): { ok: number; failed: string[] } {
  const key = `${c.protocol} ${c.family ?? c.kind}`;
  const found = results.get(key) ?? { ok: 0, failed: [] };
  results.set(key, found);
  return found;
}

function printTable(): void {
  const lines = [...results]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, r]) => {
      const rest = r.failed.map(id => `FAILED ${id}`).join(', ');
      return `    ${key.padEnd(28)} ${String(r.ok).padStart(3)} of ${String(r.ok + r.failed.length).padStart(3)}  ${rest}`;
    });
  process.stdout.write(`\n    protocol and family          ok\n${lines.join('\n')}\n`);
}
