// One decoder for each source of bytes, with its idle timer; and what the whole node has seen, for status and watchdog.
// The rule of the file: sources and what waits in them are bounded, and what is given up hands over what it held.

import {
  ConfirmedConventions,
  PushDecoder,
  ReplayGuard,
  type CounterMemory,
  type Layout,
  type PushEvent,
  type PushOptions,
} from '../../core/push';
import { IDLE_MS } from '../../core/push/decoder';
import type { Origin } from '../../core/cosem/reading';
import { DlmsError } from '../../core/wire/errors';
import type { RecordBatches, Unpacked } from '../../core/push/batch';
import { hex } from '../../core/wire/hex';
import { recordBatches } from '../lib/containers';
import type { Fields } from '../lib/on-input';
import { LIMIT_TOLD, Unlisted } from './unlisted';

/** A message to send: output 0 telegrams, 1 problems. */
export interface Outgoing {
  readonly output: 0 | 1;
  readonly fields: Fields;
  /** For the log, too. */
  readonly warning?: string;
}

export interface Seen {
  readonly telegrams: number;
  readonly problems: number;
  readonly lastTelegramAt: Date | null;
  /** What came last, when it was a problem. */
  readonly lastProblem: DlmsError | null;
  /** The limit of sources, when it was reached. */
  readonly tooMany: number | null;
}

/** A list that no layout fits, for the form. */
export interface Unrecognised {
  readonly at: string;
  readonly layout: Layout;
}

interface Source {
  readonly decoder: PushDecoder;
  readonly batches: RecordBatches;
  readonly topic: unknown;
  timer: NodeJS.Timeout | undefined;
  /** Bytes wait in the decoder. */
  waits: boolean;
  /** So many octets wait at most. */
  held: number;
  /** Its last bytes came as the text of a meter. */
  text: boolean;
}

/** How bytes came: as one message or as a line brought them, and as the text of a meter. */
export interface Manner {
  readonly message?: boolean;
  readonly text?: boolean;
}

export class PushSources {
  /** In the order of their last bytes; 0 <= size <= limit */
  readonly #sources = new Map<string, Source>();
  /** Names of those in which bytes wait, in the order in which they began to. */
  readonly #waiting = new Set<string>();
  #held = 0;
  #tooMany = false;
  readonly #unrecognised: Unrecognised[] = [];
  #telegrams = 0;
  #problems = 0;
  #lastTelegramAt: Date | null = null;
  #lastProblem: DlmsError | null = null;
  /** Since the last telegram. */
  #bytes = 0;
  #telling: DlmsError | null = null;
  readonly #unlisted = new Unlisted();

  readonly options: PushOptions;

  /**
   * `late`: what comes without a message, when a source falls silent. `counters`: those that were received, of all sources
   * together, since a telegram is no other one because it came another way. `conventions`: those that meters were found to
   * follow. `limit`: of sources. Of more, the one that was silent longest is given up; counters and conventions are not its own
   * and stay. `heldMost`: octets that wait in all of them.
   */
  constructor(
    options: PushOptions,
    private readonly late: (outgoing: readonly Outgoing[]) => void,
    counters: CounterMemory | null = null,
    conventions: CounterMemory | null = null,
    readonly limit = 20_000,
    readonly heldMost = HELD_MOST,
  ) {
    this.options = {
      ...options,
      replayGuard: new ReplayGuard(options.replay ?? 'accept', counters),
      confirmed: new ConfirmedConventions(conventions),
    };
    // Wrong settings are told now and not with the first bytes.
    new PushDecoder(this.options);
  }

  get seen(): Seen {
    return {
      telegrams: this.#telegrams,
      problems: this.#problems,
      lastTelegramAt: this.#lastTelegramAt,
      lastProblem: this.#lastProblem,
      tooMany: this.#tooMany ? this.limit : null,
    };
  }

  get unrecognised(): readonly Unrecognised[] {
    return this.#unrecognised;
  }

  /** A telegram that is text has begun and not ended: what comes next of this source is text, whatever it looks like. */
  continuesText(name: string): boolean {
    const source = this.#sources.get(name);
    return source?.timer !== undefined && source.text;
  }

  receive(name: string, topic: unknown, bytes: Uint8Array, { message = false, text = false }: Manner = {}): Outgoing[] {
    const { source, given } = this.#source(name, topic);
    source.text = text;
    this.#bytes += bytes.length;
    const unpacked = source.batches.receive(bytes, !source.waits);
    const events = unpacked.flatMap(each => received(source, each, message));
    const waitMs = source.waits || source.batches.waits ? (this.options.idleMs ?? IDLE_MS) : null;
    clearTimeout(source.timer);
    source.timer = waitMs === null ? undefined : setTimeout(() => this.late(this.end(name, false)), waitMs);
    this.#holds(name, source, waitMs === null ? 0 : source.held + bytes.length);
    return [...given, ...this.#outgoing(events, undefined), ...this.#relieved(name)];
  }

  #holds(name: string, source: Source, octets: number): void {
    this.#held += octets - source.held;
    source.held = octets;
    if (octets === 0) this.#waiting.delete(name);
    else this.#waiting.add(name);
  }

  /** Many sources that each begin something and never end it must not fill the memory: those that wait longest end. */
  #relieved(current: string): Outgoing[] {
    const given: Outgoing[] = [];
    for (const name of this.#waiting) {
      if (this.#held <= this.heldMost) break;
      if (name !== current) given.push(...this.end(name, false));
    }
    return given;
  }

