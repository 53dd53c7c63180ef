// The properties of dlms-connection, parsed once at the door into what the rest works with.
// The rule of the file: after parseSettings nothing is text that could still be wrong, and no secret is in an error.

import type { Authentication, SecurityPolicy } from '../../core/client/options';
import { clockPolicy, type ClockPolicy } from '../../core/cosem/date-time';
import { serverAddressFromSerial } from '../../core/link/serial-address';
import type { Obis } from '../../core/obis/obis';
import type { Key } from '../../core/security/keys';
import { isCodedPassword } from '../../core/security/landis-gyr';
import { DlmsError } from '../../core/wire/errors';
import { knownFields, plainText } from '../../core/wire/foreign';
import { unhex } from '../../core/wire/hex';
import type { SerialFormat } from '../transport/transport';
import { refuseOtherPlace, type Place } from './allowed-hosts';
import { CONNECTION } from './connection-table';
import { parse, type Parsed } from './parse';
import { parseWritable, type WriteGuard } from './writable';
import { isCredential, type CredentialOf, type NameOf } from './table';

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

type Row = Parsed<typeof CONNECTION>;
export type InterfaceKind = Row['interface'];
export type Standard = Row['standard'];
export type TraceLevel = Row['trace'];

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
  /** The meter uses a counter more than once. */
  readonly counterRepeats: boolean;
  /** The object of the current association. */
  readonly associationObject: Obis;
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
  /** What may be written. */
  readonly writing: WriteGuard;
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
  /** So many sessions are kept at once. */
  readonly maxSessions: number;
  readonly trace: TraceLevel;
}

/** As the editor stores them: text, number or truth. */
export type Properties = Readonly<Record<string, unknown>>;

/**
 * Reads the properties and credentials of dlms-connection. Empty means the default.
 * Throws BAD_SETTING with the name of the property and what it may be.
 */
