// A pair of pseudo terminals by socat, for tests of serial ports; null when socat is not installed.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SerialPair {
  readonly near: string;
  readonly far: string;
  /** Both ends vanish, as when a USB adapter is pulled. */
  pull(): Promise<void>;
}

export const SOCAT_MISSING = 'skipped: socat is not installed (apt-get install socat)';

export function hasSocat(): boolean {
  return spawnSync('socat', ['-V']).status === 0;
}

export async function serialPair(): Promise<SerialPair> {
  const pair = movable();
  await pair.plug();
  return pair;
}

/** One that comes back under the same names, as an adapter that is plugged in again. */
export interface Movable extends SerialPair {
  plug(): Promise<void>;
}

export function movable(): Movable {
  const folder = mkdtempSync(join(tmpdir(), 'serial-pair-'));
  const [near, far] = [join(folder, 'near'), join(folder, 'far')];
  let child: ChildProcess | null = null;
  return {
    near,
    far,
    plug: async () => {
      mkdirSync(folder, { recursive: true });
      child = spawn('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`], { stdio: 'ignore' });
      for (let n = 0; n < 500 && !(existsSync(near) && existsSync(far)); n++) await sleep(10);
    },
    pull: async () => {
      if (child === null) return;
      const ended = new Promise(resolve => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      child = null;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
