// The OBIS filter: what comes in is chosen, converted, guarded, and given a form.
// The rule of the file: a value is sent, or it is held back with a reason, or it was not asked for; never changed silently.

import { Obis } from '../cosem/obis';
import type { Meter, Reading, Value } from '../cosem/reading';
import { convert, type Conversion } from './convert';
import {
  type Item,
  type OutputForm,
  type OutputMessage,
  type Table,
  type TableColumn,
  type TableRow,
  asFlat,
  asInflux,
  asReadings,
  asSql,
  asTelegram,
  free,
  rowItems,
  tableAs,
} from './forms';
import {
  type GuardOptions,
  type HoldReason,
  Memory,
  type Remembered,
  isCounter,
  isDue,
  isDuplicate,
  judgeCounter,
  rememberSent,
} from './guard';
import { HomeAssistant, type HomeAssistantOptions } from './homeassistant';
import {
  type InputColumn,
  type InputMessage,
  type InputRow,
  type ProfileInput,
  type TelegramInput,
  meterName,
  readInput,
} from './input';
import { Recent } from './recent';
import { type Rule, type Selected, rulesFor, selectSuffix, selected } from './rule';

export interface FilterOptions extends GuardOptions {
  readonly rules: readonly Rule[];
  readonly output: OutputForm;
  /** Flat and telegram: the last values of what is not in this message stand in it too, for lists that alternate. */
  readonly hold: boolean;
  /** Held values older than this are left out; null: never. */
  readonly holdMs: number | null;
  /** InfluxDB measurement. */
  readonly measurement: string;
  readonly homeAssistant: HomeAssistantOptions;
}

export interface FilterResult {
  readonly messages: readonly OutputMessage[];
  /** For the last output: what was held back, and why. */
  readonly held: readonly HeldBack[];
  /** Values in this message, and those that are sent. */
  readonly came: number;
  readonly sent: number;
}

/** Fields of a message on the last output. `payload.message` is a sentence. */
export interface HeldBack {
  readonly topic: string;
  readonly payload: {
    readonly reason: HoldReason | 'unit' | 'no-unit' | 'type' | 'accepted';
    readonly message: string;
    readonly value: Value;
    readonly last: Value;
    readonly key: string;
  };
  readonly unit: string | null;
  readonly obis: string | null;
  readonly name: string;
  readonly time: string | null;
  readonly timestamp: number;
  readonly meter: string | null;
}

export class ObisFilter {
  readonly recent = new Recent();
  readonly #memory = new Memory();
  readonly #home: HomeAssistant;

  constructor(readonly options: FilterOptions) {
    this.#home = new HomeAssistant(options.homeAssistant);
  }

  /** Throws BAD_SETTING for a message that no decoder of this project sends. `nowMs`: our clock. */
  process(msg: InputMessage, nowMs: number): FilterResult {
    const input = readInput(msg);
    return input.kind === 'telegram' ? this.#telegram(input, nowMs) : this.#profile(input, nowMs);
  }

  /** Forgets everything it has seen; the next values are the first. */
  reset(): void {
    this.#memory.clear();
    this.#home.forget();
    this.recent.clear();
  }

  /** Home Assistant came up: all entities are announced again. */
  announceAgain(): void {
    this.#home.forget();
  }

