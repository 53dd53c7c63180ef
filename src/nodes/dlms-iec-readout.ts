// dlms-iec-readout: telegrams of meters with an optical head or a P1 port, polled, listened to, or taken from messages.
// The rule of the file: wiring only; the dialogue is io/iec-session, what the characters mean is core/iec62056-21.

import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { DecoderEvent } from '../core/iec62056-21/decoder';
import type { DlmsError } from '../core/wire/errors';
import { connectionOf, type Listening } from './lib/connection-api';
import { eventFields, statusOf } from './lib/iec-payload';
import { Poller, type Extra } from './lib/iec-poller';
import { iecSettings, type IecSettings } from './lib/iec-settings';
import { IecStreams } from './lib/iec-stream';
import { onInput, type Fields, type NodeHandle, type Task } from './lib/on-input';
import { text } from './lib/props';

interface IecDef extends NodeDef {
  readonly [property: string]: unknown;
}
type IecNode = Node & { credentials?: Readonly<Record<string, unknown>> };

export = (RED: NodeAPI): void => {
  function IecReadoutNode(this: IecNode, config: IecDef): void {
    RED.nodes.createNode(this, config);
    const settings = (): IecSettings => iecSettings(config, this.credentials ?? {});
    let streams: IecStreams | null = null;
    let listening: Listening | null = null;
    const reader = new Poller(RED, this, config);

    const handle = onInput(
      RED,
      this,
      async (msg, task) => {
        const now = settings();
        const { topic, reset, meter } = msg as Extra;
        if (now.source === 'message') {
          streams ??= streamsOf(now, handle);
          const key = typeof topic === 'string' ? topic : '';
          if (reset === true) streams.reset();
          if (msg.payload === undefined || (reset === true && msg.payload === '')) return null;
          return fromEvents(streams.receive(key, msg.payload), now, task);
        }
        if (listens(now)) {
          if (reset === true) streams?.reset();
          return null;
        }
        return reader.read(now, msg, task, connectionOf(RED, config.connection), meter);
      },
      {
        busy: text(config['source'], '') === 'message' || /^(d|p1)$/.test(text(config['mode'], '')) ? '' : 'reading',
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
        const own = (streams = streamsOf(now, handle));
        const failures = new Failures(handle);
        listening = connectionOf(RED, config.connection).listen({
          bytes: (chunk, source) => {
            for (const event of own.receive(source, chunk)) {
              if (event.type === 'problem') failures.tell(event.error);
              else emit(event, now, handle);
            }
          },
          ended: source => own.end(source),
          state: state => handle.status(state.text, state.kind),
        });
      }
    } catch (error) {
      handle.fail(error);
    }
  }
  RED.nodes.registerType('dlms-iec-readout', IecReadoutNode, {
    credentials: {
      password: { type: 'password' },
      encryptionKey: { type: 'password' },
      authenticationKey: { type: 'password' },
    },
  });
};

function listens(settings: IecSettings): boolean {
  return settings.mode === 'd' || settings.mode === 'p1';
}

/** What a line brings by itself: a problem that repeats is not logged with each telegram. */
class Failures {
  #last = { code: '', atMs: 0 };
  constructor(private readonly handle: NodeHandle) {}

  tell(error: DlmsError): void {
    const atMs = Date.now();
    if (error.code === this.#last.code && atMs - this.#last.atMs < FAILURE_EVERY_MS) {
      this.handle.status(error.short, 'error');
      return;
    }
    this.#last = { code: error.code, atMs };
    this.handle.fail(error);
  }
}

function streamsOf(settings: IecSettings, handle: NodeHandle): IecStreams {
  return new IecStreams(settings.decoder, settings.encoding, (events, topic) => {
    for (const event of events) {
      if (event.type === 'problem') handle.fail(event.error);
      else emit(event, settings, handle, settings.source === 'message' && topic !== '' ? { topic } : {});
    }
  });
}

function emit(event: DecoderEvent, settings: IecSettings, handle: NodeHandle, more: Fields = {}): void {
  const fields = eventFields(event, settings, []);
  if (fields === null) return;
  handle.emit({ ...more, ...fields });
  handle.status(statusOf(fields['payload']), 'ok');
}

/** All telegrams of one payload; the last one is returned. A problem fails the message when nothing else came of it. */
function fromEvents(events: readonly DecoderEvent[], settings: IecSettings, task: Task): Fields | null {
  const problems = events.flatMap(event => (event.type === 'problem' ? [event.error] : []));
  const found = events.flatMap((event): Fields[] => {
    const fields = eventFields(event, settings, problems);
    return fields === null ? [] : [fields];
  });
  const failed = settings.decoder.check === 'strict' ? problems[0] : found.length === 0 ? problems[0] : undefined;
  for (const fields of failed === undefined ? found.slice(0, -1) : found) task.emit(fields);
  if (failed !== undefined) throw failed;
  return found.at(-1) ?? null;
}

const FAILURE_EVERY_MS = 60_000;
