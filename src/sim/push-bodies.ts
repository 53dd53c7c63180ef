// The lists that known meters push, written from their descriptions: which values, in which order, type and resolution.
// The rule of the file: nothing here is taken from the decoder's tables, so that each proves the other.

import { encodeApdu } from '../core/apdu';
import {
  array,
  encodeData,
  enumerated,
  i16,
  i32,
  i8,
  nullData,
  octets,
  structure,
  u16,
  u32,
  u8,
  visible,
  type Data,
} from '../core/cosem/data';
import { writeDate, writeTime, type DateTimeFields } from '../core/cosem/date-time';
import { crc16Arc } from '../core/wire/crc16';
import { concat, fromLatin1, unhex } from '../core/wire/hex';
import { Writer } from '../core/wire/writer';
import type { MeterValues } from './push-values';

export interface PushContext {
  readonly clock: DateTimeFields;
  readonly clockOctets: Uint8Array;
  readonly invoke: number;
  readonly values: MeterValues;
}

export interface PushBody {
  /** A plain APDU, or text where `text` is true. */
  readonly encode: (context: PushContext) => Uint8Array;
  readonly text?: boolean;
}

/** The header's clock: as it is, without deviation, absent, or with the tag that Kaifa puts in front. */
type HeaderClock = 'full' | 'local' | 'absent' | 'tagged';

/** Powers of ten of one unit in the last place. */
interface Resolution {
  readonly energy?: number;
  readonly voltage?: number;
  readonly current?: number;
  readonly factor?: number;
}

function notification(clock: HeaderClock, body: (context: PushContext) => Uint8Array | Data): PushBody {
  return {
    encode: context => {
      const w = new Writer().u8(0x0f).u32(context.invoke);
      if (clock === 'absent') w.u8(0);
      else if (clock === 'tagged') w.u8(0x09).octets(local(context.clockOctets));
      else w.octets(clock === 'full' ? context.clockOctets : local(context.clockOctets));
      const data = body(context);
      return w.bytes(data instanceof Uint8Array ? data : encodeData(data)).toBytes();
    },
  };
}

/** Without deviation. */
function local(clock: Uint8Array): Uint8Array {
  const copy = clock.slice();
  copy[9] = 0x80;
  copy[10] = 0x00;
  return copy;
}

function raw(context: PushContext, code: string, resolution: Resolution): number {
  const value = context.values.get(code);
  if (value === undefined) throw new Error(`the simulated meter does not measure ${code}`);
  return Math.round(value / 10 ** scalerOf(code, resolution));
}

function scalerOf(code: string, resolution: Resolution): number {
  const [c, d] = code.split('.').map(Number) as [number, number];
  if (c === 81) return 0;
  if (d === 8) return resolution.energy ?? 0;
  const quantity = c % 20;
  if (quantity === 11) return resolution.current ?? 0;
  if (quantity === 12) return resolution.voltage ?? 0;
  return quantity === 13 ? (resolution.factor ?? 0) : 0;
}

function unitOf(code: string): number {
  const [c, d] = code.split('.').map(Number) as [number, number];
  const quantity = c % 20;
  if (quantity === 11) return 33;
  if (quantity === 12) return 35;
  if (quantity === 13) return 255;
  const reactive = quantity >= 3 && quantity <= 8;
  if (d === 8) return reactive ? 32 : 30;
  return reactive ? 29 : 27;
}

const name = (a: number, b: number, code: string): Data => octets([a, b, ...code.split('.').map(Number), 255]);
const text = (value: string): Data => octets(fromLatin1(value));
const words = (codes: string): string[] => codes.trim().split(/\s+/);
const isNarrow = (code: string): boolean =>
  [11, 12, 13].includes(Number(code.split('.')[0]) % 20) || code.startsWith('81.');

/** Elements {name, value, {scaler, unit}}. */
function described(context: PushContext, codes: string, resolution: Resolution, a = 1): Data[] {
  return words(codes).map(code => {
    const value = raw(context, code, resolution);
    // Aidon sends currents signed, voltages and all else unsigned.
    const quantity = Number(code.split('.')[0]) % 20;
    const data = quantity === 11 ? i16(value) : quantity === 12 ? u16(value) : u32(value);
    return structure(name(a, 0, code), data, structure(i8(scalerOf(code, resolution)), enumerated(unitOf(code))));
  });
}

