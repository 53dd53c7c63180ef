// What may stand in the fields of the forms: a wrong value is marked with its reason while it is typed, presets fill in what is
// usual, suggestions replace nothing that is written out, and text from a file or a meter stays text.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Locator } from 'playwright-core';
import { installPacked, NodeRedProcess, remove, temporaryUserDir } from '../node-red-process';
import { Editor, type FlowNode } from './editor';
import { SURROUNDINGS } from './runtimes';

const KEY = '00112233 44556677:8899AABB CCDDEEFF';
const CONNECTION: FlowNode = {
  id: 'line',
  type: 'dlms-connection',
  transport: 'tcp',
  host: '127.0.0.1',
  port: '4059',
  interface: 'hdlc',
  referencing: 'ln',
  clientAddress: '16',
  serverAddress: '1',
  addressSize: 'auto',
  authentication: 'none',
  security: 'none',
  suite: '0',
  clockPolicy: '',
  version: 1,
};

/** Type, what is set first, and of each field a value that cannot be and one that can. */
const FIELDS: readonly (readonly [
  string,
  readonly (readonly [string, string])[],
  readonly (readonly [string, string, string])[],
])[] = [
  [
    'dlms-connection',
    [
      ['security', 'authentication-encryption'],
      ['encryptionKey', KEY],
      ['authenticationKey', KEY],
    ],
    [
      ['port', '70000', '4059'],
      ['clientAddress', '128', '0x10'],
      ['serverAddress', '-1', '17'],
      ['serialNumber', 'abc', '12345678'],
      ['timezone', 'Vienna', 'Europe/Vienna'],
      ['encryptionKey', 'abcd', KEY],
      ['authenticationKey', '0x00', KEY],
      ['dedicatedKey', 'not a key', KEY],
      ['systemTitle', '4d46', '4d 46 4c 00 00 00 00 01'],
      ['meterSystemTitle', 'MMM', 'MMM00001'],
      ['counterObject', 'counter', '0-0:43.1.1*255'],
      ['windowSize', '8', '7'],
      ['frameSize', '4000', '128'],
      ['answerTimeout', '1', '8000'],
    ],
  ],
  ['dlms-connection', [['transport', 'serial']], [['baudRate', 'fast', '9600']]],
  ['dlms-read-load-profile', [], [['obis', '99', '1-0:99.2.0*255']]],
  [
    'dlms-push-decoder',
    [],
    [
      ['encryptionKey', '0123', KEY],
      ['authenticationKey', 'x', KEY],
      ['systemTitle', '4b46', '4b464d1020000001'],
      ['timezone', 'CEST', 'Europe/Oslo'],
      ['silence', 'never', '90'],
      ['idle', '5', '5000'],
    ],
  ],
  [
    'dlms-iec-readout',
    [['mode', 'p1']],
    [
      ['encryptionKey', '0123', KEY],
      ['systemTitle', '4b46', '4b464d1020000001'],
    ],
  ],
  [
    'dlms-iec-readout',
    [],
    [
      ['timezone', 'Wien', 'Europe/Vienna'],
      ['baudRate', '1', '300'],
      ['baudChangeDelay', '5000', '300'],
      ['maxReadoutSeconds', '0', '300'],
    ],
  ],
  [
    'dlms-obis-filter',
    [],
    [
      ['deadband', 'much', '2%'],
      ['minInterval', '-1', '60'],
    ],
  ],
  [
    'dlms-simulator',
    [],
    [
      ['port', '99999', '4059'],
      ['days', '0', '31'],
      ['timezone', 'Nowhere/Else', 'Europe/Vienna'],
      ['encryptionKey', 'key', KEY],
      ['systemTitle', '00', '4d46571000000001'],
    ],
  ],
];

