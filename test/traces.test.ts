// Every bug that left a trace: what went over the line then is played again, and has to give what it should.
// The rule of the file: it knows the form of a trace (docs/adding-a-meter.md), and nothing of any one bug.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { toPlain } from '../src/core/cosem/plain';
import { Obis } from '../src/core/obis/obis';
import { PushDecoder, type PushEvent } from '../src/core/push';
import { isDlmsError } from '../src/core/wire/errors';
import { hex } from '../src/core/wire/hex';
import { Lines } from '../src/io/line/line';
import { LineQueues } from '../src/io/line/line-queue';
import { Session } from '../src/io/session/session';
import { parseSettings } from '../src/io/settings/settings';
import { ReplayTransport } from '../src/io/transport/memory';
import { parseTrace, type TraceLine } from '../src/io/transport/trace';
import { PROJECT } from './node-red-process';

const FOLDER = join(PROJECT, 'test', 'traces');

describe('a trace', () => {
  const files = readdirSync(FOLDER).filter(name => name.endsWith('.trace'));

  it('is there for more than five bugs', () => assert.ok(files.length > 5));

  for (const file of files) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    it(`${file}: ${headOf(text, 'shows') ?? 'says what it shows'}`, async () => {
      assert.notEqual(headOf(text, 'shows'), null, 'its head says what it shows');
      const gives = headOf(text, 'gives') ?? assert.fail('its head says what it gives');
      const lines = parseTrace(text);
      const push = headOf(text, 'push');
      for (const chunk of [Infinity, 1]) {
        const got = push === null ? await asked(text, lines, chunk) : pushed(JSON.parse(push) as Push, lines, chunk);
        assert.equal(got, gives, chunk === 1 ? 'octet by octet' : 'as it came');
      }
    });
  }
});

/** How the bytes of a push arrive: as whole messages, each its own datagram, or as a stream. */
interface Push {
  readonly datagrams?: boolean;
}

/** A stretch of silence in which a decoder gives up what is unfinished. */
const SILENCE_MS = 5000;

function pushed({ datagrams = false }: Push, lines: readonly TraceLine[], chunk: number): string {
  const decoder = new PushDecoder();
  const events: PushEvent[] = [];
  let before = 0;
  for (const { at, dir, bytes } of lines) {
    assert.equal(dir, '<', 'nobody asks a meter that pushes');
    if (at - before >= SILENCE_MS) events.push(...decoder.timeout().events);
    before = at;
    const size = datagrams ? bytes.length : Math.min(chunk, bytes.length);
    for (let from = 0; from < bytes.length; from += size)
      events.push(...decoder.receive(bytes.subarray(from, from + size), datagrams).events);
  }
  events.push(...decoder.timeout().events);
  return events.map(said).join('; ');
}

function said(event: PushEvent): string {
  if (event.type === 'problem') return event.error.code;
  return event.telegram.readings.map(r => `${r.obis ?? r.name}=${String(r.value)}`).join(', ');
}

async function asked(text: string, lines: readonly TraceLine[], chunk: number): Promise<string> {
  const meter = new ReplayTransport(lines, { chunk });
  const settings = parseSettings(
    { host: 'trace', port: 1, answerTimeout: 200, ...(JSON.parse(headOf(text, 'settings') ?? '{}') as object) },
    {},
  );
  const session = new Session(settings, { lines: new Lines(new LineQueues(), () => meter) });
  try {
    const refs = (headOf(text, 'read') ?? '').split(', ').map(reference);
    const outcomes = await session.getAll(refs);
    return outcomes
      .map((outcome, i) => {
        const plain = outcome.ok ? toPlain(outcome.value) : outcome.error.code;
        return `${refs[i]?.obis.toString() ?? ''}=${plain instanceof Uint8Array ? hex(plain) : String(plain)}`;
      })
      .join(', ');
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return error.code;
  } finally {
    await session.close();
    assert.equal(meter.mismatch, null);
    assert.ok(meter.finished, 'all of it was played');
  }
}

/** "3/1-0:1.8.0*255/2": class, code, attribute. */
function reference(words: string): { classId: number; obis: Obis; attribute: number } {
  const [classId = '', obis = '', attribute = ''] = words.split('/');
  return { classId: Number(classId), obis: Obis.parse(obis), attribute: Number(attribute) };
}

function headOf(text: string, name: string): string | null {
  return new RegExp(`^# ${name}: (.+)$`, 'm').exec(text)?.[1]?.trim() ?? null;
}
