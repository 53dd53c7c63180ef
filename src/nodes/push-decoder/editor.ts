// The form of dlms-push-decoder: where the bytes come from, how they are opened, and own layouts for lists without codes.

import {
  fieldOf,
  isPower,
  lineOf,
  presetList,
  pushValues,
  register,
  textIn,
  typed,
  wordsOf,
  type FormNode,
  type Preset,
} from '../../editor';
import {
  faultInLayouts,
  numberOrText,
  unproven,
  wrongScaler,
  type LayoutInForm,
  type ScalersInForm,
} from './editor-check';
import { KeyList } from './editor-keys';
import { LayoutTable, markWrong, sentenceOf } from './editor-layouts';
import { prepareTrial } from './editor-trial';
import { PUSH_DECODER } from './settings';

interface PushDecoder extends FormNode {
  readonly framing?: string;
  readonly layout?: string;
  readonly keyFile?: string;
  layouts?: readonly LayoutInForm[];
  scalers?: ScalersInForm;
}

const KEYS = PUSH_DECODER.filter(({ kind }) => kind === 'key').map(({ name }) => name);

const say = wordsOf('dlms-push-decoder');
/** Of the form that is open. */
let layoutTable: LayoutTable | null = null;
let keyList: KeyList | null = null;

register<PushDecoder>('dlms-push-decoder', PUSH_DECODER, {
  color: '#C7E9C0',
  inputs: 1,
  outputs: 2,
  checks: {
    layouts: (layouts: readonly LayoutInForm[] | undefined) => {
      const fault = faultInLayouts(layouts || []);
      return fault === null || sentenceOf(fault);
    },
    scalers: (scalers: ScalersInForm | undefined) => {
      const wrong = wrongScaler(scalers || {});
      return wrong === undefined || say('error.scaler', { value: wrong });
    },
  },
  label: () => 'push decoder',
  outputLabels: (_, index) => say(index === 0 ? 'output.telegrams' : 'output.problems'),
  prepare: node => {
    const showMore = prepareDetails(node);
    const table = new LayoutTable(node, node.layouts ?? [], node.layout || 'auto');
    layoutTable = table;
    const keys = new KeyList(node);
    keyList = keys;
    prepareKeys(node);
    prepareScalers(node.scalers ?? {});
    prepareProof(node);
    presetList(
      $('#dlms-push-preset'),
      preset => preset.decoder !== undefined,
      preset => usePreset(node, preset),
    );
    prepareTrial(
      node,
      () => ({ layouts: table.layouts, scalers: scalersInForm() }),
      () => keys.edits,
      layout => {
        showMore();
        table.add(layout);
        $('#dlms-push-layout-name').get(0)?.scrollIntoView();
      },
    );
  },
  save: node => {
    node.layouts = layoutTable?.layouts ?? node.layouts ?? [];
    node.scalers = scalersInForm();
    keyList?.save();
  },
  close: () => {
    layoutTable = null;
    keyList = null;
  },
});

/** What few need is folded away, unless it is in use; gives the way to unfold it. */
function prepareDetails({ framing = 'auto', layout = 'auto', layouts = [], scalers = {} }: PushDecoder): () => void {
  const toggle = foldAway($('#dlms-push-more'), $('#dlms-push-details'));
  const special = framing !== 'auto' || layout !== 'auto' || layouts.length > 0 || Object.keys(scalers).length > 0;
  if (special) toggle();
  return () => {
    if ($('#dlms-push-details').is(':hidden')) toggle();
  };
}

/** Gives what folds and unfolds. */
function foldAway(handle: JQuery, details: JQuery): () => void {
  const toggle = (): void => {
    details.toggle();
    handle.find('i').toggleClass('fa-caret-right fa-caret-down');
    RED.tray.resize();
  };
  handle.on('click', event => {
    event.preventDefault();
    toggle();
  });
  return toggle;
}

/** Keys of many meters are folded away, unless there are some. */
function prepareKeys(node: PushDecoder): void {
  const toggle = foldAway($('#dlms-push-many'), $('#dlms-push-keys-details'));
  const { credentials = {}, keyFile = '' } = node;
  if (credentials['has_keyTable'] || credentials['has_keyEdits'] || keyFile !== '') toggle();
}

/** Says what the keys and the choice do not prove. */
function prepareProof(node: PushDecoder): void {
  const hint = $('#dlms-push-proof');
  const show = (): void => {
    const set = [...KEYS, 'keyTable', 'keyEdits'].filter(name => typed(fieldOf(node, name)) !== '');
    const hints = unproven({
      require: typed(fieldOf(node, 'require')),
      replay: typed(fieldOf(node, 'replay')),
      keys: set.length > 0,
      authentic: set.includes('authenticationKey'),
    });
    hint.text(hints.map(key => say(key)).join(' ')).toggle(hints.length > 0);
  };
  for (const name of KEYS) fieldOf(node, name).on('input change', show);
  for (const name of ['require', 'replay']) fieldOf(node, name).on('change', show);
  show();
}

function usePreset(node: PushDecoder, { decoder = {}, connection = {}, encrypted }: Preset): void {
  const usual = (name: string): string => String(node._def.defaults[name]?.value ?? '');
  for (const [name, value] of pushValues(decoder, usual)) fieldOf(node, name).val(value).trigger('change');
  $('#dlms-push-scalers').editableList('empty');
  addScalers(decoder.scalers ?? {});
  const line = say('preset.line', { line: lineOf(connection) });
  $('#dlms-push-preset-tip')
    .text(`${line} ${say(encrypted ? 'preset.encrypted' : 'preset.plain')}`)
    .show();
  RED.tray.resize();
}

function prepareScalers(saved: ScalersInForm): void {
  const list = $('#dlms-push-scalers');
  list.editableList({
    removable: true,
    sortable: true,
    height: 'auto',
    addItem: (row: JQuery, _index: number, { obis, power }: { obis?: string; power?: number | string }) => {
      row.css({ display: 'flex', gap: '6px' });
      $('<input type="text" class="dlms-obis">')
        .css({ flex: '1 1 auto' })
        .attr('placeholder', '1-0:32.7.0*255, *.8.*')
        .val(obis ?? '')
        .appendTo(row);
      const field = $('<input type="text" class="dlms-power">')
        .css({ width: '70px' })
        .attr('placeholder', say('label.power'))
        .val(power ?? '')
        .appendTo(row);
      markWrong(field, isPower);
    },
  });
  // On the frame, not on the list: a list with a least height would keep it as its height.
  list.parent().css('min-height', '60px');
  addScalers(saved);
}

function addScalers(scalers: ScalersInForm): void {
  for (const [obis, power] of Object.entries(scalers)) {
    $('#dlms-push-scalers').editableList('addItem', { obis, power });
  }
}

function scalersInForm(): ScalersInForm {
  const rows = $('#dlms-push-scalers').editableList('items').get();
  const pairs = rows.map(row => [textIn($(row).find('.dlms-obis')), textIn($(row).find('.dlms-power'))] as const);
  return Object.fromEntries(pairs.filter(([code]) => code !== '').map(([code, power]) => [code, numberOrText(power)]));
}
