// Protection of one value: which options hold for its rule, and whether a counter is believed.
// The rule of the file: only codes that count up are judged, and only their main value.

import { Obis } from '../core/obis/obis';
import type { Item } from './forms';
import { type GuardOptions, type Remembered, isCounter, judgeCounter } from './guard';
import { type HeldBack, heldBack } from './held-back';
import type { Rule } from './rule';

/** Judges a counter; what is held back, or the notice that a new level is believed. */
export function judge(item: Item, memory: Remembered, options: GuardOptions): HeldBack[] {
  if (!options.counters || item.obis === null || item.value === null) return [];
  if (item.rule !== null && item.rule.select.of !== 'value') return [];
  const obis = Obis.tryParse(item.obis);
  const value = Number(item.value);
  if (obis === null || !isCounter(obis) || !Number.isFinite(value)) return [];
  const verdict = judgeCounter(memory, value, item.timestamp, options);
  if (verdict.is === 'good') return [];
  return [heldBack(item, verdict.is === 'accepted' ? 'accepted' : verdict.reason, verdict.last, item.rule)];
}

/** The options of the node with those of the rule in front. */
export function guardOf(options: GuardOptions, rule: Rule | null): GuardOptions {
  if (rule === null || (rule.deadband === null && rule.minMs === null && rule.maxMs === null)) return options;
  return {
    ...options,
    deadband: rule.deadband ?? options.deadband,
    minMs: rule.minMs ?? options.minMs,
    maxMs: rule.maxMs ?? options.maxMs,
  };
}
