// How long is the APDU that begins here? For bytes without any frame: found while they come in, each byte looked at once.
// The rule of the file: a length is computed, never guessed; what cannot be an APDU is refused as early as possible.

import { DataExtent } from '../cosem/data-extent';
import { untaggedList } from '../cosem/deviating-data';
import type { Detail } from '../wire/errors';
import { badLength, berLength, tooLarge, type ByteAt } from '../wire/lengths';
import { LIMIT_BYTES } from './stream';

/** The length of one APDU, computed as its bytes arrive. */
export class ApduExtent {
  /** Once its head has been read: what follows it. */
  #data: DataExtent | null = null;

  /** Bytes needed before another look makes sense. */
  get need(): number {
    return this.#data?.need ?? 1;
  }

  /** The length, `short` when bytes are missing, or why this is no APDU. */
  measure(byte: ByteAt): number | 'short' | Detail {
    if (this.#data === null) {
      const head = headOf(byte);
      if (head === 'short' || (typeof head === 'object' && 'code' in head)) return head;
      const { at, values, kind = 'values' }: Head = typeof head === 'number' ? { at: head, values: 0 } : head;
      this.#data = new DataExtent(at, values, kind, LIMIT_BYTES);
    }
    return this.#data.measure(byte);
  }
}

/** Where the Data begin with which an APDU ends, and how many values they are. */
interface Head {
  readonly at: number;
  readonly values: number;
  readonly kind?: 'values' | 'untagged-rows';
}

/** The head of an APDU: its length for those that carry one, else how it goes on. */
function headOf(byte: ByteAt): number | Head | 'short' | Detail {
  switch (byte(0)) {
    case 0x0f: {
      const body = notificationBody(byte);
      if (typeof body !== 'number') return body;
      const untagged = untaggedList(byte, body);
      if (untagged === 'short') return 'short';
      if (untagged === null) return { at: body, values: 1 };
      return { at: untagged.at, values: untagged.count, kind: 'untagged-rows' };
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
      return at === 'short' ? 'short' : { at: at + 9, values: 1 };
    }
    case 0x18:
      return informationReport(byte);
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

function informationReport(byte: ByteAt): Head | 'short' | Detail {
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
  return { at: at + values.size, values: values.value };
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
