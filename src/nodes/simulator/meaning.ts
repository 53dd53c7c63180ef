// What the properties of dlms-simulator mean: a meter to be read, one that pushes, one with an optical head.

import { Key, parseSystemTitle } from '../../core/security';
import { DlmsError } from '../../core/wire/errors';
import { badSetting, knownFields, shown } from '../../core/wire/foreign';
import { parse, type Parsed } from '../../io/settings/parse';
import { defaultAccounts, type Account } from '../../sim/accounts';
import { DEFAULT_BEHAVIOUR, type Behaviour } from '../../sim/behaviour';
import { FAULT_KINDS, type Fault } from '../../sim/faults';
import { IEC_FAULTS, serveIec } from '../../sim/iec-server';
import { DEFAULT_KEYS } from '../../sim/meter';
import { servePushes } from '../../sim/push-server';
import { PUSH_FORMATS, pushFormat } from '../../sim/push-source';
import { serveTcp, simulatedMeter } from '../../sim/server';
import type { Fields } from '../lib/on-input';
import { settings, type CredentialOf, type Values } from '../lib/settings-table';
import { SIMULATOR } from './settings';

export type Credentials = Partial<Record<CredentialOf<typeof SIMULATOR>, string>>;
type Row = Parsed<typeof SIMULATOR>;

/** One running simulation. */
export interface Simulation {
  /** null: it listens nowhere. */
  readonly port: number | null;
  readonly connections: number;
  watch(changed: () => void): void;
  /** Does what the message wants; gives the fields of the answer, null for none. */
  input(msg: Fields): Fields | null;
  close(): Promise<void>;
}

type Emit = (fields: Fields) => void;

/** Starts what `kind` says. Rejects with BAD_SETTING or LISTEN_FAILED. */
export async function start(config: Values, credentials: Credentials, emit: Emit): Promise<Simulation> {
  const row = parse(SIMULATOR, config, credentials);
  switch (row.kind) {
    case 'dlms':
      return startMeter(row);
    case 'push':
      return startPush(row, emit);
    case 'iec':
      return startIec(row);
  }
}

async function startIec(row: Row): Promise<Simulation> {
  const { serialNumber, password, mode, host } = row;
  const server = await serveIec(simulatedMeter({ zone: row.timezone ?? ZONE, serialNumber }), {
    mode,
    serialNumber,
    ...(password !== null && { password }),
    intervalMs: row.interval * 1000,
    host,
    port: row.port ?? PORT,
  });
  return {
    get port() {
      return server.port;
    },
    get connections() {
      return server.connections;
    },
    watch: changed => void (server.onChange = changed),
    input: msg => {
      if (msg['fault'] !== undefined) {
        const { kind, times } = parse(IEC_FAULT, faultFields(msg['fault'], ['kind', 'times']), {}, 'msg.fault.');
        server.meter.fault(kind, times);
      }
      const { port, connections } = server;
      return { payload: { port, connections, requests: server.meter.requests } };
    },
    close: () => server.close(),
  };
}

async function startPush(row: Row, emit: Emit): Promise<Simulation> {
  const name = row.format ?? PUSH_FORMATS[0]?.name ?? '';
  const format = pushFormat(name);
  if (format === undefined) throw badSetting('format', name, 'one of the formats in the list');
  const server = await servePushes({
    format,
    zone: row.timezone ?? ZONE,
    intervalMs: row.interval * 1000,
    host: row.host,
    port: row.port,
    onTelegram: bytes => emit({ payload: Buffer.from(bytes) }),
  });
  return {
    get port() {
      return server.port;
    },
    get connections() {
      return server.connections;
    },
    watch: changed => void (server.onChange = changed),
    input: () => {
      server.push();
      return null;
    },
    close: () => server.close(),
  };
}

