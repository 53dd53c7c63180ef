import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';

import { cipheredType, CIPHERED_SERVICES, decodeApdu, encodeApdu, type GeneralCiphering } from '../../../src/core/apdu';
import {
  deriveKey,
  isCiphered,
  Key,
  openApdu,
  protect,
  sealApdu,
  sharedSecret,
  wrapKey,
  type CipheredApdu,
  type KeyRing,
} from '../../../src/core/security';
import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const EK = Key.parse('9c1d6b0244f8a7e35510cc2983be7f64', 'encryption key');
const AK = Key.parse('27b4f0619d3a85ce127be844d90653af', 'authentication key');
const DK = Key.parse('31415926535897932384626433832795', 'dedicated key');
const KEK = Key.parse('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', 'master key');
const TITLE = unhex('4d46540000000002');
const CLIENT = unhex('4d46540000000001');
const GET = unhex('c001c1 0003 0100010800ff 02 00');
const PUSH = unhex('0f00000001000204' + '0600003039'.repeat(4));

const ring: KeyRing = {
  encryptionKey: EK,
  authenticationKey: AK,
  dedicatedKey: DK,
  masterKey: KEK,
  systemTitle: TITLE,
};
const seal = { systemTitle: TITLE, key: EK, authenticationKey: AK, control: 0x30, counter: 1 } as const;

function ciphered(bytes: Uint8Array): CipheredApdu {
  const { apdu, surplus } = decodeApdu(bytes);
  assert.equal(surplus, 0);
  assert.ok(isCiphered(apdu));
  return apdu;
}

function general(keyInfo: GeneralCiphering['keyInfo'], key: Key, transactionId = unhex('0001')): GeneralCiphering {
  const header = {
    transactionId,
    originatorSystemTitle: TITLE,
    recipientSystemTitle: CLIENT,
    dateTime: new Uint8Array(0),
    otherInformation: new Uint8Array(0),
  };
  const octets = protect({ ...seal, key, control: 0x31, header }, PUSH);
  return { type: 'general-ciphering', ...header, keyInfo, ciphered: octets };
}

describe('a sealed APDU', () => {
  for (const service of CIPHERED_SERVICES) {
    it(`of ${service.name} gets its own tag under both keys`, () => {
      assert.equal(cipheredType(service.plain, 'glo'), `glo-${service.name}`);
      assert.equal(encodeApdu({ type: `glo-${service.name}`, ciphered: GET })[0], service.glo);
      assert.equal(encodeApdu({ type: `ded-${service.name}`, ciphered: GET })[0], service.ded);
    });
  }

  it('opens again, service-specific and general, under the global and the dedicated key', () => {
    for (const form of ['glo', 'ded', 'general-glo', 'general-ded'] as const) {
      const key = form.endsWith('ded') ? DK : EK;
      const opened = openApdu(ciphered(sealApdu(GET, { ...seal, form, key })), ring);
      assert.deepEqual(
        [opened.plaintext, opened.authenticated, opened.control, opened.counter, opened.systemTitle],
        [GET, true, 0x30, 1, TITLE],
        form,
      );
    }
  });

  it('goes into the general form where its service has no tag of its own', () => {
    assert.equal(sealApdu(PUSH, { ...seal, form: 'glo' })[0], 0xdb);
    assert.equal(sealApdu(PUSH, { ...seal, form: 'ded', key: DK })[0], 0xdc);
  });

  it('without a title in it is opened with the known title', () => {
    const bytes = sealApdu(PUSH, { ...seal, form: 'general-glo' });
    const apdu = ciphered(bytes);
    assert.ok(apdu.type === 'general-glo-ciphering');
    const untitled = { ...apdu, systemTitle: new Uint8Array(0) };
    assert.equal(openApdu(untitled, ring).authenticated, true);
    assert.equal(
      failure(() => openApdu(untitled, { ...ring, systemTitle: null })),
      'NO_SYSTEM_TITLE',
    );
  });

  it('under a dedicated key that is not known is NO_KEY', () => {
    const apdu = ciphered(sealApdu(GET, { ...seal, form: 'ded', key: DK }));
    assert.equal(
      failure(() => openApdu(apdu, { ...ring, dedicatedKey: null })),
      'NO_KEY',
    );
  });

  it('that holds another service than its tag says is WRONG_KEY where no tag is verified', () => {
    const octets = protect({ ...seal, control: 0x20 }, PUSH);
    assert.equal(
      failure(() => openApdu({ type: 'glo-get-response', ciphered: octets }, ring)),
      'WRONG_KEY',
    );
  });

  it('may hold an exception in the place of the response', () => {
    const octets = protect({ ...seal, control: 0x20 }, unhex('d80102'));
    assert.equal(hex(openApdu({ type: 'glo-get-response', ciphered: octets }, ring).plaintext), 'd80102');
  });
});

