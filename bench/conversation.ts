// A whole conversation with a meter, from connect to the last row: as our session has it, recorded, and replayed as bare bytes.

import { createConnection } from 'node:net';

import { Obis } from '../src/core/obis/obis';
import { concat } from '../src/core/wire/hex';
import { NumbersInMemory } from '../src/io/session/counter-keeper';
import { Lines } from '../src/io/line/line';
import { LineQueues } from '../src/io/line/line-queue';
import { Session } from '../src/io/session/session';
import { parseSettings } from '../src/io/settings/settings';
import type { TraceLine } from '../src/io/transport/trace';
import type { Behaviour } from '../src/sim/behaviour';
import { DEFAULT_KEYS } from '../src/sim/meter';
import { startPeer, type Peer } from './peer';

/** Request and reply in turn, as they went over the line. */
export interface Pair {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
}

export interface Setting {
  readonly name: string;
  readonly framing: 'hdlc' | 'wrapper';
  readonly behaviour: Partial<Behaviour>;
  readonly ciphered: boolean;
}

export const PROFILE = Obis.parse('1-0:99.1.0*255');
/** A fixed now: each run asks the same bytes. */
export const NOW_MS = Date.UTC(2026, 10, 21, 10, 0);
export const ROWS_31_DAYS = 2976;

export const SETTINGS = {
  hdlc128: hdlc('hdlc 128, window 1', 128, 1, 1024, false),
  hdlc128w7: hdlc('hdlc 128, window 7', 128, 7, 1024, false),
  hdlc2030: hdlc('hdlc 2030, window 1, PDU 4096', 2030, 1, 4096, false),
  wrapper: wrapper('wrapper, PDU 4096', false),
  hdlc128Ciphered: hdlc('hdlc 128, window 1, ciphered', 128, 1, 1024, true),
  wrapperCiphered: wrapper('wrapper, PDU 4096, ciphered', true),
} as const;

export interface Read {
  readonly rows: number;
  /** Sum of one column: the values were really there. */
  readonly sum: number;
}

/** Our way: connect, associate, columns, scales, buffer, rows, hang up. `each` sees the number of every row. */
export async function readProfile(
  port: number,
  setting: Setting,
  trace?: (line: TraceLine) => void,
  each?: (row: number) => void,
): Promise<Read> {
  const session = sessionTo(port, setting, trace);
  let rows = 0;
  let sum = 0;
  for await (const row of session.readProfile(PROFILE, { kind: 'all' }).rows) {
    rows++;
    sum += row[IMPORT] as number;
    each?.(rows);
  }
  await session.close();
  return { rows, sum };
}

export function sessionTo(port: number, setting: Setting, trace?: (line: TraceLine) => void): Session {
  const { behaviour } = setting;
  const settings = parseSettings(
    {
      host: '127.0.0.1',
      port,
      interface: setting.framing,
      frameSize: behaviour.hdlcInformation ?? 2030,
      windowSize: behaviour.hdlcWindow ?? 7,
      ...(setting.ciphered
        ? { clientAddress: 1, authentication: 'high-gmac', security: 'authentication-encryption' }
        : {}),
    },
    { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication },
  );
  return new Session(settings, {
    lines: new Lines(new LineQueues()),
    counters: new NumbersInMemory(),
    now: () => NOW_MS,
    random: n => new Uint8Array(n).fill(5),
    ...(trace === undefined ? {} : { trace }),
  });
}

/** A meter for this setting, with a load profile of so many days. */
export function meterFor(setting: Setting, days = 31): Promise<Peer> {
  return startPeer({ framing: setting.framing, behaviour: setting.behaviour, nowMs: NOW_MS, days });
}

/** One conversation with a meter, as pairs. */
export async function record(port: number, setting: Setting): Promise<{ pairs: Pair[]; read: Read }> {
  const lines: TraceLine[] = [];
  const read = await readProfile(port, setting, line => {
    if (line.layer === 'bytes') lines.push({ ...line, bytes: line.bytes.slice() });
  });
  return { pairs: pairsOf(lines), read };
}

/** The same bytes, nothing decoded: write request n, wait for as many octets as reply n has. */
export function replayBytes(port: number, pairs: readonly Pair[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    let at = -1;
    let missing = 0;
    const next = (): void => {
      while (missing <= 0) {
        const pair = pairs[++at];
        if (pair === undefined) return void socket.end();
        missing += pair.reply.length;
        socket.write(pair.request);
      }
    };
    socket.on('connect', next);
    socket.on('data', chunk => {
      missing -= chunk.length;
      next();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

function pairsOf(lines: readonly TraceLine[]): Pair[] {
  const pairs: { request: Uint8Array[]; reply: Uint8Array[] }[] = [];
  for (const line of lines) {
    const current = pairs[pairs.length - 1];
    if (line.dir === '<') current?.reply.push(line.bytes);
    else if (current === undefined || current.reply.length > 0) pairs.push({ request: [line.bytes], reply: [] });
    else current.request.push(line.bytes);
  }
  return pairs.map(p => ({ request: concat(...p.request), reply: concat(...p.reply) }));
}

function hdlc(name: string, info: number, window: number, pduSize: number, ciphered: boolean): Setting {
  return { name, framing: 'hdlc', behaviour: { hdlcInformation: info, hdlcWindow: window, pduSize }, ciphered };
}
function wrapper(name: string, ciphered: boolean): Setting {
  return { name, framing: 'wrapper', behaviour: { pduSize: 4096 }, ciphered };
}

const IMPORT = '1-0:1.8.0*255';
