// A bounded queue of received bytes with random access from its front; no copy per chunk, none per byte taken.
// 0 <= #start <= #end <= #bytes.length <= capacity limit

import { DlmsError } from './errors';

export class ReceiveBuffer {
  #bytes = new Uint8Array(256);
  #start = 0;
  #end = 0;

  /** limitBytes bounds what may wait here; push throws LIMIT_EXCEEDED beyond it and keeps what it had. */
  constructor(readonly limitBytes: number) {}

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    const needed = this.length + chunk.length;
    if (needed > this.limitBytes) {
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'receive buffer', limit: this.limitBytes, actual: needed });
    }
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(needed);
    // Serial ports deliver single bytes; set() costs ten times as much there.
    if (chunk.length === 1) this.#bytes[this.#end] = chunk[0] as number;
    else this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The byte at `index` from the front; -1 beyond the end. */
  at(index: number): number {
    const at = this.#start + index;
    return at < this.#end ? (this.#bytes[at] as number) : -1;
  }

  /** Index of `byte` at or after `from`, or -1. */
  indexOf(byte: number, from = 0): number {
    const found = this.#bytes.subarray(this.#start, this.#end).indexOf(byte, from);
    return found;
  }

  /** A view of [from, to); valid until the next push. */
  view(from = 0, to = this.length): Uint8Array {
    return this.#bytes.subarray(this.#start + from, this.#start + Math.min(to, this.length));
  }

  /** A copy of the first n bytes, which are taken. */
  take(n: number): Uint8Array {
    const taken = this.view(0, n).slice();
    this.drop(n);
    return taken;
  }

  drop(n: number): void {
    this.#start = Math.min(this.#start + n, this.#end);
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  clear(): void {
    this.#start = this.#end = 0;
  }

  #makeRoom(needed: number): void {
    const target = needed > this.#bytes.length ? new Uint8Array(Math.max(2 * this.#bytes.length, needed)) : this.#bytes;
    if (target === this.#bytes) target.copyWithin(0, this.#start, this.#end);
    else target.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = target;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