for (const { name, theme, prepare } of SURROUNDINGS) {
  describe(`the fields of the forms in ${name}`, function () {
    this.timeout(180_000);
    let userDir = '';
    let red: NodeRedProcess;
    let editor: Editor;

    before(async () => {
      userDir = temporaryUserDir();
      installPacked(userDir);
      red = await NodeRedProcess.start(userDir, {}, prepare());
      editor = await Editor.open(red.url('/'), { theme });
      await editor.importFlow([{ id: 'tab', type: 'tab', label: 'Forms' }]);
      await editor.run(`RED.view.importNodes(${JSON.stringify([CONNECTION])}, { generateIds: false, addFlow: false })`);
    });
    after(async () => {
      // Missing when before() failed.
      await (editor as Editor | undefined)?.close();
      await (red as NodeRedProcess | undefined)?.stop();
      remove(userDir);
    });

    for (const [type, before, fields] of FIELDS) {
      it(`of ${type} mark what cannot be, say why, and take it back`, async () => {
        const tray = await open(editor, type);
        const prefix = type === 'dlms-connection' ? 'node-config-input' : 'node-input';
        for (const [field, value] of before) await set(editor, `#${prefix}-${field}`, value);
        for (const [field, wrong, right] of fields) {
          const id = `#${prefix}-${field}`;
          await set(editor, id, wrong);
          assert.equal(await marked(tray, id), true, `${field} = "${wrong}"`);
          // The editor has it only where the reason is told.
          assert.equal(
            await editor.run(`$('${id}').data('tooltip') != null`),
            true,
            `${field}: why "${wrong}" cannot be`,
          );
          await set(editor, id, right);
          assert.equal(await marked(tray, id), false, `${field} = "${right}"`);
          await set(editor, id, '${NAME}');
          assert.equal(await marked(tray, id), false, `${field} from the environment`);
          await set(editor, id, right);
        }
        await editor.leave('cancel');
      });
    }

    it('ask for the password and the keys that the authentication and security need', async () => {
      const tray = await open(editor, 'dlms-connection');
      const missing = async (): Promise<string[]> => {
        const marks = await tray.locator('input[type=password].input-error').all();
        return (await Promise.all(marks.map(m => m.getAttribute('id')))).map(id => String(id).split('-').at(-1) ?? '');
      };
      assert.deepEqual(await missing(), []);
      await set(editor, '#node-config-input-authentication', 'low');
      assert.deepEqual(await missing(), ['password']);
      await set(editor, '#node-config-input-authentication', 'none');
      await set(editor, '#node-config-input-security', 'encryption');
      assert.deepEqual(await missing(), ['encryptionKey']);
      await set(editor, '#node-config-input-security', 'authentication-encryption');
      assert.deepEqual(await missing(), ['encryptionKey', 'authenticationKey']);
      await set(editor, '#node-config-input-encryptionKey', KEY);
      await set(editor, '#node-config-input-authenticationKey', KEY);
      assert.deepEqual(await missing(), []);
      await editor.leave('cancel');
    });

    it('are filled in by presets: the line by the connection, clock and scalers by the push decoder', async () => {
      const connection = await open(editor, 'dlms-connection');
      const field = connection.locator('#dlms-connection-preset');
      await lookFor(field, 'norway kaifa');
      await field.press('Enter');
      assert.equal(await field.inputValue(), 'Norway: Kaifa (HAN)');
      const line = ['transport', 'baudRate', 'dataBits', 'parity', 'stopBits', 'preset'];
      assert.deepEqual(await values(editor, 'node-config-input', line), [
        'serial',
        '2400',
        '8',
        'even',
        '1',
        'no-kaifa',
      ]);
      await editor.leave('cancel');

      const decoder = await open(editor, 'dlms-push-decoder');
      const choose = async (words: string, id: string): Promise<void> => {
        await lookFor(decoder.locator('#dlms-push-preset'), words);
        await decoder.locator(`.dlms-presets [data-preset=${id}]`).click();
      };
      await choose('kamstrup', 'se-kamstrup');
      const clock = ['timezone', 'clockPolicy'];
      assert.deepEqual(await values(editor, 'node-input', clock), ['Europe/Stockholm', 'standard-time-all-year']);
      assert.equal(await decoder.locator('#dlms-push-scalers .dlms-obis').count(), 4);
      assert.match(await decoder.locator('#dlms-push-preset-tip').innerText(), /2400 8N1/);
      // Nothing of the one before stays.
      await choose('EVN', 'at-noe');
      assert.deepEqual(await values(editor, 'node-input', clock), ['Europe/Vienna', 'standard']);
      assert.equal(await decoder.locator('#dlms-push-scalers .dlms-obis').count(), 0);
      assert.deepEqual(await values(editor, 'node-input', ['require']), ['encrypted']);
      await choose('omnipower sweden', 'se-kamstrup');
      assert.deepEqual(await values(editor, 'node-input', ['require']), ['']);
      await editor.leave('cancel');
    });

    it('look for a preset by keys alone, in a narrow dialog, too', async () => {
      const decoder = await open(editor, 'dlms-push-decoder');
      const field = decoder.locator('#dlms-push-preset');
      const list = decoder.locator('.dlms-presets');
      await decoder.locator('.red-ui-tray-body').evaluate(body => ((body as unknown as Styled).style.width = '480px'));
      await lookFor(field, 'zzz');
      assert.match(await list.innerText(), /Nothing is known/);
      await field.press('Escape');
      await list.waitFor({ state: 'hidden' });
      assert.ok(await field.isVisible(), 'the dialog stays');
      await lookFor(field, 'niederosterreich');
      const [inner, outer] = [await list.boundingBox(), await decoder.locator('.dlms-form').boundingBox()];
      assert.ok(inner !== null && outer !== null && inner.x + inner.width <= outer.x + outer.width + 1, 'cut off');
      await field.fill('austria');
      await field.press('ArrowDown');
      await field.press('ArrowDown');
      const marked = list.locator('[aria-selected=true]');
      assert.equal(await list.locator('[role=option]').nth(2).getAttribute('id'), await marked.getAttribute('id'));
      assert.equal(await field.getAttribute('aria-activedescendant'), await marked.getAttribute('id'));
      const id = await marked.getAttribute('data-preset');
      await field.press('Enter');
      assert.deepEqual(await values(editor, 'node-input', ['preset']), [id]);
      // What was typed and not chosen is no preset; an empty field is none.
      await field.fill('norway');
      await field.press('Tab');
      assert.match(await field.inputValue(), /^Austria: /);
      await field.fill('');
      await field.press('Tab');
      assert.deepEqual(await values(editor, 'node-input', ['preset']), ['']);
      await decoder.locator('#dlms-push-preset-tip').waitFor({ state: 'hidden' });
      await editor.leave('cancel');
    });

    it('have a preset once for a decoder and its connection, and name it again with what was changed', async () => {
      const decoder = await open(editor, 'dlms-push-decoder');
      const id = await editor.run<string>("RED.nodes.filterNodes({ type: 'dlms-push-decoder' }).at(-1).id");
      const tip = decoder.locator('#dlms-push-preset-tip');
      const button = decoder.locator('#dlms-push-preset-line');
      await lookFor(decoder.locator('#dlms-push-preset'), 'tinetz');
      await decoder.locator('#dlms-push-preset').press('Enter');
      await decoder.locator('#node-input-source').selectOption('connection');
      await decoder.locator('#node-input-connection').selectOption('_ADD_');
      await decoder.locator('#node-input-btn-connection-add').click();
      await editor.page.locator('#dlms-connection-preset').waitFor();
      await editor.page.waitForFunction("$('#dlms-connection-preset').val() !== ''");
      const line = ['transport', 'baudRate', 'parity', 'interface', 'preset'];
      assert.deepEqual(await values(editor, 'node-config-input', line), ['serial', '2400', 'even', 'push', 'at-west']);
      await set(editor, '#node-config-input-path', '/dev/ttyUSB0');
      await editor.page.click('#node-config-dialog-ok');
      await tip.waitFor();
      assert.match(await tip.innerText(), /has this line, 2400 8E1/);
      assert.equal(await button.isVisible(), false);

      // Another one, and the connection goes with it where the user says so.
      await lookFor(decoder.locator('#dlms-push-preset'), 'burgenland');
      await decoder.locator('#dlms-push-preset').press('Enter');
      assert.match(await tip.innerText(), /9600 8N1.*Baud rate/);
      await button.click();
      assert.match(await tip.innerText(), /has this line, 9600 8N1/);
      const made = await editor.run<string>("$('#node-input-connection').val()");
      const kept = `(c => [c.transport, c.path, c.baudRate, c.parity, c.preset])(RED.nodes.node('${made}'))`;
      const now = ['serial', '/dev/ttyUSB0', '9600', 'none', 'at-burgenland'];
      assert.deepEqual(await editor.run(kept), now);
      await decoder.locator('#node-input-clockPolicy').selectOption('inverted');
      assert.match(await tip.innerText(), /Other than the preset: Meter clock/);
      await editor.leave('ok');

      const again = await editor.edit(id);
      assert.match(await again.locator('#dlms-push-preset').inputValue(), /^Austria: Netz Burgenland/);
      assert.match(await tip.innerText(), /Other than the preset: Meter clock/);
      await editor.leave('cancel');
      const connection = await editor.edit(made);
      assert.match(await connection.locator('#dlms-connection-preset').inputValue(), /^Austria: Netz Burgenland/);
      await connection.locator('#dlms-connection-preset-tip').waitFor({ state: 'hidden' });
      await connection.locator('#node-config-input-parity').selectOption('even');
      assert.match(await connection.locator('#dlms-connection-preset-tip').innerText(), /Parity/);
      await editor.leave('cancel');
    });

    it('of set object leave its rows the room that hidden fields do not take, and name a usual place only of the relay', async () => {
      const tray = await open(editor, 'dlms-set-object');
      const list = await tray.locator('.dlms-set-object-row .red-ui-editableList-container').boundingBox();
      assert.ok((list?.height ?? 0) > 160, `${list?.height} px for the rows`);
      const usual = tray.locator('#node-input-object');
      await tray.locator('#node-input-command').selectOption('disconnect');
      assert.equal(await usual.getAttribute('placeholder'), '0-0:96.3.10*255');
      await tray.locator('#node-input-command').selectOption('reset');
      assert.equal(await usual.getAttribute('placeholder'), '');
      await editor.leave('cancel');
    });

    it('say what the keys and the choice do not prove', async () => {
      const decoder = await open(editor, 'dlms-push-decoder');
      const hint = decoder.locator('#dlms-push-proof');
      assert.equal(await hint.isVisible(), false);
      await decoder.locator('#node-input-encryptionKey').fill(KEY);
      assert.match(await hint.innerText(), /bits were changed/);
      await decoder.locator('#node-input-authenticationKey').fill(KEY);
      await hint.waitFor({ state: 'hidden' });
      await decoder.locator('#node-input-require').selectOption('encrypted');
      assert.match(await hint.innerText(), /bits were changed/);
      await decoder.locator('#node-input-authenticationKey').fill('');
      await decoder.locator('#node-input-require').selectOption('authenticated');
      assert.match(await hint.innerText(), /no tag can be verified/);
      await editor.leave('cancel');
    });

    it('keep what was written out when Tab or Enter closes the suggestions', async () => {
      await editor.page.route('**/dlms-connection/ports', route =>
        route.fulfill({ json: [{ path: '/dev/serial/by-id/usb-head', about: '/dev/ttyUSB0' }] }),
      );
      const menu = editor.page.locator('.red-ui-autoComplete-container');
      const connection = await open(editor, 'dlms-connection');
      await set(editor, '#node-config-input-transport', 'serial');
      const path = connection.locator('#node-config-input-path');
      await path.click();
      await menu.getByText('/dev/serial/by-id/usb-head').waitFor();
      await path.pressSequentially('/dev/ttyS7');
      await menu.getByText('/dev/ttyS7').waitFor();
      await path.press('Tab');
      assert.equal(await path.inputValue(), '/dev/ttyS7');
      await editor.leave('cancel');
      await editor.page.unroute('**/dlms-connection/ports');

      const filter = await open(editor, 'dlms-obis-filter');
      await filter.locator('.red-ui-editableList-addButton').click();
      const code = filter.locator('#node-input-rule-list input').first();
      await code.pressSequentially('*.7.0');
      await menu.getByText('*.7.0').first().waitFor();
      await code.press('Tab');
      assert.equal(await code.inputValue(), '*.7.0');
      await editor.leave('cancel');
    });

    it('show the default for what a flow leaves out, and save it as such', async () => {
      const bare: FlowNode[] = [{ id: 'bare', type: 'dlms-simulator', z: 'tab', x: 300, y: 300, wires: [[]] }];
      await editor.run(`RED.view.importNodes(${JSON.stringify(bare)}, { generateIds: false, addFlow: false })`);
      const tray = await editor.edit('bare');
      assert.equal(await tray.locator('#node-input-gas').isChecked(), true);
      assert.deepEqual(await values(editor, 'node-input', ['port', 'referencing']), ['4059', 'both']);
      await editor.leave('ok');
      assert.deepEqual(await editor.run("[RED.nodes.node('bare').gas, RED.nodes.node('bare').kind]"), [true, 'dlms']);
    });

    it('take a name from a file as text, not as HTML', async () => {
      const tray = await open(editor, 'dlms-push-decoder');
      await tray.locator('#dlms-push-more').click();
      await tray.locator('#dlms-push-layout-json').click();
      const evil = '<img src=x onerror="window.wasRun = true">';
      for (const layout of [
        { name: evil, elements: 0, entries: [] },
        { name: evil, elements: 1, entries: [{ position: 0, obis: evil }] },
      ]) {
        await tray.locator('#dlms-push-json-text').fill(JSON.stringify([layout]));
        await tray.locator('#dlms-push-json-take').click();
      }
      await tray.locator('#dlms-push-paste').fill(`/KFM5${evil}\r\n\r\n1-0:1.8.0(${evil}*kWh)\r\n!\r\n`);
      await tray.locator('#dlms-push-decode').click();
      await tray.locator('#dlms-push-pasted').locator('div, table').first().waitFor();
      await editor.page.waitForTimeout(500);
      assert.equal(await editor.run('window.wasRun === true'), false);
      await editor.leave('cancel');
    });

    it('report no error of the page', () => assert.deepEqual(editor.problems, []));
  });
}

