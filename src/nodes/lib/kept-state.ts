// Keeps the JSON state of one node across restarts: in a context store, or in a file of the user directory where no store
// was configured (a context in memory ends with the process). The rules: read once before the first message, written at
// most every second and when the node closes, gone with the node; a failure is told once and never stops a message.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeContext } from 'node-red';

export interface Place {
  /** undefined: nothing was kept yet. */
  read(): Promise<unknown>;
  write(state: unknown): Promise<void>;
  remove(): Promise<void>;
}

export class KeptState {
  /** Resolves, whatever happens, when the state of the run before was given to `load`. */
  readonly loaded: Promise<void>;
  #savedAtMs = 0;
  #saving: Promise<void> = Promise.resolve();
  #told = false;

  constructor(
    private readonly place: Place | null,
    private readonly source: { save(): unknown; load(saved: unknown): void },
    private readonly warn: (text: string) => void,
  ) {
    this.loaded = place === null ? Promise.resolve() : this.#try(async () => source.load(await place.read()));
  }

  changed(): void {
    if (Date.now() - this.#savedAtMs >= SAVE_EVERY_MS) void this.#save();
  }

  async close(removed: boolean): Promise<void> {
    const { place } = this;
    if (place === null) return;
    if (!removed) return this.#save();
    await this.#saving;
    await this.#try(() => place.remove());
  }

  #save(): Promise<void> {
    const { place } = this;
    if (place === null) return Promise.resolve();
    this.#savedAtMs = Date.now();
    // One after the other, so that an older state never overwrites a newer one.
    this.#saving = this.#saving.then(() => this.#try(() => place.write(this.source.save())));
    return this.#saving;
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#told) return;
      this.#told = true;
      this.warn(`The state is not kept across a restart: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** A context store by its name in settings.js. */
export function contextPlace(context: NodeContext, store: string): Place {
  const set = (value: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      context.set(CONTEXT_KEY, value, store, (error?: Error) => (error ? reject(error) : resolve()));
    });
  return {
    read: () =>
      new Promise((resolve, reject) => {
        context.get(CONTEXT_KEY, store, (error: Error | null, value: unknown) =>
          error ? reject(error) : resolve(value),
        );
      }),
    write: set,
    remove: () => set(undefined),
  };
}

/** A file; written whole beside the old one and renamed, so that a crash leaves the one or the other. */
export function filePlace(directory: string, name: string): Place {
  const path = join(directory, `${name.replace(/[^\w.-]/g, '_')}.json`);
  return {
    async read() {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as unknown;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(state) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    remove: () => rm(path, { force: true }),
  };
}

const CONTEXT_KEY = 'filter';
const SAVE_EVERY_MS = 1000;
