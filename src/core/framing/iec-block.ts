// The block of IEC 62056-21: STX text ETX BCC. Its control characters, and what is computed over them.
// The rule of the file: bytes with seven bits; parity was stripped before.

export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const EOT = 0x04;
export const ACK = 0x06;
export const LF = 0x0a;
export const CR = 0x0d;
export const NAK = 0x15;

/** XOR of [start, end): all after the first SOH or STX up to and including ETX or EOT. IEC 62056-21, 6.1 and ISO 1155. */
export function blockCheck(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let bcc = 0;
  for (let i = start; i < end; i++) bcc ^= bytes[i] as number;
  return bcc & 0x7f;
}
