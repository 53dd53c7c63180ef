// Home Assistant MQTT discovery: one retained configuration an entity, then states.
// The rule of the file: an entity keeps its unique id; a device class is only given with a unit Home Assistant takes for it.

import { standardOfName } from '../core/obis/national';
import { Obis } from '../core/obis/obis';
import { obisName } from '../core/obis/obis-names';
import type { ObisTexts } from '../core/obis/obis-texts-compose';
import type { Meter, Reading } from '../core/cosem/reading';
import { usualUnit } from './convert';
import type { Item, OutputMessage } from './forms';
import { isCounter } from './guard';
import { meterBehind, meterName } from './input';
import { wordOf } from './names';
import { LEAST_MS, PERIODS, Rhythm } from './rhythm';

export interface HomeAssistantOptions {
  /** Where Home Assistant looks; its default is "homeassistant". */
  readonly discoveryPrefix: string;
  /** Begin of the state topics. */
  readonly statePrefix: string;
  /** Names of entities in another language than English. */
  readonly texts: ObisTexts | null;
  /** Each telegram brings all states, so that one that does not come is a dead one. */
  readonly steady: boolean;
}

export class HomeAssistant {
  /** Entities that are announced: what was said of them, and their last value. The longest silent goes when they are too many. */
  readonly #announced = new Map<string, Announced>();
  /** By device. */
  readonly #devices = new Map<string, { readonly rhythm: Rhythm; online: boolean }>();
  /** Group A of what the meter on an M-Bus channel measures, by meter and channel; not every telegram says it. */
  readonly #media = new Map<string, number>();
  /** A meter has said its name. */
  #named = false;

  #forgotten = 0;

  constructor(
    readonly options: HomeAssistantOptions,
    readonly limit = ENTITY_LIMIT,
  ) {}

