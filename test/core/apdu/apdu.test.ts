import assert from 'node:assert/strict';

import { APDUS, apduName, decodeApdu } from '../../../src/core/apdu';
import { unhex } from '../../../src/core/wire/hex';
import { failure, sixTreatments, toJson, vectors } from '../../feed';

const ALL = vectors('apdu');

describe('APDU vectors', () => {
  for (const vector of ALL) describe(vector.name, () => sixTreatments(vector));

  it('there is one for every alternative', () => {
    const covered = new Set(ALL.map(v => (v.apdu as { type: string }).type));
    assert.deepEqual(
      APDUS.map(a => a.type).filter(type => !covered.has(type)),
      [],
    );
  });

  it('each says where it comes from and has a name of its own', () => {
    for (const v of ALL) assert.ok(v.from.length > 10, v.name);
    assert.equal(new Set(ALL.map(v => v.name)).size, ALL.length);
  });
});

describe('the table of APDUs', () => {
  it('begins no two alternatives with the same octets', () => {
    const prefixes = APDUS.map(a => a.prefix.join());
    assert.equal(new Set(prefixes).size, prefixes.length);
  });

  it('has two octets for all forms of a service or for none', () => {
    const lengths = new Map<number, number>();
    for (const { prefix } of APDUS) {
      const tag = prefix[0] as number;
      assert.equal(lengths.get(tag) ?? prefix.length, prefix.length, `tag ${tag}`);
      lengths.set(tag, prefix.length);
    }
  });

  it('names a tag and knows what it does not know', () => {
    assert.equal(apduName(0xc4), 'get-response');
    assert.equal(apduName(0xdb), 'general-glo-ciphering');
    assert.equal(apduName(0x7f), 'apdu 0x7f');
  });

  it('refuses an unknown tag, an unknown form and nothing at all', () => {
    assert.equal(
      failure(() => decodeApdu(unhex('7f00'))),
      'WIRE_INVALID',
    );
    assert.equal(
      failure(() => decodeApdu(unhex('c409c1'))),
      'WIRE_INVALID',
    );
    assert.equal(
      failure(() => decodeApdu(unhex(''))),
      'WIRE_TRUNCATED',
    );
  });

  it('says which field of which message ended too early', () => {
    assert.throws(() => decodeApdu(unhex('c401c1')), {
      message: /^get-data-result: need 1 byte\(s\) at offset 3, have 0/,
    });
  });

  it('counts what follows a complete message: a clock that came twice', () => {
    const once = 'c401c100090c07ea0b15060a0f0000ffc400';
    const { apdu, surplus } = decodeApdu(unhex(once + once));
    assert.equal(surplus, once.length / 2);
    assert.equal(apdu.type, 'get-response-normal');
  });

  it('refuses choices that no service has', () => {
    for (const hex of [
      'c401c102',
      'c402c1000000000102',
      '050109',
      '0c0104',
      '0d0103',
      'd90000000000010600',
      'da00000000 00 00 00 01 0400',
      'dd000000000001 03',
      '01000000065e',
    ]) {
      assert.equal(
        failure(() => decodeApdu(unhex(hex))),
        'WIRE_INVALID',
        hex,
      );
    }
  });

  it('refuses a list longer than the octets that could hold it before it builds anything', () => {
    for (const hex of ['c003c1847fffffff', '0c84ffffffff00', 'c505c1820400']) {
      assert.equal(
        failure(() => decodeApdu(unhex(hex))),
        'WIRE_TRUNCATED',
        hex,
      );
    }
  });

  it('gives views of the received bytes for raw fields, not copies', () => {
    const bytes = unhex('c402c1000000000100050102030405');
    const { apdu } = decodeApdu(bytes);
    assert.ok(apdu.type === 'get-response-with-datablock' && apdu.result.ok);
    assert.equal(apdu.result.raw.buffer, bytes.buffer);
    assert.equal(toJson(apdu.result.raw), '0x0102030405');
  });
});
