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
  faultInConventions,
  faultInLayouts,
  numberOrText,
  unproven,
  wrongScaler,
  type ConventionInForm,
  type LayoutInForm,
  type ScalersInForm,
} from './editor-check';
import { LayoutTable, markWrong, sentenceOf } from './editor-layouts';
import { prepareTrial } from './editor-trial';
import { PUSH_DECODER } from './settings';

interface PushDecoder extends FormNode {
  readonly framing?: string;
  readonly layout?: string;
  layouts?: readonly LayoutInForm[];
  scalers?: ScalersInForm;
  readonly convention?: string;
  conventions?: readonly ConventionInForm[];
}

const KEYS = PUSH_DECODER.filter(({ kind }) => kind === 'key').map(({ name }) => name);

const say = wordsOf('dlms-push-decoder');
/** Of the form that is open. */
let layoutTable: LayoutTable | null = null;

register<PushDecoder>('dlms-push-decoder', PUSH_DECODER, {
  color: '#C7E9C0',
  inputs: 1,
  outputs: 2,
  checks: {
    layouts: (layouts: readonly LayoutInForm[] | undefined) => {
      const fault = faultInLayouts(layouts || []);
      return fault === null || sentenceOf(fault);
    },
    conventions: (conventions: readonly ConventionInForm[] | undefined) => {
      const fault = faultInConventions(conventions || []);
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
    const { layouts = [], conventions = [] } = node;
    const table = new LayoutTable(node, { layouts, conventions }, node.layout || 'auto', node.convention || 'auto');
    layoutTable = table;
    prepareScalers(node.scalers ?? {});
    prepareProof(node);
    presetList(
      $('#dlms-push-preset'),
      preset => preset.decoder !== undefined,
      preset => usePreset(node, preset),
    );
    prepareTrial(
      node,
      () => ({ layouts: table.layouts, conventions: table.conventions, scalers: scalersInForm() }),
      layout => {
        showMore();
        table.add(layout);
        $('#dlms-push-layout-name').get(0)?.scrollIntoView();
      },
    );
  },
  save: node => {
    node.layouts = layoutTable?.layouts ?? node.layouts ?? [];
    node.conventions = layoutTable?.conventions ?? node.conventions ?? [];
    node.scalers = scalersInForm();
  },
  close: () => {
    layoutTable = null;
  },
});

/** What few need is folded away, unless it is in use; gives the way to unfold it. */
function prepareDetails(node: PushDecoder): () => void {
  const { framing = 'auto', layout = 'auto', convention = 'auto', layouts = [], conventions = [], scalers = {} } = node;
  const details = $('#dlms-push-details');
  const more = $('#dlms-push-more');
  const toggle = (): void => {
    details.toggle();
    more.find('i').toggleClass('fa-caret-right fa-caret-down');
    RED.tray.resize();
  };
  more.on('click', event => {
    event.preventDefault();
    toggle();
  });
  const chosen = framing !== 'auto' || layout !== 'auto' || convention !== 'auto';
  const special = chosen || layouts.length + conventions.length + Object.keys(scalers).length > 0;
  if (special) toggle();
  return () => {
    if (details.is(':hidden')) toggle();
  };
}

/** Says what the keys and the choice do not prove. */
function prepareProof(node: PushDecoder): void {
  const hint = $('#dlms-push-proof');
  const show = (): void => {
    const set = KEYS.filter(name => typed(fieldOf(node, name)) !== '');
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
