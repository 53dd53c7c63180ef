// The control characters of IEC 62056-21 and what is computed over characters: block check, parity, transmission time.

export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const EOT = 0x04;
export const ACK = 0x06;
export const LF = 0x0a;
export const CR = 0x0d;
export const NAK = 0x15;

/** Start, seven data, parity and stop bit, or eight data bits without parity: ten either way. IEC 62056-21, 5.1. */
export const BITS_PER_CHARACTER = 10;

/** What a serial port has to be set to; the same words as the port's own options. */
export interface LineFormat {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** XOR of [start, end): all after the first SOH or STX up to and including ETX or EOT. IEC 62056-21, 6.1 and ISO 1155. */
export function blockCheck(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let bcc = 0;
  for (let i = start; i < end; i++) bcc ^= bytes[i] as number;
  return bcc & 0x7f;
}

/** true for an even number of one bits. */
export function evenParity(byte: number): boolean {
  let b = byte ^ (byte >> 4);
  b ^= b >> 2;
  b ^= b >> 1;
  return (b & 1) === 0;
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
