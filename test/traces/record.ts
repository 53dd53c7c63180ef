// Records the traces of this folder that a simulated meter with the fault of old can give: node dist/test/traces/record.js
// The rule of the file: it writes what went over the line; what it should give stands here, and the test says whether it does.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { Obis } from '../../src/core/obis/obis';
import { concat, unhex } from '../../src/core/wire/hex';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { memoryPair } from '../../src/io/transport/memory';
import { formatTrace, type TraceLine } from '../../src/io/transport/trace';
import type { Behaviour } from '../../src/sim/behaviour';
import { pushBytes, pushFormat } from '../../src/sim/push-source';
import { serveTransport } from '../../src/sim/server';
import { PROJECT } from '../node-red-process';
import { meterAt } from '../sim/wire';

interface Asked {
  readonly shows: string;
  readonly behaviour: Partial<Behaviour>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly read: readonly string[];
  readonly gives: string;
}

const HDLC = { interface: 'hdlc', clientAddress: '16', serverAddress: '1' };
const NAME = '1/0-0:42.0.0*255/2';
const ENERGY = '3/1-0:1.8.0*255/3';
const CLOCK = '8/0-0:1.0.0*255/2';

const ASKED: Readonly<Record<string, Asked>> = {
  'answers-from-a-longer-address': {
    shows: 'answers come from a server address of four octets where the request had one (docs/quirks.md#q5)',
    behaviour: { wideAnswers: true },
    settings: HDLC,
    read: [NAME],
    gives: '0-0:42.0.0*255=MFW0000050021374',
  },
  'frames-numbered-0': {
    shows: 'each frame has send number 0, and none is taken for a repetition (docs/quirks.md#q16a)',
    behaviour: { constantSequence: true, hdlcInformation: 64, hdlcWindow: 1 },
    settings: HDLC,
    read: [NAME, ENERGY],
    gives: '0-0:42.0.0*255=MFW0000050021374, 1-0:1.8.0*255=0,30',
  },
  'lists-refused': {
    shows: 'a list is refused by an exception, and asked for one by one (docs/quirks.md#q47)',
    behaviour: { withList: 'refused' },
    settings: { ...HDLC, interface: 'wrapper' },
    read: [NAME, ENERGY],
    gives: '0-0:42.0.0*255=MFW0000050021374, 1-0:1.8.0*255=0,30',
  },
  'clock-that-comes-twice': {
    shows: 'fourteen octets of surplus behind the clock are counted and left (docs/quirks.md#t1)',
    behaviour: { doubledClock: true },
    settings: { ...HDLC, interface: 'wrapper' },
    read: [CLOCK],
    gives: '0-0:1.0.0*255=2026-01-15T13:07:30+01:00',
  },
  'parameters-refused': {
    shows: 'an SNRM with parameters gets DM, and one without is accepted',
    behaviour: { snrmParameters: 'refused' },
    settings: HDLC,
    read: [NAME],
    gives: '0-0:42.0.0*255=MFW0000050021374',
  },
};

interface Pushed {
  readonly shows: string;
  readonly datagrams: boolean;
  /** Each a piece; a number is silence in ms. */
  readonly pieces: readonly (Uint8Array | number)[];
  readonly gives: string;
}

const LIST = unhex('0f00000001000202' + '0600000001' + '0600000002');
const plain = (name: string): Uint8Array => {
  const format = pushFormat(name);
  if (format === undefined) throw new Error(name);
  return pushBytes({ name, title: '', body: format.body, carriage: format.carriage });
};
/** enum 1 and two rows without type tags, as the Sagemcom XT211 sends them; the second form lacks the structure around it. */
const ROWS =
  '0102' + '02020003' + '0100010800ff' + '02' + '0600000005' + '02020003' + '0100020800ff' + '02' + '0600000006';

