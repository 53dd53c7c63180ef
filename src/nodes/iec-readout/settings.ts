// The properties of dlms-iec-readout, parsed into what the core takes. Empty means the default, a wrong value is BAD_SETTING.

import { checkZone, zoneOffsetAt } from '../../core/cosem/zone';
import type { CheckPolicy } from '../../core/framing/check';
import type { DecoderOptions } from '../../core/iec62056-21/decoder';
import type { Medium } from '../../core/iec62056-21/ids';
import { parseRegister } from '../../core/iec62056-21/messages';
import type { ParityMode } from '../../core/iec62056-21/parity';
import { READER_MODES, type ReaderMode, type ReadPlan } from '../../core/iec62056-21/reader-options';
import type { DateOrder } from '../../core/iec62056-21/times';
import { Key, parseSystemTitle } from '../../core/security/keys';
import { DlmsError } from '../../core/wire/errors';
import { badSetting, knownFields, plainText } from '../../core/wire/foreign';
import type { IecSessionOptions } from '../../io/iec/iec-session';
import { OBJECT_FIELDS } from '../lib/object-refs';
import { choice, flag, number, text } from '../lib/props';

/** As the editor stores them; docs/messages.md#names-in-flows says which names stay. */
export type IecProperties = Readonly<Record<string, unknown>>;

export interface IecSettings {
  readonly source: 'connection' | 'message';
  /** d and p1 listen; e reads its list as mode c does. */
  readonly mode: ReaderMode;
  readonly read: 'list' | 'registers' | 'profile';
  readonly registers: readonly string[];
  readonly decoder: DecoderOptions;
  readonly session: IecSessionOptions;
  readonly encoding: Encoding;
  readonly output: 'telegram' | 'value';
  readonly zone: string | null;
}

export type Encoding = 'auto' | 'text' | 'hex' | 'base64';

export function iecSettings(config: IecProperties, credentials: IecProperties): IecSettings {
  const zone = text(config['timezone'], null);
  if (zone !== null) checkZone(zone);
  const mode = choice('mode', config['mode'], READER_MODES, 'auto');
  const decoder: DecoderOptions = {
    check: choice('bcc', config['bcc'], CHECKS, 'strict'),
    zeroCrc: flag(config['noCrc'], false),
    medium: MEDIA[choice('medium', config['medium'], MEDIUM_WORDS, 'electricity')],
    dateOrder: choice('dateOrder', config['dateOrder'], DATE_ORDERS, 'ymd'),
    parity: PARITIES[choice('parity', config['parity'], PARITY_WORDS, 'auto')],
    season: choice('season', config['season'], ['meter', 'zone'] as const, 'meter'),
    keys: {
      encryptionKey: key(credentials['encryptionKey'], 'encryptionKey'),
      authenticationKey: key(credentials['authenticationKey'], 'authenticationKey'),
      systemTitle: title(config['systemTitle']),
    },
    modeA: mode === 'a',
    ...(zone === null ? {} : { zone }),
  };
  const read = choice('read', config['read'], ['list', 'registers', 'profile'] as const, 'list');
  return {
    source: choice('source', config['source'], ['connection', 'message'] as const, 'connection'),
    mode,
    read,
    registers: registerList(config['registers']),
    decoder,
    // The keys are those of the P1 port; a dialogue with the meter is in plain.
    session: {
      ...decoder,
      ...sessionOptions(config, credentials),
      require: 'nothing',
      mode: mode === 'e' ? 'c' : mode,
    },
    encoding: choice('encoding', config['encoding'], ['auto', 'text', 'hex', 'base64'] as const, 'auto'),
    output: choice('output', config['output'], ['telegram', 'value'] as const, 'telegram'),
    zone,
  };
}

function sessionOptions(config: IecProperties, credentials: IecProperties): IecSessionOptions {
  const password = text(credentials['password'], '');
  const wakeUpCharacters = wakeUp(config['wakeUp']);
  const optional = (name: string, setting: number | null): Record<string, number> =>
    setting === null ? {} : { [name]: setting };
  // Not v, z and y: Node-RED keeps a node's tab in z and its place in x and y.
  const characters = (name: 'v' | 'z' | 'y', property: string): Record<string, string> => {
    const value = text(config[property], null);
    if (value === null) return {};
    if (!/^[ -~]$/.test(value)) throw bad(property, value, 'one character of the acknowledgement');
    return { [name]: value };
  };
  return {
    request: text(config['request'], '?'),
    meterAddress: text(config['meterAddress'], ''),
    password,
    passwordCommand:
      choice('passwordCommand', config['passwordCommand'], ['p1', 'p2'] as const, 'p1') === 'p2' ? 'P2' : 'P1',
    // Empty is not 300: only then other rates are tried.
    ...optional('baudRate', number('baudRate', config['baudRate'], null, { min: 50, max: 4_000_000 })),
    baudChangeDelayMs: number('baudChangeDelay', config['baudChangeDelay'], 300, { min: 0, max: 1000 }),
    maxReadoutSeconds: number('maxReadoutSeconds', config['maxReadoutSeconds'], 300, { min: 1, max: 86_400 }),
    wakeUpCharacters,
    wakeUpGuardMs: 60_000 * number('wakeUpGuard', config['wakeUpGuard'], 60, { min: 0, max: 100_000 }),
    breakFirst: flag(config['breakFirst'], false),
    commandEnding: flag(config['commandEnding'], false) ? '\r\n' : '',
    ...optional('answerTimeoutMs', number('answerTimeout', config['answerTimeout'], null, { min: 100, max: 120_000 })),
    ...optional(
      'characterTimeoutMs',
      number('characterTimeout', config['characterTimeout'], null, { min: 50, max: 120_000 }),
    ),
    ...optional('reactionMs', number('reactionTime', config['reactionTime'], null, { min: 0, max: 1500 })),
    ...characters('v', 'ackV'),
    ...characters('z', 'ackZ'),
    ...characters('y', 'ackY'),
  };
}

