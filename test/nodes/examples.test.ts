// Every example is imported, deployed and fired in one real Node-RED, and emits what its comment promises.
// The rule of the file: the promise stands in the example itself, under "Emits:", so that text and proof cannot differ.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type Broker, startBroker } from '../broker';
import { examplesIn, keeps, RunningExamples } from '../example-flows';
import { installPacked, NodeRedProcess, remove, temporaryUserDir } from '../node-red-process';

describe('the examples', function () {
  this.timeout(90_000);
  const examples = examplesIn('examples');
  let userDir = '';
  let red: NodeRedProcess;
  let running: RunningExamples;
  let broker: Broker;

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    broker = await startBroker();
    red = await NodeRedProcess.start(userDir);
    running = await RunningExamples.run(red, examples, { directory: userDir, services: { 1883: broker.port } });
  });
  after(async () => {
    // Missing when before() failed.
    (running as RunningExamples | undefined)?.close();
    await (red as NodeRedProcess | undefined)?.stop();
    (broker as Broker | undefined)?.close();
    remove(userDir);
  });

  it('are at least twenty, and no two of them listen on one port', () => {
    assert.ok(examples.length >= 20, `${examples.length}`);
    const ports = examples.flatMap(e => e.nodes.filter(n => n.type === 'dlms-simulator').map(n => n['port']));
    const taken = ports.filter(port => port !== '');
    assert.deepEqual(
      taken.filter((port, i) => taken.indexOf(port) !== i),
      [],
    );
  });

  for (const example of examples) {
    it(`${example.name}: emits what its comment promises`, async () => {
      assert.ok(example.promises.length > 0, 'its comment has no list under "Emits:"');
      await running.kept(example, 40_000);
      assert.deepEqual(running.failures(example), []);
    });
  }

  it('leave Node-RED alive and without a complaint in its log', () => {
    assert.ok(red.isAlive);
    assert.doesNotMatch(red.log, /Uncaught|\[error\]/);
  });
});

describe('a promise of an example', () => {
  const msg = { payload: { readings: [{ obis: '1-0:1.8.0*255', value: 12.5, unit: 'kWh' }] }, topic: 'a/b' };
  const promised = (path: string, how: 'is' | 'above' | 'matches' | 'has' | 'holds', value: string): boolean =>
    keeps({ line: '', at: '', path, how, value }, msg);

  it('is kept or broken by what the message holds', () => {
    assert.equal(promised('payload.readings[0].value', 'is', '12.5'), true);
    assert.equal(promised('payload.readings[0].value', 'is', '12'), false);
    assert.equal(promised('payload.readings.length', 'above', '0'), true);
    assert.equal(promised('payload.readings.length', 'above', '1'), false);
    assert.equal(promised('topic', 'matches', '^a/'), true);
    assert.equal(promised('payload.readings', 'has', '1-0:1.8.0*255'), true);
    assert.equal(promised('payload.readings', 'has', '1-0:2.8.0*255'), false);
    assert.equal(promised('payload.readings', 'holds', '1-0:1.8.0*255 = 12.5 kWh'), true);
    assert.equal(promised('payload.readings', 'holds', '1-0:1.8.0*255 = 12.5 Wh'), false);
    assert.equal(promised('nothing.there', 'is', 'x'), false);
  });
});
