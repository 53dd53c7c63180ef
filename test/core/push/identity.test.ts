// Whose telegram it is: ids that are lent to lists without one, meters that change and alternate, meters behind a meter.
// Built here with invented numbers; the orders are those of Kaifa, Aidon (lists with and without id) and Landis+Gyr (sub-meters).

import assert from 'node:assert/strict';
import {
  array,
  enumerated,
  i8,
  octets,
  structure,
  u16,
  u32,
  u8,
  visible,
  type Data,
} from '../../../src/core/cosem/data';
import { pushFrames } from '../../../src/core/framing/hdlc-segments';
import { Obis } from '../../../src/core/obis/obis';
import { PushDecoder, type PushOptions } from '../../../src/core/push/decoder';
import { crc16Arc } from '../../../src/core/wire/crc16';
import { concat, fromLatin1 } from '../../../src/core/wire/hex';
import { notificationOf, pushBytes, pushFormat } from '../../../src/sim/push-source';
import { carriages, telegramsOf, type TelegramEvent } from './feeding';

const code = (text: string): Data => octets(Obis.parse(text).bytes);
const scale = (power: number, unit: number): Data => structure(i8(power), enumerated(unit));
const text = (value: string): Data => octets(fromLatin1(value));
const power = (watts = 1500): Data => structure(code('1-0:1.7.0'), u32(watts), scale(0, 27));
const named = (codeOfId: string, id: string): Data => structure(code(codeOfId), text(id));
const withId = (id: string, ...more: Data[]): Uint8Array => frame(structure(named('0-0:96.1.0', id), ...more, power()));
const WITHOUT = array(power(4117));
const frame = (body: Data): Uint8Array => framed(notificationOf(body));
const framed = (apdu: Uint8Array): Uint8Array =>
  concat(
    ...pushFrames(apdu, { destination: Uint8Array.of(0x41), source: Uint8Array.of(0x08, 0x83), maxInformation: 2030 }),
  );

/** What each letter of an order stands for: A, B, C with id, "." without. */
function idsOf(order: string, options: PushOptions = {}): (string | null)[] {
  const decoder = new PushDecoder(options);
  return [...order].map(letter => {
    const bytes = letter === '.' ? frame(WITHOUT) : withId(`1000000${letter}`);
    const [event] = telegramsOf(decoder.receive(bytes).events);
    assert.ok(event !== undefined);
    return event.telegram.meter.id?.at(-1) ?? null;
  });
}

