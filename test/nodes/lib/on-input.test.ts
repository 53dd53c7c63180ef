import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import { afterEach, describe, it } from 'mocha';
import type { NodeInitializer } from 'node-red';
import { DlmsError, ERRORS } from '../../../src/core/wire/errors';
import { onInput } from '../../../src/nodes/lib/on-input';
import type { Handler, InputOptions, NodeHandle } from '../../../src/nodes/lib/on-input';
import { PROJECT } from '../../node-red-process';
import { callsOf, startFlow, stopFlow } from '../flow';
import type { Flow } from '../flow';

let handle: NodeHandle;

async function flowWith(handler: Handler, options: InputOptions = {}): Promise<Flow> {
  const probe: NodeInitializer = RED => {
    RED.nodes.registerType('probe', function (this, config) {
      RED.nodes.createNode(this, config);
      handle = onInput(RED, this, handler, options);
    });
  };
  return startFlow([probe], [{ id: 'n1', type: 'probe', wires: [['out'], ['second']] }]);
}

describe('the funnel of the nodes', () => {
  afterEach(() => stopFlow());

  it('puts the returned fields on the incoming message and leaves the others alone', async () => {
    const flow = await flowWith(() => Promise.resolve({ payload: 42, dlms: { source: 'get' }, gone: undefined }));
    flow.send('n1', { payload: 'go', topic: 'mine', gone: 1, own: { a: 1 } });
    const msg = await flow.message('out');
    assert.equal(msg.payload, 42);
    assert.equal(msg.topic, 'mine');
    assert.deepEqual(msg['own'], { a: 1 });
    assert.ok(!('gone' in msg));
  });

  it('gives a Catch node the message, the sentence, the code and the facts', async () => {
    const error = new DlmsError({ code: 'NO_ANSWER', waitingFor: 'UA to SNRM', afterMs: 1500 });
    const flow = await flowWith(() => Promise.reject(error));
    flow.send('n1', { payload: 'go', topic: 'mine' });
    const caught = await flow.error();
    assert.equal(caught.error.message, error.message);
    assert.equal(caught.error.code, 'NO_ANSWER');
    assert.deepEqual(caught.error.cause, { code: 'NO_ANSWER', waitingFor: 'UA to SNRM', afterMs: 1500, blame: 'line' });
    assert.equal(caught.topic, 'mine');
    assert.match(await flow.status('n1', /^red/), /^red nobody answers/);
  });

  it('gives a thrown bug the code INTERNAL and survives it', async () => {
    const flow = await flowWith(msg => {
      if (msg.payload === 'bug') throw new TypeError('x is undefined');
      return Promise.resolve({ payload: 'fine' });
    });
    flow.send('n1', { payload: 'bug' });
    assert.equal((await flow.error()).error.code, 'INTERNAL');
    flow.send('n1', { payload: 'next' });
    assert.equal((await flow.message('out')).payload, 'fine');
  });

  it('sends several messages while it runs, each a copy, to the output named', async () => {
    const flow = await flowWith((_msg, task) => {
      task.emit({ payload: 1 });
      task.emit({ payload: 2 }, 1);
      return Promise.resolve(null);
    });
    const original = { payload: 'go', own: { a: 1 } };
    flow.send('n1', original);
    const first = await flow.message('out');
    const second = await flow.message('second');
    assert.deepEqual([first.payload, second.payload], [1, 2]);
    assert.notEqual(first['own'], second['own']);
  });

  it('shows yellow while it works, the result in green, and at most two progress texts a second', async () => {
    const flow = await flowWith(
      async (_msg, task) => {
        for (let i = 0; i < 100; i++) {
          task.progress(`${i} rows`);
          await new Promise(resolve => setTimeout(resolve, 5));
        }
        return { payload: 1 };
      },
      { status: () => '100 rows' },
    );
    flow.send('n1', {});
    await flow.status('n1', /^green 100 rows/);
    const yellow = flow.statuses('n1').filter(s => s.startsWith('yellow'));
    assert.equal(yellow[0], 'yellow reading');
    assert.ok(yellow.length <= 4, yellow.join());
  });

  it('says after a failure when it last went well', async () => {
    let fail = false;
    const flow = await flowWith(() =>
      fail
        ? Promise.reject(new DlmsError({ code: 'CONNECT_REFUSED', where: '127.0.0.1:1' }))
        : Promise.resolve({ payload: 1 }),
    );
    flow.send('n1', {});
    await flow.message('out');
    fail = true;
    flow.send('n1', {});
    assert.match(await flow.status('n1', /^red/), /refuses the.*, ok \d\d:\d\d$/);
  });

  it('aborts what runs when the node closes, and waits for what it frees', async () => {
    let freed = false;
    let reason: unknown;
    const flow = await flowWith(
      (_msg, task) =>
        new Promise((_resolve, reject) => {
          task.signal.addEventListener('abort', () => reject(task.signal.reason));
        }),
      {
        onClose: async () => {
          await new Promise(resolve => setTimeout(resolve, 50));
          freed = true;
        },
      },
    );
    callsOf(flow.node('n1'), 'error', args => (reason = args[0]));
    flow.send('n1', {});
    await flow.status('n1', /^yellow/);
    await flow.node('n1').close(false);
    assert.ok(freed);
    assert.equal((reason as { code: string }).code, 'ABORTED');
  });

  it('never waits longer than five seconds to close', async () => {
    const flow = await flowWith(() => new Promise(() => undefined));
    flow.send('n1', {});
    await flow.status('n1', /^yellow/);
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      let closed = false;
      const closing = flow
        .node('n1')
        .close(false)
        .then(() => (closed = true));
      mock.timers.tick(4000);
      await new Promise(setImmediate);
      assert.equal(closed, false);
      mock.timers.tick(999);
      await closing;
    } finally {
      mock.timers.reset();
    }
  });

  it('says for a fleet how many meters it reads and how many failed, not only the last', async () => {
    let refused = '';
    const flow = await flowWith(
      (_msg, task) =>
        task.meter?.['host'] === refused
          ? Promise.reject(new DlmsError({ code: 'CONNECT_REFUSED', where: refused }))
          : Promise.resolve({ payload: 7 }),
      { status: () => '7 kWh' },
    );
    flow.send('n1', { meter: { host: 'a' } } as never);
    await flow.status('n1', /^green 7 kWh$/);
    flow.send('n1', { meter: { host: 'b' } } as never);
    await flow.status('n1', /^green 2 meters$/);
    refused = 'c';
    flow.send('n1', { meter: { host: 'c' } } as never);
    await flow.status('n1', /^red .*, 1 of 3 meters failed$/);
    flow.send('n1', { meter: { host: 'a' } } as never);
    await flow.status('n1', /^red 1 of 3 meters failed$/);
    refused = '';
    flow.send('n1', { meter: { host: 'c' } } as never);
    await flow.status('n1', /^green 3 meters$/);
  });

  it('has a text for every word of a status, in each language', () => {
    const files = readdirSync(join(PROJECT, 'src/nodes'), { recursive: true, encoding: 'utf8' });
    const source = files
      .filter(f => f.endsWith('.ts'))
      .map(f => readFileSync(join(PROJECT, 'src/nodes', f), 'utf8'))
      .join('\n');
    const words = [...source.matchAll(/word: (?:[^,;\n']*\? )?'([\w-]+)'(?: : '([\w-]+)')?/g)].flatMap(m => [
      m[1],
      m[2],
    ]);
    const counts = [...source.matchAll(/counted\([^;]*?, '([\w-]+)'(?:, '([\w-]+)')?\)/gs)].flatMap(([, one, many]) => [
      one,
      many ?? `${one}s`,
    ]);
    const plain = /WORDS: ReadonlySet.*?\[(.*?)\]/s.exec(source)?.[1]?.match(/\w+/g) ?? [];
    const all = [...words, ...counts, ...plain].filter(word => word !== undefined);
    assert.ok(all.length > 25);
    for (const language of readdirSync(join(PROJECT, 'locales'))) {
      const file = readFileSync(join(PROJECT, 'locales', language, '_shared.json'), 'utf8');
      const { status } = JSON.parse(file) as { status: Record<string, string> };
      for (const word of all) assert.equal(typeof status[word], 'string', `${language}: ${word}`);
    }
  });

  it('has a short sentence for every error, in each language', () => {
    for (const language of readdirSync(join(PROJECT, 'locales'))) {
      const file = readFileSync(join(PROJECT, 'locales', language, '_faults.json'), 'utf8');
      const faults = JSON.parse(file) as Record<string, string>;
      assert.deepEqual(Object.keys(faults).sort(), Object.keys(ERRORS).sort(), language);
    }
  });

  it('lets the node send what nobody asked for and report a failure without a message', async () => {
    const flow = await flowWith(() => Promise.resolve(null), { busy: '' });
    handle.emit({ payload: 'pushed' });
    handle.emit({ payload: 'problem' }, 1);
    assert.equal((await flow.message('out')).payload, 'pushed');
    assert.equal((await flow.message('second')).payload, 'problem');
    handle.status('listening', 'ok');
    await flow.status('n1', /^green listening$/);
    handle.status('listening on 0.0.0.0:4059', 'ok');
    await flow.status('n1', /^green listening on 0\.0\.0\.0:4059$/);
    handle.fail(new DlmsError({ code: 'SERIAL_DENIED', path: '/dev/ttyUSB0' }));
    assert.equal((await flow.error()).error.code, 'SERIAL_DENIED');
  });
});
