// Every captured push telegram of the corpus, whole, byte by byte and in random chunks.

import assert from 'node:assert/strict';
import { decodeData, type Data } from '../../src/core/cosem/data';
import { Obis } from '../../src/core/cosem/obis';
import type { Reading } from '../../src/core/cosem/reading';
import { PushDecoder, type PushEvent, type PushOptions } from '../../src/core/push/decoder';
import { Key, parseSystemTitle } from '../../src/core/security';
import type { Code } from '../../src/core/wire/errors';
import { hex, unhex } from '../../src/core/wire/hex';
import { bytewise, randomly } from '../core/push/feeding';
import { corpusCases } from '../corpus-files';

interface ExpectedValue {
  readonly obis?: string | null;
  readonly value: unknown;
  readonly unit?: string | null;
  readonly raw?: number;
  readonly scaleSource?: string;
  readonly groups?: readonly string[];
}

interface Expectation {
  readonly kind: 'values' | 'error' | 'needs-key' | 'partial';
  readonly error?: { readonly code: string };
  readonly values?: readonly ExpectedValue[];
  readonly timestamp?: { readonly local: string; readonly iso?: string | null };
  readonly meterId?: string | null;
  readonly security?: {
    readonly systemTitle?: string;
    readonly securityControl?: string;
    readonly invocationCounter?: number;
    readonly invocationCounters?: readonly number[];
    readonly tagVerified?: boolean | null;
  };
  readonly telegrams?: number;
  readonly sameAs?: readonly string[];
  readonly replay?: readonly boolean[];
  readonly elements?: readonly { readonly type: string; readonly value: unknown }[];
  readonly trailing_hex?: string;
  readonly apdu_plaintext_hex?: string | null;
}

interface Case {
  readonly id: string;
  readonly meter?: { readonly vendor?: string | null };
  readonly family?: string;
  readonly transport: string;
  readonly frame_hex: string;
  readonly keys?: Readonly<Record<string, string>>;
  readonly expect: Expectation;
}

/**
 * Scales that nothing in a telegram tells for sure, because the operator chooses them when the meter is configured. Where
 * the decoder's own rule comes to another scale than such a profile, the case gets exactly this setting of the user.
 */
const USER_CHOICE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'kamstrup-wh': { '1-*:*.8.*': 0 },
  'kamstrup-v2': { '1-*:32.7.0': -2, '1-*:52.7.0': -2, '1-*:72.7.0': -2 },
  'kamstrup-ct': { '1-*:31.7.0': -3, '1-*:51.7.0': -3, '1-*:71.7.0': -3 },
  'e450-ch': listScalers(0, -2),
  'e570-ch': listScalers(0, 0),
  'e360-ch': listScalers(-1, -2),
  'am550-ch': listScalers(-1, -2),
};

function listScalers(voltage: number, current: number): Record<string, number> {
  return {
    ...Object.fromEntries(['32.7.0', '52.7.0', '72.7.0'].map(code => [`1-*:${code}`, voltage])),
    ...Object.fromEntries(['31.7.0', '51.7.0', '71.7.0'].map(code => [`1-*:${code}`, current])),
  };
}

