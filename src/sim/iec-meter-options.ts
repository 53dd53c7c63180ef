// What a simulated meter with an optical head is and does: its modes, contents, habits and faults.

export type IecMode = 'a' | 'b' | 'c' | 'd' | 'e';

/**
 * `silence` no answer to the request; `no-data` none to the acknowledgement; `lost-character` one missing in the list;
 * `cut` the list stops in the middle; `wrong-bcc`; `stays-at-start` a new rate is agreed and not kept; `echo` the head
 * reflects; `noise` in front of each answer; `parity` characters carry their parity in bit 7; `wrong-parity` random ones;
 * `nak-select` NAK to the acknowledgement; `nak-read` NAK to a read command that it knows.
 */
export type IecFault =
  | 'silence'
  | 'no-data'
  | 'lost-character'
  | 'cut'
  | 'wrong-bcc'
  | 'stays-at-start'
  | 'echo'
  | 'noise'
  | 'parity'
  | 'wrong-parity'
  | 'nak-select'
  | 'nak-read';

export const IEC_FAULTS: readonly IecFault[] = [
  'silence',
  'no-data',
  'lost-character',
  'cut',
  'wrong-bcc',
  'stays-at-start',
  'echo',
  'noise',
  'parity',
  'wrong-parity',
  'nak-select',
  'nak-read',
];

export interface IecMeterOptions {
  readonly mode?: IecMode;
  /** Three letters; a lower-case third one promises answers within 20 ms. Default "MFL". */
  readonly manufacturer?: string;
  readonly model?: string;
  /** Z. Default 5 (9600) in modes C and E, E (9600) in mode B, blank in mode A. */
  readonly baudId?: string;
  /** "\W" pairs behind Z; mode E has "\2". */
  readonly enhanced?: string;
  readonly address?: string;
  /** Rate of requests. Default 300. */
  readonly startBaud?: number;
  /** No answer to requests at another rate, where the line tells it. */
  readonly deafAtOtherRates?: boolean;
  /** Lines of the list, without "!"; called for each readout. */
  readonly list?: () => readonly string[];
  /** Registers of programming mode; default: those of the list. */
  readonly registers?: () => ReadonlyMap<string, string>;
  /** Load profiles and log books: the answer's lines for "P.01" and what stood in the brackets, null for none. */
  readonly profile?: (code: string, range: string) => readonly string[] | null;
  /** P1 must carry it before anything is read. */
  readonly password?: string;
  /** Operand of P0. */
  readonly challenge?: string;
  /** No answer to an acknowledgement with another Z than its own. */
  readonly ownRateOnly?: boolean;
  /** It sends the list once more for a NAK; default true. */
  readonly repeatsList?: boolean;
  /** Commands that it knows. Default R1, R2, R5, R6. */
  readonly commands?: readonly string[];
  /** What the others get: NAK (default), an error text (Energomera CE301: "ERR11"), or nothing, as then a wrong password. */
  readonly refusal?: 'nak' | 'error' | 'silence';
  /** Registers are acknowledged, but not sent, for these commands (EMH: R1). */
  readonly ackOnly?: readonly string[];
  /** Lines in one partial block of R6. Default 2. */
  readonly blockLines?: number;
  /** Answers carry the id; default true. */
  readonly repeatsId?: boolean;
  /** Characters take their time on the line, reactions too; without it everything is at once. */
  readonly paced?: boolean;
  readonly reactionMs?: number;
  /** Mode D: a telegram every so many milliseconds, with a P1 checksum if `p1`. */
  readonly pushEveryMs?: number;
  readonly p1?: boolean;
  readonly faults?: Partial<Record<IecFault, number>>;
  /** Mode E: who speaks HDLC after the hand-over. Gives the bytes to send for the bytes received. */
  readonly hdlc?: () => { receive(chunk: Uint8Array): readonly Uint8Array[] };
}
