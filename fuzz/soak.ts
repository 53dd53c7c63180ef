// A long run in short time: ciphered requests to several meters over TCP and pushes from ever new senders, in one process.
// Rules: every request is answered; after a warm-up the heap grows by less than GROWTH and no socket stays; one round of
// requests takes bounded time.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { ObisFilter } from '../src/filter/filter';
import { Obis } from '../src/core/obis/obis';
import { isDlmsError } from '../src/core/wire/errors';
import { NumbersInMemory } from '../src/io/session/counter-keeper';
import { PooledConnection } from '../src/nodes/connection/connection';
import { filterOptions } from '../src/nodes/obis-filter/meaning';
import { PushSources } from '../src/nodes/push-decoder/sources';
import { DEFAULT_KEYS } from '../src/sim/meter';
import { PUSH_FORMATS, pushBytes } from '../src/sim/push-source';
import { serveTcp, simulatedMeter } from '../src/sim/server';
import { Tally, type Fuzzer } from './fuzzer';

export interface SoakInput {
  /** Which meter is asked, in order. */
  readonly meters: readonly number[];
  /** Pushes, each from an address of its own from this number on. */
  readonly from: number;
}

export const soak: Fuzzer<SoakInput> = {
  name: 'soak',
  share: 2,
  slow: true,
  async open() {
    const tally = new Tally();
    const simulated = simulatedMeter();
    const servers = await Promise.all(
      Array.from({ length: METERS }, (_, i) => serveTcp(simulated, { framing: i % 2 === 0 ? 'wrapper' : 'hdlc' })),
    );
    const store = new NumbersInMemory();
    let bug: unknown = null;
    const connection = new PooledConnection(
      {
        ...{ transport: 'tcp', host: '127.0.0.1', port: '1', interface: 'wrapper', clientAddress: '1', idleTime: '20' },
        ...{ authentication: 'high-gmac', security: 'authentication-encryption' },
      },
      { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication },
      {
        ...{ numbers: store, installation: { counters: store } },
        ...{ log: () => undefined, trace: () => undefined, bug: e => (bug = e) },
      },
    );
    const pushes = PUSH_FORMATS.filter(f => f.control === undefined).map(f => pushBytes(f));
    const sources = new PushSources({}, () => undefined, null, null, 256);
    const filter = new ObisFilter(filterOptions({ rules: [], output: 'flat', onChange: true, counters: true }));
    const heaps: number[] = [];
    let rounds = 0;
    return {
      counts: tally.counts,
      limitMs: 20_000,
      make: dice => ({ meters: dice.list(40, () => dice.below(METERS)), from: dice.word() }),
      async check({ meters, from }) {
        for (const i of meters) {
          const meter = { port: servers[i]?.port, interface: i % 2 === 0 ? 'wrapper' : 'hdlc' };
          try {
            await connection.withSession(session => session.getAll([REGISTER]), { signal: NEVER, meter });
            tally.add('answered');
          } catch (e) {
            return isDlmsError(e) ? `an honest meter gives ${e.code}` : `throws ${String(e)}`;
          }
        }
        pushes.forEach((bytes, i) => {
          for (const out of sources.receive(`10.0.${i}.1:${from + i}`, undefined, bytes)) {
            tally.add(out.output === 0 ? 'telegrams' : 'problems');
            if (out.output === 0 && i % 8 === 0) filter.process({ ...out.fields }, rounds);
          }
        });
        if (bug !== null) return `a bug of ours: ${String(bug)}`;
        if (++rounds % 3 === 0) heaps.push(heapMB());
        return null;
      },
      async end() {
        await connection.close();
        sources.close();
        for (const server of servers) await server.close();
        // The first half is the warm-up: tables of code, sources up to their bound.
        const half = heaps.slice(Math.ceil(heaps.length / 2));
        const [first = 0] = half;
        const growth = Math.min(...half.slice(-3)) - first;
        return heaps.length >= 8 && growth > GROWTH_MB ? `the heap grew by ${growth.toFixed(0)} MB` : null;
      },
    };
  },
};

function heapMB(): number {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

setFlagsFromString('--expose-gc');
// Only this thread's own collector, which has no name in a module.
const collect = runInNewContext('gc') as () => void;

const METERS = 8;
const GROWTH_MB = 8;
const NEVER = new AbortController().signal;
const REGISTER = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
