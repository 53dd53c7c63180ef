// General block transfer: an APDU of any service in numbered blocks, streamed in pushes, acknowledged in polling.
// The rule of the file: blocks are joined by number; nothing is ever joined across a gap. IEC 62056-5-3, general block transfer.

import type { GeneralBlockTransfer } from '../apdu';
import { DlmsError } from '../wire/errors';
import { equalBytes, joined } from '../wire/hex';
import { BLOCK_LIMITS } from './blocks';

export interface GbtOptions {
  /** false: a push, nobody answers and a gap loses the APDU. true: gaps are asked for again. */
  readonly confirmed: boolean;
  /** Blocks we take in one go, 1..63. */
  readonly window?: number;
  readonly limitBytes?: number;
  readonly limitBlocks?: number;
}

/** What one block led to. */
export interface GbtTaken {
  /** The whole APDU, when this block completed it. */
  readonly apdu: Uint8Array | null;
  /** What has to be sent now; never in a push. */
  readonly reply: GeneralBlockTransfer | null;
  /** SEGMENT_LOST, INCOMPLETE (a new transfer began before the old one ended) or LIMIT_EXCEEDED; what was held is dropped. */
  readonly error: DlmsError | null;
}

/** The receiving side. */
export class GeneralBlockReceiver {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  /** The last block taken in turn; null: none yet. */
  #last: number | null = null;
  /** After a gap in a push all is dropped until a transfer begins. */
  #lost = false;
  /** The last block of the transfer that was completed last; it may come twice too. */
  #completed: GeneralBlockTransfer | null = null;
  /** Our own block number in replies. */
  #own = 0;
  /** Gaps asked for since the last block in turn. */
  #asked = 0;

  constructor(readonly options: GbtOptions) {}

  /** Octets held of an unfinished transfer. */
  get pending(): number {
    return this.#bytes;
  }

  /** Asks for what comes behind the last block in turn; said again it does no harm. */
  get asked(): GeneralBlockTransfer {
    return this.#acknowledge(Math.max(1, this.#own));
  }