/** Flat pairs of name and value. */
function pairs(context: PushContext, a: number, b: number, codes: string, resolution: Resolution): Data[] {
  return words(codes).flatMap(code => {
    if (code === '-') return [nullData, nullData];
    if (code === 'clock') return [name(0, b, '1.0.0'), octets(local(context.clockOctets))];
    if (code === 'number') return [name(a, b, '0.0.1'), u32(30_000_001)];
    const value = raw(context, code, resolution);
    const quantity = Number(code.split('.')[0]) % 20;
    return [name(a, b, code), quantity === 12 || quantity === 13 ? u16(value) : u32(value)];
  });
}

/** Values alone; words that are no code stand for what has none. */
function plain(context: PushContext, codes: string, resolution: Resolution, wide = false): Data[] {
  return words(codes).map(code => {
    switch (code) {
      case 'device':
        return text('ISK1030700000001');
      case 'id':
        return text('30000001');
      case 'clock':
        return octets(context.clockOctets);
      case 'time':
        return octets(writeTime(context.clock));
      case 'date':
        return octets(writeDate(context.clock));
      case 'setup':
        return name(0, 6, '25.9.0');
      case 'empty':
        return octets([]);
      case 'kfm':
        return text('KFM_001');
      case 'model':
        return text('MA304H3E');
      case 'tariff':
        return octets([0, 1]);
      case 'on':
        return enumerated(1);
      case 'zero':
        return u8(0);
      case 'zero16':
        return u16(0);
      case 'limit':
        return u16(17_000);
      case 'limits':
        return array(u16(9_000));
      case 'true':
        return { type: 'boolean', value: true };
      default: {
        const value = raw(context, code, resolution);
        if (wide && code.includes('.8.')) return { type: 'long64-unsigned', value: BigInt(value) };
        return !wide && resolution !== KAIFA && isNarrow(code) ? u16(value) : u32(value);
      }
    }
  });
}

/** IDIS: descriptors, then values. A word is `class:a-b:C.D.E:attribute` or a code of class 3 of medium 1. */
function idis(context: PushContext, setup: string, rows: string, resolution: Resolution, columns = 4): Data {
  const list = [`40:${setup}:2`, ...words(rows)].map(row => {
    const [classId, obis, attribute] = row.includes(':') ? splitRow(row) : [3, `1-0:${row}`, 2];
    return { classId, obis, attribute };
  });
  const descriptors = list.map(({ classId, obis, attribute }) =>
    structure(
      u16(classId),
      codeOctets(obis),
      i8(attribute),
      u16(0),
      ...(columns === 4 ? [] : [structure(enumerated(0), nullData), array()]),
    ),
  );
  const maker = resolution === ISKRA ? 'ISK' : 'LGZ';
  const values = list.slice(1).map(({ classId, obis, attribute }): Data => {
    if (classId === 40) return codeOctets(obis);
    if (classId === 8) return octets(local(context.clockOctets));
    if (classId === 1)
      return text(
        obis.includes('42.0.0') ? `${maker}1030700000001` : obis.startsWith('0-0:') ? '30000001' : '50000001',
      );
    if (classId === 4) return i32(attribute === 2 ? 12_340 : 0);
    const code = obis.slice(obis.indexOf(':') + 1);
    const value = raw(context, code, resolution);
    if (isNarrow(code)) return u16(value);
    // An E570 under load counts with 64 bits.
    return resolution === E570 && code.includes('.8.') ? { type: 'long64-unsigned', value: BigInt(value) } : u32(value);
  });
  return structure(array(...descriptors), ...values);
}

function splitRow(row: string): [number, string, number] {
  const m = /^(\d+):(.+):(\d+)$/.exec(row);
  if (m === null) throw new Error(`no descriptor: ${row}`);
  return [Number(m[1]), m[2] as string, Number(m[3])];
}

function codeBytes(obis: string): number[] {
  return [...obis.split(/[-:.]/).map(Number), 255];
}
function codeOctets(obis: string): Data {
  return octets(codeBytes(obis));
}