  /** Entities and devices that had to go; with their next value they are announced again. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /**
   * Configurations of what is new or looks different now, then the states. null has no state. `readings`: all of the
   * telegram, which may tell what kind of meter is on an M-Bus channel.
   */
  messages(items: readonly Item[], meter: Meter, readings: readonly Reading[], nowMs: number): OutputMessage[] {
    this.#learn(readings, meter);
    const configs = this.#namedAtLast(meter);
    const states: OutputMessage[] = [];
    for (const item of items) {
      if (item.value === null) continue;
      const id = idOf(item, meter);
      const before = this.#announced.get(id);
      const rhythm = before?.rhythm ?? new Rhythm();
      rhythm.heard(nowMs);
      const expireS = this.options.steady ? expiry(rhythm.periodMs, before?.expireS ?? null) : null;
      const entity = this.#entity(item, meter, expireS);
      const said = JSON.stringify(entity.config);
      if (before?.said !== said) configs.push(configMessage(entity));
      this.#announced.delete(id);
      this.#announced.set(id, { said, item, meter, rhythm, expireS });
      if (this.#announced.size > this.limit) this.#forgetOldest();
      states.push(stateMessage(entity, item));
    }
    const known = states.length > 0 || this.#devices.has(deviceOf(meter));
    return [...configs, ...states, ...(known ? this.#alive(meter, nowMs) : [])];
  }

  /** Those that were not heard for three of their periods. */
  silent(nowMs: number): OutputMessage[] {
    const gone: OutputMessage[] = [];
    for (const [device, state] of this.#devices) {
      if (!state.online || !state.rhythm.isSilent(nowMs, Infinity)) continue;
      state.online = false;
      gone.push(this.#availability(device, false));
    }
    return gone;
  }

  #alive(meter: Meter, nowMs: number): OutputMessage[] {
    const device = deviceOf(meter);
    const state = this.#devices.get(device) ?? { rhythm: new Rhythm(), online: false };
    const was = state.online;
    state.rhythm.heard(nowMs);
    state.online = true;
    this.#devices.delete(device);
    this.#devices.set(device, state);
    if (this.#devices.size > this.limit) {
      const [oldest] = this.#devices.keys();
      if (oldest !== undefined && this.#devices.delete(oldest)) this.#forgotten++;
    }
    return was ? [] : [this.#availability(device, true)];
  }

  #availability(device: string, online: boolean): OutputMessage {
    const topic = availabilityTopic(this.options, device);
    return { output: 0, fields: { topic, payload: online ? 'online' : 'offline', retain: true } };
  }

  /** All configurations and last states anew: Home Assistant was restarted, or the broker was away. */
  again(): OutputMessage[] {
    const all = [...this.#announced.values()].map(({ item, meter, expireS }) => ({
      item,
      entity: this.#entity(item, meter, expireS),
    }));
    return [
      ...all.map(({ entity }) => configMessage(entity)),
      ...all.map(({ entity, item }) => stateMessage(entity, item)),
      ...[...this.#devices].map(([device, { online }]) => this.#availability(device, online)),
    ];
  }

  forget(): void {
    this.#announced.clear();
    this.#devices.clear();
  }

  /**
   * What came before the first name is most likely of the same meter (Kaifa says its name each ten seconds, its power each two):
   * the device without a name goes. Who goes on without one is announced again.
   */
  #namedAtLast(meter: Meter): OutputMessage[] {
    if (this.#named || meterName(meter) === null) return [];
    this.#named = true;
    const gone: OutputMessage[] = [];
    for (const [id, { item, meter: before }] of this.#announced) {
      if (meterName(before) !== null) continue;
      this.#announced.delete(id);
      this.#devices.delete(deviceOf(before));
      const { configTopic: topic } = this.#entity(item, before, null);
      gone.push({ output: 0, fields: { topic, payload: '', retain: true } });
    }
    return gone;
  }

  #forgetOldest(): void {
    const [oldest] = this.#announced.keys();
    if (oldest !== undefined && this.#announced.delete(oldest)) this.#forgotten++;
  }

  #entity(item: Item, meter: Meter, expireS: number | null): Entity {
    const obis = item.obis === null ? null : Obis.tryParse(item.obis);
    const medium = obis?.a === 0 ? this.#media.get(`${meterName(meter)}|${obis.b}`) : obis?.a;
    return entityOf(
      { ...item, name: this.#nameOf(item, obis) },
      meter,
      lookOf(item, obis, medium),
      expireS,
      this.options,
    );
  }

  /** A rule's own name is its user's. */
  #nameOf({ rule, name }: Item, obis: Obis | null): string {
    const { texts } = this.options;
    if (texts === null || obis === null || (rule !== null && (rule.name !== null || rule.select.of !== 'value')))
      return name;
    return obisName(obis, texts, standardOfName(obis.toString(), name));
  }

  /** From the device type of each channel, 0-n:24.1.0 (EN 13757-3, medium), where the telegram holds it. */
  #learn(readings: readonly Reading[], meter: Meter): void {
    for (const { obis, value } of readings) {
      const channel = /^0-(\d+):24\.1\.0\*255$/.exec(obis ?? '')?.[1];
      const medium = channel === undefined ? undefined : MEDIUM_OF[Number(value)];
      if (medium === undefined) continue;
      if (this.#media.size >= ENTITY_LIMIT) this.#media.clear();
      this.#media.set(`${meterName(meter)}|${channel}`, medium);
    }
  }
}

interface Announced {
  readonly said: string;
  readonly item: Item;
  readonly meter: Meter;
  readonly rhythm: Rhythm;
  /** Seconds after which the state is none any more, as it was announced. */
  readonly expireS: number | null;
}

/** Less than three periods; what was announced stays as long as it is near enough, so that it is not announced each time. */
function expiry(periodMs: number | null, before: number | null): number | null {
  if (periodMs === null) return before;
  const beforeMs = (before ?? 0) * 1000;
  if (beforeMs >= 2.5 * periodMs && beforeMs <= Math.max(PERIODS * periodMs, LEAST_MS)) return before;
  return Math.ceil(Math.max(2.75 * periodMs, LEAST_MS) / 1000);
}

function idOf(item: Item, meter: Meter): string {
  return `${deviceOf(meter)}/${objectOf(item)}`;
}

function objectOf({ label, key }: Item): string {
  return wordOf(label) || key;
}

function availabilityTopic({ statePrefix }: HomeAssistantOptions, device: string): string {
  return `${statePrefix}/${device}/availability`;
}

function configMessage({ configTopic, config }: Entity): OutputMessage {
  return { output: 0, fields: { topic: configTopic, payload: config, retain: true } };
}

function stateMessage(entity: Entity, { value, unit, obis, name, time, timestamp, meter }: Item): OutputMessage {
  const fields = { topic: entity.stateTopic, payload: value, retain: false, unit, obis, name, time, timestamp, meter };
  return { output: 0, fields };
}

interface Entity {
  readonly configTopic: string;
  readonly stateTopic: string;
  readonly config: Readonly<Record<string, unknown>>;
}

function entityOf(item: Item, meter: Meter, look: Look, expireS: number | null, options: HomeAssistantOptions): Entity {
  const device = deviceOf(meter);
  const object = objectOf(item);
  const stateTopic = item.rule?.topic == null ? `${options.statePrefix}/${device}/${object}` : item.topic;
  return {
    configTopic: `${options.discoveryPrefix}/sensor/dlms_${device}/${object}/config`,
    stateTopic,
    config: {
      name: item.name,
      unique_id: `dlms_${device}_${object}`,
      state_topic: stateTopic,
      ...(look.unit !== null && { unit_of_measurement: look.unit }),
      ...(look.deviceClass !== null && { device_class: look.deviceClass }),
      ...(look.stateClass !== null && { state_class: look.stateClass }),
      ...(look.diagnostic && { entity_category: 'diagnostic' }),
      availability_topic: availabilityTopic(options, device),
      ...(expireS !== null && { expire_after: expireS }),
      device: deviceConfig(meterBehind(item.source), meter),
      origin: ORIGIN,
    },
  };
}

function deviceOf(meter: Meter): string {
  const name = meterName(meter);
  return name === null ? 'meter' : wordOf(name);
}

/** A water meter behind an electricity meter is a device of its own; what its entities are called stays as it was. */
function deviceConfig(behind: Meter | null, sender: Meter): Readonly<Record<string, unknown>> {
  const meter = behind ?? sender;
  const name = meterName(meter);
  return {
    identifiers: [`dlms_${deviceOf(meter)}`],
    name: name === null ? 'Meter' : `Meter ${name}`,
    ...(meter.manufacturer !== null && { manufacturer: meter.manufacturer }),
    ...(meter.model !== null && { model: meter.model }),
    ...(meter.id !== null && { serial_number: meter.id }),
    ...(behind !== null && { via_device: `dlms_${deviceOf(sender)}` }),
  };
}

interface Look {
  readonly unit: string | null;
  readonly deviceClass: string | null;
  readonly stateClass: 'measurement' | 'total' | 'total_increasing' | null;
  /** Of the device, not of what it measures: its number, its clock, a firmware. */
  readonly diagnostic: boolean;
}

function lookOf(item: Item, obis: Obis | null, medium: number | undefined): Look {
  const number = typeof item.value === 'number' || (typeof item.value === 'string' && item.unit !== null);
  if (!number) {
    const deviceClass = typeof item.value === 'string' && MOMENT.test(item.value) ? 'timestamp' : null;
    return { unit: null, deviceClass, stateClass: null, diagnostic: typeof item.value === 'string' };
  }
  const usual = item.unit === null ? null : usualUnit(item.unit);
  const unit = usual === null ? null : (SPELLINGS[usual] ?? usual);
  const counter = obis !== null && isCounter(obis);
  const deviceClass =
    unit === null ? unitless(obis) : VOLUMES.has(unit) ? volume(unit, medium) : (CLASSES.get(unit) ?? null);
  if (counter) return { unit, deviceClass, stateClass: 'total_increasing', diagnostic: false };
  // An amount that is no running counter: the net of both directions, an interval, a past billing period.
  const amount = deviceClass !== null && AMOUNTS.has(deviceClass);
  return { unit, deviceClass, stateClass: amount ? 'total' : 'measurement', diagnostic: false };
}

function volume(unit: string, medium: number | undefined): string {
  if (medium === 7 && GAS_UNITS.has(unit)) return 'gas';
  return (medium === 8 || medium === 9) && WATER_UNITS.has(unit) ? 'water' : 'volume';
}

/** Power factors have no unit: 13, 33, 53, 73. */
function unitless(obis: Obis | null): string | null {
  return obis?.a === 1 && obis.d === 7 && [13, 33, 53, 73].includes(obis.c) ? 'power_factor' : null;
}

/**
 * Device classes with the units that Home Assistant takes for them, as it spells them; any other unit has no class there (Mvar,
 * Mvarh, kVAh). Its sensor documentation, 2025.9.
 */
const UNITS_OF: Readonly<Record<string, readonly string[]>> = {
  energy: ['Wh', 'kWh', 'MWh', 'GWh', 'J', 'kJ', 'MJ', 'GJ', 'kcal', 'Mcal', 'Gcal'],
  power: ['mW', 'W', 'kW', 'MW'],
  reactive_energy: ['varh', 'kvarh'],
  reactive_power: ['var', 'kvar'],
  apparent_power: ['VA', 'kVA'],
  voltage: ['V', 'mV', 'kV'],
  current: ['A', 'mA'],
  frequency: ['Hz', 'kHz'],
  temperature: ['°C', '°F', 'K'],
  volume_flow_rate: ['m³/h', 'L/h', 'L/min', 'L/s'],
  pressure: ['bar', 'mbar', 'Pa', 'hPa', 'kPa', 'psi'],
  duration: ['s', 'min', 'h', 'd'],
};

const CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries(UNITS_OF).flatMap(([deviceClass, units]) => units.map(unit => [unit, deviceClass])),
);

/** Home Assistant takes a time only with its offset. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Who announces; Home Assistant shows it where an entity is looked for in its log. */
const ORIGIN = { name: 'node-red-dlms' };

const SPELLINGS: Readonly<Record<string, string>> = {
  m3: 'm³',
  'm3/h': 'm³/h',
  'm3/d': 'm³/d',
  l: 'L',
  ml: 'mL',
  'l/h': 'L/h',
  'l/min': 'L/min',
  'l/s': 'L/s',
  deg: '°',
  ft3: 'ft³',
};

const VOLUMES: ReadonlySet<string> = new Set(['m³', 'L', 'mL', 'ft³']);
/** Not all of them: gas is counted in no litres there, and water in no millilitres. */
const GAS_UNITS: ReadonlySet<string> = new Set(['m³', 'ft³']);
const WATER_UNITS: ReadonlySet<string> = new Set(['m³', 'ft³', 'L']);
/** Device classes that Home Assistant takes as totals only. */
const AMOUNTS: ReadonlySet<string> = new Set(['energy', 'reactive_energy', 'gas', 'water', 'volume']);

/** Group A by M-Bus medium: gas, heat (at the outlet, at the inlet), warm and hot water, water, cold water. */
const MEDIUM_OF: Readonly<Record<number, number>> = { 3: 7, 4: 6, 12: 6, 6: 9, 21: 9, 7: 8, 22: 8 };

/** About 200 MB. */
const ENTITY_LIMIT = 200_000;
