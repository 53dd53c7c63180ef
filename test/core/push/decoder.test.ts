// What a decoder does beside reading good telegrams: layers in any nesting, gaps, keys, replays, scales, clocks, noise.

import assert from 'node:assert/strict';
import { encodeApdu } from '../../../src/core/apdu';
import { array, i8, enumerated, nullData, octets, structure, u16, u32, visible } from '../../../src/core/cosem/data';
import { pushFrames } from '../../../src/core/framing/hdlc-segments';
import { mbusFrames } from '../../../src/core/framing/mbus-segments';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { PushDecoder, type PushOptions } from '../../../src/core/push';
import { Key, protect, sealApdu, wrapKey } from '../../../src/core/security';
import { GeneralBlockSender } from '../../../src/core/transfer';
import { concat, fromLatin1, hex, latin1, unhex } from '../../../src/core/wire/hex';
import {
  EXAMPLE_KEYS,
  EXAMPLE_TITLE,
  notificationOf,
  pushBytes,
  pushFormat,
  pushTelegram,
  type PushFormat,
} from '../../../src/sim/push-source';
import { block } from '../../../src/sim/iec-meter';
import { bytewise, codesOf, feed, problemsOf, settingsFor, telegramsOf } from './feeding';

const format = (name: string): PushFormat => {
  const found = pushFormat(name);
  assert.ok(found !== undefined, name);
  return found;
};
const frames = (name: string, counter = 1): Uint8Array[] => pushTelegram(format(name), { counter });
const plain = (name: string): Uint8Array =>
  pushBytes({ name, title: '', body: format(name).body, carriage: { link: 'raw' } });
const seal = (apdu: Uint8Array, counter = 1, control = 0x30): Uint8Array =>
  sealApdu(apdu, {
    form: 'general-glo',
    systemTitle: EXAMPLE_TITLE,
    key: EXAMPLE_KEYS.encryptionKey,
    authenticationKey: EXAMPLE_KEYS.authenticationKey,
    control,
    counter,
  });
const hdlc = (apdu: Uint8Array, llc?: Uint8Array): Uint8Array =>
  concat(
    ...pushFrames(apdu, { destination: unhex('41'), source: unhex('0883'), ...(llc === undefined ? {} : { llc }) }),
  );
const OTHER = Key.parse('ffeeddccbbaa99887766554433221100', 'key');

describe('push decoder: a text that broke off', () => {
  it('loses no frame behind the beginning of an identification', () => {
    const bytes = concat(fromLatin1('/KMP5 ZABF0015873'), hdlc(plain('kaifa-west')));
    for (const chunks of [[bytes], bytewise(bytes)]) assert.equal(telegramsOf(feed({}, chunks)).length, 1);
  });
});

