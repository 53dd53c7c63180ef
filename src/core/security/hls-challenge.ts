// What a meter's challenge must not be, or its answer proves nothing, or ours says more than who we are.
// The rule of the file: whoever has no key must not get the right answer out of us. IEC 62056-5-3, 5.3.6; Green Book 9.2.2.2.2.4.

import { decodeApdu, MECHANISM, type Apdu, type ApduType } from '../apdu';
import { DlmsError, isDlmsError } from '../wire/errors';
import { equalBytes } from '../wire/hex';
import type { Challenges } from './hls';

/**
 * Looks at StoC before f(StoC) is made of it. `elsewhere`: what we asked in other conversations; whoever holds two of them could
 * have in the second the answer that is due in the first. Throws NOT_THE_METER.
 */
export function checkChallenge(
  mechanism: number,
  { sent, received }: Challenges,
  elsewhere: readonly Uint8Array[] = [],
): void {
  if (received.length < LEAST_OCTETS || received.length > MOST_OCTETS) {
    throw notTheMeter(
      `its challenge has ${received.length} octets, where ${LEAST_OCTETS} to ${MOST_OCTETS} are the rule`,
    );
  }
  if (equalBytes(sent, received)) throw notTheMeter('its challenge is ours sent back');
  if (elsewhere.some(ours => equalBytes(ours, received))) {
    throw notTheMeter('its challenge is one that we sent to somebody else');
  }
  if (mechanism === MECHANISM.high && [sent, ...elsewhere].some(ours => shareBlock(ours, received))) {
    throw notTheMeter('its challenge holds a part of ours');
  }
  if (mechanism === MECHANISM.highGmac && asksForService(received)) {
    throw notTheMeter('its challenge is a request that our answer would sign');
  }
}

function notTheMeter(reason: string): DlmsError {
  return new DlmsError({ code: 'NOT_THE_METER', reason });
}

/** Mechanism 2 enciphers block by block: what is ours in one of them comes back as a piece of the answer that we want. */
function shareBlock(ours: Uint8Array, theirs: Uint8Array): boolean {
  const own = blocksOf(ours);
  return blocksOf(theirs).some(block => own.some(o => equalBytes(o, block)));
}

function blocksOf(challenge: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < challenge.length; at += BLOCK_OCTETS) {
    const block = new Uint8Array(BLOCK_OCTETS);
    block.set(challenge.subarray(at, at + BLOCK_OCTETS));
    blocks.push(block);
  }
  return blocks;
}

/**
 * f(StoC) of GMAC is security control, counter and tag: put around StoC, that is an authenticated APDU of ours, if StoC is one.
 * Only what a client asks a meter for counts, and no part that means nothing without an earlier one. One random challenge in a
 * thousand reads as some APDU (measured, 16 octets: rlrq, aarq and the ciphered ones, which need little form), but less than
 * one in a million as one of these: 16 octets 5e-7, at most 9e-7 with any length (4 * 10^5 challenges for each first octets).
 */
function asksForService(challenge: Uint8Array): boolean {
  try {
    const { apdu, surplus } = decodeApdu(challenge);
    // Meters overlook surplus octets as we do. With them the class has to be one of the standard's, or chance does it too often.
    return REQUESTS.has(apdu.type) && (surplus === 0 || classOf(apdu) <= LAST_STANDARD_CLASS);
  } catch (e) {
    if (!isDlmsError(e)) throw e;
    return false;
  }
}

/** 0 where the form itself is rare enough. */
function classOf(apdu: Apdu): number {
  switch (apdu.type) {
    case 'get-request-normal':
    case 'set-request-normal':
    case 'set-request-with-first-datablock':
      return apdu.attribute.classId;
    case 'action-request-normal':
    case 'action-request-with-first-pblock':
      return apdu.method.classId;
    case 'read-request':
    case 'write-request':
    case 'unconfirmed-write-request':
      // Octets that begin with an empty list are too many, and ask for nothing.
      return apdu.variables.length === 0 ? Infinity : 0;
    default:
      return 0;
  }
}

const LEAST_OCTETS = 8;
const MOST_OCTETS = 64;
const BLOCK_OCTETS = 16;
const LAST_STANDARD_CLASS = 255;
const REQUESTS: ReadonlySet<ApduType> = new Set<ApduType>([
  'initiate-request',
  'read-request',
  'write-request',
  'unconfirmed-write-request',
  'get-request-normal',
  'get-request-with-list',
  'set-request-normal',
  'set-request-with-first-datablock',
  'set-request-with-list',
  'set-request-with-list-and-first-datablock',
  'action-request-normal',
  'action-request-with-list',
  'action-request-with-first-pblock',
  'action-request-with-list-and-first-pblock',
  'access-request',
]);
