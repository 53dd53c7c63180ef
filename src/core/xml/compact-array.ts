// The compact-array in XML: the types of its elements, then their values: rows of text in the simple form, octets in the
// standard one. The rule of the file: rows are written only where they come back as the same octets.

import {
  dataTag,
  encodeData,
  readData,
  readDescription,
  type Data,
  type DataType,
  type Description,
} from '../cosem/data';
import { isDlmsError } from '../wire/errors';
import { fromLatin1, hex, latin1 } from '../wire/hex';
import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import { octetsOf, type Cursor } from './cursor';
import { dataName, DATA_TYPES } from './data-names';
import { xmlInvalid, type XmlElement } from './parse';
import { name, number, upperHex, type Part } from './part';
import { xmlCharacters, type XmlWriter } from './writer';

type CompactArray = Omit<Extract<Data, { type: 'compact-array' }>, 'type'>;
/** As the wire has it, and as the elements have it. */
type Shape = DataType | { readonly array: number; readonly of: Shape } | { readonly structure: readonly Shape[] };

export const compactArray: Part<CompactArray> = {
  write(to, { description, contents, value }) {
    const shape = shapeOf(readDescription(new Reader(description)));
    to.open(NAME);
    to.open(DESCRIPTION);
    // Several types in a row are those of a structure.
    if (typeof shape === 'object' && 'structure' in shape && shape.structure.length > 1) {
      for (const member of shape.structure) writeShape(to, member);
    } else writeShape(to, shape);
    to.close(DESCRIPTION);
    const rows = to.simple ? rowsOf(shape, value, contents) : null;
    if (rows !== null) to.block(CONTENTS, rows);
    else to.block(CONTENTS, [upperHex(contents)], to.simple ? HEX : undefined);
    to.close(NAME);
  },
  read(from) {
    const element = from.take(NAME);
    const parts = from.enter(element);
    const described = parts.enter(parts.take(DESCRIPTION));
    const shapes: Shape[] = [];
    while (described.next !== undefined) shapes.push(readShapeOf(described));
    const shape = shapes.length === 1 ? (shapes[0] as Shape) : { structure: shapes };
    const contents = contentsOf(parts, parts.take(CONTENTS), shape);
    parts.end();
    const octets = new Writer().u8(TAG).bytes(descriptionOf(shape)).octets(contents).toBytes();
    try {
      const read = readData(new Reader(octets));
      if (read.type === 'compact-array') return read;
    } catch (cause) {
      if (!isDlmsError(cause)) throw cause;
    }
    throw xmlInvalid(element, 'the contents of the compact-array do not fit its description');
  },
  begins: from => from.is(NAME),
};

function shapeOf(description: Description): Shape {
  if ('row' in description) return description.row.type;
  if (description.type === 'array') return { array: description.count, of: shapeOf(description.of) };
  return { structure: description.of.map(shapeOf) };
}

function writeShape(to: XmlWriter, shape: Shape): void {
  if (typeof shape === 'string') return to.empty(dataName(shape));
  const called = dataName('array' in shape ? 'array' : 'structure');
  to.open(called);
  if ('array' in shape) {
    SIZE.write(to, shape.array);
    writeShape(to, shape.of);
  } else for (const member of shape.structure) writeShape(to, member);
  to.close(called);
}

function readShapeOf(from: Cursor): Shape {
  if (from.is(ARRAY)) {
    const within = from.enter(from.take(ARRAY));
    const shape = { array: SIZE.read(within), of: readShapeOf(within) };
    within.end();
    return shape;
  }
  if (from.is(STRUCTURE)) {
    const within = from.enter(from.take(STRUCTURE));
    const members: Shape[] = [];
    while (within.next !== undefined) members.push(readShapeOf(within));
    return { structure: members };
  }
  const type = SCALARS.find(t => from.is(dataName(t)));
  const element = from.takeAny();
  if (type === undefined) throw xmlInvalid(element, `${element.name} is no type of an element`);
  from.enter(element).end();
  return type;
}

function descriptionOf(shape: Shape): Uint8Array {
  if (typeof shape === 'string') return Uint8Array.of(dataTag(shape));
  if ('array' in shape) return new Writer().u8(1).u16(shape.array).bytes(descriptionOf(shape.of)).toBytes();
  const w = new Writer().u8(2).length(shape.structure.length);
  for (const member of shape.structure) w.bytes(descriptionOf(member));
  return w.toBytes();
}

