// The link layer: acknowledgements counted exactly, and what garbage and single bytes cost the deframers.
// G8 and G14 of docs/performance.md.

import assert from 'node:assert/strict';

import { hdlcStream } from '../src/core/framing/hdlc';
import { HdlcLink } from '../src/core/link/hdlc';
import { HdlcServerLink } from '../src/sim/link/hdlc-server';
import { pushFrames } from '../src/core/framing/hdlc-segments';
import { MbusFraming } from '../src/core/framing/mbus';
import { FrameStream } from '../src/core/framing/stream';
import { mbusFrames } from '../src/core/framing/mbus-segments';
import { encodeWrapper, wrapperStream } from '../src/core/framing/wrapper';
import { concat } from '../src/core/wire/hex';
import { compare, ratioFigure, type Bench, type Figure, type How } from './runner';

export const benches: readonly Bench[] = [{ name: 'link', run }];

async function run(how: How): Promise<readonly Figure[]> {
  const counted = [1, 3, 7].map(window => acknowledgements(window));
  const figures: Figure[] = [...counted];
  for (const { name, make, valid } of kinds()) {
    const garbage = noise(valid.length);
    const ours = await compare(feed(make, [garbage]), feed(make, [valid]), how);
    figures.push(ratioFigure('G14', `${name}: garbage`, ours, 2, 'valid bytes'));
    // A few frames again and again: views of all would not fit into the cache of the processor, which is then what is measured.
    const few = valid.subarray(0, valid.length / 25);
    const octets = Array.from(few, octet => Uint8Array.of(octet));
    const single = Array.from({ length: 25 }, () => octets).flat();
    const bytewise = await compare(feed(make, single), feed(make, chunks(valid, 240)), how);
    figures.push(ratioFigure('G14', `${name}: byte by byte`, bytewise, 5, 'whole frames'));
  }
  return figures;
}

/** RR frames for an answer of 50 segments. */
function acknowledgements(window: number): Figure {
  const sizes = { maxInformationReceive: 128, maxInformationTransmit: 128 };
  const parameters = { ...sizes, windowReceive: window, windowTransmit: window };
  const client = new HdlcLink({ client: 16, server: { logical: 1, physical: 17 }, parameters });
  const server = new HdlcServerLink();
  const answer = new Uint8Array(50 * 128 - 3);
  let got = 0;
  const talk = (first: readonly Uint8Array[]): void => {
    let writes = first;
    while (writes.length > 0) {
      const back: Uint8Array[] = [];
      for (const bytes of writes) {
        const step = server.receive(bytes);
        back.push(...step.write);
        if (step.events.some(e => e.type === 'apdu')) back.push(...server.send(answer).write);
      }
      const steps = back.map(bytes => client.receive(bytes));
      got += steps.flatMap(s => s.events).filter(e => e.type === 'apdu').length;
      writes = steps.flatMap(s => s.write);
    }
  };
  talk(client.connect().write);
  talk(client.send(new Uint8Array(20)).write);
  assert.equal(got, 1);
  const wanted = Math.ceil(50 / window) - 1;
  const value = server.counts.rr;
  const what = `acknowledgements of 50 segments, window ${window}`;
  return { goal: 'G8', what, value, unit: 'RR', wanted: `${wanted}`, met: value === wanted, exact: true };
}

interface Kind {
  readonly name: string;
  readonly make: () => { receive(chunk: Uint8Array): readonly unknown[] };
  readonly valid: Uint8Array;
}

function kinds(): readonly Kind[] {
  const apdu = noise(220);
  const addresses = { destination: Uint8Array.of(0x41), source: Uint8Array.of(0x08, 0x83) };
  const many = (frames: readonly Uint8Array[]): Uint8Array =>
    concat(...Array.from({ length: 100 }, () => concat(...frames)));
  return [
    { name: 'hdlc', make: () => hdlcStream(), valid: many(pushFrames(apdu, addresses)) },
    { name: 'm-bus', make: () => new FrameStream([new MbusFraming()]), valid: many(mbusFrames(apdu)) },
    { name: 'wrapper', make: () => wrapperStream(), valid: many([encodeWrapper(1, 16, apdu)]) },
  ];
}

function feed(make: Kind['make'], pieces: readonly Uint8Array[]): () => number {
  return () => {
    const deframer = make();
    let items = 0;
    for (const piece of pieces) items += deframer.receive(piece).length;
    return items;
  };
}

function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** The same every run (xorshift32). */
function noise(length: number): Uint8Array {
  let x = 0x9e3779b9;
  return Uint8Array.from({ length }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x & 0xff;
  });
}
