// High level security: the answers of pass 3 (the client's, f(StoC)) and pass 4 (the server's, f(CtoS)).
// Both sides compute the same function, each with its own title in front; challenges are arguments. IEC 62056-5-3, 5.3.6.

import { createCipheriv, createHash, timingSafeEqual } from 'node:crypto';

import { MECHANISM } from '../apdu';
import { DlmsError } from '../wire/errors';
import { concat } from '../wire/hex';
import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import { CONTROL, gmac } from './gcm';
import type { Key } from './keys';
import { codedPassword } from './landis-gyr';

/** Who proves something to whom. */
export interface HlsContext {
  /** 2..7, see MECHANISM. */
  readonly mechanism: number;
  /** The HLS secret: mechanisms 2, 3, 4 and 6. */
  readonly secret: Uint8Array;
  /** Mechanism 2 as Landis+Gyr has it, where the other side gives no proof that could be checked. */
  readonly coded?: boolean;
  readonly ownTitle: Uint8Array | null;
  readonly peerTitle: Uint8Array | null;
  /** Mechanism 5. */
  readonly encryptionKey: Key | null;
  readonly authenticationKey: Key | null;
}

/** Own and received, by who sent them: the client's own is CtoS and it receives StoC. */
export interface Challenges {
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
}

/** Whether {@link hlsReply} uses up an invocation counter. */
export function hlsNeedsCounter(mechanism: number): boolean {
  return mechanism === MECHANISM.highGmac;
}

/**
 * Our answer to the challenge received: f(StoC) on the client's side, f(CtoS) on the server's.
 * `counter` counts for GMAC only. Throws NOT_SUPPORTED (ECDSA), NO_KEY, NO_SYSTEM_TITLE, HLS_FAILED (no coded password).
 */
export function hlsReply(ctx: HlsContext, challenges: Challenges, counter: number = 0): Uint8Array {
  const { mechanism, secret } = ctx;
  switch (mechanism) {
    case MECHANISM.highGmac:
      return gmacReply(ctx, ctx.ownTitle, challenges.received, counter, CONTROL.authentication);
    case MECHANISM.highSha256: {
      const [own, peer] = [titled(ctx.ownTitle, 'our side'), titled(ctx.peerTitle, 'the AARE')];
      return digest('sha256', secret, own, peer, challenges.received, challenges.sent);
    }
    default:
      if (mechanism === MECHANISM.high && ctx.coded === true) return coded(secret, challenges.received);
      return keyedDigest(mechanism, secret, challenges.received);
  }
}

/** The other side's answer to the challenge we sent. Throws HLS_FAILED where it is not what the secret makes of it. */
export function hlsVerify(ctx: HlsContext, challenges: Challenges, answer: Uint8Array): void {
  const wanted = wantedAnswer(ctx, challenges, answer);
  if (wanted === null || wanted.length !== answer.length || !timingSafeEqual(wanted, answer)) {
    throw new DlmsError({
      code: 'HLS_FAILED',
      mechanism: mechanismName(ctx.mechanism),
      reason: 'the answer of the other side to our challenge is wrong',
    });
  }
}

/** `high-gmac` for 5: the words of the settings. */
export function mechanismName(mechanism: number): string {
  return NAMES[mechanism] ?? `mechanism ${mechanism}`;
}

/** null: no answer of this form can be right. */
function wantedAnswer(ctx: HlsContext, challenges: Challenges, answer: Uint8Array): Uint8Array | null {
  if (ctx.mechanism === MECHANISM.highGmac) {
    if (answer.length !== GMAC_ANSWER_OCTETS) return null;
    const r = new Reader(answer);
    const control = r.u8('security-control');
    return gmacReply(ctx, ctx.peerTitle, challenges.sent, r.u32('invocation-counter'), control);
  }
  // The other side calls its own what we call the peer's.
  return hlsReply(
    { ...ctx, ownTitle: ctx.peerTitle, peerTitle: ctx.ownTitle },
    { sent: challenges.received, received: challenges.sent },
  );
}

/** SC || IC || GMAC over SC || AK || challenge. */
function gmacReply(
  ctx: HlsContext,
  title: Uint8Array | null,
  challenge: Uint8Array,
  counter: number,
  control: number,
): Uint8Array {
  if (ctx.encryptionKey === null || ctx.authenticationKey === null) {
    throw new DlmsError({ code: 'NO_KEY', systemTitle: null, counter: null });
  }
  const aad = concat(Uint8Array.of(control), ctx.authenticationKey.octets(), challenge);
  const tag = gmac(ctx.encryptionKey, titled(title, 'the association'), counter, aad);
  return new Writer(GMAC_ANSWER_OCTETS).u8(control).u32(counter).bytes(tag).toBytes();
}

function keyedDigest(mechanism: number, secret: Uint8Array, challenge: Uint8Array): Uint8Array {
  switch (mechanism) {
    case MECHANISM.high:
      return ecb(secret, challenge);
    case MECHANISM.highMd5:
      return digest('md5', challenge, secret);
    case MECHANISM.highSha1:
      return digest('sha1', challenge, secret);
    default:
      throw new DlmsError({ code: 'NOT_SUPPORTED', what: `authentication ${mechanismName(mechanism)}` });
  }
}

/**
 * Mechanism 2 is left to the manufacturer. The common form encrypts the challenge, filled with zeros to whole blocks, by
 * AES-128-ECB under the secret, filled or cut to 16 octets. Some makers (L+G among them) use an algorithm of their own.
 */
function ecb(secret: Uint8Array, challenge: Uint8Array): Uint8Array {
  const key = new Uint8Array(16);
  key.set(secret.subarray(0, 16));
  const blocks = new Uint8Array(Math.max(16, Math.ceil(challenge.length / 16) * 16));
  blocks.set(challenge);
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return concat(cipher.update(blocks), cipher.final());
}

function coded(secret: Uint8Array, challenge: Uint8Array): Uint8Array {
  const answer = codedPassword(secret, challenge);
  if (answer !== null) return answer;
  throw new DlmsError({
    code: 'HLS_FAILED',
    mechanism: 'high-lgz',
    reason: 'the challenge of the meter is no hexadecimal text that the password can be added to',
  });
}

function digest(hash: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(
    createHash(hash)
      .update(concat(...parts))
      .digest(),
  );
}

function titled(title: Uint8Array | null, where: string): Uint8Array {
  if (title === null || title.length === 0) throw new DlmsError({ code: 'NO_SYSTEM_TITLE', where });
  return title;
}

const GMAC_ANSWER_OCTETS = 17;
const NAMES: readonly string[] = [
  'none',
  'low',
  'high',
  'high-md5',
  'high-sha1',
  'high-gmac',
  'high-sha256',
  'high-ecdsa',
];
