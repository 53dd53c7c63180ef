// HDLC after an IEC 62056-21 sign-on in mode E: the optical head of a meter that speaks DLMS.

import { signOnForHdlc } from './iec-session';
import type { ConnectionSettings } from './settings';
import type { Transport } from './transport';

/**
 * Signs on over an open transport, at 300 baud 7E1 whatever the port is set to; afterwards the line is 8N1 at the agreed
 * rate. Gives the bytes that already belong to HDLC. Rejects with NO_ANSWER, NOT_SUPPORTED (the meter offers no HDLC),
 * UNEXPECTED_RESPONSE (it sends its list instead).
 */
export async function signOnModeE(
  transport: Transport,
  _settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { surplus } = await signOnForHdlc(transport, {}, signal);
  return surplus;
}
