// What a household draws and feeds in, as functions of time: always the same for the same instant, never falling.

/** Energies in Wh and varh since 2020, whole numbers. */
export interface Energies {
  readonly import: number;
  readonly importDay: number;
  readonly importNight: number;
  readonly export: number;
  readonly reactiveImport: number;
  readonly reactiveExport: number;
}

export function energiesAt(epochMs: number): Energies {
  const hours = Math.max(0, (epochMs - START_MS) / HOUR_MS);
  const byDay = importByDay(hours);
  const importDay = Math.floor(byDay);
  const importNight = Math.floor(importUntil(hours) - byDay);
  return {
    import: importDay + importNight,
    importDay,
    importNight,
    export: Math.floor(exportUntil(hours)),
    reactiveImport: Math.floor(hours * 42),
    reactiveExport: Math.floor(hours * 11),
  };
}

/** Active power in W; positive is drawn from the grid. Moves from minute to minute. */
export function powerAt(epochMs: number): number {
  const hours = Math.max(0, (epochMs - START_MS) / HOUR_MS);
  const drawn = BASE_W + DAILY_W * Math.sin(DAILY * hours) + HALF_DAILY_W * Math.sin(2 * DAILY * hours);
  return Math.round(drawn + 60 * wobble(epochMs, 60_000) - solarAt(hours % 24));
}

/** Between -1 and 1, constant within `stepMs`, without pattern to the eye. */
export function wobble(epochMs: number, stepMs: number): number {
  let x = (Math.floor(epochMs / stepMs) ^ 0x5bd1e995) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 0x7fffffff - 1;
}

/** The integral of BASE + DAILY sin + HALF sin, which stays positive, so it never falls. */
function importUntil(hours: number): number {
  return (
    BASE_W * hours +
    (DAILY_W * (1 - Math.cos(DAILY * hours))) / DAILY +
    (HALF_DAILY_W * (1 - Math.cos(2 * DAILY * hours))) / (2 * DAILY)
  );
}

/** The part of it within the day tariff, 06 to 22 UTC. */
function importByDay(hours: number): number {
  const days = Math.floor(hours / 24);
  const hour = Math.min(Math.max(hours - days * 24, DAY_FROM), DAY_TO);
  const perDay = importUntil(DAY_TO) - importUntil(DAY_FROM);
  return days * perDay + importUntil(hour) - importUntil(DAY_FROM);
}

function solarAt(hour: number): number {
  return hour <= 6 || hour >= 18 ? 0 : SOLAR_W * Math.sin((Math.PI * (hour - 6)) / 12) ** 2;
}

/** The integral of the solar curve. */
function exportUntil(hours: number): number {
  const days = Math.floor(hours / 24);
  const x = Math.min(Math.max(hours - days * 24 - 6, 0), 12);
  return days * SOLAR_W * 6 + SOLAR_W * (x / 2 - (12 / (4 * Math.PI)) * Math.sin((2 * Math.PI * x) / 12));
}

const START_MS = Date.UTC(2020, 0, 1);
const HOUR_MS = 3_600_000;
const DAILY = (2 * Math.PI) / 24;
const BASE_W = 430;
const DAILY_W = 210;
const HALF_DAILY_W = 90;
const SOLAR_W = 380;
const DAY_FROM = 6;
const DAY_TO = 22;
