// A pair of pseudo terminals by socat, for tests of serial ports; null when socat is not installed.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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
  const folder = mkdtempSync(join(tmpdir(), 'serial-pair-'));
  const [near, far] = [join(folder, 'near'), join(folder, 'far')];
  const child: ChildProcess = spawn('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`], {
    stdio: 'ignore',
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  for (let n = 0; n < 500 && !(existsSync(near) && existsSync(far)); n++) await sleep(10);
  return {
    near,
    far,
    pull: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
