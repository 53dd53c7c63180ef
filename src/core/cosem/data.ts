// The Data CHOICE of COSEM in A-XDR: one row a type, read and write side by side.
// Values stay tagged, so that what was read can be written back byte for byte. IEC 62056-6-2, 4.1.5; IEC 61334-6.

import { DlmsError } from '../wire/errors';
import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';

export type Data =
  | { readonly type: 'null-data' }
  | { readonly type: 'array'; readonly value: readonly Data[] }
  | { readonly type: 'structure'; readonly value: readonly Data[] }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** `value` holds the bits from the most significant on as '0' and '1'. */
  | { readonly type: 'bit-string'; readonly value: string }
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: 'long64' | 'long64-unsigned' | 'delta-long64'; readonly value: bigint }
  | { readonly type: 'octet-string' | 'date-time' | 'date' | 'time'; readonly value: Uint8Array }
  /** Octets as sent; text() of this file reads them. */
  | { readonly type: 'visible-string' | 'utf8-string'; readonly value: Uint8Array }
  /** The elements as an array would hold them; `description` and `contents` as they were on the wire. */
  | {
      readonly type: 'compact-array';
      readonly value: readonly Data[];
      readonly description: Uint8Array;
      readonly contents: Uint8Array;
    }
  | { readonly type: 'dont-care' };

type NumberType =
  | 'double-long'
  | 'double-long-unsigned'
  | 'bcd'
  | 'integer'
  | 'long'
  | 'unsigned'
  | 'long-unsigned'
  | 'enum'
  | 'float32'
  | 'float64'
  | 'delta-integer'
  | 'delta-long'
  | 'delta-double-long'
  | 'delta-unsigned'
  | 'delta-long-unsigned'
  | 'delta-double-long-unsigned';

export type DataType = Data['type'];

/** Octets behind the tag; where a length stands there, what it counts; `described`: a type description, then a length in octets. */
export type DataSize = number | 'octets' | 'bits' | 'elements' | 'described';

/** How long a value with this tag is; undefined where no type has it. */
export function dataSize(tag: number): DataSize | undefined {
  return BY_TAG[tag]?.size;
}

/** Bounds for data from outside; over a bound is LIMIT_EXCEEDED. */
export interface DataLimits {
  /** Nesting of arrays and structures. */
  readonly depth: number;
  /** Elements in all of one value. */
  readonly elements: number;
}
export const DATA_LIMITS: DataLimits = { depth: 32, elements: 2_000_000 };

/** The tag that stands in front of a value of this type. */
export function dataTag(type: DataType): number {
  return (BY_NAME.get(type) as Row).tag;
}

/** One value; what follows it stays in the reader. */
export function readData(r: Reader, limits: DataLimits = DATA_LIMITS): Data {
  return readTagged(r, { depth: limits.depth, elements: limits.elements, of: limits });
}

/** The type description of a compact-array: what its contents hold, without values. */
export function readDescription(r: Reader): Description {
  return readShape(r, { depth: DATA_LIMITS.depth, elements: DATA_LIMITS.elements, of: DATA_LIMITS });
}

/** One element of the contents of a compact-array. */
export function readDescribed(r: Reader, description: Description): Data {
  return readShaped(r, description, { depth: DATA_LIMITS.depth, elements: DATA_LIMITS.elements, of: DATA_LIMITS });
}

export function writeData(w: Writer, data: Data): void {
  const row = BY_NAME.get(data.type) as Row;
  w.u8(row.tag);
  row.write(w, data as never);
}

/** Exactly one value; surplus bytes throw WIRE_SURPLUS. */
export function decodeData(bytes: Uint8Array, limits: DataLimits = DATA_LIMITS): Data {
  const r = new Reader(bytes);
  const data = readData(r, limits);
  r.end('data');
  return data;
}

/**
 * The buffer of a compact data object (class 62), which is the contents of a compact-array; the template is its description.
 * Throws WIRE_* where they do not fit each other.
 */
export function decodeCompactBuffer(template: Uint8Array, buffer: Uint8Array): Data {
  return decodeData(new Writer().u8(COMPACT_ARRAY).bytes(template).length(buffer.length).bytes(buffer).toBytes());
}

export function encodeData(data: Data): Uint8Array {
  const w = new Writer();
  writeData(w, data);
  return w.toBytes();
}

/** What a list holds; null for a value that is no list. */
export function elementsOf(data: Data): readonly Data[] | null {
  return data.type === 'structure' || data.type === 'array' || data.type === 'compact-array' ? data.value : null;
}

/** The characters of a string type, NUL padding removed (L+G ZMF100 pads its id). */
export function text(value: Uint8Array, encoding: 'visible-string' | 'utf8-string' = 'visible-string'): string {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end--;
  if (encoding === 'utf8-string') return UTF8.decode(value.subarray(0, end));
  let out = '';
  for (let i = 0; i < end; i++) out += String.fromCharCode(value[i] as number);
  return out;
}

