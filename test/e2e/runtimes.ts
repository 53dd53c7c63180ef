// The Node-RED versions that the editor is tried on: the one in node_modules, and version 5 with the Node.js it asks for.
// The rule of the file: what cannot be installed is a failing test that says so; nothing is skipped.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, type Runtime } from '../node-red-process';
import type { Theme } from './editor';

export interface NamedRuntime {
  readonly name: string;
  /** Installs what is missing. Undefined: the Node-RED and Node.js of the test itself. */
  prepare(): Runtime | undefined;
}

export const NODE_RED_4: NamedRuntime = { name: 'Node-RED 4.1', prepare: () => undefined };
export const NODE_RED_5: NamedRuntime = { name: 'Node-RED 5', prepare: nodeRed5 };

/** Where each suite of the editor runs: both versions, and both themes, which only version 5 has. */
export const SURROUNDINGS: readonly (NamedRuntime & { readonly theme: Theme })[] = [
  { ...NODE_RED_4, theme: 'light' },
  { ...NODE_RED_5, theme: 'dark' },
];

/** Installs Node-RED 5 and Node.js 24 once, in pinned versions; takes about half a minute. */
function nodeRed5(): Runtime {
  const modules = join(PLACE, 'node_modules');
  const missing = Object.entries(VERSIONS).filter(([name, version]) => installed(name) !== version);
  if (missing.length > 0) {
    mkdirSync(PLACE, { recursive: true });
    const manifest = { name: 'node-red-5', private: true, dependencies: VERSIONS };
    writeFileSync(join(PLACE, 'package.json'), JSON.stringify(manifest, null, 2));
    const command = ['install', '--prefix', PLACE, '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
    const run = spawnSync('npm', command, { cwd: PLACE, encoding: 'utf8', shell: process.platform === 'win32' });
    if (run.status !== 0) throw new Error(`Node-RED 5 and Node.js 24 could not be installed: ${run.stderr}`);
  }
  const node = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(node)) throw new Error('the npm package "node" brought no Node.js 24 for this machine');
  return { node, red: join(modules, 'node-red', 'red.js') };
}

function installed(name: string): string | undefined {
  const file = join(PLACE, 'node_modules', name, 'package.json');
  // A package.json is data of a known shape.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}

const VERSIONS = { 'node-red': '5.0.7', node: '24.21.0' };
const PLACE = join(PROJECT, '.cache', 'node-red-5');
