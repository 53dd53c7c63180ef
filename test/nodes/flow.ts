// Loads nodes and flows in a real runtime and hands over what happens, so that assertions stand outside of listeners
// (an assertion that throws inside one is swallowed as a node error).
//
//   const flow = await startFlow([getObject], [{ id: 'n1', type: 'dlms-get-object', wires: [['out']] }]);
//   flow.send('n1', { payload: 'go' });
//   const msg = await flow.message('out');         // a helper node is made for every id that is wired to but not given
//   const error = await flow.error();              // what a Catch node gets
//   after each: await stopFlow();

import type { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'mocha';
import type { Node, NodeInitializer, NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly wires?: string[][];
  readonly [property: string]: unknown;
}

export type Message = NodeMessage & Record<string, unknown>;

export interface Flow {
  node(id: string): Node;
  send(id: string, msg: NodeMessage): void;
  /** The next message that reaches this helper node, in order of arrival. */
  message(id: string, withinMs?: number): Promise<Message>;
  /** The next message of the Catch node. */
  error(withinMs?: number): Promise<Message & { error: { message: string; code?: string; cause?: unknown } }>;
  /** All statuses of a node so far, as texts with their colour: "yellow reading". */
  statuses(id: string): string[];
  /** Waits until a node shows a status that matches. */
  status(id: string, matching: RegExp, withinMs?: number): Promise<string>;
  /** Nothing arrives there for this long. */
  silence(id: string, forMs: number): Promise<void>;
  deploy(nodes: readonly FlowNode[], type: 'full' | 'flows' | 'nodes', credentials?: Credentials): Promise<void>;
}

export type Credentials = Record<string, Record<string, string>>;

// Node sets are modules with "export =": what require() gives is the function itself.
export type NodeSet = NodeInitializer;

let userDir: string | null = null;
let started = false;

/** Starts the runtime once for all tests of the process and loads a flow. */
export async function startFlow(
  sets: readonly NodeSet[],
  nodes: readonly FlowNode[],
  credentials: Credentials = {},
): Promise<Flow> {
  if (!started) {
    userDir = mkdtempSync(join(tmpdir(), 'dlms-nodes-'));
    const dir = userDir;
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    helper.init(require.resolve('node-red'));
    await new Promise<void>(resolve => helper.startServer(() => resolve()));
    helper.settings({ userDir });
    started = true;
  }
  const all = complete(nodes);
  // The helper's types know only the fields of its own examples.
  await helper.load(sets as NodeInitializer[], all as never, credentials as never);
  return new Loaded(all);
}

export async function stopFlow(): Promise<void> {
  await helper.unload();
}

/** Tells each call of a method of the node: status, error, warn, log, debug, trace, send. */
export function callsOf(node: Node, method: string, told: (args: unknown[]) => void): void {
  // The test helper adds these events; the types of Node-RED do not know them.
  (node as EventEmitter).on(`call:${method}`, (call: { args: unknown[] }) => told(call.args));
}

// A hook of the whole run: the HTTP server of the runtime ends after the last test that used it.
after(async () => {
  if (started) await new Promise<void>(resolve => helper.stopServer(() => resolve()));
  started = false;
});

/** Where the runtime keeps files of nodes. */
export function userDirectory(): string {
  return userDir ?? '';
}

/** Gets and posts admin routes of the nodes. */
export function adminRequest(): ReturnType<typeof helper.request> {
  return helper.request();
}

/** A tab, a Catch node, and a helper node for each id that is wired to and not given. What has no wires is a config node. */
function complete(nodes: readonly FlowNode[]): FlowNode[] {
  const given = new Set(nodes.map(n => n.id));
  const wired = new Set(nodes.flatMap(n => (n.wires ?? []).flat()).filter(id => !given.has(id)));
  const isConfig = (n: FlowNode): boolean => n.wires === undefined;
  return [
    { id: 'tab', type: 'tab', label: 'test' },
    ...nodes.map(n => (isConfig(n) ? n : { x: 1, y: 1, z: 'tab', ...n })),
    ...[...wired, 'errors'].map(id => ({ id, type: 'helper', x: 1, y: 1, z: 'tab', wires: [] })),
    { id: 'catcher', type: 'catch', x: 1, y: 1, z: 'tab', scope: null, uncaught: false, wires: [['errors']] },
  ];
}

class Loaded implements Flow {
  readonly #arrived = new Map<string, Message[]>();
  readonly #waiting = new Map<string, ((msg: Message) => void)[]>();
  readonly #statuses = new Map<string, string[]>();
  #onStatus: (() => void)[] = [];

  constructor(nodes: readonly FlowNode[]) {
    this.#attach(nodes);
  }

  #attach(nodes: readonly FlowNode[]): void {
    for (const { id, type } of nodes) {
      const node = helper.getNode(id) as Node | null;
      if (node === null) continue;
      if (type === 'helper') node.on('input', (msg: NodeMessage) => this.#arrive(id, msg as Message));
      callsOf(node, 'status', args => {
        const { fill = '', text = '' } = args[0] as { fill?: string; text?: string };
        const list = this.#statuses.get(id) ?? [];
        list.push(`${fill} ${text}`.trim());
        this.#statuses.set(id, list);
        for (const check of [...this.#onStatus]) check();
      });
    }
  }

  #arrive(id: string, msg: Message): void {
    const next = this.#waiting.get(id)?.shift();
    if (next !== undefined) return next(msg);
    const list = this.#arrived.get(id) ?? [];
    list.push(msg);
    this.#arrived.set(id, list);
  }

  node(id: string): Node {
    return helper.getNode(id);
  }

  send(id: string, msg: NodeMessage): void {
    helper.getNode(id).receive(msg);
  }

  message(id: string, withinMs = 5000): Promise<Message> {
    const ready = this.#arrived.get(id)?.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return within(withinMs, `a message at ${id}`, resolve => {
      const list = this.#waiting.get(id) ?? [];
      list.push(resolve);
      this.#waiting.set(id, list);
      return () => list.splice(list.indexOf(resolve), 1);
    });
  }

  error(withinMs = 5000): ReturnType<Flow['error']> {
    return this.message('errors', withinMs) as ReturnType<Flow['error']>;
  }

  statuses(id: string): string[] {
    return this.#statuses.get(id) ?? [];
  }

  status(id: string, matching: RegExp, withinMs = 5000): Promise<string> {
    return within(withinMs, `a status of ${id} like ${matching}`, resolve => {
      const check = (): void => {
        const found = this.statuses(id).findLast(s => matching.test(s));
        if (found !== undefined) resolve(found);
      };
      this.#onStatus.push(check);
      check();
      return () => {
        this.#onStatus = this.#onStatus.filter(c => c !== check);
      };
    });
  }

  async silence(id: string, forMs: number): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, forMs));
    const early = this.#arrived.get(id) ?? [];
    if (early.length > 0) throw new Error(`${early.length} message(s) at ${id}: ${JSON.stringify(early[0])}`);
  }

  async deploy(
    nodes: readonly FlowNode[],
    type: 'full' | 'flows' | 'nodes',
    credentials: Credentials = {},
  ): Promise<void> {
    const all = complete(nodes);
    const before = new Map(all.map(n => [n.id, helper.getNode(n.id) as Node | null]));
    await helper.setFlows(all as never, type, credentials as never);
    this.#attach(all.filter(n => before.get(n.id) !== helper.getNode(n.id)));
  }
}

function within<T>(ms: number, what: string, start: (resolve: (value: T) => void) => () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let stop: (() => void) | null = null;
    const timer = setTimeout(() => {
      stop?.();
      reject(new Error(`no ${what} within ${ms} ms`));
    }, ms);
    stop = start(value => {
      clearTimeout(timer);
      stop?.();
      resolve(value);
    });
  });
}
