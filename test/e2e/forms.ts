// What holds for the form of every node, in every language and theme: it opens, it is translated, it can be read.
// The rule of the file: a fault is told with the text that has it.

import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { ExampleNode } from '../example-flows';
import type { Editor } from './editor';

/** Opens the first node of each of our types, tells the form to `look`, and cancels. */
export async function openForms(
  editor: Editor,
  nodes: readonly ExampleNode[],
  look: (type: string, tray: Locator) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const seen = new Set<string>();
  for (const { id, type, z } of nodes) {
    if (!type.startsWith('dlms-') || seen.has(type)) continue;
    seen.add(type);
    if (z !== undefined) await editor.show(z);
    const tray = await editor.edit(id);
    assert.deepEqual(await editor.run(UNTRANSLATED), [], type);
    assert.equal(await tray.locator('.input-error:visible').count(), 0, `${type} marks a field of its own example`);
    assert.deepEqual(await editor.run(HARD_TO_READ), [], type);
    await look(type, tray);
    await editor.leave('cancel');
  }
  assert.equal(seen.size, 8, [...seen].join());
}

const UNTRANSLATED = `Array.from(document.querySelectorAll('.red-ui-tray form *'))
  .filter(e => e.children.length === 0)
  .map(e => (e.textContent || '').trim())
  .filter(text => /^(dlms-[\\w-]+|shared)\\.[\\w.]+$/.test(text))`;

/**
 * Visible texts of the dialog whose contrast is below 3:1, labels, options and placeholders that are cut off, and fields
 * that do not end where the others do.
 */
const HARD_TO_READ = `(() => {
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const luminance = rgb => rgb.slice(0, 3)
    .map(c => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const rgba = channels(getComputedStyle(e).backgroundColor);
      if (rgba.length === 3 || rgba[3] > 0.9) return rgba;
    }
    return [255, 255, 255];
  };
  const pen = document.createElement('canvas').getContext('2d');
  const width = (text, e) => {
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(e);
    pen.font = fontWeight + ' ' + fontSize + ' ' + fontFamily;
    return pen.measureText(text).width;
  };
  const bad = [];
  const wide = Array.from(document.querySelectorAll('.red-ui-tray:last-child form .dlms-wide'));
  const ends = wide.filter(e => e.offsetParent !== null).map(e => Math.round(e.getBoundingClientRect().right));
  if (new Set(ends).size > 1) bad.push('ragged: ' + ends.join());
  for (const e of document.querySelectorAll('.red-ui-tray:last-child form *')) {
    const own = Array.from(e.childNodes).filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join('');
    const text = own || (e.matches('input, select') ? String(e.value) || e.placeholder || '' : '');
    if (text === '' || e.offsetParent === null || e.disabled || e.matches('option, script')) continue;
    const [one, two] = [luminance(channels(getComputedStyle(e).color)), luminance(behind(e))].sort((a, b) => b - a);
    if ((one + 0.05) / (two + 0.05) < 3) bad.push('faint: ' + text.slice(0, 40));
    const label = e.closest('label');
    if (label && label.scrollWidth > label.clientWidth + 2 && label.clientWidth > 0) bad.push('cut: ' + text.slice(0, 40));
    // The list of connections is Node-RED's own.
    const mine = e.matches('select') && !/connection$/.test(e.id);
    for (const o of mine ? e.options : []) if (width(o.text, e) > e.clientWidth - 24) bad.push('cut option: ' + o.text);
    if (e.placeholder && width(e.placeholder, e) > e.clientWidth - 12) bad.push('cut placeholder: ' + e.placeholder);
  }
  return bad;
})()`;
