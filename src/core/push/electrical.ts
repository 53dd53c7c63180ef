// What voltages, currents and powers of one telegram say of the powers of ten that they may be read by.
// The rules of the file: pure, and no word of it decides alone. Currents and powers may be of different moments, and phases
// may cancel each other in their sum, so a telegram rules out or leaves possible; who believes it waits for others.

import type { Data } from '../cosem/data';
import { Obis } from '../obis/obis';
import type { Item } from './body';
import type { Layout } from './layouts';

/** As sent, of up to three phases; null: not in the telegram. */
export interface Measured {
  readonly volts: readonly (number | null)[];
  readonly amperes: readonly (number | null)[];
  /** Import minus export. */
  readonly active: number | null;
  readonly reactive: number | null;
  /** Import minus export of each phase. */
  readonly ofPhase: readonly (number | null)[];
}

/**
 * `too-little`: less apparent than active power; `far-too-little`: by more than a load that grows explains. `too-much`: far more
 * than these powers can explain; `cancelling`: unless phases cancel each other. `fits`: as it is with most loads. `possible`: too
 * little flows to tell, or it is an odd one.
 */
export type Verdict = 'fits' | 'possible' | 'too-little' | 'far-too-little' | 'too-much' | 'cancelling';

/** What one reading of the currents makes of a telegram; null: it does not tell. The others are powers of ten, too. */
export function judgeCurrents(m: Measured, current: number, voltage: number, power: number): Verdict | null {
  if (m.active === null) return null;
  const [volt, ampere, watt] = [10 ** voltage, 10 ** current, 10 ** power];
  let least = 0;
  let apparent = 0;
  let most = 0;
  let phases = 0;
  let known = 0;
  let activeOfPhases = 0;
  /** Of the phase that has the least for its power. */
  let share = Infinity;
  for (let phase = 0; phase < 3; phase++) {
    const [u, i, p] = [m.volts[phase] ?? null, m.amperes[phase] ?? null, m.ofPhase[phase] ?? null];
    // A current without its voltage may carry all of the power.
    if (u === null && (i ?? 0) === 0) continue;
    if (u === null || (i === null && u !== 0)) return null;
    const amount = Math.abs(i ?? 0);
    const volts = u * volt;
    const greatest = volts * (amount + 0.5) * ampere;
    least += volts * Math.max(0, amount - 0.5) * ampere;
    apparent += volts * amount * ampere;
    most += greatest;
    phases++;
    if (p === null) continue;
    known++;
    activeOfPhases += Math.abs(p) * watt;
    share = Math.min(share, greatest / Math.max(0, (Math.abs(p) - 0.5) * watt));
  }
  if (phases === 0) return null;
  const cannotCancel = phases === 1 || known === phases;
  const sum = Math.abs(m.active) * watt;
  const active = cannotCancel && known > 0 ? Math.max(sum, activeOfPhases) : sum;
  share = Math.min(share, most / Math.max(0, active - 0.5 * watt));
  if (share < FAR_TOO_LITTLE && active >= TELLING_WATTS) return 'far-too-little';
  if (share < LEAST_SHARE) return 'too-little';
  if (active < TELLING_WATTS) return 'possible';
  const load = Math.hypot(active, (m.reactive ?? 0) * watt);
  if (least > MOST_TIMES * load) return cannotCancel ? 'too-much' : 'cancelling';
  return apparent <= USUAL_TIMES * load && apparent >= USUAL_SHARE * load ? 'fits' : 'possible';
}

/** The electricity readings of a list, by their codes. */
export function measuredOf(items: readonly Item[]): Measured {
  const values = new Map<number, number>();
  for (const { name, data } of items) {
    if (name === null || name[0] !== 1 || name[3] !== 7 || name[4] !== 0) continue;
    const value = numberIn(data);
    if (value !== null && !values.has(name[2] as number)) values.set(name[2] as number, value);
  }
  const of = (c: number): number | null => values.get(c) ?? null;
  const net = (plus: number, minus: number): number | null => {
    const [a, b] = [of(plus), of(minus)];
    return a === null && b === null ? null : (a ?? 0) - (b ?? 0);
  };
  return {
    volts: PHASES.map(first => of(first + 12)),
    amperes: PHASES.map(first => of(first + 11)),
    active: net(1, 2) ?? of(16),
    reactive: net(3, 4),
    ofPhase: PHASES.map(first => net(first + 1, first + 2)),
  };
}

