// What a poller keeps of the meters of a fleet: bounded, but neither a running readout nor the pause of a password is forgotten.

import assert from 'node:assert/strict';
import type { Node, NodeAPI, NodeMessageInFlow } from 'node-red';
import { DlmsError } from '../../../src/core/wire/errors';
import { memoryPair } from '../../../src/io/transport/memory';
import type { Transport } from '../../../src/io/transport/transport';
import { Poller } from '../../../src/nodes/iec-readout/poller';
import { iecSettings } from '../../../src/nodes/iec-readout/meaning';
import type { Connection } from '../../../src/nodes/lib/connection-api';
import type { Task } from '../../../src/nodes/lib/on-input';
import { SimulatedIecMeter } from '../../../src/sim/iec-meter';

type Meter = { readonly host: string; readonly password?: string };

/** A poller on lines that `line` gives; without one nobody is there. */
function pollerOn(line: (host: string) => Promise<Transport> | null): (meter: Meter) => Promise<unknown> {
  const connection = {
    where: 'here',
    meterKey: (meter: Meter) => meter.host,
    guardPlace: () => undefined,
    withTransport: async (
      work: (transport: Transport, signal: AbortSignal) => Promise<unknown>,
      signal: AbortSignal,
      meter: Meter,
    ) => {
      const transport = await line(meter.host);
      if (transport === null) throw new DlmsError({ code: 'CONNECT_REFUSED', where: meter.host });
      return work(transport, signal);
    },
  } as unknown as Connection;
  const config = { mode: 'c', read: 'registers', registers: '1.8.0' };
  const settings = iecSettings(config, {});
  const quick = { ...settings, session: { ...settings.session, reactionMs: 0, baudChangeDelayMs: 0 } };
  const poller = new Poller({} as NodeAPI, { warn: () => undefined } as unknown as Node);
  const { signal } = new AbortController();
  return meter => {
    const task: Task = { signal, meter: meter as Task['meter'], emit: () => undefined, progress: () => undefined };
    return poller.read(quick, {} as NodeMessageInFlow, task, connection);
  };
}

async function on(meter: SimulatedIecMeter): Promise<Transport> {
  const [near, far] = memoryPair();
  await far.open();
  const station = meter.attach({ write: bytes => void far.write(bytes) });
  far.onBytes = bytes => station.receive(bytes);
  return near;
}

describe('a poller of many meters', () => {
  const others = async (read: (meter: Meter) => Promise<unknown>, from: number, n: number): Promise<void> => {
    for (let i = from; i < from + n; i++)
      await assert.rejects(read({ host: `other ${i}` }), { code: 'CONNECT_REFUSED' });
  };

  it('does not forget the one that is being read', async () => {
    let answer: (transport: null) => void = () => undefined;
    const slow = new Promise<never>((_, reject) => (answer = reject as typeof answer));
    const read = pollerOn(host => (host === 'slow' ? slow : null));
    const running = assert.rejects(read({ host: 'slow' }));
    await others(read, 0, 600);
    await assert.rejects(read({ host: 'slow' }), { code: 'READOUT_RUNNING' });
    answer(null);
    await running;
  });

  it('counts the refusals of a meter in one pause, however many others are read between them', async () => {
    const meter = new SimulatedIecMeter({ password: '7', reactionMs: 5 });
    const read = pollerOn(host => (host === 'locked' ? on(meter) : null));
    await read({ host: 'locked', password: '7' });
    await others(read, 0, 400);
    await read({ host: 'locked', password: '7' });
    await others(read, 400, 400);
    for (const password of ['wrong1', 'wrong2', 'wrong3'])
      await assert.rejects(read({ host: 'locked', password }), { message: /ER03/ });
    await assert.rejects(read({ host: 'locked', password: '7' }), { message: /not sent again/ });
    assert.equal(meter.commands.filter(command => command.startsWith('P1')).length, 5);
  });
});
