// The properties of dlms-read-load-profile, in the order of its form. The rule of the file: data only.

import { settings } from '../lib/settings-table';

const SINCE = { mode: ['since-last-read'] };
const BETWEEN = { mode: ['between'] };

/** The range, as the form saves it in one property; what the texts mean stands in lib/range. */
export const RANGE = settings([
  {
    name: 'mode',
    kind: 'choice',
    choices: ['last', 'since-last-read', 'between', 'entries', 'all'],
    default: 'last',
  },
  { name: 'last', kind: 'text', default: '31 days', when: { mode: ['last', 'since-last-read'] } },
  // When rows count as read: when they have left, or when a message says that they are stored.
  { name: 'confirm', kind: 'choice', choices: ['sent', 'message'], default: 'sent', when: SINCE },
  // Minutes; then they are read again.
  { name: 'confirmWithin', kind: 'number', default: 60, min: 0.01, max: 100_000, decimals: true, when: SINCE },
  { name: 'from', kind: 'json', stored: '', when: BETWEEN },
  { name: 'fromType', kind: 'text', default: 'str', when: BETWEEN },
  { name: 'to', kind: 'json', stored: '', when: BETWEEN },
  { name: 'toType', kind: 'text', default: 'str', when: BETWEEN },
  { name: 'entries', kind: 'json', stored: '', when: { mode: ['entries'] } },
]);

export const READ_LOAD_PROFILE = settings([
  { name: 'name', kind: 'editor', stored: '' },
  { name: 'connection', kind: 'node', type: 'dlms-connection', default: null, required: true },
  { name: 'obis', kind: 'obis', default: '1-0:99.1.0*255', stored: '1-0:99.1.0*255', prefix: [1, 0] },
  {
    name: 'range',
    kind: 'group',
    fields: RANGE,
    stored: {
      mode: 'last',
      last: '31 days',
      confirm: 'sent',
      confirmWithin: '',
      from: '',
      fromType: 'str',
      to: '',
      toType: 'str',
      entries: '',
    },
  },
  { name: 'nullValues', kind: 'choice', choices: ['repeated', 'missing'], default: 'repeated' },
  { name: 'output', kind: 'choice', choices: ['object', 'rows', 'row', 'csv', 'report'], default: 'object' },
  { name: 'version', kind: 'editor', stored: 1 },
]);
