// An electricity meter of a household: energies, instantaneous values, a load profile and a billing profile.

import { i16, octets, u16, u32, u8, visible, type Data } from '../../core/cosem/data';
import { fromLatin1 } from '../../core/wire/hex';
import type { Ask, CosemObject } from '../cosem-object';
import { clockObject } from './clock';
import { controlObjects } from './control';
import { dataObject, extendedRegister, register } from './elements';
import { energiesAt, powerAt, wobble, type Energies } from './household-load';
import { profile, type Column, type Row } from './profile';

export interface HouseholdOptions {
  /** Eight digits and what the maker puts in front; also the device id. */
  readonly serialNumber?: string;
  /** Sixteen characters, the first three the maker's. */
  readonly logicalDeviceName?: string;
  readonly loadProfile?: LoadProfileOptions;
}

export interface LoadProfileOptions {
  /** How far back the meter remembers. */
  readonly days?: number;
  readonly periodS?: number;
  /** 2..8: clock, status and the registers after them; 2 is clock and active energy import. */
  readonly columns?: number;
}

export function householdObjects(options: HouseholdOptions = {}): CosemObject[] {
  const serial = options.serialNumber ?? '50021374';
  return [
    clockObject(),
    dataObject('0.0.42.0.0.255', octets(fromLatin1(options.logicalDeviceName ?? `MFW00000${serial}`))),
    dataObject('0.0.96.1.0.255', octets(fromLatin1(serial))),
    dataObject('0.0.96.1.1.255', visible('MFW-SIM-3')),
    dataObject('1.0.0.2.0.255', octets(fromLatin1('V1.04'))),
    dataObject('0.0.96.7.21.255', u16(4)),
    dataObject('0.0.96.14.0.255', ask => u8(isDay(ask) ? 1 : 2)),
    energy('1.0.1.8.0.255', 'import', WH),
    energy('1.0.1.8.1.255', 'importDay', WH),
    energy('1.0.1.8.2.255', 'importNight', WH),
    energy('1.0.2.8.0.255', 'export', WH),
    energy('1.0.3.8.0.255', 'reactiveImport', VARH),
    energy('1.0.4.8.0.255', 'reactiveExport', VARH),
    // The same energy as a 64-bit number in tenths of a milliwatt-hour, which no double holds for long.
    register(
      '1.0.15.8.0.255',
      ask => ({ type: 'long64-unsigned', value: BigInt(energiesAt(ask.nowMs).import) * 10_000n + 7n }),
      -4,
      WH,
    ),
    register('1.0.1.7.0.255', ask => u32(Math.max(0, powerAt(ask.nowMs))), 0, W),
    register('1.0.2.7.0.255', ask => u32(Math.max(0, 0 - powerAt(ask.nowMs))), 0, W),
    register('1.0.16.7.0.255', ask => ({ type: 'double-long', value: powerAt(ask.nowMs) }), 0, W),
    ...[31, 51, 71].map((c, phase) =>
      register(`1.0.${c}.7.0.255`, ask => u16(Math.round(Math.abs(powerAt(ask.nowMs)) / 6.9) + 10 * phase), -2, AMPERE),
    ),
    ...[32, 52, 72].map((c, phase) =>
      register(
        `1.0.${c}.7.0.255`,
        ask => u16(2304 + phase + Math.round(9 * wobble(ask.nowMs + phase, 30_000))),
        -1,
        VOLT,
      ),
    ),
    register('1.0.14.7.0.255', ask => u16(5000 + Math.round(3 * wobble(ask.nowMs, 10_000))), -2, HERTZ),
    register('1.0.13.7.0.255', i16(981), -3, NO_UNIT),
    register('0.0.96.9.0.255', { type: 'float32', value: 23.5 }, 0, CELSIUS),
    extendedRegister(
      '1.0.1.6.0.255',
      u32(3120),
      0,
      W,
      ask => ask.clock.startOfMonth(ask.nowMs, 0) + (3.5 * DAY_MS) / 7,
    ),
    ...controlObjects(),
    loadProfile(options.loadProfile ?? {}),
    billingProfile(),
    eventLog(),
  ];
}

function energy(obis: string, key: keyof Energies, unit: number): CosemObject {
  return register(obis, ask => u32(energiesAt(ask.nowMs)[key]), 0, unit);
}

