// The table of keys in the form of the push decoder, in a real browser: pasted, changed and removed, without a saved key in it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { installPacked, NodeRedProcess, remove, temporaryUserDir } from '../node-red-process';
import { Editor, type FlowNode } from './editor';
import { SURROUNDINGS } from './runtimes';

const keys = (n: number): string => `${`5ec2e7${n}a`.padEnd(32, '0')};${`5ec2e7${n}b`.padEnd(32, '0')}`;
const CSV = `Titel;GUEK;GAK;Name\nMMM00001;${keys(1)};flat 1\nMMM00002;${keys(2)};flat 2\n20222083;${keys(3)};flat 3\n`;
const FLOW = [
  { id: 'a1b2c3d4e5f60001', type: 'tab', label: 'keys' },
  { id: 'a1b2c3d4e5f60002', type: 'dlms-push-decoder', z: 'a1b2c3d4e5f60001', x: 100, y: 100, wires: [[], []] },
] as unknown as FlowNode[];

for (const { name, theme, prepare } of SURROUNDINGS) {
  describe(`the table of keys in the form, ${name}, ${theme}`, function () {
    this.timeout(120_000);
    let userDir = '';
    let red: NodeRedProcess;
    let editor: Editor;
    let decoder = '';

    before(async () => {
      userDir = temporaryUserDir();
      installPacked(userDir);
      red = await NodeRedProcess.start(userDir, {}, prepare());
      editor = await Editor.open(red.url('/'), { theme });
      await editor.importFlow(FLOW);
      decoder = await editor.run(`RED.nodes.filterNodes({ type: 'dlms-push-decoder' })[0].id`);
    });
    after(async () => {
      // Missing when before() failed.
      await (editor as Editor | undefined)?.close();
      await (red as NodeRedProcess | undefined)?.stop();
      remove(userDir);
    });
    const names = (): Promise<string[]> =>
      editor.page
        .locator('#dlms-push-keys .dlms-key-name')
        .evaluateAll(fields => fields.map(f => (f as unknown as { value: string }).value));

    it('takes CSV, and says what is wrong in it', async () => {
      const { page } = editor;
      await editor.edit(decoder);
      await page.click('#dlms-push-many');
      await page.click('#dlms-push-keys-paste');
      await page.fill('#dlms-push-keys-text', CSV.replace('GUEK', 'GUUK'));
      await page.click('#dlms-push-keys-take');
      assert.deepEqual(await names(), []);
      await page.fill('#dlms-push-keys-text', CSV.replace('20222083', 'MMM00003'));
      await page.click('#dlms-push-keys-take');
      assert.deepEqual(await names(), ['flat 1', 'flat 2', 'flat 3']);
      await editor.leave('ok');
      await editor.deploy();
    });

    it('shows what is saved without its keys, and keeps those that nobody changed', async () => {
      const { page } = editor;
      for (const expected of [
        ['flat 1', 'flat 2', 'flat 3'],
        ['cellar', 'flat 3'],
      ]) {
        await editor.edit(decoder);
        await page.waitForSelector('#dlms-push-keys .dlms-key-name');
        assert.deepEqual(await names(), expected);
        const inPage = await page.content();
        const values = await page
          .locator('input, textarea')
          .evaluateAll(all => all.map(f => (f as unknown as { value: string }).value));
        assert.ok(!`${inPage} ${values.join()}`.includes('5ec2e7'), 'a key');
        if (expected.length === 3) {
          await page.locator('#dlms-push-keys .dlms-key-name').nth(1).fill('cellar');
          await page.locator('#dlms-push-keys .dlms-key-remove').nth(0).click();
        }
        await editor.leave('ok');
        if (expected.length === 3) await editor.deploy();
      }
      const saved = (await red.json(`/dlms-push-decoder/${decoder}/keys`)) as { rows: object[]; wrong: string[] };
      assert.deepEqual(saved.wrong, []);
      assert.deepEqual(
        saved.rows.map(row => Object.values(row).filter(cell => cell === '__PWRD__').length),
        [2, 2],
      );
    });
  });
}
