// The Node-RED editor in a real browser, in the words of a user: import, open, choose, deploy, look.
// The rule of the file: what the page itself reports as an error fails the test.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { PROJECT } from '../node-red-process';

export interface EditorOptions {
  /** Language of the browser, for example "de". */
  readonly locale?: string;
  readonly dark?: boolean;
}

/** Where the README's pictures lie. */
export const PICTURES = join(PROJECT, 'docs', 'pictures');

export class Editor {
  readonly problems: string[] = [];
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly profile: string,
  ) {}

  static async open(url: string, options: EditorOptions = {}): Promise<Editor> {
    const profile = mkdtempSync(join(tmpdir(), 'dlms-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: browser(),
      headless: true,
      locale: options.locale ?? 'en-US',
      viewport: { width: 1360, height: 860 },
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const editor = new Editor(context, page, profile);
    page.on('pageerror', e => editor.problems.push(String(e)));
    await page.goto(url);
    await page.waitForSelector('#red-ui-palette .red-ui-palette-node', { timeout: 30_000 });
    // Node-RED 5 keeps its theme in a class on the document.
    if (options.dark === true) await page.evaluate("document.documentElement.classList.add('nr-theme-dark')");
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
  async importFlow(flow: readonly { id: string; type: string }[]): Promise<void> {
    await this.run(`RED.view.importNodes(${JSON.stringify(flow)}, { generateIds: false, addFlow: false })`);
    const tab = flow.find(n => n.type === 'tab');
    if (tab !== undefined) await this.run(`RED.workspaces.show(${JSON.stringify(tab.id)})`);
  }

  async deploy(): Promise<void> {
    const done = this.page.waitForResponse(r => r.url().endsWith('/flows') && r.request().method() === 'POST');
    await this.page.click('#red-ui-header-button-deploy');
    await done;
  }

  /** Opens the dialog of a node or config node and waits until it stands still. */
  async edit(id: string): Promise<Locator> {
    const node = `RED.nodes.node(${JSON.stringify(id)})`;
    await this.run(
      `${node}._def.category === 'config' ? RED.editor.editConfig('', ${node}.type, ${node}.id) : RED.editor.edit(${node})`,
    );
    const tray = this.page.locator('.red-ui-tray').last();
    await tray.waitFor({ state: 'visible' });
    await this.page.waitForTimeout(600);
    return tray;
  }

  /** Done or Cancel of the dialog on top. */
  async leave(how: 'ok' | 'cancel'): Promise<void> {
    const ids =
      how === 'ok' ? '#node-dialog-ok, #node-config-dialog-ok' : '#node-dialog-cancel, #node-config-dialog-cancel';
    await this.page.locator('.red-ui-tray').last().locator(ids).first().click();
    await this.page.waitForTimeout(500);
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

  /** A picture for the README; only kept where the caller names one. */
  async picture(name: string, of: Locator | Page = this.page): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await of.screenshot({ path: join(PICTURES, `${name}.png`) });
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
