// Every (key, IV) that real processes use over kills, restarts, two at a time with one store, full disks and damaged files.
// Rules: no counter stands over two messages; a process ends by itself or by our hand, never by an exception.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { wrapperStream } from '../src/core/framing/wrapper';
import { serveTcp } from '../src/sim/server';
import { meterAt, NOW } from '../test/sim/wire';
import { CIPHERED_ACCOUNT } from './client';
import type { Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { UsedCounters } from './ivs';

/** One run of one or two processes with the same folder. */
interface Stage {
  /** What is done to the folder before. */
  readonly folder: 'kept' | 'cut' | 'zeros' | 'a-file';
  /** After so many messages of the client the disk is full; null: never, 0: from the beginning. */
  readonly fullAfter: number | null;
  readonly processes: 1 | 2;
  readonly requests: number;
  /** SIGKILL after so many messages; null: it may end. */
  readonly killAfter: number | null;
}

export interface CountersInput {
  /** A meter that looks at the counters and tells its own; else it takes any, and only the store is between us and a repetition. */
  readonly meterChecks: boolean;
  readonly stages: readonly Stage[];
}

export const counters: Fuzzer<CountersInput> = {
  name: 'counters',
  share: 3,
  slow: true,
  open() {
    const tally = new Tally();
    return {
      counts: tally.counts,
      limitMs: 120_000,
      make(dice) {
        const meterChecks = dice.chance(0.4);
        return { meterChecks, stages: dice.list(2 + dice.below(2), () => stageOf(dice, meterChecks)) };
      },
      check: input => collected(input, tally),
    };
  },
};

function stageOf(dice: Dice, meterChecks: boolean): Stage {
  const odd = dice.below(8);
  return {
    // Without a store and without a meter's word nobody could know where to go on.
    folder: odd === 0 ? 'cut' : odd === 1 ? 'zeros' : odd === 2 && meterChecks ? 'a-file' : 'kept',
    fullAfter: odd === 3 ? dice.below(80) : odd === 4 ? 0 : null,
    processes: odd === 5 ? 2 : 1,
    requests: 10 + dice.below(90),
    killAfter: dice.chance(0.6) ? 1 + dice.below(90) : null,
  };
}

async function collected(input: CountersInput, tally: Tally): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'dlms-counters-'));
  const used = new UsedCounters();
  let wrong: string | null = null;
  let sent = 0;
  let onMessage = (): void => undefined;
  const meter = meterAt(NOW, {
    accounts: [CIPHERED_ACCOUNT, { ...CIPHERED_ACCOUNT, client: 16, security: 'none' }],
    clientCounter: 0,
  });
  const server = await serveTcp(meter, { framing: 'wrapper' });
  const tap = await tapped(server.port, apdu => {
    wrong ??= used.take(apdu);
    sent++;
    if (!input.meterChecks) meter.clientCounter = 0;
    onMessage();
  });
  const port = (tap.address() as AddressInfo).port;
  try {
    for (const stage of input.stages) {
      const before = sent;
      const state = join(folder, 'dlms');
      prepare(state, stage.folder);
      const object = input.meterChecks ? '0-0:43.1.0*255' : 'none';
      const children = Array.from({ length: stage.processes }, () =>
        start([state, '127.0.0.1', String(port), String(stage.requests), object], stage.fullAfter === 0),
      );
      onMessage = () => {
        const n = sent - before;
        if (n === stage.fullAfter) children.forEach(c => fillDisk(c, tally));
        if (n === stage.killAfter) children.forEach(c => c.kill('SIGKILL'));
      };
      const ends = await Promise.all(children.map(ended));
      onMessage = () => undefined;
      const broke = ends.find(e => e !== null);
      if (broke !== undefined && broke !== null) return broke;
      tally.add('messages', sent - before);
      if (wrong !== null)
        return `${wrong} (${stage.processes} processes, folder ${stage.folder}, disk ${diskOf(stage)})`;
    }
    return null;
  } finally {
    tap.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function diskOf({ fullAfter }: Stage): string {
  return fullAfter === null ? 'free' : fullAfter === 0 ? 'full' : 'fills';
}

/** What an accident may have left behind. */
function prepare(state: string, how: Stage['folder']): void {
  const isFolder = existsSync(state) && statSync(state).isDirectory();
  if (how === 'a-file') {
    rmSync(state, { recursive: true, force: true });
    writeFileSync(state, 'not a folder');
    return;
  }
  if (!isFolder) {
    rmSync(state, { force: true });
    mkdirSync(state, { recursive: true });
    return;
  }
  if (how === 'kept') return;
  for (const name of readdirSync(state)) {
    const path = join(state, name);
    if (!statSync(path).isFile()) continue;
    const { size } = statSync(path);
    if (how === 'zeros') writeFileSync(path, new Uint8Array(size));
    else truncateSync(path, Math.max(0, size - 5));
  }
}

/** A full disk is a limit of the size of files that is reached: writing fails, the process lives. */
function start(args: readonly string[], full: boolean): ChildProcess {
  const program = [process.execPath, join(__dirname, 'counter-client.js'), ...args];
  const limited = ['-c', `${full ? 'ulimit -f 0; ' : ''}exec "$0" "$@"`, ...program];
  return spawn('sh', limited, { stdio: ['ignore', 'pipe', 'pipe'] });
}

function fillDisk(child: ChildProcess, tally: Tally): void {
  const { status } = spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=0:0']);
  if (status !== 0) tally.add('disk could not be filled');
}

/** null: ended well or by a signal of ours. */
function ended(child: ChildProcess): Promise<string | null> {
  let said = '';
  child.stderr?.on('data', chunk => (said += String(chunk)));
  child.stdout?.resume();
  return new Promise(resolve => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      resolve('the process does not end');
    }, 60_000);
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      const well = code === 0 || signal === 'SIGKILL';
      resolve(
        well
          ? null
          : `the process ended with ${code ?? signal}: ${said.trim().split('\n').slice(-8).join(' ').slice(0, 300)}`,
      );
    });
  });
}

/** A line that shows each message of the client before the meter gets it. */
async function tapped(port: number, see: (apdu: Uint8Array) => void): Promise<Server> {
  const server = createServer(client => {
    const meter = connect(port, '127.0.0.1');
    const deframer = wrapperStream();
    for (const socket of [client, meter]) socket.on('error', () => undefined);
    client.on('data', chunk => {
      for (const m of deframer.receive(chunk)) if (m.type === 'wrapper') see(m.apdu);
      meter.write(chunk);
    });
    meter.on('data', chunk => client.write(chunk));
    client.on('close', () => meter.destroy());
    meter.on('close', () => client.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()));
  return server;
}
