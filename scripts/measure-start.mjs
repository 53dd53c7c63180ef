// node scripts/measure-start.mjs [rounds]: what the nodes cost at the start of Node-RED, against a bare one, in turn.
// The rule of the file: it measures and asserts nothing; each round starts all kinds once, and medians of ratios are told.
// `used` has a flow with one node of each type, so that all their code is loaded.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const red = join(dirname(createRequire(import.meta.url).resolve('node-red/package.json')), 'red.js');
const rounds = Number(process.argv[2] ?? 7);
const KINDS = ['bare', 'installed', 'used'];

const folder = mkdtempSync(join(tmpdir(), 'dlms-start-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const kind of KINDS) prepare(kind);
const seen = [];
for (let round = -1; round < rounds; round++) {
  const figures = {};
  for (const kind of KINDS) figures[kind] = await start(kind);
  // The first one warms the caches of the disk.
  if (round >= 0) seen.push(figures);
}
for (const kind of KINDS) {
  const of = name => median(seen.map(s => s[kind][name]));
  const ratio = name => median(seen.map(s => s[kind][name] / s.bare[name])).toFixed(2);
  const more = median(seen.map(s => s[kind].rss - s.bare.rss)).toFixed(1);
  console.log(
    `${kind.padEnd(9)}  wall ${of('wall').toFixed(0)} ms, ${ratio('wall')}x  cpu ${of('cpu').toFixed(0)} ms, ${ratio('cpu')}x  ` +
      `rss ${of('rss').toFixed(1)} MiB, ${more} more  ${of('files')} files of ours loaded`,
  );
}

function prepare(kind) {
  const userDir = join(folder, kind);
  mkdirSync(userDir);
  const types = Object.keys(manifest['node-red'].nodes);
  const [config, ...others] = types.map(type => ({ id: `${type}-1`, type }));
  const place = { z: 'tab', x: 100, y: 100, wires: [[]], connection: config.id };
  const flow = [{ id: 'tab', type: 'tab', label: 'all' }, config, ...others.map(node => ({ ...node, ...place }))];
  writeFileSync(join(userDir, 'flows.json'), JSON.stringify(kind === 'used' ? flow : []));
  // What is there when all flows have started, told by the process itself.
  writeFileSync(
    join(userDir, 'settings.js'),
    `const RED_EVENTS = require(${JSON.stringify(createRequire(red).resolve('@node-red/util'))}).events;
     RED_EVENTS.on('flows:started', () => {
       const { user, system } = process.cpuUsage();
       setTimeout(() => {
         const files = Object.keys(require.cache).filter(file => file.includes(${JSON.stringify(manifest.name)})).length;
         const rss = process.memoryUsage().rss / 2 ** 20;
         console.log('FIGURES ' + JSON.stringify({ cpu: (user + system) / 1000, rss, files }));
       }, 300);
     });
     module.exports = { uiHost: '127.0.0.1', flowFile: 'flows.json', telemetry: { enabled: false },
       externalModules: { autoInstall: false, palette: { allowInstall: false } } };`,
  );
  if (kind === 'bare') return;
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', userDir];
  spawnSync('npm', pack, { cwd: root, shell: process.platform === 'win32' });
  const tarball = readdirSync(userDir).find(name => name.endsWith('.tgz'));
  const target = join(userDir, 'node_modules', manifest.name);
  mkdirSync(target, { recursive: true });
  spawnSync('tar', ['-xzf', join(userDir, tarball), '-C', target, '--strip-components=1']);
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ dependencies: { [manifest.name]: '*' } }));
}

async function start(kind) {
  const userDir = join(folder, kind);
  const port = await freePort();
  const begin = Date.now();
  const child = spawn(process.execPath, [red, '-u', userDir, '-s', join(userDir, 'settings.js'), '-p', String(port)]);
  let log = '';
  let wall = NaN;
  const figures = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(log)));
    child.stdout.on('data', chunk => {
      log += chunk;
      if (Number.isNaN(wall) && log.includes('Started flows')) wall = Date.now() - begin;
      const said = /FIGURES (.*)\n/.exec(log);
      if (said !== null) resolve(JSON.parse(said[1]));
    });
  });
  child.removeAllListeners('exit');
  const gone = new Promise(resolve => child.once('exit', resolve));
  child.kill();
  await gone;
  return { ...figures, wall };
}

function freePort() {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
