// Invocation counters on the disk: for each fingerprint a directory of empty files whose names say which numbers are given
// away, `<fingerprint>/<end>`. Names cannot be half written, so no crash, full disk or second process damages them.
// `<fingerprint>/settled` beside them says that a meter has shown that it counts there.
// The rules: the highest end counts; a new one stands when it is on the disk and no higher one is there; only then go the
// lower ones, the lowest first; what is no such name is left alone.

import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LAST_COUNTER } from '../../core/security';
import { DlmsError } from '../../core/wire/errors';
import { codeOf } from '../../io/transport/net-errors';
import { stretchOf, type CounterStore, type Kept, type Stretch, type Wanted } from '../../io/session/counter-store';

/** What older versions kept, by system title. */
export interface OlderCounters {
  /** Some of it could not be read: a key and title that are new here may have been used before. */
  readonly lost: boolean;
  highest(systemTitle: Uint8Array): number | null;
}

export class CounterDirectory implements CounterStore {
  #told = false;

  constructor(
    readonly path: string,
    readonly older: OlderCounters,
    readonly tell: (text: string) => void,
  ) {}

  get forgetful(): boolean {
    return this.older.lost;
  }

  async free(fingerprint: string, systemTitle: Uint8Array): Promise<Kept | null> {
    return await saved(async () => {
      const { ends, settled } = await this.#list(fingerprint);
      const next = ends.at(-1);
      if (next !== undefined) return { next, settled };
      const older = this.older.highest(systemTitle);
      return older === null ? null : { next: older, settled: true };
    });
  }

  async reserve(fingerprint: string, wanted: Wanted): Promise<Stretch> {
    return await saved(async () => {
      const mine = join(this.path, fingerprint);
      const first = await mkdir(mine, { recursive: true, mode: 0o700 });
      // What is on the disk has to be reachable from there.
      if (first !== undefined) for (const made of [mine, this.path, first]) await sync(dirname(made));
      for (;;) {
        const stretch = await this.#try(fingerprint, wanted);
        if (stretch !== null) return stretch;
      }
    });
  }

  /** Null: somebody else was faster, and there is a higher end now. */
  async #try(fingerprint: string, wanted: Wanted): Promise<Stretch | null> {
    const free = (await this.free(fingerprint, wanted.systemTitle))?.next ?? 0;
    const { from, end } = stretchOf(free, wanted);
    const mine = join(this.path, nameOf(fingerprint, end));
    if (!(await create(mine))) return null;
    try {
      await sync(dirname(mine));
    } catch (error) {
      // Not ours, and of no use to anybody.
      await rm(mine, { force: true });
      throw error;
    }
    const { ends, settled } = await this.#list(fingerprint);
    // Who has a higher end removes ours as it removes all lower ones, ours before the one that we may have overlooked.
    if ((ends.at(-1) ?? 0) > end || !(await exists(mine))) return null;
    // Another one may have been made between the two looks; its numbers are not ours.
    const lower = ends.filter(other => other < end);
    for (const other of lower) await rm(join(this.path, nameOf(fingerprint, other)), { force: true });
    // Missed in a crash it is made with the next reservation.
    if (wanted.settled && !settled) await create(join(this.path, fingerprint, SETTLED));
    return { from: Math.max(from, lower.at(-1) ?? 0), end };
  }

  /** Of one fingerprint, the lowest end first. */
  async #list(fingerprint: string): Promise<{ readonly ends: number[]; readonly settled: boolean }> {
    let names: string[];
    try {
      names = await readdir(join(this.path, fingerprint));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return { ends: [], settled: false };
      throw error;
    }
    const ends: number[] = [];
    for (const name of names) {
      const end = NAME.test(name) ? Number(name) : Infinity;
      if (end <= LAST_COUNTER) ends.push(end);
      else if (name !== SETTLED) this.#foreign(join(fingerprint, name));
    }
    return { ends: ends.sort((a, b) => a - b), settled: names.includes(SETTLED) };
  }

  #foreign(name: string): void {
    if (this.#told) return;
    this.#told = true;
    this.tell(`${join(this.path, name)} is no file of an invocation counter; it was left alone`);
  }
}

function nameOf(fingerprint: string, end: number): string {
  return join(fingerprint, String(end).padStart(DIGITS, '0'));
}

/** On the disk when it resolves, but for its name in the directory. False: it is there already, by somebody else. */
async function create(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function sync(path: string): Promise<void> {
  // Windows opens no directories; there the file system writes names by itself.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems have no fsync for directories (vboxsf, 9p, CIFS before Linux 4.17); they write names by themselves.
    if (!(NO_SYNC.has(codeOf(error)) && (await handle.stat()).isDirectory())) throw error;
  } finally {
    await handle.close();
  }
}

async function saved<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DlmsError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DlmsError({
      code: 'STATE_NOT_SAVED',
      what: 'the invocation counter',
      reason: `${reason}; nothing was sent`,
    });
  }
}

const DIGITS = 10;
const NO_SYNC: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF', 'EISDIR']);
const SETTLED = 'settled';
const NAME = /^\d{10}$/;