async function startMeter(row: Row): Promise<Simulation> {
  const meter = simulatedMeter({
    zone: row.timezone ?? ZONE,
    deviation: row.deviation,
    accounts: accountsOf(row),
    encryptionKey: row.encryptionKey ?? Key.parse(DEFAULT_KEYS.encryption, 'encryptionKey'),
    authenticationKey: row.authenticationKey ?? Key.parse(DEFAULT_KEYS.authentication, 'authenticationKey'),
    systemTitle: row.systemTitle ?? parseSystemTitle(DEFAULT_KEYS.systemTitle),
    referencing: row.referencing,
    logicalDevice: row.serverAddress,
    physicalAddress: row.physicalAddress,
    serialNumber: row.serialNumber,
    gas: row.gas,
    loadProfile: { days: row.days, periodS: row.capturePeriod, columns: row.columns },
    behaviour: { pduSize: row.pduSize, hdlcInformation: row.frameSize, hdlcWindow: row.windowSize },
  });
  const server = await serveTcp(meter, { framing: row.interface, host: row.host, port: row.port ?? PORT });
  return {
    get port() {
      return server.port;
    },
    get connections() {
      return server.connections;
    },
    watch: changed => void (server.onChange = changed),
    input: msg => {
      if (msg['fault'] !== undefined) {
        const fault = faultOf(msg['fault']);
        if (fault === null) meter.faults.clear();
        else meter.fault(fault);
      }
      if (msg['behaviour'] !== undefined) meter.behaviour = { ...meter.behaviour, ...behaviourOf(msg['behaviour']) };
      const { port, connections } = server;
      return { payload: { port, connections, requests: meter.served, faults: meter.faults.pending } };
    },
    close: () => server.close(),
  };
}

function accountsOf({ security, password, secret }: Row): Account[] {
  const accounts = defaultAccounts(password ?? '12345678', secret ?? 'a secret of 16 !');
  return accounts.map(a => (a.authentication === 'high-gmac' ? { ...a, security } : a));
}

/** `msg.fault`: a kind, `{ kind, times, ms, result }`, or "none", which clears all that wait. */
function faultOf(given: unknown): Fault | null {
  const fields = faultFields(given, ['kind', 'times', 'ms', 'result']);
  if (fields['kind'] === 'none') return null;
  // For ever, which is no number of a form.
  const forEver = fields['times'] === Infinity;
  const row = parse(FAULT, forEver ? { ...fields, times: '' } : fields, {}, 'msg.fault.');
  const { kind } = row;
  const times = forEver ? Infinity : row.times;
  switch (kind) {
    case 'slow':
      return { kind, times, ms: row.ms };
    case 'refuse':
      return { kind, times, result: row.result };
    default:
      return { kind, times };
  }
}

function faultFields(given: unknown, known: readonly string[]): Fields {
  return typeof given === 'object' && given !== null ? knownFields(given, 'msg.fault', known) : { kind: given };
}

/** `msg.behaviour`: some of the switches of a Behaviour, each of the kind it has. */
function behaviourOf(given: unknown): Partial<Behaviour> {
  const wrong = (value: string): DlmsError =>
    new DlmsError({ code: 'BAD_SETTING', setting: 'msg.behaviour', value, expected: 'an object of known switches' });
  const fields = knownFields(given, 'msg.behaviour', Object.keys(DEFAULT_BEHAVIOUR));
  for (const [name, value] of Object.entries(fields)) {
    const usual: unknown = Reflect.get(DEFAULT_BEHAVIOUR, name);
    const fits = usual === null ? value === null || typeof value === 'number' : typeof value === typeof usual;
    if (usual === undefined || !fits) throw wrong(`${name}: ${shown(value)}`);
  }
  // Each property was compared with the default of the same name just above.
  return fields as Partial<Behaviour>;
}

const ZONE = 'Europe/Vienna';
const PORT = 4059;
const FAULT = settings([
  { name: 'kind', kind: 'choice', choices: FAULT_KINDS, default: 'silence' },
  { name: 'times', kind: 'number', default: 1, min: 1 },
  { name: 'ms', kind: 'number', default: 1000, min: 0, max: 600_000, when: { kind: ['slow'] }, unread: true },
  { name: 'result', kind: 'number', default: 3, min: 1, max: 255, when: { kind: ['refuse'] }, unread: true },
]);
const IEC_FAULT = settings([
  { name: 'kind', kind: 'choice', choices: IEC_FAULTS, default: 'silence' },
  { name: 'times', kind: 'number', default: 1, min: 0 },
]);
