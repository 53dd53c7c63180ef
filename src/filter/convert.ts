// Units a rule can ask for, and what it does to a value: unit, factor, offset, rounding, type.
// The rule of the file: digits that were exact stay exact; a value that is text is never made into another number.

import type { Value } from '../core/cosem/reading';
import { type Decimal, ONE, decimalOf, over, plus, roundedTo, times, toExact, toNumber } from './decimal';

export type ValueType = 'number' | 'string' | 'boolean';

/** What a rule does to a value, in this order. */
export interface Conversion {
  /** Target unit; null: as it is. */
  readonly unit: string | null;
  /** The unit of values that come without one; null: such values are not converted but refused. */
  readonly unitIn: string | null;
  /** Multiplied by; transformer ratios. */
  readonly factor: Decimal | null;
  /** Added after the factor. */
  readonly offset: Decimal | null;
  /** Places after the point. */
  readonly round: number | null;
  readonly type: ValueType | null;
}

/** Nothing is done to a value. */
export const AS_IT_IS: Conversion = { unit: null, unitIn: null, factor: null, offset: null, round: null, type: null };

export type Converted =
  | { readonly ok: true; readonly value: Value; readonly unit: string | null }
  | { readonly ok: false; readonly reason: 'unit' | 'no-unit' | 'type' };

/** `decimalText`: text is a number that was too long for one (64-bit registers); other text is left alone. */
export function convert(value: Value, unit: string | null, to: Conversion, decimalText = false): Converted {
  if (to === AS_IT_IS) return { ok: true, value, unit };
  const isNumber = typeof value === 'number' || (typeof value === 'string' && (decimalText || to.type === 'number'));
  let number = isNumber ? decimalOf(value) : null;
  let shown = unit;
  // Text and clocks have no unit, so a rule for many readings leaves them alone.
  if (to.unit !== null && number !== null) {
    const from = unit ?? to.unitIn;
    if (from === null) return { ok: false, reason: 'no-unit' };
    const change = conversion(from, to.unit);
    if (change === null) return { ok: false, reason: 'unit' };
    shown = to.unit;
    number = apply(number, change);
  } else if (to.unit !== null && value === null && unit !== null && isConvertible(unit, to.unit)) shown = to.unit;
  if (number !== null && to.factor !== null) number = times(number, to.factor);
  if (number !== null && to.offset !== null) number = plus(number, to.offset);
  if (number !== null && to.round !== null) number = roundedTo(number, to.round);
  const touched =
    number !== null && (to.unit !== null || to.factor !== null || to.offset !== null || to.round !== null);
  const result = touched && number !== null ? (typeof value === 'string' ? toExact(number) : toNumber(number)) : value;
  return typed(result, shown, to.type);
}

/** Whether values in one unit can be shown in the other. */
export function isConvertible(from: string, to: string): boolean {
  return conversion(from, to) !== null;
}

/** Units that values in this one can be shown in, itself included; none for a unit the table does not have. */
export function unitsLike(unit: string): string[] {
  const quantity = find(unit)?.quantity;
  return quantity === undefined ? [] : Object.keys(UNITS).filter(u => UNITS[u]?.quantity === quantity);
}

/** The usual spelling: kVArh and KVARH are kvarh, m³ is m3. A unit nobody knows stays as it is. */
export function usualUnit(unit: string): string {
  if (unit in UNITS) return unit;
  return ALIASES[unit] ?? ANY_CASE.get(withoutCase(unit)) ?? unit;
}

function typed(value: Value, unit: string | null, type: ValueType | null): Converted {
  if (type === null || value === null) return { ok: true, value, unit };
  if (type === 'string') return { ok: true, value: String(value), unit };
  if (type === 'boolean') {
    const no = typeof value === 'string' ? FALSE_WORDS.has(value.trim().toLowerCase()) || Number(value) === 0 : !value;
    return { ok: true, value: !no, unit };
  }
  const number =
    typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : Number(value.trim() || NaN);
  return Number.isFinite(number) ? { ok: true, value: number, unit } : { ok: false, reason: 'type' };
}

interface Unit {
  readonly quantity: string;
  /** One of it in base units. */
  readonly factor: Decimal;
  /** Divided by; for units that are no decimal fraction of the base. */
  readonly divisor: Decimal;
  /** Base = (value + offset) · factor / divisor. */
  readonly offset: Decimal;
}

interface Change {
  readonly from: Unit;
  readonly to: Unit;
}

function conversion(from: string, to: string): Change | null | typeof IDENTITY {
  if (from === to) return IDENTITY;
  const a = find(from);
  const b = find(to);
  if (a === undefined || b === undefined) return usualUnit(from) === usualUnit(to) ? IDENTITY : null;
  return a.quantity === b.quantity ? { from: a, to: b } : null;
}