/** A line an element where that is a structure, else all elements in one; null: they cannot be told as text. */
function rowsOf(shape: Shape, elements: readonly Data[], contents: Uint8Array): string[] | null {
  const columns = columnsOf(shape);
  if (columns === null || elements.length === 0) return null;
  const rows: string[] = [];
  for (const element of elements) {
    const cells = (element.type === 'structure' ? element.value : [element]).map(cellOf);
    if (cells.includes(null)) return null;
    rows.push(cells.join(';'));
  }
  const lines = typeof shape === 'string' ? [rows.join(';')] : rows;
  const back = xmlCharacters(lines.join('')) ? octetsOfRows(lines.join('\n'), shape, columns) : null;
  return back !== null && hex(back) === hex(contents) ? lines : null;
}

function columnsOf(shape: Shape): readonly DataType[] | null {
  if (typeof shape === 'string') return [shape];
  if ('array' in shape || shape.structure.some(s => typeof s !== 'string')) return null;
  return shape.structure as readonly DataType[];
}

function cellOf(data: Data): string | null {
  if (!('value' in data)) return null;
  switch (data.type) {
    case 'octet-string':
      return upperHex(data.value).replace(/..(?=.)/g, '$& ');
    case 'visible-string':
      return latin1(data.value);
    default:
      return ['number', 'bigint', 'boolean'].includes(typeof data.value) && !data.type.startsWith('float')
        ? String(data.value)
        : null;
  }
}

function contentsOf(from: Cursor, element: XmlElement, shape: Shape): Uint8Array {
  const text = from.value(element);
  if (!from.simple || element.attributes['Encoding'] === HEX) {
    return octetsOf(text, () => xmlInvalid(element, `${element.name} is no even number of hex digits`));
  }
  const columns = columnsOf(shape);
  const octets = columns === null ? null : octetsOfRows(text, shape, columns);
  if (octets === null) throw xmlInvalid(element, 'the rows do not fit the description');
  return octets;
}

function octetsOfRows(text: string, shape: Shape, columns: readonly DataType[]): Uint8Array | null {
  const lines = text.split('\n').map(line => line.trim());
  const rows = lines.filter((line, i) => line !== '' || (i > 0 && i < lines.length - 1)).map(line => line.split(';'));
  const w = new Writer();
  for (const cells of rows) {
    if (typeof shape !== 'string' && cells.length !== columns.length) return null;
    for (const [i, cell] of cells.entries()) {
      const data = valueOf(columns[i % columns.length] as DataType, cell);
      if (data === null) return null;
      w.bytes(encodeData(data).subarray(1));
    }
  }
  return w.toBytes();
}

function valueOf(type: DataType, cell: string): Data | null {
  if (type === 'visible-string') return /^[\u0000-\u00ff]*$/.test(cell) ? { type, value: fromLatin1(cell) } : null;
  if (type === 'octet-string') {
    return /^(\s*[0-9a-f]{2})*\s*$/i.test(cell) ? { type, value: octetsOf(cell, () => new RangeError(cell)) } : null;
  }
  if (type === 'boolean') return /^(true|false)$/i.test(cell) ? { type, value: cell.toLowerCase() === 'true' } : null;
  const range = RANGES[type];
  if (range === undefined || !/^-?\d{1,20}$/.test(cell)) return null;
  const value = BigInt(cell);
  if (value < range[0] || value >= range[1]) return null;
  // The table of ranges has whole numbers only: 64-bit ones stay BigInt.
  return { type, value: type.includes('long64') ? value : Number(value) } as Data;
}

const NAME = dataName('compact-array');
const ARRAY = dataName('array');
const STRUCTURE = dataName('structure');
const DESCRIPTION = name('ContentsDescription', 'contents-description');
const CONTENTS = name('ArrayContents', 'array-contents');
const SIZE = number(name('NumberOfElements', 'number-of-elements'), 2);
/** What an element can be that holds no others. */
const SCALARS = DATA_TYPES.filter(type => !['array', 'structure', 'compact-array'].includes(type));
const TAG = 0x13;
const HEX = 'hex';

const signed = (bits: bigint): readonly [bigint, bigint] => [-(1n << (bits - 1n)), 1n << (bits - 1n)];
const unsigned = (bits: bigint): readonly [bigint, bigint] => [0n, 1n << bits];
const RANGES: Readonly<Partial<Record<DataType, readonly [bigint, bigint]>>> = {
  bcd: unsigned(8n),
  enum: unsigned(8n),
  integer: signed(8n),
  long: signed(16n),
  'double-long': signed(32n),
  long64: signed(64n),
  unsigned: unsigned(8n),
  'long-unsigned': unsigned(16n),
  'double-long-unsigned': unsigned(32n),
  'long64-unsigned': unsigned(64n),
  'delta-integer': signed(8n),
  'delta-long': signed(16n),
  'delta-double-long': signed(32n),
  'delta-long64': signed(64n),
  'delta-unsigned': unsigned(8n),
  'delta-long-unsigned': unsigned(16n),
  'delta-double-long-unsigned': unsigned(32n),
};
