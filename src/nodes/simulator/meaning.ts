// What the properties of dlms-simulator mean: a meter to be read, one that pushes, one with an optical head.

import { Key, parseSystemTitle } from '../../core/security';
import { DlmsError } from '../../core/wire/errors';
import { knownFields, shown } from '../../core/wire/foreign';
import { defaultAccounts, type Account } from '../../sim/accounts';
import { DEFAULT_BEHAVIOUR, type Behaviour } from '../../sim/behaviour';
import { FAULT_KINDS, type Fault } from '../../sim/faults';
import { IEC_FAULTS, serveIec } from '../../sim/iec-server';
import { DEFAULT_KEYS } from '../../sim/meter';
import { servePushes } from '../../sim/push-server';
import { PUSH_FORMATS, pushFormat } from '../../sim/push-source';
import { serveTcp, simulatedMeter } from '../../sim/server';
import type { Fields } from '../lib/on-input';
import { choice, flag, number, text } from '../lib/props';

export const CREDENTIALS = ['password', 'secret', 'encryptionKey', 'authenticationKey'] as const;
export type Credentials = Partial<Record<(typeof CREDENTIALS)[number], string>>;

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
export async function start(config: Fields, credentials: Credentials, emit: Emit): Promise<Simulation> {
  switch (choice('kind', config['kind'], ['dlms', 'push', 'iec'], 'dlms')) {
    case 'dlms':
      return startMeter(config, credentials);
    case 'push':
      return startPush(config, emit);
    case 'iec':
      return startIec(config, credentials);
  }
}

async function startIec(config: Fields, credentials: Credentials): Promise<Simulation> {
  const serialNumber = text(config['serialNumber'], SERIAL_NUMBER);
  const password = text(credentials.password, null);
  const server = await serveIec(simulatedMeter({ zone: text(config['timezone'], ZONE), serialNumber }), {
    mode: choice('mode', config['mode'], ['a', 'b', 'c', 'd', 'e'], 'c'),
    serialNumber,
    ...(password === null ? {} : { password }),
    intervalMs: number('interval', config['interval'], 10, { min: 1, max: 86_400 }) * 1000,
    host: text(config['host'], HOST),
    port: number('port', config['port'], PORT, { min: 0, max: 65_535 }),
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
        const { fault } = msg;
        const { kind, times }: Fields =
          typeof fault === 'object' && fault !== null
            ? knownFields(fault, 'msg.fault', ['kind', 'times'])
            : { kind: fault };
        server.meter.fault(
          choice('msg.fault', kind, IEC_FAULTS, 'silence'),
          number('msg.fault.times', times, 1, { min: 0 }),
        );
      }
      const { port, connections } = server;
      return { payload: { port, connections, requests: server.meter.requests } };
    },
    close: () => server.close(),
  };
}

async function startPush(config: Fields, emit: Emit): Promise<Simulation> {
  const name = text(config['format'], PUSH_FORMATS[0]?.name ?? '');
  const format = pushFormat(name);
  if (format === undefined) {
    throw new DlmsError({
      code: 'BAD_SETTING',
      setting: 'format',
      value: name,
      expected: 'one of the formats in the list',
    });
  }
  const server = await servePushes({
    format,
    zone: text(config['timezone'], ZONE),
    intervalMs: number('interval', config['interval'], 10, { min: 0, max: 86_400 }) * 1000,
    host: text(config['host'], HOST),
    port: number('port', config['port'], null, { min: 0, max: 65_535 }),
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

async function startMeter(config: Fields, credentials: Credentials): Promise<Simulation> {
  const meter = simulatedMeter({
    zone: text(config['timezone'], ZONE),
    deviation: choice('deviation', config['deviation'], ['standard', 'inverted', 'unspecified'], 'standard'),
    accounts: accountsOf(config, credentials),
    encryptionKey: Key.parse(text(credentials.encryptionKey, DEFAULT_KEYS.encryption), 'encryptionKey'),
    authenticationKey: Key.parse(text(credentials.authenticationKey, DEFAULT_KEYS.authentication), 'authenticationKey'),
    systemTitle: parseSystemTitle(text(config['systemTitle'], DEFAULT_KEYS.systemTitle), 'systemTitle'),
    referencing: choice('referencing', config['referencing'], ['both', 'ln', 'sn'], 'both'),
    logicalDevice: number('serverAddress', config['serverAddress'], 1, { min: 1, max: 0x3fff }),
    physicalAddress: number('physicalAddress', config['physicalAddress'], 17, { min: 0, max: 0x3fff }),
    serialNumber: text(config['serialNumber'], SERIAL_NUMBER),
    gas: flag(config['gas'], true),
    loadProfile: {
      days: number('days', config['days'], 31, { min: 1, max: 400 }),
      periodS: number('capturePeriod', config['capturePeriod'], 900, { min: 60, max: 86_400 }),
      columns: number('columns', config['columns'], 8, { min: 2, max: 8 }),
    },
    behaviour: {
      pduSize: number('pduSize', config['pduSize'], DEFAULT_BEHAVIOUR.pduSize, { min: 64, max: 0xffff }),
      hdlcInformation: number('frameSize', config['frameSize'], DEFAULT_BEHAVIOUR.hdlcInformation, {
        min: 32,
        max: 2030,
      }),
      hdlcWindow: number('windowSize', config['windowSize'], DEFAULT_BEHAVIOUR.hdlcWindow, { min: 1, max: 7 }),
    },
  });
  const server = await serveTcp(meter, {
    framing: choice('interface', config['interface'], ['hdlc', 'wrapper'], 'hdlc'),
    host: text(config['host'], HOST),
    port: number('port', config['port'], PORT, { min: 0, max: 65_535 }),
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

function accountsOf(config: Fields, credentials: Credentials): Account[] {
  const policies = ['none', 'authentication', 'encryption', 'authentication-encryption'] as const;
  const security = choice('security', config['security'], policies, 'none');
  const accounts = defaultAccounts(
    text(credentials.password, '12345678'),
    text(credentials.secret, 'a secret of 16 !'),
  );
  return accounts.map(a => (a.authentication === 'high-gmac' ? { ...a, security } : a));
}

/** `msg.fault`: a kind, `{ kind, times, ms, result }`, or "none", which clears all that wait. */
function faultOf(given: unknown): Fault | null {
  const isObject = typeof given === 'object' && given !== null;
  const fields = isObject ? knownFields(given, 'msg.fault', ['kind', 'times', 'ms', 'result']) : { kind: given };
  if (fields['kind'] === 'none') return null;
  const kind = choice('msg.fault', fields['kind'], FAULT_KINDS, 'silence');
  const times = fields['times'] === Infinity ? Infinity : number('msg.fault.times', fields['times'], 1, { min: 1 });
  switch (kind) {
    case 'slow':
      return { kind, times, ms: number('msg.fault.ms', fields['ms'], 1000, { min: 0, max: 600_000 }) };
    case 'refuse':
      return { kind, times, result: number('msg.fault.result', fields['result'], 3, { min: 1, max: 255 }) };
    default:
      return { kind, times };
  }
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

const HOST = '127.0.0.1';
const ZONE = 'Europe/Vienna';
const PORT = 4059;
const SERIAL_NUMBER = '50021374';
