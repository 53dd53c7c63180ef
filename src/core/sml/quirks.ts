// What some meters are known to send otherwise than they mean it, as data: which meter, which value, what it means.
// The rule of the file: a correction is decided by what stands in the same telegram, never by the size of a value alone; it is
// named on the reading, whose raw value stays as sent.

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

export const SML_QUIRKS: readonly SmlQuirk[] = [
  {
    name: 'unsigned-sent-as-signed',
    evidence:
      'DZG DVS74, WS74: 327.68 to 655.35 W come as a negative Integer16, also in 8 and 24 bits, in total and of a phase, while the direction in the status says import (libsml#59, #66, #125)',
    meant: (c, d, e, value, { octets, signed }, { manufacturer, status }) => {
      if (manufacturer !== 'DZG' || !signed || value >= 0 || octets > 3 || d !== 7 || e !== 0) return null;
      const bit = FNN_EXPORT[c];
      if (bit === undefined || status === null || !isFnn(status) || has(status, bit)) return null;
      return value + 256 ** octets;
    },
  },
  {
    name: 'direction-in-status',
    evidence:
      'EMH ED300L and eHZ: the power is positive in both directions, bit 5 of the status says which; Iskra MT175 sends the bit and the sign (libsml#101, sml2mqtt#6, Tasmota#8001, ioBroker.smartmeter#375)',
    meant: (c, d, e, value, _sent, { status }) => {
      if (value <= 0 || d !== 7 || e !== 0 || !EDL_POWER.has(c)) return null;
      return status !== null && !isFnn(status) && has(status, EDL_EXPORT) ? 0 - value : null;
    },
  },
];

/** The status word of FNN meters ends in 04, that of EDL meters does not. FNN Lastenheft Basiszähler; EDL21, annex. */
function isFnn(status: number): boolean {
  return status % 256 === 4;
}

function has(status: number, bit: number): boolean {
  return Math.floor(status / 2 ** bit) % 2 === 1;
}

/** Bits that mean export, by group C of the power: in total and of each phase. */
const FNN_EXPORT: Readonly<Record<number, number>> = { 16: 11, 36: 12, 56: 13, 76: 14 };
const EDL_EXPORT = 5;
/** Import, absolute and net power of all phases. */
const EDL_POWER: ReadonlySet<number> = new Set([1, 15, 16]);
