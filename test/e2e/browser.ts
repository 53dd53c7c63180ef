// The editor in a real browser, for tests that try what a user does. Browsers are found where systems put them.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

export interface Editor {
  readonly page: Page;
  /** Errors of scripts and failed requests so far. */
  readonly problems: string[];
  close(): Promise<void>;
}

/** Opens the editor and waits until the palette is there. */
export async function openEditor(url: string, locale = 'en-US'): Promise<Editor> {
  const profile = mkdtempSync(join(tmpdir(), 'dlms-browser-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath(),
    headless: true,
    locale,
    viewport: { width: 1400, height: 900 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const problems: string[] = [];
  page.on('pageerror', error => problems.push(String(error)));
  page.on('response', response => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector('#red-ui-palette .red-ui-palette-node[data-palette-type="dlms-get-object"]', {
    timeout: 30_000,
  });
  // Short notices lie over the buttons for some seconds; a person waits or clicks beside them.
  await page.addStyleTag({ content: '#red-ui-notifications { display: none }' });
  return {
    page,
    problems,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Opens the form of a node by its id and waits for it. */
export async function openForm(page: Page, id: string): Promise<void> {
  await page.evaluate(nodeId => {
    const red = (globalThis as unknown as { RED: EditorApi }).RED;
    const node = red.nodes.node(nodeId);
    if (node._def.category === 'config') red.editor.editConfig('', node.type, nodeId);
    else red.editor.edit(node);
  }, id);
  await page.waitForSelector('.red-ui-tray .red-ui-tray-content form', { state: 'visible' });
  await page.waitForTimeout(400);
}

export async function closeForm(page: Page, how: 'save' | 'cancel'): Promise<void> {
  const button =
    how === 'save' ? '#node-dialog-ok, #node-config-dialog-ok' : '#node-dialog-cancel, #node-config-dialog-cancel';
  await page.locator(button).last().click();
  await page.waitForSelector('.red-ui-tray', { state: 'detached' });
}

export async function deploy(page: Page): Promise<void> {
  await page.click('#red-ui-header-button-deploy');
  await page.waitForSelector('#red-ui-header-button-deploy.disabled', { timeout: 20_000 });
}

/** The parts of the editor's own API that the tests use. */
export interface EditorApi {
  nodes: {
    node(id: string): { type: string; valid: boolean; validationErrors?: unknown[]; _def: { category: string } };
    eachNode(tell: (node: { id: string; type: string; valid: boolean }) => void): void;
    eachConfig(tell: (node: { id: string; type: string; valid: boolean }) => void): void;
  };
  editor: { edit(node: unknown): void; editConfig(name: string, type: string, id: string): void };
  view: { importNodes(nodes: unknown, options: object): void };
  workspaces: { show(id: string): void };
  sidebar: { show(id: string): void };
}

function browserPath(): string {
  const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = places.find(path => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error('no chromium found: install it, or set CHROMIUM to its path');
  return found;
}
