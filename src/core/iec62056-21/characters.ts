// Characters of IEC 62056-21: how they are sent, how long that takes, and their text.

/** Start, seven data, parity and stop bit, or eight data bits without parity: ten either way. IEC 62056-21, 5.1. */
export const BITS_PER_CHARACTER = 10;

/** What a serial port has to be set to; the same words as the port's own options. */
export interface LineFormat {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** Time the line needs for so many characters, in milliseconds. */
export function transmissionMs(characters: number, baudRate: number): number {
  return Math.ceil((characters * BITS_PER_CHARACTER * 1000) / baudRate);
}

/** ISO 8859-1 text of the bytes: seven-bit text the fast way, anything else byte by byte, so nothing is lost. */
export function textOf(bytes: Uint8Array): string {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) > 0x7f) return slowText(bytes);
  return ASCII.decode(bytes);
}

function slowText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const ASCII = new TextDecoder('latin1');
