// What a flow may hand to a decoder as bytes: buffers, arrays, hex and base64 text, hex dumps pasted from a log, plain text.
// The rule of the file: text is taken for the narrowest thing it can be, and what is nothing of all this is BAD_SETTING.

import { DlmsError } from '../../core/wire/errors';
import { fromLatin1, unhex } from '../../core/wire/hex';

/** The bytes of `msg.payload`. Throws BAD_SETTING. */
export function bytesOf(payload: unknown): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  if (typeof payload === 'string') return bytesOfText(payload);
  if (Array.isArray(payload)) return bytesOfArray(payload);
  // A Buffer that went through JSON: { type: 'Buffer', data: [...] }.
  if (typeof payload === 'object' && payload !== null && 'data' in payload && Array.isArray(payload.data)) {
    return bytesOfArray(payload.data);
  }
  throw notBytes(payload === null ? 'null' : typeof payload);
}

/** Hex, a hex dump, base64, or text as it is (P1). */
export function bytesOfText(text: string): Uint8Array {
  const trimmed = text.trim();
  if (trimmed === '') return new Uint8Array(0);
  if (!PROTOCOL_TEXT.test(trimmed)) {
    if (HEX.test(trimmed)) {
      const digits = trimmed.replace(/0x/gi, '').replace(/[^0-9a-f]/gi, '');
      if (digits.length % 2 === 0 && !looksLikeDump(trimmed)) return unhex(digits);
    }
    const dump = bytesOfDump(trimmed);
    if (dump !== null) return dump;
    const packed = trimmed.replace(/\s+/g, '');
    if (packed.length >= 8 && packed.length % 4 === 0 && BASE64.test(packed)) return Buffer.from(packed, 'base64');
  }
  return fromLatin1(text);
}

/**
 * Lines of a log or of a hex viewer: time stamps, offsets, columns of characters and byte counts are left out. null when
 * no line holds bytes, or when most lines hold none.
 */
function bytesOfDump(text: string): Uint8Array | null {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '');
  let first: number | null = null;
  let used = 0;
  let all = '';
  for (const line of lines) {
    let rest = withoutTime(line).replace(/\|.*$/, ' ');
    const offset = OFFSET.exec(rest);
    if (offset !== null) {
      const at = parseInt(offset[1] as string, 16);
      first ??= at;
      // An offset counts on with the bytes; anything else of that shape is data.
      if (at - first === all.length / 2) rest = rest.slice(offset[0].length);
    }
    const digits = digitsOf(rest);
    if (digits === '') continue;
    used++;
    all += digits;
  }
  return all.length < 4 || used * 2 < lines.length ? null : unhex(all);
}

/** The pairs of hex digits of a line, in groups of one width; what follows them is a column of characters. */
function digitsOf(line: string): string {
  const pretty = /(?:^|\s)((?:[0-9a-f]{2}\.){2,}[0-9a-f]{2})(?:\s|$|\()/i.exec(line);
  if (pretty !== null) return (pretty[1] as string).replace(/\./g, '');
  const run = RUN.exec(line);
  if (run === null) return '';
  let digits = '';
  let width = 0;
  for (const token of line.slice(run.index).split(/[\s,;:-]+/)) {
    const bare = token.replace(/^0x/i, '');
    if (bare === '') continue;
    if (!/^([0-9a-f]{2})+$/i.test(bare)) break;
    if (width !== 0 && bare.length > width) break;
    width = width === 0 ? bare.length : width;
    digits += bare;
    if (bare.length < width) break;
  }
  return digits;
}

function withoutTime(line: string): string {
  return line
    .replace(/\b\d{4}-\d{2}-\d{2}[T ]?/g, ' ')
    .replace(/\[?\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?Z?\b\]?/g, ' ')
    .replace(/\(\d+(?: bytes)?\)\s*$/i, ' ');
}

/** Each line begins with a rising offset. */
function looksLikeDump(text: string): boolean {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '');
  return lines.length > 1 && lines.every(line => OFFSET.test(line)) && bytesOfDump(text) !== null;
}

function bytesOfArray(list: readonly unknown[]): Uint8Array {
  if (!list.every(n => typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= 255)) {
    throw notBytes('a list that holds something else than bytes');
  }
  return Uint8Array.from(list as readonly number[]);
}

function notBytes(value: string): DlmsError {
  const expected = 'a Buffer, or text in hex or base64, or a list of bytes';
  return new DlmsError({ code: 'BAD_SETTING', setting: 'msg.payload', value, expected });
}

/** Telegrams of text protocols: an identification line, a value in brackets, the end of a telegram. */
const PROTOCOL_TEXT = /^\/[A-Za-z]{3}[0-9A-Za-z]|^[0-9A-FCLPf][-:.0-9A-Za-z*&]{0,40}\([^)]*\)|^![0-9A-Fa-f]{0,4}\s*$/m;
const HEX = /^(?:(?:0x)?[0-9a-f]{2}[\s:,;-]*)+$/i;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** "00000010: ", "0010  " */
const OFFSET = /^\s*(?:0x)?([0-9a-f]{4,8})(?::\s*|\s{2,})(?=\S)/i;
/** Where bytes begin: at the beginning, or behind a word and a blank, bracket or colon. */
const RUN = /(?:^|[\s\]>)=:])(?:0x)?(?:[0-9a-f]{2})+(?=$|[\s,;:-])(?:[\s,;:-]+(?:0x)?(?:[0-9a-f]{2})+(?=$|[\s,;:-]))*/i;