describe('push decoder: layers', () => {
  const apdu = plain('kaifa-west');
  const whole = telegramsOf(feed({}, [apdu]))[0]?.telegram.readings;

  const nestings: [string, Uint8Array][] = [
    ['ciphering inside of block transfer', blocks(seal(apdu), 60)],
    ['block transfer inside of ciphering', seal(oneBlock(apdu))],
    ['ciphering in ciphering', seal(seal(apdu), 2)],
    ['blocks in ciphering in blocks', blocks(seal(oneBlock(apdu)), 90)],
    ['the LLC header of a command', hdlc(apdu, unhex('e6e600'))],
    ['no LLC header', hdlc(apdu, new Uint8Array(0))],
    ['an LLC header without any frame', concat(unhex('e6e700'), apdu)],
    ['M-Bus in many segments', concat(...mbusFrames(apdu, 20))],
  ];
  for (const [what, bytes] of nestings) {
    it(`reads ${what}`, () => {
      for (const chunks of [[bytes], bytewise(bytes)]) {
        const events = feed({ ...EXAMPLE_KEYS, require: 'nothing' }, chunks);
        assert.deepEqual(codesOf(events), []);
        assert.deepEqual(telegramsOf(events)[0]?.telegram.readings, whole);
      }
    });
  }

  /** Each block in a wrapper message. */
  function blocks(inner: Uint8Array, size: number): Uint8Array {
    return concat(...new GeneralBlockSender(inner, size).stream().map(b => encodeWrapper(1, 64, encodeApdu(b))));
  }
  function oneBlock(inner: Uint8Array): Uint8Array {
    return encodeApdu(new GeneralBlockSender(inner, 5000).stream()[0] as never);
  }

  it('reads several notifications in one frame, each with an LLC header of its own or without', () => {
    const llc = unhex('e6e700');
    const two = plain('kaifa-list-13');
    for (const between of [llc, new Uint8Array(0)]) {
      const events = feed({}, [hdlc(concat(apdu, between, two, between, apdu))]);
      assert.deepEqual(codesOf(events), []);
      assert.deepEqual(
        telegramsOf(events).map(t => t.telegram.readings.length),
        [15, 13, 15],
      );
    }
  });

  it('reports what follows a complete message', () => {
    const events = feed({}, [hdlc(concat(apdu, unhex('0000dead')))]);
    assert.equal(telegramsOf(events).length, 1);
    assert.deepEqual(
      problemsOf(events).map(p => [p.error.code, hex(p.bytes)]),
      [['WIRE_SURPLUS', '0000dead']],
    );
  });

  it('calls a transfer verified only where each of its blocks was', () => {
    const parts = new GeneralBlockSender(apdu, 100).stream().map(b => encodeApdu(b));
    const sent = (ciphered: (i: number) => boolean): Uint8Array[] =>
      parts.map((part, i) => encodeWrapper(1, 64, ciphered(i) ? seal(part, 10 + i) : part));
    const [all] = telegramsOf(
      feed(
        { ...EXAMPLE_KEYS, require: 'nothing' },
        sent(() => true),
      ),
    );
    assert.equal(all?.origin.authenticated, true);
    const [last] = telegramsOf(
      feed(
        { ...EXAMPLE_KEYS, require: 'nothing' },
        sent(i => i === parts.length - 1),
      ),
    );
    assert.equal(last?.origin.authenticated, false);
    const [first] = telegramsOf(
      feed(
        { ...EXAMPLE_KEYS, require: 'nothing' },
        sent(i => i === 0),
      ),
    );
    assert.notEqual(first?.origin.authenticated, true);
  });

  it('gives up when layers go on for ever', () => {
    let deep = apdu;
    for (let i = 0; i < 20; i++) deep = seal(deep, i + 1);
    assert.deepEqual(codesOf(feed(EXAMPLE_KEYS, [deep])), ['LIMIT_EXCEEDED']);
  });

  it('opens a service-specific form, whose title is configured', () => {
    const event = plain('event-notification');
    const sealed = sealApdu(event, {
      form: 'glo',
      systemTitle: EXAMPLE_TITLE,
      key: EXAMPLE_KEYS.encryptionKey,
      authenticationKey: EXAMPLE_KEYS.authenticationKey,
      control: 0x30,
      counter: 9,
    });
    assert.equal(sealed[0], 0xca);
    const [first] = telegramsOf(feed({ ...EXAMPLE_KEYS, systemTitle: EXAMPLE_TITLE }, [sealed]));
    assert.equal(first?.telegram.readings[0]?.value, 12_345_670);
    assert.equal(first?.origin.authenticated, true);
    assert.deepEqual(codesOf(feed(EXAMPLE_KEYS, [sealed])), ['NO_SYSTEM_TITLE']);
  });

  it('unwraps a key that comes with the message', () => {
    const master = OTHER;
    const header = {
      transactionId: unhex('0000000000000001'),
      originatorSystemTitle: EXAMPLE_TITLE,
      recipientSystemTitle: unhex('53494d0000000002'),
      dateTime: new Uint8Array(0),
      otherInformation: new Uint8Array(0),
    };
    const ciphered = protect(
      {
        systemTitle: EXAMPLE_TITLE,
        key: EXAMPLE_KEYS.encryptionKey,
        authenticationKey: EXAMPLE_KEYS.authenticationKey,
        control: 0x31,
        counter: 3,
        header,
      },
      apdu,
    );
    const keyCiphered = wrapKey(master, EXAMPLE_KEYS.encryptionKey);
    const bytes = encodeApdu({
      type: 'general-ciphering',
      ...header,
      keyInfo: { type: 'wrapped-key', kekId: 0, keyCiphered },
      ciphered,
    });
    const { authenticationKey } = EXAMPLE_KEYS;
    assert.equal(telegramsOf(feed({ masterKey: master, authenticationKey }, [bytes])).length, 1);
    const [missing] = problemsOf(feed({ ...EXAMPLE_KEYS }, [bytes]));
    assert.equal(missing?.error.code, 'NO_KEY');
    assert.match(missing.error.message, /no master key \(KEK\)/);
    assert.deepEqual(codesOf(feed({ masterKey: EXAMPLE_KEYS.authenticationKey, authenticationKey }, [bytes])), [
      'WRONG_KEY',
    ]);
  });
});

