// Feeding messages to decoders: vectors from files, and the six treatments every APDU vector gets.
// The rule of the file: a vector that gets fewer treatments says so itself (`tolerant`, `cuts`), never the harness.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { decodeApdu, encodeApdu, type Apdu } from '../src/core/apdu';
import { encodeWrapper, wrapperStream } from '../src/core/framing/wrapper';
import { DlmsError } from '../src/core/wire/errors';
import { concat, hex, unhex } from '../src/core/wire/hex';

/** One message of test/vectors/apdu/*.json. Octets in `apdu` are "0x…", 64-bit numbers "…n". */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly apdu: unknown;
  /** Where it comes from. */
  readonly from: string;
  /** What encoding gives where that differs from what some meters send. */
  readonly encodes?: string;
  /** Lengths at which a shorter message is complete too. */
  readonly cuts?: readonly number[];
  /** A message that is complete only because nothing follows: no stray octet is tried. */
  readonly tolerant?: boolean;
}

/** The vectors of a folder below test/vectors, in the order of the files. Tests run in the root of the project. */
export function vectors(folder: string): Vector[] {
  const path = join('test', 'vectors', folder);
  return readdirSync(path)
    .sort()
    .filter(name => name.endsWith('.json'))
    .flatMap(name => JSON.parse(readFileSync(join(path, name), 'utf8')) as Vector[]);
}

/** A decoded value as the files write it. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${hex(value)}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, toJson(v)]));
  }
  return value;
}

/** The reverse of {@link toJson}. */
export function fromJson(value: unknown): unknown {
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value)) return unhex(value.slice(2));
  if (typeof value === 'string' && /^-?\d+n$/.test(value)) return BigInt(value.slice(0, -1));
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, fromJson(v)]));
  }
  return value;
}

/** One `it` a treatment. */
export function sixTreatments(vector: Vector): void {
  const bytes = unhex(vector.hex);

  it('decodes to its value', () => {
    assert.deepEqual(decoded(bytes), vector.apdu);
  });

  it('is encoded from its value', () => {
    const wanted = vector.encodes ?? vector.hex;
    // The file states what the type says; the comparison of octets is the check.
    assert.equal(hex(encodeApdu(fromJson(vector.apdu) as Apdu)), hex(unhex(wanted)));
  });

  it('arrives one byte at a time', () => {
    const deframer = wrapperStream();
    const arrived = [...encodeWrapper(1, 16, bytes)].flatMap(byte => deframer.receive(Uint8Array.of(byte)));
    assert.deepEqual(arrived.map(decodedMessage), [vector.apdu]);
  });

  it('arrives twice in one chunk', () => {
    const one = encodeWrapper(1, 16, bytes);
    const arrived = wrapperStream().receive(concat(one, one));
    assert.deepEqual(arrived.map(decodedMessage), [vector.apdu, vector.apdu]);
  });

  if (vector.tolerant !== true) {
    it('reports a stray byte behind it as surplus', () => {
      const { apdu, surplus } = decodeApdu(concat(bytes, Uint8Array.of(0x5a)));
      assert.equal(surplus, 1);
      assert.deepEqual(toJson(apdu), vector.apdu);
    });
  }

  it('is WIRE_TRUNCATED when cut at any length', () => {
    for (let length = 0; length < bytes.length; length++) {
      if (vector.cuts?.includes(length)) assert.equal(decodeApdu(bytes.subarray(0, length)).surplus, 0);
      else
        assert.equal(
          failure(() => decodeApdu(bytes.subarray(0, length))),
          'WIRE_TRUNCATED',
          `cut at ${length}`,
        );
    }
  });
}

/** The code of the DlmsError that fn throws; 'none' where it throws nothing. Any other error goes through. */
export function failure(fn: () => unknown): string {
  try {
    fn();
  } catch (e) {
    if (e instanceof DlmsError) return e.code;
    throw e;
  }
  return 'none';
}

/** A generator of numbers 0..n-1 with a fixed seed, for fuzzing. Mulberry32, public domain. */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return n => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

function decoded(bytes: Uint8Array): unknown {
  const { apdu, surplus } = decodeApdu(bytes);
  assert.equal(surplus, 0, 'surplus');
  return toJson(apdu);
}

function decodedMessage(message: ReturnType<ReturnType<typeof wrapperStream>['receive']>[number]): unknown {
  assert.equal(message.type, 'wrapper');
  return message.type === 'wrapper' ? decoded(message.apdu) : null;
}
