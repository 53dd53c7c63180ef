// Well-formed telegrams whose right answer is known: numbers with their power of ten, clocks, numbers as text.
// Rules: a value is raw · 10^scaler to the last digit, a number or else a decimal string; a clock is the time that its octets
// say, or null where they say none; what is written as text is that number or no number.

import { octets, structure, type Data } from '../src/core/cosem/data';
import { readDateTime, STANDARD_CLOCK } from '../src/core/cosem/date-time';
import { IecDecoder } from '../src/core/iec62056-21/decoder';
import { PushDecoder } from '../src/core/push';
import { unhex } from '../src/core/wire/hex';
import { notificationOf } from '../src/sim/push-source';
import type { Dice } from './dice';
import { diced } from './fuzzer';
import { readout } from './telegrams';

type IntegerType = keyof typeof BITS;

export type ValuesInput =
  | { readonly kind: 'number'; readonly type: IntegerType; readonly raw: bigint; readonly scaler: number }
  | { readonly kind: 'clock'; readonly octets: Uint8Array }
  | { readonly kind: 'text'; readonly written: string };

export const values = diced<ValuesInput>(
  'values',
  2,
  dice => {
    const kind = dice.below(3);
    if (kind === 0) {
      const type = dice.pick(Object.keys(BITS) as IntegerType[]);
      return {
        kind: 'number',
        type,
        raw: integerOf(dice, type),
        scaler: dice.below(dice.chance(0.9) ? 13 : 256) - 9,
      };
    }
    if (kind === 1) return { kind: 'clock', octets: clockOf(dice) };
    return { kind: 'text', written: numberText(dice) };
  },
  (input, tally) => {
    tally.add(input.kind);
    if (input.kind === 'number') return numberIn(input);
    return input.kind === 'clock' ? clockIn(input.octets) : textIn(input.written);
  },
);

/** A register of a pushed list: name, value, scale and unit. */
function numberIn(input: Extract<ValuesInput, { kind: 'number' }>): string | null {
  const { type, raw } = input;
  // One octet with a sign, as it travels.
  const scaler = (input.scaler << 24) >> 24;
  const small = BITS[type][0] < 64;
  // Each of these types holds a number, the 64-bit ones a bigint.
  const value = { type, value: small ? Number(raw) : raw } as Data;
  const register = structure(
    octets(unhex('0100010800ff')),
    value,
    structure({ type: 'integer', value: scaler }, { type: 'enum', value: 30 }),
  );
  const decoder = new PushDecoder();
  const bytes = notificationOf({ type: 'array', value: [register] });
  const events = [...decoder.receive(bytes).events, ...decoder.timeout().events];
  const [event] = events;
  if (events.length !== 1 || event?.type !== 'telegram') return 'a list of one register is no telegram';
  const reading = event.telegram.readings.find(r => r.obis === '1-0:1.8.0*255');
  if (reading === undefined) return 'the register is not in the telegram';
  if (reading.unit !== 'Wh') return `the unit is ${reading.unit}`;
  if (typeof reading.value !== 'number' && typeof reading.value !== 'string') return 'the value is no number';
  return sameDecimal(String(reading.value), `${raw}e${scaler}`) ? null : 'the value is not raw · 10^scaler';
}

/** Twelve octets: whatever they say is said again, and whatever is a time is one. */
function clockIn(bytes: Uint8Array): string | null {
  const { iso } = readDateTime(bytes, STANDARD_CLOCK);
  const [high = 0, low = 0, month = 0, day = 0, , hour = 0, minute = 0, second = 0, hundredths = 0] = bytes;
  const year = high * 256 + low;
  const deviation = (((bytes[9] ?? 0) << 24) >> 16) | (bytes[10] ?? 0);
  const status = bytes[11] ?? 0;
  const days = month >= 1 && month <= 12 ? new Date(Date.UTC(year, month, 0)).getUTCDate() : 0;
  const exists =
    year <= 9999 && day >= 1 && day <= days && hour < 24 && minute < 60 && (second < 60 || second === 0xff);
  if (iso === null) {
    const ordinary = exists && second < 60 && year >= 1990 && year < 2100 && (hundredths < 100 || hundredths === 0xff);
    const offset = deviation === -0x8000 || Math.abs(deviation) <= 720;
    return ordinary && offset && (status === 0 || status === 0x80) ? 'an ordinary time is none' : null;
  }
  if (!exists) return 'a time that does not exist';
  if (Number.isNaN(Date.parse(iso))) return 'a time that no program reads';
  if (status !== 0xff && (status & 0x01) !== 0) return 'a time that the meter calls invalid';
  const two = (n: number): string => String(n).padStart(2, '0');
  const wanted = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
  if (!iso.startsWith(wanted)) return 'another time than the octets say';
  const offset = /([+-])(\d\d):(\d\d)$/.exec(iso);
  if (deviation === -0x8000) return offset === null && !iso.endsWith('Z') ? null : 'an offset that nobody gave';
  if (offset === null) return iso.endsWith('Z') === (deviation === 0) ? null : 'the offset is lost';
  const minutes = (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1);
  if (Math.abs(minutes) > 14 * 60) return 'an offset that no place on earth has';
  return minutes === -deviation ? null : 'another offset than the octets say';
}

