// Makes the scripts of Node-RED's editor from src/editor and the editor.ts of each node.
// The rule of the file: what the forms share is one script, which each form loads; a node's own script asks it for its exports
// and has nothing of it twice.

import { join } from 'node:path';

import { build } from 'esbuild';

/** Browsers that Node-RED 4 runs in. */
const TARGET = ['es2020'];

/** Writes resources/dlms-editor.js, where Node-RED serves it. */
export async function bundleShared(root, packageName) {
  await build({
    ...common(root),
    entryPoints: [join(root, 'src', 'editor', 'page.ts')],
    define: { PACKAGE: JSON.stringify(packageName) },
    outfile: join(root, 'resources', SHARED),
  });
}

/** The html of a node as Node-RED wants it: the template of the form, and the scripts behind it. */
export async function htmlOf(root, packageName, folder, form) {
  const { outputFiles } = await build({
    ...common(root),
    entryPoints: [join(root, 'src', 'nodes', folder, 'editor.ts')],
    write: false,
    plugins: [sharedFromPage],
  });
  const own = outputFiles[0].text;
  return `${form}
<script src="resources/${packageName}/${SHARED}"></script>
<script type="text/javascript">
${own}</script>
`;
}

function common(root) {
  return {
    absWorkingDir: root,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: TARGET,
    charset: 'utf8',
    treeShaking: true,
    logLevel: 'error',
    tsconfig: join(root, 'tsconfig.editor.json'),
  };
}

const sharedFromPage = {
  name: 'shared-from-page',
  setup(build) {
    build.onResolve({ filter: /^\.\.\/\.\.\/editor(\/\w+)?$/ }, () => ({ path: 'editor', namespace: 'page' }));
    build.onLoad({ filter: /.*/, namespace: 'page' }, () => ({ contents: 'module.exports = window.dlmsEditor;' }));
  },
};

const SHARED = 'dlms-editor.js';
