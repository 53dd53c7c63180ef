// Bodies of notifications without their header, as some programs log them: believed alone, and never amid anything else.

import assert from 'node:assert/strict';
import { array, octets, structure, u16, u32, visible, encodeData } from '../../../src/core/cosem/data';
import { FRAMINGS, PushDecoder } from '../../../src/core/push';
import { Key } from '../../../src/core/security';
import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { pushBytes, pushFormat } from '../../../src/sim/push-source';
import { bytewise, codesOf, feed, randomly, telegramsOf } from './feeding';

const kamstrup = pushFormat('kamstrup-list-2');
assert.ok(kamstrup !== undefined);
const BODY = encodeData(
  structure(
    visible('Kamstrup_V0001'),
    octets(unhex('0101000005ff')),
    visible('5706567200009999'),
    octets(unhex('0101010700ff')),
    u32(189),
    octets(unhex('0101200700ff')),
    u16(238),
  ),
);
const VALUES = [189, 238];
const valuesOf = (events: Parameters<typeof telegramsOf>[0]): unknown[] =>
  telegramsOf(events).flatMap(({ telegram }) => telegram.readings.slice(-2).map(r => r.value));

describe('push decoder: a body without header', () => {
  it('is read where it is all that came between two silences, however it is cut', () => {
    for (const chunks of [[BODY], bytewise(BODY), randomly(BODY, 1, 13)]) {
      const events = feed({}, chunks);
      assert.deepEqual(valuesOf(events), VALUES);
      assert.deepEqual(codesOf(events), []);
      const [event] = telegramsOf(events);
      assert.deepEqual(event?.origin, {
        source: 'push',
        framing: 'raw',
        checksum: 'none',
        service: 'body',
        layout: 'kamstrup',
      });
      assert.equal(event?.telegram.meter.id, '5706567200009999');
    }
  });

  it('is read at once where it is one message', () => {
    const decoder = new PushDecoder();
    for (let i = 0; i < 3; i++) {
      const { events, waitMs } = decoder.receive(BODY, true);
      assert.deepEqual(valuesOf([...events]), VALUES);
      assert.equal(waitMs, null);
    }
  });

  it('is none with an octet more or less, or behind or in front of anything else', () => {
    const inputs = [
      [BODY.subarray(0, -1)],
      [concat(BODY, unhex('00'))],
      [concat(unhex('55'), BODY)],
      [BODY, unhex('1234')],
      [unhex('1234'), BODY],
      [BODY, BODY.subarray(0, -1)],
      [BODY, encodeData(structure(u32(1), u32(2)))],
    ];
    for (const chunks of inputs) {
      const events = feed({}, chunks);
      assert.deepEqual(telegramsOf(events), []);
      assert.notDeepEqual(codesOf(events), []);
    }
  });

  it('may be followed by others in one silence and in one message', () => {
    const two = concat(BODY, BODY);
    for (const chunks of [[BODY, BODY], [two], bytewise(two), randomly(two, 1, 13)]) {
      const events = feed({}, chunks);
      assert.deepEqual(valuesOf(events), [...VALUES, ...VALUES]);
      assert.deepEqual(codesOf(events), []);
    }
    const events = feed({ hex: true }, [two]);
    assert.deepEqual(
      telegramsOf(events).map(({ origin }) => origin.hex),
      [hex(BODY), hex(BODY)],
    );
    assert.deepEqual(valuesOf([...new PushDecoder().receive(two, true).events]), [...VALUES, ...VALUES]);
  });

  it('is read where it is a message behind noise, which is told, but not behind a frame that has begun', () => {
    for (const noise of [unhex('1234'), BODY.subarray(0, 20)]) {
      const decoder = new PushDecoder();
      assert.deepEqual(decoder.receive(noise, true).events, []);
      const events = [...decoder.receive(BODY, true).events];
      assert.deepEqual(codesOf(events), ['NO_FRAME']);
      assert.deepEqual(valuesOf(events), VALUES);
      assert.deepEqual(decoder.timeout().events, []);
    }
    const whole = pushBytes({ ...kamstrup, carriage: { link: 'wrapper' } });
    const body = whole.subarray(whole.indexOf(0x02, 15));
    const decoder = new PushDecoder();
    const events = [whole.subarray(0, whole.length - body.length), body].flatMap(part => [
      ...decoder.receive(part, true).events,
    ]);
    assert.deepEqual(
      telegramsOf(events).map(({ origin }) => origin.service),
      ['data-notification'],
    );
  });

  it('is none where the list has no known form', () => {
    for (const data of [structure(), array(), array(u16(1)), structure(u32(1), u32(2))]) {
      const events = feed({}, [encodeData(data)]);
      assert.deepEqual(telegramsOf(events), []);
      assert.deepEqual(codesOf(events), ['NO_FRAME']);
    }
  });

  it('is none from a source that has sent a frame with a check', () => {
    const decoder = new PushDecoder();
    decoder.receive(pushBytes(kamstrup));
    decoder.receive(unhex('7e'));
    decoder.timeout();
    assert.deepEqual(telegramsOf([...decoder.receive(BODY, true).events, ...decoder.timeout().events]), []);
    decoder.reset();
    assert.deepEqual(valuesOf([...decoder.receive(BODY, true).events]), VALUES);
  });

  it('is none with a framing that has a frame, and is not believed where keys say that it comes encrypted', () => {
    for (const framing of FRAMINGS.filter(f => f !== 'raw')) {
      assert.deepEqual(telegramsOf(feed({ framing }, [BODY])), []);
    }
    assert.equal(telegramsOf(feed({ framing: 'raw' }, [BODY])).length, 1);
    const key = Key.parse('00'.repeat(16), 'key');
    assert.deepEqual(codesOf(feed({ encryptionKey: key }, [BODY])), ['NOT_ENCRYPTED']);
  });

  it('may be as long as lists are, and never longer', () => {
    const names = (n: number): Uint8Array =>
      encodeData(structure(...Array.from({ length: n }, (_, i) => [octets(unhex('0101010700ff')), u32(i)]).flat()));
    assert.equal(telegramsOf(feed({}, [names(70)])).length, 1);
    assert.deepEqual(telegramsOf(feed({}, bytewise(names(90)))), []);
  });
});
