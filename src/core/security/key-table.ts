// The keys of many meters, found by the system title that a frame says before it is opened.
// The rules of the file: to find one costs the same however many there are; a row that is wrong costs no other one.

import { DlmsError, isDlmsError } from '../wire/errors';
import { unhex } from '../wire/hex';
import { keyRow, readKeyCells, SERIAL_DIGITS, type KeyContext, type KeyRow } from './key-rows';

/** A table as text. */
export interface KeyText {
  /** How errors call it. */
  readonly table: string;
  readonly text: string;
}

export class KeyTable {
  readonly #titles = new Map<string, KeyRow>();
  /** By maker, which may be missing, and serial number. */
  readonly #serials = new Map<string, KeyRow>();
  readonly #patterns: { readonly start: string; readonly printed: boolean; readonly row: KeyRow }[] = [];
  /** Of titles that are in no row themselves. 0 <= size <= LIMIT_FOUND */
  readonly #found = new Map<string, KeyRow | null>();
  readonly #faults: DlmsError[] = [];

  /**
   * Several texts: a meter has the first row that is for it. Throws BAD_SETTING for a text that is no table; rows that are
   * wrong are `faults`.
   */
  static read(texts: readonly KeyText[], context: KeyContext = {}): KeyTable {
    const table = new KeyTable();
    for (const { table: called, text } of texts) {
      const before = table.#taken();
      for (const cells of readKeyCells(text, called)) {
        try {
          table.#add(keyRow(cells, called, context), before);
        } catch (error) {
          if (!isDlmsError(error)) throw error;
          table.#faults.push(error);
        }
      }
    }
    return table;
  }

  /** Meters and patterns. */
  get size(): number {
    return this.#titles.size + this.#serials.size + this.#patterns.length;
  }

  /** What is wrong with rows, by line and column. */
  get faults(): readonly DlmsError[] {
    return this.#faults;
  }

  get rows(): readonly KeyRow[] {
    return [...this.#titles.values(), ...this.#serials.values(), ...this.#patterns.map(({ row }) => row)];
  }

  /** The row of a meter; its system title in lower-case hex. The title itself counts before its number, that before patterns. */
  find(title: string): KeyRow | null {
    const exact = this.#titles.get(title);
    if (exact !== undefined) return exact;
    if (this.#serials.size + this.#patterns.length === 0) return null;
    let found = this.#found.get(title);
    if (found === undefined) {
      found = this.#search(title);
      // Titles come from outside.
      if (this.#found.size >= LIMIT_FOUND) this.#found.clear();
      this.#found.set(title, found);
    }
    return found;
  }

  #search(title: string): KeyRow | null {
    const { maker, serial } = printedOf(title);
    if (serial !== null) {
      const row = this.#serials.get(`${maker}:${serial}`) ?? this.#serials.get(`:${serial}`);
      if (row !== undefined) return row;
    }
    const label = maker === null ? null : maker + (serial ?? '');
    const found = this.#patterns.find(({ start, printed }) =>
      printed ? label?.startsWith(start) === true : title.startsWith(start),
    );
    return found?.row ?? null;
  }

  /** `before`: what the texts before this one have, which counts, so that a file may hold meters of the form, too. */
  #add(row: KeyRow, before: ReadonlySet<string>): void {
    const { meter, fault } = row;
    if (fault !== null) this.#faults.push(fault);
    if (meter.by === 'pattern') {
      if (this.#patterns.length >= LIMIT_PATTERNS)
        throw wrong(row, `(pattern ${LIMIT_PATTERNS + 1})`, `among the first ${LIMIT_PATTERNS} patterns`);
      this.#patterns.push({ start: meter.start, printed: meter.printed, row });
      return;
    }
    const id = meter.by === 'title' ? meter.title : `${meter.maker}:${meter.serial}`;
    if (before.has(id)) return;
    const rows = meter.by === 'title' ? this.#titles : this.#serials;
    const other = rows.get(id);
    if (other !== undefined) {
      const same = meter.by === 'title' ? 'system title' : 'serial number (the last eight digits)';
      throw wrong(row, '(a meter)', `of another ${same} than that of ${other.where}, which counts`);
    }
    rows.set(id, row);
  }

  #taken(): Set<string> {
    return new Set([...this.#titles.keys(), ...this.#serials.keys()]);
  }
}

/**
 * What a meter has printed on it, as far as its system title spells it: three letters of the maker, and the low 28 bits as a
 * serial number of eight digits (Kamstrup, Kaifa, Iskraemeco). Sagemcom, Siemens and Landis+Gyr count otherwise: their
 * numbers find nothing.
 */
function printedOf(title: string): { readonly maker: string | null; readonly serial: string | null } {
  const octets = unhex(title, 'system title');
  const maker = String.fromCharCode(...octets.subarray(0, 3));
  if (octets.length !== 8 || !/^[A-Z]{3}$/.test(maker)) return { maker: null, serial: null };
  const number = parseInt(title.slice(-7), 16);
  const serial = number < 10 ** SERIAL_DIGITS ? String(number).padStart(SERIAL_DIGITS, '0') : null;
  return { maker, serial };
}

function wrong(row: KeyRow, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting: row.where, value, expected });
}

const LIMIT_FOUND = 100_000;
const LIMIT_PATTERNS = 1000;
