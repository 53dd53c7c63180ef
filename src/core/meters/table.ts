// All families of meters/, as the build wrote them beside this file.
// The rule of the file: frozen, whole, and the only place that reads it.

import families from './families.json';
import type { MeterFamily } from './family';

export const FAMILIES: readonly MeterFamily[] = frozen(families as readonly MeterFamily[]);

function frozen<T>(value: T): T {
  if (value !== null && typeof value === 'object') Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
