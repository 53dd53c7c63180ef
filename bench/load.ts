// Goals G9, G10 and G12: memory while a long profile flows, many meters at once, and what loading the core costs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { Obis } from '../src/core/obis/obis';
import type { Session } from '../src/io/session/session';
import { meterFor, readProfile, sessionTo, SETTINGS } from './conversation';
import { median, round3, type Bench, type Figure, type How } from './runner';

export const benches: readonly Bench[] = [
  { name: 'memory', run: memory },
  { name: 'fleet', run: fleet },
  { name: 'start', run: start },
];

/** Peak of heap and buffers over the rest, with everything collected that can be, while rows are taken one by one. */
async function memory(how: How): Promise<Figure[]> {
  if (global.gc === undefined) return [];
  const collect = global.gc;
  const setting = SETTINGS.wrapper;
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const peakOf = async (days: number, rows: number): Promise<number> => {
    const meter = await meterFor(setting, days);
    let peak = 0;
    const read = await readProfile(meter.port, setting, undefined, row => {
      if (row % SAMPLE_EVERY === 0) peak = Math.max(peak, used());
    });
    meter.stop();
    assert.equal(read.rows, rows);
    return peak;
  };
  await peakOf(31, 2976);
  const small = await peakOf(31, 2976);
  const large = await peakOf(how.short ? 62 : 310, how.short ? 5952 : 29_760);
  const ratio = large / small;
  return [
    {
      goal: 'G9',
      what: `peak memory of ${how.short ? '5,952' : '29,760'} rows against that of 2,976`,
      value: round3(ratio),
      unit: 'x',
      wanted: '<= 1.1',
      met: ratio <= 1.1,
      exact: true,
      note: `${Math.round(small / 1024)} KiB and ${Math.round(large / 1024)} KiB`,
    },
  ];
}

/** Each session reads one register a second, spread over it. */
async function fleet(how: How): Promise<Figure[]> {
  const meters = how.short ? 50 : 200;
  const seconds = how.short ? 3 : 8;
  const setting = SETTINGS.wrapper;
  const peer = await meterFor(setting);
  const bare = await bareSockets(peer.port, meters);
  const sessions: Session[] = [];
  const before = settledMemory();
  for (let i = 0; i < meters; i++) sessions.push(sessionTo(peer.port, setting));
  await Promise.all(sessions.map(s => s.get(REGISTER)));
  const each = (settledMemory() - before) / meters - bare;

  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const from = performance.now();
  delay.enable();
  let reads = 0;
  await Promise.all(
    sessions.map(async (session, i) => {
      for (let s = 0; s < seconds; s++) {
        await until(from + 1000 * (s + i / meters));
        await session.get(REGISTER);
        reads++;
      }
    }),
  );
  await until(from + 1000 * seconds);
  delay.disable();
  const spent = process.cpuUsage(cpu);
  const core = (spent.user + spent.system) / 1000 / (performance.now() - from);
  assert.equal(reads, meters * seconds);
  await Promise.all(sessions.map(s => s.close()));
  peer.stop();
  const p99 = delay.percentile(99) / 1e6 - 1;
  const what = `${meters} meters, one GET a second each`;
  const figure = (name: string, value: number, unit: string, wanted: string, met: boolean): Figure => ({
    goal: 'G10',
    what: `${what}: ${name}`,
    value: round3(value),
    unit,
    wanted,
    met,
    exact: false,
  });
  return [
    figure('use of a core', 100 * core, '%', '<= 25 %', core <= 0.25),
    figure('event loop delay p99', p99, 'ms', '<= 20 ms', p99 <= 20),
    figure('memory over the bare socket', each / 1024, 'KiB', '<= 64 KiB', each <= 64 * 1024),
  ];
}

/** Whole processes in turn; and what the core and the session load beside themselves. */
function start(how: How): Promise<Figure[]> {
  const core = join(__dirname, '..', 'lib', 'index.js');
  const session = join(__dirname, '..', 'src', 'io', 'session', 'session.js');
  const node = (code: string): { ms: number; out: string } => {
    const from = performance.now();
    const done = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    return { ms: performance.now() - from, out: done.stdout.trim() };
  };
  const ours = `require(${JSON.stringify(core)})`;
  node(ours);
  node('');
  const ratios: number[] = [];
  for (let i = 0; i < (how.short ? 5 : 15); i++) {
    const a = node(ours).ms;
    const b = node('').ms;
    ratios.push(a / b);
  }
  const ratio = median(ratios);
  const used = Array.from({ length: how.short ? 3 : 7 }, () => node(`const c = ${ours}; for (const n in c) c[n]`).ms);
  const bare = Array.from({ length: used.length }, () => node('').ms);
  const loaded = node(
    `require(${JSON.stringify(session)}); console.log(Object.keys(require.cache).filter(f => /node_modules/.test(f)).length)`,
  );
  return Promise.resolve([
    {
      goal: 'G12',
      what: 'cold require of the core against bare node, whole process',
      value: round3(ratio),
      unit: 'x',
      min: round3(Math.min(...ratios)),
      max: round3(Math.max(...ratios)),
      wanted: '<= 1.25',
      met: ratio <= 1.25,
      exact: false,
      note: `files load when a name is first used; all of them used: ${round3(median(used) / median(bare))} x`,
    },
    {
      goal: 'G12',
      what: 'package files loaded by the session before a serial connection',
      value: Number(loaded.out),
      unit: '',
      wanted: '0',
      met: loaded.out === '0',
      exact: true,
    },
  ]);
}

/** Bytes of our process for one connected socket. */
async function bareSockets(port: number, count: number): Promise<number> {
  const sockets: Socket[] = [];
  const before = settledMemory();
  for (let i = 0; i < count; i++) {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.on('data', () => undefined);
    await new Promise(resolve => socket.once('connect', resolve));
    sockets.push(socket);
  }
  const each = (settledMemory() - before) / count;
  for (const socket of sockets) socket.destroy();
  return each;
}

function settledMemory(): number {
  global.gc?.();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return heapUsed + Math.max(arrayBuffers, external);
}

function until(at: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, at - performance.now())));
}

const REGISTER = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const SAMPLE_EVERY = 500;
