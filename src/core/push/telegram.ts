// A body with its meaning to the telegram of docs/messages.md: readings with names and scales, meter, time.
// The rule of the file: the clock in the list counts before the clock in the header, because some headers hold garbage.

import { text, type Data } from '../cosem/data';
import { CLOCK_STATUS, isClockNeverSet, looksLikeDateTime, readDateTime, type ClockPolicy } from '../cosem/date-time';
import { attributeNames, clockBytes, readingOf, type ReadingSource } from '../cosem/naming';
import { Obis } from '../obis/obis';
import { ObisPattern } from '../obis/pattern';
import { obisKey, obisName } from '../obis/obis-names';
import { zoneOffsetOfLocal } from '../cosem/zone';
import type { Meter, Reading, Telegram } from '../cosem/reading';
import { spelled, type Spelled } from '../cosem/spelled';
import type { Powers } from '../meters/family';
import { FAMILIES } from '../meters/table';
import { isCompanion, isNumber, type Item } from './body';
import { scaleOfItem, type UserScaler } from './scaling';

export interface TelegramContext {
  readonly policy: ClockPolicy;
  readonly scalers: readonly UserScaler[];
  /** Of the header. */
  readonly clock: Uint8Array | null;
  /** In hex. */
  readonly systemTitle: string | null;
}

/** Everything but the time of arrival. */
export type Decoded = Omit<Telegram, 'receivedAt'>;

export function telegramOf(
  items: readonly Item[],
  context: TelegramContext,
  scales: Powers,
  version: string | null,
): Decoded {
  const readings: Reading[] = [];
  for (const item of items) readings.push(readingFor(item, context, scales));
  return { meter: meterOf(items, readings, context, version), time: timeOfTelegram(items, context), readings };
}

/** The same telegram, its values scaled otherwise. */
export function rescaled(telegram: Decoded, items: readonly Item[], context: TelegramContext, scales: Powers): Decoded {
  const readings = telegram.readings.map((reading, i) =>
    reading.scaleSource === undefined ? reading : readingFor(items[i] as Item, context, scales),
  );
  return { ...telegram, readings };
}

