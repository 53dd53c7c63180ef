// Ways to feed a push decoder: whole, byte by byte, in random chunks; and what comes out of it.

import { encodeApdu } from '../../../src/core/apdu';
import { pushFrames } from '../../../src/core/framing/hdlc-segments';
import { mbusFrames } from '../../../src/core/framing/mbus-segments';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { PushDecoder, type PushEvent, type PushOptions } from '../../../src/core/push/decoder';
import { protect } from '../../../src/core/security';
import { GeneralBlockSender } from '../../../src/core/transfer';
import { concat } from '../../../src/core/wire/hex';
import { EXAMPLE_KEYS, EXAMPLE_KEYS_256, EXAMPLE_TITLE, type PushFormat } from '../../../src/sim/push-source';

export type TelegramEvent = Extract<PushEvent, { type: 'telegram' }>;
export type ProblemEvent = Extract<PushEvent, { type: 'problem' }>;

export const telegramsOf = (events: readonly PushEvent[]): TelegramEvent[] => events.filter(e => e.type === 'telegram');
export const problemsOf = (events: readonly PushEvent[]): ProblemEvent[] => events.filter(e => e.type === 'problem');
export const codesOf = (events: readonly PushEvent[]): string[] => problemsOf(events).map(p => p.error.code);

/** The chunks in order, then silence. */
export function feed(options: PushOptions, chunks: readonly Uint8Array[]): PushEvent[] {
  const decoder = new PushDecoder(options);
  const events = chunks.flatMap(chunk => [...decoder.receive(chunk).events]);
  return [...events, ...decoder.timeout().events];
}

/** The settings a user would make for a format of the simulated meter. */
export function settingsFor(format: PushFormat): PushOptions {
  if (format.control === undefined) return {};
  const keys = format.control % 16 === 2 ? EXAMPLE_KEYS_256 : EXAMPLE_KEYS;
  return {
    ...keys,
    ...(format.envelope === 'p1-untagged' ? { systemTitle: EXAMPLE_TITLE } : {}),
    // A meter that sends without a tag: the user says so.
    ...((format.control & 0x10) === 0 ? { require: 'encrypted' } : {}),
  };
}

export function bytewise(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length }, (_, i) => bytes.slice(i, i + 1));
}

export function randomly(bytes: Uint8Array, seed: number, largest = 64): Uint8Array[] {
  const random = generator(seed);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const n = 1 + Math.floor(random() * largest);
    chunks.push(bytes.slice(at, at + n));
    at += n;
  }
  return chunks;
}

/** mulberry32: the same numbers for the same seed. */
export function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An APDU in every frame that meters push it in: plain, encrypted, with a tag, in segments and in blocks. */
export function carriages(
  plain: Uint8Array,
  counter = 1,
): { name: string; settings: PushOptions; bytes: Uint8Array }[] {
  const { encryptionKey, authenticationKey } = EXAMPLE_KEYS;
  const sealed = (control: number): Uint8Array => {
    const seal = { systemTitle: EXAMPLE_TITLE, key: encryptionKey, authenticationKey, control, counter };
    const ciphered = protect(seal, plain);
    return encodeApdu({ type: 'general-glo-ciphering', systemTitle: EXAMPLE_TITLE, ciphered });
  };
  const forms: [string, PushOptions, Uint8Array][] = [
    ['plain', {}, plain],
    ['encrypted', { encryptionKey }, sealed(0x20)],
    ['encrypted with a tag', { encryptionKey, authenticationKey }, sealed(0x30)],
  ];
  const addresses = { destination: Uint8Array.of(0xcf), source: Uint8Array.of(0x02, 0x23) };
  return forms.flatMap(([form, settings, apdu]) => {
    const hdlc = (maxInformation: number): Uint8Array => concat(...pushFrames(apdu, { ...addresses, maxInformation }));
    const blocks = new GeneralBlockSender(apdu, 24).stream().map(encodeApdu);
    const inBlocks = blocks.flatMap((block, i) =>
      pushFrames(block, { ...addresses, maxInformation: 2030, ...(i === 0 ? {} : { llc: new Uint8Array(0) }) }),
    );
    const carried: [string, Uint8Array][] = [
      ['bare', apdu],
      ['hdlc', hdlc(2030)],
      ['segments', hdlc(32)],
      ['blocks', concat(...inBlocks)],
      ['m-bus', concat(...mbusFrames(apdu))],
      ['m-bus in two', concat(...mbusFrames(apdu, 40))],
      ['wrapper', encodeWrapper(1, 102, apdu)],
    ];
    return carried.map(([carriage, bytes]) => ({ name: `${carriage}, ${form}`, settings, bytes }));
  });
}
