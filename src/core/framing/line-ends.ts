// Line ends that a gateway, a terminal or a text file changed on the way, put back for the check.
// The rule of the file: only where all line ends of a text are of one other kind; a damaged one never asks for a second check.

/**
 * The text with CR LF in place of the line ends that came, for each kind that they could be; nothing where they are CR LF or
 * mixed. LF alone: CR dropped. CR alone: LF dropped. CR CR LF: a text mode in front of a line that has CR LF already.
 * Twice the same: a terminal that turns one into the other. CR NUL: telnet (RFC 854).
 */
export function* withUsualLineEnds(bytes: Uint8Array): Generator<Uint8Array> {
  for (const kind of KINDS) {
    const count = countOf(bytes, kind);
    if (count > 0) yield replaced(bytes, kind, count);
  }
}

/**
 * How many line ends there are, when all are of this kind; else 0. With a control character in the text, which may be what a
 * damaged line end has become, none is believed: two flipped bits of a list of one line would pass a block check.
 */
function countOf(bytes: Uint8Array, kind: readonly number[]): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (!isLineEnd(bytes[at])) {
      if ((bytes[at] as number) < FIRST_PRINTABLE && at < bytes.length - 1) return 0;
      continue;
    }
    for (let i = 0; i < kind.length; i++) if (bytes[at + i] !== kind[i]) return 0;
    at += kind.length - 1;
    count++;
  }
  return count;
}

function replaced(bytes: Uint8Array, kind: readonly number[], count: number): Uint8Array {
  const out = new Uint8Array(bytes.length + count * (2 - kind.length));
  let to = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (!isLineEnd(bytes[at])) {
      out[to++] = bytes[at] as number;
      continue;
    }
    out[to++] = CR;
    out[to++] = LF;
    at += kind.length - 1;
  }
  return out;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === CR || byte === LF;
}

const CR = 0x0d;
const LF = 0x0a;
const FIRST_PRINTABLE = 0x20;
const KINDS: readonly (readonly number[])[] = [
  [LF],
  [CR],
  [CR, CR, LF],
  [CR, LF, CR, LF],
  [CR, 0, LF],
  [CR, 0],
  [LF, LF],
  [CR, CR],
];