function readingFor(item: Item, context: TelegramContext, scales: Powers): Reading {
  const known = nameOf(item);
  const obis = known?.obis ?? null;
  const data = readable(item);
  const doubt = data === item.data ? undefined : clockDoubt(item.data);
  const source: Writable<ReadingSource> = { obis, data, policy: context.policy };
  const companion = isCompanion(item);
  if (known !== null) {
    const { name, key } = companion ? attributeNames(known.obis, item.classId ?? 0, item.attribute ?? 0) : known;
    source.name = name;
    source.key = key;
  } else if (item.role !== undefined) Object.assign(source, ROLE_NAMES[item.role]);
  if (isNumber(data) && data.type !== 'enum' && !companion) {
    source.scale = scaleOfItem(item, obis, scales, context.scalers);
  } else if (data.type === 'null-data' && item.scale !== undefined) source.scale = item.scale;
  if (item.capture !== undefined) source.capture = isUnset(item.capture) ? NEVER : item.capture;
  if (item.status !== undefined) source.status = item.status;
  if (item.classId !== undefined) source.classId = item.classId;
  if (item.attribute !== undefined) source.attribute = item.attribute;
  if (item.position !== undefined) source.position = item.position;
  if (item.id !== undefined) source.id = item.id;
  if (doubt !== undefined) source.status = { type: 'unsigned', value: doubt };
  return readingOf(source);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The value in the type that shows what it is: dates, times, clocks with a doubtful status, logical names. */
function readable(item: Item): Data {
  const { data } = item;
  if (data.type === 'date-time')
    return isUnset(data) && isClock(item) ? NEVER : { ...data, value: trusted(data.value) };
  if (data.type !== 'octet-string') return data;
  if (data.value.length === 12) {
    if (isUnset(data) && isClock(item)) return NEVER;
    return clockDoubt(data) === undefined ? data : { type: 'octet-string', value: trusted(data.value) };
  }
  if (item.role === 'time' && data.value.length === 4) return { type: 'time', value: data.value };
  if (item.role === 'date' && data.value.length === 5) return { type: 'date', value: data.value };
  if (data.value.length === 6 && data.value[5] === 0xff && (item.attribute === 1 || item.role === 'push-setup')) {
    return { type: 'visible-string', value: Uint8Array.from(Obis.from(data.value).toString(), c => c.charCodeAt(0)) };
  }
  return data;
}

/**
 * Landis+Gyr's E450 calls its clock invalid (status 01, 81) as long as nobody has set it by protocol, and shows the right
 * time all the same; so the time is told, and the status with it. Impossible dates still give null.
 */
function trusted(octets: Uint8Array): Uint8Array {
  const status = octets[11] ?? 0;
  if (status === 0xff || (status & CLOCK_STATUS.invalid) === 0) return octets;
  const copy = octets.slice();
  copy[11] = status & ~CLOCK_STATUS.invalid;
  return copy;
}

/** A clock that was never set tells no time. */
function isUnset(data: Data): boolean {
  const octets = clockBytes(data);
  return octets !== null && isClockNeverSet(octets);
}

/** The status of a clock that calls itself invalid. */
function clockDoubt(data: Data): number | undefined {
  const octets = clockBytes(data);
  const status = octets === null || !looksLikeDateTime(octets) ? 0xff : (octets[11] as number);
  return status !== 0xff && (status & CLOCK_STATUS.invalid) !== 0 ? status : undefined;
}

/** What a code tells of the meter. */
interface Roles {
  /** From 1 where a meter's number may stand; the least counts. */
  readonly idRank: number;
  readonly isModel: boolean;
  readonly isDeviceName: boolean;
}

/** Or of no medium: not of a meter of another one. */
function ofElectricity(name: Spelled | null): boolean {
  return name !== null && name.obis.a <= 1;
}

function nameOf(item: Item): Spelled | null {
  if (item.name !== null) return spelled(item.name);
  return item.entry?.obis === undefined ? null : spelledCode(item.entry.obis);
}

/** Of a layout: those of the users' own are bounded by nothing else. 0 <= CODES.size <= CODES_LIMIT */
function spelledCode(text: string): Spelled {
  const known = CODES.get(text);
  if (known !== undefined) return known;
  const obis = Obis.parse(text);
  const entry: Spelled = { obis, code: obis.toString(), name: obisName(obis), key: obisKey(obis) };
  if (CODES.size >= CODES_LIMIT) CODES.clear();
  CODES.set(text, entry);
  return entry;
}

function rolesOf(name: Spelled): Roles {
  const known = ROLES.get(name);
  if (known !== undefined) return known;
  const rank = ID_CODES.findIndex(place => place.matches(name.obis)) + 1;
  const roles: Roles = {
    idRank: rank === 0 ? Infinity : rank,
    isModel: MODEL_CODES.some(place => place.matches(name.obis)),
    isDeviceName: name.code === DEVICE_NAME,
  };
  ROLES.set(name, roles);
  return roles;
}

/** ISO 8601; of the list's clock, else of the header's. */
function timeOfTelegram(items: readonly Item[], context: TelegramContext): string | null {
  for (const item of items) {
    if (!isClock(item)) continue;
    const octets = clockBytes(item.data);
    const time = octets === null ? null : timeIn(octets, context.policy);
    if (time !== null) return time;
  }
  return context.clock === null ? null : timeIn(context.clock, context.policy);
}

function timeIn(octets: Uint8Array, policy: ClockPolicy): string | null {
  return isClockNeverSet(octets) ? null : readDateTime(trusted(octets), policy).iso;
}

/** There is one in the list or in the header; where the telegram has no time all the same, it tells none. */
export function hasClock(items: readonly Item[], ofHeader: Uint8Array | null): boolean {
  return ofHeader !== null || items.some(item => isClock(item) && clockBytes(item.data) !== null);
}

/**
 * The policy with the zone of a layout that is sent in one place only: where the user has set none, the clock has no
 * deviation, and the clock's word on daylight saving time is what the calendar of that zone says. null: as it was.
 */
export function policyOfLayout(
  items: readonly Item[],
  zone: string | undefined,
  { policy, clock: ofHeader }: TelegramContext,
): ClockPolicy | null {
  if (zone === undefined || policy.zone !== undefined) return null;
  const item = items.find(isClock);
  const octets = item === undefined ? ofHeader : clockBytes(item.data);
  if (octets === null) return null;
  const { local, deviationMinutes, status } = readDateTime(octets);
  if (local === null || deviationMinutes !== null || status === null) return null;
  const daylight = (status & CLOCK_STATUS.daylight) !== 0;
  const there = zoneOffsetOfLocal(zone, Date.parse(`${local}Z`), daylight);
  return there.daylight === daylight ? { ...policy, zone } : null;
}

/** 0-b:1.0.0*255, attribute 2. */
function isClock(item: Item): boolean {
  if (item.role === 'clock') return true;
  const { name } = item;
  if (name === null) return false;
  return name[0] === 0 && name[2] === 1 && name[3] === 0 && name[4] === 0 && name[5] === 255;
}

function meterOf(
  items: readonly Item[],
  readings: readonly Reading[],
  context: TelegramContext,
  version: string | null,
): Meter {
  let id: string | null = null;
  let best = Infinity;
  let model: string | null = null;
  let device: string | null = null;
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Item;
    const name = nameOf(item);
    const roles = name === null ? NO_ROLES : rolesOf(name);
    const rank = item.role === 'meter-id' ? 0 : roles.idRank;
    const modelHere = item.role === 'model' || roles.isModel;
    const deviceHere = roles.isDeviceName;
    if (rank === Infinity && !modelHere && !deviceHere) continue;
    const { value } = readings[i] as Reading;
    const shown = typeof value === 'number' ? String(value) : typeof value === 'string' && value !== '' ? value : null;
    if (shown === null) continue;
    if (rank < best && /[1-9A-Za-z]/.test(shown)) {
      id = shown;
      best = rank;
    }
    if (modelHere) model ??= shown;
    if (deviceHere) device ??= shown;
  }
  const title = context.systemTitle;
  return {
    id,
    manufacturer: manufacturerOf(title, device, id, version),
    model,
    ...(title === null ? {} : { systemTitle: title }),
  };
}

