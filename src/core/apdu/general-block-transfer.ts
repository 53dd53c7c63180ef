// General block transfer, E0: a part of any APDU. Joining is the work of transfer/general-block-transfer.ts.
// IEC 62056-5-3, general-block-transfer.

import { alternative, readOctets } from './codec';

export interface GeneralBlockTransfer {
  readonly type: 'general-block-transfer';
  readonly last: boolean;
  /** More blocks follow without being asked for. */
  readonly streaming: boolean;
  /** Blocks the sender can take in one go, 0..63; 0 in pushes, where nobody answers. */
  readonly window: number;
  readonly block: number;
  /** The last block received without a gap. */
  readonly acknowledged: number;
  readonly data: Uint8Array;
}

/** general-block-transfer, E0. */
export const generalBlockTransfer = alternative<GeneralBlockTransfer>('general-block-transfer', [0xe0], {
  read: r => {
    const control = r.u8('block-control');
    return {
      last: (control & 0x80) !== 0,
      streaming: (control & 0x40) !== 0,
      window: control & 0x3f,
      block: r.u16('block-number'),
      acknowledged: r.u16('block-number-ack'),
      data: readOctets(r, 'block-data'),
    };
  },
  write: (w, v) =>
    void w
      .u8((v.last ? 0x80 : 0) | (v.streaming ? 0x40 : 0) | (v.window & 0x3f))
      .u16(v.block)
      .u16(v.acknowledged)
      .octets(v.data),
});
