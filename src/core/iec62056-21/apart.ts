// Readings of one telegram under keys that differ: an id may come again, for another tariff, another phase, or for no reason.
// The rule of the file: the first of equal ids keeps its key; the others never take one that another id has by itself.

import { lineOf, type MakerRow } from './makers';
import type { IecReading } from './typing';

/** The readings, each with a key of its own; the same list where all have one. */
export function apart(readings: readonly IecReading[], maker: MakerRow | null): readonly IecReading[] {
  const own = new Set<string>();
  for (const { key } of readings) own.add(key);
  if (own.size === readings.length) return readings;
  const counts = new Map<string, number>();
  for (const { id } of readings) counts.set(id, (counts.get(id) ?? 0) + 1);
  const came = new Map<string, number>();
  const taken = new Set<string>();
  /** Of each key the next number: looking for it from the first on would take the square of the repetitions. */
  const next = new Map<string, number>();
  return readings.map(reading => {
    const { id } = reading;
    const index = came.get(id) ?? 0;
    came.set(id, index + 1);
    const lines = reading.obis === null ? maker?.lists?.[id] : undefined;
    const line = lines === undefined ? null : lineOf(lines, index, counts.get(id) ?? 1);
    let key = reading.key + (line?.key ?? '');
    if (taken.has(key) || (key !== reading.key && own.has(key))) {
      let n = next.get(reading.key) ?? 2;
      while (taken.has(`${reading.key}_${n}`) || own.has(`${reading.key}_${n}`)) n++;
      key = `${reading.key}_${n}`;
      next.set(reading.key, n + 1);
    }
    taken.add(key);
    const name = reading.name + (line?.name ?? '');
    return key === reading.key && name === reading.name ? reading : { ...reading, key, name };
  });
}