// Building values: what the simulated meter, selectors and tests write.
export const nullData: Data = { type: 'null-data' };
export const u8 = (value: number): Data => ({ type: 'unsigned', value });
export const i8 = (value: number): Data => ({ type: 'integer', value });
export const u16 = (value: number): Data => ({ type: 'long-unsigned', value });
export const i16 = (value: number): Data => ({ type: 'long', value });
export const u32 = (value: number): Data => ({ type: 'double-long-unsigned', value });
export const i32 = (value: number): Data => ({ type: 'double-long', value });
export const enumerated = (value: number): Data => ({ type: 'enum', value });
export const octets = (value: Uint8Array | readonly number[]): Data => ({
  type: 'octet-string',
  value: Uint8Array.from(value),
});
export const visible = (value: string): Data => ({
  type: 'visible-string',
  value: Uint8Array.from(value, c => c.charCodeAt(0)),
});
export const structure = (...value: readonly Data[]): Data => ({ type: 'structure', value });
export const array = (...value: readonly Data[]): Data => ({ type: 'array', value });

interface Budget {
  depth: number;
  elements: number;
  readonly of: DataLimits;
}

interface Row {
  readonly tag: number;
  readonly type: DataType;
  readonly size: DataSize;
  readonly read: (r: Reader, budget: Budget) => Data;
  readonly write: (w: Writer, data: never) => void;
}

function readTagged(r: Reader, budget: Budget): Data {
  const tag = r.u8('data tag');
  const row = BY_TAG[tag];
  if (row === undefined) return r.invalid('data tag', tag, 'a type of the Data CHOICE');
  return row.read(r, budget);
}

function spend(budget: Budget, count: number, r: Reader): void {
  budget.elements -= count;
  // An element has at least one octet, so a count beyond the rest can never be met.
  if (budget.elements < 0 || count > r.remaining) {
    if (count > r.remaining && budget.elements >= 0) {
      throw new DlmsError({
        code: 'WIRE_TRUNCATED',
        field: 'data elements',
        need: count,
        have: r.remaining,
        offset: r.offset,
      });
    }
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'data elements', limit: budget.of.elements, actual: count });
  }
}

function deeper<T>(budget: Budget, read: () => T): T {
  if (budget.depth === 0) {
    throw new DlmsError({
      code: 'LIMIT_EXCEEDED',
      what: 'data depth',
      limit: budget.of.depth,
      actual: budget.of.depth + 1,
    });
  }
  budget.depth--;
  const value = read();
  budget.depth++;
  return value;
}

function readElements(r: Reader, budget: Budget): Data[] {
  const count = r.length('element count');
  spend(budget, count, r);
  return deeper(budget, () => {
    const value: Data[] = [];
    for (let i = 0; i < count; i++) value.push(readTagged(r, budget));
    return value;
  });
}

function writeElements(w: Writer, data: { value: readonly Data[] }): void {
  w.length(data.value.length);
  for (const element of data.value) writeData(w, element);
}

function readBits(r: Reader): string {
  const count = r.length('bit-string length');
  const bytes = r.take(Math.ceil(count / 8), 'bit-string');
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return bits.slice(0, count);
}

function writeBits(w: Writer, data: { value: string }): void {
  w.length(data.value.length);
  for (let i = 0; i < data.value.length; i += 8) w.u8(parseInt(data.value.slice(i, i + 8).padEnd(8, '0'), 2));
}

// The description of a compact-array is a type without values; its contents are values without tags.
// IEC 62056-5-3, TypeDescription: array = tag, count(2), description; structure = tag, count, descriptions.
export type Description =
  | { readonly row: Row }
  | { readonly type: 'array'; readonly count: number; readonly of: Description }
  | { readonly type: 'structure'; readonly of: readonly Description[] };

function readShape(r: Reader, budget: Budget): Description {
  const tag = r.u8('type description');
  if (tag === 1) {
    const count = r.u16('array size');
    return deeper(budget, () => ({ type: 'array' as const, count, of: readShape(r, budget) }));
  }
  if (tag === 2) {
    const count = r.length('structure size');
    spend(budget, count, r);
    return deeper(budget, () => ({
      type: 'structure' as const,
      of: Array.from({ length: count }, () => readShape(r, budget)),
    }));
  }
  const row = BY_TAG[tag];
  if (row === undefined || row.type === 'compact-array')
    return r.invalid('type description', tag, 'a type of the Data CHOICE');
  return { row };
}

function readShaped(r: Reader, shape: Description, budget: Budget): Data {
  if ('row' in shape) {
    if (--budget.elements < 0) {
      throw new DlmsError({
        code: 'LIMIT_EXCEEDED',
        what: 'data elements',
        limit: budget.of.elements,
        actual: budget.of.elements + 1,
      });
    }
    return shape.row.read(r, budget);
  }
  if (shape.type === 'structure') return { type: 'structure', value: shape.of.map(s => readShaped(r, s, budget)) };
  const value: Data[] = [];
  for (let i = 0; i < shape.count; i++) value.push(readShaped(r, shape.of, budget));
  return { type: 'array', value };
}

