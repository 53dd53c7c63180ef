// What a push decoder keeps of its meters as numbers, over restarts: a file of each kind a node, gone with the node.
// The rules of the file: keys are in it as fingerprints only; nothing is judged before the file was read, or could not be.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CounterMemory } from '../../core/push';
import { DlmsError } from '../../core/wire/errors';
import { inTime } from '../../io/session/counter-keeper';
import { removeAside } from '../lib/kept-aside';
import { NumberJournal } from '../lib/number-journal';

/** A kind of numbers. */
export interface Kept {
  /** In the plural, as the sentences about them begin. */
  readonly what: string;
  /** Beginning of the name of the file. */
  readonly file: string;
  /** Of more the one that was not used for longest goes. */
  readonly limit: number;
}

/** The highest counters: verified and unverified ones of each meter that the guard knows, and as many again. */
export const RECEIVED_COUNTERS: Kept = { what: 'Counters of received telegrams', file: 'received', limit: 200_000 };
/** Which convention a meter was found to follow, or not to. */
export const CONFIRMED_CONVENTIONS: Kept = {
  what: 'Conventions that meters were found to follow',
  file: 'conventions',
  limit: 200_000,
};

export class NodeNumbers implements CounterMemory {
  readonly #journal: NumberJournal;
  readonly #path: string | null;
  #ready = false;
  #waiting: (() => void)[] = [];

  /** `directory` null: they live as long as the process. `tell` gets what went wrong with the file, once until it is mended. */
  constructor(
    private readonly kept: Kept,
    directory: string | null,
    nodeId: string,
    tell: (error: DlmsError) => void,
  ) {
    const { what, file, limit } = kept;
    this.#path = directory === null ? null : join(directory, `${file}-${nodeId.replace(/[^\w.-]/g, '_')}.txt`);
    this.#journal = new NumberJournal({
      what,
      path: this.#path,
      limit,
      tell: reason => tell(new DlmsError({ code: 'STATE_NOT_SAVED', what, reason })),
      full: () =>
        tell(
          new DlmsError({
            code: 'LIMIT_EXCEEDED',
            what: `${what} (the oldest are forgotten)`,
            limit,
            actual: limit + 1,
          }),
        ),
    });
    if (this.#path === null) {
      tell(new DlmsError({ code: 'STATE_NOT_SAVED', what, reason: 'there is no user directory' }));
      this.#ready = true;
    } else {
      const late = setTimeout(() => {
        tell(new DlmsError({ code: 'STATE_NOT_SAVED', what, reason: 'the disk does not answer' }));
        this.#proceed();
      }, READ_MS);
      void this.#journal.loaded.then(() => {
        clearTimeout(late);
        this.#proceed();
      });
    }
  }

  /**
   * Does the work at once where the file was read, else then, in the order of the calls; or when the node closes, which the
   * work has to look for, as for its own errors. QUEUE_FULL where too much waits.
   */
  whenReady(work: () => void): void {
    if (this.#ready) return work();
    if (this.#waiting.length >= LIMIT_WAITING) {
      throw new DlmsError({
        code: 'QUEUE_FULL',
        where: `the file of ${this.kept.what.toLowerCase()}`,
        limit: LIMIT_WAITING,
      });
    }
    this.#waiting.push(work);
  }

  last(id: string): number | undefined {
    return this.#journal.get(id) ?? undefined;
  }

  remember(id: string, counter: number): void {
    // Unverified counters may begin anew below.
    if (counter < (this.#journal.get(id) ?? 0)) this.#journal.forget(id);
    this.#journal.raise(id, counter);
  }

  async close(removed: boolean): Promise<void> {
    this.#proceed();
    await inTime(this.#journal.close()).catch(() => undefined);
    if (!removed || this.#path === null) return;
    for (const each of [this.#path, `${this.#path}.new`]) await rm(each, { force: true });
    await removeAside(this.#path);
  }

  #proceed(): void {
    this.#ready = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const work of waiting) work();
  }
}

/** What the disk has not told by then does not hold up what comes. */
const READ_MS = 10_000;
/** Messages and pieces that come before the file was read. */
const LIMIT_WAITING = 1000;
