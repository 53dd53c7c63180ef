import assert from 'node:assert/strict';
import { format, inspect } from 'node:util';

import { Key, parseSystemTitle, systemTitleText } from '../../../src/core/security';
import { DlmsError } from '../../../src/core/wire/errors';
import { hex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const DIGITS = '9c1d6b0244f8a7e35510cc2983be7f64';

describe('a key', () => {
  it('is read as people paste it', () => {
    for (const text of [
      DIGITS,
      DIGITS.toUpperCase(),
      `0x${DIGITS}`,
      `  ${DIGITS}\n`,
      DIGITS.replace(/(..)(?=.)/g, '$1:'),
      DIGITS.replace(/(..)(?=.)/g, '$1 '),
      DIGITS.replace(/(..)(?=.)/g, '0x$1, ').replace(/, ([^,]*)$/, ', 0x$1'),
    ]) {
      assert.equal(hex(Key.parse(text, 'encryption key').octets()), DIGITS, text);
    }
    assert.equal(Key.parse(DIGITS + DIGITS, 'encryption key').length, 32);
  });

  it('of another length or with other characters is BAD_SETTING that never shows it', () => {
    for (const text of ['', DIGITS.slice(2), `${DIGITS}00`, DIGITS + DIGITS.slice(16), `${DIGITS.slice(1)}x`]) {
      try {
        Key.parse(text, 'encryption key');
        assert.fail(text);
      } catch (e) {
        assert.ok(e instanceof DlmsError && e.code === 'BAD_SETTING');
        assert.match(e.message, /encryption key/);
        if (text !== '') assert.ok(!inspect(e).includes(text.slice(0, 8)), inspect(e));
      }
    }
  });

  it('with a digit lost tells how many there are', () => {
    assert.throws(
      () => Key.parse(DIGITS.slice(1), 'encryption key'),
      /encryption key "\(31 digits\)" is not 32 hex digits/,
    );
  });

  it('is never shown', () => {
    const key = Key.parse(DIGITS, 'encryption key');
    const shown = [
      `${key}`,
      JSON.stringify({ key }),
      inspect({ key }, { depth: 9, showHidden: true }),
      format('%o', key),
    ];
    for (const text of shown) {
      assert.match(text, /<key>/);
      assert.ok(!text.includes('9c') && !text.includes('156'), text);
    }
  });

  it('gives copies of its octets', () => {
    const key = Key.parse(DIGITS, 'encryption key');
    key.octets().fill(0);
    assert.equal(hex(key.octets()), DIGITS);
  });
});

describe('a system title', () => {
  it('has eight octets', () => {
    assert.equal(hex(parseSystemTitle('4D 46 54 00 00 00 00 02')), '4d46540000000002');
    assert.equal(
      failure(() => parseSystemTitle('4d4654')),
      'BAD_SETTING',
    );
    assert.equal(
      failure(() => parseSystemTitle('not hex')),
      'BAD_SETTING',
    );
  });

  it('may be written in eight characters', () => {
    assert.equal(hex(parseSystemTitle('MMM00001')), '4d4d4d3030303031');
    assert.equal(hex(parseSystemTitle('12345678')), '3132333435363738');
    // A title in hex that was not typed to its end is another thing.
    for (const wrong of ['MMM0000', 'MMM000001', 'MMM0000€', 'MMM0000\n', '4d4d4d30', '4D 4D 4D', '0x4d4d4d']) {
      assert.equal(
        failure(() => parseSystemTitle(wrong)),
        'BAD_SETTING',
      );
    }
  });

  it('is null in texts where there is none', () => {
    assert.equal(systemTitleText(null), null);
    assert.equal(systemTitleText(new Uint8Array(0)), null);
    assert.equal(systemTitleText(Uint8Array.of(1, 0xab)), '01ab');
  });
});
