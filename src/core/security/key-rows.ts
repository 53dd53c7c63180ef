// The rows of a table of keys as text, with the names of columns that operators and users write.
// The rules of the file: what is wrong is told by line and column; what stands in a cell is never told, because columns get
// shifted, and then it is a key.

import { csvLines, csvText } from '../wire/csv';
import { DlmsError, isDlmsError } from '../wire/errors';
import { hex } from '../wire/hex';
import { Key, parseSystemTitle } from './keys';

/** `was`: of a form, which row of the saved table it changes. */
export type KeyColumn = (typeof KEY_COLUMNS)[number] | 'was';
export const KEY_COLUMNS = [
  'title',
  'id',
  'pattern',
  'encryptionKey',
  'authenticationKey',
  'broadcastKey',
  'name',
  'preset',
] as const;

/** One row as it is written. */
export interface KeyCells {
  readonly line: number;
  readonly cells: Readonly<Partial<Record<KeyColumn, string>>>;
  /** That the line is none. */
  readonly fault: DlmsError | null;
}

/** Whose row it is. `start`: of a system title in hex, or of maker and serial number as printed. */
export type RowFor =
  | { readonly by: 'title'; readonly title: string }
  | { readonly by: 'id'; readonly maker: string; readonly serial: string }
  | { readonly by: 'pattern'; readonly start: string; readonly printed: boolean };

export interface KeyRow {
  /** For errors: table and line. */
  readonly where: string;
  readonly meter: RowFor;
  readonly encryptionKey: Key | null;
  readonly authenticationKey: Key | null;
  readonly broadcastKey: Key | null;
  readonly name: string | null;
  readonly preset: string | null;
  /** What is wrong with its keys: told when its meter sends, too, and nothing is opened. */
  readonly fault: DlmsError | null;
}

/** Throws BAD_SETTING for a heading without the needed columns and for too many rows. */
export function readKeyCells(text: string, table: string): KeyCells[] {
  const [heading, ...lines] = csvLines(text);
  if (heading === undefined) return [];
  const columns = columnsIn(heading.cells, heading.line, table);
  if (lines.length > LIMIT_KEY_ROWS) throw wrong(table, `(${lines.length} rows)`, `of at most ${LIMIT_KEY_ROWS} rows`);
  return lines.map(({ line, cells }) => {
    const surplus = cells?.findIndex((cell, i) => i >= columns.length && cell !== '') ?? -1;
    const fault =
      cells === null
        ? wrong(`${table} line ${line}`, '(quotes that do not end)', 'a row of cells')
        : surplus >= 0
          ? wrong(`${table} line ${line}, column ${surplus + 1}`, '(a cell)', 'empty: the heading has no such column')
          : null;
    const named = (cells ?? []).flatMap((cell, i) => {
      const column = columns[i] ?? null;
      return column === null || cell === '' ? [] : [[column, cell] as const];
    });
    return { line, cells: Object.fromEntries(named), fault };
  });
}

/** What {@link readKeyCells} reads back. */
export function keyText(rows: readonly KeyCells['cells'][]): string {
  const columns: KeyColumn[] = [...KEY_COLUMNS];
  if (rows.some(row => row.was !== undefined)) columns.push('was');
  return csvText([columns, ...rows.map(row => columns.map(column => row[column] ?? ''))]);
}

/** What cells may be beside what they say. */
export interface KeyContext {
  /** Gets cells that hold `${NAME}`. */
  readonly resolve?: (cell: string, where: string) => string;
  /** Is there a preset of this name? */
  readonly knows?: (preset: string) => boolean;
}

/** What a row means. Throws BAD_SETTING for one that no meter can be seen in. */
export function keyRow(row: KeyCells, table: string, { resolve, knows }: KeyContext = {}): KeyRow {
  if (row.fault !== null) throw row.fault;
  const where = `${table} line ${row.line}`;
  const cell = (column: KeyColumn): string => {
    const text = row.cells[column] ?? '';
    return resolve !== undefined && text.includes('${') ? resolve(text, `${where}, column ${column}`).trim() : text;
  };
  const meter = rowFor(cell, where);
  let fault: DlmsError | null = null;
  const key = (column: KeyColumn): Key | null => {
    try {
      const text = cell(column);
      if (text !== '') return Key.parse(text, `${where}, column ${column}`);
      if (column === 'encryptionKey') throw wrong(`${where}, column ${column}`, '(empty)', A_KEY);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      fault ??= error;
    }
    return null;
  };
  const [encryptionKey, authenticationKey, broadcastKey] = [
    key('encryptionKey'),
    key('authenticationKey'),
    key('broadcastKey'),
  ];
  const shown = (column: KeyColumn): string => {
    try {
      const text = cell(column);
      if (isShown(text)) return text;
      const expected = `text of at most ${LONGEST_NAME} characters that is no key`;
      throw wrong(`${where}, column ${column}`, `(${text.length} characters)`, expected);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      fault ??= error;
    }
    return '';
  };
  const [name, preset] = [shown('name'), shown('preset')];
  if (preset !== '' && knows?.(preset) === false)
    fault ??= wrong(`${where}, column preset`, preset, 'the id of a preset or the name of a layout');
  const shared = { where, meter, name: name || null, preset: preset || null };
  return { ...shared, encryptionKey, authenticationKey, broadcastKey, fault };
}

/** Whether a cell may be told, as a name is with each telegram: columns get shifted, and then it is a key. */
export function isShown(text: string): boolean {
  return text.length <= LONGEST_NAME && !LIKE_A_KEY.test(text.replace(/[\s:,;-]/g, ''));
}

