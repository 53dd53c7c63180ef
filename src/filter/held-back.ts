// What was held back, and why: the message on the last output.
// The rule of the file: each reason has a sentence that names the value, in the words of a user.

import type { Value } from '../core/cosem/reading';
import type { DlmsError } from '../core/wire/errors';
import type { Item } from './forms';
import type { HoldReason } from './guard';
import type { Rule } from './rule';

/** Fields of a message on the last output. `payload.message` is a sentence. */
export interface HeldBack {
  readonly topic: string;
  readonly payload: {
    readonly reason: HoldReason | 'unit' | 'no-unit' | 'no-time' | 'type' | 'accepted' | 'not-proven';
    /** Of what was refused as a whole: NOT_AUTHENTICATED or NOT_ENCRYPTED. */
    readonly code?: string;
    readonly message: string;
    readonly value: Value;
    readonly last: Value;
    readonly key: string;
  };
  readonly unit: string | null;
  readonly obis: string | null;
  readonly name: string;
  readonly time: string | null;
  readonly timestamp: number;
  readonly meter: string | null;
}

/** What a sentence needs to know. */
export type Described = Pick<
  Item,
  'key' | 'name' | 'topic' | 'obis' | 'time' | 'timestamp' | 'meter' | 'value' | 'unit'
>;

export function heldBack(item: Described, reason: ReadingReason, last: Value, rule: Rule | null): HeldBack {
  const { key, name, topic, obis, time, timestamp, meter, value, unit } = item;
  const shown = `${name}${obis === null ? '' : ` (${obis})`}`;
  const message = SENTENCES[reason](shown, withUnit(value, unit), withUnit(last, unit), rule);
  return { topic, payload: { reason, message, value, last, key }, unit, obis, name, time, timestamp, meter };
}

/** A whole message, whose values are not believed. */
export function refused(error: DlmsError, meter: string | null, time: string | null, timestamp: number): HeldBack {
  const { code, message } = error;
  const payload = { reason: 'not-proven' as const, code, message, value: null, last: null, key: '' };
  return { topic: code, payload, unit: null, obis: null, name: '', time, timestamp, meter };
}

type ReadingReason = Exclude<HeldBack['payload']['reason'], 'not-proven'>;

function withUnit(value: Value, unit: string | null): string {
  if (value === null) return unit === null ? 'the value' : `the value in ${unit}`;
  return unit === null ? String(value) : `${value} ${unit}`;
}

const SENTENCES: Record<ReadingReason, (name: string, value: string, last: string, rule: Rule | null) => string> = {
  fell: (name, value, last) =>
    `${name} fell from ${last} to ${value}; a counter does not run backwards, so it is held back`,
  zero: (name, _, last) => `${name} is 0 after ${last}; it is held back`,
  jumped: (name, value, last) =>
    `${name} jumped from ${last} to ${value}, more than the limit for this time; it is held back`,
  accepted: (name, value, last) =>
    `${name} stays at ${value} after ${last}; it is taken as the new level, perhaps of a new meter`,
  unit: (name, value, _, rule) => `${name}: ${value} cannot be shown in ${rule?.unit ?? 'that unit'}; it is held back`,
  'no-unit': (name, value, _, rule) =>
    `${name}: ${value} has no unit, so it cannot be shown in ${rule?.unit ?? 'another'}; say in the rule which unit it has`,
  'no-time': (name, value) => `${name}: ${value} stands in a row without a time, which a point needs; it is held back`,
  type: (name, value) => `${name}: "${value}" is not a number; it is held back`,
};
