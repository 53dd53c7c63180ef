// The funnel between a node's work and Node-RED: the only place that knows send, done, status and close.
// Its rule: whatever happens, done is called exactly once per message, and nothing thrown or rejected leaves the node.
//
//   const node = onInput(RED, this, async (msg, task) => {
//     const data = await connection.get(ref, task.signal);        // throws DlmsError: red status, done(err), Catch node
//     for (const row of rows) task.emit({ payload: row });        // more messages while it runs, each a copy of msg
//     task.progress(`${n} rows`);                                 // yellow status, at most two a second reach the editor
//     return { payload, dlms };                                   // merged into msg and sent; null: send nothing
//   }, { busy: 'reading', status: sent => `${sent.payload} kWh`, onClose: () => stopListening() });
//   node.emit({ payload: telegram });                             // a message nobody asked for (push); output 1 is the second
//   node.status('listening');                                     // grey ring; 'waiting' yellow ring, 'ok' green, 'error' red

import type { Node, NodeAPI, NodeMessage, NodeMessageInFlow, NodeStatus } from 'node-red';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { shown } from '../../core/wire/foreign';
import type { Properties } from '../../io/settings/settings';
import { MsgMeter } from './msg-meter';
import { faultWords, spoken, type Said, type StatusWords } from './status-words';

/** Properties to put on the message; `undefined` takes one off. */
export type Fields = Record<string, unknown>;

export interface Task {
  /** Aborted when the node closes. Hand it to everything that waits. */
  readonly signal: AbortSignal;
  /** What `msg.meter` says, with the secrets that are no longer on the message. Throws BAD_SETTING. */
  readonly meter: Properties | undefined;
  /** Sends a copy of the incoming message with these fields, at once. `output` counts from 0. */
  emit(fields: Fields, output?: number): void;
  /** Yellow status while this message is worked on; the editor sees at most two a second and always the last. */
  progress(text: Said): void;
}

/** The fields of the last message (the incoming one, reused), or null when there is nothing (more) to send. */
export type Handler = (msg: NodeMessageInFlow, task: Task) => Promise<Fields | null>;

export interface InputOptions {
  /** Yellow status while working; default "reading". Empty: the status is left alone (decoders that never wait). */
  readonly busy?: string;
  /** Whether `msg.meter` says where to connect; default true. Elsewhere it is the message's own, and only secrets go. */
  readonly connects?: boolean;
  /** Green status after success; null or not given: the status is cleared. */
  readonly status?: (sent: Fields | null, msg: NodeMessageInFlow) => Said | null;
  /** The output the returned fields leave by; default 0. */
  readonly output?: number;
  /** Frees what the node holds; awaited, but never longer than CLOSE_LIMIT_MS together with the running tasks. */
  readonly onClose?: (removed: boolean) => void | Promise<void>;
}

export type StatusKind = 'idle' | 'waiting' | 'busy' | 'ok' | 'error' | 'disconnected';

/** What stays in the hands of the node for things that no message asked for. */
export interface NodeHandle {
  /** Sends a new message; for data that comes by itself. */
  emit(fields: Fields, output?: number): void;
  /** Shows a status when no message is being worked on; null clears it. */
  status(text: Said | null, kind?: StatusKind): void;
  /** A failure without a message: red status and one line in the log and the debug sidebar. */
  fail(error: unknown): void;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
}

