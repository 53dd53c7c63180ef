// A real Node-RED in a process of its own with the packed package in its user directory: what a user would have.
// The rule of the file: everything is asked over HTTP, as the editor does, and the process always ends.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The project's root: the first directory above that has a package.json (dist has none). */
export const PROJECT = rootAbove(__dirname);
export const PACKAGE = '@meterflow/node-red-dlms';

/** Packs the project as it would be published and unpacks it; returns the directory of the package. */
export function installPacked(userDir: string): string {
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', userDir], {
    cwd: PROJECT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const file = readdirSync(userDir).find(name => name.endsWith('.tgz'));
  if (packed.status !== 0 || file === undefined) throw new Error(`npm pack failed: ${packed.stderr}`);
  const target = join(userDir, 'node_modules', ...PACKAGE.split('/'));
  mkdirSync(target, { recursive: true });
  const untar = spawnSync('tar', ['-xzf', join(userDir, file), '-C', target, '--strip-components=1']);
  if (untar.status !== 0) throw new Error(`tar failed: ${String(untar.stderr)}`);
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'user', dependencies: { [PACKAGE]: '*' } }));
  return target;
}

/** Which Node-RED runs, and with which Node.js. */
export interface Runtime {
  /** The program of Node.js. */
  readonly node: string;
  /** The file red.js of Node-RED. */
  readonly red: string;
}

/** The Node-RED in node_modules with the Node.js of the test. */
export function ownRuntime(): Runtime {
  return { node: process.execPath, red: join(dirname(require.resolve('node-red/package.json')), 'red.js') };
}

export function temporaryUserDir(): string {
  return mkdtempSync(join(tmpdir(), 'dlms-user-'));
}

export class NodeRedProcess {
  readonly #child: ChildProcess;
  #log = '';
  private constructor(
    child: ChildProcess,
    readonly userDir: string,
    readonly port: number,
  ) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (this.#log += String(chunk)));
  }

  /** Resolves when the flows have started. `env` is for `${NAME}` in flows, `more` the text of further members of settings.js. */
  static async start(
    userDir: string,
    env: Readonly<Record<string, string>> = {},
    { node, red }: Runtime = ownRuntime(),
    more = '',
  ): Promise<NodeRedProcess> {
    const port = await freePort();
    writeFileSync(join(userDir, 'settings.js'), `${SETTINGS}${more}};\n`);
    const child = spawn(node, [red, '-u', userDir, '-s', join(userDir, 'settings.js'), '-p', String(port)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new NodeRedProcess(child, userDir, port);
    await running.#until(/Started flows/, 30_000);
    return running;
  }

  get log(): string {
    return this.#log;
  }
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }
  async text(path: string, headers: Record<string, string> = {}): Promise<string> {
    return (await this.get(path, headers)).text();
  }
  async json(path: string): Promise<unknown> {
    return (await this.get(path, { accept: 'application/json' })).json();
  }
  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url(path), { headers: { connection: 'close', ...headers } });
  }
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Deploys as the editor does; resolves when the flows run. */
  async deploy(
    flows: readonly unknown[],
    type: 'full' | 'flows' | 'nodes' = 'full',
    headers: Record<string, string> = {},
  ): Promise<void> {
    const from = this.#log.length;
    const response = await this.post('/flows', flows, { 'node-red-deployment-type': type, ...headers });
    if (response.status >= 300) throw new Error(`deploy failed with ${response.status}: ${await response.text()}`);
    await this.#until(/Started (modified )?(flows|nodes)/, 60_000, from);
  }

  /** Waits until the log has something that matches, from a position on. */
  async logged(pattern: RegExp, withinMs = 10_000, from = 0): Promise<RegExpExecArray> {
    return this.#until(pattern, withinMs, from);
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const gone = new Promise<void>(resolve => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGTERM');
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(hard);
  }

  /** As when the power goes. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const gone = new Promise<void>(resolve => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #until(pattern: RegExp, withinMs: number, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = pattern.exec(this.#log.slice(from));
        if (found !== null) finish(() => resolve(found));
        else if (!this.isAlive) finish(() => reject(new Error(`Node-RED ended:\n${this.#log}`)));
        else if (Date.now() > end)
          finish(() => reject(new Error(`no ${pattern} in the log:\n${this.#log.slice(from)}`)));
      };
      const end = Date.now() + withinMs;
      const timer = setInterval(check, 20);
      const finish = (then: () => void): void => {
        clearInterval(timer);
        then();
      };
      check();
    });
  }
}

function rootAbove(dir: string): string {
  return existsSync(join(dir, 'package.json')) ? dir : rootAbove(dirname(dir));
}

/**
 * A port that is free, below the range from which the system takes ports of outgoing connections, and never given twice:
 * it stays free until the caller opens it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** Copies a module of the project's own installation into a user directory, with what it needs. */
export function installModule(userDir: string, name: string, done = new Set<string>()): void {
  const from = join(PROJECT, 'node_modules', name);
  if (done.has(name) || !existsSync(from)) return;
  done.add(name);
  cpSync(from, join(userDir, 'node_modules', name), { recursive: true, dereference: true });
  // A package.json is data of a known shape.
  const text = readFileSync(join(from, 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  for (const dependency of Object.keys(dependencies)) installModule(userDir, dependency, done);
}

const given = new Set<number>();
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

const SETTINGS = `module.exports = {
  uiHost: '127.0.0.1', flowFile: 'flows.json', credentialSecret: 'only for this test',
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
  externalModules: { autoInstall: false, palette: { allowInstall: false } },
  logging: { console: { level: process.env.TEST_LOG_LEVEL || 'info', metrics: false, audit: false } },
  contextStorage: { default: { module: 'memory' }, file: { module: 'localfilesystem', config: { flushInterval: 0 } } },
`;
