// Makes dist/lib of dist/src: what is installed. Small, and quick to load: the code in as few files as the faces and nodes
// need, without comments, the types that the faces lead to, and what Node-RED looks for beside a node.
// Its rules: dist/lib lies as deep as dist/src, so paths from a file mean the same in both; a node's code is loaded by the
// first node of its kind, not by the start of Node-RED; names of functions and classes stay, for those who read a stack.

import { build, transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';

const SMALL = { charset: 'utf8', legalComments: 'none', platform: 'node', target: 'node20' };
/** Variables may be short; functions, classes and private members keep their names, and lines stay short enough to be shown. */
const NAMES_KEPT = {
  ecma: 2020,
  compress: false,
  mangle: { toplevel: true, keep_fnames: true, keep_classnames: true },
  format: { max_line_len: 200 },
};

/** `nodes`: { name, folder } of each node of package.json. */
export async function pack(root, nodes) {
  const from = join(root, 'dist', 'src');
  const to = join(root, 'dist', 'lib');
  rmSync(to, { recursive: true, force: true });
  const faces = readdirSync(join(root, 'src', 'library')).map(file => basename(file, '.ts'));
  await code(root, faces, nodes, to);
  types(from, faces, to);
  cpSync(join(root, 'scripts', 'third-party.txt'), join(to, 'third-party.txt'));
  await assets(from, to);
  for (const node of nodes) registration(from, node, to);
}

/** A file a face, a file a node, and what several of them need in chunks that they share: a class is there once. */
async function code(root, faces, nodes, to) {
  const { outputFiles } = await build({
    ...SMALL,
    entryPoints: [
      ...faces.map(name => ({ in: join(root, 'src', 'library', `${name}.ts`), out: name })),
      ...nodes.map(({ name, folder }) => ({ in: join(root, 'src', 'nodes', folder, `${name}.ts`), out: name })),
    ],
    outdir: to,
    bundle: true,
    splitting: true,
    format: 'esm',
    chunkNames: 'shared-[hash]',
    minifyWhitespace: true,
    minifySyntax: true,
    write: false,
    // What is installed needs nothing but itself: the few packages that the code is made with come along.
    packages: 'bundle',
    external: ['serialport'],
    plugins: [placesKept(join(root, 'src'))],
  });
  const kept = join(root, 'dist', '.lib-cache.json');
  const known = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};
  const now = {};
  for (const { path, text } of outputFiles) {
    const key = createHash('sha256')
      .update(JSON.stringify([text, SMALL, NAMES_KEPT, String(small)]))
      .digest('hex');
    now[key] = known[key] ?? (await small(text));
    write(path, now[key]);
  }
  // Most of a build is the same as before.
  writeFileSync(kept, JSON.stringify(now));
}

async function small(text) {
  // Chunks are a matter of ES modules; Node-RED requires.
  const { code } = await transform(text, { ...SMALL, format: 'cjs' });
  // A class in a bundle is an expression, which has its name from its variable.
  const reserved = [...code.matchAll(/\b(\w+) = (?:class\b|(?:async )?(?:\w+|\([^()]*\)) =>)/g)].map(m => m[1]);
  const mangle = { ...NAMES_KEPT.mangle, reserved: [...new Set(reserved)] };
  return (await minify(code, { ...NAMES_KEPT, mangle })).code;
}

/** The code of all folders ends in one; what a file says of its own place stays true. */
function placesKept(src) {
  return {
    name: 'places-kept',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (!text.includes('__dirname')) return null;
        const below = relative(src, dirname(path)).replaceAll('\\', '/');
        return { contents: text.replaceAll('__dirname', `(__dirname + '/${below}')`), loader: 'ts' };
      });
    },
  };
}

/** The declarations that a face leads to. */
function types(from, faces, to) {
  const wanted = faces.map(name => join(from, 'library', `${name}.d.ts`));
  for (const file of wanted) {
    const text = readFileSync(file, 'utf8');
    write(join(to, 'types', relative(from, file)), text);
    for (const [, path] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
      const target = resolve(dirname(file), path);
      const found = [`${target}.d.ts`, join(target, 'index.d.ts')].find(f => existsSync(f));
      if (found !== undefined && !wanted.includes(found)) wanted.push(found);
    }
  }
}

