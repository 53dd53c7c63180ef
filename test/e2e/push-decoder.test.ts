// The form of the push decoder in a real browser: a layout from an unrecognised telegram, own scalers, JSON, key checks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Layout } from '../../src/core/push';
import { installPacked, NodeRedProcess, PROJECT, remove, temporaryUserDir } from '../node-red-process';
import { closeForm, deploy, openEditor, openForm, type Editor, type EditorApi } from './browser';

declare const RED: EditorApi;

interface Saved {
  readonly layouts: Layout[];
  readonly scalers: Record<string, number>;
  readonly source: string;
  readonly layout: string;
}

describe('the form of the push decoder', function () {
  this.timeout(120_000);
  const flow = JSON.parse(readFileSync(join(PROJECT, 'examples', 'Describe an unknown list.json'), 'utf8')) as {
    id: string;
    type: string;
    name?: string;
    wires?: string[][];
  }[];
  const decoder = flow.find(n => n.name === 'without the layout')?.id as string;
  let userDir = '';
  let red: NodeRedProcess;
  let editor: Editor;

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    red = await NodeRedProcess.start(userDir);
    editor = await openEditor(red.url('/'));
    await editor.page.evaluate(nodes => RED.view.importNodes(nodes, { addFlow: false, generateIds: false }), flow);
    await deployed();
  });
  after(async () => {
    // Missing when before() failed.
    await (editor as Editor | undefined)?.close();
    await (red as NodeRedProcess | undefined)?.stop();
    remove(userDir);
  });

  /** The editor drops what it knows of credentials when the answer comes; a form opened before would miss it. */
  async function deployed(): Promise<void> {
    const answer = editor.page.waitForResponse(r => r.url().endsWith('/flows') && r.request().method() === 'POST');
    await deploy(editor.page);
    await answer;
    await editor.page.waitForSelector('.red-ui-deploy-button-spinner', { state: 'hidden' });
    await editor.page.waitForTimeout(500);
  }

  const saved = (): Promise<Saved> =>
    editor.page.evaluate(id => {
      const { layouts, scalers, source, layout } = RED.nodes.node(id) as unknown as Saved;
      return { layouts, scalers, source, layout };
    }, decoder);

  it('makes a table of the last unrecognised telegram', async () => {
    const { page } = editor;
    // The inject node has fired once; its list is known now.
    await page.waitForTimeout(2500);
    await openForm(page, decoder);
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
    await closeForm(page, 'save');
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
    await deployed();
  });

  it('shows what was saved, takes JSON and refuses what is wrong in it', async () => {
    const { page } = editor;
    await openForm(page, decoder);
    assert.equal(await page.inputValue('#dlms-push-layout-name'), 'my list');
    assert.equal(await page.locator('#dlms-push-entries li').count(), 4);
    await page.click('#dlms-push-layout-json');
    const shown = await page.inputValue('#dlms-push-json-text');
    assert.equal((JSON.parse(shown) as Layout[])[0]?.name, 'my list');
    await page.fill('#dlms-push-json-text', '[{"name":"a","elements":2,"entries":[{"position":2}]}]');
    await page.click('#dlms-push-json-take');
    assert.equal(await page.isVisible('#dlms-push-json'), true);
    await page.fill('#dlms-push-json-text', '[{"name":"a","elements":2,"entries":[{"position":1,"obis":"2.7.0"}]}]');
    await page.click('#dlms-push-json-take');
    assert.equal(await page.isVisible('#dlms-push-json'), false);
    assert.equal(await page.inputValue('#dlms-push-layout-name'), 'a');
    await page.selectOption('#node-input-layout', 'a');
    await closeForm(page, 'save');
    const { layouts, layout } = await saved();
    assert.deepEqual(layouts, [{ name: 'a', elements: 2, entries: [{ position: 1, obis: '2.7.0' }] }]);
    assert.equal(layout, 'a');
  });

  it('copies a built-in layout and forgets it when the form is left', async () => {
    const { page } = editor;
    await openForm(page, decoder);
    await page.waitForFunction(() => document.querySelectorAll('#dlms-push-builtin option').length > 10);
    await page.selectOption('#dlms-push-builtin', { label: 'wn-9' });
    assert.equal(await page.inputValue('#dlms-push-layout-name'), 'own-wn-9');
    assert.equal(await page.locator('#dlms-push-entries li').count(), 9);
    await closeForm(page, 'cancel');
    assert.equal((await saved()).layouts.length, 1);
  });

  it('marks a key that is none, and asks for a connection only where one is used', async () => {
    const { page } = editor;
    await openForm(page, decoder);
    await page.fill('#node-input-encryptionKey', '00 11 22');
    assert.match((await page.getAttribute('#node-input-encryptionKey', 'class')) ?? '', /input-error/);
    await page.fill('#node-input-encryptionKey', '0x00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:FF');
    assert.doesNotMatch((await page.getAttribute('#node-input-encryptionKey', 'class')) ?? '', /input-error/);
    assert.equal(await page.isVisible('#node-input-sourceProperty'), true);
    await page.selectOption('#node-input-source', 'connection');
    assert.equal(await page.isVisible('#node-input-sourceProperty'), false);
    await closeForm(page, 'save');
    const valid = await page.evaluate(id => RED.nodes.node(id).valid, decoder);
    assert.equal(valid, false);
  });

  it('reports no error of its own', () => assert.deepEqual(editor.problems, []));
});
