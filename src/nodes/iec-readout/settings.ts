// The properties of dlms-iec-readout, in the order of its form. The rule of the file: data only.

import { settings, type When } from '../lib/settings-table';

const MESSAGES = { source: ['message'] };
const CONNECTION = { source: ['connection'] };
/** Asks meters; in the other modes it listens. */
const POLLS = { ...CONNECTION, mode: ['auto', 'a', 'b', 'c', 'e'] };
const REGISTERS = { ...POLLS, read: ['registers'] };
const PROFILE = { ...POLLS, read: ['profile'] };
/** What is read in programming mode, behind a password. */
const SESSION = { ...POLLS, read: ['registers', 'profile'] };
/** Only what comes by itself is encrypted. */
const WITH_KEYS: When = [MESSAGES, { ...CONNECTION, mode: ['d', 'p1'] }];
const BETWEEN = { mode: ['between'] };
const ACKNOWLEDGEMENT = { pattern: '[ -~]', expected: 'one character of the acknowledgement' };

/** What is read of a profile, as the form saves it in one property. */
export const IEC_PROFILE = settings([
  {
    name: 'code',
    kind: 'text',
    default: 'P.01',
    pattern: '(\\d+-\\d+:)?P\\.\\d{1,3}',
    expected: 'of the form P.01, P.02, P.98 or P.99',
  },
  { name: 'command', kind: 'choice', choices: ['auto', 'r5', 'r6', 'r1'], default: 'auto' },
  // Digits of a time; empty: as usual for the code.
  { name: 'stamp', kind: 'choice', choices: ['10', '11', '13'], default: null },
  { name: 'mode', kind: 'choice', choices: ['last', 'since-last-read', 'between', 'all'], default: 'last' },
  { name: 'last', kind: 'text', default: '1 day', when: { mode: ['last', 'since-last-read'] } },
  { name: 'from', kind: 'json', stored: '', when: BETWEEN },
  { name: 'fromType', kind: 'text', default: 'str', when: BETWEEN },
  { name: 'to', kind: 'json', stored: '', when: BETWEEN },
  { name: 'toType', kind: 'text', default: 'str', when: BETWEEN },
  { name: 'output', kind: 'choice', choices: ['object', 'rows', 'csv', 'report'], default: 'object' },
  { name: 'rowsPerBlock', kind: 'number', default: null, min: 1, max: 99_999, byHand: true },
]);

export const IEC_READOUT = settings([
  { name: 'name', kind: 'editor', stored: '' },
  { name: 'source', kind: 'choice', choices: ['connection', 'message'], default: 'connection' },
  { name: 'connection', kind: 'node', type: 'dlms-connection', default: null, when: CONNECTION, required: true },
  {
    name: 'mode',
    kind: 'choice',
    choices: ['auto', 'a', 'b', 'c', 'd', 'e', 'p1'],
    default: 'auto',
    when: CONNECTION,
  },
  { name: 'read', kind: 'choice', choices: ['list', 'registers', 'profile'], default: 'list', when: POLLS },
  // One a line; a message may bring others, so it may be empty.
  { name: 'registers', kind: 'json', stored: '', when: REGISTERS },
  {
    name: 'profile',
    kind: 'group',
    fields: IEC_PROFILE,
    stored: { code: 'P.01', command: 'auto', stamp: '', mode: 'last', last: '1 day', output: 'object' },
    when: PROFILE,
    unread: true,
  },
  { name: 'request', kind: 'text', default: '?', when: POLLS },
  { name: 'meterAddress', kind: 'text', default: null, when: POLLS },
  { name: 'passwordCommand', kind: 'choice', choices: ['p1', 'p2'], default: 'p1', when: SESSION },
  { name: 'bcc', kind: 'choice', choices: ['strict', 'warn', 'off'], default: 'strict' },
  { name: 'noCrc', kind: 'flag', default: false },
  {
    name: 'medium',
    kind: 'choice',
    choices: ['electricity', 'heat', 'cooling', 'gas', 'water', 'hot-water', 'heat-cost-allocator', 'auto'],
    default: 'electricity',
  },
  { name: 'dateOrder', kind: 'choice', choices: ['ymd', 'dmy', 'mdy'], default: 'ymd' },
  { name: 'timezone', kind: 'zone', default: null },
  { name: 'season', kind: 'choice', choices: ['meter', 'zone'], default: 'meter' },
  { name: 'parity', kind: 'choice', choices: ['auto', '7e1', '8n1', '8n1-strip'], default: 'auto' },
  {
    name: 'encoding',
    kind: 'choice',
    choices: ['auto', 'text', 'hex', 'base64'],
    default: 'auto',
    when: MESSAGES,
  },
  // Also a number of characters; read in meaning.
  { name: 'wakeUp', kind: 'text', default: 'off', stored: 'off', when: POLLS },
  { name: 'wakeUpGuard', kind: 'number', default: 60, min: 0, max: 100_000, when: POLLS },
  // Empty is not 300: only then other rates are tried.
  { name: 'baudRate', kind: 'number', default: null, min: 50, max: 4_000_000, when: POLLS },
  { name: 'baudChangeDelay', kind: 'number', default: 300, min: 0, max: 1000, when: POLLS },
  // Not v, z and y: Node-RED keeps a node's tab in z and its place in x and y.
  { name: 'ackV', kind: 'text', default: null, ...ACKNOWLEDGEMENT, when: POLLS },
  { name: 'ackZ', kind: 'text', default: null, ...ACKNOWLEDGEMENT, when: POLLS },
  { name: 'ackY', kind: 'text', default: null, ...ACKNOWLEDGEMENT, when: POLLS },
  { name: 'answerTimeout', kind: 'number', default: null, min: 100, max: 120_000, when: POLLS },
  { name: 'characterTimeout', kind: 'number', default: null, min: 50, max: 120_000, when: POLLS, byHand: true },
  { name: 'reactionTime', kind: 'number', default: null, min: 0, max: 1500, when: POLLS, byHand: true },
  { name: 'maxReadoutSeconds', kind: 'number', default: 300, min: 1, max: 86_400, when: POLLS },
  { name: 'breakFirst', kind: 'flag', default: false, when: POLLS },
  { name: 'commandEnding', kind: 'flag', default: false, when: PROFILE },
  { name: 'systemTitle', kind: 'title', default: null, when: WITH_KEYS },
  { name: 'output', kind: 'choice', choices: ['telegram', 'value'], default: 'telegram' },
  { name: 'version', kind: 'editor', stored: 1 },
  { name: 'password', kind: 'password', default: null, when: SESSION },
  { name: 'encryptionKey', kind: 'key', default: null, when: WITH_KEYS },
  { name: 'authenticationKey', kind: 'key', default: null, when: WITH_KEYS },
]);
