// The form of dlms-set-object: a command, and for writing and invoking a list of rows.

import {
  heightLeft,
  isObis,
  isWhole,
  register,
  shared,
  suggestCodes,
  textIn,
  trimmed,
  typed,
  wordsOf,
  type FormNode,
} from '../../editor';
import { SET_OBJECT } from './settings';

interface OrderRow {
  readonly obis?: string;
  readonly classId?: string;
  readonly index?: string;
  readonly value?: string;
}

interface SetObject extends FormNode {
  objects?: readonly OrderRow[];
  command?: string;
}

const say = wordsOf('dlms-set-object');

register<SetObject>('dlms-set-object', SET_OBJECT, {
  color: '#FDD0A2',
  inputs: 1,
  outputs: 2,
  checks: {
    objects: (objects: readonly OrderRow[] | undefined = []) => {
      // Rows without a code are those of a message.
      const written = objects.filter(({ obis, value }) => trimmed(obis) !== '' || trimmed(value) !== '');
      const wrong = written.find(({ obis }) => !isObis(obis) || trimmed(obis) === '');
      if (wrong !== undefined) return shared('error.obis', { value: wrong.obis });
      const odd = written.find(o => !isWhole(o.classId, 0, 65_535) || !isWhole(o.index, 1, 255));
      return odd === undefined || say('error.index', { obis: odd.obis });
    },
  },
  label: ({ command = 'write' }) => (command === 'write' ? 'set object' : command.replace('-', ' ')),
  outputLabels: (_, index) => say(index === 0 ? 'output.done' : 'output.audit'),
  prepare: ({ objects = [] }) => {
    const list = $('#dlms-set-object-list');
    list.editableList({ sortable: true, removable: true, height: 120, addItem: addRow });
    for (const object of objects) list.editableList('addItem', { ...object });
    const object = $('#node-input-object');
    suggestCodes(object);
    // Only the relay has a usual place.
    $('#node-input-command').on('change', function () {
      object.attr('placeholder', ['reset', 'script'].includes(typed($(this))) ? '' : RELAY);
    });
  },
  save: node => {
    node.objects = rowsIn($('#dlms-set-object-list')).filter(({ obis }) => obis !== '');
  },
  resize: height => {
    const rest = heightLeft(height, '.dlms-set-object-row');
    $('#dlms-set-object-list').editableList('height', Math.max(120, rest - 140));
  },
});

const RELAY = '0-0:96.3.10*255';

function addRow(row: JQuery, _index: number, object: OrderRow): void {
  row.css({ display: 'flex', gap: '6px' });
  const field = (kind: keyof OrderRow, width: string, placeholder: string): JQuery =>
    $(`<input type="text" class="dlms-${kind}">`)
      .css(width === '' ? { flex: '1 1 auto', minWidth: '60px' } : { width })
      .attr('placeholder', placeholder)
      .val(object[kind] ?? '')
      .appendTo(row);
  const obis = field('obis', '', '0-0:96.13.0*255');
  field('classId', '55px', say('label.classId'));
  field('index', '45px', say('label.index'));
  field('value', '120px', 'msg.payload');
  suggestCodes(obis);
  obis.on('change autocompleteselect', () => {
    obis.toggleClass('input-error', !isObis(textIn(obis)));
  });
}

function rowsIn(list: JQuery): Required<OrderRow>[] {
  return list
    .editableList('items')
    .get()
    .map(row => ({
      obis: textIn($(row).find('.dlms-obis')),
      classId: textIn($(row).find('.dlms-classId')),
      index: textIn($(row).find('.dlms-index')),
      value: textIn($(row).find('.dlms-value')),
    }));
}
