// The form of dlms-get-object: a list of objects, written by hand, found by words or chosen from the meter.

import {
  browseButton,
  heightLeft,
  isObis,
  isWhole,
  register,
  shared,
  suggestCodes,
  textIn,
  trimmed,
  wordsOf,
  type FormNode,
} from '../../editor';
import { GET_OBJECT } from './settings';

interface ObjectRow {
  readonly obis?: string;
  readonly classId?: string;
  readonly attribute?: string;
}

interface GetObject extends FormNode {
  objects?: readonly ObjectRow[];
}

const say = wordsOf('dlms-get-object');

register<GetObject>('dlms-get-object', GET_OBJECT, {
  color: '#C7E9C0',
  inputs: 1,
  outputs: 1,
  checks: {
    objects: (objects: readonly ObjectRow[] | undefined = []) => {
      const wrong = objects.find(({ obis }) => !isCode(obis));
      if (wrong !== undefined) return shared('error.obis', { value: wrong.obis });
      const odd = objects.find(o => !isWhole(o.classId, 0, 65_535) || !isAttribute(o.attribute));
      return odd === undefined || say('error.attribute', { obis: odd.obis });
    },
  },
  label: ({ objects = [] }) => {
    if (objects.length === 1) return objects[0]?.obis || 'get object';
    return objects.length === 0 ? 'get object' : say('count', { count: objects.length });
  },
  prepare: ({ objects = [] }) => {
    const list = $('#dlms-get-object-list');
    list.editableList({ sortable: true, removable: true, height: 160, addItem: addRow });
    for (const object of objects) list.editableList('addItem', { ...object });
    browseButton($('#dlms-get-object-browse'), () => ({
      several: true,
      chosen: rowsIn(list).map(({ obis }) => obis),
      // What stands in the list stays; only what is new is added.
      onChoose: entries => {
        const present = rowsIn(list).map(({ obis }) => obis);
        list.editableList('items').each((_, row) => {
          if (textIn($(row).find('.dlms-obis')) === '') list.editableList('removeItem', $(row).data('data'));
        });
        for (const { obis, classId } of entries.filter(entry => !present.includes(entry.obis))) {
          list.editableList('addItem', { obis, classId: String(classId), attribute: '' });
        }
      },
    }));
  },
  save: node => {
    node.objects = rowsIn($('#dlms-get-object-list')).filter(({ obis }) => obis !== '');
  },
  resize: height => {
    const rest = heightLeft(height, '.dlms-get-object-row');
    $('#dlms-get-object-list').editableList('height', Math.max(160, rest - 20));
  },
});

function addRow(row: JQuery, _index: number, object: ObjectRow): void {
  row.css({ display: 'flex', gap: '6px' });
  const obis = $('<input type="text" class="dlms-obis">')
    .css({ flex: '1 1 auto' })
    .attr('placeholder', '1-0:1.8.0*255')
    .val(object.obis ?? '')
    .appendTo(row);
  $('<input type="text" class="dlms-class">')
    .css({ width: '60px' })
    .attr('placeholder', say('label.classId'))
    .val(object.classId ?? '')
    .appendTo(row);
  $('<input type="text" class="dlms-attribute">')
    .css({ width: '125px' })
    .attr('placeholder', say('label.attribute'))
    .val(object.attribute ?? '')
    .appendTo(row);
  suggestCodes(obis);
  obis.on('change autocompleteselect', () => {
    obis.toggleClass('input-error', !isCode(textIn(obis)));
  });
}

function rowsIn(list: JQuery): Required<ObjectRow>[] {
  return list
    .editableList('items')
    .get()
    .map(row => ({
      obis: textIn($(row).find('.dlms-obis')),
      classId: textIn($(row).find('.dlms-class')),
      attribute: textIn($(row).find('.dlms-attribute')),
    }));
}

/** A number, or a name of which only the meter's class tells whether it has it. */
function isAttribute(attribute: unknown): boolean {
  return isWhole(attribute, 1, 255) || /^(\*|[a-z][a-z_ -]*\d*)$/i.test(trimmed(attribute));
}

/** A row of the list is never empty. */
function isCode(obis: unknown): boolean {
  return trimmed(obis) !== '' && isObis(obis);
}
