// Who may associate with the simulated meter: client addresses, how they prove themselves, what protection they must use.

import type { Authentication, SecurityPolicy } from '../core/client/options';
import { isCodedPassword } from '../core/security';
import { fromLatin1 } from '../core/wire/hex';

export interface Account {
  /** Client SAP. */
  readonly client: number;
  readonly authentication: Exclude<Authentication, 'high-ecdsa'>;
  /** Password of low, secret of the high mechanisms except GMAC. */
  readonly secret: Uint8Array;
  /** What every APDU after the association must carry at least. */
  readonly security: SecurityPolicy;
  /** The association stands from the beginning, without AARQ. */
  readonly preEstablished?: boolean;
}

/** The accounts of a meter as it leaves the shop: 16 reads without proof, the others by what their name says. */
export function defaultAccounts(password = '12345678', secret = 'a secret of 16 !'): Account[] {
  const none = new Uint8Array(0);
  const low = fromLatin1(password);
  const high = fromLatin1(secret);
  return [
    { client: 16, authentication: 'none', secret: none, security: 'none' },
    { client: 17, authentication: 'low', secret: low, security: 'none' },
    { client: 18, authentication: 'high', secret: high, security: 'none' },
    { client: 19, authentication: 'high-md5', secret: high, security: 'none' },
    { client: 20, authentication: 'high-sha1', secret: high, security: 'none' },
    { client: 21, authentication: 'high-sha256', secret: high, security: 'none' },
    { client: 1, authentication: 'high-gmac', secret: none, security: 'none' },
    // The coded password of Landis+Gyr is made of digits.
    ...(isCodedPassword(low)
      ? [{ client: 48, authentication: 'high-lgz', secret: low, security: 'none' } as const]
      : []),
  ];
}

/** authentication-mechanism-name, last arc. IEC 62056-5-3. */
export const MECHANISM_OF: Readonly<Record<Account['authentication'], number>> = {
  none: 0,
  low: 1,
  high: 2,
  'high-lgz': 2,
  'high-md5': 3,
  'high-sha1': 4,
  'high-gmac': 5,
  'high-sha256': 6,
};
