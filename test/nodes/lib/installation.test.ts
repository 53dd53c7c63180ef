import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { AttributeRef } from '../../../src/core/client/request';
import { Obis } from '../../../src/core/obis/obis';
import { hex, unhex } from '../../../src/core/wire/hex';
import { Lines } from '../../../src/io/line/line';
import { LineQueues } from '../../../src/io/line/line-queue';
import type { Installation } from '../../../src/io/session/own-side';
import { Received } from '../../../src/io/session/received-counters';
import { Session } from '../../../src/io/session/session';
import { parseSettings } from '../../../src/io/settings/settings';
import { CounterDirectory } from '../../../src/nodes/lib/counter-directory';
import { installed } from '../../../src/nodes/lib/installation';
import { NumberJournal } from '../../../src/nodes/lib/number-journal';
import { defaultAccounts } from '../../../src/sim/accounts';
import { DEFAULT_KEYS, type SimulatedMeter } from '../../../src/sim/meter';
import { serveTcp, simulatedMeter } from '../../../src/sim/server';
import { repeated, wireTap, type Tap } from '../../io/wire-tap';

const FINGERPRINT = 'a'.repeat(32);
const NAME: AttributeRef = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
const KEYS = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
const accounts = [
  ...defaultAccounts(),
  { client: 30, authentication: 'none', secret: new Uint8Array(0), security: 'authentication-encryption' } as const,
];

