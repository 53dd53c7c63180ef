// The examples that need another module, with the real module and the real database, broker and dashboard.
// The rule of the file: nothing is skipped; what is missing fails and says which package to install.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { examplesIn, RunningExamples } from '../example-flows';
import { installPacked, NodeRedProcess, remove, temporaryUserDir } from '../node-red-process';
import { Editor } from './editor';
import { linkIntegrations, startInflux, startMosquitto, startPostgres, type Service } from './services';

describe('the examples with other modules', function () {
  this.timeout(90_000);
  // Those that only need a broker are tried with a small one in npm test, and here with the one people have.
  const withBroker = examplesIn('examples').filter(e => e.nodes.some(n => n.type === 'mqtt-broker'));
  const examples = [...examplesIn('examples', 'integrations'), ...withBroker];
  const services: Service[] = [];
  let userDir = '';
  let red: NodeRedProcess;
  let running: RunningExamples;

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    linkIntegrations(userDir);
    const [mqtt, influx, postgres] = await Promise.all([startMosquitto(), startInflux(), startPostgres()]);
    services.push(mqtt, influx, postgres);
    red = await NodeRedProcess.start(userDir);
    running = await RunningExamples.run(red, examples, {
      directory: userDir,
      services: { 1883: mqtt.port, 8086: influx.port, 5432: postgres.port },
    });
  });
  after(async () => {
    // Missing when before() failed.
    (running as RunningExamples | undefined)?.close();
    await (red as NodeRedProcess | undefined)?.stop();
    await Promise.all(services.map(service => service.stop()));
    remove(userDir);
  });

  for (const example of examples) {
    it(`${example.name}: emits what its comment promises`, async () => {
      assert.ok(example.promises.length > 0, 'its comment has no list under "Emits:"');
      await running.kept(example, 30_000);
      assert.deepEqual(running.failures(example), []);
    });
  }

  it('show the power and three filled charts on the dashboard', async () => {
    const [every3s] = examples.flatMap(e => e.nodes.filter(n => n.type === 'inject' && n.name === 'every 3 s'));
    const editor = await Editor.open(red.url('/'));
    try {
      for (let i = 0; i < 8; i++) {
        await red.post(`/inject/${every3s?.id}`, {});
        await editor.page.waitForTimeout(300);
      }
      const { page } = editor;
      await page.goto(red.url('/dashboard/meter'));
      await page.waitForSelector('.nrdb-ui-chart canvas', { timeout: 20_000 });
      await page.waitForFunction("document.querySelectorAll('.nrdb-ui-chart canvas').length === 3");
      assert.match(await page.locator('.nrdb-ui-gauge').innerText(), /-?\d+/);
      // They are drawn when the stored points have arrived and the animation has ended.
      for (let i = 0; i < 3; i++) assert.ok(await filled(editor, i, 20_000), `chart ${i} is empty`);
      assert.deepEqual(editor.problems, []);
      // Told once, over the charts, when the page was opened for the first time.
      await page
        .getByText('Close', { exact: true })
        .click({ timeout: 2000 })
        .catch(() => undefined);
      await editor.picture('dashboard');
    } finally {
      await editor.close();
    }
  });

  it('leave Node-RED alive', () => {
    assert.ok(red.isAlive);
    assert.doesNotMatch(red.log, /Uncaught/);
  });
});

async function filled(editor: Editor, chart: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while ((await coloured(editor, chart)) <= 300) {
    if (Date.now() > until) return false;
    await editor.page.waitForTimeout(100);
  }
  return true;
}

/** Pixels in the first colour of the series, which axes and labels do not have. */
function coloured(editor: Editor, chart: number): Promise<number> {
  return editor.run(`(() => {
    const canvas = document.querySelectorAll('.nrdb-ui-chart canvas')[${chart}];
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] < 60 && data[i + 2] > 200 && data[i + 3] > 60) n++;
    return n;
  })()`);
}
