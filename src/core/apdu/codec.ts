// How one alternative of the APDU grammar is declared: its type, the octets it begins with, read and write side by side.
// The rule of the file: a count from outside is checked against the octets that are left before anything is built.

import { readData, writeData, type Data } from '../cosem/data';
import { DlmsError } from '../wire/errors';
import type { Reader } from '../wire/reader';
import type { Writer } from '../wire/writer';

/** Read and write of one thing; what `write` gives, `read` takes. */
export interface Codec<T> {
  readonly read: (r: Reader) => T;
  readonly write: (w: Writer, value: T) => void;
}

/** One message of the grammar; `prefix` is its tag and, where the service has several forms, the choice octet. */
export interface Alternative<T extends { readonly type: string }> extends Codec<T> {
  readonly type: T['type'];
  readonly prefix: readonly number[];
}

/** `codec` reads and writes what follows the prefix. */
export function alternative<T extends { readonly type: string }>(
  type: T['type'],
  prefix: readonly number[],
  codec: { readonly read: (r: Reader) => Omit<T, 'type'>; readonly write: (w: Writer, value: Omit<T, 'type'>) => void },
): Alternative<T> {
  // Omit<T, 'type'> & { type } is T for the interfaces of this folder, none of which is a union.
  return { type, prefix, read: r => ({ type, ...codec.read(r) }) as unknown as T, write: codec.write };
}

/** OPTIONAL in A-XDR: 00 absent, anything else present. */
export function optional<T>(r: Reader, field: string, read: (r: Reader) => T): T | null {
  return r.u8(`${field} usage flag`) === 0 ? null : read(r);
}

export function writeOptional<T>(w: Writer, value: T | null, write: (w: Writer, value: T) => void): void {
  if (value === null) w.u8(0);
  else write(w.u8(1), value);
}

/** SEQUENCE OF: a count, then the elements. Throws WIRE_TRUNCATED where the count cannot be met. */
export function sequenceOf<T>(r: Reader, field: string, read: (r: Reader) => T): T[] {
  const count = r.length(`${field} count`);
  if (count > r.remaining) {
    throw new DlmsError({ code: 'WIRE_TRUNCATED', field, need: count, have: r.remaining, offset: r.offset });
  }
  const elements: T[] = [];
  for (let i = 0; i < count; i++) elements.push(read(r));
  return elements;
}

export function writeSequence<T>(w: Writer, elements: readonly T[], write: (w: Writer, element: T) => void): void {
  w.length(elements.length);
  for (const element of elements) write(w, element);
}

/** OCTET STRING of any length. */
export function readOctets(r: Reader, field: string): Uint8Array {
  return r.take(r.length(`${field} length`), field);
}

/** What an attribute is: class, logical name (six octets), attribute index. */
export interface AttributeDescriptor {
  readonly classId: number;
  readonly instance: Uint8Array;
  readonly attribute: number;
}

/** What a method is: class, logical name (six octets), method index. */
export interface MethodDescriptor {
  readonly classId: number;
  readonly instance: Uint8Array;
  readonly method: number;
}

/** A part of an attribute: profile generic knows 1 (range) and 2 (entry). IEC 62056-6-2. */
export interface SelectiveAccess {
  readonly selector: number;
  readonly parameters: Data;
}

export interface AttributeWithSelection {
  readonly attribute: AttributeDescriptor;
  readonly access: SelectiveAccess | null;
}

/** Get-Data-Result: the value, or the data-access-result that stands in its place (words: result-words.ts). */
export type GetDataResult =
  { readonly ok: true; readonly data: Data } | { readonly ok: false; readonly result: number };

/** DataBlock-SA: a part of an encoded value. */
export interface DataBlock {
  readonly last: boolean;
  readonly block: number;
  readonly raw: Uint8Array;
}

export const attributeDescriptor: Codec<AttributeDescriptor> = {
  read: r => ({
    classId: r.u16('class-id'),
    instance: r.take(6, 'instance-id'),
    attribute: r.i8('attribute-id'),
  }),
  write: (w, v) => void w.u16(v.classId).bytes(v.instance).i8(v.attribute),
};

export const methodDescriptor: Codec<MethodDescriptor> = {
  read: r => ({ classId: r.u16('class-id'), instance: r.take(6, 'instance-id'), method: r.i8('method-id') }),
  write: (w, v) => void w.u16(v.classId).bytes(v.instance).i8(v.method),
};

export const selectiveAccess: Codec<SelectiveAccess> = {
  read: r => ({ selector: r.u8('access-selector'), parameters: readData(r) }),
  write: (w, v) => writeData(w.u8(v.selector), v.parameters),
};

export const attributeWithSelection: Codec<AttributeWithSelection> = {
  read: r => ({
    attribute: attributeDescriptor.read(r),
    access: optional(r, 'access-selection', selectiveAccess.read),
  }),
  write: (w, v) => {
    attributeDescriptor.write(w, v.attribute);
    writeOptional(w, v.access, selectiveAccess.write);
  },
};

export const getDataResult: Codec<GetDataResult> = {
  read: r => {
    const choice = r.u8('get-data-result');
    if (choice === 0) return { ok: true, data: readData(r) };
    if (choice === 1) return { ok: false, result: r.u8('data-access-result') };
    return r.invalid('get-data-result', choice, 'data (0) or data-access-result (1)');
  },
  write: (w, v) => {
    if (v.ok) writeData(w.u8(0), v.data);
    else w.u8(1).u8(v.result);
  },
};

export const dataBlock: Codec<DataBlock> = {
  read: r => ({
    last: r.u8('last-block') !== 0,
    block: r.u32('block-number'),
    raw: readOctets(r, 'raw-data'),
  }),
  write: (w, v) =>
    void w
      .u8(v.last ? 1 : 0)
      .u32(v.block)
      .octets(v.raw),
};
