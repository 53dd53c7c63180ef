// One link and one association by hand, step by step, for who wants to see each of them: the connection test and the search.
// The rule of the file: nothing is repeated and nothing is kept; what a session would mend in silence is told here.

import type { Association } from '../../core/client/association';
import { Client } from '../../core/client/client';
import { MeterMemory, readObjectList } from '../../core/client/meter-memory';
import type { ClientOptions } from '../../core/client/options';
import { describeRef, type AttributeRef, type Outcome } from '../../core/client/request';
import { SN_OBJECT_LIST } from '../../core/client/sn';
import type { Data } from '../../core/cosem/data';
import type { Link } from '../../core/link/link';
import { DlmsError } from '../../core/wire/errors';
import { ClientRunner } from './client-runner';
import { closedError } from '../line/line';
import type { Transport } from '../transport/transport';

export class Conversation {
  readonly #runner: ClientRunner;
  readonly #memory = new MeterMemory();
  #onLink: (info: string) => void = () => undefined;
  #heard = new Uint8Array(0);
  #octets = 0;

  /** @param transport open already; whoever opened it closes it */
  constructor(
    transport: Transport,
    readonly link: Link,
    readonly options: ClientOptions,
  ) {
    this.#runner = new ClientRunner(new Client(link, options), transport, {
      event: e => {
        if (e.type === 'connected') this.#onLink(e.info);
      },
      lost: () => undefined,
      bytes: (direction, bytes) => {
        if (direction === '<') this.#listen(bytes);
      },
    });
  }

  /** Octets that came so far, and the first of them. */
  get heard(): { readonly octets: number; readonly first: Uint8Array } {
    return { octets: this.#octets, first: this.#heard };
  }

  /** Rejects with what the meter or the line did; `onLink` is called when the link stands. */
  async connect(signal: AbortSignal, onLink: (info: string) => void = () => undefined): Promise<Association> {
    this.#onLink = onLink;
    await this.#runner.run(
      () => this.#runner.client.connect(),
      e => {
        if (e.type === 'refused') throw e.error;
        return e.type === 'associated';
      },
      signal,
    );
    return this.#runner.client.association as Association;
  }

  /** The outcome of each, in order. Rejects only with what ends the conversation. */
  async get(refs: readonly AttributeRef[], signal: AbortSignal): Promise<Outcome<Data | null>[]> {
    if (this.options.referencing === 'ln') return await this.#ask(refs, signal);
    if (this.#memory.objects === null) {
      const baseName = this.#runner.client.association?.vaaName ?? 0xfa00;
      const [list] = await this.#ask([{ ...SN_OBJECT_LIST, baseName }], signal);
      this.#memory.objects = list?.ok === true && list.value !== null ? readObjectList(list.value) : [];
    }
    const named = refs.map(ref => this.#memory.named(ref));
    const known = named.filter(ref => ref.baseName !== undefined);
    const outcomes = known.length === 0 ? [] : await this.#ask(known, signal);
    return named.map(ref => (ref.baseName === undefined ? undefined : outcomes.shift()) ?? unnamed(ref));
  }

  /** Release and DISC within bounded time; never rejects. The transport stays open. */
  async end(): Promise<void> {
    const { client } = this.#runner;
    const limit = AbortSignal.timeout(FAREWELL_MS);
    try {
      // Who never said a word has no association that could be ended.
      if (!this.#runner.alive || this.#octets === 0) return;
      if (client.phase === 'ready')
        await this.#runner.run(
          () => client.release(),
          e => e.type === 'released',
          limit,
        );
      if (client.phase !== 'disconnected' && client.phase !== 'connecting')
        await this.#runner.run(
          () => client.disconnect(),
          e => e.type === 'disconnected',
          limit,
        );
    } catch {
      // A meter that does not say good-bye is left all the same; its own time-out frees the association.
    } finally {
      this.#runner.stop(closedError('the conversation'));
    }
  }

  async #ask(refs: readonly AttributeRef[], signal: AbortSignal): Promise<Outcome<Data | null>[]> {
    const outcomes: Outcome<Data | null>[] = [];
    await this.#runner.run(
      () => this.#runner.client.get(refs),
      e => {
        if (e.type === 'value') outcomes[e.index] = e.outcome;
        if (e.type === 'failed') {
          if (e.error.code === 'COUNTER_TOO_LOW') throw e.error;
          for (let i = 0; i < refs.length; i++) outcomes[i] ??= { ok: false, error: e.error };
        }
        return e.type === 'answered' || e.type === 'failed';
      },
      signal,
    );
    return outcomes;
  }

  #listen(bytes: Uint8Array): void {
    this.#octets += bytes.length;
    if (this.#heard.length >= FIRST_OCTETS) return;
    this.#heard = Uint8Array.from([...this.#heard, ...bytes.subarray(0, FIRST_OCTETS - this.#heard.length)]);
  }
}

function unnamed(ref: AttributeRef): Outcome<never> {
  const result = 'not in the object list of the association';
  return { ok: false, error: new DlmsError({ code: 'OBJECT_UNDEFINED', object: describeRef(ref), result }) };
}

const FAREWELL_MS = 1500;
const FIRST_OCTETS = 16;
