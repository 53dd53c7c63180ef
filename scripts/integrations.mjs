// Installs the modules that examples/integrations need, in pinned versions, into .cache/integrations; done once.
// The rule of the file: what is there in the right version is left alone, because SQLite takes a minute to compile.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = {
  '@flowfuse/node-red-dashboard': '1.31.0',
  'node-red-contrib-influxdb': '0.7.0',
  'node-red-node-sqlite': '1.1.1',
  pg: '8.23.1',
};
const place = join(dirname(fileURLToPath(import.meta.url)), '..', '.cache', 'integrations');

const missing = Object.entries(MODULES).filter(([name, version]) => installed(name) !== version);
if (missing.length > 0) {
  console.log(`integrations: installing ${missing.map(([name, version]) => `${name}@${version}`).join(', ')}`);
  mkdirSync(place, { recursive: true });
  const manifest = { name: 'integrations', private: true, dependencies: MODULES };
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest, null, 2));
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: place,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('integrations: not all could be installed; SQLite is compiled with python3, make and g++');
    process.exit(status ?? 1);
  }
}

function installed(name) {
  const file = join(place, 'node_modules', ...name.split('/'), 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null;
}
