// Telegrams made from formats, for the fuzzers that start from something good: plain bodies, readouts with BCC, P1 with CRC.
// The rule of the file: everything here is built; nothing was captured.

import { fromLatin1 } from '../src/core/wire/hex';
import { crc16Arc } from '../src/core/wire/crc16';
import { concat } from '../src/core/wire/hex';
import { block } from '../src/sim/iec-meter';
import { householdList, householdProfile } from '../src/sim/iec-list';
import { PUSH_FORMATS, pushBytes } from '../src/sim/push-source';

/** The plain APDU of each push format, without frame and cipher. */
export function plainTelegrams(): Uint8Array[] {
  return PUSH_FORMATS.filter(f => f.body.text !== true).map(({ name, title, body }) =>
    pushBytes({ name, title, body, carriage: { link: 'raw' } }, { counter: 7 }),
  );
}

/** A readout of modes B and C: identification, then STX lines ETX BCC. */
export function readout(identification: string, lines: readonly string[]): Uint8Array {
  return concat(fromLatin1(`/${identification}\r\n`), block(`${lines.join('\r\n')}\r\n!\r\n`));
}

/** Each CR LF as an LF alone, its block check as it was. */
function textMode(bytes: Uint8Array): Uint8Array {
  return bytes.filter((octet, i) => octet !== 0x0d || bytes[i + 1] !== 0x0a);
}

export function p1(identification: string, lines: readonly string[]): string {
  const text = `/${identification}\r\n\r\n${lines.join('\r\n')}\r\n!`;
  return `${text}${crc16Arc(fromLatin1(text)).toString(16).toUpperCase().padStart(4, '0')}\r\n`;
}

const HOUSE = {
  nowMs: Date.UTC(2026, 10, 21, 10, 7),
  serialNumber: '00012345',
  offsetMinutes: () => 60,
};

export const READOUTS: readonly Uint8Array[] = [
  readout('MFL5SIM-1', householdList(HOUSE)),
  readout('LGZ4ZMD12', ['F.F(00)', '0.0.0(12345678)', '1.8.0(000502.853*kWh)', '1.6.1*12(00.12*kW)(2104070015)']),
  readout('LUGCUH50', ['6.8(0006047*kWh)6.26(00428.35*m3)9.21(66153690)', '6.6(0022.4*kW)6.6*01(0022.4*kW)']),
  // Of complete codes, as a P1 log without its empty lines, and with the line ends of a gateway that makes text of it.
  readout('ELS5CODES', ['1-0:0.0.0*255(87654321)', '1-0:1.8.0*255(000731.46*kWh)', '1-0:2.8.0*255(000001.25*kWh)']),
  textMode(readout('ISK5MT174', ['0.9.1(101500)', '1.8.0(0012345.678*kWh)', '2.8.0(0000001.004*kWh)'])),
];

export const PROFILES: readonly Uint8Array[] = [
  block('P.01(0260101001500)(00)(15)(2)(1.5.0)(kW)(2.5.0)(kW)\r\n(0.1)(0.2)\r\n(0.3)(0.4)\r\n'),
  block(`${(householdProfile(HOUSE, 'P.98', ';') ?? []).join('\r\n')}\r\n`),
];

export const P1_TEXTS: readonly string[] = [
  p1('MFL5\\2SIM-1', [
    '1-3:0.2.8(50)',
    '0-0:1.0.0(260101120000W)',
    '0-0:96.1.1(4D464C3030303031)',
    '1-0:1.8.1(000123.456*kWh)',
    '1-0:1.7.0(00.193*kW)',
    '0-1:24.2.1(260101120000W)(00012.345*m3)',
  ]),
  p1('MFL5SIM_METER', [
    '0-0:1.0.0(260721101500S)',
    '1-0:1.8.0(00012345.678*kWh)',
    '1-0:2.8.0(00000001.004*kWh)',
    '1-0:32.7.0(231.4*V)',
  ]),
];
