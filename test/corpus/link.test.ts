import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { fcs16 } from '../../src/core/wire/crc16';
import { concat, hex, unhex } from '../../src/core/wire/hex';
import { decodeHdlcAddress, encodeHdlcAddress } from '../../src/core/framing/hdlc-address';
import { hdlcStream } from '../../src/core/framing/hdlc';
import { decodeHdlcFrame, encodeControl, encodeHdlcFrame, type HdlcFrame } from '../../src/core/framing/hdlc-frame';
import { SegmentJoiner } from '../../src/core/framing/hdlc-segments';
import { MbusFraming } from '../../src/core/framing/mbus';
import { MbusJoiner, mbusFrames, type MbusJoined } from '../../src/core/framing/mbus-segments';
import { FrameStream } from '../../src/core/framing/stream';
import { encodeWrapper, wrapperStream } from '../../src/core/framing/wrapper';
import { corpusCases, corpusFile } from '../corpus-files';

const FRAMING_ERRORS = /^(fcs|hcs|incomplete|garbage|mbus-|wrapper-version|incomplete-or-limit|parity|text-mode)/;

interface HdlcVector {
  name: string;
  hex: string;
  parsed?: {
    error?: string;
    dst: string;
    src: string;
    control: string;
    info: string;
    segmented: boolean;
    fcsOk: boolean;
  };
}
interface Vectors {
  hdlc: HdlcVector[];
  hdlcAddresses: { hex: string; logical: number; physical: number | null }[];
  fcs16: { vectors: { data: string; fcs: string }[] };
  wrapper: { name: string; hex: string; expect?: string }[];
  mbus: { frame: string }[];
}
interface PushCase {
  id: string;
  transport: string;
  frame_hex: string;
  expect: {
    kind: string;
    error?: { code: string };
    telegrams?: number;
    apdu_plaintext_hex?: string;
    parsedAfterQuirkFix?: string;
  };
  encrypted: boolean;
}

function rewritten(frame: HdlcFrame): Uint8Array {
  const { destinationOctets: destination, sourceOctets: source, control, segmented, information } = frame;
  return encodeHdlcFrame({ destination, source, control, segmented, information });
}

