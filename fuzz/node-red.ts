// A real Node-RED under storms of messages, deploys of every kind in the middle of reads, and meters that break off, fall
// silent, send rubbish or trickle. Only with --node-red.
// Rules: each message that was not deployed away is answered, by a value or by a code; nothing is uncaught, the process
// lives; afterwards the next read works; no key and no password stands in the log or in the answers.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { DEFAULT_KEYS } from '../src/sim/meter';
import { serveTcp, simulatedMeter } from '../src/sim/server';
import { Tally, type Fuzzer } from './fuzzer';
import { AT, probe, Running, until } from './running';

export interface NodeRedInput {
  readonly meter: 'honest' | (typeof FAULTS)[number];
  readonly messages: number;
  /** Deploys in the middle of it. */
  readonly deploys: number;
  readonly type: 'full' | 'flows' | 'nodes';
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
    const running = await Running.start();
    const { red } = running;
    let flow = 0;
    const ask = async (n: number): Promise<void> => {
      await running.reset();
      await running.feed('get', [{}], n);
    };

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
        const from = red.log.length;
        // A hundred wait in the queue of the line, one after the other.
        const patienceMs = meter === 'honest' ? HONEST_MS : 100;
        await red.deploy(flowsTo(ports.get(meter) ?? 0, ++flow, patienceMs));
        await ask(messages);
        for (let i = 0; i < deploys; i++) await red.deploy(flowsTo(ports.get(meter) ?? 0, ++flow, patienceMs), type);
        const settled = await until(async () => deploys > 0 || (await running.seen()).answers >= messages);
        if (!settled) return `messages without an answer (${meter})`;
        const { ok, codes } = await running.seen();
        tally.add('values', ok);
        for (const [code, n] of Object.entries(codes)) tally.add(code, n);
        await red.deploy(flowsTo(ports.get('honest') ?? 0, ++flow, HONEST_MS));
        await ask(1);
        if (!(await until(async () => (await running.seen()).ok > 0))) return `the next read does not work (${meter})`;
        return running.wrong(from, [PASSWORD, DEFAULT_KEYS.encryption, DEFAULT_KEYS.authentication]);
      },
      async end() {
        await running.end();
        await meter.close();
        for (const server of faulty) server.close();
        return null;
      },
    };
  },
};

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

function flowsTo(port: number, number: number, patienceMs: number): object[] {
  return [
    ...probe(['get']),
    {
      ...{ ...AT, id: 'get', type: 'dlms-get-object', name: `read ${number}`, connection: 'connection' },
      ...{ objects: [{ obis: '1-0:1.8.0*255' }], output: 'telegram', wires: [['ok']] },
    },
    {
      ...{ id: 'connection', type: 'dlms-connection', name: `meter ${number % 3}`, transport: 'tcp' },
      ...{ host: '127.0.0.1', port: String(port), interface: 'wrapper', clientAddress: '17', authentication: 'low' },
      ...{ connectTimeout: String(patienceMs), answerTimeout: String(patienceMs), idleTime: '20', trace: 'info' },
      credentials: { password: PASSWORD },
    },
  ];
}

const FAULTS = ['reset', 'close', 'silent', 'garbage', 'announced', 'trickle'] as const;
const HONEST_MS = 1000;
/** Of the simulated meter, for its client 17. */
const PASSWORD = '12345678';
