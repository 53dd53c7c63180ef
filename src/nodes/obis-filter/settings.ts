// The properties of dlms-obis-filter, in the order of its form. The rule of the file: data only.

import { OUTPUT_FORMS } from '../../filter/forms';
import { settings } from '../lib/settings-table';

const COUNTERS = { counters: [true] };
const HELD = { output: ['flat', 'telegram'] };
const POINTS = ['influx', 'line-protocol', 'thingsboard'];
const HOME_ASSISTANT = { output: ['homeassistant'] };

export const OBIS_FILTER = settings([
  { name: 'name', kind: 'editor', stored: '' },
  // Read by filter/rule.
  { name: 'rules', kind: 'json', stored: [] },
  {
    name: 'output',
    kind: 'choice',
    choices: OUTPUT_FORMS,
    default: 'readings',
  },
  // How many the editor draws.
  { name: 'outputs', kind: 'editor', stored: 2 },
  {
    name: 'measurement',
    kind: 'text',
    default: 'meter',
    when: { output: ['influx', 'line-protocol', 'prometheus'] },
  },
  // Flows from before it was there stored texts; a new node leaves them out.
  { name: 'texts', kind: 'flag', default: true, stored: false, when: { output: POINTS } },
  { name: 'discoveryPrefix', kind: 'text', default: 'homeassistant', when: HOME_ASSISTANT },
  { name: 'statePrefix', kind: 'text', default: 'dlms', when: HOME_ASSISTANT },
  // Of the names of entities; empty: English.
  { name: 'language', kind: 'text', default: '', when: HOME_ASSISTANT },
  { name: 'require', kind: 'choice', choices: ['nothing', 'encrypted', 'authenticated'], default: 'nothing' },
  { name: 'onChange', kind: 'flag', default: false },
  // Of the value, or percent of the last one sent.
  {
    name: 'deadband',
    kind: 'text',
    default: null,
    pattern: '([+]?(\\d+[.]?\\d*|[.]\\d+)([eE][+-]?\\d+)?|0[xX][0-9a-fA-F]+)\\s*%?',
    expected: 'a number such as 0.5, or percent such as 2%',
  },
  // Seconds.
  { name: 'minInterval', kind: 'number', default: null, min: 0, decimals: true },
  { name: 'maxInterval', kind: 'number', default: null, min: 0, decimals: true },
  { name: 'duplicates', kind: 'flag', default: false },
  { name: 'counters', kind: 'flag', default: false },
  { name: 'maxPerHour', kind: 'number', default: null, min: 0, decimals: true, when: COUNTERS },
  { name: 'acceptAfter', kind: 'number', default: 5, min: 0, max: 1000, when: COUNTERS },
  { name: 'hold', kind: 'flag', default: false, when: HELD },
  { name: 'holdFor', kind: 'number', label: 'hold', default: null, min: 0, decimals: true, when: HELD },
  // "file", or a context store; empty: nowhere.
  { name: 'persist', kind: 'text', default: null },
  // Above it the longest silent one is forgotten.
  { name: 'maxMeters', kind: 'number', default: 100_000, min: 1, max: 10_000_000 },
  { name: 'version', kind: 'editor', stored: 1 },
]);
