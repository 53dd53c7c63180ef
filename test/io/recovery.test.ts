import assert from 'node:assert/strict';

import { mend, type FailedAssociation, type Remedy } from '../../src/io/session/recovery';
import { DlmsError, type Detail } from '../../src/core/wire/errors';

const TOO_LOW: Detail = { code: 'COUNTER_TOO_LOW', sent: 7, needed: 5000 };
const TOO_LOW_WITHOUT_NUMBER: Detail = { code: 'COUNTER_TOO_LOW', sent: 7, needed: null };
const EXCEPTION: Detail = { code: 'EXCEPTION_RESPONSE', state: 'service-not-allowed', service: 'deciphering-error' };
const REFUSED: Detail = { code: 'ASSOCIATION_REFUSED', result: 1, diagnostic: 'no-reason-given' };
const LOST: Detail = { code: 'CONNECTION_LOST', where: 'meter:4059', reason: 'closed' };
const SILENT: Detail = { code: 'NO_ANSWER', waitingFor: 'get-response', afterMs: 1500 };
const WRONG_PASSWORD: Detail = { code: 'WRONG_PASSWORD', diagnostic: 'authentication-failure' };
const DENIED: Detail = { code: 'ACCESS_DENIED', object: '1-0:1.8.0*255 attribute 2', result: 'read-write-denied' };

const NOTHING: FailedAssociation = {
  resynchronised: false,
  counterDoubted: false,
  counterJustRead: false,
  dedicatedUnproven: false,
  held: false,
  repeatable: false,
};
const HELD: Partial<FailedAssociation> = { held: true, repeatable: true };

const TABLE: readonly (readonly [string, Detail, Partial<FailedAssociation>, Remedy | null])[] = [
  ['goes on from the counter that the meter names', TOO_LOW, {}, 'resync'],
  ['does so once', TOO_LOW, { resynchronised: true }, null],
  ['prefers the number that the meter names to reading it', TOO_LOW, { counterDoubted: true }, 'resync'],
  [
    'reads the counter where a doubted one is too low',
    TOO_LOW_WITHOUT_NUMBER,
    { counterDoubted: true },
    'read-counter',
  ],
  ['associates anew where a counter is too low and nobody names it', TOO_LOW_WITHOUT_NUMBER, {}, 'again'],
  ['does so once as well', TOO_LOW_WITHOUT_NUMBER, { resynchronised: true }, null],
  ['reads a doubted counter after an exception', EXCEPTION, { counterDoubted: true }, 'read-counter'],
  ['reads a doubted counter after a refused association', REFUSED, { counterDoubted: true }, 'read-counter'],
  ['reads a doubted counter after a meter that hung up', LOST, { counterDoubted: true }, 'read-counter'],
  ['does not blame a doubted counter for a wrong password', WRONG_PASSWORD, { counterDoubted: true }, null],
  [
    'doubts the counter before the dedicated key',
    EXCEPTION,
    { counterDoubted: true, dedicatedUnproven: true },
    'read-counter',
  ],
  [
    'leaves out a dedicated key that nothing was answered under',
    EXCEPTION,
    { dedicatedUnproven: true },
    'without-dedicated',
  ],
  ['takes an exception for the last word otherwise', EXCEPTION, HELD, null],
  ['takes a refused association for the last word', REFUSED, HELD, null],
  ['asks again where the meter hung up behind the public client', LOST, { counterJustRead: true }, 'again'],
  ['asks again behind the public client where a write was to come', SILENT, { counterJustRead: true }, 'again'],
  ['asks again where a held association was half open', SILENT, HELD, 'again'],
  ['never sends a write a second time', LOST, { held: true }, null],
  ['does not ask a fresh association again', SILENT, { repeatable: true }, null],
  [
    'has no remedy against a right that is missing',
    DENIED,
    { ...HELD, counterDoubted: true, dedicatedUnproven: true },
    null,
  ],
];

describe('recovery of an association', () => {
  for (const [what, detail, facts, remedy] of TABLE) {
    it(what, () => assert.equal(mend(new DlmsError(detail), { ...NOTHING, ...facts }), remedy));
  }
});
