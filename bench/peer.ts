// The other side of a benchmark: a simulated meter in a process of its own, so that its work is not counted as ours.

import { fork, type ChildProcess } from 'node:child_process';

import type { Behaviour } from '../src/sim/behaviour';
import { simulatedMeter, serveTcp } from '../src/sim/server';

export interface PeerOrder {
  readonly framing: 'hdlc' | 'wrapper';
  readonly behaviour: Partial<Behaviour>;
  readonly nowMs: number;
  /** Of the load profile: rows of 8 columns, one every 15 minutes. */
  readonly days: number;
}

export interface Peer {
  readonly port: number;
  stop(): void;
}

/** Starts the other process and waits until its meter listens. */
export function startPeer(order: PeerOrder): Promise<Peer> {
  const child = fork(__filename, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`the peer ended with ${code}`)));
    child.once('message', port => resolve({ port: Number(port), stop: () => stop(child) }));
    child.send(order);
  });
}

function stop(child: ChildProcess): void {
  child.removeAllListeners('exit');
  child.kill();
}

async function serve(order: PeerOrder): Promise<number> {
  const meter = simulatedMeter({
    now: () => order.nowMs,
    random: n => new Uint8Array(n).fill(7),
    behaviour: order.behaviour,
    loadProfile: { days: order.days, periodS: 900, columns: 8 },
  });
  return (await serveTcp(meter, { framing: order.framing })).port;
}

// This file is both: imported it starts a peer, forked it is one.
if (process.send !== undefined && require.main === module) {
  process.once('message', order => {
    void serve(order as PeerOrder).then(port => process.send?.(port));
  });
  process.once('disconnect', () => process.exit(0));
}