/** What the corpus calls an error, and our codes of that meaning. */
const SAME_MEANING: Readonly<Record<string, readonly Code[]>> = {
  // A cut frame may already be refused by the check of its header, or leave a part that the next layer misses.
  incomplete: ['INCOMPLETE', 'SEGMENT_LOST', 'HDLC_FCS', 'TELEGRAM_INCOMPLETE', 'WIRE_TRUNCATED'],
  'incomplete-or-limit': ['INCOMPLETE', 'LIMIT_EXCEEDED'],
  'unsupported-compression': ['COMPRESSED'],
  'wrapper-version': ['WRAPPER_HEADER'],
  'wrapper-length': ['WRAPPER_HEADER', 'WIRE_TRUNCATED', 'INCOMPLETE'],
  'gbt-sequence': ['SEGMENT_LOST'],
  axdr: ['WIRE_TRUNCATED', 'WIRE_INVALID', 'INCOMPLETE'],
  'axdr-eof': ['WIRE_TRUNCATED', 'INCOMPLETE', 'LIMIT_EXCEEDED'],
  'axdr-tag': ['WIRE_INVALID'],
  'nesting-limit': ['LIMIT_EXCEEDED'],
  'segment-or-axdr': ['SEGMENT_LOST', 'WIRE_TRUNCATED', 'WIRE_INVALID', 'WIRE_SURPLUS', 'UNKNOWN_LAYOUT'],
  fcs: ['HDLC_FCS'],
  hcs: ['HDLC_FCS'],
  garbage: ['NO_FRAME', 'HDLC_FCS', 'HDLC_FRAME'],
  'mbus-frame': ['MBUS_FRAME', 'MBUS_CHECKSUM', 'INCOMPLETE'],
  'mbus-checksum': ['MBUS_CHECKSUM'],
  'auth-tag': ['AUTHENTICATION_FAILED', 'WRONG_KEY'],
  'decrypt-garbage': ['WRONG_KEY'],
  replay: ['REPLAYED'],
};

/** For codes that are not in the table: what their words mean. */
const SAME_WORDS: readonly (readonly [RegExp, readonly Code[]])[] = [
  [/compress/, ['COMPRESSED']],
  [/replay|counter/, ['REPLAYED']],
  [/title/, ['NO_SYSTEM_TITLE']],
  [/tag$|auth/, ['AUTHENTICATION_FAILED', 'WRONG_KEY', 'WIRE_INVALID']],
  [/decrypt|key/, ['WRONG_KEY', 'NO_KEY']],
  [/crc|fcs|hcs/, ['CRC_MISMATCH', 'HDLC_FCS']],
  [/mbus/, ['MBUS_FRAME', 'MBUS_CHECKSUM', 'SEGMENT_LOST', 'INCOMPLETE']],
  [/gbt|segment|sequence|block/, ['SEGMENT_LOST', 'INCOMPLETE', 'WIRE_TRUNCATED', 'WIRE_INVALID']],
  [/wrapper/, ['WRAPPER_HEADER', 'INCOMPLETE', 'WIRE_TRUNCATED']],
  [/limit/, ['LIMIT_EXCEEDED']],
  [/axdr|eof|length/, ['WIRE_TRUNCATED', 'WIRE_INVALID', 'INCOMPLETE', 'LIMIT_EXCEEDED']],
  [/incomplete|trunc/, ['INCOMPLETE', 'SEGMENT_LOST', 'HDLC_FCS', 'TELEGRAM_INCOMPLETE', 'WIRE_TRUNCATED']],
  [/layout/, ['UNKNOWN_LAYOUT']],
  [/garbage|noise/, ['NO_FRAME', 'HDLC_FCS', 'HDLC_FRAME']],
];

function sameMeaning(code: string): readonly Code[] | undefined {
  return SAME_MEANING[code] ?? SAME_WORDS.find(([words]) => words.test(code))?.[1];
}

describe('push corpus', () => {
  const cases = corpusCases<Case>(c => typeof c['frame_hex'] === 'string' && typeof c['expect'] === 'object');
  if (cases.length === 0) {
    it('is skipped: corpus absent', function () {
      this.skip();
    });
    return;
  }
  const byId = new Map(cases.map(c => [c.id, c]));
  const table = new Map<string, { cases: number; passed: number }>();
  const choices: string[] = [];

  for (const one of cases) {
    it(`${one.id}: ${one.expect.kind}`, () => {
      const row = `${(one.meter?.vendor ?? '?').slice(0, 24)} | ${one.transport}`;
      const entry = table.get(row) ?? { cases: 0, passed: 0 };
      table.set(row, entry);
      entry.cases++;
      const { options, choice } = settingsOf(one, byId);
      if (choice !== null) choices.push(`${one.id}: ${choice}`);
      const bytes = unhex(one.frame_hex);
      const whole = feed(options, [bytes]);
      check(one, whole, byId, options);
      for (const [how, chunks] of chunkings(bytes)) {
        const events = feed(options, chunks);
        assert.deepEqual(telegramsOf(events), telegramsOf(whole), `the same telegrams ${how}`);
        check(one, events, byId, options);
      }
      entry.passed++;
    });
  }

  after(() => {
    const lines = [...table]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([row, n]) => `${row} | ${n.passed}/${n.cases}`);
    process.stdout.write(`\n      vendor | framing | passed/cases\n      ${lines.join('\n      ')}\n`);
    process.stdout.write(
      `\n      user's choices: ${choices.length === 0 ? 'none' : `\n      ${choices.join('\n      ')}`}\n`,
    );
  });
});

