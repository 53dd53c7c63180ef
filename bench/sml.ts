// SML files against two walks over their fields: one that keeps names and values, and one that keeps nothing. Neither checks,
// scales or names anything. G16 and S11 of docs/performance.md.

import assert from 'node:assert/strict';

import { PushDecoder } from '../src/core/push';
import { concat } from '../src/core/wire/hex';
import { PUSH_FORMATS, pushBytes } from '../src/sim/push-source';
import { compare, ratioFigure, type Bench, type Figure, type How } from './runner';

export const benches: readonly Bench[] = [{ name: 'sml', run }];

async function run(how: How): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [name, readings] of [
    ['sml-edl', 6],
    ['sml-fnn', 17],
  ] as const) {
    const format = PUSH_FORMATS.find(f => f.name === name);
    assert.ok(format !== undefined);
    const file = pushBytes(format);
    const decoder = new PushDecoder();
    const decode = (): void => {
      const [event] = decoder.receive(file).events;
      if (event?.type !== 'telegram' || event.telegram.readings.length !== readings) throw new Error('not decoded');
    };
    assert.ok(walk(file) > readings);
    const what = `SML, ${file.length} B, to named readings`;
    figures.push(
      ratioFigure('G16', what, await compare(decode, () => walk(file), how), 8, 'bare walk over the fields'),
    );
    assert.ok(fieldsOf(file) > readings);
    figures.push(
      ratioFigure('S11', what, await compare(decode, () => fieldsOf(file), how), 8, 'walk that keeps nothing'),
    );
    const bytes = Array.from(file, octet => Uint8Array.of(octet));
    const single = (): void => bytes.forEach(octet => decoder.receive(octet));
    figures.push(
      ratioFigure('G14', `SML of ${file.length} B, byte by byte`, await compare(single, decode, how), 5, 'whole'),
    );
  }
  const fnn = pushBytes(PUSH_FORMATS.find(f => f.name === 'sml-fnn') ?? assert.fail());
  const valid = concat(...Array.from({ length: 64 }, () => fnn));
  // Each is told as a file that broke off; what counts is that it stays linear.
  const starts = Uint8Array.from({ length: valid.length }, (_, i) => ((i & 4) === 0 ? 0x1b : 0x01));
  const decoder = new PushDecoder();
  const feed = (chunk: Uint8Array) => (): void => {
    decoder.receive(chunk);
    decoder.timeout();
  };
  figures.push(
    ratioFigure(
      'G14',
      'SML: nothing but starts',
      await compare(feed(starts), feed(valid), how),
      10,
      'as many valid bytes',
    ),
  );
  return figures;
}

/** From field to field, and nothing else: what no decoder can do without. */
function fieldsOf(file: Uint8Array): number {
  let fields = 0;
  for (let at = 8; at < file.length - 8; fields++) {
    const from = at;
    let tl = file[at++] as number;
    const type = (tl >> 4) & 7;
    let length = tl & 0x0f;
    while ((tl & 0x80) !== 0) {
      tl = file[at++] as number;
      length = length * 16 + (tl & 0x0f);
    }
    if (type !== 7 && length > 0) at = from + length;
  }
  return fields;
}

/** The least that any decoder has to do: types and lengths, names and values. */
function walk(file: Uint8Array): number {
  const out: Record<string, unknown> = {};
  let at = 8;
  let fields = 0;
  let name = '';
  for (const end = file.length - 8; at < end; fields++) {
    let tl = file[at++] as number;
    const type = (tl >> 4) & 7;
    let length = (tl & 0x0f) - 1;
    while ((tl & 0x80) !== 0) {
      tl = file[at++] as number;
      length = (length + 1) * 16 + (tl & 0x0f) - 2;
    }
    if (type === 7 || length <= 0) continue;
    const to = at + length;
    if (type === 0 && length === 6)
      name = `${file[at]}-${file[at + 1]}:${file[at + 2]}.${file[at + 3]}.${file[at + 4]}*${file[at + 5]}`;
    else if (type === 0) out[name] = file.subarray(at, to);
    else {
      let value = 0;
      for (; at < to; at++) value = value * 256 + (file[at] as number);
      out[name] = value;
    }
    at = to;
  }
  if (Object.keys(out).length < 6) throw new Error('not walked');
  return fields;
}
