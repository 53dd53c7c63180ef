// What a flow may change: the relay and the script table that works it, a limiter, a text and a list for the display, the calendar.
// The rule of the file: a meter keeps the type that it has; another one is type-unmatched.

import { array, enumerated, i8, octets, structure, u16, u32, u8, type Data } from '../../core/cosem/data';
import { Obis } from '../../core/obis/obis';
import { fromLatin1 } from '../../core/wire/hex';
import { attribute, cosemObject, RESULT, value, type Attribute, type CosemObject, type Method } from '../cosem-object';

/** Class 70, 9, 71, 1, 7 and 20, of one meter. */
export function controlObjects(): CosemObject[] {
  const relay = { connected: true };
  const turn =
    (connected: boolean): Method =>
    argument => {
      if (argument?.type !== 'integer') return { result: RESULT.typeUnmatched, returned: null };
      relay.connected = connected;
      return { result: RESULT.success, returned: null };
    };
  const scripts: readonly Method[] = [turn(false), turn(true)];
  return [
    cosemObject(
      70,
      RELAY,
      {
        2: attribute(() => ({ type: 'boolean', value: relay.connected })),
        3: attribute(() => enumerated(relay.connected ? 1 : 0)),
        4: kept(enumerated(1)),
      },
      { methods: { 1: turn(false), 2: turn(true) } },
    ),
    cosemObject(
      9,
      '0.0.10.0.106.255',
      { 2: attribute(array(...scripts.map((_, i) => script(i + 1, i + 1)))) },
      {
        methods: {
          1: (argument, ask) => {
            const run = argument?.type === 'long-unsigned' ? scripts[argument.value - 1] : undefined;
            return run === undefined ? { result: RESULT.typeUnmatched, returned: null } : run(i8(0), ask);
          },
        },
      },
    ),
    cosemObject(71, '0.0.17.0.0.255', {
      2: attribute(structure(u16(3), octets(Obis.parse('1.0.1.7.0.255').bytes), i8(2))),
      3: attribute(u32(17_250)),
      4: kept(u32(17_250)),
      5: kept(u32(17_250)),
      6: kept(u32(30)),
      7: kept(u32(30)),
      8: attribute(structure(u16(0), octets([]), u32(0))),
      9: attribute(array()),
      10: attribute({ type: 'boolean', value: false }),
      11: attribute(structure(scriptAt(1), scriptAt(2))),
    }),
    cosemObject(1, '0.0.96.13.0.255', { 2: kept(octets([])) }),
    displayList(),
    calendar(),
  ];
}

/** General display readout: what the display shows, one behind the other. */
function displayList(): CosemObject {
  return cosemObject(
    7,
    '0.0.21.0.1.255',
    {
      2: attribute(array()),
      3: kept(array(shown(3, '1.0.1.8.0.255')), isList),
      4: attribute(u32(0)),
      5: attribute(enumerated(1)),
      6: attribute(structure(u16(0), octets([0, 0, 0, 0, 0, 0]), i8(0), u16(0))),
      7: attribute(u32(0)),
      8: attribute(u32(1)),
    },
    { version: 1 },
  );
}

function shown(classId: number, obis: string): Data {
  return structure(u16(classId), octets(Obis.parse(obis).bytes), i8(2), u16(0));
}

function isList(data: Data): boolean {
  return (
    data.type === 'array' &&
    data.value.every(
      one =>
        one.type === 'structure' &&
        one.value.map(({ type }) => type).join() === 'long-unsigned,octet-string,integer,long-unsigned',
    )
  );
}

/** Activity calendar: what is written is the passive one, and a method puts it into force. */
function calendar(): CosemObject {
  const of = (name: string): Data[] => [
    octets(fromLatin1(name)),
    array(structure(octets([1]), octets(EACH_YEAR), octets([1]))),
    array(structure(octets([1]), ...Array.from({ length: 7 }, () => u8(1)))),
    array(structure(u8(1), array(structure(octets([6, 0, 0, 0]), octets(Obis.parse(TARIFFS).bytes), u16(1))))),
  ];
  const active = of('SUMMER');
  const passive = of('WINTER');
  const held = (of: Data[], i: number): Data => of[i] as Data;
  const indices = active.map((_, i) => i);
  return cosemObject(
    20,
    '0.0.13.0.0.255',
    {
      ...Object.fromEntries(indices.map(i => [2 + i, attribute(() => held(active, i))])),
      ...Object.fromEntries(
        indices.map(i => [
          6 + i,
          attribute(() => held(passive, i), {
            write: data => {
              if (data.type !== held(passive, i).type) return RESULT.typeUnmatched;
              passive[i] = data;
              return RESULT.success;
            },
          }),
        ]),
      ),
      10: kept(octets(NEVER)),
    },
    {
      methods: {
        1: argument => {
          if (argument?.type !== 'integer') return { result: RESULT.typeUnmatched, returned: null };
          active.splice(0, active.length, ...passive);
          return { result: RESULT.success, returned: null };
        },
      },
    },
  );
}

/** What is written stays. */
function kept(start: Data, fits: (data: Data) => boolean = () => true): Attribute {
  let now = start;
  return {
    read: () => value(now),
    write: data => {
      if (data.type !== now.type || !fits(data)) return RESULT.typeUnmatched;
      now = data;
      return RESULT.success;
    },
  };
}

/** A script of one action: a method of the relay. */
function script(id: number, method: number): Data {
  return structure(
    u16(id),
    array(structure(enumerated(2), u16(70), octets(Obis.parse(RELAY).bytes), i8(method), i8(0))),
  );
}

function scriptAt(id: number): Data {
  return structure(octets(Obis.parse('0.0.10.0.106.255').bytes), u16(id));
}

const RELAY = '0.0.96.3.10.255';
const TARIFFS = '0.0.10.0.100.255';
/** The first of January of any year. */
const EACH_YEAR = [0xff, 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0];
const NEVER = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0];
