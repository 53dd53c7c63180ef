// What leaves a push decoder was proven as far as its keys can prove: telegrams of somebody who has no key, in every form.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { encodeApdu } from '../../../src/core/apdu';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import type { PushOptions } from '../../../src/core/push';
import { Key, protect, sealApdu } from '../../../src/core/security';
import { GeneralBlockSender } from '../../../src/core/transfer';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';
import { EXAMPLE_KEYS, EXAMPLE_TITLE, pushBytes, pushFormat, type PushFormat } from '../../../src/sim/push-source';
import { codesOf, feed, problemsOf, telegramsOf } from './feeding';

const { encryptionKey, authenticationKey } = EXAMPLE_KEYS;
const BROADCAST = Key.parse('0f0e0d0c0b0a09080706050403020100', 'key');
const BOTH: PushOptions = { encryptionKey, authenticationKey };
const EK: PushOptions = { encryptionKey };

/** A list with a clock, energy (that many Wh) and power. */
const plain = (wh: number): Uint8Array =>
  concat(
    unhex('0f00000001 0c07ea0b1e010a0f0000ffc400 0202 0203 0906 0100010800ff 06'),
    u32(wh),
    unhex('0202 0f00 161e 0203 0906 0100010700ff 06 0000007b 0202 0f00 161b'),
  );
const u32 = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
const glo = (ciphered: Uint8Array): Uint8Array =>
  encodeApdu({ type: 'general-glo-ciphering', systemTitle: EXAMPLE_TITLE, ciphered });
const sealed = (control: number, counter = 5, key = encryptionKey, content = plain(1000)): Uint8Array =>
  protect({ systemTitle: EXAMPLE_TITLE, key, authenticationKey, control, counter }, content);
/** Nobody needs a key for these. */
const inClear = (counter = 5): Uint8Array => glo(concat(Uint8Array.of(0), u32(counter), plain(99_999_999)));
const cutTag = (): Uint8Array => {
  const whole = sealed(0x30);
  const cut = whole.slice(0, whole.length - 12);
  cut[0] = 0x20;
  return glo(cut);
};
const p1 = (): Uint8Array => pushBytes(pushFormat('p1') as PushFormat);
const inBlocks = (inner: Uint8Array, each: (block: Uint8Array, i: number) => Uint8Array): Uint8Array =>
  concat(
    ...new GeneralBlockSender(inner, 30).stream().map((block, i) => encodeWrapper(1, 1, each(encodeApdu(block), i))),
  );
const header = {
  transactionId: unhex('01'),
  originatorSystemTitle: EXAMPLE_TITLE,
  recipientSystemTitle: unhex('4d46570000000001'),
  dateTime: new Uint8Array(0),
  otherInformation: new Uint8Array(0),
  keyInfo: null,
};
const generalCiphering = (control: number): Uint8Array =>
  encodeApdu({
    type: 'general-ciphering',
    ...header,
    ciphered: protect(
      { systemTitle: EXAMPLE_TITLE, key: encryptionKey, authenticationKey, control, counter: 9, header },
      plain(1000),
    ),
  });
const ded = (ciphered: Uint8Array): Uint8Array =>
  encodeApdu({ type: 'general-ded-ciphering', systemTitle: EXAMPLE_TITLE, ciphered });
const outer = (control: number, inner: Uint8Array): Uint8Array => glo(sealed(control, 90, encryptionKey, inner));

const nobodysBlock = (block: Uint8Array): Uint8Array => block;

