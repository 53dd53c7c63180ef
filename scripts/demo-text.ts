// What the demo prints of a message: readings one a line, rows of a profile as they come; all shortened, because the address
// of the editor is to stay in sight.

import type { ProfileRow } from '../src/core/cosem/profile';
import type { Reading, Telegram } from '../src/core/cosem/reading';

const WIDTH = 110;
const ROWS_SHOWN = 5;
const READINGS_SHOWN = 6;

export function lines(title: string, msg: unknown): string[] {
  const { payload, parts, error } = msg as {
    payload?: unknown;
    parts?: { index: number; count?: number };
    error?: { message: string };
  };
  if (error !== undefined) return [cut(`${title}: ${error.message}`)];
  if (parts !== undefined && isRow(payload)) return rowLines(title, payload, parts);
  if (isTelegram(payload)) {
    const shown = payload.readings.slice(0, READINGS_SHOWN).map(readingLine);
    const more = payload.readings.length - shown.length;
    return [`${title}:`, ...shown, ...(more > 0 ? [`  … ${more} more readings`] : [])];
  }
  if (isProfile(payload)) {
    const shown = payload.rows.slice(-ROWS_SHOWN).map(row => `  ${cut(rowText(row))}`);
    return [`${title}: ${payload.rows.length} rows, the last of them`, ...shown];
  }
  if (typeof payload === 'string' && payload.includes('\n')) {
    const all = payload.trimEnd().split('\n');
    const head = all.slice(0, ROWS_SHOWN + 5).map(line => `  ${cut(line)}`);
    return [`${title}:`, ...head, ...(all.length > head.length ? [`  … ${all.length - head.length} more lines`] : [])];
  }
  return [cut(`${title}: ${typeof payload === 'object' ? JSON.stringify(payload) : String(payload)}`)];
}

function rowLines(title: string, row: ProfileRow, parts: { index: number; count?: number }): string[] {
  if (parts.index < ROWS_SHOWN) return [cut(`${title} ${parts.index + 1}: ${rowText(row)}`)];
  return parts.count === undefined ? [] : [`${title}: ${parts.count} rows in all`];
}

function readingLine(reading: Reading): string {
  const value = reading.value === null ? '-' : String(reading.value);
  return cut(`  ${(reading.obis ?? reading.id ?? '').padEnd(16)} ${value} ${reading.unit ?? ''}  ${reading.name}`);
}

function rowText({ time, ...values }: ProfileRow): string {
  return [time ?? '-', ...Object.entries(values).map(([key, value]) => `${key}=${String(value)}`)].join('  ');
}

function isRow(value: unknown): value is ProfileRow {
  return typeof value === 'object' && value !== null && 'time' in value && !('readings' in value);
}
function isTelegram(value: unknown): value is Telegram {
  return typeof value === 'object' && value !== null && 'readings' in value && Array.isArray(value.readings);
}
function isProfile(value: unknown): value is { rows: readonly ProfileRow[] } {
  return typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows);
}

function cut(text: string): string {
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1)}…`;
}
