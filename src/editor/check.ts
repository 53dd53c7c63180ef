// What the cells of lists may hold, by the rules of the core; properties are checked by their table.
// The rule of the file: no page, no texts; empty is the default, and what holds ${NAME} is known only when the flow runs.

import { checkZone } from '../core/cosem/zone';
import { Obis } from '../core/obis/obis';
import { ObisPattern } from '../core/obis/pattern';

export function trimmed(value: unknown): string {
  return value === undefined || value === null ? '' : String(value).trim();
}

/** False: there is nothing to check yet. */
export function isKnown(value: unknown): boolean {
  const text = trimmed(value);
  return text !== '' && !text.includes('${');
}

export function isObis(value: unknown): boolean {
  return !isKnown(value) || Obis.tryParse(trimmed(value)) !== null;
}

/** Which readings a rule means: a code with wildcards, a key or a name. Never empty. */
export function isPattern(value: unknown): boolean {
  const text = trimmed(value);
  return text !== '' && (!isKnown(text) || passes(() => ObisPattern.parse(text)));
}

/** Decimal or 0x hexadecimal. */
export function isWhole(value: unknown, min: number, max: number): boolean {
  const text = trimmed(value);
  return !isKnown(text) || (/^(0x[0-9a-f]+|\d+)$/i.test(text) && Number(text) >= min && Number(text) <= max);
}

/** A power of ten. */
export function isPower(value: unknown): boolean {
  const text = trimmed(value);
  return text === '' || (/^-?\d{1,2}$/.test(text) && Math.abs(Number(text)) <= 18);
}

export function isZone(text: string): boolean {
  return passes(() => checkZone(text));
}

function passes(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