  /** Nothing more comes from this source for now: what is unfinished comes out. `forget` it, too. */
  end(name: string, forget: boolean): Outgoing[] {
    const source = this.#sources.get(name);
    if (source === undefined) return [];
    clearTimeout(source.timer);
    source.timer = undefined;
    this.#holds(name, source, 0);
    if (forget) this.#sources.delete(name);
    const rest = source.batches.flush().flatMap(each => received(source, each, false));
    source.waits = false;
    return this.#outgoing([...rest, ...source.decoder.timeout().events], source.topic);
  }

  /** Drops what is buffered, of one source or of all. */
  reset(name: string | null): void {
    for (const [each, source] of this.#sources) {
      if (name !== null && name !== each) continue;
      clearTimeout(source.timer);
      source.timer = undefined;
      source.decoder.reset();
      source.batches.reset();
      source.waits = false;
      this.#holds(each, source, 0);
    }
  }

  /** Why no telegram came for so long: no bytes, bytes without a frame, or what was wrong with the frames. */
  silence(afterMs: number): DlmsError {
    if (this.#telling !== null) return this.#telling;
    if (this.#bytes > 0) return new DlmsError({ code: 'NO_FRAME', bytes: this.#bytes });
    return new DlmsError({ code: 'NO_BYTES', afterMs });
  }

  close(): void {
    for (const source of this.#sources.values()) clearTimeout(source.timer);
    this.#sources.clear();
    this.#waiting.clear();
  }

  #source(name: string, topic: unknown): { source: Source; given: Outgoing[] } {
    let source = this.#sources.get(name);
    this.#sources.delete(name);
    const given: Outgoing[] = [];
    if (source === undefined) {
      const decoder = new PushDecoder({ ...this.options, source: name });
      source = { decoder, batches: recordBatches(), topic, timer: undefined, waits: false, held: 0, text: false };
      if (this.#sources.size >= this.limit) {
        const [oldest] = this.#sources.keys();
        if (oldest !== undefined) given.push(...this.end(oldest, true));
        given.push(...this.#tooManySources());
      }
    }
    this.#sources.set(name, source);
    return { source, given };
  }

  /** Once: that the limit was reached. */
  #tooManySources(): Outgoing[] {
    if (this.#tooMany) return [];
    this.#tooMany = true;
    const { limit } = this;
    const what = 'sources of telegrams (those that were silent longest are given up; the form sets how many)';
    const error = new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit, actual: limit + 1 });
    const fields = problemFields(error, new Uint8Array(0), { source: 'push' });
    return [{ output: 1, fields, warning: error.message }];
  }

  #outgoing(events: readonly PushEvent[], topic: unknown): Outgoing[] {
    return events.flatMap((event): Outgoing[] => {
      const common = topic === undefined ? {} : { topic };
      if (event.type === 'telegram') {
        this.#telegrams++;
        this.#lastTelegramAt = new Date();
        this.#lastProblem = null;
        this.#bytes = 0;
        this.#telling = null;
        const { meter, time, readings } = event.telegram;
        const payload = { meter, time, receivedAt: this.#lastTelegramAt.toISOString(), readings };
        return [{ output: 0, fields: { ...common, payload, dlms: event.origin } }];
      }
      this.#problems++;
      if (!LINE_NOISE.has(event.error.code)) this.#telling = event.error;
      const told = this.#told(event.error);
      if (told === null) return [];
      this.#lastProblem = told;
      if (event.proposal !== undefined) this.#remember(event.proposal);
      const lasting = event.lasting === true || told !== event.error;
      return [
        {
          output: 1,
          fields: { ...common, ...problemFields(told, event.bytes, event.origin, event.proposal) },
          ...(lasting ? { warning: told.message } : {}),
        },
      ];
    });
  }

  /** null: it was told before. */
  #told(error: DlmsError): DlmsError | null {
    const { detail } = error;
    if (detail.code !== 'NO_KEY' || detail.table !== true || detail.systemTitle === null) return error;
    switch (this.#unlisted.heard(detail.systemTitle, Date.now())) {
      case 'tell':
        return error;
      case 'count':
        return null;
      case 'full': {
        const what = 'meters that are in no row of the table of keys and are told (further ones are only counted)';
        return new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit: LIMIT_TOLD, actual: LIMIT_TOLD + 1 });
      }
    }
  }

  #remember(layout: Layout): void {
    const shape = JSON.stringify(layout);
    const known = this.#unrecognised.findIndex(u => JSON.stringify(u.layout) === shape);
    if (known >= 0) this.#unrecognised.splice(known, 1);
    this.#unrecognised.unshift({ at: new Date().toISOString(), layout });
    this.#unrecognised.length = Math.min(this.#unrecognised.length, LIMIT_UNRECOGNISED);
  }
}

function received(source: Source, unpacked: Unpacked, message: boolean): readonly PushEvent[] {
  if ('error' in unpacked) return [{ type: 'problem', ...unpacked, origin: { source: 'push' } }];
  const { events, waitMs } = source.decoder.receive(unpacked.bytes, message || unpacked.record);
  source.waits = waitMs !== null;
  return events;
}

export function problemFields(error: DlmsError, bytes: Uint8Array, origin: Partial<Origin>, layout?: Layout): Fields {
  const payload = { code: error.code, message: error.message, hex: hex(bytes) };
  return { payload: layout === undefined ? payload : { ...payload, layout }, dlms: { ...origin, source: 'push' } };
}

/** Octets that wait in all sources together. */
const HELD_MOST = 64 * 2 ** 20;
const LIMIT_UNRECOGNISED = 8;
/** Problems that say nothing of frames: the line is to be checked. */
const LINE_NOISE: ReadonlySet<string> = new Set([
  'NO_FRAME',
  'HDLC_FCS',
  'HDLC_FRAME',
  'MBUS_CHECKSUM',
  'MBUS_FRAME',
  'INCOMPLETE',
]);
