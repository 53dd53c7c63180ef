// Copies of state files that could not be read as a whole, beside the file. The rule: what was there is never lost to a
// new state that begins without it.

import { copyFile, constants } from 'node:fs/promises';

/** The name of the copy: the file's with `.damaged` behind it, numbered from the second on. */
export async function keepAside(path: string): Promise<string> {
  for (let n = 1; ; n++) {
    const copy = n === 1 ? `${path}.damaged` : `${path}.damaged-${n}`;
    try {
      // Of many damages the last copy is written over; a disk is not filled with them.
      await copyFile(path, copy, n < COPIES ? constants.COPYFILE_EXCL : 0);
      return copy;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

const COPIES = 9;
