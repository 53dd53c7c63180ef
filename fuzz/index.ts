// npm run fuzz: runs the fuzzers in turn, each in threads of its own, and prints what was fed and found.
//   --minutes N      for all together, shared among them (default 2)
//   --inputs N       for all together, shared the same way; without --minutes it runs until they are fed (the slow ones,
//                    with sockets and processes, some minutes)
//   --only a,b       some of them          --seed S    the same inputs again (printed)
//   --input K        only input K of the seed, with its fuzzer by --only
//   --jobs J         threads for each (default 1)      --node-red  also those that start a real Node-RED
// The rule of the file: one finding, and it ends with 1.

import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Fuzzer } from './fuzzer';
import { FUZZERS } from './list';
import type { Finding, Outcome, Task } from './worker';

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string' },
    input: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    'node-red': { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const seed = given.seed === undefined ? Date.now() % 1_000_000_000 : number(given.seed, 'seed');
  const inputs = given.inputs === undefined ? Infinity : number(given.inputs, 'inputs');
  const minutes = given.minutes !== undefined ? number(given.minutes, 'minutes') : inputs === Infinity ? 2 : Infinity;
  const jobs = number(given.jobs, 'jobs');
  const chosen = choose();
  const sum = (list: readonly Fuzzer[]): number => list.reduce((shares, f) => shares + f.share, 0);
  process.stdout.write(`seed ${seed}, ${chosen.length} fuzzers, ${minutes} minutes, ${inputs} inputs, ${jobs} jobs\n`);
  process.stdout.write(row('', 'inputs', 'seconds', 'inputs/s', 'slowest ms', 'heap MB', 'findings'));
  const totals = { inputs: 0, seconds: 0 };
  const findings: Finding[] = [];
  for (const fuzzer of chosen) {
    const skipped = fuzzer.skipped?.() ?? null;
    if (skipped !== null) {
      process.stdout.write(`${fuzzer.name.padEnd(12)}${skipped}\n`);
      continue;
    }
    const part = fuzzer.share / sum(chosen);
    const slow = fuzzer.slow === true;
    const mine = slow ? Infinity : (inputs * fuzzer.share) / sum(chosen.filter(f => f.slow !== true));
    const seconds = minutes === Infinity && slow ? SLOW_SECONDS * fuzzer.share : minutes * 60 * part;
    const begin = performance.now();
    const one = given.input === undefined ? null : number(given.input, 'input');
    const outcomes = await Promise.all(
      Array.from({ length: one === null ? jobs : 1 }, (_, job) =>
        inThread({
          fuzzer: fuzzer.name,
          seed,
          first: one ?? job,
          step: jobs,
          inputs: one === null ? Math.ceil(mine / jobs) : 1,
          seconds,
          kept: one === null && job === 0,
          progress: new BigInt64Array(new SharedArrayBuffer(16)),
        }),
      ),
    );
    const took = (performance.now() - begin) / 1000;
    const fed = outcomes.reduce((n, o) => n + o.inputs, 0);
    const most = (of: (o: Outcome) => number): string => Math.max(...outcomes.map(of)).toFixed(0);
    totals.inputs += fed;
    totals.seconds += took;
    const wrong = merged(outcomes.flatMap(o => o.findings));
    findings.push(...wrong);
    process.stdout.write(
      row(
        fuzzer.name,
        String(fed),
        took.toFixed(1),
        (fed / took).toFixed(0),
        most(o => o.slowestMs),
        most(o => o.maxHeapMB),
        String(wrong.length),
      ),
    );
    process.stdout.write(`  ${counted(outcomes)}\n`);
    for (const f of wrong) {
      process.stdout.write(`  FOUND ${f.times} times: ${f.what}\n    first by ${f.from}\n    input ${f.input}\n`);
      if (f.file !== null) process.stdout.write(`    kept in ${f.file}\n`);
    }
  }
  const rate = (totals.inputs / totals.seconds).toFixed(0);
  process.stdout.write(
    `${totals.inputs} inputs in ${totals.seconds.toFixed(0)} s (${rate}/s), seed ${seed}: ${findings.length} findings\n`,
  );
  process.exitCode = findings.length === 0 ? 0 : 1;
}

function choose(): readonly Fuzzer[] {
  if (given.only === undefined) return FUZZERS.filter(f => f.nodeRed !== true || given['node-red']);
  return given.only.split(',').map(name => {
    const fuzzer = FUZZERS.find(f => f.name === name);
    if (fuzzer === undefined) throw new Error(`no fuzzer "${name}"; there are ${FUZZERS.map(f => f.name).join(', ')}`);
    return fuzzer;
  });
}

/** Runs one task; a thread that stands still or dies is a finding with the number of its input. */
function inThread(task: Task): Promise<Outcome> {
  const fuzzer = FUZZERS.find(f => f.name === task.fuzzer);
  const begin = performance.now();
  return new Promise(resolve => {
    const worker = new Worker(join(__dirname, 'worker.js'), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: 768 },
    });
    let outcome: Outcome | null = null;
    let last = -1n;
    let movedAt = performance.now();
    const watch = setInterval(() => {
      const [, fed = 0n] = task.progress;
      if (fed !== last) movedAt = performance.now();
      last = fed;
      const patience = fuzzer?.slow === true ? 5 * STANDSTILL_MS : STANDSTILL_MS;
      if (performance.now() - movedAt > patience) finish(`does not end within ${patience / 1000} s`);
    }, 1000);
    const finish = (broke: string | null): void => {
      clearInterval(watch);
      void worker.terminate();
      const at = `--seed ${task.seed} --input ${task.progress[0]}`;
      const finding = { fuzzer: task.fuzzer, times: 1, from: at, input: `made by ${at}`, file: null };
      resolve(
        outcome ?? {
          inputs: Number(task.progress[1]),
          seconds: (performance.now() - begin) / 1000,
          maxHeapMB: 0,
          slowestMs: 0,
          counts: {},
          findings: [{ ...finding, what: broke ?? 'the thread ended without a word' }],
        },
      );
    };
    worker.on('message', (message: Outcome) => (outcome = message));
    worker.on('error', error => finish(`ends the thread: ${error.message}`));
    worker.on('exit', () => finish(null));
  });
}

function merged(all: readonly Finding[]): Finding[] {
  const byWhat = new Map<string, Finding>();
  for (const finding of all) {
    const known = byWhat.get(finding.what);
    if (known === undefined) byWhat.set(finding.what, { ...finding });
    else known.times += finding.times;
  }
  return [...byWhat.values()];
}

function counted(outcomes: readonly Outcome[]): string {
  const sum = new Map<string, number>();
  for (const [what, n] of outcomes.flatMap(o => Object.entries(o.counts))) sum.set(what, (sum.get(what) ?? 0) + n);
  return [...sum].map(([what, n]) => `${what} ${n}`).join(', ');
}

function row(name: string, ...cells: readonly string[]): string {
  return `${name.padEnd(12)}${cells.map(c => c.padStart(11)).join('')}\n`;
}

function number(text: string, what: string): number {
  const n = Number(text);
  if (!Number.isFinite(n) || n < 0) throw new Error(`--${what} wants a number, not "${text}"`);
  return n;
}

const STANDSTILL_MS = 60_000;
const SLOW_SECONDS = 30;

void main();
