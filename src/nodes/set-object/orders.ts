// What the form and a message ask for, as orders: rows to write or methods to invoke, and ready-made commands.
// The rule of the file: a command is known by what it leaves behind; the state that it wants is read back.

import type { AttributeRef } from '../../core/client/request';
import { dataOf } from '../../core/cosem/data-in';
import { CLOCK_STATUS, isoAt, readDateTime } from '../../core/cosem/date-time';
import { clockBytes } from '../../core/cosem/naming';
import type { Plain } from '../../core/cosem/plain';
import { usualClass } from '../../core/cosem/usual-class';
import { zoneOffsetAt } from '../../core/cosem/zone';
import { Obis } from '../../core/obis/obis';
import { isDlmsError } from '../../core/wire/errors';
import { badSetting, knownFields, plainText } from '../../core/wire/foreign';
import type { WritingTurn } from '../../io/session/session';
import { isSecret, type Order } from '../../io/session/writing';
import type { Parsed } from '../../io/settings/parse';
import type { SET_OBJECT } from './settings';

export type Wanted = Parsed<typeof SET_OBJECT>;

/** What is to be done, once it is known who is asked. */
export interface Plan {
  readonly orders: readonly Order[];
  /** Of set-clock: seconds that the meter's clock is ahead of ours. */
  readonly drift?: number;
}

/** A row of the form, or of `msg.objects`. */
interface Row {
  readonly obis: Obis;
  /** null: of the meter's list, else by the code. */
  readonly classId: number | null;
  /** Attribute or method. */
  readonly index: number;
  readonly value: unknown;
}

/** Checks form and message before anybody is asked; then makes the orders with the meter. Throws BAD_SETTING. */
export function planOf(
  wanted: Wanted,
  message: { readonly payload?: unknown; readonly objects?: unknown },
): (turn: WritingTurn, now: () => number) => Promise<Plan> {
  switch (wanted.command) {
    case 'write': {
      const rows = rowsOf(wanted, message, 2);
      return turn =>
        eachOf(turn, rows, (classId, { obis, index, value }) => {
          return { kind: 'set', ref: { classId, obis, attribute: index }, value };
        });
    }
    case 'invoke': {
      const rows = rowsOf(wanted, message, 1);
      return turn =>
        eachOf(turn, rows, (classId, { obis, index, value }) => {
          return { kind: 'invoke', ref: { classId, obis, method: index }, argument: value === '' ? null : value };
        });
    }
    case 'set-clock':
      return (turn, now) => clockPlan(turn, now, wanted.onlyBeyond);
    case 'disconnect':
      return relayPlan(wanted, 1, [DISCONNECTED]);
    case 'reconnect':
      return relayPlan(wanted, 2, [CONNECTED, READY]);
    case 'arm':
      return relayPlan(wanted, 2, [READY]);
    case 'reset': {
      const obis = objectOf(wanted, null);
      return async turn => {
        const classId = await classOf(turn, obis);
        if (!RESETTABLE.has(classId)) throw badSetting('object', obis.toString(), 'a register or a profile');
        return { orders: [{ kind: 'invoke', ref: { classId, obis, method: 1 }, argument: ZERO }] };
      };
    }
    case 'script': {
      const obis = objectOf(wanted, null);
      const number = wanted.script ?? numberIn(message.payload);
      const argument = { type: 'long-unsigned', value: number };
      return () => Promise.resolve({ orders: [{ kind: 'invoke', ref: { classId: 9, obis, method: 1 }, argument }] });
    }
    case 'display-list': {
      const obis = objectOf(wanted, DISPLAY);
      const [rows, setting] = rowsIn(wanted, message.objects, 2);
      if (rows.length === 0) throw badSetting(setting, '(empty)', 'at least one OBIS code');
      if (rows.length > LIMIT) throw badSetting(setting, rows.length, `at most ${LIMIT} objects`);
      const odd = rows.find(({ value }) => value !== undefined);
      if (odd !== undefined) throw badSetting(setting, `a value of ${odd.obis}`, 'no values: a display shows its own');
      return turn => displayPlan(turn, obis, rows);
    }
    case 'calendar':
      return calendarPlan(objectOf(wanted, CALENDAR), message.payload);
  }
}

/** Whether the message has a key or a password to write, as far as its own words and codes tell. */
export function hasSecret(wanted: Wanted, { objects }: { readonly objects?: unknown }): boolean {
  if (wanted.command !== 'write' && wanted.command !== 'invoke') return false;
  return rowsIn(wanted, objects, wanted.command === 'write' ? 2 : 1)[0].some(({ obis, classId, index }) => {
    const of = classId ?? usualClass(obis);
    return isSecret(
      wanted.command === 'write' ? { classId: of, obis, attribute: index } : { classId: of, obis, method: index },
    );
  });
}

/** One behind the other: the first may ask the meter for its list. */
async function eachOf(
  turn: WritingTurn,
  rows: readonly Row[],
  orderOf: (classId: number, row: Row) => Order,
): Promise<Plan> {
  const orders: Order[] = [];
  for (const row of rows) orders.push(orderOf(row.classId ?? (await classOf(turn, row.obis)), row));
  return { orders };
}

