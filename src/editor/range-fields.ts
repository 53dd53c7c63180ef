// The fields of a time range, which two nodes have: its ends may come from a message, a context or a variable.

import { setValue, typed } from './fields';

const ENDS = ['from', 'to'] as const;
const TYPES = ['str', 'msg', 'flow', 'global', 'env', 'jsonata'] as const;

/** Fills the fields of a group; their ids begin with `prefix`. */
export function fillRange(prefix: string, names: readonly string[], values: Readonly<Record<string, unknown>>): void {
  for (const name of names) setValue($(`#${prefix}${name}`), values[name]);
  for (const end of ENDS) {
    const field = $(`#${prefix}${end}`);
    field.typedInput({ default: 'str', types: [...TYPES], typeField: `#${prefix}${end}Type` });
    const type = values[`${end}Type`];
    field.typedInput('type', typeof type === 'string' && type !== '' ? type : 'str');
  }
}

/** What stands in them, as it is saved. */
export function rangeIn(prefix: string, names: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) values[name] = typed($(`#${prefix}${name}`));
  for (const end of ENDS) {
    const field = $(`#${prefix}${end}`);
    values[end] = field.typedInput('value');
    values[`${end}Type`] = field.typedInput('type');
  }
  return values;
}
