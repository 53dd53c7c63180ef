// The association of a session: opened with the counter it needs, held, and ended within bounded time.
// The rule of the file: there is one runner at most, and who takes it down says goodbye first.

import type { Apdu } from '../../core/apdu';
import { Client, type ClientEvent } from '../../core/client/client';
import type { MeterMemory } from '../../core/client/meter-memory';
import { counterIn } from '../../core/client/counter-object';
import type { Obis } from '../../core/obis/obis';
import type { InvocationCounter } from '../../core/security';
import { isDlmsError, type DlmsError } from '../../core/wire/errors';
import { collect } from './client-requests';
import { ClientRunner } from './client-runner';
import { clientOptions, counterReader, linkOf } from './client-settings';
import { closedError } from '../line/line';
import { freshChallenge } from './own-challenges';
import type { AssociationCounters } from './received-counters';
import type { OwnSide } from './own-side';
import type { ConnectionSettings, TraceLevel } from '../settings/settings';
import type { Trace } from '../transport/trace';
import type { Transport } from '../transport/transport';

/** What an association is given from outside. */
export interface AssociationSurroundings {
  /** With our system title. */
  readonly settings: ConnectionSettings;
  readonly own: OwnSide;
  /** The line's own, or what opens it with a sign-on. */
  readonly transport: Transport;
  readonly memory: MeterMemory;
  readonly now: () => number;
  readonly random: (n: number) => Uint8Array;
  readonly trace: Trace | null;
  readonly log: (level: TraceLevel, text: string) => void;
  readonly phase: (phase: 'idle' | 'connecting' | 'connected') => void;
  /** What the meter sent unasked. */
  readonly notification: (apdu: Apdu, bytes: Uint8Array) => void;
}

export class HeldAssociation {
  #runner: ClientRunner | null = null;
  #listening: AssociationCounters | null = null;
  #counterJustRead = false;
  #counterDoubted = false;

  constructor(readonly around: AssociationSurroundings) {}

  /** What drives the client; null: nothing is open. */
  get runner(): ClientRunner | null {
    return this.#runner;
  }

  /** The association is the second one on this connection, and the meter may hang up after the first. */
  get counterJustRead(): boolean {
    return this.#counterJustRead;
  }
  /** The counter is one remembered, and no association has stood with it yet: it is read before the next attempt. */
  get counterDoubted(): boolean {
    return this.#counterDoubted;
  }

  /** An association that stands; opened if there is none. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#runner?.client.phase === 'ready') {
      if (this.around.own.counts) await this.around.own.ready();
      return;
    }
    const { settings, own, transport, memory, random, trace, now, phase } = this.around;
    this.#counterJustRead = false;
    await this.tearDown(false);
    phase('connecting');
    await transport.open(signal);
    const ciphered = own.counts;
    if (ciphered) await own.load();
    if (ciphered && settings.counterObject !== null && (!own.counter.known || this.#counterDoubted)) {
      this.#counterJustRead = await this.#readCounter(settings.counterObject, signal);
      // Some meters hang up with the association of the public client.
      await transport.open(signal);
    }
    this.#counterDoubted = ciphered && settings.counterObject !== null && !this.#counterJustRead;
    if (ciphered) await own.ready();
    this.#listening = ciphered ? own.listening() : null;
    const client = new Client(
      linkOf(settings),
      clientOptions(settings, {
        counter: own.counter,
        ...(this.#listening !== null && { received: this.#listening }),
        challenge: freshChallenge(random),
        dedicated: !memory.dedicatedKeyRefused,
        onApdu: (dir, bytes) => trace?.({ at: now(), dir, layer: 'apdu', bytes }),
      }),
    );
    this.#runner = this.#run(client, ciphered ? () => own.counter.low() : null);
    await associate(this.#runner, signal);
    own.stands(client.association);
    this.#counterJustRead = false;
    this.#counterDoubted = false;
    phase('connected');
  }

  /** Release and DISC, and with `close` the end of the transport. */
  async tearDown(close: boolean): Promise<void> {
    const { settings, transport, phase } = this.around;
    const runner = this.#runner;
    this.#runner = null;
    this.#listening?.end();
    if (runner !== null) {
      await this.#farewell(runner);
      runner.stop(closedError(`the session with ${transport.where}`));
      phase('idle');
    }
    // After mode E the port stands at another speed; opening it anew puts it back.
    if (close || settings.interface === 'hdlc-mode-e') await transport.close();
  }

