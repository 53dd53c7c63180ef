// The independent peers: installing them, running the Python readers, starting the Java meter. A missing peer is a failure.

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Installs what is not there yet; minutes on a fresh machine, milliseconds after that. */
export async function installPeers(): Promise<void> {
  try {
    await run('sh', [join(SOURCE, 'setup.sh')], { maxBuffer: 16 * 1024 * 1024 });
  } catch (cause) {
    throw new Error(
      'the peers of the interop tests cannot be installed; python3 with venv, a Java 11 (or newer) JDK, mvn and their registries are needed',
      { cause },
    );
  }
}

/** What a Python peer is told; see the head of gurux_read.py. */
export interface PeerSettings {
  readonly port: number;
  readonly framing: 'hdlc' | 'wrapper';
  readonly client: number;
  readonly auth: string;
  readonly read: readonly (readonly unknown[])[];
  readonly [more: string]: unknown;
}

export interface PeerAnswer {
  readonly ok: boolean;
  readonly results: readonly unknown[];
  readonly error?: string;
}

/** Runs a peer to its end and gives what it printed. */
export async function readBy(peer: 'gurux' | 'dlmscosem', settings: PeerSettings): Promise<PeerAnswer> {
  const python = join(CACHE, 'python', 'bin', 'python');
  const program = join(SOURCE, 'peers', `${peer}_read.py`);
  const argument = JSON.stringify({ host: '127.0.0.1', server: 1, timeout: 10, ...settings });
  const { stdout } = await run(python, [program, argument], { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 });
  // The libraries print words of their own in front.
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as PeerAnswer;
}

/** The answers of a translator, one a task; see the head of gurux_xml.py. */
export async function translateBy(peer: 'gurux-python' | 'gurux-java', tasks: readonly string[]): Promise<string[]> {
  const program = join(SOURCE, 'peers', peer === 'gurux-python' ? 'gurux_xml.py' : 'GuruxXml.java');
  const [command, before] =
    peer === 'gurux-python'
      ? [join(CACHE, 'python', 'bin', 'python'), []]
      : ['java', ['-cp', join(CACHE, 'java', 'lib', '*')]];
  const child = spawn(command, [...before, program], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(tasks.map(task => `${task}\n`).join(''));
  const answers: string[] = [];
  // The libraries print words of their own between.
  for await (const line of createInterface(child.stdout)) if (/^(ok|error)\b/.test(line)) answers.push(line);
  if (answers.length !== tasks.length) throw new Error(`${peer} answered ${answers.length} of ${tasks.length} tasks`);
  return answers;
}

export interface JavaMeter {
  readonly hdlc: number;
  readonly wrapper: number;
  stop(): Promise<void>;
}

/** The meter of test/interop/java, on two free ports. */
export async function startJavaMeter(): Promise<JavaMeter> {
  const classes = join(CACHE, 'java', 'lib', '*');
  const child = spawn('java', ['-Duser.timezone=UTC', '-cp', classes, 'JavaMeter'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`the Java meter ended with ${code} before it listened`)));
    createInterface(child.stdout).once('line', resolve);
  });
  const ports = /^hdlc (\d+) wrapper (\d+)$/.exec(line);
  if (ports === null) throw new Error(`the Java meter said "${line}"`);
  return {
    hdlc: Number(ports[1]),
    wrapper: Number(ports[2]),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

const ROOT = projectRoot();
const SOURCE = join(ROOT, 'test', 'interop');
const CACHE = join(ROOT, '.cache', 'interop');
