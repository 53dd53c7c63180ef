// The form of dlms-push-decoder: where the bytes come from, how they are opened, and own layouts for lists without codes.

import {
  changeConnection,
  current,
  fieldOf,
  isPower,
  labelsOf,
  lineOf,
  others,
  presetField,
  pushValues,
  register,
  sameScalers,
  savedConnection,
  shared,
  textIn,
  typed,
  usual,
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
  readonly convention?: string;
  conventions?: readonly ConventionInForm[];
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
    const keys = new KeyList(node);
    keyList = keys;
    prepareKeys(node);
    prepareScalers(node.scalers ?? {});
    prepareProof(node);
    preparePreset(node);
    prepareTrial(
      node,
      () => ({ layouts: table.layouts, conventions: table.conventions, scalers: scalersInForm() }),
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
    node.conventions = layoutTable?.conventions ?? node.conventions ?? [];
    node.scalers = scalersInForm();
    keyList?.save();
  },
  close: () => {
    layoutTable = null;
    keyList = null;
  },
});

/** What few need is folded away, unless it is in use; gives the way to unfold it. */
function prepareDetails(node: PushDecoder): () => void {
  const { framing = 'auto', layout = 'auto', convention = 'auto', layouts = [], conventions = [], scalers = {} } = node;
  const toggle = foldAway($('#dlms-push-more'), $('#dlms-push-details'));
  const chosen = framing !== 'auto' || layout !== 'auto' || convention !== 'auto';
  const special = chosen || layouts.length + conventions.length + Object.keys(scalers).length > 0;
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

/** The preset of this node: what it fills in, what was changed since, and what it says of the line and the key. */
function preparePreset(node: PushDecoder): void {
  const tip = $('#dlms-push-preset-tip');
  const button = $('#dlms-push-preset-line');
  let own: Preset | null = null;
  const connection = (): ReturnType<typeof savedConnection> =>
    typed(fieldOf(node, 'source')) === 'connection' ? savedConnection(typed(fieldOf(node, 'connection'))) : null;
  const tell = (): void => {
    if (own !== null) {
      const { decoder = {}, connection: usualLine = {}, encrypted } = own;
      const saved = connection();
      const unlike =
        saved === null
          ? []
          : others(
              lineFor(own),
              name => saved.properties[name],
              () => '',
            );
      const line = { line: lineOf(usualLine), names: labelsOf('dlms-connection', unlike) };
      const changed = [
        ...others(
          pushValues(decoder, name => usual(node, name)),
          name => current(node, name),
          name => usual(node, name),
        ).map(name => labelsOf('dlms-push-decoder', [name])),
        ...(sameScalers(decoder.scalers ?? {}, scalersInForm()) ? [] : [say('preset.scalers')]),
      ];
      const sentences = [
        say(encrypted === true ? 'preset.encrypted' : 'preset.plain'),
        say(saved === null ? 'preset.line' : unlike.length === 0 ? 'preset.lineIs' : 'preset.lineOther', line),
        ...(changed.length === 0 ? [] : [shared('preset.differs', { names: changed.join(', ') })]),
      ];
      $('#dlms-push-preset-text').text(sentences.join(' '));
      button.toggle(unlike.length > 0);
    }
    tip.toggle(own !== null);
  };
  presetField(node, $('#dlms-push-preset'), {
    says: preset => preset.decoder !== undefined,
    take: preset => usePreset(node, preset),
    show: preset => {
      own = preset;
      tell();
      RED.tray.resize();
    },
  });
  button.on('click', event => {
    event.preventDefault();
    const saved = connection();
    if (own === null || saved === null) return;
    changeConnection(saved.id, { ...Object.fromEntries(lineFor(own)), preset: own.id });
    tell();
  });
  $('#dlms-push-form').on('change input', tell);
}

/** What a connection that is there gets: by which way its bytes come is the user's matter. */
function lineFor({ connection = {} }: Preset): readonly (readonly [string, string])[] {
  return Object.entries(connection).filter(([name]) => name !== 'transport');
}

function usePreset(node: PushDecoder, { decoder = {} }: Preset): void {
  const values = pushValues(decoder, name => usual(node, name));
  for (const [name, value] of values) fieldOf(node, name).val(value).trigger('change');
  $('#dlms-push-scalers').editableList('empty');
  addScalers(decoder.scalers ?? {});
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