/** 1.0.99.1.0.255: one row each period, in step with the hour, as many as fit the days. */
function loadProfile(options: LoadProfileOptions): CosemObject {
  const periodMs = (options.periodS ?? 900) * 1000;
  const capacity = Math.max(1, Math.floor(((options.days ?? 31) * DAY_MS) / periodMs));
  const count = Math.min(8, Math.max(2, options.columns ?? 8));
  const chosen = count === 2 ? LOAD.filter(c => c.of === 'import') : LOAD.slice(0, count - 1);
  const known = new Map<number, Row>();
  const rowAt = (atMs: number): Row => {
    let row = known.get(atMs);
    if (row === undefined) {
      const energies = energiesAt(atMs);
      row = { atMs, values: chosen.map(c => (c.of === 'status' ? u8(0) : u32(energies[c.of]))) };
      known.set(atMs, row);
    }
    return row;
  };
  return profile({
    obis: '1.0.99.1.0.255',
    columns: chosen,
    periodS: periodMs / 1000,
    capacity,
    rows: ask => {
      const last = Math.floor(ask.nowMs / periodMs);
      if (known.size > 4 * capacity) known.clear();
      return Array.from({ length: capacity }, (_, i) => rowAt((last - capacity + 1 + i) * periodMs));
    },
  });
}

/** 0.0.98.1.0.255: the registers at the begin of each month, thirteen of them; only for those who prove who they are. */
function billingProfile(): CosemObject {
  const columns: Column[] = ['1.8.0', '1.8.1', '1.8.2', '2.8.0'].map(c => ({
    classId: 3,
    obis: `1.0.${c}.255`,
    attribute: 2,
  }));
  return profile({
    obis: '0.0.98.1.0.255',
    columns: [
      ...columns,
      { classId: 4, obis: '1.0.1.6.0.255', attribute: 2 },
      { classId: 4, obis: '1.0.1.6.0.255', attribute: 5 },
    ],
    periodS: 0,
    capacity: 13,
    restricted: true,
    rows: ask =>
      Array.from({ length: 13 }, (_, i) => {
        const atMs = ask.clock.startOfMonth(ask.nowMs, 12 - i);
        const e = energiesAt(atMs);
        const peak: Data[] = [u32(2800 + 17 * i), octets(ask.clock.octets(atMs - 3 * DAY_MS))];
        return { atMs, values: [u32(e.import), u32(e.importDay), u32(e.importNight), u32(e.export), ...peak] };
      }),
  });
}

/** 0.0.99.98.0.255: the power went off and came back; irregular, so that ranges without rows exist. */
function eventLog(): CosemObject {
  const events = [1, 2, 1, 2, 1, 2];
  return profile({
    obis: '0.0.99.98.0.255',
    columns: [{ classId: 1, obis: '0.0.96.11.0.255', attribute: 2 }],
    periodS: 0,
    capacity: 100,
    rows: ask =>
      events.map((code, i) => ({
        atMs: ask.clock.startOfMonth(ask.nowMs, 3 - (i >> 1)) + 7_654_000 + 41_000 * i,
        values: [u8(code)],
      })),
  });
}

function isDay(ask: Ask): boolean {
  const hour = (ask.clock.octets(ask.nowMs)[5] as number) ?? 0;
  return hour >= 6 && hour < 22;
}

interface LoadColumn extends Column {
  readonly of: keyof Energies | 'status';
}
const of = (c: string, key: keyof Energies): LoadColumn => ({
  classId: 3,
  obis: `1.0.${c}.255`,
  attribute: 2,
  of: key,
});

const LOAD: readonly LoadColumn[] = [
  { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, of: 'status' },
  of('1.8.0', 'import'),
  of('2.8.0', 'export'),
  of('3.8.0', 'reactiveImport'),
  of('4.8.0', 'reactiveExport'),
  of('1.8.1', 'importDay'),
  of('1.8.2', 'importNight'),
];
const DAY_MS = 86_400_000;
// Codes of the units table. IEC 62056-6-2, table 4.
const WH = 30;
const VARH = 32;
const W = 27;
const AMPERE = 33;
const VOLT = 35;
const HERTZ = 44;
const CELSIUS = 9;
const NO_UNIT = 255;
