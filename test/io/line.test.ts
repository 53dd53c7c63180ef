import assert from 'node:assert/strict';

import type { Line } from '../../src/io/line/line';
import { Lines, type LineUser } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { parseSettings } from '../../src/io/settings/settings';
import type { Transport } from '../../src/io/transport/transport';

class FakeTransport implements Transport {
  readonly where = 'a line';
  readonly lineKey = 'serial:/dev/fake';
  onBytes = (): void => undefined;
  onClose = (): void => undefined;
  constructor(
    readonly name: string,
    readonly told: string[],
  ) {}
  open(): Promise<void> {
    this.told.push(`open ${this.name}`);
    return Promise.resolve();
  }
  write(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    this.told.push(`close ${this.name}`);
    return Promise.resolve();
  }
  dispose(): Promise<void> {
    this.told.push(`dispose ${this.name}`);
    return Promise.resolve();
  }
}

const settings = (baudRate: number, more = {}) =>
  parseSettings({ transport: 'serial', path: '/dev/fake', baudRate, ...more });

function bench(limit = 100): { lines: Lines; told: string[]; user: (name: string) => LineUser } {
  const told: string[] = [];
  const lines = new Lines(new LineQueues(limit), s => {
    assert.ok(s.kind === 'serial');
    return new FakeTransport(String(s.format.baudRate), told);
  });
  const user = (name: string): LineUser => ({ hangUp: () => Promise.resolve(void told.push(`hang up ${name}`)) });
  return { lines, told, user };
}

describe('lines', () => {
  it('gives sessions with the same port and format the same line, and frees it with the last', async () => {
    const { lines, told } = bench();
    const [a, b] = [lines.acquire(settings(9600)), lines.acquire(settings(9600, { physicalAddress: 18 }))];
    assert.equal(a, b);
    await lines.release(a);
    assert.deepEqual(told, []);
    await lines.release(b);
    assert.deepEqual(told, ['dispose 9600']);
    await lines.release(b);
    assert.deepEqual(told, ['dispose 9600']);
  });

  it('gives each speed of a port its own transport, and closes the one before the other speaks', async () => {
    const { lines, told, user } = bench();
    const [fast, slow] = [lines.acquire(settings(9600)), lines.acquire(settings(300))];
    const [a, b] = [user('a'), user('b')];
    const speak = (line: Line, who: LineUser) => line.take(who, undefined, () => line.transport.open());
    await Promise.all([speak(fast, a), speak(slow, b), speak(fast, a)]);
    assert.deepEqual(told, ['open 9600', 'hang up a', 'close 9600', 'open 300', 'hang up b', 'close 300', 'open 9600']);
  });

  it('ends a user that has nothing open without waiting for the requests of others', async () => {
    const { lines, user } = bench();
    const line = lines.acquire(settings(9600));
    const [a, b] = [user('a'), user('b')];
    let finish = (): void => undefined;
    const running = line.take(a, undefined, () => new Promise<void>(resolve => (finish = resolve)));
    await new Promise(resolve => setImmediate(resolve));
    await line.end(b, () => assert.fail('there is nothing to hang up'));
    finish();
    await running;
  });

  it('hangs up although the queue is full', async () => {
    const { lines, told, user } = bench(1);
    const line = lines.acquire(settings(9600));
    const [a, b] = [user('a'), user('b')];
    let finish = (): void => undefined;
    const running = line.take(a, undefined, () => new Promise<void>(resolve => (finish = resolve)));
    await new Promise(resolve => setImmediate(resolve));
    const waiting = line.take(a, undefined, () => Promise.resolve());
    const ended = line.end(a, () => a.hangUp());
    await assert.rejects(
      line.take(b, undefined, () => Promise.resolve()),
      { code: 'QUEUE_FULL' },
    );
    finish();
    await Promise.all([running, waiting, ended]);
    assert.deepEqual(told, ['hang up a']);
  });
});