/** The meter of a row, by the first of its three columns that is filled in. */
function rowFor(cell: (column: KeyColumn) => string, where: string): RowFor {
  for (const column of ['title', 'id', 'pattern'] as const) {
    const text = cell(column);
    if (text === '') continue;
    const place = `${where}, column ${column}`;
    const found = column === 'id' && !text.endsWith('*') ? 'id' : meterColumn(text);
    // A digit lost in copying makes no number of a title.
    if (column === 'title' && found === 'id') throw wrong(place, `(${text.length} characters)`, A_TITLE);
    if (found === 'pattern') return patternOf(text.slice(0, -1), place);
    return found === 'id' ? serialOf(text, place) : { by: 'title', title: hex(parseSystemTitle(text)) };
  }
  throw wrong(`${where}, column title`, '(empty)', 'a system title, or a row with an id or a pattern');
}

/** What names a meter: `*` at its end makes a pattern, digits alone are no title in text, and what is no title is a number. */
export function meterColumn(text: string): 'title' | 'id' | 'pattern' {
  if (text.endsWith('*')) return 'pattern';
  if (/^[\d\s.-]+$/.test(text) && text.replace(/\D/g, '').length !== 16) return 'id';
  try {
    parseSystemTitle(text);
    return 'title';
  } catch {
    return 'id';
  }
}

/** A number as it is printed on a meter, with or without the letters of its maker: the last eight digits are the serial number. */
function serialOf(text: string, where: string): RowFor {
  const found = /^(?:\d?([A-Z]{3}))?(\d{1,20})$/.exec(text.toUpperCase().replace(/[\s._/-]/g, ''));
  if (found === null) throw wrong(where, `(${text.length} characters)`, A_METER);
  const [, maker = '', digits = ''] = found;
  return { by: 'id', maker, serial: digits.slice(-SERIAL_DIGITS).padStart(SERIAL_DIGITS, '0') };
}

function patternOf(text: string, where: string): RowFor {
  const start = text.replace(/[\s:_-]/g, '');
  // Titles begin with three letters, in hex with 4 or 5.
  if (/^([45][0-9a-f]{0,15})?$/i.test(start)) return { by: 'pattern', start: start.toLowerCase(), printed: false };
  if (/^[A-Z]{1,3}$|^[A-Z]{3}\d{1,8}$/i.test(start))
    return { by: 'pattern', start: start.toUpperCase(), printed: true };
  throw wrong(where, `(${text.length + 1} characters)`, 'the begin of a system title and *, as 4b414d* or KAM*');
}

/** By the order of the columns; null: one that is left out. */
function columnsIn(cells: readonly string[] | null, line: number, table: string): (KeyColumn | null)[] {
  const columns = (cells ?? []).map((cell, i) => {
    if (cell === '' || cell.startsWith('#')) return null;
    const column = COLUMN_NAMES.get(squeezed(cell));
    if (column !== undefined) return column;
    // Without a heading the first row would be told.
    const shown = /^[\p{L} _-]{1,24}$/u.test(cell) ? cell : `(${cell.length} characters)`;
    throw wrong(`${table} line ${line}, column ${i + 1}`, shown, `one of ${KEY_COLUMNS.join(', ')}, or begins with #`);
  });
  const again = columns.findIndex((column, i) => column !== null && columns.indexOf(column) < i);
  if (again >= 0) throw wrong(`${table} line ${line}, column ${again + 1}`, columns[again] ?? '', 'there once');
  const whose = columns.some(column => column === 'title' || column === 'id' || column === 'pattern');
  if (whose && columns.includes('encryptionKey')) return columns;
  throw wrong(`${table} line ${line}`, '(a heading)', 'one with title, id or pattern, and encryptionKey');
}

function squeezed(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}

function wrong(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}

/** Columns as they are written, squeezed to letters and digits, in the languages of the forms and of operators. */
const WRITTEN: Readonly<Record<KeyColumn, string>> = {
  title: 'title systemtitle titel systemtitel',
  id: 'id meterid meter meternumber number serial serialnumber zahlernummer zaehlernummer zahler zaehler seriennummer geratenummer geraetenummer',
  pattern: 'pattern muster',
  encryptionKey:
    'encryptionkey key ek guek gek gpk60 globalunicastencryptionkey schlussel schluessel verschlusselungsschlussel verschluesselungsschluessel entschlusselungsschlussel entschluesselungsschluessel',
  authenticationKey:
    'authenticationkey ak gak gpk61 globalauthenticationkey authentifizierungsschlussel authentifizierungsschluessel authentisierungsschlussel authentisierungsschluessel',
  broadcastKey: 'broadcastkey gbek globalbroadcastencryptionkey broadcastschlussel broadcastschluessel',
  name: 'name bezeichnung label',
  preset: 'preset layout voreinstellung vorlage',
  was: 'was',
};
const COLUMN_NAMES: ReadonlyMap<string, KeyColumn> = new Map(
  Object.entries(WRITTEN).flatMap(([column, words]) => words.split(' ').map(word => [word, column as KeyColumn])),
);
/** Of a key in hex; nobody calls a meter so. */
const LIKE_A_KEY = /^(?:0x)?[0-9a-f]{30,66}$/i;
const LONGEST_NAME = 100;
const A_TITLE = '16 hex digits or 8 characters; the number of a meter stands under id';
const A_METER = 'the number of a meter, or 16 hex digits or 8 characters of a system title';
const A_KEY = '32 hex digits (AES-128), or 64 (AES-256)';
export const SERIAL_DIGITS = 8;
export const LIMIT_KEY_ROWS = 100_000;