/** Registers of the message, of the node, one a line or separated by commas and semicolons. Throws BAD_SETTING. */
export function registerList(value: unknown, setting = 'registers'): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = list.flatMap(entry => {
    if (typeof entry !== 'object' || entry === null) return splitOutside(plainText(entry, setting, REGISTERS));
    const written = plainText(knownFields(entry, setting, OBJECT_FIELDS, REGISTERS)['obis'], setting, REGISTERS);
    if (written === '') throw badSetting(setting, entry, REGISTERS);
    return splitOutside(written);
  });
  for (const register of found) parseRegister(register);
  return found;
}

/** Commas and semicolons inside brackets belong to the register: "P.01(;)". */
function splitOutside(given: string): string[] {
  return given
    .split(/[\r\n]+|[,;](?![^()]*\))/)
    .map(part => part.trim())
    .filter(part => part !== '');
}

/** What is asked for, with the range in the meter's own clock. */
export function readPlan(
  settings: IecSettings,
  config: IecProperties,
  registers: readonly string[],
  range: { readonly fromMs: number | null; readonly toMs: number | null },
): ReadPlan {
  if (settings.read === 'list') return { what: 'list' };
  if (settings.read === 'registers') {
    if (registers.length === 0) throw bad('registers', '', 'at least one register, for example 1.8.0');
    return { what: 'registers', registers };
  }
  const profile = (config['profile'] ?? {}) as IecProperties;
  const code = text(profile['code'], 'P.01');
  if (!/^(\d+-\d+:)?P\.\d{1,3}$/.test(code)) throw bad('profile code', code, 'of the form P.01, P.02, P.98 or P.99');
  const stamp = choice('profile time format', profile['stamp'], STAMPS, /\.9\d$/.test(code) ? '13' : '11');
  const command = choice('profile command', profile['command'], ['auto', 'r1', 'r5', 'r6'] as const, 'auto');
  const rowsPerBlock = number('profile rows per block', profile['rowsPerBlock'], null, { min: 1, max: 99_999 });
  const zone = settings.zone ?? LOCAL_ZONE;
  return {
    what: 'profile',
    code,
    from: range.fromMs === null ? '' : meterTime(range.fromMs, zone, stamp),
    to: range.toMs === null ? '' : meterTime(range.toMs, zone, stamp),
    ...(command === 'auto' ? {} : { command: command.toUpperCase() as 'R1' | 'R5' | 'R6' }),
    ...(rowsPerBlock === null ? {} : { rowsPerBlock }),
  };
}

/** YYMMDDhhmm (10), with the season digit in front (11), with seconds (13). */
function meterTime(epochMs: number, zone: string, stamp: (typeof STAMPS)[number]): string {
  const { offsetMinutes, daylight } = zoneOffsetAt(zone, epochMs);
  const digits = new Date(epochMs + offsetMinutes * 60_000).toISOString().replace(/\D/g, '').slice(2, 14);
  const season = daylight ? '1' : '0';
  return stamp === '10' ? digits.slice(0, 10) : stamp === '11' ? season + digits.slice(0, 10) : season + digits;
}

function wakeUp(value: unknown): number {
  const given = value === true ? 'standard' : value === false ? 'off' : text(value, 'off').toLowerCase();
  if (given === 'off' || given === 'false' || given === 'none') return 0;
  if (given === 'standard' || given === 'true' || given === 'on') return STANDARD_WAKE_UP;
  return number('wakeUp', given, 0, { min: 0, max: 500 });
}

function key(value: unknown, setting: string): Key | null {
  const given = text(value, null);
  return given === null ? null : Key.parse(given, setting);
}

function title(value: unknown): Uint8Array | null {
  const given = text(value, null);
  return given === null ? null : parseSystemTitle(given, 'systemTitle');
}

function bad(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}

const REGISTERS = 'a register such as 1.8.0, or a list of them';
const CHECKS: readonly CheckPolicy[] = ['strict', 'warn', 'off'];
const DATE_ORDERS: readonly DateOrder[] = ['ymd', 'dmy', 'mdy'];
const MEDIA: Readonly<Record<(typeof MEDIUM_WORDS)[number], Medium>> = {
  auto: 'electricity',
  electricity: 'electricity',
  heat: 'heat',
  cooling: 'cooling',
  gas: 'gas',
  water: 'water',
  'hot-water': 'hot-water',
  'heat-cost-allocator': 'heat-cost-allocator',
};
const MEDIUM_WORDS = [
  'auto',
  'electricity',
  'heat',
  'cooling',
  'gas',
  'water',
  'hot-water',
  'heat-cost-allocator',
] as const;
const PARITIES: Readonly<Record<(typeof PARITY_WORDS)[number], ParityMode>> = {
  auto: 'auto',
  '7e1': '7E1',
  '8n1': '8N1',
  '8n1-strip': '8N1-strip',
};
const PARITY_WORDS = ['auto', '7e1', '8n1', '8n1-strip'] as const;
const STAMPS = ['10', '11', '13'] as const;
const STANDARD_WAKE_UP = 66;
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
