// What is known of a maker's text meters beyond the standard, found by the identification line: one row a family.
// The rule of the file: each row is data with its evidence; what a row says is true of every meter that it fits, or it is not here.

import type { Identification } from './identification';

export interface MakerRow {
  /** FLAG id, in capitals. */
  readonly maker: string;
  /** What the model begins with; absent: all of this maker. */
  readonly models?: readonly string[];
  /** Where it is written, or who has seen it, with which meter. */
  readonly evidence: string;
  /** Offers a rate at which reading it fails: it is kept at the start rate. */
  readonly keepsStartRate?: true;
  /** Ids that are no OBIS codes and whose values are numbers, with what the lines of one id are. */
  readonly lists?: Readonly<Record<string, Lines>>;
}

/** `tariffs`: the total, then one line a tariff. `phases`: one line a phase where there are three. `one`: a single value. */
export type Lines = 'tariffs' | 'phases' | 'one';

export const MAKERS: readonly MakerRow[] = [
  {
    maker: 'PAF',
    evidence:
      'Pafal 12EC3g (SmartHomeNG plugin smartmeter), 20EC3gr (Pafal reader by cron): both offer more than they can',
    keepsStartRate: true,
  },
  {
    maker: 'EKT',
    evidence:
      'Energomera CE301 v12: hostcc/energomera-hass-mqtt, tests/conftest.py; the lines of an energy add up to the first',
    lists: {
      ET0PE: 'tariffs',
      ECMPE: 'tariffs',
      ENMPE: 'tariffs',
      EAMPE: 'tariffs',
      ECDPE: 'tariffs',
      POWPP: 'phases',
      VOLTA: 'phases',
      CURRE: 'phases',
      POWEP: 'one',
      VNULL: 'one',
      FREQU: 'one',
    },
  },
];

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
