// npm run demo: a Node-RED of its own on this computer with the examples deployed and simulated meters inside.
// The rule of the file: nothing outside of a temporary directory is touched, and Ctrl-C leaves nothing behind.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createLine } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import RED from 'node-red';
import { lines } from './demo-text';

const PACKAGE = '@meterflow/node-red-dlms';
const HOST = '127.0.0.1';
/** What is deployed; the others wait in the import dialog of the editor. */
const EXAMPLES = [
  'Read registers of a meter',
  'Read a load profile',
  'Read a meter by its optical head',
  'Decode pushed telegrams',
];
/** Messages of one debug node that are printed. */
const SHOWN = 3;
const WANTED_PORT = Number(process.env['PORT'] ?? 1880);

interface FlowNode {
  readonly id: string;
  readonly type: string;
  port?: string | number;
  [property: string]: unknown;
}

async function main(): Promise<void> {
  const project = process.cwd();
  const userDir = mkdtempSync(join(tmpdir(), 'dlms-demo-'));
  process.once('exit', () => rmSync(userDir, { recursive: true, force: true }));
  install(project, userDir);

  const http = createServer((request, response) => RED.httpAdmin(request, response));
  const port = await listen(http, WANTED_PORT);
  if (port !== WANTED_PORT) say(`Port ${WANTED_PORT} is in use, so this is on port ${port}.`);

  const flows = await onFreePorts(examples(project));
  writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flows));
  // The runtime takes more settings than its types know.
  RED.init(http, settings(userDir, port) as Parameters<typeof RED.init>[1]);
  showMessages();
  await RED.start();
  say(
    `\nNode-RED with simulated meters: http://${HOST}:${port}/\nOpen it in a browser. Ctrl-C ends it; changes are not kept.\n`,
  );
  endOnSignal(http);
}

/** The package is found as if it had been installed; the directory is only linked. */
function install(project: string, userDir: string): void {
  const scope = join(userDir, 'node_modules', '@meterflow');
  mkdirSync(scope, { recursive: true });
  symlinkSync(project, join(scope, 'node-red-dlms'), 'junction');
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'demo', dependencies: { [PACKAGE]: '*' } }));
}

function examples(project: string): FlowNode[] {
  const dir = join(project, 'examples');
  return EXAMPLES.flatMap(name => JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8')) as FlowNode[]);
}

/** The simulated meters get ports that are free here, and what reads them follows. */
async function onFreePorts(flows: FlowNode[]): Promise<FlowNode[]> {
  const moved = new Map<string, number>();
  for (const node of flows.filter(n => n.type === 'dlms-simulator' && n.port !== undefined && n.port !== '')) {
    const wanted = Number(node.port);
    const probe = createLine();
    const free = moved.get(String(wanted)) ?? (await listen(probe, wanted));
    await new Promise<void>(resolve => probe.close(() => resolve()));
    moved.set(String(wanted), free);
  }
  const followed = (text: string): string => text.replace(/\b\d{4,5}\b/g, port => String(moved.get(port) ?? port));
  return flows.map(node => {
    const func = node['func'];
    return {
      ...node,
      ...(node.port !== undefined && { port: followed(String(node.port)) }),
      ...(typeof func === 'string' && { func: followed(func) }),
    };
  });
}

/** Listens on the wanted port, or on one that the system chooses when it is in use. */
function listen(server: Server, wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || wanted === 0) reject(error);
      else listen(server, 0).then(resolve, reject);
    });
    server.listen(wanted, HOST, () => resolve((server.address() as AddressInfo).port));
  });
}

function settings(userDir: string, port: number): object {
  return {
    userDir,
    uiHost: HOST,
    uiPort: port,
    httpAdminRoot: '/',
    httpNodeRoot: false,
    flowFile: 'flows.json',
    credentialSecret: 'demo',
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
    externalModules: { autoInstall: false, palette: { allowInstall: false } },
    logging: { console: { level: 'error', metrics: false, audit: false } },
  };
}

/** What reaches a debug node is also printed here: the first messages of each, so that the terminal stays readable. */
function showMessages(): void {
  const shown = new Map<string, number>();
  RED.hooks.add('preDeliver.demo', (event: { destination: { node?: FlowNode & { name?: string } }; msg: unknown }) => {
    const node = event.destination.node;
    if (node?.type !== 'debug') return;
    const isRow = typeof event.msg === 'object' && event.msg !== null && 'parts' in event.msg;
    const count = (shown.get(node.id) ?? 0) + 1;
    if (!isRow) shown.set(node.id, count);
    if (count > SHOWN) return;
    for (const line of lines(node.name ?? 'message', event.msg)) say(line);
  });
}

function endOnSignal(http: Server): void {
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(1);
    ending = true;
    say('\nEnding …');
    RED.stop()
      .then(() => http.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

function say(text: string): void {
  console.log(text);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
