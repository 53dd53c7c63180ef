// A real Node-RED under storms of messages, deploys of every kind in the middle of reads, and meters that break off, fall
// silent, send rubbish or trickle. Only with --node-red.
// Rules: each message that was not deployed away is answered, by a value or by a code; nothing is uncaught, the process
// lives; afterwards the next read works; no key and no password stands in the log or in the answers.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { DEFAULT_KEYS } from '../src/sim/meter';
import { serveTcp, simulatedMeter } from '../src/sim/server';
import { installPacked, NodeRedProcess, remove, temporaryUserDir } from '../test/node-red-process';
import { Tally, type Fuzzer } from './fuzzer';

export interface NodeRedInput {
  readonly meter: 'honest' | (typeof FAULTS)[number];
  readonly messages: number;
  /** Deploys in the middle of it. */
  readonly deploys: number;
  readonly type: 'full' | 'flows' | 'nodes';
}

interface State {
  readonly ok?: number;
  readonly failed?: number;
  readonly codes?: Readonly<Record<string, number>>;
}

export const nodeRed: Fuzzer<NodeRedInput> = {
  name: 'node-red',
  share: 10,
  slow: true,
  nodeRed: true,
  async open() {
    const tally = new Tally();
    const meter = await serveTcp(simulatedMeter(), { framing: 'wrapper' });
    const faulty = await Promise.all(FAULTS.map(breaking));
    const ports = new Map<NodeRedInput['meter'], number>([['honest', meter.port]]);
    FAULTS.forEach((fault, i) => ports.set(fault, (faulty[i]?.address() as AddressInfo).port));
    const userDir = temporaryUserDir();
    installPacked(userDir);
    const running = await NodeRedProcess.start(userDir);
    let flow = 0;
    const state = async (): Promise<State> => (await running.json('/fuzz/state')) as State;
    const ask = async (n: number): Promise<void> => void (await running.post('/fuzz/ask', { n })).text();

    return {
      counts: tally.counts,
      limitMs: 300_000,
      make: dice => ({
        meter: dice.chance(0.4) ? 'honest' : dice.pick(FAULTS),
        messages: dice.pick([1, 10, 200, 5000]),
        deploys: dice.pick([0, 0, 1, 10]),
        type: dice.pick(['full', 'flows', 'nodes'] as const),
      }),
      async check({ meter, messages, deploys, type }) {
        const from = running.log.length;
        await running.deploy(flowsTo(ports.get(meter) ?? 0, ++flow));
        await ask(messages);
        for (let i = 0; i < deploys; i++) await running.deploy(flowsTo(ports.get(meter) ?? 0, ++flow), type);
        const settled = await until(async () => {
          const { ok = 0, failed = 0 } = await state();
          return deploys > 0 || ok + failed >= messages;
        });
        if (!settled) return `messages without an answer (${meter})`;
        const { ok = 0, codes = {} } = await state();
        tally.add('values', ok);
        for (const [code, n] of Object.entries(codes)) tally.add(code, n);
        await running.deploy(flowsTo(ports.get('honest') ?? 0, ++flow));
        await ask(1);
        if (!(await until(async () => ((await state()).ok ?? 0) > 0))) return `the next read does not work (${meter})`;
        if (!running.isAlive) return 'Node-RED ended';
        const log = running.log.slice(from);
        if (/uncaught|unhandled|INTERNAL/i.test(log)) return 'the log tells an error of ours';
        const secrets = [PASSWORD, DEFAULT_KEYS.encryption, DEFAULT_KEYS.authentication];
        if (secrets.some(s => log.toLowerCase().includes(s.toLowerCase()))) return 'a secret in the log';
        return null;
      },
      async end() {
        await running.stop();
        await meter.close();
        for (const server of faulty) server.close();
        remove(userDir);
        return null;
      },
    };
  },
};

async function until(done: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + 150_000; Date.now() < end;) {
    if (await done()) return true;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return false;
}

/** A port whose meter is broken in one way. */
async function breaking(fault: (typeof FAULTS)[number]): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    socket.on('data', () => broken(fault, socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()));
  server.unref();
  return server;
}

function broken(fault: (typeof FAULTS)[number], socket: Socket): void {
  if (fault === 'reset') socket.resetAndDestroy();
  else if (fault === 'close') socket.end();
  else if (fault === 'garbage') socket.write(new Uint8Array(100_000).fill(0x5a));
  else if (fault === 'announced') socket.write(Uint8Array.of(0, 1, 0, 1, 0, 16, 0xff, 0xff, 0x61));
  else if (fault === 'trickle') {
    const timer = setInterval(() => socket.write(Uint8Array.of(0)), 100);
    socket.on('close', () => clearInterval(timer));
  }
}

function flowsTo(port: number, number: number): object[] {
  const at = { z: 'tab', x: 100, y: 100 };
  const count = (what: string, more = ''): string =>
    `global.set('${what}', (global.get('${what}') || 0) + 1);${more} return null;`;
  return [
    { id: 'tab', type: 'tab', label: 'fuzz' },
    { ...at, id: 'ask', type: 'http in', url: '/fuzz/ask', method: 'post', wires: [['many', 'taken']] },
    { ...at, id: 'taken', type: 'http response', statusCode: '200', wires: [] },
    {
      ...{ ...at, id: 'many', type: 'function', outputs: 1, wires: [['get']] },
      func: "for (const k of ['ok', 'failed', 'codes']) global.set(k, undefined); const n = msg.payload.n; for (let i = 0; i < n; i++) node.send({ topic: i }); return null;",
    },
    {
      ...{ ...at, id: 'get', type: 'dlms-get-object', name: `read ${number}`, connection: 'connection' },
      ...{ objects: [{ obis: '1-0:1.8.0*255' }], output: 'telegram', wires: [['ok']] },
    },
    { ...at, id: 'ok', type: 'function', func: count('ok'), outputs: 1, wires: [[]] },
    { ...at, id: 'catch', type: 'catch', scope: null, uncaught: false, wires: [['failed']] },
    {
      ...{ ...at, id: 'failed', type: 'function', outputs: 1, wires: [[]] },
      func: count(
        'failed',
        "const c = global.get('codes') || {}; const k = (msg.error || {}).code || 'none'; c[k] = (c[k] || 0) + 1; global.set('codes', c);",
      ),
    },
    { ...at, id: 'state', type: 'http in', url: '/fuzz/state', method: 'get', wires: [['tell']] },
    {
      ...{ ...at, id: 'tell', type: 'function', outputs: 1, wires: [['told']] },
      func: "msg.payload = { ok: global.get('ok'), failed: global.get('failed'), codes: global.get('codes') }; return msg;",
    },
    { ...at, id: 'told', type: 'http response', wires: [] },
    {
      ...{
        id: 'connection',
        type: 'dlms-connection',
        name: `meter ${number % 3}`,
        transport: 'tcp',
        host: '127.0.0.1',
      },
      ...{
        port: String(port),
        interface: 'wrapper',
        clientAddress: '17',
        authentication: 'low',
        connectTimeout: '300',
      },
      ...{ answerTimeout: '300', idleTime: '20', trace: 'info', credentials: { password: PASSWORD } },
    },
  ];
}

const FAULTS = ['reset', 'close', 'silent', 'garbage', 'announced', 'trickle'] as const;
/** Of the simulated meter, for its client 17. */
const PASSWORD = '12345678';
