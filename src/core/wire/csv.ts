// Tables as text: semicolons, commas or tabs between the cells, quotes around a cell that holds one of them. RFC 4180.
// The rule of the file: a line is a line, so that whoever finds a fault can name its number; line ends inside of quotes are a fault.

export interface CsvLine {
  /** As an editor counts, from 1. */
  readonly line: number;
  /** Without surrounding blanks; null: quotes of the line do not end, or something stands behind them. */
  readonly cells: readonly string[] | null;
}

/** Without the lines that are empty or begin with #. The first one decides what stands between cells. */
export function csvLines(text: string): CsvLine[] {
  const written = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .map((content, i) => ({ content, line: i + 1 }))
    .filter(({ content }) => content.trim() !== '' && !content.trimStart().startsWith('#'));
  const between = separatorIn(written[0]?.content ?? '');
  return written.map(({ content, line }) => ({ line, cells: cellsOf(content, between) }));
}

/** What {@link csvLines} reads back. Line ends in a cell become blanks. */
export function csvText(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => {
    const line = text.replace(/[\r\n]+/g, ' ').trim();
    return /^#|[";,\t]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
  };
  return rows.map(cells => `${cells.map(cell).join(';')}\n`).join('');
}

function separatorIn(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  const [most = ';'] = [';', ',', '\t'].sort((a, b) => bare.split(b).length - bare.split(a).length);
  return most;
}

function cellsOf(content: string, between: string): string[] | null {
  // Most lines have no quotes.
  if (!content.includes('"')) return content.split(between).map(cell => cell.trim());
  const cells: string[] = [];
  for (let at = 0; at <= content.length; at++) {
    const quoted = /^ *"((?:[^"]|"")*)" */.exec(content.slice(at));
    if (quoted !== null) {
      cells.push((quoted[1] as string).replaceAll('""', '"').trim());
      at += quoted[0].length;
      if (at < content.length && content[at] !== between) return null;
      continue;
    }
    const end = content.indexOf(between, at);
    const cell = content.slice(at, end < 0 ? content.length : end);
    if (cell.includes('"')) return null;
    cells.push(cell.trim());
    at += cell.length;
  }
  return cells;
}