/** What it is, its bytes, and the least that is proven of it. */
const TELEGRAMS: readonly [string, Uint8Array, 'nothing' | 'encrypted' | 'authenticated'][] = [
  ['a data-notification in plain', plain(99_999_999), 'nothing'],
  ['an event-notification in plain', pushBytes(pushFormat('event-notification') as PushFormat), 'nothing'],
  ['an information-report in plain', pushBytes(pushFormat('information-report') as PushFormat), 'nothing'],
  ['a bare telegram behind another frame', concat(encodeWrapper(1, 1, plain(1)), plain(2)), 'nothing'],
  ['P1 text', p1(), 'nothing'],
  ['security control 00 with the title of the meter', inClear(), 'nothing'],
  ['security control 20', glo(sealed(0x20)), 'encrypted'],
  ['security control 21', glo(sealed(0x21)), 'encrypted'],
  ['a tag that was cut off', cutTag(), 'encrypted'],
  ['general-ciphering without a tag', generalCiphering(0x20), 'encrypted'],
  ['general-ciphering with a tag', generalCiphering(0x30), 'authenticated'],
  ['general-ded-ciphering without a tag', ded(sealed(0x20)), 'encrypted'],
  ['the broadcast key without a tag', glo(sealed(0x60, 5, BROADCAST)), 'encrypted'],
  ['the broadcast key with a tag', glo(sealed(0x70, 5, BROADCAST)), 'authenticated'],
  ['security control 30', glo(sealed(0x30)), 'authenticated'],
  ['clear content in a clear layer', encodeWrapper(1, 1, glo(concat(unhex('0000000001'), inClear()))), 'nothing'],
  ['clear content in a verified layer', outer(0x30, inClear()), 'authenticated'],
  ['verified content in a clear layer', glo(concat(unhex('0000000001'), glo(sealed(0x30)))), 'authenticated'],
  ['P1 text in an encrypted layer', outer(0x20, p1()), 'encrypted'],
  ['P1 text in a verified layer', outer(0x30, p1()), 'authenticated'],
  ['blocks in clear', inBlocks(plain(1), nobodysBlock), 'nothing'],
  ['verified content in blocks in clear', inBlocks(glo(sealed(0x30)), nobodysBlock), 'authenticated'],
  ['verified blocks', inBlocks(plain(1), (b, i) => glo(sealed(0x30, 20 + i, encryptionKey, b))), 'authenticated'],
  [
    'blocks of which the last one is in clear',
    inBlocks(plain(1), (b, i) => (b[1] === 0xc0 || i > 1 ? b : glo(sealed(0x30, 20 + i, encryptionKey, b)))),
    'nothing',
  ],
  [
    'blocks of which the first one is in clear',
    inBlocks(plain(1), (b, i) => (i === 0 ? b : glo(sealed(0x30, 20 + i, encryptionKey, b)))),
    'nothing',
  ],
  [
    'blocks of which one is only encrypted',
    inBlocks(plain(1), (b, i) => glo(sealed(i === 1 ? 0x20 : 0x30, 20 + i, encryptionKey, b))),
    'encrypted',
  ],
];

