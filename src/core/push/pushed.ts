// The APDUs that meters send unasked, read into one shape: data-notification, event-notification, information-report.
// The rule of the file: the standard's reading comes first; where it fails, the known deviations get their turn.

import { decodeApdu, readNotificationTime } from '../apdu';
import { readData, type Data } from '../cosem/data';
import { writeDateTime } from '../cosem/date-time';
import { readSwappedNames, readUntaggedList, untaggedList } from '../cosem/deviating-data';
import { DlmsError, isDlmsError } from '../wire/errors';
import { latin1 } from '../wire/hex';
import { Reader } from '../wire/reader';
import type { Item } from './body';

export interface Pushed {
  /** body: the list alone, without the header of a notification. */
  readonly service: 'data-notification' | 'event-notification' | 'information-report' | 'body';
  readonly invoke: number | null;
  /** Twelve octets of the header; null when absent. */
  readonly clock: Uint8Array | null;
  /** A type tag stood in front of it. */
  readonly taggedClock: boolean;
  readonly content: { readonly body: Data } | { readonly items: readonly Item[] };
  /** Octets after the complete APDU. */
  readonly surplus: number;
}

/** One plain APDU. Throws WIRE_TRUNCATED, WIRE_INVALID, LIMIT_EXCEEDED; UNEXPECTED_RESPONSE for an APDU that is no push. */
export function readPushed(bytes: Uint8Array): Pushed {
  if (bytes[0] === DATA_NOTIFICATION) return readNotification(bytes);
  const { apdu, surplus } = decodeApdu(bytes);
  switch (apdu.type) {
    case 'event-notification-request': {
      const { classId, instance, attribute } = apdu.attribute;
      const item: Item = { name: instance, classId, attribute, data: apdu.value };
      return {
        service: 'event-notification',
        taggedClock: false,
        invoke: null,
        clock: clockOf(apdu.time),
        content: { items: [item] },
        surplus,
      };
    }
    case 'information-report-request': {
      const items = apdu.data.map((data, position): Item => {
        const variable = apdu.variables[position];
        const id =
          variable !== undefined && 'name' in variable ? `0x${variable.name.toString(16).padStart(4, '0')}` : null;
        return { name: null, data, position, ...(id === null ? {} : { id }) };
      });
      return {
        service: 'information-report',
        taggedClock: false,
        invoke: null,
        clock: clockOf(apdu.currentTime),
        content: { items },
        surplus,
      };
    }
    default:
      throw new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: apdu.type, waitingFor: 'a pushed message' });
  }
}

function readNotification(bytes: Uint8Array): Pushed {
  const r = new Reader(bytes, 1);
  const invoke = r.u32('long-invoke-id-and-priority');
  const taggedClock = r.peek() === 0x09;
  const clock = readNotificationTime(r);
  const body = readBodyData(bytes, r.offset);
  const content = { body: body.data };
  return {
    service: 'data-notification',
    invoke,
    clock: clockOf(clock),
    taggedClock: clock !== null && taggedClock,
    content,
    surplus: bytes.length - body.end,
  };
}

/** As twelve octets: they stand there, or the time is a GeneralizedTime as IEC 61334-4-41 has it: 20240721153005+0200. */
function clockOf(time: Uint8Array | null): Uint8Array | null {
  const m = time === null ? null : GENERALIZED_TIME.exec(latin1(time));
  if (m === null) return time?.length === 12 ? time : null;
  const [year, month, dayOfMonth, hour, minute, second] = m.slice(1, 7).map(Number);
  const minutes = Number(m[9] ?? 0) * 60 + Number(m[10] ?? 0);
  return writeDateTime({
    year: year ?? null,
    month: month ?? null,
    dayOfMonth: dayOfMonth ?? null,
    dayOfWeek: null,
    hour: hour ?? null,
    minute: minute ?? null,
    second: second ?? null,
    hundredths: null,
    deviationMinutes: m[7] === undefined ? null : m[8] === '-' ? minutes : 0 - minutes,
    status: null,
  });
}

/** The list behind a header. Throws WIRE_TRUNCATED, WIRE_INVALID, LIMIT_EXCEEDED. */
export function readBodyData(bytes: Uint8Array, start: number): { data: Data; end: number } {
  const r = new Reader(bytes, start);
  // A class id of a register and what follows can pass for tags, so this list is known by its own pattern.
  const untagged = untaggedList(i => bytes[i] ?? -1, start);
  if (untagged !== null && untagged !== 'short') {
    const data = readUntaggedList(r);
    return { data, end: r.offset };
  }
  try {
    const data = readData(r);
    return { data, end: r.offset };
  } catch (error) {
    if (!isDlmsError(error) || error.code === 'LIMIT_EXCEEDED') throw error;
    const again = new Reader(bytes, start);
    try {
      const data = readSwappedNames(again);
      return { data, end: again.offset };
    } catch {
      throw error;
    }
  }
}

const DATA_NOTIFICATION = 0x0f;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?(Z|([+-])(\d\d)(\d\d)?)?$/;