describe('push decoder: keys and counters', () => {
  const one = concat(...frames('burgenland-14', 5));
  const cases: [string, PushOptions, string[]][] = [
    ['no key', {}, ['NO_KEY']],
    ['a wrong encryption key where a tag tells', { ...EXAMPLE_KEYS, encryptionKey: OTHER }, ['WRONG_KEY']],
    ['a wrong encryption key where nothing but the contents tells', { encryptionKey: OTHER }, ['WRONG_KEY']],
    ['a wrong authentication key', { ...EXAMPLE_KEYS, authenticationKey: OTHER }, ['AUTHENTICATION_FAILED']],
    ['the right keys', EXAMPLE_KEYS, []],
    ['the encryption key alone', { encryptionKey: EXAMPLE_KEYS.encryptionKey }, []],
  ];
  for (const [what, options, codes] of cases) {
    it(`tells ${what}`, () => {
      const events = feed(options, [one]);
      assert.deepEqual(codesOf(events), codes);
      const [telegram] = telegramsOf(events);
      assert.equal(
        telegram?.origin.authenticated,
        codes.length > 0 ? undefined : options.authenticationKey !== undefined,
      );
      const [problem] = problemsOf(events);
      if (problem !== undefined) {
        assert.equal(problem.origin.systemTitle, '53494d0000000001');
        assert.equal(problem.origin.invocationCounter, 5);
        assert.equal(problem.origin.encrypted, true);
        assert.doesNotMatch(JSON.stringify(problem.error.message), /ffeedd|5a4d6e/i);
      }
    });
  }

  it('refuses compression by name', () => {
    const compressed = seal(plain('kaifa-west'));
    const at = compressed.indexOf(0x30, 12);
    compressed[at] = 0xa0;
    assert.deepEqual(codesOf(feed(EXAMPLE_KEYS, [encodeWrapper(1, 1, compressed)])), ['COMPRESSED']);
  });

  it('marks replays and counts gaps for each system title', () => {
    const decoder = new PushDecoder(EXAMPLE_KEYS);
    const marks = [5, 6, 6, 9, 8, 10].map(counter => {
      const [event] = telegramsOf(decoder.receive(concat(...frames('burgenland-14', counter))).events);
      return [event?.origin.replayed, event?.origin.skipped];
    });
    assert.deepEqual(marks, [
      [undefined, undefined],
      [undefined, undefined],
      [true, undefined],
      [undefined, 2],
      [true, undefined],
      [undefined, undefined],
    ]);
  });

  it('refuses replays when told so, and takes the next good one', () => {
    const events = feed(
      { ...EXAMPLE_KEYS, replay: 'refuse' },
      [5, 5, 4, 6].map(n => concat(...frames('burgenland-14', n))),
    );
    assert.equal(telegramsOf(events).length, 2);
    assert.deepEqual(codesOf(events), ['REPLAYED', 'REPLAYED']);
  });

  it('does not let a forged counter block the meter', () => {
    const inner = seal(plain('burgenland-14'), 0xffff_fff0);
    inner[inner.length - 20] = (inner[inner.length - 20] as number) ^ 1;
    const events = feed({ ...EXAMPLE_KEYS, replay: 'refuse' }, [
      one,
      encodeWrapper(1, 1, inner),
      concat(...frames('burgenland-14', 6)),
    ]);
    assert.equal(telegramsOf(events).length, 2);
    assert.deepEqual(codesOf(events), ['AUTHENTICATION_FAILED']);
  });
});