describe('general ciphering', () => {
  it('opens with the global key, named or not', () => {
    for (const keyInfo of [null, { type: 'identified-key', keyId: 0 }] as const) {
      const apdu = ciphered(encodeApdu(general(keyInfo, EK)));
      const opened = openApdu(apdu, ring);
      assert.deepEqual([opened.plaintext, opened.authenticated], [PUSH, true]);
    }
  });

  it('opens with the broadcast key where that is named', () => {
    const apdu = general({ type: 'identified-key', keyId: 1 }, DK);
    assert.equal(openApdu(apdu, { ...ring, broadcastKey: DK }).authenticated, true);
  });

  it('opens with a key that comes along, wrapped', () => {
    const apdu = general({ type: 'wrapped-key', kekId: 0, keyCiphered: wrapKey(KEK, DK) }, DK);
    assert.equal(openApdu(ciphered(encodeApdu(apdu)), { ...ring, encryptionKey: null }).authenticated, true);
    assert.equal(
      failure(() => openApdu(apdu, { ...ring, masterKey: null })),
      'NO_KEY',
    );
    assert.equal(
      failure(() => openApdu(apdu, { ...ring, masterKey: EK })),
      'WRONG_KEY',
    );
  });

  for (const suite of [1, 2] as const) {
    const curve = suite === 1 ? 'prime256v1' : 'secp384r1';
    const octets = suite === 1 ? 32 : 48;
    const pair = (seed: number): { privateKey: Uint8Array; publicKey: Uint8Array } => {
      const ecdh = createECDH(curve);
      const privateKey = new Uint8Array(octets).fill(seed);
      ecdh.setPrivateKey(privateKey);
      return { privateKey, publicKey: Uint8Array.from(ecdh.getPublicKey()).subarray(1) };
    };
    const [meter, client] = [pair(0x11), pair(0x22)];

    it(`opens with a one-pass agreed key of suite ${suite}`, () => {
      const z = sharedSecret(suite, meter.privateKey, client.publicKey);
      const key = deriveKey(suite, z, TITLE, CLIENT);
      const keyCiphered = concat(meter.publicKey, new Uint8Array(2 * octets));
      const apdu = general({ type: 'agreed-key', keyParameters: unhex('01'), keyCiphered }, key);
      const agreement = { suite, privateKey: client.privateKey, publicKey: null };
      assert.equal(openApdu(apdu, { ...ring, agreement }).authenticated, true);
      assert.equal(
        failure(() => openApdu(apdu, ring)),
        'NO_KEY',
      );
    });

    it(`opens with a static agreed key of suite ${suite}`, () => {
      const z = sharedSecret(suite, meter.privateKey, client.publicKey);
      const transactionId = unhex('0000000000000001');
      const key = deriveKey(suite, z, concat(TITLE, unhex('08'), transactionId), CLIENT);
      const info = { type: 'agreed-key', keyParameters: unhex('02'), keyCiphered: new Uint8Array(0) } as const;
      const apdu = general(info, key, transactionId);
      const agreement = { suite, privateKey: client.privateKey, publicKey: meter.publicKey };
      assert.equal(openApdu(apdu, { ...ring, agreement }).authenticated, true);
      assert.equal(
        failure(() => openApdu(apdu, { ...ring, agreement: { ...agreement, publicKey: null } })),
        'NO_KEY',
      );
    });
  }

  it('with an unknown scheme is NOT_SUPPORTED, with no point of the curve BAD_SETTING', () => {
    const agreement = { suite: 1, privateKey: new Uint8Array(32).fill(1), publicKey: new Uint8Array(64) } as const;
    const info = (scheme: string): GeneralCiphering['keyInfo'] => ({
      type: 'agreed-key',
      keyParameters: unhex(scheme),
      keyCiphered: new Uint8Array(0),
    });
    assert.equal(
      failure(() => openApdu(general(info('07'), EK), { ...ring, agreement })),
      'NOT_SUPPORTED',
    );
    assert.equal(
      failure(() => openApdu(general(info('02'), EK), { ...ring, agreement })),
      'BAD_SETTING',
    );
  });
});

describe('a signed message', () => {
  it('is NOT_SUPPORTED, in words', () => {
    const { apdu } = decodeApdu(unhex('df0101084d46540000000002084d46540000000001000003c001000401020304'));
    assert.ok(isCiphered(apdu));
    assert.throws(() => openApdu(apdu, ring), {
      message:
        'a signed message (general-signing) is not supported. Choose another setting; what is not covered stands in the README',
    });
  });
});
