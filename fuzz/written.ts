// Any value of a flow for an attribute of any type: what dataOf makes of it.
// Rules: it is a Data that says the number that was given, or BAD_SETTING; it travels and comes back the same; never NaN, no
// infinity; a number that is written by a scaler is the multiple that the author meant, to the last digit.

import { decodeData, encodeData, type Data } from '../src/core/cosem/data';
import { dataOf } from '../src/core/cosem/data-in';
import { isDlmsError } from '../src/core/wire/errors';
import { equalBytes } from '../src/core/wire/hex';
import type { Dice } from './dice';
import { diced, type Tally } from './fuzzer';
import { sameDecimal } from './values';

export interface WrittenInput {
  readonly value: unknown;
  /** What stands in the meter; null: nothing is known. */
  readonly type: (typeof TYPES)[number] | null;
  readonly scaler: number;
  /** An attribute of this class and number, whose shape the standard tells. */
  readonly place: readonly [classId: number, attribute: number] | null;
}

export const written = diced<WrittenInput>(
  'written',
  2,
  dice => ({
    value: dice.chance(0.7) ? numberOf(dice) : anything(dice, 3),
    type: dice.chance(0.8) ? dice.pick(TYPES) : null,
    scaler: dice.chance(0.6) ? 0 : dice.below(13) - 6,
    place: dice.chance(0.3) ? [dice.pick([1, 3, 8, 20, 22, 70, 71, 11, 40]), 1 + dice.below(10)] : null,
  }),
  (input, tally) => check(input, tally),
);

function check({ value, type, scaler, place }: WrittenInput, tally: Tally): string | null {
  const now = type === null ? null : standing(type);
  let data: Data;
  try {
    const [classId, attribute] = place ?? [];
    data = dataOf(value, { now, scaler, ...(classId !== undefined && { classId, attribute: attribute ?? 2 }) });
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    tally.add(error.code);
    return error.code === 'BAD_SETTING' || error.code === 'NOT_SUPPORTED' ? null : `refused by ${error.code}`;
  }
  tally.add(data.type);
  const bytes = encodeData(data);
  const back = decodeData(bytes);
  if (back.type !== data.type || !equalBytes(encodeData(back), bytes))
    return `${data.type} comes back as another value`;
  return falseNumber(back) ?? otherNumber(value, scaler, data, back);
}

/** The first element that is no number where one is due. */
function falseNumber({ type, value }: Data & { readonly value?: unknown }): string | null {
  if (Array.isArray(value)) {
    for (const one of value as Data[]) {
      const wrong = falseNumber(one);
      if (wrong !== null) return wrong;
    }
    return null;
  }
  return typeof value === 'number' && !Number.isFinite(value) ? `${type} is ${value} on the wire` : null;
}

function otherNumber(given: unknown, scaler: number, { type }: Data, back: Data): string | null {
  if (typeof given === 'object' || !('value' in back)) return null;
  const { value } = back;
  if (typeof value !== 'number' && typeof value !== 'bigint') return null;
  const text = String(given).trim();
  if (!/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return `${type} of what is no decimal`;
  // The nearest that the type has; a double has seventeen digits.
  if (type === 'float32' || type === 'float64') {
    const wanted = Number(text) / 10 ** scaler;
    const off = Math.abs(Number(value) - wanted);
    return off <= Math.abs(wanted) * 2 ** -23 + 2 ** -149 ? null : `${type} is another number`;
  }
  return sameDecimal(`${value}e${scaler}`, text) ? null : `${type} is another number`;
}

function standing(type: (typeof TYPES)[number]): Data {
  if (type === 'boolean') return { type, value: false };
  if (type === 'bit-string') return { type, value: '' };
  if (type === 'long64' || type === 'long64-unsigned') return { type, value: 0n };
  if (type === 'octet-string' || type === 'visible-string' || type === 'utf8-string')
    return { type, value: new Uint8Array(0) };
  return { type, value: 0 };
}

function numberOf(dice: Dice): unknown {
  const digits = (most: number): string => dice.list(1 + dice.below(most), () => String(dice.below(10))).join('');
  const sign = dice.pick(['', '', '-', '+']);
  const text = `${sign}${digits(dice.chance(0.8) ? 5 : 22)}${dice.chance(0.3) ? `.${digits(6)}` : ''}`;
  const odd = dice.chance(0.1) ? `${text}e${dice.pick(['5', '-3', '40', '-60', '300', '-320'])}` : text;
  return dice.chance(0.4) ? odd : dice.chance(0.1) ? BigInt(digits(20)) : Number(odd);
}

function anything(dice: Dice, deep: number): unknown {
  const more = (): unknown => anything(dice, deep - 1);
  const kind = dice.below(deep === 0 ? 7 : 10);
  if (kind === 0) return dice.pick([NaN, Infinity, -Infinity, -0, 2 ** 53, 1e300, 5e-324]);
  if (kind === 1)
    return dice.pick(['', ' ', '0x', '0x1', '0x10', '0b1', 'NaN', '1e', '1,5', '1_000', 'true', 'ä', '2026-11-30']);
  if (kind === 2) return dice.pick([null, undefined, true, false]);
  if (kind === 3) return dice.bytes(dice.below(14));
  if (kind === 4) return dice.pick(['2026-11-30T12:00:00Z', '2026-02-30T25:00:00', '9999999-01-01', '12:30', '-1']);
  if (kind < 7) return numberOf(dice);
  if (kind === 7) return dice.list(dice.below(4), more);
  if (kind === 8) return { type: dice.pick<string>([...TYPES, 'array', 'structure', 'date-time', '']), value: more() };
  return { [dice.pick(['value', 'year', 'month', 'hour', '__proto__x', 'class_id'])]: more() };
}

const TYPES = [
  'boolean',
  'bit-string',
  'octet-string',
  'visible-string',
  'utf8-string',
  'integer',
  'unsigned',
  'long',
  'long-unsigned',
  'double-long',
  'double-long-unsigned',
  'long64',
  'long64-unsigned',
  'enum',
  'bcd',
  'float32',
  'float64',
] as const;
