// dlms-push-decoder: bytes that meters push in, telegrams out; what cannot be read leaves by the second output.
// The rule of the file: wiring only. Bytes are decoded in core/push, sources and their timers are in sources.

import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import { CONVENTIONS, importConventions, importLayouts, LAYOUTS } from '../../core/push';
import { isDlmsError, type DlmsError } from '../../core/wire/errors';
import { readPayload } from '../lib/bytes-of';
import { connectionOf, type Listening } from '../lib/connection-api';
import { fieldsOf } from '../lib/form-connection';
import { obisTexts } from '../lib/obis-languages';
import { asNodeError, onInput, type NodeHandle, type Task } from '../lib/on-input';
import { passwordsOf, text } from '../lib/props';
import type { Values } from '../lib/settings-table';
import { pushSettings, type PushCredentials, type PushSettings } from './meaning';
import { PUSH_DECODER } from './settings';
import { counted, type Said } from '../lib/status-words';
import { PushSources, problemFields, type Outgoing } from './sources';
import { decodePasted } from './trial';
import { shownRows, takeEditsOver } from './key-edits';
import { CONFIRMED_CONVENTIONS, NodeNumbers, RECEIVED_COUNTERS } from './node-numbers';
import { stateDirectory } from '../lib/state-file';
import { Variables } from '../lib/variables';
import { AS_IT_IS } from '../lib/text-forms';

type PushDecoderDef = NodeDef & Values;

interface PushDecoderNode extends Node<PushCredentials> {
  sources: PushSources | null;
}

