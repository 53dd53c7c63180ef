// What a stream of characters consists of: the messages of IEC 62056-21 and P1, and what belongs to none.

import type { BlockCheck } from '../framing/iec-block';
import type { TextExtent } from '../framing/p1';
import { DlmsError } from '../wire/errors';
import { textOf } from './characters';
import { parseIdentification, type Identification } from './identification';

export type Part =
  | { readonly type: 'identification'; readonly identification: Identification }
  /** STX text ETX|EOT BCC; `end` is 'mark' when it stopped behind "!" without them, null when it broke off. */
  | { readonly type: 'block'; readonly text: string; readonly end: BlockEnd; readonly bcc: BlockCheck }
  /** Mode D, P1 and everything else without STX: `bytes` from "/" to "!" inclusive, `crc` what stood behind it. */
  | {
      readonly type: 'telegram';
      readonly text: string;
      readonly bytes: Uint8Array;
      readonly crc: string;
      readonly complete: boolean;
      /** An ETX followed: it was a block, and its STX was lost. */
      readonly beheaded?: boolean;
    }
  /** SOH command STX text ETX BCC, as P0 and B0 from the meter. */
  | { readonly type: 'command'; readonly command: string; readonly text: string; readonly bcc: BlockCheck }
  | { readonly type: 'ack' }
  | { readonly type: 'nak' }
  /**
   * From the length octet of the system title on, without the tag DB. `outside`: "/" to "!" inclusive, and what stood behind it,
   * where an identification line stands in front in clear.
   */
  | {
      readonly type: 'encrypted';
      readonly frame: Uint8Array;
      readonly outside?: { readonly bytes: Uint8Array; readonly crc: string };
    }
  /** Bytes that belong to no message: noise between messages, a line that is no identification, a message that broke off. */
  | { readonly type: 'dropped'; readonly kind: DropKind; readonly bytes: Uint8Array };

export type BlockEnd = 'etx' | 'eot' | 'mark' | null;
export type DropKind = 'noise' | 'identification' | 'incomplete' | 'limit';

/** The parts of a telegram that was searched already; null where its first line is no identification. */
export function partsOf(telegram: Uint8Array, extent: TextExtent): readonly Part[] | null {
  const { line, body, bang, end, beheaded } = extent;
  const identification = parseIdentification(textOf(telegram.subarray(0, line)));
  if (identification === null) return null;
  const text = textOf(telegram.subarray(body, bang + 1));
  const crc = textOf(telegram.subarray(bang + 1, end)).trim();
  const bytes = telegram.subarray(0, bang + 1);
  return [
    { type: 'identification', identification },
    { type: 'telegram', text, bytes, crc, complete: true, ...(beheaded && { beheaded }) },
  ];
}

/** Why a dropped part was no message. */
export function dropError({ kind, bytes }: Extract<Part, { type: 'dropped' }>, limit: number): DlmsError {
  switch (kind) {
    case 'noise':
      return new DlmsError({ code: 'NO_FRAME', bytes: bytes.length });
    case 'identification':
      return new DlmsError({ code: 'IEC_IDENTIFICATION', line: textOf(bytes).trim().slice(0, 40) });
    case 'incomplete':
      return new DlmsError({ code: 'TELEGRAM_INCOMPLETE', have: bytes.length, waitingFor: 'its end' });
    case 'limit':
      return new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'IEC message', limit, actual: limit + 1 });
  }
}
