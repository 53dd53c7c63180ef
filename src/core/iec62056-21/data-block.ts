// The data block: lines of "id(value*unit)(value)...". IEC 62056-21, 6.3 and annex B; tolerant where meters are.
// The rule of the file: order and exact text are kept, and what cannot be read is handed back, never guessed.

/** One id with all its bracket pairs, as sent. */
export interface DataSet {
  readonly id: string;
  /** What stood in each pair of brackets, exact. */
  readonly sets: readonly string[];
  /** A line that began with "(" was joined to it (P1 gas before DSMR 4, load-profile rows). */
  readonly continued?: boolean;
  /** What stood inside a bracket that opened alone on a line: a profile of its own (Holley D545 in Hungary). */
  readonly inside?: readonly DataSet[];
}

export interface DataBlock {
  readonly dataSets: readonly DataSet[];
  /** Lines that are no data sets: control characters, brackets that do not pair, cut ends. */
  readonly unparsed: readonly string[];
}

/** While its brackets come in: a copy for each line that goes on would take as long as their square. */
type OpenSet = DataSet & { readonly sets: string[] };

/** Reads a data block up to "!" or its end. Any mix of CR and LF ends a line. `nesting`: a bracket may hold lines. */
export function parseDataBlock(text: string, nesting = true): DataBlock {
  const dataSets: OpenSet[] = [];
  const unparsed: string[] = [];
  // One look at all of it spares one at each part.
  const clean = !/[^ -~\r\n]/.test(text);
  const mark = text.indexOf('!');
  const plainUntil = !clean ? 0 : mark === -1 ? text.length : mark;
  /** The line in front was none, and had no bracket. */
  let bare = false;
  const ending = text.includes('\n') ? '\n' : '\r';
  for (let from = 0, next = 0; from < text.length; from = next) {
    let end = text.indexOf(ending, from);
    if (end === -1) end = text.length;
    next = end + 1;
    while (end > from && text.charCodeAt(end - 1) === CR) end--;
    if (end === from) continue;
    const line = text.slice(from, end);
    if (end <= plainUntil && readPair(line, dataSets)) {
      bare = false;
      continue;
    }
    if (nesting && line.endsWith('(') && !line.includes(')')) {
      // Its id may stand alone on the line in front.
      const alone = line.trim() === '(' && bare ? (unparsed.pop() ?? '') : '';
      next = nested(text, alone + line, next, dataSets, unparsed);
      continue;
    }
    for (const part of line.includes('\r') ? line.split('\r') : [line]) {
      if (part === '') continue;
      const before = dataSets.length;
      const joined = dataSets[before - 1];
      const had = joined?.sets.length ?? 0;
      const done = readLine(part, clean, dataSets);
      if (done === 'end') return { dataSets, unparsed };
      bare = false;
      if (done === 'read') continue;
      // Nothing of a line counts when a part of it cannot be read.
      bare = !/[()]/.test(part);
      dataSets.length = before;
      if (joined !== undefined) {
        joined.sets.length = had;
        dataSets[before - 1] = joined;
      }
      unparsed.push(part);
    }
  }
  return { dataSets, unparsed };
}

/**
 * A bracket that opens at the end of a line holds the lines up to the bracket that closes alone on one. What stands there
 * belongs to the id in front, whatever its own name: in a telegram of the present it is the end of last month.
 * Gives where the text goes on.
 */
function nested(text: string, opening: string, from: number, into: OpenSet[], unparsed: string[]): number {
  const rest = text.slice(from);
  const close = /(?:^|[\r\n])[ ]*\)[ ]*(?=[\r\n]|$)/.exec(rest);
  // Only in front of it: each bracket of many would look through all the text.
  const mark = /(?:^|[\r\n])[ ]*!/.exec(close === null ? rest : rest.slice(0, close.index));
  const end = from + Math.min(close?.index ?? text.length, mark?.index ?? text.length);
  const inside = parseDataBlock(text.slice(from, end), false);
  const id = opening.slice(0, -1).trim();
  const before = into[into.length - 1];
  if (id !== '') into.push({ id, sets: [], inside: inside.dataSets });
  else if (before === undefined) unparsed.push(opening, ...inside.dataSets.map(set => set.id));
  else into[into.length - 1] = { ...before, inside: inside.dataSets };
  // An argument each would be more than a call can take.
  for (const line of inside.unparsed) unparsed.push(line);
  const closed = close !== null && from + close.index === end;
  if (!closed) unparsed.push(opening);
  return closed ? end + close[0].length : end;
}

/** Most lines are one id with one pair of brackets and nothing else; false for any other. */
function readPair(line: string, into: OpenSet[]): boolean {
  const open = line.indexOf('(');
  const close = line.length - 1;
  if (open <= 0 || line.indexOf(')') !== close || line.includes('(', open + 1) || line.includes('\r')) return false;
  if (line.charCodeAt(0) === BLANK || line.charCodeAt(open - 1) === BLANK) return false;
  into.push({ id: line.slice(0, open), sets: [line.slice(open + 1, close)] });
  return true;
}

/** Adds the data sets of one line. */
function readLine(line: string, clean: boolean, into: OpenSet[]): 'read' | 'unread' | 'end' {
  for (let at = 0; at < line.length;) {
    const open = line.indexOf('(', at);
    const outside = open === -1 ? line.slice(at) : line.slice(at, open);
    const bang = outside.indexOf('!');
    const id = clean ? outside.trim() : cleanId(outside);
    if (bang !== -1) return outside.slice(0, bang).trim() === '' ? 'end' : 'unread';
    // Padding behind the last bracket is no data; anything else without brackets is no data set.
    if (open === -1) return id === '' ? 'read' : 'unread';
    if (id.includes(')') || !(clean || isText(id))) return 'unread';
    const sets: string[] = [];
    at = open;
    while (line.charCodeAt(at) === OPEN) {
      const close = closing(line, at);
      if (close === -1) return 'unread';
      const set = line.slice(at + 1, close);
      if (!clean && !isText(set)) return 'unread';
      sets.push(set);
      at = close + 1;
    }
    append(into, { id, sets });
  }
  return 'read';
}

function append(into: OpenSet[], set: OpenSet): void {
  const before = into[into.length - 1];
  if (set.id !== '' || before === undefined) into.push(set);
  else if (before.continued !== true) {
    into[into.length - 1] = { ...before, sets: [...before.sets, ...set.sets], continued: true };
  } else for (const value of set.sets) before.sets.push(value);
}

/** Index of the bracket that closes the one at `open`; brackets may stand inside a value, as in "((ER11))". */
function closing(line: string, open: number): number {
  const first = line.indexOf(')', open + 1);
  const inner = line.indexOf('(', open + 1);
  if (first === -1 || inner === -1 || inner > first) return first;
  let depth = 0;
  for (let i = open; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === OPEN) depth++;
    else if (c === CLOSE && --depth === 0) return i;
  }
  return -1;
}

/**
 * NUL and DEL, with or without the bit of the parity, fill pauses and are not part of an id. Another byte above 7F may be
 * a character whose parity bit was hit: without it 1.6.1*12 would be 1.6.1*1, so that such an id is not read at all.
 */
function cleanId(id: string): string {
  if (isText(id)) return id.trim();
  let clean = '';
  for (const c of id) if (!FILL.includes(c)) clean += c;
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

const FILL = '\0\x7f\x80\xff';
const OPEN = 0x28;
const CLOSE = 0x29;
const CR = 0x0d;
const BLANK = 0x20;
