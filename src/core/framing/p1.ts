// Telegrams that begin with "/": P1 as text or as an encrypted frame behind its identification, and lists with STX and BCC.
// The rule of the file: "!" at the beginning of a line or behind ")" ends a text, ETX and one octet a list, never a pause.

import { latin1 } from '../wire/hex';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { blockEnd, CR, EOT, ETX, IDENTIFICATION_LIMIT, LF, STX } from './iec-block';
import { encryptedFrameLength, GLO_TAG } from './p1-frame';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';

export interface P1Framed {
  readonly type: 'p1';
  /** From "/" to behind the line of its "!", or to the block check of its list. */
  readonly telegram: Uint8Array;
  readonly text: TextExtent | null;
}

/** Where the parts of a telegram lie that is text and nothing else, so that nobody has to search it again; null for any other. */
export interface TextExtent {
  /** Behind its identification, without the line end. */
  readonly line: number;
  /** Its first data line. */
  readonly body: number;
  /** Its "!". */
  readonly bang: number;
  /** Behind its CRC. */
  readonly end: number;
  /** The ETX of a list follows, whose STX was lost. */
  readonly beheaded: boolean;
}

export const p1: Recogniser<P1Framed> = {
  framing: 'p1',
  what: 'P1 telegram',
  starts: [0x2f],
  look(bytes, how) {
    const verdict = telegram(bytes, how);
    if (verdict === 'no' || !('need' in verdict)) return verdict;
    const have = bytes.length;
    if (have > LONGEST) {
      return { damaged: have, error: { code: 'LIMIT_EXCEEDED', what: 'P1 telegram', limit: LONGEST, actual: have } };
    }
    // Behind an identification the text protocols have a word of their own for it.
    return how.final && identificationEnd(bytes) > 0 ? cut(have) : verdict;
  },
};

/** The extent of a telegram that is all of these bytes. */
export function wholeText(bytes: Uint8Array): TextExtent | null {
  const buffer = new ReceiveBuffer(bytes.length);
  buffer.push(bytes);
  const verdict = telegram(buffer, ALL_THERE);
  return verdict !== 'no' && 'frame' in verdict && verdict.octets === bytes.length ? verdict.frame.text : null;
}

/** The end of a text that begins behind an identification, or what shows that it broke off. */
export type TextEnd =
  /** `bang` its "!", `end` behind what stands there: a CRC, or nothing. */
  | { readonly type: 'end'; readonly bang: number; readonly end: number }
  /** At `at` begins what cannot stand inside: another telegram, a list, an encrypted frame. */
  | { readonly type: 'telegram' | 'list' | 'frame'; readonly at: number }
  /** More is needed; so many bytes need no second look. */
  | { readonly type: 'open'; readonly searched: number };

/**
 * Looks for the end of the text that begins at `body`, from `searched` on. `final`: nothing more comes, so that a CRC ends
 * without its line end.
 */
export function textEnd(bytes: Waiting, body: number, searched: number, final: boolean): TextEnd {
  const from = Math.max(body, searched);
  if (nothingSpecial(bytes, from)) return { type: 'open', searched: bytes.length };
  let bang = bytes.indexOf(BANG, from);
  while (bang !== -1 && !(bytes.at(bang - 1) === CLOSE || startsLine(bytes, bang, body))) {
    // Anywhere else one bit has made it of a "1".
    bang = bytes.indexOf(BANG, bang + 1);
  }
  const inside = firstInside(bytes, body, from, bang === -1 ? bytes.length : bang);
  if (inside !== null) return inside;
  if (bang === -1) return { type: 'open', searched: bytes.length };
  // Only a line end ends the CRC: any other octet is a damaged digit. One bit makes no fill character of a digit.
  let end = bang + 1;
  while (end - bang <= CRC_LIMIT && !CRC_ENDS.has(bytes.at(end))) end++;
  if (bytes.at(end) === -1 && !final) return { type: 'open', searched: bang };
  return { type: 'end', bang, end };
}

/** Most bytes that come singly are digits and letters. */
function nothingSpecial(bytes: Waiting, from: number): boolean {
  if (bytes.length - from > FEW) return false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes.at(at);
    if (byte === BANG || byte === SLASH || byte === STX || byte === GLO_TAG) return false;
  }
  return true;
}

/** The first in [from, to) of what cannot stand inside a text. */
function firstInside(bytes: Waiting, body: number, from: number, to: number): TextEnd | null {
  let first: TextEnd | null = null;
  const stx = bytes.indexOf(STX, from);
  if (stx !== -1 && stx < to) first = { type: 'list', at: (to = stx) };
  for (let at = bytes.indexOf(SLASH, from); at !== -1 && at < to; at = bytes.indexOf(SLASH, at + 1)) {
    const begins = startsLine(bytes, at, body) || beginsInLine(bytes, at);
    if (begins === 'wait') return { type: 'open', searched: at };
    if (begins) first = { type: 'telegram', at: (to = at) };
  }
  for (let at = bytes.indexOf(GLO_TAG, from); at !== -1 && at < to; at = bytes.indexOf(GLO_TAG, at + 1)) {
    const length = encryptedFrameLength(bytes, at + 1);
    if (length === 'wait') return { type: 'open', searched: at };
    if (length !== 'no') first = { type: 'frame', at: (to = at) };
  }
  return first;
}