describe('push decoder: gaps', () => {
  it('never joins blocks across a gap', () => {
    const parts = frames('e450-idis');
    assert.ok(parts.length >= 3);
    for (let missing = 0; missing < parts.length; missing++) {
      const events = feed(
        {},
        parts.filter((_, i) => i !== missing),
      );
      assert.deepEqual(telegramsOf(events), [], `without block ${missing + 1}`);
      assert.ok(
        codesOf(events).some(c => c === 'SEGMENT_LOST' || c === 'INCOMPLETE'),
        codesOf(events).join(),
      );
    }
    const swapped = [parts[0], parts[2], parts[1], ...parts.slice(3)] as Uint8Array[];
    assert.deepEqual(telegramsOf(feed({}, swapped)), []);
  });

  it('begins anew with the first block of the next transfer', () => {
    const parts = frames('e450-idis');
    const events = feed({}, [...parts.slice(0, 2), ...frames('e450-idis', 2)]);
    assert.equal(telegramsOf(events).length, 1);
    assert.deepEqual(codesOf(events), ['INCOMPLETE']);
  });

  it('never joins segments across a gap', () => {
    for (const name of ['am550-obis', 'croatia-33', 'noe']) {
      const parts = frames(name);
      for (let missing = 0; missing < parts.length; missing++) {
        const events = feed(
          settingsFor(format(name)),
          parts.filter((_, i) => i !== missing),
        );
        assert.deepEqual(telegramsOf(events), [], `${name} without part ${missing + 1}`);
        assert.notDeepEqual(codesOf(events), []);
      }
    }
  });

  it('waits for a meter that pauses, and gives up after the idle time', () => {
    const parts = frames('e450-idis');
    const decoder = new PushDecoder();
    const first = decoder.receive(parts[0] as Uint8Array);
    assert.equal(first.waitMs, 5000);
    assert.equal(decoder.timeout().events[0]?.type, 'problem');
    assert.equal(decoder.timeout().waitMs, null);
    assert.equal(decoder.receive(concat(...frames('kamstrup-list-1'))).waitMs, null);
  });
});

