// What values are called, and when they were.
// The rule of the file: without a rule's own words everything keeps the words of the dictionary.

import { Obis } from '../core/obis/obis';
import { obisKey, obisName, plainLetters } from '../core/obis/obis-names';
import type { Reading } from '../core/cosem/reading';
import { type Rule, selectSuffix } from './rule';

/** Key and name of a code; of other text the text itself, as a key of word characters. */
export function readingKeyOf(text: string): {
  readonly obis: string | null;
  readonly key: string;
  readonly name: string;
} {
  const obis = Obis.tryParse(text);
  if (obis !== null) return { obis: obis.toString(), key: obisKey(obis), name: obisName(obis) };
  return { obis: null, key: wordOf(text) || 'unknown', name: text };
}

/** Lower-case letters, digits and underscores; ä is a. */
export function wordOf(text: string): string {
  return plainLetters(text)
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

export interface Names {
  readonly key: string;
  readonly name: string;
  readonly label: string;
  readonly topic: string;
}

/**
 * In a rule's name and topic {meter}, {key}, {obis}, {name} and {unit} stand for those of the reading. The rule's own words are
 * its user's; what a telegram fills in is anybody's, and chooses no level of a topic.
 */
export function namesOf(
  rule: Rule | null,
  reading: Pick<Reading, 'obis' | 'key' | 'name' | 'unit'>,
  meter: string | null,
): Names {
  const suffix = rule === null ? '' : selectSuffix(rule.select);
  const key = reading.key + suffix;
  const valueOf = (what: string): string => {
    if (what === 'meter') return meter ?? 'meter';
    if (what === 'key') return key;
    if (what === 'name') return reading.name;
    return (what === 'unit' ? (rule?.unit ?? reading.unit) : reading.obis) ?? '';
  };
  const fill = (text: string, clean: (value: string) => string): string =>
    text.replace(/\{(meter|key|obis|name|unit)\}/g, (_, what: string) => clean(valueOf(what)));
  const own = rule?.name == null ? null : fill(rule.name, printable);
  return {
    key,
    name: own ?? reading.name + suffix.replaceAll('_', ' '),
    label: own ?? key,
    topic: rule?.topic == null ? key : fill(rule.topic, topicLevel),
  };
}

/** As one level of an MQTT topic: without the separator, the wildcards and control characters. MQTT 3.1.1, 4.7 and 1.5.3. */
export function topicLevel(value: string): string {
  return printable(value).replace(/[+#/]/g, '_');
}

function printable(value: string): string {
  return value.replace(/\p{Cc}/gu, '_');
}

/** A time without offset is read as local time of this computer: nobody said another zone. */
export function timestampOf(time: string | null, receivedAt: string | null, nowMs: number): number {
  for (const text of [time, receivedAt]) {
    const ms = text === null ? NaN : Date.parse(text);
    if (!Number.isNaN(ms)) return ms;
  }
  return nowMs;
}

/**
 * The unit of a reading that has none: history values of text readouts have the unit of the current value, by the book
 * (IEC 62056-61), which is in the same telegram.
 */
export class Units {
  #of: Map<string, string> | null = null;
  constructor(private readonly readings: readonly Reading[]) {}

  of(reading: Reading): string | null {
    return reading.unit ?? (reading.obis === null ? null : (this.#known().get(stem(reading.obis)) ?? null));
  }

  #known(): Map<string, string> {
    if (this.#of !== null) return this.#of;
    this.#of = new Map();
    for (const { obis, unit } of this.readings) if (obis !== null && unit !== null) this.#of.set(stem(obis), unit);
    return this.#of;
  }
}

function stem(obis: string): string {
  return obis.replace(/[*&]\d+$/, '');
}
