import assert from 'node:assert/strict';

import {
  gmac,
  Key,
  plausibleApdu,
  protect,
  unprotect,
  unwrapKey,
  wrapKey,
  type UnprotectContext,
} from '../../../src/core/security';
import { concat, fromLatin1, hex, unhex } from '../../../src/core/wire/hex';
import { failure, seeded } from '../../feed';

const EK = Key.parse('9c1d 6b02 44f8 a7e3 5510 cc29 83be 7f64', 'encryption key');
const AK = Key.parse('27 b4 f0 61 9d 3a 85 ce 12 7b e8 44 d9 06 53 af', 'authentication key');
const EK256 = Key.parse('00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f', 'encryption key');
const OTHER = Key.parse('ffeeddccbbaa99887766554433221100', 'another key');
const TITLE = unhex('4d46540000000002');
const GET = unhex('c001c1 0003 0100010800ff 02 00');
const LONG = unhex('0f00000001000204' + '0600003039'.repeat(4));

const reading: UnprotectContext = { systemTitle: TITLE, encryptionKey: EK, authenticationKey: AK };
const sealed = (control: number, key = EK, plaintext = GET, authenticationKey: Key | null = AK): Uint8Array =>
  protect({ systemTitle: TITLE, key, authenticationKey, control, counter: 7 }, plaintext);
const changed = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at]! ^= 1;
  return copy;
};

describe('AES-GCM', () => {
  it('gives the tag of test case 1 of the GCM specification, cut to twelve octets', () => {
    // McGrew and Viega, The Galois/Counter Mode of Operation, test case 1: zero key, zero IV, nothing: tag 58e2fcce…
    const zero = Key.from(new Uint8Array(16));
    assert.equal(hex(gmac(zero, new Uint8Array(8), 0, new Uint8Array(0))), '58e2fccefa7e3061367f1d57');
  });
});

describe('a protected APDU', () => {
  for (const [name, key] of [
    ['AES-128', EK],
    ['AES-256', EK256],
  ] as const) {
    for (const control of [0x10, 0x20, 0x30, 0x11, 0x21, 0x31, 0x12, 0x22, 0x32]) {
      it(`comes back under ${name} with security control ${control.toString(16)}`, () => {
        const octets = sealed(control, key);
        const tagged = (control & 0x10) !== 0;
        assert.equal(octets.length, 5 + GET.length + (tagged ? 12 : 0));
        assert.deepEqual(unprotect({ ...reading, encryptionKey: key }, octets), {
          plaintext: GET,
          control,
          counter: 7,
          authenticated: tagged,
          key,
        });
      });
    }
  }

  it('without authentication key loses its tag and is not called authenticated', () => {
    for (const control of [0x30, 0x10]) {
      const read = unprotect({ ...reading, authenticationKey: null }, sealed(control));
      assert.deepEqual([read.plaintext, read.authenticated], [GET, false]);
    }
  });

  it('that is only authenticated can be read without any key', () => {
    const read = unprotect({ systemTitle: null, encryptionKey: null, authenticationKey: null }, sealed(0x10));
    assert.deepEqual([read.plaintext, read.authenticated], [GET, false]);
  });

  it('without protection is what follows its header', () => {
    assert.deepEqual(unprotect(reading, concat(unhex('0000000001'), GET)), {
      plaintext: GET,
      control: 0,
      counter: 1,
      authenticated: false,
      key: null,
    });
  });

  it('under a wrong encryption key is WRONG_KEY with and without a tag', () => {
    for (const control of [0x20, 0x30]) {
      const octets = sealed(control, EK, LONG);
      assert.equal(
        failure(() => unprotect({ ...reading, encryptionKey: OTHER }, octets)),
        'WRONG_KEY',
      );
      assert.equal(
        failure(() => unprotect({ ...reading, encryptionKey: OTHER, authenticationKey: null }, octets)),
        'WRONG_KEY',
      );
    }
  });

  it('under a wrong authentication key is AUTHENTICATION_FAILED, because it decrypts', () => {
    for (const control of [0x10, 0x30]) {
      assert.equal(
        failure(() => unprotect({ ...reading, authenticationKey: OTHER }, sealed(control))),
        'AUTHENTICATION_FAILED',
      );
    }
  });

  it('is refused when any bit of control, counter, text or tag changed', () => {
    for (const control of [0x10, 0x30]) {
      const octets = sealed(control, EK, LONG);
      for (let at = 1; at < octets.length; at++) {
        assert.match(
          failure(() => unprotect(reading, changed(octets, at))),
          /^(AUTHENTICATION_FAILED|WRONG_KEY)$/,
          `${at}`,
        );
      }
    }
  });

  it('needs the system title of its sender', () => {
    const octets = sealed(0x30);
    for (const systemTitle of [null, new Uint8Array(0), new Uint8Array(7)]) {
      assert.equal(
        failure(() => unprotect({ ...reading, systemTitle }, octets)),
        'NO_SYSTEM_TITLE',
      );
    }
    assert.equal(
      failure(() => unprotect({ ...reading, systemTitle: unhex('4d46540000000003') }, octets)),
      'WRONG_KEY',
    );
  });

  it('without a key is NO_KEY and says whose it is and its counter', () => {
    assert.throws(() => unprotect({ ...reading, encryptionKey: null }, sealed(0x20)), {
      detail: { code: 'NO_KEY', systemTitle: '4d46540000000002', counter: 7 },
    });
  });

  it('that is compressed is COMPRESSED, with or without keys', () => {
    const octets = changed(sealed(0x30), 1);
    octets[0] = 0xb0;
    assert.equal(
      failure(() => unprotect(reading, octets)),
      'COMPRESSED',
    );
    assert.equal(
      failure(() => unprotect({ ...reading, encryptionKey: null }, octets)),
      'COMPRESSED',
    );
    assert.equal(
      failure(() => sealed(0xa0)),
      'COMPRESSED',
    );
  });

  it('under the broadcast key asks for that key, and tries the other where there is none', () => {
    const octets = sealed(0x70, OTHER);
    assert.equal(unprotect({ ...reading, broadcastKey: OTHER }, octets).authenticated, true);
    assert.equal(unprotect({ ...reading, encryptionKey: OTHER }, octets).authenticated, true);
    assert.equal(
      failure(() => unprotect(reading, octets)),
      'WRONG_KEY',
    );
  });

  it('cut short is WIRE_TRUNCATED, never read beyond', () => {
    const octets = sealed(0x30);
    for (let length = 0; length < 5 + 12; length++) {
      assert.equal(
        failure(() => unprotect(reading, octets.subarray(0, length))),
        'WIRE_TRUNCATED',
        `${length}`,
      );
    }
  });

  it('cannot be authenticated without an authentication key', () => {
    assert.equal(
      failure(() => sealed(0x30, EK, GET, null)),
      'NO_KEY',
    );
  });

  it('may be empty', () => {
    const octets = sealed(0x30, EK, new Uint8Array(0));
    assert.equal(unprotect(reading, octets).plaintext.length, 0);
  });

  it('asks the caller what is plausible where no tag speaks', () => {
    const text = fromLatin1('nothing of DLMS');
    const octets = sealed(0x20, EK, text);
    assert.equal(
      failure(() => unprotect(reading, octets)),
      'WRONG_KEY',
    );
    assert.deepEqual(unprotect({ ...reading, plausible: () => true }, octets).plaintext, text);
  });

  it('whose header fields changed is refused', () => {
    const header = {
      transactionId: unhex('01'),
      originatorSystemTitle: TITLE,
      recipientSystemTitle: unhex('4d46540000000001'),
      dateTime: new Uint8Array(0),
      otherInformation: unhex('cafe'),
    };
    const octets = protect(
      { systemTitle: TITLE, key: EK, authenticationKey: AK, control: 0x30, counter: 9, header },
      GET,
    );
    assert.equal(unprotect({ ...reading, header }, octets).authenticated, true);
    for (const field of Object.keys(header) as (keyof typeof header)[]) {
      const other = { ...header, [field]: unhex('0102') };
      assert.equal(
        failure(() => unprotect({ ...reading, header: other }, octets)),
        'AUTHENTICATION_FAILED',
      );
    }
    assert.equal(
      failure(() => unprotect(reading, octets)),
      'AUTHENTICATION_FAILED',
    );
  });

  it('of any bytes gives a result or a DlmsError', () => {
    const random = seeded(5);
    for (let round = 0; round < 3000; round++) {
      const octets = Uint8Array.from({ length: random(40) }, () => random(256));
      failure(() => unprotect(reading, octets));
      failure(() => unprotect({ ...reading, authenticationKey: null }, octets));
    }
  });
});

