// The table of error codes in docs/errors.md, made from the one in src/core/wire/errors.ts.
// Run without arguments it writes the table into the page; a test compares the two.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../src/core/wire/errors';

const BEGIN = '<!-- errors:begin -->';
const END = '<!-- errors:end -->';

/** Markdown: code, meaning, who has to act, what to do. */
export function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, { blame, say, remedy }]) => {
    // Facts of which each is an ellipsis: the sentence shows where they stand.
    const facts: unknown = new Proxy({}, { get: () => '…' });
    const meaning = (say as (facts: unknown) => string)(facts)
      .replace(/0x0*…/g, '…')
      .replace(/NaN|undefined/g, '…')
      .replace(/\|/g, '\\|');
    return `| \`${code}\` | ${meaning} | ${blame} | ${remedy} |`;
  });
  return ['| code | meaning | who | what to do |', '|---|---|---|---|', ...rows].join('\n');
}

/** What stands between the two marks of a page; null: there are none. */
export function tableIn(page: string): string | null {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  return from < 0 || to < from ? null : page.slice(from + BEGIN.length, to).trim();
}

export function withTable(page: string): string {
  const from = page.indexOf(BEGIN) + BEGIN.length;
  return `${page.slice(0, from)}\n${errorTable()}\n${page.slice(page.indexOf(END))}`;
}

if (require.main === module) {
  const page = join(process.cwd(), 'docs', 'errors.md');
  writeFileSync(page, withTable(readFileSync(page, 'utf8')));
}
