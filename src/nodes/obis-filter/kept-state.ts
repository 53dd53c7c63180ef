// Keeps the JSON state of one node across restarts: in a context store, or in a file of the user directory where no store
// was configured (a context in memory ends with the process). The rules: read once before the first message, written at
// most every second and when the node closes, gone with the node; never written over what could not be read; a failure is
// told once and never stops a message.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeContext } from 'node-red';
import { codeOf } from '../../io/transport/net-errors';
import { keepAside, removeAside } from '../lib/kept-aside';

export interface Place {
  /** undefined: nothing was kept yet. Rejects where it is not known what was kept; then it is not written over. */
  read(warn: (text: string) => void): Promise<unknown>;
  write(state: unknown): Promise<void>;
  remove(): Promise<void>;
}

export class KeptState {
  /** Resolves, whatever happens, when the state of the run before was given to `load`, or could not be read. */
  readonly loaded: Promise<void>;
  /** The state of the run before is known; until then nothing may be written over it. */
  #known = false;
  #changed = false;
  #savedAtMs = -Infinity;
  #saving: Promise<void> = Promise.resolve();
  #told = false;

  constructor(
    private readonly place: Place | null,
    private readonly source: { save(): unknown; load(saved: unknown): void },
    private readonly warn: (text: string) => void,
    /** Never set back or forward, as the time of day is. */
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.loaded = place === null ? Promise.resolve() : this.#try(() => this.#load(place));
  }

  changed(): void {
    this.#changed = true;
    if (this.monotonicMs() - this.#savedAtMs >= SAVE_EVERY_MS) void this.#save();
  }

  async close(removed: boolean): Promise<void> {
    const { place } = this;
    if (place === null) return;
    if (!removed) {
      // Closed before it was loaded: there is nothing new, and the next run may be reading already.
      if (this.#known || this.#changed) await this.#save();
      return;
    }
    await this.#saving;
    await this.#try(() => place.remove());
  }

  #save(): Promise<void> {
    const { place } = this;
    if (place === null) return Promise.resolve();
    this.#savedAtMs = this.monotonicMs();
    // One after the other, so that an older state never overwrites a newer one.
    this.#saving = Promise.all([this.#saving, this.loaded]).then(() =>
      this.#try(async () => {
        if (!this.#known) await this.#load(place);
        await place.write(this.source.save());
      }),
    );
    return this.#saving;
  }

  async #load(place: Place): Promise<void> {
    this.source.load(await place.read(this.warn));
    this.#known = true;
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

/**
 * A file; written whole beside the old one and renamed, so that a crash leaves the one or the other. One that is damaged all
 * the same is kept aside for whoever can still read it.
 */
export function filePlace(directory: string, name: string): Place {
  const path = join(directory, `${name.replace(/[^\w.-]/g, '_')}.json`);
  return {
    async read(warn) {
      let content: string;
      try {
        content = await readFile(path, 'utf8');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
      try {
        return JSON.parse(content) as unknown;
      } catch {
        const copy = await keepAside(path);
        warn(
          `The kept state is damaged, probably by a full disk or a power cut: it begins anew, the old file was kept as ${copy}`,
        );
        return undefined;
      }
    },
    async write(state) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    async remove() {
      for (const each of [path, `${path}.new`]) await rm(each, { force: true });
      await removeAside(path);
    },
  };
}

const CONTEXT_KEY = 'filter';
const SAVE_EVERY_MS = 1000;
