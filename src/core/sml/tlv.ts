// Type-length fields, the grammar under all SML. BSI TR-03109-1, annex IV b, 6.
// The rule of the file: each field is asked for by name and kind, a length is believed only as far as there are bytes, and no
// list is built before its elements are read.

import { spelled } from '../cosem/spelled';
import { DlmsError } from '../wire/errors';
import { hex, latin1 } from '../wire/hex';

/** A value of any kind. Numbers that a double cannot hold exactly are bigints. */
export type SmlValue =
  | {
      readonly type: 'number';
      readonly value: number | bigint;
      /** Of how many octets. */ readonly octets: number;
      readonly signed: boolean;
    }
  | { readonly type: 'octets'; readonly value: Uint8Array }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** As encoded. */
  | { readonly type: 'list'; readonly encoded: Uint8Array }
  | null;

/** A cursor over fields. Throws WIRE_TRUNCATED, WIRE_INVALID and LIMIT_EXCEEDED that name SML and the field. */
export class SmlReader {
  readonly #view: DataView;
  /** Of the field whose TL was read last: type in bits 6 to 4, and octets or elements behind it. */
  #type = 0;
  #count = 0;

  constructor(
    readonly bytes: Uint8Array,
    public offset = 0,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** The next octet, -1 at the end. */
  peek(): number {
    return this.bytes[this.offset] ?? -1;
  }

  /** Takes an absent optional field (01); false where something else stands. */
  absent(): boolean {
    if (this.bytes[this.offset] !== ABSENT) return false;
    this.offset++;
    return true;
  }

  /** Number of elements; at least `least`, and no more than there are bytes for. */
  list(field: string, least: number, most = Infinity): number {
    this.#header(field);
    if (this.#type !== LIST) return this.#wrong(field, 'a list');
    if (this.#count < least || this.#count > most) {
      return this.#wrong(
        field,
        most === Infinity ? `a list of ${least} elements or more` : `a list of ${least} elements`,
      );
    }
    return this.#count;
  }

  octets(field: string): Uint8Array {
    this.#header(field);
    if (this.#type !== OCTETS) return this.#wrong(field, 'a string of octets');
    return this.#take(this.#count);
  }

  optionalOctets(field: string): Uint8Array | null {
    return this.absent() ? null : this.octets(field);
  }

  /** Octets that nobody asks for. */
  skipOctets(field: string): void {
    this.#header(field);
    if (this.#type !== OCTETS) this.#wrong(field, 'a string of octets');
    this.offset += this.#count;
  }

  /** The octets of a name: those that are known of it where it has six, because a copy of each would be made again and again. */
  name(field: string): Uint8Array {
    this.#header(field);
    if (this.#type !== OCTETS) return this.#wrong(field, 'a string of octets');
    return this.#count === 6 ? spelled(this.bytes, this.#advance(6)).obis.bytes : this.#take(this.#count);
  }

  /** An unsigned number that fits into a double. */
  unsigned(field: string): number {
    const value = this.#number(field, UNSIGNED);
    return typeof value === 'bigint' ? this.#wrong(field, 'a number below 2^53') : value;
  }

  /** Of 64 bits; for status words. */
  unsigned64(field: string): number | bigint {
    return this.#number(field, UNSIGNED);
  }

  signed(field: string): number {
    const value = this.#number(field, SIGNED);
    return typeof value === 'bigint' ? this.#wrong(field, 'a number below 2^53') : value;
  }

  get nextIsList(): boolean {
    return ((this.peek() >> 4) & 7) === LIST;
  }

  /** Any value; a list is skipped and handed out as it is encoded. */
  value(field: string): SmlValue {
    if (this.absent()) return null;
    const from = this.offset;
    this.#header(field);
    const octets = this.#count;
    switch (this.#type) {
      case OCTETS:
        return { type: 'octets', value: this.#take(octets) };
      case BOOLEAN:
        return { type: 'boolean', value: this.#take(octets)[0] !== 0 };
      case LIST:
        this.#skipElements(octets, 1);
        return { type: 'list', encoded: this.bytes.subarray(from, this.offset) };
      default: {
        const signed = this.#type === SIGNED;
        return { type: 'number', value: signed ? this.#signed(octets) : this.#unsigned(octets), octets, signed };
      }
    }
  }

  /** Any field, whatever it is. */
  skip(field: string): void {
    this.#header(field);
    if (this.#type === LIST) this.#skipElements(this.#count, 1);
    else this.offset += this.#count;
  }

  #skipElements(count: number, depth: number): void {
    if (depth > DEPTH_LIMIT) {
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'SML lists in lists', limit: DEPTH_LIMIT, actual: depth });
    }
    for (let i = 0; i < count; i++) {
      this.#header('SML element');
      if (this.#type === LIST) this.#skipElements(this.#count, depth + 1);
      else this.offset += this.#count;
    }
  }

  #number(field: string, type: number): number | bigint {
    this.#header(field);
    if (this.#type !== type) return this.#wrong(field, type === SIGNED ? 'a signed number' : 'an unsigned number');
    return type === SIGNED ? this.#signed(this.#count) : this.#unsigned(this.#count);
  }

  #unsigned(octets: number): number | bigint {
    const { bytes } = this;
    if (octets === 8) {
      const at = this.#advance(8);
      const high = this.#view.getUint32(at);
      return high <= SAFE_HIGH ? high * TWO_32 + this.#view.getUint32(at + 4) : this.#view.getBigUint64(at);
    }
    let value = 0;
    for (const end = this.offset + octets; this.offset < end; this.offset++) {
      value = value * 256 + (bytes[this.offset] as number);
    }
    return value <= Number.MAX_SAFE_INTEGER ? value : BigInt.asUintN(56, this.#wide(octets));
  }

  #signed(octets: number): number | bigint {
    const { bytes } = this;
    if (octets === 8) {
      const at = this.#advance(8);
      const high = this.#view.getInt32(at);
      const safe = high <= SAFE_HIGH && high >= -SAFE_HIGH;
      return safe ? high * TWO_32 + this.#view.getUint32(at + 4) : this.#view.getBigInt64(at);
    }
    let value = ((bytes[this.offset] as number) << 24) >> 24;
    for (const end = this.offset++ + octets; this.offset < end; this.offset++) {
      value = value * 256 + (bytes[this.offset] as number);
    }
    return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : BigInt.asIntN(56, this.#wide(octets));
  }

  /** The number of seven octets just taken, once more. */
  #wide(octets: number): bigint {
    return BigInt(`0x${hex(this.bytes.subarray(this.offset - octets, this.offset))}`);
  }

  /** Type and length of the next field; afterwards its octets are known to be there. */
  #header(field: string): void {
    const { bytes, offset } = this;
    const tl = offset < bytes.length ? (bytes[offset] as number) : MORE;
    const count = COUNTS[tl] as number;
    if (count >= bytes.length - offset) return this.#anyHeader(field);
    this.#type = tl >> 4;
    this.#count = count;
    this.offset = offset + 1;
  }

  /** One that is longer than an octet, or wrong, or the last. */
  #anyHeader(field: string): void {
    const { bytes } = this;
    const from = this.offset;
    let tl = bytes[this.offset++];
    if (tl === undefined) return this.#short(field, 1, from);
    const type = (tl >> 4) & 7;
    let length = tl & 0x0f;
    while ((tl & MORE) !== 0) {
      tl = bytes[this.offset++];
      if (tl === undefined) return this.#short(field, 1, this.offset - 1);
      if ((tl & 0x70) !== 0) return this.#invalid(field, hex(bytes.subarray(from, this.offset)), 'a type and length');
      length = length * 16 + (tl & 0x0f);
      if (length > LENGTH_LIMIT) {
        throw new DlmsError({
          code: 'LIMIT_EXCEEDED',
          what: `length of ${field}`,
          limit: LENGTH_LIMIT,
          actual: length,
        });
      }
    }
    this.#type = type;
    if (type === LIST) {
      this.#count = length;
      // Each element has one octet at least.
      if (length > bytes.length - this.offset) this.#short(field, length, this.offset);
      return;
    }
    const octets = length - (this.offset - from);
    this.#count = octets;
    if (!isKnown(type, octets)) this.#invalid(field, hex(bytes.subarray(from, this.offset)), KINDS);
    if (octets > bytes.length - this.offset) this.#short(field, octets, this.offset);
  }

  #take(octets: number): Uint8Array {
    const at = this.#advance(octets);
    return this.bytes.subarray(at, at + octets);
  }

  #advance(octets: number): number {
    const at = this.offset;
    this.offset += octets;
    return at;
  }

  #wrong(field: string, expected: string): never {
    return this.#invalid(field, `type ${this.#type} with ${this.#count}`, expected);
  }

