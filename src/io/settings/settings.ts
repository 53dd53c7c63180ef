// The properties of dlms-connection, parsed once at the door into what the rest works with.
// The rule of the file: after parseSettings nothing is text that could still be wrong, and no secret is in an error.

import type { Authentication, SecurityPolicy } from '../../core/client/options';
import { clockPolicy, type ClockPolicy } from '../../core/cosem/date-time';
import { Obis } from '../../core/obis/obis';
import { SERIAL_FORMULA, serverAddressFromSerial } from '../../core/link/serial-address';
import { Key } from '../../core/security/keys';
import { DlmsError } from '../../core/wire/errors';
import { knownFields, plainText } from '../../core/wire/foreign';
import { unhex } from '../../core/wire/hex';
import { parseAllowedHosts, refuseOtherPlace, type Place } from './allowed-hosts';
import type { SerialFormat } from '../transport/transport';

export type TransportSettings =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** The gateway sets its serial port to this (RFC 2217). */
      readonly rfc2217?: SerialFormat;
    }
  | { readonly kind: 'udp' | 'tcp-server'; readonly host: string; readonly port: number }
  | { readonly kind: 'serial'; readonly path: string; readonly format: SerialFormat };

export type InterfaceKind = 'hdlc' | 'wrapper' | 'hdlc-mode-e' | 'plc' | 'plc-hdlc' | 'iec';
export type Standard = 'dlms' | 'india' | 'italy' | 'saudi-arabia' | 'idis';
export type TraceLevel = 'error' | 'warning' | 'info' | 'verbose';

/** A password: ASCII or 0x hex in the form, octets here, never text again. */
export class Secret {
  readonly #octets: Uint8Array;
  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }
  octets(): Uint8Array {
    return this.#octets;
  }
  toString(): string {
    return '<password>';
  }
  toJSON(): string {
    return '<password>';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '<password>';
  }
}

export interface ConnectionSettings {
  readonly transport: TransportSettings;
  readonly interface: InterfaceKind;
  readonly referencing: 'ln' | 'sn';
  /** Client SAP, 1..127 with HDLC, 1..65535 with the wrapper. */
  readonly clientAddress: number;
  /** Logical device and physical address; physical null: the address has one part. */
  readonly server: { readonly logical: number; readonly physical: number | null; readonly size: 'auto' | 1 | 2 | 4 };
  readonly authentication: Authentication;
  readonly password: Secret | null;
  readonly security: SecurityPolicy;
  readonly suite: 0 | 1 | 2;
  /** Ours, eight octets; null: the installation's, where one is needed. */
  readonly systemTitle: Uint8Array | null;
  /** Ciphering or authentication ask for a title of ours. */
  readonly needsSystemTitle: boolean;
  /** The meter's, where it does not send it. */
  readonly meterSystemTitle: Uint8Array | null;
  readonly keys: {
    readonly encryption: Key | null;
    readonly authentication: Key | null;
    readonly dedicated: Key | null;
  };
  /** Holds the counter the meter expects; null: never read. */
  readonly counterObject: Obis | null;
  /** Client that may read it without authentication. */
  readonly counterClient: number;
  readonly generalProtection: boolean;
  readonly preEstablished: boolean;
  readonly invokeIdIncrease: boolean;
  /** HDLC window, 1..7, and octets of information field, 128..2030, that are proposed. */
  readonly windowSize: number;
  readonly frameSize: number;
  readonly pduSize: number;
  readonly gbtWindow: number;
  readonly standard: Standard;
  readonly manufacturer: string | null;
  readonly clock: ClockPolicy;
  /** What the range of a profile carries: the deviation of the zone, none ("not specified"), or what the meter likes. */
  readonly rangeClock: 'auto' | 'with-deviation' | 'without-deviation';
  /** Items in one get-request-with-list; 1: single reads only. */
  readonly listSize: number;
  readonly connectTimeoutMs: number;
  /** Longest silence of the meter within one exchange. */
  readonly answerTimeoutMs: number;
  /** An unused association is closed after it; 0: after each request. */
  readonly idleMs: number;
  readonly trace: TraceLevel;
}

/** As the editor stores them: text, number or truth. */
export type Properties = Readonly<Record<string, unknown>>;

/**
 * Reads the properties and credentials of dlms-connection. Empty means the default.
 * Throws BAD_SETTING with the name of the property and what it may be.
 */
