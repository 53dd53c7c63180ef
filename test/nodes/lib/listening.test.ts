import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DlmsError } from '../../../src/core/wire/errors';
import type { Listener } from '../../../src/nodes/lib/connection-api';
import { SharedListening, type LineEvents } from '../../../src/nodes/connection/listening';

/** A line that opens as told and hands out its events. */
class FakeLine {
  opened = 0;
  stopped = 0;
  readonly failures: Error[] = [];
  events: LineEvents | null = null;
  readonly open = (events: LineEvents): Promise<{ stop(): Promise<void> }> => {
    this.opened++;
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    this.events = events;
    return Promise.resolve({ stop: () => Promise.resolve(void this.stopped++) });
  };
}

function listening(line: FakeLine): {
  shared: SharedListening;
  states: string[];
  bugs: unknown[];
  wait: typeof settle;
} {
  const states: string[] = [];
  const bugs: unknown[] = [];
  // 0.8 + 0.4 × (-1.999) is a thousandth: the pauses last milliseconds.
  const shared = new SharedListening(
    'port 1',
    line.open,
    s => states.push(s.phase),
    e => bugs.push(e),
    () => -1.999,
  );
  return { shared, states, bugs, wait: settle };
}
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve));
}
const refused = new DlmsError({ code: 'CONNECT_REFUSED', where: 'port 1' });

describe('listening on a connection', () => {
  it('opens with the first listener, gives all of them the bytes, and closes with the last', async () => {
    const line = new FakeLine();
    const { shared, states } = listening(line);
    const heard: string[] = [];
    const listener = (name: string): Listener => ({
      bytes: (chunk, source) => void heard.push(`${name} ${chunk[0]} ${source}`),
    });
    const a = shared.add(listener('a'));
    const b = shared.add(listener('b'));
    await settle();
    line.events?.bytes(Uint8Array.of(7), 'meter');
    assert.deepEqual(heard, ['a 7 meter', 'b 7 meter']);
    await a.stop();
    assert.equal(line.stopped, 0);
    await b.stop();
    await b.stop();
    assert.deepEqual([line.opened, line.stopped], [1, 1]);
    assert.deepEqual(states, ['connecting', 'listening']);
  });

  it('tries again after a refusal and after a loss, and says each once', async () => {
    const line = new FakeLine();
    line.failures.push(refused, refused);
    const { shared, states } = listening(line);
    const ended: string[] = [];
    const held = shared.add({ bytes: () => undefined, ended: source => ended.push(source) });
    while (line.events === null) await new Promise(resolve => setTimeout(resolve, 5));
    await settle();
    assert.deepEqual(states, ['connecting', 'waiting', 'listening']);
    line.events.ended('meter');
    line.events.lost(refused);
    await settle();
    // The next attempt may already have been made.
    assert.deepEqual(states.slice(0, 4), ['connecting', 'waiting', 'listening', 'waiting']);
    assert.equal(line.stopped, 1);
    assert.deepEqual(ended, ['meter']);
    await held.stop();
  });

  it('survives a listener that throws and keeps serving the others', async () => {
    const line = new FakeLine();
    const { shared, bugs } = listening(line);
    const heard: number[] = [];
    shared.add({
      bytes: () => {
        throw new TypeError('bug');
      },
    });
    shared.add({ bytes: chunk => void heard.push(chunk.length) });
    await settle();
    line.events?.bytes(Uint8Array.of(1, 2), 'meter');
    assert.deepEqual(heard, [2]);
    assert.equal(bugs.length, 1);
    await shared.close();
  });

  it('frees the port when closed and takes it again for a new listener', async () => {
    const line = new FakeLine();
    const { shared } = listening(line);
    shared.add({ bytes: () => undefined });
    await settle();
    await shared.close();
    assert.equal(line.stopped, 1);
    shared.add({ bytes: () => undefined });
    await settle();
    assert.equal(line.opened, 2);
    await shared.close();
  });
});