describe('what is plausible', () => {
  it('is a plain APDU, also one that was sent twice, and a DSMR text', () => {
    for (const text of ['c401c1000600003039', 'c401c1000600003039c401c1000600003039', 'e0400001000003010203']) {
      assert.equal(plausibleApdu(unhex(text)), true, text);
    }
    assert.equal(plausibleApdu(fromLatin1('/MFT5 meter\r\n\r\n1-0:1.8.0(00012.345*kWh)\r\n!0000\r\n')), true);
  });

  it('is not noise, nor a ciphered or association APDU within a cipher', () => {
    for (const text of [
      '',
      '00',
      'ffffffff',
      '2f000102030405',
      'd80102' + '00'.repeat(40),
      'c8032000000001',
      '6203800100',
    ]) {
      assert.equal(plausibleApdu(unhex(text)), false, text);
    }
  });

  it('is hardly ever a random text', () => {
    const random = seeded(34);
    let hits = 0;
    for (let round = 0; round < 20_000; round++) {
      if (plausibleApdu(Uint8Array.from({ length: 20 + random(200) }, () => random(256)))) hits++;
    }
    assert.ok(hits <= 60, `${hits} of 20000`);
  });
});

describe('key wrap', () => {
  it('brings a key back', () => {
    for (const kek of [AK, EK256]) {
      for (const key of [EK, EK256]) {
        const wrapped = wrapKey(kek, key);
        assert.equal(wrapped.length, key.length + 8);
        assert.deepEqual(unwrapKey(kek, wrapped).octets(), key.octets());
      }
    }
  });

  it('under another key, damaged or cut is WRONG_KEY', () => {
    const wrapped = wrapKey(AK, EK);
    assert.equal(
      failure(() => unwrapKey(OTHER, wrapped)),
      'WRONG_KEY',
    );
    for (const damaged of [changed(wrapped, 0), changed(wrapped, -1), wrapped.subarray(1), new Uint8Array(0)]) {
      assert.equal(
        failure(() => unwrapKey(AK, damaged)),
        'WRONG_KEY',
      );
    }
  });
});
