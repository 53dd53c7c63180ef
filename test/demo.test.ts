import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { PROJECT } from './node-red-process';

describe('npm run demo', () => {
  it('says that its port is in use, starts on another, shows readings and the profile, and ends with Ctrl-C', async function () {
    this.timeout(40_000);
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', () => resolve()));
    const { port } = taken.address() as AddressInfo;
    const child = spawn(process.execPath, [join(PROJECT, 'dist', 'scripts', 'demo.js')], {
      cwd: PROJECT,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    let told: () => void = () => undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        text += String(chunk);
        told();
      });
    }
    const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)));
    const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        const more = new Promise<void>(resolve => (told = resolve));
        await Promise.race([more, ended.then(code => assert.fail(`the demo ended with ${code}:\n${text}`))]);
      }
    };
    try {
      await until(new RegExp(`Port ${port} is in use`));
      const [, address = ''] = await until(/(http:\/\/127\.0\.0\.1:\d+\/)/);
      await until(/1-0:1\.8\.0\*255 +\d+ Wh +Active energy import/);
      await until(/row: \d{4} rows in all/);
      const page = await fetch(address, { headers: { connection: 'close' } });
      assert.match(await page.text(), /<title>Node-RED<\/title>/);
      child.kill('SIGINT');
      assert.equal(await ended, 0, text);
      assert.doesNotMatch(text, /INTERNAL|internal error|Uncaught/);
    } finally {
      child.kill('SIGKILL');
      taken.close();
    }
  });
});
