// Where a reader stands, with what belongs to that.

import type { Step } from '../step';
import type { DlmsError } from '../wire/errors';
import type { Identification } from './identification';
import type { ProgrammingSession } from './programming';
import type { ReaderEvent } from './reader-options';

export type ReaderStep = Step<ReaderEvent>;
/** Y of the acknowledgement: the list, programming mode, HDLC. */
export type Select = '0' | '1' | '2';

export type Phase =
  | { in: 'idle' }
  /** Something is due after a rest: the request after wake-up, the acknowledgement after the reaction time. */
  | { in: 'resting'; then: () => ReaderStep; identification?: Identification }
  | { in: 'identifying' }
  | { in: 'reading'; identification: Identification; baudRate: number; characters: number; garbage: number }
  /** After a failed change of the rate: until the meter has been silent at the start rate. */
  | { in: 'falling-back'; reason: DlmsError; characters: number }
  | { in: 'confirming'; identification: Identification; wanted: Uint8Array; baudRate: number; received: Uint8Array }
  | { in: 'programming'; session: ProgrammingSession; identification: Identification; baudRate: number }
  | { in: 'listening' }
  /** The line is HDLC's; what still comes in here is passed on. */
  | { in: 'handed-over'; baudRate: number; confirmed: boolean }
  | { in: 'done' };
