// A batch of records around telegrams, as the Tibber Pulse publishes it: a protobuf message of records that hold their octets as
// they are or as parts of one zlib stream (github.com/iotux/ElWiz, issue 29; a Landis+Gyr E360 in Sweden).
// The rule of the file: it is only looked for where nothing else has begun, and what is damaged in it is told, never left out.

import { DlmsError } from '../wire/errors';
import { concat } from '../wire/hex';
import { Reader } from '../wire/reader';
import { ReceiveBuffer } from '../wire/receive-buffer';

/** Opens one part of a raw deflate stream whose output so far was `before`; it lives outside, since the core has no zlib. */
export type Inflate = (
  part: Uint8Array,
  before: Uint8Array,
  limit: number,
) => { readonly output: Uint8Array; readonly used: number } | 'damaged' | 'too long';

/** Octets for a decoder, `record` where they were one record of a batch; or what was wrong with a record. */
export type Unpacked =
  { readonly bytes: Uint8Array; readonly record: boolean } | { readonly error: DlmsError; readonly bytes: Uint8Array };

/** The batches in the bytes of one source. Layout: {1: number, 3: version, 2: record {1: time, 2: kind, 3: octets, 4: length}}. */
export class RecordBatches {
  readonly #held = new ReceiveBuffer(LIMIT_HELD);
  /** Below this many held octets another look finds nothing new. <= LIMIT_HELD */
  #need = 0;
  #stream: Stream | null = null;
  /** In the middle of a batch whose head has been taken. */
  #open = false;

  constructor(private readonly inflate: Inflate) {}

  /** Bytes wait for more. */
  get waits(): boolean {
    return this.#held.length > 0;
  }

  /** `idle`: nothing of a telegram waits in the decoder behind. */
  receive(bytes: Uint8Array, idle: boolean): readonly Unpacked[] {
    const out: Unpacked[] = [];
    if (bytes.length === 0) return out;
    const held = this.#held;
    // A message that was cut off is not filled up from the next one.
    if (held.length > 0 && isWhole(bytes)) out.push(...this.flush());
    if (held.length === 0 && !(this.#open && bytes[0] === RECORD) && !(idle && bytes[0] === FIRST)) {
      this.#open = false;
      return [...out, { bytes, record: false }];
    }
    if (held.length + bytes.length < this.#need) held.push(bytes);
    else {
      const all = held.length === 0 ? bytes : concat(held.view(), bytes);
      held.clear();
      this.#need = 0;
      held.push(this.#unpack(all, out));
    }
    return out;
  }

  /** Nothing more comes. */
  flush(): readonly Unpacked[] {
    const bytes = this.#held.view().slice();
    const begun = this.#open || headOf(bytes) === 'yes';
    this.reset();
    if (bytes.length === 0) return [];
    if (!begun) return [{ bytes, record: false }];
    return [{ error: new DlmsError({ code: 'INCOMPLETE', what: 'batch of records', have: bytes.length }), bytes }];
  }

  reset(): void {
    this.#held.clear();
    this.#need = 0;
    this.#stream = null;
    this.#open = false;
  }

  /** Gives what has to wait, fewer octets than are then needed. */
  #unpack(bytes: Uint8Array, out: Unpacked[]): Uint8Array {
    for (let all = bytes; ;) {
      if (all.length === 0) return NOTHING;
      if (!this.#open || all[0] !== RECORD) {
        const head = headOf(all);
        if (head === 'short') return all;
        this.#open = head === 'yes';
        this.#stream = null;
        if (!this.#open) {
          out.push({ bytes: all, record: false });
          return NOTHING;
        }
        all = all.subarray(headEnd(all));
        this.#stream = { before: NOTHING, total: 0, adler: 1, state: 'new' };
        continue;
      }
      const length = varint(all, 1);
      if (length === 'short') return all;
      const end = length === 'no' ? all.length : length.end + length.value;
      if (length === 'no' || length.value > LIMIT_RECORD) {
        const actual = length === 'no' ? LIMIT_RECORD + 1 : length.value;
        const error = new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'record of a batch', limit: LIMIT_RECORD, actual });
        this.reset();
        out.push({ error, bytes: all });
        return NOTHING;
      }
      if (all.length < end) {
        this.#need = end;
        return all;
      }
      out.push(this.#record(all.subarray(length.end, end)));
      all = all.subarray(end);
    }
  }

  #record(bytes: Uint8Array): Unpacked {
    try {
      const { octets, length } = recordOf(bytes);
      return { bytes: this.#octets(octets, length), record: true };
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error;
      // What comes behind it in the same stream cannot be opened.
      if (this.#stream !== null) this.#stream.state = 'lost';
      return { error, bytes };
    }
  }

  /** `length`: of the octets when they are not packed; null where the record does not tell. */
  #octets(octets: Uint8Array, length: number | null): Uint8Array {
    const stream = this.#stream ?? { before: NOTHING, total: 0, adler: 1, state: 'lost' as const };
    // The first record tells how all of its batch are.
    const announced = length !== null && length !== octets.length;
    const begun = announced || stream.state === 'open';
    if (stream.state === 'new' && !isZlib(octets)) {
      if (announced) throw damaged('no zlib stream begins here');
      stream.state = 'none';
    }
    if (stream.state === 'none' && !announced) return octets;
    if (stream.state !== 'new' && stream.state !== 'open') throw damaged('the beginning of its stream was lost');
    const part = stream.state === 'new' ? octets.subarray(2) : octets;
    const limit = Math.min(length ?? LIMIT_RECORD, LIMIT_RECORD, LIMIT_BATCH - stream.total);
    const opened = this.inflate(part, stream.before, Math.max(1, limit));
    const isStream = begun || (opened === 'too long' ? length === null : provesStream(part, opened, length));
    // The first octets of a frame may pass for the head of a stream, and what follows for a part of one.
    if (!isStream) {
      stream.state = 'none';
      return octets;
    }
    if (opened === 'too long') {
      const what = 'inflated record of a batch';
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit, actual: limit + 1 });
    }
    if (opened === 'damaged') throw damaged('its zlib stream is damaged');
    const { output, used } = opened;
    if (length !== null && output.length !== length)
      throw damaged(`${output.length} octets where ${length} are announced`);
    const behind = part.subarray(used);
    const adler = adler32(stream.adler, output);
    // Behind its end stands the Adler-32 of all octets.
    if (behind.length > 0 && !isCheck(behind, adler)) throw damaged('no check sum behind the end of its stream');
    stream.total += output.length;
    stream.adler = adler;
    stream.before = concat(stream.before, output).slice(-WINDOW);
    stream.state = behind.length > 0 ? 'ended' : 'open';
    return output;
  }
}

