// P1 telegrams that a push carries, plain or in a P1 envelope, by the reader of the text protocols.
// The rule of the file: line ends may have been changed on the way, characters may not.

import { IecDecoder, type DecoderEvent } from '../iec62056-21/decoder';
import type { P1Keys } from '../iec62056-21/p1-decrypt';

/** `bytes` from "/" on. `enveloped`: deciphered already, so that a wrong CRC is no reason to doubt the line ends. */
export function readP1(
  bytes: Uint8Array,
  keys: P1Keys,
  zone: string | undefined,
  enveloped: boolean,
): readonly DecoderEvent[] {
  const events = decode(bytes, keys, zone);
  if (enveloped || !events.some(isCrcMismatch)) return events;
  // Captures saved as text have other line ends than the meter sent; the values are the same.
  const changed = [false, true].map(carriageReturn => decode(withLineEnds(bytes, carriageReturn), keys, zone));
  return changed.find(variant => !variant.some(isCrcMismatch)) ?? events;
}

function decode(bytes: Uint8Array, keys: P1Keys, zone: string | undefined): readonly DecoderEvent[] {
  const decoder = new IecDecoder({
    check: 'warn',
    parity: '8N1',
    p1: true,
    // How far it has to be proven is asked where it leaves the push decoder.
    require: 'nothing',
    keys,
    limitBytes: LIMIT_TEXT,
    ...(zone === undefined ? {} : { zone }),
  });
  return [...decoder.receive(bytes), ...decoder.flush()];
}

function isCrcMismatch(event: DecoderEvent): boolean {
  return event.type === 'problem' && event.error.code === 'CRC_MISMATCH';
}

function withLineEnds(bytes: Uint8Array, carriageReturn: boolean): Uint8Array {
  const out: number[] = [];
  for (const b of bytes) {
    if (b === 0x0a && carriageReturn) out.push(0x0d);
    if (b !== 0x0d) out.push(b);
  }
  return Uint8Array.from(out);
}

const LIMIT_TEXT = 65_536;