  #short(field: string, need: number, offset: number): never {
    throw new DlmsError({ code: 'WIRE_TRUNCATED', field, need, have: this.bytes.length - offset, offset });
  }

  /** Throws WIRE_INVALID for the field just read. */
  #invalid(field: string, value: string, expected: string): never {
    throw new DlmsError({ code: 'WIRE_INVALID', field, value, expected, offset: this.offset });
  }
}

/** Printable ASCII as text, anything else in hex. */
export function textOrHex(octets: Uint8Array): string {
  for (const octet of octets) if (octet < 0x20 || octet > 0x7e) return hex(octets);
  return latin1(octets);
}

function isKnown(type: number, octets: number): boolean {
  if (type === OCTETS) return octets >= 0;
  return type === BOOLEAN ? octets === 1 : (type === SIGNED || type === UNSIGNED) && octets >= 1 && octets <= 8;
}

const ABSENT = 0x01;
const MORE = 0x80;
const OCTETS = 0;
const BOOLEAN = 4;
const SIGNED = 5;
const UNSIGNED = 6;
const LIST = 7;
const KINDS = 'octets, a truth value of one octet, a number of one to eight octets, or a list';
const DEPTH_LIMIT = 16;
const LENGTH_LIMIT = 65_536;
const TWO_32 = 2 ** 32;
const NEVER = 0x3fffffff;
/** The upper half of the largest integer that a double holds exactly. */
const SAFE_HIGH = 0x1fffff;
/** How many octets or elements follow a TL of one octet; more than ever come for any other. */
const COUNTS = Int32Array.from({ length: 256 }, (_, tl) => {
  const count = tl >> 4 === LIST ? tl & 0x0f : (tl & 0x0f) - 1;
  return tl >> 4 === LIST || isKnown(tl >> 4, count) ? count : NEVER;
});
