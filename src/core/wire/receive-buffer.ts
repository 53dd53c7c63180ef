// A bounded queue of received bytes with random access from its front; no copy per chunk, none per byte taken.
// 0 <= #kept <= #start <= #end <= #bytes.length

import { DlmsError } from './errors';

export class ReceiveBuffer {
  #bytes = new Uint8Array(256);
  /** From here to #start lies what was passed over. */
  #kept = 0;
  #start = 0;
  #end = 0;

  /** limitBytes bounds what may wait here; push throws LIMIT_EXCEEDED beyond it and keeps what it had. */
  constructor(readonly limitBytes: number) {}

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    const end = this.#end + chunk.length;
    if (end - this.#start > this.limitBytes || end > this.#bytes.length) this.#makeRoom(chunk.length);
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

  /** Index of the first byte in [from, to) that the table of 256 marks; `to` where there is none. */
  indexOfMarked(marked: Uint8Array, from: number, to: number): number {
    const bytes = this.#bytes;
    const end = this.#start + Math.min(to, this.length);
    let at = this.#start + from;
    while (at < end && marked[bytes[at] as number] === 0) at++;
    return at - this.#start;
  }

  /** A view of [from, to); valid until the next push. */
  view(from = 0, to = this.length): Uint8Array {
    return this.#bytes.subarray(this.#start + from, this.#start + Math.min(to, this.length));
  }

  /** A copy of [from, to). */
  copy(from: number, to: number): Uint8Array {
    return this.#bytes.slice(this.#start + from, this.#start + Math.min(to, this.length));
  }

  /** A copy of the first n bytes, which are taken. */
  take(n: number): Uint8Array {
    const taken = this.copy(0, n);
    this.drop(n);
    return taken;
  }

  drop(n: number): void {
    const dropped = Math.min(n, this.length);
    // What was passed over stays in front of what waits.
    if (this.#kept < this.#start) this.#bytes.copyWithin(this.#kept + dropped, this.#kept, this.#start);
    this.#kept += dropped;
    this.#start += dropped;
    if (this.#kept === this.#end) this.clear();
  }

  /** Octets that were passed over and not taken. */
  get passed(): number {
    return this.#start - this.#kept;
  }

  /** Like drop(), but what is passed over stays here until takePassed(). */
  pass(n: number): void {
    this.#start = Math.min(this.#start + n, this.#end);
  }

  /** A copy of what was passed over since the last time. */
  takePassed(): Uint8Array {
    const taken = this.#bytes.slice(this.#kept, this.#start);
    this.#kept = this.#start;
    if (this.#kept === this.#end) this.clear();
    return taken;
  }

  clear(): void {
    this.#kept = this.#start = this.#end = 0;
  }

  #makeRoom(more: number): void {
    const waiting = this.length + more;
    if (waiting > this.limitBytes) {
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'receive buffer', limit: this.limitBytes, actual: waiting });
    }
    const bytes = this.#bytes;
    const needed = waiting + this.passed;
    const target = needed > bytes.length ? new Uint8Array(Math.max(2 * bytes.length, needed)) : bytes;
    if (target === bytes) target.copyWithin(0, this.#kept, this.#end);
    else target.set(bytes.subarray(this.#kept, this.#end));
    this.#bytes = target;
    this.#end -= this.#kept;
    this.#start -= this.#kept;
    this.#kept = 0;
  }
}
