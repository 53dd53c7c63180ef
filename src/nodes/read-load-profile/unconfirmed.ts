// Rows that have left and that nobody has confirmed yet: the position moves when the flow says that they are stored.
// The rules of the file: the position never passes a row that was not confirmed; what is not confirmed in time is read again;
// nothing of it is kept over a restart, so that after one the unconfirmed rows are read again.

import type { MeterIdentity } from '../../core/client/meter-memory';
import type { LastRead } from './last-read';

/** One read. Its rows count when it has come to its end: some meters send the newest first. */
export interface UnconfirmedRead {
  /** What a message carries as `msg.confirm`, and brings back when the rows that left with it are stored. */
  token(): string;
  /** All rows have left. */
  ended(newestMs: number | null): void;
  /** It broke off: its rows are read again. */
  broken(): void;
}

interface Read {
  readonly position: LastRead;
  readonly who: MeterIdentity;
  readonly open: Set<string>;
  newestMs: number | null;
  isEnded: boolean;
  /** When something of it was sent or confirmed last. */
  touchedMs: number;
}

export class Unconfirmed {
  /** By the name of the position, in the order in which they began. */
  readonly #reads = new Map<string, Read[]>();
  readonly #byToken = new Map<string, Read>();
  #count = 0;

  /** `mine`: what tokens of this node begin with. */
  constructor(
    readonly mine: string,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Up to where rows are on their way and in time; null: none are. What is too late is given up, to be read again. */
  upTo(name: string, withinMs: number): { readonly newestMs: number | null; readonly late: boolean } {
    const reads = this.#reads.get(name) ?? [];
    const late = reads.some(read => this.nowMs() - read.touchedMs > withinMs);
    if (late) {
      for (const read of reads) this.#forget(read);
      this.#reads.delete(name);
      return { newestMs: null, late };
    }
    const times = reads.flatMap(({ newestMs, isEnded }) => (isEnded && newestMs !== null ? [newestMs] : []));
    return { newestMs: times.length === 0 ? null : Math.max(...times), late };
  }

  begin(position: LastRead, who: MeterIdentity): UnconfirmedRead {
    const name = position.nameOf(who);
    const read: Read = { position, who, open: new Set(), newestMs: null, isEnded: false, touchedMs: this.nowMs() };
    this.#reads.set(name, [...(this.#reads.get(name) ?? []), read]);
    return {
      token: () => {
        const token = `${this.mine}:${START}-${this.#count++}`;
        read.open.add(token);
        read.touchedMs = this.nowMs();
        this.#byToken.set(token, read);
        return token;
      },
      ended: newestMs => {
        read.isEnded = true;
        read.newestMs = newestMs;
        this.#advance(name);
      },
      broken: () => {
        this.#forget(read);
        this.#reads.set(
          name,
          (this.#reads.get(name) ?? []).filter(other => other !== read),
        );
      },
    };
  }

  /** Whether `confirm` is of this node: such a message asks for nothing else. */
  isMine(confirm: unknown): boolean {
    return tokensIn(confirm).some(token => token.startsWith(`${this.mine}:`));
  }

  /** How many were open and are confirmed now; what is not known any more is read again anyway. */
  confirm(confirm: unknown): number {
    let count = 0;
    for (const token of tokensIn(confirm)) {
      const read = this.#byToken.get(token);
      if (read === undefined) continue;
      count++;
      this.#byToken.delete(token);
      read.open.delete(token);
      read.touchedMs = this.nowMs();
      this.#advance(read.position.nameOf(read.who));
    }
    return count;
  }

  /** The position moves over what is confirmed from the first read on. */
  #advance(name: string): void {
    const reads = this.#reads.get(name) ?? [];
    while (reads[0]?.isEnded === true && reads[0].open.size === 0) {
      const { position, who, newestMs } = reads.shift() as Read;
      if (newestMs !== null) position.keep(who, newestMs);
    }
    if (reads.length === 0) this.#reads.delete(name);
  }

  #forget(read: Read): void {
    for (const token of read.open) this.#byToken.delete(token);
  }
}

function tokensIn(confirm: unknown): string[] {
  return (Array.isArray(confirm) ? confirm : [confirm]).filter(token => typeof token === 'string');
}

/** Tokens of the run before confirm nothing in this one. */
const START = Date.now().toString(36);
