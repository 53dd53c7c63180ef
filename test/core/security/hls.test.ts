import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { hlsNeedsCounter, hlsReply, hlsVerify, Key, mechanismName, type HlsContext } from '../../../src/core/security';
import { concat, fromLatin1, hex, unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const CTOS = fromLatin1('client-challenge');
const STOC = fromLatin1('server says');
const client: HlsContext = {
  mechanism: 2,
  secret: fromLatin1('a secret'),
  ownTitle: unhex('4d46540000000001'),
  peerTitle: unhex('4d46540000000002'),
  encryptionKey: Key.parse('9c1d6b0244f8a7e35510cc2983be7f64', 'encryption key'),
  authenticationKey: Key.parse('27b4f0619d3a85ce127be844d90653af', 'authentication key'),
};
const atClient = { sent: CTOS, received: STOC };
const atServer = { sent: STOC, received: CTOS };
const server: HlsContext = { ...client, ownTitle: client.peerTitle, peerTitle: client.ownTitle };

describe('high level security', () => {
  for (const mechanism of [2, 3, 4, 5, 6]) {
    describe(mechanismName(mechanism), () => {
      const c = { ...client, mechanism };
      const s = { ...server, mechanism };

      it('convinces each side of the other', () => {
        hlsVerify(s, atServer, hlsReply(c, atClient, 17));
        hlsVerify(c, atClient, hlsReply(s, atServer, 4711));
      });

      it('is not convinced by a changed, cut, lengthened or missing answer', () => {
        const answer = hlsReply(s, atServer, 4711);
        const changed = answer.slice();
        changed[answer.length - 1]! ^= 0x80;
        for (const wrong of [changed, answer.subarray(1), concat(answer, unhex('00')), new Uint8Array(0)]) {
          assert.equal(
            failure(() => hlsVerify(c, atClient, wrong)),
            'HLS_FAILED',
          );
        }
      });

      it('is not convinced by its own answer played back', () => {
        const own = hlsReply(c, atClient, 17);
        assert.equal(
          failure(() => hlsVerify(c, atClient, own)),
          'HLS_FAILED',
        );
      });

      it('depends on the secret or the keys', () => {
        const other: HlsContext = {
          ...s,
          secret: fromLatin1('another one'),
          authenticationKey: Key.parse('00112233445566778899aabbccddeeff', 'key'),
        };
        assert.equal(
          failure(() => hlsVerify(c, atClient, hlsReply(other, atServer, 1))),
          'HLS_FAILED',
        );
      });
    });
  }

  it('by MD5 and SHA-1 is the digest of challenge and secret', () => {
    for (const [mechanism, hash] of [
      [3, 'md5'],
      [4, 'sha1'],
    ] as const) {
      const wanted = createHash(hash).update('server saysa secret').digest('hex');
      assert.equal(hex(hlsReply({ ...client, mechanism }, atClient)), wanted);
    }
  });

  it('by GMAC says its control and counter in front', () => {
    const answer = hlsReply({ ...client, mechanism: 5 }, atClient, 0x01020304);
    assert.equal(answer.length, 17);
    assert.equal(hex(answer.subarray(0, 5)), '1001020304');
    assert.equal(hlsNeedsCounter(5), true);
    assert.equal(hlsNeedsCounter(3), false);
  });

  it('in the common form of mechanism 2 fills challenge and secret to whole blocks', () => {
    // FIPS 197 appendix C.1: key 000102…0f, plaintext 001122…ff.
    const aes = {
      ...client,
      mechanism: 2,
      secret: unhex('000102030405060708090a0b0c0d0e0f'),
    };
    const received = unhex('00112233445566778899aabbccddeeff');
    assert.equal(hex(hlsReply(aes, { sent: CTOS, received })), '69c4e0d86a7b0430d8cdb78070b4c55a');
    assert.equal(hlsReply({ ...client, mechanism: 2 }, { sent: CTOS, received: new Uint8Array(17) }).length, 32);
    assert.equal(hlsReply({ ...client, mechanism: 2 }, { sent: CTOS, received: new Uint8Array(0) }).length, 16);
  });

  it('needs keys for GMAC and titles for GMAC and SHA-256', () => {
    assert.equal(
      failure(() => hlsReply({ ...client, mechanism: 5, encryptionKey: null }, atClient)),
      'NO_KEY',
    );
    assert.equal(
      failure(() => hlsReply({ ...client, mechanism: 5, ownTitle: null }, atClient)),
      'NO_SYSTEM_TITLE',
    );
    assert.equal(
      failure(() => hlsReply({ ...client, mechanism: 6, peerTitle: null }, atClient)),
      'NO_SYSTEM_TITLE',
    );
  });

  it('by ECDSA and by unknown mechanisms is NOT_SUPPORTED', () => {
    for (const mechanism of [7, 8, 0, 1]) {
      assert.equal(
        failure(() => hlsReply({ ...client, mechanism }, atClient)),
        'NOT_SUPPORTED',
      );
    }
    assert.equal(mechanismName(7), 'high-ecdsa');
    assert.equal(mechanismName(99), 'mechanism 99');
  });
});
