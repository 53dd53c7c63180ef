// What has to survive a restart: invocation counters and where the last profile read ended. One small JSON file a
// connection. The rules: written whole to a second file and renamed, so that a crash leaves the old or the new one;
// never a key or a password in it; without a writable directory everything works until the restart, and that is told once.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeAPI } from 'node-red';

export class StateFile {
  /** The same object for the same name, so that nobody writes over what another one has kept. */
  static shared(directory: string | null, name: string, warn: (text: string) => void): StateFile {
    const key = `${directory ?? ''}/${name}`;
    const file = SHARED.get(key) ?? new StateFile(directory, name, warn);
    SHARED.set(key, file);
    return file;
  }

  readonly #path: string | null;
  readonly #warn: (text: string) => void;
  #values: Record<string, number>;
  #told = false;

  /** `directory` null: nothing is kept. `name` becomes the file's name; other characters than word characters are replaced. */
  constructor(directory: string | null, name: string, warn: (text: string) => void) {
    this.#warn = warn;
    this.#path = directory === null ? null : join(directory, `${name.replace(/[^\w.-]/g, '_')}.json`);
    this.#values = this.#load();
  }

  get(key: string): number | null {
    return this.#values[key] ?? null;
  }

  /** Kept before it returns: a counter that was used is never used again, even when the power goes now. */
  set(key: string, value: number): void {
    if (this.#values[key] === value) return;
    this.#values = { ...this.#values, [key]: value };
    if (this.#path === null) return;
    try {
      const next = `${this.#path}.new`;
      mkdirSync(join(this.#path, '..'), { recursive: true });
      writeFileSync(next, JSON.stringify(this.#values, null, 1), { mode: 0o600, flush: true });
      renameSync(next, this.#path);
    } catch (error) {
      this.#tell(error);
    }
  }

  #load(): Record<string, number> {
    if (this.#path === null) return {};
    try {
      const parsed: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
      return Object.fromEntries(entries.filter((e): e is [string, number] => typeof e[1] === 'number'));
    } catch (error) {
      // The first time there is no file; a damaged one is told and begun anew (a meter corrects a counter that is too low).
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) this.#tell(error);
      return {};
    }
  }

  #tell(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#warn(`Counters and positions are not kept across a restart: ${reason}`);
  }
}

/** Counters and positions lie in the user directory, beside the flows. */
export function stateDirectory(RED: NodeAPI): string | null {
  const dir: unknown = RED.settings.userDir;
  return typeof dir === 'string' && dir !== '' ? join(dir, 'dlms') : null;
}

/**
 * Invocation counters of all connections: two of them may lead to one meter with one key, and no counter of a key is ever
 * used twice. A deploy makes new nodes; the counters stay.
 */
export function sharedCounters(RED: NodeAPI, warn: (text: string) => void): StateFile {
  return StateFile.shared(stateDirectory(RED), 'counters', warn);
}

/** Files that several nodes share; they live as long as the process. */
const SHARED = new Map<string, StateFile>();
