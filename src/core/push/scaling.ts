// The power of ten and the unit of a value: from the telegram, from the layout, by the convention of the list, or none;
// the user's word counts above all. The rule of the file: a convention is chosen by what stands in the telegram, and
// `source` always says where the scale came from.

import type { Scale } from '../cosem/naming';
import type { Obis } from '../obis/obis';
import { ObisPattern } from '../obis/pattern';
import { DlmsError } from '../wire/errors';
import { shown } from '../wire/foreign';
import { text } from '../cosem/data';
import { isNumber, type Body, type Item } from './body';

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

/** How a family of lists that carries no scaler is to be read: powers of ten by quantity. */
export interface Convention {
  readonly name: string;
  readonly power: number;
  readonly energy: number;
  readonly voltage: number;
  readonly current: number;
  /** null: such a value has no known scale in this family. */
  readonly powerFactor: number | null;
}

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
export function scaleOfItem(
  item: Item,
  obis: Obis | null,
  convention: Convention | null,
  users: readonly UserScaler[],
): Scale {
  const scale = scaleWithoutUser(item, obis, convention);
  if (users.length === 0 || obis === null) return scale;
  const user = users.find(u => u.pattern.matches(obis));
  return user === undefined ? scale : { scaler: user.scaler, unit: scale.unit, source: 'user' };
}

function scaleWithoutUser(item: Item, obis: Obis | null, convention: Convention | null): Scale {
  if (item.scale !== undefined) return item.scale;
  const { entry } = item;
  if (entry !== undefined && (entry.scaler !== undefined || entry.unit !== undefined)) {
    return { scaler: entry.scaler ?? 0, unit: entry.unit ?? null, source: 'layout' };
  }
  const quantity = obis === null ? null : quantityOf(obis);
  if (quantity === null) return UNSCALED;
  const unit = UNITS[quantity];
  const scaler = convention === null ? null : scalerOf(convention, quantity);
  return scaler === null ? { scaler: 0, unit, source: 'none' } : { scaler, unit, source: 'layout' };
}

