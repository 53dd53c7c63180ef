// The connection test of a port on which another node of this Node-RED already listens: it listens along.
// The rule of the file: nothing is opened, so nothing is taken from whoever listens.

import type { NodeAPI } from 'node-red';
import { joined } from '../../core/wire/hex';
import { protocolOf, whereOf, type Words } from '../../io/diagnosis/connection-advice';
import type { TestStage } from '../../io/diagnosis/connection-test';
import type { ConnectionSettings } from '../../io/settings/settings';
import type { Connection, ConnectionState } from '../lib/connection-api';
import { deployedConnection } from '../lib/form-connection';

/** The connection that listens on the line of these settings now. */
export function listenerOn(RED: NodeAPI, settings: ConnectionSettings): Connection | null {
  let found: Connection | null = null;
  RED.nodes.eachNode(({ id, type }) => {
    if (found !== null || type !== 'dlms-connection') return;
    const connection = deployedConnection(RED, id)?.connection;
    if (connection !== undefined && listens(connection, settings)) found = connection;
  });
  return found;
}

/** How many bytes come within the time; ends early when some came. */
export async function* hearAlong(
  connection: Connection,
  settings: ConnectionSettings,
  signal: AbortSignal,
  forMs = HEAR_MS,
): AsyncGenerator<TestStage> {
  const startedMs = performance.now();
  const stage = (
    name: TestStage['stage'],
    state: TestStage['state'],
    says: readonly Words[],
    more: Partial<TestStage> = {},
  ): TestStage => ({ stage: name, state, says, elapsedMs: Math.round(performance.now() - startedMs), ...more });
  const heard: Uint8Array[] = [];
  let wake: () => void = () => undefined;
  const first = new Promise<void>(resolve => (wake = resolve));
  const listening = connection.listen({
    bytes: chunk => {
      heard.push(chunk.slice());
      wake();
    },
  });
  try {
    yield stage('line', 'ok', [{ key: 'listened-on', facts: { where: connection.where } }]);
    yield stage('bytes', 'running', [{ key: 'listening', facts: { seconds: Math.round(forMs / 1000) } }]);
    await Promise.race([first, rest(forMs, signal)]);
    if (heard.length > 0) await rest(REST_MS, signal);
  } finally {
    await listening.stop();
  }
  const octets = heard.reduce((sum, chunk) => sum + chunk.length, 0);
  if (octets > 0) {
    yield stage('bytes', 'ok', [{ key: 'heard', facts: { octets } }, { key: `looks-${protocolOf(joined(heard))}` }]);
    return;
  }
  yield stage('bytes', 'failed', [], {
    advice: { key: 'no-bytes', facts: { where: whereOf(settings) } },
    error: { code: 'NO_BYTES', message: `no bytes for ${Math.round(forMs / 1000)} s` },
  });
}

function listens(connection: Connection, settings: ConnectionSettings): boolean {
  let phase: ConnectionState['phase'] = 'idle';
  connection.watch(state => (phase = state.phase))();
  try {
    return (phase as string) === 'listening' && connection.where === whereOf(settings);
  } catch {
    // A deployed connection whose settings are wrong has no place.
    return false;
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

const HEAR_MS = 28_000;
const REST_MS = 1000;
