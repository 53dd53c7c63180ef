// Whether who accepted the association can be the meter that the settings mean: its system title, its protected words.
// The rule of the file: what nobody has proven is no reason to go on; the first doubt ends the association.

import type { Aare, Apdu } from '../apdu';
import { systemTitleText } from '../security';
import { DlmsError } from '../wire/errors';
import { equalBytes } from '../wire/hex';
import type { Ciphering } from './ciphering';
import type { ClientOptions } from './options';

/** What the title of the other side has against it; null: nothing. Without one in the AARE the configured one counts. */
export function doubtOfTitle(aare: Aare, options: ClientOptions): DlmsError | null {
  const said = titleIn(aare);
  const { systemTitle, meterSystemTitle } = options;
  const used = said ?? (usesTitles(options) ? meterSystemTitle : undefined);
  if (used !== undefined && systemTitle !== undefined && equalBytes(used, systemTitle)) {
    // Nonces and proofs of both sides would be the same, so it could send us back what we sent.
    return notTheMeter(`its system title is ${systemTitleText(used)}, the same as that of this connection`);
  }
  if (said === null || meterSystemTitle === undefined || equalBytes(said, meterSystemTitle)) return null;
  const wanted = systemTitleText(meterSystemTitle);
  return notTheMeter(`its system title is ${systemTitleText(said)}, where the settings say ${wanted}`);
}

/** What the title in front of a protected answer has against it, beside that of the association; null: nothing. */
export function doubtOfSender(
  sender: Uint8Array | null,
  meter: Uint8Array | null,
  { systemTitle }: ClientOptions,
): DlmsError | null {
  if (sender === null) return null;
  const said = systemTitleText(sender);
  if (systemTitle !== undefined && equalBytes(sender, systemTitle)) {
    return notTheMeter(`its answer bears system title ${said}, that of this connection`);
  }
  if (meter === null || equalBytes(sender, meter)) return null;
  return notTheMeter(`its answer bears system title ${said}, where the association is with ${systemTitleText(meter)}`);
}

/** Who accepts ciphering shows in the AARE that it has the key. `inner`: the user information as far as it could be read. */
export function doubtOfAcceptance(inner: Apdu | null, ciphering: Ciphering): DlmsError | null {
  if (!ciphering.active || inner?.type === 'initiate-response') return null;
  return notTheMeter('it accepted a ciphered association without an answer that only the keys can make');
}

/** The system title that an AARE brings; anything but 8 octets is none. */
export function titleIn(aare: Aare): Uint8Array | null {
  const title = aare.respondingApTitle;
  return title?.length === TITLE_OCTETS ? title : null;
}

function usesTitles({ security, authentication }: ClientOptions): boolean {
  return security !== 'none' || authentication === 'high-gmac' || authentication === 'high-sha256';
}

export function notTheMeter(reason: string): DlmsError {
  return new DlmsError({ code: 'NOT_THE_METER', reason });
}

const TITLE_OCTETS = 8;
