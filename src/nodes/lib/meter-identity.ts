// Who the meter is: asked once per meter with its logical device name, which every logical device has to have.
// The rule of the file: a meter that does not tell stays nameless; no read ever fails for it.

import type { AttributeRef } from '../../core/client/request';
import { printable } from '../../core/cosem/naming';
import { Obis } from '../../core/cosem/obis';
import type { Meter, Origin } from '../../core/cosem/reading';
import { isDlmsError } from '../../core/wire/errors';
import { hex } from '../../core/wire/hex';
import type { Session } from '../../io/session';

/** From memory, else from the meter. Rejects only with what the line does, never with a refusal. */
export async function meterOf(session: Session, serialNumber: string | null, signal: AbortSignal): Promise<Meter> {
  if (session.memory.meter === null) {
    let name: string | null = null;
    try {
      const data = await session.get(LOGICAL_DEVICE_NAME, signal);
      if (data.type === 'octet-string' || data.type === 'visible-string')
        name = printable(data.value) ?? hex(data.value);
    } catch (error) {
      if (!isDlmsError(error) || error.blame !== 'meter') throw error;
    }
    const title = session.association?.systemTitle ?? null;
    session.memory.meter = {
      id: name ?? serialNumber,
      manufacturer:
        makerIn(title === null ? null : printable(title.subarray(0, 3))) ??
        makerIn(name) ??
        session.settings.manufacturer,
      model: null,
      ...(title !== null && { systemTitle: hex(title) }),
    };
  }
  // A copy: what a flow does to its message, no other read sees.
  return { ...session.memory.meter };
}

/** `msg.dlms` of a polled read. */
export function originOf(session: Session, source: 'get' | 'profile'): Origin {
  const { interface: framing, referencing, security } = session.settings;
  const title = session.association?.systemTitle ?? null;
  return {
    source,
    framing,
    service: referencing === 'sn' ? 'read' : 'get',
    encrypted: security === 'encryption' || security === 'authentication-encryption',
    // Every answer was verified, or the read had failed.
    authenticated: security === 'authentication' || security === 'authentication-encryption',
    ...(title !== null && { systemTitle: hex(title) }),
  };
}

/** FLAG id: three capital letters in front. */
function makerIn(text: string | null): string | null {
  return text === null ? null : (/^[A-Z]{3}/.exec(text)?.[0] ?? null);
}

const LOGICAL_DEVICE_NAME: AttributeRef = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
