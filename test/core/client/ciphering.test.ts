import assert from 'node:assert/strict';

import { decodeApdu, encodeApdu, type Apdu } from '../../../src/core/apdu';
import { serviceRefusal } from '../../../src/core/client/association';
import { Ciphering, type Refusal } from '../../../src/core/client/ciphering';
import type { ClientOptions, SecurityPolicy } from '../../../src/core/client/options';
import { Key, sealApdu } from '../../../src/core/security';
import { unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const TITLE = Uint8Array.from([0x4d, 0x46, 0x4d, 0, 0, 0, 0, 9]);
const [GLOBAL, AUTHENTICATION, DEDICATED] = ['00', '11', '22'].map(octet => Key.parse(octet.repeat(16), 'key')) as [
  Key,
  Key,
  Key,
];
const ANSWER: Apdu = { type: 'get-response-normal', invoke: 0xc1, result: { ok: true, data: { type: 'null-data' } } };
const PUSH: Apdu = {
  type: 'event-notification-request',
  time: null,
  attribute: { classId: 1, instance: Uint8Array.from([0, 0, 96, 11, 0, 255]), attribute: 2 },
  value: { type: 'unsigned', value: 1 },
};

function ciphering(security: SecurityPolicy, withAuthenticationKey = true): Ciphering {
  return new Ciphering({
    referencing: 'ln',
    authentication: 'none',
    security,
    meterSystemTitle: TITLE,
    encryptionKey: GLOBAL,
    dedicatedKey: DEDICATED,
    ...(withAuthenticationKey && { authenticationKey: AUTHENTICATION }),
  });
}

function sealed(control: number, counter: number, form: 'glo' | 'ded' = 'glo', apdu: Apdu = ANSWER): Uint8Array {
  const key = form === 'glo' ? GLOBAL : DEDICATED;
  return sealApdu(encodeApdu(apdu), {
    form,
    systemTitle: TITLE,
    key,
    authenticationKey: AUTHENTICATION,
    control,
    counter,
  });
}

describe('the ciphering of an association', () => {
  it('counts what came under the global and under the dedicated key apart', () => {
    const c = ciphering('authentication-encryption');
    c.open(sealed(0x30, 700));
    for (const counter of [0, 1, 2]) assert.deepEqual(c.open(sealed(0x30, counter, 'ded')).apdu, ANSWER);
    c.open(sealed(0x30, 701));
    for (const again of [sealed(0x30, 701), sealed(0x30, 5), sealed(0x30, 2, 'ded')]) {
      assert.equal(
        failure(() => c.open(again)),
        'REPLAYED',
      );
    }
  });

  it('takes a counter again where the meter is said to repeat it, and never a lower one', () => {
    const repeating = new Ciphering({ ...ciphering('authentication-encryption').options, counterRepeats: true });
    repeating.open(sealed(0x30, 700));
    assert.deepEqual(repeating.open(sealed(0x30, 700)).apdu, ANSWER);
    assert.equal(
      failure(() => repeating.open(sealed(0x30, 699))),
      'REPLAYED',
    );
  });

  it('names the key that a meter cannot decipher with, as far as it can be told', () => {
    const options = (security: SecurityPolicy): ClientOptions => {
      const { dedicatedKey: _none, ...rest } = ciphering(security).options;
      return { ...rest, systemTitle: TITLE, counter: { next: () => 1 } };
    };
    const refused = (o: ClientOptions, word = 'd80105'): unknown => {
      const c = new Ciphering(o);
      if (o.security !== 'none') c.protect(encodeApdu(ANSWER));
      const { detail } = serviceRefusal(decodeApdu(unhex(word)).apdu as Refusal, c);
      return detail.code === 'WRONG_KEY' ? detail.refused : detail.code;
    };
    assert.equal(refused(options('encryption')), 'encryption');
    assert.equal(refused(options('authentication')), 'encryption-or-authentication');
    assert.equal(refused(options('authentication-encryption'), 'd80205'), 'encryption-or-authentication');
    assert.equal(refused({ ...options('authentication-encryption'), dedicatedKey: DEDICATED }), 'dedicated');
    assert.equal(refused(options('none')), 'EXCEPTION_RESPONSE');
    assert.equal(refused(options('encryption'), 'd80102'), 'EXCEPTION_RESPONSE');
  });

  it('leaves the counter of what comes unasked alone', () => {
    const c = ciphering('authentication-encryption');
    c.open(sealed(0x30, 10));
    assert.equal(c.open(sealed(0x30, 90_000, 'glo', PUSH)).apdu.type, 'event-notification-request');
    assert.deepEqual(c.open(sealed(0x30, 11)).apdu, ANSWER);
  });

  it('takes no answer that bears the title of another meter of the same keys, or our own', () => {
    const ours = Uint8Array.from([0x4d, 0x46, 0x4c, 0, 0, 0, 0, 1]);
    const other = Uint8Array.from([0x4d, 0x46, 0x4d, 0, 0, 0, 0, 8]);
    const from = (systemTitle: Uint8Array, counter: number): Uint8Array =>
      sealApdu(encodeApdu(ANSWER), {
        form: 'general-glo',
        systemTitle,
        key: GLOBAL,
        authenticationKey: AUTHENTICATION,
        control: 0x30,
        counter,
      });
    const c = new Ciphering({ ...ciphering('authentication-encryption').options, systemTitle: ours });
    assert.deepEqual(c.open(from(TITLE, 1)).apdu, ANSWER);
    for (const stranger of [other, ours]) {
      assert.equal(
        failure(() => c.open(from(stranger, 2))),
        'NOT_THE_METER',
      );
    }
    // Where nobody has told the title, that of the first proven answer counts.
    const { meterSystemTitle: _, ...untold } = c.options;
    const unknown = new Ciphering(untold);
    assert.deepEqual(unknown.open(from(TITLE, 3)).apdu, ANSWER);
    assert.equal(
      failure(() => unknown.open(from(other, 4))),
      'NOT_THE_METER',
    );
  });

  // What the policy asks for, what the answer carries (0x10 tag, 0x20 encryption), what becomes of it.
  const TABLE: readonly (readonly [SecurityPolicy, number | 'plain', 'taken' | 'noted' | string])[] = [
    ['authentication-encryption', 0x30, 'taken'],
    ['authentication-encryption', 0x10, 'noted'],
    ['authentication-encryption', 0x20, 'AUTHENTICATION_FAILED'],
    ['authentication-encryption', 0x00, 'AUTHENTICATION_FAILED'],
    ['authentication-encryption', 'plain', 'UNEXPECTED_RESPONSE'],
    ['encryption', 0x30, 'taken'],
    ['encryption', 0x20, 'taken'],
    ['encryption', 0x10, 'noted'],
    ['encryption', 0x00, 'UNEXPECTED_RESPONSE'],
    ['encryption', 'plain', 'UNEXPECTED_RESPONSE'],
    ['authentication', 0x30, 'taken'],
    ['authentication', 0x10, 'taken'],
    ['authentication', 0x20, 'AUTHENTICATION_FAILED'],
    ['authentication', 0x00, 'AUTHENTICATION_FAILED'],
    ['authentication', 'plain', 'UNEXPECTED_RESPONSE'],
  ];
  for (const [policy, carried, becomes] of TABLE) {
    const what = carried === 'plain' ? 'without any' : `with control ${carried.toString(16)}`;
    it(`with ${policy}: an answer ${what} is ${becomes}`, () => {
      const bytes = carried === 'plain' ? encodeApdu(ANSWER) : sealed(carried, 1);
      const open = () => ciphering(policy).open(bytes);
      if (becomes !== 'taken' && becomes !== 'noted') return assert.equal(failure(open), becomes);
      const { apdu, note } = open();
      assert.deepEqual(apdu, ANSWER);
      assert.equal(note, becomes === 'noted' ? 'get-response-normal came authenticated but not encrypted' : null);
    });
  }

  it('takes no tag for a proof that it cannot verify', () => {
    assert.equal(
      failure(() => ciphering('encryption', false).open(sealed(0x10, 1))),
      'UNEXPECTED_RESPONSE',
    );
  });

  it('lets refusals in clear through, because a meter that cannot decipher can say nothing else', () => {
    const refusal: Apdu = { type: 'exception-response', state: 1, service: 2, counter: null };
    assert.equal(ciphering('authentication-encryption').open(encodeApdu(refusal)).apdu.type, 'exception-response');
  });
});
