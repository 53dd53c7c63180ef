// What nothing else notices: Node-RED loads a node without html, texts, icon or help and says nothing.
// The rule of the file: the packed package is asked over HTTP in a real Node-RED; a status 200 alone proves nothing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { errorSection, helpOf } from '../../scripts/help-errors';
import { forNodeRed } from '../../scripts/help-markdown';
import { installPacked, NodeRedProcess, PACKAGE, PROJECT, remove, temporaryUserDir } from '../node-red-process';

interface Manifest {
  readonly files: string[];
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly engines: { node: string };
  readonly keywords: string[];
  readonly 'node-red': { version: string; nodes: Record<string, string> };
}

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

describe('the packed package in a real Node-RED', function () {
  this.timeout(60_000);
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
  const types = Object.keys(manifest['node-red'].nodes);
  const languages = readdirSync(join(PROJECT, 'locales'));
  let userDir = '';
  let installed = '';
  let packed: Packed;
  let red: NodeRedProcess;

  before(async () => {
    userDir = temporaryUserDir();
    installed = installPacked(userDir);
    packed = listOfPacked();
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
      const [shared, fault] = ['_shared', '_faults'].map(
        name => JSON.parse(readFileSync(join(PROJECT, 'locales', language, `${name}.json`), 'utf8')) as object,
      );
      for (const type of types) {
        const catalog = (await red.json(`/locales/${PACKAGE}/${type}?lng=${language}`)) as Record<string, unknown>;
        const own = JSON.parse(readFileSync(join(PROJECT, 'locales', language, `${type}.json`), 'utf8')) as object;
        const texts = (own as Record<string, object>)[type];
        assert.deepEqual(catalog[type], type === 'dlms-connection' ? { ...texts, fault } : texts);
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

  it('has the names of OBIS codes in the language that is asked for, those of a country too', async () => {
    const nameOf = async (code: string, language: string): Promise<unknown> => {
      const query = `q=${code}&lang=${language}&standard=india`;
      const found = (await red.json(`/dlms-connection/obis?${query}`)) as { obis: string; name: string }[];
      return found.find(({ obis }) => obis === code)?.name;
    };
    assert.equal(await nameOf('0-0:94.91.18*255', 'de'), 'Ereignis-Statuswort 1 (ESW)');
    assert.equal(await nameOf('0-0:94.91.18*255', 'nb'), 'Event status word 1 (ESW)');
    const names = await Promise.all(languages.map(language => nameOf('1-0:32.7.0*255', language)));
    assert.deepEqual([...names].sort(), [
      'Spanning L1',
      'Spannung L1',
      'Spenning L1',
      'Tension L1',
      'Tensione L1',
      'Voltage L1',
    ]);
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
    for (const { path } of packed.files) {
      assert.match(path, /^(dist\/lib|examples|resources)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/);
      assert.ok(!/\.tsbuildinfo$|\.map$/.test(path), path);
      assert.ok(!path.endsWith('.d.ts') || path.startsWith('dist/lib/types/'), path);
    }
    const all = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    assert.deepEqual(all, ['serialport']);
    assert.ok(existsSync(join(installed, 'LICENSE')) && existsSync(join(installed, 'README.md')));
  });

  it('is small', () => {
    assert.ok(packed.size <= 900_000, `${packed.size} bytes to download`);
    assert.ok(packed.unpackedSize <= MOST_OCTETS, `${packed.unpackedSize} bytes installed`);
  });

  it('loads nothing of a node before the first one of its kind, and then what its source says', () => {
    for (const [type, file] of Object.entries(manifest['node-red'].nodes)) {
      const script = `
        const { join } = require('node:path');
        const said = red => {
          const list = [];
          const route = (path, permission, handler) => list.push([path, permission, typeof handler]);
          red({
            nodes: { registerType: (type, node, options) => list.push([type, typeof node, options]) },
            httpAdmin: { get: route, post: route },
            auth: { needsPermission: permission => permission },
          });
          return JSON.stringify(list);
        };
        const before = Object.keys(require.cache).length;
        const installed = said(require(${JSON.stringify(join(installed, file))}));
        const loaded = Object.keys(require.cache).length - before;
        console.log(JSON.stringify([loaded, installed, said(require(${JSON.stringify(sourceOf(file))}))]));`;
      const run = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      const [loaded, here, there] = JSON.parse(run.stdout) as [number, string, string];
      assert.equal(loaded, 1, type);
      assert.equal(here, there, type);
    }
  });
});

describe('what is published', function () {
  this.timeout(120_000);
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Record<string, unknown> &
    Manifest;
  const files = listOfPacked().files.map(({ path }) => path);

  it('has nothing for publint to complain about', async () => {
    const { publint } = await import('publint');
    const { formatMessage } = await import('publint/utils');
    const { messages } = await publint({
      pkgDir: 'package',
      level: 'suggestion',
      pack: { files: files.map(packedFile) },
    });
    assert.deepEqual(
      messages.map(m => formatMessage(m, manifest as never)),
      [],
    );
  });

  it('has types that are not wrong, as arethetypeswrong sees it', async () => {
    const { checkPackage, Package } = await import('@arethetypeswrong/core');
    const contents = Object.fromEntries(
      files.map(path => [`/node_modules/${PACKAGE}/${path}`, readFileSync(join(PROJECT, path))]),
    );
    const result = await checkPackage(new Package(contents, PACKAGE, String(manifest['version'])));
    assert.ok(result.types !== false);
    // "exports" is nothing that TypeScript before 4.7 and Node.js before 12.7 know.
    const problems = result.problems.filter(p => !('resolutionKind' in p && p.resolutionKind === 'node10'));
    assert.deepEqual(problems, []);
  });

  it('could be published: npm says so when only asked', () => {
    const run = spawnSync('npm', ['publish', '--dry-run', '--ignore-scripts', '--json', '--offline'], {
      cwd: PROJECT,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    assert.equal(run.status, 0, run.stderr);
    assert.doesNotMatch(run.stderr, /npm auto-corrected|npm warn publish/i);
  });

  it('has what the flow library looks at: a licence, keywords, versions, examples, names of its own', () => {
    assert.match(String(manifest['license']), /^Apache-2\.0$/);
    assert.ok(manifest.keywords.includes('node-red'));
    assert.equal(manifest.engines.node, '>=20');
    assert.equal(manifest['node-red'].version, '>=4.0.0');
    assert.ok(files.some(path => /^examples\/[^/]+\.json$/.test(path)));
    const types = Object.keys(manifest['node-red'].nodes);
    for (const type of types) assert.match(type, /^dlms-/);
    assert.equal(new Set(types).size, types.length);
    assert.ok(PACKAGE.startsWith('@'), 'a scope, as new packages of nodes have');
  });

  it('says where the project lives as scripts/publish-facts.json does, and nowhere else', async () => {
    const facts = JSON.parse(readFileSync(join(PROJECT, 'scripts', 'publish-facts.json'), 'utf8')) as Facts;
    // A script without types.
    const script = (await import(pathToFileURL(join(PROJECT, 'scripts', 'publish-facts.mjs')).href)) as {
      withFacts(manifest: object, facts: Facts): object;
    };
    assert.deepEqual(script.withFacts(manifest, facts), manifest);
    const filled = {
      repository: 'git+https://host.example/p.git',
      bugs: 'https://host.example/p/issues',
      homepage: 'https://host.example/p',
    };
    const { repository, bugs, homepage, ...rest } = script.withFacts(manifest, filled) as Record<string, unknown>;
    assert.deepEqual(
      [repository, bugs, homepage],
      [{ type: 'git', url: filled.repository }, { url: filled.bugs }, filled.homepage],
    );
    const { repository: _r, bugs: _b, homepage: _h, ...bare } = manifest;
    assert.deepEqual(rest, bare);
  });

  it('has a README whose links and pictures lead to the package or, below the address of the project, to a file of it', () => {
    const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
    const targets = [...readme.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)].map(m => m[1] ?? m[2] ?? '');
    assert.ok(targets.length > 5);
    const tracked = spawnSync('git', ['ls-files'], { cwd: PROJECT, encoding: 'utf8' }).stdout.split('\n');
    for (const target of targets) {
      const [path = ''] = target.split('#');
      if (/^https?:/.test(target) || path === '' || files.includes(path)) continue;
      assert.ok(
        tracked.some(file => file === path || file.startsWith(`${path}/`)),
        `${target} leads nowhere`,
      );
    }
  });

  function packedFile(path: string): { name: string; data: Uint8Array } {
    return { name: `package/${path}`, data: readFileSync(join(PROJECT, path)) };
  }
});

function listOfPacked(): Packed {
  const listed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: PROJECT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [packed] = JSON.parse(listed.stdout) as [Packed];
  return packed;
}

/** The compiled source of a node. */
function sourceOf(installedFile: string): string {
  return join(PROJECT, installedFile.replace('dist/lib/', 'dist/src/'));
}

type Facts = Record<'repository' | 'bugs' | 'homepage', string>;

/**
 * A ratchet: what is installed gets no bigger. It grew for the table of keys, for XML (97 KB, half of it the parser) and for the
 * node set object (help and form in six languages, and two examples of it), and for the forms of the filter, limits and confirmation
 * (help in six languages, four examples).
 */
const MOST_OCTETS = 3_072_000;
