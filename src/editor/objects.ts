// The objects of a meter as the browser shows them: found by words, by medium and kind.

import type { BrowserEntry, ObjectKind } from '../nodes/connection/object-browser';

export interface Medium {
  /** Value group A. */
  readonly medium: number;
  readonly kinds: readonly { readonly kind: ObjectKind; readonly entries: readonly BrowserEntry[] }[];
}

/** Those that have all the words in their code, name or class. */
export function found(entries: readonly BrowserEntry[], typed: string): readonly BrowserEntry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(({ obis, name, className }) => {
    const text = `${obis} ${name} ${className}`.toLowerCase();
    return words.every(word => text.includes(word));
  });
}

export function byMedium(entries: readonly BrowserEntry[]): readonly Medium[] {
  return [...grouped(entries, 'medium', MEDIA)].map(([medium, those]) => ({
    medium,
    kinds: [...grouped(those, 'kind', KINDS)].map(([kind, own]) => ({ kind, entries: own })),
  }));
}

/** An object is known by its code and class. */
export function keyOf({ obis, classId }: BrowserEntry): string {
  return `${obis}/${classId}`;
}

/** "25 s", "15 min", "3.5 h", "4 d" */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 360) / 10} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** In the given order; what is not in it comes behind, as it came. */
function grouped<K extends 'medium' | 'kind'>(
  entries: readonly BrowserEntry[],
  by: K,
  order: readonly BrowserEntry[K][],
): Map<BrowserEntry[K], BrowserEntry[]> {
  const groups = new Map<BrowserEntry[K], BrowserEntry[]>();
  for (const entry of entries) groups.set(entry[by], [...(groups.get(entry[by]) ?? []), entry]);
  const place = (key: BrowserEntry[K]): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return new Map([...groups].sort(([a], [b]) => place(a) - place(b)));
}

// What people look for first: energy of the grid; the general objects of the meter itself come last.
const MEDIA: readonly number[] = [1, 7, 6, 5, 4, 8, 9, 15];
const KINDS: readonly ObjectKind[] = [
  'energy',
  'instantaneous',
  'demand',
  'consumption',
  'profile',
  'identification',
  'clock',
  'control',
];
