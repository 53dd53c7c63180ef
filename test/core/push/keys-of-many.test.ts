// One decoder, many encrypted meters: each is opened with the keys of its row, and proves nothing for another one.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { encodeApdu, type KeyInfo } from '../../../src/core/apdu';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { PushDecoder, type PushEvent, type PushOptions } from '../../../src/core/push';
import { Key, KeyTable, protect, wrapKey } from '../../../src/core/security';
import { GeneralBlockSender } from '../../../src/core/transfer';
import { concat, fromLatin1, hex, unhex } from '../../../src/core/wire/hex';
import { PUSH_FORMATS, pushBytes } from '../../../src/sim/push-source';
import { codesOf, feed, generator, problemsOf, settingsFor, telegramsOf } from './feeding';

interface Meter {
  readonly title: Uint8Array;
  readonly encryptionKey: Key;
  readonly authenticationKey: Key;
  readonly row: string;
}

const random = generator(11);
const digits = (): string => hex(Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256)));
const meter = (n: number, name = `flat ${n}`): Meter => {
  const title = concat(fromLatin1('MMM'), unhex('67'), u32(0x7000_0000 + n));
  const [ek, ak] = [digits(), digits()];
  const row = `${hex(title)};${ek};${ak};${name}\n`;
  return { title, encryptionKey: Key.parse(ek, 'k'), authenticationKey: Key.parse(ak, 'k'), row };
};
const u32 = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
const [ONE, TWO, THREE] = [meter(1), meter(2), meter(3)];
const HEADING = 'title;key;authenticationKey;name\n';
const tableOf = (...meters: readonly Meter[]): KeyTable =>
  KeyTable.read([{ table: 'keyTable', text: HEADING + meters.map(({ row }) => row).join('') }]);
const keys = tableOf(ONE, TWO);

const plain = (wh: number): Uint8Array =>
  concat(
    unhex('0f00000001 0c07ea0b1e010a0f0000ffc400 0202 0203 0906 0100010800ff 06'),
    u32(wh),
    unhex('0202 0f00 161e 0203 0906 0100010700ff 06 0000007b 0202 0f00 161b'),
  );
const sealed = (by: Meter, content: Uint8Array, counter = 1, control = 0x30): Uint8Array =>
  encodeApdu({
    type: 'general-glo-ciphering',
    systemTitle: by.title,
    ciphered: protect(
      { systemTitle: by.title, key: by.encryptionKey, authenticationKey: by.authenticationKey, control, counter },
      content,
    ),
  });
const general = (
  by: Meter,
  content: Uint8Array,
  counter = 1,
  keyInfo: KeyInfo | null = null,
  key = by.encryptionKey,
): Uint8Array => {
  const header = {
    transactionId: unhex('01'),
    originatorSystemTitle: by.title,
    recipientSystemTitle: unhex('4d46570000000001'),
    dateTime: new Uint8Array(0),
    otherInformation: new Uint8Array(0),
    keyInfo,
  };
  const { authenticationKey, title: systemTitle } = by;
  const ciphered = protect({ systemTitle, key, authenticationKey, control: 0x31, counter, header }, content);
  return encodeApdu({ type: 'general-ciphering', ...header, ciphered });
};
const blocks = (inner: Uint8Array): Uint8Array =>
  concat(...new GeneralBlockSender(inner, 40).stream().map(block => encodeWrapper(1, 1, encodeApdu(block))));
const text = fromLatin1('/MMM5\r\n\r\n1-0:1.8.0(000012.345*kWh)\r\n!\r\n');
const run = (options: PushOptions, ...messages: readonly Uint8Array[]): PushEvent[] => {
  const decoder = new PushDecoder(options);
  return [...messages.flatMap(bytes => [...decoder.receive(bytes, true).events]), ...decoder.timeout().events];
};
const namesIn = (events: readonly PushEvent[]): unknown[] => telegramsOf(events).map(e => e.telegram.meter.name);

