// The form of the push decoder in a real browser: a layout from an unrecognised telegram, own scalers, JSON, key checks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { octets, structure, u16 } from '../../src/core/cosem/data';
import type { Layout } from '../../src/core/push';
import { hex } from '../../src/core/wire/hex';
import { EXAMPLE_KEY_TEXT, notificationOf, pushBytes, pushFormat } from '../../src/sim/push-source';
import { installPacked, NodeRedProcess, PROJECT, remove, temporaryUserDir } from '../node-red-process';
import { Editor, type FlowNode } from './editor';
import { SURROUNDINGS } from './runtimes';

interface Saved {
  readonly layouts: Layout[];
  readonly scalers: Record<string, number>;
  readonly source: string;
  readonly layout: string;
}

for (const { name, theme, prepare } of SURROUNDINGS) {
  describe(`the form of the push decoder, ${name}, ${theme}`, function () {
    this.timeout(120_000);
    const flow = JSON.parse(
      readFileSync(join(PROJECT, 'examples', 'Describe an unknown list.json'), 'utf8'),
    ) as FlowNode[];
    const decoder = flow.find(n => n['name'] === 'without the layout')?.id as string;
    let userDir = '';
    let red: NodeRedProcess;
    let editor: Editor;

    before(async () => {
      userDir = temporaryUserDir();
      installPacked(userDir);
      red = await NodeRedProcess.start(userDir, {}, prepare());
      editor = await Editor.open(red.url('/'), { theme });
      await editor.importFlow(flow);
      await editor.deploy();
    });
    after(async () => {
      // Missing when before() failed.
      await (editor as Editor | undefined)?.close();
      await (red as NodeRedProcess | undefined)?.stop();
      remove(userDir);
    });

    const saved = (): Promise<Saved> =>
      editor.run(`(({ layouts, scalers, source, layout }) => ({ layouts, scalers, source, layout }))(
      RED.nodes.node(${JSON.stringify(decoder)}))`);

    it('makes a table of the last unrecognised telegram', async () => {
      const { page } = editor;
      // The inject node has fired once; its list is known now.
      await page.waitForTimeout(2500);
      await editor.edit(decoder);
      await page.click('#dlms-push-more');
      await page.click('#dlms-push-layout-seen');
      await page.waitForSelector('#dlms-push-entries .dlms-position');
      const rows = page.locator('#dlms-push-entries li');
      assert.equal(await rows.count(), 4);
      await page.fill('#dlms-push-layout-name', 'my list');
      await rows.nth(1).locator('.dlms-obis').fill('1.7.0');
      await rows.nth(1).locator('.dlms-unit').fill('W');
      await rows.nth(3).locator('.dlms-obis').fill('1-0:32.7.0*255');
      await rows.nth(3).locator('.dlms-power').fill('-1');
      await rows.nth(0).locator('.dlms-role').selectOption('meter-id');
      await page.locator('#dlms-push-scalers').locator('xpath=../..').locator('.red-ui-editableList-addButton').click();
      await page.locator('#dlms-push-scalers .dlms-obis').fill('*.7.0');
      await page.locator('#dlms-push-scalers .dlms-power').fill('0');
      await editor.leave('ok');
      const { layouts, scalers } = await saved();
      assert.deepEqual(layouts, [
        {
          name: 'my list',
          elements: 4,
          entries: [
            { position: 0, type: 'octet-string', role: 'meter-id' },
            { position: 1, obis: '1.7.0', unit: 'W', type: 'double-long-unsigned' },
            { position: 2, type: 'double-long-unsigned' },
            { position: 3, obis: '1-0:32.7.0*255', scaler: -1, type: 'long-unsigned' },
          ],
        },
      ]);
      assert.deepEqual(scalers, { '*.7.0': 0 });
      await editor.deploy();
    });

    it('shows what was saved, takes JSON and refuses what is wrong in it', async () => {
      const { page } = editor;
      await editor.edit(decoder);
      assert.equal(await page.inputValue('#dlms-push-layout-name'), 'my list');
      assert.equal(await page.locator('#dlms-push-entries li').count(), 4);
      await page.click('#dlms-push-layout-json');
      const shown = await page.inputValue('#dlms-push-json-text');
      assert.equal((JSON.parse(shown) as Saved).layouts[0]?.name, 'my list');
      await page.fill('#dlms-push-json-text', '[{"name":"a","elements":2,"entries":[{"position":2}]}]');
      await page.click('#dlms-push-json-take');
      assert.equal(await page.isVisible('#dlms-push-json'), true);
      await page.fill('#dlms-push-json-text', '[{"name":"a","elements":2,"entries":[{"position":1,"obis":"2.7.0"}]}]');
      await page.click('#dlms-push-json-take');
      assert.equal(await page.isVisible('#dlms-push-json'), false);
      assert.equal(await page.inputValue('#dlms-push-layout-name'), 'a');
      await page.selectOption('#node-input-layout', 'a');
      await editor.leave('ok');
      const { layouts, layout } = await saved();
      assert.deepEqual(layouts, [{ name: 'a', elements: 2, entries: [{ position: 1, obis: '2.7.0' }] }]);
      assert.equal(layout, 'a');
    });

    it('copies a built-in layout and forgets it when the form is left', async () => {
      const { page } = editor;
      await editor.edit(decoder);
      await page.waitForFunction(() => document.querySelectorAll('#dlms-push-builtin option').length > 10);
      await page.selectOption('#dlms-push-builtin', { label: 'wn-9' });
      assert.equal(await page.inputValue('#dlms-push-layout-name'), 'own-wn-9');
      assert.equal(await page.locator('#dlms-push-entries li').count(), 9);
      await editor.leave('cancel');
      assert.equal((await saved()).layouts.length, 1);
    });

    it('marks a key that is none, and asks for a connection only where one is used', async () => {
      const { page } = editor;
      await editor.edit(decoder);
      await page.fill('#node-input-encryptionKey', '00 11 22');
      await page.dispatchEvent('#node-input-encryptionKey', 'change');
      assert.match((await page.getAttribute('#node-input-encryptionKey', 'class')) ?? '', /input-error/);
      await page.fill('#node-input-encryptionKey', '0x00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:FF');
      await page.dispatchEvent('#node-input-encryptionKey', 'change');
      assert.doesNotMatch((await page.getAttribute('#node-input-encryptionKey', 'class')) ?? '', /input-error/);
      assert.equal(await page.isVisible('#node-input-sourceProperty'), true);
      await page.selectOption('#node-input-source', 'connection');
      assert.equal(await page.isVisible('#node-input-sourceProperty'), false);
      await editor.leave('ok');
      const valid = await editor.run(`RED.nodes.node(${JSON.stringify(decoder)}).valid`);
      assert.equal(valid, false);
    });

    it('decodes a pasted telegram with the keys of the form, and shows an unknown list as a table to fill in', async () => {
      const tray = await editor.edit(decoder);
      await editor.page.selectOption('#node-input-source', 'message');
      await editor.page.selectOption('#node-input-layout', 'auto');
      await tray.locator('#dlms-push-scalers').locator('..').locator('.red-ui-editableList-item-remove').click();
      await tray.locator('#dlms-push-scalers .dlms-obis').waitFor({ state: 'detached' });
      await editor.page.click('#dlms-push-more');
      const format = pushFormat('kaifa-west');
      assert.ok(format !== undefined);
      const shown = tray.locator('#dlms-push-pasted');
      const decode = async (bytes: Uint8Array): Promise<string> => {
        await tray.locator('#dlms-push-paste').fill(hex(bytes));
        await tray.locator('#dlms-push-decode').click();
        await shown.locator('tr, .form-tips').first().waitFor();
        return shown.innerText();
      };
      await tray.locator('#node-input-encryptionKey').fill(EXAMPLE_KEY_TEXT.encryptionKey);
      await tray.locator('#node-input-authenticationKey').fill(EXAMPLE_KEY_TEXT.authenticationKey);
      // This meter sends no tag: with both keys the user is told what to choose.
      assert.match(await decode(pushBytes(format)), /set "Require" to encrypted/);
      await tray.locator('#node-input-require').selectOption('encrypted');
      assert.match(await decode(pushBytes(format)), /1-0:32\.7\.0\*255\s+Voltage L1\s+231(\.0)? V/);
      assert.match(await shown.innerText(), /encrypted, not verified/);
      if (theme === 'light') await editor.picture('dlms-push-decoder', tray);
      await tray.locator('#node-input-require').selectOption('nothing');
      const unknown = structure(octets(Uint8Array.of(1, 2)), u16(7), u16(8), u16(9), u16(10));
      assert.match(await decode(notificationOf(unknown)), /layout/i);
      await tray.locator('.dlms-push-describe').click();
      assert.equal(await tray.locator('#dlms-push-entries li').count(), 5);
      await editor.leave('cancel');
    });

    it('reports no error of its own', () => assert.deepEqual(editor.problems, []));
  });
}