export function parseSettings(properties: Properties, credentials: Properties = {}): ConnectionSettings {
  const row = parse(CONNECTION, properties, credentials);
  const ciphered = row.security !== 'none' || row.authentication === 'high-gmac';
  return {
    transport: transport(row),
    interface: row.interface,
    referencing: row.referencing,
    clientAddress: row.clientAddress,
    server: server(row),
    authentication: row.authentication,
    password: passwordOf(row),
    security: row.security,
    suite: Number(row.suite) as 0 | 1 | 2,
    systemTitle: row.systemTitle,
    needsSystemTitle: ciphered || row.authentication === 'high-sha256',
    meterSystemTitle: row.meterSystemTitle,
    keys: {
      encryption: row.encryptionKey,
      authentication: row.authenticationKey,
      dedicated: row.dedicatedKey,
    },
    counterObject: row.counterObject,
    counterClient: row.counterClient,
    counterRepeats: row.counterRepeats,
    associationObject: row.associationObject,
    generalProtection: row.generalProtection,
    preEstablished: row.preEstablished,
    invokeIdIncrease: row.invokeIdIncrease,
    windowSize: row.windowSize,
    frameSize: row.frameSize,
    pduSize: row.pduSize,
    gbtWindow: row.gbtWindow,
    standard: row.standard,
    manufacturer: row.manufacturer,
    writing: { allowed: row.allowWriting, only: parseWritable(row.writable ?? '', 'writable') },
    clock: clockOf(row),
    rangeClock: row.rangeClock,
    listSize: row.listSize,
    connectTimeoutMs: row.connectTimeout,
    answerTimeoutMs: row.answerTimeout,
    idleMs: 1000 * row.idleTime,
    maxSessions: row.maxSessions,
    trace: row.trace,
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
  refuseOtherPlace(placeOf(properties), target, textOf(properties, 'allowHosts'));
}

/** What these settings prove or cipher with. */
function secretsIn(s: ConnectionSettings): ConnectionSecret[] {
  // A readout uses none of them; its own password is guarded where it is used.
  if (s.interface === 'iec' || s.interface === 'push') return [];
  const ciphered = s.security !== 'none' || s.authentication === 'high-gmac';
  return [
    ...(s.password !== null && WITH_PASSWORD.has(s.authentication) ? (['password'] as const) : []),
    ...(ciphered && s.keys.encryption !== null ? (['encryptionKey'] as const) : []),
    ...(ciphered && s.keys.authentication !== null ? (['authenticationKey'] as const) : []),
    ...(ciphered && s.keys.dedicated !== null ? (['dedicatedKey'] as const) : []),
  ];
}

function placeOf(properties: Properties): Place {
  const kind = textOf(properties, 'transport').toLowerCase() || 'tcp';
  return { kind, host: textOf(properties, kind === 'serial' ? 'path' : 'host') };
}

function textOf(properties: Properties, name: NameOf<typeof CONNECTION>): string {
  return plainText(properties[name], name).trim();
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function transport(row: Row): TransportSettings {
  const { transport: kind, port } = row;
  const host = row.host ?? '';
  if (kind === 'tcp' && row.rfc2217) return { kind, host, port, rfc2217: format(row) };
  if (kind !== 'serial') return { kind, host, port };
  // The path may carry speed and format as the Gurux tools write it: COM1:9600:8None1.
  const text = row.path ?? '';
  const m = /^(.+?):(\d+)(?::([78])(none|even|odd)([12]))?$/i.exec(text);
  return { kind, path: m?.[1] ?? text, format: format(row, m) };
}

/** What stands in the path goes over the fields. */
function format(row: Row, m: RegExpExecArray | null = null): SerialFormat {
  return {
    baudRate: m?.[2] === undefined ? row.baudRate : Number(m[2]),
    dataBits: Number(m?.[3] ?? row.dataBits) as 7 | 8,
    parity: (m?.[4]?.toLowerCase() ?? row.parity) as SerialFormat['parity'],
    stopBits: Number(m?.[5] ?? row.stopBits) as 1 | 2,
  };
}

function server(row: Row): ConnectionSettings['server'] {
  const { addressSize: size, serverAddress: given, physicalAddress: physical, serialNumber: serial } = row;
  const address = { size: size === 'auto' ? size : (Number(size) as 1 | 2 | 4) };
  if (row.interface === 'wrapper') return { ...address, logical: given, physical: null };
  if (physical !== null) return { ...address, logical: given, physical };
  if (serial !== null) {
    return { ...address, logical: given, physical: serverAddressFromSerial(serial, row.serialFormula) };
  }
  // One number above seven bits is both parts, as other tools write it: 145 is logical 1, physical 17.
  if (given > 0x3fff) return { ...address, logical: given >> 14, physical: given & 0x3fff };
  if (given > 0x7f) return { ...address, logical: given >> 7, physical: given & 0x7f };
  return { ...address, logical: given, physical: null };
}

/** India, Italy and Saudi Arabia count the deviation from UTC to local time, the standard the other way round. */
function clockOf({ clockPolicy: chosen, standard, timezone }: Row): ClockPolicy {
  return clockPolicy(chosen ?? (INVERTED.has(standard) ? 'inverted' : 'standard'), timezone ?? undefined);
}

function passwordOf({ authentication, password }: Row): Secret | null {
  const given = secret(password);
  if (authentication !== 'high-lgz' || given === null || isCodedPassword(given.octets())) return given;
  const expected = 'made of decimal digits, which authentication high-lgz adds to the challenge';
  throw new DlmsError({ code: 'BAD_SETTING', setting: 'password', value: '(hidden)', expected });
}

/** ASCII, or 0x and hex digits. */
function secret(text: string | null): Secret | null {
  if (text === null) return null;
  return new Secret(/^0x/i.test(text) ? unhex(text, 'password') : new TextEncoder().encode(text));
}

const INVERTED: ReadonlySet<Standard> = new Set(['india', 'italy', 'saudi-arabia']);
const WITH_PASSWORD = new Set<Authentication>(['low', 'high', 'high-lgz', 'high-md5', 'high-sha1', 'high-sha256']);
export type ConnectionSecret = CredentialOf<typeof CONNECTION>;
/** The credentials of dlms-connection. */
export const CONNECTION_SECRETS = CONNECTION.filter(isCredential).map(({ name }) => name) as ConnectionSecret[];
const SECRETS: ReadonlySet<string> = new Set(CONNECTION_SECRETS);
/** The properties of dlms-connection that a message may set. What a message may do (allowHosts, allowWriting) is not among them. */
export const CONNECTION_PROPERTIES: readonly string[] = CONNECTION.filter(
  row => row.kind !== 'editor' && !('fixed' in row) && !isCredential(row),
).map(({ name }) => name);
/** For whoever reads the list of meters; they mean nothing here. */
const METER_NOTES: readonly string[] = ['name', 'tags'];
/** All that `msg.meter` may have; meterAddress is of dlms-iec-readout. */
export const METER_FIELDS: readonly string[] = [
  ...CONNECTION_PROPERTIES,
  'meterAddress',
  ...CONNECTION_SECRETS,
  ...METER_NOTES,
];
