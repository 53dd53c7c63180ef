// What is known of a maker's text meters beyond the standard, found by the identification line.
// The rule of the file: the rows are data of meters/; what one says is true of every meter that it fits, or it is not there.

import type { FamilyTexts, Lines } from '../meters/family';
import { FAMILIES } from '../meters/table';
import type { Identification } from './identification';

export interface MakerRow extends FamilyTexts {
  /** FLAG id, in capitals. */
  readonly maker: string;
}

export const MAKERS: readonly MakerRow[] = FAMILIES.flatMap(({ makers = [], texts = [] }) =>
  makers.flatMap(maker => texts.map(row => ({ maker, ...row }))),
);

/** The row of who sent this identification; null where nothing is known of it. */
export function makerOf(identification: Identification | null): MakerRow | null {
  if (identification === null) return null;
  const maker = identification.manufacturer.toUpperCase();
  const model = identification.model.trim();
  const fits = (row: MakerRow): boolean =>
    row.maker === maker && (row.models === undefined || row.models.some(begin => model.startsWith(begin)));
  return MAKERS.find(fits) ?? null;
}

/** What a line of its list adds to the key and to the name of an id; '' for the first, whose key stays the id's. */
export function lineOf(lines: Lines, index: number, count: number): { readonly key: string; readonly name: string } {
  if (lines === 'tariffs' && index > 0) return { key: `_t${index}`, name: ` T${index}` };
  if (lines === 'phases' && count === PHASES)
    return { key: index === 0 ? '' : `_l${index + 1}`, name: ` L${index + 1}` };
  return NOTHING;
}

const NOTHING = { key: '', name: '' };
const PHASES = 3;
