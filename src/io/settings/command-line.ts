// The command lines of the widely used Gurux readers, turned into the properties of dlms-connection, so that a user can
// paste what already works. The rule of the file: what it does not understand is named, never dropped silently.

import { DlmsError } from '../../core/wire/errors';

/** What the line says, in the names of the dlms-connection node. */
export interface CommandLine {
  /** Plain properties, as the editor stores them. */
  readonly properties: Readonly<Record<string, string | boolean>>;
  /** Credentials; for the form only, never for a log. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Objects of -g: what to read. */
  readonly objects: readonly { readonly obis: string; readonly attribute: number }[];
  /** Options that have no place here, as written. */
  readonly ignored: readonly string[];
}

/**
 * Reads options such as `-S COM1:9600:8None1 -c 16 -s 1 -r SN -a Low -P secret`, with or without the program in front.
 * Throws BAD_SETTING naming the option whose value is not understood.
 */
export function parseCommandLine(line: string): CommandLine {
  const properties: Record<string, string | boolean> = {};
  const credentials: Record<string, string> = {};
  const objects: { obis: string; attribute: number }[] = [];
  const ignored: string[] = [];
  if (line.length > LONGEST_LINE) {
    const expected = `at most ${LONGEST_LINE} characters`;
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'line', value: `${line.length} characters`, expected });
  }
  const words = split(line);
  let seen = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const tag = OPTION.exec(word)?.[1];
    if (tag === undefined) {
      // Words before the first option are the program itself.
      if (seen > 0) ignored.push(word);
      continue;
    }
    seen++;
    const value = words[i + 1];
    const bare = BARE[tag];
    if (bare !== undefined && (value === undefined || !bare.takes(value))) bare.apply(properties);
    else {
      const apply = OPTIONS[tag];
      if (apply === undefined) {
        ignored.push(`-${tag}`);
        // Nobody knows whether it has a value; what looks like an option is none.
        if (value !== undefined && !OPTION.test(value)) i++;
        continue;
      }
      if (value === undefined) throw bad(tag, '', 'followed by a value');
      apply(value, { properties, credentials, objects });
      i++;
    }
  }
  if (seen === 0) throw bad('line', line.slice(0, 40), 'a list of options such as -h host -p port -c 16 -s 1');
  // -s alone is the whole server address; beside -l it is the physical part, unless -n says that.
  if (properties['logicalAddress'] !== undefined) {
    if (properties['serverAddress'] !== undefined && properties['serialNumber'] === undefined)
      properties['physicalAddress'] = properties['serverAddress'];
    properties['serverAddress'] = properties['logicalAddress'];
    delete properties['logicalAddress'];
  }
  return { properties, credentials, objects, ignored };
}

interface Target {
  readonly properties: Record<string, string | boolean>;
  readonly credentials: Record<string, string>;
  readonly objects: { obis: string; attribute: number }[];
}
type Apply = (value: string, to: Target) => void;

/** More than any command; a page that was pasted by mistake would keep the editor waiting. */
const LONGEST_LINE = 10_000;

function bad(tag: string, value: string, expected: string): DlmsError {
  const secret = SECRET.has(tag);
  return new DlmsError({
    code: 'BAD_SETTING',
    setting: `option -${tag}`,
    value: secret ? '(hidden)' : value,
    expected,
  });
}

/** Words of a shell line; quotes hold words together. */
function split(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(m => m[1] ?? m[2] ?? m[3] ?? '');
}

function choice(tag: string, property: string, table: Readonly<Record<string, string>>): Apply {
  return (value, to) => {
    const found = table[value.toLowerCase().replace(/[_-]/g, '')];
    if (found === undefined) throw bad(tag, value, `one of ${Object.keys(table).join(', ')}`);
    to.properties[property] = found;
  };
}
function text(property: string): Apply {
  return (value, to) => void (to.properties[property] = value);
}
function number(tag: string, property: string): Apply {
  return (value, to) => {
    if (!/^\d+$/.test(value)) throw bad(tag, value, 'a number');
    to.properties[property] = value;
  };
}
function key(tag: string, credential: string): Apply {
  return (value, to) => {
    if (!/^(0x)?([0-9a-f]{2})+$/i.test(value)) throw bad(tag, value, 'hex digits');
    to.credentials[credential] = value;
  };
}

