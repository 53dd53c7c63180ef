// Compiles the TypeScript and puts beside the compiled nodes what Node-RED looks for there: html, locales, icons.
// Its rule: what is missing is said here, because Node-RED loads a node without html, texts or icon and says nothing.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { bundleShared, htmlOf } from './bundle-editor.mjs';
import { copyObisTexts } from './obis-texts.mjs';
import { writeMeters } from './meters.mjs';
import { pack } from './pack.mjs';
import { writeStandards } from './standards.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = readJson(join(root, 'package.json'), {});
const nodesOut = join(root, 'dist', 'src', 'nodes');
const problems = [];
/** name of a node → its folder of src/nodes, as package.json registers it. */
const registered = Object.entries(manifest['node-red'].nodes).map(([name, file]) => ({
  name,
  folder: basename(dirname(file)),
}));

writeMeters(root);
writeStandards(root);
compile('tsconfig.json');
compile('tsconfig.editor.json');
prune(join(root, 'dist'));
await bundleShared(root, manifest.name);
await writeHtml();
copyLocales();
problems.push(...copyObisTexts(root));
copyIcons();
checkExamples();
await pack(root, registered);
for (const problem of problems) console.error(`build: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function compile(project) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * An incremental build never deletes: take away what has no source any more, or old tests would still run; and beside the
 * nodes all that is copied there anew.
 */
function prune(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    const source = relative(join(root, 'dist'), path);
    if (entry.isDirectory()) {
      prune(path);
      if (readdirSync(path).length === 0) rmdirSync(path);
    } else if (/\.(js|js\.map|d\.ts)$/.test(entry.name)) {
      const ts = join(root, source.replace(/(\.js|\.js\.map|\.d\.ts)$/, '.ts'));
      if (!existsSync(ts)) rmSync(path);
    } else if (path.startsWith(nodesOut)) rmSync(path);
  }
}

async function writeHtml() {
  for (const { name, folder } of registered) {
    const form = join(root, 'src', 'nodes', folder, 'form.html');
    if (!existsSync(form))
      problems.push(`src/nodes/${folder}/form.html is missing: the node would have no entry in the palette`);
    else {
      const html = await htmlOf(root, manifest.name, folder, readFileSync(form, 'utf8'));
      writeFileSync(join(nodesOut, folder, `${name}.html`), html);
    }
  }
}

/** Each node's catalog gets the shared words under the key "shared", and its help the errors that it can give. */
function copyLocales() {
  // Only there when they are compiled.
  const compiled = createRequire(join(root, 'dist', 'scripts', 'index.js'));
  const { helpOf } = compiled('./help-errors.js');
  const { forNodeRed } = compiled('./help-markdown.js');
  const locales = join(root, 'locales');
  for (const { name, folder } of registered) {
    const out = join(nodesOut, folder, 'locales');
    for (const language of readdirSync(locales)) {
      const from = join(locales, language);
      const shared = readJson(join(from, '_shared.json'), {});
      mkdirSync(join(out, language), { recursive: true });
      const catalog = readJson(join(from, `${name}.json`), null);
      if (catalog === null) problems.push(`locales/${language}/${name}.json is missing`);
      // What can go wrong, in short: once, for all nodes and forms.
      const faults = readJson(join(from, '_faults.json'), null);
      if (name === 'dlms-connection' && faults !== null) catalog[name].fault = faults;
      writeFileSync(join(out, language, `${name}.json`), JSON.stringify({ ...catalog, shared }));
      const help = join(from, `${name}.html`);
      if (existsSync(help))
        writeFileSync(join(out, language, `${name}.html`), forNodeRed(helpOf(locales, language, name)));
      else problems.push(`locales/${language}/${name}.html (help) is missing`);
    }
    // Norwegian browsers ask for nb, nb-NO or, with an older tag for the same language, no. Node-RED knows no aliases.
    cpSync(join(out, 'nb'), join(out, 'no'), { recursive: true });
  }
}

/** Node-RED looks for icons in the folder `icons` beside the file of a node. A config node has none. */
function copyIcons() {
  for (const { name, folder } of registered) {
    const icon = join(root, 'icons', `${name}.svg`);
    const out = join(nodesOut, folder, 'icons');
    if (!existsSync(icon)) continue;
    mkdirSync(out);
    cpSync(icon, join(out, `${name}.svg`));
  }
}

/**
 * Examples must import side by side: valid JSON, no id used twice, wires that lead somewhere. They run on import because
 * nodes carry credentials, so these may only be what the simulator's help publishes.
 */
function checkExamples() {
  const published = readFileSync(join(root, 'locales', 'en-US', 'dlms-simulator.html'), 'utf8');
  const owner = new Map();
  for (const file of jsonFiles(join(root, 'examples'))) {
    const name = relative(root, file);
    const flow = readJson(file, null);
    if (!Array.isArray(flow)) {
      problems.push(`${name} is not a flow (an array of nodes)`);
      continue;
    }
    const ids = new Set(flow.map(node => node.id));
    for (const node of flow) {
      if (owner.has(node.id)) problems.push(`${name}: id ${node.id} is also used in ${owner.get(node.id)}`);
      owner.set(node.id, name);
      for (const [field, secret] of Object.entries(node.credentials ?? {})) {
        // Of a table of keys each cell that is one.
        const keys = field === 'keyTable' ? secret.match(/\b[0-9a-f]{32,64}\b/gi) : [secret];
        if (!keys.every(key => published.includes(`\`${key}\``)))
          problems.push(`${name}: ${field} of node ${node.id} is not published`);
      }
      for (const to of (node.wires ?? []).flat()) {
        if (!ids.has(to)) problems.push(`${name}: node ${node.id} is wired to ${to}, which is not in the file`);
      }
    }
  }
}

function jsonFiles(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true })
    .filter(f => f.endsWith('.json'))
    .map(f => join(dir, f));
}

function readJson(file, missing) {
  if (!existsSync(file)) return missing;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    problems.push(`${relative(root, file)}: ${error.message}`);
    return missing;
  }
}
