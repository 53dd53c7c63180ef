// The data block: lines of "id(value*unit)(value)...". IEC 62056-21, 6.3 and annex B; tolerant where meters are.
// The rule of the file: order and exact text are kept, and what cannot be read is handed back, never guessed.

/** One id with all its bracket pairs, as sent. */
export interface DataSet {
  readonly id: string;
  /** What stood in each pair of brackets, exact. */
  readonly sets: readonly string[];
  /** A line that began with "(" was joined to it (P1 gas before DSMR 4, load-profile rows). */
  readonly continued?: boolean;
  /** What stood inside a bracket under names of its own: a profile in the telegram (Holley D545 in Hungary). */
  readonly inside?: readonly DataSet[];
}

export interface DataBlock {
  readonly dataSets: readonly DataSet[];
  /** Lines that are no data sets: control characters, brackets that do not pair, cut ends. */
  readonly unparsed: readonly string[];
}

/** While its brackets come in: a copy for each line that goes on would take as long as their square. */
type OpenSet = DataSet & { readonly sets: string[]; inside?: DataSet[] };

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
    let line = text.slice(from, end);
    if (end <= plainUntil && readPair(line, dataSets)) {
      bare = false;
      continue;
    }
    // Its id may stand alone on the line in front.
    if (bare && NAMELESS.test(line)) line = (unparsed.pop() ?? '') + line.trimStart();
    const opening = nesting ? openingOf(line) : -1;
    if (opening !== -1) {
      next = nested(text, line, opening, next, dataSets, unparsed);
      bare = false;
      continue;
    }
    for (const part of line.includes('\r') ? line.split('\r') : [line]) {
      if (part === '') continue;
      const before = dataSets.length;
      const joined = dataSets[before - 1];
      const had = joined?.sets.length ?? 0;
      const done = readLine(part, clean, nesting, dataSets);
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

/** Where a bracket opens that holds whole data sets and does not close on this line; -1: nowhere. */
function openingOf(line: string): number {
  const within = NAMED.exec(line)?.index ?? -1;
  if (within !== -1) return closing(line, within) === -1 ? within : -1;
  return /\(\s*$/.test(line) && !line.includes(')') ? line.lastIndexOf('(') : -1;
}

/**
 * A bracket that opens at the end of a line, or in front of an id, holds all up to the bracket that closes it. What stands there
 * belongs to the id in front, whatever its own name: in a telegram of the present it is the end of last month.
 * Gives where the text goes on.
 */
function nested(
  text: string,
  opening: string,
  open: number,
  from: number,
  into: OpenSet[],
  unparsed: string[],
): number {
  // Each line closes what it opens, or is damaged: a bracket too many closes the outer one.
  let depth = 1;
  let end = from;
  let closed = -1;
  LINE.lastIndex = from;
  for (let m = LINE.exec(text); m !== null && closed === -1; m = LINE.exec(text)) {
    const line = m[0];
    if (/^[ ]*!/.test(line)) break;
    end = m.index + line.length;
    if (openingOf(line) !== -1) depth++;
    const surplus = surplusOf(line);
    if (surplus !== -1 && --depth === 0) closed = m.index + surplus;
  }
  const held = text.slice(from, closed === -1 ? end : closed);
  const inside = parseDataBlock(`${opening.slice(open + 1)}\r\n${held}`, false);
  const idAt = opening.lastIndexOf(')', open) + 1;
  const id = opening.slice(idAt, open).trim();
  for (const set of parseDataBlock(opening.slice(0, idAt), false).dataSets) {
    append(into, { id: set.id, sets: [...set.sets] });
  }
  const before = into[into.length - 1];
  if (id !== '') into.push({ id, sets: [], inside: [...inside.dataSets] });
  else if (before === undefined) unparsed.push(opening, ...inside.dataSets.map(set => set.id));
  else {
    before.inside ??= [];
    for (const set of inside.dataSets) before.inside.push(set);
  }
  // An argument each would be more than a call can take.
  for (const line of inside.unparsed) unparsed.push(line);
  if (closed === -1) unparsed.push(opening);
  return closed === -1 ? end : closed + 1;
}

/** Index of a bracket that closes more than this line has opened; -1: none. */
function surplusOf(line: string): number {
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === OPEN) depth++;
    else if (c === CLOSE && --depth < 0) return i;
  }
  return -1;
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
function readLine(line: string, clean: boolean, nesting: boolean, into: OpenSet[]): 'read' | 'unread' | 'end' {
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
    let inside: DataSet[] | null = null;
    at = open;
    while (line.charCodeAt(at) === OPEN) {
      const close = closing(line, at);
      if (close === -1) return 'unread';
      const set = line.slice(at + 1, close);
      if (!clean && !isText(set)) return 'unread';
      if (nesting && set.includes('(') && NAMED_FIRST.test(set)) {
        inside ??= [];
        for (const inner of parseDataBlock(set, false).dataSets) inside.push(inner);
      } else sets.push(set);
      at = close + 1;
    }
    append(into, inside === null ? { id, sets } : { id, sets, inside });
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

/** A bracket in front of an id of three groups and its own bracket; a value has no two points. */
const NAMED = /\((?:\d+-\d+:)?\d+\.\d+\.\d+[^()\s]*\(/;
const NAMED_FIRST = /^\s*(?:\d+-\d+:)?\d+\.\d+\.\d+[^()\s]*\(/;
/** A line that belongs to the id that stood alone on the one in front. */
const NAMELESS = /^\s*\((?:\s*$|(?:\d+-\d+:)?\d+\.\d+\.\d+[^()\s]*\()/;
const LINE = /[^\r\n]+/g;
const FILL = '\0\x7f\x80\xff';
const OPEN = 0x28;
const CLOSE = 0x29;
const CR = 0x0d;
const BLANK = 0x20;