function serialPort(value: string, to: Target): void {
  const m = /^(.+?)(?::(\d+)(?::([78])(None|Even|Odd)([12]))?)?$/i.exec(value);
  if (m === null) throw bad('S', value, 'of the form COM1 or COM1:9600:8None1');
  to.properties['transport'] = 'serial';
  to.properties['path'] = m[1] as string;
  if (m[2] !== undefined) to.properties['baudRate'] = m[2];
  if (m[3] !== undefined) to.properties['dataBits'] = m[3];
  if (m[4] !== undefined) to.properties['parity'] = m[4].toLowerCase();
  if (m[5] !== undefined) to.properties['stopBits'] = m[5];
}

function selected(value: string, to: Target): void {
  for (const item of value.split(';')) {
    const m = /^\s*([\d.]+)\s*:\s*(\d+)\s*$/.exec(item);
    if (m === null) throw bad('g', item, 'of the form 1.0.1.8.0.255:2');
    to.objects.push({ obis: m[1] as string, attribute: Number(m[2]) });
  }
}

function tcp(property: 'host' | 'port'): Apply {
  return (value, to) => {
    to.properties['transport'] ??= 'tcp';
    to.properties[property] = value;
  };
}

/**
 * Options that a line may have without a value: -I always, the others in the line of the XML client, where -i is the start
 * protocol of IEC 62056-21, -w the wrapper and -t the trace. A value of theirs is what does not look like an option.
 */
const BARE: Readonly<
  Record<
    string,
    { readonly takes: (value: string) => boolean; readonly apply: (to: Record<string, string | boolean>) => void }
  >
> = {
  I: { takes: () => false, apply: to => void (to['invokeIdIncrease'] = true) },
  w: { takes: value => /^\d+$/.test(value), apply: to => void (to['interface'] = 'wrapper') },
  i: { takes: value => !OPTION.test(value), apply: to => void (to['interface'] = 'hdlc-mode-e') },
  t: { takes: value => !OPTION.test(value), apply: to => void (to['trace'] = 'verbose') },
};
const OPTION = /^[-/]([a-zA-Z])$/;
const SECRET = new Set(['P', 'A', 'B', 'D']);
const OPTIONS: Readonly<Record<string, Apply>> = {
  h: tcp('host'),
  p: tcp('port'),
  S: serialPort,
  i: choice('i', 'interface', {
    hdlc: 'hdlc',
    wrapper: 'wrapper',
    hdlcwithmodee: 'hdlc-mode-e',
    plc: 'plc',
    plchdlc: 'plc-hdlc',
  }),
  a: choice('a', 'authentication', {
    none: 'none',
    low: 'low',
    high: 'high',
    highmd5: 'high-md5',
    highsha1: 'high-sha1',
    highgmac: 'high-gmac',
    highsha256: 'high-sha256',
    highecdsa: 'high-ecdsa',
  }),
  C: choice('C', 'security', {
    none: 'none',
    authentication: 'authentication',
    encryption: 'encryption',
    encrypted: 'encryption',
    authenticationencryption: 'authentication-encryption',
  }),
  V: choice('V', 'suite', { suite0: '0', suite1: '1', suite2: '2' }),
  r: choice('r', 'referencing', { sn: 'sn', ln: 'ln' }),
  t: choice('t', 'trace', { off: 'error', error: 'error', warning: 'warning', info: 'info', verbose: 'verbose' }),
  d: choice('d', 'standard', {
    dlms: 'dlms',
    india: 'india',
    italy: 'italy',
    saudiarabia: 'saudi-arabia',
    spain: 'spain',
    idis: 'idis',
  }),
  c: number('c', 'clientAddress'),
  s: number('s', 'serverAddress'),
  l: number('l', 'logicalAddress'),
  n: number('n', 'serialNumber'),
  w: number('w', 'windowSize'),
  f: number('f', 'frameSize'),
  W: number('W', 'gbtWindow'),
  v: text('counterObject'),
  T: text('systemTitle'),
  M: text('meterSystemTitle'),
  L: text('manufacturer'),
  P: (value, to) => void (to.credentials['password'] = value),
  A: key('A', 'authenticationKey'),
  B: key('B', 'encryptionKey'),
  D: key('D', 'dedicatedKey'),
  g: selected,
};
