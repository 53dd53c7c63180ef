// A telegram pasted into the form of dlms-push-decoder and decoded with what stands there, deployed or not.
// The rule of the file: what a meter wrote is text, never HTML.

import { fieldOf, post, saidBy, typed, valueOf, wordsOf, type Failed, type FormNode } from '../../editor';
import type { ConventionInForm, LayoutInForm, ScalersInForm } from './editor-check';
import { PUSH_DECODER } from './settings';
import type { Trial, TrialTelegram } from './trial';

/** Of the node and the line, not of the telegram. */
const ELSEWHERE: readonly string[] = [
  'name',
  'source',
  'sourceProperty',
  'connection',
  'silence',
  'hex',
  'version',
  'layouts',
  'scalers',
  'conventions',
];
const SECRETS = PUSH_DECODER.filter(({ kind }) => kind === 'key' || kind === 'password').map(({ name }) => name);
const PROPERTIES = PUSH_DECODER.map(({ name }) => name).filter(
  name => !ELSEWHERE.includes(name) && !SECRETS.some(secret => secret === name),
);

const say = wordsOf('dlms-push-decoder');

export function prepareTrial(
  node: FormNode,
  own: () => {
    readonly layouts: readonly LayoutInForm[];
    readonly conventions: readonly ConventionInForm[];
    readonly scalers: ScalersInForm;
  },
  keyEdits: () => string,
  describe: (layout: LayoutInForm) => void,
): void {
  const button = $('#dlms-push-decode');
  button.on('click', () => {
    const inForm = (names: readonly string[]): object =>
      Object.fromEntries(names.map(name => [name, valueOf(fieldOf(node, name))]));
    const box = $('#dlms-push-pasted').empty().show();
    button.prop('disabled', true);
    post('dlms-push-decoder/decode', {
      id: node.id,
      text: typed($('#dlms-push-paste')),
      properties: { ...inForm(PROPERTIES), ...own() },
      credentials: { ...inForm(SECRETS), keyEdits: keyEdits() },
    })
      .done((found: Trial) => showTrial(box, found, describe))
      .fail((failed: Failed) => void hint(box, saidBy(failed) ?? say('paste.failed')))
      .always(() => {
        button.prop('disabled', false);
        RED.tray.resize();
      });
  });
}

function showTrial(box: JQuery, { telegrams, problems }: Trial, describe: (layout: LayoutInForm) => void): void {
  if (telegrams.length + problems.length === 0) hint(box, say('paste.nothing'));
  for (const telegram of telegrams) showTelegram(box, telegram);
  for (const { message, layout } of problems) {
    const tip = hint(box, message);
    if (layout === undefined) continue;
    $('<button type="button" class="red-ui-button red-ui-button-small dlms-push-describe">')
      .css({ display: 'block', marginTop: '6px' })
      .text(say('button.describe'))
      .on('click', () => describe(structuredClone(layout) as LayoutInForm))
      .appendTo(tip);
  }
}

/** Whose telegram it is and how it came, then a row for each reading. */
function showTelegram(box: JQuery, { meter, time, origin, readings }: TrialTelegram): void {
  const facts = [meter, time, origin.framing, origin.layout].filter(Boolean);
  if (origin.encrypted) facts.push(say(origin.authenticated ? 'paste.verified' : 'paste.opened'));
  $('<div>').css({ fontWeight: 'bold', marginBottom: '4px' }).text(facts.join(' · ')).appendTo(box);
  const table = $('<table>').css({ width: '100%', fontSize: '12px' }).appendTo(box);
  for (const { obis, id, name, value, unit } of readings) {
    const row = $('<tr>').appendTo(table);
    const cell = (text: string): JQuery =>
      $('<td>').css({ padding: '1px 8px 1px 0', verticalAlign: 'top' }).text(text).appendTo(row);
    cell(obis || id || '').css({ fontFamily: 'monospace', whiteSpace: 'nowrap' });
    cell(name);
    const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
    cell(value === null ? '' : shown + (unit ? ` ${unit}` : '')).css({ textAlign: 'right', wordBreak: 'break-word' });
  }
}

function hint(box: JQuery, text: string): JQuery {
  return $('<div class="form-tips">').text(text).appendTo(box);
}