describe('corpus: link layer', function () {
  const file = corpusFile('vectors.json');
  if (file === null) {
    it('skipped: corpus absent', function () {
      this.skip();
    });
    return;
  }
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

  for (const v of vectors.hdlc) {
    const flagged = v.hex.startsWith('7e');
    const inner = flagged ? unhex(v.hex).subarray(1, -1) : unhex(v.hex);
    const { parsed } = v;
    if (parsed === undefined || parsed.error !== undefined) {
      it(`hdlc ${v.name} is no frame of this profile`, () =>
        assert.throws(() => decodeHdlcFrame(inner), { name: 'DlmsError' }));
      continue;
    }
    it(`hdlc ${v.name}, both directions`, () => {
      const frame = decodeHdlcFrame(inner);
      assert.equal(hex(frame.destinationOctets), parsed.dst);
      assert.equal(hex(frame.sourceOctets), parsed.src);
      assert.equal(encodeControl(frame.control), parseInt(parsed.control, 16));
      assert.equal(hex(frame.information), parsed.info);
      assert.equal(frame.segmented, parsed.segmented);
      assert.equal(hex(rewritten(frame).subarray(1, -1)), hex(inner));
      const bytes = concat(unhex('7e'), inner, unhex('7e'));
      for (const size of [1, bytes.length]) {
        const deframer = hdlcStream();
        const items = [];
        for (let at = 0; at < bytes.length; at += size) items.push(...deframer.receive(bytes.subarray(at, at + size)));
        assert.deepEqual(
          items.map(i => i.type),
          ['hdlc'],
        );
      }
      for (let n = 1; n < bytes.length - 1; n++) {
        const deframer = hdlcStream();
        const items = [...deframer.receive(bytes.subarray(0, n)), ...deframer.flush()];
        assert.ok(
          items.every(i => i.type === 'dropped'),
          `cut at ${n}`,
        );
      }
    });
  }
  for (const v of vectors.hdlcAddresses) {
    it(`hdlc address ${v.hex}, both directions`, () => {
      const { logical, physical } = v;
      assert.deepEqual(decodeHdlcAddress(unhex(v.hex)), { logical, physical });
      const size = (v.hex.length / 2) as 1 | 2 | 4;
      assert.equal(hex(encodeHdlcAddress({ logical, physical }, size)), v.hex);
    });
  }
  it('frame check sequences', () => {
    for (const v of vectors.fcs16.vectors) {
      const fcs = fcs16(unhex(v.data));
      assert.equal(hex(Uint8Array.of(fcs & 0xff, fcs >> 8)), v.fcs, v.data);
    }
    assert.ok(vectors.fcs16.vectors.length > 20);
  });
  for (const v of vectors.wrapper) {
    it(`wrapper ${v.name}`, () => {
      const deframer = wrapperStream();
      const items = [...deframer.receive(unhex(v.hex)), ...deframer.flush()];
      if (v.expect !== undefined) return assert.ok(items.every(i => i.type === 'dropped'));
      const [item] = items;
      assert.ok(item?.type === 'wrapper' && items.length === 1);
      assert.equal(hex(encodeWrapper(item.source, item.destination, item.apdu)), v.hex);
    });
  }
  for (const v of vectors.mbus) {
    it('m-bus frame, both directions', () => {
      const [item] = mbusApdus([unhex(v.frame)]);
      assert.ok(item?.type === 'apdu');
      assert.equal(hex(concat(...mbusFrames(item.bytes))), v.frame);
    });
  }

  // Pushes, as far as framing goes; what is in them is the push decoder's test.
  const framed = new Set(['hdlc', 'hdlc-segmented', 'gbt', 'mbus', 'wrapper']);
  const cases = corpusCases<PushCase>(c => typeof c['frame_hex'] === 'string' && framed.has(String(c['transport'])));
  for (const c of cases) {
    // An unfinished block transfer is made of whole frames.
    const wrongFraming =
      c.transport !== 'gbt' && (FRAMING_ERRORS.test(c.expect.error?.code ?? '') || c.expect.telegrams === 0);
    it(`push ${c.id}: ${wrongFraming ? 'nothing comes out' : 'the APDU comes out'} whole and bytewise`, () => {
      const bytes = unhex(c.frame_hex);
      const whole = apdus(c.transport, bytes, bytes.length);
      assert.deepEqual(apdus(c.transport, bytes, 1), whole);
      assert.deepEqual(apdus(c.transport, bytes, 13), whole);
      if (wrongFraming) assert.deepEqual(whole, []);
      else assert.ok(whole.length > 0);
      const plain = c.expect.apdu_plaintext_hex;
      // Blocks, and a payload whose tags the corpus has put right, are put together elsewhere.
      const blocks = whole.some(apdu => apdu.startsWith('e0'));
      if (plain !== undefined && !c.encrypted && !blocks && c.expect.parsedAfterQuirkFix === undefined) {
        assert.ok(whole.includes(plain), `${whole.join('\n')}\n  not\n${plain}`);
      }
    });
  }
});

function apdus(transport: string, bytes: Uint8Array, size: number): string[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  if (transport === 'mbus') {
    return mbusApdus(chunks).flatMap(i => (i.type === 'apdu' ? [hex(i.bytes)] : []));
  }
  if (transport === 'wrapper') {
    const deframer = wrapperStream();
    const items = [...chunks.flatMap(c => deframer.receive(c)), ...deframer.flush()];
    return items.flatMap(i => (i.type === 'wrapper' ? [hex(i.apdu)] : []));
  }
  const deframer = hdlcStream();
  const joiner = new SegmentJoiner();
  return [...chunks.flatMap(c => deframer.receive(c)), ...deframer.flush()]
    .flatMap(i => (i.type === 'hdlc' ? joiner.receive(i.frame) : []))
    .flatMap(i => (i.type === 'apdu' ? [hex(i.bytes)] : []));
}

function mbusApdus(chunks: readonly Uint8Array[]): MbusJoined[] {
  const stream = new FrameStream([new MbusFraming()]);
  const joiner = new MbusJoiner();
  return [...chunks.flatMap(c => stream.receive(c)), ...stream.flush()].flatMap(i =>
    i.type === 'mbus' ? joiner.receive(i.octets) : [],
  );
}