export function onInput(RED: NodeAPI, node: Node, handler: Handler, options: InputOptions = {}): NodeHandle {
  const closing = new AbortController();
  /** One for each message that is worked on, so that no signal collects the listeners of all. */
  const tasks = new Set<AbortController>();
  const status = new StatusLine(RED, node);
  const fleet = new Fleet();
  const running = new Set<Promise<void>>();
  const busy = options.busy ?? 'reading';
  let lastOkAt: Date | null = null;

  const work = async (msg: NodeMessageInFlow, send: Send, stop: AbortController, meter: MsgMeter): Promise<void> => {
    const task: Task = {
      signal: stop.signal,
      get meter() {
        return meter.overrides;
      },
      emit: (fields, output = 0) => {
        if (!closing.signal.aborted) send(atOutput(merge(RED.util.cloneMessage(msg), fields), output));
      },
      progress: text => status.progress(meter.hide(spoken(RED, text))),
    };
    // Ended before its status is chosen: of messages of one moment the last one has to show its own.
    let sent: Fields | null;
    try {
      sent = await handler(msg, task);
    } finally {
      tasks.delete(stop);
    }
    if (closing.signal.aborted) return;
    const text = options.status?.(sent, msg) ?? null;
    if (sent !== null) send(atOutput(merge(msg, sent), options.output ?? 0));
    lastOkAt = new Date();
    const many = fleet.settled(meter.place, true);
    if (many !== null) status.settle(many.words, many.kind, tasks.size > 0);
    else if (busy !== '' || text !== null) status.settle(text, 'ok', tasks.size > 0);
  };

  // Three parameters, not async: with fewer Node-RED takes the message as done at once; a rejection would end the process.
  node.on('input', (msg, send, done) => {
    if (closing.signal.aborted) return done();
    if (busy !== '' && running.size === 0) status.show(busy, 'busy');
    const stop = new AbortController();
    tasks.add(stop);
    // Before anything else: whatever leaves, by an output, a Catch or done, has no secret on it.
    const meter = MsgMeter.take(RED, node, msg, options.connects ?? true);
    const turn = Promise.resolve()
      .then(() => work(msg, send, stop, meter))
      .then(
        () => done(),
        (thrown: unknown) => {
          const error = asNodeError(meter.hideIn(thrown));
          const many = fleet.settled(meter.place, false);
          const said = many === null ? failed(RED, error, lastOkAt) : [short(RED, error), many.words];
          if (!closing.signal.aborted) status.settle(said, 'error', tasks.size > 0);
          done(error);
        },
      )
      .finally(() => {
        running.delete(turn);
      });
    running.add(turn);
  });

  onClosing(node, async removed => {
    const reason = new DlmsError({ code: 'ABORTED', what: 'the request' });
    closing.abort(reason);
    for (const stop of tasks) stop.abort(reason);
    await Promise.allSettled([Promise.resolve().then(() => options.onClose?.(removed)), ...running]);
    status.clear();
  });

  return {
    emit: (fields, output = 0) => {
      if (!closing.signal.aborted) node.send(atOutput(merge({}, fields), output));
    },
    status: (text, kind = 'idle') => {
      if (running.size === 0 && !closing.signal.aborted) status.show(text, kind);
    },
    fail: thrown => {
      if (closing.signal.aborted) return;
      const error = asNodeError(thrown);
      status.show(failed(RED, error, lastOkAt), 'error');
      node.error(error, {});
    },
    signal: closing.signal,
  };
}

/** Frees what a node holds when it closes; waited for, but never longer than CLOSE_LIMIT_MS. For nodes without input, too. */
export function onClosing(node: Node, free: (removed: boolean) => Promise<unknown>): void {
  // Two parameters: Node-RED waits for closed() only when the function takes it.
  node.on('close', (removed: boolean, closed: () => void) => {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>(resolve => {
      timer = setTimeout(resolve, CLOSE_LIMIT_MS);
    });
    void Promise.race([
      Promise.resolve(removed)
        .then(free)
        .catch(() => undefined),
      limit,
    ]).then(() => {
      clearTimeout(timer);
      closed();
    });
  });
}

/**
 * What Node-RED passes on of an error: `message`, `code` and `cause`, and only when they are the error's own properties.
 * Its text is the sentence alone, without a class name in front, because a Catch node gets `String(error)`.
 */
export class NodeError extends Error {
  readonly code: string;
  override readonly cause: unknown;
  readonly short: string;
  constructor(message: string, short: string, code: string, cause: unknown) {
    super(message);
    this.code = code;
    this.cause = cause;
    this.short = short;
    Object.defineProperty(this, 'short', { enumerable: false });
  }
  override toString(): string {
    return this.message;
  }
}

export function asNodeError(thrown: unknown): NodeError {
  if (thrown instanceof NodeError) return thrown;
  if (isDlmsError(thrown)) {
    return new NodeError(thrown.message, thrown.short, thrown.code, { ...thrown.detail, blame: thrown.blame });
  }
  // Not one of ours: a fault of this project or of a library; told with its stack, never hidden.
  const error = thrown instanceof Error ? thrown : new Error(shown(thrown));
  const internal = new DlmsError({ code: 'INTERNAL', reason: `${error.name}: ${error.message}` });
  const wrapped = new NodeError(internal.message, internal.short, internal.code, internal.detail);
  if (error.stack !== undefined) wrapped.stack = error.stack;
  return wrapped;
}

type Send = (msg: NodeMessage | (NodeMessage | null)[]) => void;

function atOutput(msg: NodeMessage, output: number): NodeMessage | (NodeMessage | null)[] {
  return output === 0 ? msg : [...new Array<null>(output).fill(null), msg];
}