describe('push decoder: scales and clocks', () => {
  const scaled = (options: PushOptions, name: string, obis: string): [unknown, unknown, unknown] => {
    const [event] = telegramsOf(feed(options, [concat(...frames(name))]));
    const reading = event?.telegram.readings.find(r => r.obis === obis);
    return [reading?.value, reading?.scaler, reading?.scaleSource];
  };

  it('takes the scale from the telegram, from the list, or from the user, who counts most', () => {
    assert.deepEqual(scaled({}, 'aidon-no-list-3', '1-0:1.8.0*255'), [12_345_670, 1, 'telegram']);
    assert.deepEqual(scaled({}, 'kamstrup-list-2', '1-1:1.8.0*255'), [12_345_670, 1, 'layout']);
    assert.deepEqual(scaled({}, 'czech', '1-0:1.8.0*255'), [12_345_670, 0, 'none']);
    const scalers = { '1-*:*.8.*': '-3' };
    assert.deepEqual(scaled({ scalers }, 'kamstrup-list-2', '1-1:1.8.0*255'), [1234.567, -3, 'user']);
    assert.deepEqual(scaled({ scalers }, 'aidon-no-list-3', '1-0:1.8.0*255'), [1234.567, -3, 'user']);
    assert.deepEqual(scaled({ scalers }, 'aidon-no-list-3', '1-0:32.7.0*255'), [231, -1, 'telegram']);
  });

  it('reads clocks by the policy', () => {
    const time = (name: string, policy: PushOptions['policy']): unknown =>
      telegramsOf(feed(policy === undefined ? {} : { policy }, [concat(...frames(name))]))[0]?.telegram.time;
    assert.equal(time('kamstrup-list-2', undefined), '2026-11-22T10:15:00');
    assert.equal(time('kamstrup-list-2', { mode: 'standard', zone: 'Europe/Copenhagen' }), '2026-11-22T10:15:00+01:00');
    assert.equal(time('aidon-no-list-3', undefined), '2026-11-22T10:15:00+01:00');
    assert.equal(time('aidon-no-list-3', { mode: 'inverted' }), '2026-11-22T10:15:00-01:00');
    assert.equal(time('kaifa-list-1', undefined), '2026-11-22T10:15:00');
    assert.equal(time('aidon-no-list-1', undefined), null);
  });

  it('shows the time of a clock that calls itself invalid, with its status, and none of an impossible one', () => {
    const doubtful = unhex('07ea0b16070a0f00ff800081');
    const impossible = unhex('07eaffff070a0f00ff800000');
    for (const [clock, time, status] of [
      [doubtful, '2026-11-22T10:15:00', 0x81],
      [impossible, null, undefined],
    ] as const) {
      const named = [octets([0, 0, 1, 0, 0, 255]), octets(clock), octets([1, 0, 1, 8, 0, 255]), u32(1)];
      const body = structure(...named);
      const [event] = telegramsOf(feed({}, [notificationOf(body)]));
      assert.equal(event?.telegram.time, time);
      assert.equal(event?.telegram.readings[0]?.value, time);
      assert.equal(event?.telegram.readings[0]?.status, status);
    }
  });

  it('keeps null where a meter sends no value', () => {
    const rows = [40, 3].map((c, i) =>
      structure(u16(c), octets([i, 0, i === 0 ? 25 : 1, i === 0 ? 9 : 8, 0, 255]), i8(2), u16(0)),
    );
    const [event] = telegramsOf(feed({}, [notificationOf(structure(array(...rows), nullData))]));
    assert.deepEqual(
      event?.telegram.readings.map(r => [r.obis, r.value]),
      [['1-0:1.8.0*255', null]],
    );
  });

  it('takes the scale that a list gives beside its values', () => {
    const name = octets([1, 0, 32, 7, 0, 255]);
    const row = (attribute: number) => structure(u16(3), name, i8(attribute), u16(0));
    const setup = structure(u16(40), octets([0, 0, 25, 9, 0, 255]), i8(2), u16(0));
    const body = structure(array(setup, row(2), row(3)), u16(2301), structure(i8(-1), enumerated(35)));
    const [event] = telegramsOf(feed({}, [notificationOf(body)]));
    assert.deepEqual(
      [event?.telegram.readings[0]?.value, event?.telegram.readings[0]?.unit, event?.telegram.readings[0]?.scaleSource],
      [230.1, 'V', 'telegram'],
    );
  });

  it('tells meter, maker and model', () => {
    const meter = (name: string): unknown => {
      const events = feed(settingsFor(format(name)), [concat(...frames(name))]);
      return telegramsOf(events)[0]?.telegram.meter;
    };
    assert.deepEqual(meter('kaifa-list-13'), { id: '30000001', manufacturer: 'KFM', model: 'MA304H3E' });
    assert.deepEqual(meter('aidon-no-list-2'), { id: '7350000000000001', manufacturer: 'AID', model: '6525' });
    assert.deepEqual(meter('noe'), {
      id: '181000000001',
      manufacturer: 'SIM',
      model: null,
      systemTitle: '53494d0000000001',
    });
  });
});

