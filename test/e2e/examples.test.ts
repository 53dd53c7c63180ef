// The examples in the editor: imported as a user does it, none of their nodes is marked invalid, and their keys come along.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { examplesIn, type ExampleNode } from '../example-flows';
import { freePort, installPacked, NodeRedProcess, remove, temporaryUserDir } from '../node-red-process';
import { Editor } from './editor';
import { linkIntegrations } from './services';

describe('the examples in the editor', function () {
  this.timeout(120_000);
  let userDir = '';
  let red: NodeRedProcess;
  let editor: Editor;

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    linkIntegrations(userDir);
    red = await NodeRedProcess.start(userDir);
    editor = await Editor.open(red.url('/'));
  });
  after(async () => {
    // Missing when before() failed.
    await (editor as Editor | undefined)?.close();
    await (red as NodeRedProcess | undefined)?.stop();
    remove(userDir);
  });

  it('import side by side; every form takes what the flow holds', async () => {
    for (const example of [...examplesIn('examples'), ...examplesIn('examples', 'integrations')]) {
      await editor.importFlow(example.nodes);
      assert.deepEqual(await editor.invalid(), [], example.name);
    }
    assert.deepEqual(editor.problems, []);
  });

  it('lie apart from each other, with wires that run to the right', async () => {
    for (const { name, nodes } of [...examplesIn('examples'), ...examplesIn('examples', 'integrations')]) {
      const [{ id: tab } = { id: '' }] = nodes;
      const boxes = await editor.run<Box[]>(boxesOf(tab));
      assert.deepEqual(overlapping(boxes), [], name);
      assert.deepEqual(backward(boxes), [], name);
    }
  });

  it('bring their keys along: a meter that demands encryption is read after import and deploy', async () => {
    const name = 'Read with keys (HighGMAC, authenticated encryption)';
    const [example] = examplesIn('examples').filter(e => e.name === name);
    const flow = await onFreePort(example?.nodes ?? []);
    const page = await Editor.open(red.url('/'));
    try {
      await page.importFlow(flow);
      await page.deploy();
      const read = flow.find(n => n.type === 'dlms-get-object')?.id ?? '';
      await page.inject(flow.find(n => n.type === 'inject')?.id ?? '');
      assert.match(await page.status(read, /\d readings/), /^4 readings/);
    } finally {
      await page.close();
    }
  });
});

interface Box {
  readonly id: string;
  readonly label: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly to: readonly string[];
}

function overlapping(boxes: readonly Box[]): string[] {
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map(b => `${a.label} / ${b.label}`),
  );
}

function backward(boxes: readonly Box[]): string[] {
  return boxes.flatMap(a =>
    a.to.flatMap(id => boxes.filter(b => b.id === id && b.left < a.right).map(b => `${a.label} to ${b.label}`)),
  );
}

async function onFreePort(nodes: readonly ExampleNode[]): Promise<ExampleNode[]> {
  const port = nodes.find(n => n.type === 'dlms-simulator')?.['port'];
  const free = String(await freePort());
  return nodes.map(n => (n['port'] === port && port !== undefined ? { ...n, port: free } : n));
}

function boxesOf(tab: string): string {
  return `(() => {
    RED.workspaces.show(${JSON.stringify(tab)});
    const boxes = [];
    RED.nodes.eachNode(n => {
      if (n.z !== ${JSON.stringify(tab)}) return;
      const to = RED.nodes.getNodeLinks(n).map(l => l.target.id);
      boxes.push({ id: n.id, label: n.type + ' ' + n.name, to,
        left: n.x - n.w / 2, right: n.x + n.w / 2, top: n.y - n.h / 2, bottom: n.y + n.h / 2 });
    });
    return boxes;
  })()`;
}
