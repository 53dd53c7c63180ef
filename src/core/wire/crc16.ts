// The CRC-16 of the field, all reflected: HDLC's FCS and SML's check (X.25), DSMR P1's (ARC), that of some SML (Kermit).

/** FCS/HCS of HDLC: CRC-16/X.25 over bytes[start, end). ISO/IEC 13239; the low octet is sent first. */
export function fcs16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return reflected1021(bytes, start, end, 0xffff) ^ 0xffff;
}

/** CRC of DSMR P1 from version 4 on: CRC-16/ARC over "/" to "!" inclusive. DSMR P1 companion standard 5.0.2, 5.2. */
export function crc16Arc(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (ARC[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return crc;
}

/** CRC-16/Kermit: SML of Holley's DTZ541 over RS-485 has it in place of X.25; the high octet is sent first. */
export function kermit16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return reflected1021(bytes, start, end, 0);
}

/** Four octets a step: their lookups do not wait for each other. Three times as fast as octet by octet. */
function reflected1021(bytes: Uint8Array, start: number, end: number, begin: number): number {
  let crc = begin;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    crc =
      (T3[(crc ^ (bytes[i] as number)) & 0xff] as number) ^
      (T2[(crc >>> 8) ^ (bytes[i + 1] as number)] as number) ^
      (T1[bytes[i + 2] as number] as number) ^
      (T0[bytes[i + 3] as number] as number);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (T0[(crc ^ (bytes[i] as number)) & 0xff] as number);
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

/** One octet further. */
function next(of: Uint16Array): Uint16Array {
  return of.map(crc => (crc >>> 8) ^ (T0[crc & 0xff] as number));
}

/** What becomes of an octet, alone and with one, two and three octets behind it. */
const T0 = table(0x8408);
const T1 = next(T0);
const T2 = next(T1);
const T3 = next(T2);
const ARC = table(0xa001);
