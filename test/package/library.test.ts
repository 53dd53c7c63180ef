// The library as a stranger gets it: the packed package, installed into an empty folder, with nothing of this project around.
// The rule of the file: what stands in package.json, in docs/library.md and in docs/api is what is there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import ts from 'typescript';
import { apiReports } from '../../scripts/api-report';
import { PACKAGE, PROJECT, remove } from '../node-red-process';

const { exports: doors } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
};
/** As they are imported. */
const faces = Object.keys(doors)
  .filter(door => door !== './package.json')
  .map(door => join(PACKAGE, door).replaceAll('\\', '/'));
const sources = readdirSync(join(PROJECT, 'src', 'library')).map(file => basename(file, '.ts'));

describe('the library, installed', function () {
  this.timeout(120_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'dlms-library-'));
    run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], PROJECT);
    const [tarball = ''] = readdirSync(folder).filter(name => name.endsWith('.tgz'));
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const quiet = ['--offline', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
    run('npm', ['install', ...quiet, join(folder, tarball)], folder);
  });
  after(() => remove(folder));

  it('needs nothing but itself', () => {
    // npm may leave the empty folder of a scope whose packages it left out.
    const found = readdirSync(join(folder, 'node_modules')).filter(name => !name.startsWith('.'));
    assert.deepEqual(
      found.filter(name => readdirSync(join(folder, 'node_modules', name)).length > 0),
      [dirname(PACKAGE)],
    );
  });

  it('has a face for each file of src/library, and no other door', () => {
    const files = Object.values(doors).map(door => basename(typeof door === 'string' ? door : door.default, '.js'));
    assert.deepEqual(files.filter(name => name !== 'package.json').sort(), [...sources].sort());
  });

  it('gives the same names to import and require, and the types name no more', () => {
    writeFileSync(
      join(folder, 'names.cjs'),
      namesProgram(face => `require('${face}')`),
    );
    writeFileSync(
      join(folder, 'names.mjs'),
      namesProgram(face => `await import('${face}')`),
    );
    const required = JSON.parse(node('names.cjs')) as string[][];
    const imported = JSON.parse(node('names.mjs')) as string[][];
    assert.deepEqual(imported, required);
    assert.deepEqual(typedNames(), required);
  });

  it('lets nobody in by another way', () => {
    writeFileSync(join(folder, 'inside.cjs'), `require('${PACKAGE}/dist/lib/io.js')`);
    assert.match(spawnSync(process.execPath, ['inside.cjs'], { cwd: folder, encoding: 'utf8' }).stderr, /NOT_EXPORTED/);
  });

  it('has one class behind a name, whichever face it came through', () => {
    writeFileSync(
      join(folder, 'same.cjs'),
      `const { isDlmsError } = require('${PACKAGE}');
       const { parseSettings } = require('${PACKAGE}/io');
       try { parseSettings({ interface: 'x' }); } catch (error) { console.log(isDlmsError(error), error.code); }`,
    );
    assert.equal(node('same.cjs').trim(), 'true BAD_SETTING');
  });

  it('says in a stack which function of which class it was', () => {
    writeFileSync(
      join(folder, 'stack.cjs'),
      `const { PushDecoder } = require('${PACKAGE}/push');
       try { new PushDecoder({ framing: 'x' }); } catch (error) { console.log(error.stack); }`,
    );
    assert.match(node('stack.cjs'), /at new PushDecoder \(.*\.js:\d+:\d+\)/);
  });

  for (const mode of ['node16', 'bundler'] as const) {
    it(`is understood by TypeScript with moduleResolution ${mode}`, () => {
      const program = `
        import { Obis, isDlmsError, type Reading } from '${PACKAGE}';
        import { Session, parseSettings } from '${PACKAGE}/io';
        import { PushDecoder, type PushEvent } from '${PACKAGE}/push';
        import { Client } from '${PACKAGE}/client';
        import { IecDecoder } from '${PACKAGE}/iec62056-21';
        import { readSml } from '${PACKAGE}/sml';
        import { fromXml, toXml, type XmlMessage } from '${PACKAGE}/xml';
        import { simulatedMeter } from '${PACKAGE}/sim';
        export const events: readonly PushEvent[] = new PushDecoder().receive(new Uint8Array(1)).events;
        export const session: Session = new Session(parseSettings({ host: 'meter' }));
        export const bytes: Uint8Array = fromXml('<None />');
        export const messages: readonly XmlMessage[] = toXml(bytes, { form: 'standard', comments: true });
        export const value = (reading: Reading): string | null => reading.unit ?? null;
        export const rest: unknown[] = [Obis.parse('1.8.0').toString(), isDlmsError, Client, IecDecoder, readSml, simulatedMeter];
        // @ts-expect-error a number is no setting
        parseSettings(5);
      `;
      const file = join(folder, `types-${mode}.mts`);
      writeFileSync(file, program);
      const bundler = mode === 'bundler';
      const compiled = ts.createProgram([file], {
        strict: true,
        noEmit: true,
        target: ts.ScriptTarget.ES2022,
        module: bundler ? ts.ModuleKind.ESNext : ts.ModuleKind.Node16,
        moduleResolution: bundler ? ts.ModuleResolutionKind.Bundler : ts.ModuleResolutionKind.Node16,
        // The declarations themselves are checked once.
        skipLibCheck: bundler,
        types: ['node'],
        typeRoots: [join(PROJECT, 'node_modules', '@types')],
      });
      assert.deepEqual(ts.getPreEmitDiagnostics(compiled).map(said), []);
    });
  }

  it('decodes a push in a program', () => {
    const lines = program('decode-a-push.mjs').split('\n');
    assert.ok(lines.includes('1-0:1.8.0*255 12345670 Wh'), lines.join('\n'));
  });

  it('reads a profile in a program', () => {
    const lines = program('read-a-profile.mjs').trim().split('\n');
    assert.ok(lines.length >= 96, `${lines.length} lines`);
    assert.match(lines[0] ?? '', /^\{"time":"20.*"1-0:1\.8\.0\*255":\d+/);
    assert.match(lines.at(-1) ?? '', /^1-0:1\.8\.0\*255 in Wh, /);
  });

  it('turns a message into XML and back', () => {
    writeFileSync(
      join(folder, 'xml.cjs'),
      `const { fromXml, toXml } = require('${PACKAGE}/xml');
       const [{ xml, exact }] = toXml(Buffer.from('c001c100080000010000ff0200', 'hex'));
       console.log(/<ClassId Value="0008" \\/>/.test(xml), exact, Buffer.from(fromXml(xml)).toString('hex'));`,
    );
    assert.equal(node('xml.cjs').trim(), 'true true c001c100080000010000ff0200');
  });

  it('serves a simulated meter in a program', () => {
    assert.match(program('serve-a-meter.mjs', { PORT: '0' }), /^a meter answers on port \d+/);
  });

  it('shows these programs in docs/library.md as they are', () => {
    const page = readFileSync(join(PROJECT, 'docs', 'library.md'), 'utf8');
    for (const file of readdirSync(PROGRAMS)) {
      assert.ok(page.includes(`\`\`\`js\n${readFileSync(join(PROGRAMS, file), 'utf8')}\`\`\``), file);
    }
    for (const face of faces) assert.ok(page.includes(`\`${face}\``), `${face} is not told`);
  });

  function program(name: string, env: Record<string, string> = {}): string {
    writeFileSync(join(folder, name), readFileSync(join(PROGRAMS, name)));
    return node(name, env);
  }

  function node(file: string, env: Record<string, string> = {}): string {
    return run(process.execPath, [file], folder, env);
  }

  /** The values that the declarations of each face promise. */
  function typedNames(): string[][] {
    const files = Object.values(doors).flatMap(door =>
      typeof door === 'string' ? [] : [join(folder, 'node_modules', PACKAGE, door.types)],
    );
    const compiled = ts.createProgram(files, { module: ts.ModuleKind.Node16, skipLibCheck: true, types: [] });
    const checker = compiled.getTypeChecker();
    return files.map(file => {
      const source = compiled.getSourceFile(file);
      const face = source && checker.getSymbolAtLocation(source);
      assert.ok(face !== undefined, file);
      const values = checker.getExportsOfModule(face).filter(name => {
        const specifier = name.declarations?.find(ts.isExportSpecifier);
        const typeOnly = specifier?.isTypeOnly === true || specifier?.parent.parent.isTypeOnly === true;
        const origin = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
        return !typeOnly && (origin.flags & ts.SymbolFlags.Value) !== 0;
      });
      return values.map(name => name.name).sort();
    });
  }
});