export function parseSettings(properties: Properties, credentials: Properties = {}): ConnectionSettings {
  const p = new Fields(properties);
  const c = new Fields(credentials);
  const link = p.choice('interface', INTERFACES, 'hdlc');
  parseAllowedHosts(p.text('allowHosts'));
  if (link === 'plc' || link === 'plc-hdlc') throw notYet(`the interface ${link}`);
  const authentication = p.choice('authentication', AUTHENTICATIONS, 'none');
  if (authentication === 'high-ecdsa') throw notYet('authentication high-ecdsa (security suites 1 and 2)');
  const security = p.choice('security', SECURITIES, 'none');
  const suite = Number(p.choice('suite', ['0', '1', '2'] as const, '0')) as 0 | 1 | 2;
  if (suite !== 0) throw notYet(`security suite ${suite}`);
  const standard = p.choice('standard', STANDARDS, 'dlms');
  const wide = link === 'wrapper';
  const ciphered = security !== 'none' || authentication === 'high-gmac';
  const keys = {
    encryption: c.key('encryptionKey'),
    authentication: c.key('authenticationKey'),
    dedicated: c.key('dedicatedKey'),
  };
  if (ciphered && keys.encryption === null) {
    throw bad('encryptionKey', '(empty)', 'set, though the security or authentication setting needs it');
  }
  const needsTag =
    authentication === 'high-gmac' || security === 'authentication' || security === 'authentication-encryption';
  if (needsTag && keys.authentication === null) {
    throw bad('authenticationKey', '(empty)', 'set, though the security or authentication setting needs it');
  }
  const password = secret(c.text('password'));
  // Not left to the meter: some lock after a few wrong ones.
  if (password === null && WITH_PASSWORD.has(authentication)) {
    throw bad('password', '(empty)', 'set, though the authentication needs it (one of no characters is written 0x)');
  }
  return {
    transport: transport(p),
    interface: link,
    referencing: p.choice('referencing', ['ln', 'sn'] as const, 'ln'),
    clientAddress: p.whole('clientAddress', 16, 0, wide ? 0xffff : 0x7f),
    server: server(p, wide),
    authentication,
    password,
    security,
    suite,
    systemTitle: p.title('systemTitle'),
    needsSystemTitle: ciphered || authentication === 'high-sha256',
    meterSystemTitle: p.title('meterSystemTitle'),
    keys,
    counterObject: counterObject(p),
    counterClient: p.whole('counterClient', 16, 0, wide ? 0xffff : 0x7f),
    generalProtection: p.truth('generalProtection'),
    preEstablished: p.truth('preEstablished'),
    invokeIdIncrease: p.truth('invokeIdIncrease', true),
    windowSize: p.whole('windowSize', 7, 1, 7),
    frameSize: p.whole('frameSize', 2030, 16, 2030),
    pduSize: p.whole('pduSize', 0xffff, 64, 0xffff),
    gbtWindow: p.whole('gbtWindow', 1, 1, 63),
    standard,
    manufacturer: p.text('manufacturer') || null,
    clock: clockOf(p, standard),
    rangeClock: p.choice('rangeClock', ['auto', 'with-deviation', 'without-deviation'] as const, 'auto'),
    listSize: p.whole('listSize', 10, 1, 100),
    connectTimeoutMs: p.whole('connectTimeout', 10_000, 100, 600_000),
    answerTimeoutMs: p.whole('answerTimeout', 8_000, 50, 600_000),
    idleMs: 1000 * p.whole('idleTime', 20, 0, 86_400),
    trace: p.choice('trace', ['error', 'warning', 'info', 'verbose'] as const, 'error'),
  };
}

/** What `msg.meter` may say, checked: no field that means nothing, no value that is no text. Throws BAD_SETTING. */
export function meterFields(meter: unknown): Properties {
  const fields = knownFields(meter, 'msg.meter', METER_FIELDS, 'an object such as { host, port, clientAddress }');
  const said = Object.entries(fields).filter(([name]) => !METER_NOTES.includes(name));
  for (const [name, value] of said) plainText(value, name);
  return Object.fromEntries(said);
}

/**
 * The same connection for another meter: what `msg.meter` says goes over what the node says.
 * Keys and passwords may be in it; naming a host, a path or a serial number replaces what it contradicts. Throws
 * HOST_NOT_ALLOWED where what was saved for one host would be sent to another.
 */
export function overrideSettings(
  properties: Properties,
  credentials: Properties,
  meter: Properties,
): ConnectionSettings {
  const own: Record<string, unknown> = {};
  const secrets: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(meterFields(meter))) {
    (SECRETS.has(name) ? secrets : own)[name] = value;
  }
  const base: Record<string, unknown> = { ...properties };
  if (own['transport'] === undefined) {
    if (own['path'] !== undefined) base['transport'] = 'serial';
    else if (own['host'] !== undefined && base['transport'] === 'serial') base['transport'] = 'tcp';
  }
  if (own['serialNumber'] !== undefined) delete base['physicalAddress'];
  else if (own['physicalAddress'] !== undefined || own['serverAddress'] !== undefined) delete base['serialNumber'];
  const settings = parseSettings({ ...base, ...own }, { ...credentials, ...secrets });
  guardSavedSecrets(properties, settings, name => given(secrets[name]) || !given(credentials[name]));
  return settings;
}