/** A value between brackets, as a meter would never, or would, write it. */
function textIn(written: string): string | null {
  const decoder = new IecDecoder({ check: 'strict' });
  const events = [...decoder.receive(readout('MFL5SIM', [`1.8.0(${written}*kWh)`])), ...decoder.flush()];
  const reading = events.flatMap(e => (e.type === 'telegram' ? e.telegram.readings : []))[0];
  if (reading === undefined || typeof reading.value !== 'number') return null;
  // Blanks between thousands and behind a sign are no other number.
  const digits = /^[+-]? *\d{1,3}( \d{3})+([.,]\d+)?$/.test(written) ? written.replaceAll(' ', '') : written;
  const plain = /^\s*[+-]?\d+([.,]\d*)?\s*$|^\s*[+-]?[.,]\d+\s*$/.test(digits);
  if (!plain) return 'text that is no number became one';
  return sameDecimal(String(reading.value), digits.trim().replace(',', '.').replace(/\.$/, ''))
    ? null
    : 'another number';
}

/** Compared as digits and a power of ten; a double is never asked. */
export function sameDecimal(a: string, b: string): boolean {
  const [left, right] = [digitsOf(a), digitsOf(b)];
  return left !== null && right !== null && left.digits === right.digits && left.power === right.power;
}

function digitsOf(decimal: string): { digits: bigint; power: number } | null {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(decimal);
  if (parts === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  let digits = BigInt(`${whole}${fraction}` || '0');
  let power = Number(exponent) - fraction.length;
  if (digits === 0n) return { digits, power: 0 };
  while (digits % 10n === 0n) {
    digits /= 10n;
    power++;
  }
  return { digits: sign === '-' ? -digits : digits, power };
}

function integerOf(dice: Dice, type: IntegerType): bigint {
  const [bits, signed] = BITS[type];
  const all = 1n << BigInt(bits);
  const any = (BigInt(dice.word()) << 32n) | BigInt(dice.word());
  const raw = dice.pick([any % all, BigInt(dice.below(100_000)) % all, all - 1n, all / 2n, all / 2n - 1n, 0n, 1n]);
  return signed && raw >= all / 2n ? raw - all : raw;
}

function clockOf(dice: Dice): Uint8Array {
  const year = dice.chance(0.9) ? 2000 + dice.below(60) : dice.pick([0, 1970, 9999, 0xffff, dice.below(65536)]);
  const deviation = dice.chance(0.7)
    ? dice.pick([0, -60, -120, 60, -330, 720])
    : dice.pick([-0x8000, dice.below(65536)]);
  const odd = (n: number): number =>
    dice.chance(0.9) ? n : dice.pick([0, 0xfd, 0xfe, 0xff, 24, 60, 100, dice.below(256)]);
  return Uint8Array.of(
    year >> 8,
    year & 0xff,
    odd(1 + dice.below(12)),
    odd(1 + dice.below(31)),
    odd(dice.below(8)),
    odd(dice.below(24)),
    odd(dice.below(60)),
    odd(dice.below(60)),
    odd(dice.pick([0, 0xff, dice.below(100)])),
    (deviation >> 8) & 0xff,
    deviation & 0xff,
    odd(dice.pick([0, 0, 0x80, 1, 2, 0xff])),
  );
}

function numberText(dice: Dice): string {
  const digits = (most: number): string => dice.list(1 + dice.below(most), () => String(dice.below(10))).join('');
  const plain = `${dice.pick(['', '', '-', '+'])}${digits(9)}${dice.pick(['', '.', ','])}`;
  const number = /[.,]$/.test(plain) ? plain + digits(4) : plain;
  if (dice.chance(0.6)) return number;
  return dice.pick([
    `${number}e5`,
    `0x${digits(2)}`,
    `${digits(2)} ${digits(2)}`,
    `${number}.${digits(2)}`,
    '',
    '----',
    '-',
    '.',
  ]);
}

const BITS = {
  integer: [8, true],
  unsigned: [8, false],
  long: [16, true],
  'long-unsigned': [16, false],
  'double-long': [32, true],
  'double-long-unsigned': [32, false],
  long64: [64, true],
  'long64-unsigned': [64, false],
} as const satisfies Readonly<Record<string, readonly [number, boolean]>>;
