// Who the meter is, as messages tell it: by its logical device name, which every logical device has to have, and its title.
// The rule of the file: what is told belongs to the association that the values came by, never to one before.

import type { MeterIdentity } from '../../core/client/meter-memory';
import { printable } from '../../core/cosem/naming';
import type { Meter, Origin } from '../../core/cosem/reading';
import { unhex } from '../../core/wire/hex';
import type { ConnectionSettings } from '../../io/settings/settings';

/** A new object each time: what a flow does to its message, no other read sees. A meter that does not tell stays nameless. */
export function meterOf(
  { name, title }: MeterIdentity,
  settings: ConnectionSettings,
  serialNumber: string | null = null,
): Meter {
  return {
    id: name ?? serialNumber,
    manufacturer:
      makerIn(title === null ? null : printable(unhex(title).subarray(0, 3))) ?? makerIn(name) ?? settings.manufacturer,
    model: null,
    ...(title !== null && { systemTitle: title }),
  };
}

/** `msg.dlms` of a polled read. */
export function originOf(
  settings: ConnectionSettings,
  title: string | null,
  source: 'get' | 'profile' | 'set',
): Origin {
  const { interface: framing, referencing, security } = settings;
  return {
    source,
    framing,
    service: referencing === 'sn' ? (source === 'set' ? 'write' : 'read') : source === 'set' ? 'set' : 'get',
    encrypted: security === 'encryption' || security === 'authentication-encryption',
    // Every answer was verified, or the read had failed.
    authenticated: security === 'authentication' || security === 'authentication-encryption',
    ...(title !== null && { systemTitle: title }),
  };
}

/** FLAG id: three capital letters in front. */
function makerIn(text: string | null): string | null {
  return text === null ? null : (/^[A-Z]{3}/.exec(text)?.[0] ?? null);
}
