// What the forms register with the editor, taken from the scripts that the build wrote, as the page would run them.
// The rule of the file: no browser stands behind it, so it knows what is registered and what the validators say, no more.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { PROJECT } from '../node-red-process';

export interface Registered {
  readonly category: string;
  readonly icon?: string;
  readonly paletteLabel?: string;
  readonly defaults: Readonly<Record<string, Property>>;
  readonly credentials?: Readonly<Record<string, Property>>;
}

export interface Property {
  readonly value?: unknown;
  readonly type?: string;
  readonly required?: boolean;
  readonly validate?: (this: object, value: unknown, options: object) => true | string;
}

export const TYPES = Object.entries(
  (
    JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { 'node-red': { nodes: Record<string, string> } }
  )['node-red'].nodes,
);

/** The html of a node as Node-RED serves it. */
export function htmlOf(type: string): string {
  const file = TYPES.find(([name]) => name === type)?.[1].replace(/\.js$/, '.html') ?? '';
  return existsSync(join(PROJECT, file)) ? readFileSync(join(PROJECT, file), 'utf8') : '';
}

/** By type. `nodes` are the configuration nodes that the editor knows; texts are told as their keys. */
export function registered(nodes: readonly string[] = []): ReadonlyMap<string, Registered> {
  const found = new Map<string, Registered>();
  const window = {};
  const RED = {
    _: (key: string) => key.slice(key.indexOf(':') + 1),
    i18n: { lang: () => 'en-US' },
    nodes: {
      registerType: (type: string, definition: Registered) => found.set(type, definition),
      node: (id: string) => (nodes.includes(id) ? { id } : null),
    },
  };
  const shared = readFileSync(join(PROJECT, 'resources', 'dlms-editor.js'), 'utf8');
  for (const [type] of TYPES) {
    const own = /<script type="text\/javascript">([^]*)<\/script>/.exec(htmlOf(type))?.[1] ?? '';
    // Each form loads the script that they share, as in the page.
    runInNewContext(`${shared}\n${own}`, { window, RED, structuredClone });
  }
  return found;
}
