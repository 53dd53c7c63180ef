import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { StateFile } from '../../../src/nodes/lib/state-file';

describe('the state of a connection', () => {
  let dir = '';
  const warnings: string[] = [];
  const open = (): StateFile => new StateFile(join(dir, 'below'), 'c 1/..', text => warnings.push(text));

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dlms-state-'));
    warnings.length = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('is there again after a restart, in one whole file', () => {
    open().set('counter', 7);
    open().set('last', 8);
    assert.deepEqual([open().get('counter'), open().get('last'), open().get('none')], [7, 8, null]);
    assert.deepEqual(readdirSync(join(dir, 'below')), ['c_1_...json']);
    assert.deepEqual(warnings, []);
  });

  it('keeps a damaged file aside, says so once, and begins anew', () => {
    open().set('counter', 7);
    const path = join(dir, 'below', 'c_1_...json');
    writeFileSync(path, '{"counter": 7');
    const state = open();
    assert.equal(state.get('counter'), null);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /was damaged: it was kept as .*c_1_\.\.\.json\.damaged/);
    state.set('counter', 9);
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).counter, 9);
    assert.equal(readFileSync(`${path}.damaged`, 'utf8'), '{"counter": 7');
  });

  it('uses what can be read of a damaged file', () => {
    open().set('counter', 7);
    writeFileSync(join(dir, 'below', 'c_1_...json'), '{"counter": 7, "last": "x", "next": 1e400}');
    const state = open();
    assert.deepEqual([state.get('counter'), state.get('last'), state.get('next')], [7, null, null]);
    assert.equal(warnings.length, 1);
  });

  it('works without a directory that can be written, and says once what that means', () => {
    writeFileSync(join(dir, 'below'), 'a file in the way');
    const state = open();
    state.set('counter', 1);
    state.set('counter', 2);
    assert.equal(state.get('counter'), 2);
    assert.equal(warnings.length, 1);
  });
});
