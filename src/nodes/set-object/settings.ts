// The properties of dlms-set-object, in the order of its form. The rule of the file: data only.

import { settings, type When } from '../lib/settings-table';

const LISTED: When = { command: ['write', 'invoke', 'display-list'] };

export const SET_OBJECT = settings([
  { name: 'name', kind: 'editor', stored: '' },
  { name: 'connection', kind: 'node', type: 'dlms-connection', default: null, required: true },
  {
    name: 'command',
    kind: 'choice',
    choices: [
      'write',
      'invoke',
      'set-clock',
      'disconnect',
      'reconnect',
      'arm',
      'reset',
      'script',
      'calendar',
      'display-list',
    ],
    default: 'write',
  },
  // Read by orders.ts.
  {
    name: 'objects',
    kind: 'json',
    stored: [{ obis: '', classId: '', index: '', value: '' }],
    when: LISTED,
  },
  {
    name: 'object',
    kind: 'text',
    default: null,
    when: { command: ['disconnect', 'reconnect', 'arm', 'reset', 'script', 'calendar', 'display-list'] },
  },
  { name: 'script', kind: 'number', default: null, min: 0, max: 0xffff, when: { command: ['script'] } },
  { name: 'onlyBeyond', kind: 'number', default: 0, min: 0, max: 86_400, when: { command: ['set-clock'] } },
  { name: 'readBack', kind: 'flag', default: true },
  { name: 'dryRun', kind: 'flag', default: false },
  { name: 'version', kind: 'editor', stored: 1 },
]);