interface Stream {
  /** The last octets of the output, which what follows may refer to. */
  before: Uint8Array;
  total: number;
  /** Adler-32 of the output so far. */
  adler: number;
  state: 'new' | 'open' | 'ended' | 'none' | 'lost';
}

/** Nothing else begins like this. */
export function beginsBatch(bytes: Uint8Array): boolean {
  return headOf(bytes) === 'yes';
}

/** Number, version, and the beginning of a record with a time and a kind in letters. */
function headOf(bytes: Uint8Array): 'yes' | 'no' | 'short' {
  const at = headEnd(bytes);
  if (at === -1) return 'no';
  if (at >= bytes.length) return 'short';
  if (bytes[at] !== RECORD) return 'no';
  const length = varint(bytes, at + 1);
  if (length === 'short' || length === 'no') return length;
  if (length.value < SHORTEST_RECORD || length.value > LIMIT_RECORD) return 'no';
  const start = bytes.subarray(length.end);
  for (const [index, wanted] of [0x09, RECORD].entries()) {
    const octet = start[index * 9];
    if (octet === undefined) return 'short';
    if (octet !== wanted) return 'no';
  }
  const kind = start[10];
  if (kind === undefined) return 'short';
  if (kind === 0 || kind > LONGEST_KIND) return 'no';
  const letters = start.subarray(11, 11 + kind);
  if (!letters.every(c => c >= 0x20 && c < 0x7f)) return 'no';
  return letters.length < kind ? 'short' : 'yes';
}

/** A head and whole records, and nothing else. */
function isWhole(bytes: Uint8Array): boolean {
  if (headOf(bytes) !== 'yes') return false;
  let at = headEnd(bytes);
  while (bytes[at] === RECORD) {
    const length = varint(bytes, at + 1);
    if (typeof length === 'string') return false;
    at = length.end + length.value;
  }
  return at === bytes.length;
}

