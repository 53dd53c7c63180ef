// The data block: lines of "id(value*unit)(value)...". IEC 62056-21, 6.3 and annex B; tolerant where meters are.
// The rule of the file: order and exact text are kept, and what cannot be read is handed back, never guessed.

/** One id with all its bracket pairs, as sent. */
export interface DataSet {
  readonly id: string;
  /** What stood in each pair of brackets, exact. */
  readonly sets: readonly string[];
  /** A line that began with "(" was joined to it (P1 gas before DSMR 4, load-profile rows). */
  readonly continued?: boolean;
}

export interface DataBlock {
  readonly dataSets: readonly DataSet[];
  /** Lines that are no data sets: control characters, brackets that do not pair, cut ends. */
  readonly unparsed: readonly string[];
}

/** Reads a data block up to "!" or its end. Any mix of CR and LF ends a line. */
export function parseDataBlock(text: string): DataBlock {
  const dataSets: DataSet[] = [];
  const unparsed: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    if (end > at) {
      const done = readLine(text, at, end, dataSets);
      if (done === -1) unparsed.push(text.slice(at, end));
      else if (done === END) return { dataSets, unparsed };
    }
    at = end + 1;
  }
  return { dataSets, unparsed };
}

function lineEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x0a || c === 0x0d) return i;
  }
  return text.length;
}

/** Adds the data sets of one line; -1 when the line cannot be read (nothing is added), END at "!". */
function readLine(text: string, from: number, end: number, into: DataSet[]): number {
  const found: DataSet[] = [];
  let at = from;
  let ended = false;
  while (at < end) {
    let open = at;
    while (open < end && text.charCodeAt(open) !== OPEN) {
      if (text.charCodeAt(open) === BANG) break;
      open++;
    }
    if (open >= end || text.charCodeAt(open) === BANG) {
      ended = open < end;
      // Padding behind the last bracket is no data; anything else without brackets is no data set.
      if (text.slice(at, open).trim() !== '' && cleanId(text.slice(at, open)) !== '') return -1;
      break;
    }
    const id = cleanId(text.slice(at, open));
    if (id.includes(')') || !isText(id)) return -1;
    const sets: string[] = [];
    at = open;
    while (at < end && text.charCodeAt(at) === OPEN) {
      const close = closing(text, at, end);
      if (close === -1) return -1;
      const set = text.slice(at + 1, close);
      if (!isText(set)) return -1;
      sets.push(set);
      at = close + 1;
    }
    found.push({ id, sets });
  }
  for (const set of found) append(into, set);
  return ended ? END : at;
}

function append(into: DataSet[], set: DataSet): void {
  const before = into[into.length - 1];
  if (set.id !== '' || before === undefined) into.push(set);
  else into[into.length - 1] = { id: before.id, sets: [...before.sets, ...set.sets], continued: true };
}

/** Index of the bracket that closes the one at `open`; brackets may stand inside a value, as in "((ER11))". */
function closing(text: string, open: number, end: number): number {
  let depth = 0;
  for (let i = open; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === OPEN) depth++;
    else if (c === CLOSE && --depth === 0) return i;
  }
  return -1;
}

/** Noise between the brackets (NUL, DEL, bytes above 7F) is not part of an id. */
function cleanId(id: string): string {
  if (isText(id)) return id.trim();
  let clean = '';
  for (const c of id) if (c !== '\0' && c < '\x7f') clean += c;
  return clean.trim();
}

/** Printable seven-bit characters only. */
function isText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

const OPEN = 0x28;
const CLOSE = 0x29;
const BANG = 0x21;
const END = -2;
