// The table of error codes in the README, made from the one in src/core/wire/errors.ts.
// Run without arguments it writes the table into README.md; a test compares the two.

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
      .replace(/NaN/g, '…')
      .replace(/\|/g, '\\|');
    return `| \`${code}\` | ${meaning} | ${blame} | ${remedy} |`;
  });
  return ['| code | meaning | who | what to do |', '|---|---|---|---|', ...rows].join('\n');
}

/** What stands between the two marks in a README; null: there are none. */
export function tableIn(readme: string): string | null {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  return from < 0 || to < from ? null : readme.slice(from + BEGIN.length, to).trim();
}

export function withTable(readme: string): string {
  const from = readme.indexOf(BEGIN) + BEGIN.length;
  return `${readme.slice(0, from)}\n${errorTable()}\n${readme.slice(readme.indexOf(END))}`;
}

if (require.main === module) {
  const readme = join(process.cwd(), 'README.md');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8')));
}