function merge<M extends NodeMessage>(msg: M, fields: Fields): M {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) Reflect.deleteProperty(msg, name);
    else (msg as NodeMessage)[name] = value;
  }
  return msg;
}

function short(RED: NodeAPI, error: NodeError): string {
  return faultWords(RED, error.code, error.cause, error.short);
}

function failed(RED: NodeAPI, error: NodeError, lastOkAt: Date | null): Said {
  const text = short(RED, error);
  if (lastOkAt === null) return text;
  const hour = String(lastOkAt.getHours()).padStart(2, '0');
  const minute = String(lastOkAt.getMinutes()).padStart(2, '0');
  return [text, { word: 'ok-at', facts: { time: `${hour}:${minute}` } }];
}

/** The meters that one node reads by msg.meter: what its status says when the last of them says too little. */
class Fleet {
  /** Whether the last request to it went well, in the order of the requests. 0 <= size <= FLEET_LIMIT */
  readonly #meters = new Map<string, boolean>();
  /** Of these. */
  #failing = 0;

  /** null: there is one meter only. */
  settled(place: string, ok: boolean): { readonly words: StatusWords; readonly kind: StatusKind } | null {
    this.#forget(place);
    this.#meters.set(place, ok);
    if (!ok) this.#failing++;
    const [oldest] = this.#meters.keys();
    if (this.#meters.size > FLEET_LIMIT && oldest !== undefined) this.#forget(oldest);
    const n = this.#meters.size;
    if (n < 2) return null;
    const failing = this.#failing;
    if (failing === 0) return { words: { word: 'meters', facts: { n } }, kind: 'ok' };
    return { words: { word: 'meters-failed', facts: { failed: failing, n } }, kind: 'error' };
  }

  #forget(place: string): void {
    if (this.#meters.get(place) === false) this.#failing--;
    this.#meters.delete(place);
  }
}

/** One node's status: changes are sent once, progress is throttled, a late timer never overwrites a result. */
class StatusLine {
  #last = '';
  #timer: NodeJS.Timeout | undefined;
  #waiting: string | null = null;
  #sentAtMs = -Infinity;
  constructor(
    private readonly RED: NodeAPI,
    private readonly node: Node,
  ) {}

  show(text: Said | null, kind: StatusKind): void {
    this.#stop();
    this.#send(text === null ? {} : { ...LOOKS[kind], text: this.#textOf(text) });
  }

  progress(text: string): void {
    this.#waiting = text;
    if (this.#timer !== undefined) return;
    const due = Math.max(0, this.#sentAtMs + PROGRESS_EVERY_MS - performance.now());
    if (due === 0) return this.#flush();
    this.#timer = setTimeout(() => this.#flush(), due);
  }

  /** The end of one task; while others run the line stays yellow, unless this one failed. */
  settle(text: Said | null, kind: StatusKind, othersRun: boolean): void {
    if (!othersRun || kind === 'error') this.show(text, kind);
  }

  clear(): void {
    this.show(null, 'idle');
  }

  #flush(): void {
    const text = this.#waiting;
    this.#stop();
    if (text !== null) this.#send({ ...LOOKS.busy, text: this.#textOf(text) });
    this.#sentAtMs = performance.now();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = null;
  }

  #textOf(said: Said): string {
    const words = typeof said === 'string' && WORDS.has(said) ? { word: said } : said;
    return spoken(this.RED, words, STATUS_LENGTH);
  }

  #send(status: NodeStatus): void {
    const now = JSON.stringify(status);
    if (now === this.#last) return;
    this.#last = now;
    this.node.status(status);
  }
}

/** Node-RED waits 15 s for a node to close; a deploy has to free its ports within 5 s. */
const CLOSE_LIMIT_MS = 4500;
const PROGRESS_EVERY_MS = 500;
const STATUS_LENGTH = 48;
const FLEET_LIMIT = 100_000;
/** Texts that are words of the catalog as they stand. */
const WORDS: ReadonlySet<string> = new Set([
  'reading',
  'writing',
  'connecting',
  'connected',
  'listening',
  'waiting',
  'idle',
]);

const LOOKS: Record<StatusKind, NodeStatus> = {
  idle: { fill: 'grey', shape: 'ring' },
  waiting: { fill: 'yellow', shape: 'ring' },
  busy: { fill: 'yellow', shape: 'dot' },
  ok: { fill: 'green', shape: 'dot' },
  error: { fill: 'red', shape: 'dot' },
  disconnected: { fill: 'red', shape: 'ring' },
};