/**
 * Throws HOST_NOT_ALLOWED where these settings would send a secret that was saved with `properties` to another host than
 * theirs. `brought`: this one was not saved there.
 */
export function guardSavedSecrets(
  properties: Properties,
  settings: ConnectionSettings,
  brought: (secret: ConnectionSecret) => boolean,
): void {
  if (!secretsIn(settings).every(brought)) guardPlace(properties, settings);
}

/** The same for a secret that is not the connection's own: the password of a node that uses it. */
export function guardPlace(properties: Properties, { transport: t }: ConnectionSettings): void {
  const target = { kind: t.kind, host: t.kind === 'serial' ? t.path : t.host };
  refuseOtherPlace(placeOf(properties), target, new Fields(properties).text('allowHosts'));
}

/** What these settings prove or cipher with. */
function secretsIn(s: ConnectionSettings): ConnectionSecret[] {
  // A readout uses none of them; its own password is guarded where it is used.
  if (s.interface === 'iec') return [];
  const ciphered = s.security !== 'none' || s.authentication === 'high-gmac';
  return [
    ...(s.password !== null && WITH_PASSWORD.has(s.authentication) ? (['password'] as const) : []),
    ...(ciphered && s.keys.encryption !== null ? (['encryptionKey'] as const) : []),
    ...(ciphered && s.keys.authentication !== null ? (['authenticationKey'] as const) : []),
    ...(ciphered && s.keys.dedicated !== null ? (['dedicatedKey'] as const) : []),
  ];
}

function placeOf(properties: Properties): Place {
  const p = new Fields(properties);
  const kind = p.text('transport').toLowerCase() || 'tcp';
  return { kind, host: p.text(kind === 'serial' ? 'path' : 'host') };
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

class Fields {
  constructor(readonly all: Properties) {}

  text(name: string): string {
    return plainText(this.all[name], name).trim();
  }
  whole(name: string, or: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === '') return or;
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw bad(name, text, `a whole number from ${min} to ${max}`);
    return value;
  }
  truth(name: string, or = false): boolean {
    const text = this.text(name).toLowerCase();
    if (text === '') return or;
    return text === 'true' || text === '1' || text === 'on';
  }
  choice<T extends string>(name: string, of: readonly T[], or: T): T {
    const text = this.text(name).toLowerCase();
    if (text === '') return or;
    const found = of.find(o => o === text);
    if (found === undefined) throw bad(name, text, `one of ${of.join(', ')}`);
    return found;
  }
  title(name: string): Uint8Array | null {
    const text = this.text(name);
    if (text === '') return null;
    // Eight characters are taken as they are, sixteen digits as hex: "MMM00001" or "4d4d4d3030303031".
    if (text.length === 8) return Uint8Array.from(text, ch => ch.charCodeAt(0) & 0xff);
    const octets = hexOrNull(text);
    if (octets?.length !== 8) throw bad(name, text, 'a system title: 16 hex digits or 8 characters');
    return octets;
  }
  key(name: string): Key | null {
    const text = this.text(name);
    return text === '' ? null : Key.parse(text, name);
  }
}

function transport(p: Fields): TransportSettings {
  const kind = p.choice('transport', ['tcp', 'tcp-server', 'udp', 'serial'] as const, 'tcp');
  if (kind !== 'serial') {
    const host = p.text('host');
    if (host === '' && kind !== 'tcp-server')
      throw bad('host', '(empty)', 'the name or address of the meter or gateway');
    const port = p.whole('port', 4059, 1, 65535);
    return kind === 'tcp' && p.truth('rfc2217') ? { kind, host, port, rfc2217: format(p) } : { kind, host, port };
  }
  // The path may carry speed and format as the Gurux tools write it: COM1:9600:8None1.
  const text = p.text('path');
  const m = /^(.+?):(\d+)(?::([78])(none|even|odd)([12]))?$/i.exec(text);
  const path = m?.[1] ?? text;
  if (path === '') throw bad('path', '(empty)', 'a serial port such as /dev/ttyUSB0 or COM3');
  return { kind, path, format: format(p, m) };
}

/** What stands in the path goes over the fields. */
function format(p: Fields, m: RegExpExecArray | null = null): SerialFormat {
  return {
    baudRate: m?.[2] === undefined ? p.whole('baudRate', 9600, 50, 4_000_000) : Number(m[2]),
    dataBits: Number(m?.[3] ?? p.choice('dataBits', ['7', '8'] as const, '8')) as 7 | 8,
    parity: (m?.[4]?.toLowerCase() ?? p.choice('parity', PARITIES, 'none')) as SerialFormat['parity'],
    stopBits: Number(m?.[5] ?? p.choice('stopBits', ['1', '2'] as const, '1')) as 1 | 2,
  };
}

