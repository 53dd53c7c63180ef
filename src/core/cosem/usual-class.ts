// The class that an object usually has, from its code alone: the codes in the rows of classes.ts, read as patterns.
// The rule of the file: it is a guess. Who has the object list of the meter asks that.

import { Obis } from '../obis/obis';
import { ObisPattern } from '../obis/pattern';
import { CLASSES } from './classes';

/** Register where no row has the code. */
export function usualClass(obis: Obis): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = obis.bytes;
  // What was billed in the past is of the same class as the current value.
  const current = Obis.from(Uint8Array.of(a, b, c, d, e, CURRENT));
  USUAL ??= usual();
  return USUAL.find(({ pattern }) => pattern.matches(current))?.classId ?? REGISTER;
}

interface Usual {
  readonly classId: number;
  readonly pattern: ObisPattern;
  /** How many groups it names. */
  readonly named: number;
}

function usual(): readonly Usual[] {
  const all = Object.entries(CLASSES).flatMap(([id, { codes = [] }]) =>
    codes.map((code): Usual => {
      const [medium = ANY, groups = ''] = code.split(':');
      const [c = ANY, d = ANY, e = ANY] = groups.split('.');
      const pattern = ObisPattern.parse(`${medium}:${c}.${d}.${e}`);
      return { classId: Number(id), pattern, named: [medium, c, d, e].filter(group => group !== ANY).length };
    }),
  );
  return all.sort((x, y) => y.named - x.named);
}

let USUAL: readonly Usual[] | undefined;
const ANY = '*';
const CURRENT = 255;
const REGISTER = 3;
