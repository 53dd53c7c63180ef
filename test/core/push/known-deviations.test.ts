// Messages that follow a rule of their own: lists without type tags, values that are missing, parts that came twice,
// wrapper headers that cannot be true. Built here from the formats, with invented numbers.

import assert from 'node:assert/strict';
import { array, nullData, octets, structure, u16, u32, visible } from '../../../src/core/cosem/data';
import { PushDecoder } from '../../../src/core/push';
import { pushFrames } from '../../../src/core/framing/hdlc-segments';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { concat, unhex } from '../../../src/core/wire/hex';
import { EXAMPLE_KEYS, notificationOf, pushBytes, pushFormat, type PushFormat } from '../../../src/sim/push-source';
import { bytewise, carriages, codesOf, feed, telegramsOf } from './feeding';

const format = (name: string): PushFormat => {
  const found = pushFormat(name);
  assert.ok(found !== undefined, name);
  return found;
};
const plain = (name: string): Uint8Array =>
  pushBytes({ name, title: '', body: format(name).body, carriage: { link: 'raw' } });

describe('push decoder: known deviations', () => {
  it('reads an untagged list that begins with a register, though its class id could pass for a tag', () => {
    // structure{ enum 1, array(2) of structure{ class 3, 1-0:1.8.0 and 1-0:2.8.0, attribute 2, value } }
    const row = '0202' + '0003' + '0100010800ff' + '02' + '0600000005';
    const second = '0202' + '0003' + '0100020800ff' + '02' + '0600000006';
    const list = '0102' + row + second;
    const [apdu, alone] = ['02021601' + list, list].map(body => unhex(`0f0000000100${body}`)) as [
      Uint8Array,
      Uint8Array,
    ];
    for (const chunks of [[apdu], bytewise(apdu), [alone], bytewise(alone)]) {
      const events = feed({}, chunks);
      assert.deepEqual(codesOf(events), []);
      assert.deepEqual(
        telegramsOf(events)[0]?.telegram.readings.map(r => [r.obis, r.value, r.classId, r.attribute]),
        [
          ['1-0:1.8.0*255', 5, 3, 2],
          ['1-0:2.8.0*255', 6, 3, 2],
        ],
      );
    }
  });

  it('reads values of billing periods in an untagged list, whose names do not end with 255', () => {
    const row = '0202' + '0003' + '0100010800ff' + '02' + '0600000005';
    const billing = '0202' + '0003' + '010001080001' + '02' + '0600000004';
    const shown = [
      ['1-0:1.8.0*255', 5],
      ['1-0:1.8.0*1', 4],
    ];
    for (const [rows, expected] of [
      [row + billing, shown],
      [billing + row, shown.toReversed()],
    ] as const) {
      const apdu = unhex(`0f000000010002021601${'0102'}${rows}`);
      for (const { settings, bytes } of [...carriages(apdu), { settings: {}, bytes: apdu }]) {
        for (const chunks of [[bytes], bytewise(bytes)]) {
          const events = feed(settings, chunks);
          assert.deepEqual(codesOf(events), []);
          assert.deepEqual(
            telegramsOf(events)[0]?.telegram.readings.map(r => [r.obis, r.value]),
            expected,
          );
        }
      }
    }
  });

  it('finds the end of a bare APDU whose last number looks like a name with swapped tags', () => {
    const named = [octets([1, 0, 1, 8, 0, 255]), u32(0x09060100)];
    const apdu = notificationOf(structure(...named));
    const [event] = telegramsOf([...new PushDecoder().receive(apdu).events]);
    assert.deepEqual(
      event?.telegram.readings.map(r => [r.obis, r.value]),
      [['1-0:1.8.0*255', 0x09060100]],
    );
  });

  it('knows a positional list in which some values are missing, and keeps them null', () => {
    const clock = octets(unhex('07e8021d04173b3700ffc400'));
    const [event] = telegramsOf(
      feed({}, [
        notificationOf(structure(clock, u32(1), u32(2), nullData, nullData, u32(5), u32(6), nullData, nullData)),
      ]),
    );
    assert.equal(event?.origin.layout, 'wn-9');
    assert.deepEqual(
      event?.telegram.readings.slice(1).map(r => r.value),
      [1, 2, null, null, 5, 6, null, null],
    );
    const mostly = notificationOf(structure(clock, ...Array.from({ length: 8 }, () => nullData)));
    assert.deepEqual(codesOf(feed({}, [mostly])), ['UNKNOWN_LAYOUT']);
  });

  it('gives the clock of a list that one operator sends the zone of its place, and says so', () => {
    const list = (clock: string) =>
      notificationOf(structure(octets(unhex(clock)), ...[1, 2, 3, 4, 5, 6, 7, 8].map(n => u32(n))));
    const told = (clock: string, options = {}) => {
      const [event] = telegramsOf(feed(options, [list(clock)]));
      assert.equal(event?.origin.layout, 'wn-9');
      assert.equal(event.telegram.readings[0]?.value, event.telegram.time);
      return [event.telegram.time, event.origin.zone];
    };
    const summer = '07e70915' + '05' + '162c01ff';
    const winter = '07e70115' + '06' + '162c01ff';
    assert.deepEqual(told(`${summer}800080`), ['2023-09-21T22:44:01+02:00', 'layout']);
    assert.deepEqual(told(`${winter}800000`), ['2023-01-21T22:44:01+01:00', 'layout']);
    // The hour that comes twice, by the bit.
    assert.deepEqual(told('07e70a1d07021e00ff800080'), ['2023-10-29T02:30:00+02:00', 'layout']);
    assert.deepEqual(told('07e70a1d07021e00ff800000'), ['2023-10-29T02:30:00+01:00', 'layout']);
    // A clock that does not keep the summer time of that place, or does not tell of it, is left as it is.
    assert.deepEqual(told(`${summer}800000`), ['2023-09-21T22:44:01', undefined]);
    assert.deepEqual(told(`${winter}800080`), ['2023-01-21T22:44:01', undefined]);
    assert.deepEqual(told(`${summer}8000ff`), ['2023-09-21T22:44:01', undefined]);
    // What the telegram or the user says counts.
    assert.deepEqual(told(`${summer}ffc480`), ['2023-09-21T22:44:01+01:00', undefined]);
    const policy = { mode: 'standard', zone: 'Europe/Lisbon' } as const;
    assert.deepEqual(told(`${summer}800080`, { policy }), ['2023-09-21T22:44:01+01:00', undefined]);
  });

  it('takes an IDIS CII list whatever its last text and code are', () => {
    const head = [octets(unhex('0006190900ff')), visible('12345678'), octets(unhex('0a081700'))];
    const rest = [octets(unhex('07e5051303')), ...[1, 2, 3, 4, 5, 6].map(n => u32(n))];
    for (const tail of [
      [nullData, nullData],
      [visible(''), u16(3)],
    ]) {
      const [event] = telegramsOf(feed({}, [notificationOf(structure(...head, ...rest, ...tail))]));
      assert.equal(event?.origin.layout, 'cii-12');
    }
  });

  it('keeps lists in lists as lists', () => {
    const row = structure(u16(7), octets(unhex('0100630100ff')), { type: 'integer', value: 2 }, u16(0));
    const body = structure(array(row), array(structure(u32(1), u32(2)), structure(u32(3), nullData)));
    const [event] = telegramsOf(feed({}, [notificationOf(body)]));
    assert.equal(event?.telegram.readings[0]?.value, '[[1,2],[3,null]]');
  });

  it('joins a segment that was sent twice only once', () => {
    const apdu = plain('aidon-se');
    const frames = pushFrames(apdu, { destination: unhex('cf'), source: unhex('0223'), maxInformation: 100 });
    const whole = telegramsOf(feed({}, frames))[0]?.telegram;
    assert.ok(whole !== undefined && frames.length > 3);
    const twice = frames.flatMap((frame, i) => (i === 1 ? [frame, frame] : [frame]));
    const events = feed({}, twice);
    assert.deepEqual(codesOf(events), []);
    assert.deepEqual(telegramsOf(events)[0]?.telegram, whole);
  });

  it('finds the next ciphered APDU that begins inside of a cut one', () => {
    const sealed = (counter: number): Uint8Array =>
      pushBytes({ ...format('kaifa-west'), control: 0x30, carriage: { link: 'raw' } }, { counter });
    const stream = concat(sealed(1).subarray(0, 90), sealed(2));
    for (const chunks of [[stream], bytewise(stream)]) {
      const events = feed(EXAMPLE_KEYS, chunks);
      assert.deepEqual(codesOf(events), ['INCOMPLETE']);
      assert.deepEqual(
        telegramsOf(events).map(t => t.origin.invocationCounter),
        [2],
      );
    }
  });

  it('does not fill up a message that was cut off from the next datagram', () => {
    const apdu = plain('noe');
    for (const whole of [encodeWrapper(1, 1, apdu), apdu]) {
      for (const length of [20, 100, whole.length - 3]) {
        const events = feed({}, [whole.slice(0, length), whole, whole]);
        assert.deepEqual(codesOf(events), ['INCOMPLETE']);
        const values = telegramsOf(events).map(t => t.telegram.readings.map(r => r.value));
        assert.equal(values.length, 2, `cut after ${length}`);
        assert.deepEqual(values[0], values[1]);
      }
      // Header and contents may well come in two chunks.
      for (const at of [1, 8, 9]) {
        assert.equal(telegramsOf(feed({}, [whole.slice(0, at), whole.slice(at)])).length, 1);
      }
    }
  });

  it('reads messages whose length counts the header, in a stream and as datagrams, with silence between and without', () => {
    const counted = ['kaifa-west', 'kaifa-list-13', 'kaifa-west'].map(name => {
      const message = encodeWrapper(1, 64, plain(name));
      message.set([(message.length >> 8) & 0xff, message.length & 0xff], 6);
      return message;
    });
    for (const framing of ['auto', 'wrapper'] as const) {
      const silent = new PushDecoder({ framing });
      const spaced = counted.flatMap(m => [...silent.receive(m).events, ...silent.timeout().events]);
      for (const events of [
        spaced,
        feed({ framing }, counted),
        feed({ framing }, [concat(...counted)]),
        feed({ framing }, bytewise(concat(...counted))),
      ]) {
        assert.deepEqual(codesOf(events), []);
        assert.deepEqual(
          telegramsOf(events).map(t => t.telegram.readings.length),
          [15, 13, 15],
        );
      }
    }
  });

  it('gives no value behind a wrapper header that cannot be true', () => {
    const good = encodeWrapper(1, 1, plain('kaifa-west'));
    const changed = (at: number, ...bytes: number[]): Uint8Array => {
      const copy = good.slice();
      copy.set(bytes, at);
      return copy;
    };
    for (const bad of [changed(1, 2), changed(1, 0), changed(6, 0, 0)]) {
      for (const chunks of [[bad], bytewise(bad)]) {
        const events = feed({}, chunks);
        assert.equal(telegramsOf(events).length, 0);
        assert.ok(codesOf(events).includes('WRAPPER_HEADER'), codesOf(events).join());
      }
      assert.equal(telegramsOf(feed({}, [concat(bad, good)])).length, 1);
    }
    assert.deepEqual(codesOf(feed({}, [good.slice(0, 8)])), ['INCOMPLETE']);
  });
});
