import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { PROTOCOLS, STAGE_NAMES } from '../../src/io/diagnosis/connection-advice';
import { OBJECT_KINDS } from '../../src/nodes/connection/object-browser';
import { PROJECT } from '../node-red-process';

type Texts = { readonly [key: string]: string | Texts };

const source = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');
const catalog = JSON.parse(source('locales/en-US/dlms-connection.json')) as { 'dlms-connection': Texts };
const { test, browse } = catalog['dlms-connection'] as {
  test: { says: Texts; advice: Texts; stage: Texts };
  browse: Texts;
};

describe('the texts of the connection test', () => {
  it('has one for everything that a test or a search says', () => {
    const files = ['connection-test', 'connection-search', 'hearing'].map(name =>
      source(`src/io/diagnosis/${name}.ts`),
    );
    const text = [...files, source('src/nodes/connection/listening-test.ts')].join('\n');
    const keys = [
      ...text.matchAll(/(?:key|key = [^;\n]*[?:]|key: [^,\n]*[?:]|[A-Z_]+): '([a-z][\w-]+-[\w-]+|[a-z]+)'/g),
    ].map(m => m[1] as string);
    assert.ok(keys.length > 20);
    for (const key of [...keys, 'ln', 'sn', 'device', 'serial', 'firmware', 'searched', 'limit-reached'])
      assert.ok(typeof test.says[key] === 'string' || typeof test.advice[key] === 'string', key);
    for (const kind of PROTOCOLS) assert.ok(test.says[`looks-${kind}`], kind);
  });

  it('has a cause and a next step for everything that can fail', () => {
    const text = source('src/io/diagnosis/connection-advice.ts');
    const code = text.slice(text.indexOf('function keyOf'));
    const keys = [...code.matchAll(/(?:return|[?:]) '([a-z-]+)'/g)].map(m => m[1] as string);
    assert.ok(keys.length > 40);
    const framings = new Set(['wrapper', 'hdlc']);
    for (const key of keys.filter(k => !framings.has(k))) assert.equal(typeof test.advice[key], 'string', key);
  });

  it('has one for every stage, kind of object and right', () => {
    for (const stage of STAGE_NAMES) assert.ok(test.stage[stage], stage);
    for (const kind of OBJECT_KINDS) assert.ok((browse['kind'] as Texts)[kind], kind);
    for (const right of ['r', 'w', 'rw', 'none']) assert.ok((browse['access'] as Texts)[right], right);
  });
});
