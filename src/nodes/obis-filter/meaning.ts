// The properties of dlms-obis-filter as the editor stores them, turned into the options of the core.

import type { FilterOptions } from '../../filter/filter';
import { type Rule, parseDeadband, parseRules } from '../../filter/rule';
import { parse } from '../../io/settings/parse';
import { obisTexts } from '../lib/obis-languages';
import type { Values } from '../lib/settings-table';
import { OBIS_FILTER } from './settings';

/** Throws BAD_SETTING that names the property, or the rule and its field. */
export function filterOptions(properties: Values): FilterOptions {
  const row = parse(OBIS_FILTER, properties);
  const rules = parseRules(row.rules);
  const sendsLess = (of: Pick<Rule, 'deadband' | 'minMs'>): boolean => of.deadband !== null || of.minMs !== null;
  const deadband = parseDeadband(row.deadband, 'deadband');
  const minMs = milliseconds(row.minInterval);
  const isSteady = !row.onChange && !row.duplicates && !sendsLess({ deadband, minMs }) && !rules.some(sendsLess);
  return {
    rules,
    output: row.output,
    require: row.require,
    onChange: row.onChange,
    deadband,
    minMs,
    maxMs: milliseconds(row.maxInterval),
    duplicates: row.duplicates,
    counters: row.counters,
    maxPerHour: row.maxPerHour,
    acceptAfter: row.acceptAfter,
    hold: row.hold,
    holdMs: milliseconds(row.holdFor),
    measurement: row.measurement,
    texts: row.texts,
    maxMeters: row.maxMeters,
    homeAssistant: {
      discoveryPrefix: row.discoveryPrefix.replace(/\/+$/, ''),
      statePrefix: row.statePrefix.replace(/\/+$/, ''),
      texts: row.language === '' ? null : obisTexts(row.language),
      steady: isSteady,
    },
  };
}

/** 0 is none. */
function milliseconds(seconds: number | null): number | null {
  return seconds === null || seconds === 0 ? null : seconds * 1000;
}

/** Outputs of the node: those of the form, and the last one for what was held back. */
export function outputCount(options: FilterOptions): number {
  return (options.output === 'per-rule' ? Math.max(1, options.rules.length) : 1) + 1;
}
