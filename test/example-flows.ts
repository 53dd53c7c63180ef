// The flows in examples/ as tests see them: what their comment promises, and how they are made to run side by side.
// The rule of the file: a flow is changed only where two machines differ: ports, files, and when its inject nodes fire.

import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, PROJECT, type NodeRedProcess } from './node-red-process';

export interface ExampleNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly z?: string;
  readonly wires?: readonly (readonly string[])[];
  readonly [property: string]: unknown;
}

/** A line under "Emits:" in the comment of a flow: at which debug node, which part of the message, compared how. */
export interface Promised {
  readonly line: string;
  readonly at: string;
  readonly path: string;
  readonly how: (typeof COMPARISONS)[number];
  readonly value: string;
}

export interface Example {
  /** File name without its ending, as the editor's import dialog shows it. */
  readonly name: string;
  readonly nodes: readonly ExampleNode[];
  readonly promises: readonly Promised[];
}

/** All flows of a folder below the project. */
export function examplesIn(...folder: string[]): Example[] {
  const dir = join(PROJECT, ...folder);
  const files = readdirSync(dir).filter(file => file.endsWith('.json'));
  return files.sort().map(file => {
    const nodes = JSON.parse(readFileSync(join(dir, file), 'utf8')) as ExampleNode[];
    return { name: file.replace(/\.json$/, ''), nodes, promises: promisesOf(nodes) };
  });
}

function promisesOf(nodes: readonly ExampleNode[]): Promised[] {
  const infos = nodes.filter(n => n.type === 'comment').map(n => String(n['info']));
  return infos.flatMap(info => {
    const [, list = ''] = /^Emits:\n\n((?:- .*(?:\n|$))+)/m.exec(info) ?? [];
    return list
      .split('\n')
      .filter(line => line !== '')
      .map(line => {
        const [, at = '', path = '', how = '', value = ''] = LINE.exec(line) ?? assert.fail(`not a promise: ${line}`);
        return { line, at, path, how: how as Promised['how'], value };
      });
  });
}

/** Whether a message keeps a promise. */
export function keeps(promised: Promised, msg: unknown): boolean {
  const { how, value } = promised;
  const found = at(msg, promised.path);
  switch (how) {
    case 'is':
      return String(found) === value;
    case 'above':
      return typeof found === 'number' && found > Number(value);
    case 'matches':
      return new RegExp(value).test(typeof found === 'string' ? found : JSON.stringify(found));
    case 'has':
    case 'holds':
      return Array.isArray(found) && found.some(reading => readingIs(reading as Fields, value));
  }
}

/** "1-0:1.8.0*255" or "1-0:1.8.0*255 = 12345 Wh". */
function readingIs(reading: Fields, wanted: string): boolean {
  const [obis, value] = wanted.split(' = ');
  const { obis: code, value: is, unit } = reading;
  return (
    code === obis && (value === undefined || `${String(is)} ${unit === null ? '' : String(unit)}`.trim() === value)
  );
}

/** payload.readings[0].obis */
function at(value: unknown, path: string): unknown {
  const steps = path.split(/[.[\]]+/).filter(step => step !== '');
  return steps.reduce<unknown>(
    (of, step) =>
      typeof of === 'object' && of !== null
        ? (of as Fields)[step]
        : typeof of === 'string' && step === 'length'
          ? of.length
          : undefined,
    value,
  );
}

/** What the flows need of the machine they run on. */
export interface Surroundings {
  /** Directory for the files that flows write. */
  readonly directory: string;
  /** Ports of services, by the usual port that stands in the flow: { 1883: 40123 }. */
  readonly services: Readonly<Record<number, number>>;
}

/** Deploys the examples in one Node-RED, fires their inject nodes once, and collects what reaches their debug nodes. */
export class RunningExamples {
  /** Promises that some message has kept, and the last messages of each debug node to tell of when one is not. */
  readonly #kept = new Set<Promised>();
  readonly #arrived = new Map<string, unknown[]>();
  readonly #promises = new Map<string, readonly Promised[]>();
  #changed: () => void = () => undefined;