/** Three letters of the FLAG id: of the system title, of the logical device name, of the number, or as the list version tells. */
function manufacturerOf(
  title: string | null,
  device: string | null,
  id: string | null,
  version: string | null,
): string | null {
  const byTitle = title === null ? null : flagOf(title);
  if (byTitle !== null) return byTitle;
  for (const source of [device, id]) {
    const flag = source === null ? null : /^\d?([A-Z]{3})(?![A-Za-z])/.exec(source);
    if (flag !== null) return flag[1] as string;
  }
  return version === null ? null : (VERSIONS.find(([start]) => version.startsWith(start))?.[1] ?? null);
}

/**
 * Who made what sends the list: by its logical device name, which begins with three letters, else by the system title that
 * seals it, else by a number of its own. null: nothing names a maker.
 */
export function makerNamed(items: readonly Item[], title: string | null): string | null {
  let byNumber: string | null = null;
  for (const item of items) {
    const { data } = item;
    if (data.type !== 'octet-string' && data.type !== 'visible-string' && data.type !== 'utf8-string') continue;
    const name = nameOf(item);
    const { isDeviceName, idRank } = name === null ? NO_ROLES : rolesOf(name);
    if (isDeviceName) {
      const flag = /^[A-Z]{3}/.exec(text(data.value));
      if (flag !== null) return flag[0];
    } else if (byNumber === null && (item.role === 'meter-id' || (idRank < Infinity && ofElectricity(name)))) {
      byNumber = NUMBER_OF_MAKER.exec(text(data.value))?.[1] ?? null;
    }
  }
  return (title === null ? null : flagOf(title)) ?? byNumber;
}

/** The first three octets of a system title, in hex, as letters. IEC 62056-5-3, 4.3.4. */
export function flagOf(title: string): string | null {
  let flag = '';
  for (let i = 0; i < 6; i += 2) {
    const letter = parseInt(title.slice(i, i + 2), 16);
    if (letter < 0x41 || letter > 0x5a) return null;
    flag += String.fromCharCode(letter);
  }
  return flag;
}

const ROLE_NAMES: Readonly<Record<NonNullable<Item['role']>, { name: string; key: string } | object>> = {
  'meter-id': { name: 'Meter number', key: 'meter_number' },
  'push-setup': { name: 'Push setup', key: 'push_setup' },
  date: { name: 'Date', key: 'date' },
  time: { name: 'Time of day', key: 'time_of_day' },
  'list-version': {},
  model: {},
  clock: {},
  unknown: {},
};
/** Where a meter's number stands, best first, and where its model does. */
const [ID_CODES, MODEL_CODES] = (['number', 'model'] as const).map(what =>
  FAMILIES.flatMap(({ identity }) => identity?.lists?.[what] ?? []).map(code => ObisPattern.parse(code)),
) as [ObisPattern[], ObisPattern[]];
/** ISK1030775213859, 1LGZ0012345678; ZMF110 is a model. DIN 43863-5. */
const NUMBER_OF_MAKER = /^\d?([A-Z]{3})\d{6}/;
const DEVICE_NAME = '0-0:42.0.0*255';
/** Versions of lists that only one maker sends. */
const VERSIONS: readonly (readonly [start: string, maker: string])[] = FAMILIES.flatMap(({ identify, makers = [] }) =>
  (identify?.listVersions ?? []).map(start => [start, makers[0] ?? ''] as const),
);
const NEVER: Data = { type: 'null-data' };
const NO_ROLES: Roles = { idRank: Infinity, isModel: false, isDeviceName: false };
/** They go with what is kept of the name. */
const ROLES = new WeakMap<Spelled, Roles>();
const CODES = new Map<string, Spelled>();
const CODES_LIMIT = 1024;