describe('push decoder: damage and noise', () => {
  it('gives no value of a frame that was changed anywhere', () => {
    for (const name of ['kamstrup-list-1', 'noe', 'burgenland-14', 'slovenia-18']) {
      const whole = concat(...frames(name));
      const options = settingsFor(format(name));
      for (let i = 0; i < whole.length; i++) {
        const damaged = whole.slice();
        damaged[i] = (damaged[i] as number) ^ 0x10;
        const events = feed(options, [damaged]);
        const last = i === whole.length - 1 || (i === 0 && name !== 'noe');
        if (!last) assert.deepEqual(telegramsOf(events), [], `${name} byte ${i}`);
      }
    }
  });

  it('finds the good frame behind a cut one', () => {
    const good = concat(...frames('aidon-no-list-2'));
    for (const cut of [3, 10, 60, 150]) {
      const events = feed({}, [concat(concat(...frames('kamstrup-list-2')).subarray(0, cut), good)]);
      assert.equal(telegramsOf(events).length, 1, `cut after ${cut}`);
      assert.notDeepEqual(codesOf(events), []);
    }
  });

  it('is not held up by a length that is too long: what follows is found at the latest when the line is silent', () => {
    const endless = unhex('0001000100010fff0f00000001000201');
    const events = feed({}, [endless, concat(...frames('kamstrup-list-1'))]);
    assert.equal(telegramsOf(events).length, 1);
    assert.deepEqual(codesOf(events)[0], 'INCOMPLETE');
  });

  it('refuses counts and lengths that cannot be, at once and without memory for them', () => {
    for (const [bytes, code] of [
      ['0f00000001000184ffffffff1101', 'LIMIT_EXCEEDED'],
      ['0f000000010009847fffffff0102', 'LIMIT_EXCEEDED'],
      [`0f0000000100${'0201'.repeat(5000)}00`, 'LIMIT_EXCEEDED'],
      ['0f00000001000202110b6300', 'WIRE_INVALID'],
    ] as const) {
      const [first] = codesOf(feed({}, [unhex(bytes)]));
      assert.equal(first, code);
      const framed = codesOf(feed({}, [encodeWrapper(1, 1, unhex(bytes))]));
      assert.equal(framed.length, 1, framed.join());
    }
  });

  it('refuses what is no push, by its name', () => {
    const events = feed({ framing: 'wrapper' }, [encodeWrapper(1, 1, unhex('c4 01 c1 00 11 05'))]);
    assert.match(problemsOf(events)[0]?.error.message ?? '', /get-response-normal/);
  });

  it('allows a fixed framing only', () => {
    const bytes = concat(...frames('kamstrup-list-1'));
    assert.equal(telegramsOf(feed({ framing: 'hdlc' }, [bytes])).length, 1);
    for (const framing of ['mbus', 'wrapper', 'raw', 'p1'] as const) {
      assert.deepEqual(telegramsOf(feed({ framing }, [bytes])), [], framing);
    }
  });

  it('takes no bare APDU out of a frame that lost its beginning, once a frame of the source was good', () => {
    const good = pushBytes(format('kamstrup-list-2'));
    for (let cut = 2; cut <= 20; cut++) {
      const events = feed({}, [good, good.subarray(cut), good]);
      assert.deepEqual(
        telegramsOf(events).map(t => t.origin.framing),
        ['hdlc', 'hdlc'],
        `${cut}`,
      );
      assert.ok(problemsOf(events).length > 0, `${cut}`);
    }
  });

  it('says of a bare APDU behind checked frames what it is and what to set', () => {
    const good = pushBytes(format('kamstrup-list-2'));
    const bare = good.subarray(good.indexOf(0x0f), -3);
    const [problem] = problemsOf(feed({}, [good, bare]));
    assert.match(problem?.error.message ?? '', /without a frame.*set the framing to raw/);
    assert.equal(telegramsOf(feed({ framing: 'raw' }, [bare])).length, 1);
  });

  it('sees the end of a frame behind what looks like a bare APDU', () => {
    const good = pushBytes(format('kamstrup-list-2'));
    const apdu = good.indexOf(0x0f);
    assert.deepEqual(telegramsOf(feed({}, [good.subarray(apdu)])), []);
    assert.equal(telegramsOf(feed({}, [good.subarray(apdu, -3)])).length, 1);
  });

  it('takes no bare APDU out of an M-Bus frame whose head is damaged, whole or in pieces', () => {
    const good = pushBytes(format('noe-long-frame'));
    const apdu = good.indexOf(0xdb);
    const options = settingsFor(format('noe-long-frame'));
    assert.equal(telegramsOf(feed(options, [good])).length, 1);
    for (let at = 0; at < apdu; at++) {
      const damaged = good.map((b, i) => (i === at ? b ^ 0x20 : b));
      for (const chunks of [[damaged], [damaged.subarray(0, -2), damaged.subarray(-2)]])
        assert.deepEqual(telegramsOf(feed(options, chunks)), [], `octet ${at}`);
    }
  });

  it('takes no bare APDU out of an HDLC frame whose header check and LLC are damaged', () => {
    const good = pushBytes(format('kamstrup-list-2'));
    const llc = good.indexOf(0xe6);
    for (const header of [3, 4, 5, 6, 7]) {
      const damaged = good.map((b, i) => (i === header || i === llc ? b ^ 0x01 : b));
      assert.deepEqual(telegramsOf(feed({}, [damaged])), [], `octet ${header}`);
      assert.equal(telegramsOf(feed({}, [damaged, good])).length, 1);
    }
  });

  it('takes no value out of a frame whose header, LLC and one more bit are damaged', () => {
    const good = pushBytes(format('kamstrup-list-1'));
    const llc = good.indexOf(0xe6);
    const flipped = (...at: readonly (readonly [number, number])[]): Uint8Array => {
      const bytes = good.slice();
      for (const [octet, bit] of at) bytes[octet] = (bytes[octet] as number) ^ (1 << bit);
      return bytes;
    };
    // Each octet of flag, header and check; each bit of the LLC; each octet of the APDU, with another bit each.
    for (let header = 0; header < llc; header++)
      for (let bit = 0; bit < 24; bit++)
        for (let at = llc + 3; at < good.length - 3; at += 5) {
          const damaged = flipped([header, bit % 8], [llc + (bit >> 3), bit % 8], [at, (at + bit) % 8]);
          assert.deepEqual(telegramsOf(feed({}, [damaged])), [], `${header} ${bit} ${at}`);
        }
  });

  it('takes nothing of P1 text that an STX out of nowhere cuts in two', () => {
    const text = latin1(pushBytes(format('p1')))
      .replace('0.2.8(50)', '0.2.8(22)')
      .replace(/!.*/, '!');
    const cut = text.replace(')\r\n', ')\r\x02');
    assert.equal(telegramsOf(feed({}, [fromLatin1(text)])).length, 1);
    assert.deepEqual(telegramsOf(feed({}, [fromLatin1(cut)])), []);
    assert.ok(codesOf(feed({}, [fromLatin1(cut)])).length > 0);
  });

  it('says of a load profile as text that it is not read here', () => {
    const profile = block('P.01(0260101001500)(00)(15)(1)(1.5.0)(kW)\r\n(0.1)\r\n(0.3)\r\n');
    const events = feed({}, [concat(fromLatin1('/ABC5X\r\n'), profile)]);
    assert.deepEqual(telegramsOf(events), []);
    assert.match(problemsOf(events)[0]?.error.message ?? '', /load profile as text.*not supported/);
  });

  it('tells text with a wrong CRC, and reads text whose line ends were changed', () => {
    const text = pushBytes(format('p1'));
    const wrong = text.slice();
    wrong[wrong.length - 4] = wrong[wrong.length - 4] === 0x30 ? 0x31 : 0x30;
    assert.deepEqual(codesOf(feed({}, [wrong])), ['CRC_MISMATCH']);
    assert.deepEqual(telegramsOf(feed({}, [wrong])), []);
    const unix = text.filter(b => b !== 0x0d);
    const [event] = telegramsOf(feed({}, [unix]));
    assert.equal(event?.origin.checksum, 'ok');
    const without = concat(text.subarray(0, text.length - 6), fromLatin1('\r\n'));
    assert.deepEqual(codesOf(feed({}, [without])), ['TELEGRAM_INCOMPLETE'], 'version 5 has a CRC');
    const old = fromLatin1(latin1(without).replace('0.2.8(50)', '0.2.8(22)'));
    assert.equal(telegramsOf(feed({}, [old]))[0]?.origin.checksum, 'none');
    assert.deepEqual(codesOf(feed({}, [text, old])), ['TELEGRAM_INCOMPLETE'], 'this source has sent one');
  });

  it('gives vendor octets in hex and visible strings as text', () => {
    const value = (body: Parameters<typeof notificationOf>[0]): unknown =>
      telegramsOf(feed({}, [notificationOf(body)]))[0]?.telegram.readings[0]?.value;
    assert.equal(value(octets([0, 255, 16])), '00ff10');
    assert.equal(value(visible('hello')), 'hello');
    assert.match(String(value(visible('hello\0\0'))), /^hello/);
    assert.equal(value(visible('\x05\x1b')), undefined);
  });
});