function apply(value: Decimal, change: Change | typeof IDENTITY): Decimal {
  if (change === IDENTITY) return value;
  const { from, to } = change;
  // One division at the end keeps what can be exact exact.
  const top = times(times(plus(value, from.offset), from.factor), to.divisor);
  return plus(over(top, times(from.divisor, to.factor)), negative(to.offset));
}

function negative(d: Decimal): Decimal {
  return { m: -d.m, e: d.e };
}

function find(unit: string): Unit | undefined {
  return UNITS[usualUnit(unit)];
}

const IDENTITY = 'identity';
const FALSE_WORDS: ReadonlySet<string> = new Set(['', 'false', 'off', 'no', 'open', 'disconnected']);
const ZERO: Decimal = { m: 0n, e: 0 };

const UNITS: Readonly<Record<string, Unit>> = (() => {
  const units: Record<string, Unit> = {};
  const add = (quantity: string, rows: Readonly<Record<string, string>>): void => {
    for (const [unit, text] of Object.entries(rows)) {
      const [factor = '1', divisor = '1', offset = '0'] = text.split(' ');
      units[unit] = {
        quantity,
        factor: decimalOf(factor) ?? ONE,
        divisor: decimalOf(divisor) ?? ONE,
        offset: decimalOf(offset) ?? ZERO,
      };
    }
  };
  // unit: factor [divisor [offset]], to the first unit of the row.
  add('energy', {
    Wh: '1',
    kWh: '1e3',
    MWh: '1e6',
    GWh: '1e9',
    J: '1 3600',
    kJ: '1e3 3600',
    MJ: '1e6 3600',
    GJ: '1e9 3600',
    kcal: '4186.8 3600',
    Mcal: '4186.8e3 3600',
    Gcal: '4186.8e6 3600',
    Btu: '1055.05585262 3600',
    'thm (EC)': '105505585.262 3600',
    'thm (US)': '105480400 3600',
  });
  add('reactive energy', { varh: '1', kvarh: '1e3', Mvarh: '1e6' });
  add('apparent energy', { VAh: '1', kVAh: '1e3', MVAh: '1e6' });
  add('power', {
    W: '1',
    mW: '1e-3',
    kW: '1e3',
    MW: '1e6',
    'J/h': '1 3600',
    'kJ/h': '1e3 3600',
    'MJ/h': '1e6 3600',
    'GJ/h': '1e9 3600',
  });
  add('reactive power', { var: '1', kvar: '1e3', Mvar: '1e6' });
  add('apparent power', { VA: '1', kVA: '1e3', MVA: '1e6' });
  add('voltage', { V: '1', mV: '1e-3', kV: '1e3' });
  add('current', { A: '1', mA: '1e-3', kA: '1e3' });
  add('charge', { Ah: '1', mAh: '1e-3', kAh: '1e3' });
  add('frequency', { Hz: '1', mHz: '1e-3', kHz: '1e3' });
  add('volume', {
    l: '1',
    ml: '1e-3',
    hl: '1e2',
    m3: '1e3',
    ft3: '28.316846592',
    'gal (US)': '3.785411784',
    'gal (imp)': '4.54609',
  });
  add('flow', { 'l/h': '1', 'l/min': '60', 'l/s': '3600', 'm3/h': '1e3', 'm3/d': '1e3 24' });
  add('mass', { kg: '1', g: '1e-3', t: '1e3', lb: '0.45359237' });
  add('time', { s: '1', min: '60', h: '3600', d: '86400', wk: '604800' });
  add('temperature', { K: '1', '°C': '1 1 273.15', '°F': '5 9 459.67' });
  add('pressure', { Pa: '1', hPa: '1e2', mbar: '1e2', kPa: '1e3', bar: '1e5', psi: '6894.757293168' });
  return units;
})();

const ALIASES: Readonly<Record<string, string>> = {
  '°': 'deg',
  'm³': 'm3',
  'm³/h': 'm3/h',
  'm³/d': 'm3/d',
  m3ph: 'm3/h',
  L: 'l',
  dm3: 'l',
  'dm³': 'l',
  'L/h': 'l/h',
  C: '°C',
  degC: '°C',
  F: '°F',
};

/** Milli and mega differ by their case alone (mW, MW), metres, minutes and millibars have no such other. */
function withoutCase(unit: string): string {
  const lower = unit.toLowerCase();
  return /^m(?!3|³|in$|bar$)/.test(lower) ? unit.charAt(0) + lower.slice(1) : lower;
}

/** What is spelled otherwise than usual by its case only; a single letter is another unit in the other case (h, H), but V and W. */
const ANY_CASE: ReadonlyMap<string, string> = new Map(
  [...Object.keys(UNITS).map(unit => [unit, unit] as const), ...Object.entries(ALIASES)]
    .filter(([spelling]) => spelling.length > 1 || spelling === 'V' || spelling === 'W')
    .map(([spelling, unit]) => [withoutCase(spelling), unit]),
);
