// DataNotification, 0F: what a meter pushes. IEC 62056-5-3, DataNotification service.

import { readData, writeData, type Data } from '../cosem/data';
import { alternative, readOctets } from './codec';
import type { Reader } from '../wire/reader';

export interface DataNotification {
  readonly type: 'data-notification';
  readonly longInvoke: number;
  /** Twelve octets; null when absent. */
  readonly dateTime: Uint8Array | null;
  readonly body: Data;
}

/** data-notification, 0F. */
export const dataNotification = alternative<DataNotification>('data-notification', [0x0f], {
  read: r => ({
    longInvoke: r.u32('long-invoke-id-and-priority'),
    dateTime: readNotificationTime(r),
    body: readData(r),
  }),
  write: (w, v) => {
    w.u32(v.longInvoke);
    if (v.dateTime === null) w.u8(0);
    else w.octets(v.dateTime);
    writeData(w, v.body);
  },
});

/**
 * The standard says OCTET STRING, that is 00 or 0C and twelve octets (Kamstrup, Iskraemeco, L+G). Kaifa in Norway and Sweden
 * puts the type tag in front (09 0C), others a tagged date-time (19). A nine or 25 octet string is no date-time, so nothing is lost.
 */
export function readNotificationTime(r: Reader): Uint8Array | null {
  if (r.peek() === 0x09 && (r.peek(1) === 0x0c || r.peek(1) === 0 || r.remaining === 1)) r.u8('date-time tag');
  else if (r.peek() === 0x19) {
    r.u8('date-time tag');
    return r.take(12, 'date-time');
  }
  const octets = readOctets(r, 'date-time');
  // Written with a length of two octets they would come back as a tag.
  if (octets.length === 0x09 || octets.length === 0x19) r.invalid('date-time', octets.length, '12 octets or none');
  return octets.length === 0 ? null : octets;
}
