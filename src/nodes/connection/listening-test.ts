// The connection test of a line that talks by itself: who listens on it, with what keys, and listening along where one does.
// The rule of the file: nothing is opened, so nothing is taken from whoever listens.

import type { NodeAPI } from 'node-red';
import type { PushOptions } from '../../core/push';
import { isDlmsError } from '../../core/wire/errors';
import { whereOf } from '../../io/diagnosis/connection-advice';
import type { TestStage } from '../../io/diagnosis/connection-test';
import { Hearing, hearOut, LISTEN_MS, type ListensWith } from '../../io/diagnosis/hearing';
import { RowQueue } from '../../io/session/row-queue';
import type { ConnectionSettings } from '../../io/settings/settings';
import type { Connection, ConnectionState } from '../lib/connection-api';
import { deployedConnection, fieldsOf } from '../lib/form-connection';
import { holds, type Values, type When } from '../lib/settings-table';
import type { Variables } from '../lib/variables';
import { IEC_READOUT } from '../iec-readout/settings';
import { PUSH_DECODER } from '../push-decoder/settings';
import { formSettings } from '../push-decoder/trial';

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

/** What comes within the time; ends early with the first telegram. */
export function hearAlong(
  connection: Connection,
  settings: ConnectionSettings,
  signal: AbortSignal,
  { options, nameOf }: ListensWith = {},
  forMs = LISTEN_MS,
): AsyncIterable<TestStage> {
  const stages = new RowQueue<TestStage>(STAGES_LIMIT, () => undefined);
  const hearing = new Hearing(options);
  const listening = connection.listen({ bytes: (chunk, source) => hearing.bytes(chunk, source) });
  const says = [{ key: 'listened-on', facts: { where: connection.where } }];
  stages.push({ stage: 'line', state: 'ok', says, elapsedMs: 0 });
  const how = { settings, forMs, signal, ...(nameOf !== undefined && { nameOf }) };
  void hearOut(hearing, how, stage => stages.push(stage))
    .finally(() => listening.stop())
    .then(
      () => stages.end(),
      (thrown: unknown) => stages.end(thrown),
    );
  return stages;
}

/** What those who use a connection do with it, deployed or, as `form` says it, not yet. */
export interface Users {
  /** Of the first decoder that listens there; null: none does. */
  readonly listensWith: PushOptions | null;
  /** All that use it listen. */
  readonly onlyListens: boolean;
}

/** `decoder`: a push decoder of the editor, `{ id, properties, credentials }`, that is to use the connection `id`. */
export function usersOf(RED: NodeAPI, id: unknown, decoder: unknown, variables: Variables): Users {
  const decoders: string[] = [];
  let [listening, asking] = [0, 0];
  RED.nodes.eachNode(node => {
    const config = node as unknown as Values & { readonly id: string; readonly type: string };
    if (typeof id !== 'string' || config['connection'] !== id || config['d'] === true) return;
    if (config.type === 'dlms-push-decoder') {
      if (holds(PUSH_DECODER, BY_CONNECTION, config, false)) decoders.push(config.id);
    } else if (config.type === 'dlms-iec-readout') {
      if (!holds(IEC_READOUT, BY_CONNECTION, config, false)) return;
      if (holds(IEC_READOUT, ONLY_LISTENS, config, false)) listening++;
      else asking++;
    } else if (ASKING.has(config.type)) asking++;
  });
  const form = fieldsOf(decoder);
  const given = Object.keys(form).length > 0;
  const [first] = decoders;
  const asked = given ? form : first === undefined ? null : { id: first, properties: configOf(RED, first) };
  return {
    listensWith: asked === null ? null : optionsOf(RED, asked, variables),
    onlyListens: asking === 0 && (asked !== null || listening > 0),
  };
}

/** null: what is wrong with a decoder is its own matter; the line is tried without its keys. */
function optionsOf(RED: NodeAPI, asked: object, variables: Variables): PushOptions | null {
  try {
    return formSettings(RED, asked, variables).options;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return null;
  }
}

function configOf(RED: NodeAPI, id: string): object {
  let found: object = {};
  RED.nodes.eachNode(node => {
    if (node.id === id) found = node;
  });
  return found;
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

const STAGES_LIMIT = 200;
/** Nodes that ask. */
const ASKING: ReadonlySet<string> = new Set(['dlms-get-object', 'dlms-read-load-profile', 'dlms-set-object']);
const BY_CONNECTION: When = { source: ['connection'] };
const ONLY_LISTENS: When = { mode: ['d', 'p1'] };