/** Forms, texts and icons, where they lay beside the compiled code. */
async function assets(from, to) {
  for (const file of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath ?? file.path, file.name);
    // Data that the core imports is in its code.
    const imported = relative(from, path).startsWith('core');
    if (!file.isFile() || imported || /\.(js|js\.map|d\.ts)$/.test(file.name)) continue;
    const target = join(to, relative(from, path));
    // Texts of which one language is read, seldom: a quarter of their size (src/nodes/lib/obis-languages.ts).
    if (file.name === 'obis.json') {
      write(`${target}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      continue;
    }
    // Help is markdown, where blanks have a meaning; a form is not.
    if (file.name.endsWith('.html') && !path.includes('locales'))
      write(target, await smallForm(readFileSync(path, 'utf8')));
    else {
      mkdirSync(dirname(target), { recursive: true });
      cpSync(path, target);
    }
  }
}

async function smallForm(html) {
  const pieces = html.split(/(<script type="text\/javascript">[\s\S]*?<\/script>)/);
  const small = pieces.map(async piece => {
    const script = /^(<script type="text\/javascript">)([\s\S]*)(<\/script>)$/.exec(piece);
    if (script === null) return piece.replace(/<!--[\s\S]*?-->/g, '').replace(/\n\s*/g, '\n');
    const { code } = await transform(script[2], { ...SMALL, platform: 'browser', target: 'es2020', minify: true });
    return `${script[1]}${code.trim()}${script[3]}`;
  });
  return (await Promise.all(small)).join('');
}

/**
 * What Node-RED loads at its start: a few lines that register the type, its credentials and its routes, and load the node with
 * the first use of one. Which those are, the node itself has said, to a Node-RED that writes along.
 */
function registration(from, { name, folder }, to) {
  const require = createRequire(join(from, 'pack.js'));
  const said = { type: null, options: undefined, routes: [] };
  require(join(from, 'nodes', folder, `${name}.js`))(writingAlong(name, said));
  if (said.type !== name) throw new Error(`${name} registers ${said.type}`);
  const routes = said.routes.map(
    ({ method, path, permission }, i) =>
      `  RED.httpAdmin.${method}(${JSON.stringify(path)}, RED.auth.needsPermission(${JSON.stringify(permission)}), ` +
      `(request, response, next) => load(RED).routes[${i}](request, response, next));\n`,
  );
  const text = `// Registers ${name}; its code is loaded by the first node of this type.
let loaded;
function load(RED) {
  if (loaded) return loaded;
  const routes = [];
  let node;
  const route = (path, permission, handler) => routes.push(handler);
  const nodes = Object.assign(Object.create(RED.nodes), { registerType: (type, constructor) => (node = constructor) });
  require('../../${name}.js').default(Object.assign(Object.create(RED), { nodes, httpAdmin: { get: route, post: route } }));
  return (loaded = { node, routes });
}
module.exports = RED => {
  RED.nodes.registerType(${JSON.stringify(name)}, function (config) {
    return load(RED).node.call(this, config);
  }, ${JSON.stringify(said.options)});
${routes.join('')}};
`;
  write(join(to, 'nodes', folder, `${name}.js`), text);
}

/** Whatever else a node asked of Node-RED while it is loaded would not be there in time, so it is refused here. */
function writingAlong(name, said) {
  const only = (what, members) =>
    new Proxy(members, {
      get(target, key) {
        if (key in target) return target[key];
        throw new Error(`${name} uses ${what}.${String(key)} while it is loaded: scripts/pack.mjs does not know it`);
      },
    });
  const route = method => (path, permission, handler) => {
    if (typeof permission !== 'string' || typeof handler !== 'function')
      throw new Error(`${name}: ${method} ${path} has no permission`);
    said.routes.push({ method, path, permission });
  };
  return only('RED', {
    nodes: only('RED.nodes', {
      registerType: (type, _constructor, options) => Object.assign(said, { type, options }),
    }),
    httpAdmin: only('RED.httpAdmin', { get: route('get'), post: route('post') }),
    auth: only('RED.auth', { needsPermission: permission => permission }),
  });
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
