// What a line did to binary frames is named by what the bytes show, and by nothing else.

import { strict as assert } from 'node:assert';

import { HdlcLink } from '../../../src/core/link/hdlc';
import { PushDecoder } from '../../../src/core/push/decoder';
import { fcs16 } from '../../../src/core/wire/crc16';
import { concat, unhex } from '../../../src/core/wire/hex';

/** data-notification with three values behind addresses and control, in one HDLC frame. */
function frame(values: readonly number[]): Uint8Array {
  const list = concat(Uint8Array.of(2, values.length), ...values.map(v => Uint8Array.of(6, 0, 0, v >> 8, v & 255)));
  const apdu = concat(unhex('e6e7000f 00000000 00'), list);
  const length = 8 + apdu.length + 2;
  const head = Uint8Array.of(0xa0 | (length >> 8), length & 255, 0x41, 0x08, 0x83, 0x13);
  const checked = (bytes: Uint8Array): Uint8Array => {
    const fcs = fcs16(bytes);
    return concat(bytes, Uint8Array.of(fcs & 255, fcs >> 8));
  };
  return concat(Uint8Array.of(0x7e), checked(concat(checked(head), apdu)), Uint8Array.of(0x7e));
}

function toldOf(...frames: readonly Uint8Array[]): string {
  const decoder = new PushDecoder();
  const events = frames.flatMap(bytes => [...decoder.receive(bytes).events, ...decoder.timeout().events]);
  return events.map(e => (e.type === 'problem' ? e.error.message : 'telegram')).join(' | ');
}

const each = (bytes: Uint8Array, put: (b: number) => number[]): Uint8Array => Uint8Array.from([...bytes].flatMap(put));
const CRLF = frame([0x0a01, 0x0a0a, 0x0d07, 0x0105]);

describe('a line that changes binary frames', () => {
  it('puts 0D in front of each 0A: text mode', () => {
    assert.match(toldOf(each(CRLF, b => (b === 0x0a ? [0x0d, 0x0a] : [b]))), /text mode/);
  });
  it('drops 0D, or makes 0A of it, or the other way round: text mode, proven by the check', () => {
    assert.match(toldOf(each(CRLF, b => (b === 0x0d ? [] : [b]))), /0D put back.*text mode/);
    assert.match(toldOf(each(CRLF, b => [b === 0x0d ? 0x0a : b])), /0D in place of 0A.*text mode/);
    assert.match(toldOf(each(CRLF, b => [b === 0x0a ? 0x0d : b])), /0A in place of 0D.*text mode/);
  });
  it('turns CR LF into LF again and again: the check says how often', () => {
    const lines = frame([0x0d0a, 0x0d0a, 0x0a07, 0x0d0a]);
    const lossy = Uint8Array.from([...lines].filter((b, i) => !(b === 0x0d && lines[i + 1] === 0x0a)));
    assert.equal(lines.length - lossy.length, 3);
    assert.match(toldOf(lossy), /0D put back in front of 3 of its 0A.*text mode/);
    // The next frame's flag ends it where there is no silence between them.
    assert.match(toldOf(concat(lossy, CRLF)), /0D put back in front of 3 of its 0A.*text mode/);
    assert.doesNotMatch(toldOf(lossy.map((b, i) => (i === 20 ? b ^ 4 : b))), /text mode/);
  });
  it('says the same of a link that is polled', () => {
    const link = new HdlcLink({ client: 16, server: { logical: 1, physical: 17 } });
    link.connect();
    const events = [...link.receive(each(CRLF, b => (b === 0x0d ? [] : [b]))).events, ...link.timeout().events];
    const dropped = events.flatMap(e => (e.type === 'dropped' ? [e.error.message] : []));
    assert.match(dropped.join(), /0D put back.*text mode/);
  });
  it('doubles FF, or puts 00 behind 0D: telnet', () => {
    assert.match(
      toldOf(each(frame([0xff01, 0x02ff, 0x0303]), b => (b === 0xff ? [b, b] : [b]))),
      /FF came twice.*telnet/,
    );
    assert.match(toldOf(each(frame([0x0d01, 0x020d, 0x0303]), b => (b === 0x0d ? [b, 0] : [b]))), /telnet/);
  });
  it('is read without the parity that it has: every octet that arrives is odd, or came as zero', () => {
    const odd = (b: number): boolean => [...b.toString(2)].filter(c => c === '1').length % 2 === 1;
    const long = frame(Array.from({ length: 40 }, (_, i) => 0x0102 + i * 0x0311));
    assert.match(toldOf(each(long, b => (odd(b) ? [b] : []))), /parity.*8E1/);
    assert.match(toldOf(each(long, b => [odd(b) ? b : 0])), /parity.*8E1/);
  });
  it('only flips bits: it is said as ever', () => {
    const flipped = CRLF.map((b, i) => (i === 20 ? b ^ 4 : b));
    assert.match(toldOf(flipped), /FCS .* does not match/);
    assert.match(toldOf(CRLF), /no known layout/);
    assert.doesNotMatch(toldOf(flipped), /text mode|telnet|every octet/);
  });
});