describe('what the library promises', function () {
  this.timeout(60_000);

  it('stands in docs/api as it is (node dist/scripts/api-report.js writes it)', () => {
    const folder = join(PROJECT, 'docs', 'api');
    const reports = apiReports(PROJECT);
    assert.deepEqual(readdirSync(folder).sort(), [...reports.keys()].sort());
    for (const [file, text] of reports) assert.equal(readFileSync(join(folder, file), 'utf8'), text, file);
  });

  it('is named one by one: no face passes on all that a file has', () => {
    for (const name of sources) {
      const text = readFileSync(join(PROJECT, 'src', 'library', `${name}.ts`), 'utf8');
      assert.ok(!/export \* /.test(text), name);
    }
  });

  it('is what the nodes use, but for the names that test/beyond-faces.txt lists (a ratchet: it only gets shorter)', () => {
    const promised = new Set(
      sources.flatMap(name => namesOf(join(PROJECT, 'src', 'library', `${name}.ts`))).map(n => n.key),
    );
    const used = filesBelow(join(PROJECT, 'src', 'nodes'))
      .flatMap(namesOf)
      .filter(n => /^(core|io|sim)\//.test(n.from));
    const beyond = [...new Set(used.map(n => n.key).filter(key => !promised.has(key)))].sort();
    const listed = readFileSync(join(PROJECT, 'test', 'beyond-faces.txt'), 'utf8')
      .trim()
      .split('\n');
    assert.deepEqual(
      beyond.filter(key => !listed.includes(key)),
      [],
      'not promised by a face of src/library',
    );
    assert.deepEqual(
      listed.filter(key => !beyond.includes(key)),
      [],
      'no longer used: take these lines out',
    );
  });
});

/** The names that a file imports or passes on; `key` tells whence. */
function namesOf(file: string): { from: string; key: string }[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022);
  return source.statements.flatMap(statement => {
    if (!(ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    const from = relative(join(PROJECT, 'src'), resolve(dirname(file), moduleSpecifier.text)).replaceAll('\\', '/');
    const list = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause;
    if (list === undefined || !('elements' in list)) return [];
    return list.elements.map(({ propertyName, name }) => ({ from, key: (propertyName ?? name).text }));
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => join(folder, file));
}

function namesProgram(load: (face: string) => string): string {
  const lists = faces.map(
    face => `Object.keys(${load(face)}).filter(n => n !== 'default' && n !== 'module.exports').sort()`,
  );
  return `console.log(JSON.stringify([${lists.join(', ')}]))`;
}

function said({ messageText, file, start }: ts.Diagnostic): string {
  const line = file === undefined || start === undefined ? '' : file.getLineAndCharacterOfPosition(start).line + 1;
  return `${file?.fileName ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    input: '',
    shell,
  });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const PROGRAMS = join(PROJECT, 'docs', 'programs');