  /** What has to survive a restart, as plain JSON. */
  save(): unknown {
    return { version: 1, rules: this.#fingerprint(), values: this.#memory.toJSON() };
  }

  load(saved: unknown): void {
    if (typeof saved !== 'object' || saved === null || !('values' in saved)) return;
    this.#memory.load(saved.values);
    // Other rules, other values: what was held for the old ones would stand in the output for ever.
    if (!('rules' in saved) || saved.rules !== this.#fingerprint()) {
      for (const [, memory] of this.#memory.startingWith('')) delete memory.held;
    }
  }

  #fingerprint(): string {
    return this.options.rules
      .map(({ pattern, select, name, unit }) => `${pattern.text} ${JSON.stringify(select)} ${name} ${unit}`)
      .join('\n');
  }

  #telegram(input: TelegramInput, nowMs: number): FilterResult {
    const { options } = this;
    const meter = meterName(input.meter);
    const repeats = new Map<string, number>();
    const items: Item[] = [];
    const held: HeldBack[] = [];
    const units = new Units(input.readings);
    const taken = new Set<string>();
    for (const reading of input.readings) {
      this.recent.note(meter, reading, nowMs);
      const rules = options.rules.length === 0 ? [null] : rulesFor(reading, options.rules);
      for (const rule of rules) {
        const part = rule === null ? wholeReading(reading) : selected(reading, rule.select);
        if (part === undefined) continue;
        const item = this.#item(reading, rule, part, input, units, nowMs);
        if ('payload' in item) {
          held.push(item);
          continue;
        }
        const entity = entityKey(meter, item);
        const times = (repeats.get(entity) ?? 0) + 1;
        repeats.set(entity, times);
        const place = times === 1 ? entity : `${entity}#${times}`;
        const memory = this.#memory.of(place);
        const guarded = this.#guard(item, memory, rule, input.time, nowMs);
        held.push(...guarded.held);
        if (guarded.good) taken.add(place);
        if (guarded.send) items.push(item);
      }
    }
    const complete = items.length > 0 && options.hold && (options.output === 'flat' || options.output === 'telegram');
    const all = complete ? [...items, ...this.#heldItems(meter, taken, items, nowMs)] : items;
    return { messages: this.#formed(input, all, nowMs), held, came: input.readings.length, sent: items.length };
  }

  #item(
    reading: Reading,
    rule: Rule | null,
    part: Selected,
    input: TelegramInput,
    units: Units,
    nowMs: number,
  ): Item | HeldBack {
    const unit = part.unit ?? (rule?.unit == null ? null : units.of(reading));
    const result = convert(part.value, unit, rule ?? AS_IT_IS, reading.raw !== undefined);
    const time = part.time ?? input.time;
    const names = namesOf(rule, reading, meterName(input.meter));
    const common = {
      obis: reading.obis,
      name: names.name,
      topic: names.topic,
      time,
      timestamp: timestampOf(time, input.receivedAt, nowMs),
      meter: meterName(input.meter),
    };
    if (!result.ok) return heldBack({ ...common, ...names, value: part.value, unit }, result.reason, null, rule);
    const { value, unit: shown } = result;
    return {
      ...common,
      ...names,
      rule,
      value,
      unit: shown,
      ...(reading.id !== undefined && { id: reading.id }),
      reading: { ...reading, name: names.name, key: names.key, value, unit: shown },
    };
  }

  #guard(
    item: Item,
    memory: Remembered,
    rule: Rule | null,
    telegramTime: string | null,
    nowMs: number,
  ): { send: boolean; good: boolean; held: HeldBack[] } {
    const options = guardOf(this.options, rule);
    // The clock of the telegram, not of the value: the time of a maximum stays the same for a month.
    const time = telegramTime ?? item.time;
    const duplicate = options.duplicates && isDuplicate(memory, time);
    if (time !== null) memory.time = time;
    if (duplicate) return { send: false, good: true, held: [] };
    const held = this.#judge(item, memory, options);
    if (held.some(h => h.payload.reason !== 'accepted')) return { send: false, good: false, held };
    if (this.options.hold && item.value !== null) {
      const { obis, key, name, label, value, unit } = item;
      memory.held = { obis, key, name, label, value, unit, time: item.time, at: nowMs };
    }
    const send = isDue(memory, item.value, nowMs, options);
    if (send) rememberSent(memory, item.value, nowMs);
    return { send, good: true, held };
  }

