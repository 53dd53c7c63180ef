// Makes the compiled index of the core load a file when a name of it is first used: some hundred files are not read and
// compiled for someone who wants two of them. The exports stay in the form that `import { name }` of ES modules finds.

import { readFileSync, writeFileSync } from 'node:fs';

/** Rewrites `var x_1 = require("./x");`; a file that was rewritten before stays as it is. */
export function loadLazily(file) {
  const text = readFileSync(file, 'utf8');
  if (text.includes('__exportStar'))
    throw new Error(`${file}: export * cannot be loaded lazily, name what is exported`);
  const lazy = text.replace(
    /^(?:var|const|let) (\w+) = require\("(\.[^"]+)"\);$/gm,
    'const $1 = lazy(() => require("$2"));',
  );
  if (lazy === text) return;
  const helper = 'const lazy = load => new Proxy({}, { get: (_, name) => load()[name] });\n';
  writeFileSync(file, lazy.replace('"use strict";\n', `"use strict";\n${helper}`));
}
