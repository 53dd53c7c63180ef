// The messages that docs/messages.md shows, made by the code itself from a simulated push, a text and a filter.
// Run without arguments it writes them between the marks of the page; a test compares the two.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Telegram } from '../src/core/cosem/reading';
import { IecDecoder } from '../src/core/iec62056-21';
import { PushDecoder } from '../src/core/push';
import { DlmsError } from '../src/core/wire/errors';
import { fromLatin1 } from '../src/core/wire/hex';
import { type FilterOptions, ObisFilter } from '../src/filter/filter';
import { OUTPUT_FORMS } from '../src/filter/forms';
import { outcomeOf } from '../src/nodes/iec-readout/payload';
import { iecSettings } from '../src/nodes/iec-readout/meaning';
import { asNodeError } from '../src/nodes/lib/on-input';
import { problemFields } from '../src/nodes/push-decoder/sources';
import { EXAMPLE_KEYS, pushBytes, pushFormat } from '../src/sim/push-source';

/** Name of the mark in the page → what stands there. */
export function messageExamples(): ReadonlyMap<string, string> {
  const pushed = push('kamstrup-list-1', false);
  const encrypted = push('kaifa-west-one-phase', true);
  const read = text(lines(READOUT));
  const profile = text(block(lines(PROFILE)));
  const filtered = OUTPUT_FORMS.filter(form => form !== 'per-rule' && form !== 'prometheus').map(
    form => [`filter-${form}`, filter(form, read['payload'] as Telegram)] as const,
  );
  return new Map<string, string>([
    ['telegram-push', shown(pushed)],
    ['dlms-encrypted', shown({ dlms: encrypted['dlms'] })],
    ['telegram-iec', shown(read)],
    ['load-profile', shown(profile)],
    ['problem', shown(problem())],
    ['error', shown({ error: error() })],
    ...filtered.map(([name, messages]) => [name, messages.map(message => shown(message)).join('\n')] as const),
  ]);
}

/** A page with the examples of today between its marks. */
export function withExamples(page: string): string {
  let all = page;
  for (const [name, example] of messageExamples()) {
    const begin = `<!-- example:${name} -->`;
    const from = all.indexOf(begin);
    const to = all.indexOf(END, from);
    if (from < 0 || to < 0) throw new Error(`docs/messages.md has no place for ${name}`);
    all = `${all.slice(0, from + begin.length)}\n\`\`\`json\n${example}\n\`\`\`\n${all.slice(to)}`;
  }
  return all;
}

type Fields = Readonly<Record<string, unknown>>;

function push(name: string, encrypted: boolean): Fields {
  const format = pushFormat(name);
  if (format === undefined) throw new Error(`the simulated source knows no ${name}`);
  const decoder = new PushDecoder(encrypted ? { ...EXAMPLE_KEYS, require: 'encrypted' } : {});
  const events = [...decoder.receive(pushBytes(format)).events, ...decoder.timeout().events];
  const [event] = events;
  if (event?.type !== 'telegram') throw new Error(`${name} gave ${JSON.stringify(events)}`);
  const { meter, time, readings } = event.telegram;
  const payload = { meter, time, receivedAt: RECEIVED, readings: readings.slice(0, 4) };
  return { payload, dlms: event.origin };
}

function text(bytes: Uint8Array): Fields {
  const settings = iecSettings({ source: 'message', timezone: 'Europe/Vienna' }, {});
  const decoder = new IecDecoder(settings.decoder);
  const events = [...decoder.receive(bytes), ...decoder.flush()];
  const { messages, failure } = outcomeOf(events, settings);
  const [message] = messages;
  if (message === undefined) throw failure ?? new Error('nothing was read');
  const payload = message['payload'] as Fields;
  return { ...message, payload: 'receivedAt' in payload ? { ...payload, receivedAt: RECEIVED } : payload };
}

function lines(of: readonly string[]): Uint8Array {
  return fromLatin1(`${of.join('\r\n')}\r\n`);
}

/** STX, the lines, ETX and their check. */
function block(body: Uint8Array): Uint8Array {
  const checked = [...body, 0x03];
  return Uint8Array.from([0x02, ...checked, checked.reduce((sum, octet) => sum ^ octet, 0)]);
}

function filter(output: FilterOptions['output'], payload: Telegram): readonly Fields[] {
  const options: FilterOptions = {
    rules: [],
    output,
    require: 'nothing',
    onChange: false,
    deadband: null,
    minMs: null,
    maxMs: null,
    duplicates: false,
    counters: false,
    maxPerHour: null,
    acceptAfter: 3,
    hold: false,
    texts: true,
    holdMs: null,
    measurement: 'meter',
    maxMeters: 1,
    homeAssistant: { discoveryPrefix: 'homeassistant', statePrefix: 'dlms', texts: null, steady: true },
  };
  const short = { ...payload, readings: payload.readings.slice(-2) };
  return new ObisFilter(options).process({ payload: short }, Date.parse(RECEIVED)).messages.map(m => m.fields);
}

function problem(): Fields {
  return problemFields(
    new DlmsError({ code: 'NO_KEY', systemTitle: '4b464d1020000001', counter: 4711 }),
    new Uint8Array([0xdb, 0x08]),
    { source: 'push', framing: 'hdlc' },
  );
}

function error(): Fields {
  const { message, code, cause } = asNodeError(new DlmsError({ code: 'CONNECT_REFUSED', where: '192.168.1.50:4059' }));
  return { message, code, cause };
}

/** Indented, but what fits into a line stands on one. */
function shown(value: unknown, depth = 0): string {
  const line = JSON.stringify(value).replace(
    /("(?:[^"\\]|\\.)*"|\{\})|[,:{}]/g,
    (sign, words: string | undefined) => words ?? (sign === '}' ? ' }' : `${sign} `),
  );
  if (line.length + depth * 2 <= WIDTH || typeof value !== 'object' || value === null) return line;
  const pad = '  '.repeat(depth + 1);
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map(item => pad + shown(item, depth + 1))
    : Object.entries(value).map(([name, item]) => `${pad}"${name}": ${shown(item, depth + 1)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.join(',\n')}\n${'  '.repeat(depth)}${close}`;
}

const END = '<!-- /example -->';
const WIDTH = 118;
const RECEIVED = '2026-11-22T09:15:01.204Z';
const READOUT = [
  '/SIM5\\@METER',
  '',
  '0.0.0(00000042)',
  '0.9.1(101500)',
  '0.9.2(261122)',
  '1.8.0(012345.678*kWh)',
  '1.6.0(24.81*kW)(2611201145)',
  '!',
];
const PROFILE = ['P.01(0261121001500)(08)(15)(1)(1-0:1.5.0)(kW)', '(0.412)', '(0.398)'];

if (require.main === module) {
  const page = join(process.cwd(), 'docs', 'messages.md');
  writeFileSync(page, withExamples(readFileSync(page, 'utf8')));
}
