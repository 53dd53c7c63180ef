// The clock, class 8: the meter's time, its zone, and setting it.

import { enumerated, i16, i8, octets, u8, type Data } from '../../core/cosem/data';
import { attribute, cosemObject, RESULT, value, type CosemObject } from '../cosem-object';

export function clockObject(): CosemObject {
  return cosemObject(8, '0.0.1.0.0.255', {
    2: {
      read: ask => value(octets(ask.clock.octets(ask.nowMs))),
      write: (data, ask) => {
        const given = clockOctetsOf(data);
        if (given === null) return RESULT.typeUnmatched;
        const epochMs = ask.clock.epochOf(given);
        if (epochMs === null) return RESULT.other;
        ask.clock.shiftMs += epochMs - ask.nowMs;
        return RESULT.success;
      },
    },
    3: attribute(ask => i16(0 - ask.clock.standardOffsetMinutes(ask.nowMs))),
    4: attribute(ask => u8(ask.clock.octets(ask.nowMs)[11] as number)),
    5: attribute(octets(lastSunday(3, 2))),
    6: attribute(octets(lastSunday(10, 3))),
    7: attribute(i8(60)),
    8: attribute({ type: 'boolean', value: true }),
    9: attribute(enumerated(1)),
  });
}

/** The 12 octets of a date-time, in either of its two forms; null for anything else. */
export function clockOctetsOf(data: Data): Uint8Array | null {
  if (data.type === 'date-time') return data.value;
  return data.type === 'octet-string' && data.value.length === 12 ? data.value : null;
}

/** Last Sunday of a month at an hour of local time, every year. */
function lastSunday(month: number, hour: number): Uint8Array {
  return Uint8Array.of(0xff, 0xff, month, 0xfe, 0x07, hour, 0, 0, 0, 0x80, 0x00, 0xff);
}
