// SML files in a stream: 1b1b1b1b 01010101, messages, fill octets, 1b1b1b1b 1a and the check. BSI TR-03109-1, annex IV b.
// The rule of the file: the check of the file decides. What has none that fits, or what a new start cuts off, gives nothing,
// and the search for its end looks at each octet once.

import { fcs16, kermit16, lowFirst } from '../wire/crc16';
import type { Detail } from '../wire/errors';
import { hex } from '../wire/hex';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';

export interface SmlFrame {
  readonly type: 'sml';
  /** As it came, from the first escape to the check. */
  readonly bytes: Uint8Array;
  /** The messages and the fill octets behind them, without escapes. */
  readonly content: Uint8Array;
  /** Holley's RS-485 output has another CRC. */
  readonly check: 'x25' | 'kermit';
}

export const smlFiles: Recogniser<SmlFrame> = {
  framing: 'sml',
  what: 'SML file',
  starts: [0x1b],
  checked: true,
  look,
};

/** The start or the end of a file stands somewhere in it. */
export function holdsSml(bytes: Uint8Array): boolean {
  for (let at = escapeIn(bytes, 0); at !== -1; at = escapeIn(bytes, at + 1)) {
    if (bytes[at + 4] === END || bytes.subarray(at + 4, at + 8).join() === '1,1,1,1') return true;
  }
  return false;
}

/** The bytes of a file around its messages; escapes inside of them are doubled. `kermit`: as Holley's RS-485 output has it. */
export function smlFile(messages: Uint8Array, check: SmlFrame['check'] = 'x25'): Uint8Array {
  const out = [ESCAPE, ESCAPE, ESCAPE, ESCAPE, START, START, START, START];
  for (let i = 0, run = 0; i < messages.length; i++) {
    const octet = messages[i] as number;
    out.push(octet);
    run = octet === ESCAPE ? run + 1 : 0;
    if (run === 4) {
      out.push(ESCAPE, ESCAPE, ESCAPE, ESCAPE);
      run = 0;
    }
  }
  const fill = (4 - (out.length % 4)) % 4;
  for (let i = 0; i < fill; i++) out.push(0);
  out.push(ESCAPE, ESCAPE, ESCAPE, ESCAPE, END, fill);
  const bytes = Uint8Array.from(out);
  const crc = check === 'kermit' ? kermit16(bytes) : lowFirst(fcs16(bytes));
  return Uint8Array.from([...bytes, crc >> 8, crc & 0xff]);
}

function look(bytes: Waiting, { searched, final }: Circumstances): Verdict<SmlFrame> {
  if (searched === 0) {
    const start = beginning(bytes);
    if (start === 'no') return 'no';
    // One octet of noise is no file.
    if (start === 'short') return final && bytes.length < 2 ? 'no' : { need: bytes.length + 1 };
    if (start === 'end') return { damaged: OVERHEAD, error: frame('its beginning was lost') };
  }
  return search(bytes, Math.max(START_OCTETS, searched));
}

/** What the first octets are: a start, one of another version or with one wrong octet, the end of a file that was cut off. */
function beginning(bytes: Waiting): 'whole' | Detail | 'end' | 'short' | 'no' {
  const { length } = bytes;
  let escapes = 0;
  while (escapes < 5 && bytes.at(escapes) === ESCAPE) escapes++;
  // Stray octets before a start: the last four belong to it.
  if (escapes === 5) return 'no';
  if (escapes === length) return 'short';
  if (escapes < 3) return 'no';
  if (length < START_OCTETS) {
    const next = bytes.at(escapes);
    return escapes === 4 && (next === END || next === START || next === VERSION_2)
      ? 'short'
      : couldStart(bytes, escapes);
  }
  let starts = 0;
  for (let i = escapes; i < START_OCTETS; i++) if (bytes.at(i) === START) starts++;
  if (escapes === 4) {
    if (starts === 4) return 'whole';
    if (bytes.at(4) === END) return 'end';
    if (isRun(bytes, 4, VERSION_2)) return frame('transport version 2, which no meter is known to send, is not read');
    return starts === 3 ? DAMAGED_START : 'no';
  }
  // 1b 1b 1b 01 01 01 01: the first octet was lost or changed; 1b 1b 1b xx 01 01 01 01: the fourth was.
  return starts >= 4 ? DAMAGED_START : 'no';
}