/** Where the first record begins: behind the number and, where there is one, the version; -1 where they cannot be. */
function headEnd(bytes: Uint8Array): number {
  if (bytes[0] !== FIRST) return -1;
  const number = varint(bytes, 1);
  if (typeof number === 'string') return number === 'no' ? -1 : bytes.length;
  if (bytes[number.end] !== VERSION) return number.end;
  const version = varint(bytes, number.end + 1);
  return typeof version === 'string' ? (version === 'no' ? -1 : bytes.length) : version.end;
}

function recordOf(bytes: Uint8Array): { octets: Uint8Array; length: number | null } {
  const r = new Reader(bytes);
  let octets: Uint8Array | null = null;
  let length: number | null = null;
  while (r.remaining > 0) {
    const field = number(r);
    switch (field & 7) {
      case 0: {
        const value = number(r);
        if (field >> 3 === 4) length = value;
        break;
      }
      case 1:
        r.take(8, 'field of a record');
        break;
      case 2: {
        const value = r.take(number(r), 'field of a record');
        if (field >> 3 === 3) octets = value;
        break;
      }
      default:
        throw damaged(`a field of type ${field & 7}`);
    }
  }
  if (octets === null) throw damaged('no octets in it');
  return { octets, length };
}

function number(r: Reader): number {
  const found = varint(r.bytes, r.offset);
  if (typeof found === 'string') throw damaged('a number that does not end');
  r.take(found.end - r.offset, 'number of a record');
  return found.value;
}

/** Seven bits an octet, the lowest first; five octets at most. Protocol Buffers, Encoding. */
function varint(bytes: Uint8Array, at: number): { value: number; end: number } | 'short' | 'no' {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const octet = bytes[at + i];
    if (octet === undefined) return 'short';
    value += (octet & 0x7f) * 2 ** (7 * i);
    if (octet < 0x80) return { value, end: at + i + 1 };
  }
  return 'no';
}

/** That the first record begins a stream though no length says so: its check sum fits, or a flush ends it and nothing else. */
function provesStream(part: Uint8Array, opened: ReturnType<Inflate>, length: number | null): boolean {
  if (typeof opened === 'string') return false;
  const { output, used } = opened;
  if (output.length === 0 || (length !== null && output.length !== length)) return false;
  const behind = part.subarray(used);
  return behind.length === 0
    ? FLUSH.every((octet, i) => part.at(i - 4) === octet)
    : isCheck(behind, adler32(1, output));
}

function isCheck(octets: Uint8Array, adler: number): boolean {
  return octets.length === 4 && new DataView(octets.buffer, octets.byteOffset).getUint32(0) === adler;
}

/** RFC 1950, 8.2. */
function adler32(before: number, octets: Uint8Array): number {
  let low = before & 0xffff;
  let high = before >>> 16;
  for (const octet of octets) {
    low = (low + octet) % ADLER_BASE;
    high = (high + low) % ADLER_BASE;
  }
  return high * 0x10000 + low;
}

/** Deflate without a preset dictionary. RFC 1950, 2.2. */
function isZlib(octets: Uint8Array): boolean {
  const [method = 0, flags = 0] = octets;
  return (method & 0x8f) === 8 && (flags & 0x20) === 0 && (method * 256 + flags) % 31 === 0;
}

function damaged(value: string): DlmsError {
  return new DlmsError({
    code: 'WIRE_INVALID',
    field: 'record of a batch',
    value,
    expected: 'a whole record',
    offset: 0,
  });
}

const NOTHING = new Uint8Array(0);
const FIRST = 0x08;
const VERSION = 0x18;
const RECORD = 0x12;
const SHORTEST_RECORD = 15;
const LONGEST_KIND = 16;
const LIMIT_RECORD = 65_536;
/** A record behind its own head, or a head and what it has to be told from. */
const LIMIT_HELD = LIMIT_RECORD + 64;
/** Of all that one batch inflates to. */
const LIMIT_BATCH = 1_048_576;
const WINDOW = 32_768;
const ADLER_BASE = 65_521;
/** The lengths of an empty stored block, which a flush leaves at the end. RFC 1951, 3.2.4. */
const FLUSH: readonly number[] = [0x00, 0x00, 0xff, 0xff];
