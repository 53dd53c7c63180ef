// What a flow may change: the relay and the script table that works it, a limiter, a text for the display.
// The rule of the file: a meter keeps the type that it has; another one is type-unmatched.

import { array, enumerated, i8, octets, structure, u16, u32, type Data } from '../../core/cosem/data';
import { Obis } from '../../core/obis/obis';
import { attribute, cosemObject, RESULT, value, type Attribute, type CosemObject, type Method } from '../cosem-object';

/** Class 70, 9, 71 and 1, of one meter. */
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
  ];
}

/** What is written stays. */
function kept(start: Data): Attribute {
  let now = start;
  return {
    read: () => value(now),
    write: data => {
      if (data.type !== now.type) return RESULT.typeUnmatched;
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
