// The error codes at the end of each node's help, with their remedies in the language of the reader.
// The rule of the file: English comes from the table of errors itself; a code stands with every node that can give it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS, type Code } from '../src/core/wire/errors';

/** What every node can say. */
const ANY = ['BAD_SETTING', 'ABORTED', 'INTERNAL'] as const;
const BYTES = ['WIRE_TRUNCATED', 'WIRE_INVALID', 'WIRE_SURPLUS', 'LIMIT_EXCEEDED'] as const;
const FRAMES = ['HDLC_FCS', 'HDLC_FRAME', 'WRAPPER_HEADER', 'SEGMENT_LOST', 'INCOMPLETE'] as const;
const PORTS = [
  'CONNECTION_LOST',
  'LISTEN_FAILED',
  'SERIAL_BUSY',
  'SERIAL_DENIED',
  'SERIAL_MISSING',
  'SERIAL_MODULE',
  'CLOSED',
] as const;
const LINE = [...PORTS, 'NO_ANSWER', 'CONNECT_REFUSED', 'CONNECT_FAILED', 'CONNECT_TIMEOUT', 'QUEUE_FULL'] as const;
const CIPHERING = [
  'NO_KEY',
  'WRONG_KEY',
  'AUTHENTICATION_FAILED',
  'COMPRESSED',
  'NO_SYSTEM_TITLE',
  'NOT_SUPPORTED',
] as const;
/** The sign-on of IEC 62056-21, which mode E begins with too. */
const SIGN_ON = ['NO_FRAME', 'IEC_IDENTIFICATION', 'IEC_REFUSED', 'WRONG_PARITY', 'UNEXPECTED_RESPONSE'] as const;
const SML = ['SML_FRAME', 'SML_CHECK', 'SML_ATTENTION', 'SML_NO_VALUES'] as const;
/** What is about the objects asked for. */
const OBJECTS = ['ACCESS_DENIED', 'OBJECT_UNDEFINED', 'ACCESS_RESULT', 'NOT_SUPPORTED', 'LIMIT_EXCEEDED'] as const;

/** What only the library gives. */
export const LIBRARY_ONLY: readonly Code[] = ['XML_INVALID'];

interface Given {
  readonly codes: readonly Code[];
  /** Gives those of its connection too, which stand in the help of that. */
  readonly connection?: true;
}

/** The codes that each node can give. */
const GIVEN: Readonly<Record<string, Given>> = {
  'dlms-connection': {
    codes: [
      ...ANY,
      'HOST_NOT_ALLOWED',
      ...BYTES,
      ...FRAMES,
      ...LINE,
      ...CIPHERING,
      ...SIGN_ON,
      'NO_BYTES',
      'HDLC_REJECTED',
      'ASSOCIATION_REFUSED',
      'WRONG_PASSWORD',
      'HLS_FAILED',
      'NOT_THE_METER',
      'COUNTER_TOO_LOW',
      'COUNTER_INVALID',
      'COUNTER_JUMP',
      'KEY_USED_UP',
      'STATE_NOT_SAVED',
      'REPLAYED',
      'ACCESS_DENIED',
      'EXCEPTION_RESPONSE',
      'SERVICE_ERROR',
      'BAD_STATE',
    ],
  },
  'dlms-get-object': { codes: [...ANY, ...OBJECTS], connection: true },
  'dlms-set-object': { codes: [...ANY, ...OBJECTS, 'WRITE_NOT_ALLOWED', 'WRITE_DIFFERS'], connection: true },
  'dlms-read-load-profile': { codes: [...ANY, ...OBJECTS, 'WIRE_INVALID', 'INCOMPLETE'], connection: true },
  'dlms-push-decoder': {
    codes: [
      ...ANY,
      ...BYTES,
      ...FRAMES,
      ...PORTS,
      ...CIPHERING,
      'MBUS_CHECKSUM',
      'MBUS_FRAME',
      'NOT_AUTHENTICATED',
      'NOT_ENCRYPTED',
      'REPLAYED',
      'STATE_NOT_SAVED',
      'QUEUE_FULL',
      'UNEXPECTED_RESPONSE',
      'UNKNOWN_LAYOUT',
      'SCALE_DOUBTED',
      'NO_FRAME',
      'NO_BYTES',
      'BCC_MISMATCH',
      'CRC_MISMATCH',
      'IEC_ERROR',
      'TELEGRAM_INCOMPLETE',
      'WRONG_PARITY',
      ...SML,
    ],
  },
  'dlms-iec-readout': {
    codes: [
      ...ANY,
      'HOST_NOT_ALLOWED',
      ...BYTES,
      ...LINE,
      ...CIPHERING,
      ...SIGN_ON,
      'NOT_AUTHENTICATED',
      'NOT_ENCRYPTED',
      'INCOMPLETE',
      'WRONG_PASSWORD',
      'BCC_MISMATCH',
      'CRC_MISMATCH',
      'IEC_ERROR',
      'IEC_BREAK',
      'READOUT_RUNNING',
      'TELEGRAM_INCOMPLETE',
      'OTHER_PROTOCOL',
    ],
  },
  'dlms-obis-filter': { codes: [...ANY, 'NOT_AUTHENTICATED', 'NOT_ENCRYPTED'] },
  'dlms-simulator': { codes: [...ANY, 'LISTEN_FAILED', 'CLOSED'] },
};

/** The codes in the help of a node, in the order of the table of errors. */
export function codesOf(type: string): readonly Code[] {
  const given = new Set(givenBy(type).codes);
  return ALL.filter(code => given.has(code));
}

/**
 * The help of a node in a language, with the section about its errors at the end.
 * @param locales the folder with the languages
 * @throws {Error} for a node without a row, or a language without the texts
 */
export function helpOf(locales: string, language: string, type: string): string {
  const help = readFileSync(join(locales, language, `${type}.html`), 'utf8');
  return help.replace(/\n<\/script>\s*$/, () => `\n\n${errorSection(locales, language, type)}\n</script>\n`);
}

/** Markdown: heading, a line for each code, and where the others stand. */
export function errorSection(locales: string, language: string, type: string): string {
  const texts = remedies(locales, language);
  // A file of a known shape; a test compares it in all languages.
  const shared = JSON.parse(readFileSync(join(locales, language, '_shared.json'), 'utf8')) as {
    help: { errors: string; connectionErrors: string };
  };
  const list = codesOf(type).map(code => `- \`${code}\` – ${texts[code]}.`);
  const others = givenBy(type).connection === true ? ['', shared.help.connectionErrors] : [];
  return [`### ${shared.help.errors}`, '', ...list, ...others].join('\n');
}

/** The remedy of each code in a language. */
export function remedies(locales: string, language: string): Readonly<Record<Code, string>> {
  if (language !== 'en-US') {
    // A file of a known shape; a test compares its keys.
    return JSON.parse(readFileSync(join(locales, language, '_errors.json'), 'utf8')) as Record<Code, string>;
  }
  return Object.fromEntries(ALL.map(code => [code, ERRORS[code].remedy])) as Record<Code, string>;
}

function givenBy(type: string): Given {
  const given = GIVEN[type];
  if (given === undefined) throw new Error(`scripts/help-errors.ts does not say which errors ${type} can give`);
  return given;
}

const ALL = Object.keys(ERRORS) as Code[];
