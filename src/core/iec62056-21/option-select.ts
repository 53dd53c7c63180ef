// Which Z the acknowledgement carries. IEC 62056-21, 6.3.14: any but the meter's own keeps it at the start rate.
// The rule of the file: the meter's own or 0, never a lower one.

import type { Identification } from './identification';
import type { ReaderHints, ReaderOptions } from './reader-options';

/** Z of the acknowledgement: as set, else the meter's own where meter and line can follow it, else 0. */
export function rateCharacter(
  { baudId, baudRate, manufacturer }: Identification,
  options: ReaderOptions,
  hints: ReaderHints,
): string {
  if (options.z !== undefined && options.z !== '') return options.z;
  if (baudRate === null || hints.stayAtStart === true || STAYS.has(manufacturer)) return '0';
  if (options.rateFollows === false && baudRate !== (options.baudRate ?? 300)) return '0';
  return baudId;
}

/** Makers whose meters offer a rate at which reading them fails: Pafal 12EC3g, 20EC3gr. */
const STAYS: ReadonlySet<string> = new Set(['PAF']);