/** At the beginning of a line; fill characters may stand in front. */
function startsLine(bytes: Waiting, at: number, body: number): boolean {
  let before = at - 1;
  while (before >= body && FILL.has(bytes.at(before))) before--;
  return before < body || isLineEnd(bytes.at(before));
}

/**
 * The telegram in front broke off in the middle of a line: three letters, no bracket up to the line end, and an empty line.
 * "(250*imp/kWh)" is nothing of the kind.
 */
function beginsInLine(bytes: Waiting, slash: number): boolean | 'wait' {
  for (let at = slash + 1; at < bytes.length; at++) {
    const byte = bytes.at(at);
    if (isLineEnd(byte)) return at < slash + SHORTEST_IDENT ? false : emptyLineAt(bytes, at);
    if (at - slash > IDENTIFICATION_LIMIT || (at - slash < 4 ? !isLetter(byte) : !isPrintable(byte) || isBracket(byte)))
      return false;
  }
  return 'wait';
}

/** Whether two line ends stand here, of any one kind. */
function emptyLineAt(bytes: Waiting, at: number): boolean | 'wait' {
  const unit = bytes.at(at) === CR && bytes.at(at + 1) === LF ? 2 : 1;
  const next = bytes.at(at + unit);
  return next === -1 ? 'wait' : isLineEnd(next);
}

/** Where an encrypted frame that begins at `at` ends; with the tag DB or without it (Elgama, Kaifa in Poland). */
export function encryptedEnd(bytes: Waiting, at: number): number | 'no' | 'wait' {
  const first = bytes.at(at);
  if (first !== GLO_TAG && first !== 0x00 && first !== 0x08) return 'no';
  const start = first === GLO_TAG ? at + 1 : at;
  const length = encryptedFrameLength(bytes, start);
  return typeof length === 'number' ? start + length : length;
}

function telegram(bytes: Waiting, how: Circumstances): Verdict<P1Framed> {
  const have = bytes.length;
  let body = identificationEnd(bytes);
  if (body === -1) return 'no';
  if (body === 0) return { need: have + 1 };
  while (isLineEnd(bytes.at(body))) body++;
  if (body >= have) return { need: have + 1 };
  let from = body;
  if (!isPrintableLine(bytes, body) && !isTextFrom(bytes, Math.max(body, how.searched))) return 'no';
  const inside = encryptedEnd(bytes, body);
  if (inside === 'wait') return { need: have + 1 };
  if (inside !== 'no') {
    // Nothing in the ciphertext is looked at: it may hold "!" and line ends.
    if (inside > have) return { need: inside };
    if (inside === have && !how.final) return { need: have + 1 };
    if (bytes.at(inside) !== BANG) return taken(bytes, inside);
    from = inside;
  }
  const end = textEnd(bytes, from, how.searched, how.final);
  switch (end.type) {
    case 'open':
      return { need: have + 1, searched: end.searched };
    case 'end':
      return withLineEnd(bytes, body, end, how.final);
    case 'list':
      return bytes.view(body, end.at).includes(OPEN) ? cut(end.at) : list(bytes, end.at);
    case 'telegram':
      return cut(end.at);
    case 'frame':
      // What looked like an identification was the rest of an encrypted frame.
      return 'no';
  }
}

/**
 * Behind the first line end of an identification with three letters; some meters send any octets behind them (Fluvius in
 * Belgium, Iskraemeco in Ireland), and then only text may follow. 0 while it has not come, -1 where this is none.
 */
function identificationEnd(bytes: Waiting): number {
  for (let i = 1; i < bytes.length; i++) {
    const byte = bytes.at(i);
    if (isLineEnd(byte)) return i < SHORTEST_IDENT ? -1 : i + 1;
    if (i > IDENTIFICATION_LIMIT || (i < 4 && !isLetter(byte))) return -1;
  }
  return 0;
}

/** The octets in front of `body`. */
function isPrintableLine(bytes: Waiting, body: number): boolean {
  for (let i = 1; i < body; i++) if (!isPrintable(bytes.at(i)) && !isLineEnd(bytes.at(i))) return false;
  return true;
}

/** Behind an identification with other octets than characters only text is a telegram: a frame there has a check of its own. */
function isTextFrom(bytes: Waiting, from: number): boolean {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes.at(i);
    if (byte === BANG && isLineEnd(bytes.at(i - 1))) return true;
    if (!isPrintable(byte) && !isLineEnd(byte)) return false;
  }
  return true;
}

