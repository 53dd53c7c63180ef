// How much of the core its tests hold: one token at a time is changed in the compiled code, and a test of the folder has to fail.
// Its rule: the sample is fixed. A mutant is chosen by the hash of its line, so a change elsewhere changes no other mutant.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

interface Mutant {
  readonly folder: string;
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly old: string;
  readonly text: string;
  readonly order: string;
}

const ROOT = join(__dirname, '..', '..');
const DIST = join(ROOT, 'dist');
/** Of 100 mutants so many have to be noticed. Raise it when it is met by more; never lower it. */
const FLOOR = 70;
/** What reads frames: recognisers are held where they are used, too. */
const FRAMED = [
  'link/hdlc',
  'link/wrapper',
  'iec62056-21/p1',
  'iec62056-21/checks',
  'push/decoder',
  'push/known-deviations',
].map(name => `core/${name}`);
/** Folder of src/core, how many of its mutants are tried, and the tests beside its own that have to notice. Fuzzers do not count. */
const SAMPLE: readonly { readonly folder: string; readonly count: number; readonly beside: readonly string[] }[] = [
  { folder: 'push', count: 55, beside: ['core/sml/telegram', 'nodes/lib/containers'] },
  { folder: 'client', count: 30, beside: ['io/session', 'sim/session'] },
  { folder: 'framing', count: 30, beside: FRAMED },
  { folder: 'iec62056-21', count: 35, beside: [] },
];
const SWAPS: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '&&': '||',
  '||': '&&',
  '&': '|',
  '|': '&',
  '+=': '-=',
  '-=': '+=',
  true: 'false',
  false: 'true',
};

