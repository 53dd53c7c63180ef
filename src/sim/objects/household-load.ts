// What a household draws and feeds in, as functions of time: always the same for the same instant, never falling; no day is
// like another one.

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
  const day = Math.floor(hours / 24);
  const drawn = BASE_W + DAILY_W * Math.sin(DAILY * hours) + HALF_DAILY_W * Math.sin(2 * DAILY * hours);
  const appliances = 90 * wobble(epochMs, 60_000) + 60 * wobble(epochMs, 420_000);
  return Math.round(loadOf(day) * drawn + appliances - sunOf(day) * solarAt(hours % 24));
}

/** Between -1 and 1, constant within `stepMs`, without pattern to the eye. */
export function wobble(epochMs: number, stepMs: number): number {
  let x = (Math.floor(epochMs / stepMs) ^ 0x5bd1e995) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 0x7fffffff - 1;
}

/** The integral of the daily curve times the factor of each day, which both stay positive, so it never falls. */
function importUntil(hours: number): number {
  const day = Math.floor(hours / 24);
  return before(day).load * curveUntil(24) + loadOf(day) * curveUntil(hours - day * 24);
}

/** The part of it within the day tariff, 06 to 22 UTC. */
function importByDay(hours: number): number {
  const day = Math.floor(hours / 24);
  const hour = Math.min(Math.max(hours - day * 24, DAY_FROM), DAY_TO);
  const perDay = curveUntil(DAY_TO) - curveUntil(DAY_FROM);
  return before(day).load * perDay + loadOf(day) * (curveUntil(hour) - curveUntil(DAY_FROM));
}

/** The integral of BASE + DAILY sin + HALF sin within a day. */
function curveUntil(hour: number): number {
  return (
    BASE_W * hour +
    (DAILY_W * (1 - Math.cos(DAILY * hour))) / DAILY +
    (HALF_DAILY_W * (1 - Math.cos(2 * DAILY * hour))) / (2 * DAILY)
  );
}

function solarAt(hour: number): number {
  return hour <= 6 || hour >= 18 ? 0 : SOLAR_W * Math.sin((Math.PI * (hour - 6)) / 12) ** 2;
}

/** The integral of the solar curve times the weather of each day. */
function exportUntil(hours: number): number {
  const day = Math.floor(hours / 24);
  const x = Math.min(Math.max(hours - day * 24 - 6, 0), 12);
  const today = SOLAR_W * (x / 2 - (12 / (4 * Math.PI)) * Math.sin((2 * Math.PI * x) / 12));
  return before(day).sun * SOLAR_W * 6 + sunOf(day) * today;
}

/** More at the end of a week and in winter, and each day another way. */
function loadOf(since: number): number {
  const day = since % PERIOD;
  // Day 0 was a Wednesday.
  const weekend = day % 7 === 3 || day % 7 === 4 ? 1.25 : 1;
  return weekend * (1 + 0.15 * seasonOf(day)) * (1 + 0.2 * wobble(day, 1));
}

/** Long days in summer, and clouds. */
function sunOf(since: number): number {
  const day = since % PERIOD;
  return (0.6 - 0.35 * seasonOf(day)) * (1 + 0.7 * wobble(day + 7919, 1));
}

/** 1 in the middle of the winter, -1 in that of the summer. */
function seasonOf(day: number): number {
  return Math.cos((2 * Math.PI * (day - 15)) / 365.25);
}

/**
 * The sums of the factors of all days before one; each day is added once. After `PERIOD` days they come again, so that a clock
 * that somebody sets far ahead costs no more.
 */
function before(day: number): { readonly load: number; readonly sun: number } {
  const [periods, rest] = [Math.floor(day / PERIOD), day % PERIOD];
  const within = sumsUntil(rest);
  if (periods === 0) return within;
  const whole = sumsUntil(PERIOD);
  return { load: periods * whole.load + within.load, sun: periods * whole.sun + within.sun };
}

function sumsUntil(day: number): { readonly load: number; readonly sun: number } {
  for (let next = SUMS.length; next <= day; next++) {
    const last = SUMS[next - 1] ?? { load: 0, sun: 0 };
    SUMS.push({ load: last.load + loadOf(next - 1), sun: last.sun + sunOf(next - 1) });
  }
  return SUMS[day] ?? { load: 0, sun: 0 };
}

const SUMS: { readonly load: number; readonly sun: number }[] = [{ load: 0, sun: 0 }];
/** A hundred years. */
const PERIOD = 36_525;
const START_MS = Date.UTC(2020, 0, 1);
const HOUR_MS = 3_600_000;
const DAILY = (2 * Math.PI) / 24;
const BASE_W = 430;
const DAILY_W = 210;
const HALF_DAILY_W = 90;
const SOLAR_W = 380;
const DAY_FROM = 6;
const DAY_TO = 22;
