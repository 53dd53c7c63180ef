// The properties of dlms-connection, in the order of its form.
// The rule of the file: data only; what two properties mean together stands in settings.

import { settings, type Condition, type When } from './table';

/** All but the readout by IEC 62056-21, which has no associations. */
const DLMS: When = { interface: ['hdlc', 'wrapper', 'hdlc-mode-e', 'plc', 'plc-hdlc'] };
const HDLC: When = { interface: ['hdlc', 'hdlc-mode-e', 'plc-hdlc'] };
const WRAPPER: When = { interface: ['wrapper'] };
const SERIAL_FORMAT: When = [{ transport: ['serial'] }, { transport: ['tcp'], rfc2217: [true] }];
const WITH_PASSWORD: When = { authentication: ['low', 'high', 'high-lgz', 'high-md5', 'high-sha1', 'high-sha256'] };
const CIPHERED: readonly Condition[] = [
  { security: ['authentication', 'encryption', 'authentication-encryption'] },
  { authentication: ['high-gmac'] },
];
/** SHA-256 hashes both titles. */
const TITLED: When = [...CIPHERED, { authentication: ['high-sha256'] }];
const TAGGED: When = [{ security: ['authentication', 'authentication-encryption'] }, { authentication: ['high-gmac'] }];

/** Without it nothing is written, whatever stands in the list. */
const WRITING: When = { interface: ['hdlc', 'wrapper', 'hdlc-mode-e', 'plc', 'plc-hdlc'], allowWriting: [true] };

const NEEDED = 'set, though the security or authentication setting needs it';