function p1Text(context: PushContext): Uint8Array {
  const value = (code: string, digits: number, unit: string): string => {
    const shown = ((context.values.get(code) ?? 0) / (unit.startsWith('k') ? 1000 : 1)).toFixed(digits);
    return `1-0:${code}(${shown.padStart(unit === 'kWh' ? 10 : 1, '0')}*${unit})`;
  };
  const { year, month, dayOfMonth, hour, minute, second } = context.clock;
  const stamp = [(year ?? 0) % 100, month, dayOfMonth, hour, minute, second]
    .map(n => String(n ?? 0).padStart(2, '0'))
    .join('');
  const lines = [
    '/SIM5P1-METER',
    '',
    '1-3:0.2.8(50)',
    `0-0:1.0.0(${stamp}W)`,
    '0-0:96.1.1(3330303030303031)',
    value('1.8.1', 3, 'kWh'),
    value('1.8.2', 3, 'kWh'),
    value('2.8.1', 3, 'kWh'),
    value('1.7.0', 3, 'kW'),
    value('2.7.0', 3, 'kW'),
    value('32.7.0', 1, 'V'),
    value('31.7.0', 0, 'A'),
    `0-1:24.2.1(${stamp}W)(00123.456*m3)`,
    '!',
  ];
  const body = lines.join('\r\n');
  return fromLatin1(`${body}${crc16Arc(fromLatin1(body)).toString(16).toUpperCase().padStart(4, '0')}\r\n`);
}

/** Sagemcom XT211: descriptors without type tags. */
function czech(context: PushContext): Uint8Array {
  const rows: [number, string, number, Data][] = [
    [1, '0-0:96.1.1', 2, text('30000001')],
    [70, '0-0:96.3.10', 3, enumerated(1)],
    [71, '0-0:17.0.0', 3, u32(0)],
    [1, '0-0:96.14.0', 2, text('T2')],
    ...words('1.7.0 21.7.0 41.7.0 61.7.0 2.7.0 1.8.0 1.8.1 1.8.2 2.8.0').map((code): [number, string, number, Data] => [
      3,
      `1-0:${code}`,
      2,
      u32(raw(context, code, {})),
    ]),
  ];
  const w = new Writer().bytes([0x02, 0x02, 0x16, 0x01, 0x01]).length(rows.length);
  for (const [classId, obis, attribute, value] of rows) {
    w.bytes([0x02, 0x02]).u16(classId).bytes(codeBytes(obis)).u8(attribute).bytes(encodeData(value));
  }
  return w.toBytes();
}

/** Landis+Gyr ZMF100: 06 09 in front of the names of the currents. */
function swappedTags(body: Data): Uint8Array {
  const bytes = encodeData(body);
  for (let i = 0; i + 8 < bytes.length; i++) {
    const current =
      bytes[i] === 0x09 && bytes[i + 1] === 0x06 && [31, 51, 71].includes(bytes[i + 4] ?? 0) && bytes[i + 7] === 0xff;
    if (current) bytes.set([0x06, 0x09], i);
  }
  return bytes;
}

const head = (version: string, id: Data, model: string): Data[] => [
  structure(name(1, 1, '0.2.129'), visible(version)),
  structure(name(0, 0, '96.1.0'), id),
  structure(name(0, 0, '96.1.7'), visible(model)),
];
const aidonHead = head('AIDON_V0001', visible('7350000000000001'), '6525');
const embriqHead = head('EMBRIQ_V1_1', visible('30000001'.padEnd(16, '\0')), 'ZMF1');
const namedClock = (context: PushContext): Data => structure(name(0, 0, '1.0.0'), octets(context.clockOctets));
const POWERS = '1.7.0 2.7.0 3.7.0 4.7.0';
const ENERGIES = '1.8.0 2.8.0 3.8.0 4.8.0';
const CURRENTS = '31.7.0 51.7.0 71.7.0';
const VOLTAGES = '32.7.0 52.7.0 72.7.0';

