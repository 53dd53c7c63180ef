// How many lines of each folder the unit tests run, with a floor for each; reads what c8 wrote.
// The rule of the file: a folder that falls below its floor fails the run; a floor is raised, never lowered.

import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

interface Lines {
  readonly total: number;
  readonly covered: number;
}

const ROOT = join(__dirname, '..', '..');
/** Percent of lines; the longest name that fits counts. */
const FLOORS: Readonly<Record<string, number>> = { core: 95, filter: 95, io: 90, sim: 90, nodes: 90 };

const summary = JSON.parse(readFileSync(join(ROOT, 'coverage', 'coverage-summary.json'), 'utf8')) as Record<
  string,
  { readonly lines: Lines }
>;

/** src/core/push/decoder.ts is of core/push, src/filter/forms.ts of filter. */
const folders = new Map<string, Lines>();
for (const [file, { lines }] of Object.entries(summary)) {
  const [src, top = '', next = ''] = relative(ROOT, file).split(sep);
  if (src !== 'src') continue;
  const folder = next.endsWith('.ts') || top === 'filter' ? top : `${top}/${next}`;
  const { total, covered } = folders.get(folder) ?? { total: 0, covered: 0 };
  folders.set(folder, { total: total + lines.total, covered: covered + lines.covered });
}
if (folders.size === 0) throw new Error('c8 found no file of src');

for (const [folder, { total, covered }] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const percent = (100 * covered) / total;
  const floor = FLOORS[folder] ?? FLOORS[folder.split('/')[0] ?? ''] ?? 0;
  const low = percent < floor;
  if (low) process.exitCode = 1;
  console.log(
    `${folder.padEnd(24)} ${percent.toFixed(1).padStart(5)} % of ${total} lines${low ? `, below ${floor} %` : ''}`,
  );
}
