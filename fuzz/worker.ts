// One fuzzer in a thread of its own: kept inputs first, then new ones from the dice until the time or the number is used up.
// The rule of the file: the number of the input under way stands in shared memory before it runs, so that one that never
// ends, or takes all memory, is known too.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import { hex } from '../src/core/wire/hex';
import { PROJECT } from '../test/node-red-process';
import { Dice } from './dice';
import { inputToText, textToInput, type Opened } from './fuzzer';
import { FUZZERS } from './list';

export interface Task {
  readonly fuzzer: string;
  readonly seed: number;
  /** The inputs first, first + step, first + 2 · step, … */
  readonly first: number;
  readonly step: number;
  readonly inputs: number;
  readonly seconds: number;
  /** Feed what was kept, too. */
  readonly kept: boolean;
  /** [0]: the input under way; [1]: how many were fed. */
  readonly progress: BigInt64Array;
}

export interface Finding {
  readonly fuzzer: string;
  readonly what: string;
  /** How often. */
  times: number;
  /** The first of them. */
  readonly from: string;
  readonly input: string;
  readonly file: string | null;
}

export interface Outcome {
  readonly inputs: number;
  readonly seconds: number;
  readonly maxHeapMB: number;
  readonly slowestMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const FOUND = join(PROJECT, 'fuzz', 'found');

async function run(task: Task): Promise<Outcome> {
  const fuzzer = FUZZERS.find(f => f.name === task.fuzzer);
  if (fuzzer === undefined) throw new Error(`no fuzzer "${task.fuzzer}"`);
  // The inputs of a fuzzer are its own business; here they only pass through.
  const opened = (await fuzzer.open()) as Opened<unknown>;
  const findings = new Map<string, Finding>();
  const limitMs = opened.limitMs ?? 2000;
  let inputs = 0;
  let slowestMs = 0;
  let maxHeap = 0;
  const started = performance.now();

  const found = (what: string, from: string, input: unknown, keep: boolean): void => {
    const known = findings.get(what);
    if (known !== undefined) return void known.times++;
    const file = keep ? kept(fuzzer.name, what, input) : null;
    findings.set(what, { fuzzer: fuzzer.name, what, times: 1, from, input: shown(input), file });
  };
  const timed = async (input: unknown): Promise<{ what: string | null; ms: number }> => {
    const begin = performance.now();
    let what: string | null;
    try {
      const answer = opened.check(input);
      what = answer instanceof Promise ? await answer : answer;
    } catch (e) {
      what = `throws ${e instanceof Error ? `${e.name}: ${e.message.replace(/\d+/g, 'N').slice(0, 120)} ${place(e)}` : String(e)}`;
    }
    return { what, ms: performance.now() - begin };
  };
  const feed = async (input: unknown, from: string, keep: boolean): Promise<void> => {
    let { what, ms } = await timed(input);
    // Slow may have been the machine: what counts is whether it is slow again.
    // A machine that is busy with something else is no finding.
    for (let again = 0; ms > limitMs && again < 3; again++) ms = Math.min(ms, (await timed(input)).ms);
    inputs++;
    task.progress[1] = BigInt(inputs);
    slowestMs = Math.max(slowestMs, ms);
    if (ms > limitMs) what ??= `takes longer than ${limitMs} ms`;
    if (what !== null) found(what, from, input, keep);
    if ((inputs & 0x1fff) === 0) maxHeap = Math.max(maxHeap, process.memoryUsage().heapUsed);
  };

  if (task.kept) for (const [file, input] of readKept(fuzzer.name)) await feed(input, file, false);
  const over = (): boolean => inputs >= task.inputs || performance.now() - started >= task.seconds * 1000;
  for (let n = task.first; !over(); n += task.step) {
    task.progress[0] = BigInt(n);
    const input = opened.make(new Dice(task.seed, n));
    await feed(input, `--seed ${task.seed} --input ${n}`, true);
  }
  const whole = (await opened.end?.()) ?? null;
  if (whole !== null) found(whole, `--seed ${task.seed}, the whole run`, null, false);
  maxHeap = Math.max(maxHeap, process.memoryUsage().heapUsed);
  const seconds = (performance.now() - started) / 1000;
  const counts = opened.counts ?? {};
  return { inputs, seconds, maxHeapMB: Math.round(maxHeap / 1e6), slowestMs, counts, findings: [...findings.values()] };
}

/** Where it was thrown, without line numbers of the run: the function and its file. */
function place(error: Error): string {
  const line = (error.stack ?? '').split('\n').find(l => l.includes('/src/')) ?? '';
  return line.replace(/^\s*at /, '').replace(/\(?\S*\/src\//, '(src/');
}

function shown(input: unknown): string {
  const bytes = typeof input === 'object' && input !== null && 'bytes' in input ? input.bytes : null;
  const text = bytes instanceof Uint8Array ? hex(bytes) : inputToText(input).replace(/\s+/g, ' ');
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** Writes the input down; what is made of the corpus goes to a folder that is not part of the project. */
function kept(fuzzer: string, what: string, input: unknown): string {
  const foreign = typeof input === 'object' && input !== null && 'foreign' in input && input.foreign === true;
  const folder = foreign ? join(FOUND, 'corpus') : FOUND;
  mkdirSync(folder, { recursive: true });
  const name = `${fuzzer}-${what
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-|-$/g, '')}`;
  for (let n = 1; ; n++) {
    const file = join(folder, `${name}${n === 1 ? '' : `-${n}`}.json`);
    if (existsSync(file)) {
      if (n < MOST_OF_A_KIND) continue;
      return file;
    }
    writeFileSync(file, `${inputToText({ fuzzer, seen: what, input })}\n`);
    return file;
  }
}

/** Every input of this fuzzer that once failed. */
function readKept(fuzzer: string): [string, unknown][] {
  return [FOUND, join(FOUND, 'corpus')].flatMap(folder => {
    if (!existsSync(folder)) return [];
    const files = readdirSync(folder).filter(name => name.endsWith('.json'));
    return files.sort().flatMap((name): [string, unknown][] => {
      // Written by `kept` or by hand in its form.
      const { fuzzer: owner, input } = textToInput(readFileSync(join(folder, name), 'utf8')) as {
        fuzzer: string;
        input: unknown;
      };
      return owner === fuzzer ? [[`found/${name}`, input]] : [];
    });
  });
}

const MOST_OF_A_KIND = 3;

// Refusals are errors with a stack, and most of what is fed is refused: four places say enough.
Error.stackTraceLimit = 4;

// Started by index.ts, which gives a Task.
void run(workerData as Task).then(
  outcome => {
    parentPort?.postMessage(outcome);
    // Sockets and timers of a fuzzer that failed keep nobody waiting.
    setImmediate(() => process.exit(0));
  },
  (error: unknown) => {
    throw error;
  },
);