const AIDON: Resolution = { energy: 1, voltage: -1, current: -1 };
const AIDON_SE: Resolution = { energy: 0, voltage: -1, current: -1 };
const EMBRIQ: Resolution = { energy: 0, voltage: -1, current: -2 };
const KAMSTRUP: Resolution = { energy: 1, voltage: 0, current: -2, factor: -2 };
const KAMSTRUP_CT: Resolution = { ...KAMSTRUP, current: -3 };
const KAIFA: Resolution = { voltage: -1, current: -3 };
const ISKRA: Resolution = { voltage: -1, current: -2, factor: -3 };
const NOE: Resolution = { voltage: -1, current: -2, factor: -3 };
const E450: Resolution = { voltage: 0, current: -2, factor: -3 };
const E570: Resolution = { voltage: 0, current: 0, factor: -3 };

function kamstrup(c: PushContext, model: string, codes: string, resolution: Resolution): Data {
  const numbers = [name(1, 1, '0.0.5'), visible('5706000000000001'), name(1, 1, '96.1.1'), visible(model)];
  return structure(visible('Kamstrup_V0001'), ...numbers, ...pairs(c, 1, 1, codes, resolution));
}

function kaifaWest(c: PushContext, electric: string): Data {
  return structure(
    name(0, 0, '1.0.0'),
    octets(c.clockOctets),
    structure(name(0, 0, '96.1.0'), text('1SIM0200000001')),
    structure(name(0, 0, '42.0.0'), text('SIM1200200000001')),
    ...described(c, `${electric} 1.7.0 2.7.0 ${ENERGIES}`, NOE),
  );
}

const KAMSTRUP_DK =
  `${ENERGIES} number ${POWERS} clock ${VOLTAGES} ${CURRENTS} 21.7.0 41.7.0 61.7.0 33.7.0 53.7.0 73.7.0 13.7.0 ` +
  '22.7.0 42.7.0 62.7.0 22.8.0 42.8.0 62.8.0 21.8.0 41.8.0 61.8.0';
const E450_ROWS =
  '40:0-8:25.9.0:1 1:0-0:42.0.0:2 1:0-0:96.1.1:2 8:0-0:1.0.0:2 3:1-1:1.8.0:2 3:1-1:2.8.0:2 1.7.0 2.7.0 ' +
  `${VOLTAGES} ${CURRENTS} 13.7.0`;
const KFM_HEAD = `kfm id model ${POWERS}`;
const WN = `clock ${ENERGIES} ${POWERS}`;
const CII = `setup id time date ${ENERGIES} 1.7.0 2.7.0`;

