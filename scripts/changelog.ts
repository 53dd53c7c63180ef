// The entry of a version in CHANGELOG.md, made of the fragments in changes/.
// Run without arguments it writes the entry of the version in package.json and takes the fragments away.

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The items of the fragments under the heading of this version, behind those that stand there already; the newest version is on top. */
export function withEntry(changelog: string, version: string, fragments: readonly string[]): string {
  const items = fragments.map(text => text.trim()).join('\n');
  const heading = `## ${version}\n`;
  const at = changelog.indexOf(heading);
  if (at < 0) {
    const first = changelog.indexOf('\n## ');
    const [head, rest] = first < 0 ? [changelog, ''] : [changelog.slice(0, first), changelog.slice(first + 1)];
    return `${head.trimEnd()}\n\n${heading}\n${items}\n\n${rest}`.trimEnd() + '\n';
  }
  const next = changelog.indexOf('\n## ', at);
  const [entry, rest] = next < 0 ? [changelog, ''] : [changelog.slice(0, next), changelog.slice(next + 1)];
  return `${entry.trimEnd()}\n${items}\n\n${rest}`.trimEnd() + '\n';
}

/** The fragments of a folder by name. Throws for one that is no list of items. */
export function fragmentsIn(folder: string): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.md') && name !== 'README.md')
    .sort()
    .map(name => {
      const path = join(folder, name);
      const text = readFileSync(path, 'utf8');
      const odd = text
        .trim()
        .split('\n')
        .find(line => !/^(- \S|  \S)/.test(line));
      if (odd !== undefined || !text.startsWith('- ')) throw new Error(`${path}: "${odd ?? ''}" is no item of a list`);
      return { path, text };
    });
}

if (require.main === module) {
  const root = process.cwd();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const fragments = fragmentsIn(join(root, 'changes'));
  const file = join(root, 'CHANGELOG.md');
  if (fragments.length > 0) {
    writeFileSync(
      file,
      withEntry(
        readFileSync(file, 'utf8'),
        version,
        fragments.map(({ text }) => text),
      ),
    );
    for (const { path } of fragments) rmSync(path);
  }
  console.log(`CHANGELOG.md: ${fragments.length} fragments under ${version}`);
}
