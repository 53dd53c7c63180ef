// What some meters are known to send otherwise than they mean it: which meter and which value say the files of meters/, what
// it means is said here.
// The rule of the file: a correction is decided by what stands in the same telegram, never by the size of a value alone; it is
// named on the reading, whose raw value stays as sent.

import type { FamilyQuirk } from '../meters/family';
import { FAMILIES } from '../meters/table';
import type { SmlEntry } from './messages';

export interface SmlQuirk {
  /** On the reading, as `corrected`. */
  readonly name: string;
  /** The meters that forced it, and where they were seen. */
  readonly evidence: string;
  /** What was meant by a power that was sent under an electricity code of groups C, D and E; null: what was sent. */
  readonly meant: (
    c: number,
    d: number,
    e: number,
    value: number,
    sent: SentNumber,
    sender: SmlSender,
  ) => number | null;
}

/** How a number was sent. */
export interface SentNumber {
  readonly octets: number;
  readonly signed: boolean;
}

/** What a list says of its meter. */
export interface SmlSender {
  /** Three letters. */
  readonly manufacturer: string | null;
  /** Status word of an energy register; null where none has one. */
  readonly status: number | null;
}

/** The status word of 1.8.x or 2.8.x: all energy registers of a meter have the same. */
export function statusOf(entries: readonly SmlEntry[]): number | null {
  for (const { name, status } of entries) {
    if (status !== null && name.length === 6 && name[0] === 1 && name[3] === 8 && (name[2] === 1 || name[2] === 2)) {
      return Number(status);
    }
  }
  return null;
}

/** What to do of each quirk; its makers and bits are of the families. */
const MEANT: Readonly<Record<string, (quirk: FamilyQuirk) => SmlQuirk['meant']>> = {
  'unsigned-sent-as-signed':
    ({ exportBits, makers = [] }) =>
    (c, d, e, value, { octets, signed }, { manufacturer, status }) => {
      if (!signed || value >= 0 || octets > 3 || d !== 7 || e !== 0) return null;
      if (manufacturer === null || !makers.includes(manufacturer)) return null;
      const bit = exportBits[c];
      if (bit === undefined || status === null || !isFnn(status) || has(status, bit)) return null;
      return value + 256 ** octets;
    },
  'direction-in-status':
    ({ exportBits }) =>
    (c, d, e, value, _sent, { status }) => {
      if (value <= 0 || d !== 7 || e !== 0) return null;
      const bit = exportBits[c];
      return bit !== undefined && status !== null && !isFnn(status) && has(status, bit) ? 0 - value : null;
    },
};

export const SML_QUIRKS: readonly SmlQuirk[] = FAMILIES.flatMap(({ quirks = [] }) =>
  quirks.flatMap(quirk => {
    const meant = MEANT[quirk.name];
    return meant === undefined ? [] : [{ name: quirk.name, evidence: quirk.evidence, meant: meant(quirk) }];
  }),
);

/** The status word of FNN meters ends in 04, that of EDL meters does not. FNN Lastenheft Basiszähler; EDL21, annex. */
function isFnn(status: number): boolean {
  return status % 256 === 4;
}

function has(status: number, bit: number): boolean {
  return Math.floor(status / 2 ** bit) % 2 === 1;
}
