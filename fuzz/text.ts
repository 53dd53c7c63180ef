// Everything that a person types or a flow says: command lines, codes, patterns, rules, layouts, addresses, zones, ranges,
// settings, messages of any JSON.
// Rules: what is wrong is a DlmsError, never INTERNAL or another exception; Object.prototype stays as it is; a code that was
// read and written is the same code; what promises a range keeps it.

import { clockPolicy, readDateTime } from '../src/core/cosem/date-time';
import { searchObis } from '../src/core/obis/obis-names';
import { Obis } from '../src/core/obis/obis';
import { ObisPattern } from '../src/core/obis/pattern';
import type { Reading } from '../src/core/cosem/reading';
import { checkZone } from '../src/core/cosem/zone';
import { ObisFilter } from '../src/filter/filter';
import { parseRules } from '../src/filter/rule';
import { parseRegister } from '../src/core/iec62056-21/messages';
import { serverAddressFromSerial } from '../src/core/link/serial-address';
import { exportLayouts, importLayouts, userScalers } from '../src/core/push';
import { isDlmsError } from '../src/core/wire/errors';
import { unhex } from '../src/core/wire/hex';
import { parseCommandLine } from '../src/io/settings/command-line';
import { overrideSettings, parseSettings } from '../src/io/settings/settings';
import { bytesOf } from '../src/nodes/lib/bytes-of';
import { readText } from '../src/nodes/lib/text-forms';
import { filterOptions } from '../src/nodes/obis-filter/meaning';
import { wantedObjects } from '../src/nodes/lib/object-refs';
import { pushSettings } from '../src/nodes/push-decoder/meaning';
import { wantedRange } from '../src/nodes/lib/range';
import type { Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';

export interface TextInput {
  readonly parser: string;
  /** What it is given, made by its row in PARSERS. */
  readonly given: readonly unknown[];
}

/** `make`: what somebody might say; `read`: whatever it says; a returned text is a finding. */
interface Parser {
  readonly make: (dice: Dice) => unknown[];
  readonly read: (...given: never[]) => unknown;
}

export const text: Fuzzer<TextInput> = {
  name: 'text',
  share: 3,
  open() {
    const tally = new Tally();
    const members = Object.getOwnPropertyNames(Object.prototype).length;
    return {
      counts: tally.counts,
      make(dice) {
        const parser = dice.pick(Object.keys(PARSERS));
        return { parser, given: PARSERS[parser]?.make(dice) ?? [] };
      },
      check({ parser, given }) {
        let wrong: unknown = null;
        try {
          // `given` was made by the row's own `make`.
          wrong = PARSERS[parser]?.read(...(given as never[]));
          tally.add('taken');
        } catch (e) {
          if (!isDlmsError(e)) throw e;
          tally.add('refused');
        }
        if (Object.keys({}).length > 0 || Object.getOwnPropertyNames(Object.prototype).length !== members)
          return `${parser} changes Object.prototype`;
        return typeof wrong === 'string' ? `${parser}: ${wrong}` : null;
      },
    };
  },
};

const PARSERS: Readonly<Record<string, Parser>> = {
  commandLine: {
    make: d => [`${word(d)} ${word(d)} ${word(d)}`],
    read: (line: string) => void parseCommandLine(line),
  },
  obis: {
    make: d => [word(d)],
    read: (code: string) => {
      const obis = Obis.tryParse(code);
      if (obis === null || obis === undefined) return null;
      return Obis.parse(obis.toString()).toString() === obis.toString() ? null : 'a code does not come back';
    },
  },
  pattern: {
    make: d => [word(d), d.list(3, () => reading(d))],
    read: (pattern: string, readings: Reading[]) => {
      const parsed = ObisPattern.parse(pattern);
      readings.forEach(r => parsed.matchesReading(r));
    },
  },
  rules: {
    make: d => [d.chance(0.8) ? [ruleOf(d)] : any(d)],
    read: (rules: never) => void parseRules(rules),
  },
  filter: {
    make: d => [
      {
        rules: d.list(d.below(3), () => ruleOf(d)),
        output: d.pick(['readings', 'flat', 'telegram', 'per-rule', 'influx', 'sql', 'homeassistant']),
        onChange: d.chance(),
        counters: d.chance(),
        duplicates: d.chance(),
        maxPerHour: d.pick(['', '100']),
      },
      d.list(3, () => (d.chance(0.8) ? telegramOf(d) : { payload: any(d), dlms: any(d) })),
      any(d),
    ],
    read: (options: never, messages: Record<string, unknown>[], kept: unknown) => {
      const filter = new ObisFilter(filterOptions(options));
      for (const message of messages) JSON.stringify(filter.process(message, NOW).messages);
      filter.load(JSON.parse(JSON.stringify(filter.save() ?? null)));
      filter.load(kept);
      filter.process(messages[0] ?? {}, NOW + 1000);
    },
  },
  layouts: {
    make: d => [d.chance(0.4) ? [layoutOf(d)] : any(d)],
    read: (layouts: never) => void exportLayouts(importLayouts(layouts)),
  },
  layoutsText: {
    make: d => [d.chance() ? JSON.stringify(any(d)) : word(d)],
    read: (layouts: never) => void exportLayouts(importLayouts(layouts)),
  },
  scalers: {
    make: d => [d.chance() ? { [word(d)]: d.pick([1, '2', word(d)]) } : any(d)],
    read: (scalers: never) => (isRecord(scalers) ? void userScalers(scalers) : null),
  },
  serialNumber: {
    make: d => [d.pick(['12345678', word(d)]), d.chance(0.3) ? 'SN % 10000 + 1000' : word(d)],
    read: (serial: string, formula: string) => {
      const address = serverAddressFromSerial(serial, formula);
      return Number.isInteger(address) && address >= 0 && address <= 0x3fff ? null : 'a server address out of range';
    },
  },
  zone: { make: d => [word(d)], read: (zone: string) => void checkZone(zone) },
  settings: {
    make: d => [some(d, SETTINGS), { password: word(d), encryptionKey: word(d) }],
    read: (settings: Record<string, unknown>, secrets: never) => void parseSettings(settings, secrets),
  },
  meter: {
    make: d => [d.chance() ? some(d, SETTINGS) : any(d)],
    read: (meter: never) =>
      isRecord(meter) ? void overrideSettings({ transport: 'tcp', host: 'h', port: 1 }, {}, meter) : null,
  },
  push: {
    make: d => [some(d, PUSH), { encryptionKey: word(d) }],
    read: (settings: never, secrets: never) => void pushSettings(settings, secrets),
  },
  objects: {
    make: d => [d.chance() ? undefined : any(d), { objects: d.chance() ? any(d) : [objectOf(d)] }],
    read: (configured: never, message: never) => void wantedObjects(configured, message),
  },
  range: {
    make: d => [
      {
        mode: d.pick(['last', 'since-last-read', 'between', 'entries', 'all']),
        last: word(d),
        from: any(d),
        to: any(d),
        entries: any(d),
        message: { from: any(d), to: any(d), entries: any(d) },
        nowMs: NOW,
        policy: { mode: 'standard' },
        zone: 'Europe/Vienna',
        lastReadMs: null,
      },
    ],
    read: (wanted: never) => void wantedRange(wanted),
  },
  bytes: { make: d => [any(d)], read: (value: unknown) => void bytesOf(value) },
  bytesOfText: {
    make: d => [word(d) + word(d)],
    read: (written: string) => (readText(written).bytes instanceof Uint8Array ? null : 'no bytes'),
  },
  hex: { make: d => [word(d)], read: (digits: string) => void unhex(digits) },
  register: { make: d => [word(d)], read: (register: string) => void parseRegister(register) },
  clock: {
    make: d => [
      Uint8Array.from({ length: d.pick([12, 12, 12, 5, 13, 0]) }, () =>
        d.pick([0, 1, 7, 0xff, 0x80, 0xfe, d.below(256)]),
      ),
      d.pick(['standard', 'inverted', 'zone', word(d)]),
      d.pick(['', 'Europe/Vienna', 'America/Sao_Paulo', word(d)]),
    ],
    read: (octets: Uint8Array, mode: never, zone: string) => {
      const { iso } = readDateTime(octets, clockPolicy(mode, zone));
      return iso != null && Number.isNaN(Date.parse(iso)) ? 'a time that is none' : null;
    },
  },
  search: { make: d => [word(d).slice(0, 100)], read: (words: string) => void searchObis(words, {}, 30) },
};

function ruleOf(d: Dice): Record<string, unknown> {
  return {
    obis: d.pick(['*', '1.8.0', 'active*', word(d)]),
    name: d.pick(['', '__proto__', 'constructor', word(d)]),
    topic: d.pick(['', word(d)]),
    factor: d.pick(['', '0.001', '200/5', '1e300', word(d)]),
    round: d.pick(['', '2', '-12', word(d)]),
    unit: d.pick(['', 'kWh', 'MWh', 'W', word(d)]),
    deadband: d.pick(['', '1', '2%', word(d)]),
    select: d.pick(['', 'value', 'time', 'raw', 'status', '~1', word(d)]),
    type: d.pick(['number', word(d)]),
  };
}

function telegramOf(d: Dice): Record<string, unknown> {
  const meter = { id: d.pick(['m1', '__proto__', '+/#', word(d), null]), manufacturer: null, model: null };
  const time = d.pick([null, '2026-11-21T10:15:00+01:00', word(d)]);
  const readings = d.list(d.below(6), () => reading(d));
  return { topic: word(d), payload: { meter, time, receivedAt: '2026-11-21T10:15:00Z', readings } };
}

function reading(d: Dice): Record<string, unknown> {
  return {
    obis: d.pick(['1-0:1.8.0*255', '1-0:2.8.0*255', null, word(d)]),
    id: d.chance() ? word(d) : undefined,
    name: word(d),
    key: d.pick(['active_energy_import', '__proto__', 'constructor', word(d)]),
    value: d.pick([1, 2.5, null, '12345678901234567890.12', word(d), true, NaN]),
    unit: d.pick(['kWh', 'Wh', null, word(d)]),
    raw: d.below(1000),
    scaler: d.below(9) - 4,
    time: d.pick([undefined, '2026-11-21T10:15:00+01:00', word(d)]),
    status: d.chance(0.2) ? d.below(256) : undefined,
  };
}

function layoutOf(d: Dice): Record<string, unknown> {
  return {
    name: word(d),
    elements: d.pick([1, 5, '3', 999]),
    first: word(d),
    entries: d.list(d.below(4), () => ({
      position: d.pick([0, 1, '2', -1]),
      obis: d.pick(['1.8.0', word(d)]),
      unit: word(d),
      scaler: d.pick([0, -3, '2', 99]),
      type: d.pick(['number', 'any', 'octet-string(12)', word(d)]),
      role: d.pick(['clock', word(d)]),
    })),
  };
}

function objectOf(d: Dice): Record<string, unknown> {
  return { obis: word(d), classId: word(d), attribute: word(d) };
}

/** Some of the properties, with a word or with anything. */
function some(d: Dice, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter(() => d.chance(0.4)).map(name => [name, d.chance() ? word(d) : any(d)]));
}

