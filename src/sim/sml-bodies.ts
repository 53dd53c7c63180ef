// The SML lists of two invented meters: a newer one by FNN, and an older one by EDL, as German network operators install them.
// The rule of the file: nothing here is taken from the decoder's tables, so that each proves the other.

import { closeBody, encodeMessage, listBody, openBody, signed, unsigned } from '../core/sml/write';
import type { SmlEntry, SmlTime } from '../core/sml/messages';
import type { SmlValue } from '../core/sml/tlv';
import { concat, fromLatin1, unhex } from '../core/wire/hex';
import type { PushBody, PushContext } from './push-bodies';
import type { MeterValues } from './push-values';

/** SIM is no registered maker: 1 SIM00 1234 5678, and an older form without a printed number. */
const FNN_SERVER = unhex('0a01 53494d 00 00bc614e'.replaceAll(' ', ''));
const EDL_SERVER = unhex('06 53494d 010203040506'.replaceAll(' ', ''));

export const SML_BODIES = {
  /** Signed power, energies of 64 bits, the direction of all phases in the status too. */
  fnn: body(FNN_SERVER, '0100620affff', ({ values, invoke }) => {
    const net = (import_: string, export_: string): number => at(values, import_) - at(values, export_);
    const total = net('1.7.0', '2.7.0');
    const phases = [net('21.7.0', '22.7.0'), net('41.7.0', '42.7.0'), net('61.7.0', '62.7.0')];
    const exporting = [total, ...phases].reduce((bits, power, n) => bits + (power < 0 ? 0x800 * 2 ** n : 0), 0);
    const time: SmlTime = { form: 'seconds', value: secondsOf(invoke) };
    const energy = (code: string, more: Partial<SmlEntry> = {}): SmlEntry =>
      number(code, 30, -1, at(values, code) * 10, 8, more);
    return [
      { ...ABSENT, name: unhex('010060320101'), value: text('SIM') },
      { ...ABSENT, name: unhex('0100600100ff'), value: { type: 'octets', value: FNN_SERVER } },
      energy('1.8.0', { status: 0x1c0104 + exporting, time }),
      energy('2.8.0', { time }),
      number('16.7.0', 27, 0, total, 4),
      ...phases.map((power, n) => number(`${36 + 20 * n}.7.0`, 27, 0, power, 4)),
      ...['32.7.0', '52.7.0', '72.7.0'].map(code => number(code, 35, -1, at(values, code) * 10, 2)),
      ...['31.7.0', '51.7.0', '71.7.0'].map(code => number(code, 33, -2, at(values, code) * 100, 2)),
      ...['81.7.40', '81.7.51', '81.7.62'].map(code => number(code, 8, 0, at(values, code), 2)),
    ];
  }),
  /** EMH ED300L as it was: no sign, bit 5 of the status is the direction; octets as few as possible. */
  edl: body(
    EDL_SERVER,
    null,
    ({ values }) => {
      const total = at(values, '1.7.0') - at(values, '2.7.0');
      const energy = (code: string, more: Partial<SmlEntry> = {}): SmlEntry =>
        number(code, 30, -1, at(values, code) * 10, 5, more);
      return [
        { ...ABSENT, name: unhex('8181c78203ff'), value: text('SIM') },
        { ...ABSENT, name: unhex('0100000009ff'), value: { type: 'octets', value: EDL_SERVER } },
        energy('1.8.0', { status: total < 0 ? 0x1a2 : 0x182 }),
        energy('1.8.1'),
        energy('1.8.2'),
        number('15.7.0', 27, -1, Math.abs(total) * 10, 4),
      ];
    },
    'kermit',
  ),
} as const satisfies Readonly<Record<string, PushBody>>;

function body(
  server: Uint8Array,
  listName: string | null,
  entries: (context: PushContext) => readonly SmlEntry[],
  check: 'x25' | 'kermit' = 'x25',
): PushBody {
  return {
    encode: context => {
      const list = {
        serverId: server,
        listName: listName === null ? null : unhex(listName),
        time: { form: 'seconds' as const, value: secondsOf(context.invoke) },
        entries: entries(context),
        signature: null,
      };
      const bodies = [
        [0x0101, openBody(server, count(context.invoke))],
        [0x0701, listBody(list)],
        [0x0201, closeBody()],
      ] as const;
      return concat(
        ...bodies.map(([tag, fields], n) => encodeMessage(count(3 * context.invoke + n), tag, fields, check)),
      );
    },
  };
}

/** One file each second, since the meter was built. */
function secondsOf(invoke: number): number {
  return 1_000_000 + invoke;
}

function count(n: number): Uint8Array {
  return Uint8Array.of((n >> 24) & 0xff, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff);
}

function number(
  code: string,
  unit: number,
  scaler: number,
  raw: number,
  octets: number,
  more: Partial<SmlEntry> = {},
): SmlEntry {
  const value: SmlValue = { type: 'number', ...(octets === 8 ? unsigned(raw, octets) : signed(raw, octets)) };
  return {
    ...ABSENT,
    name: Uint8Array.from([1, 0, ...code.split('.').map(Number), 255]),
    unit,
    scaler,
    value,
    ...more,
  };
}

function text(characters: string): SmlValue {
  return { type: 'octets', value: fromLatin1(characters) };
}

function at(values: MeterValues, code: string): number {
  return values.get(code) ?? 0;
}

const ABSENT = { status: null, time: null, unit: null, scaler: null, signature: null };
