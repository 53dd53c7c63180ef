// What a user writes as the range of a load profile, turned into instants or entry numbers.
// The rule of the file: the message goes over the node; what cannot be understood is BAD_SETTING naming the field.

import type { ClockPolicy } from '../../core/cosem/date-time';
import { epochOf } from '../../core/cosem/date-time';
import { zoneOffsetAt, zoneOffsetOfLocal } from '../../core/cosem/zone';
import type { DlmsError } from '../../core/wire/errors';
import { badSetting, knownFields, plainText, shown } from '../../core/wire/foreign';
import { ENTRIES, SPAN } from './range-text';

export type WantedRange =
  /** Instants in milliseconds; null: open. `sinceLastRead`: rows up to and including `fromMs` are known already. */
  | {
      readonly kind: 'time';
      readonly fromMs: number | null;
      readonly toMs: number | null;
      readonly sinceLastRead: boolean;
    }
  /** Entry numbers, 1 is the oldest; or the newest so many. */
  | { readonly kind: 'entries'; readonly first: number; readonly last: number }
  | { readonly kind: 'newest'; readonly count: number }
  | { readonly kind: 'all' };

/** Everything that decides the range, already evaluated for this message. */
export interface RangeInput {
  readonly mode: 'last' | 'since-last-read' | 'between' | 'entries' | 'all';
  /** "31 days"; also what since-last-read begins with the first time. */
  readonly last: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly entries: unknown;
  readonly message: { readonly from?: unknown; readonly to?: unknown; readonly entries?: unknown };
  /** Where the last read ended, milliseconds; null: never. */
  readonly lastReadMs: number | null;
  readonly nowMs: number;
  readonly policy: ClockPolicy;
  /** The zone of this computer, for times without offset where the connection names none. */
  readonly localZone: string;
}

export function wantedRange(input: RangeInput): WantedRange {
  const { message } = input;
  if (isGiven(message.entries)) return entries(message.entries, 'msg.entries');
  if (isGiven(message.from) || isGiven(message.to)) return between(input, message.from, message.to, 'msg.');
  switch (input.mode) {
    case 'last':
      return time(backFrom(input.nowMs, input.last, 'range', zoneOf(input)), null);
    case 'since-last-read':
      return sinceLastRead(input);
    case 'between':
      return between(input, input.from, input.to, 'range ');
    case 'entries':
      return entries(isGiven(input.entries) ? input.entries : DEFAULT_ENTRIES, 'entries');
    case 'all':
      return { kind: 'all' };
  }
}

/** Does "since last read" take part, so that the end of this read has to be kept? */
export function keepsLastRead(range: WantedRange): boolean {
  return range.kind === 'time' && range.sinceLastRead;
}

function sinceLastRead(input: RangeInput): WantedRange {
  const fromMs = input.lastReadMs ?? backFrom(input.nowMs, input.last, 'range', zoneOf(input));
  return { kind: 'time', fromMs, toMs: null, sinceLastRead: true };
}

function between(input: RangeInput, from: unknown, to: unknown, where: string): WantedRange {
  if (typeof from === 'string') {
    const words = from.trim().toLowerCase().replace(/[_-]/g, ' ');
    if (words === 'since last read') return sinceLastRead(input);
    if (SPAN.test(from))
      return time(backFrom(input.nowMs, from, `${where}from`, zoneOf(input)), at(input, to, `${where}to`));
  }
  const fromMs = at(input, from, `${where}from`);
  const toMs = at(input, to, `${where}to`);
  if (fromMs !== null && toMs !== null && fromMs > toMs) {
    throw bad(`${where}from`, from, 'a time before the end of the range');
  }
  return time(fromMs, toMs);
}

function time(fromMs: number | null, toMs: number | null): WantedRange {
  return { kind: 'time', fromMs, toMs, sinceLastRead: false };
}

/** A Date, milliseconds, or text; null when not given. */
function at(input: RangeInput, value: unknown, setting: string): number | null {
  if (!isGiven(value)) return null;
  if (value instanceof Date || typeof value === 'number') {
    const ms = typeof value === 'number' ? value : Date.prototype.getTime.call(value);
    if (Number.isNaN(ms)) throw bad(setting, value, 'a valid date');
    return ms;
  }
  if (typeof value !== 'string') throw bad(setting, value, 'a Date, ISO 8601 text or milliseconds');
  const t = value.trim();
  if (t.toLowerCase() === 'now') return input.nowMs;
  if (/^\d{11,}$/.test(t)) return Number(t);
  try {
    const ms = epochOf(t, { ...input.policy, mode: input.policy.mode, zone: zoneOf(input) });
    if (ms !== null && !Number.isNaN(ms)) return ms;
  } catch {
    // Told below in the words of this setting.
  }
  throw bad(setting, t, 'a Date, ISO 8601 text (2026-11-01T00:00), milliseconds or for example "last 24 h"');
}

/** "last 24 h", "31 days": back from now. Days and longer keep the time of day over a change of the clock. */
function backFrom(nowMs: number, text: string, setting: string, zone: string): number {
  const m = SPAN.exec(text.trim() === '' ? DEFAULT_SPAN : text);
  if (m === null) throw bad(setting, text, 'a number and min, h, days, weeks or months, for example "last 24 h"');
  const count = Number(m[1]);
  const unit = (m[2] as string).toLowerCase();
  if (unit.startsWith('min')) return nowMs - count * 60_000;
  if (unit.startsWith('h')) return nowMs - count * 3_600_000;
  const local = new Date(nowMs + zoneOffsetAt(zone, nowMs).offsetMinutes * 60_000);
  if (unit.startsWith('d')) local.setUTCDate(local.getUTCDate() - count);
  else if (unit.startsWith('w')) local.setUTCDate(local.getUTCDate() - 7 * count);
  else local.setUTCMonth(local.getUTCMonth() - count * (unit.startsWith('y') ? 12 : 1));
  const localMs = local.getTime();
  return localMs - zoneOffsetOfLocal(zone, localMs, null).offsetMinutes * 60_000;
}

function entries(value: unknown, setting: string): WantedRange {
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return span(value[0], value[1], setting);
    const { from, to, first = from, last = to } = knownFields(value, setting, ['from', 'to', 'first', 'last']);
    return span(first, last, setting);
  }
  const m = ENTRIES.exec(plainText(value, setting, EXPECTED_ENTRIES));
  if (m === null) throw bad(setting, value, EXPECTED_ENTRIES);
  if (m[2] !== undefined) return span(m[1], m[2], setting);
  const count = Number(m[1]);
  if (count < 1) throw bad(setting, value, 'at least 1');
  return { kind: 'newest', count };
}

function span(first: unknown, last: unknown, setting: string): WantedRange {
  const from = Number(plainText(first, setting, EXPECTED_ENTRIES));
  const to = isGiven(last) ? Number(plainText(last, setting, EXPECTED_ENTRIES)) : 0;
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 1 || (to !== 0 && to < from)) {
    throw bad(
      setting,
      `${shown(first)}-${shown(last)}`,
      'two entry numbers, the first at least 1 and not above the last',
    );
  }
  return { kind: 'entries', first: from, last: to };
}

function zoneOf(input: RangeInput): string {
  return input.policy.zone ?? input.localZone;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

function bad(setting: string, value: unknown, expected: string): DlmsError {
  return badSetting(setting, value, expected);
}

const DEFAULT_SPAN = '31 days';
const EXPECTED_ENTRIES = 'a number (the newest entries) or first-last, for example 96 or 1-96';
const DEFAULT_ENTRIES = 96;
