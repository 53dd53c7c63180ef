// Profile generic: the buffer becomes rows while its bytes still arrive.
// The rule of the file: a row leaves as soon as its last byte is there, and only the unfinished row is kept.

import { DlmsError, isDlmsError } from '../wire/errors';
import { concat } from '../wire/hex';
import { Reader } from '../wire/reader';
import { type Data, type Description, encodeData, readData, readDescribed, readDescription } from './data';
import { type ClockPolicy, STANDARD_CLOCK } from './date-time';
import { clockBytes, valueOf } from './naming';
import { type Limit, type RowClock, RowTimes, limit, outside } from './profile-clock';
import type { ProfileCell, ProfileLayout } from './profile-layout';
import type { Value } from './reading';
import { scaleExactly } from './units';

/** Flat: `time`, perhaps `status`, and one field a column, by its key. */
export interface ProfileRow {
  readonly time: string | null;
  readonly status?: number;
  readonly [key: string]: Value | undefined;
}

export interface ProfileRowsOptions {
  readonly policy?: ClockPolicy;
  /** Seconds (attribute 4); a null clock is the previous one plus this. 0 or absent: null stays null. */
  readonly capturePeriod?: number;
  /** Attribute 5; LIFO (2) and largest first (3) run backwards in time. */
  readonly sortMethod?: number;
  /**
   * null-data in a value column means "as in the row before" (IEC 62056-6-2, profile generic, buffer). Default false: null
   * stays null, because meters also send it for "no value" (docs/quirks.md#q64).
   */
  readonly repeatNull?: boolean;
  /** Rows outside are dropped, both ends belong to it: for meters that return more than was asked for. */
  readonly from?: Date | number | string;
  readonly to?: Date | number | string;
  /** Places these ends where rows have no offset. Default: the policy. */
  readonly limitPolicy?: ClockPolicy;
}

/**
 * Takes the bytes of a buffer attribute (array, compact-array or null-data) in any parts. A part with a fault in it gives
 * the rows before the fault; the next call throws it. An unfinished row may have up to ROW_LIMIT bytes.
 */
export class ProfileRows {
  readonly #layout: ProfileLayout;
  readonly #policy: ClockPolicy;
  readonly #times: RowTimes;
  readonly #repeatNull: boolean;
  readonly #from: Limit | null;
  readonly #to: Limit | null;
  readonly #template: MutableRow;
  #state: State = { name: 'header' };
  #fault: DlmsError | null = null;
  #rowCount = 0;
  #surplus = 0;
  #taken = 0;
  #announced: number | null = null;
  // 0 <= #at <= #bytes.length; #bytes is what was left over and the part now being read
  #bytes: Uint8Array = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer);
  #at = 0;
  #outside = 0;
  #untimed = 0;
  // Of the last complete row, and of the row being read: what deltas and repeated values refer to.
  #before: Cell[] = [];
  #now: Cell[] = [];

