// The form of dlms-obis-filter: its rules, written by hand, found by words or picked from what came lately.

import {
  ask,
  isPattern,
  isWrittenOut,
  language,
  register,
  suggestCodes,
  textIn,
  typed,
  wordsOf,
  type Failed,
  type FormNode,
} from '../../editor';
import { outputsOf, wiresOf } from './editor-outputs';
import { OBIS_FILTER } from './settings';

type RuleField = (typeof LINES)[number][number];
type Rule = Partial<Record<RuleField, string>>;

interface ObisFilter extends FormNode {
  rules?: readonly Rule[];
  readonly output?: string;
  readonly outputs?: number;
  readonly persist?: string;
  readonly language?: string;
}

interface Recent {
  readonly obis: string | null;
  readonly id?: string;
  readonly key: string;
  readonly name: string;
  readonly value: unknown;
  readonly unit?: string | null;
}

const LINES = [
  ['obis', 'name', 'unit'],
  ['select', 'type', 'unitIn'],
  ['topic', 'factor', 'offset', 'round'],
  ['deadband', 'minInterval', 'maxInterval'],
] as const;
const FIELDS: readonly RuleField[] = LINES.flat();
const WIDTHS: Readonly<Record<RuleField, string>> = {
  obis: '34%',
  name: '33%',
  unit: '15%',
  select: '30%',
  type: '25%',
  unitIn: '30%',
  topic: '30%',
  factor: '16%',
  offset: '16%',
  round: '16%',
  deadband: '30%',
  minInterval: '30%',
  maxInterval: '30%',
};
const TYPES = ['number', 'string', 'boolean'] as const;

const say = wordsOf('dlms-obis-filter');

register<ObisFilter>('dlms-obis-filter', OBIS_FILTER, {
  color: '#DEB887',
  inputs: 1,
  outputs: 2,
  labels: { holdFor: () => say('label.hold') },
  checks: {
    rules: (rules: readonly Rule[] | undefined = []) => {
      const wrong = rules.find(({ obis }) => !isPattern(obis));
      return wrong === undefined || say('error.pattern', { value: wrong.obis });
    },
  },
  label: ({ rules = [] }) => {
    if (rules.length === 0) return say('all');
    return rules.length === 1 ? nameOf(rules[0]) : say('count', { count: rules.length });
  },
  outputLabels: ({ rules = [], output, outputs }, index) => {
    if (index === (outputs || 2) - 1) return say('heldBack');
    return output === 'per-rule' && rules[index] !== undefined ? nameOf(rules[index]) : say('values');
  },
  prepare: node => {
    const list = $('#node-input-rule-list');
    list.editableList({ sortable: true, removable: true, height: 'auto', addItem: addRule });
    // On the frame, not on the list: a list with a least height would keep it as its height.
    list.parent().css('min-height', '200px');
    (node.rules ?? []).forEach((rule, place) => list.editableList('addItem', { place, ...rule }));
    const recent = $('#dlms-recent-list');
    $('#dlms-recent').on('click', () => {
      if (recent.is(':visible')) recent.hide();
      else showRecent(node.id, recent, list);
    });
    fillLanguages($('#node-input-language'), node.language ?? '');
    fillStores($('#node-input-persist'), node.persist ?? '');
  },
  save: node => {
    const rows = $('#node-input-rule-list')
      .editableList('items')
      .get()
      .map(row => ({ rule: ruleIn($(row)), place: $(row).data('place') as number | undefined }))
      .filter(({ rule }) => rule.obis !== undefined);
    const output = typed($('#node-input-output'));
    const wires = wiresOf({
      before: node.outputs || 2,
      after: outputsOf(output, rows.length),
      places: output === 'per-rule' && node.output === 'per-rule' ? rows.map(({ place }) => place) : null,
    });
    node.rules = rows.map(({ rule }) => rule);
    $('#node-input-outputs').val(JSON.stringify(wires));
  },
});

function nameOf(rule: Rule | undefined): string {
  return rule?.name || rule?.obis || '';
}