describe('the keys of many meters', () => {
  const ways: readonly (readonly [string, (by: Meter, counter: number) => Uint8Array])[] = [
    ['a bare APDU', (by, n) => sealed(by, plain(n), n)],
    ['a wrapper frame', (by, n) => encodeWrapper(1, 1, sealed(by, plain(n), n))],
    ['general-ciphering', (by, n) => general(by, plain(n), n)],
    ['general-ciphering in general-glo-ciphering', (by, n) => sealed(by, general(by, plain(n), n), n + 100)],
    ['blocks of a ciphered message', (by, n) => blocks(sealed(by, plain(n), n))],
    ['P1 text in an envelope', (by, n) => sealed(by, text, n)],
    ['P1 text behind an identification', (by, n) => concat(fromLatin1('/MMM5\r\n\r\n'), sealed(by, text, n))],
  ];
  for (const [what, bytes] of ways) {
    it(`open ${what} of each, in turn`, () => {
      const events = run({ keys }, bytes(ONE, 1), bytes(TWO, 1), bytes(ONE, 2), bytes(TWO, 2));
      assert.deepEqual(codesOf(events), []);
      assert.deepEqual(namesIn(events), ['flat 1', 'flat 2', 'flat 1', 'flat 2']);
      for (const { origin, telegram } of telegramsOf(events)) {
        assert.equal(origin.authenticated, true);
        assert.equal(telegram.meter.systemTitle, origin.systemTitle);
        assert.equal(origin.skipped, undefined);
      }
    });

    it(`do not open ${what} of a meter that is in no row, and say so`, () => {
      const [problem] = problemsOf(run({ keys }, bytes(THREE, 1)));
      assert.equal(problem?.error.code, 'NO_KEY');
      assert.match(
        problem.error.message,
        new RegExp(`${hex(THREE.title)} .*no row of the table of keys is for this meter`),
      );
      const wrongRow = tableOf({ ...THREE, row: ONE.row.replace(hex(ONE.title), hex(THREE.title)) });
      assert.equal(codesOf(run({ keys: wrongRow }, bytes(THREE, 1)))[0], 'WRONG_KEY');
    });
  }

  for (const format of PUSH_FORMATS.filter(f => f.control !== undefined && f.envelope !== 'p1-untagged')) {
    it(`open the format ${format.name}`, () => {
      const { encryptionKey, authenticationKey, require } = settingsFor(format);
      const cells = [encryptionKey, authenticationKey].map(key => hex((key as Key).octets()));
      const table = KeyTable.read([{ table: 't', text: `${HEADING}*;${cells.join(';')};it` }]);
      const events = feed({ keys: table, ...(require === undefined ? {} : { require }) }, [pushBytes(format)]);
      assert.deepEqual(codesOf(events), []);
      assert.ok(namesIn(events).length > 0 && namesIn(events).every(name => name === 'it'));
    });
  }

  it('leave the others to the single keys, unless only what is listed is wanted', () => {
    const { encryptionKey, authenticationKey } = THREE;
    const single = { keys, encryptionKey, authenticationKey };
    const events = run(single, sealed(ONE, plain(1)), sealed(THREE, plain(2)));
    assert.deepEqual(namesIn(events), ['flat 1', undefined]);
    const listed = run({ ...single, onlyListed: true }, sealed(ONE, plain(1)), sealed(THREE, plain(2)));
    assert.deepEqual(namesIn(listed), ['flat 1']);
    assert.deepEqual(codesOf(listed), ['NO_KEY']);
  });

  it('never open a listed meter with the single keys', () => {
    const { encryptionKey, authenticationKey } = THREE;
    const forged = sealed({ ...THREE, title: ONE.title }, plain(1));
    assert.deepEqual(codesOf(run({ keys, encryptionKey, authenticationKey }, forged)), ['WRONG_KEY']);
    // Nor with a key that was wrapped under the single master key.
    const masterKey = THREE.encryptionKey;
    const keyCiphered = wrapKey(masterKey, TWO.encryptionKey);
    const without = KeyTable.read([{ table: 't', text: `title;key\n${hex(ONE.title)};${digits()}\n` }]);
    const handed = general(ONE, plain(1), 1, { type: 'wrapped-key', kekId: 0, keyCiphered }, TWO.encryptionKey);
    assert.deepEqual(codesOf(run({ keys: without, masterKey }, handed)), ['NO_KEY']);
    assert.equal(telegramsOf(run({ masterKey }, handed)).length, 1);
  });

  it('let no meter say anything in the name of another one', () => {
    const inClear = (by: Meter): Uint8Array =>
      encodeApdu({
        type: 'general-glo-ciphering',
        systemTitle: by.title,
        ciphered: concat(unhex('00 00000009'), plain(99)),
      });
    for (const inner of [inClear(TWO), concat(fromLatin1('/MMM5\r\n\r\n'), sealed({ ...TWO, ...keysOf(ONE) }, text))]) {
      const events = run({ keys }, sealed(ONE, inner));
      assert.deepEqual(telegramsOf(events), [], hex(inner));
      assert.equal(problemsOf(events).length, 1);
    }
    // Its own inside of what another one handed on is its own.
    const handed = run({ keys }, sealed(ONE, sealed(TWO, plain(5))));
    assert.deepEqual(namesIn(handed), ['flat 2']);
    // As long as it proves it by itself.
    assert.deepEqual(codesOf(run({ keys }, sealed(ONE, sealed(TWO, plain(5), 1, 0x20)))), ['NOT_AUTHENTICATED']);
  });

  it('believe nothing in clear', () => {
    assert.deepEqual(codesOf(run({ keys }, plain(1))), ['NOT_ENCRYPTED']);
    assert.deepEqual(codesOf(run({ keys, require: 'nothing' }, plain(1))), []);
  });

  it('ask of each what its row can prove', () => {
    const without = KeyTable.read([
      { table: 't', text: `${HEADING}${ONE.row}${TWO.row.split(';').slice(0, 2).join(';')};;two\n` },
    ]);
    const events = run({ keys: without }, sealed(ONE, plain(1), 1, 0x20), sealed(TWO, plain(1), 1, 0x20));
    assert.deepEqual(codesOf(events), ['NOT_AUTHENTICATED']);
    assert.deepEqual(namesIn(events), ['two']);
  });

  it('have counters of their own', () => {
    const events = run(
      { keys, replay: 'refuse' },
      sealed(ONE, plain(1), 7),
      sealed(TWO, plain(1), 7),
      sealed(ONE, plain(1), 7),
    );
    assert.equal(telegramsOf(events).length, 2);
    assert.deepEqual(codesOf(events), ['REPLAYED']);
  });

  it('tell what is wrong with the row of a meter when it sends', () => {
    const table = KeyTable.read([{ table: 'keyTable', text: `${HEADING}${hex(ONE.title)};12;;x\n${TWO.row}` }]);
    for (const bytes of [sealed(ONE, plain(1)), concat(fromLatin1('/MMM5\r\n\r\n'), sealed(ONE, text))]) {
      const [problem, ...more] = problemsOf(run({ keys: table }, bytes));
      assert.match(problem?.error.message ?? '', /^keyTable line 2, column encryptionKey "\(2 digits\)"/);
      assert.deepEqual(more, []);
    }
    assert.deepEqual(namesIn(run({ keys: table }, sealed(TWO, plain(1)))), ['flat 2']);
  });

  it('may have other scalers, another clock and another proof for a meter', () => {
    const rows = `title;key;name;preset\n${[ONE, TWO].map(m => `${m.row.split(';').slice(0, 2).join(';')};x;${m === ONE ? 'special' : ''}`).join('\n')}`;
    const presets = new Map([['special', { scalers: { '1-0:1.8.0*255': 3 } }]]);
    const table = KeyTable.read([{ table: 't', text: rows }]);
    const events = run(
      { keys: table, presets },
      sealed(ONE, plain(5)),
      sealed(TWO, plain(5)),
      sealed(ONE, plain(6), 2),
    );
    assert.deepEqual(
      telegramsOf(events).map(e => e.telegram.readings[0]?.value),
      [5000, 5, 6000],
    );
    assert.throws(
      () => new PushDecoder({ keys: table, presets: new Map([['special', { layout: 'unknown' }]]) }),
      /layout/,
    );
  });

  it('read a thousand meters that come in turn as one', () => {
    const meters = Array.from({ length: 1000 }, (_, n) => meter(n + 10));
    const decoder = new PushDecoder({ keys: tableOf(...meters) });
    for (const counter of [1, 2]) {
      for (const each of meters) {
        const [event] = decoder.receive(sealed(each, plain(counter), counter), true).events;
        assert.ok(event?.type === 'telegram' && event.telegram.meter.systemTitle === hex(each.title));
      }
    }
  });
});

const keysOf = ({ encryptionKey, authenticationKey }: Meter): Pick<Meter, 'encryptionKey' | 'authenticationKey'> => ({
  encryptionKey,
  authenticationKey,
});
