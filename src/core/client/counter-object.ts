// The object in which a meter keeps the last invocation counter of a client, read in clear by the public client.
// The rule of the file: the number is taken from whole-number types only; a float or a text is no counter.

import type { Data } from '../cosem/data';
import { invocationCounter, type InvocationCounter } from '../security';
import { DlmsError } from '../wire/errors';

/** Throws COUNTER_INVALID. `where` names the object. */
export function counterIn(value: Data | null, where: string): InvocationCounter {
  if (value === null || !('value' in value) || !WHOLE.has(value.type)) {
    throw new DlmsError({ code: 'COUNTER_INVALID', where, value: value === null ? 'no value' : `a ${value.type}` });
  }
  return invocationCounter(value.value, where);
}

/** By the standard a double-long-unsigned; the others are wider or narrower counters, and signed ones that count up from 0. */
const WHOLE: ReadonlySet<Data['type']> = new Set([
  'double-long-unsigned',
  'long-unsigned',
  'unsigned',
  'long64-unsigned',
  'double-long',
  'long',
  'integer',
  'long64',
]);