function word(d: Dice): string {
  return d.list(1 + d.below(d.chance(0.1) ? 40 : 5), () => d.pick(ATOMS)).join('');
}

/** Any value that a function node could put on a message. */
function any(d: Dice, depth = 0): unknown {
  switch (d.below(depth > 3 ? 6 : 9)) {
    case 0:
      return word(d);
    case 1:
      return d.below(1_000_000) - 500_000;
    case 2:
      return d.pick([NaN, Infinity, -0, 1e308, 2 ** 53, 0.1, -1]);
    case 3:
      return d.chance();
    case 4:
      return null;
    case 5:
      return undefined;
    case 6:
      return d.list(d.below(5), () => any(d, depth + 1));
    default: {
      const out = {};
      for (let n = d.below(5); n > 0; n--) {
        const name = d.chance(0.3) ? d.pick(MEMBERS) : word(d).slice(0, 20);
        Object.defineProperty(out, name, {
          value: any(d, depth + 1),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return out;
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SETTINGS = [
  'transport',
  'host',
  'port',
  'interface',
  'authentication',
  'security',
  'systemTitle',
  'serverAddress',
].concat([
  'serialNumber',
  'serialFormula',
  'counterObject',
  'timezone',
  'path',
  'frameSize',
  'referencing',
  'clientAddress',
]);
const PUSH = [
  'framing',
  'layout',
  'layouts',
  'scalers',
  'systemTitle',
  'timezone',
  'idle',
  'silence',
  'replay',
  'require',
];
const MEMBERS = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'obis',
  'name',
  'value',
].concat(['position', 'elements', 'entries', 'payload', 'length', 'host', 'port']);
const ATOMS = [
  '1-0:1.8.0*255',
  '1.8.0',
  '*',
  '**',
  '~1',
  '~',
  '&',
  '1-4',
  '[1-4]',
  '[',
  ']',
  '255',
  '256',
  '-',
  ':',
  '.',
]
  .concat([
    'SN',
    '%',
    '+',
    '/',
    '(',
    ')',
    '0x',
    'ff',
    '00',
    ' ',
    '\t',
    '\n',
    '"',
    "'",
    '\\',
    '-h',
    '-p',
    '-c 16',
    '-s 1',
  ])
  .concat(['-a Low', '-P', '-S COM1:9600:8None1', '-i WRAPPER', '-g', 'Europe/Vienna', 'UTC', '+01:00', '31 days'])
  .concat(['2026-02-30', '2026-10-25T02:30:00', '1e309', '-1e-400', 'NaN', 'Infinity', 'null', '{}', '[]', '__proto__'])
  .concat([
    'constructor',
    'toString',
    'a',
    'aaaaaaaaaaaaaaaaaaaaaaaaa',
    '9'.repeat(30),
    '\u0000',
    '\ud800',
    'é',
    '٣',
    '0b1',
  ])
  .concat(['1_0', '200/5', '2%', '${HOME}', '${', ';', ',', '#', '<img src=x onerror=alert(1)>']);
const NOW = Date.UTC(2026, 10, 21, 10, 7);
