// Bytes as hex text and back.

import { DlmsError } from './errors';

/** Lower-case hex without separators. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += PAIRS[byte];
  return text;
}

/** Hex text to bytes. Blanks, line ends, colons, dashes, commas and 0x prefixes are ignored; anything else throws BAD_SETTING. */
export function unhex(text: string, setting = 'hex text'): Uint8Array {
  const digits = text.replace(/0x/gi, '').replace(/[\s:,;-]/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    throw new DlmsError({ code: 'BAD_SETTING', setting, value: '(text)', expected: 'an even number of hex digits' });
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** ISO 8859-1: each byte one character, so nothing is lost. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The reverse of {@link latin1}; characters above U+00FF keep their low byte. */
export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, c => c.charCodeAt(0) & 0xff);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return joined(parts);
}

/** As {@link concat}, for any number of parts: an argument list holds no more than some ten thousand. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const PAIRS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'));
