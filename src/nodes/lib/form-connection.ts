// A connection as it stands in a form, deployed or not: its settings, and a session for one request of the editor.
// The rules of the file: secrets that the form does not have are taken from the deployed node and never go back; the line is
// waited for like by any request, and whoever held it has hung up.

import type { NodeAPI } from 'node-red';
import { Lines, lines } from '../../io/line/line';
import { LineQueues } from '../../io/line/line-queue';
import type { Installation } from '../../io/session/own-side';
import { Session } from '../../io/session/session';
import { CONNECTION_SECRETS, parseSettings, type ConnectionSettings } from '../../io/settings/settings';
import { UNTOUCHED } from './settings-table';
import { freed } from '../../io/transport/transport';
import { DlmsError } from '../../core/wire/errors';
import type { Connection } from './connection-api';
import type { Fields } from './on-input';
import { installationOf } from './installation';
import { Variables } from './variables';

export interface FormConnection {
  readonly settings: ConnectionSettings;
  /** Of the deployed connections, so that no counter is used twice. */
  readonly installation: Required<Installation>;
}

/**
 * What a form sent: `{ id, properties, credentials }`. Throws BAD_SETTING, and HOST_NOT_ALLOWED where a saved secret would go
 * to another host than the deployed connection has or allows: whoever may edit flows may use a secret, not fetch it.
 */
export function formConnection(RED: NodeAPI, body: unknown, variables = new Variables(RED, null)): FormConnection {
  const { id, properties, credentials } = fieldsOf(body);
  const deployed = deployedConnection(RED, id);
  const given = fieldsOf(credentials);
  const secrets: Record<string, unknown> = {};
  const typed = new Set<string>();
  for (const name of CONNECTION_SECRETS) {
    const value = given[name];
    const untouched = value === undefined || value === null || value === UNTOUCHED;
    if (!untouched) typed.add(name);
    secrets[name] = untouched ? deployed?.credentials?.[name] : variables.resolve(value, name);
  }
  const known = Object.entries(fieldsOf(properties)).map(([name, value]) => [name, variables.resolve(value, name)]);
  const settings = parseSettings(Object.fromEntries(known) as Fields, secrets);
  deployed?.connection.guardSecrets(settings, name => typed.has(name));
  return { settings, installation: installationOf(RED, text => RED.log.warn(text)) };
}

/** Runs `work` with a session of its own, which has said good-bye when this settles. Rejects as `work` or the line does. */
export async function withFormSession<T>(
  { settings, installation }: FormConnection,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  if (settings.interface === 'iec' || settings.interface === 'push') {
    const expected = 'an interface of DLMS/COSEM (hdlc, wrapper, hdlc-mode-e), which this needs';
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'interface', value: settings.interface, expected });
  }
  const line = lines.acquire(settings);
  try {
    return await line.bare(signal, async deployed => {
      await freed(deployed);
      // Its own transport, because the form may say another speed than the line as it is deployed; the turn on the line
      // is already ours, so its own queue too.
      const session = new Session(
        { ...settings, trace: 'error' },
        { lines: new Lines(new LineQueues()), ...installation },
      );
      try {
        return await work(session);
      } finally {
        await session.close();
      }
    });
  } finally {
    await lines.release(line);
  }
}

interface DeployedConnection {
  readonly type: string;
  readonly connection: Connection;
  readonly credentials?: Readonly<Record<string, unknown>>;
}

export function deployedConnection(RED: NodeAPI, id: unknown): DeployedConnection | null {
  const node: unknown = typeof id === 'string' && id !== '' ? RED.nodes.getNode(id) : null;
  return typeof node === 'object' && node !== null && 'connection' in node && 'type' in node
    ? node.type === 'dlms-connection'
      ? (node as DeployedConnection)
      : null
    : null;
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