export = (RED: NodeAPI): void => {
  function DlmsPushDecoder(this: PushDecoderNode, config: PushDecoderDef): void {
    RED.nodes.createNode(this, config);
    this.sources = null;
    let watchdog: Watchdog | null = null;
    let listening: Listening | null = null;
    const warn = (error: DlmsError): void => this.warn(error.message);
    const counters = new NodeNumbers(RECEIVED_COUNTERS, stateDirectory(RED), this.id, warn);
    const conventions = new NodeNumbers(CONFIRMED_CONVENTIONS, stateDirectory(RED), this.id, warn);
    const whenReady = (work: () => void): void => counters.whenReady(() => conventions.whenReady(work));

    let settings: PushSettings | null = null;
    const variables = new Variables(RED, this);
    const resolve = (cell: string, where: string): string => String(variables.resolve(cell, where));
    const start = (): { settings: PushSettings; sources: PushSources } => {
      settings ??= pushSettings(config, this.credentials, resolve);
      const sources = (this.sources ??= new PushSources(
        settings.options,
        late,
        counters,
        conventions,
        settings.maxSources,
      ));
      return { settings, sources };
    };
    const deliver = (outgoing: readonly Outgoing[], send: Task['emit']): void => {
      for (const { output, fields, warning } of outgoing) {
        send(fields, output);
        if (warning !== undefined) this.warn(warning);
      }
      if (outgoing.some(o => o.output === 0)) watchdog?.telegram();
      // A status is shown when no message is being worked on, so after this one.
      if (outgoing.length > 0) setImmediate(() => show(this.sources, handle));
    };
    const late = (outgoing: readonly Outgoing[]): void =>
      deliver(outgoing, (fields, output) => handle.emit(fields, output));

    const handle = onInput(
      RED,
      this,
      (msg, task) => {
        const { settings, sources } = start();
        const name = sourceOf(RED, msg, settings.sourceProperty);
        if ('reset' in msg && msg.reset === true) {
          sources.reset(name === '' ? null : name);
          // An Inject node sends the time along, if nobody changes it.
          if (msg.payload === undefined || msg.payload === '' || /^(boolean|number)$/.test(typeof msg.payload))
            return Promise.resolve(null);
        }
        return new Promise((resolve, reject) => {
          whenReady(() => {
            try {
              const { bytes, form } = readPayload(msg.payload, sources.continuesText(name));
              // Each message that is sent gets a payload of its own; the bytes need not be copied for it.
              msg.payload = null;
              const manner = { message: true, text: form === AS_IT_IS };
              if (!task.signal.aborted) deliver(sources.receive(name, msg.topic, bytes, manner), task.emit);
              resolve(null);
            } catch (error) {
              reject(error as Error);
            }
          });
        });
      },
      {
        busy: '',
        connects: false,
        onClose: async removed => {
          watchdog?.stop();
          this.sources?.close();
          await Promise.all([listening?.stop(), counters.close(removed), conventions.close(removed)]);
        },
      },
    );

    try {
      takeEditsOver(RED, this, config);
      const { settings, sources } = start();
      tellFaults(settings, handle, text => this.warn(text));
      if (settings.silenceMs !== null) {
        const tell = (error: DlmsError): void => {
          handle.emit(problemFields(error, new Uint8Array(0), { source: 'push' }), 1);
          handle.status(error, 'error');
        };
        watchdog = new Watchdog(settings.silenceMs, afterMs => sources.silence(afterMs), tell);
      }
      if (settings.source === 'connection') {
        const soon = (chunk: Uint8Array | null, work: () => void): void => {
          try {
            whenReady(() => {
              try {
                if (!handle.signal.aborted) work();
              } catch (error) {
                // Our own mistake with one piece must not lose those that wait behind it.
                handle.fail(error);
              }
            });
          } catch (error) {
            if (!isDlmsError(error)) throw error;
            if (chunk !== null) handle.emit(problemFields(error, chunk, { source: 'push' }), 1);
          }
        };
        listening = connectionOf(RED, config['connection']).listen({
          bytes: (chunk, source) =>
            soon(chunk, () => {
              const outgoing = sources.receive(source, source, chunk);
              late(outgoing.map(each => ({ ...each, fields: { topic: source, ...each.fields } })));
            }),
          ended: source => soon(null, () => late(sources.end(source, true))),
          state: state => {
            // What the meter sends says more than that its line stands.
            if (sources.seen.telegrams === 0 || state.kind !== 'ok') handle.status(state.says, state.kind);
          },
        });
      }
    } catch (error) {
      // A wrong setting is told now, and again with each message.
      handle.fail(error);
    }
  }
  RED.nodes.registerType<PushDecoderNode, PushDecoderDef, object, PushCredentials>(
    'dlms-push-decoder',
    DlmsPushDecoder,
    { credentials: passwordsOf(PUSH_DECODER) },
  );

  // For the form. Routes cannot be taken back, so they are made once, here, and not by a node.
  const mayRead = RED.auth.needsPermission('dlms-push-decoder.read');
  RED.httpAdmin.get('/dlms-push-decoder/layouts', mayRead, (_request, response) => {
    response.json(LAYOUTS);
  });
  RED.httpAdmin.get('/dlms-push-decoder/conventions', mayRead, (_request, response) => {
    response.json(CONVENTIONS);
  });
  RED.httpAdmin.get('/dlms-push-decoder/:id/unrecognised', mayRead, (request, response) => {
    const node = RED.nodes.getNode(String(request.params['id'])) as Partial<PushDecoderNode> | null | undefined;
    const sources = node?.type === 'dlms-push-decoder' ? node.sources : null;
    if (sources == null) return void response.status(404).json({ code: 'NOT_DEPLOYED' });
    response.json(sources.unrecognised);
  });
  RED.httpAdmin.get('/dlms-push-decoder/:id/keys', mayRead, (request, response) => {
    const node = RED.nodes.getNode(String(request.params['id'])) as Partial<PushDecoderNode> | null | undefined;
    if (node?.type !== 'dlms-push-decoder') return void response.status(404).json({ code: 'NOT_DEPLOYED' });
    try {
      response.json(shownRows(node.credentials?.keyTable ?? ''));
    } catch (error) {
      const { code, message } = asNodeError(error);
      response.status(400).json({ code, message });
    }
  });
  RED.httpAdmin.post('/dlms-push-decoder/family', mayRead, (request, response) => {
    try {
      const { layouts = [], conventions = [] } = fieldsOf(request.body);
      response.json({ layouts: importLayouts(layouts), conventions: importConventions(conventions) });
    } catch (error) {
      const { code, message } = asNodeError(error);
      response.status(400).json({ code, message });
    }
  });
  // It opens telegrams with keys that are saved: not for someone who may only look.
  const mayWrite = RED.auth.needsPermission('dlms-push-decoder.write');
  RED.httpAdmin.post('/dlms-push-decoder/decode', mayWrite, (request, response) => {
    try {
      const texts = obisTexts(text(fieldsOf(request.body)['lang'], 'en'));
      response.json(decodePasted(RED, request.body, texts));
    } catch (error) {
      const { code, message } = asNodeError(error);
      response.status(400).json({ code, message });
    }
  });
};

