// Text inside of a cipher: its own CRC says less than the tag around it.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sealApdu } from '../../../src/core/security/envelope';
import { EXAMPLE_KEYS, EXAMPLE_TITLE, pushBytes, pushFormat, type PushFormat } from '../../../src/sim/push-source';
import { codesOf, feed, telegramsOf } from './feeding';

describe('P1 text in a cipher whose CRC is wrong', () => {
  const text = pushBytes(pushFormat('p1') as PushFormat).slice();
  text[text.length - 4] = text[text.length - 4] === 0x30 ? 0x31 : 0x30;
  const seal = (control: number): Uint8Array =>
    sealApdu(text, {
      form: 'general-glo',
      systemTitle: EXAMPLE_TITLE,
      key: EXAMPLE_KEYS.encryptionKey,
      authenticationKey: EXAMPLE_KEYS.authenticationKey,
      control,
      counter: 1,
    });

  it('is read and marked where a tag has shown that it is whole: the example of Luxembourg fails its CRC', () => {
    const events = feed(EXAMPLE_KEYS, [seal(0x30)]);
    assert.deepEqual(codesOf(events), ['CRC_MISMATCH'], 'told all the same');
    const { origin, telegram } = telegramsOf(events)[0] ?? assert.fail('no telegram');
    assert.deepEqual([origin.authenticated, origin.checksum], [true, 'bad']);
    assert.ok(telegram.readings.length > 10);
  });

  it('gives no value where no tag has', () => {
    const events = feed({ encryptionKey: EXAMPLE_KEYS.encryptionKey }, [seal(0x20)]);
    assert.deepEqual([codesOf(events), telegramsOf(events).length], [['CRC_MISMATCH'], 0]);
  });
});
