// A serial line that goes and returns under a real Node-RED, with half a frame at the loss, clocks that are set, a filter
// whose state is kept, floods of different and of odd `msg.meter`, and kills in the middle of a write. Only with
// --node-red, and with socat.
// Rules: the next whole telegram after the line is back is decoded; each message is answered by a value or a code; the
// state of the filter is whole on the disk whenever the process dies, and the next run takes it; the process lives.

import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { serveTcp, simulatedMeter } from '../src/sim/server';
import { hasSocat, movable, SOCAT_MISSING } from '../test/io/serial-pair';
import type { Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { AT, probe, Running, until } from './running';
import { P1_TEXTS } from './telegrams';

export type SerialInput =
  /** So many octets of a telegram, then the line is gone for a while. */
  | { readonly do: 'pull'; readonly octets: number; readonly goneMs: number; readonly clockMs: number }
  | { readonly do: 'flood'; readonly meters: number }
  | { readonly do: 'odd'; readonly messages: readonly Readonly<Record<string, unknown>>[] }
  /** The state of so many codes is written while messages come, until the kill. */
  | { readonly do: 'kill'; readonly codes: number; readonly messages: number; readonly afterMs: number };

export const serial: Fuzzer<SerialInput> = {
  name: 'serial',
  share: 5,
  slow: true,
  nodeRed: true,
  skipped: () => (hasSocat() ? null : SOCAT_MISSING),
  async open() {
    const tally = new Tally();
    const pair = movable();
    await pair.plug();
    const meter = await serveTcp(simulatedMeter(), { framing: 'wrapper' });
    const running = await Running.start('', ['serialport']);
    let opened = false;
    /** Goes up over all kills, as a meter does: what was kept would hold back what is lower, and drop what is the same. */
    let value = 0;
    /** The clock of the process, beside ours. */
    let clockMs = 0;
    const begin = async (): Promise<void> => {
      if (opened) return;
      await running.red.deploy(flows(pair.near, meter.port));
      opened = true;
    };
    const telegram = async (): Promise<boolean> =>
      until(async () => {
        // What arrives before the port is open again is lost, as on a real line.
        put(pair.far, TELEGRAM);
        await new Promise(resolve => setTimeout(resolve, 150));
        return (await running.seen()).heard > 0;
      }, BACK_MS);
    const tell = async (): Promise<void> => {
      for (const [code, n] of Object.entries((await running.seen()).codes)) tally.add(code, n);
    };

    const pull = async (input: SerialInput & { do: 'pull' }): Promise<string | null> => {
      await running.reset();
      if (!(await telegram())) return 'no telegram of a line that is there';
      put(pair.far, TELEGRAM.subarray(0, input.octets));
      await new Promise(resolve => setTimeout(resolve, 50));
      await pair.pull();
      clockMs += input.clockMs;
      if (input.clockMs !== 0) await running.setClock(clockMs);
      await new Promise(resolve => setTimeout(resolve, input.goneMs));
      await pair.plug();
      await running.reset();
      if (!(await telegram())) return 'no telegram after the line came back';
      await tell();
      tally.add('came back');
      return null;
    };

    const answered = async (messages: readonly unknown[]): Promise<string | null> => {
      await running.reset();
      const before = (await running.seen()).heapMB;
      await running.feed('get', messages);
      const all = await until(async () => (await running.seen()).answers >= messages.length, 60_000);
      await tell();
      const seen = await running.seen();
      tally.add('values', seen.ok);
      if (!all) return 'messages without an answer';
      if (seen.answers > messages.length) return 'a message with two answers';
      if (seen.polluted) return 'a prototype is polluted';
      return seen.heapMB - before > MOST_MB ? 'the flood takes all memory' : null;
    };

    const kill = async (input: SerialInput & { do: 'kill' }): Promise<string | null> => {
      const path = join(running.userDir, 'dlms', 'filter-filter.json');
      // Something old has to be there before the new one is written over it.
      await running.feed('filter', [{ payload: telegramOf(input.codes, ++value) }]);
      if (!(await until(() => existsSync(path), 20_000))) return 'the state of the filter is not written';
      const from = running.red.log.length;
      const feeding = (async () => {
        for (let n = 0; n < input.messages; n++)
          await running.feed('filter', [{ payload: telegramOf(input.codes, ++value) }]);
      })().catch(() => undefined);
      await new Promise(resolve => setTimeout(resolve, input.afterMs));
      const wrong = running.wrong(from, []);
      if (wrong !== null) return wrong;
      // A write is a second file that becomes the first; one comes every second at most.
      await until(() => existsSync(`${path}.new`), 1500, 1);
      await running.red.kill();
      tally.add('kills');
      if (existsSync(`${path}.new`)) tally.add('kills in a write');
      await feeding;
      const state = readFileSync(path, 'utf8');
      await running.killed();
      clockMs = 0;
      if (!isJson(state)) return 'the state of the filter is torn';
      if (/damaged|not kept/i.test(running.red.log)) return 'the next run does not take the state of the filter';
      await running.reset();
      await running.feed('filter', [{ payload: telegramOf(1, ++value) }]);
      if (!(await until(async () => (await running.seen()).ok > 0, 10_000)))
        return 'the filter does not go on after a kill';
      return null;
    };

    return {
      counts: tally.counts,
      limitMs: 120_000,
      make: inputOf,
      async check(input) {
        await begin();
        const from = running.red.log.length;
        let wrong: string | null;
        if (input.do === 'pull') wrong = await pull(input);
        else if (input.do === 'kill') return (await kill(input)) ?? running.wrong(0, []);
        else if (input.do === 'odd') wrong = await answered(input.messages);
        else {
          const one = (n: number): object => ({ clientAddress: 16, counterObject: `0-0:43.1.${n % 255}*${n % 200}` });
          wrong = await answered(Array.from({ length: input.meters }, (_, n) => ({ meter: one(n) })));
        }
        return wrong ?? running.wrong(from, []);
      },
      async end() {
        await running.end();
        await pair.pull();
        await meter.close();
        return null;
      },
    };
  },
};

function inputOf(dice: Dice): SerialInput {
  switch (dice.below(6)) {
    case 0:
      return { do: 'flood', meters: dice.pick([10, 300, 1500]) };
    case 1:
      return { do: 'kill', codes: dice.pick([10, 1000, 5000]), messages: 50, afterMs: dice.below(1500) };
    case 2:
    case 3:
      return { do: 'odd', messages: dice.list(1 + dice.below(8), () => dice.pick(ODD)) };
    default:
      return {
        do: 'pull',
        octets: dice.chance(0.3) ? 0 : dice.below(TELEGRAM.length),
        goneMs: dice.pick([0, 100, 1500]),
        clockMs: dice.pick([0, 0, -86_400_000, 3_600_000, -3_600_000, 400 * 86_400_000]),
      };
  }
}

/** Without waiting: a line that nobody reads is full after some telegrams, and the rest is lost as on a real one. */
function put(path: string, octets: Uint8Array): void {
  try {
    const line = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      writeSync(line, octets);
    } finally {
      closeSync(line);
    }
  } catch {
    // The line is gone or full.
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What a decoder sends, with as many codes as wanted, each with a new value. */
function telegramOf(codes: number, n: number): object {
  const readings = Array.from({ length: codes }, (_, i) => ({
    ...{
      obis: `1-${i % 60}:${1 + (i % 90)}.8.${Math.floor(i / 90)}*255`,
      name: 'x',
      key: `k${i}`,
      value: n + i,
      unit: 'Wh',
    },
  }));
  const time = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  return { meter: { id: '1TST0042', manufacturer: 'TST', model: null }, time, receivedAt: time, readings };
}

function flows(path: string, port: number): object[] {
  const kept = { type: 'dlms-obis-filter', rules: [], output: 'readings', outputs: 2, onChange: true, counters: true };
  return [
    ...probe(['get', 'filter']),
    {
      ...{ id: 'line', type: 'dlms-connection', transport: 'serial', path, baudRate: '9600', interface: 'hdlc' },
      ...{ connectTimeout: '1000', answerTimeout: '800' },
    },
    {
      ...{ ...AT, id: 'decoder', type: 'dlms-push-decoder', source: 'connection', connection: 'line', framing: 'auto' },
      ...{ layout: 'auto', layouts: [], scalers: {}, silence: '2', wires: [['heard', 'store'], []] },
    },
    { ...AT, ...kept, id: 'store', persist: 'file', wires: [[], []] },
    { ...AT, ...kept, id: 'filter', persist: 'file', wires: [['ok'], []] },
    {
      ...{ id: 'meter', type: 'dlms-connection', transport: 'tcp', host: '127.0.0.1', port: String(port) },
      ...{ interface: 'wrapper', clientAddress: '16', connectTimeout: '1000', answerTimeout: '1000', idleTime: '20' },
    },
    {
      ...{ ...AT, id: 'get', type: 'dlms-get-object', connection: 'meter', objects: [{ obis: '1-0:1.8.0*255' }] },
      ...{ output: 'telegram', wires: [['ok']] },
    },
  ];
}

const TELEGRAM = new TextEncoder().encode(P1_TEXTS[0]);

const ODD: readonly Readonly<Record<string, unknown>>[] = [
  ...[
    ...[{ host: { a: 1 } }, { port: 'NaN' }, { port: -1 }, { path: '/etc/passwd' }, { path: '/dev/zero' }],
    ...[{ path: '/dev/null' }, { transport: 'serial', path: '/dev/zero' }, { transport: 'udp', port: 9 }],
    ...[{ transport: 'tcp-server', port: 1 }, { host: '127.0.0.1\r\nX', port: 1 }, { host: 'a'.repeat(1000) }],
    ...['text', [], 5, { constructor: 1 }, JSON.parse('{"__proto__":{"host":"evil","polluted":1}}') as unknown, {}],
  ].map(meter => ({ meter })),
  ...[
    ...[JSON.parse('{"__proto__":{"polluted":1}}') as unknown, 'x'.repeat(10_000), Array(5000).fill('1.8.0')],
    ...[[[[[]]]], [{ obis: '1.8.0', attribute: 99 }], [{ obis: '1.8.0', attribute: -1 }]],
    ...[[{ obis: '1.8.0', classId: 70000 }], [null], ['1.8.0', { obis: { toString: 1 } }]],
  ].map(objects => ({ objects })),
  { obis: { toString: 1 } },
  {},
];
const BACK_MS = 90_000;
const MOST_MB = 300;
