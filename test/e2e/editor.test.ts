// What a new user does, in a real browser and a real Node-RED with the packed package: import an example, deploy, look at the
// result, open every form, change a code, deploy, see the new value.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { installPacked, NodeRedProcess, PROJECT, remove, temporaryUserDir } from '../node-red-process';
import { closeForm, deploy, openEditor, openForm, type Editor, type EditorApi } from './browser';

declare const RED: EditorApi;

interface Example {
  readonly file: string;
  readonly nodes: readonly { readonly id: string; readonly type: string; readonly [property: string]: unknown }[];
}

describe('the editor', function () {
  this.timeout(120_000);
  const dir = join(PROJECT, 'examples');
  const all: Example[] = readdirSync(dir)
    .filter(file => file.endsWith('.json'))
    .map(file => ({ file, nodes: JSON.parse(readFileSync(join(dir, file), 'utf8')) as Example['nodes'] }));
  const examples = coverOf(all, 'Read registers of a meter.json');
  const registers = examples.find(e => e.file === 'Read registers of a meter.json') as Example;
  let userDir = '';
  let red: NodeRedProcess;
  let editor: Editor;

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    red = await NodeRedProcess.start(userDir);
    editor = await openEditor(red.url('/'));
  });
  after(async () => {
    // Missing when before() failed.
    await (editor as Editor | undefined)?.close();
    await (red as NodeRedProcess | undefined)?.stop();
    remove(userDir);
  });

  it('takes examples with every node, finds nothing to complain about, and deploys them', async () => {
    for (const { nodes } of examples) {
      await editor.page.evaluate(flow => RED.view.importNodes(flow, { addFlow: false, generateIds: false }), nodes);
    }
    const invalid = await editor.page.evaluate(() => {
      const found: string[] = [];
      const check = (n: { id: string; type: string; valid: boolean; validationErrors?: unknown[] }): void => {
        if (n.type.startsWith('dlms-') && n.valid === false)
          found.push(`${n.type} ${n.id} ${JSON.stringify(n.validationErrors)}`);
      };
      RED.nodes.eachNode(check);
      RED.nodes.eachConfig(check);
      return found;
    });
    assert.deepEqual(invalid, []);
    await deploy(editor.page);
  });

  it('shows readings, and the new value after the code was changed in the form', async () => {
    const node = registers.nodes.find(
      n => n.type === 'dlms-get-object' && n['output'] === 'value',
    ) as Example['nodes'][number];
    const inject = registers.nodes.find(n => n.type === 'inject' && (n['wires'] as string[][])[0]?.[0] === node.id);
    await editor.page.evaluate(id => RED.workspaces.show(id), String(node['z']));
    await openForm(editor.page, node.id);
    const field = editor.page.locator('#dlms-get-object-list .dlms-obis').first();
    await field.fill('1-0:32.7.0*255');
    await closeForm(editor.page, 'save');
    await openForm(editor.page, String(inject?.id));
    await closeForm(editor.page, 'cancel');
    await deploy(editor.page);
    // The inject of the example brings its own code, also once after the deploy; without it the configured one counts.
    const volts = editor.page.locator('.red-ui-flow-node-status-label', { hasText: /^2[23]\d(\.\d)?$/ });
    for (let tries = 0; (await volts.count()) === 0; tries++) {
      assert.ok(tries < 20, 'no voltage in the status');
      await red.post(`/inject/${String(inject?.id)}`, {
        __user_inject_props__: [{ p: 'payload', v: 'go', vt: 'str' }],
      });
      await editor.page.waitForTimeout(700);
    }
  });

  it('opens the form of every node, saves it unchanged, and finds nothing changed', async () => {
    const seen = new Set<string>();
    for (const node of examples.flatMap(e => e.nodes).filter(n => n.type.startsWith('dlms-'))) {
      if (seen.has(node.type)) continue;
      seen.add(node.type);
      if (typeof node['z'] === 'string') await editor.page.evaluate(id => RED.workspaces.show(id), node['z']);
      await openForm(editor.page, node.id);
      const untranslated = await editor.page.evaluate(() => {
        const texts = Array.from(document.querySelectorAll('.red-ui-tray form *')).filter(e => e.children.length === 0);
        return texts.map(e => e.textContent ?? '').filter(t => /^(dlms-[\w-]+|shared)\.[\w.]+$/.test(t.trim()));
      });
      assert.deepEqual(untranslated, [], node.type);
      const errors = await editor.page.locator('.red-ui-tray .input-error:visible').count();
      assert.equal(errors, 0, `${node.type} marks a field of its own example`);
      await closeForm(editor.page, 'cancel');
    }
    assert.deepEqual(editor.problems, []);
  });

  it('shows only what applies: a serial line has no host, a TCP line no baud rate', async () => {
    const connection = registers.nodes.find(n => n.type === 'dlms-connection') as Example['nodes'][number];
    await openForm(editor.page, connection.id);
    const isVisible = (name: string): Promise<boolean> => editor.page.locator(`#node-config-input-${name}`).isVisible();
    assert.deepEqual([await isVisible('host'), await isVisible('baudRate')], [true, false]);
    await editor.page.selectOption('#node-config-input-transport', 'serial');
    assert.deepEqual([await isVisible('host'), await isVisible('baudRate')], [false, true]);
    await editor.page.selectOption('#node-config-input-transport', 'tcp');
    await editor.page.fill('#dlms-connection-command-line', '-h 10.1.2.3 -p 4061 -i WRAPPER -c 32');
    await editor.page.click('#dlms-connection-apply');
    await editor.page.waitForFunction(
      () => document.querySelector<HTMLInputElement>('#node-config-input-host')?.value === '10.1.2.3',
    );
    assert.equal(await editor.page.inputValue('#node-config-input-interface'), 'wrapper');
    assert.equal(await editor.page.inputValue('#node-config-input-clientAddress'), '32');
    await closeForm(editor.page, 'cancel');
  });
});

/** The first example, and of the others those that have a node not seen yet. */
function coverOf(all: readonly Example[], first: string): Example[] {
  const seen = new Set<string>();
  return [...all]
    .sort((a, b) => Number(b.file === first) - Number(a.file === first))
    .filter(({ nodes }) => {
      const types = nodes.map(n => n.type).filter(type => type.startsWith('dlms-') && !seen.has(type));
      for (const type of types) seen.add(type);
      return types.length > 0;
    });
}