  #judge(item: Item, memory: Remembered, options: GuardOptions): HeldBack[] {
    if (!options.counters || item.obis === null || item.value === null) return [];
    if (item.rule !== null && item.rule.select.of !== 'value') return [];
    const obis = Obis.tryParse(item.obis);
    const value = Number(item.value);
    if (obis === null || !isCounter(obis) || !Number.isFinite(value)) return [];
    const verdict = judgeCounter(memory, value, item.timestamp, options);
    if (verdict.is === 'good') return [];
    return [heldBack(item, verdict.is === 'accepted' ? 'accepted' : verdict.reason, verdict.last, item.rule)];
  }

  /** Last good values of this meter that are not among these. */
  #heldItems(meter: string | null, taken: ReadonlySet<string>, items: readonly Item[], nowMs: number): Item[] {
    const { holdMs } = this.options;
    const present = new Set(items.map(item => item.label));
    const found: Item[] = [];
    for (const [key, { held }] of this.#memory.startingWith(`${meter}|`)) {
      if (held === undefined || present.has(held.label)) continue;
      if (holdMs !== null && nowMs - held.at > holdMs && !taken.has(key)) continue;
      const { obis, key: name, name: title, label, value, unit, time } = held;
      found.push({
        rule: null,
        obis,
        key: name,
        name: title,
        label,
        topic: label,
        value,
        unit,
        time,
        timestamp: timestampOf(time, null, held.at),
        meter,
        reading: { obis, name: title, key: name, value, unit, ...(time !== null && { time }) },
      });
    }
    return found;
  }

  #formed(input: TelegramInput, items: readonly Item[], nowMs: number): OutputMessage[] {
    const { output, measurement } = this.options;
    if (items.length === 0) return [];
    switch (output) {
      case 'readings':
      case 'per-rule':
        return asReadings(items, output === 'per-rule');
      case 'flat':
        return asFlat(items, {
          time: input.time,
          timestamp: timestampOf(input.time, input.receivedAt, nowMs),
          meter: meterName(input.meter),
        });
      case 'telegram':
        return asTelegram(input, items);
      case 'influx':
        return asInflux(items, measurement);
      case 'sql':
        return asSql(items);
      case 'homeassistant':
        return this.#home.messages(items, input.meter);
    }
  }

  #profile(input: ProfileInput, nowMs: number): FilterResult {
    const { output, measurement } = this.options;
    const last = input.rows.at(-1);
    for (const column of input.columns) {
      this.recent.note(meterName(input.meter), { ...column.reading, value: cellOf(last, column) }, nowMs);
    }
    const held: HeldBack[] = [];
    const columns = this.#columns(input, held);
    const rows = this.#rows(input, columns, held, nowMs);
    const table: Table = { meter: meterName(input.meter), shape: input.shape, columns, rows, whole: input.whole };
    const came = input.rows.length;
    if (columns.length === 0 || (rows.length === 0 && came > 0)) return { messages: [], held, came, sent: 0 };
    const messages =
      output === 'homeassistant' ? this.#lastStates(table, input.meter) : tableAs(output, table, measurement);
    return { messages, held, came, sent: rows.length };
  }

  #columns(input: ProfileInput, held: HeldBack[]): TableColumn[] {
    const { rules } = this.options;
    const meter = meterName(input.meter);
    const labels: Record<string, true> = {};
    return input.columns.flatMap(source => {
      const reading = { ...source.reading, value: null };
      const chosen = rules.length === 0 ? [null] : rulesFor(reading, rules).filter(rule => rule.select.of === 'value');
      return chosen.flatMap((rule): TableColumn[] => {
        const names = namesOf(rule, reading, meter);
        const probe = convert(0, reading.unit, rule ?? AS_IT_IS);
        if (!probe.ok) {
          held.push(
            heldBack(
              { ...names, obis: reading.obis, time: null, timestamp: 0, meter, value: null, unit: reading.unit },
              probe.reason,
              null,
              rule,
            ),
          );
          return [];
        }
        const label = free(names.label, labels);
        labels[label] = true;
        return [{ rule, source, label, name: names.name, topic: names.topic, unit: probe.unit }];
      });
    });
  }

  #rows(input: ProfileInput, columns: readonly TableColumn[], held: HeldBack[], nowMs: number): TableRow[] {
    const meter = meterName(input.meter);
    const rows = this.#newRows(input, meter, nowMs);
    const made = rows.map(({ row, timestamp }): TableRow & { values: (Value | undefined)[] } => ({
      time: timeOfRow(row),
      timestamp,
      ...(row['status'] !== undefined && { status: row['status'] }),
      values: columns.map(column => {
        const cell = convert(cellOf(row, column.source), column.source.reading.unit, column.rule ?? AS_IT_IS, true);
        return cell.ok ? cell.value : null;
      }),
    }));
    if (this.options.counters) {
      columns.forEach((column, i) => {
        const memory = this.#memory.of(`${meter}|column|${input.profile}|${column.label}`);
        for (const row of inTime(made)) {
          const value = row.values[i] ?? null;
          const { reading } = column.source;
          const item = { ...column, ...row, obis: reading.obis, key: reading.key, meter, value, reading: {} };
          const wrong = this.#judge(item, memory, guardOf(this.options, column.rule));
          held.push(...wrong);
          if (wrong.some(h => h.payload.reason !== 'accepted')) row.values[i] = undefined;
        }
      });
    }
    return made;
  }

  /** Rows that were there before, by their time, are dropped: reads of a profile overlap. */
  #newRows(input: ProfileInput, meter: string | null, nowMs: number): { row: InputRow; timestamp: number }[] {
    const rows = input.rows.map(row => ({ row, timestamp: timestampOf(timeOfRow(row), null, nowMs) }));
    if (!this.options.duplicates) return rows;
    const memory = this.#memory.of(`${meter}|rows|${input.profile}`);
    const lastMs = memory.counterAt ?? -Infinity;
    const timed = rows.filter(({ row }) => timeOfRow(row) !== null);
    for (const { timestamp } of timed) memory.counterAt = Math.max(memory.counterAt ?? -Infinity, timestamp);
    // Rows that come one by one may run backwards, so only the very same time is a repeat there.
    if (input.shape === 'row') {
      const before = memory.time;
      const time = timeOfRow(input.rows[0] ?? {});
      if (time !== null) memory.time = time;
      return time !== null && time === before ? [] : rows;
    }
    return rows.filter(({ row, timestamp }) => timeOfRow(row) === null || timestamp > lastMs);
  }

  #lastStates(table: Table, meter: Meter): OutputMessage[] {
    let newest = 0;
    table.rows.forEach((row, i) => {
      if (row.timestamp >= (table.rows[newest] as TableRow).timestamp) newest = i;
    });
    return table.rows.length === 0 ? [] : this.#home.messages(rowItems(table, newest), meter);
  }
}

