import assert from 'node:assert/strict';

import { codedPassword, hlsReply, hlsVerify, isCodedPassword, type HlsContext } from '../../../src/core/security';
import { fromLatin1, latin1 } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const coded = (password: string, challenge: string): string | null => {
  const answer = codedPassword(fromLatin1(password), fromLatin1(challenge));
  return answer === null ? null : latin1(answer);
};
const meter: HlsContext = {
  mechanism: 2,
  coded: true,
  secret: fromLatin1('20458'),
  ownTitle: null,
  peerTitle: null,
  encryptionKey: null,
  authenticationKey: null,
};

describe('the coded password of Landis+Gyr', () => {
  it('adds each digit of the password to the digit of the challenge at its place, modulo 16', () => {
    const digits = '0123456789ABCDEF';
    for (let password = 0; password <= 9; password++) {
      for (const [at, digit] of [...digits].entries()) {
        const wanted = (at + password).toString(16).slice(-1).toUpperCase();
        assert.equal(coded(`${password}`, `${digit}5`), `${wanted}5`, `${password} to ${digit}`);
      }
    }
  });

  it('leaves what lies beyond the password, and all of it with zeros', () => {
    assert.equal(coded('314', 'C0FFEE0042'), 'F13FEE0042');
    assert.equal(coded('0000000000', 'C0FFEE0042'), 'C0FFEE0042');
  });

  it('has no answer where the challenge is no such text or the password no digits, or longer than it', () => {
    for (const [password, challenge] of [
      ['1234', 'c0ffee00'],
      ['1234', 'C0FFEE0 '],
      ['1234', '\u0001\u0002\u0003\u0004'],
      ['1234', ''],
      ['12a4', 'C0FFEE00'],
      ['', 'C0FFEE00'],
      ['123456789', 'C0FFEE00'],
    ] as const) {
      assert.equal(coded(password, challenge), null, `${password} ${challenge}`);
    }
    assert.equal(isCodedPassword(fromLatin1('0123')), true);
    assert.equal(isCodedPassword(fromLatin1('0x12')), false);
  });

  it('is what both sides make of mechanism 2 then', () => {
    const received = fromLatin1('8F3A00C7D219E4B6');
    const sent = fromLatin1('a challenge ...!');
    const answer = hlsReply(meter, { sent, received });
    assert.equal(latin1(answer), 'AF7F80C7D219E4B6');
    hlsVerify(meter, { sent: received, received: sent }, answer);
    answer[3]! ^= 1;
    assert.equal(
      failure(() => hlsVerify(meter, { sent: received, received: sent }, answer)),
      'HLS_FAILED',
    );
    assert.equal(
      failure(() => hlsReply(meter, { sent, received: new Uint8Array(16) })),
      'HLS_FAILED',
    );
  });
});