export const CONNECTION = settings([
  { name: 'name', kind: 'editor', stored: '' },
  // The id of what was chosen; what it put into the form stands in the other properties.
  { name: 'preset', kind: 'editor', stored: '' },
  {
    name: 'transport',
    kind: 'choice',
    choices: ['tcp', 'serial', 'udp', 'tcp-server'],
    default: 'tcp',
  },
  {
    name: 'host',
    kind: 'text',
    default: null,
    expected: 'the name or address of the meter or gateway',
    when: { transport: ['tcp', 'udp', 'tcp-server'] },
    unread: true,
    // The listening side may listen on all addresses.
    required: { transport: ['tcp', 'udp'] },
  },
  {
    name: 'port',
    kind: 'number',
    default: 4059,
    stored: '4059',
    min: 1,
    max: 65_535,
    when: { transport: ['tcp', 'udp', 'tcp-server'] },
    unread: true,
  },
  {
    name: 'path',
    kind: 'text',
    default: null,
    expected: 'a serial port such as /dev/ttyUSB0 or COM3',
    when: { transport: ['serial'] },
    unread: true,
    required: true,
  },
  { name: 'rfc2217', kind: 'flag', default: false, when: { transport: ['tcp'] }, unread: true },
  {
    name: 'baudRate',
    kind: 'number',
    default: 9600,
    stored: '9600',
    min: 50,
    max: 4_000_000,
    when: SERIAL_FORMAT,
    unread: true,
  },
  { name: 'dataBits', kind: 'choice', choices: ['8', '7'], default: '8', when: SERIAL_FORMAT, unread: true },
  {
    name: 'parity',
    kind: 'choice',
    choices: ['none', 'even', 'odd'],
    default: 'none',
    when: SERIAL_FORMAT,
    unread: true,
  },
  { name: 'stopBits', kind: 'choice', choices: ['1', '2'], default: '1', when: SERIAL_FORMAT, unread: true },
  {
    name: 'interface',
    kind: 'choice',
    choices: ['hdlc', 'wrapper', 'hdlc-mode-e', 'iec', 'push', 'plc', 'plc-hdlc'],
    default: 'hdlc',
    // With the port that a new connection has. What a flow leaves out stays HDLC.
    stored: 'wrapper',
    later: { plc: 'the interface plc', 'plc-hdlc': 'the interface plc-hdlc' },
  },
  { name: 'referencing', kind: 'choice', choices: ['ln', 'sn'], default: 'ln', when: DLMS },
  {
    name: 'clientAddress',
    kind: 'number',
    default: 16,
    stored: '16',
    min: 0,
    // HDLC has seven bits for a client, the wrapper sixteen.
    max: 0x7f,
    bounds: [{ when: WRAPPER, max: 0xffff }],
    when: DLMS,
  },
  {
    name: 'serverAddress',
    kind: 'number',
    default: 1,
    stored: '1',
    min: 0,
    max: 0xfffffff,
    bounds: [{ when: WRAPPER, max: 0xffff }],
    when: DLMS,
  },
  { name: 'physicalAddress', kind: 'number', default: null, min: 0, max: 0x3fff, when: HDLC },
  { name: 'addressSize', kind: 'choice', choices: ['auto', '1', '2', '4'], default: 'auto', when: HDLC },
  {
    name: 'serialNumber',
    kind: 'text',
    default: null,
    pattern: '.*\\d.*',
    expected: 'a number',
    when: HDLC,
    unread: true,
    readWhen: { physicalAddress: [''] },
  },
  {
    name: 'serialFormula',
    kind: 'text',
    default: 'SN % 10000 + 1000',
    // Read where there is a serial number and no physical address: what it may be is said there.
    when: HDLC,
    unread: true,
  },
  {
    name: 'standard',
    kind: 'choice',
    choices: ['dlms', 'idis', 'india', 'italy', 'saudi-arabia', 'spain', 'russia'],
    default: 'dlms',
    when: DLMS,
  },
  { name: 'manufacturer', kind: 'text', default: null },
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
    // By the standard that is chosen.
    default: null,
  },
  {
    name: 'authentication',
    kind: 'choice',
    choices: ['none', 'low', 'high', 'high-lgz', 'high-md5', 'high-sha1', 'high-gmac', 'high-sha256', 'high-ecdsa'],
    default: 'none',
    later: { 'high-ecdsa': 'authentication high-ecdsa (security suites 1 and 2)' },
  },
  {
    name: 'security',
    kind: 'choice',
    choices: ['none', 'authentication', 'encryption', 'authentication-encryption'],
    default: 'none',
  },
  {
    name: 'suite',
    kind: 'choice',
    choices: ['0', '1', '2'],
    default: '0',
    later: { '1': 'security suite 1', '2': 'security suite 2' },
    when: CIPHERED,
  },
  { name: 'systemTitle', kind: 'title', default: null, when: TITLED },
  { name: 'meterSystemTitle', kind: 'title', default: null, when: TITLED },
  { name: 'allowHosts', kind: 'hosts', default: null, fixed: true },
  { name: 'allowWriting', kind: 'flag', default: false, when: DLMS, fixed: true },
  { name: 'writable', kind: 'text', default: null, when: WRITING, fixed: true },
  {
    name: 'counterObject',
    kind: 'obis',
    default: '0-0:43.1.0*255',
    prefix: [0, 0],
    none: ['none', '-'],
    when: CIPHERED,
  },
  {
    name: 'counterClient',
    kind: 'number',
    default: 16,
    min: 0,
    max: 0x7f,
    bounds: [{ when: WRAPPER, max: 0xffff }],
    when: CIPHERED,
  },
  { name: 'counterRepeats', kind: 'flag', default: false, when: CIPHERED },
  { name: 'associationObject', kind: 'obis', default: '0-0:40.0.0*255', prefix: [0, 0], when: DLMS },
  { name: 'generalProtection', kind: 'flag', default: false, when: CIPHERED },
  { name: 'preEstablished', kind: 'flag', default: false, when: DLMS },
  { name: 'windowSize', kind: 'number', default: 7, min: 1, max: 7, when: HDLC },
  { name: 'frameSize', kind: 'number', default: 2030, min: 16, max: 2030, when: HDLC },
  { name: 'pduSize', kind: 'number', default: 0xffff, min: 64, max: 0xffff, when: DLMS },
  { name: 'gbtWindow', kind: 'number', default: 1, min: 1, max: 63, when: DLMS },
  { name: 'listSize', kind: 'number', default: 10, min: 1, max: 100, when: DLMS },
  {
    name: 'rangeClock',
    kind: 'choice',
    choices: ['auto', 'with-deviation', 'without-deviation'],
    default: 'auto',
    when: DLMS,
  },
  { name: 'invokeIdIncrease', kind: 'flag', default: true, when: DLMS },
  { name: 'connectTimeout', kind: 'number', default: 10_000, min: 100, max: 600_000 },
  { name: 'answerTimeout', kind: 'number', default: 8000, min: 50, max: 600_000 },
  { name: 'idleTime', kind: 'number', default: 20, min: 0, max: 86_400 },
  // Above it the longest unused one is hung up.
  { name: 'maxSessions', kind: 'number', default: 20_000, min: 1, max: 1_000_000, fixed: true },
  { name: 'trace', kind: 'choice', choices: ['error', 'warning', 'info', 'verbose'], default: 'error' },
  { name: 'version', kind: 'editor', stored: 1 },
  // Not left to the meter: some lock after a few wrong ones.
  {
    name: 'password',
    kind: 'password',
    default: null,
    expected: 'set, though the authentication needs it (one of no characters is written 0x)',
    when: WITH_PASSWORD,
    required: true,
  },
  { name: 'encryptionKey', kind: 'key', default: null, expected: NEEDED, when: CIPHERED, required: true },
  { name: 'authenticationKey', kind: 'key', default: null, expected: NEEDED, when: CIPHERED, required: TAGGED },
  { name: 'dedicatedKey', kind: 'key', default: null, when: CIPHERED },
]);