function check(one: Case, events: readonly PushEvent[], byId: ReadonlyMap<string, Case>, options: PushOptions): void {
  const { expect } = one;
  const telegrams = telegramsOf(events);
  const problems = problemsOf(events);
  const codes = problems.map(p => p.error.code);
  switch (expect.kind) {
    case 'values':
      assert.equal(telegrams.length, expect.telegrams ?? 1, `telegrams; problems ${codes.join(', ')}`);
      checkTelegram(one, telegrams[0] as TelegramEvent);
      break;
    case 'error': {
      assert.equal(telegrams.length, 0, 'nothing may be emitted');
      const wanted = sameMeaning(expect.error?.code ?? '');
      if (expect.error?.code === 'empty') break;
      // Of a word that nobody foresaw only a problem can be asked for.
      const meant = wanted === undefined ? codes.length > 0 : codes.some(code => wanted.includes(code));
      assert.ok(meant, `${expect.error?.code}: got ${codes.join(', ') || 'nothing'}`);
      break;
    }
    case 'needs-key':
      assert.equal(telegrams.length, 0, 'nothing may be emitted');
      checkNoKey(expect, problems);
      break;
    case 'partial':
      checkPartial(one, events, byId, options);
      break;
  }
}

function checkNoKey(expect: Expectation, problems: readonly ProblemEvent[]): void {
  const noKey = problems.filter(p => p.error.code === 'NO_KEY');
  assert.equal(noKey.length, expect.telegrams ?? 1, `NO_KEY; got ${problems.map(p => p.error.code).join(', ')}`);
  const { systemTitle, invocationCounter, invocationCounters } = expect.security ?? {};
  const counters = invocationCounters ?? (invocationCounter === undefined ? [] : [invocationCounter]);
  noKey.forEach((problem, i) => {
    const detail = problem.error.detail;
    assert.ok(detail.code === 'NO_KEY');
    if (systemTitle !== undefined) assert.equal(detail.systemTitle ?? '', systemTitle.toLowerCase());
    if (counters[i] !== undefined) assert.equal(detail.counter, counters[i]);
  });
}

function checkPartial(
  one: Case,
  events: readonly PushEvent[],
  byId: ReadonlyMap<string, Case>,
  options: PushOptions,
): void {
  const { expect } = one;
  const telegrams = telegramsOf(events);
  const problems = problemsOf(events);
  const codes = problems.map(p => p.error.code).join(', ');
  if (expect.sameAs !== undefined) {
    assert.equal(telegrams.length, expect.telegrams ?? expect.sameAs.length, `telegrams; problems ${codes}`);
    telegrams.forEach((telegram, i) => {
      const same = expect.sameAs as readonly string[];
      const twin = byId.get(same[Math.min(i, same.length - 1)] as string);
      if (twin !== undefined) checkTelegram(twin, telegram);
    });
  } else if (expect.security !== undefined) {
    assert.equal(telegrams.length, 0);
    checkNoKey(expect, problems);
  } else {
    assert.equal(telegrams.length, expect.telegrams ?? expect.values?.length ?? 0);
  }
  if (expect.elements !== undefined) {
    const unknown = problems.find(p => p.error.code === 'UNKNOWN_LAYOUT');
    assert.ok(unknown !== undefined, codes);
    const list = decodeData(unknown.bytes.subarray(6));
    assert.ok(list.type === 'structure');
    assert.deepEqual(
      list.value.map(comparable),
      expect.elements.map(e => (e.type === 'null' ? null : e.value)),
    );
  }
  if (expect.trailing_hex !== undefined) {
    assert.ok(
      problems.some(p => hex(p.bytes).includes(expect.trailing_hex as string)),
      'trailing bytes are reported',
    );
  }
  if (expect.replay !== undefined) {
    assert.deepEqual(
      telegrams.map(t => t.origin.replayed === true),
      expect.replay,
    );
    const strict = feed({ ...options, replay: 'refuse' }, [unhex(one.frame_hex)]);
    assert.equal(telegramsOf(strict).length, expect.replay.filter(again => !again).length);
    assert.ok(problemsOf(strict).some(p => p.error.code === 'REPLAYED'));
  }
}

