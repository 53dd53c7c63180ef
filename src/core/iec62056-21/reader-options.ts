// What a reader is told, and what it learns of a meter. Plain data; the caller keeps the hints for the next time.

import type { LineFormat } from './characters';
import type { DecoderEvent, DecoderOptions } from './decoder';
import type { Identification } from './identification';
import type { PasswordCommand, ReadCommand } from './messages';
import type { IecReading } from './typing';
import { DlmsError } from '../wire/errors';

/** auto: by the character Z. d and p1 listen; e hands the line over to HDLC. */
export type ReaderMode = 'auto' | 'a' | 'b' | 'c' | 'd' | 'e' | 'p1';
export const READER_MODES: readonly ReaderMode[] = ['auto', 'a', 'b', 'c', 'd', 'e', 'p1'];

export type ReadPlan =
  | { readonly what: 'list' }
  /** Each as in parseRegister: "1.8.0", "R1 1.8.0", "R2 F001". */
  | { readonly what: 'registers'; readonly registers: readonly string[] }
  | {
      readonly what: 'profile';
      /** P.01, P.02 load profiles; P.98, P.99 log books. */
      readonly code: string;
      /** sYYMMDDhhmm(ss) as the meter writes it; empty: open. */
      readonly from?: string;
      readonly to?: string;
      /** R6 sends partial blocks. Default R5, then R6 when it is refused. */
      readonly command?: 'R5' | 'R6' | 'R1';
      /** Second bracket pair of R6 on some meters: rows in a block. */
      readonly rowsPerBlock?: number;
    };

export interface ReaderOptions extends DecoderOptions {
  readonly mode?: ReaderMode;
  /** In place of "?" in the request. */
  readonly request?: string;
  /** 0 to 32 characters; empty: whoever hears it. */
  readonly meterAddress?: string;
  readonly read?: ReadPlan;
  /** Overrides of the acknowledgement's characters (NORAX 3 wants 2, 5, 6). */
  readonly v?: string;
  readonly z?: string;
  readonly y?: string;
  readonly password?: string;
  readonly passwordCommand?: PasswordCommand;
  /** Rate of the request. Default 300; 9600 on many RS-485 meters. */
  readonly baudRate?: number;
  /** Rates of the request that are tried when nobody answers at `baudRate`; only on lines whose rate follows. Default none. */
  readonly otherRates?: readonly number[];
  /** false on lines whose rate cannot follow (a raw TCP gateway). */
  readonly rateFollows?: boolean;
  /** From the last bit of the acknowledgement to the change of the rate, in milliseconds. Default 300. */
  readonly baudChangeDelayMs?: number;
  /** Rest before each of our messages; default by the third letter of the identification, 20 or 200 ms. */
  readonly reactionMs?: number;
  /** NUL characters that wake a battery meter, before 1.6 s of silence; 0: none. */
  readonly wakeUpCharacters?: number;
  /** A break in front of the request, for meters that are still in a session. */
  readonly breakFirst?: boolean;
  /** Silence before the first character of an answer, in milliseconds. Default 3000; 6000 on networks. */
  readonly answerTimeoutMs?: number;
  /** Silence between two characters of one answer, in milliseconds. Default 2000; 5000 on networks. */
  readonly characterTimeoutMs?: number;
  /** Bound for one readout, counted in characters at its rate. Default 300 s. */
  readonly maxReadoutSeconds?: number;
  /** Behind each command; CR LF on Siemens TD-3511. */
  readonly commandEnding?: string;
  readonly hints?: ReaderHints;
}

/** What was learned of a meter: input of the next readout. */
export interface ReaderHints {
  /** The identification line of the meter that all this was learned of; another one makes the rest worthless. */
  readonly identification?: string;
  /** Rate of the request it answers to, where that is another than the usual one. */
  readonly startRate?: number;
  /** Z of the acknowledgement it answers to, where that is another than the usual one. */
  readonly z?: string;
  /** The command its registers answer to. */
  readonly registerCommand?: UsualCommand;
  readonly profileCommand?: UsualCommand;
  /** Size and rate of the last list, for the expected duration. */
  readonly characters?: number;
  readonly baudRate?: number;
}

/** What became of one register. */
export interface RegisterFailure {
  readonly register: string;
  readonly error: DlmsError;
}

export type ReaderEvent =
  | Exclude<DecoderEvent, { type: 'telegram' }>
  | (Extract<DecoderEvent, { type: 'telegram' }> & { readonly failures?: readonly RegisterFailure[] })
  /** After what was written has left, and afterMs more: change the line to this. */
  | { readonly type: 'format'; readonly format: LineFormat; readonly afterMs: number }
  | { readonly type: 'identification'; readonly identification: Identification }
  /** The operand of P0: empty, a serial number or a random number. */
  | { readonly type: 'challenge'; readonly operand: string }
  | { readonly type: 'register'; readonly register: string; readonly readings: readonly IecReading[] }
  | { readonly type: 'progress'; readonly characters: number; readonly expectedMs: number | null }
  /** Mode E: the line is 8N1 at this rate now; `surplus` already belongs to HDLC. */
  | { readonly type: 'hdlc'; readonly baudRate: number; readonly surplus: Uint8Array; readonly confirmed: boolean }
  /** It did not work; it is tried once more. */
  | { readonly type: 'retry'; readonly reason: DlmsError }
  /** It answers otherwise than the book says; the way that worked is taken first from now on. */
  | { readonly type: 'learned'; readonly text: string }
  /** `unanswered`: the password was the last that was sent, to a meter that had answered before it. */
  | { readonly type: 'fault'; readonly error: DlmsError; readonly password?: 'unanswered' }
  | { readonly type: 'done'; readonly hints: ReaderHints };

/** By code, by address, by code in partial blocks. IEC 62056-21, 6.3.12. */
export type UsualCommand = 'R5' | 'R1' | 'R6';

export function isUsual(command: ReadCommand): command is UsualCommand {
  return command === 'R5' || command === 'R1' || command === 'R6';
}

/** Command a register or profile is read by when the user named none: in this order. */
export function commandsFor(plan: ReadPlan, given: ReadCommand | null, hints: ReaderHints): readonly ReadCommand[] {
  if (given !== null) return [given];
  const usual: readonly UsualCommand[] = plan.what === 'profile' ? ['R5', 'R6', 'R1'] : ['R5', 'R1', 'R6'];
  const known = plan.what === 'profile' ? hints.profileCommand : hints.registerCommand;
  return known === undefined ? usual : [known, ...usual.filter(command => command !== known)];
}

/** Throws BAD_SETTING for what would not be one request line. */
export function checkOptions(options: ReaderOptions): void {
  const { meterAddress = '', request = '?' } = options;
  const plain = (text: string): boolean => [...text].every(c => c >= ' ' && c <= '~' && c !== '!' && c !== '/');
  if (!plain(meterAddress) || meterAddress.length > 32) {
    const expected = 'at most 32 printable characters without / and !';
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'meter address', value: meterAddress, expected });
  }
  if (!plain(request) || request.length > 1) {
    const expected = 'one printable character, usually ?';
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'request', value: request, expected });
  }
}
