// Telegrams written as text in a log: quoted with escapes, or as they are behind the same words in every line.
// The rule of the file: an escape that is not known is refused, and what stands in front is the same in every line.

import { fromLatin1 } from '../../core/wire/hex';
import { begin, hexText, linesOf, OF_DUMP, shapeOf, type Found } from './text-hex';

/** `<<< "/SAG5\\2MT212\r\n"`, `b'\x7e\xa0'`: the strings of all lines one behind the other. */
export function stringLog(text: string): Found {
  const rows = linesOf(text).map(quotedIn);
  if (rows.length === 0 || rows.some(row => row === null)) return null;
  const shapes = new Set(rows.map(row => shapeOf(row?.[0] ?? '')));
  if (shapes.size > 1)
    return `lines that begin in different ways, as of two directions: ${begin(linesOf(text).at(-1) ?? '')}`;
  const inside = rows.map(row => row?.[1] ?? '');
  const plain = inside.join('');
  // Hex in quotes is hex.
  if (!plain.includes('\\') && hexText(plain) !== null) return hexText(plain);
  const octets = inside.map(unescaped);
  if (octets.some(each => each === null)) return 'an escape that is not known';
  const all = octets.join('');
  return /[^\0-\xff]/.test(all) ? 'a character that is no octet' : fromLatin1(all);
}

/** What stands in front of the string at the end of a line, its quote, and what is in it; null where there is none. */
function quotedIn(line: string): readonly [front: string, inside: string] | null {
  if (OF_DUMP.test(line)) return null;
  let tries = 0;
  for (const { index, 0: quote } of line.matchAll(/b?["']/g)) {
    if (tries++ === MOST_QUOTES) return null;
    QUOTED.lastIndex = index + quote.length - 1;
    const found = QUOTED.exec(line);
    if (found !== null) return [line.slice(0, index), found[2] ?? ''];
  }
  return null;
}

/** null for an escape that is not known. */
function unescaped(inside: string): string | null {
  let known = true;
  const out = inside.replace(/\\(x[0-9a-f]{2}|u00[0-9a-f]{2}|[\s\S]?)/gi, (_, escape: string) => {
    if (/^[xu]./i.test(escape)) return String.fromCharCode(parseInt(escape.slice(escape[0] === 'x' ? 1 : 3), 16));
    const character = ESCAPES[escape];
    known &&= character !== undefined;
    return character ?? '';
  });
  return known ? out : null;
}

/** Lines of a telegram that is text behind a time or words. */
export function textLog(text: string): Found {
  const lines = text.split(/\r\n|\n|\r/).filter(line => line.trim() !== '');
  const head = /^(.{0,200}?[\s\]:>|])(?=\/[A-Za-z]{3}[0-9A-Za-z])/.exec(lines[0] ?? '')?.[1];
  if (head === undefined) return null;
  // A blank behind it is lost where the line is empty.
  const front = new RegExp(`^${escapedPattern(head.trimEnd()).replace(/\d+/g, '\\d+')} ?`);
  const rest = lines.map(line => (front.test(line) ? line.replace(front, '') : null));
  const strange = rest.indexOf(null);
  if (strange !== -1) return `lines that begin in different ways: ${begin(lines[strange] ?? '')}`;
  return /[^\0-\xff]/.test(rest.join('')) ? 'a character that is no octet' : fromLatin1(`${rest.join('\r\n')}\r\n`);
}

function escapedPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const QUOTED = /(["'])((?:\\.|(?!\1)[^\\])*)\1[\s,;)\\]*$/y;
/** In front of the string of a line. */
const MOST_QUOTES = 8;
/** Of C and Python; \e as ESPHome and gcc write it. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  '"': '"',
  "'": "'",
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '0': '\0',
};
