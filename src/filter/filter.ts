// The OBIS filter: what comes in is chosen, converted, guarded, and given a form.
// The rule of the file: a value is sent, or it is held back with a reason, or it was not asked for; never changed silently.

import { lackOf, type Proof } from '../core/cosem/proof';
import type { Meter, Reading } from '../core/cosem/reading';
import { AS_IT_IS, convert } from './convert';
import {
  type Item,
  type OutputForm,
  type OutputMessage,
  type Table,
  type TableRow,
  asFlat,
  asReadings,
  asSql,
  asTelegram,
  free,
  meansNumber,
  rowItems,
  tableAs,
} from './forms';
import {
  type GuardOptions,
  Memory,
  type MeterMemory,
  type Remembered,
  isDue,
  isDuplicate,
  rememberSent,
} from './guard';
import { type HeldBack, heldBack, refused } from './held-back';
import { HomeAssistant, type HomeAssistantOptions } from './homeassistant';
import { type InputMessage, type ProfileInput, type TelegramInput, meterName, originIn, readInput } from './input';
import { guardOf, judge } from './judge';
import { Units, namesOf, timestampOf } from './names';
import { isPointForm, pointsAs, pointsOf, pointsOfTable } from './points';
import { MetricsPage } from './prometheus';
import { Recent } from './recent';
import { type Rule, type Selected, rulesFor, selected } from './rule';
import { cellOf, tableOf } from './table';

export interface FilterOptions extends GuardOptions {
  readonly rules: readonly Rule[];
  readonly output: OutputForm;
  /** How far a message has to be proven; what is not is held back as a whole. */
  readonly require: Proof;
  /** Flat and telegram: the last values of what is not in this message stand in it too, for lists that alternate. */
  readonly hold: boolean;
  /** Held values older than this are left out; null: never. */
  readonly holdMs: number | null;
  /** InfluxDB measurement. */
  readonly measurement: string;
  /** Texts are fields of a point, too. A rule that makes a text of a value is followed anyway. */
  readonly texts: boolean;
  readonly homeAssistant: HomeAssistantOptions;
  /** So many meters are remembered; of more, those that were silent longest are forgotten. */
  readonly maxMeters: number;
}

export interface FilterResult {
  readonly messages: readonly OutputMessage[];
  /** For the last output: what was held back, and why. */
  readonly held: readonly HeldBack[];
  /** Values in this message, and those that are sent. */
  readonly came: number;
  readonly sent: number;
}

export class ObisFilter {
  readonly recent = new Recent();
  readonly #memory: Memory;
  readonly #home: HomeAssistant;
  readonly #metrics: MetricsPage;

  constructor(readonly options: FilterOptions) {
    this.#memory = new Memory(options.maxMeters);
    this.#home = new HomeAssistant(options.homeAssistant);
    this.#metrics = new MetricsPage(options.measurement, options.maxMeters);
  }

  /** Throws BAD_SETTING for a message that no decoder of this project sends. `nowMs`: our clock. */
  process(msg: InputMessage, nowMs: number): FilterResult {
    const input = readInput(msg);
    const lack = lackOf(originIn(msg), this.options.require);
    if (lack !== null) {
      const [came, time] = input.kind === 'telegram' ? [input.readings.length, input.time] : [input.rows.length, null];
      const held = [refused(lack, meterName(input.meter), time, timestampOf(time, null, nowMs))];
      return { messages: [], held, came, sent: 0 };
    }
    return input.kind === 'telegram' ? this.#telegram(input, nowMs) : this.#profile(input, nowMs);
  }

  /** How many meters, values or entities had to go because there were too many. */
  get forgotten(): number {
    return this.#memory.forgotten + this.#home.forgotten + this.#metrics.forgotten;
  }

  /** Forgets everything it has seen; the next values are the first. */
  reset(): void {
    this.#memory.clear();
    this.#home.forget();
    this.#metrics.clear();
    this.recent.clear();
  }

  /**
   * Who gets the values begins anew, or was not there: nothing counts as sent. Home Assistant's entities and their last
   * states come at once; in the other forms the next value of each is due, changed or not.
   */
  sendAgain(): OutputMessage[] {
    if (this.options.output === 'homeassistant') return this.#home.again();
    this.#memory.forgetSent();
    return [];
  }

