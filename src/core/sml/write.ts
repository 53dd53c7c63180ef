// SML as a meter sends it: fields, messages, value lists; the mirror of tlv.ts and messages.ts.
// The rule of the file: what is written reads back as it was given; lengths and checks are computed, never given.

import { fcs16, kermit16, lowFirst } from '../wire/crc16';
import { concat } from '../wire/hex';
import { Writer } from '../wire/writer';
import type { SmlEntry, SmlList, SmlTime } from './messages';
import type { SmlValue } from './tlv';

/** null: absent. */
export type SmlField = null | Uint8Array | boolean | SmlNumber | readonly SmlField[];

interface SmlNumber {
  readonly value: number | bigint;
  readonly octets: number;
  readonly signed: boolean;
}

/** An unsigned number of so many octets. */
export function unsigned(value: number | bigint, octets: number): SmlNumber {
  return { value, octets, signed: false };
}

export function signed(value: number | bigint, octets: number): SmlNumber {
  return { value, octets, signed: true };
}

export function encodeField(field: SmlField): Uint8Array {
  const w = new Writer();
  writeField(w, field);
  return w.toBytes();
}

/** `transactionId` counts the messages; `check`: of the whole file. Without its end and start sequences. */
export function encodeMessage(
  transactionId: Uint8Array,
  tag: number,
  body: SmlField,
  check: 'x25' | 'kermit' = 'x25',
): Uint8Array {
  const head = Uint8Array.of(0x70 | 6);
  const parts = [transactionId, unsigned(0, 1), unsigned(0, 1), [unsigned(tag, 2), body]].map(encodeField);
  const message = concat(head, ...parts);
  const crc = check === 'kermit' ? kermit16(message) : lowFirst(fcs16(message));
  // A first octet of zero is left out.
  return concat(message, encodeField(unsigned(crc, crc < 0x100 ? 1 : 2)), Uint8Array.of(0));
}

/** 0101, open response: who sends. */
export function openBody(serverId: Uint8Array, reqFileId: Uint8Array): SmlField {
  return [null, null, reqFileId, serverId, null, null];
}

/** 0201, close response. */
export function closeBody(signature: Uint8Array | null = null): SmlField {
  return [signature];
}

/** 0701, list response. */
export function listBody(list: Omit<SmlList, 'type'>): SmlField {
  const { serverId, listName, time, entries, signature, gatewayTime = null } = list;
  return [null, serverId, listName, timeField(time), entries.map(entryField), signature, timeField(gatewayTime)];
}

export function entryField({ name, status, time, unit, scaler, value, signature }: SmlEntry): SmlField {
  return [
    name,
    status === null ? null : unsigned(status, octetsOf(status)),
    timeField(time),
    unit === null ? null : unsigned(unit, 1),
    scaler === null ? null : signed(scaler, 1),
    valueField(value),
    signature,
  ];
}

export function timeField(time: SmlTime | null): SmlField {
  if (time === null) return null;
  if (time.form === 'seconds') return [unsigned(1, 1), unsigned(time.value, 4)];
  if (time.offsetMinutes === null) return [unsigned(2, 1), unsigned(time.value, 4)];
  return [unsigned(3, 1), [unsigned(time.value, 4), signed(time.offsetMinutes, 2), signed(0, 2)]];
}

function valueField(value: SmlValue): SmlField {
  switch (value?.type) {
    case undefined:
      return null;
    case 'number':
      return value;
    case 'octets':
    case 'boolean':
      return value.value;
    case 'list':
      throw new RangeError('a list as a value is read, never written');
  }
}

function writeField(w: Writer, field: SmlField): void {
  if (field === null) w.u8(ABSENT);
  else if (typeof field === 'boolean') w.u8(0x42).u8(field ? 1 : 0);
  else if (field instanceof Uint8Array) {
    writeHeader(w, OCTETS, field.length);
    w.bytes(field);
  } else if (isList(field)) {
    writeHeader(w, LIST, field.length);
    for (const element of field) writeField(w, element);
  } else {
    writeHeader(w, field.signed ? SIGNED : UNSIGNED, field.octets);
    const wide = BigInt.asUintN(64, BigInt(field.value));
    for (let left = field.octets - 1; left >= 0; left--) w.u8(Number((wide >> BigInt(8 * left)) & 0xffn));
  }
}

/** `count`: octets behind the header, or elements. */
function writeHeader(w: Writer, type: number, count: number): void {
  let octets = 1;
  // The length of anything but a list counts the header.
  const length = (): number => (type === LIST ? count : count + octets);
  while (length() >= 16 ** octets) octets++;
  for (let left = octets - 1; left >= 0; left--) {
    const nibble = Math.floor(length() / 16 ** left) % 16;
    w.u8((left > 0 ? 0x80 : 0) | (left === octets - 1 ? type << 4 : 0) | nibble);
  }
}

function isList(field: SmlNumber | readonly SmlField[]): field is readonly SmlField[] {
  return Array.isArray(field);
}

function octetsOf(value: number | bigint): number {
  return value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1_0000_0000 ? 4 : 8;
}

const ABSENT = 0x01;
const OCTETS = 0;
const SIGNED = 5;
const UNSIGNED = 6;
const LIST = 7;
