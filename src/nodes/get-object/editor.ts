// The form of dlms-get-object: a list of objects, written by hand, found by words or chosen from the meter.

import {
  browseButton,
  heightLeft,
  isCode,
  isWhole,
  ObjectRows,
  register,
  shared,
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
/** In words, which are there when the form opens. */
const FIELDS = () =>
  [
    { name: 'obis', placeholder: '1-0:1.8.0*255' },
    { name: 'classId', placeholder: say('label.classId'), width: '60px' },
    { name: 'attribute', placeholder: say('label.attribute'), width: '125px' },
  ] as const;
/** Of the form that is open. */
let rows: ObjectRows<'obis' | 'classId' | 'attribute'> | null = null;

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
    const list = new ObjectRows($('#dlms-get-object-list'), FIELDS(), 160);
    rows = list;
    for (const object of objects) list.add(object);
    browseButton($('#dlms-get-object-browse'), () => ({
      several: true,
      chosen: list.rows.map(({ obis }) => obis),
      // What stands in the list stays; only what is new is added.
      onChoose: entries => {
        const present = list.rows.map(({ obis }) => obis);
        list.dropEmpty();
        for (const { obis, classId } of entries.filter(entry => !present.includes(entry.obis))) {
          list.add({ obis, classId: String(classId), attribute: '' });
        }
      },
    }));
  },
  save: node => {
    node.objects = rows?.rows.filter(({ obis }) => obis !== '') ?? node.objects ?? [];
  },
  close: () => {
    rows = null;
  },
  resize: height => {
    const rest = heightLeft(height, '.dlms-get-object-row');
    $('#dlms-get-object-list').editableList('height', Math.max(160, rest - 20));
  },
});

/** A number, or a name of which only the meter's class tells whether it has it. */
function isAttribute(attribute: unknown): boolean {
  return isWhole(attribute, 1, 255) || /^(\*|[a-z][a-z_ -]*\d*)$/i.test(trimmed(attribute));
}
