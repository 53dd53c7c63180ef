// Octets in hex: alone, in dumps with offsets, and in lines of a log.
// The rule of the file: what stands in front of the octets is the same in every line but for its numbers, and every count that
// is written down has to be right.

import { unhex } from '../../core/wire/hex';

/** null: not of this form. A text: of this form, but something in it is wrong. */
export type Found = Uint8Array | string | null;

/** Pairs with one separator, or groups of one width with blanks between them; in each line the same way. */
export function hexText(text: string): Found {
  const lines = linesOf(text).map(line => line.trim());
  if (lines.length > 0 && lines.every(line => /^[0-9a-f]+$/i.test(line))) {
    const digits = lines.join('');
    return digits.length % 2 === 0 ? unhex(digits) : 'an odd number of digits';
  }
  const fits = (each: RegExp): boolean => lines.every(line => each.test(line));
  if (!ALONE.some(fits) && !lines.every(sameGroups)) return null;
  return unhex(digitsIn(lines.join(' ')));
}

/** Groups of an even number of digits; the last one of a line may be shorter. */
function sameGroups(line: string): boolean {
  const groups = line.split(/ +/).map(group => group.replace(/^(?:0x|\\x)/i, ''));
  const width = groups[0]?.length ?? 0;
  const even = groups.every(group => /^(?:[0-9a-f]{2})+$/i.test(group));
  return (
    even && groups.every((group, i) => group.length === width || (i === groups.length - 1 && group.length < width))
  );
}

/** Offsets in hex, octal or decimal that count the octets; a column of characters behind them. */
export function hexDump(text: string): Found {
  const rows = linesOf(text).map(line => OFFSET.exec(line));
  if (rows.length === 0 || rows.some(row => row === null)) return null;
  let wide = false;
  const parsed = rows.map(row => {
    const [, offset = '', gap = '', rest = ''] = row as RegExpExecArray;
    const digits = rowOf(rest);
    wide ||= digits !== null && /^\s*[0-9a-f]{4}(?: |$)/i.test(rest) && gap === ' ';
    return { offset, digits };
  });
  const last = parsed.at(-1);
  if (parsed.some(row => row.digits === null || (row.digits === '' && row !== last))) return null;
  if (parsed.length === 1 && last?.digits === '') return null;
  // od -x and hexdump without -C turn each pair of octets round on most machines, and on some not.
  if (wide) return 'words of two octets in the order of the machine; write it with "hexdump -C" or "od -t x1"';
  // od counts in seven octal digits, everything else in hex.
  const at = parsed.map(({ offset }) => parseInt(offset, offset.length === 7 ? 8 : 16));
  let octets = at[0] as number;
  const counts = parsed.every((row, i) => {
    const fits = at[i] === octets;
    octets += (row.digits ?? '').length / 2;
    return fits;
  });
  const all = parsed.map(row => row.digits).join('');
  return counts ? unhex(all) : 'the offsets do not count the octets';
}

/** An offset and octets. */
function isDumpRow(line: string): boolean {
  if (!OF_DUMP.test(line)) return false;
  const digits = rowOf(OFFSET.exec(line)?.[3] ?? '');
  return digits !== null && digits !== '';
}

/** The octets of a row, without the characters beside them; null where it begins with something else. */
function rowOf(rest: string): string | null {
  const bar = rest.indexOf('|');
  const row = (bar === -1 ? rest : rest.slice(0, bar)).trim();
  const shape = /^((?:[0-9a-f]{2})+)((?: {1,2}(?:[0-9a-f]{2})+)*)(?=$|\s{2,})/i.exec(row);
  if (shape === null) return row === '' ? '' : null;
  const [data = '', first = ''] = shape;
  let digits = '';
  let at = 0;
  for (const token of data.matchAll(/( {0,2})([0-9a-f]+)/gi)) {
    const [, gap = '', group = ''] = token;
    // Two blanks stand in the middle of a row of 16, or in front of the characters.
    const middle = digits.length === 16 && first.length === 2 && !isColumn(row.slice(at + 2), digits);
    if (gap.length === 2 && !middle) break;
    if (group.length > first.length || (at > 0 && gap === '')) break;
    digits += group;
    at = token.index + token[0].length;
  }
  return at === data.length || /^\s{2,}\S/.test(row.slice(at)) ? digits : null;
}