/** Each body by what sends it. */
export const PUSH_BODIES = {
  aidon1: notification('absent', c => array(...described(c, '1.7.0', AIDON))),
  aidon2: notification('absent', c => array(...aidonHead, ...described(c, `${POWERS} ${CURRENTS} ${VOLTAGES}`, AIDON))),
  aidon3: notification('absent', c =>
    array(
      ...aidonHead,
      ...described(c, `${POWERS} ${CURRENTS} ${VOLTAGES}`, AIDON),
      namedClock(c),
      ...described(c, ENERGIES, AIDON),
    ),
  ),
  aidonSe: notification('absent', c =>
    array(
      structure(name(0, 0, '1.0.0'), octets(local(c.clockOctets))),
      ...described(
        c,
        `${POWERS} ${CURRENTS} ${VOLTAGES} 21.7.0 22.7.0 23.7.0 24.7.0 41.7.0 42.7.0 43.7.0 44.7.0 61.7.0 62.7.0 63.7.0 64.7.0 ${ENERGIES}`,
        AIDON_SE,
      ),
    ),
  ),
  embriq: notification('absent', c =>
    array(...embriqHead, ...described(c, `${POWERS} ${CURRENTS} ${VOLTAGES}`, EMBRIQ)),
  ),
  zmf100: notification('absent', c =>
    swappedTags(
      array(
        ...embriqHead,
        ...described(c, `${POWERS} ${CURRENTS} ${VOLTAGES}`, EMBRIQ),
        namedClock(c),
        ...described(c, ENERGIES, EMBRIQ, 0),
      ),
    ),
  ),
  am550Obis: notification('full', c =>
    structure(
      structure(name(0, 0, '96.1.0'), text('30000001')),
      structure(name(0, 0, '96.1.1'), text('160000')),
      ...described(c, `1.7.0 2.7.0 1.8.0 2.8.0 ${VOLTAGES} ${CURRENTS} 1.8.1 1.8.2 2.8.1 2.8.2`, ISKRA),
    ),
  ),
  kamstrup1: notification('local', c =>
    kamstrup(c, '6841000AA000000040', `${POWERS} ${CURRENTS} ${VOLTAGES}`, KAMSTRUP),
  ),
  kamstrup2: notification('local', c =>
    kamstrup(c, '6841000AA000000040', `${POWERS} ${CURRENTS} ${VOLTAGES} clock ${ENERGIES}`, KAMSTRUP),
  ),
  kamstrupOnePhase: notification('local', c =>
    kamstrup(c, '6861000AA000000040', `${POWERS} 31.7.0 - - 32.7.0 - - clock ${ENERGIES}`, KAMSTRUP),
  ),
  kamstrupCt: notification('local', c =>
    kamstrup(c, '6851000AA000000040', `${POWERS} ${CURRENTS} ${VOLTAGES} clock ${ENERGIES}`, KAMSTRUP_CT),
  ),
  kamstrupDk: notification('local', c =>
    structure(visible('Kamstrup_V0001'), ...pairs(c, 1, 1, KAMSTRUP_DK, KAMSTRUP)),
  ),
  kfm1: notification('tagged', c => structure(...plain(c, '1.7.0', KAIFA))),
  kfm9: notification('tagged', c => structure(...plain(c, `${KFM_HEAD} 31.7.0 32.7.0`, KAIFA))),
  kfm13: notification('tagged', c => structure(...plain(c, `${KFM_HEAD} ${CURRENTS} ${VOLTAGES}`, KAIFA))),
  kfm14: notification('tagged', c => structure(...plain(c, `${KFM_HEAD} 31.7.0 32.7.0 clock ${ENERGIES}`, KAIFA))),
  kfm18: notification('tagged', c =>
    structure(...plain(c, `${KFM_HEAD} ${CURRENTS} ${VOLTAGES} clock ${ENERGIES}`, KAIFA)),
  ),
  kfm18ct: notification('tagged', c =>
    structure(...plain(c, `${KFM_HEAD} ${CURRENTS} ${VOLTAGES} clock ${ENERGIES}`, KAIFA, true)),
  ),
  kaifaSe: notification('absent', c =>
    structure(
      name(1, 0, '0.2.129'),
      text('KFM_001'),
      name(0, 0, '96.1.0'),
      text('7340000000000001'),
      name(0, 0, '96.1.7'),
      text('MA304H4'),
      ...pairs(c, 1, 0, `${POWERS} ${CURRENTS} ${VOLTAGES}`, KAIFA),
      name(0, 0, '1.0.0'),
      octets(c.clockOctets),
      ...pairs(c, 1, 0, ENERGIES, KAIFA),
    ),
  ),
  noe: notification('full', c =>
    structure(
      octets(c.clockOctets),
      ...described(c, `1.8.0 2.8.0 1.7.0 2.7.0 ${VOLTAGES} ${CURRENTS} 13.7.0`, NOE).flatMap(e =>
        e.type === 'structure' ? e.value : [],
      ),
      text('181000000001'),
    ),
  ),
  kaifaWest: notification('full', c => kaifaWest(c, `${VOLTAGES} ${CURRENTS}`)),
  kaifaWestOnePhase: notification('full', c => kaifaWest(c, '32.7.0 31.7.0')),
  e450Steiermark: notification('local', c =>
    structure(
      octets(local(c.clockOctets)),
      ...pairs(
        c,
        1,
        0,
        '1.8.0 1.8.1 1.8.2 1.7.0 2.8.0 2.8.1 2.8.2 2.7.0 3.8.0 3.8.1 3.8.2 3.7.0 4.8.0 4.8.1 4.8.2 4.7.0',
        E450,
      ),
    ),
  ),
  e450Idis: notification('local', c => idis(c, '0-8:25.9.0', E450_ROWS, E450)),
  e570Idis: notification('local', c =>
    idis(c, '0-8:25.9.0', `1:0-0:42.0.0:2 3:1-1:1.8.0:2 3:1-1:2.8.0:2 1.7.0 2.7.0 ${VOLTAGES} ${CURRENTS}`, E570),
  ),
  e360Idis: notification('full', c =>
    idis(c, '0-8:25.9.0', `1:0-0:96.1.0:2 1.7.0 2.7.0 ${VOLTAGES} ${CURRENTS} 1.8.0 2.8.0`, ISKRA),
  ),
  am550Idis: notification('full', c =>
    idis(
      c,
      '0-6:25.9.0',
      `40:0-6:25.9.0:1 1:0-0:42.0.0:2 3:1-1:1.8.0:2 3:1-1:1.8.1:2 1.7.0 ${VOLTAGES} ${CURRENTS} 13.7.0`,
      ISKRA,
    ),
  ),
  e450SubMeters: notification('local', c =>
    idis(c, '0-11:25.9.0', '40:0-11:25.9.0:1 1:0-1:96.1.0:2 1:0-2:96.1.0:2 4:0-1:24.2.1:2 4:0-2:24.2.1:2', E450),
  ),
  spodes: notification('local', c => idis(c, '0-0:25.9.0', '1:0-0:42.0.0:2 8:0-0:1.0.0:2 1.8.0 2.8.0', {}, 6)),
  bgld14: notification('local', c =>
    structure(...plain(c, `${VOLTAGES} ${CURRENTS} 1.7.0 2.7.0 1.8.0 2.8.0 81.7.40 81.7.51 81.7.62 id`, E450)),
  ),
  bgld11: notification('local', c =>
    structure(...plain(c, `${VOLTAGES} ${CURRENTS} 1.7.0 2.7.0 1.8.0 2.8.0 id`, E450)),
  ),
  wn9: notification('full', c => structure(...plain(c, WN, {}))),
  wn10: notification('full', c => structure(...plain(c, `device ${WN}`, {}))),
  cii12: notification('full', c => structure(...plain(c, `${CII} empty empty`, {}))),
  cii10: notification('full', c => structure(...plain(c, CII, {}))),
  si18: notification('full', c =>
    structure(
      ...plain(c, `device id ${POWERS} ${VOLTAGES} ${CURRENTS} 21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0`, ISKRA),
    ),
  ),
  si12energy: notification('full', c =>
    structure(...plain(c, 'device id on tariff 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 3.8.0 4.8.0', ISKRA)),
  ),
  si12celje: notification('full', c => structure(...plain(c, `device id ${VOLTAGES} ${CURRENTS} ${POWERS}`, ISKRA))),
  si10: notification('full', c => structure(...plain(c, `device id ${POWERS} 32.7.0 31.7.0 21.7.0 22.7.0`, ISKRA))),
  si9voltage: notification('full', c => structure(...plain(c, `device id ${POWERS} 32.7.0 zero16 zero16`, ISKRA))),
  si9energy: notification('full', c =>
    structure(...plain(c, 'device 1.7.0 2.7.0 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2', ISKRA)),
  ),
  si8: notification('full', c => structure(...plain(c, `device id 32.7.0 31.7.0 ${POWERS}`, ISKRA))),
  si4: notification('full', c => structure(...plain(c, 'id zero 1.8.0 2.8.0', ISKRA))),
  hr33: notification('full', c =>
    structure(
      ...plain(
        c,
        'id time date 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 5.8.0 6.8.0 7.8.0 8.8.0 1.7.0 2.7.0 13.7.0 21.7.0 41.7.0 61.7.0 ' +
          `22.7.0 42.7.0 62.7.0 ${VOLTAGES} ${CURRENTS} limit limits limits limits true`,
        ISKRA,
      ),
    ),
  ),
  czech: notification('absent', czech),
  p1: { encode: p1Text, text: true },
  vendorOctets: notification('absent', () => octets(unhex('01c0ffee00000000000a000000140000001e'))),
  event: {
    encode: c =>
      encodeApdu({
        type: 'event-notification-request',
        time: null,
        attribute: { classId: 3, instance: Uint8Array.of(1, 0, 1, 8, 0, 255), attribute: 2 },
        value: u32(raw(c, '1.8.0', {})),
      }),
  },
  report: {
    encode: c => concat(unhex('1800 01 02fa00 01'), encodeData(u32(raw(c, '1.8.0', {})))),
  },
} satisfies Readonly<Record<string, PushBody>>;