  constructor(layout: ProfileLayout, options: ProfileRowsOptions = {}) {
    this.#layout = layout;
    this.#policy = options.policy ?? STANDARD_CLOCK;
    const backwards = options.sortMethod === 2 || options.sortMethod === 3;
    this.#times = new RowTimes(this.#policy, (options.capturePeriod ?? 0) * (backwards ? -1000 : 1000), backwards);
    this.#repeatNull = options.repeatNull === true;
    const { limitPolicy = this.#policy } = options;
    this.#from = options.from === undefined ? null : limit(options.from, limitPolicy);
    this.#to = options.to === undefined ? null : limit(options.to, limitPolicy);
    this.#template = { time: null };
    if (layout.status !== null) this.#template['status'] = null;
    for (const column of layout.columns) this.#template[column.key] = null;
  }

  /** Rows handed out so far. */
  get rowCount(): number {
    return this.#rowCount;
  }
  /** Bytes after the end of the buffer; some servers send a part twice. */
  get surplusBytes(): number {
    return this.#surplus;
  }
  /** Rows that came although they lie outside of what was asked for. */
  get outsideCount(): number {
    return this.#outside;
  }
  /** Rows that nobody can place in the range, because they have no time. */
  get untimedCount(): number {
    return this.#untimed;
  }
  /** How many rows the buffer says it has; null: it does not say, or its head has not come. */
  get announced(): number | null {
    return this.#announced;
  }
  /** The last row has come. */
  get complete(): boolean {
    return this.#state.name === 'done';
  }

  push(part: Uint8Array): ProfileRow[] {
    if (this.#fault !== null) throw this.#fault;
    this.#bytes = this.#bytes.length === 0 ? part : concat(this.#bytes, part);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#at = 0;
    this.#taken += part.length;
    const rows: ProfileRow[] = [];
    try {
      this.#drain(rows);
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      this.#fault = e;
      if (rows.length === 0) throw e;
    }
    this.#rowCount += rows.length;
    return rows;
  }

  /** All parts were given. Throws a fault that waits, and INCOMPLETE when rows are missing. */
  end(): void {
    if (this.#fault !== null) throw this.#fault;
    if (!this.complete) throw new DlmsError({ code: 'INCOMPLETE', what: 'the load profile', have: this.#taken });
  }

  #drain(rows: ProfileRow[]): void {
    while (this.#state.name !== 'done') {
      const start = this.#at;
      if (!this.#advance(this.#state, rows)) {
        const left = this.#bytes.length - start;
        if (left > ROW_LIMIT) throw tooLarge(left);
        this.#bytes = left === 0 ? NOTHING : this.#bytes.slice(start);
        return;
      }
    }
    this.#surplus += this.#bytes.length - this.#at;
    this.#bytes = NOTHING;
  }

  /** One header or one row; false: its end has not come yet. */
  #advance(state: Exclude<State, { name: 'done' }>, rows: ProfileRow[]): boolean {
    if (state.name === 'header') return this.#header();
    if (state.left === 0) {
      this.#state = { name: 'done' };
      return true;
    }
    const start = this.#at;
    this.#times.begin();
    const row = state.name === 'rows' ? this.#row() : this.#compactRow(state);
    if (row === undefined) return false;
    state.left -= state.name === 'rows' ? 1 : this.#at - start;
    const kept = this.#commit(row);
    if (kept !== null) rows.push(kept);
    return true;
  }

  /** array and count, compact-array with description and length, or null-data. */
  #header(): boolean {
    const r = new Reader(this.#bytes, this.#at);
    const state = untilComplete((): State => {
      const tag = r.u8('profile buffer');
      if (tag === 0x00) return { name: 'done' };
      if (tag === 0x01) return { name: 'rows', left: r.length('row count') };
      if (tag !== 0x13) return r.invalid('profile buffer', tag, 'an array, a compact-array or null-data');
      const description = readDescription(r);
      return { name: 'compact', description, left: r.length('compact-array length') };
    });
    if (state === undefined) return false;
    this.#state = state;
    if (state.name === 'rows') this.#announced = state.left;
    this.#at = r.offset;
    return true;
  }

  /** A tagged row; one that is no structure is a row of one value. */
  #row(): MutableRow | undefined {
    const count = this.#rowElements();
    if (count === undefined) return undefined;
    const row: MutableRow = { ...this.#template };
    const cells = this.#layout.cellsOf(count);
    for (let i = 0; i < count; i++) {
      const cell = cells[i];
      const value = this.#cell(i, cell);
      if (value === undefined) return undefined;
      place(row, i, cell, value);
    }
    return row;
  }

  #rowElements(): number | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    if (this.#bytes[this.#at] !== 0x02) return 1;
    const short = this.#bytes[this.#at + 1];
    if (short !== undefined && short < 0x80) {
      this.#at += 2;
      return short;
    }
    const r = new Reader(this.#bytes, this.#at + 1);
    const count = untilComplete(() => r.length('row structure'));
    if (count !== undefined && count > ROW_LIMIT) throw tooLarge(count);
    this.#at = r.offset;
    return count;
  }

  #compactRow(state: { readonly description: Description; readonly left: number }): MutableRow | undefined {
    const here = this.#bytes.length - this.#at;
    const r = new Reader(this.#bytes, this.#at, this.#at + Math.min(here, state.left));
    const read = (): Data => readDescribed(r, state.description);
    // What the end of the contents cuts can never be completed.
    const data = here < state.left ? untilComplete(read) : read();
    if (data === undefined) return undefined;
    if (r.offset === this.#at) r.invalid('compact-array contents', 0, 'elements of at least one octet');
    this.#at = r.offset;
    const elements = data.type === 'structure' ? data.value : [data];
    const row: MutableRow = { ...this.#template };
    const cells = this.#layout.cellsOf(elements.length);
    elements.forEach((element, i) => place(row, i, cells[i], this.#value(i, cells[i], element)));
    return row;
  }

  /** The value at the cursor; undefined: its end has not come. Nearly all cells are numbers or clocks, read in place. */
  #cell(i: number, cell: ProfileCell | undefined): Value | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    const have = bytes.length - at - 1;
    if (have < 0) return undefined;
    // have >= 0, so there is a byte.
    switch (cell?.kind === 'clock' && bytes[at] !== 0x09 ? ANY_CLOCK : (bytes[at] as number)) {
      case 0x06:
        return have < 4 ? undefined : this.#number(i, cell, 5, this.#view.getUint32(at + 1));
      case 0x05:
        return have < 4 ? undefined : this.#number(i, cell, 5, this.#view.getInt32(at + 1));
      case 0x12:
        return have < 2 ? undefined : this.#number(i, cell, 3, this.#view.getUint16(at + 1));
      case 0x10:
        return have < 2 ? undefined : this.#number(i, cell, 3, this.#view.getInt16(at + 1));
      case 0x0f:
        return have < 1 ? undefined : this.#number(i, cell, 2, this.#view.getInt8(at + 1));
      case 0x11:
        return have < 1 ? undefined : this.#number(i, cell, 2, this.#view.getUint8(at + 1));
      case 0x14:
        return have < 8 ? undefined : this.#number(i, cell, 9, this.#view.getBigInt64(at + 1));
      case 0x15:
        return have < 8 ? undefined : this.#number(i, cell, 9, this.#view.getBigUint64(at + 1));
      case 0x09:
        // A cut octet-string is seen here: making an error for it would cost more than the row.
        if (have < 1 || ((bytes[at + 1] as number) < 0x80 && have <= (bytes[at + 1] as number))) return undefined;
        if (have >= 13 && bytes[at + 1] === 12 && cell?.kind === 'clock') {
          this.#at = at + 14;
          this.#times.sent(bytes.subarray(at + 2, at + 14));
          return null;
        }
    }
    const r = new Reader(bytes, at);
    const data = untilComplete(() => readData(r));
    if (data === undefined) return undefined;
    this.#at = r.offset;
    return this.#value(i, cell, data);
  }

  #number(i: number, cell: ProfileCell | undefined, octets: number, raw: number | bigint): Value {
    this.#at += octets;
    this.#now[i] = raw;
    return scaleExactly(raw, (cell?.kind === 'value' ? cell.column.scaler : null) ?? 0);
  }

  #value(i: number, cell: ProfileCell | undefined, data: Data): Value {
    if (cell?.kind === 'clock') {
      const octets = clockBytes(data);
      if (octets !== null) this.#times.sent(octets);
      else if (data.type === 'double-long-unsigned') this.#times.unix(data.value);
      else if (data.type === 'null-data') this.#times.counted();
      return null;
    }
    if (data.type === 'null-data') {
      const before = (this.#now[i] = this.#before[i]);
      if (!this.#repeatNull || before === undefined) return null;
      return typeof before === 'object' ? before.value : this.#number(i, cell, 0, before);
    }
    if (cell?.kind === 'status') return this.#keep(i, statusOf(data));
    const raw =
      'value' in data && (typeof data.value === 'number' || typeof data.value === 'bigint') ? data.value : null;
    if (raw !== null && data.type.startsWith('delta-')) {
      // A delta adds to the value of the same column in the row before.
      const base = this.#before[i];
      return base === undefined || typeof base === 'object' ? null : this.#number(i, cell, 0, sum(base, raw));
    }
    const scaler = cell?.kind === 'value' ? cell.column.scaler : null;
    if (raw !== null && scaler !== null && data.type !== 'float32') return this.#number(i, cell, 0, raw);
    const value = valueOf(data, cell?.object ?? {}, this.#policy);
    return this.#keep(i, typeof value === 'number' && scaler !== null ? scaleExactly(value, scaler) : value);
  }

  #keep(i: number, value: Value): Value {
    this.#now[i] = { value };
    return value;
  }

  /** The row with its time; null when it lies outside of the range. */
  #commit(row: MutableRow): ProfileRow | null {
    [this.#before, this.#now] = [this.#now, this.#before];
    const clock = this.#times.commit();
    row['time'] = clock?.iso ?? null;
    if (this.#isOutside(clock)) {
      this.#outside++;
      return null;
    }
    if (row['status'] !== null) return row as ProfileRow;
    const { status: _unspecified, ...rest } = row;
    return rest as ProfileRow;
  }

  #isOutside(clock: RowClock | null): boolean {
    if (this.#from === null && this.#to === null) return false;
    if (clock?.local == null) {
      this.#untimed++;
      return false;
    }
    return outside(clock, this.#from, -1) || outside(clock, this.#to, 1);
  }
}

/** All rows of a decoded buffer. */
export function profileRows(layout: ProfileLayout, buffer: Data, options?: ProfileRowsOptions): ProfileRow[] {
  const rows = new ProfileRows(layout, options);
  const all = rows.push(encodeData(buffer));
  rows.end();
  return all;
}

/** Bytes of the largest unfinished row. */
export const ROW_LIMIT = 65_536;

type MutableRow = Record<string, Value>;

type State =
  | { readonly name: 'header' }
  | { readonly name: 'rows'; left: number }
  | { readonly name: 'compact'; readonly description: Description; left: number }
  | { readonly name: 'done' };

/** What a column held: a raw number, or another value as it was shown. */
type Cell = number | bigint | { readonly value: Value } | undefined;

function place(row: MutableRow, i: number, cell: ProfileCell | undefined, value: Value): void {
  if (cell === undefined) row[`column_${i + 1}`] = value;
  else if (cell.kind === 'value') row[cell.column.key] = value;
  else if (cell.kind === 'status') row['status'] = value;
}

/** Status words come as numbers, bits or octets. */
function statusOf(data: Data): number | null {
  if (!('value' in data)) return null;
  if (typeof data.value === 'number') return data.value;
  if (data.type === 'bit-string') return data.value.length <= EXACT_BITS ? parseInt(data.value || '0', 2) : null;
  if (data.type !== 'octet-string' || data.value.length > 6) return null;
  return data.value.reduce((word, octet) => word * 256 + octet, 0);
}

function sum(a: number | bigint, b: number | bigint): number | bigint {
  const n = BigInt(a) + BigInt(b);
  return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n;
}

/** undefined where the bytes end too early. */
function untilComplete<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (e) {
    if (isDlmsError(e) && e.code === 'WIRE_TRUNCATED') return undefined;
    throw e;
  }
}

function tooLarge(actual: number): DlmsError {
  return new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'load profile row', limit: ROW_LIMIT, actual });
}

const NOTHING = new Uint8Array(0);
/** No tag: a clock that is no octet-string is read as any value. */
const ANY_CLOCK = -1;
/** What a number holds exactly. */
const EXACT_BITS = 53;
