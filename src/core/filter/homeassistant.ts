// Home Assistant MQTT discovery: one retained configuration an entity, then states.
// The rule of the file: an entity keeps its unique id; a device class is only given with a unit Home Assistant takes for it.

import { Obis } from '../cosem/obis';
import type { Meter } from '../cosem/reading';
import type { Item, OutputMessage } from './forms';
import { isCounter } from './guard';
import { meterName } from './input';
import { wordOf } from './names';

export interface HomeAssistantOptions {
  /** Where Home Assistant looks; its default is "homeassistant". */
  readonly discoveryPrefix: string;
  /** Begin of the state topics. */
  readonly statePrefix: string;
}

export class HomeAssistant {
  /** Entities that are announced, with what was said of them. Bounded like the values themselves. */
  readonly #announced = new Map<string, string>();

  constructor(readonly options: HomeAssistantOptions) {}

  /** Configurations of what is new or looks different now, then the states. null has no state. */
  messages(items: readonly Item[], meter: Meter): OutputMessage[] {
    const configs: OutputMessage[] = [];
    const states: OutputMessage[] = [];
    for (const item of items) {
      if (item.value === null) continue;
      const entity = entityOf(item, meter, this.options);
      const said = JSON.stringify(entity.config);
      if (this.#announced.get(entity.id) !== said) {
        if (this.#announced.size >= ENTITY_LIMIT) this.#announced.clear();
        this.#announced.set(entity.id, said);
        configs.push({ output: 0, fields: { topic: entity.configTopic, payload: entity.config, retain: true } });
      }
      states.push({ output: 0, fields: { ...stateFields(item), topic: entity.stateTopic, retain: false } });
    }
    return [...configs, ...states];
  }

  /** Announces everything again: Home Assistant was restarted. */
  forget(): void {
    this.#announced.clear();
  }
}

interface Entity {
  readonly id: string;
  readonly configTopic: string;
  readonly stateTopic: string;
  readonly config: Readonly<Record<string, unknown>>;
}

function entityOf(item: Item, meter: Meter, options: HomeAssistantOptions): Entity {
  const name = meterName(meter);
  const device = name === null ? 'meter' : wordOf(name);
  const object = item.rule?.name == null ? item.key : wordOf(item.label) || item.key;
  const stateTopic = item.rule?.topic == null ? `${options.statePrefix}/${device}/${object}` : item.topic;
  const look = lookOf(item);
  return {
    id: `${device}/${object}`,
    configTopic: `${options.discoveryPrefix}/sensor/dlms_${device}/${object}/config`,
    stateTopic,
    config: {
      name: item.name,
      unique_id: `dlms_${device}_${object}`,
      state_topic: stateTopic,
      ...(look.unit !== null && { unit_of_measurement: look.unit }),
      ...(look.deviceClass !== null && { device_class: look.deviceClass }),
      ...(look.stateClass !== null && { state_class: look.stateClass }),
      device: {
        identifiers: [`dlms_${device}`],
        name: name === null ? 'Meter' : `Meter ${name}`,
        ...(meter.manufacturer !== null && { manufacturer: meter.manufacturer }),
        ...(meter.model !== null && { model: meter.model }),
        ...(meter.id !== null && { serial_number: meter.id }),
      },
    },
  };
}

function stateFields({ value, unit, obis, name, time, timestamp, meter }: Item): Record<string, unknown> {
  return { payload: value, unit, obis, name, time, timestamp, meter };
}

interface Look {
  readonly unit: string | null;
  readonly deviceClass: string | null;
  readonly stateClass: 'measurement' | 'total' | 'total_increasing' | null;
}

function lookOf(item: Item): Look {
  const obis = item.obis === null ? null : Obis.tryParse(item.obis);
  const number = typeof item.value === 'number' || (typeof item.value === 'string' && item.unit !== null);
  if (!number) return { unit: null, deviceClass: null, stateClass: null };
  const unit = item.unit === null ? null : (SPELLINGS[item.unit] ?? item.unit);
  const counter = obis !== null && isCounter(obis);
  const deviceClass =
    unit === null ? unitless(obis) : unit === 'm³' || unit === 'L' ? volume(obis) : (CLASSES[unit] ?? null);
  if (counter) return { unit, deviceClass, stateClass: 'total_increasing' };
  // Energy that is no running counter: the net of both directions, an interval, a past billing period.
  if (deviceClass === 'energy') return { unit, deviceClass, stateClass: 'total' };
  if (deviceClass === 'gas' || deviceClass === 'water') return { unit, deviceClass, stateClass: 'total' };
  return { unit, deviceClass, stateClass: 'measurement' };
}

function volume(obis: Obis | null): string | null {
  if (obis?.a === 7) return 'gas';
  return obis?.a === 8 || obis?.a === 9 ? 'water' : null;
}

/** Power factors have no unit: 13, 33, 53, 73. */
function unitless(obis: Obis | null): string | null {
  return obis?.a === 1 && obis.d === 7 && [13, 33, 53, 73].includes(obis.c) ? 'power_factor' : null;
}

/** Units as Home Assistant spells them, with the device class that takes them. Others have no class there. */
const CLASSES: Readonly<Record<string, string>> = {
  Wh: 'energy',
  kWh: 'energy',
  MWh: 'energy',
  GJ: 'energy',
  MJ: 'energy',
  W: 'power',
  kW: 'power',
  VA: 'apparent_power',
  var: 'reactive_power',
  V: 'voltage',
  mV: 'voltage',
  A: 'current',
  mA: 'current',
  Hz: 'frequency',
  kHz: 'frequency',
  '°C': 'temperature',
  K: 'temperature',
  'm³/h': 'volume_flow_rate',
  'L/min': 'volume_flow_rate',
  bar: 'pressure',
  mbar: 'pressure',
  Pa: 'pressure',
  kPa: 'pressure',
  h: 'duration',
  min: 'duration',
  s: 'duration',
  d: 'duration',
};

const SPELLINGS: Readonly<Record<string, string>> = {
  m3: 'm³',
  'm3/h': 'm³/h',
  l: 'L',
  'l/min': 'L/min',
  deg: '°',
  ft3: 'ft³',
};

const ENTITY_LIMIT = 10_000;
