// Puts one mutant in the place of one file while Node.js loads it; nothing on the disk is changed.
// Its rule: a token that is not where it was said to be ends the run, so that no other one is tried by mistake.

import { readFileSync } from 'node:fs';
import Module from 'node:module';

interface Loaded {
  _compile(code: string, file: string): void;
}

const { file, start, end, old, text } = JSON.parse(process.env['MUTANT'] ?? '{}') as {
  file: string;
  start: number;
  end: number;
  old: string;
  text: string;
};
const extensions = (Module as unknown as { _extensions: Record<string, (module: Loaded, name: string) => void> })
  ._extensions;
const load = extensions['.js'];
extensions['.js'] = (module, name) => {
  if (name !== file) return load?.(module, name);
  const code = readFileSync(name, 'utf8');
  if (code.slice(start, end) !== old) throw new Error(`${file} has no "${old}" at ${start}`);
  module._compile(code.slice(0, start) + text + code.slice(end), name);
};
