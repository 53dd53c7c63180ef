// What users of other collections complain about, where no other test proves that it cannot happen here; and that the
// table of such proofs in ARCHITECTURE.md names tests that exist.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import { PROJECT } from '../node-red-process';
import { callsOf, startFlow, stopFlow, type FlowNode } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const get: FlowNode = {
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: '1-0:1.8.0*255' }],
  output: 'value',
  wires: [['out']],
};

describe('a meter that was away', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });
  it('at the start and for many requests is read when it is there, without a deploy; its status never says otherwise', async () => {
    const port = await deadPort();
    const flow = await startFlow([connection, getObject], [connectionTo(port), get]);
    const warnings: unknown[] = [];
    callsOf(flow.node('c1'), 'warn', args => warnings.push(args[0]));
    for (let i = 0; i < 3; i++) {
      flow.send('n1', {});
      assert.equal((await flow.error()).error.code, 'CONNECT_REFUSED');
    }
    const away = flow.statuses('n1');
    assert.ok(
      away.every(s => !s.startsWith('green')),
      away.join(),
    );
    assert.ok(away.at(-1)?.startsWith('red'), away.join());
    assert.ok(warnings.length <= 1, `${warnings.length} warnings for three failures`);

    await serveMeter({}, 'hdlc', port);
    let value: unknown;
    for (let tries = 0; typeof value !== 'number'; tries++) {
      assert.ok(tries < 15, 'it is not read again');
      flow.send('n1', {});
      // While the meter is left alone after failures a request fails at once.
      value = await flow.message('out', 1000).then(
        msg => msg.payload,
        () => null,
      );
    }
    await flow.status('n1', /^green \d/);
  });
});

describe('the table of pains', () => {
  const rows = readFileSync(join(PROJECT, 'ARCHITECTURE.md'), 'utf8')
    .split('## Pains that must not come back')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .filter(line => /^\| *\d+ *\|/.test(line));

  it('has a row for each of the 25, with a test or a reason', () => {
    assert.deepEqual(
      rows?.map(row => Number(row.split('|')[1])),
      Array.from({ length: 25 }, (_, i) => i + 1),
    );
  });

  it('names tests that exist', () => {
    let named = 0;
    for (const row of rows ?? []) {
      for (const [, file = '', title = ''] of row.matchAll(/`([\w/.-]+)` "([^"]+)"/g)) {
        named++;
        const source = readFileSync(join(PROJECT, 'test', `${file}.test.ts`), 'utf8');
        assert.ok(source.includes(title), `${file}: ${title}`);
      }
    }
    assert.ok(named > 25, String(named));
  });
});
