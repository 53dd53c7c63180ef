// node dist/scripts/api-report.js: what the faces of the library promise, as docs/api/<face>.api.md, for the eyes of a review.
// The rule of the file: declarations as the compiler made them, without comments and private members, sorted by name; what a
// face leads to without naming it stands in reached.api.md, because its shape is promised too.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';

/** file name of docs/api → its text, of the compiled project at `root`. */
export function apiReports(root: string): Map<string, string> {
  const compiled = join(root, 'dist', 'src');
  const names = readdirSync(join(root, 'src', 'library')).map(file => basename(file, '.ts'));
  const faces = names.map(name => join(compiled, 'library', `${name}.d.ts`));
  const program = ts.createProgram(faces, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const promised = new Set<ts.Symbol>();
  const reports = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const file = program.getSourceFile(faces[i] ?? '');
    const face = file && checker.getSymbolAtLocation(file);
    if (face === undefined) throw new Error(`${name}: no face`);
    const named = checker.getExportsOfModule(face).map(symbol => ({ name: symbol.name, symbol: origin(symbol) }));
    for (const { symbol } of named) promised.add(symbol);
    const title = name === 'index' ? '@meterflow/node-red-dlms' : `@meterflow/node-red-dlms/${name}`;
    reports.set(
      `${name}.api.md`,
      page(
        title,
        named.map(({ name, symbol }) => [name, shapesOf(symbol)]),
      ),
    );
  }
  const reached = closure(promised).map((symbol): Entry => [symbol.name, shapesOf(symbol)]);
  reports.set('reached.api.md', page('What the faces lead to without naming it', reached));
  return reports;

  /** What stands behind an import or export. */
  function origin(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  function declarationsOf(symbol: ts.Symbol): readonly ts.Declaration[] {
    return (symbol.declarations ?? []).filter(d =>
      d.getSourceFile().fileName.startsWith(compiled.replaceAll('\\', '/')),
    );
  }

  function shapesOf(symbol: ts.Symbol): string {
    return declarationsOf(symbol).map(shape).join('\n');
  }

  /** All that can be reached from what is promised, without it. */
  function closure(from: ReadonlySet<ts.Symbol>): ts.Symbol[] {
    const seen = new Set(from);
    const visit = (node: ts.Node): void => {
      if (isPrivate(node)) return;
      if (ts.isIdentifier(node)) {
        const found = checker.getSymbolAtLocation(node);
        const symbol = found && origin(found);
        if (symbol !== undefined && declarationsOf(symbol).some(isTopLevel)) seen.add(symbol);
      }
      ts.forEachChild(node, visit);
    };
    // A set gives what is added on the way as well.
    for (const symbol of seen) declarationsOf(symbol).forEach(visit);
    return [...seen].filter(symbol => !from.has(symbol));
  }
}

type Entry = readonly [name: string, declaration: string];

function isTopLevel(node: ts.Node): boolean {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return statement.parent !== undefined && ts.isSourceFile(statement.parent);
}

function isPrivate(node: ts.Node): boolean {
  if (!ts.isClassElement(node)) return false;
  return (
    (node.name !== undefined && ts.isPrivateIdentifier(node.name)) ||
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0
  );
}

function shape(declaration: ts.Declaration): string {
  const withoutPrivate = ts.transform<ts.Node>(declaration, [
    context => root => {
      const visit = (node: ts.Node): ts.Node | undefined =>
        isPrivate(node) ? undefined : ts.visitEachChild(node, visit, context);
      return ts.visitEachChild(root, visit, context);
    },
  ]).transformed[0];
  const text = PRINTER.printNode(ts.EmitHint.Unspecified, withoutPrivate ?? declaration, declaration.getSourceFile());
  return ts.isVariableDeclaration(declaration)
    ? `const ${text};`
    : text.replace(/^export |(?<=^|^export )declare /g, '');
}

function page(title: string, entries: readonly Entry[]): string {
  const sorted = [...entries].sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)));
  return `# ${title}\n\nMade by \`node dist/scripts/api-report.js\`; a test compares it.\n\n\`\`\`ts\n${sorted
    .map(([, text]) => text)
    .join('\n\n')}\n\`\`\`\n`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rootAbove(dir: string): string {
  return existsSync(join(dir, 'package.json')) ? dir : rootAbove(dirname(dir));
}

const PRINTER = ts.createPrinter({ removeComments: true });

if (require.main === module) {
  const root = rootAbove(__dirname);
  const folder = join(root, 'docs', 'api');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of apiReports(root)) {
    const file = join(folder, name);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
}
