// The power of ten and the unit of a value: from the telegram, from the layout, by the convention of the list, or none;
// the user's word counts above all. The rule of the file: `source` always says where the scale came from.

import type { Scale } from '../cosem/naming';
import type { Obis } from '../obis/obis';
import { ObisPattern } from '../obis/pattern';
import { DlmsError } from '../wire/errors';
import { shown } from '../wire/foreign';
import type { Powers, ScaledQuantity } from '../meters/family';
import type { Item } from './body';

export type Quantity =
  | 'power'
  | 'reactive-power'
  | 'apparent-power'
  | 'energy'
  | 'reactive-energy'
  | 'apparent-energy'
  | 'voltage'
  | 'current'
  | 'power-factor'
  | 'frequency'
  | 'angle';

/** The user's scalers, `{ "1-0:32.7.0*255": -1, "*.8.*": 1 }`: OBIS code or pattern to power of ten. Throws BAD_SETTING. */
export function userScalers(settings: Readonly<Record<string, unknown>>): UserScaler[] {
  return Object.entries(settings).map(([code, given]) => {
    const scaler = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof scaler !== 'number' || !Number.isInteger(scaler) || Math.abs(scaler) > 18) {
      throw new DlmsError({
        code: 'BAD_SETTING',
        setting: `scaler of ${code}`,
        value: shown(given),
        expected: 'a power of ten from -18 to 18',
      });
    }
    return { pattern: ObisPattern.parse(code), scaler };
  });
}

export interface UserScaler {
  readonly pattern: ObisPattern;
  readonly scaler: number;
}

/** Scale of a number in a telegram. */
export function scaleOfItem(item: Item, obis: Obis | null, scales: Powers, users: readonly UserScaler[]): Scale {
  const scale = scaleWithoutUser(item, obis, scales);
  if (users.length === 0 || obis === null) return scale;
  const user = users.find(u => u.pattern.matches(obis));
  return user === undefined ? scale : { scaler: user.scaler, unit: scale.unit, source: 'user' };
}

function scaleWithoutUser(item: Item, obis: Obis | null, scales: Powers): Scale {
  if (item.scale !== undefined) return item.scale;
  const { entry } = item;
  if (entry !== undefined && (entry.scaler !== undefined || entry.unit !== undefined)) {
    return { scaler: entry.scaler ?? 0, unit: entry.unit ?? null, source: 'layout' };
  }
  const quantity = obis === null ? null : quantityOf(obis);
  if (quantity === null) return UNSCALED;
  const unit = UNITS[quantity];
  const scaler = powerOf(scales, quantity);
  return scaler === null ? { scaler: 0, unit, source: 'none' } : { scaler, unit, source: 'layout' };
}

function powerOf(scales: Powers, quantity: Quantity): number | null {
  switch (quantity) {
    case 'power':
    case 'reactive-power':
    case 'apparent-power':
      return scales.power;
    case 'energy':
    case 'reactive-energy':
    case 'apparent-energy':
      return scales.energy;
    case 'voltage':
      return scales.voltage;
    case 'current':
      return scales.current;
    case 'power-factor':
      return scales.powerFactor;
    case 'frequency':
    case 'angle':
      return null;
  }
}

/** Is it one of these, of the quantities of a convention? */
export function isAmong(quantities: ReadonlySet<ScaledQuantity>, obis: Obis): boolean {
  const quantity = quantityOf(obis);
  if (quantity === null) return false;
  const has = (each: ScaledQuantity): number => (quantities.has(each) ? 1 : 0);
  const [power, energy, voltage] = [has('power'), has('energy'), has('voltage')];
  return powerOf({ power, energy, voltage, current: has('current'), powerFactor: has('powerFactor') }, quantity) === 1;
}

/** What an electricity code measures, by its groups C and D; null where that is not obvious. IEC 62056-61, tables 12 and 13. */
function quantityOf(obis: Obis): Quantity | null {
  const { a, c, d } = obis;
  if (a !== 1 || c === 0) return null;
  if (c === 81 && d === 7) return 'angle';
  if (c > 80) return c === 91 && d === 7 ? 'current' : null;
  const quantity = ((c - 1) % 20) + 1;
  if (ENERGY_KINDS.has(d)) {
    if (quantity <= 2 || quantity === 15 || quantity === 16) return 'energy';
    if (quantity <= 8) return 'reactive-energy';
    return quantity <= 10 ? 'apparent-energy' : null;
  }
  if (!POWER_KINDS.has(d)) return null;
  if (quantity <= 2 || quantity === 15 || quantity === 16) return 'power';
  if (quantity <= 8) return 'reactive-power';
  return OTHERS[quantity] ?? null;
}

const UNSCALED: Scale = { scaler: 0, unit: null, source: 'none' };
const UNITS: Readonly<Record<Quantity, string | null>> = {
  power: 'W',
  'reactive-power': 'var',
  'apparent-power': 'VA',
  energy: 'Wh',
  'reactive-energy': 'varh',
  'apparent-energy': 'VAh',
  voltage: 'V',
  current: 'A',
  'power-factor': null,
  frequency: 'Hz',
  angle: 'deg',
};
/** D of counters: time integrals 1, 2, 3 and 5 over billing and recording periods. */
const ENERGY_KINDS = new Set([8, 9, 10, 29, 30]);
/** D of instantaneous values, averages and maxima. */
const POWER_KINDS = new Set([4, 5, 6, 7, 14, 15, 24, 25, 26, 27, 28]);
const OTHERS: Readonly<Record<number, Quantity>> = {
  9: 'apparent-power',
  10: 'apparent-power',
  11: 'current',
  12: 'voltage',
  13: 'power-factor',
  14: 'frequency',
};
