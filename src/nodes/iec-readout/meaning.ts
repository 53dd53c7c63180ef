// The properties of dlms-iec-readout, parsed into what the core takes. Empty means the default, a wrong value is BAD_SETTING.

import { zoneOffsetAt } from '../../core/cosem/zone';
import type { DecoderOptions } from '../../core/iec62056-21/decoder';
import type { Medium } from '../../core/iec62056-21/ids';
import { parseRegister } from '../../core/iec62056-21/messages';
import type { ParityMode } from '../../core/iec62056-21/parity';
import type { ReaderMode, ReadPlan } from '../../core/iec62056-21/reader-options';
import { badSetting, knownFields, plainText } from '../../core/wire/foreign';
import type { IecSessionOptions } from '../../io/iec/iec-session';
import { parse, type Parsed } from '../../io/settings/parse';
import { OBJECT_FIELDS } from '../lib/object-refs';
import type { Values } from '../lib/settings-table';
import { IEC_READOUT } from './settings';

type Row = Parsed<typeof IEC_READOUT>;

export interface IecSettings {
  readonly source: Row['source'];
  /** d and p1 listen; e reads its list as mode c does. */
  readonly mode: ReaderMode;
  readonly read: Row['read'];
  readonly registers: readonly string[];
  readonly profile: Row['profile'];
  readonly decoder: DecoderOptions;
  readonly session: IecSessionOptions;
  readonly encoding: Encoding;
  readonly output: Row['output'];
  readonly zone: string | null;
}

export type Encoding = Row['encoding'];

/** Throws BAD_SETTING for the first property that is wrong. */
export function iecSettings(properties: Values, credentials: Values): IecSettings {
  const row = parse(IEC_READOUT, properties, credentials);
  const { mode, timezone: zone } = row;
  const decoder: DecoderOptions = {
    check: row.bcc,
    zeroCrc: row.noCrc,
    medium: MEDIA[row.medium],
    dateOrder: row.dateOrder,
    parity: PARITIES[row.parity],
    season: row.season,
    keys: {
      encryptionKey: row.encryptionKey,
      authenticationKey: row.authenticationKey,
      systemTitle: row.systemTitle,
    },
    modeA: mode === 'a',
    ...(zone === null ? {} : { zone }),
  };
  return {
    source: row.source,
    mode,
    read: row.read,
    registers: registerList(row.registers),
    profile: row.profile,
    decoder,
    // The keys are those of the P1 port; a dialogue with the meter is in plain.
    session: { ...decoder, ...sessionOptions(row), require: 'nothing', mode: mode === 'e' ? 'c' : mode },
    encoding: row.encoding,
    output: row.output,
    zone,
  };
}

function sessionOptions(row: Row): IecSessionOptions {
  return {
    request: row.request,
    meterAddress: row.meterAddress ?? '',
    password: row.password ?? '',
    passwordCommand: row.passwordCommand === 'p2' ? 'P2' : 'P1',
    baudChangeDelayMs: row.baudChangeDelay,
    maxReadoutSeconds: row.maxReadoutSeconds,
    wakeUpCharacters: wakeUp(row.wakeUp),
    wakeUpGuardMs: 60_000 * row.wakeUpGuard,
    breakFirst: row.breakFirst,
    commandEnding: row.commandEnding ? '\r\n' : '',
    // Empty is not the usual: only then other rates are tried, and the times follow from the mode.
    ...(row.baudRate !== null && { baudRate: row.baudRate }),
    ...(row.answerTimeout !== null && { answerTimeoutMs: row.answerTimeout }),
    ...(row.characterTimeout !== null && { characterTimeoutMs: row.characterTimeout }),
    ...(row.reactionTime !== null && { reactionMs: row.reactionTime }),
    ...(row.ackV !== null && { v: row.ackV }),
    ...(row.ackZ !== null && { z: row.ackZ }),
    ...(row.ackY !== null && { y: row.ackY }),
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
  registers: readonly string[],
  range: { readonly fromMs: number | null; readonly toMs: number | null },
): ReadPlan {
  if (settings.read === 'list') return { what: 'list' };
  if (settings.read === 'registers') {
    if (registers.length === 0) throw badSetting('registers', '', 'at least one register, for example 1.8.0');
    return { what: 'registers', registers };
  }
  const { code, command, rowsPerBlock } = settings.profile;
  const stamp = settings.profile.stamp ?? (/\.9\d$/.test(code) ? '13' : '11');
  const zone = settings.zone ?? LOCAL_ZONE;
  return {
    what: 'profile',
    code,
    from: range.fromMs === null ? '' : meterTime(range.fromMs, zone, stamp),
    to: range.toMs === null ? '' : meterTime(range.toMs, zone, stamp),
    ...(command !== 'auto' && { command: command.toUpperCase() as 'R1' | 'R5' | 'R6' }),
    ...(rowsPerBlock !== null && { rowsPerBlock }),
  };
}

/** YYMMDDhhmm (10), with the season digit in front (11), with seconds (13). */
function meterTime(epochMs: number, zone: string, stamp: NonNullable<Row['profile']['stamp']>): string {
  const { offsetMinutes, daylight } = zoneOffsetAt(zone, epochMs);
  const digits = new Date(epochMs + offsetMinutes * 60_000).toISOString().replace(/\D/g, '').slice(2, 14);
  const season = daylight ? '1' : '0';
  return stamp === '10' ? digits.slice(0, 10) : stamp === '11' ? season + digits.slice(0, 10) : season + digits;
}

/** Off, the usual number of characters, or another one. */
function wakeUp(text: string): number {
  const word = text.toLowerCase();
  if (word === 'standard' || word === 'true' || word === 'on') return STANDARD_WAKE_UP;
  if (word === 'off' || word === 'false' || word === 'none') return 0;
  const characters = Number(word);
  if (Number.isInteger(characters) && characters >= 0 && characters <= MOST_WAKE_UP) return characters;
  throw badSetting('wakeUp', text, `off, standard, or a whole number from 0 to ${MOST_WAKE_UP}`);
}

const REGISTERS = 'a register such as 1.8.0, or a list of them';
const MEDIA: Readonly<Record<Row['medium'], Medium>> = {
  auto: 'electricity',
  electricity: 'electricity',
  heat: 'heat',
  cooling: 'cooling',
  gas: 'gas',
  water: 'water',
  'hot-water': 'hot-water',
  'heat-cost-allocator': 'heat-cost-allocator',
};
const PARITIES: Readonly<Record<Row['parity'], ParityMode>> = {
  auto: 'auto',
  '7e1': '7E1',
  '8n1': '8N1',
  '8n1-strip': '8N1-strip',
};
const STANDARD_WAKE_UP = 66;
const MOST_WAKE_UP = 500;
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
