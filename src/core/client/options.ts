// What a client is told before it starts: who it is, how it proves that, how it protects, what it proposes.

import type { ConformanceBit } from '../apdu';
import { Obis } from '../obis/obis';
import type { Key } from '../security/keys';

export type Authentication =
  | 'none'
  | 'low'
  | 'high'
  /** Mechanism 2 with the coded password of Landis+Gyr. */
  | 'high-lgz'
  | 'high-md5'
  | 'high-sha1'
  | 'high-gmac'
  | 'high-sha256'
  | 'high-ecdsa';

/** What every APDU after the AARE carries: a tag, ciphertext, both, or nothing. */
export type SecurityPolicy = 'none' | 'authentication' | 'encryption' | 'authentication-encryption';

/** The invocation counters of our side: each call gives the next one to use, 0..4294967294, never one twice. */
export interface CounterSource {
  next(): number;
}

/** The highest counters that came under a key from a system title, over associations; a lower one is a recorded message. */
export interface ReceivedCounters {
  /** Null where nothing came yet. */
  highest(key: string, systemTitle: Uint8Array): number | null;
  /** Of a message whose tag was verified; of another one anybody could have written it. */
  verified(key: string, systemTitle: Uint8Array, counter: number): void;
}

export interface ClientOptions {
  readonly referencing: 'ln' | 'sn';
  readonly authentication: Authentication;
  /** Password of low, secret of the high mechanisms 2, 3, 4 and 6. */
  readonly secret?: Uint8Array | undefined;
  readonly security: SecurityPolicy;
  /**
   * The maker is Landis+Gyr: with mechanism 2 a meter without a proof of its own is taken, with a warning, and where password
   * and challenge are those of a coded password, `high` is `high-lgz`.
   */
  readonly landisGyr?: boolean | undefined;
  /** Ours; needed for ciphering and for HighGMAC and HighSHA256. */
  readonly systemTitle?: Uint8Array | undefined;
  /** The meter's; what it sends in the AARE goes before it. */
  readonly meterSystemTitle?: Uint8Array | undefined;
  readonly encryptionKey?: Key | undefined;
  readonly authenticationKey?: Key | undefined;
  /** Sent to the meter in the AARQ and used from then on. */
  readonly dedicatedKey?: Key | undefined;
  readonly counter?: CounterSource | undefined;
  /** By {@link keyFingerprint}. Without it recorded messages are noticed within one association only. */
  readonly received?: ReceivedCounters | undefined;
  /** CtoS of high level security, 8 to 64 octets; the caller's random source made it. */
  readonly challenge?: Uint8Array | undefined;
  /** The meter uses a counter more than once: the same one is no replay, a lower one still is. */
  readonly counterRepeats?: boolean | undefined;
  /** The challenges that all conversations of this side have sent; one of them coming back proves nothing. */
  readonly sentChallenges?: (() => readonly Uint8Array[]) | undefined;
  /** The object of the association (LN), whose attribute 2 is the object list. Default 0-0:40.0.0*255, the current one. */
  readonly associationObject?: Obis | undefined;
  /** Skip SNRM and AARQ: the meter has an association that never ends. */
  readonly preEstablished?: boolean | undefined;
  /** general-glo-ciphering with our title in every APDU instead of the shorter service-specific forms. */
  readonly generalProtection?: boolean | undefined;
  /** Blocks in a row that we take of a general block transfer, 1..63; it is proposed from 2 on. */
  readonly gbtWindow?: number | undefined;
  /** Services to propose; the default is all that this client speaks. */
  readonly conformance?: readonly ConformanceBit[] | undefined;
  /** Largest APDU we take, 0..65535, 0: no limit. */
  readonly pduSize?: number | undefined;
  /** A new invoke-id with every request; some meters want it constant. */
  readonly invokeIdIncrease?: boolean | undefined;
  /** Attributes in one get-request-with-list; 1: always single reads. */
  readonly listSize?: number | undefined;
  /** Octets of one value joined from blocks; more is LIMIT_EXCEEDED. A streamed value has no such bound. */
  readonly valueLimit?: number | undefined;
  /** Every APDU as it goes over the link, for the trace; protected ones stay protected. */
  readonly onApdu?: ((direction: '>' | '<', apdu: Uint8Array) => void) | undefined;
}

export const CLIENT_DEFAULTS = {
  pduSize: 0xffff,
  listSize: 10,
  valueLimit: 16 * 1024 * 1024,
  associationObject: Obis.parse('0-0:40.0.0*255'),
} as const;