function checkTelegram(one: Case, { telegram, origin }: TelegramEvent): void {
  const { expect } = one;
  const expected = expect.values ?? [];
  const got = telegram.readings.map(r => r.obis).join(' ');
  assert.equal(telegram.readings.length, expected.length, `readings: ${got}`);
  expected.forEach((value, i) => checkReading(value, telegram.readings[i] as Reading, `reading ${i}`));
  if (expect.timestamp !== undefined) {
    const { iso, local } = expect.timestamp;
    if (iso !== undefined && iso !== null) assert.equal(zulu(telegram.time), iso, 'time');
    else assert.equal(telegram.time?.slice(0, local.length), local, 'time');
  }
  if (expect.meterId !== undefined && expect.meterId !== null)
    assert.equal(telegram.meter.id, expect.meterId, 'meter id');
  const { security } = expect;
  if (security !== undefined && !one.transport.startsWith('p1')) {
    assert.equal(origin.systemTitle, security.systemTitle?.toLowerCase());
    assert.equal(origin.invocationCounter, security.invocationCounter);
  }
  if (security?.tagVerified === true) assert.equal(origin.authenticated, true);
  if (one.keys?.['authenticationKey'] === undefined && !one.transport.startsWith('p1')) {
    assert.notEqual(origin.authenticated, true, 'not authenticated without a key for it');
  }
}

function checkReading(expected: ExpectedValue, reading: Reading, where: string): void {
  const label = `${where} ${expected.obis ?? reading.position} = ${JSON.stringify(reading)}`;
  if (expected.obis === null || expected.obis === undefined) assert.equal(reading.obis, null, label);
  else assert.equal(reading.obis, Obis.tryParse(expected.obis)?.toString() ?? expected.obis, label);
  const { value } = expected;
  // A P1 line with several brackets: the corpus takes the last one for the value, our contract the one that carries it; all are there.
  if (typeof value === 'number' && (expected.groups?.length ?? 0) > 1) checkSets(expected, value, reading, label);
  else if (typeof value === 'number') assert.equal(Number(reading.value), value, label);
  else if (Array.isArray(value)) assert.equal(reading.value, JSON.stringify(value), label);
  else if (typeof value === 'object' && value !== null) {
    const clock = value as { readonly iso?: string | null; readonly local?: string };
    assert.equal(zulu(reading.value), clock.iso ?? clock.local, label);
  } else if (typeof value === 'string' && reading.text !== undefined) checkText(expected, reading, label);
  else assert.equal(reading.value, value, label);
  if (expected.unit !== undefined && expected.unit !== null) {
    assert.equal(reading.unit ?? '', expected.unit, label);
  }
}

function checkSets(expected: ExpectedValue, value: number, reading: Reading, label: string): void {
  assert.ok(
    reading.sets?.some(set => set.value === value),
    label,
  );
  expected.groups?.forEach((group, i) => assert.equal(reading.sets?.[i]?.text, group, label));
}