  async #farewell(runner: ClientRunner): Promise<void> {
    const { client } = runner;
    if (!runner.alive) return;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), FAREWELL_MS);
    try {
      if (client.phase === 'ready')
        await runner.run(
          () => client.release(),
          e => e.type === 'released',
          limit.signal,
        );
      if (client.phase !== 'disconnected' && client.phase !== 'connecting') {
        await runner.run(
          () => client.disconnect(),
          e => e.type === 'disconnected',
          limit.signal,
        );
      }
    } catch (e) {
      this.around.log('info', `hanging up: ${e instanceof Error ? e.message : String(e)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The counter by the public client, which needs no keys. Failing at it is no failure: the meter may say what it wants.
   * Throws COUNTER_JUMP for a number that only the user may set.
   */
  async #readCounter(object: Obis, signal: AbortSignal): Promise<boolean> {
    const counter = await this.#askCounter(object, signal);
    if (counter === null) return false;
    this.around.own.told(counter);
    this.around.log('info', `invocation counter ${counter} read from ${object}`);
    return true;
  }

  async #askCounter(object: Obis, signal: AbortSignal): Promise<InvocationCounter | null> {
    const { settings, log } = this.around;
    const { client, link } = counterReader(settings);
    const runner = this.#run(new Client(link, client), null);
    try {
      await associate(runner, signal);
      const outcome = await collect(runner, [{ classId: 1, obis: object, attribute: 2 }], null, signal);
      if (outcome[0]?.ok === true) return counterIn(outcome[0].value, object.toString());
      log('warning', `${object} gave no invocation counter`);
    } catch (e) {
      if (signal.aborted || !isDlmsError(e) || e.code === 'NOT_THE_METER') throw e;
      log('warning', `the invocation counter could not be read: ${e.short}`);
    } finally {
      await this.#farewell(runner);
      runner.stop(closedError('the public association'));
    }
    return null;
  }

  #run(client: Client, low: (() => Promise<void> | null) | null): ClientRunner {
    const { transport, trace, now } = this.around;
    return new ClientRunner(client, transport, {
      event: e => this.#onEvent(e),
      lost: error => this.#lost(error),
      bytes: (dir, bytes) => trace?.({ at: now(), dir, layer: 'bytes', bytes }),
      ...(low !== null && { low }),
    });
  }

  #lost(error: DlmsError): void {
    this.#runner = null;
    this.around.log('warning', error.short);
    this.around.phase('idle');
    void this.around.transport.close();
  }

  #onEvent(event: ClientEvent): void {
    const { log, notification } = this.around;
    switch (event.type) {
      case 'connected':
        return log('info', event.info);
      case 'note':
        return log('info', event.text);
      case 'warning':
        return log('warning', event.text);
      case 'dropped':
        return log('warning', `${event.bytes.length} bytes dropped: ${event.error.short}`);
      case 'notification':
        log('info', `${event.apdu.type} came unasked and was set aside`);
        return notification(event.apdu, event.bytes);
      case 'fault':
      case 'refused':
      case 'failed':
        return log('error', event.error.short);
      default:
        return;
    }
  }
}

async function associate(runner: ClientRunner, signal: AbortSignal): Promise<void> {
  await runner.run(
    () => runner.client.connect(),
    e => {
      if (e.type === 'refused') throw e.error;
      return e.type === 'associated';
    },
    signal,
  );
}

/** Release and DISC together; a deploy has five seconds for all of it. */
const FAREWELL_MS = 1500;