function addRule(row: JQuery, _index: number, rule: Rule & { readonly place?: number }): void {
  const lines = LINES.map(names => {
    const line = $('<div>').css({ display: 'flex', gap: '4px', marginBottom: '4px' }).appendTo(row);
    for (const name of names) {
      const width = WIDTHS[name];
      const field = name === 'type' ? typeList() : $('<input type="text">').attr('placeholder', placeholderOf(name));
      field
        .addClass(`dlms-rule-${name}`)
        .attr('title', say(`rule.${name}`))
        .css({ width, flex: `1 1 ${width}`, minWidth: 0 })
        .val(rule[name] ?? '')
        .appendTo(line);
    }
    return line;
  });
  const [first, ...further] = lines;
  const used = FIELDS.some(name => !LINES[0].some(usual => usual === name) && (rule[name] ?? '') !== '');
  for (const line of further) line.toggle(used);
  const more = $('<button type="button" class="red-ui-button red-ui-button-small">')
    .attr('title', say('label.more'))
    .append($('<i class="fa fa-ellipsis-h">'))
    .on('click', () => {
      for (const line of further) line.toggle();
    });
  first?.append(more);
  const obis = row.find('.dlms-rule-obis');
  suggestCodes(obis, isWrittenOut);
  obis.on('change autocompleteselect', () => {
    obis.toggleClass('input-error', !isPattern(typed(obis)));
  });
  // Where the rule stood, so that the wires of its output follow it.
  if (rule.place !== undefined) row.data('place', rule.place);
}

function placeholderOf(name: RuleField): string {
  return name === 'obis' ? '1.8.0, *.7.0, 1-0:1.8.*' : say(`rule.${name}`);
}

function typeList(): JQuery {
  const list = $('<select>').append($('<option>').val('').text(say('rule.type')));
  for (const type of TYPES)
    $('<option>')
      .val(type)
      .text(say(`type.${type}`))
      .appendTo(list);
  return list;
}

function ruleIn(row: JQuery): Rule {
  const filled = FIELDS.map(name => [name, textIn(row.find(`.dlms-rule-${name}`))] as const);
  return Object.fromEntries(filled.filter(([, value]) => value !== ''));
}

/** What came lately, each to be picked as a rule. */
function showRecent(id: string, box: JQuery, list: JQuery): void {
  box.empty().show().text(say('recent.loading'));
  ask(`dlms-obis-filter/${encodeURIComponent(id)}/recent`, { lang: language() })
    .done((readings: readonly Recent[]) => {
      box.empty();
      if (readings.length === 0) box.text(say('recent.none'));
      for (const { obis, id: own, key, name, value, unit } of readings) {
        const code = obis || own || key;
        const line = $('<a href="#">')
          .css({ display: 'block', padding: '2px 4px' })
          .text(`${code}  ${name}  ${String(value)}${unit ? ` ${unit}` : ''}`)
          .attr('title', say('recent.add'))
          .appendTo(box);
        line.on('click', event => {
          event.preventDefault();
          list.editableList('addItem', { obis: code });
          line.css('opacity', 0.5);
        });
      }
    })
    .fail(({ status }: Failed) => {
      box.text(say(status === 404 ? 'recent.notDeployed' : 'recent.failed'));
    });
}

/** English, the language of who opens the form, and the one that is chosen. */
function fillLanguages(list: JQuery, chosen: string): void {
  const own = language();
  const nameIn = (code: string): string => new Intl.DisplayNames([own], { type: 'language' }).of(code) ?? code;
  const others = new Set([own, chosen].filter(code => code !== '' && !/^en\b/.test(code)));
  $('<option>').val('').text(nameIn('en')).appendTo(list);
  for (const code of others) $('<option>').val(code).text(nameIn(code)).appendTo(list);
  list.val(chosen);
}

/** Where the state may be kept: the context stores of this Node-RED, and the one that is chosen even where it is gone. */
function fillStores(list: JQuery, chosen: string): void {
  const { context } = RED.settings as { readonly context?: { readonly stores?: readonly string[] } };
  const stores = context?.stores ?? ['default'];
  const option = (value: string, text: string): void => {
    $('<option>').val(value).text(text).appendTo(list);
  };
  option('', say('persist.none'));
  option('file', say('persist.file'));
  for (const store of stores) option(store, say('persist.store', { store }));
  if (chosen !== '' && chosen !== 'file' && !stores.includes(chosen)) option(chosen, chosen);
  list.val(chosen);
}