/** P1: the text as sent stands beside the value. */
function checkText(expected: ExpectedValue, reading: Reading, label: string): void {
  const texts = [reading.text, ...(reading.sets ?? []).map(set => set.text), String(reading.value)];
  assert.ok(texts.includes(expected.value as string), label);
  expected.groups?.forEach((group, i) => assert.equal(reading.sets?.[i]?.text, group, label));
}

/** What the corpus writes for one element of an unknown list. */
function comparable(data: Data): unknown {
  switch (data.type) {
    case 'null-data':
    case 'dont-care':
      return null;
    case 'array':
    case 'structure':
    case 'compact-array':
      return data.value.map(comparable);
    default:
      if (data.value instanceof Uint8Array) return hex(data.value);
      return typeof data.value === 'bigint' ? Number(data.value) : data.value;
  }
}

function settingsOf(one: Case, byId: ReadonlyMap<string, Case>): { options: PushOptions; choice: string | null } {
  const keys = one.keys ?? {};
  const twins = [one, ...(one.expect.sameAs ?? []).flatMap(id => byId.get(id) ?? [])];
  const profiles = new Set(
    twins.flatMap(c => (c.expect.values ?? []).map(v => /^profile:(.*)$/.exec(v.scaleSource ?? '')?.[1] ?? '')),
  );
  const key = (name: string): Key | null => (keys[name] === undefined ? null : Key.parse(keys[name], name));
  const options: PushOptions = {
    encryptionKey: key('encryptionKey'),
    authenticationKey: key('authenticationKey'),
    masterKey: key('masterKey'),
    broadcastKey: key('broadcastKey'),
    systemTitle: keys['systemTitle'] === undefined ? null : parseSystemTitle(keys['systemTitle']),
  };
  const chosen = [...profiles].filter(name => USER_CHOICE[name] !== undefined);
  if (chosen.length === 0 || scalesAsExpected(one, options, byId)) return { options, choice: null };
  const scalers = Object.assign({}, ...chosen.map(name => USER_CHOICE[name])) as Record<string, number>;
  return { options: { ...options, scalers }, choice: `${chosen.join(', ')}: scalers ${JSON.stringify(scalers)}` };
}

/** Does the decoder's own rule come to the scales of the case? */
function scalesAsExpected(one: Case, options: PushOptions, byId: ReadonlyMap<string, Case>): boolean {
  const telegrams = telegramsOf(feed(options, [unhex(one.frame_hex)]));
  const same = one.expect.sameAs ?? [one.id];
  return telegrams.every((event, i) => {
    const expected = byId.get(same[Math.min(i, same.length - 1)] as string)?.expect.values ?? [];
    return event.telegram.readings.every(({ value }, n) => {
      const wanted = expected[n]?.value;
      return typeof wanted !== 'number' || Number(value) === wanted;
    });
  });
}

type TelegramEvent = Extract<PushEvent, { type: 'telegram' }>;
type ProblemEvent = Extract<PushEvent, { type: 'problem' }>;

function telegramsOf(events: readonly PushEvent[]): TelegramEvent[] {
  return events.filter(e => e.type === 'telegram');
}
function problemsOf(events: readonly PushEvent[]): ProblemEvent[] {
  return events.filter(e => e.type === 'problem');
}

/** All chunks, then silence. */
function feed(options: PushOptions, chunks: readonly Uint8Array[]): PushEvent[] {
  const decoder = new PushDecoder(options);
  const events: PushEvent[] = [];
  for (const chunk of chunks) events.push(...decoder.receive(chunk).events);
  events.push(...decoder.timeout().events);
  return events;
}

function chunkings(bytes: Uint8Array): [string, Uint8Array[]][] {
  const out: [string, Uint8Array[]][] = [['byte by byte', bytewise(bytes)]];
  for (const seed of [1, 2, 3]) {
    out.push([`in random chunks, seed ${seed}`, randomly(bytes, seed)]);
  }
  return out;
}

function zulu(time: unknown): unknown {
  return typeof time === 'string' ? time.replace(/Z$/, '+00:00') : time;
}
