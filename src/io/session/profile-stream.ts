// A profile while it is read: its head, its rows as they come, and what the meter accepted.
// The rule of the file: whatever ends the read settles all four, and a taker that leaves ends the read.

import type { MeterIdentity, ProfileAccess } from '../../core/client/meter-memory';
import type { ProfileEvent, ProfileHead, ProfileRead } from '../../core/client/profile-read';
import type { AttributeRef, Outcome } from '../../core/client/request';
import type { Data } from '../../core/cosem/data';
import type { ProfileRow } from '../../core/cosem/profile';
import type { OnPart } from './client-requests';
import { RowQueue } from './row-queue';

/** A profile while it is read. */
export interface ProfileStream {
  /** Whose rows these are. */
  readonly meter: Promise<MeterIdentity>;
  readonly head: Promise<ProfileHead>;
  /** Each row as soon as it is complete; throws what the read failed with. */
  readonly rows: AsyncIterable<ProfileRow>;
  /** What the meter accepted; settles with the last row. */
  readonly access: Promise<ProfileAccess>;
}

/** The side of a stream that is filled. */
export class ProfileFeed implements ProfileStream {
  readonly rows: RowQueue<ProfileRow>;
  readonly #meter = deferred<MeterIdentity>();
  readonly #head = deferred<ProfileHead>();
  readonly #access = deferred<ProfileAccess>();
  readonly meter = this.#meter.promise;
  readonly head = this.#head.promise;
  readonly access = this.#access.promise;
  #seen = false;
  #columns: ProfileHead | null = null;
  #who: MeterIdentity = { title: null, name: null };

  /** `note` takes what is worth a line in the log, `abandoned` is called when the taker stops before the end. */
  constructor(
    readonly note: (text: string) => void,
    abandoned: () => void,
  ) {
    this.rows = new RowQueue<ProfileRow>(ROWS_LIMIT, abandoned);
  }

  /** Rows have left: from now on the read cannot be begun anew. */
  get seen(): boolean {
    return this.#seen;
  }

  /** Who answers; said again where the read is begun anew. */
  of(meter: MeterIdentity): void {
    this.#who = meter;
  }

  /** Asks by `get` until the read is over. */
  async fill(
    read: ProfileRead,
    get: (refs: readonly AttributeRef[], onPart: OnPart | null) => Promise<Outcome<Data | null>[]>,
  ): Promise<void> {
    let turn = read.start();
    for (;;) {
      this.#take(turn.events);
      if (turn.ask === null) return;
      const part = turn.ask.stream ? (bytes: Uint8Array): void => this.#take(read.part(bytes)) : null;
      turn = read.answer(await get(turn.ask.refs, part));
    }
  }

  end(): void {
    this.rows.end();
  }

  fail(error: unknown): void {
    this.#meter.reject(error);
    this.#head.reject(error);
    this.#access.reject(error);
    this.rows.end(error);
  }

  /** Not before the first row: until then the read may be begun anew, and another meter may answer. */
  #settle(): RowQueue<ProfileRow> {
    if (this.#columns !== null) this.#head.resolve(this.#columns);
    this.#meter.resolve(this.#who);
    return this.rows;
  }

  #ended(access: ProfileAccess): void {
    this.#settle();
    this.#access.resolve(access);
  }

  #take(events: readonly ProfileEvent[]): void {
    for (const e of events) {
      if (e.type === 'columns') this.#columns = e.head;
      else if (e.type === 'row') this.#settle().push(e.row);
      else if (e.type === 'done') this.#ended(e.access);
      else if (e.type === 'note') this.note(e.text);
      else throw e.error;
      this.#seen ||= e.type === 'row';
    }
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  // Who only takes rows learns of a failure there; nothing may be left unhandled.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

const ROWS_LIMIT = 200_000;
