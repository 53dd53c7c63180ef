// Push decoding against a bare loop: check sum, a walk over the list into a plain object, for encrypted ones the cipher call.
// G1, G2 and G14 of docs/performance.md.

import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';

import { PushDecoder, type PushOptions } from '../src/core/push';
import { fcs16 } from '../src/core/wire/crc16';
import { concat } from '../src/core/wire/hex';
import { EXAMPLE_KEYS, EXAMPLE_TITLE, PUSH_FORMATS, pushBytes, type PushFormat } from '../src/sim/push-source';
import { compare, ratioFigure, type Bench, type Figure, type How } from './runner';

export const benches: readonly Bench[] = [{ name: 'push', run }];

async function run(how: How): Promise<readonly Figure[]> {
  return [...(await speed(how)), ...(await robustness(how)), memory()];
}

async function speed(how: How): Promise<Figure[]> {
  const list1 = format('kamstrup-list-1');
  const plain = pushBytes(list1);
  const aidon = pushBytes(format('aidon-se'));
  const encrypted = pushBytes({ ...list1, carriage: { link: 'hdlc', addresses: '41/03' }, control: 0x30 });
  assert.equal(floor(plain)['1-1:1.7.0'], 2000);
  assert.equal(floor(aidon)['1-0:1.8.0'], 12_345_670);
  assert.equal(floorEncrypted(encrypted)['1-1:1.7.0'], 2000);
  const ours = decoding(plain, 13, {});
  const oursAidon = decoding(aidon, 27, {});
  const oursEncrypted = decoding(encrypted, 13, EXAMPLE_KEYS);

  const g1 = await compare(ours, () => floor(plain), how);
  const g1b = await compare(oursAidon, () => floor(aidon), how);
  const g2 = await compare(oursEncrypted, () => floorEncrypted(encrypted), how);
  const allowed = (): void => {
    ours();
    open(encrypted);
    open(encrypted);
  };
  const extra = await compare(oursEncrypted, allowed, how);
  return [
    ratioFigure('G1', `plain push, ${plain.length} B, to named readings`, g1, 4, 'bare floor'),
    ratioFigure('G1', `plain push, ${aidon.length} B, to named readings`, g1b, 4, 'bare floor'),
    ratioFigure('G2', `encrypted push, ${encrypted.length} B, tag verified`, g2, 3, 'bare floor'),
    ratioFigure('G2', 'what encryption adds', extra, 1, 'plain plus two bare cipher calls'),
  ];
}

async function robustness(how: How): Promise<Figure[]> {
  const frame = pushBytes(format('kamstrup-list-2'));
  const valid = concat(...Array.from({ length: 64 }, () => frame));
  const garbage = noise(valid.length);
  const flags = new Uint8Array(valid.length).fill(0x7e);
  const starts = Uint8Array.from({ length: valid.length }, (_, i) => [0x7e, 0xa7, 0x68, 0x00, 0x01][i % 5] as number);
  const bytes = Array.from({ length: frame.length }, (_, i) => frame.subarray(i, i + 1));
  assert.equal(telegrams(new PushDecoder(), [valid]), 64);
  assert.equal(telegrams(new PushDecoder(), bytes), 1);

  const decoder = new PushDecoder();
  const feed = (chunk: Uint8Array): (() => void) => {
    return () => {
      decoder.receive(chunk);
      decoder.timeout();
    };
  };
  const figures = [
    ratioFigure('G14', 'random garbage', await compare(feed(garbage), feed(valid), how), 2, 'as many valid bytes'),
    // The worst that can be sent: three of five bytes begin something. What counts is that it stays linear.
    ratioFigure('G14', 'false beginnings', await compare(feed(starts), feed(valid), how), 5, 'as many valid bytes'),
    ratioFigure('G14', 'idle flags', await compare(feed(flags), feed(valid), how), 2, 'as many valid bytes'),
  ];
  const single = (): void => {
    for (const byte of bytes) decoder.receive(byte);
  };
  figures.push(
    ratioFigure('G14', 'byte by byte', await compare(single, () => decoder.receive(frame), how), 5, 'whole frames'),
  );
  for (const name of ['slovenia-10', 'czech']) {
    const list = pushBytes(format(name));
    const each = Array.from({ length: list.length }, (_, i) => list.subarray(i, i + 1));
    assert.equal(telegrams(new PushDecoder(), each), 1);
    const one = (): void => {
      for (const byte of each) decoder.receive(byte);
    };
    figures.push(
      ratioFigure(
        'G14',
        `bare APDU of ${list.length} B, byte by byte`,
        await compare(one, () => decoder.receive(list), how),
        5,
        'whole',
      ),
    );
  }
  return figures;
}