/** The characters of these octets, a dot where there is none. */
function isColumn(text: string, digits: string): boolean {
  return (
    text.length * 2 === digits.length &&
    [...unhex(digits)].every((octet, i) => text.charCodeAt(i) === octet || text[i] === '.')
  );
}

/** Words, times and marks in front of the octets of each line; lines without octets tell how many follow. */
export function hexLog(text: string): Found {
  const lines = linesOf(text).map(line => ({ line, row: logRow(line) }));
  // Its characters may hold what looks like a time.
  if (lines.some(({ line }) => isDumpRow(line))) return null;
  const rows = lines.filter(({ row }) => row !== null);
  if (rows.length === 0) return null;
  const [shape] = rows.map(({ row }) => (row as LogRow).shape);
  const strange = rows.find(({ row }) => row?.shape !== shape);
  if (strange !== undefined) return `lines that begin in different ways, as of two directions: ${begin(strange.line)}`;
  if (rows.every(({ row }) => row?.counts === true)) {
    return `a number that may be an octet or the count of those behind it: ${begin(rows[0]?.line ?? '')}`;
  }
  const heads = lines.filter(({ row }) => row === null);
  if (heads.length === 0 && shape === '') return null;
  const headShape = heads[0] === undefined ? '' : shapeOf(heads[0].line);
  const odd = heads.find(({ line }) => shapeOf(line) !== headShape || !HEAD.test(line));
  if (odd !== undefined) return `a line without octets: ${begin(odd.line)}`;
  if (heads.length > 0 && lines[0]?.row !== null) return `a line without octets: ${begin(heads[0]?.line ?? '')}`;
  let all = '';
  let since = 0;
  let announced = -1;
  for (const { line, row } of [...lines, { line: '', row: null }]) {
    if (row !== null) {
      if (row.wrong !== null) return row.wrong;
      all += row.digits;
      continue;
    }
    if (announced !== -1 && announced !== all.length / 2 - since) return 'a line counts other octets than follow it';
    announced = Number(
      COUNT.exec(line)
        ?.slice(1)
        .find(n => n !== undefined) ?? -1,
    );
    since = all.length / 2;
  }
  return unhex(all);
}

interface LogRow {
  /** What stands in front, its numbers left out. */
  readonly shape: string;
  readonly digits: string;
  readonly wrong: string | null;
  /** The first octet may as well be the number of those behind it. */
  readonly counts: boolean;
}

/** null: no octets at the end of this line. */
function logRow(whole: string): LogRow | null {
  if (OF_DUMP.test(whole)) return null;
  const line = withoutColumn(whole);
  // Backwards, since octets stand at the end: the longest run of them, without looking at any character often.
  const back = line.split('').reverse().join('');
  const best = RUNS.map(run => run.exec(back)).reduce(
    (a, b) => (b !== null && b[0].length > (a?.[0].length ?? 0) ? b : a),
    null,
  );
  if (best === null) return null;
  const from = line.length - best[0].length;
  const front = line.slice(0, from);
  if (!FRONT.test(front.slice(-LONGEST_WORD)) || OCTETS.test(front.slice(-LONGEST_WORD))) return null;
  const data = line.slice(from, line.length - (best[1] ?? '').length);
  const digits = digitsIn(data);
  const octets = digits.length / 2;
  // "length=12 from=0 to=11"
  if (announcedBy(front) !== -1 && announcedBy(front) !== octets) return null;
  const counted = /^\((\d+)\)$/.exec(line.slice(from + data.length).trim())?.[1];
  const wrong =
    counted === undefined || /^0x[0-9a-f]{2}$/i.test(data.trim()) || Number(counted) === octets
      ? null
      : `a line says ${counted} octets and holds ${octets}`;
  const [first = ''] = /^[0-9a-f]*/i.exec(data) ?? [];
  const counts =
    front !== '' && octets > 3 && /^\d\d$/.test(first) && [10, 16].some(b => parseInt(first, b) === octets - 1);
  return { shape: shapeOf(front), digits, wrong, counts };
}

