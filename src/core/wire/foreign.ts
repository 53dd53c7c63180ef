// Values that come from outside: messages, JSON, node properties. Anything may be in them.
// The rule of the file: nothing of a foreign value is called to show it, and a field that nobody knows is an error.

import { DlmsError } from './errors';

/** A foreign value in an error: short; of objects only that they are some. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length <= MOST_CHARACTERS ? value : `${value.slice(0, MOST_CHARACTERS - 1)}…`;
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return 'a BigInt';
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
}

/** The text of what may be text, number or truth; '' for nothing at all. Throws BAD_SETTING for anything else. */
export function plainText(value: unknown, setting: string, expected = 'text or a number'): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return '';
    default:
      if (value === null) return '';
      throw badSetting(setting, value, expected);
  }
}

/** The own fields of an object, read once. Throws BAD_SETTING for what is no object, or whose getters throw. */
export function foreignFields(value: unknown, setting: string, expected: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badSetting(setting, value, expected);
  try {
    return Object.fromEntries(Object.entries(value));
  } catch {
    throw new DlmsError({ code: 'BAD_SETTING', setting, value: 'an object that cannot be read', expected });
  }
}

/** The same, where only some fields have a meaning: a misspelt one would be silently left out. */
export function knownFields(
  value: unknown,
  setting: string,
  known: readonly string[],
  expected = 'an object',
): Record<string, unknown> {
  const fields = foreignFields(value, setting, expected);
  for (const name of Object.keys(fields)) if (!known.includes(name)) throw unknownField(name, setting, known);
  return fields;
}

export function unknownField(name: string, setting: string, known: readonly string[]): DlmsError {
  const near = nearestOf(name, known);
  const hint = near === null ? '' : ` (did you mean "${near}"?)`;
  const expected = `known${hint}; known are ${known.join(', ')}`;
  return new DlmsError({ code: 'BAD_SETTING', setting: `the field of ${setting}`, value: shown(name), expected });
}

export function badSetting(setting: string, value: unknown, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value: shown(value), expected });
}

/** The known word that differs by a slip: other case, up to two letters more, less, wrong or exchanged; null: none does. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  if (word.length > MOST_CHARACTERS) return null;
  const ranked = known
    .map(name => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.min(2, Math.floor(name.length / 2)))
    .sort((a, b) => a.far - b.far);
  return (
    ranked[0]?.name ?? known.find(name => name.toLowerCase().startsWith(word.toLowerCase()) && word.length > 2) ?? null
  );
}

/** Steps from one word to the other; two exchanged neighbours are one step. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + same,
          exchanged ? at(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}

const MOST_CHARACTERS = 60;
