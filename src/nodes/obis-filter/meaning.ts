// The properties of dlms-obis-filter as the editor stores them, turned into the options of the core.

import { PROOFS } from '../../core/cosem/proof';
import type { FilterOptions } from '../../filter/filter';
import { OUTPUT_FORMS } from '../../filter/forms';
import { parseDeadband, parseRules, seconds } from '../../filter/rule';
import { choice, flag, number, text } from '../lib/props';

export interface FilterProperties {
  readonly rules?: unknown;
  readonly output?: unknown;
  readonly require?: unknown;
  readonly onChange?: unknown;
  readonly deadband?: unknown;
  readonly minInterval?: unknown;
  readonly maxInterval?: unknown;
  readonly duplicates?: unknown;
  readonly counters?: unknown;
  readonly maxPerHour?: unknown;
  readonly acceptAfter?: unknown;
  readonly hold?: unknown;
  readonly holdFor?: unknown;
  readonly measurement?: unknown;
  readonly discoveryPrefix?: unknown;
  readonly statePrefix?: unknown;
}

/** Throws BAD_SETTING that names the property, or the rule and its field. */
export function filterOptions(p: FilterProperties): FilterOptions {
  return {
    rules: parseRules(p.rules),
    output: choice('output', p.output, OUTPUT_FORMS, 'readings'),
    require: choice('require', p.require, PROOFS, 'nothing'),
    onChange: flag(p.onChange, false),
    deadband: parseDeadband(p.deadband, 'deadband'),
    minMs: seconds(p.minInterval, 'minInterval'),
    maxMs: seconds(p.maxInterval, 'maxInterval'),
    duplicates: flag(p.duplicates, false),
    counters: flag(p.counters, false),
    maxPerHour: number('maxPerHour', p.maxPerHour, null, { min: 0, decimals: true }),
    acceptAfter: number('acceptAfter', p.acceptAfter, 5, { min: 0, max: 1000 }),
    hold: flag(p.hold, false),
    holdMs: seconds(p.holdFor, 'holdFor'),
    measurement: text(p.measurement, 'meter'),
    homeAssistant: {
      discoveryPrefix: text(p.discoveryPrefix, 'homeassistant').replace(/\/+$/, ''),
      statePrefix: text(p.statePrefix, 'dlms').replace(/\/+$/, ''),
    },
  };
}

/** Outputs of the node: those of the form, and the last one for what was held back. */
export function outputCount(options: FilterOptions): number {
  return (options.output === 'per-rule' ? Math.max(1, options.rules.length) : 1) + 1;
}