function rowsOf(wanted: Wanted, message: { payload?: unknown; objects?: unknown }, first: number): Row[] {
  const [rows, setting] = rowsIn(wanted, message.objects, first);
  if (rows.length === 0) throw badSetting(setting, '(empty)', 'at least one OBIS code');
  if (rows.length > LIMIT) throw badSetting(setting, rows.length, `at most ${LIMIT} objects`);
  const open = rows.filter(({ value }) => value === undefined);
  if (open.length === 0) return rows;
  // Several values in one payload would have to be told apart by their order.
  if (wanted.command === 'write' && (open.length > 1 || message.payload === undefined))
    throw badSetting(setting, 'a row without a value', 'a value in each row, or one row and msg.payload');
  const payload = wanted.command === 'write' ? message.payload : '';
  return rows.map(row => (row.value === undefined ? { ...row, value: payload } : row));
}

function rowsIn(wanted: Wanted, objects: unknown, first: number): readonly [rows: Row[], setting: string] {
  const [source, setting] = given(objects) ? [objects, 'msg.objects'] : [wanted.objects, 'objects'];
  const list: unknown[] = Array.isArray(source) ? source : [source];
  return [list.filter(given).map(item => rowOf(item, setting, first)), setting];
}

function rowOf(item: unknown, setting: string, first: number): Row {
  const fields = knownFields(item, setting, FIELDS, 'an object such as { obis, value }');
  const code = plainText(fields['obis'], setting);
  const obis = Obis.tryParse(code);
  if (obis === null) throw badSetting(setting, code, 'an OBIS code such as 0-0:1.0.0*255');
  const index = fields['index'] ?? fields['attribute'] ?? fields['method'];
  const { value } = fields;
  return {
    obis,
    classId: whole(fields['classId'], `${setting}: class of ${obis}`, 0xffff),
    index: whole(index, `${setting}: attribute or method of ${obis}`, 0xff) ?? first,
    value: value === '' || value === undefined ? undefined : setting === 'objects' ? typed(value) : value,
  };
}

/** A field of the form holds text: JSON where it looks like it, truth by its word. */
function typed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === 'true' || text === 'false') return text === 'true';
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // It may be a key.
    throw badSetting(
      'objects',
      `(a value of ${text.length} characters)`,
      'valid JSON where a value begins with { or [',
    );
  }
}

/** As the meter's own list says; a meter that hides it is asked by what the code usually is. */
async function classOf(turn: WritingTurn, obis: Obis, usual = usualClass(obis)): Promise<number> {
  try {
    const entry = (await turn.objects()).find(o => o.obis.equals(obis));
    if (entry !== undefined) return entry.classId;
  } catch (error) {
    if (!isDlmsError(error) || error.blame !== 'meter') throw error;
  }
  return usual;
}

function relayPlan(wanted: Wanted, method: number, states: readonly number[]): (turn: WritingTurn) => Promise<Plan> {
  const obis = objectOf(wanted, RELAY);
  const at = (attribute: number): AttributeRef => ({ classId: DISCONNECT_CONTROL, obis, attribute });
  const order: Order = {
    kind: 'invoke',
    ref: { classId: DISCONNECT_CONTROL, obis, method },
    argument: ZERO,
    state: [at(2), at(3)],
    reached: ([, control]: readonly (Plain | undefined)[]) => typeof control !== 'number' || states.includes(control),
  };
  return () => Promise.resolve({ orders: [order] });
}

/** A display shows what its list captures. IEC 62056-6-1, standard readout definitions. */
async function displayPlan(turn: WritingTurn, obis: Obis, rows: readonly Row[]): Promise<Plan> {
  const classId = await classOf(turn, obis, PROFILE);
  if (classId !== PROFILE) throw badSetting('object', obis.toString(), 'a list of what a display shows (class 7)');
  const shown: object[] = [];
  for (const row of rows) {
    shown.push({
      type: 'structure',
      value: [
        { type: 'long-unsigned', value: row.classId ?? (await classOf(turn, row.obis)) },
        { type: 'octet-string', value: row.obis.bytes },
        { type: 'integer', value: row.index },
        { type: 'long-unsigned', value: 0 },
      ],
    });
  }
  const value = { type: 'array', value: shown };
  return { orders: [{ kind: 'set', ref: { classId, obis, attribute: 3 }, value }] };
}

