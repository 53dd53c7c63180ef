// One queue for each physical line across the process: whoever shares a line waits for the others.
// The rule of the file: an item that fails or is aborted never hurts the ones behind it.

import { DlmsError } from '../../core/wire/errors';

export interface Turn {
  /** The transport's lineKey. */
  readonly lineKey: string;
  /** For the error, e.g. the transport's `where`. */
  readonly where: string;
  /** Leaves the queue without having run; a running item has to watch the signal itself. */
  readonly signal?: AbortSignal | undefined;
  /** Waits even where the limit is reached; for what frees the line. */
  readonly always?: boolean;
}

export class LineQueues {
  readonly #lines = new Map<string, Line>();

  /** @param limit how many may wait for one line; the one that runs is not counted. */
  constructor(readonly limit = 100) {}

  /**
   * Runs `work` when the line is free, in the order of the calls.
   * @throws QUEUE_FULL at once, ABORTED or the signal's reason when it fires before its turn, else what `work` throws.
   */
  run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    const { lineKey, where, signal } = turn;
    if (signal?.aborted === true) return Promise.reject(aborted(where, signal));
    const line = this.#lines.get(lineKey) ?? { busy: false, waiting: [] };
    this.#lines.set(lineKey, line);
    if (line.busy && line.waiting.length >= this.limit && turn.always !== true) {
      return Promise.reject(new DlmsError({ code: 'QUEUE_FULL', where, limit: this.limit }));
    }
    return new Promise<T>((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', leave);
        line.busy = true;
        // In a tick of its own, so that a work that throws at once is a failed work and no failed caller.
        Promise.resolve()
          .then(work)
          .then(resolve, reject)
          .finally(() => this.#next(lineKey, line));
      };
      const leave = (): void => {
        const at = line.waiting.indexOf(start);
        if (at === -1) return;
        line.waiting.splice(at, 1);
        reject(aborted(where, signal));
      };
      if (!line.busy) return start();
      line.waiting.push(start);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** How many wait or run on a line. */
  length(lineKey: string): number {
    const line = this.#lines.get(lineKey);
    return line === undefined ? 0 : line.waiting.length + (line.busy ? 1 : 0);
  }

  #next(lineKey: string, line: Line): void {
    line.busy = false;
    const start = line.waiting.shift();
    if (start !== undefined) start();
    else this.#lines.delete(lineKey);
  }
}

interface Line {
  busy: boolean;
  readonly waiting: (() => void)[];
}

/** The reason of the signal, if it is one of ours. */
function aborted(where: string, signal: AbortSignal | undefined): DlmsError {
  const reason: unknown = signal?.reason;
  return reason instanceof DlmsError
    ? reason
    : new DlmsError({ code: 'ABORTED', what: `a request waiting for ${where}` });
}

/** The queues of this process. */
export const lineQueues = new LineQueues();