/**
 * The unit of a reading that has none: history values of text readouts have the unit of the current value, by the book
 * (IEC 62056-61), which is in the same telegram.
 */
class Units {
  readonly #of = new Map<string, string>();
  constructor(readings: readonly Reading[]) {
    for (const { obis, unit } of readings) if (obis !== null && unit !== null) this.#of.set(stem(obis), unit);
  }
  of(reading: Reading): string | null {
    return reading.unit ?? (reading.obis === null ? null : (this.#of.get(stem(reading.obis)) ?? null));
  }
}

function stem(obis: string): string {
  return obis.replace(/[*&]\d+$/, '');
}

function wholeReading(reading: Reading): Selected {
  return { value: reading.value, unit: reading.unit, time: reading.time ?? null };
}

interface Names {
  readonly key: string;
  readonly name: string;
  readonly label: string;
  readonly topic: string;
}

/** In a rule's name and topic {meter}, {key}, {obis}, {name} and {unit} stand for those of the reading. */
function namesOf(
  rule: Rule | null,
  reading: Pick<Reading, 'obis' | 'key' | 'name' | 'unit'>,
  meter: string | null,
): Names {
  const suffix = rule === null ? '' : selectSuffix(rule.select);
  const key = reading.key + suffix;
  const fill = (text: string): string =>
    text.replace(/\{(meter|key|obis|name|unit)\}/g, (_, what: string) => {
      if (what === 'meter') return meter ?? 'meter';
      if (what === 'key') return key;
      if (what === 'name') return reading.name;
      return (what === 'unit' ? (rule?.unit ?? reading.unit) : reading.obis) ?? '';
    });
  const own = rule?.name == null ? null : fill(rule.name);
  return {
    key,
    name: own ?? reading.name + suffix.replaceAll('_', ' '),
    label: own ?? key,
    topic: rule?.topic == null ? key : fill(rule.topic),
  };
}

function entityKey(meter: string | null, item: Item): string {
  return `${meter}|${item.key}|${item.rule?.name ?? ''}|${item.unit ?? ''}|${item.obis === null ? (item.id ?? '') : ''}`;
}

function guardOf(options: FilterOptions, rule: Rule | null): GuardOptions {
  if (rule === null || (rule.deadband === null && rule.minMs === null && rule.maxMs === null)) return options;
  return {
    ...options,
    deadband: rule.deadband ?? options.deadband,
    minMs: rule.minMs ?? options.minMs,
    maxMs: rule.maxMs ?? options.maxMs,
  };
}

/** A time without offset is read as local time of this computer: nobody said another zone. */
function timestampOf(time: string | null, receivedAt: string | null, nowMs: number): number {
  for (const text of [time, receivedAt]) {
    const ms = text === null ? NaN : Date.parse(text);
    if (!Number.isNaN(ms)) return ms;
  }
  return nowMs;
}

function timeOfRow(row: InputRow): string | null {
  const time = row['time'];
  return typeof time === 'string' ? time : time instanceof Date ? time.toISOString() : null;
}

function cellOf(row: InputRow | undefined, column: InputColumn): Value {
  const value = row?.[column.key];
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** From the oldest on. */
function inTime<T extends { readonly timestamp: number }>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((a, b) => a.timestamp - b.timestamp);
}

type Described = Pick<Item, 'key' | 'name' | 'topic' | 'obis' | 'time' | 'timestamp' | 'meter' | 'value' | 'unit'>;

function heldBack(item: Described, reason: HeldBack['payload']['reason'], last: Value, rule: Rule | null): HeldBack {
  const { key, name, topic, obis, time, timestamp, meter, value, unit } = item;
  const shown = `${name}${obis === null ? '' : ` (${obis})`}`;
  const message = SENTENCES[reason](shown, withUnit(value, unit), withUnit(last, unit), rule);
  return { topic, payload: { reason, message, value, last, key }, unit, obis, name, time, timestamp, meter };
}

function withUnit(value: Value, unit: string | null): string {
  if (value === null) return unit === null ? 'the value' : `the value in ${unit}`;
  return unit === null ? String(value) : `${value} ${unit}`;
}

const SENTENCES: Record<
  HeldBack['payload']['reason'],
  (name: string, value: string, last: string, rule: Rule | null) => string
> = {
  fell: (name, value, last) =>
    `${name} fell from ${last} to ${value}; a counter does not run backwards, so it is held back`,
  zero: (name, _, last) => `${name} is 0 after ${last}; it is held back`,
  jumped: (name, value, last) =>
    `${name} jumped from ${last} to ${value}, more than the limit for this time; it is held back`,
  accepted: (name, value, last) =>
    `${name} stays at ${value} after ${last}; it is taken as the new level, perhaps of a new meter`,
  unit: (name, value, _, rule) => `${name}: ${value} cannot be shown in ${rule?.unit ?? 'that unit'}; it is held back`,
  'no-unit': (name, value, _, rule) =>
    `${name}: ${value} has no unit, so it cannot be shown in ${rule?.unit ?? 'another'}; say in the rule which unit it has`,
  type: (name, value) => `${name}: "${value}" is not a number; it is held back`,
};

const AS_IT_IS: Conversion = { unit: null, unitIn: null, factor: null, offset: null, round: null, type: null };