/** The passive calendar as the message has it, if it has one; then it takes the place of the active one. */
function calendarPlan(obis: Obis, payload: unknown): (turn: WritingTurn) => Promise<Plan> {
  const at = (attribute: number): AttributeRef => ({ classId: ACTIVITY_CALENDAR, obis, attribute });
  const passive = isRecord(payload) ? knownFields(payload, 'msg.payload', PASSIVE) : {};
  const orders: Order[] = PASSIVE.flatMap((name, i) =>
    passive[name] === undefined ? [] : [{ kind: 'set', ref: at(FIRST_PASSIVE + i), value: passive[name] }],
  );
  orders.push({
    kind: 'invoke',
    ref: { classId: ACTIVITY_CALENDAR, obis, method: 1 },
    argument: ZERO,
    state: [...PASSIVE.map((_, i) => at(FIRST_ACTIVE + i)), ...PASSIVE.map((_, i) => at(FIRST_PASSIVE + i))],
    // Some meters keep the passive one, others change the two.
    reached: (state, before) =>
      PASSIVE.every((_, i) => {
        const [is, was] = [state[i] ?? null, before[PASSIVE.length + i] ?? null];
        return is === null || was === null || JSON.stringify(is) === JSON.stringify(was);
      }),
  });
  return () => Promise.resolve({ orders });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** The time of this computer, in the way in which the meter writes its own. */
async function clockPlan(turn: WritingTurn, now: () => number, onlyBeyond: number): Promise<Plan> {
  const ref: AttributeRef = { classId: 8, obis: CLOCK, attribute: 2 };
  const policy = turn.settings.clock;
  const [outcome] = await turn.getAll([ref]);
  if (outcome === undefined || !outcome.ok) throw outcome?.error ?? badSetting('object', CLOCK.toString(), 'a clock');
  const octets = clockBytes(outcome.value);
  if (octets === null) throw badSetting('object', CLOCK.toString(), 'a clock of twelve octets');
  const there = readDateTime(octets, policy);
  const nowMs = now();
  const { zone } = policy;
  const itsOwn = offsetIn(there.iso);
  if (zone === undefined && itsOwn === null)
    throw badSetting('timezone', '', 'a time zone, because the clock of this meter does not say its own');
  const drift = there.epochMs === null ? undefined : Math.round((there.epochMs - nowMs) / 1000);
  if (drift !== undefined && Math.abs(drift) <= onlyBeyond) return { orders: [], drift };
  const valueAt = (ms: number): Uint8Array | null => {
    const offset = zone === undefined ? (itsOwn as number) : zoneOffsetAt(zone, ms).offsetMinutes;
    const data = dataOf(isoAt(ms, offset), { classId: 8, attribute: 2, now: outcome.value, policy });
    const value = clockBytes(data)?.slice() ?? null;
    // Without a zone nobody but the meter knows whether its deviation is that of summer.
    if (value !== null && zone === undefined && there.status !== null) value[11] = there.status & CLOCK_STATUS.daylight;
    return value;
  };
  return { orders: [{ kind: 'set', ref, value: null, valueAt }], ...(drift !== undefined && { drift }) };
}

/** Minutes, of "…+01:00". */
function offsetIn(iso: string | null): number | null {
  const m = /([+-])(\d{2}):(\d{2})$/.exec(iso ?? '');
  if (m !== null) return (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3]));
  return iso?.endsWith('Z') === true ? 0 : null;
}

function objectOf(wanted: Wanted, usual: Obis | null): Obis {
  const text = wanted.object ?? '';
  if (text === '' && usual !== null) return usual;
  const obis = Obis.tryParse(text);
  if (obis === null) throw badSetting('object', text, 'an OBIS code such as 0-0:96.3.10*255');
  return obis;
}

function numberIn(payload: unknown): number {
  const number = whole(payload, 'msg.payload', 0xffff);
  if (number === null) throw badSetting('script', '', 'the number of the script, in the form or in msg.payload');
  return number;
}

function whole(value: unknown, setting: string, most: number): number | null {
  if (!given(value)) return null;
  const number = Number(plainText(value, setting));
  if (!Number.isInteger(number) || number < 0 || number > most)
    throw badSetting(setting, value, `a whole number from 0 to ${most}`);
  return number;
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

const FIELDS = ['obis', 'classId', 'index', 'attribute', 'method', 'value', 'name', 'key', 'unit'] as const;
const CLOCK = Obis.parse('0-0:1.0.0*255');
const RELAY = Obis.parse('0-0:96.3.10*255');
const CALENDAR = Obis.parse('0-0:13.0.0*255');
/** General display readout. IEC 62056-6-1. */
const DISPLAY = Obis.parse('0-0:21.0.1*255');
const PROFILE = 7;
const ACTIVITY_CALENDAR = 20;
/** The attributes from 6 on; those from 2 on are the active ones. IEC 62056-6-2, Activity calendar. */
const PASSIVE = [
  'calendar_name_passive',
  'season_profile_passive',
  'week_profile_table_passive',
  'day_profile_table_passive',
] as const;
const FIRST_ACTIVE = 2;
const FIRST_PASSIVE = 6;
const DISCONNECT_CONTROL = 70;
/** control_state. IEC 62056-6-2, Disconnect control. */
const DISCONNECTED = 0;
const CONNECTED = 1;
const READY = 2;
/** Register, extended register, demand register, profile. */
const RESETTABLE: ReadonlySet<number> = new Set([3, 4, 5, 7]);
const ZERO = { type: 'integer', value: 0 };
/** Orders in one message; a longer list is more likely a mistake than a wish. */
const LIMIT = 1000;
