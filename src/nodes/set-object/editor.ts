// The form of dlms-set-object: a command, and for writing and invoking a list of rows.

import {
  heightLeft,
  isCode,
  isWhole,
  ObjectRows,
  register,
  shared,
  suggestCodes,
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
/** In words, which are there when the form opens. */
const FIELDS = () =>
  [
    { name: 'obis', placeholder: '0-0:96.13.0*255' },
    { name: 'classId', placeholder: say('label.classId'), width: '55px' },
    { name: 'index', placeholder: say('label.index'), width: '45px' },
    { name: 'value', placeholder: 'msg.payload', width: '120px' },
  ] as const;
/** Of the form that is open. */
let rows: ObjectRows<'obis' | 'classId' | 'index' | 'value'> | null = null;

register<SetObject>('dlms-set-object', SET_OBJECT, {
  color: '#FDD0A2',
  inputs: 1,
  outputs: 2,
  checks: {
    objects: (objects: readonly OrderRow[] | undefined = []) => {
      // Rows without a code are those of a message.
      const written = objects.filter(({ obis, value }) => trimmed(obis) !== '' || trimmed(value) !== '');
      const wrong = written.find(({ obis }) => !isCode(obis));
      if (wrong !== undefined) return shared('error.obis', { value: wrong.obis });
      const odd = written.find(o => !isWhole(o.classId, 0, 65_535) || !isWhole(o.index, 1, 255));
      return odd === undefined || say('error.index', { obis: odd.obis });
    },
  },
  label: ({ command = 'write' }) => (command === 'write' ? 'set object' : command.replace('-', ' ')),
  outputLabels: (_, index) => say(index === 0 ? 'output.done' : 'output.audit'),
  prepare: ({ objects = [] }) => {
    const list = new ObjectRows($('#dlms-set-object-list'), FIELDS(), 120);
    rows = list;
    for (const object of objects) list.add(object);
    const object = $('#node-input-object');
    suggestCodes(object);
    $('#node-input-command').on('change', function () {
      object.attr('placeholder', USUAL[typed($(this))] ?? '');
    });
  },
  save: node => {
    node.objects = rows?.rows.filter(({ obis }) => obis !== '') ?? node.objects ?? [];
  },
  close: () => {
    rows = null;
  },
  resize: height => {
    const rest = heightLeft(height, '.dlms-set-object-row');
    $('#dlms-set-object-list').editableList('height', Math.max(120, rest - 140));
  },
});

const RELAY = '0-0:96.3.10*255';
/** Where an object stands that has a usual place. */
const USUAL: Readonly<Record<string, string>> = {
  disconnect: RELAY,
  reconnect: RELAY,
  arm: RELAY,
  calendar: '0-0:13.0.0*255',
  'display-list': '0-0:21.0.1*255',
};
