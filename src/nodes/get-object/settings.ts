// The properties of dlms-get-object, in the order of its form. The rule of the file: data only.

import { settings } from '../lib/settings-table';

export const GET_OBJECT = settings([
  { name: 'name', kind: 'editor', stored: '' },
  { name: 'connection', kind: 'node', type: 'dlms-connection', default: null, required: true },
  // Read by lib/object-refs.
  { name: 'objects', kind: 'json', stored: [{ obis: '1-0:1.8.0*255', classId: '', attribute: '' }] },
  { name: 'output', kind: 'choice', choices: ['telegram', 'value'], default: 'telegram' },
  { name: 'version', kind: 'editor', stored: 1 },
]);