  private constructor(
    readonly examples: readonly Example[],
    private readonly sink: Server,
  ) {
    for (const { name, nodes, promises } of examples) {
      const debugs = nodes.filter(n => n.type === 'debug');
      for (const { at } of promises)
        assert.ok(
          debugs.some(n => n.name === at),
          `${name} has no debug node "${at}"`,
        );
      for (const debug of debugs)
        this.#promises.set(
          debug.id,
          promises.filter(p => p.at === debug.name),
        );
    }
  }

  static async run(red: NodeRedProcess, examples: readonly Example[], around: Surroundings): Promise<RunningExamples> {
    const sink = createServer();
    const running = new RunningExamples(examples, sink);
    const tapped = new Promise<void>(resolve => {
      sink.on('connection', socket => {
        resolve();
        let rest = '';
        socket.setEncoding('utf8');
        socket.on('error', () => undefined);
        socket.on('data', chunk => {
          const lines = (rest + String(chunk)).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) running.#arrive(line);
        });
      });
    });
    await new Promise<void>(resolve => sink.listen(0, '127.0.0.1', resolve));
    const { port } = sink.address() as AddressInfo;
    const flows = await Promise.all(examples.map(e => prepared(e.nodes, around)));
    const before = red.log.length;
    await red.deploy([...flows.flatMap(nodes => withTaps(nodes)), { ...TAP, port: String(port) }, TAP_TAB]);
    await tapped;
    // What a flow publishes before it is connected is lost.
    const brokers = flows.flat().filter(n => n.type === 'mqtt-broker').length;
    await red.logged(new RegExp(`(?:Connected to broker[^]*){${brokers}}`), 20_000, before);
    await Promise.all(examples.map(e => fire(red, e.nodes)));
    return running;
  }

  close(): void {
    this.sink.close();
  }

  /** Resolves when every promise of the flow has been kept by some message, rejects with what came instead. */
  async kept(example: Example, withinMs: number): Promise<void> {
    const broken = (): Promised | undefined => example.promises.find(p => !this.#kept.has(p));
    const end = Date.now() + withinMs;
    while (broken() !== undefined && Date.now() < end) await this.#change(end - Date.now());
    const first = broken();
    if (first === undefined) return;
    const debugs = example.nodes.filter(n => n.type === 'debug');
    const came = debugs.flatMap(n => (this.#arrived.get(n.id) ?? []).map(m => `${n.name}: ${short(m)}`));
    assert.fail(`${first.line} is not kept. What came: ${came.slice(-8).join('\n') || 'nothing'}`);
  }

  /** Messages that reached a debug node behind a Catch node, or a decoder's second output, without being promised. */
  failures(example: Example): string[] {
    const sources = example.nodes.filter(n => n.type === 'catch').flatMap(n => (n.wires ?? []).flat());
    const promised = new Set(example.promises.map(p => p.at));
    const watched = example.nodes.filter(n => sources.includes(n.id) || n.name === 'not decoded');
    return watched
      .filter(n => n.type === 'debug' && !promised.has(n.name ?? ''))
      .flatMap(n => (this.#arrived.get(n.id) ?? []).map(m => `${n.name}: ${short(m)}`));
  }

  #arrive(line: string): void {
    const { at: id, msg } = JSON.parse(line) as { at: string; msg: unknown };
    this.#arrived.set(id, [...(this.#arrived.get(id) ?? []).slice(1 - SHOWN), msg]);
    for (const promised of this.#promises.get(id) ?? []) if (keeps(promised, msg)) this.#kept.add(promised);
    this.#changed();
  }

  #change(withinMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, withinMs);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Ports that are free here, files in the given directory, nothing that fires by itself. */
async function prepared(nodes: readonly ExampleNode[], around: Surroundings): Promise<ExampleNode[]> {
  const text = JSON.stringify(nodes);
  const ports = new Map(Object.entries(around.services).map(([usual, here]) => [usual, String(here)]));
  for (const port of new Set(text.match(OWN_PORT))) ports.set(port, String(await freePort()));
  const moved = text.replace(ANY_PORT, port => ports.get(port) ?? port);
  return (JSON.parse(moved) as ExampleNode[]).map(node => {
    if (node.type === 'inject') return { ...node, once: false, repeat: '', crontab: '' };
    const { filename, db } = node;
    if (typeof filename === 'string') return { ...node, filename: join(around.directory, filename) };
    if (node.type === 'sqlitedb') return { ...node, db: join(around.directory, String(db)) };
    return node;
  });
}

/** Beside each debug node a function node that sends what arrives to the test. */
function withTaps(nodes: readonly ExampleNode[]): ExampleNode[] {
  const debugs = nodes.filter(n => n.type === 'debug');
  const tapOf = new Map(debugs.map(({ id }) => [id, `tap${id.slice(3)}`]));
  const taps = debugs.map(({ id, z }) => ({
    ...{ id: tapOf.get(id) as string, type: 'function', z: z as string, name: '', outputs: 1, libs: [] },
    func: `return { payload: JSON.stringify({ at: ${JSON.stringify(id)}, msg }) + '\\n' };`,
    ...{ x: 0, y: 0, wires: [[TAP.id]] },
  }));
  const wired = (wires: ExampleNode['wires']): string[][] =>
    (wires ?? []).map(targets => targets.flatMap(id => [id, ...(tapOf.has(id) ? [tapOf.get(id) as string] : [])]));
  return [...nodes.map(n => (n.wires === undefined ? n : { ...n, wires: wired(n.wires) })), ...taps];
}

/** Presses the buttons of the flow, from above to below. */
async function fire(red: NodeRedProcess, nodes: readonly ExampleNode[]): Promise<void> {
  for (const { id, name } of nodes.filter(n => n.type === 'inject')) {
    const { status } = await red.post(`/inject/${id}`, {});
    assert.equal(status, 200, `inject "${name}"`);
  }
}

function short(msg: unknown): string {
  const text = JSON.stringify(msg);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

type Fields = Record<string, unknown>;

const COMPARISONS = ['is', 'above', 'matches', 'has', 'holds'] as const;
const LINE = new RegExp(`^- \`(.+?)\`: \`(.+?)\` (${COMPARISONS.join('|')}) \`(.+)\`$`);
/** The simulated meters of the examples listen on ports of their own in this range, so that all can be imported. */
const OWN_PORT = /\b14[01]\d\d\b/g;
const ANY_PORT = /\b\d{4,5}\b/g;
const SHOWN = 50;
const TAP_TAB = { id: 'taptab', type: 'tab', label: 'taps' };
const TAP = {
  ...{ id: 'tapsink', type: 'tcp out', z: TAP_TAB.id, name: '', host: '127.0.0.1', beserver: 'client' },
  ...{ base64: false, end: false, tls: '', x: 0, y: 0, wires: [] },
};
