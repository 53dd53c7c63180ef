// The whole corpus through the real nodes in a real Node-RED, by their public properties and messages alone, and a ratchet:
// known-failing.txt holds what fails today and only shrinks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { acceptanceRunner, knownFailing } from '../corpus-files';
import { PROJECT } from '../node-red-process';

interface Report {
  readonly faults: readonly string[];
  readonly cases: readonly {
    readonly id: string;
    readonly ok: boolean;
    readonly wrong: readonly { readonly how: string; readonly what: string }[];
  }[];
}

describe('the corpus, through the real nodes', function () {
  this.timeout(400_000);
  const runner = acceptanceRunner();
  if (runner === null) return void it.skip('skipped: runner or corpus absent');
  const listed = knownFailing();
  let report: Report;

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'acceptance-'));
    try {
      const json = join(folder, 'report.json');
      const { printed, signal } = await run([runner.script, PROJECT, runner.corpus, '--json', json]);
      process.stdout.write(`      ${printed.trimEnd().split('\n').slice(-2).join('\n      ')}\n`);
      assert.equal(signal, null, printed.slice(-2000));
      report = JSON.parse(readFileSync(json, 'utf8')) as Report;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('never brings down or faults the process', () => assert.deepEqual(report.faults, []));

  it('passes every case that is not listed as known to fail', () => {
    const failed = report.cases.filter(c => !c.ok && !listed.has(c.id));
    assert.deepEqual(
      failed.map(c => `${c.id}: ${c.wrong.map(w => `[${w.how}] ${w.what}`).join('; ')}`),
      [],
    );
    assert.ok(report.cases.length > 400, `${report.cases.length} cases were played`);
  });

  it('lists no case that passes, and none that is not there', () => {
    const failing = new Set(report.cases.filter(c => !c.ok).map(c => c.id));
    assert.deepEqual(
      [...listed].filter(id => !failing.has(id)),
      [],
    );
  });
});

function run(args: readonly string[]): Promise<{ readonly printed: string; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => chunks.push(data.toString()));
    child.on('error', reject);
    child.on('close', (_code, signal) => resolve({ printed: chunks.join(''), signal }));
  });
}
