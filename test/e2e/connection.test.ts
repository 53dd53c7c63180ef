// The parts of the forms that talk to a meter, in a real browser: test a connection good and bad, browse and choose,
// codes while typing, then deploy and read. The meter is the simulator node of the same Node-RED.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Locator } from 'playwright-core';
import { freePort, installPacked, NodeRedProcess, remove, temporaryUserDir } from '../node-red-process';
import { Editor } from './editor';
import { SURROUNDINGS } from './runtimes';

interface Part {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

for (const { name, theme, prepare } of SURROUNDINGS) {
  describe(`the forms that talk to a meter, ${name}, ${theme}`, function () {
    this.timeout(120_000);
    let userDir = '';
    let red: NodeRedProcess;
    let editor: Editor;
    let port = 0;

    before(async () => {
      userDir = temporaryUserDir();
      installPacked(userDir);
      port = await freePort();
      red = await NodeRedProcess.start(userDir, {}, prepare());
      await red.deploy([{ id: 'meters', type: 'tab', label: 'Meters' }, simulator(port)]);
      editor = await Editor.open(red.url('/'), { theme });
      await editor.importFlow(flow(port));
    });
    after(async () => {
      // Missing when before() failed.
      await (editor as Editor | undefined)?.close();
      await (red as NodeRedProcess | undefined)?.stop();
      remove(userDir);
    });

    const stages = (tray: Locator): Locator => tray.locator('#dlms-connection-stages .dlms-stage');
    const ended = async (tray: Locator): Promise<string[]> => {
      await tray.locator('#dlms-connection-test .fa-stethoscope').waitFor();
      await editor.page.waitForFunction(
        "!$('#dlms-connection-search').prop('disabled') && !$('#dlms-connection-test').prop('disabled')" +
          " && $('#dlms-connection-stages .fa-spin').length === 0",
        undefined,
        { timeout: 90_000 },
      );
      return await stages(tray).evaluateAll(rows =>
        rows.map(row => `${row.getAttribute('data-stage')} ${row.getAttribute('data-state')}`),
      );
    };

    it('tests a connection that was never deployed, and shows every stage', async () => {
      const tray = await editor.edit('meter');
      await tray.locator('#dlms-connection-test').click();
      assert.deepEqual(await ended(tray), ['line ok', 'link ok', 'association ok', 'identity ok', 'clock ok']);
      assert.match(await stages(tray).nth(3).innerText(), /serial number 50021374/);
      assert.doesNotMatch(await tray.innerText(), /dlms-connection\.|__/);
      if (theme === 'light') await editor.picture('test-connection', tray);
    });

    it('says what is likely wrong and what to try', async () => {
      const tray = editor.page.locator('.red-ui-tray').last();
      await tray.locator('#node-config-input-port').fill(String(await freePort()));
      await tray.locator('#dlms-connection-test').click();
      assert.deepEqual(await ended(tray), ['line failed']);
      assert.match(
        await tray.locator('.dlms-advice').innerText(),
        /Nobody listens on 127\.0\.0\.1:\d+\. Check host and port/,
      );
      await tray.locator('#node-config-input-port').fill(String(port));
      await editor.run("$('#node-config-input-serverAddress').val('5').trigger('change')");
      await editor.run("$('#node-config-input-answerTimeout').val('600').trigger('change')");
      await tray.locator('#dlms-connection-test').click();
      assert.deepEqual(await ended(tray), ['line ok', 'link failed']);
      if (theme === 'light') await editor.picture('test-connection-failed', tray);
    });

    it('finds the addresses, and fills them in', async () => {
      const tray = editor.page.locator('.red-ui-tray').last();
      await tray.locator('#dlms-connection-search').click();
      await tray.locator('.dlms-use').first().click({ timeout: 60_000 });
      assert.equal(await editor.run("$('#node-config-input-serverAddress').val()"), '1');
      await tray.locator('#dlms-connection-search').click();
      await ended(tray);
      await tray.locator('#dlms-connection-test').click();
      assert.equal((await ended(tray)).at(-1), 'clock ok');
      await editor.leave('ok');
    });

    it('browses the meter and takes what was clicked', async () => {
      const tray = await editor.edit('get');
      await tray.locator('#dlms-get-object-browse').click();
      const browser = editor.page.locator('.red-ui-tray').last();
      await browser.locator('.dlms-browse-object').first().waitFor({ timeout: 20_000 });
      await browser.locator('.dlms-browse-search').pressSequentially('voltage');
      await editor.page.waitForTimeout(600);
      const objects = browser.locator('.dlms-browse-object:visible');
      assert.equal(await objects.count(), 3);
      await objects.first().click();
      await browser.locator('.dlms-browse-value').click();
      await browser.locator('.dlms-browse-shown b').waitFor();
      assert.match(await browser.locator('.dlms-browse-shown').innerText(), /^2[23]\d(\.\d)? V$/);
      await objects.nth(1).click();
      await browser.locator('.dlms-browse-search').fill('');
      await browser.locator('.dlms-browse-search').press('Backspace');
      await editor.page.waitForTimeout(600);
      if (theme === 'light') await editor.picture('browse-meter', browser);
      await browser.locator('#dlms-browse-ok').click();
      await editor.page.waitForTimeout(500);
      const codes = await tray
        .locator('.dlms-obis')
        .evaluateAll(fields => fields.map(f => (f as HTMLInputElement).value));
      // The one that stood there stays.
      assert.deepEqual(codes, ['0-0:96.1.0*255', '1-0:32.7.0*255', '1-0:52.7.0*255']);
    });

    it('offers codes by words while one types, and leaves what was typed', async () => {
      const tray = editor.page.locator('.red-ui-tray').last();
      const first = tray.locator('.dlms-obis').first();
      await first.fill('');
      await first.pressSequentially('import');
      const menu = editor.page.locator('.red-ui-autoComplete-container');
      await menu.getByText('1-0:1.8.0*255').first().waitFor();
      if (theme === 'light') await editor.picture('codes-while-typing', tray);
      await menu.getByText('1-0:1.8.0*255').first().click();
      assert.equal(await first.inputValue(), '1-0:1.8.0*255');
      await first.fill('');
      await first.pressSequentially('1-0:1.8.17*255');
      await editor.page.waitForTimeout(500);
      await first.press('Tab');
      assert.equal(await first.inputValue(), '1-0:1.8.17*255');
      await editor.page.waitForTimeout(300);
      await first.fill('1-0:32.7.0*255');
      await editor.page.keyboard.press('Escape');
      await editor.leave('ok');
    });

    it('shows the columns of a profile, and takes its code', async () => {
      const tray = await editor.edit('profile');
      await tray.locator('#dlms-read-load-profile-browse').click();
      const browser = editor.page.locator('.red-ui-tray').last();
      const objects = browser.locator('.dlms-browse-object:visible');
      await objects.first().waitFor({ timeout: 20_000 });
      await objects.filter({ hasText: '1-0:99.1.0*255' }).click();
      await browser.locator('.dlms-browse-value').click();
      await browser.locator('.dlms-browse-shown li').first().waitFor();
      assert.match(await browser.locator('.dlms-browse-shown').innerText(), /captured every 15 min/);
      if (theme === 'light') await editor.picture('browse-profiles', browser);
      await browser.locator('#dlms-browse-ok').click();
      await editor.page.waitForTimeout(500);
      assert.equal(await tray.locator('#node-input-obis').inputValue(), '1-0:99.1.0*255');
      await editor.leave('ok');
    });

    it('deploys, and reads what was chosen', async () => {
      await editor.deploy();
      await editor.inject('go');
      assert.match(await editor.status('get', /values|readings/), /^3 (values|readings)$/);
      // With the meter held by the deployed node, the form still gets its turn.
      const tray = await editor.edit('meter');
      await tray.locator('#dlms-connection-test').click();
      assert.equal((await ended(tray)).at(-1), 'clock ok');
      await editor.leave('cancel');
      await editor.inject('go');
      await editor.status('get', /^3 (values|readings)$/);
      assert.deepEqual(editor.problems, []);
    });
  });
}

function simulator(port: number): Part {
  return {
    id: 'sim',
    type: 'dlms-simulator',
    z: 'meters',
    x: 120,
    y: 40,
    kind: 'dlms',
    interface: 'hdlc',
    host: '127.0.0.1',
    port: String(port),
    serialNumber: '50021374',
    timezone: 'Europe/Vienna',
    wires: [[]],
  };
}

function flow(port: number): Part[] {
  const at = { z: 'reading', y: 100 };
  return [
    { id: 'reading', type: 'tab', label: 'Reading' },
    {
      id: 'meter',
      type: 'dlms-connection',
      name: '',
      transport: 'tcp',
      host: '127.0.0.1',
      port: String(port),
      interface: 'hdlc',
      referencing: 'ln',
      clientAddress: '16',
      serverAddress: '1',
      addressSize: 'auto',
      timezone: 'Europe/Vienna',
      clockPolicy: '',
      authentication: 'none',
      security: 'none',
      suite: '0',
      version: 1,
    },
    { id: 'go', type: 'inject', ...at, x: 100, props: [], repeat: '', once: false, wires: [['get']] },
    {
      id: 'get',
      type: 'dlms-get-object',
      ...at,
      x: 280,
      name: '',
      connection: 'meter',
      objects: [{ obis: '0-0:96.1.0*255', classId: '', attribute: '' }],
      output: 'telegram',
      version: 1,
      wires: [[]],
    },
    {
      id: 'profile',
      type: 'dlms-read-load-profile',
      z: 'reading',
      x: 280,
      y: 160,
      name: '',
      connection: 'meter',
      obis: '',
      range: { mode: 'last', last: '1 days', from: '', fromType: 'str', to: '', toType: 'str', entries: '' },
      output: 'object',
      version: 1,
      wires: [[]],
    },
  ];
}