/** What a source that only sends garbage makes a decoder keep. */
function memory(): Figure {
  const decoder = new PushDecoder();
  const garbage = noise(65_536);
  const used = (): number => {
    global.gc?.();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  for (let i = 0; i < 16; i++) decoder.receive(garbage);
  const before = used();
  for (let i = 0; i < 160; i++) decoder.receive(garbage);
  const grown = Math.max(0, used() - before);
  return {
    goal: 'G14',
    what: 'memory kept after 10 MiB more of garbage',
    value: Math.round(grown / 1024),
    unit: 'KiB',
    wanted: '<= 256 KiB',
    met: grown <= 262_144,
    exact: false,
  };
}

function decoding(bytes: Uint8Array, readings: number, options: PushOptions): () => void {
  const decoder = new PushDecoder(options);
  return () => {
    const [event] = decoder.receive(bytes).events;
    if (event?.type !== 'telegram' || event.telegram.readings.length !== readings) throw new Error('not decoded');
  };
}

function telegrams(decoder: PushDecoder, chunks: readonly Uint8Array[]): number {
  return chunks.flatMap(chunk => [...decoder.receive(chunk).events]).filter(e => e.type === 'telegram').length;
}

function format(name: string): PushFormat {
  const found = PUSH_FORMATS.find(f => f.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/** The least that any decoder has to do: check the frame, walk the list, keep names and values. */
function floor(frame: Uint8Array): Record<string, unknown> {
  checkFrame(frame);
  return walk(frame, 11 + (frame[4] === 0x08 ? 1 : 0));
}

function floorEncrypted(frame: Uint8Array): Record<string, unknown> {
  checkFrame(frame);
  return walk(open(frame), 0);
}

function checkFrame(frame: Uint8Array): void {
  const end = frame.length - 3;
  if (fcs16(frame, 1, end) !== ((frame[end] as number) | ((frame[end + 1] as number) << 8))) throw new Error('FCS');
}

const KEY = EXAMPLE_KEYS.encryptionKey.octets();
const AAD = concat(Uint8Array.of(0x30), EXAMPLE_KEYS.authenticationKey.octets());

/** One cipher call over the contents of the frame, tag verified. */
function open(frame: Uint8Array): Uint8Array {
  // 7E A0 len 41 03 13 HCS(2) E6 E7 00 DB 08 title(8) 81|82 length SC IC(4)
  let at = 11 + 10;
  at += (frame[at] as number) === 0x82 ? 3 : (frame[at] as number) === 0x81 ? 2 : 1;
  const iv = concat(EXAMPLE_TITLE, frame.subarray(at + 1, at + 5));
  const end = frame.length - 3;
  const decipher = createDecipheriv('aes-128-gcm', KEY, iv, { authTagLength: 12 });
  decipher.setAAD(AAD);
  decipher.setAuthTag(frame.subarray(end - 12, end));
  const plain = decipher.update(frame.subarray(at + 5, end - 12));
  decipher.final();
  return plain;
}

function walk(bytes: Uint8Array, start: number): Record<string, unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out: Record<string, unknown> = {};
  let at = start + 5;
  at += 1 + (bytes[at] as number);
  let left = 1;
  let name: string | null = null;
  while (left > 0) {
    left--;
    const tag = bytes[at++];
    let value: unknown;
    switch (tag) {
      case 1:
      case 2:
        left += bytes[at++] as number;
        continue;
      case 6:
        value = view.getUint32(at);
        at += 4;
        break;
      case 16:
        value = view.getInt16(at);
        at += 2;
        break;
      case 18:
        value = view.getUint16(at);
        at += 2;
        break;
      case 15:
      case 22:
        at++;
        continue;
      case 9: {
        const length = bytes[at++] as number;
        if (length === 6) {
          name = `${bytes[at]}-${bytes[at + 1]}:${bytes[at + 2]}.${bytes[at + 3]}.${bytes[at + 4]}`;
          at += 6;
          continue;
        }
        value = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      case 10: {
        const length = bytes[at++] as number;
        value = String.fromCharCode(...bytes.subarray(at, at + length));
        at += length;
        break;
      }
      default:
        throw new Error(`tag ${tag} at ${at - 1}`);
    }
    if (name !== null) out[name] = value;
    name = null;
  }
  return out;
}

/** mulberry32, fixed seed. */
function noise(length: number): Uint8Array {
  let a = 4711;
  return Uint8Array.from({ length }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) & 0xff;
  });
}
