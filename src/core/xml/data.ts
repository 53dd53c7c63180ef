// Data in XML: one row a type. Its name in the standard form is the name of the type.

import type { Data, DataType } from '../cosem/data';
import { fromLatin1, latin1 } from '../wire/hex';
import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import { octetsSay, timeText } from './comment';
import { compactArray } from './compact-array';
import { dataName } from './data-names';
import { xmlInvalid } from './parse';
import {
  counted,
  digits,
  fields,
  leaf,
  mapped,
  nothing,
  octets,
  oneOf,
  truth,
  typed,
  upperHex,
  type Choice,
  type Member,
  type Part,
} from './part';
import { xmlCharacters, type Name } from './writer';

/** One value. */
export const data: Part<Data> = {
  write: (to, value) => values.write(to, value),
  read: from => values.read(from),
  begins: from => values.begins(from),
};

type Valued<T extends DataType> = Member<Data, T> extends { readonly value: infer V } ? V : never;
function valued<T extends DataType>(type: T, part: Part<Valued<T>>): Choice<Data> {
  // Of these types nothing but the value is to be told.
  return typed<Data, T>(type, fields({ value: part }) as unknown as Part<Omit<Member<Data, T>, 'type'>>);
}

const INTEGERS = [
  ['double-long', 4, true],
  ['double-long-unsigned', 4, false],
  ['bcd', 1, false],
  ['integer', 1, true],
  ['long', 2, true],
  ['unsigned', 1, false],
  ['long-unsigned', 2, false],
  ['enum', 1, false],
  ['delta-integer', 1, true],
  ['delta-long', 2, true],
  ['delta-double-long', 4, true],
  ['delta-unsigned', 1, false],
  ['delta-long-unsigned', 2, false],
  ['delta-double-long-unsigned', 4, false],
] as const;
const LONG_INTEGERS = [
  ['long64', true],
  ['long64-unsigned', false],
  ['delta-long64', true],
] as const;

function integer(name: Name, octets: number, signed: boolean): Part<bigint> {
  return leaf<bigint>(
    name,
    (to, value) => digits(to, value, octets),
    (from, element) => from.number(element, octets, { signed }),
  );
}

const bits = leaf<string>(
  dataName('bit-string'),
  (_, value) => value,
  (from, element) => {
    const value = from.value(element).trim();
    if (!/^[01]*$/.test(value)) throw xmlInvalid(element, `${element.name} is no row of 0 and 1`);
    return value;
  },
);

/** A number of IEEE 754 as its octets. */
function float(type: 'float32' | 'float64', length: 4 | 8, how: 'f32' | 'f64'): Part<number> {
  const part = octets(dataName(type), value => String(new Reader(value)[how](type)));
  return {
    write: (to, value) => part.write(to, new Writer(length)[how](value).toBytes()),
    read(from) {
      const element = from.next;
      const value = part.read(from);
      if (value.length !== length) throw xmlInvalid(element ?? from.parent, `${type} has ${length} octets`);
      return new Reader(value)[how](type);
    },
    begins: part.begins,
  };
}

function fixed(type: 'date-time' | 'date' | 'time', length: number): Part<Uint8Array> {
  const part = octets(dataName(type), timeText);
  return {
    write: part.write,
    read(from) {
      const element = from.next;
      const value = part.read(from);
      if (value.length !== length) throw xmlInvalid(element ?? from.parent, `${type} has ${length} octets`);
      return value;
    },
    begins: part.begins,
  };
}

/** Characters where they are some that XML can hold and that come back as the same octets, else octets. */
function text(type: 'visible-string' | 'utf8-string', decode: (o: Uint8Array) => string | null): Part<Uint8Array> {
  const called = dataName(type);
  return {
    write(to, value) {
      const characters = decode(value);
      if (characters !== null && xmlCharacters(characters)) to.leaf(called, characters);
      else to.leaf(called, upperHex(value), HEX);
    },
    read(from) {
      const element = from.take(called);
      if (element.attributes['Encoding'] === HEX) return from.octets(element);
      const characters = from.value(element);
      if (type === 'utf8-string') return ENCODER.encode(characters);
      if (/[^\u0000-\u00ff]/.test(characters)) {
        throw xmlInvalid(element, `${element.name} has characters of more than one octet`);
      }
      return fromLatin1(characters);
    },
    begins: from => from.is(called),
  };
}

/** null: these octets are no UTF-8, or are not the ones that its characters would be written as. */
function utf8(octets: Uint8Array): string | null {
  try {
    return DECODER.decode(octets);
  } catch {
    return null;
  }
}

/** How octets stand that are no text. */
const HEX = 'hex';
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const values: Part<Data> = oneOf<Data>(
  typed<Data, 'null-data'>('null-data', nothing(dataName('null-data'))),
  typed<Data, 'dont-care'>('dont-care', nothing(dataName('dont-care'))),
  valued('array', counted(dataName('array'), data)),
  valued('structure', counted(dataName('structure'), data)),
  valued('boolean', truth(dataName('boolean'), 'spelled')),
  valued('bit-string', bits),
  ...INTEGERS.map(([type, length, signed]) =>
    valued(type, mapped<number, bigint>(integer(dataName(type), length, signed), BigInt, Number)),
  ),
  ...LONG_INTEGERS.map(([type, signed]) => valued(type, integer(dataName(type), 8, signed))),
  valued('octet-string', octets(dataName('octet-string'), octetsSay)),
  valued('visible-string', text('visible-string', latin1)),
  valued('utf8-string', text('utf8-string', utf8)),
  valued('float32', float('float32', 4, 'f32')),
  valued('float64', float('float64', 8, 'f64')),
  valued('date-time', fixed('date-time', 12)),
  valued('date', fixed('date', 5)),
  valued('time', fixed('time', 4)),
  typed<Data, 'compact-array'>('compact-array', compactArray),
);
