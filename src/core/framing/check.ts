// What the check of a frame says: BCC, CRC, HCS and FCS, the sum of M-Bus.
// The rule of the file: a check that cannot be read, or did not come though the form has one, is not a check that is absent.

/** `unreadable`: it has damaged digits, or is missing where one belongs. `none-by-form`: this form has no check. */
export type Check = 'ok' | 'wrong' | 'unreadable' | 'none-by-form';

/** What a check that does not fit does: strict reports it instead of the values, warn marks them, off looks away. */
export type CheckPolicy = 'strict' | 'warn' | 'off';

/** Whether values leave by it without a mark. */
export function fits(check: Check): boolean {
  return check === 'ok' || check === 'none-by-form';
}

/** The word for it on a message; nobody looked where the policy is `off`. */
export function checksumOf(check: Check, policy: CheckPolicy): 'ok' | 'bad' | 'none' {
  if (policy === 'off' || check === 'none-by-form') return 'none';
  return check === 'ok' ? 'ok' : 'bad';
}

/** true for an even number of one bits. */
export function evenParity(byte: number): boolean {
  let b = byte ^ (byte >> 4);
  b ^= b >> 2;
  b ^= b >> 1;
  return (b & 1) === 0;
}