/**
 * The power of ten that makes a phase voltage of a low-voltage grid, or the voltage between its phases, out of what was sent:
 * 231, 2310 and 23100 can only be 231 V. null where no voltage is there, or one that tells nothing.
 */
export function voltagePower(items: readonly Item[]): 0 | -1 | -2 | null {
  let most = 0;
  for (const { name, data } of items) {
    if (name === null || name[3] !== 7 || name[0] !== 1 || name[4] !== 0 || !isVoltage(name[2] as number)) continue;
    most = Math.max(most, numberIn(data) ?? 0);
  }
  if (most >= 10_000 && most < 45_000) return -2;
  if (most >= 1_000 && most < 4_500) return -1;
  return most >= 100 && most < 450 ? 0 : null;
}

/**
 * Of a layout that is only guessed: its readings of voltage, frequency and power cannot be of a low-voltage grid. `believed`: it
 * was possible before, so a power that its currents do not explain yet is one that was just switched on.
 */
export function isImpossible(items: readonly Item[], layout: Layout, believed: boolean): boolean {
  const cells = electricalCells(layout);
  for (const { position, c, scale } of cells) {
    if (!isVoltage(c) && c !== FREQUENCY) continue;
    const value = (valueAt(items, position) ?? 0) * scale;
    if (value === 0) continue;
    const [least, most] = c === FREQUENCY ? HERTZ : VOLTS;
    if (value < least || value > most) return true;
  }
  if (believed) return false;
  const values = new Map<number, number>();
  for (const { position, c, scale } of cells) {
    const value = valueAt(items, position);
    // Half of the last digit, or less would flow than was rounded away.
    if (value !== null) values.set(c, value * scale + (isCurrent(c) ? 0.5 * scale : 0));
  }
  let apparent = 0;
  for (const first of PHASES) {
    const [u, i] = [values.get(first + 12), values.get(first + 11)];
    if (u === undefined || (i === undefined && u !== 0)) {
      if (u !== undefined || i !== undefined) return false;
      continue;
    }
    apparent += u * Math.abs(i ?? 0);
  }
  const active = Math.abs((values.get(1) ?? 0) - (values.get(2) ?? 0));
  return PHASES.some(first => values.has(first + 12)) && active > MOST_ACTIVE_TIMES * apparent;
}

function electricalCells(layout: Layout): readonly ElectricalCell[] {
  let cells = CELLS.get(layout);
  if (cells === undefined) {
    cells = layout.entries.flatMap(({ position, obis, scaler = 0 }) => {
      const code = obis === undefined ? null : Obis.tryParse(obis);
      return code?.a === 1 && code.d === 7 && code.e === 0 ? [{ position, c: code.c, scale: 10 ** scaler }] : [];
    });
    CELLS.set(layout, cells);
  }
  return cells;
}

function valueAt(items: readonly Item[], position: number): number | null {
  const item = items[position];
  return item === undefined ? null : numberIn(item.data);
}

function numberIn(data: Data): number | null {
  const value = 'value' in data ? data.value : null;
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : null;
}

function isVoltage(c: number): boolean {
  return c === 32 || c === 52 || c === 72;
}

function isCurrent(c: number): boolean {
  return c === 31 || c === 51 || c === 71;
}

interface ElectricalCell {
  readonly position: number;
  readonly c: number;
  readonly scale: number;
}

const CELLS = new WeakMap<Layout, readonly ElectricalCell[]>();
/** Group C of the quantities of a phase begins behind these. IEC 62056-61, table 12. */
const PHASES = [20, 40, 60] as const;
const FREQUENCY = 14;
const HERTZ = [45, 65] as const;
/** Of a phase. */
const VOLTS = [180, 265] as const;
/** Of the active power: voltage and current are measured a moment earlier or later. */
const LEAST_SHARE = 0.8;
/** Below it standby and compensation are as large. */
const TELLING_WATTS = 200;
const MOST_TIMES = 40;
const USUAL_SHARE = 0.9;
const USUAL_TIMES = 1.5;
/** A tenth of the currents, at any usual power factor. */
const FAR_TOO_LITTLE = 0.22;
const MOST_ACTIVE_TIMES = 3;