function couldStart(bytes: Waiting, escapes: number): 'short' | 'no' {
  let others = 0;
  for (let i = escapes; i < bytes.length; i++) if (bytes.at(i) !== START) others++;
  return others <= 1 ? 'short' : 'no';
}

/** From one escape to the next until the file ends. */
function search(bytes: Waiting, from: number): Verdict<SmlFrame> {
  const { length } = bytes;
  let at = from;
  for (;;) {
    if (bytes.at(at) !== ESCAPE) at = bytes.indexOf(ESCAPE, at);
    if (at > LIMIT_BYTES || (at === -1 && length > LIMIT_BYTES)) {
      return damage(bytes, LIMIT_BYTES, {
        code: 'LIMIT_EXCEEDED',
        what: 'SML file',
        limit: LIMIT_BYTES,
        actual: length,
      });
    }
    // Whatever ends it has eight octets, of which an escape is the first half.
    if (at === -1) return { need: length + OVERHEAD, searched: length };
    let run = 1;
    while (run < 8 && bytes.at(at + run) === ESCAPE) run++;
    if (at + run === length && run < 8) return { need: at + Math.max(OVERHEAD, run + 1), searched: at };
    if (run < 4 || run === 8) {
      at += run;
      continue;
    }
    // 1b1b1b1b in the data stands doubled, so of a longer run only its last four can be an escape.
    const escape = at + run - 4;
    if (length < escape + OVERHEAD) return { need: escape + OVERHEAD, searched: at };
    if (bytes.at(escape + 4) === END) return ended(bytes, escape + OVERHEAD);
    if (isRun(bytes, escape + 4, START)) {
      return damage(bytes, escape, { code: 'INCOMPLETE', what: 'SML file', have: escape });
    }
    const unknown = hex(bytes.view(escape + 4, escape + 8));
    return damage(bytes, escape + 8, frame(`the escape 1b1b1b1b ${unknown} has no meaning in it`));
  }
}

/** A start that was wrong says more than what came of it. */
function damage(bytes: Waiting, damaged: number, error: Detail): Verdict<SmlFrame> {
  const start = beginning(bytes);
  return { damaged, error: typeof start === 'string' ? error : start };
}

function ended(waiting: Waiting, octets: number): Verdict<SmlFrame> {
  const bytes = waiting.view(0, octets);
  const want = fcs16(bytes, 0, octets - 2);
  const sent = (bytes[octets - 2] as number) * 256 + (bytes[octets - 1] as number);
  const check = sent === lowFirst(want) ? 'x25' : sent === kermit16(bytes, 0, octets - 2) ? 'kermit' : null;
  if (check === null || beginning(waiting) !== 'whole') {
    return damage(waiting, octets, { code: 'SML_CHECK', got: lowFirst(sent), want, lengthBytes: octets });
  }
  const whole = bytes.slice();
  const content = withoutEscapes(whole.subarray(START_OCTETS, octets - OVERHEAD));
  return { frame: { type: 'sml', bytes: whole, content, check }, octets };
}

function withoutEscapes(bytes: Uint8Array): Uint8Array {
  let at = escapeIn(bytes, 0);
  if (at === -1) return bytes;
  const out = new Uint8Array(bytes.length);
  let from = 0;
  let filled = 0;
  for (; at !== -1; at = escapeIn(bytes, from)) {
    out.set(bytes.subarray(from, at + 4), filled);
    filled += at + 4 - from;
    from = at + 8;
  }
  out.set(bytes.subarray(from), filled);
  return out.subarray(0, filled + bytes.length - from);
}

function escapeIn(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(ESCAPE, from); at !== -1; at = bytes.indexOf(ESCAPE, at + 1)) {
    if (bytes[at + 1] === ESCAPE && bytes[at + 2] === ESCAPE && bytes[at + 3] === ESCAPE) return at;
  }
  return -1;
}

function isRun(bytes: Waiting, from: number, octet: number): boolean {
  for (let at = from; at < from + 4; at++) if (bytes.at(at) !== octet) return false;
  return true;
}

function frame(reason: string): Detail {
  return { code: 'SML_FRAME', reason };
}

const ESCAPE = 0x1b;
const START = 0x01;
const VERSION_2 = 0x02;
const END = 0x1a;
const START_OCTETS = 8;
/** Escape, 1a, number of fill octets, check. */
const OVERHEAD = 8;
/** The largest files known have 700 octets; a packed profile of a month may have some ten thousand. */
const LIMIT_BYTES = 65_536;
const DAMAGED_START = frame('its start sequence is damaged');
