// A link, push and the readers of text read the same stream: the same frames come out and the same is told, good or damaged,
// behind noise or not, however it is cut. Fed with every telegram that the simulated meter pushes in frames, and with every
// captured one where the corpus is there.

import assert from 'node:assert/strict';

import { hdlcStream } from '../../../src/core/framing/hdlc';
import { wrapperStream } from '../../../src/core/framing/wrapper';
import type { Reading } from '../../../src/core/cosem/reading';
import { IecDecoder } from '../../../src/core/iec62056-21/decoder';
import { PushDecoder } from '../../../src/core/push';
import { pushStream, type Framed } from '../../../src/core/push/framing';
import { concat, fromLatin1, hex, unhex } from '../../../src/core/wire/hex';
import { PUSH_FORMATS, pushBytes } from '../../../src/sim/push-source';
import { P1_TEXTS } from '../../../fuzz/telegrams';
import { corpusCases } from '../../corpus-files';
import { seeded } from '../../feed';

interface Reader {
  receive(chunk: Uint8Array): readonly Framed[];
  flush(): readonly Framed[];
}
type Checked = 'hdlc' | 'wrapper';
interface Case {
  readonly name: string;
  readonly framing: Checked;
  readonly bytes: Uint8Array;
}

const LINKS: Readonly<Record<Checked, () => Reader>> = { hdlc: () => hdlcStream(), wrapper: () => wrapperStream() };
const DAMAGES = 40;

interface OtherCase {
  readonly name: string;
  readonly framing: 'mbus' | 'sml' | 'p1';
  readonly bytes: Uint8Array;
}
const OTHER_DAMAGES = 8;
/** Begins nothing. */
const NOISE = unhex('555555');

describe('a link and push', () => {
  for (const { name, framing, bytes } of [...simulated(), ...captured()]) {
    it(`read the same frames of ${name}`, () => {
      const random = seeded(bytes.length);
      const whole = read(LINKS[framing](), [bytes]);
      for (let n = 0; n <= DAMAGES; n++) {
        const stream = bytes.slice();
        for (let flips = n === 0 ? 0 : 1 + random(3); flips > 0; flips--)
          stream[random(stream.length)]! ^= 1 << random(8);
        const wanted = read(LINKS[framing](), [stream]);
        for (const size of [1, 1 + random(60), stream.length]) {
          const chunks = cut(stream, size);
          assert.deepEqual(read(LINKS[framing](), chunks), wanted, `link, chunks of ${size}, damage ${n}`);
          const alone = read(pushStream(framing), chunks);
          assert.deepEqual(alone, wanted, `push, ${framing}, chunks of ${size}, damage ${n}`);
          // Among others a wrapper header is believed less, and a new source may send a bare APDU: damage may cost frames.
          const auto = read(pushStream(null), chunks).frames;
          if (n === 0) assert.deepEqual(auto, wanted.frames, 'push, auto');
          else for (const frame of auto) assert.ok(wanted.frames.includes(frame), `push, auto, damage ${n}`);
        }
        // Up to three bits are found by the check.
        if (framing === 'hdlc')
          for (const frame of wanted.frames) assert.ok(whole.frames.includes(frame), `damage ${n}`);
      }
    });
  }
});

describe('all readers of M-Bus, SML and P1', () => {
  for (const { name, framing, bytes } of [...simulatedOthers(), ...capturedOthers()]) {
    it(`find the same in ${name}`, () => {
      const random = seeded(bytes.length);
      for (let n = 0; n <= OTHER_DAMAGES; n++) {
        const stream = bytes.slice();
        for (let flips = n === 0 ? 0 : 1 + random(3); flips > 0; flips--)
          stream[random(stream.length)]! ^= 1 << random(8);
        const wanted = read(pushStream(framing), [stream]);
        const text = framing === 'mbus' ? [] : textReader([stream]);
        const noisy = concat(NOISE, stream);
        for (const chunks of [[stream], cut(stream, 1), atRandom(stream, random), [noisy], atRandom(noisy, random)]) {
          const at = `chunks of ${chunks.map(each => each.length).join(' ')}, damage ${n}`;
          const alone = read(pushStream(framing), chunks);
          assert.deepEqual(alone.frames, wanted.frames, `push, ${framing}, ${at}`);
          if (chunks.reduce((sum, each) => sum + each.length, 0) === stream.length)
            assert.deepEqual(alone.told, wanted.told, `push, ${framing}, ${at}`);
          const auto = read(pushStream(null), chunks).frames;
          if (n === 0) assert.deepEqual(auto, wanted.frames, `push, auto, ${at}`);
          else for (const frame of auto) assert.ok(wanted.frames.includes(frame), `push, auto, ${at}`);
          if (framing !== 'mbus') assert.deepEqual(textReader(chunks), text, `text, ${at}`);
        }
        if (framing === 'p1') assert.deepEqual(text, pushReader([stream]), `text and push, damage ${n}`);
        else if (framing === 'sml' && wanted.frames.length > 0) assert.ok(text.includes('OTHER_PROTOCOL'));
      }
    });
  }
});

