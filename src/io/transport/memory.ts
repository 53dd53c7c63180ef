// Transports without a wire: two ends in one process, and a trace that plays the meter.
// The rule of the file: bytes arrive in a later tick, as they do from a socket, and in order.

import type { DlmsError } from '../../core/wire/errors';
import { equalBytes, hex } from '../../core/wire/hex';
import { abortedError, closedError, lostError } from './net-errors';
import type { TraceLine } from './trace';
import type { SerialFormat, Transport } from './transport';

export interface MemoryOptions {
  /** Octets that arrive at once; 1 delivers byte by byte, one a tick. Default: as written. */
  readonly chunk?: number;
  readonly where?: string;
}

/** The two ends of a line. Both open by themselves; what one writes the other receives. */
export function memoryPair(options: MemoryOptions = {}): [MemoryTransport, MemoryTransport] {
  const where = options.where ?? 'memory';
  const a = new MemoryTransport(where, options.chunk);
  const b = new MemoryTransport(where, options.chunk);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

export class MemoryTransport implements Transport {
  readonly lineKey: string;
  onBytes: (chunk: Uint8Array) => void = () => undefined;
  onClose: (cause?: Error) => void = () => undefined;
  /** Where what we write goes; null: into nothing. */
  peer: MemoryTransport | null = null;
  /** The latest formats set, for tests. */
  readonly formats: Partial<SerialFormat>[] = [];
  #open = false;
  #opening: ((error: DlmsError) => void) | null = null;
  #queue: Promise<void> = Promise.resolve();
  /** Counts openings, so that bytes of an earlier one do not arrive. */
  #generation = 0;

  constructor(
    readonly where = 'memory',
    readonly chunk = Infinity,
  ) {
    this.lineKey = `memory:${where}:${++count}`;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  open(signal?: AbortSignal): Promise<void> {
    if (this.#open) return Promise.resolve();
    if (signal?.aborted === true) return Promise.reject(abortedError(this.where));
    return new Promise((resolve, reject) => {
      const abort = (): void => settle(abortedError(this.where));
      const settle = (error?: DlmsError): void => {
        if (this.#opening !== settle) return;
        this.#opening = null;
        signal?.removeEventListener('abort', abort);
        if (error !== undefined) return reject(error);
        this.#open = true;
        this.#generation++;
        resolve();
      };
      this.#opening = settle;
      signal?.addEventListener('abort', abort, { once: true });
      setImmediate(() => settle());
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) return Promise.reject(closedError(this.where));
    const copy = bytes.slice();
    const { peer } = this;
    const generation = peer === null ? 0 : peer.#generation;
    this.#queue = this.#queue.then(async () => {
      for (let at = 0; at < copy.length; at += this.chunk) {
        await tick();
        if (peer !== null && peer.#generation === generation) peer.deliver(copy.subarray(at, at + this.chunk));
      }
    });
    return this.#queue;
  }

  close(): Promise<void> {
    this.#opening?.(closedError(this.where));
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    const { peer } = this;
    this.#queue = this.#queue.then(tick).then(() => peer?.lose());
    return this.#queue;
  }

  /** Bytes from the other side. */
  deliver(bytes: Uint8Array): void {
    if (this.#open) this.onBytes(bytes);
  }

  /** The other side went away. */
  lose(cause?: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.onClose(lostError(cause, this.where));
  }

  setFormat(format: Partial<SerialFormat>): Promise<void> {
    this.formats.push(format);
    return Promise.resolve();
  }
}

/**
 * A trace plays the meter: when what is written equals the next `>` lines, the `<` lines after them come back.
 * Anything else is answered by silence and remembered in `mismatch`.
 */
export class ReplayTransport extends MemoryTransport {
  /** The first difference, in words; null while all goes as traced. */
  mismatch: string | null = null;
  readonly #lines: readonly TraceLine[];
  #at = 0;
  #written = new Uint8Array(0);

  constructor(lines: readonly TraceLine[], options: MemoryOptions = {}) {
    super(options.where ?? 'trace', options.chunk);
    this.#lines = lines.filter(line => line.layer === 'bytes');
  }

  /** Has everything in the trace happened? */
  get finished(): boolean {
    return this.#at === this.#lines.length;
  }

  override async write(bytes: Uint8Array): Promise<void> {
    await super.write(bytes);
    const all = new Uint8Array(this.#written.length + bytes.length);
    all.set(this.#written);
    all.set(bytes, this.#written.length);
    this.#written = all;
    this.#play();
  }

  #play(): void {
    for (;;) {
      const line = this.#lines[this.#at];
      if (line === undefined || this.mismatch !== null) return;
      if (line.dir === '<') {
        this.#at++;
        this.#answer(line.bytes);
        continue;
      }
      const wanted = line.bytes;
      if (this.#written.length === 0) return;
      const n = Math.min(wanted.length, this.#written.length);
      if (!equalBytes(this.#written.subarray(0, n), wanted.subarray(0, n))) {
        this.mismatch = `line ${this.#at + 1}: wrote ${hex(this.#written)} where the trace has ${hex(wanted)}`;
        return;
      }
      if (n < wanted.length) return;
      this.#written = this.#written.slice(n);
      this.#at++;
    }
  }

  #answer(bytes: Uint8Array): void {
    const size = Math.min(this.chunk, Math.max(1, bytes.length));
    this.#answers = this.#answers.then(async () => {
      for (let at = 0; at < bytes.length; at += size) {
        await tick();
        this.deliver(bytes.subarray(at, at + size));
      }
    });
  }

  #answers: Promise<void> = Promise.resolve();
}

function tick(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

let count = 0;
