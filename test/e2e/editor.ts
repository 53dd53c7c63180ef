// The Node-RED editor in a real browser, in the words of a user: import, open, choose, deploy, look.
// The rule of the file: what the page itself reports as an error, and every failed request, is kept for the test to see.

import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { PROJECT } from '../node-red-process';

export interface EditorOptions {
  /** Language of the browser, for example "de". */
  readonly locale?: string;
  readonly theme?: Theme;
}

export type Theme = 'light' | 'dark';

export interface Clip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

export class Editor {
  readonly problems: string[] = [];
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly profile: string,
  ) {}

  /** Opens the editor and waits until our nodes are in the palette. */
  static async open(url: string, options: EditorOptions = {}): Promise<Editor> {
    const profile = mkdtempSync(join(tmpdir(), 'dlms-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: browser(),
      headless: true,
      locale: options.locale ?? 'en-US',
      viewport: { width: 1360, height: 860 },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const editor = new Editor(context, page, profile);
    page.on('pageerror', error => editor.problems.push(String(error)));
    page.on('response', response => {
      if (response.status() >= 400) editor.problems.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(url);
    await page.waitForSelector('#red-ui-palette .red-ui-palette-node[data-palette-type="dlms-get-object"]', {
      timeout: 30_000,
    });
    // Short notices lie over the buttons for some seconds; a person waits or clicks beside them.
    await page.addStyleTag({ content: '#red-ui-notifications { display: none }' });
    // Node-RED 5 keeps its theme in a class on the document.
    const dark = options.theme === 'dark';
    await page.evaluate(`document.documentElement.classList.toggle('nr-theme-dark', ${dark})`);
    return editor;
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  /** Runs an expression in the page. */
  run<T>(expression: string): Promise<T> {
    return this.page.evaluate(expression);
  }

  /** Imports nodes as pasted JSON and shows their tab. */
  async importFlow(flow: readonly FlowNode[]): Promise<void> {
    await this.run(`RED.view.importNodes(${JSON.stringify(flow)}, { generateIds: false, addFlow: false })`);
    const tab = flow.find(n => n.type === 'tab');
    if (tab !== undefined) await this.show(tab.id);
  }

  /** Imports an example by the menu, as a user does. */
  async importExample(name: string): Promise<void> {
    await this.run("RED.actions.invoke('core:show-examples-import-dialog')");
    const dialog = this.page.locator('#red-ui-clipboard-dialog');
    await dialog.locator('.red-ui-treeList-label', { hasText: 'node-red-dlms' }).click();
    const example = dialog.locator('.red-ui-treeList-label', { hasText: name }).first();
    await example.waitFor();
    // The tree unfolds in motion: a click too early hits nothing.
    await this.page.waitForTimeout(400);
    await example.click();
    await this.page.click('#red-ui-clipboard-dialog-ok');
    await dialog.waitFor({ state: 'hidden' });
  }

  /** Shows a tab. */
  async show(tab: string): Promise<void> {
    await this.run(`RED.workspaces.show(${JSON.stringify(tab)})`);
  }

  /** Resolves when the editor has forgotten what it knew of credentials; a form opened before would miss that. */
  async deploy(): Promise<void> {
    const done = this.page.waitForResponse(r => r.url().endsWith('/flows') && r.request().method() === 'POST');
    await this.page.click('#red-ui-header-button-deploy');
    await done;
    await this.page.waitForSelector('#red-ui-header-button-deploy.disabled', { timeout: 20_000 });
    await this.page.waitForSelector('.red-ui-deploy-button-spinner', { state: 'hidden' });
    await this.page.waitForTimeout(500);
  }

  /** Opens the dialog of a node or config node and waits until it stands still. */
  async edit(id: string): Promise<Locator> {
    const node = `RED.nodes.node(${JSON.stringify(id)})`;
    await this.run(
      `${node}._def.category === 'config' ? RED.editor.editConfig('', ${node}.type, ${node}.id) : RED.editor.edit(${node})`,
    );
    const tray = this.tray();
    await tray.locator('.red-ui-tray-content form').first().waitFor({ state: 'visible' });
    await this.page.waitForTimeout(500);
    return tray;
  }

  /** The dialog on top. */
  tray(): Locator {
    return this.page.locator('.red-ui-tray').last();
  }

  /** Done or Cancel of the dialog on top; resolves when it is gone. */
  async leave(how: 'ok' | 'cancel'): Promise<void> {
    const open = await this.page.locator('.red-ui-tray').count();
    const ids =
      how === 'ok' ? '#node-dialog-ok, #node-config-dialog-ok' : '#node-dialog-cancel, #node-config-dialog-cancel';
    await this.tray().locator(ids).first().click();
    await this.page.waitForFunction(`document.querySelectorAll('.red-ui-tray').length < ${open}`);
    await this.page.waitForTimeout(200);
  }

  /** The status text below a node, once it matches. */
  async status(id: string, pattern: RegExp, withinMs = 20_000): Promise<string> {
    const read = `(RED.nodes.node(${JSON.stringify(id)}).status || {}).text || ''`;
    const until = Date.now() + withinMs;
    for (;;) {
      const text = await this.run<string>(read);
      if (pattern.test(text)) return text;
      if (Date.now() > until) throw new Error(`status of ${id} is "${text}", not ${pattern}`);
      await this.page.waitForTimeout(100);
    }
  }

  /** Presses the button of an inject node. */
  async inject(id: string): Promise<void> {
    await this.run(`$.ajax({ url: 'inject/' + ${JSON.stringify(id)}, type: 'POST' })`);
  }

  /** Nodes that the editor marks invalid, with its reasons. */
  invalid(): Promise<string[]> {
    return this.run(`(() => {
      const bad = [];
      const see = n => { if (n.valid === false) bad.push([n.type, n.name, n.validationErrors].map(String).join(' ')); };
      RED.nodes.eachNode(see);
      RED.nodes.eachConfig(see);
      return bad;
    })()`);
  }

  /** A picture for the README, of a part of the page; written only when PICTURES=1, so that a test run changes no file. */
  async picture(name: string, of?: Locator | Clip): Promise<void> {
    if (process.env['PICTURES'] !== '1') return;
    mkdirSync(PICTURES, { recursive: true });
    const path = join(PICTURES, `${name}.png`);
    if (of === undefined) await this.page.screenshot({ path });
    else if ('x' in of) await this.page.screenshot({ path, clip: of });
    else await of.screenshot({ path });
    const { size } = statSync(path);
    if (size > MAX_PICTURE) throw new Error(`${name}.png has ${size} bytes: crop it`);
  }
}

function browser(): string {
  const found = [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find(path => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new Error('Chromium is missing: install it (apt-get install chromium) or set CHROMIUM');
  return found;
}

const PICTURES = join(PROJECT, 'docs', 'pictures');
const MAX_PICTURE = 150_000;