/** What is wrong with rows of the table of keys: the others work. */
function tellFaults({ options }: PushSettings, handle: NodeHandle, warn: (text: string) => void): void {
  const faults = options.keys?.faults ?? [];
  for (const fault of faults.slice(0, FAULTS_TOLD)) handle.fail(fault);
  if (faults.length > FAULTS_TOLD) warn(`${faults.length - FAULTS_TOLD} more rows of the table of keys are wrong`);
}

/** The chosen property; else topic and address of the sender: TCP and UDP nodes tell ip and port, serial nodes the port. */
function sourceOf(RED: NodeAPI, msg: NodeMessageInFlow, property: string | null): string {
  if (property !== null) return nameOf(RED.util.getMessageProperty(msg, property.replace(/^msg\./, '')));
  const { topic, ip, port } = msg as NodeMessageInFlow & { ip?: unknown; port?: unknown };
  const address = [ip, port].map(nameOf).filter(part => part !== '');
  return [nameOf(topic), address.join(':')].filter(part => part !== '').join(' ');
}

function nameOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** "10:15:30, 42 telegrams, 3 problems"; after a problem what it was. */
function show(sources: PushSources | null, handle: NodeHandle): void {
  if (sources === null) return;
  const { telegrams, problems, lastTelegramAt, lastProblem, tooMany } = sources.seen;
  const wrong = counted(problems, 'problem');
  const full: Said[] = tooMany === null ? [] : [{ word: 'too-many-sources', facts: { n: tooMany } }];
  if (lastProblem !== null) {
    const ok = lastTelegramAt === null ? [] : [{ word: 'ok-at', facts: { time: clock(lastTelegramAt, false) } }];
    handle.status([lastProblem, wrong, ...ok, ...full], 'error');
  } else if (lastTelegramAt !== null) {
    const came = counted(telegrams, 'telegram');
    handle.status([clock(lastTelegramAt, true), came, ...(problems === 0 ? [] : [wrong]), ...full], 'ok');
  }
}

function clock(at: Date, seconds: boolean): string {
  const parts = [at.getHours(), at.getMinutes(), ...(seconds ? [at.getSeconds()] : [])];
  return parts.map(n => String(n).padStart(2, '0')).join(':');
}

/** So many lines in the log are enough to see what is wrong. */
const FAULTS_TOLD = 20;

/** Tells of silence once, and again when its reason has changed. */
class Watchdog {
  readonly #timer: NodeJS.Timeout;
  #told: string | null = null;
  #sinceMs = performance.now();

  constructor(silenceMs: number, why: (afterMs: number) => DlmsError, tell: (error: DlmsError) => void) {
    this.#timer = setInterval(
      () => {
        const afterMs = Math.round(performance.now() - this.#sinceMs);
        if (afterMs < silenceMs) return;
        const error = why(afterMs);
        if (error.code === this.#told) return;
        this.#told = error.code;
        tell(error);
      },
      Math.max(10, silenceMs / 4),
    );
  }

  telegram(): void {
    this.#sinceMs = performance.now();
    this.#told = null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
