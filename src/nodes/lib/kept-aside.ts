// Copies of state files that could not be read as a whole, beside the file. The rule: what was there is never lost to a
// new state that begins without it.

import { constants, copyFileSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { codeOf } from '../../io/transport/net-errors';

/** The name of the copy: the file's with `.damaged` behind it, numbered from the second on. */
export async function keepAside(path: string): Promise<string> {
  for (const [copy, flags] of copies(path)) {
    try {
      await copyFile(path, copy, flags);
      return copy;
    } catch (error) {
      if (!isThere(error)) throw error;
    }
  }
  return path;
}

/** The same, where a state is read before anything else runs. */
export function keepAsideSync(path: string): string {
  for (const [copy, flags] of copies(path)) {
    try {
      copyFileSync(path, copy, flags);
      return copy;
    } catch (error) {
      if (!isThere(error)) throw error;
    }
  }
  return path;
}

/** With the node that they belonged to. */
export async function removeAside(path: string): Promise<void> {
  for (const [copy] of copies(path)) await rm(copy, { force: true });
}

/** Of many damages the last copy is written over; a disk is not filled with them. */
function* copies(path: string): Generator<[string, number]> {
  for (let n = 1; n <= COPIES; n++) {
    yield [n === 1 ? `${path}.damaged` : `${path}.damaged-${n}`, n < COPIES ? constants.COPYFILE_EXCL : 0];
  }
}

function isThere(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

const COPIES = 9;
