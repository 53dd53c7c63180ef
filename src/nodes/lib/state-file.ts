// What has to survive a restart and may be small: where the last profile read ended. One small JSON file a
// connection. The rules: written whole to a second file and renamed, so that a crash leaves the old or the new one;
// never a key or a password in it; without a writable directory everything works until the restart, and that is told once.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { keepAsideSync } from './kept-aside';
import { codeOf } from '../../io/transport/net-errors';

export class StateFile {
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

  /** Kept before it returns, even when the power goes now. */
  set(key: string, value: number): void {
    if (this.#values[key] === value) return;
    this.#values = { ...this.#values, [key]: value };
    this.#save(this.#values);
  }

  #save(values: Readonly<Record<string, number>>): void {
    if (this.#path === null) return;
    try {
      const next = `${this.#path}.new`;
      mkdirSync(join(this.#path, '..'), { recursive: true });
      writeFileSync(next, JSON.stringify(values, null, 1), { mode: 0o600, flush: true });
      renameSync(next, this.#path);
    } catch (error) {
      this.#tell(error);
    }
  }

  #load(): Record<string, number> {
    if (this.#path === null) return {};
    try {
      const text = readFileSync(this.#path, 'utf8');
      const [values, whole] = valuesOf(text);
      if (whole) return values;
      this.#warn(`${this.#path} was damaged: it was kept as ${keepAsideSync(this.#path)}, the rest is used`);
      // So that the next start does not say it again.
      this.#save(values);
      return values;
    } catch (error) {
      // The first time there is no file.
      if (codeOf(error) !== 'ENOENT') this.#tell(error);
      return {};
    }
  }

  #tell(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#warn(`Positions of profile reads are not kept across a restart: ${reason}`);
  }
}

/** Counters, positions and lists lie in the user directory, beside the flows. */
export function stateDirectory(RED: NodeAPI): string | null {
  const dir: unknown = RED.settings.userDir;
  return typeof dir === 'string' && dir !== '' ? join(dir, 'dlms') : null;
}

/** What can be read of a file, and whether that was all of it. */
function valuesOf(text: string): [Record<string, number>, boolean] {
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : null;
    const numbers = (entries ?? []).filter((e): e is [string, number] => typeof e[1] === 'number' && isFinite(e[1]));
    return [Object.fromEntries(numbers), numbers.length === entries?.length];
  } catch {
    return [{}, false];
  }
}
