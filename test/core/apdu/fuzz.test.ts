// Any bytes decode or give a DlmsError, never another error, within a bounded time; and what decodes can be encoded.

import assert from 'node:assert/strict';

import { APDUS, decodeApdu, encodeApdu, type Apdu } from '../../../src/core/apdu';
import { DlmsError } from '../../../src/core/wire/errors';
import { unhex } from '../../../src/core/wire/hex';
import { seeded, toJson, vectors } from '../../feed';

const SEEDS = vectors('apdu').map(v => unhex(v.hex));

function decodedOrRefused(bytes: Uint8Array): Apdu | null {
  try {
    return decodeApdu(bytes).apdu;
  } catch (e) {
    assert.ok(e instanceof DlmsError, `${String(e)} for ${Buffer.from(bytes).toString('hex')}`);
    return null;
  }
}

/** What was decoded survives another turn, even where its octets were not the usual ones. */
function turns(bytes: Uint8Array): void {
  const apdu = decodedOrRefused(bytes);
  if (apdu === null) return;
  assert.deepEqual(toJson(decodeApdu(encodeApdu(apdu)).apdu), toJson(apdu));
}

describe('any bytes', () => {
  it('made from vectors by changes, cuts and insertions decode or are refused', () => {
    const random = seeded(20261121);
    for (let round = 0; round < 30_000; round++) {
      const seed = SEEDS[random(SEEDS.length)] as Uint8Array;
      const bytes = Array.from(seed);
      for (let changes = 1 + random(4); changes > 0; changes--) {
        const at = random(bytes.length);
        const kind = random(4);
        if (kind === 0) bytes[at] = random(256);
        else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        else if (kind === 2) bytes.splice(at, 1 + random(3));
        else bytes.splice(at, 0, random(256));
        if (bytes.length === 0) bytes.push(random(256));
      }
      turns(Uint8Array.from(bytes));
    }
  });

  it('of noise behind each tag decode or are refused', () => {
    const random = seeded(4059);
    for (const { prefix } of APDUS) {
      for (let round = 0; round < 200; round++) {
        turns(Uint8Array.from([...prefix, ...Array.from({ length: random(60) }, () => random(256))]));
      }
    }
  });

  it('that promise a great deal are refused at once', () => {
    const started = process.hrtime.bigint();
    for (const { prefix } of APDUS) {
      for (const promise of ['84ffffffff', '8300ffff', '01ff02ff01ff02ff', '13010fffff13010fffff']) {
        for (let zeros = 0; zeros < 16; zeros++) {
          decodedOrRefused(Uint8Array.from([...prefix, ...new Uint8Array(zeros), ...unhex(promise)]));
        }
      }
    }
    assert.ok(Number(process.hrtime.bigint() - started) < 5e9, 'took more than five seconds');
  });
});