  /** What has to survive a restart, as plain JSON. */
  save(): unknown {
    return { version: 2, rules: this.#fingerprint(), values: this.#memory.toJSON() };
  }

  load(saved: unknown): void {
    if (typeof saved !== 'object' || saved === null || !('values' in saved)) return;
    if ('version' in saved && saved.version === 1) this.#memory.loadFlat(saved.values);
    else this.#memory.load(saved.values);
    // An entity is announced with its first value, which need not be another one than before the restart.
    if (this.options.output === 'homeassistant') this.#memory.forgetSent();
    // Other rules, other values: what was held for the old ones would stand in the output for ever.
    if (!('rules' in saved) || saved.rules !== this.#fingerprint()) {
      for (const values of this.#memory.all()) for (const memory of values.values()) delete memory.held;
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
    const memories = this.#memory.ofMeter(meter);
    const stamp = timestampOf(input.time, input.receivedAt, nowMs);
    const repeats = new Map<string, number>();
    const items: Item[] = [];
    const held: HeldBack[] = [];
    const units = new Units(input.readings);
    const taken = new Set<string>();
    const labelled = new Labels(isPointForm(options.output));
    for (const reading of input.readings) {
      this.recent.note(meter, reading, nowMs);
      const rules = options.rules.length === 0 ? [null] : rulesFor(reading, options.rules);
      for (const rule of rules) {
        const part = rule === null ? wholeReading(reading) : selected(reading, rule.select);
        if (part === undefined) continue;
        const made = this.#item(reading, rule, part, { input, meter, stamp, units, nowMs });
        if ('payload' in made) {
          held.push(made);
          continue;
        }
        const item = labelled.item(made);
        const entity = entityKey(item);
        const times = (repeats.get(entity) ?? 0) + 1;
        repeats.set(entity, times);
        const place = times === 1 ? entity : `${entity}#${times}`;
        const memory = this.#memory.of(memories, place);
        const guarded = this.#guard(item, memory, rule, input.time, nowMs);
        held.push(...guarded.held);
        if (guarded.good) taken.add(place);
        if (guarded.send) items.push(item);
      }
    }
    const complete = items.length > 0 && options.hold && (options.output === 'flat' || options.output === 'telegram');
    const all = complete ? [...items, ...this.#heldItems(meter, memories, taken, items, nowMs)] : items;
    return { messages: this.#formed(input, all, nowMs), held, came: input.readings.length, sent: items.length };
  }

  #item(
    reading: Reading,
    rule: Rule | null,
    part: Selected,
    { input, meter, stamp, units, nowMs }: Around,
  ): Item | HeldBack {
    const found = part.unit ?? (rule?.unit == null || typeof part.value !== 'number' ? null : units.of(reading));
    const result = convert(part.value, found, rule ?? AS_IT_IS, meansNumber(part.unit, reading.raw));
    const { obis, id } = reading;
    const { key, name, label, topic } = namesOf(rule, reading, meter);
    const time = part.time ?? input.time;
    const timestamp = part.time === null ? stamp : timestampOf(time, input.receivedAt, nowMs);
    const { value, unit } = result.ok ? result : { value: part.value, unit: found };
    // Written out, not spread: this runs for each value.
    const item = {
      rule,
      obis,
      id,
      key,
      name,
      label,
      topic,
      value,
      unit,
      time,
      timestamp,
      meter,
      source: reading as unknown as Item['source'],
    };
    return result.ok ? item : heldBack(item, result.reason, null, rule);
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
    const held = judge(item, memory, options);
    if (held.some(h => h.payload.reason !== 'accepted')) return { send: false, good: false, held };
    if (this.options.hold && item.value !== null) {
      const { obis, key, name, label, value, unit } = item;
      memory.held = { obis, key, name, label, value, unit, time: item.time, at: nowMs };
    }
    // A page of last values has also those that did not change.
    const send = this.options.output === 'prometheus' || isDue(memory, item.value, nowMs, options);
    if (send) rememberSent(memory, item.value, nowMs);
    return { send, good: true, held };
  }

  /** Last good values of this meter that are not among these. */
  #heldItems(
    meter: string | null,
    memories: MeterMemory,
    taken: ReadonlySet<string>,
    items: readonly Item[],
    nowMs: number,
  ): Item[] {
    const { holdMs } = this.options;
    const present = new Set(items.map(item => item.label));
    const found: Item[] = [];
    for (const [key, { held }] of memories) {
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
        source: { obis, name: title, key: name, value, unit, ...(time !== null && { time }) },
      });
    }
    return found;
  }

  #formed(input: TelegramInput, items: readonly Item[], nowMs: number): OutputMessage[] {
    const { output } = this.options;
    // Also without a value that is due the meter is there.
    if (items.length === 0 && output !== 'homeassistant') return [];
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
      case 'line-protocol':
      case 'thingsboard':
        return pointsAs(output, pointsOf(items, this.options), this.options);
      case 'prometheus':
        this.#metrics.take(items, meterName(input.meter), nowMs);
        return [];
      case 'sql':
        return asSql(items);
      case 'homeassistant':
        return this.#home.messages(items, input.meter, input.readings, nowMs);
    }
  }

  #profile(input: ProfileInput, nowMs: number): FilterResult {
    const { output } = this.options;
    const last = input.rows.at(-1);
    for (const column of input.columns) {
      this.recent.note(meterName(input.meter), { ...column.reading, value: cellOf(last, column) }, nowMs);
    }
    const held: HeldBack[] = [];
    const table = tableOf(input, this.options, this.#memory, held, nowMs);
    const { columns, rows } = table;
    const came = input.rows.length;
    if (columns.length === 0 || (rows.length === 0 && came > 0)) return { messages: [], held, came, sent: 0 };
    return { messages: this.#formedTable(output, table, input.meter, nowMs), held, came, sent: rows.length };
  }

  #formedTable(output: OutputForm, table: Table, meter: Meter, nowMs: number): OutputMessage[] {
    if (isPointForm(output)) return pointsAs(output, pointsOfTable(table, this.options), this.options);
    if (output !== 'homeassistant' && output !== 'prometheus') return tableAs(output, table);
    const items = newestRow(table);
    if (output === 'homeassistant') return this.#home.messages(items, meter, [], nowMs);
    this.#metrics.take(items, table.meter, nowMs);
    return [];
  }

  /** What has to be told of meters that do not come any more. */
  silent(nowMs: number): OutputMessage[] {
    return this.options.output === 'homeassistant' ? this.#home.silent(nowMs) : [];
  }

  /** The page that Prometheus reads. */
  metrics(nowMs: number): string {
    return this.#metrics.text(nowMs);
  }
}

