// How long is the APDU that begins here? For bytes without any frame: found while they come in, each byte looked at once.
// The rule of the file: a length is computed, never guessed; what cannot be an APDU is refused as early as possible.

import type { Detail } from '../wire/errors';

/** The byte at an index, -1 beyond what has come. */
export type ByteAt = (index: number) => number;

/** The length of one APDU, computed as its bytes arrive. */
export class ApduExtent {
  /** Everything before is accounted for. */
  #at = 0;
  #phase: 'head' | 'data' | 'done' = 'head';
  /** Data values still to come, innermost last. */
  readonly #open: { left: number; kind: Container }[] = [];
  #elements = 0;

  /** Bytes needed before another look makes sense. */
  get need(): number {
    return this.#phase === 'done' ? this.#at : this.#at + 1;
  }

  /** The length, `short` when bytes are missing, or why this is no APDU. */
  measure(byte: ByteAt): number | 'short' | Detail {
    if (this.#phase === 'head') {
      const head = headOf(byte, this.#open);
      if (typeof head === 'object' || head === 'short') return head;
      this.#at = head;
      this.#phase = this.#open.length > 0 ? 'data' : 'done';
    }
    while (this.#phase === 'data') {
      if (this.#at > LIMIT_BYTES) return tooLarge('apdu', LIMIT_BYTES, this.#at);
      const moved = this.#value(byte);
      if (moved !== true) return moved;
      while (this.#open.length > 0 && this.#open[this.#open.length - 1]?.left === 0) this.#open.pop();
      if (this.#open.length === 0) this.#phase = 'done';
    }
    if (this.#at > LIMIT_BYTES) return tooLarge('apdu', LIMIT_BYTES, this.#at);
    return byte(this.#at - 1) === -1 ? 'short' : this.#at;
  }

  /** Steps over one value, or into one. */
  #value(byte: ByteAt): true | 'short' | Detail {
    const container = this.#open[this.#open.length - 1] as { left: number; kind: Container };
    const tag = byte(this.#at);
    if (tag === -1) return 'short';
    if (container.kind === 'untagged-list' && tag === 2) {
      // structure(2) of a descriptor without tags (class 2, logical name 6, attribute 1 octets) and a value
      if (byte(this.#at + 1) === -1) return 'short';
      container.left--;
      this.#at += 2 + 9;
      this.#open.push({ left: 1, kind: 'values' });
      return true;
    }
    if (tag === 6 && container.kind === 'structure' && byte(this.#at + 1) === 9) {
      // Landis+Gyr ZMF100: 06 09 instead of 09 06 in front of a logical name; read as a number, tag 07 or 08 would follow.
      const d = byte(this.#at + 5);
      const f = byte(this.#at + 7);
      if (f === -1) return 'short';
      if ((d === 7 || d === 8) && f === 0xff) return this.#skip(container, 8);
    }
    const size = DATA_SIZE[tag];
    if (size === undefined) {
      return {
        code: 'WIRE_INVALID',
        field: 'data tag',
        value: tag,
        expected: 'a type of the Data CHOICE',
        offset: this.#at,
      };
    }
    if (size >= 0) return this.#skip(container, 1 + size);
    if (tag === 0x13) return this.#compactArray(byte, container);
    const length = berLength(byte, this.#at + 1);
    if (length === 'short') return 'short';
    if (length === 'no') return badLength(this.#at + 1);
    if (length.value > LIMIT_BYTES) return tooLarge('data', LIMIT_BYTES, length.value);
    if (size === SIZE_OCTETS) return this.#skip(container, 1 + length.size + length.value);
    if (size === SIZE_BITS) return this.#skip(container, 1 + length.size + Math.ceil(length.value / 8));
    this.#skip(container, 1 + length.size);
    this.#elements += length.value;
    if (this.#elements > LIMIT_BYTES) return tooLarge('data elements', LIMIT_BYTES, this.#elements);
    if (this.#open.length >= LIMIT_DEPTH) return tooLarge('data depth', LIMIT_DEPTH, this.#open.length + 1);
    this.#open.push({ left: length.value, kind: tag === 2 ? 'structure' : 'values' });
    return true;
  }

  #skip(container: { left: number }, octets: number): true {
    container.left--;
    this.#at += octets;
    return true;
  }

  /** A type description, then a length and that many octets. */
  #compactArray(byte: ByteAt, container: { left: number }): true | 'short' | Detail {
    let at = this.#at + 1;
    for (let types = 1; types > 0; types--) {
      const tag = byte(at);
      if (tag === -1) return 'short';
      at++;
      if (tag === 1) {
        at += 2;
        types++;
      } else if (tag === 2) {
        const count = berLength(byte, at);
        if (count === 'short') return 'short';
        if (count === 'no') return badLength(at);
        if (count.value > LIMIT_BYTES) return tooLarge('data elements', LIMIT_BYTES, count.value);
        at += count.size;
        types += count.value;
      }
    }
    const length = berLength(byte, at);
    if (length === 'short') return 'short';
    if (length === 'no') return badLength(at);
    return this.#skip(container, at + length.size + length.value - this.#at);
  }
}

/**
 * The head of an APDU: its length for those that carry one; for those that end with Data the place where it begins, and
 * then what is expected there in `open`.
 */
function headOf(byte: ByteAt, open: { left: number; kind: Container }[]): number | 'short' | Detail {
  switch (byte(0)) {
    case 0x0f: {
      const body = notificationBody(byte);
      if (typeof body !== 'number') return body;
      const untagged = untaggedList(byte, body);
      if (untagged === 'short') return 'short';
      if (untagged === null) open.push({ left: 1, kind: 'values' });
      else {
        open.push({ left: untagged.count, kind: 'untagged-list' });
        return untagged.at;
      }
      return body;
    }
    case 0xdb:
    case 0xdc: {
      const title = byte(1);
      return title === -1 ? 'short' : lengthAt(byte, 2 + title);
    }
    case 0xdd:
      return generalCiphering(byte);
    case 0xe0:
      return lengthAt(byte, 6);
    case 0x38:
    case 0x58:
    case 0xca:
    case 0xd2:
      return lengthAt(byte, 1);
    case 0xc2: {
      const at = optionalOctets(byte, 1);
      if (at === 'short') return 'short';
      open.push({ left: 1, kind: 'values' });
      return at + 9;
    }
    case 0x18:
      return informationReport(byte, open);
    default:
      return {
        code: 'WIRE_INVALID',
        field: 'apdu tag',
        value: byte(0),
        expected: 'an APDU that meters push',
        offset: 0,
      };
  }
}

/** Offset of the body: after the long invoke id and the date-time in any of its forms. */
function notificationBody(byte: ByteAt): number | 'short' | Detail {
  const first = byte(5);
  if (first === -1) return 'short';
  if (first === 0x19) return 6 + 12;
  if (first === 0x09) return byte(6) === -1 ? 'short' : 7 + byte(6);
  if (first <= 0x0c) return 6 + first;
  return { code: 'WIRE_INVALID', field: 'date-time', value: first, expected: 'absent or 12 octets', offset: 5 };
}

/**
 * Sagemcom XT211 (Czech): structure(2){ enum, array of structure(2){ descriptor without tags, value } }, or the array alone.
 * Where a tagged list would have a type, this one has the high octet of a class id, and the logical name ends with 255.
 */
export function untaggedList(byte: ByteAt, body: number): { at: number; count: number } | 'short' | null {
  let list = body;
  if (byte(body) === 2) {
    for (const [i, wanted] of [2, 0x16].entries()) {
      const b = byte(body + 1 + i);
      if (b === -1) return 'short';
      if (b !== wanted) return null;
    }
    list = body + 4;
  }
  const tag = byte(list);
  if (tag === -1) return 'short';
  if (tag !== 1) return null;
  const count = berLength(byte, list + 1);
  if (count === 'short') return 'short';
  if (count === 'no' || count.value === 0) return null;
  const at = list + 1 + count.size;
  for (const [i, wanted] of [2, 2, 0].entries()) {
    const b = byte(at + i);
    if (b === -1) return 'short';
    if (b !== wanted) return null;
  }
  const end = byte(at + 9);
  if (end === -1) return 'short';
  return end === 0xff ? { at, count: count.value } : null;
}

function informationReport(byte: ByteAt, open: { left: number; kind: Container }[]): number | 'short' | Detail {
  const start = optionalOctets(byte, 1);
  if (start === 'short') return 'short';
  const names = berLength(byte, start);
  if (names === 'short') return 'short';
  if (names === 'no') return badLength(start);
  let at = start + names.size;
  for (let i = 0; i < names.value; i++) {
    if (i > 255) return tooLarge('variable names', 255, names.value);
    const form = byte(at);
    if (form === -1) return 'short';
    // variable-name 2, parameterised-access 4: name, selector and its parameters; the latter is not pushed.
    if (form !== 2) {
      return { code: 'WIRE_INVALID', field: 'variable-access-specification', value: form, expected: '2', offset: at };
    }
    at += 3;
  }
  const values = berLength(byte, at);
  if (values === 'short') return 'short';
  if (values === 'no') return badLength(at);
  if (values.value > 255) return tooLarge('values', 255, values.value);
  if (values.value > 0) open.push({ left: values.value, kind: 'values' });
  return at + values.size;
}

function generalCiphering(byte: ByteAt): number | 'short' | Detail {
  let at = 1;
  for (let i = 0; i < 5; i++) {
    const next = lengthAt(byte, at);
    if (typeof next !== 'number') return next;
    at = next;
  }
  const present = byte(at);
  if (present === -1) return 'short';
  at++;
  if (present !== 0) {
    const choice = byte(at);
    if (choice === -1) return 'short';
    at++;
    if (choice < 2) at++;
    for (let strings = choice; strings > 0; strings--) {
      const next = lengthAt(byte, at);
      if (typeof next !== 'number') return next;
      at = next;
    }
  }
  return lengthAt(byte, at);
}

/** End of the octets whose length stands at `at`. */
function lengthAt(byte: ByteAt, at: number): number | 'short' | Detail {
  const length = berLength(byte, at);
  if (length === 'short') return 'short';
  if (length === 'no') return badLength(at);
  return length.value > LIMIT_BYTES ? tooLarge('apdu', LIMIT_BYTES, length.value) : at + length.size + length.value;
}

function optionalOctets(byte: ByteAt, at: number): number | 'short' {
  const present = byte(at);
  if (present === -1) return 'short';
  if (present === 0) return at + 1;
  const size = byte(at + 1);
  return size === -1 ? 'short' : at + 2 + size;
}

export function berLength(byte: ByteAt, at: number): { value: number; size: number } | 'short' | 'no' {
  const first = byte(at);
  if (first === -1) return 'short';
  if (first < 0x80) return { value: first, size: 1 };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4) return 'no';
  let value = 0;
  for (let i = 1; i <= octets; i++) {
    const b = byte(at + i);
    if (b === -1) return 'short';
    value = value * 256 + b;
  }
  return { value, size: 1 + octets };
}

function badLength(offset: number): Detail {
  return {
    code: 'WIRE_INVALID',
    field: 'length',
    value: '80 or above 84',
    expected: 'a length of at most four octets',
    offset,
  };
}

function tooLarge(what: string, limit: number, actual: number): Detail {
  return { code: 'LIMIT_EXCEEDED', what, limit, actual };
}

type Container = 'values' | 'structure' | 'untagged-list';

/** The largest APDU without a frame around it. */
export const LIMIT_BYTES = 65_536;
const LIMIT_DEPTH = 32;
const SIZE_OCTETS = -1;
const SIZE_BITS = -2;
const SIZE_ELEMENTS = -3;
/** Octets after the tag; negative where a length follows. */
export const DATA_SIZE: readonly (number | undefined)[] = (() => {
  const sizes: (number | undefined)[] = [];
  const row = (size: number, ...tags: readonly number[]): void => {
    for (const tag of tags) sizes[tag] = size;
  };
  row(0, 0, 255);
  row(1, 3, 13, 15, 17, 22, 28, 31);
  row(2, 16, 18, 29, 32);
  row(4, 5, 6, 23, 27, 30, 33);
  row(5, 26);
  row(8, 20, 21, 24, 34);
  row(12, 25);
  row(SIZE_OCTETS, 9, 10, 12);
  row(SIZE_BITS, 4);
  row(SIZE_ELEMENTS, 1, 2, 0x13);
  return sizes;
})();
