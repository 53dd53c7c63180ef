// Water, gas and heat meters whose values an electricity meter sends with its own: whose reading is it?
// The rule of the file: a reading is of a meter of its own only where the telegrams say what that meter is called.

import type { Meter, Reading } from './reading';

/** Meters by their channel ("0-1") or medium ("7-0"), of those that say their number. `own`: id of who sends the telegram. */
export function metersBehind(readings: readonly Reading[], own: string | null): ReadonlyMap<string, Meter> {
  let found = NONE;
  for (const reading of readings) {
    const channel = channelOf(reading.obis);
    if (channel === null || found.has(channel) || !NUMBERS.test(reading.obis as string)) continue;
    const id = idOf(reading);
    if (id === null || id === own) continue;
    if (found === NONE) found = new Map();
    found.set(channel, { id, manufacturer: MAKER.exec(id)?.[1] ?? null, model: null });
  }
  return found;
}

/** The readings, each with the meter that it is of where that is another one than sends it; the same list where there is none. */
export function withMeters<T extends Reading>(
  readings: readonly T[],
  behind: ReadonlyMap<string, Meter>,
): readonly T[] {
  if (behind.size === 0) return readings;
  return readings.map(reading => {
    const channel = channelOf(reading.obis);
    if (channel === null) return reading;
    const meter = behind.get(channel) ?? behind.get(`0${channel.slice(1)}`);
    return meter === undefined || isOf(reading, meter) ? reading : { ...reading, meter };
  });
}

/** The reader of a text has told it; that of the push, who asks what came before, need not copy it again. */
function isOf({ meter: told }: Reading, { id, manufacturer, model }: Meter): boolean {
  return told?.id === id && told.manufacturer === manufacturer && told.model === model;
}

/** "0-1", what belongs to an M-Bus channel; "7-0", another medium than electricity; else null. IEC 62056-6-1, 5.3. */
function channelOf(obis: string | null): string | null {
  if (obis === null || obis.charCodeAt(1) !== HYPHEN) return null;
  const medium = obis.charCodeAt(0);
  if (medium >= FOUR && medium <= NINE) return obis.slice(0, obis.indexOf(':'));
  if (medium !== ZERO || obis.charCodeAt(2) === ZERO) return null;
  // Push setups, clocks and relays have channels that are no meters.
  return CHANNEL.exec(obis)?.[1] ?? null;
}

/** As people read it on the meter; null for what stands there where no meter is. */
function idOf({ value, sets }: Reading & { readonly sets?: readonly { readonly decoded?: string }[] }): string | null {
  const written = sets?.[0]?.decoded ?? (value === null ? '' : String(value));
  const id = (DIGITS_IN_HEX.test(written) ? written.replace(/3(\d)/g, '$1') : written).trim();
  return /[1-9A-Za-z]/.test(id) ? id : null;
}

const HYPHEN = 0x2d;
const ZERO = 0x30;
const FOUR = 0x34;
const NINE = 0x39;
/** Values, numbers and states of M-Bus clients. */
const CHANNEL = /^(0-\d+):(?:24|96|97)\./;
/** Numbers of the device; Belgium has the second one. */
const NUMBERS = /^(?:0-\d+:96\.1\.[01]|[4-9]-\d+:(?:96\.1\.0|0\.0\.0))\*255$/;
/** P1 writes digits in hex, too. */
const DIGITS_IN_HEX = /^(?:3\d){6,}$/;
const NONE = new Map<string, Meter>();
/** DIN 43863-5: medium, three letters of the maker. */
const MAKER = /^\d([A-Z]{3})\d/;
