// A gas meter on M-Bus channel 1 of the electricity meter: its reading of the last hour, and an hourly profile.

import { octets, u16, u32, u8 } from '../../core/cosem/data';
import { fromLatin1 } from '../../core/wire/hex';
import { attribute, cosemObject, type Ask, type CosemObject } from '../cosem-object';
import { dataObject, extendedRegister } from './elements';
import { profile } from './profile';

export function gasObjects(serialNumber = '7MFG000000042'): CosemObject[] {
  return [
    cosemObject(
      72,
      '0.1.24.1.0.255',
      {
        2: attribute(octets([0, 0, 24, 0, 0, 255])),
        4: attribute(u32(3600)),
        5: attribute(u8(1)),
        6: attribute(u32(42)),
        7: attribute(u16(0x1986)),
        8: attribute(u8(1)),
        9: attribute(u8(GAS)),
      },
      { version: 1 },
    ),
    dataObject('0.1.96.1.0.255', octets(fromLatin1(serialNumber))),
    extendedRegister('0.1.24.2.1.255', ask => u32(litresAt(hourOf(ask))), -3, CUBIC_METRE, hourOf),
    profile({
      obis: '0.1.24.3.0.255',
      columns: [
        { classId: 1, obis: '0.1.96.10.3.255', attribute: 2 },
        { classId: 4, obis: '0.1.24.2.1.255', attribute: 2 },
      ],
      periodS: 3600,
      capacity: HOURS,
      rows: ask =>
        Array.from({ length: HOURS }, (_, i) => {
          const atMs = hourOf(ask) - (HOURS - 1 - i) * HOUR_MS;
          return { atMs, values: [u8(0), u32(litresAt(atMs))] };
        }),
    }),
  ];
}

function hourOf(ask: Ask): number {
  return Math.floor(ask.nowMs / HOUR_MS) * HOUR_MS;
}

/** Litres since 2020: more by day than by night, never falling. */
function litresAt(epochMs: number): number {
  const hours = Math.max(0, (epochMs - Date.UTC(2020, 0, 1)) / HOUR_MS);
  return Math.floor(190 * hours + (140 * 24 * (1 - Math.cos((2 * Math.PI * hours) / 24))) / (2 * Math.PI));
}

const HOUR_MS = 3_600_000;
const HOURS = 10 * 24;
/** Device type of M-Bus. EN 13757-3. */
const GAS = 3;
const CUBIC_METRE = 13;
