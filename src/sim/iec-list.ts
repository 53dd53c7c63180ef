// What a household meter with an optical head shows: its list with months of history, its load profile and its log book.
// The rule of the file: the same instant always gives the same text, and a past month never changes.

import { readHeaderTime } from '../core/iec62056-21/times';
import { energiesAt, powerAt, wobble } from './objects/household-load';

export interface IecHousehold {
  readonly nowMs: number;
  readonly serialNumber: string;
  /** Minutes to add to UTC for the meter's local time. */
  offsetMinutes(epochMs: number): number;
}

/** The data lines of a readout. Values of past months carry the number of their reset: "*NN". */
export function householdList(house: IecHousehold): string[] {
  const { nowMs, serialNumber } = house;
  const e = energiesAt(nowMs);
  const power = powerAt(nowMs);
  const clock = stamp(house, nowMs);
  const now = monthOf(house, nowMs);
  const resets = resetCount(now);
  const peak = peakOf(house, now);
  const lines = [
    'F.F(00000000)',
    `0.0.0(${serialNumber})`,
    `C.1.0(${serialNumber})`,
    `0.9.1(${clock.slice(6, 12)})`,
    `0.9.2(${clock.slice(0, 6)})`,
    `0.1.0(${two(resets)})`,
    `1.8.0(${kilo(e.import)}*kWh)`,
    `1.8.1(${kilo(e.importDay)}*kWh)`,
    `1.8.2(${kilo(e.importNight)}*kWh)`,
    `2.8.0(${kilo(e.export)}*kWh)`,
    `3.8.0(${kilo(e.reactiveImport)}*kvarh)`,
    `4.8.0(${kilo(e.reactiveExport)}*kvarh)`,
    `1.7.0(${kilo(Math.max(0, power), 2)}*kW)`,
    `2.7.0(${kilo(Math.max(0, 0 - power), 2)}*kW)`,
    `1.6.1(${peak.kW}*kW)(${peak.at})`,
  ];
  for (let back = 1; back <= MONTHS; back++) {
    const month = now - back;
    const past = peakOf(house, month);
    const end = energiesAt(monthStart(house, month + 1));
    const nn = two(resetCount(month));
    lines.push(
      `1.6.1*${nn}(${past.kW}*kW)(${past.at})`,
      `1.8.1*${nn}(${kilo(end.importDay)}*kWh)`,
      `1.8.2*${nn}(${kilo(end.importNight)}*kWh)`,
    );
  }
  return lines;
}

/** Lines of the answer to P.01 (import and export, a quarter of an hour) and P.98; null for what there is not. */
export function householdProfile(house: IecHousehold, code: string, range: string): string[] | null {
  if (code === 'P.98') {
    const reset = monthStart(house, monthOf(house, house.nowMs));
    return [`P.98(${season(house, reset)}${stamp(house, reset)})(00000010)()(0)`];
  }
  if (code !== 'P.01') return null;
  const [from = '', to = ''] = range.split(';');
  const last = Math.floor(house.nowMs / QUARTER_MS) * QUARTER_MS;
  const end = Math.min(instant(house, to) ?? last, last);
  const begin = Math.max(instant(house, from) ?? last - DAY_MS, last - KEPT_DAYS * DAY_MS);
  const first = Math.ceil(begin / QUARTER_MS) * QUARTER_MS;
  if (first > end) return null;
  const lines: string[] = [];
  for (let at = first; at <= end; at += QUARTER_MS) {
    const changed = house.offsetMinutes(at) !== house.offsetMinutes(at - QUARTER_MS);
    if (at === first || changed) {
      const status = changed ? '08' : '00';
      lines.push(`P.01(${season(house, at)}${stamp(house, at)})(${status})(15)(2)(1.5.0)(kW)(2.5.0)(kW)`);
    }
    const [before, after] = [energiesAt(at - QUARTER_MS), energiesAt(at)];
    const kW = (wattHours: number): string => ((wattHours * 4) / 1000).toFixed(3).padStart(6, '0');
    lines.push(`(${kW(after.import - before.import)})(${kW(after.export - before.export)})`);
  }
  return lines;
}

/** YYMMDDhhmmss of the meter's clock. */
function stamp(house: IecHousehold, epochMs: number): string {
  const local = new Date(epochMs + house.offsetMinutes(epochMs) * 60_000).toISOString();
  return local.replace(/\D/g, '').slice(2, 14);
}

/** 1 in summer, else 0: the digit in front of a time. */
function season(house: IecHousehold, epochMs: number): 0 | 1 {
  return house.offsetMinutes(epochMs) > winterOffset(house, epochMs) ? 1 : 0;
}

function winterOffset(house: IecHousehold, epochMs: number): number {
  const year = new Date(epochMs).getUTCFullYear();
  return Math.min(...[0, 6].map(month => house.offsetMinutes(Date.UTC(year, month))));
}

function instant(house: IecHousehold, text: string): number | null {
  const local = readHeaderTime(text);
  if (local === null) return null;
  const about = local.ms - winterOffset(house, local.ms) * 60_000;
  if (local.season === null) return local.ms - house.offsetMinutes(about) * 60_000;
  return local.season === 'dst' ? about - 3_600_000 : about;
}

/** Months since the year 0, of local time. */
function monthOf(house: IecHousehold, epochMs: number): number {
  const local = new Date(epochMs + house.offsetMinutes(epochMs) * 60_000);
  return 12 * local.getUTCFullYear() + local.getUTCMonth();
}

function monthStart(house: IecHousehold, month: number): number {
  const local = Date.UTC(Math.floor(month / 12), month % 12, 1);
  return local - house.offsetMinutes(local) * 60_000;
}

/** Resets since 2020, as the meter counts them: two digits. */
function resetCount(month: number): number {
  return (month - 12 * 2020) % 100;
}

function peakOf(house: IecHousehold, month: number): { readonly kW: string; readonly at: string } {
  const start = monthStart(house, month);
  const part = (step: number): number => (1 + wobble(start, step)) / 2;
  const atMs = Math.min(
    start + Math.round(part(1000) * 27 * 96) * QUARTER_MS,
    Math.floor(house.nowMs / QUARTER_MS) * QUARTER_MS,
  );
  return { kW: (2 + 4 * part(7000)).toFixed(3).padStart(6, '0'), at: stamp(house, atMs).slice(0, 10) };
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

/** Thousandths as a number with three decimals and leading zeros, as meters show them. */
function kilo(thousandths: number, digits = 6): string {
  return (thousandths / 1000).toFixed(3).padStart(digits + 4, '0');
}

const MONTHS = 13;
const KEPT_DAYS = 62;
const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