/** States, not history: of a profile what is newest. */
function newestRow(table: Table): Item[] {
  let newest = 0;
  table.rows.forEach((row, i) => {
    if (row.timestamp >= (table.rows[newest] as TableRow).timestamp) newest = i;
  });
  return table.rows.length === 0 ? [] : rowItems(table, newest);
}

/**
 * Labels that repeat get _2, _3: by their place in what came, not in what is sent, so that each value keeps its own also
 * where only changes are sent. In points only those of one time stand together.
 */
class Labels {
  readonly #taken = new Map<number, Set<string>>();
  constructor(private readonly byTime: boolean) {}

  item(item: Item): Item {
    const time = this.byTime ? item.timestamp : 0;
    let taken = this.#taken.get(time);
    if (taken === undefined) this.#taken.set(time, (taken = new Set()));
    const label = free(item.label, taken);
    return label === item.label ? item : { ...item, label };
  }
}

function wholeReading(reading: Reading): Selected {
  return { value: reading.value, unit: reading.unit, time: reading.time ?? null };
}

/** What is the same for all values of a telegram. */
interface Around {
  readonly input: TelegramInput;
  readonly meter: string | null;
  /** Of a value without a time of its own. */
  readonly stamp: number;
  readonly units: Units;
  readonly nowMs: number;
}

function entityKey(item: Item): string {
  return `${item.key}|${item.rule?.name ?? ''}|${item.unit ?? ''}|${item.obis === null ? (item.id ?? '') : ''}`;
}