const PUSHED: Readonly<Record<string, Pushed>> = {
  'pushes-cut-off-teach-nothing': {
    shows: 'two pushes that end eight octets early do not teach that lengths count the header (docs/quirks.md#q49)',
    datagrams: false,
    pieces: [
      ...[encodeWrapper(1, 16, LIST).subarray(0, -8), 6000, encodeWrapper(1, 16, LIST).subarray(0, -8), 6000],
      encodeWrapper(1, 16, LIST),
    ],
    gives: 'INCOMPLETE; INCOMPLETE; UNKNOWN_LAYOUT',
  },
  'length-that-counts-the-header': {
    shows: 'three messages whose length counts the header, with silence between them (docs/quirks.md#q49)',
    datagrams: true,
    pieces: [1, 2, 3].flatMap(n => [counting(plain('information-report')), 6000 * n]),
    gives: 'Position 0=12345670; Position 0=12345670; Position 0=12345670',
  },
  'czech-list-without-structure': {
    shows: 'a list without type tags, and without the structure that is around it elsewhere (docs/quirks.md#q63)',
    datagrams: false,
    pieces: [unhex(`0f0000000100${ROWS}`)],
    gives: '1-0:1.8.0*255=5, 1-0:2.8.0*255=6',
  },
  'm-bus-length-modulo-256': {
    shows: 'a frame of 257 octets that says 1 (docs/quirks.md#q22)',
    datagrams: false,
    pieces: [plain('noe-long-frame')],
    gives:
      '0-0:1.0.0*255=2026-11-22T10:15:00+01:00, 1-0:1.8.0*255=12345670, 1-0:2.8.0*255=250010, 1-0:1.7.0*255=2000, 1-0:2.7.0*255=0, 1-0:32.7.0*255=231, 1-0:52.7.0*255=229, 1-0:72.7.0*255=233, 1-0:31.7.0*255=2, 1-0:51.7.0*255=3, 1-0:71.7.0*255=4, 1-0:13.7.0*255=0.98, Meter number=181000000001',
  },
  'damaged-llc-is-no-notification': {
    shows:
      'two bits of the LLC header and one of the frame are wrong: no value, though what follows looks like a notification',
    datagrams: false,
    pieces: [damaged(plain('kamstrup-list-1'))],
    gives: 'HDLC_FCS',
  },
};

function counting(message: Uint8Array): Uint8Array {
  const copy = message.slice();
  new DataView(copy.buffer).setUint16(6, copy.length);
  return copy;
}

/** The octet in front of E6 and two bits of E7 E6 changed. */
function damaged(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  const at = copy.findIndex((octet, i) => octet === 0xe6 && copy[i + 1] === 0xe7);
  copy[at - 1] = (copy[at - 1] ?? 0) ^ 0x10;
  copy[at] = 0xe4;
  copy[at + 1] = 0xef;
  return copy;
}

async function record(asked: Asked): Promise<TraceLine[]> {
  const [client, server] = memoryPair();
  await server.open();
  const framing = asked.settings['interface'] === 'wrapper' ? 'wrapper' : 'hdlc';
  const meter = serveTransport(meterAt(undefined, { behaviour: asked.behaviour }), server, { framing });
  const lines: TraceLine[] = [];
  const start = Date.now();
  const session = new Session(parseSettings({ host: 'trace', port: 1, ...asked.settings }, {}), {
    lines: new Lines(new LineQueues(), () => client),
    trace: line => lines.push({ ...line, at: Math.round(line.at - start) }),
  });
  await session.getAll(
    asked.read.map(words => {
      const [classId = '', obis = '', attribute = ''] = words.split('/');
      return { classId: Number(classId), obis: Obis.parse(obis), attribute: Number(attribute) };
    }),
  );
  await session.close();
  meter.close();
  return lines.filter(line => line.layer === 'bytes');
}

function write(name: string, head: Readonly<Record<string, string>>, lines: readonly TraceLine[]): void {
  const rows = Object.entries(head).map(([word, text]) => `# ${word}: ${text}`);
  writeFileSync(join(PROJECT, 'test', 'traces', `${name}.trace`), `${rows.join('\n')}\n${formatTrace(lines)}`);
}

async function main(): Promise<void> {
  for (const [name, asked] of Object.entries(ASKED)) {
    const settings = JSON.stringify(asked.settings);
    const head = { shows: asked.shows, read: asked.read.join(', '), settings, gives: asked.gives };
    write(name, head, await record(asked));
  }
  for (const [name, { shows, datagrams, pieces, gives }] of Object.entries(PUSHED)) {
    let at = 0;
    const lines: TraceLine[] = [];
    for (const piece of pieces) {
      if (typeof piece === 'number') at += piece;
      else lines.push({ at, dir: '<', layer: 'bytes', bytes: concat(piece) });
    }
    write(name, { shows, push: JSON.stringify(datagrams ? { datagrams } : {}), gives }, lines);
  }
}

if (require.main === module) void main();