/** What the readers of text and of pushes make of a P1 telegram, with its check. */
function textReader(chunks: readonly Uint8Array[]): string[] {
  const decoder = new IecDecoder({ parity: '8N1', p1: true });
  const events = [...chunks.flatMap(chunk => [...decoder.receive(chunk)]), ...decoder.flush()];
  return events.flatMap(event => {
    if (event.type === 'problem') return event.error.code === 'OTHER_PROTOCOL' ? ['OTHER_PROTOCOL'] : [];
    return event.type === 'telegram' ? [shown(event.origin.checksum, event.telegram.readings)] : [];
  });
}

function pushReader(chunks: readonly Uint8Array[]): string[] {
  const decoder = new PushDecoder({ framing: 'p1' });
  const events = [...chunks.flatMap(chunk => [...decoder.receive(chunk).events]), ...decoder.timeout().events];
  return events.flatMap(e => (e.type === 'telegram' ? [shown(e.origin.checksum, e.telegram.readings)] : []));
}

function shown(checksum: string | undefined, readings: readonly Reading[]): string {
  return `${checksum} ${readings.map(r => `${r.obis ?? r.id} ${String(r.value)} ${r.unit} ${r.time}`).join(', ')}`;
}

/** The frames, and what is told of damage. Bytes that belong to no frame have another name in each reader. */
function read(reader: Reader, chunks: readonly Uint8Array[]): { frames: string[]; told: string[] } {
  const items = [...chunks.flatMap(chunk => reader.receive(chunk)), ...reader.flush()];
  const told = items.flatMap(i =>
    i.type === 'dropped' ? [/outside|no frame/.test(i.error.message) ? 'noise' : i.error.code] : [],
  );
  return { frames: items.flatMap(i => framesOf(i)), told };
}

function framesOf(item: Framed): string[] {
  switch (item.type) {
    case 'hdlc': {
      const { sourceOctets, destinationOctets, information, segmented, control } = item.frame;
      return [`${hex(sourceOctets)} ${hex(destinationOctets)} ${control.type} ${segmented} ${hex(information)}`];
    }
    case 'wrapper':
      return [`${item.source} ${item.destination} ${hex(item.apdu)}`];
    case 'mbus':
      return [hex(item.octets)];
    case 'p1':
      return [hex(item.telegram)];
    case 'sml':
      return [`${item.check} ${hex(item.content)}`];
    case 'raw':
    case 'dropped':
      return [];
  }
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

function atRandom(bytes: Uint8Array, random: (n: number) => number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random(64);
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

function simulatedOthers(): OtherCase[] {
  const pushed = PUSH_FORMATS.flatMap(({ carriage, ...format }): OtherCase[] =>
    carriage.link === 'mbus' || carriage.link === 'sml'
      ? [{ name: format.name, framing: carriage.link, bytes: pushBytes({ carriage, ...format }, { counter: 7 }) }]
      : [],
  );
  return [
    ...pushed,
    ...P1_TEXTS.map((text, i) => ({ name: `P1 ${i}`, framing: 'p1' as const, bytes: fromLatin1(text) })),
  ];
}

function capturedOthers(): OtherCase[] {
  type Captured = {
    id: string;
    transport?: string;
    protocol?: string;
    frame_hex?: string;
    bytes_hex?: string;
    keys?: unknown;
  };
  return corpusCases<Captured>(c => typeof (c['frame_hex'] ?? c['bytes_hex']) === 'string' && 'id' in c).flatMap(c => {
    const kind = c.protocol ?? c.transport;
    const framing = kind === 'mbus' || kind === 'sml' || kind === 'p1' ? kind : kind === 'p1-plain' ? 'p1' : null;
    const { frame_hex = '', bytes_hex = frame_hex } = c;
    return framing === null || (framing === 'p1' && hasKeys(c.keys))
      ? []
      : [{ name: c.id, framing, bytes: unhex(bytes_hex) }];
  });
}

function hasKeys(keys: unknown): boolean {
  return typeof keys === 'object' && keys !== null && Object.keys(keys).length > 0;
}

function simulated(): Case[] {
  return PUSH_FORMATS.flatMap(format => {
    const { link } = format.carriage;
    return link === 'hdlc' || link === 'wrapper'
      ? [{ name: format.name, framing: link, bytes: pushBytes(format, { counter: 7 }) }]
      : [];
  });
}

function captured(): Case[] {
  const cases = corpusCases<{ id: string; transport: string; frame_hex: string }>(
    c => typeof c['frame_hex'] === 'string' && typeof c['id'] === 'string',
  );
  return cases.flatMap(({ id, transport, frame_hex }) => {
    const framing = transport.startsWith('hdlc') ? 'hdlc' : transport === 'wrapper' ? 'wrapper' : null;
    return framing === null ? [] : [{ name: id, framing, bytes: unhex(frame_hex) }];
  });
}
