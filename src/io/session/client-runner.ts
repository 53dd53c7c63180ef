// Drives one Client over one Transport: bytes in, bytes out, and the only timers of a conversation.
// The rule of the file: one input at a time runs to its end, and every end (answer, fault, loss, abort) settles it once.

import type { Client, ClientEvent, ClientStep } from '../../core/client/client';
import { slowestMs } from '../../core/link/link';
import { DlmsError } from '../../core/wire/errors';
import { Alarm } from '../transport/alarm';
import { lostError } from '../transport/net-errors';
import type { Transport } from '../transport/transport';

export interface RunnerHooks {
  /** Every event, also those nobody waits for. */
  readonly event: (event: ClientEvent) => void;
  /** The connection went while nothing was under way. */
  readonly lost: (error: DlmsError) => void;
  readonly bytes: (direction: '>' | '<', bytes: Uint8Array) => void;
  /** Asked before bytes are handed to the client: when it may go on, null for at once. Never rejects. */
  readonly low?: () => Promise<void> | null;
  /** How long bytes may take to leave, beside their own time at 300 baud; default 10 s. */
  readonly writeLimitMs?: number;
}

interface Waiting {
  readonly on: (event: ClientEvent) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ClientRunner {
  #waiting: Waiting | null = null;
  /** Rings after silence; what comes winds it up again. */
  readonly #silence: Alarm;
  /** Rings whatever comes. */
  readonly #limit: Alarm;
  /** Counts inputs, so that a timer that was due for an earlier one is not set. */
  #input = 0;
  /** The input that named the limit last. */
  #limitOf = 0;
  #stopped = false;
  /** Chunks that wait for the counters of their answers; null: none. */
  #held: Uint8Array[] | null = null;

  constructor(
    readonly client: Client,
    readonly transport: Transport,
    readonly hooks: RunnerHooks,
  ) {
    const late = (): void => this.#drive(() => client.timeout());
    this.#silence = new Alarm(late);
    this.#limit = new Alarm(late);
    transport.onBytes = chunk => {
      hooks.bytes('<', chunk);
      this.#receive(chunk);
    };
    transport.onClose = cause => this.#lost(cause);
  }

  /**
   * Gives the client an input and resolves when `on` returns true for an event. Rejects with the fault, CONNECTION_LOST,
   * ABORTED, or what `on` throws. After a rejection the client may be `broken`.
   */
  run(input: () => ClientStep, on: (event: ClientEvent) => boolean, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal));
    if (this.#stopped) return Promise.reject(new DlmsError({ code: 'CLOSED', what: this.transport.where }));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#drive(() => this.client.abort());
        this.#settle(w => w.reject(aborted(signal as AbortSignal)));
      };
      const settled = (): void => signal?.removeEventListener('abort', onAbort);
      this.#waiting = {
        on,
        resolve: () => (settled(), resolve()),
        reject: error => (settled(), reject(error)),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#drive(input);
    });
  }

  /** False once it was stopped or the connection went: nothing can be said any more. */
  get alive(): boolean {
    return !this.#stopped;
  }

  /** No more bytes, no more timer; what waits is rejected. */
  stop(error: DlmsError): void {
    this.#stopped = true;
    this.#clear();
    this.transport.onBytes = () => undefined;
    this.transport.onClose = () => undefined;
    this.#settle(w => w.reject(error));
  }

  /** In order, whether or not one of them has to wait. */
  #receive(chunk: Uint8Array): void {
    if (this.#held !== null) return void this.#held.push(chunk.slice());
    const wait = this.hooks.low?.() ?? null;
    if (wait === null) return this.#drive(() => this.client.receive(chunk));
    const held = (this.#held = [chunk.slice()]);
    // The meter has answered: its silence is not measured while we look for numbers.
    this.#silence.quiet();
    this.#input++;
    void wait.then(() => {
      this.#held = null;
      for (const waiting of held) this.#drive(() => this.client.receive(waiting));
    });
  }

  #drive(input: () => ClientStep): void {
    if (this.#stopped) return;
    this.#silence.quiet();
    const turn = ++this.#input;
    try {
      const step = input();
      this.#send(step, turn);
      for (const event of step.events) this.#event(event);
    } catch (e) {
      this.#settle(w => w.reject(e));
    }
  }

  /** The wait begins when the bytes have left: on a slow line that is seconds later. */
  #send(step: ClientStep, turn: number): void {
    const { write, waitMs, limitMs } = step;
    if (waitMs === null || limitMs !== undefined) {
      this.#limit.quiet();
      this.#limitOf = turn;
    }
    if (write.length === 0) return this.#wait(step, turn);
    let left: Promise<unknown> | null = null;
    let octets = 0;
    for (const bytes of write) {
      octets += bytes.length;
      this.hooks.bytes('>', bytes);
      const sent = this.transport.write(bytes);
      left = left === null ? sent : Promise.all([left, sent]);
    }
    // A port that is held by flow control never drains, and no time-out of the protocol has begun yet.
    const guard = setTimeout(
      () => this.#lost(new Error('it takes no more bytes; check its flow control')),
      (this.hooks.writeLimitMs ?? WRITE_LIMIT_MS) + slowestMs(octets),
    );
    left
      ?.finally(() => clearTimeout(guard))
      .then(
        () => {
          if (!this.#stopped) this.#wait(step, turn);
        },
        (cause: unknown) => this.#lost(cause),
      );
  }

  #wait({ waitMs, limitMs }: ClientStep, turn: number): void {
    if (waitMs !== null && turn === this.#input) this.#silence.set(waitMs);
    if (limitMs !== undefined && turn === this.#limitOf) this.#limit.set(limitMs);
  }

  #clear(): void {
    this.#silence.stop();
    this.#limit.stop();
  }

  #event(event: ClientEvent): void {
    this.hooks.event(event);
    if (event.type === 'fault') {
      if (this.#waiting === null) this.hooks.lost(event.error);
      this.#settle(w => w.reject(event.error));
      return;
    }
    try {
      if (this.#waiting?.on(event) === true) this.#settle(w => w.resolve());
    } catch (e) {
      this.#drive(() => this.client.abort());
      this.#settle(w => w.reject(e));
    }
  }

  #lost(cause: unknown): void {
    if (this.#stopped) return;
    const error = lostError(cause, this.transport.where);
    const waiting = this.#waiting;
    this.stop(error);
    if (waiting === null) this.hooks.lost(error);
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    // Nothing is under way: no timer may hold the process, unless the link wants to be asked while idle.
    if (!this.#silence.armed) this.#clear();
    if (waiting !== null) how(waiting);
  }
}

const WRITE_LIMIT_MS = 10_000;

/** What an aborted call rejects with: the reason, if it is one of ours. */
export function aborted(signal: AbortSignal, what = 'the request'): DlmsError {
  const reason: unknown = signal.reason;
  return reason instanceof DlmsError ? reason : new DlmsError({ code: 'ABORTED', what }, { cause: reason });
}
