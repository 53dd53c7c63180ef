// A cursor over bytes. Each read names its field, so that an error says which field of which message ended too early.
// 0 <= #at <= #end <= bytes.length

import { DlmsError } from './errors';

export class Reader {
  #at: number;
  readonly #end: number;
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    end = bytes.length,
  ) {
    this.#at = start;
    this.#end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Position of the next byte, from the beginning of the outermost bytes. */
  get offset(): number {
    return this.#at;
  }
  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field));
  }
  i8(field: string): number {
    return this.#view.getInt8(this.#advance(1, field));
  }
  u16(field: string): number {
    return this.#view.getUint16(this.#advance(2, field));
  }
  i16(field: string): number {
    return this.#view.getInt16(this.#advance(2, field));
  }
  u32(field: string): number {
    return this.#view.getUint32(this.#advance(4, field));
  }
  i32(field: string): number {
    return this.#view.getInt32(this.#advance(4, field));
  }
  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field));
  }
  i64(field: string): bigint {
    return this.#view.getBigInt64(this.#advance(8, field));
  }
  f32(field: string): number {
    return this.#view.getFloat32(this.#advance(4, field));
  }
  f64(field: string): number {
    return this.#view.getFloat64(this.#advance(8, field));
  }

  /** n octets as a view (not a copy) of the underlying bytes. */
  take(n: number, field: string): Uint8Array {
    const at = this.#advance(n, field);
    return this.bytes.subarray(at, at + n);
  }
  /** All that is left. */
  rest(): Uint8Array {
    const at = this.#at;
    this.#at = this.#end;
    return this.bytes.subarray(at, this.#end);
  }
  /** The next byte without taking it, or undefined at the end. */
  peek(ahead = 0): number | undefined {
    return this.#at + ahead < this.#end ? this.bytes[this.#at + ahead] : undefined;
  }

  /** A-XDR / BER length: one octet below 0x80, else 0x81..0x84 and that many octets. Non-minimal forms are accepted (Kamstrup sends 82 00 E7). */
  length(field: string): number {
    const first = this.u8(field);
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) return this.invalid(field, first, 'a length of at most four octets');
    let value = 0;
    for (let i = 0; i < octets; i++) value = value * 256 + this.u8(field);
    return value;
  }

  /** A reader of its own over the next n bytes, which are taken here. */
  sub(n: number, field: string): Reader {
    const at = this.#advance(n, field);
    return new Reader(this.bytes, at, at + n);
  }

  /** Nothing may be left. */
  end(field: string): void {
    if (this.remaining > 0) throw new DlmsError({ code: 'WIRE_SURPLUS', field, surplus: this.remaining });
  }

  /** Throws WIRE_INVALID for the field just read. */
  invalid(field: string, value: string | number, expected: string): never {
    throw new DlmsError({ code: 'WIRE_INVALID', field, value, expected, offset: this.#at });
  }

  #advance(n: number, field: string): number {
    const at = this.#at;
    if (n > this.#end - at) {
      throw new DlmsError({ code: 'WIRE_TRUNCATED', field, need: n, have: this.#end - at, offset: at });
    }
    this.#at = at + n;
    return at;
  }
}