function scalerOf(convention: Convention, quantity: Quantity): number | null {
  switch (quantity) {
    case 'power':
    case 'reactive-power':
    case 'apparent-power':
      return convention.power;
    case 'energy':
    case 'reactive-energy':
    case 'apparent-energy':
      return convention.energy;
    case 'voltage':
      return convention.voltage;
    case 'current':
      return convention.current;
    case 'power-factor':
      return convention.powerFactor;
    case 'frequency':
    case 'angle':
      return null;
  }
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

/** The convention that fits a body; null where it has none. `deviationGiven`: the header's clock says its deviation. */
export function conventionOf(body: Body, deviationGiven: boolean): Convention | null {
  switch (body.form) {
    case 'self-described':
      return body.items.some(item => item.scale !== undefined) ? null : flatConvention(body);
    case 'push-object-list':
      return pushListConvention(body, deviationGiven);
    default:
      return null;
  }
}

function flatConvention(body: Body): Convention | null {
  if (body.version !== null) {
    if (body.version.startsWith('Kamstrup')) {
      if (isCurrentTransformer(body)) return KAMSTRUP_CT;
      return voltagePower(body) === -2 ? KAMSTRUP_V2 : KAMSTRUP;
    }
    if (body.version.startsWith('KFM')) return KAIFA;
    return null;
  }
  // Landis+Gyr E450 (Steiermark, Graz): a clock without name, then pairs; whole volts where there are any.
  const clockFirst = body.items[0]?.role === 'clock' && body.items[0].position === 0;
  const volts = voltagePower(body);
  return clockFirst && (volts === null || volts === 0) ? E450 : null;
}

/** Kamstrup's type number begins with 685 on current transformer meters. */
function isCurrentTransformer(body: Body): boolean {
  const type = body.items.find(
    item => item.name !== null && item.name[0] === 1 && item.name[2] === 96 && item.name[3] === 1,
  );
  return type !== undefined && type.data.type === 'visible-string' && text(type.data.value).startsWith('685');
}

/**
 * IDIS lists say nothing of their scale. What tells the families apart: Iskraemeco's push setup is 0-6:25.9.0, that of
 * Landis+Gyr 0-8:25.9.0 or above. Of the latter's meters the E360 specifies the deviation of its clock and sends tenths of a
 * volt; the E450 sends hundredths of an ampere, the E570 whole ones. Where too little flows to tell, the E450 lists the
 * name of its push setup and the E570 does not.
 */
function pushListConvention(body: Body, deviationGiven: boolean): Convention | null {
  const { setup } = body;
  if (setup === null) return null;
  const volts = voltagePower(body);
  const channel = setup.name[1] as number;
  if (channel === 6) return volts === 0 ? E450 : AM550;
  if (channel < 8) return null;
  if (volts === -1 || (deviationGiven && volts !== 0)) return E360;
  const amperes = currentPower(body);
  return (amperes === null ? setup.named : amperes === -2) ? E450 : E570;
}

/**
 * The power of ten that makes a phase voltage of a low-voltage grid out of what was sent: 231, 2310 and 23100 can only be
 * 231 V. null where no voltage is there, or one of a transformer that could be either.
 */
function voltagePower(body: Body): 0 | -1 | -2 | null {
  const most = Math.max(0, ...PHASES.map(([voltage]) => instant(body, voltage) ?? 0));
  if (most >= 10_000 && most < 45_000) return -2;
  if (most >= 1_000 && most < 4_500) return -1;
  return most >= 100 && most < 450 ? 0 : null;
}

/** The power of ten of the currents, for whole volts: no more active power than voltage times current. null: too little to tell. */
function currentPower(body: Body): 0 | -2 | null {
  const active = Math.max(instant(body, 1) ?? 0, instant(body, 2) ?? 0);
  if (active < TELLING_WATTS) return null;
  let apparent = 0;
  let phases = 0;
  for (const [voltage, current] of PHASES) {
    const volts = instant(body, voltage);
    const amperes = instant(body, current);
    if (volts === null) continue;
    if (amperes === null) return null;
    apparent += volts * amperes;
    phases++;
  }
  // Of hundredths the ratio is 100 and more, of whole amperes the inverse of the power factor.
  if (phases === 0) return null;
  if (apparent >= 90 * active) return -2;
  return apparent <= 20 * active ? 0 : null;
}

/** Of an electricity meter: the instantaneous value of group C. */
function instant(body: Body, c: number): number | null {
  for (const { name, data } of body.items) {
    if (name === null || name[2] !== c || name[3] !== 7 || name[0] !== 1 || name[4] !== 0) continue;
    if (isNumber(data)) return Number((data as { value: number | bigint }).value);
  }
  return null;
}

const KAMSTRUP: Convention = { name: 'kamstrup', power: 0, energy: 1, voltage: 0, current: -2, powerFactor: -2 };
const KAMSTRUP_CT: Convention = { ...KAMSTRUP, name: 'kamstrup-ct', current: -3 };
/** Bornholm, Denmark: voltages in hundredths of a volt. */
const KAMSTRUP_V2: Convention = { ...KAMSTRUP, name: 'kamstrup-v2', voltage: -2 };
const KAIFA: Convention = { name: 'kaifa', power: 0, energy: 0, voltage: -1, current: -3, powerFactor: null };
const AM550: Convention = { name: 'am550', power: 0, energy: 0, voltage: -1, current: -2, powerFactor: -3 };
const E360: Convention = { name: 'e360', power: 0, energy: 0, voltage: -1, current: -2, powerFactor: null };
const E450: Convention = { name: 'e450', power: 0, energy: 0, voltage: 0, current: -2, powerFactor: -3 };
const E570: Convention = { name: 'e570', power: 0, energy: 0, voltage: 0, current: 0, powerFactor: -3 };

/** Group C of voltage and current. */
const PHASES: readonly (readonly [number, number])[] = [
  [32, 31],
  [52, 51],
  [72, 71],
];
const TELLING_WATTS = 200;
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
