// npm run demo: a Node-RED of its own on this computer with the examples deployed and simulated meters inside.
// The rule of the file: nothing outside of a temporary directory is touched, and Ctrl-C leaves nothing behind.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createLine } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import RED from 'node-red';
import { lines } from './demo-text';

const PACKAGE = '@meterflow/node-red-dlms';
const HOST = '127.0.0.1';
/** What is deployed; the others wait in the import dialog of the editor. */
const EXAMPLES = ['Overview', 'Read a load profile'];
/** Deployed too where its module is: `npm install` of it, or what scripts/integrations.mjs installed. */
const DASHBOARD = {
  module: '@flowfuse/node-red-dashboard',
  example: 'integrations/Dashboard with live power, day and month (@flowfuse-node-red-dashboard)',
  page: 'dashboard/meter',
};
/** Messages of one debug node that are printed. */
const SHOWN = 1;
/** After the last line for so long: the address again, so that it is the last. */
const QUIET_MS = 1500;
const WANTED_PORT = Number(process.env['PORT'] ?? 1880);

interface FlowNode {
  readonly id: string;
  readonly type: string;
  port?: string | number;
  credentials?: Readonly<Record<string, string>>;
  [property: string]: unknown;
}

async function main(): Promise<void> {
  const project = process.cwd();
  const userDir = mkdtempSync(join(tmpdir(), 'dlms-demo-'));
  process.once('exit', () => rmSync(userDir, { recursive: true, force: true }));
  install(userDir, PACKAGE, project);
  const dashboard = placeOf(project, DASHBOARD.module);
  if (dashboard !== null) install(userDir, DASHBOARD.module, dashboard);

  // Pages of dashboards first; what they do not know is the editor's.
  const http = createServer((request, response) =>
    handler(RED.httpNode)(request, response, () => handler(RED.httpAdmin)(request, response)),
  );
  const port = await listen(http, WANTED_PORT);
  if (port !== WANTED_PORT) say(`Port ${WANTED_PORT} is in use, so this is on port ${port}.`);

  const names = dashboard === null ? EXAMPLES : [...EXAMPLES, DASHBOARD.example];
  const flows = withoutRows(await onFreePorts(examples(project, names)));
  writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flows));
  // Node-RED takes credentials out of flows that are imported or posted, and reads them from a file of their own.
  const credentials = Object.fromEntries(
    flows.flatMap(n => (n.credentials === undefined ? [] : [[n.id, n.credentials]])),
  );
  writeFileSync(join(userDir, 'flows_cred.json'), JSON.stringify(credentials));
  // The runtime takes more settings than its types know.
  RED.init(http, settings(userDir, port) as Parameters<typeof RED.init>[1]);
  const page = dashboard === null ? '' : `Dashboard: http://${HOST}:${port}/${DASHBOARD.page}\n`;
  const where = `\nNode-RED with simulated meters: http://${HOST}:${port}/\n${page}Open it in a browser. Ctrl-C ends it; changes are not kept.\n`;
  showMessages(where);
  await RED.start();
  say(where);
  endOnSignal(http);
}

type Handler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/** An application of express takes the requests of a plain server; its types ask for more. */
function handler(app: unknown): Handler {
  return app as Handler;
}

/** A package is found as if it had been installed; its directory is only linked. */
function install(userDir: string, name: string, place: string): void {
  const link = join(userDir, 'node_modules', ...name.split('/'));
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(place, link, 'junction');
  const names = name === PACKAGE ? [name] : [PACKAGE, name];
  const dependencies = Object.fromEntries(names.map(n => [n, '*']));
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'demo', dependencies }));
}

/** Where a module that the project does not need lies, if it does. */
function placeOf(project: string, name: string): string | null {
  const places = [project, join(project, '.cache', 'integrations')].map(dir =>
    join(dir, 'node_modules', ...name.split('/')),
  );
  return places.find(place => existsSync(join(place, 'package.json'))) ?? null;
}

function examples(project: string, names: readonly string[]): FlowNode[] {
  const dir = join(project, 'examples');
  return names.flatMap(name => JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8')) as FlowNode[]);
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

/** Thousands of single rows are not for the debug sidebar, at each deploy anew: they are printed here. */
function withoutRows(flows: readonly FlowNode[]): FlowNode[] {
  const rows = flows.filter(n => n.type === 'dlms-read-load-profile' && n['output'] === 'row');
  const to = new Set(rows.flatMap(n => (n['wires'] as string[][]).flat()));
  return flows.map(n => (n.type === 'debug' && to.has(n.id) ? { ...n, active: false } : n));
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
    httpNodeRoot: '/',
    flowFile: 'flows.json',
    credentialSecret: 'demo',
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
    externalModules: { autoInstall: false, palette: { allowInstall: false } },
    logging: { console: { level: 'error', metrics: false, audit: false } },
  };
}

/** What reaches a debug node is also printed here: the first messages of each, so that the terminal stays readable. */
function showMessages(where: string): void {
  let timer: NodeJS.Timeout | undefined;
  const shown = new Map<string, number>();
  RED.hooks.add('preDeliver.demo', (event: { destination: { node?: FlowNode & { name?: string } }; msg: unknown }) => {
    const node = event.destination.node;
    if (node?.type !== 'debug') return;
    const isRow = typeof event.msg === 'object' && event.msg !== null && 'parts' in event.msg;
    const count = (shown.get(node.id) ?? 0) + 1;
    if (!isRow) shown.set(node.id, count);
    if (count > SHOWN) return;
    const told = lines(node.name ?? 'message', event.msg);
    for (const line of told) say(line);
    if (told.length === 0) return;
    clearTimeout(timer);
    timer = setTimeout(() => say(where), QUIET_MS).unref();
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
