// The properties of dlms-simulator, in the order of its form. The rule of the file: data only.

import { settings } from '../lib/settings-table';

const METER = { kind: ['dlms'] };
const PUSHING = { kind: ['push'] };
const HEAD = { kind: ['iec'] };
const READ = { kind: ['dlms', 'iec'] };

export const SIMULATOR = settings([
  { name: 'name', kind: 'editor', stored: '' },
  { name: 'kind', kind: 'choice', choices: ['dlms', 'push', 'iec'], default: 'dlms' },
  { name: 'host', kind: 'text', default: '127.0.0.1' },
  // Empty: 4059, and for a meter that pushes none.
  { name: 'port', kind: 'number', default: null, stored: '4059', min: 0, max: 65_535 },
  { name: 'interface', kind: 'choice', choices: ['hdlc', 'wrapper'], default: 'hdlc', when: METER, unread: true },
  { name: 'referencing', kind: 'choice', choices: ['both', 'ln', 'sn'], default: 'both', when: METER, unread: true },
  { name: 'serverAddress', kind: 'number', default: 1, min: 1, max: 0x3fff, when: METER, unread: true },
  { name: 'physicalAddress', kind: 'number', default: 17, min: 0, max: 0x3fff, when: METER, unread: true },
  { name: 'serialNumber', kind: 'text', default: '50021374', when: READ, unread: true },
  { name: 'days', kind: 'number', default: 31, min: 1, max: 400, when: METER, unread: true },
  { name: 'capturePeriod', kind: 'number', default: 900, min: 60, max: 86_400, when: METER, unread: true },
  { name: 'columns', kind: 'number', default: 8, min: 2, max: 8, when: METER, unread: true },
  // Empty: Europe/Vienna.
  { name: 'timezone', kind: 'zone', default: null },
  {
    name: 'deviation',
    kind: 'choice',
    choices: ['standard', 'inverted', 'unspecified'],
    default: 'standard',
    when: METER,
    unread: true,
  },
  { name: 'gas', kind: 'flag', default: true, when: METER, unread: true },
  { name: 'pduSize', kind: 'number', default: 1024, min: 64, max: 0xffff, when: METER, unread: true },
  { name: 'frameSize', kind: 'number', default: 2030, min: 32, max: 2030, when: METER, unread: true },
  { name: 'windowSize', kind: 'number', default: 7, min: 1, max: 7, when: METER, unread: true },
  {
    name: 'security',
    kind: 'choice',
    choices: ['none', 'authentication', 'encryption', 'authentication-encryption'],
    default: 'none',
    when: METER,
    unread: true,
  },
  { name: 'systemTitle', kind: 'title', default: null, when: METER, unread: true },
  // One of the list that the simulator gives; empty: its first.
  { name: 'format', kind: 'text', default: null, when: PUSHING, unread: true },
  { name: 'mode', kind: 'choice', choices: ['a', 'b', 'c', 'd', 'e'], default: 'c', when: HEAD, unread: true },
  // Seconds; 0: pushes only when a message comes.
  {
    name: 'interval',
    kind: 'number',
    default: 10,
    min: 0,
    max: 86_400,
    bounds: [{ when: HEAD, min: 1 }],
    when: { kind: ['push', 'iec'] },
    unread: true,
  },
  { name: 'version', kind: 'editor', stored: 1 },
  { name: 'password', kind: 'password', default: null, when: READ, unread: true },
  { name: 'secret', kind: 'password', default: null, when: METER, unread: true },
  { name: 'encryptionKey', kind: 'key', default: null, when: METER, unread: true },
  { name: 'authenticationKey', kind: 'key', default: null, when: METER, unread: true },
]);