/**
 * All of the line end belongs to it; where CR LF is usual a CR alone is half of one. Behind a text without CRC that may be a
 * list, an ETX and the block check say that its STX was lost.
 */
function withLineEnd(
  bytes: Waiting,
  body: number,
  found: Extract<TextEnd, { type: 'end' }>,
  final: boolean,
): Verdict<P1Framed> {
  const { bang, end } = found;
  let octets = end;
  while (isLineEnd(bytes.at(octets))) octets++;
  const lf = bytes.indexOf(LF);
  const half = octets > end && bytes.at(octets - 1) === CR && lf !== -1 && lf < end;
  const list = end === bang + 1 && mayBeList(bytes.view(0, bang));
  const rest = list && isOfEtx(bytes.at(octets)) ? 2 : 0;
  const missing = octets + rest > bytes.length || ((half || list) && octets >= bytes.length);
  if (missing && !final) return { need: bytes.length + 1, searched: bang };
  const extent = { line: identificationEnd(bytes) - 1, body, bang, end, beheaded: rest > 0 };
  return taken(bytes, Math.min(octets + rest, bytes.length), isText(bytes, extent) ? extent : null);
}

/** Behind an identification some octets are fill, an echo or an encrypted frame; among text there may be SML. */
function isText(bytes: Waiting, { body, end }: TextExtent): boolean {
  const first = bytes.at(body);
  const sml = bytes.indexOf(SML_ESCAPE);
  return isPrintable(first) && first !== SLASH && (sml === -1 || sml >= end);
}

/**
 * Whether an empty line stands behind the identification of a text from "/" on, as in P1 telegrams and mode D: of the same
 * line ends as its data lines, whatever a gateway makes of them, since one bit makes an LF of the STX of a list.
 */
export function emptyLine(text: Uint8Array): 'none' | 'of LF' | 'sure' {
  const all = latin1(text);
  const unit = all.includes('\r\r\n') ? 3 : all.includes('\r\n') ? 2 : 1;
  const ends = (/^[^\r\n]*((?:\r|\n|[^ -~])*)/.exec(all)?.[1] ?? '').replace(/[^\r\n]/g, '');
  if (ends.length < 2 * unit) return 'none';
  return unit === 1 && !ends.includes('\r') ? 'of LF' : 'sure';
}

/** Nothing in a text from "/" on excludes that it was a list whose STX was lost. */
export function mayBeList(text: Uint8Array): boolean {
  return text.length > 0 && emptyLine(text) !== 'sure';
}

/** ETX, or what one bit makes of it: where an STX and a value were hit too, a fourth is beyond what the check finds. */
export function isOfEtx(byte: number): boolean {
  const changed = byte ^ ETX;
  return byte !== -1 && (changed & (changed - 1)) === 0;
}

/** STX text ETX BCC, and where it ends in EOT the blocks behind it. IEC 62056-21, 6.3.8. */
function list(bytes: Waiting, stx: number): Verdict<P1Framed> {
  const have = bytes.length;
  for (let at = stx; ;) {
    const end = blockEnd(bytes, at, 0);
    if (end.type === 'cut') return cut(end.at);
    if (end.type === 'open' || end.at + 1 >= have) return { need: have + 1, searched: stx };
    const last = bytes.at(end.at) !== EOT;
    at = end.at + 2;
    if (last) return taken(bytes, at);
    while (isLineEnd(bytes.at(at))) at++;
    if (at >= have) return { need: have + 1, searched: stx };
    if (bytes.at(at) !== STX) return taken(bytes, at);
  }
}

function taken(bytes: Waiting, octets: number, text: TextExtent | null = null): Verdict<P1Framed> {
  return { frame: { type: 'p1', telegram: bytes.copy(0, octets), text }, octets };
}

function cut(at: number): Verdict<never> {
  return { damaged: at, error: { code: 'TELEGRAM_INCOMPLETE', have: at, waitingFor: 'its end' } };
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e;
}
function isBracket(byte: number): boolean {
  return byte === OPEN || byte === CLOSE;
}
function isLineEnd(byte: number): boolean {
  return byte === CR || byte === LF;
}

const BANG = 0x21;
const OPEN = 0x28;
const CLOSE = 0x29;
const SLASH = 0x2f;
const DEL = 0x7f;
const SML_ESCAPE = 0x1b;
/** -1: the end of what came. */
const CRC_ENDS: ReadonlySet<number> = new Set([-1, CR, LF, 0, DEL, 0xff]);
const CRC_LIMIT = 8;
const FILL: ReadonlySet<number> = new Set([0, 0x20, DEL]);
const FEW = 16;
const SHORTEST_IDENT = 5;
const LONGEST = 32_768;
const ALL_THERE = { fresh: true, final: true, checkedBefore: false, searched: 0, damaged: false, before: -1 };
