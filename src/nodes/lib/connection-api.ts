// What a dlms-connection offers to the other nodes. Its rule: nobody keeps a connection; connectionOf() is asked for each
// request, because a deploy replaces config nodes and their users independently.
//
//   onInput(RED, this, async (msg, task) => {
//     const connection = connectionOf(RED, config.connection);
//     return await connection.withTransport((transport, signal) => readOut(transport, signal), task.signal, msg.meter);
//   });
//
//   const listening = connectionOf(RED, config.connection).listen({
//     bytes: (chunk, source) => decoderOf(source).receive(chunk),      // one decoder a source
//     ended: source => forget(source),
//     state: s => node.status(s.says, s.kind),
//   });
//   onClose: () => listening.stop()

import type { NodeAPI } from 'node-red';
import { DlmsError } from '../../core/wire/errors';
import type { NumberStore } from '../../io/session/counter-keeper';
import type { Session } from '../../io/session/session';
import type { ConnectionSecret, ConnectionSettings } from '../../io/settings/settings';
import type { Transport } from '../../io/transport/transport';
import type { StatusKind } from './on-input';
import type { Said } from './status-words';

export interface Connection {
  /** For errors and status: "192.168.1.5:4059", "/dev/ttyUSB0 9600 8N1". */
  readonly where: string;

  /**
   * Runs `work` with the session of the meter: the one of the properties, or the one that `meter` (`msg.meter`) describes;
   * sessions are kept for both. Rejects with BAD_SETTING or what `work` threw.
   */
  withSession<T>(work: (session: Session) => Promise<T>, request: SessionRequest): Promise<T>;

  /**
   * Runs `work` with the bare line, alone: requests of other nodes on the same line wait, a session that held the port has
   * let it go. `work` gets a transport that is not open; it opens it, and it is closed afterwards whatever happens.
   * `meter` is `msg.meter`: overrides of the properties for this request. Rejects with QUEUE_FULL, BAD_SETTING, ABORTED
   * or what `work` threw.
   */
  withTransport<T>(
    work: (transport: Transport, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    meter?: unknown,
  ): Promise<T>;

  /**
   * Takes in what comes by itself: opens the serial port, binds UDP, listens for TCP connections (tcp-server) or connects
   * and stays (tcp). It is tried again with growing pauses for as long as it takes. Several listeners share one port.
   */
  listen(listener: Listener): Listening;

  /** Numbers that survive a restart, for example where the last read of a profile ended. Never a secret. */
  readonly numbers: NumberStore;

  /** Tells one connection and client from another, as `meter` makes them; for keys of `numbers`. Holds no secret. */
  meterKey(meter?: unknown): string;

  /** Throws HOST_NOT_ALLOWED where the saved secrets would go to another host than they were saved for. */
  guardSecrets(settings: ConnectionSettings, brought: (secret: ConnectionSecret) => boolean): void;

  /** The same for a secret that was saved with a node for its connection, where `meter` names another place. */
  guardPlace(meter: unknown): void;

  /** Told now and at each change, for the status of a node at rest; returns the way to stop. */
  watch(onState: (state: ConnectionState) => void): () => void;
}

export interface SessionRequest {
  readonly signal: AbortSignal;
  readonly meter?: unknown;
  /** Told while the request runs: "connecting", "waiting 5 s: refused …". */
  readonly onState?: (state: ConnectionState) => void;
}

export interface Listener {
  /** `source` tells streams apart: the peer's address "192.168.1.7:51234" for TCP and UDP, the path for serial. */
  bytes(chunk: Uint8Array, source: string): void;
  /** A TCP peer went, the port was lost: what is buffered for this source never gets its rest. */
  ended?(source: string): void;
  state?(state: ConnectionState): void;
}

export interface Listening {
  /** Resolves when the port is free (if nobody else listens); may be called twice, never rejects. */
  stop(): Promise<void>;
}

/** One state machine per connection feeds the status of all its users. */
export interface ConnectionState {
  readonly phase: 'idle' | 'connecting' | 'connected' | 'listening' | 'waiting';
  /** In English, for logs. */
  readonly text: string;
  /** For `NodeHandle.status(says, kind)`, where it is no error. */
  readonly says: Said;
  readonly kind: StatusKind;
  /** Why it waits before the next attempt. */
  readonly error?: DlmsError;
}

/** The connection node of a user, as it is now. Throws BAD_SETTING when none is chosen or it is disabled. */
export function connectionOf(RED: NodeAPI, id: unknown): Connection {
  const node: unknown = typeof id === 'string' && id !== '' ? RED.nodes.getNode(id) : null;
  if (isConnectionNode(node)) return node.connection;
  throw new DlmsError({
    code: 'BAD_SETTING',
    setting: 'connection',
    value: typeof id === 'string' ? id : '',
    expected: 'a dlms-connection node that is enabled and deployed',
  });
}

function isConnectionNode(node: unknown): node is { connection: Connection } {
  return typeof node === 'object' && node !== null && 'connection' in node && 'type' in node
    ? node.type === 'dlms-connection' && typeof node.connection === 'object'
    : false;
}
