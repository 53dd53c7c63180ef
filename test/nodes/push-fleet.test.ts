// One push decoder for a fleet: more sources than it was once made for, and one past what it may have.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { PushSources, type Outgoing } from '../../src/nodes/push-decoder/sources';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import { EXAMPLE_KEY_TEXT, EXAMPLE_KEYS, pushBytes, pushFormat } from '../../src/sim/push-source';
import { callsOf, startFlow, stopFlow } from './flow';

const format = pushFormat('burgenland-14') ?? assert.fail();
const telegram = (counter: number): Buffer => Buffer.from(pushBytes(format, { counter }));
const telegrams = (outgoing: readonly Outgoing[]): number => outgoing.filter(o => o.output === 0).length;
const codes = (outgoing: readonly Outgoing[]): unknown[] =>
  outgoing.filter(o => o.output === 1).map(o => (o.fields['payload'] as { code: unknown }).code);

describe('a push decoder for a fleet', () => {
  afterEach(stopFlow);

  it('reads two thousand telegrams in two parts each, all begun before the first one ends', () => {
    const sources = new PushSources({ ...EXAMPLE_KEYS }, () => undefined);
    const bytes = telegram(1);
    const half = bytes.length >> 1;
    for (let i = 0; i < 2000; i++) assert.deepEqual(sources.receive(`m${i}`, undefined, bytes.subarray(0, half)), []);
    let count = 0;
    for (let i = 0; i < 2000; i++) count += telegrams(sources.receive(`m${i}`, undefined, bytes.subarray(half)));
    assert.equal(count, 2000);
    assert.equal(sources.seen.tooMany, null);
    sources.close();
  });

  it('refuses what it received before, by whatever way and however many others came since', () => {
    const sources = new PushSources({ ...EXAMPLE_KEYS, replay: 'refuse' }, () => undefined, null, null, 10);
    assert.equal(telegrams(sources.receive('first', undefined, telegram(7))), 1);
    for (let i = 0; i < 50; i++) sources.receive(`m${i}`, undefined, Buffer.from('noise'));
    const again = sources.receive('first', undefined, telegram(7));
    assert.equal(telegrams(again), 0, 'the source was given up, its counter was not');
    sources.close();
  });

  it('gives the longest silent source up with what it held, one past the limit, and says so once', () => {
    const sources = new PushSources({ ...EXAMPLE_KEYS }, () => undefined, null, null, 3);
    const begun = telegram(1).subarray(0, 40);
    for (const name of ['a', 'b', 'c']) assert.deepEqual(sources.receive(name, name, begun), []);
    assert.equal(sources.seen.tooMany, null);
    const fourth = sources.receive('d', 'd', begun);
    assert.ok(codes(fourth).includes('LIMIT_EXCEEDED'));
    assert.ok(codes(fourth).includes('INCOMPLETE'), `what it held: ${codes(fourth).join()}`);
    assert.equal(fourth.filter(o => o.warning !== undefined).length, 1);
    assert.equal(sources.seen.tooMany, 3);
    assert.ok(!codes(sources.receive('e', 'e', begun)).includes('LIMIT_EXCEEDED'), 'once');
    sources.close();
  });

  it('ends what waits longest where too much waits, and hands it over', () => {
    const sources = new PushSources({ ...EXAMPLE_KEYS, idleMs: 600_000 }, () => undefined, null, null, 100, 1000);
    const begun = telegram(1).subarray(0, 100);
    for (let i = 0; i < 10; i++) assert.deepEqual(sources.receive(`m${i}`, i, begun), []);
    const eleventh = sources.receive('m10', 10, begun);
    assert.deepEqual(
      eleventh.map(o => [o.fields['topic'], (o.fields['payload'] as { code: unknown }).code]),
      [[0, 'INCOMPLETE']],
    );
    assert.equal(telegrams(sources.receive('m9', 9, telegram(1).subarray(100))), 1, 'the others go on');
    sources.close();
  });

  it('says in the status and the log that it has more sources than it may', async () => {
    const flow = await startFlow(
      [pushDecoder],
      [{ id: 'fleet', type: 'dlms-push-decoder', maxSources: 1, wires: [['out'], ['wrong']] }],
      { fleet: { encryptionKey: EXAMPLE_KEY_TEXT.encryptionKey } },
    );
    const warnings: string[] = [];
    callsOf(flow.node('fleet'), 'warn', args => warnings.push(String(args[0])));
    for (const topic of ['a', 'b', 'a']) flow.send('fleet', { topic, payload: telegram(1) });
    for (let i = 0; i < 3; i++) await flow.message('out');
    assert.match(await flow.status('fleet', /more than/), /more than 1 sources/);
    assert.equal(warnings.length, 1);
    assert.match(String(warnings[0]), /sources of telegrams/);
  });
});