/** The form of a fresh node, with the values that the editor gives it. */
async function open(editor: Editor, type: string): Promise<Locator> {
  if (type === 'dlms-connection') return editor.edit(CONNECTION.id);
  const id = await editor.run<string>(`(() => {
    const made = RED.view.createNode('${type}', 300, 200);
    const node = made.node || made;
    RED.nodes.add(node);
    return node.id;
  })()`);
  return editor.edit(id);
}

/** What of an element a test of Node.js may name. */
interface Styled {
  readonly style: { width: string };
}

/** Types into the field of a preset, once the presets are there. */
async function lookFor(field: Locator, words: string): Promise<void> {
  await field.page().waitForFunction(`$('#${await field.getAttribute('id')}').attr('aria-expanded') !== undefined`);
  await field.fill(words);
}

function set(editor: Editor, field: string, value: string): Promise<void> {
  return editor.run(`void $(${JSON.stringify(field)}).val(${JSON.stringify(value)}).trigger('change')`);
}

async function marked(tray: Locator, field: string): Promise<boolean> {
  return (await tray.locator(`${field}.input-error`).count()) > 0;
}

function values(editor: Editor, prefix: string, fields: readonly string[]): Promise<string[]> {
  return editor.run(`${JSON.stringify(fields)}.map(f => $('#${prefix}-' + f).val())`);
}