describe('push decoder: what leaves it was proven', () => {
  const level = { nothing: 0, encrypted: 1, authenticated: 2 };
  const codes = { nothing: '', encrypted: 'NOT_ENCRYPTED', authenticated: 'NOT_AUTHENTICATED' };
  for (const [what, bytes, proven] of TELEGRAMS) {
    it(`asks of ${what} what it can prove, by the setting and by the keys`, () => {
      const ring = { ...BOTH, broadcastKey: BROADCAST };
      for (const require of ['nothing', 'encrypted', 'authenticated'] as const) {
        for (const framing of ['auto', null] as const) {
          if (framing === null && require !== 'authenticated') continue;
          const options = framing === null ? ring : { ...ring, require };
          const events = feed(options, [bytes]);
          const telegrams = telegramsOf(events);
          if (level[proven] >= level[require]) assert.ok(telegrams.length > 0, `${require}: ${codesOf(events).join()}`);
          else {
            assert.deepEqual(telegrams, [], require);
            assert.ok(
              codesOf(events).every(code => code === codes[require]),
              codesOf(events).join(),
            );
            assert.ok(problemsOf(events).every(p => p.bytes.length > 0 && p.origin.source === 'push'));
          }
          for (const { origin } of telegrams) {
            assert.equal(origin.authenticated === true, proven === 'authenticated');
            assert.ok(proven !== 'nothing' || origin.encrypted !== true);
          }
        }
      }
    });
  }

  it('asks for encryption where only a key that deciphers is set, and for nothing without a key', () => {
    for (const keys of [EK, { broadcastKey: encryptionKey }, { masterKey: encryptionKey }]) {
      assert.deepEqual(codesOf(feed(keys, [plain(1)])), ['NOT_ENCRYPTED']);
    }
    assert.equal(telegramsOf(feed(EK, [glo(sealed(0x20))])).length, 1);
    assert.equal(telegramsOf(feed({}, [plain(1)])).length, 1);
    assert.deepEqual(codesOf(feed({ authenticationKey }, [plain(1)])), ['NOT_AUTHENTICATED']);
  });

  it('takes no tag for one that does not verify', () => {
    const forged = glo(concat(unhex('1000000005'), plain(7), unhex('00'.repeat(12))));
    assert.deepEqual(codesOf(feed(BOTH, [forged])), ['AUTHENTICATION_FAILED']);
    assert.deepEqual(codesOf(feed(EK, [forged])), ['NOT_ENCRYPTED']);
  });

  it('offers no layout for a list that nobody has proven', () => {
    const [problem] = problemsOf(feed(BOTH, [unhex('0f00000001 00 0203 0901 31 12 01f4 12 00e7')]));
    assert.deepEqual([problem?.error.code, problem?.proposal], ['NOT_AUTHENTICATED', undefined]);
  });

  it('gives no value of a captured telegram whose tag was cut off and whose bits were turned', () => {
    const forged = cutTag();
    assert.equal(telegramsOf(feed({ ...BOTH, require: 'nothing' }, [forged])).length, 1);
    forged[forged.length - 40] = (forged[forged.length - 40] as number) ^ 0x40;
    assert.deepEqual(telegramsOf(feed(BOTH, [forged])), []);
  });

  it('does not take a block of nobody in front of verified blocks for verified', () => {
    const [first, ...others] = new GeneralBlockSender(plain(1), 30).stream();
    const verified = [first, ...others].map((b, i) => glo(sealed(0x30, 20 + i, encryptionKey, encodeApdu(b as never))));
    const zero = encodeApdu({ ...(first as NonNullable<typeof first>), block: 0, data: unhex('0f') });
    const events = feed(
      BOTH,
      [zero, ...verified].map(apdu => encodeWrapper(1, 1, apdu)),
    );
    assert.deepEqual(telegramsOf(events), []);
  });

  it('joins no blocks of two telegrams or of two meters, though each has a tag of its own', () => {
    const other = unhex('53494d0000000077');
    const block = (title: Uint8Array, counter: number, part: Uint8Array): Uint8Array => {
      const context = { systemTitle: title, key: encryptionKey, authenticationKey, control: 0x30, counter };
      return encodeWrapper(
        1,
        1,
        encodeApdu({ type: 'general-glo-ciphering', systemTitle: title, ciphered: protect(context, part) }),
      );
    };
    const parts = (value: number): Uint8Array[] =>
      new GeneralBlockSender(plain(value), 30).stream().map(b => encodeApdu(b));
    const sent = (title: Uint8Array, from: number, value: number): Uint8Array[] =>
      parts(value).map((part, i) => block(title, from + i, part));
    const [first, ...rest] = sent(EXAMPLE_TITLE, 10, 1000);
    assert.ok(first !== undefined && rest.length > 0);
    assert.equal(telegramsOf(feed(BOTH, [first, ...rest])).length, 1);
    for (const wrong of [sent(EXAMPLE_TITLE, 20, 2000).slice(1), sent(other, 11, 2000).slice(1)]) {
      const events = feed(BOTH, [first, ...wrong]);
      assert.deepEqual(telegramsOf(events), []);
      assert.ok(codesOf(events).includes('SEGMENT_LOST'), codesOf(events).join());
    }
  });

  it('says both ways out, and names the meter', () => {
    const [problem] = problemsOf(feed(BOTH, [glo(sealed(0x20))]));
    assert.match(problem?.error.message ?? '', /53494d0000000001 is encrypted, but no authentication tag/);
    assert.match(problem?.error.message ?? '', /leave the authentication key empty or set "Require" to encrypted/);
    const [clear] = problemsOf(feed(BOTH, [plain(1)]));
    assert.match(clear?.error.message ?? '', /came in plain.*take the keys out or set "Require" to nothing/);
  });

  it('opens P1 text with a frame inside by the same rule, and counts its counter', () => {
    assert.equal(telegramsOf(feed(BOTH, [sealP1()])).length, 1);
    const inText = (counter: number): Uint8Array => {
      const ciphered = sealed(0x30, counter, encryptionKey, p1());
      const length = Uint8Array.of(0x82, ciphered.length >>> 8, ciphered.length);
      return concat(
        fromLatin1('/SIM5P1\r\n\r\n'),
        Uint8Array.of(0xdb, 8),
        EXAMPLE_TITLE,
        length,
        ciphered,
        fromLatin1('!\r\n'),
      );
    };
    const events = feed({ ...BOTH, replay: 'refuse' }, [3, 3, 4].map(inText));
    assert.deepEqual(codesOf(events), ['REPLAYED']);
    assert.deepEqual(
      telegramsOf(events).map(t => [t.origin.authenticated, t.origin.invocationCounter]),
      [
        [true, 3],
        [true, 4],
      ],
    );
    const text = fromLatin1('/SIM5\r\n\r\n1-0:1.8.0(00001.000*kWh)\r\n!\r\n');
    assert.deepEqual(codesOf(feed(BOTH, [text])), ['NOT_AUTHENTICATED']);
  });
  const sealP1 = (): Uint8Array =>
    sealApdu(p1(), {
      form: 'general-glo',
      systemTitle: EXAMPLE_TITLE,
      key: encryptionKey,
      authenticationKey,
      control: 0x30,
      counter: 1,
    });
});
