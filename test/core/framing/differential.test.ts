// A link and push read the same stream: the same frames come out and the same is told, good or damaged, however it is cut.
// Fed with every telegram that the simulated meter pushes in frames, and with every captured one where the corpus is there.

import assert from 'node:assert/strict';

import { hdlcStream } from '../../../src/core/framing/hdlc';
import { wrapperStream } from '../../../src/core/framing/wrapper';
import { pushStream, type Framed } from '../../../src/core/push/framing';
import { hex, unhex } from '../../../src/core/wire/hex';
import { PUSH_FORMATS, pushBytes } from '../../../src/sim/push-source';
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
    case 'raw':
    case 'p1':
    case 'sml':
    case 'dropped':
      return [];
  }
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
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
