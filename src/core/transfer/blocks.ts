// Long values in blocks: get, action and read responses on the way in; set, action and read requests and a server's
// answers on the way out. IEC 62056-5-3, service-specific block transfer.
// 0 <= bytes <= limit; numbers go up by one from whatever the first one is.

import type { DataBlock } from '../apdu';
import { DlmsError } from '../wire/errors';
import { joined } from '../wire/hex';

/** Bounds of one transfer; over a bound is LIMIT_EXCEEDED. */
export const BLOCK_LIMITS = { bytes: 16 * 1024 * 1024, blocks: 1_000_000 } as const;

/**
 * The blocks of one transfer. The first number may be anything: meters begin with 1, some with 0, and the Actaris SL7000
 * does not begin anew with the next transfer. A block that comes twice counts once; one that comes for ever is SEGMENT_LOST.
 * An empty last block is fine.
 */
export class BlockParts {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #blocks = 0;
  #last = -1;
  /** How often the last block came again. */
  #repeats = 0;

  /** With `keep` false nothing is held and join() gives nothing: the parts flow on as they come. */
  constructor(
    readonly limitBytes: number = BLOCK_LIMITS.bytes,
    readonly keep = true,
    readonly limitBlocks: number = BLOCK_LIMITS.blocks,
  ) {}

  /** Octets taken so far. */
  get bytes(): number {
    return this.#bytes;
  }
  get blocks(): number {
    return this.#blocks;
  }
  /** Number of the last block taken; -1 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Throws SEGMENT_LOST for a number out of turn and LIMIT_EXCEEDED; nothing is taken then. */
  add(number: number, raw: Uint8Array): 'taken' | 'repeated' {
    if (this.#blocks > 0) {
      if (number === this.#last && ++this.#repeats <= REPEATS_LIMIT) return 'repeated';
      if (number !== this.#last + 1) {
        throw new DlmsError({ code: 'SEGMENT_LOST', layer: 'block', expected: this.#last + 1, got: number });
      }
    }
    const bytes = this.#bytes + raw.length;
    if (bytes > this.limitBytes) throw over('block transfer in bytes', this.limitBytes, bytes);
    if (this.#blocks === this.limitBlocks) throw over('blocks of a transfer', this.limitBlocks, this.#blocks + 1);
    this.#bytes = bytes;
    this.#blocks++;
    this.#repeats = 0;
    this.#last = number;
    if (this.keep && raw.length > 0) this.#parts.push(raw.slice());
    return 'taken';
  }

  /** The whole encoded value. */
  join(): Uint8Array {
    return joined(this.#parts);
  }
}

/** A value cut for sending, `size` octets a block, numbered from `first`. At least one block, the last one marked. */
export function splitBlocks(raw: Uint8Array, size: number, first = 1): DataBlock[] {
  const blocks: DataBlock[] = [];
  let at = 0;
  do {
    const end = Math.min(at + Math.max(1, size), raw.length);
    blocks.push({ last: end === raw.length, block: first + blocks.length, raw: raw.subarray(at, end) });
    at = end;
  } while (at < raw.length);
  return blocks;
}

/** A meter that sends the same block to each request for the next would be asked without end. */
const REPEATS_LIMIT = 10;

function over(what: string, limit: number, actual: number): DlmsError {
  return new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit, actual });
}
