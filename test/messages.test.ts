// docs/messages.md against the code: the fields of its tables are those of the types, and its examples are what comes out.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import ts from 'typescript';
import { withExamples } from '../scripts/message-examples';
import { PROJECT } from './node-red-process';

const PAGE = readFileSync(join(PROJECT, 'docs', 'messages.md'), 'utf8');

/** Heading of the page → the types whose fields stand in the table below it. */
const TABLES: readonly (readonly [heading: string, file: string, ...types: string[]])[] = [
  ['Telegram', 'core/cosem/reading.ts', 'Telegram'],
  ['Meter', 'core/cosem/reading.ts', 'Meter'],
  ['Reading', 'core/cosem/reading.ts', 'Reading'],
  ['Load profile', 'filter/load-profile.ts', 'LoadProfile'],
  ['Columns', 'core/cosem/profile-layout.ts', 'ProfileColumn'],
  ['Rows', 'core/cosem/profile.ts', 'ProfileRow'],
];
/** Where nodes put more on `msg.dlms` than a decoder says. */
const NODES = ['nodes/get-object/dlms-get-object.ts', 'nodes/iec-readout/payload.ts'];

describe('the page of the messages', () => {
  it('shows what the code gives', () => {
    assert.ok(withExamples(PAGE) === PAGE, 'out of date; run: node dist/scripts/message-examples.js');
  });

  for (const [heading, file, type = ''] of TABLES) {
    it(`has under "${heading}" the fields of ${type}`, () => {
      assert.deepEqual(tableOf(heading), fieldsOf(file, type).sort());
    });
  }

  it('has the fields of a bracket pair, those of text protocols among them', () => {
    const fields = [
      ...fieldsOf('core/cosem/reading.ts', 'ValueSet'),
      ...fieldsOf('core/iec62056-21/typing.ts', 'IecSet'),
    ];
    assert.deepEqual(tableOf('Bracket pairs'), fields.sort());
  });

  it('has under "msg.dlms" what decoders and nodes say', () => {
    const more = NODES.flatMap(file => addedTo(file));
    assert.ok(more.length >= 6, more.join());
    const known = fieldsOf('core/cosem/reading.ts', 'Origin');
    const fields = new Set([
      ...known,
      ...more.map(name => `${name}?`).filter(name => !known.includes(name.slice(0, -1))),
    ]);
    assert.deepEqual(tableOf('msg.dlms'), [...fields].sort());
  });
});

/** First column of the first table below a heading. */
function tableOf(heading: string): string[] {
  const [, below = ''] = PAGE.split(new RegExp(`^#+ ${heading.replace('.', '\\.')}$`, 'm'));
  const [part = ''] = below.split(/^#+ /m);
  return [...part.matchAll(/^\| `([\w?]+)` \|/gm)].map(m => m[1] as string).sort();
}

/** Names of an interface, `?` behind those that may be absent; an index signature is none. */
function fieldsOf(file: string, type: string): string[] {
  const source = parsed(file);
  const found = source.statements.find(s => ts.isInterfaceDeclaration(s) && s.name.text === type);
  assert.ok(found !== undefined && ts.isInterfaceDeclaration(found), `${file} has ${type}`);
  return found.members
    .filter(ts.isPropertySignature)
    .map(member => `${member.name.getText(source)}${member.questionToken === undefined ? '' : '?'}`);
}

/** Names in the object literals that a file calls `dlms` or `more`, or gives as `dlms`. */
function addedTo(file: string): string[] {
  const source = parsed(file);
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const isDlms = (ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node)) && node.initializer !== undefined;
    if (isDlms && /^(dlms|more)$/.test(node.name.getText(source))) names.push(...namesIn(node.initializer, source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...new Set(names)];
}

/** Names of an object literal, with those of what is spread into it where the file shows them. */
function namesIn(node: ts.Node | undefined, source: ts.SourceFile): string[] {
  if (node === undefined) return [];
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.flatMap(property =>
      ts.isSpreadAssignment(property) ? namesIn(property.expression, source) : [property.name?.getText(source) ?? ''],
    );
  }
  if (ts.isParenthesizedExpression(node)) return namesIn(node.expression, source);
  if (ts.isConditionalExpression(node)) return [...namesIn(node.whenTrue, source), ...namesIn(node.whenFalse, source)];
  if (ts.isBinaryExpression(node)) return namesIn(node.right, source);
  if (ts.isCallExpression(node) || ts.isIdentifier(node)) {
    const name = (ts.isCallExpression(node) ? node.expression : node).getText(source);
    const names: string[] = [];
    const visit = (at: ts.Node): void => {
      if (ts.isFunctionDeclaration(at) && at.name?.text === name) {
        for (const statement of at.body?.statements ?? []) {
          if (ts.isReturnStatement(statement)) names.push(...namesIn(statement.expression, source));
        }
      } else if (ts.isVariableDeclaration(at) && at.name.getText(source) === name && at.initializer !== node) {
        names.push(...namesIn(at.initializer, source));
      }
      ts.forEachChild(at, visit);
    };
    visit(source);
    return names;
  }
  return [];
}

function parsed(file: string): ts.SourceFile {
  const path = join(PROJECT, 'src', file);
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
}
