// reply_to_HLS_authentication by short name, by bytes: what is tried, and after which refusals.

import assert from 'node:assert/strict';

import { decodeApdu, encodeApdu } from '../../../src/core/apdu';
import { answerTo, type Turn } from '../../../src/core/client/request';
import { SnProof } from '../../../src/core/client/sn';
import { octets } from '../../../src/core/cosem/data';
import { Obis } from '../../../src/core/obis/obis';
import { DlmsError } from '../../../src/core/wire/errors';
import { hex, unhex } from '../../../src/core/wire/hex';

const METHOD = { classId: 12, obis: Obis.parse('0-0:40.0.0*255'), method: 8, baseName: 0xfa00 };
const UNKNOWN = new DlmsError({
  code: 'EXCEPTION_RESPONSE',
  state: 'service-unknown',
  service: 'service-not-supported',
});
/** read or write, one variable: FA58 by parameter with its selector, or by its name, and the proof. */
const FORMS = ['050104fa580009020102', '050104fa580109020102', '060102fa580109020102'];

function proof(): SnProof {
  return new SnProof(METHOD, octets([1, 2]));
}
function sent(turn: Turn | null): string | null {
  return turn === null || turn.send === null ? null : hex(encodeApdu(turn.send));
}
function answered(exchange: SnProof, bytes: string): Turn {
  return answerTo(exchange, decodeApdu(unhex(bytes)).apdu);
}

describe('the proof of high level security by short name', () => {
  it('goes on in another form where the service is refused, and ends with the third', () => {
    const exchange = proof();
    assert.equal(hex(encodeApdu(exchange.start())), FORMS[0]);
    assert.equal(sent(exchange.refused(UNKNOWN)), FORMS[1]);
    assert.equal(sent(exchange.refused(UNKNOWN)), FORMS[2]);
    assert.equal(exchange.refused(UNKNOWN), null);
  });
  it('is written first to a meter whose other clients write it', () => {
    const exchange = new SnProof(METHOD, octets([1, 2]), true);
    assert.equal(hex(encodeApdu(exchange.start())), FORMS[2]);
    assert.equal(sent(exchange.refused(UNKNOWN)), FORMS[0]);
    assert.equal(sent(exchange.refused(UNKNOWN)), FORMS[1]);
    assert.equal(exchange.refused(UNKNOWN), null);
  });
  it('goes on where the result is about what was asked', () => {
    for (const result of ['04', '09', '0b', '0c', '0d', 'fa']) {
      // 0C 01, [1] data-access-error
      assert.equal(sent(answered(proof(), `0c0101${result}`)), FORMS[1], result);
    }
  });
  it('does not try again what was refused for itself: meters count wrong tries', () => {
    for (const result of ['01', '03']) {
      const turn = answered(proof(), `0c0101${result}`);
      assert.equal(turn.send, null);
      assert.equal(turn.events[0]?.type === 'value' && turn.events[0].outcome.ok, false);
    }
    const key = new DlmsError({ code: 'WRONG_KEY', systemTitle: null, refused: 'encryption' });
    assert.equal(proof().refused(key), null);
  });
  it('takes what the meter returns, to a Write as to a Read', () => {
    const exchange = proof();
    exchange.start();
    exchange.refused(UNKNOWN);
    exchange.refused(UNKNOWN);
    // Gurux: the read-response with the proof, and a write-response behind it
    const turn = answered(exchange, '0c010009020304' + '0d0100');
    assert.deepEqual(turn.events, [
      { type: 'value', index: 0, outcome: { ok: true, value: { type: 'octet-string', value: unhex('0304') } } },
    ]);
  });
  it('is without a proof of the meter where that only says that it wrote', () => {
    const turn = answered(proof(), '0d0100');
    assert.deepEqual(turn.events, [{ type: 'value', index: 0, outcome: { ok: true, value: null } }]);
  });
});
