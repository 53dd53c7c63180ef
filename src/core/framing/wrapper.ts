// The COSEM wrapper in a stream of bytes: version, two wPorts, length. IEC 62056-47, 5.3 (IEC 62056-9-7).
// The rule of the file: a message ends by its length field, and its header is all that tells it from noise: amid noise, and
// among other framings, more is asked of it.

import { DlmsError } from '../wire/errors';
import type { ByteAt } from '../wire/lengths';
import { Writer } from '../wire/writer';
import { ApduExtent } from './apdu-extent';
import { plausibleApdu } from './plausible';
import type { Circumstances, Recogniser, Verdict, Waiting } from './recogniser';
import { FrameStream, LIMIT_BYTES } from './stream';

export interface WrapperMessage {
  readonly type: 'wrapper';
  /** wPorts: the client's or server's address; 1 is the management logical device, 16 the public client. */
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
}

/** A message whose header has come: its ports, and how long it will be with its header. */
export interface Announced {
  readonly source: number;
  readonly destination: number;
  readonly octets: number;
}

export interface WrapperFramingOptions {
  /** Other framings may come too: a header is believed where an APDU that meters push stands behind it. */
  readonly amongOthers?: boolean;
  /** Those expected. After noise only a header with ports seen before is believed, when there is one. */
  readonly ports?: { readonly source: number; readonly destination: number };
}

export class WrapperFraming implements Recogniser<WrapperMessage> {
  readonly framing = 'wrapper';
  readonly what = 'wrapper message';
  readonly starts = [0x00];
  readonly #amongOthers: boolean;
  #ports: number | null;
  #announced: Announced | null = null;
  /** How often a length fitted that counts the header (docs/quirks.md#q49); from twice on it is believed. */
  #countedHeader = 0;

  constructor({ amongOthers = false, ports }: WrapperFramingOptions = {}) {
    this.#amongOthers = amongOthers;
    this.#ports = ports === undefined ? null : ports.source * 0x10000 + ports.destination;
  }

  /** The header of the message that has begun; the same object until it ends. */
  get announced(): Announced | null {
    return this.#announced;
  }

  look(bytes: Waiting, how: Circumstances): Verdict<WrapperMessage> {
    this.#announced = null;
    const second = bytes.at(1);
    if (!how.fresh && second !== 1 && second !== -1) return 'no';
    if (bytes.length < HEADER) return how.final && this.#amongOthers ? 'no' : { need: HEADER };
    const doubt = this.#doubt(bytes, how);
    if (doubt !== null) return doubt;
    const length = u16(bytes, 6);
    if (second !== 1) return this.#wrong(HEADER + length, `version ${second} where 1 was expected`);
    // What follows has lost its frame, however long it is.
    if (length === 0) return this.#wrong(LIMIT_BYTES, 'length 0');
    const source = u16(bytes, 2);
    const destination = u16(bytes, 4);
    const counted = this.#countsHeader(bytes, length, how.final);
    const octets = counted ? length : HEADER + length;
    if (bytes.length < octets) {
      this.#announced = { source, destination, octets };
      return { need: octets };
    }
    this.#countedHeader = counted ? this.#countedHeader + 1 : 0;
    this.#ports = source * 0x10000 + destination;
    return { frame: { type: 'wrapper', source, destination, apdu: bytes.copy(HEADER, octets) }, octets };
  }

  whole(chunk: Uint8Array): boolean {
    const at: ByteAt = index => chunk[index] ?? -1;
    if (at(0) !== 0 || at(1) !== 1 || plausibleApdu(at, HEADER, false) !== 'yes') return false;
    const length = at(6) * 256 + at(7);
    return length === chunk.length - HEADER || length === chunk.length;
  }

  /** Why a header is not believed, or not yet. */
  #doubt(bytes: Waiting, { fresh, final }: Circumstances): 'no' | { readonly need: number } | null {
    if (!this.#amongOthers && fresh) return null;
    const ports = u16(bytes, 2) * 0x10000 + u16(bytes, 4);
    const usual = bytes.at(2) === 0 && bytes.at(4) === 0;
    if (!this.#amongOthers) return (this.#ports === null ? usual : this.#ports === ports) ? null : 'no';
    const length = u16(bytes, 6);
    if (!fresh && (!usual || length > AMID_NOISE)) return 'no';
    // A wrong version asks for more: usual ports, or an APDU that noise hardly makes.
    const right = bytes.at(1) === 1;
    const likely = plausibleApdu(index => bytes.at(index), HEADER, !right && !usual);
    if (likely !== 'short') return likely === 'yes' ? null : 'no';
    return final && !(right && usual && fresh && length > 0) ? 'no' : { need: bytes.length + 1 };
  }

  /** The header of the next message, or silence, eight octets before the end that the length field tells. */
  #countsHeader(bytes: Waiting, length: number, final: boolean): boolean {
    if (length <= HEADER) return false;
    if (bytes.length > length) {
      for (let i = 0; i < PORTS_END; i++) if (bytes.at(length + i) !== bytes.at(i)) return false;
      return true;
    }
    if (this.#countedHeader > 1) return true;
    // One that was cut off eight octets before its end looks the same, but for its APDU.
    return final && bytes.length === length && new ApduExtent().measure(i => bytes.at(HEADER + i)) !== 'short';
  }

  #wrong(octets: number, reason: string): Verdict<WrapperMessage> {
    this.#countedHeader = 0;
    return { damaged: octets, error: { code: 'WRAPPER_HEADER', reason } };
  }
}

/** A connection that carries nothing but the wrapper. `datagram`: each chunk is one UDP datagram. */
export function wrapperStream(
  mode: 'stream' | 'datagram' = 'stream',
  framing = new WrapperFraming(),
): FrameStream<WrapperMessage> {
  const outside = { code: 'WRAPPER_HEADER', reason: 'bytes outside any message' } as const;
  return new FrameStream([framing], { outside, datagrams: mode === 'datagram' });
}

/** Header and APDU. @throws LIMIT_EXCEEDED above 65,535 octets. */
export function encodeWrapper(source: number, destination: number, apdu: Uint8Array): Uint8Array {
  if (apdu.length > MAX_APDU) {
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'apdu in a wrapper', limit: MAX_APDU, actual: apdu.length });
  }
  return new Writer(HEADER + apdu.length).u16(1).u16(source).u16(destination).u16(apdu.length).bytes(apdu).toBytes();
}

function u16(bytes: Waiting, index: number): number {
  return bytes.at(index) * 256 + bytes.at(index + 1);
}

export const HEADER = 8; /* version 2, source wPort 2, destination wPort 2, length 2 */
const PORTS_END = 6;
const MAX_APDU = 0xffff;
/** Amid noise no longer message is awaited among others. */
const AMID_NOISE = 4096;
