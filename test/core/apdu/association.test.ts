import assert from 'node:assert/strict';

import {
  conformanceOf,
  conformanceToNumber,
  CONFORMANCE_BITS,
  decodeApdu,
  encodeApdu,
  type Aare,
} from '../../../src/core/apdu';
import { hex, unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const CONTEXT = 'a109060760857405080101';
const REFUSED = 'a203020101 a305a10302010d';

function aare(body: string): Aare {
  const content = unhex(body);
  const { apdu } = decodeApdu(Uint8Array.of(0x61, content.length, ...content));
  assert.equal(apdu.type, 'aare');
  return apdu as Aare;
}

describe('an AARE', () => {
  it('tells why it refuses even with user-information that nobody can read', () => {
    for (const damaged of ['be', 'be80', 'be84ff', 'be89', 'be02', 'be0204', 'be04040effff', 'be0304ff00', 'be00']) {
      const { result, diagnostic } = aare(`${CONTEXT}${REFUSED}${damaged}`);
      assert.deepEqual({ result, diagnostic }, { result: 1, diagnostic: { source: 1, value: 13 } }, damaged);
    }
  });

  it('is read whatever protocol version it claims', () => {
    for (const version of ['8002028a', '80020780', '800100']) {
      const read = aare(`${version}${CONTEXT}a203020100 a305a103020100`);
      assert.equal(read.result, 0);
      assert.equal(hex(read.protocolVersion as Uint8Array), version.slice(4));
    }
  });

  it('is read without a diagnostic', () => {
    assert.deepEqual(aare(`${CONTEXT}a203020101`).diagnostic, { source: 1, value: 0 });
  });

  it('is refused without a result', () => {
    assert.equal(
      failure(() => aare(CONTEXT)),
      'WIRE_INVALID',
    );
    assert.equal(
      failure(() => aare(`${CONTEXT}a200`)),
      'WIRE_INVALID',
    );
  });

  it('gives the mechanism also where its name has a tag of its own', () => {
    const body = `${CONTEXT}a203020100 a305a10302010e 8909060760857405080205`;
    assert.equal(aare(body).mechanism, 5);
  });

  it('has no mechanism where the name is another family', () => {
    assert.equal(aare(`${CONTEXT}a203020100 a305a103020100 890460857405`).mechanism, null);
  });

  it('is read with lengths of more octets than needed', () => {
    const { apdu } = decodeApdu(
      unhex('61 82 0019 a1 81 09 06 07 60857405080101 a2 81 03 02 01 00 a3 05 a1 03 02 01 00'),
    );
    assert.ok(apdu.type === 'aare' && apdu.applicationContext === 1 && apdu.result === 0);
  });
});

describe('an RLRE', () => {
  it('whose length is two octets short still gives its user-information whole', () => {
    const { apdu, surplus } = decodeApdu(unhex('630d 800100 be0c 040a 2808 30 00000001 aabbcc'));
    assert.equal(surplus, 0);
    assert.ok(apdu.type === 'rlre' && apdu.userInformation !== null);
    assert.equal(hex(apdu.userInformation), '28083000000001aabbcc');
  });
});

describe('the conformance block', () => {
  it('names each of its 24 bits, the first one the most significant', () => {
    assert.equal(CONFORMANCE_BITS.length, 24);
    CONFORMANCE_BITS.forEach((name, i) => {
      assert.equal(conformanceToNumber([name]), 2 ** (23 - i));
      assert.deepEqual(conformanceOf(2 ** (23 - i)), [name]);
    });
  });

  it('is the same after writing and reading', () => {
    for (const bits of [0, 0x007e1f, 0x00501f, 0x1c0320, 0xffffff]) {
      assert.equal(conformanceToNumber(conformanceOf(bits)), bits);
    }
  });

  it('is refused where it is too short', () => {
    assert.equal(
      failure(() => decodeApdu(unhex('01000000065f1f0300001d0400'))),
      'WIRE_TRUNCATED',
    );
  });
});

describe('an AARQ', () => {
  it('asks for authentication exactly when it names a mechanism', () => {
    const base = {
      type: 'aarq',
      protocolVersion: null,
      applicationContext: 1,
      callingApTitle: null,
      callingAeQualifier: null,
      callingAeInvocationId: null,
      callingAuthenticationValue: null,
      userInformation: null,
    } as const;
    assert.equal(hex(encodeApdu({ ...base, mechanism: null })), '600ba109060760857405080101');
    assert.equal(hex(encodeApdu({ ...base, mechanism: 0 })), '6018a1090607608574050801018a0207808b0760857405080200');
  });
});
