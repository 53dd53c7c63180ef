// What a reader sends: request, acknowledgement, read commands, password, break. IEC 62056-21, 6.3 and 6.4.
// The rule of the file: nothing that writes or executes can be built here; there is no W and no E.

import { ACK, blockCheck, ETX, NAK, SOH, STX } from '../framing/iec-block';
import { concat, fromLatin1 } from '../wire/hex';
import { DlmsError } from '../wire/errors';

export type ReadCommand = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6';
const READ_COMMANDS: readonly ReadCommand[] = ['R1', 'R2', 'R3', 'R4', 'R5', 'R6'];
export type PasswordCommand = 'P1' | 'P2';

/** "/?address!" CR LF. `character` stands in place of "?" on meters that choose a list by it ("2", "4"). */
export function requestMessage(address = '', character = '?'): Uint8Array {
  return fromLatin1(`/${character}${address}!\r\n`);
}

/** ACK V Z Y CR LF. V 0 normal, 2 HDLC; Z the rate; Y 0 readout, 1 programming, 2 HDLC. */
export function acknowledgement(v: string, z: string, y: string): Uint8Array {
  return fromLatin1(`${String.fromCharCode(ACK)}${v}${z}${y}\r\n`);
}

/** SOH command STX data ETX BCC. */
export function readCommand(command: ReadCommand, data: string, ending = ''): Uint8Array {
  return framed(command, data, ending);
}

export function passwordMessage(command: PasswordCommand, password: string): Uint8Array {
  return framed(command, `(${password})`, '');
}

/** SOH B0 ETX BCC: leaves programming mode. */
export function breakMessage(): Uint8Array {
  return BREAK.slice();
}

export function nextBlock(): Uint8Array {
  return Uint8Array.of(ACK);
}
export function repeatBlock(): Uint8Array {
  return Uint8Array.of(NAK);
}

/** One register to read: its command where one was given, and the data set to send. */
export interface RegisterRequest {
  /** As written by the user. */
  readonly text: string;
  /** Id that answers without an id belong to. */
  readonly id: string;
  readonly command: ReadCommand | null;
  /** "1.8.0()", "P.01(;)", for R2 "F001". */
  readonly data: string;
}

/** "1.8.0", "R1 1.8.0(1)", "R2 F001". Throws BAD_SETTING for control characters, an empty id or a command that writes. */
export function parseRegister(text: string): RegisterRequest {
  const m = /^\s*(?:([A-Z][0-9])\s+)?(\S.*?)\s*$/.exec(text);
  const data = m?.[2] ?? '';
  const command = m?.[1] ?? null;
  const plain = [...data].every(c => c >= ' ' && c <= '~');
  if (data === '' || !plain || data.length > 200 || (command !== null && !isReadCommand(command))) {
    throw new DlmsError({
      code: 'BAD_SETTING',
      setting: 'register',
      value: text,
      expected: 'an id, perhaps with R1, R2, R5 or R6 in front, for example 1.8.0 or R2 F001',
    });
  }
  const open = data.indexOf('(');
  const id = open === -1 ? data : data.slice(0, open);
  // Formatted reads (R2) name their list without brackets: Siemens TD-3511, "R2 F001".
  const bare = command === 'R2' || command === 'R4' || open !== -1;
  return { text: text.trim(), id, command, data: bare ? data : `${data}()` };
}

function isReadCommand(text: string): text is ReadCommand {
  return (READ_COMMANDS as readonly string[]).includes(text);
}

function framed(command: string, data: string, ending: string): Uint8Array {
  const body = concat(fromLatin1(command), Uint8Array.of(STX), fromLatin1(data), Uint8Array.of(ETX));
  return concat(Uint8Array.of(SOH), body, Uint8Array.of(blockCheck(body)), fromLatin1(ending));
}

const BREAK = Uint8Array.of(SOH, 0x42, 0x30, ETX, 0x71);
