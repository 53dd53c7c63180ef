// Bytes that belong to no frame: kept, merged with their neighbours, and handed out with the best reason there is.
// 0 <= #length <= limit. The rule of the file: nothing is forgotten, and nothing grows beyond the limit.

import { DlmsError, type Detail } from '../wire/errors';
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
  #bytes = new Uint8Array(0);
  #length = 0;
  #reason: Detail | null = null;
  /** Does the reason name a damaged frame, rather than bytes around frames? */
  #telling = false;

  /** It is handed out in pieces of at most so many bytes. */
  constructor(readonly limitBytes = 2048) {}

  get length(): number {
    return this.#length;
  }

  /** Moves n bytes from the front of the buffer here; full pieces go to `out`. `telling` reasons replace plain noise ones. */
  add(buffer: ReceiveBuffer, n: number, reason: Detail, telling: boolean, out: DroppedSink): void {
    if (this.#reason === null || (telling && !this.#telling)) {
      this.#reason = reason;
      this.#telling = telling;
    }
    while (n > 0) {
      if (this.#length === this.limitBytes) {
        this.release(out);
        this.#reason = reason;
        this.#telling = telling;
      }
      const part = Math.min(n, this.limitBytes - this.#length);
      this.#reserve(this.#length + part);
      this.#bytes.set(buffer.view(0, part), this.#length);
      this.#length += part;
      buffer.drop(part);
      n -= part;
    }
  }

  /** Hands out what is held, as one event. */
  release(out: DroppedSink): void {
    if (this.#length > 0 && this.#reason !== null) {
      const bytes = this.#bytes.slice(0, this.#length);
      const detail = this.#reason.code === 'NO_FRAME' ? { ...this.#reason, bytes: bytes.length } : this.#reason;
      out.push({ type: 'dropped', bytes, error: new DlmsError(detail) });
    }
    this.clear();
  }

  clear(): void {
    this.#length = 0;
    this.#reason = null;
    this.#telling = false;
  }

  #reserve(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.min(this.limitBytes, Math.max(64, 2 * this.#bytes.length, needed)));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
  }
}
