// The association list as the form shows it: each object with its name, its medium and kind, and what we may do with it.
// The rule of the file: media and kinds are keys of the text catalogs; an object nobody knows is shown all the same.

import type { ObjectEntry } from '../../core/client/meter-memory';
import { attributeOf, classKind, className } from '../../core/cosem/classes';
import { isKnownObis, obisName, type ObisTexts } from '../../core/obis/obis-names';
import type { Obis } from '../../core/obis/obis';

export const OBJECT_KINDS = [
  'profile',
  'energy',
  'demand',
  'instantaneous',
  'consumption',
  'identification',
  'clock',
  'control',
  'access',
  'communication',
  'other',
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** "r", "w", "rw", "" none; null: the meter does not say. */
export type AccessRight = 'r' | 'w' | 'rw' | '' | null;

export interface BrowserEntry {
  readonly obis: string;
  readonly classId: number;
  readonly version: number;
  readonly className: string;
  readonly name: string;
  /** False: `name` is only the code again. */
  readonly known: boolean;
  /** Value group A. */
  readonly medium: number;
  readonly kind: ObjectKind;
  /** The right to the attribute that a read takes, attribute 2 for most. */
  readonly access: AccessRight;
  /** Those the meter says something about, the logical name left out. */
  readonly attributes: readonly { readonly attribute: number; readonly name: string; readonly access: AccessRight }[];
}

/** In the order of media and codes, names in the language of the texts. */
export function browserEntries(objects: readonly ObjectEntry[], texts: ObisTexts, standard: string): BrowserEntry[] {
  // From version 3 of the association on, rights are bits; before, they are a number. IEC 62056-6-2, Association LN.
  const association = objects.find(o => o.classId === ASSOCIATION_LN && o.obis.c === 40);
  const asBits = (association?.version ?? 0) >= 3;
  return objects
    .map((o): BrowserEntry => {
      const right = (attribute: number): AccessRight => {
        const mode = o.attributes?.get(attribute);
        return mode === undefined ? null : rightOf(mode, asBits);
      };
      return {
        obis: o.obis.toString(),
        classId: o.classId,
        version: o.version,
        className: className(o.classId) ?? `class ${o.classId}`,
        name: obisName(o.obis, texts, standard),
        known: isKnownObis(o.obis, standard),
        medium: o.obis.a,
        kind: kindOf(o.obis, o.classId),
        access: right(2),
        attributes: [...(o.attributes?.keys() ?? [])]
          .filter(attribute => attribute !== 1)
          .map(attribute => ({ attribute, name: nameOf(o.classId, attribute), access: right(attribute) })),
      };
    })
    .sort((x, y) => x.medium - y.medium || compareCodes(x.obis, y.obis));
}

function nameOf(classId: number, attribute: number): string {
  return (attributeOf(classId, attribute)?.name ?? `attribute ${attribute}`).replaceAll('_', ' ');
}

function rightOf(mode: number, asBits: boolean): AccessRight {
  const read = asBits ? (mode & 0x01) !== 0 : READ.has(mode);
  const write = asBits ? (mode & 0x02) !== 0 : WRITE.has(mode);
  return read && write ? 'rw' : read ? 'r' : write ? 'w' : '';
}

function kindOf(obis: Obis, classId: number): ObjectKind {
  const { a, c, d } = obis;
  const kind = classKind(classId);
  if (kind !== 'value' && kind !== 'other') return kind;
  if ((a === 0 && (c === 42 || (c === 96 && d === 1))) || (classId === 1 && c === 0 && d <= 2)) return 'identification';
  if (kind === 'other') return kind;
  if (a === 1 && c >= 1 && c <= 91) {
    if (d === 8 || d === 9 || d === 29 || d === 30) return 'energy';
    return d === 7 || d === 24 ? 'instantaneous' : 'demand';
  }
  return a >= 4 || (a === 0 && c === 24) ? 'consumption' : 'other';
}

function compareCodes(x: string, y: string): number {
  const [p, q] = [numbersOf(x), numbersOf(y)];
  for (let i = 0; i < 6; i++) if (p[i] !== q[i]) return (p[i] ?? 0) - (q[i] ?? 0);
  return 0;
}

function numbersOf(code: string): number[] {
  return code.split(/\D/).map(Number);
}

const ASSOCIATION_LN = 15;
const READ: ReadonlySet<number> = new Set([1, 3, 4, 6]);
const WRITE: ReadonlySet<number> = new Set([2, 3, 5, 6]);
