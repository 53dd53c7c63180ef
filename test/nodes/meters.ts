// Simulated meters on real TCP ports for the node tests, and the connection nodes that lead to them.

import { serveTcp, simulatedMeter, type MeterServer } from '../../src/sim/server';
import type { MeterOptions, SimulatedMeter } from '../../src/sim/meter';
import { freePort } from '../node-red-process';
import type { FlowNode } from './flow';

export interface Served {
  readonly meter: SimulatedMeter;
  readonly server: MeterServer;
  readonly port: number;
}

const open: MeterServer[] = [];

export async function serveMeter(
  options: Partial<MeterOptions> = {},
  framing: 'hdlc' | 'wrapper' = 'hdlc',
  port = 0,
): Promise<Served> {
  const meter = simulatedMeter({ zone: 'Europe/Vienna', ...options });
  const server = await serveTcp(meter, { framing, port });
  open.push(server);
  return { meter, server, port: server.port };
}

/** For an `afterEach`: no port stays open. */
export async function closeMeters(): Promise<void> {
  await Promise.all(open.splice(0).map(server => server.close()));
}

export function connectionTo(port: number | string, more: Record<string, unknown> = {}): FlowNode {
  return {
    id: 'c1',
    type: 'dlms-connection',
    transport: 'tcp',
    host: '127.0.0.1',
    port: String(port),
    interface: 'hdlc',
    physicalAddress: '17',
    timezone: 'Europe/Vienna',
    answerTimeout: '2000',
    ...more,
  };
}

/** A port nobody listens on, and that the system gives nobody else meanwhile. */
export const deadPort = freePort;
