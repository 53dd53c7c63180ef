// Bytes that belong to no frame: kept, merged with their neighbours, and handed out with the best reason there is.
// 0 <= length <= limit; no reason, no bytes. The rule of the file: nothing is forgotten, nothing grows beyond the limit.

import { told, type DlmsError, type Detail } from '../wire/errors';
import type { ReceiveBuffer } from '../wire/receive-buffer';

/** Bytes that were dropped while looking for a frame. */
export interface Dropped {
  readonly type: 'dropped';
  readonly bytes: Uint8Array;
  readonly error: DlmsError;
}

/** Where dropped bytes go: a list of events that may hold them. */
export interface DroppedSink {
  push(item: Dropped): unknown;
}

export class Noise {
  #reason: Detail | null = null;
  /** Does the reason name a damaged frame, rather than bytes around frames? */
  #telling = false;

  /** They stay in the buffer, passed over. It is handed out in pieces of at most so many bytes. */
  constructor(
    readonly buffer: ReceiveBuffer,
    readonly limitBytes = 2048,
  ) {}

  get length(): number {
    return this.buffer.passed;
  }

  /** n bytes from the front of the buffer; full pieces go to `out`. `telling` reasons replace plain noise ones. */
  add(n: number, reason: Detail, telling: boolean, out: DroppedSink): void {
    const { buffer } = this;
    if (this.#reason === null || (telling && !this.#telling)) this.#because(reason, telling);
    while (n > 0) {
      if (buffer.passed === this.limitBytes) {
        this.release(out);
        this.#because(reason, telling);
      }
      const part = Math.min(n, this.limitBytes - buffer.passed);
      buffer.pass(part);
      n -= part;
    }
  }

  /** Hands out what is held, as one event. */
  release(out: DroppedSink): void {
    const reason = this.#reason;
    if (reason === null) return;
    this.#reason = null;
    const bytes = this.buffer.takePassed();
    const detail = reason.code === 'NO_FRAME' ? { ...reason, bytes: bytes.length } : reason;
    out.push({ type: 'dropped', bytes, error: told(detail) });
  }

  clear(): void {
    this.buffer.takePassed();
    this.#reason = null;
  }

  #because(reason: Detail, telling: boolean): void {
    this.#reason = reason;
    this.#telling = telling;
  }
}
