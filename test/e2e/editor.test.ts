// What a new user does, in a real browser and a real Node-RED with the packed package: import an example, deploy, look at the
// result, open every form, change a code, deploy, see the new value, make rules from what came through.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { examplesIn, type ExampleNode } from '../example-flows';
import { installPacked, NodeRedProcess, PACKAGE, PROJECT, remove, temporaryUserDir } from '../node-red-process';
import { Editor } from './editor';
import { openForms } from './forms';
import { SURROUNDINGS } from './runtimes';

for (const { name, theme, prepare } of SURROUNDINGS) {
  describe(`the editor of ${name}, ${theme}`, function () {
    this.timeout(180_000);
    const registers = example('Read registers of a meter');
    const pushed = example('Choose and convert readings');
    const examples = coverOf([registers, pushed, ...examplesIn('examples').map(e => e.nodes)]);
    let userDir = '';
    let red: NodeRedProcess;
    let editor: Editor;

    before(async () => {
      userDir = temporaryUserDir();
      installPacked(userDir);
      red = await NodeRedProcess.start(userDir, {}, prepare());
      editor = await Editor.open(red.url('/'), { theme });
    });
    after(async () => {
      // Missing when before() failed.
      await (editor as Editor | undefined)?.close();
      await (red as NodeRedProcess | undefined)?.stop();
      remove(userDir);
    });

    it('has our nodes in the palette, each with its icon, and our examples in the menu', async () => {
      const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
      const sets = (await red.json('/nodes')) as { module: string; types: string[]; err?: string }[];
      const ours = sets.filter(set => set.module === PACKAGE);
      assert.deepEqual(
        ours.flatMap(set => [...set.types, ...(set.err === undefined ? [] : [set.err])]).sort(),
        Object.keys(manifest['node-red'].nodes).sort(),
      );
      const icons = await editor.run<string[]>(
        "$('#red-ui-palette [data-palette-type^=dlms-] .red-ui-palette-icon').map((i, e) => " +
          'getComputedStyle(e).backgroundImage + getComputedStyle(e).maskImage + getComputedStyle(e).webkitMaskImage).get()',
      );
      assert.equal(icons.length, Object.keys(manifest['node-red'].nodes).length - 1);
      for (const icon of icons) assert.match(icon, /icons\/@meterflow\/node-red-dlms\/dlms-[\w-]+\.svg/);
      await editor.run("document.getElementById('red-ui-palette-meters').parentElement.scrollIntoView()");
      if (theme === 'light')
        await editor.picture('palette', editor.page.locator('#red-ui-palette-meters').locator('..'));
      await editor.importExample('Watch live power');
      await editor.page.waitForFunction(
        "RED.nodes.filterNodes({ type: 'dlms-get-object' }).some(n => n.name === 'power')",
      );
    });

    it('takes examples with every node, finds nothing to complain about, and deploys them', async () => {
      for (const nodes of examples) await editor.importFlow(nodes);
      assert.deepEqual(await editor.invalid(), []);
      await editor.deploy();
    });

    it('shows readings, and the new value after the code was changed in the form', async () => {
      const node = registers.find(n => n.type === 'dlms-get-object' && n['output'] === 'value') as ExampleNode;
      const inject = registers.find(n => n.type === 'inject' && n.wires?.[0]?.[0] === node.id)?.id ?? '';
      await editor.show(String(node.z));
      const tray = await editor.edit(node.id);
      await tray.locator('#dlms-get-object-list .dlms-obis').first().fill('1-0:32.7.0*255');
      await editor.leave('ok');
      await editor.deploy();
      // The inject of the example brings its own code; without it the configured one counts.
      const volts = editor.page.locator('.red-ui-flow-node-status-label', { hasText: /^2[23]\d(\.\d)?$/ });
      for (let tries = 0; (await volts.count()) === 0; tries++) {
        assert.ok(tries < 20, 'no voltage in the status');
        await red.post(`/inject/${inject}`, { __user_inject_props__: [{ p: 'payload', v: 'go', vt: 'str' }] });
        await editor.page.waitForTimeout(700);
      }
      await editor.run("RED.sidebar.show('debug')");
      await editor.page.locator('.red-ui-debug-msg').first().waitFor();
    });

    it('opens the form of every node, readable, translated and without complaints', async () => {
      await openForms(editor, examples.flat(), async (type, tray) => {
        if (theme === 'dark' && type === 'dlms-get-object') await editor.picture('dark', tray);
        if (theme === 'light' && PICTURED.includes(type)) await editor.picture(type, tray);
      });
      assert.deepEqual(editor.problems, []);
    });

    it('makes a rule of what came through a filter', async () => {
      const filter = pushed.find(n => n.type === 'dlms-obis-filter') as ExampleNode;
      await editor.show(String(filter.z));
      for (const { id } of pushed.filter(n => n.type === 'inject')) await editor.inject(id);
      await editor.status(filter.id, /./);
      const tray = await editor.edit(filter.id);
      const rules = tray.locator('#node-input-rule-list > li');
      const before = await rules.count();
      await tray.locator('#dlms-recent').click();
      const seen = tray.locator('#dlms-recent-list a');
      await seen.first().waitFor();
      const text = await seen.last().innerText();
      await seen.last().click();
      assert.equal(await rules.count(), before + 1);
      const code = /\d-\d+:\d+\.\d+\.\d+(?:\*\d+)?/.exec(text)?.[0] ?? '';
      const own = await rules.last().locator('input').first().inputValue();
      assert.ok(code !== '' && own !== '' && code.includes(own.replace(/^\d-\d+:|\*\d+$/g, '')), `${own} of ${text}`);
      if (theme === 'light') await editor.picture('dlms-obis-filter', tray);
      await editor.leave('ok');
      await editor.deploy();
      assert.deepEqual(editor.problems, []);
    });

    it('shows only what applies: a serial line has no host, a TCP line no baud rate', async () => {
      const { page } = editor;
      const connection = registers.find(n => n.type === 'dlms-connection')?.id ?? '';
      const tray = await editor.edit(connection);
      const isVisible = (field: string): Promise<boolean> => page.locator(`#node-config-input-${field}`).isVisible();
      assert.deepEqual([await isVisible('host'), await isVisible('baudRate')], [true, false]);
      await page.selectOption('#node-config-input-transport', 'serial');
      assert.deepEqual([await isVisible('host'), await isVisible('baudRate')], [false, true]);
      if (theme === 'light') await editor.picture('dlms-connection', tray);
      await page.selectOption('#node-config-input-transport', 'tcp');
      await page.fill('#dlms-connection-command-line', '-h 10.1.2.3 -p 4061 -i WRAPPER -c 32');
      await page.click('#dlms-connection-apply');
      await page.waitForFunction("$('#node-config-input-host').val() === '10.1.2.3'");
      assert.equal(await page.inputValue('#node-config-input-interface'), 'wrapper');
      assert.equal(await page.inputValue('#node-config-input-clientAddress'), '32');
      await editor.leave('cancel');
      assert.deepEqual(editor.problems, []);
    });
  });
}

/** Forms whose picture is taken as they open; the others have more to show later. */
const PICTURED = ['dlms-get-object', 'dlms-set-object', 'dlms-read-load-profile', 'dlms-iec-readout', 'dlms-simulator'];

interface Manifest {
  readonly 'node-red': { readonly nodes: object };
}

function example(name: string): readonly ExampleNode[] {
  return examplesIn('examples').find(e => e.name === name)?.nodes ?? assert.fail(`no example ${name}`);
}

/** Of the examples those that have a node not seen yet. */
function coverOf(all: readonly (readonly ExampleNode[])[]): (readonly ExampleNode[])[] {
  const seen = new Set<string>();
  return all.filter(nodes => {
    const types = nodes.map(n => n.type).filter(type => type.startsWith('dlms-') && !seen.has(type));
    for (const type of types) seen.add(type);
    return types.length > 0;
  });
}
