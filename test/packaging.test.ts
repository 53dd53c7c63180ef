// What nothing else notices: Node-RED loads a node without html, texts, icon or help and says nothing.
// The rule of the file: the packed package is asked over HTTP in a real Node-RED; a status 200 alone proves nothing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { errorSection, helpOf } from '../scripts/help-errors';
import { forNodeRed } from '../scripts/help-markdown';
import { installPacked, NodeRedProcess, PACKAGE, PROJECT, remove, temporaryUserDir } from './node-red-process';

interface Manifest {
  readonly files: string[];
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly engines: { node: string };
  readonly keywords: string[];
  readonly 'node-red': { version: string; nodes: Record<string, string> };
}

describe('the packed package in a real Node-RED', function () {
  this.timeout(60_000);
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
  const types = Object.keys(manifest['node-red'].nodes);
  const languages = readdirSync(join(PROJECT, 'locales'));
  let userDir = '';
  let installed = '';
  let red: NodeRedProcess;

  before(async () => {
    userDir = temporaryUserDir();
    installed = installPacked(userDir);
    red = await NodeRedProcess.start(userDir);
  });
  after(async () => {
    // Missing when before() failed.
    await (red as NodeRedProcess | undefined)?.stop();
    remove(userDir);
  });

  it('registers every node without an error, serialport not being there', async () => {
    assert.ok(!existsSync(join(userDir, 'node_modules', 'serialport')));
    const sets = (await red.json('/nodes')) as { module: string; name: string; types: string[]; err?: string }[];
    const ours = sets.filter(set => set.module === PACKAGE);
    assert.deepEqual(ours.flatMap(set => set.types).sort(), [...types].sort());
    for (const set of ours) assert.equal(set.err, undefined, `${set.name}: ${set.err}`);
  });

  it('has a form and help for every node, in every language', async () => {
    for (const language of languages) {
      const html = await red.text('/nodes', { accept: 'text/html', 'accept-language': language });
      for (const type of types) {
        assert.ok(html.includes(`data-template-name="${type}"`), `${type} has no form`);
        const source = readFileSync(join(PROJECT, 'locales', language, `${type}.html`), 'utf8');
        const help = forNodeRed(source.replace(/\s*<\/script>\s*$/, ''));
        assert.ok(html.includes(help), `${type} has no help in ${language}`);
        const [rest = ''] = html.slice(html.indexOf(help) + help.length).split('</script>');
        const errors = errorSection(join(PROJECT, 'locales'), language, type);
        assert.equal(rest.trim(), errors, `${type} does not tell its errors in ${language}`);
      }
    }
  });

  it('has the texts of every node, with the shared ones, in every language', async () => {
    for (const language of languages) {
      const shared: unknown = JSON.parse(readFileSync(join(PROJECT, 'locales', language, '_shared.json'), 'utf8'));
      for (const type of types) {
        const catalog = (await red.json(`/locales/${PACKAGE}/${type}?lng=${language}`)) as Record<string, unknown>;
        const own = JSON.parse(readFileSync(join(PROJECT, 'locales', language, `${type}.json`), 'utf8')) as object;
        assert.deepEqual(catalog[type], (own as Record<string, unknown>)[type]);
        assert.deepEqual(catalog['shared'], shared);
      }
    }
  });

  it('speaks Norwegian to browsers that ask for no, nb or nb-NO', async () => {
    const help = forNodeRed(helpOf(join(PROJECT, 'locales'), 'nb', 'dlms-get-object')).trim();
    const bokmal = await red.json(`/locales/${PACKAGE}/dlms-get-object?lng=nb`);
    for (const language of ['no', 'nb', 'nb-NO']) {
      const html = await red.text('/nodes', { accept: 'text/html', 'accept-language': language });
      assert.ok(html.includes(help), language);
      assert.deepEqual(await red.json(`/locales/${PACKAGE}/dlms-get-object?lng=${language}`), bokmal);
    }
  });

  it('serves every icon byte for byte', async () => {
    for (const icon of readdirSync(join(PROJECT, 'icons'))) {
      const served = Buffer.from(await (await red.get(`/icons/${PACKAGE}/${icon}`)).arrayBuffer());
      assert.deepEqual(served, readFileSync(join(PROJECT, 'icons', icon)), icon);
    }
  });

  it('offers its examples', async () => {
    const library = JSON.stringify(await red.json(`/library/examples/flows/${PACKAGE}`));
    const examples = readdirSync(join(PROJECT, 'examples')).filter(f => f.endsWith('.json'));
    assert.ok(examples.length > 0);
    for (const file of examples) {
      const name = file.replace(/\.json$/, '');
      assert.ok(library.includes(name), `${name} is not offered`);
      const served = await red.text(`/library/examples/flows/${PACKAGE}/${encodeURIComponent(name)}`);
      assert.deepEqual(JSON.parse(served), JSON.parse(readFileSync(join(PROJECT, 'examples', file), 'utf8')));
    }
  });

  it('carries no tests, sources or build leftovers, and few dependencies', () => {
    const listed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: PROJECT,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    const [packed] = JSON.parse(listed.stdout) as [{ size: number; files: { path: string }[] }];
    for (const { path } of packed.files) {
      assert.ok(!/^(test|src|bench|scripts|dist\/(test|bench|scripts))\//.test(path), path);
      assert.ok(!/\.tsbuildinfo$|\.js\.map$/.test(path), path);
      assert.ok(!path.endsWith('.d.ts') || path.startsWith('dist/src/core/'), path);
    }
    const all = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    assert.deepEqual(all, ['serialport']);
    assert.ok(packed.size <= 1_000_000, `${packed.size} bytes to download`);
    assert.ok(existsSync(join(installed, 'LICENSE')) && existsSync(join(installed, 'README.md')));
  });

  it('can be required as a library', () => {
    const run = spawnSync(process.execPath, ['-e', `console.log(typeof require('${PACKAGE}').decodeApdu)`], {
      cwd: userDir,
      encoding: 'utf8',
    });
    assert.equal(run.stdout.trim(), 'function', run.stderr);
  });
});
