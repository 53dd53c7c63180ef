// An APDU in the frames of a connection, for those who listen on it and know only bytes of a line.

import { encodeHdlcAddress } from '../../core/framing/hdlc-address';
import { pushFrames } from '../../core/framing/hdlc-segments';
import { encodeWrapper } from '../../core/framing/wrapper';
import type { ConnectionSettings } from '../settings/settings';

/** From the meter to us. */
export function framedAs(
  { interface: kind, server, clientAddress }: ConnectionSettings,
  apdu: Uint8Array,
): Uint8Array[] {
  if (kind === 'wrapper') return [encodeWrapper(server.logical, clientAddress, apdu)];
  const source = encodeHdlcAddress(server, server.size);
  const destination = encodeHdlcAddress({ logical: clientAddress, physical: null });
  return pushFrames(apdu, { source, destination });
}
