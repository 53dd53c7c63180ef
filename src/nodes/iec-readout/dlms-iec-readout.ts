// dlms-iec-readout: telegrams of meters with an optical head or a P1 port, polled, listened to, or taken from messages.
// The rule of the file: wiring only; the dialogue is io/iec/iec-session, what the characters mean is core/iec62056-21.

import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { DecoderEvent } from '../../core/iec62056-21/decoder';
import type { DlmsError } from '../../core/wire/errors';
import { connectionOf, type Listening } from '../lib/connection-api';
import { outcomeOf, statusOf } from './payload';
import { Poller, type Extra } from './poller';
import { iecSettings, type IecSettings } from './meaning';
import { IecStreams } from './stream';
import { onInput, type Fields, type NodeHandle } from '../lib/on-input';
import { passwordsOf } from '../lib/props';
import { holds, type Condition, type Values } from '../lib/settings-table';
import { IEC_READOUT } from './settings';

type IecDef = NodeDef & Values;
type IecNode = Node & { credentials?: Values };

export = (RED: NodeAPI): void => {
  function IecReadoutNode(this: IecNode, config: IecDef): void {
    RED.nodes.createNode(this, config);
    let parsed: IecSettings | null = null;
    const settings = (): IecSettings => (parsed ??= iecSettings(config, this.credentials ?? {}));
    let streams: IecStreams | null = null;
    let listening: Listening | null = null;
    const reader = new Poller(RED, this);
    const is = (condition: Condition): boolean => holds(IEC_READOUT, condition, config, false);

    const handle = onInput(
      RED,
      this,
      async (msg, task) => {
        const now = settings();
        const { topic, reset } = msg as Extra;
        if (now.source === 'message') {
          streams ??= streamsOf(now, handle, error => handle.fail(error));
          const key = typeof topic === 'string' ? topic : '';
          if (reset === true) streams.reset();
          if (msg.payload === undefined || (reset === true && msg.payload === '')) return null;
          const { messages, failure } = outcomeOf(streams.receive(key, msg.payload), now);
          for (const fields of failure === null ? messages.slice(0, -1) : messages) task.emit(fields);
          if (failure !== null) throw failure;
          return messages.at(-1) ?? null;
        }
        if (listens(now)) {
          if (reset === true) streams?.reset();
          return null;
        }
        return reader.read(now, msg, task, connectionOf(RED, config['connection']));
      },
      {
        busy: is({ source: ['message'] }) || is({ mode: ['d', 'p1'] }) ? '' : 'reading',
        connects: !is({ source: ['message'] }),
        status: sent => (sent === null ? null : statusOf(sent.payload)),
        onClose: async () => {
          streams?.reset();
          await listening?.stop();
        },
      },
    );
    try {
      const now = settings();
      if (now.source === 'connection' && listens(now)) {
        const failures = new Failures(handle);
        const own = (streams = streamsOf(now, handle, error => failures.tell(error)));
        listening = connectionOf(RED, config['connection']).listen({
          bytes: (chunk, source) => {
            tell(own.receive(source, chunk), now, handle, error => failures.tell(error));
          },
          ended: source => own.end(source),
          state: state => handle.status(state.says, state.kind),
        });
      }
    } catch (error) {
      handle.fail(error);
    }
  }
  RED.nodes.registerType('dlms-iec-readout', IecReadoutNode, { credentials: passwordsOf(IEC_READOUT) });
};

function listens(settings: IecSettings): boolean {
  return settings.mode === 'd' || settings.mode === 'p1';
}

/** What a line brings by itself: a problem that repeats is not logged with each telegram. */
class Failures {
  #last = { code: '', atMs: 0 };
  #first = true;
  constructor(private readonly handle: NodeHandle) {}

  tell(error: DlmsError): void {
    const atMs = performance.now();
    const first = this.#first;
    this.#first = false;
    // Listening begins in the middle of a telegram; of an encrypted one nothing else can be told.
    if (first && error.code === 'NO_FRAME') return;
    if (error.code === this.#last.code && atMs - this.#last.atMs < FAILURE_EVERY_MS) {
      this.handle.status(error, 'error');
      return;
    }
    this.#last = { code: error.code, atMs };
    this.handle.fail(error);
  }
}

function streamsOf(settings: IecSettings, handle: NodeHandle, failed: (error: DlmsError) => void): IecStreams {
  return new IecStreams(settings.decoder, settings.encoding, (events, topic) => {
    tell(events, settings, handle, failed, settings.source === 'message' && topic !== '' ? { topic } : {});
  });
}

/** What came by itself, or when no message is there any more to answer. */
function tell(
  events: readonly DecoderEvent[],
  settings: IecSettings,
  handle: NodeHandle,
  failed: (error: DlmsError) => void,
  more: Fields = {},
): void {
  const { messages, failure } = outcomeOf(events, settings);
  for (const fields of messages) {
    handle.emit({ ...more, ...fields });
    handle.status(statusOf(fields['payload']), 'ok');
  }
  if (failure !== null) failed(failure);
}

const FAILURE_EVERY_MS = 60_000;
