// From what went wrong in a connection test to its likely cause and what to try next, as keys of the text catalogs.
// The rule of the file: a table by stage and code; what no row fits gets the remedy of the error itself.

import { lacksParity } from '../../core/framing/line-fault';
import { holdsSml } from '../../core/framing/sml';
import type { DlmsError } from '../../core/wire/errors';
import type { ConnectionSettings } from '../settings/settings';

/** A text of the catalog with its facts; the key stands below "test.says" or "test.advice". Holds no secret. */
export interface Words {
  readonly key: string;
  readonly facts?: Readonly<Record<string, string | number>>;
}

export const STAGE_NAMES = [
  'line',
  'sign-on',
  'readout',
  'bytes',
  'telegram',
  'link',
  'association',
  'identity',
  'clock',
  'counter',
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** What went wrong, for people: the code and its facts make a sentence in their language, the message is in English. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export function told({ code, short, detail }: DlmsError): ToldError {
  const facts = Object.entries(detail).filter(([, fact]) => typeof fact === 'string' || typeof fact === 'number');
  return { code, message: short, facts: Object.fromEntries(facts) as ToldError['facts'] };
}

export interface Circumstances {
  readonly stage: StageName;
  readonly settings: ConnectionSettings;
  /** The line was never ours: others were using it all the time. */
  readonly queued: boolean;
  /** What came in since the link was asked for. */
  readonly heard: { readonly octets: number; readonly first: Uint8Array };
}

/** What octets look like, by the first of them, or by what is SML anywhere; "unknown" where nothing fits. */
export const PROTOCOLS = ['hdlc', 'wrapper', 'iec', 'mbus', 'sml', 'parity', 'unknown'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export function protocolOf(octets: Uint8Array): Protocol {
  // Listening begins in the middle of a file, whose octets look like anything.
  if (holdsSml(octets)) return 'sml';
  const [a, b] = octets;
  if (lacksParity(octets)) return 'parity';
  if (a === 0x7e) return 'hdlc';
  if (a === 0x00 && b === 0x01) return 'wrapper';
  // "/" of an identification or a P1 telegram, STX of a data block, also with the parity bit still on it.
  if (a !== undefined && ((a & 0x7f) === 0x2f || (a & 0x7f) === 0x02)) return 'iec';
  if (a === 0x68) return 'mbus';
  if (a === 0x1b && b === 0x1b) return 'sml';
  return 'unknown';
}

/** The likely cause and the next thing to try. */
export function adviceOn(error: DlmsError, at: Circumstances): Words {
  const key = keyOf(error, at);
  const { settings: s, heard } = at;
  return {
    key,
    facts: {
      where: whereOf(s),
      client: s.clientAddress,
      server: serverOf(s),
      interface: s.interface,
      octets: heard.octets,
      ...(s.transport.kind === 'serial' && { format: formatOf(s.transport.format) }),
    },
  };
}

/** "1" or "1/17": logical device, physical address. */
export function serverOf({ server }: Pick<ConnectionSettings, 'server'>): string {
  return server.physical === null ? String(server.logical) : `${server.logical}/${server.physical}`;
}

/** "9600 8N1". */
export function formatOf(f: { baudRate: number; dataBits: number; parity: string; stopBits: number }): string {
  return `${f.baudRate} ${f.dataBits}${f.parity.charAt(0).toUpperCase()}${f.stopBits}`;
}

/** "192.168.1.5:4059", "/dev/ttyUSB0". */
export function whereOf({ transport: t }: ConnectionSettings): string {
  return t.kind === 'serial' ? t.path : `${t.host === '' ? '*' : t.host}:${t.port}`;
}

/** What stands on the other side is well, and only another node is to listen to it. */
export function talksByItself(advice: Words): boolean {
  return advice.key === 'speaks-push' || advice.key === 'speaks-sml';
}

function keyOf(error: DlmsError, at: Circumstances): string {
  const { detail } = error;
  const { stage, settings: s } = at;
  if (detail.code === 'ABORTED') return at.queued ? 'busy' : 'limit';
  if (detail.code === 'CONNECT_TIMEOUT' && s.transport.kind === 'tcp-server') return 'no-caller';
  // The meter does not say which of them.
  if (detail.code === 'WRONG_KEY' && detail.refused === 'encryption-or-authentication') return 'keys';
  const plain = BY_CODE[detail.code];
  if (plain !== undefined) return plain;
  if (stage === 'line') return 'other';
  if (stage === 'sign-on') return SIGN_ON[detail.code] ?? 'other';
  switch (detail.code) {
    case 'NO_ANSWER':
    case 'WRAPPER_HEADER':
    case 'HDLC_FCS':
    case 'HDLC_FRAME':
    case 'MBUS_FRAME':
      return silence(at);
    case 'CONNECTION_LOST':
      return stage === 'link' || stage === 'association' ? 'cut' : 'cut-later';
    case 'ASSOCIATION_REFUSED':
      return refusal(detail.diagnostic, s);
    case 'EXCEPTION_RESPONSE':
    case 'SERVICE_ERROR':
      return isCiphered(s) ? 'keys' : 'exception';
    default:
      return 'other';
  }
}

/** Nothing that could be read came: nothing at all, or bytes of something else. */
function silence({ stage, settings: s, heard }: Circumstances): string {
  const framing = s.interface === 'wrapper' ? 'wrapper' : 'hdlc';
  const came = protocolOf(heard.first);
  if (heard.octets > 0 && stage === 'link' && came !== framing) return SPEAKS[came];
  if (heard.octets > 0 && stage === 'link') return 'noise';
  if (framing === 'wrapper') {
    if (heard.octets > 0 && came !== 'wrapper') return SPEAKS[came];
    if (s.transport.kind === 'udp') return 'silent-udp';
    return isCiphered(s) ? 'silent-wrapper-keys' : 'silent-wrapper';
  }
  if (stage !== 'link') return isCiphered(s) ? 'keys' : 'silent-association';
  return s.transport.kind === 'serial' ? 'silent-serial' : 'silent-gateway';
}

/** The diagnostic is in the standard's words (IEC 62056-5-3). */
function refusal(diagnostic: string, s: ConnectionSettings): string {
  if (/application-context/.test(diagnostic)) return isCiphered(s) ? 'context-ciphered' : 'context';
  if (/mechanism/.test(diagnostic)) return 'mechanism';
  if (/authentication-required/.test(diagnostic)) return 'authentication-required';
  if (/authentication-failure/.test(diagnostic)) return isCiphered(s) ? 'keys' : 'hls';
  return isCiphered(s) ? 'refused-ciphered' : 'refused';
}

function isCiphered(s: ConnectionSettings): boolean {
  return s.security !== 'none' || s.authentication === 'high-gmac';
}

const SPEAKS: Readonly<Record<Protocol, string>> = {
  hdlc: 'speaks-hdlc',
  wrapper: 'speaks-wrapper',
  iec: 'speaks-iec',
  mbus: 'speaks-push',
  sml: 'speaks-sml',
  parity: 'noise',
  unknown: 'noise',
};

/** Wherever they happen. */
const BY_CODE: Readonly<Partial<Record<DlmsError['code'], string>>> = {
  CONNECT_REFUSED: 'connect-refused',
  CONNECT_TIMEOUT: 'unreachable',
  CONNECT_FAILED: 'unknown-host',
  LISTEN_FAILED: 'port-in-use',
  SERIAL_BUSY: 'serial-busy',
  SERIAL_DENIED: 'serial-denied',
  SERIAL_MISSING: 'serial-missing',
  SERIAL_MODULE: 'serial-module',
  QUEUE_FULL: 'busy',
  WRONG_PASSWORD: 'password',
  HLS_FAILED: 'hls',
  NOT_THE_METER: 'stranger',
  COUNTER_TOO_LOW: 'counter',
  WRONG_KEY: 'encryption-key',
  NO_KEY: 'encryption-key',
  AUTHENTICATION_FAILED: 'authentication-key',
  NO_SYSTEM_TITLE: 'system-title',
  HDLC_REJECTED: 'rejected',
  NO_BYTES: 'no-bytes',
};
const SIGN_ON: Readonly<Partial<Record<DlmsError['code'], string>>> = {
  NO_ANSWER: 'no-sign-on',
  CONNECTION_LOST: 'cut',
  IEC_IDENTIFICATION: 'noise-sign-on',
  UNEXPECTED_RESPONSE: 'no-mode-e',
  IEC_REFUSED: 'no-mode-e',
};
