// What comments say of a value: who reads the XML knows codes and clocks, not octets.

import { className } from '../cosem/classes';
import { readDate, readDateTime, readTime } from '../cosem/date-time';
import { printable } from '../cosem/naming';
import { Obis } from '../obis/obis';

export function invokeText(invoke: number): string {
  const priority = (invoke & 0x80) === 0 ? 'normal' : 'high';
  return `priority ${priority}, ${(invoke & 0x40) === 0 ? 'unconfirmed' : 'confirmed'}, invoke id ${invoke & 0x0f}`;
}

export function longInvokeText(invoke: number): string {
  return `invoke id ${invoke & 0xffffff}`;
}

export function classText(classId: number): string | null {
  return className(classId) ?? null;
}

export function nameText(instance: Uint8Array): string | null {
  return instance.length === 6 ? Obis.from(instance).toString() : null;
}

/** The clock, date or time of that many octets; null where it says none. */
export function timeText(octets: Uint8Array): string | null {
  if (octets.length === 12) return readDateTime(octets).iso;
  if (octets.length === 5) return readDate(octets).iso;
  if (octets.length === 4) return readTime(octets).iso;
  return null;
}

/** What an octet-string is likely to mean. */
export function octetsSay(octets: Uint8Array): string | null {
  if (octets.length === 6 && octets[5] === 0xff) return nameText(octets);
  const time = octets.length === 12 ? timeText(octets) : null;
  return time ?? (octets.length === 0 ? null : printable(octets));
}
