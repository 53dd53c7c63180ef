// How a simulated meter differs from the book: every switch is something a real one was seen to do.
// The rule of the file: a switch that has a row in docs/quirks.md names it; the default is the book.

import { RESULT } from './cosem-object';

export interface Behaviour {
  /** Largest APDU the meter takes and sends, 64..65535. */
  readonly pduSize: number;
  /** Largest information field, 32..2030, and window, 1..7, that HDLC grants. */
  readonly hdlcInformation: number;
  readonly hdlcWindow: number;
  /** What a SNRM with parameters gets: the usual answer, DM, or none at all (a bare SNRM is then accepted). */
  readonly snrmParameters: 'granted' | 'refused' | 'silent';
  /** data-access-result for a selector; null: it is served. `all` is a profile that knows no selection at all. */
  readonly rangeRefused: number | null;
  readonly entryRefused: number | null;
  /** What a selection without rows gives (docs/quirks.md#t12). */
  readonly emptyRange: 'array' | 'other' | 'object-unavailable';
  /** Which form of clock a range selector must have. */
  readonly rangeDeviation: 'any' | 'with' | 'without';
  /** Column selection has no effect (docs/quirks.md#t13). */
  readonly ignoresColumns: boolean;
  /** A range has no effect: all rows come. */
  readonly ignoresRange: boolean;
  /** How profiles are kept: oldest first, newest first, or begun anew in the middle of the buffer, oldest rows behind. */
  readonly profileOrder: 'fifo' | 'lifo' | 'wrapped';
  /** Values that repeat, and clocks that follow from the period, are null-data. */
  readonly nullCompressed: boolean;
  /** get-request-with-list: served, or refused by exception-response. */
  readonly withList: 'served' | 'refused';
  /** A clock is sent twice, in a list as an octet-string within an octet-string (docs/quirks.md#t1). */
  readonly doubledClock: boolean;
  /** The last block is announced, then sent empty, each APDU twice in one frame (docs/quirks.md#t2). */
  readonly emptyLastBlock: boolean;
  /** Only GET and SET are granted, though blocks and selection work (docs/quirks.md#t3). */
  readonly grantsLittle: boolean;
  /** A release is answered; answered only when it is ciphered, two octets short; refused; or not answered (docs/quirks.md#t4). */
  readonly release: 'answered' | 'malformed' | 'refused' | 'silent';
  /** The second of two HDLC frames that come in one piece is lost (docs/quirks.md#t6). */
  readonly losesSecondFrame: boolean;
  /** One connection at a time, the next one hangs until the first closes (docs/quirks.md#t7). */
  readonly oneConnection: boolean;
  /** A granted window is not used: the meter waits for an RR after each frame (docs/quirks.md#t8). */
  readonly windowOfOne: boolean;
  /** Of a window of the client only the frame that polls is taken (docs/quirks.md#t17). */
  readonly ignoresUnpolled: boolean;
  /** Every I-frame carries send number 0 (Hexing HXE130, docs/quirks.md#q16a). */
  readonly constantSequence: boolean;
  /** The UA to a DISC carries the parameters again (docs/quirks.md#t10). */
  readonly parametersInDisconnect: boolean;
  /** An initiate-request with a dedicated key is answered by exception-response (docs/quirks.md#t14). */
  readonly refusesDedicatedKey: boolean;
  /** The form in which reply_to_HLS_authentication is taken by short names (docs/quirks.md#t15). */
  readonly snProof: 'any' | 'read' | 'read-selector-1' | 'write';
  /** Each counter is used for two messages (docs/quirks.md#t16). */
  readonly repeatsCounter: boolean;
  /** Answers come from a server address of four octets, whatever the request had. */
  readonly wideAnswers: boolean;
  /** First block number of a long answer; 1 by the book. */
  readonly firstBlock: number;
  /** General block transfer is granted. Not by default: clients propose it that cannot do it. */
  readonly generalBlocks: boolean;
}

export const DEFAULT_BEHAVIOUR: Behaviour = {
  pduSize: 1024,
  hdlcInformation: 2030,
  hdlcWindow: 7,
  snrmParameters: 'granted',
  rangeRefused: null,
  entryRefused: null,
  emptyRange: 'array',
  rangeDeviation: 'any',
  ignoresColumns: false,
  ignoresRange: false,
  profileOrder: 'fifo',
  nullCompressed: false,
  withList: 'served',
  doubledClock: false,
  emptyLastBlock: false,
  grantsLittle: false,
  release: 'answered',
  losesSecondFrame: false,
  oneConnection: false,
  windowOfOne: false,
  ignoresUnpolled: false,
  constantSequence: false,
  parametersInDisconnect: false,
  refusesDedicatedKey: false,
  snProof: 'any',
  repeatsCounter: false,
  wideAnswers: false,
  firstBlock: 1,
  generalBlocks: false,
};

/** The data-access-result of a selection without rows, or null for an empty array. */
export function emptyResult(behaviour: Behaviour): number | null {
  if (behaviour.emptyRange === 'array') return null;
  return behaviour.emptyRange === 'other' ? RESULT.other : RESULT.objectUnavailable;
}
