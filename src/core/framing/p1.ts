// Where does the P1 telegram end that begins here? It may hold text, or an encrypted frame between identification and "!".
// The rule of the file: "!" at the beginning of a line or behind ")", and its line, end it, never a pause.

import type { Detail } from '../wire/errors';
import type { Waiting } from './recogniser';
import { encryptedFrameLength } from './p1-frame';

/**
 * The length of the telegram at the front of the buffer, 'no' when none begins there, what is wrong with it, or that more
 * is needed: at least `need` bytes, of which `searched` need no second look.
 */
export function measureP1(
  buffer: Waiting,
  searched: number,
  final: boolean,
): number | 'no' | Detail | { readonly need: number; readonly searched: number } {
  const have = buffer.length;
  for (let i = 1; i < 4 && i < have; i++) if (!isLetter(buffer.at(i))) return 'no';
  const ident = buffer.indexOf(LF);
  const identEnd = ident === -1 ? have : ident;
  if (identEnd > LONGEST_IDENT) return 'no';
  for (let i = 4; i < identEnd; i++) if (!isPrintable(buffer.at(i)) && buffer.at(i) !== CR) return 'no';
  if (ident === -1 || ident < 5) return ident === -1 ? { need: have + 1, searched: 0 } : 'no';

  let body = ident + 1;
  while (buffer.at(body) === CR || buffer.at(body) === LF) body++;
  if (body >= have) return { need: have + 1, searched: 0 };
  let from = Math.max(body, searched);
  const inside = encryptedEnd(buffer, body);
  if (searched === 0) {
    if (inside === 'wait') return { need: have + 1, searched: 0 };
    if (inside !== 'no') {
      if (inside > have) return { need: inside, searched: 0 };
      // Nothing in the ciphertext is looked at: it may hold "!" and line ends.
      from = inside;
      if (inside === have && !final) return { need: have + 1, searched: inside };
      if (buffer.at(inside) !== BANG) return inside;
    }
  }
  for (;;) {
    const bang = buffer.indexOf(BANG, from);
    const next = nextTelegram(buffer, Math.max(body, from - 1), bang === -1 ? have : bang);
    if (next) return { code: 'INCOMPLETE', what: 'P1 telegram', have: next };
    if (bang === -1) {
      if (have > LONGEST) return { code: 'LIMIT_EXCEEDED', what: 'P1 telegram', limit: LONGEST, actual: have };
      return { need: have + 1, searched: have };
    }
    const end = bang === inside || endsTelegram(buffer, bang) ? endOfLine(buffer, bang) : 'no';
    if (end === 'short') return final ? have : { need: have + 1, searched: bang };
    if (end !== 'no') return end;
    from = bang + 1;
  }
}

/** Where an encrypted frame behind the identification ends; with the tag DB or without (Elgama, Kaifa in Poland). */
function encryptedEnd(buffer: Waiting, at: number): number | 'no' | 'wait' {
  const first = buffer.at(at);
  const start = first === GLO ? at + 1 : at;
  if (first !== GLO && first !== 0x00 && first !== 0x08) return 'no';
  const octets = { at: (i: number): number | undefined => (buffer.at(i) === -1 ? undefined : buffer.at(i)) };
  const length = encryptedFrameLength(octets, start);
  return typeof length === 'number' ? start + length : length;
}

/** Anywhere else one bit has made it of a "1". */
function endsTelegram(buffer: Waiting, bang: number): boolean {
  const before = buffer.at(bang - 1);
  return before === LF || before === CR || before === CLOSE;
}

/** After "!": up to four hex digits and a line end. */
function endOfLine(buffer: Waiting, bang: number): number | 'short' | 'no' {
  for (let i = bang + 1; i <= bang + 6; i++) {
    const b = buffer.at(i);
    if (b === -1) return 'short';
    if (b === LF) return i + 1;
    if (b !== CR && !isHexDigit(b)) return 'no';
  }
  return 'no';
}

/** A "/" at the beginning of a line means that the telegram in front broke off; 0 when there is none. */
function nextTelegram(buffer: Waiting, from: number, to: number): number {
  for (let at = buffer.indexOf(SLASH, from); at !== -1 && at < to; at = buffer.indexOf(SLASH, at + 1)) {
    const before = buffer.at(at - 1);
    if (before === LF || before === CR) return at;
  }
  return 0;
}

function isLetter(b: number): boolean {
  return (b >= 0x41 && b <= 0x5a) || (b >= 0x61 && b <= 0x7a);
}
function isPrintable(b: number): boolean {
  return b >= 0x20 && b < 0x7f;
}
function isHexDigit(b: number): boolean {
  return (b >= 0x30 && b <= 0x39) || (b >= 0x41 && b <= 0x46) || (b >= 0x61 && b <= 0x66);
}

const SLASH = 0x2f;
const BANG = 0x21;
const CLOSE = 0x29;
const CR = 0x0d;
const LF = 0x0a;
const GLO = 0xdb;
const LONGEST_IDENT = 100;
const LONGEST = 32_768;
