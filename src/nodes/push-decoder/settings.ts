// The properties of dlms-push-decoder, in the order of its form. The rule of the file: data only.

import { settings } from '../lib/settings-table';

export const PUSH_DECODER = settings([
  { name: 'name', kind: 'editor', stored: '' },
  // The id of what was chosen; what it put into the form stands in the other properties.
  { name: 'preset', kind: 'editor', stored: '' },
  { name: 'source', kind: 'choice', choices: ['message', 'connection'], default: 'message' },
  // Empty: topic and sender's address.
  { name: 'sourceProperty', kind: 'text', default: null, when: { source: ['message'] } },
  {
    name: 'connection',
    kind: 'node',
    type: 'dlms-connection',
    default: null,
    when: { source: ['connection'] },
    required: true,
  },
  {
    name: 'framing',
    kind: 'choice',
    choices: ['auto', 'hdlc', 'mbus', 'wrapper', 'raw', 'p1', 'sml'],
    default: 'auto',
  },
  { name: 'layout', kind: 'text', default: 'auto', stored: 'auto' },
  { name: 'layouts', kind: 'json', stored: [] },
  { name: 'scalers', kind: 'json', stored: {} },
  { name: 'convention', kind: 'text', default: 'auto', stored: 'auto' },
  { name: 'conventions', kind: 'json', stored: [] },
  { name: 'systemTitle', kind: 'title', default: null },
  {
    name: 'keyFile',
    kind: 'text',
    default: null,
    pattern: '[A-Za-z_][A-Za-z0-9_]*',
    expected: 'the name of an environment variable',
  },
  { name: 'onlyListed', kind: 'flag', default: false },
  {
    name: 'timezone',
    kind: 'zone',
    default: null,
    expected: 'a time zone, which this clock policy needs',
    required: { clockPolicy: ['zone', 'standard-time-all-year'] },
  },
  {
    name: 'clockPolicy',
    kind: 'choice',
    choices: ['standard', 'inverted', 'zone', 'standard-time-all-year'],
    default: 'standard',
  },
  {
    name: 'standard',
    kind: 'choice',
    choices: ['dlms', 'india', 'italy', 'saudi-arabia', 'spain', 'russia'],
    default: 'dlms',
  },
  // Empty: by the keys.
  { name: 'require', kind: 'choice', choices: ['nothing', 'encrypted', 'authenticated'], default: null },
  { name: 'replay', kind: 'choice', choices: ['accept', 'refuse'], default: 'accept' },
  { name: 'idle', kind: 'number', default: 5000, min: 20, max: 600_000 },
  // Above it the longest silent one is given up. 3 KiB each; who connects anew from another port is another one.
  { name: 'maxSources', kind: 'number', default: 20_000, min: 1, max: 10_000_000 },
  { name: 'silence', kind: 'number', default: null, min: 0, max: 31_536_000, decimals: true },
  { name: 'hex', kind: 'flag', default: false },
  { name: 'asSent', kind: 'flag', default: false },
  { name: 'noCrc', kind: 'flag', default: false },
  { name: 'version', kind: 'editor', stored: 1 },
  { name: 'encryptionKey', kind: 'key', default: null },
  { name: 'authenticationKey', kind: 'key', default: null },
  { name: 'broadcastKey', kind: 'key', default: null },
  { name: 'masterKey', kind: 'key', default: null },
  { name: 'keyTable', kind: 'password', default: null },
  // What the form changed of it, until the node takes it over.
  { name: 'keyEdits', kind: 'password', default: null, label: 'keyTable' },
]);
