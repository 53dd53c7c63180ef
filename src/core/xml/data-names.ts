// What the types of Data are called: in the standard form as they are, in the simple form by this table.

import type { DataType } from '../cosem/data';
import { name } from './part';
import type { Name } from './writer';

/** What the types are called in the simple form. */
const DATA_NAMES = {
  'null-data': 'None',
  array: 'Array',
  structure: 'Structure',
  boolean: 'Boolean',
  'bit-string': 'BitString',
  'double-long': 'Int32',
  'double-long-unsigned': 'UInt32',
  'octet-string': 'OctetString',
  'visible-string': 'String',
  'utf8-string': 'StringUTF8',
  bcd: 'BCD',
  integer: 'Int8',
  long: 'Int16',
  unsigned: 'UInt8',
  'long-unsigned': 'UInt16',
  'compact-array': 'CompactArray',
  long64: 'Int64',
  'long64-unsigned': 'UInt64',
  enum: 'Enum',
  float32: 'Float32',
  float64: 'Float64',
  'date-time': 'DateTime',
  date: 'Date',
  time: 'Time',
  'delta-integer': 'DeltaInt8',
  'delta-long': 'DeltaInt16',
  'delta-double-long': 'DeltaInt32',
  'delta-unsigned': 'DeltaUInt8',
  'delta-long-unsigned': 'DeltaUInt16',
  'delta-double-long-unsigned': 'DeltaUInt32',
  'delta-long64': 'DeltaInt64',
  'dont-care': 'DontCare',
} as const satisfies Record<DataType, string>;

export function dataName(type: DataType): Name {
  return name(DATA_NAMES[type], type);
}

// Object.keys forgets what it knows: the keys of the table are the types.
export const DATA_TYPES = Object.keys(DATA_NAMES) as readonly DataType[];