function readCompactArray(r: Reader, budget: Budget): Data {
  return deeper(budget, () => {
    const from = r.offset;
    const shape = readShape(r, budget);
    const description = r.bytes.subarray(from, r.offset);
    const contents = r.take(r.length('compact-array length'), 'compact-array contents');
    const inner = new Reader(contents);
    const value: Data[] = [];
    while (inner.remaining > 0) {
      const before = inner.offset;
      value.push(readShaped(inner, shape, budget));
      if (inner.offset === before)
        inner.invalid('compact-array contents', value.length, 'elements of at least one octet');
    }
    return { type: 'compact-array', value, description, contents };
  });
}

function row<T extends DataType>(
  tag: number,
  type: T,
  size: DataSize,
  read: (r: Reader, budget: Budget) => Omit<Extract<Data, { type: T }>, 'type'>,
  write: (w: Writer, data: Extract<Data, { type: T }>) => void,
): Row {
  // The pairing of type and value is what `read` promises; the union cannot express it for a generic T.
  return { tag, type, size, read: (r, budget) => ({ type, ...read(r, budget) }) as Data, write: write as Row['write'] };
}

type Fixed = keyof typeof FIXED;
const FIXED = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, f32: 4, f64: 8 } as const;
function numeric(tag: number, type: NumberType, how: Fixed): Row {
  return {
    tag,
    type,
    size: FIXED[how],
    read: r => ({ type, value: r[how](type) }),
    write: (w, data: { value: number }) => void w[how](data.value),
  };
}
function numeric64(tag: number, type: 'long64' | 'long64-unsigned' | 'delta-long64', how: 'i64' | 'u64'): Row {
  return {
    tag,
    type,
    size: 8,
    read: r => ({ type, value: r[how](type) }),
    write: (w, data: { value: bigint }) => void w[how](data.value),
  };
}
function counted(tag: number, type: 'octet-string' | 'visible-string' | 'utf8-string'): Row {
  return {
    tag,
    type,
    size: 'octets',
    read: r => ({ type, value: r.take(r.length(`${type} length`), type) }),
    write: (w, data: { value: Uint8Array }) => void w.octets(data.value),
  };
}
function fixed(tag: number, type: 'date-time' | 'date' | 'time', octetCount: number): Row {
  return {
    tag,
    type,
    size: octetCount,
    read: r => ({ type, value: r.take(octetCount, type) }),
    write: (w, data: { value: Uint8Array }) => void w.bytes(data.value),
  };
}

const ROWS: readonly Row[] = [
  row(
    0,
    'null-data',
    0,
    () => ({}),
    () => undefined,
  ),
  row(1, 'array', 'elements', (r, b) => ({ value: readElements(r, b) }), writeElements),
  row(2, 'structure', 'elements', (r, b) => ({ value: readElements(r, b) }), writeElements),
  row(
    3,
    'boolean',
    1,
    r => ({ value: r.u8('boolean') !== 0 }),
    (w, d) => void w.u8(d.value ? 1 : 0),
  ),
  row(4, 'bit-string', 'bits', r => ({ value: readBits(r) }), writeBits),
  numeric(5, 'double-long', 'i32'),
  numeric(6, 'double-long-unsigned', 'u32'),
  counted(9, 'octet-string'),
  counted(10, 'visible-string'),
  counted(12, 'utf8-string'),
  numeric(13, 'bcd', 'u8'),
  numeric(15, 'integer', 'i8'),
  numeric(16, 'long', 'i16'),
  numeric(17, 'unsigned', 'u8'),
  numeric(18, 'long-unsigned', 'u16'),
  row(
    19,
    'compact-array',
    'described',
    (r, b) => readCompactArray(r, b) as Extract<Data, { type: 'compact-array' }>,
    (w, d) => void w.bytes(d.description).octets(d.contents),
  ),
  numeric64(20, 'long64', 'i64'),
  numeric64(21, 'long64-unsigned', 'u64'),
  numeric(22, 'enum', 'u8'),
  numeric(23, 'float32', 'f32'),
  numeric(24, 'float64', 'f64'),
  fixed(25, 'date-time', 12),
  fixed(26, 'date', 5),
  fixed(27, 'time', 4),
  numeric(28, 'delta-integer', 'i8'),
  numeric(29, 'delta-long', 'i16'),
  numeric(30, 'delta-double-long', 'i32'),
  numeric(31, 'delta-unsigned', 'u8'),
  numeric(32, 'delta-long-unsigned', 'u16'),
  numeric(33, 'delta-double-long-unsigned', 'u32'),
  numeric64(34, 'delta-long64', 'i64'),
  row(
    255,
    'dont-care',
    0,
    () => ({}),
    () => undefined,
  ),
];

const BY_TAG: readonly (Row | undefined)[] = (() => {
  const rows: (Row | undefined)[] = [];
  for (const r of ROWS) rows[r.tag] = r;
  return rows;
})();
const BY_NAME = new Map<DataType, Row>(ROWS.map(r => [r.type, r]));
const UTF8 = new TextDecoder();
const COMPACT_ARRAY = 0x13;