/** The characters of the octets between bars at the end of a line. */
function withoutColumn(line: string): string {
  const bar = line.endsWith('|') ? line.lastIndexOf('|', line.length - 2) : -1;
  return bar > 0 ? line.slice(0, bar).trimEnd() : line;
}

/** Octets that a line counts; -1 where it counts none. */
function announcedBy(line: string): number {
  return Number(
    COUNT.exec(line)
      ?.slice(1)
      .find(n => n !== undefined) ?? -1,
  );
}

/** Numbers and the names of months and days may change from line to line. */
export function shapeOf(front: string): string {
  return front
    .replace(/\d+/g, '0')
    .replace(/\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b/g, '@')
    .trim();
}

export function linesOf(text: string): string[] {
  return text
    .split(/\r\n|\n|\r/)
    .map(line => line.trimEnd())
    .filter(line => line !== '');
}

/** For a refusal: what may be octets of a key is left out. */
export function begin(line: string, length = 40): string {
  return `"${line
    .trim()
    .slice(0, 500)
    .replace(/(?:[0-9a-f]{2}[ :.-]?){8,}/gi, '…')
    .slice(0, length)}"`;
}

function digitsIn(data: string): string {
  return data.replace(/0x|\\x/gi, '').replace(/[^0-9a-f]/gi, '');
}

const TOKEN = String.raw`(?:0x|\\x)?[0-9a-f]{2}`;
const SEPARATORS = [':', '-', String.raw`\.`, '·', '_', String.raw`\s*,\s*`, String.raw`\s*;\s*`];
/** A line of octets and nothing else, by its separator; it may end with one. */
const ALONE = [
  ...SEPARATORS.map(each => new RegExp(String.raw`^${TOKEN}(?:${each}${TOKEN})*[\s,;]*$`, 'i')),
  /^(?:\\x[0-9a-f]{2})+$/i,
];
/** From the end of a line: perhaps the count of octets, or of a single one its character, in brackets; then octets as above. */
const RUNS = [
  String.raw`[0-9a-f]{2}(?:x0|x\\)?(?: +[0-9a-f]{2}(?:x0|x\\)?)*`,
  String.raw`(?:[0-9a-f]{2})+(?:x0)?(?: +(?:[0-9a-f]{2})+(?:x0)?)*`,
  ...SEPARATORS.map(each => String.raw`[0-9a-f]{2}(?:x0|x\\)?(?:${each}[0-9a-f]{2}(?:x0|x\\)?)+`),
  String.raw`(?:[0-9a-f]{2}x\\)+`,
].map(
  run =>
    new RegExp(String.raw`^((?:\)\d+\(|\).{1,4}\((?=\s*[0-9a-f]{2}x0\s))?[\s,;]*)${run}(?![0-9a-z._·:;,\\-])`, 'i'),
);
/** In front of octets stands nothing, a mark, a word that is no hex, or a time. */
const FRONT = /^$|[\]:>|)=}<#"'*]\s*$|\s-\s*$|[a-z_]*[g-z][a-z_]*\d*\s+$|\d[.:]\d+\s+$|^\s+$/i;
/** Octets in front of octets, and no time or date. */
const OCTETS = /(?:^|\s)(?=\S*[a-f]|(?:\d\d:)*[6-9]\d)[0-9a-f]{2}(?:[:.·_-][0-9a-f]{2})+\s+$/i;
const LONGEST_WORD = 64;
/** A line without octets has a time or counts what follows. */
const HEAD = /\d[:.]\d\d|\b(?:bytes?|octets?|length)\b/i;
const COUNT = /\b(\d+) *(?:\(0x[0-9a-f]+\) *)?(?:bytes?|octets?)\b|\blength *[=:] *(\d+)/i;
/** "00000010: ", "0010  ", "0x0010:", "0010 | ", "0000020 ", or alone in the last line. */
const OFFSET = /^\s*(?:0x)?([0-9a-f]{4,8})(?:(:\s*|h\s+|\s+\|\s*|\s+)(?=\S)(.*)|:?\s*)$/i;
/** A line that begins with an offset is of a dump, whatever its characters look like. */
export const OF_DUMP = /^\s*(?:0x)?[0-9a-f]{4,8}(?:: | {2,}|h | \| )/i;
