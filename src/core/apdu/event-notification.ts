// EventNotification, C2: one attribute with its value, unasked. IEC 62056-5-3, EventNotification service.

import { readData, writeData, type Data } from '../cosem/data';
import {
  alternative,
  attributeDescriptor,
  optional,
  readOctets,
  writeOptional,
  type AttributeDescriptor,
} from './codec';

export interface EventNotificationRequest {
  readonly type: 'event-notification-request';
  /** Twelve octets; null when absent. */
  readonly time: Uint8Array | null;
  readonly attribute: AttributeDescriptor;
  readonly value: Data;
}

/** event-notification-request, C2. */
export const eventNotificationRequest = alternative<EventNotificationRequest>('event-notification-request', [0xc2], {
  read: r => ({
    time: optional(r, 'time', r => readOctets(r, 'time')),
    attribute: attributeDescriptor.read(r),
    value: readData(r),
  }),
  write: (w, v) => {
    writeOptional(w, v.time, (w, octets) => void w.octets(octets));
    attributeDescriptor.write(w, v.attribute);
    writeData(w, v.value);
  },
});