/** All mutants of a compiled file, in the order in which they are chosen. */
export function mutantsOf(folder: string, file: string, code: string): Mutant[] {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const found: Mutant[] = [];
  const seen = new Map<string, number>();
  const add = (start: number, end: number, text: string): void => {
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const words = (code.split('\n')[line] ?? '').trim();
    const key = [file.replace(/\\/g, '/'), words, character, text].join('\0');
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    const order = createHash('sha1').update(`${key}\0${times}`).digest('hex');
    found.push({ folder, file, line: line + 1, start, end, old: code.slice(start, end), text, order });
  };
  const token = (node: ts.Node): void => {
    const swap = SWAPS[node.getText(source)];
    if (swap !== undefined) add(node.getStart(source), node.end, swap);
  };
  const visit = (node: ts.Node): void => {
    // What the compiler writes at the top, and sentences that are put together, are no behaviour.
    if (ts.isExpressionStatement(node) && /^(Object\.defineProperty\(exports|exports\.)/.test(node.getText(source))) {
      if (!node.getText(source).includes('=>') && !/= *[[{(]/.test(node.getText(source))) return;
    }
    if (ts.isBinaryExpression(node)) {
      const isText = [node.left, node.right].some(
        side => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side),
      );
      if (!isText || node.operatorToken.getText(source) !== '+') token(node.operatorToken);
    } else if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) token(node);
    // The 0 of `(0, module.name)()` is the compiler's, and nobody's behaviour.
    else if (ts.isNumericLiteral(node) && !isOfComma(node))
      add(node.getStart(source), node.end, String(Number(node.text) + 1));
    else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      add(node.getStart(source), node.getStart(source) + 1, '');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.sort((a, b) => (a.order < b.order ? -1 : 1));
}

function isOfComma({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.CommaToken;
}

function chosen(): Mutant[] {
  return SAMPLE.flatMap(({ folder, count }) => {
    const dir = join(DIST, 'src', 'core', folder);
    const files = readdirSync(dir, { recursive: true }).map(String);
    const all = files
      .filter(name => name.endsWith('.js'))
      .flatMap(name => mutantsOf(folder, relative(ROOT, join(dir, name)), readFileSync(join(dir, name), 'utf8')));
    return all.sort((a, b) => (a.order < b.order ? -1 : 1)).slice(0, count);
  });
}

function testsOf(folder: string, beside: readonly string[]): string[] {
  const dir = join(DIST, 'test', 'core', folder);
  const own = readdirSync(dir).filter(name => name.endsWith('.test.js') && !name.startsWith('fuzz'));
  return [...own.map(name => join(dir, name)), ...beside.map(name => join(DIST, 'test', `${name}.test.js`))];
}

function mocha(tests: readonly string[]): string[] {
  const bin = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  return [bin, '--no-config', '--bail', '--exit', '--timeout', '20000', '--reporter', 'dot', ...tests];
}

interface Rehearsed {
  readonly test: string;
  readonly ms: number;
  /** File → how often each stretch of it was run; a short one counts above the longer one around it. */
  readonly ran: ReadonlyMap<string, readonly Stretch[]>;
}

interface Stretch {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Without a mutant, all has to be well; and what takes long is asked last. */
function rehearse(folder: string, beside: readonly string[]): readonly Rehearsed[] {
  const scratch = mkdtempSync(join(tmpdir(), 'mutation-'));
  try {
    const rehearsed = testsOf(folder, beside).map((test, i) => {
      const coverage = join(scratch, String(i));
      const begin = performance.now();
      const env = { ...process.env, NODE_V8_COVERAGE: coverage };
      const { status, stdout } = spawnSync(process.execPath, mocha([test]), { encoding: 'utf8', cwd: ROOT, env });
      if (status !== 0) throw new Error(`${test} fails without a mutant:\n${stdout}`);
      return { test, ms: performance.now() - begin, ran: ranIn(coverage) };
    });
    return rehearsed.sort((a, b) => a.ms - b.ms);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function ranIn(directory: string): Map<string, readonly Stretch[]> {
  const ran = new Map<string, readonly Stretch[]>();
  for (const name of readdirSync(directory)) {
    const { result } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as {
      result: { url: string; functions: { ranges: Stretch[] }[] }[];
    };
    for (const { url, functions } of result) {
      if (!url.startsWith('file:')) continue;
      ran.set(
        fileURLToPath(url),
        functions.flatMap(({ ranges }) => ranges),
      );
    }
  }
  return ran;
}

/** Does a test run this token? The innermost stretch says it, which is the shortest that holds it. */
function runs({ ran }: Rehearsed, { file, start }: Mutant): boolean {
  const stretches = ran.get(join(ROOT, file))?.filter(s => s.startOffset <= start && start < s.endOffset) ?? [];
  stretches.sort((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset));
  return (stretches[0]?.count ?? 0) > 0;
}

/** Does a test fail, or never end, with this mutant in its place? */
function isNoticed(mutant: Mutant, tests: readonly string[], limitMs: number): Promise<boolean> {
  return new Promise(resolve => {
    const env = { ...process.env, MUTANT: JSON.stringify({ ...mutant, file: join(ROOT, mutant.file) }) };
    const args = ['--require', join(__dirname, 'mutation-hook.js'), ...mocha(tests)];
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.on('exit', status => {
      clearTimeout(timer);
      resolve(status !== 0);
    });
  });
}

async function main(): Promise<void> {
  const only = process.argv[2];
  const begin = performance.now();
  const folders = new Map(
    SAMPLE.filter(s => only === undefined || s.folder === only).map(
      s => [s.folder, rehearse(s.folder, s.beside)] as const,
    ),
  );
  const queue = chosen().filter(mutant => folders.has(mutant.folder));
  const total = queue.length;
  const survivors: Mutant[] = [];
  const worker = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const tests = (folders.get(mutant.folder) ?? []).filter(test => runs(test, mutant));
      const ms = tests.reduce((sum, test) => sum + test.ms, 0);
      const names = tests.map(({ test }) => test);
      if (names.length === 0 || !(await isNoticed(mutant, names, 20_000 + 3 * ms))) survivors.push(mutant);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(cpus().length, 4)) }, worker));

  for (const [folder] of folders) {
    const { count } = SAMPLE.find(s => s.folder === folder) ?? { count: 0 };
    const left = survivors.filter(m => m.folder === folder);
    console.log(`core/${folder}: ${count - left.length} of ${count} noticed`);
    for (const { file, line, old, text } of left)
      console.log(`  ${file}:${line}  ${old} -> ${text === '' ? 'nothing' : text}`);
  }
  const score = (100 * (total - survivors.length)) / total;
  const seconds = Math.round((performance.now() - begin) / 1000);
  console.log(`mutation: ${score.toFixed(1)} % of ${total} noticed, floor ${FLOOR} %, ${seconds} s`);
  if (score < FLOOR) process.exitCode = 1;
}

if (require.main === module) void main();