function server(p: Fields, wide: boolean): ConnectionSettings['server'] {
  const size = p.choice('addressSize', ['auto', '1', '2', '4'] as const, 'auto');
  const physical = p.text('physicalAddress') === '' ? null : p.whole('physicalAddress', 0, 0, 0x3fff);
  const serial = p.text('serialNumber');
  const given = p.whole('serverAddress', 1, 0, wide ? 0xffff : 0xfffffff);
  const address = { size: size === 'auto' ? size : (Number(size) as 1 | 2 | 4) };
  if (wide) return { ...address, logical: given, physical: null };
  if (physical === null && serial !== '') {
    const formula = p.text('serialFormula') || SERIAL_FORMULA;
    return { ...address, logical: given, physical: serverAddressFromSerial(serial, formula) };
  }
  if (physical !== null) return { ...address, logical: given, physical };
  // One number above seven bits is both parts, as other tools write it: 145 is logical 1, physical 17.
  if (given > 0x3fff) return { ...address, logical: given >> 14, physical: given & 0x3fff };
  if (given > 0x7f) return { ...address, logical: given >> 7, physical: given & 0x7f };
  return { ...address, logical: given, physical: null };
}

function counterObject(p: Fields): Obis | null {
  const text = p.text('counterObject');
  if (/^(none|-)$/i.test(text)) return null;
  return Obis.parse(text === '' ? '0-0:43.1.0*255' : text, [0, 0]);
}

/** India, Italy and Saudi Arabia count the deviation from UTC to local time, the standard the other way round. */
function clockOf(p: Fields, standard: Standard): ClockPolicy {
  return clockPolicy(p.text('clockPolicy') || (INVERTED.has(standard) ? 'inverted' : 'standard'), p.text('timezone'));
}

function secret(text: string): Secret | null {
  if (text === '') return null;
  if (/^0x/i.test(text)) return new Secret(unhex(text, 'password'));
  return new Secret(new TextEncoder().encode(text));
}

function hexOrNull(text: string): Uint8Array | null {
  return /^[0-9a-fx\s:-]+$/i.test(text) ? unhex(text) : null;
}

function bad(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}
function notYet(what: string): DlmsError {
  return new DlmsError({ code: 'NOT_SUPPORTED', what });
}

const INTERFACES = ['hdlc', 'wrapper', 'hdlc-mode-e', 'plc', 'plc-hdlc', 'iec'] as const;
const AUTHENTICATIONS = [
  'none',
  'low',
  'high',
  'high-md5',
  'high-sha1',
  'high-gmac',
  'high-sha256',
  'high-ecdsa',
] as const;
const SECURITIES = ['none', 'authentication', 'encryption', 'authentication-encryption'] as const;
const STANDARDS = ['dlms', 'india', 'italy', 'saudi-arabia', 'idis'] as const;
const PARITIES = ['none', 'even', 'odd'] as const;
const INVERTED: ReadonlySet<Standard> = new Set(['india', 'italy', 'saudi-arabia']);
const WITH_PASSWORD = new Set<Authentication>(['low', 'high', 'high-md5', 'high-sha1', 'high-sha256']);
/** The credentials of dlms-connection. */
export const CONNECTION_SECRETS = ['password', 'encryptionKey', 'authenticationKey', 'dedicatedKey'] as const;
export type ConnectionSecret = (typeof CONNECTION_SECRETS)[number];
const SECRETS: ReadonlySet<string> = new Set(CONNECTION_SECRETS);
/** The properties of dlms-connection that a message may set. What a message may do is not among them. */
export const CONNECTION_PROPERTIES = [
  'transport',
  'host',
  'port',
  'path',
  'rfc2217',
  'baudRate',
  'dataBits',
  'parity',
  'stopBits',
  'interface',
  'referencing',
  'clientAddress',
  'serverAddress',
  'physicalAddress',
  'addressSize',
  'serialNumber',
  'serialFormula',
  'standard',
  'manufacturer',
  'timezone',
  'clockPolicy',
  'authentication',
  'security',
  'suite',
  'systemTitle',
  'meterSystemTitle',
  'counterObject',
  'counterClient',
  'generalProtection',
  'preEstablished',
  'windowSize',
  'frameSize',
  'pduSize',
  'gbtWindow',
  'listSize',
  'rangeClock',
  'invokeIdIncrease',
  'connectTimeout',
  'answerTimeout',
  'idleTime',
  'trace',
] as const;
/** For whoever reads the list of meters; they mean nothing here. */
const METER_NOTES: readonly string[] = ['name', 'tags'];
/** All that `msg.meter` may have; meterAddress is of dlms-iec-readout. */
export const METER_FIELDS: readonly string[] = [
  ...CONNECTION_PROPERTIES,
  'meterAddress',
  ...CONNECTION_SECRETS,
  ...METER_NOTES,
];
