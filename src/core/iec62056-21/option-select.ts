// Which Z the acknowledgement carries. IEC 62056-21, 6.3.14: any but the meter's own keeps it at the start rate.
// The rule of the file: the meter's own or 0, never a lower one.

import type { Identification } from './identification';
import type { ReaderOptions } from './reader-options';

/**
 * Values of Z in the order in which they are tried. Where the line can follow, the meter's own and then 0 (L+G ZMD120 does
 * not keep the rate that it offers). Where it cannot, 0 and then the meter's own: a gateway and a meter that are fixed at
 * one rate understand each other, and some meters answer to nothing but their own Z.
 */
export function rateCharacters(
  { baudId, baudRate, manufacturer }: Identification,
  options: ReaderOptions,
  startRate: number,
): readonly string[] {
  if (options.z !== undefined && options.z !== '') return [options.z];
  if (baudRate === null || baudId === '0' || STAYS.has(manufacturer)) return ['0'];
  return options.rateFollows === false && baudRate !== startRate ? ['0', baudId] : [baudId, '0'];
}

/** What the meter answered to the last time comes first. */
export function knownFirst<T>(usual: readonly T[], known: T | undefined): readonly T[] {
  return known === undefined || !usual.includes(known) ? usual : [known, ...usual.filter(other => other !== known)];
}

/** Makers whose meters offer a rate at which reading them fails: Pafal 12EC3g, 20EC3gr. */
const STAYS: ReadonlySet<string> = new Set(['PAF']);
