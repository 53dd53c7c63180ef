// dlms-connection: the node that other nodes share. Properties in, a Connection out, nothing opened by itself.
// The rule of the file: it is replaced by every deploy that touches it, so its port is free before the next one begins.

import type { Node, NodeAPI, NodeDef } from 'node-red';
import { parseCommandLine } from '../../io/settings/command-line';
import { listSerialPorts } from '../../io/transport/serial';
import { CONNECTION_SECRETS } from '../../io/settings/settings';
import { formatTraceLine, type TraceLine } from '../../io/transport/trace';
import { isDlmsError } from '../../core/wire/errors';
import { plainText } from '../../core/wire/foreign';
import { PooledConnection } from './connection';
import type { Connection } from '../lib/connection-api';
import { connectionRoutes } from './routes';
import { counterRoute } from './counter-route';
import { fieldsOf } from '../lib/form-connection';
import { asNodeError, onClosing } from '../lib/on-input';
import { installationOf } from '../lib/installation';
import { StateFile, stateDirectory } from '../lib/state-file';

interface ConnectionDef extends NodeDef {
  readonly [property: string]: unknown;
}

interface ConnectionNode extends Node<Record<string, string>> {
  connection: Connection;
}

export = (RED: NodeAPI): void => {
  function DlmsConnection(this: ConnectionNode, config: ConnectionDef): void {
    RED.nodes.createNode(this, config);
    const startedMs = Date.now();
    const connection = new PooledConnection(config, this.credentials, {
      numbers: new StateFile(stateDirectory(RED), this.id, text => this.warn(text)),
      installation: installationOf(RED, text => this.warn(text)),
      log: (level, text) => {
        // Errors reach the user with the request that failed; here they are only for who looks closer.
        if (level === 'warning') this.warn(text);
        else if (level === 'error') this.debug(text);
        else this.log(text);
      },
      trace: (line: TraceLine, where) => {
        const text = formatTraceLine(line, startedMs);
        this.log(`${where} ${text}`);
        RED.events.emit('dlms-connection:trace', { id: this.id, where, text });
      },
      bug: error => this.error(asNodeError(error)),
    });
    this.connection = connection;
    // What can never work is said at the deploy, not first by the request of a night.
    const error = connection.settingsError();
    if (error !== null) this.error(asNodeError(error));
    onClosing(this, () => connection.close());
  }
  RED.nodes.registerType<ConnectionNode, ConnectionDef, object, Record<string, string>>(
    'dlms-connection',
    DlmsConnection,
    { credentials: Object.fromEntries(CONNECTION_SECRETS.map(name => [name, { type: 'password' as const }])) },
  );

  // For the form. Routes cannot be taken back, so they are made once, here, and not by a node.
  connectionRoutes(RED, () => stateDirectory(RED));
  counterRoute(RED);
  RED.httpAdmin.get(
    '/dlms-connection/ports',
    RED.auth.needsPermission('dlms-connection.read'),
    (_request, response) => {
      listSerialPorts().then(
        ports => response.json(ports.flatMap(p => suggestions(p.path, p.byId, p.manufacturer))),
        // Without the package there is nothing to suggest; opening the port will say what to install.
        () => response.json([]),
      );
    },
  );
  RED.httpAdmin.post(
    '/dlms-connection/command-line',
    RED.auth.needsPermission('dlms-connection.write'),
    (request, response) => {
      try {
        response.json(parseCommandLine(plainText(fieldsOf(request.body)['line'], 'command line')));
      } catch (error) {
        if (!isDlmsError(error)) throw error;
        response.status(400).json({ code: error.code, message: error.message });
      }
    },
  );
};

/** The name that survives a restart first. */
function suggestions(path: string, byId: string | null, about: string | null): { path: string; about: string }[] {
  const names = byId === null ? [path] : [byId, path];
  return names.map(name => ({ path: name, about: name === byId ? path : (about ?? '') }));
}