describe('what an installation keeps', () => {
  let dir = '';
  const told: string[] = [];
  const closing: (() => unknown)[] = [];
  const open = (): Required<Installation> => installed(dir, text => told.push(text));

  beforeEach(() => {
    dir = join(mkdtempSync(join(tmpdir(), 'dlms-installation-')), 'dlms');
    told.length = 0;
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    rmSync(join(dir, '..'), { recursive: true, force: true });
  });

  async function meterBehindTap(): Promise<{ meter: SimulatedMeter; tap: Tap }> {
    const meter = simulatedMeter({ accounts, clientCounter: 0 });
    const server = await serveTcp(meter, { framing: 'wrapper' });
    const tap = await wireTap(server.port);
    closing.push(
      () => tap.close(),
      () => server.close(),
    );
    return { meter, tap };
  }

  function sessionWith(installation: Installation, port: number, properties: object = {}): Session {
    const settings = parseSettings(
      {
        host: '127.0.0.1',
        port,
        interface: 'wrapper',
        clientAddress: 30,
        security: 'authentication-encryption',
        ...properties,
      },
      KEYS,
    );
    const session = new Session(settings, { lines: new Lines(new LineQueues()), ...installation });
    closing.unshift(() => session.close());
    return session;
  }

  it('is a client system title that no other installation has, the same after a restart', () => {
    const title = hex(open().systemTitle);
    assert.match(title, /^4d464c[0-9a-f]{10}$/);
    assert.equal(hex(open().systemTitle), title);
    rmSync(dir, { recursive: true });
    assert.notEqual(hex(open().systemTitle), title);
    assert.deepEqual(told, []);
  });

  it('is another title where the file of it is damaged, which is told and kept aside', () => {
    const title = hex(open().systemTitle);
    writeFileSync(join(dir, 'system-title'), title.slice(0, 9));
    const next = hex(open().systemTitle);
    assert.notEqual(next, title);
    assert.equal(hex(open().systemTitle), next);
    assert.equal(readFileSync(join(dir, 'system-title.damaged'), 'utf8'), title.slice(0, 9));
    assert.equal(told.length, 1);
  });

  it('does not fall behind the numbers of an older version, whatever of them can be read', async () => {
    mkdirSync(dir, { recursive: true });
    const before =
      '{"counter a:1 1/ 4d464c0000000001": 500, "counter b:1 1/17 4d464c0000000001": 4711, "x": -5,' +
      ' "counter c:1 1/ 4d464c0000000002": 1e400, "counter d:1 1/ 4d464c0000000003": 4294967296,' +
      ' "counter e:1 1/ 4d464c0000000004": 12.5, "counter f:1 1/ 4d464c0000000004": "8"}';
    writeFileSync(join(dir, 'counters.json'), before);
    const next = async (title: string): Promise<unknown> =>
      (await open().counters.free(FINGERPRINT, unhex(title)))?.next ?? null;
    assert.equal(await next('4d464c0000000001'), 4711);
    assert.equal(await next('4d464c0000000002'), null);
    assert.equal(await next('4d464c0000000004'), null);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /counters\.json was damaged: it was kept as .*counters\.json\.damaged/);
    assert.equal(readFileSync(join(dir, 'counters.json.damaged'), 'utf8'), before);
    const wanted = { systemTitle: unhex('4d464c0000000003'), floor: 1, count: 256, settled: false };
    await assert.rejects(open().counters.reserve(FINGERPRINT, wanted), { code: 'KEY_USED_UP' });
  });

  for (const text of ['{"counter a:1 1/ 4d464c0000000001": 500', '\u0000'.repeat(64), '', '[7]']) {
    it(`is not lost with a counters.json that holds ${JSON.stringify(text.slice(0, 12))}`, () => {
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'counters.json'), text);
      open();
      open();
      assert.equal(told.length, 1);
      assert.equal(readFileSync(join(dir, 'counters.json.damaged'), 'utf8'), text);
    });
  }

  it('begins above the number of the meter where older numbers were lost, and sends nothing where it tells none', async () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'counters.json'), '{"counter a:1 1/ 4d464c0000000001": 5');
    const { tap, meter } = await meterBehindTap();
    const title = { systemTitle: '4d464c0000000001' };
    for (let run = 0; run < 2; run++) {
      await assert.rejects(sessionWith(open(), tap.port, { ...title, counterObject: '-' }).get(NAME), {
        code: 'STATE_NOT_SAVED',
      });
    }
    assert.deepEqual(tap.sent, []);
    await sessionWith(open(), tap.port, title).get(NAME);
    await sessionWith(open(), tap.port, { ...title, counterObject: '-' }).get(NAME);
    assert.ok(meter.clientCounter > 1);
    assert.deepEqual(repeated(tap.sent), []);
  });

  it('is nothing where there is a file in place of the directory: said once, and with a title of this run only', async () => {
    mkdirSync(join(dir, '..'), { recursive: true });
    writeFileSync(dir, 'a file');
    const [a, b] = [open(), open()];
    assert.equal(told.length, 2);
    assert.match(told[0] ?? '', /^Invocation counters are not kept across a restart: /);
    assert.notEqual(hex(a.systemTitle), hex(b.systemTitle));
    const { tap } = await meterBehindTap();
    await sessionWith(a, tap.port, { counterObject: '-' }).get(NAME);
    await sessionWith(b, tap.port, { counterObject: '-' }).get(NAME);
    const sentUnderATitleThatWasSet = tap.sent.length;
    await assert.rejects(sessionWith(b, tap.port, { counterObject: '-', systemTitle: '4d464c0000000001' }).get(NAME), {
      code: 'STATE_NOT_SAVED',
    });
    assert.equal(tap.sent.length, sentUnderATitleThatWasSet);
  });

  it('refuses what was recorded, also in the next run', async () => {
    const { tap } = await meterBehindTap();
    // Not the shared journal: the next run is another process.
    const run = async (): Promise<Installation> => {
      const tell = (text: string): unknown => told.push(text);
      const journal = new NumberJournal({ what: 'Marks', path: join(dir, 'received.log'), limit: 100, tell });
      return { ...open(), received: new Received(journal) };
    };
    const first = sessionWith(await run(), tap.port, { idleTime: 0 });
    await first.get(NAME);
    await first.close();
    const answers = tap.answers.splice(0).map(message => message.slice(8));
    // The public client asked first: what it heard is said again to it.
    let next = 0;
    tap.answer = () => answers[next++] ?? Uint8Array.of(0x63, 0);
    const second = sessionWith(await run(), tap.port, { idleTime: 0, counterObject: '-' });
    next = answers.findIndex((apdu, i) => i > 0 && apdu[0] === 0x61);
    await assert.rejects(second.get(NAME), { code: 'REPLAYED' });
  });

  it('goes on above what can be read where nothing can be written any more', async function () {
    mkdirSync(dir, { recursive: true });
    if (!mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir)) return this.skip();
    closing.push(() => execFileSync('umount', [dir]));
    const { tap } = await meterBehindTap();
    const title = { systemTitle: '4d464c0000000001', counterObject: '-' };
    await sessionWith(open(), tap.port, title).get(NAME);
    if (!mount('-o', 'remount,ro', dir)) return this.skip();
    const highest = Math.max(...tap.sent.map(s => s.counter));
    const before = tap.sent.length;
    await sessionWith(open(), tap.port, title).get(NAME);
    assert.match(told[0] ?? '', /not kept across a restart/);
    assert.ok(tap.sent.slice(before).every(s => s.counter > highest));
    assert.deepEqual(repeated(tap.sent), []);
  });

  it('goes on under the new title where the title of everybody ended, for meters that count by key alone', async () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'counters.json'), '{"counter a:1 1/ 4d464c0000000001": 4711}');
    const { systemTitle, counters } = open();
    assert.equal((await counters.free(FINGERPRINT, systemTitle))?.next, 4711);
    assert.equal(await counters.free(FINGERPRINT, unhex('4d464c0000000002')), null);
  });

  it('sends nothing while the disk takes nothing, and goes on afterwards; no number comes twice', async function () {
    mkdirSync(dir, { recursive: true });
    // Needs the right to mount; the keeper's own test has a full disk without one.
    if (!mount('-t', 'tmpfs', '-o', 'size=64k,nr_inodes=12', 'tmpfs', dir)) return this.skip();
    closing.push(() => execFileSync('umount', [dir]));
    const { tap } = await meterBehindTap();
    const session = sessionWith(open(), tap.port, { counterObject: '-' });
    await session.get(NAME);
    const fill: string[] = [];
    try {
      for (;;) {
        const file = join(dir, `fill${fill.length}`);
        writeFileSync(file, 'x');
        fill.push(file);
      }
    } catch {
      // ENOSPC: no more files.
    }
    let failed = 0;
    for (let i = 0; i < 400 && failed < 3; i++) {
      try {
        await session.get(NAME);
      } catch (error) {
        failed++;
        assert.equal((error as { code: string }).code, 'STATE_NOT_SAVED');
      }
    }
    assert.equal(failed, 3);
    assert.ok(tap.sent.length < 300, `${tap.sent.length} messages from one stretch`);
    for (const file of fill) rmSync(file);
    await session.get(NAME);
    await sessionWith({ ...open() }, tap.port, { counterObject: '-' }).get(NAME);
    assert.deepEqual(repeated(tap.sent), []);
    assert.equal(new Set(tap.sent.map(s => s.counter)).size, tap.sent.length);
  });

  it('is never used twice by two processes with one directory, one of which is killed in the middle', async function () {
    this.timeout(30_000);
    const { tap, meter } = await meterBehindTap();
    const child = (reads: number): ChildProcess => {
      const script = join(__dirname, 'counter-process.js');
      const started = spawn(process.execPath, [script, dir, String(tap.port), String(reads)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      closing.push(() => started.kill('SIGKILL'));
      return started;
    };
    const outputs: string[] = [];
    const lines = (of: ChildProcess): void =>
      void of.stdout?.on('data', d => outputs.push(...String(d).trim().split('\n')));
    const [killed, other] = [child(1000), child(6)];
    lines(killed);
    lines(other);
    while (tap.sent.length < 30) await once(killed.stdout as NodeJS.ReadableStream, 'data');
    killed.kill('SIGKILL');
    const restarted = child(4);
    lines(restarted);
    await Promise.all([once(other, 'exit'), once(restarted, 'exit')]);
    assert.ok(outputs.filter(line => line === 'read').length > 25, outputs.slice(-20).join(' '));
    assert.deepEqual(
      outputs.filter(line => line.startsWith('told') || line === 'STATE_NOT_SAVED'),
      [],
    );
    assert.deepEqual(repeated(tap.sent), []);
    assert.equal(new Set(tap.sent.map(s => s.counter)).size, tap.sent.length);
    assert.ok(meter.clientCounter > 0);
    const files = readdirSync(join(dir, 'counters'));
    assert.ok(files.length <= 3, files.join(' '));
  });
});

