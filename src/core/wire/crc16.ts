// The CRC-16 of the field, all reflected: HDLC's FCS and SML's check (X.25), DSMR P1's (ARC), that of some SML (Kermit).

/** FCS/HCS of HDLC: CRC-16/X.25 over bytes[start, end). ISO/IEC 13239; the low octet is sent first. */
export function fcs16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffff;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (X25[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return crc ^ 0xffff;
}

/** CRC of DSMR P1 from version 4 on: CRC-16/ARC over "/" to "!" inclusive. DSMR P1 companion standard 5.0.2, 5.2. */
export function crc16Arc(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (ARC[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return crc;
}

/** CRC-16/Kermit: SML of Holley's DTZ541 over RS-485 has it in place of X.25; the high octet is sent first. */
export function kermit16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (X25[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return crc;
}

/** The same 16 bits as a number whose first octet is the low one. */
export function lowFirst(crc: number): number {
  return ((crc & 0xff) << 8) | (crc >> 8);
}

function table(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, n) => {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
}

const X25 = table(0x8408);
const ARC = table(0xa001);