describe('push decoder: the meter of a list without id', () => {
  const orders: [string, string, string][] = [
    ['is that of the lists around it', 'A.A..A', 'AAAAAA'],
    ['is nobody before one has come', '..A.', '__AA'],
    ['is not the one before an exchange, and the new one when it is sure', 'A.B.B.B.', 'AAB_B_BB'],
    ['is nobody where two alternate', 'AB.A.B.A.BBBB.', 'AB_A_B_A_BBBB_'],
    ['is nobody where two alternate, one of them seldom', 'A.A.AB.A.A.A.A', 'AAAAAB_A_A_A_A'],
    ['is nobody where three take turns', 'ABC.ABC.ABC.', 'ABC_ABC_ABC_'],
  ];
  for (const [what, order, expected] of orders) {
    it(`${what}: ${order}`, () => {
      const shown = idsOf(order)
        .map(id => id ?? '_')
        .join('');
      assert.equal(shown, expected);
    });
  }

  it('has its maker and model, too, and they stay where a list with id leaves them out', () => {
    const decoder = new PushDecoder();
    const chunks = [
      withId('10000001', named('0-0:42.0.0', 'ABC0000010000001'), named('0-0:96.1.7', 'X100')),
      frame(WITHOUT),
      withId('10000001'),
    ];
    const events = chunks.flatMap(chunk => telegramsOf(decoder.receive(chunk).events));
    const meter = { id: '10000001', manufacturer: 'ABC', model: 'X100' };
    assert.deepEqual(
      events.map(e => e.telegram.meter),
      [meter, meter, meter],
    );
  });

  it('is known by any name that stood beside its number, and by no model', () => {
    const decoder = new PushDecoder();
    const of = (bytes: Uint8Array): string | null | undefined =>
      telegramsOf(decoder.receive(bytes).events)[0]?.telegram.meter.id;
    assert.equal(
      of(withId('10000001', named('0-0:42.0.0', 'ABC0000010000001'), named('0-0:96.1.1', 'MA309M'))),
      '10000001',
    );
    assert.equal(of(frame(structure(named('0-0:42.0.0', 'ABC0000010000001'), power()))), '10000001');
    assert.equal(of(frame(structure(named('0-0:96.1.1', 'MA309M'), power()))), '10000001');
    assert.equal(of(frame(WITHOUT)), '10000001');
    // A second meter of this model: the model is the name of neither.
    assert.equal(of(withId('20000002', named('0-0:96.1.1', 'MA309M'))), '20000002');
    assert.equal(of(frame(structure(named('0-0:96.1.1', 'MA309M'), power()))), null);
  });

  it('takes the better name of a meter when it comes', () => {
    const decoder = new PushDecoder();
    const of = (bytes: Uint8Array): string | null | undefined =>
      telegramsOf(decoder.receive(bytes).events)[0]?.telegram.meter.id;
    assert.equal(of(frame(structure(named('0-0:42.0.0', 'ABC0000010000001'), power()))), 'ABC0000010000001');
    assert.equal(of(withId('10000001', named('0-0:42.0.0', 'ABC0000010000001'))), '10000001');
    assert.equal(of(frame(structure(named('0-0:42.0.0', 'ABC0000010000001'), power()))), '10000001');
    assert.equal(of(frame(WITHOUT)), '10000001');
  });

  it('is found in every carriage', () => {
    const first = notificationOf(structure(named('0-0:96.1.0', '10000001'), power()));
    const second = carriages(notificationOf(WITHOUT), 2);
    for (const [i, { name, settings, bytes }] of carriages(first).entries()) {
      const decoder = new PushDecoder(settings);
      const events = [bytes, second[i]?.bytes ?? bytes].flatMap(chunk =>
        telegramsOf([...decoder.receive(chunk).events, ...decoder.timeout().events]),
      );
      assert.deepEqual(
        events.map(e => e.telegram.meter.id),
        ['10000001', '10000001'],
        name,
      );
    }
  });

  it('is that of the system title, which no other sender lends to', () => {
    const { settings, bytes } = only(
      'hdlc, encrypted',
      notificationOf(structure(named('0-0:96.1.0', '10000001'), power())),
      1,
    );
    const decoder = new PushDecoder({ ...settings, require: 'nothing' });
    const ids = [bytes, withId('20000002'), only('hdlc, encrypted', notificationOf(WITHOUT), 2).bytes, frame(WITHOUT)]
      .flatMap(chunk => telegramsOf(decoder.receive(chunk).events))
      .map(e => e.telegram.meter.id);
    assert.deepEqual(ids, ['10000001', '20000002', '10000001', null]);
  });

  it('is found among lists, texts and SML files of one source alike', () => {
    const p1 = p1Text('/ABC5METER', ['0-0:96.1.0(3130303030303031)', '1-0:1.7.0(00.500*kW)']);
    const bare = p1Text('/ABC5METER', ['1-0:1.7.0(00.600*kW)']);
    const decoder = new PushDecoder();
    const ids = [p1, bare, frame(WITHOUT)]
      .flatMap(chunk => telegramsOf(decoder.receive(chunk).events))
      .map(e => e.telegram.meter.id);
    assert.deepEqual(ids, ['10000001', '10000001', '10000001']);
    const sml = pushFormat('sml-fnn');
    assert.ok(sml !== undefined);
    const other = new PushDecoder();
    const of = [pushBytes(sml), frame(WITHOUT)]
      .flatMap(chunk => telegramsOf(other.receive(chunk).events))
      .map(e => e.telegram.meter.id);
    assert.equal(of[1], of[0]);
  });

  function only(name: string, apdu: Uint8Array, counter: number): ReturnType<typeof carriages>[number] {
    const found = carriages(apdu, counter).find(c => c.name === name);
    assert.ok(found !== undefined);
    return found;
  }
});

