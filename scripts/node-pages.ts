// docs/nodes/<type>.md, a page per node, made from the node's help, its picture, its table of settings
// and the examples that use it.
// Run without arguments it writes the pages; a test compares them, so that help and pages never disagree.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpOf } from './help-errors';
import { propertyTable } from './help-properties';

/** File name and text of each page. */
export function nodePages(root: string): ReadonlyMap<string, string> {
  // A package.json is data of a known shape.
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    'node-red': { nodes: Record<string, string> };
  };
  const examples = exampleFlows(join(root, 'examples'));
  return new Map(Object.keys(manifest['node-red'].nodes).map(type => [`${type}.md`, page(root, type, examples)]));
}

interface Example {
  readonly file: string;
  readonly types: ReadonlySet<string>;
}

function page(root: string, type: string, examples: readonly Example[]): string {
  const help = helpOf(join(root, 'locales'), 'en-US', type);
  const lines = [`# ${type}`, ''];
  if (existsSync(join(root, 'docs', 'pictures', `${type}.png`))) {
    lines.push(`![The form of ${type}](../pictures/${type}.png)`, '');
  }
  const body = help.replace(/<\/?script[^>]*>\n?/g, '').trim();
  lines.push(...body.split('\n').map(asMarkdown));
  lines.push('', '## Properties', '', ...propertyTable(join(root, 'locales'), 'en-US', type));
  const using = examples.filter(example => example.types.has(type));
  if (using.length > 0) {
    lines.push('', '## Examples that use it', '');
    for (const { file } of using) {
      lines.push(
        `- [${file.replace(/\.json$/, '')}](../../examples/${encodeURI(file).replace(/[()]/g, c => (c === '(' ? '%28' : '%29'))})`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Node-RED's property lines are lists of their own kind; elsewhere they are plain lists. */
function asMarkdown(line: string): string {
  const property = /^: (\*?)([^*(]+?)\1 (\(.+?\)) : (.*)$/.exec(line);
  if (property === null) return line.replace(/^#(?=##)/, '').replace(/^: /, '- ');
  const [, optional = '', name = '', type = '', text = ''] = property;
  return `- **${name}** ${type}${optional === '' ? '' : ', optional'}: ${text}`;
}

function exampleFlows(folder: string): Example[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.json'));
  return files.sort().map(name => {
    const nodes = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { type: string }[];
    return { file: name.replaceAll('\\', '/'), types: new Set(nodes.map(node => node.type)) };
  });
}

if (require.main === module) {
  const folder = join(process.cwd(), 'docs', 'nodes');
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of nodePages(process.cwd())) writeFileSync(join(folder, file), text);
}