  /** Forget an unfinished transfer. */
  reset(): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#last = null;
    this.#lost = false;
    this.#completed = null;
    this.#asked = 0;
    this.#own = 0;
  }

  take(block: GeneralBlockTransfer): GbtTaken {
    if (this.#last !== null && block.block === this.#last && !this.#beginsAnew(block)) {
      if (!block.last && equalBytes(block.data, this.#parts.at(-1) ?? EMPTY)) return this.#answer(block, null);
      // No repetition: a block of another transfer, whose others would be joined to these.
      return this.#segmentLost(this.#last + 1, block.block);
    }
    let error: DlmsError | null = null;
    if (block.block <= 1 && !(block.block === 1 && this.#last === 0)) {
      if (this.#last !== null) error = new DlmsError({ code: 'INCOMPLETE', what: 'gbt transfer', have: this.#bytes });
      const own = this.#own;
      this.reset();
      this.#own = own;
    } else if (this.#lost || (this.#completed !== null && isRepeated(block, this.#completed))) {
      return NOTHING;
    } else if (block.block !== (this.#last ?? 0) + 1) {
      return this.#gap(block);
    }
    const bytes = this.#bytes + block.data.length;
    const limit = this.options.limitBytes ?? BLOCK_LIMITS.bytes;
    const limitBlocks = this.options.limitBlocks ?? BLOCK_LIMITS.blocks;
    if (bytes > limit || this.#parts.length >= limitBlocks) {
      this.reset();
      this.#lost = true;
      const detail = bytes > limit ? { limit, actual: bytes } : { limit: limitBlocks, actual: limitBlocks + 1 };
      const what = bytes > limit ? 'gbt transfer in bytes' : 'gbt blocks';
      return { ...NOTHING, error: new DlmsError({ code: 'LIMIT_EXCEEDED', what, ...detail }) };
    }
    this.#parts.push(block.data.slice());
    this.#bytes = bytes;
    this.#last = block.block;
    this.#asked = 0;
    if (!block.last) return this.#answer(block, error);
    const apdu = joined(this.#parts);
    this.reset();
    this.#completed = { ...block, data: block.data.slice() };
    return { apdu, reply: null, error };
  }

  /** A first block that differs from the first block held is no repetition but another transfer. */
  #beginsAnew(block: GeneralBlockTransfer): boolean {
    return block.block <= 1 && !equalBytes(block.data, this.#parts[0] ?? EMPTY);
  }

  #gap(block: GeneralBlockTransfer): GbtTaken {
    const expected = (this.#last ?? 0) + 1;
    // Confirmed: what came out of turn is dropped, and at the end of the window the acknowledgement says from where to repeat.
    if (this.options.confirmed && this.#asked < GAPS_ASKED) {
      if (block.streaming && !block.last) return NOTHING;
      this.#asked++;
      return { ...NOTHING, reply: this.#acknowledge() };
    }
    return this.#segmentLost(expected, block.block);
  }

  /** Nothing more is taken until a transfer begins. */
  #segmentLost(expected: number, got: number): GbtTaken {
    this.reset();
    this.#lost = true;
    const error = new DlmsError({ code: 'SEGMENT_LOST', layer: 'gbt', expected, got });
    return { ...NOTHING, error };
  }

  #answer(block: GeneralBlockTransfer, error: DlmsError | null): GbtTaken {
    const reply = this.options.confirmed && !block.streaming ? this.#acknowledge() : null;
    return { apdu: null, reply, error };
  }

  /** Our side has nothing more to say, so each acknowledgement is a last block without data. */
  #acknowledge(own = ++this.#own): GeneralBlockTransfer {
    return {
      type: 'general-block-transfer',
      last: true,
      streaming: false,
      window: this.options.window ?? 1,
      block: own,
      acknowledged: this.#last ?? 0,
      data: EMPTY,
    };
  }
}

/** The same number alone says nothing: it may be a block of another transfer, whose others would be missed. */
function isRepeated(block: GeneralBlockTransfer, before: GeneralBlockTransfer): boolean {
  return block.last === before.last && block.block === before.block && equalBytes(block.data, before.data);
}

/** The sending side: an APDU in blocks. A push streams them all; a server sends a window and waits for its acknowledgement. */
export class GeneralBlockSender {
  readonly #blocks: readonly Uint8Array[];
  #next = 0;

  /** `size`: octets of data in one block. */
  constructor(
    apdu: Uint8Array,
    size: number,
    readonly window = 0,
  ) {
    const blocks: Uint8Array[] = [];
    for (let at = 0; at < apdu.length || at === 0; at += Math.max(1, size)) {
      blocks.push(apdu.subarray(at, at + Math.max(1, size)));
    }
    this.#blocks = blocks;
  }

  get done(): boolean {
    return this.#next >= this.#blocks.length;
  }

  /** All blocks at once, as meters push them: streaming, window 0, never acknowledged. */
  stream(): GeneralBlockTransfer[] {
    this.#next = this.#blocks.length;
    return this.#blocks.map((_, i) => this.#block(i, true, 0));
  }

  /** The next blocks, as many as the receiver takes; all but the last of them are streaming. */
  nextWindow(receiverWindow: number, acknowledged = 0): GeneralBlockTransfer[] {
    const end = Math.min(this.#next + Math.max(1, receiverWindow), this.#blocks.length);
    const window: GeneralBlockTransfer[] = [];
    for (; this.#next < end; this.#next++) window.push(this.#block(this.#next, this.#next + 1 < end, acknowledged));
    return window;
  }

  /** The receiver's acknowledgement: goes on after the last block it has, so what was lost is sent again. */
  acknowledge(block: GeneralBlockTransfer): void {
    this.#next = Math.min(block.acknowledged, this.#blocks.length);
  }

  #block(index: number, streaming: boolean, acknowledged: number): GeneralBlockTransfer {
    return {
      type: 'general-block-transfer',
      last: index === this.#blocks.length - 1,
      streaming,
      window: this.window,
      block: index + 1,
      acknowledged,
      data: this.#blocks[index] as Uint8Array,
    };
  }
}

/** A gap asked for again this often without a block in turn is given up. */
const GAPS_ASKED = 3;
const EMPTY = new Uint8Array(0);
const NOTHING: GbtTaken = { apdu: null, reply: null, error: null };
