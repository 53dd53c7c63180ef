// Node properties as the editor stores them, turned into typed values; typedInput properties evaluated for a message.
// The rule: empty means the default, a wrong value is BAD_SETTING naming the property, never NaN.

import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { DlmsError } from '../../core/wire/errors';
import { badSetting, plainText, shown } from '../../core/wire/foreign';

/** Text without surrounding blanks; empty or missing gives the default. Throws BAD_SETTING for what is no text. */
export function text(value: unknown, fallback: string, setting?: string): string;
export function text(value: unknown, fallback: null, setting?: string): string | null;
export function text(value: unknown, fallback: string | null, setting = 'a property'): string | null {
  const t = plainText(value, setting).trim();
  return t === '' ? fallback : t;
}

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  /** Decimals allowed; default whole numbers only. */
  readonly decimals?: boolean;
}

/** A number (decimal or 0x hexadecimal); empty or missing gives the default. Throws BAD_SETTING. */
export function number(setting: string, value: unknown, fallback: number, range?: NumberRange): number;
export function number(setting: string, value: unknown, fallback: null, range?: NumberRange): number | null;
export function number(
  setting: string,
  value: unknown,
  fallback: number | null,
  range: NumberRange = {},
): number | null {
  const t = text(value, null, setting);
  if (t === null) return fallback;
  const n = Number(t);
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, decimals = false } = range;
  if (!Number.isFinite(n) || (!decimals && !Number.isInteger(n)) || n < min || n > max) {
    const kind = decimals ? 'a number' : 'a whole number';
    const from = range.min === undefined ? '' : ` from ${min}`;
    const to = range.max === undefined ? '' : ` up to ${max}`;
    throw new DlmsError({ code: 'BAD_SETTING', setting, value: t, expected: `${kind}${from}${to}` });
  }
  return n;
}

/** One of a list of words; empty or missing gives the default. Throws BAD_SETTING. */
export function choice<T extends string>(setting: string, value: unknown, choices: readonly T[], fallback: T): T {
  const t = text(value, null, setting);
  if (t === null) return fallback;
  const found = choices.find(c => c === t.toLowerCase());
  if (found === undefined) {
    throw new DlmsError({ code: 'BAD_SETTING', setting, value: t, expected: `one of ${choices.join(', ')}` });
  }
  return found;
}

/** Check boxes are stored as booleans; `${ENV}` leaves text behind. */
export function flag(value: unknown, fallback: boolean): boolean {
  if (typeof value === 'boolean') return value;
  const t = text(value, null);
  return t === null ? fallback : !['false', '0', 'no', 'off'].includes(t.toLowerCase());
}

/** The value of a typedInput property for this message: str, num, msg, flow, global, env, jsonata … Throws BAD_SETTING. */
export function evaluate(
  RED: NodeAPI,
  node: Node,
  msg: NodeMessage,
  setting: string,
  value: unknown,
  type: string,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (e: unknown): void => {
      const reason = e instanceof Error ? e.message : shown(e);
      reject(badSetting(setting, value, `usable: ${reason}`));
    };
    try {
      RED.util.evaluateNodeProperty(
        plainText(value, setting),
        type,
        node,
        msg,
        (error: Error | null, result: unknown) => {
          if (error) failed(error);
          else resolve(result);
        },
      );
    } catch (e) {
      failed(e);
    }
  });
}