describe('push decoder: meters behind a meter', () => {
  const row = (classId: number, name: string): Data => structure(u16(classId), code(name), i8(2), u16(0));
  /** Landis+Gyr E450 in Switzerland: four channels, of which most have no meter. */
  const subMeters = (ids: readonly (string | null)[], own: string | null): Uint8Array => {
    const channels = ids.map((_, i) => i + 1);
    const rows = [
      row(40, '0-11:25.9.0'),
      ...channels.map(b => row(1, `0-${b}:96.1.0`)),
      ...channels.map(b => row(4, `0-${b}:24.2.1`)),
    ];
    const values = [
      ...ids.map(id => (id === null ? octets(Uint8Array.of(0)) : text(id))),
      ...channels.map(b => u32(30545 * b)),
    ];
    const mine = own === null ? [[], []] : [[row(1, '0-0:96.1.0')], [visible(own)]];
    return frame(structure(array(...rows, ...(mine[0] as Data[])), ...values, ...(mine[1] as Data[])));
  };
  const meters = ({ telegram }: TelegramEvent): (string | null | undefined)[] =>
    telegram.readings.map(r => r.meter?.id);

  it('have readings of their own, and the meter in front does not get their number', () => {
    const [event] = telegramsOf(new PushDecoder().receive(subMeters(['20000018', null, '20000020'], null)).events);
    assert.ok(event !== undefined);
    assert.equal(event.telegram.meter.id, null);
    assert.deepEqual(meters(event), ['20000018', undefined, '20000020', '20000018', undefined, '20000020']);
  });

  it('leave the number of the meter in front where it says one', () => {
    const [event] = telegramsOf(new PushDecoder().receive(subMeters(['20000018'], '10000001')).events);
    assert.equal(event?.telegram.meter.id, '10000001');
    assert.deepEqual(meters(event), ['20000018', '20000018', undefined]);
  });

  it('stay known for lists that have their values only', () => {
    const decoder = new PushDecoder();
    const values = frame(
      structure(named('0-0:96.1.0', '10000001'), structure(code('0-1:24.2.1'), u32(5), scale(-3, 13)), power()),
    );
    const chunks = [
      subMeters(['20000018'], '10000001'),
      values,
      withId('30000003'),
      frame(structure(structure(code('0-1:24.2.1'), u32(5), scale(-3, 13)), power())),
    ];
    const events = chunks.flatMap(chunk => telegramsOf(decoder.receive(chunk).events));
    assert.deepEqual(meters(events[1] as TelegramEvent), [undefined, '20000018', undefined]);
    // Another meter in front has others behind it.
    assert.deepEqual(meters(events[3] as TelegramEvent), [undefined, undefined]);
    // Of two that do not say their own number nobody can tell which has which.
    const nameless = new PushDecoder();
    const water = frame(structure(structure(code('0-1:24.2.1'), u32(5), scale(-3, 13)), power()));
    const orders = [subMeters(['20000018'], null), water, subMeters(['20000019'], null), water];
    const behind = orders.flatMap(chunk => telegramsOf(nameless.receive(chunk).events)).map(event => meters(event)[0]);
    assert.deepEqual(behind, ['20000018', '20000018', '20000019', undefined]);
  });

  it('are found in texts the same way', () => {
    const gas = ['0-1:24.1.0(003)', '0-1:96.1.0(3730303030303031)', '0-1:24.2.1(260101120000W)(00012.345*m3)'];
    const lines = [
      '0-0:96.1.1(3130303030303031)',
      '1-0:1.7.0(00.500*kW)',
      ...gas,
      '0-2:24.1.0(007)',
      '0-2:96.1.1(3830303030303032)',
      '0-2:24.2.1(260101120000W)(00001.234*m3)',
    ];
    const [event] = telegramsOf(new PushDecoder().receive(p1Text('/ABC5METER', lines)).events);
    assert.equal(event?.telegram.meter.id, '10000001');
    const [a, b] = ['70000001', '80000002'];
    assert.deepEqual(meters(event), [undefined, undefined, a, a, a, b, b, b]);
  });

  it('are not there where a channel is none of a meter', () => {
    const kamstrup = pushFormat('kamstrup-list-2');
    assert.ok(kamstrup !== undefined);
    const [event] = telegramsOf(new PushDecoder().receive(pushBytes(kamstrup)).events);
    assert.ok(event !== undefined && meters(event).every(id => id === undefined));
    const relays = structure(
      named('0-0:96.1.0', '10000001'),
      named('0-1:96.1.0', '20000018'),
      structure(code('0-1:1.0.0'), u8(1)),
      power(),
    );
    const [other] = telegramsOf(new PushDecoder().receive(frame(relays)).events);
    assert.deepEqual(meters(other as TelegramEvent), [undefined, '20000018', undefined, undefined]);
  });

  it('are the meter itself where it sends alone', () => {
    const gas = structure(named('7-0:0.0.0', '70000001'), structure(code('7-0:3.0.0'), u32(5), scale(-3, 13)));
    const [event] = telegramsOf(new PushDecoder().receive(frame(gas)).events);
    assert.equal(event?.telegram.meter.id, '70000001');
    assert.deepEqual(meters(event), [undefined, undefined]);
  });
});

function p1Text(head: string, lines: readonly string[]): Uint8Array {
  const body = fromLatin1(`${head}\r\n\r\n${lines.join('\r\n')}\r\n!`);
  return concat(body, fromLatin1(`${crc16Arc(body).toString(16).toUpperCase().padStart(4, '0')}\r\n`));
}
