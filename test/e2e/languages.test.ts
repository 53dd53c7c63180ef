// The forms and the help in each language that we have, in a browser of that language: Node-RED 5, light.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { helpOf } from '../../scripts/help-errors';
import { examplesIn, type ExampleNode } from '../example-flows';
import { freePort, installPacked, NodeRedProcess, PROJECT, remove, temporaryUserDir } from '../node-red-process';
import { Editor } from './editor';
import { openForms } from './forms';
import { NODE_RED_5 } from './runtimes';

describe('the editor in the language of the browser', function () {
  this.timeout(180_000);
  const languages = readdirSync(join(PROJECT, 'locales'));
  const flow = ['Overview', 'Write to a meter'].flatMap(
    name => examplesIn('examples').find(e => e.name === name)?.nodes ?? [],
  );
  let userDir = '';
  let red: NodeRedProcess;

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    red = await NodeRedProcess.start(userDir, {}, NODE_RED_5.prepare());
    const ports = new Map<string, string>();
    const text = JSON.stringify(flow);
    for (const port of new Set(text.match(/\b14\d{3}\b/g))) ports.set(port, String(await freePort()));
    await red.deploy(JSON.parse(text.replace(/\b14\d{3}\b/g, port => ports.get(port) ?? port)) as unknown[]);
  });
  after(async () => {
    // Missing when before() failed.
    await (red as NodeRedProcess | undefined)?.stop();
    remove(userDir);
  });

  for (const language of languages) {
    it(`speaks ${language}: labels, placeholders and help of every node`, async () => {
      const editor = await Editor.open(red.url('/'), { locale: language });
      try {
        if (language === 'en-US') {
          await editor.show(flow[0]?.id ?? '');
          await editor.run("RED.actions.invoke('core:toggle-sidebar')");
          await editor.page.waitForTimeout(3000);
          const { width, height } = { width: 920, height: 770 };
          const box = await editor.page.locator('#red-ui-workspace-chart').boundingBox();
          await editor.picture('overview-flow', { x: box?.x ?? 0, y: box?.y ?? 0, width, height });
        }
        await openForms(editor, flow, async (type, tray) => {
          const shown = await tray.innerText();
          const labels = Object.values(labelsOf(language, type));
          const found = labels.filter(label => shown.includes(label));
          assert.ok(found.length >= Math.min(2, labels.length), `${type}: none of ${labels.slice(0, 5).join(', ')}`);
          if (language === 'de' && type === 'dlms-get-object') await editor.picture('german', tray);
        });
        for (const type of typesIn(flow)) {
          await editor.run(`RED.sidebar.help.show(${JSON.stringify(type)})`);
          const intro = firstLineOf(language, type);
          const help = editor.page.locator('.red-ui-help');
          await help.getByText(intro.slice(0, 40)).first().waitFor({ timeout: 5000 });
          const shown = letters((await help.allTextContents()).join(' '));
          const source = helpOf(join(PROJECT, 'locales'), language, type).replace(/<\/?script[^>]*>/g, '');
          for (const line of source.split('\n')) {
            assert.ok(shown.includes(letters(line.replace(/^\d+\. /, ''))), `${type} does not show: ${line}`);
          }
        }
        assert.deepEqual(editor.problems, []);
      } finally {
        await editor.close();
      }
    });
  }
});

/** What is left of a text when markup, signs and blanks are no matter. */
function letters(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '');
}

function labelsOf(language: string, type: string): Record<string, string> {
  // A catalog is data of a known shape: labels are texts, one below the other.
  const catalog = JSON.parse(readFileSync(join(PROJECT, 'locales', language, `${type}.json`), 'utf8')) as Record<
    string,
    { label: Record<string, string> }
  >;
  return catalog[type]?.label ?? {};
}

/** What the help says first, up to where markdown would show it otherwise. */
function firstLineOf(language: string, type: string): string {
  const help = readFileSync(join(PROJECT, 'locales', language, `${type}.html`), 'utf8');
  const [, line = ''] = /<script[^>]*>\s*(\S.*)/.exec(help) ?? [];
  return (line.split(/[`*[]/)[0] ?? '').trim();
}

function typesIn(flow: readonly ExampleNode[]): string[] {
  return [...new Set(flow.map(n => n.type).filter(type => type.startsWith('dlms-')))];
}
