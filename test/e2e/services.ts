// The broker and the databases that examples talk to: real ones, each in a directory and on a port of its own.
// The rule of the file: what is not installed is a failure that names the package; nothing is left running.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { freePort, PACKAGE, PROJECT } from '../node-red-process';

export interface Service {
  readonly port: number;
  stop(): Promise<void>;
}

/** A broker that anybody may use. */
export async function startMosquitto(): Promise<Service> {
  const program = found('mosquitto', 'mosquitto');
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'dlms-mosquitto-'));
  const config = join(dir, 'mosquitto.conf');
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser ${userInfo().username}\n`,
  );
  return running('mosquitto', spawn(program, ['-c', config], { stdio: ['ignore', 'pipe', 'pipe'] }), dir, port);
}

/** InfluxDB 1.x, empty. */
export async function startInflux(): Promise<Service> {
  const program = found('influxd', 'influxdb');
  const [port, backup] = [await freePort(), await freePort()];
  const dir = mkdtempSync(join(tmpdir(), 'dlms-influx-'));
  const config = join(dir, 'influxdb.conf');
  writeFileSync(
    config,
    [
      `reporting-disabled = true\nbind-address = "127.0.0.1:${backup}"`,
      `[meta]\ndir = "${join(dir, 'meta')}"`,
      `[data]\ndir = "${join(dir, 'data')}"\nwal-dir = "${join(dir, 'wal')}"\nquery-log-enabled = false`,
      `[monitor]\nstore-enabled = false`,
      `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false\n`,
    ].join('\n'),
  );
  const child = spawn(program, ['-config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  return running('influxd', child, dir, port);
}

/** PostgreSQL with the database and the user "meters". */
export async function startPostgres(): Promise<Service> {
  const server = found('postgres', 'postgresql');
  const initdb = found('initdb', 'postgresql');
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'dlms-postgres-'));
  const who = user(dir);
  const data = join(dir, 'data');
  const init = ['-D', data, '-U', 'meters', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'];
  must(spawnSync(initdb, init, { ...who, encoding: 'utf8' }), 'initdb');
  const create = { ...who, encoding: 'utf8' as const, input: 'CREATE DATABASE meters;\n' };
  must(spawnSync(server, ['--single', '-D', data, 'postgres'], create), 'postgres --single');
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap(s => ['-c', s]);
  const child = spawn(server, ['-D', data, '-p', String(port), ...settings], {
    ...who,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return running('postgres', child, dir, port, 'SIGINT');
}

/** Puts the modules that scripts/integrations.mjs installed into a user directory. Throws when they are not there. */
export function linkIntegrations(userDir: string): void {
  const place = join(PROJECT, '.cache', 'integrations');
  if (!existsSync(join(place, 'node_modules'))) {
    throw new Error('the modules of the integrations are missing: run node scripts/integrations.mjs');
  }
  const text = readFileSync(join(place, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    const target = join(userDir, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(place, 'node_modules', name), target, 'junction');
  }
  const all = { ...dependencies, [PACKAGE]: '*' };
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'user', dependencies: all }));
}

async function running(
  name: string,
  child: ChildProcess,
  dir: string,
  port: number,
  end: NodeJS.Signals = 'SIGTERM',
): Promise<Service> {
  let log = '';
  let gone = false;
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (log += String(chunk)));
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => {
      gone = true;
      resolve();
    });
    child.once('error', error => {
      log += error.message;
      gone = true;
      resolve();
    });
  });
  const until = Date.now() + 30_000;
  while (!(await answers(port))) {
    if (gone || Date.now() > until) throw new Error(`${name} did not start:\n${log}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return {
    port,
    stop: async () => {
      if (!gone) child.kill(end);
      const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(hard);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** PostgreSQL refuses to run as the superuser: then it runs as its own user, who owns the directory. */
function user(dir: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(must(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }), 'id postgres'));
  const [uid, gid] = [id('-u'), id('-g')];
  chownSync(dir, uid, gid);
  return { uid, gid };
}

function must(run: { status: number | null; stdout: string; stderr: string }, what: string): string {
  if (run.status !== 0) throw new Error(`${what} failed: ${run.stderr}`);
  return run.stdout.trim();
}

/** In the path, or where Debian keeps servers. */
function found(command: string, aptPackage: string): string {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).map(version => join(POSTGRES, version, 'bin')) : [];
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', ...versions];
  const program = places.map(place => join(place, command)).find(path => existsSync(path));
  if (program === undefined) throw new Error(`${command} is missing: apt-get install ${aptPackage}`);
  return program;
}

const POSTGRES = '/usr/lib/postgresql';