describe('the cost of keeping counters', () => {
  it('is at most one reservation for 64 messages, and none at hanging up', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dlms-cost-'));
    let writes = 0;
    class Counted extends CounterDirectory {
      override reserve(...args: Parameters<CounterDirectory['reserve']>): ReturnType<CounterDirectory['reserve']> {
        writes++;
        return super.reserve(...args);
      }
    }
    const meter = simulatedMeter({ accounts, clientCounter: 0 });
    const server = await serveTcp(meter, { framing: 'wrapper' });
    const settings = parseSettings(
      {
        host: '127.0.0.1',
        port: server.port,
        interface: 'wrapper',
        clientAddress: 30,
        security: 'authentication-encryption',
        systemTitle: '4d464c0000000001',
        counterObject: '-',
        idleTime: 0,
      },
      KEYS,
    );
    const counters = new Counted(dir, { lost: false, highest: () => null }, () => undefined);
    const session = new Session(settings, { lines: new Lines(new LineQueues()), counters });
    for (let i = 0; i < 80; i++) await session.get(NAME);
    await session.close();
    await server.close();
    rmSync(dir, { recursive: true });
    // AARQ, GET and RLRQ of 80 associations.
    assert.ok(meter.clientCounter >= 240);
    assert.ok(writes <= meter.clientCounter / 64, `${writes} writes for ${meter.clientCounter} messages`);
  });
});

/** False: not allowed here. */
function mount(...args: readonly string[]): boolean {
  try {
    execFileSync('mount', [...args], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
